"""The web application: its routes, each module's in a line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from askdoc import __version__
from askdoc.errors import AskdocError
from askdoc.serve import asking, chat, documents, mcp, oidc, openapi, originals, uploads, watching
from askdoc.serve.guard import Guard, Rules
from askdoc.serve.http import (
    engine_of,
    handle_bug,
    handle_error,
    handle_http_error,
    json_response,
)
from askdoc.serve.indexing import Indexing
from askdoc.serve.page import routes as page
from askdoc.serve.watching import Meters, Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from askdoc.serve.engine import Engine

    Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def make_app(
    engine: Engine, rules: Rules | None = None, indexing: Indexing | None = None
) -> Starlette:
    """Describe the application that answers from `engine`, which its caller starts and closes.

    Its caller does so with `indexing`, too.
    """
    meters = Meters(engine)
    rules = rules or Rules()
    app = Starlette(
        routes=[*_routes(), *(oidc.routes(rules.issuer) if rules.issuer else ())],
        middleware=[Middleware(Watch, meters), Middleware(Guard, rules)],
        exception_handlers={
            AskdocError: page.for_people(handle_error),
            HTTPException: page.for_people(handle_http_error),
            Exception: handle_bug,
        },
        lifespan=_lifespan,
    )
    app.state.engine = engine
    app.state.indexing = indexing or Indexing(engine.workspaces)
    app.state.uploading = 0
    app.state.meters = meters
    return app


def _routes() -> list[BaseRoute]:
    """List all routes. A new part adds its own here."""
    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        *asking.ROUTES,
        *chat.ROUTES,
        *documents.ROUTES,
        *uploads.ROUTES,
        *originals.ROUTES,
        *page.ROUTES,
        *mcp.ROUTES,
        *openapi.ROUTES,
        *watching.ROUTES,
    ]


LIFESPANS: tuple[Lifespan, ...] = (mcp.lifespan,)
"""What runs as long as the application does. A new part adds its own here."""


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for lifespan in LIFESPANS:
            await stack.enter_async_context(lifespan(app))
        yield


async def healthz(_: Request) -> Response:
    """Say that the process is alive."""
    return json_response({"status": "ok", "version": __version__})


async def readyz(request: Request) -> Response:
    """Say whether questions are answered at once."""
    engine = engine_of(request)
    if engine.ready:
        return json_response({"status": "ready"})
    text = "opening" if engine.error is None else str(engine.error)
    return json_response({"status": text}, status=503, headers={"Retry-After": "1"})
