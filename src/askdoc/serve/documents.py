"""`/v1/libraries` and `/v1/documents`: what is indexed, and the text with its places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.routing import Route

from askdoc.serve.http import NotFound, allowed_to, engine_of, json_response
from askdoc.serve.libraries import BETWEEN
from askdoc.serve.links import base_of, document_link

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from askdoc.serve.libraries import Libraries
    from askdoc.types import Document
    from askdoc.types.ports import Listener


async def libraries(request: Request) -> Response:
    """List the libraries, and how much each holds."""
    allowed = allowed_to(request)

    def job(opened: Libraries, _: Listener) -> list[dict[str, Any]]:
        return [
            {"name": name, **msgspec.to_builtins(opened.catalog(name).counts())}
            for name in opened.chosen(None, allowed)
        ]

    return json_response({"libraries": await engine_of(request).run(job)})


async def documents(request: Request) -> Response:
    """List the documents of one library, or of all."""
    named = request.query_params.get("library")
    base, allowed = base_of(request), allowed_to(request)

    def job(opened: Libraries, _: Listener) -> list[dict[str, Any]]:
        return [
            describe(document, name, base)
            for name in opened.chosen(named, allowed)
            for document in opened.catalog(name).documents()
        ]

    return json_response({"documents": await engine_of(request).run(job)})


async def document(request: Request) -> Response:
    """Give the stored text of a document with its pages and headings."""
    asked, base, allowed = request.path_params["id"], base_of(request), allowed_to(request)

    def job(opened: Libraries, _: Listener) -> dict[str, Any] | None:
        found = opened.document(asked, allowed)
        if found is None:
            return None
        item, catalog = found
        name = asked.partition(BETWEEN)[0]
        return {
            **describe(item, name, base),
            "text": catalog.text(item.id),
            "pages": list(item.pages),
            "places": [
                {"start": mark.start, **msgspec.to_builtins(mark.place)} for mark in item.landmarks
            ],
        }

    data = await engine_of(request).run(job)
    if data is None:
        raise no_document(asked)
    return json_response(data)


def describe(item: Document, library: str, base: str) -> dict[str, Any]:
    """Write what is known of a document of that library, without its text."""
    item = replace(item, id=f"{library}{BETWEEN}{item.id}", library=library)
    return {
        "id": item.id,
        "library": library,
        "document": item.path,
        "title": item.title,
        "length": item.length,
        "language": item.language,
        "url": document_link(base, item),
        "warnings": list(item.warnings),
    }


def no_document(asked: str) -> NotFound:
    """Return the error for an id that no document has."""
    return NotFound(f"there is no document `{asked[:200]}`", hint="see `/v1/documents`")


ROUTES = (
    Route("/v1/libraries", libraries),
    Route("/v1/documents", documents),
    Route("/v1/documents/{id}", document),
)
