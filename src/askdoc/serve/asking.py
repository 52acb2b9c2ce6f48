"""`/v1/ask` and `/v1/search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta
from starlette.routing import Route

from askdoc.formats import answer_to_json, search_to_json
from askdoc.serve.http import allowed_to, engine_of, json_response, read_json, unless_gone
from askdoc.serve.links import base_of, passage_link, with_links
from askdoc.types import Turn

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ROOT = Path("/")
"""The folder that paths are seen from: a caller has no current folder here."""

_Text = Annotated[str, Meta(max_length=100_000)]


class AskRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question, which library and documents to look into, and what was said before."""

    question: _Text
    library: str | None = None
    source: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()


class SearchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to look for, where, and how many passages to give."""

    question: _Text
    library: str | None = None
    source: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    limit: Annotated[int, Meta(ge=1, le=200)] | None = None


async def ask(request: Request) -> Response:
    """Answer a question, as `askdoc ask --json` does."""
    asked = await read_json(request, AskRequest)
    answer = await unless_gone(
        request,
        engine_of(request).ask(
            asked.question,
            library=asked.library,
            allowed=allowed_to(request),
            source=asked.source,
            where=asked.where,
            history=asked.history,
        ),
    )
    data = answer_to_json(answer, base=ROOT)
    return json_response(with_links(data, answer, base_of(request)))


async def search(request: Request) -> Response:
    """Find passages, as `askdoc search --json` does."""
    asked = await read_json(request, SearchRequest)
    found, lines = await unless_gone(
        request,
        engine_of(request).search(
            asked.question,
            library=asked.library,
            allowed=allowed_to(request),
            limit=asked.limit,
            source=asked.source,
            where=asked.where,
        ),
    )
    data = search_to_json(
        asked.question, found, base=ROOT, lines=lambda name, span: lines[name, span]
    )
    for record, passage in zip(data["passages"], found, strict=True):
        record["document_id"] = passage.document.id
        record["url"] = passage_link(base_of(request), passage.document, passage.chunk.span)
    return json_response(data)


ROUTES = (
    Route("/v1/ask", ask, methods=["POST"]),
    Route("/v1/search", search, methods=["POST"]),
)
