"""The routes of the page. Fragments are for htmx; each page works from its address alone, too."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import jinja2
import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response
from starlette.routing import Route

from askdoc.addresses import is_address
from askdoc.errors import AskdocError, UsageError
from askdoc.serve.documents import no_document
from askdoc.serve.http import NotFound, allowed_to, engine_of, hint_for_caller, unless_gone
from askdoc.serve.libraries import BETWEEN
from askdoc.serve.originals import highlight_of
from askdoc.serve.page import reading, view
from askdoc.serve.steps import Ask, steps
from askdoc.serve.uploads import takes_uploads
from askdoc.store.reader import SqlReader
from askdoc.strings import encodable, escaped
from askdoc.types import Answer, Citation, Document, Skip, Span, Turn, Wrote
from askdoc.types.places import name_place

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from askdoc.serve.libraries import Libraries
    from askdoc.types.ports import Listener

Handler = Callable[["Request", Exception], Awaitable[Response]]
"""Answers to an error."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HTML = "text/html; charset=utf-8"
_TURNS = 8
"""Earlier turns that a follow-up can refer to."""
_PDF = ".pdf"
_NUMBER = re.compile(r"[0-9]{1,7}")


@dataclass(frozen=True, slots=True)
class _Question:
    """What was typed, what it is narrowed to, and what was said before."""

    asked: str
    scope: Mapping[str, str]
    before: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Listed:
    """A document in the list of a library."""

    id: str
    path: str
    folder: str
    title: str
    about: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Coverage:
    """What a library holds, and what it lacks."""

    name: str
    documents: tuple[_Listed, ...]
    skipped: tuple[Skip, ...]
    takes_uploads: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """A place of a document, to be shown."""

    id: str
    title: str
    where: str
    original: str
    """The address of the file, or of the page of the web that it was; empty where it is neither."""
    excerpt: reading.Excerpt
    highlight: str
    around: int
    page: int | None
    pages: int
    is_turned: bool
    """Whether another page is shown than the one that the place is on."""


async def home(request: Request) -> Response:
    """Show the page, with the answer to `q` where that is given."""
    query = request.query_params
    scope = _scope({name: query.getlist(name) for name in query})
    shown = None
    if asked := query.get("q", "").strip():
        shown = await _answer(request, _Question(asked, scope))
    return _page("home.html", shown=shown, scope=scope, libraries=_libraries(request))


async def ask(request: Request) -> Response:
    """Answer a question of a conversation, as a fragment; as events, if the caller accepts these.

    The events hold fragments, too: the evidence, each claim after its check, and the answer.
    """
    form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=1000)
    asked = form.get("q", [""])[0].strip()
    question = _Question(asked, _scope(form), form.get("before", [])[-_TURNS:])
    if "text/event-stream" in request.headers.get("accept", ""):
        return EventSourceResponse(_events(request, question), sep="\n")
    return _page("answer.html", shown=await _answer(request, question))


async def source(request: Request) -> Response:
    """Show a place in its document, as a fragment; what is wrong is shown in its place."""
    place: _Place | str
    try:
        place = await _place(request, request.query_params.get("document", ""))
    except AskdocError as error:
        place = _problem(error)
    return _page("source.html", place=place)


async def passage(request: Request) -> Response:
    """Show a place in its document, as a page of its own."""
    place = await _place(request, request.path_params["id"])
    return _page("passage.html", place=place, libraries=_libraries(request))


async def documents(request: Request) -> Response:
    """List what is indexed, and what is not and why."""
    allowed, named = allowed_to(request), request.query_params.get("library") or None

    def job(opened: Libraries, _: Listener) -> list[_Coverage]:
        return [
            _coverage(opened, name, takes_uploads=takes_uploads(request, name))
            for name in opened.chosen(named, allowed)
        ]

    return _page(
        "documents.html",
        covered=await engine_of(request).run(job),
        scope=_scope({"library": [named or ""]}),
        libraries=_libraries(request),
    )


async def asset(request: Request) -> Response:
    """Send a file that the page is made of."""
    name = request.path_params["name"]
    if name not in _ASSETS:
        message = "there is no such file"
        raise NotFound(message)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {"Cache-Control": "max-age=300"}
    return Response(_ASSETS[name].read_bytes(), headers=headers, media_type=kind)


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


