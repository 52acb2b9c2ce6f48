"""`/v1/ask` and `/v1/search`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.routing import Route

from askdoc.errors import AskdocError
from askdoc.formats import (
    answer_to_json,
    citation_to_json,
    claim_to_json,
    dumps,
    evidence_to_json,
    search_to_json,
)
from askdoc.serve.http import (
    allowed_to,
    engine_of,
    error_body,
    json_response,
    read_json,
    unless_gone,
)
from askdoc.serve.links import base_of, linked, with_links
from askdoc.serve.steps import Ask, steps
from askdoc.types import Answer, Citation, Claim, Turn, Wrote

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_SHOWN_EVIDENCE = 10

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
    """Answer a question, as `askdoc ask --json` does; as events, if the caller accepts these."""
    asked = await read_json(request, AskRequest)
    ask_engine = partial(
        engine_of(request).ask,
        asked.question,
        library=asked.library,
        allowed=allowed_to(request),
        source=asked.source,
        where=asked.where,
        history=asked.history,
    )
    if "text/event-stream" in request.headers.get("accept", ""):
        return EventSourceResponse(_events(ask_engine, base_of(request)), sep="\n")
    answer = await unless_gone(request, ask_engine())
    data = answer_to_json(answer, base=ROOT)
    return json_response(with_links(data, answer, base_of(request)))


async def _events(ask_engine: Ask, base: str) -> AsyncIterator[ServerSentEvent]:
    """Give the evidence when it is found, each claim after its check, and the answer at the end."""
    sent = 0
    try:
        async with aclosing(steps(ask_engine)) as found:
            async for step in found:
                if isinstance(step, Answer):
                    for claim in step.claims[sent:]:
                        cited = [one for one in step.citations if one.label in claim.citations]
                        yield _event("claim", _claim(claim, cited, base))
                    data = answer_to_json(step, base=ROOT)
                    yield _event("final", with_links(data, step, base))
                elif isinstance(step, Wrote):
                    sent += 1
                    yield _event("claim", _claim(step.claim, step.citations, base))
                else:
                    evidence = [
                        linked(
                            evidence_to_json(one, base=ROOT), one.passage.document, one.span, base
                        )
                        for one in step[:_SHOWN_EVIDENCE]
                    ]
                    yield _event("evidence", {"evidence": evidence})
    except AskdocError as error:
        yield _event("error", error_body(error))


def _claim(claim: Claim, citations: Sequence[Citation], base: str) -> dict[str, Any]:
    cited = [
        linked(citation_to_json(one, base=ROOT), one.document, one.span, base) for one in citations
    ]
    return {"claim": claim_to_json(claim), "citations": cited}


def _event(name: str, data: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=dumps(data, indent=None), sep="\n")


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
        linked(record, passage.document, passage.chunk.span, base_of(request))
    return json_response(data)


ROUTES = (
    Route("/v1/ask", ask, methods=["POST"]),
    Route("/v1/search", search, methods=["POST"]),
)
