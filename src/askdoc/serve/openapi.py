"""`/openapi.json`, made from the routes, the types of their bodies, and the schemas of answers."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.routing import Route

from askdoc import __version__
from askdoc.formats import schema
from askdoc.serve import asking, chat, uploads
from askdoc.serve.http import json_response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_BODIES: dict[Any, type] = {
    asking.ask: asking.AskRequest,
    asking.search: asking.SearchRequest,
    chat.chat_completions: chat.ChatRequest,
    chat.responses: chat.ResponsesRequest,
}
_REPLIES = {asking.ask: "answer", asking.search: "search"}
_PARAMETER = re.compile(r"{(\w+)(?::(\w+))?}")
_REFERENCE = "#/components/schemas/{name}"
_IN_QUERY = {
    "documents": ("library",),
    "page": ("highlight",),
    "passage": ("highlight",),
    "upload": ("library", "name", "replace"),
}
"""What is given in the address, by the name of the route."""

_FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


async def openapi(request: Request) -> Response:
    """Describe the interface as OpenAPI 3.1."""
    return json_response(describe([one for one in request.app.routes if isinstance(one, Route)]))


def describe(routes: list[Route]) -> dict[str, Any]:
    """Describe routes as OpenAPI 3.1."""
    _, components = msgspec.json.schema_components(_BODIES.values(), ref_template=_REFERENCE)
    components |= {name: schema(name) for name in _REPLIES.values()}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = _PARAMETER.sub(r"{\1}", route.path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(path, {})[method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "askdoc", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(route: Route) -> dict[str, Any]:
    text = inspect.getdoc(route.endpoint) or ""
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": text.partition("\n")[0].rstrip("."),
        "responses": {"200": {"description": "Done"}, "default": {"description": "An error"}},
    }
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if kind == "int" else "string"},
        }
        for name, kind in _PARAMETER.findall(route.path)
    ]
    parameters += [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in _IN_QUERY.get(route.name, ())
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.endpoint in _BODIES:
        operation["requestBody"] = {
            "required": True,
            "content": _json(_BODIES[route.endpoint].__name__),
        }
    if route.endpoint is uploads.upload:
        operation["requestBody"] = {"required": True, "content": _FILE}
    if route.endpoint in _REPLIES:
        operation["responses"]["200"]["content"] = _json(_REPLIES[route.endpoint])
    return operation


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(name=name)}}}


ROUTES = (Route("/openapi.json", openapi),)