async def _answer(request: Request, question: _Question) -> view.Shown | str:
    """Answer a question; what is wrong with it is a text to show."""
    await request.body()

    async def shown() -> view.Shown:
        return await _shown(request, question, await _asking(request, question)())

    try:
        return await unless_gone(request, shown())
    except AskdocError as error:
        return _problem(error)


async def _events(request: Request, question: _Question) -> AsyncIterator[ServerSentEvent]:
    """Give the fragments of an answer as they come about."""
    several = len(_libraries(request)) > 1
    cited: list[Citation] = []
    try:
        async with aclosing(steps(_asking(request, question))) as found:
            async for step in found:
                if isinstance(step, Answer):
                    shown = await _shown(request, question, step)
                    yield _event("final", "answer.html", shown=shown)
                elif isinstance(step, Wrote):
                    cited += step.citations
                    claim = view.written(step.claim, cited, with_library=several)
                    yield _event("claim", "claim.html", statement=claim)
                else:
                    near = view.found(step, with_library=several)
                    yield _event("evidence", "evidence.html", nearest=near)
    except AskdocError as error:
        yield _event("final", "answer.html", shown=_problem(error))


def _asking(request: Request, question: _Question) -> Ask:
    """Return what asks the engine.

    Raises:
        UsageError: the conversation is not one of this page.

    """
    source = question.scope.get("source", "")
    return partial(
        engine_of(request).ask,
        question.asked,
        library=question.scope.get("library"),
        source=[source] if source else [],
        history=_turns(question.before),
        allowed=allowed_to(request),
    )


def _problem(error: AskdocError) -> str:
    hint = hint_for_caller(error)
    hint = f" Hint: {hint}." if hint else ""
    return encodable(f"{str(error)[:1].upper()}{str(error)[1:]}.{hint}")


async def _shown(request: Request, question: _Question, answer: Answer) -> view.Shown:
    engine = engine_of(request)
    places = {(item.passage.document.id, item.span) for item in answer.evidence}
    places |= {(item.document.id, item.chunk.span) for item in answer.passages}

    def lines_of(opened: Libraries, _: Listener) -> dict[tuple[str, Span], tuple[int, int]]:
        together = opened.together(opened.members)
        return {place: together.lines(*place) for place in places}

    lines = await engine.run(lines_of)
    return view.shown(
        question.asked,
        answer,
        lambda *place: lines[place],
        question.scope,
        _base(request, answer),
        with_libraries=len(_libraries(request)) > 1,
    )


def _base(request: Request, answer: Answer) -> Path:
    """Return the folder from which paths are written: that of the first library that is cited."""
    workspaces = engine_of(request).workspaces
    cited = next((item.document.library for item in answer.citations), None)
    return workspaces[cited or next(iter(workspaces))].root


def _turns(before: Sequence[str]) -> list[Turn]:
    try:
        return [msgspec.json.decode(turn, type=Turn) for turn in before]
    except msgspec.MsgspecError as error:
        message = "the conversation cannot be read"
        raise UsageError(message, hint="load the page again") from error


