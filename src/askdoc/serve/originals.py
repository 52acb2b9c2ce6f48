"""A document as its file: the bytes to save, and pages of a PDF as pictures."""

from __future__ import annotations

import hashlib
import pickle
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from askdoc.addresses import is_address
from askdoc.errors import ReadError, UsageError
from askdoc.serve.documents import no_document
from askdoc.serve.http import Changed, NotFound, allowed_to, engine_of
from askdoc.store.files import file_state
from askdoc.strings import letters_of, one_line
from askdoc.system import children
from askdoc.system.safe_open import read_bytes
from askdoc.system.wire import Call, Returned, receive, send
from askdoc.types import FileState, Found, Span

if TYPE_CHECKING:
    from starlette.requests import Request

    from askdoc.serve.libraries import Libraries
    from askdoc.types import Document
    from askdoc.types.ports import Listener

_HIGHLIGHT = re.compile(r"(\d{1,9})-(\d{1,9})")
_SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class _Picture:
    png: bytes
    marks: int
    top: float
    """Where the first mark begins, as a share of the height."""


async def original(request: Request) -> Response:
    """Send the file of a document, to be saved, if it is still what was indexed."""
    asked, allowed = request.path_params["id"], allowed_to(request)

    def job(opened: Libraries, _: Listener) -> tuple[str, bytes]:
        found = opened.document(asked, allowed)
        if found is None:
            raise no_document(asked)
        return PurePosixPath(found[0].path).name, file_of(found[0])

    name, data = await engine_of(request).run(job)
    saved_as = quote(name, safe="", errors="replace")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{saved_as}",
        "Content-Security-Policy": _SANDBOX,
    }
    return Response(data, headers=headers, media_type="application/octet-stream")


async def page(request: Request) -> Response:
    """Draw a page of a PDF, with the characters of `highlight` marked where they stand on it."""
    asked, allowed = request.path_params["id"], allowed_to(request)
    number, span = request.path_params["n"], highlight_of(request)

    def job(opened: Libraries, _: Listener) -> _Picture:
        found = opened.document(asked, allowed)
        if found is None:
            raise no_document(asked)
        document, catalog = found
        if not document.path.lower().endswith(".pdf") or not 1 <= number <= len(document.pages):
            message = f"there is no picture of page {number} of this document"
            raise NotFound(message, hint="only pages of PDF files have pictures")
        return _drawn(document, catalog.text(document.id), number, span)

    picture = await engine_of(request).run(job)
    headers = {
        "Cache-Control": "private, max-age=3600",
        "X-Askdoc-Marks": str(picture.marks),
        "X-Askdoc-Top": f"{picture.top:.4f}",
    }
    return Response(picture.png, headers=headers, media_type="image/png")


def _drawn(document: Document, text: str, number: int, span: Span | None) -> _Picture:
    """Draw a page in a process of its own; what is marked is found by the words of the span."""
    ends = [*document.pages, len(text)]
    on_page = Span(ends[number - 1], max(ends[number - 1], ends[number]))
    words, earlier, alike = "", 0, 0
    if span is not None and span.overlap(on_page):
        part = Span(max(span.start, on_page.start), min(span.end, on_page.end))
        words = letters_of(part.of(text))
        earlier = _count(letters_of(text[on_page.start : part.start]), words)
        alike = _count(letters_of(on_page.of(text)), words)
    with children.start("askdoc.serve.drawing") as process:
        try:
            assert process.stdin is not None  # noqa: S101 - both are pipes
            assert process.stdout is not None  # noqa: S101
            send(process.stdin, Call("draw", (file_of(document), number, words, earlier, alike)))
            reply = receive(process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            reply = None
        finally:
            process.kill()
    if not isinstance(reply, Returned):
        message = f"page {number} cannot be drawn"
        raise NotFound(message)
    return _Picture(*reply.value)


def _count(text: str, words: str) -> int:
    """Count where `words` stand in `text`, overlaps included."""
    return sum(text.startswith(words, at) for at in range(len(text))) if words else 0


def file_of(document: Document) -> bytes:
    """Read the file of a document.

    Raises:
        NotFound: it is no file of its own, or it is gone.
        Changed: it is no longer what was indexed.

    """
    if document.within is not None or is_address(document.file):
        message = f"`{one_line(document.path)}` is not a file of its own"
        raise NotFound(message)
    stamp = document.stamp
    found = Found(document.location, document.path, document.source, document.file, stamp.size, 0)
    try:
        data = read_bytes(found, stamp.size)
    except ReadError as error:
        if file_state(document) is FileState.MISSING:
            raise NotFound(str(error)) from error
        raise _changed(document) from error
    if hashlib.sha256(data).hexdigest() != stamp.content_hash:
        raise _changed(document)
    return data


def _changed(document: Document) -> Changed:
    message = f"`{one_line(document.path)}` has changed since it was indexed"
    return Changed(message, hint="bring the index up to date: `askdoc index`")


def highlight_of(request: Request) -> Span | None:
    """Read `?highlight=START-END`.

    Raises:
        UsageError: it is something else.

    """
    given = request.query_params.get("highlight")
    if not given:
        return None
    match = _HIGHLIGHT.fullmatch(given)
    if match is None or int(match[1]) > int(match[2]):
        message = "`highlight` must be START-END, in characters"
        raise UsageError(message)
    return Span(int(match[1]), int(match[2]))


ROUTES = (
    Route("/v1/documents/{id}/original", original),
    Route("/v1/documents/{id}/pages/{n:int}.png", page),
)