def _scope(given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return what a question is narrowed to: a library, and documents in it."""
    found = {name: given.get(name, [""])[0].strip() for name in ("library", "source")}
    return {name: value for name, value in found.items() if value}


def for_people(handle: Handler) -> Handler:
    """Answer to an error with a page where a person in a browser opens an address."""

    async def handling(request: Request, error: Exception) -> Response:
        reply = await handle(request, error)
        is_read = request.method in {"GET", "HEAD"}
        if not (is_read and "text/html" in request.headers.get("accept", "")):
            return reply
        message = msgspec.json.decode(reply.body)["error"]["message"]
        page = _page("problem.html", message=f"{message[:1].upper()}{message[1:]}.")
        page.status_code = reply.status_code
        return page

    return handling


# ── documents ───────────────────────────────────────────────────────────────────────────────────


async def _place(request: Request, asked: str) -> _Place:
    """Read the text around a place.

    Raises:
        NotFound: there is no such document.
        UsageError: the document ends before the place.

    """
    allowed, span = allowed_to(request), highlight_of(request)
    turned, wanted = _number(request, "page"), _number(request, "around") or reading.AROUND

    def job(opened: Libraries, _: Listener) -> _Place:
        found = opened.document(asked, allowed)
        if found is None:
            raise no_document(asked)
        document, catalog = found
        if span is not None and span.end > document.length:
            message = f"the document has {document.length} characters"
            raise UsageError(message, hint="`highlight` is FIRST-LAST, as in the answer")
        shown = reading.window(document, span, wanted)
        start = span or Span(0, 0)
        place = name_place(document.place_of(start), *catalog.lines(document.id, start))
        is_pdf = document.path.lower().endswith(_PDF) and document.within is None
        page = document.page_of(start.start) if is_pdf else None
        return _Place(
            id=asked,
            title=encodable(escaped(document.title or document.path)),
            where=encodable(_where(document, place if span else "")),
            original=_original(document),
            excerpt=reading.excerpt(catalog.text(document.id, shown), shown, span, document),
            highlight=f"{span.start}-{span.end}" if span else "",
            around=min(wanted, reading.MOST),
            page=turned or page if is_pdf else None,
            pages=len(document.pages),
            is_turned=turned not in (None, page),
        )

    return await engine_of(request).run(job)


def _where(document: Document, place: str) -> str:
    """Name the document and the place in it; the document only if its title does not."""
    return ", ".join(
        part for part in (escaped(document.path) if document.title else "", place) if part
    )


def _original(document: Document) -> str:
    if document.within is not None:
        return ""
    if is_address(document.file):
        return document.file
    return "original"


def _number(request: Request, name: str) -> int | None:
    """Return a number that is given in the address, if any."""
    given = request.query_params.get(name, "")
    return int(given) if _NUMBER.fullmatch(given) else None


def _coverage(opened: Libraries, name: str, *, takes_uploads: bool) -> _Coverage:
    catalog = opened.catalog(name)
    skipped = []
    if isinstance(catalog, SqlReader):
        sources = catalog.sources()
        skipped = [
            replace(item, location=_within(item.location, sources)) for item in catalog.skipped()
        ]
    listed = tuple(_listed(item, name) for item in catalog.documents())
    return _Coverage(name, listed, tuple(skipped), takes_uploads)


def _within(location: str, sources: Sequence[str]) -> str:
    """Name a file by its path in its source; callers need not know the folders of this machine."""
    around = [source for source in sources if location.startswith(f"{source}/")]
    if is_address(location) or not (around or location in sources):
        return location
    return location.removeprefix(f"{max(around, key=len, default=PurePosixPath(location).parent)}/")


def _listed(item: Document, library: str) -> _Listed:
    about = f"{len(item.pages)} pages" if len(item.pages) > 1 else f"{item.length:,} characters"
    path = encodable(escaped(item.path))
    return _Listed(
        id=f"{library}{BETWEEN}{item.id}",
        path=path,
        folder=path.rpartition("/")[0],
        title=encodable(escaped(item.title or "")),
        about=f"{about}, {item.language}" if item.language else about,
        warnings=tuple(map(encodable, item.warnings)),
    )


# ── pages ───────────────────────────────────────────────────────────────────────────────────────


def _libraries(request: Request) -> list[str]:
    allowed = allowed_to(request)
    return [one for one in engine_of(request).workspaces if allowed is None or one in allowed]


def _page(name: str, **values: Any) -> Response:
    headers = {"Content-Security-Policy": _POLICY}
    return Response(_rendered(name, values), headers=headers, media_type=_HTML)


def _event(event: str, name: str, **values: Any) -> ServerSentEvent:
    return ServerSentEvent(event=event, data=_rendered(name, values), sep="\n")


def _rendered(name: str, values: Mapping[str, Any]) -> str:
    return encodable(_templates().get_template(name).render(values))


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("askdoc.serve.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


_ASSETS = {item.name: item for item in (files("askdoc.serve.page") / "assets").iterdir()}

ROUTES = (
    Route("/", home),
    Route("/documents", documents),
    Route("/page/ask", ask, methods=["POST"]),
    Route("/page/source", source),
    Route("/page/assets/{name}", asset),
    Route("/v1/documents/{id}/passage", passage),
)
