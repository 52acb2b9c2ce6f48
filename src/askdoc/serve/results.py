"""What tools return to a language model: one result as JSON and as text, quotes and links first.

A client shows its model one of the two, so that each is complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from urllib.parse import quote, unquote

import msgspec
from msgspec import Meta

from askdoc.addresses import is_address
from askdoc.errors import UsageError
from askdoc.formats import Lines
from askdoc.formats.records import ClaimRecord, PlaceRecord
from askdoc.render.answers import notes, told_apart
from askdoc.render.places import heading_path
from askdoc.strings import escaped, one_line
from askdoc.types import (
    Answer,
    Citation,
    Document,
    Evidence,
    FileState,
    Passage,
    Reason,
    Span,
    Status,
)
from askdoc.types.places import Place, place_suffix

DEFAULT = "default"
"""What the workspace is called, which has no name."""
SCHEME = "askdoc"
_URI = re.compile(
    rf"{SCHEME}://(?P<library>[^/#]+)/(?P<path>[^#]+)(?:#(?P<start>\d{{1,12}})-(?P<end>\d{{1,12}})?)?"
)
_BRACKET = re.compile(r"[\[\]\\]")
_NEAREST = 3

Links = Callable[[Document, Span], str]
"""Gives the link under which a person opens a place of a document."""


class Quote(msgspec.Struct, frozen=True):
    """A sentence, cut from the stored text of a document, with the place where it stands."""

    quote: Annotated[str, Meta(description="The exact words of the document.")]
    link: Annotated[str, Meta(description="Opens the place. Give it beside what you quote.")]
    where: Annotated[str, Meta(description="The document and the place in it, for people.")]
    id: Annotated[str, Meta(description="What `fetch` takes; also a resource.")]
    label: Annotated[int, Meta(description="What `[1]` in the answer and `citations` mean.")]
    document: Annotated[str, Meta(description="Path of the document in its source.")]
    library: str
    title: str | None
    headings: tuple[str, ...]
    page: int | None
    place: PlaceRecord | None
    line_start: int
    line_end: int
    start: Annotated[int, Meta(description="First character in the stored text, from 0.")]
    end: int
    before: Annotated[str, Meta(description="The sentence before.")]
    after: Annotated[str, Meta(description="The sentence after.")]
    file_state: Annotated[FileState, Meta(description="The file against what was indexed.")]


class AskResult(msgspec.Struct, frozen=True):
    """An answer whose statements each rest on exact quotes, or the statement that there is none."""

    citations: Annotated[tuple[Quote, ...], Meta(description="The quotes that the answer cites.")]
    answer: Annotated[str, Meta(description="The claims as one text with `[1]` behind each.")]
    short: Annotated[
        str | None, Meta(description="The few words of the first quote that answer, if any.")
    ]
    status: Annotated[
        Status,
        Meta(
            description="`answered`; `unsure`: the closest quotes, which may not answer the"
            " question; `abstained`: the documents do not hold the answer."
        ),
    ]
    confidence: Annotated[
        float, Meta(description="Probability that the quotes answer the question, 0 to 1.")
    ]
    reason: Annotated[Reason | None, Meta(description="Why there is no sure answer.")]
    claims: Annotated[
        tuple[ClaimRecord, ...],
        Meta(description="Each statement with its citations and whether they support it."),
    ]
    nearest: Annotated[
        tuple[Quote, ...],
        Meta(description="Without an answer: the nearest sentences, which do not answer."),
    ]
    question: Annotated[str, Meta(description="The question as askdoc understood it.")]
    generator: Annotated[str, Meta(description="`extractive`, or the language model that wrote.")]
    notes: Annotated[tuple[str, ...], Meta(description="What a reader should know besides.")]


class SearchHit(msgspec.Struct, frozen=True):
    """A passage that fits the query."""

    id: Annotated[str, Meta(description="What `fetch` takes.")]
    title: Annotated[str, Meta(description="The document, the place in it and its headings.")]
    url: Annotated[str, Meta(description="Opens the place.")]
    text: Annotated[str, Meta(description="The text of the passage.")]


class SearchResult(msgspec.Struct, frozen=True):
    """Passages, best first."""

    results: tuple[SearchHit, ...]


class FetchResult(msgspec.Struct, frozen=True):
    """The text of a document, or the part of it around a passage."""

    id: str
    title: str
    text: str
    url: str
    metadata: Annotated[
        dict[str, Any],
        Meta(
            description="`library`, `document`, `language`, `length` in characters, `start` and"
            " `end` of the text; `next` is the id of what follows, where there is more."
        ),
    ]


class Listed(msgspec.Struct, frozen=True):
    """A document of the index."""

    id: Annotated[str, Meta(description="What `fetch` takes; also a resource.")]
    document: str
    library: str
    title: str | None
    language: str
    length: Annotated[int, Meta(description="Characters of its stored text.")]
    pages: Annotated[int | None, Meta(description="How many pages it has, where it has pages.")]
    missing: Annotated[tuple[str, ...], Meta(description="What of it could not be read.")]


class ListResult(msgspec.Struct, frozen=True):
    """The documents that can be asked."""

    documents: tuple[Listed, ...]
    total: Annotated[int, Meta(description="How many there are; `start` continues the list.")]


def nearest(answer: Answer) -> Sequence[Evidence]:
    """List the sentences to show where the documents do not hold the answer."""
    return answer.evidence[:_NEAREST] if answer.status is Status.ABSTAINED else ()


def ask_result(answer: Answer, links: Links, lines: Lines) -> AskResult:
    """Return an answer as `ask` gives it; `lines` finds the lines of what is nearest."""
    return AskResult(
        citations=tuple(_cited(item, links) for item in answer.citations),
        answer=answer.text,
        short=answer.short.text if answer.short else None,
        status=answer.status,
        confidence=round(answer.confidence, 6),
        reason=answer.reason,
        claims=tuple(
            ClaimRecord(
                claim.text, claim.citations, claim.support, claim.reasons, claim.probability
            )
            for claim in answer.claims
        ),
        nearest=tuple(
            _near(label, item, links, lines) for label, item in enumerate(nearest(answer), 1)
        ),
        question=answer.searched or answer.question,
        generator=answer.generator,
        notes=(*notes(answer), *_disagreements(answer)),
    )


def ask_text(result: AskResult) -> str:
    """Write an answer as text: the quotes with their links first, then what they say together."""
    return "\n".join(_ask_lines(result))


def search_result(passages: Sequence[Passage], links: Links, lines: Lines) -> SearchResult:
    """Return passages as `search` gives them."""
    return SearchResult(tuple(_hit(item, links, lines) for item in passages))


def fetch_result(
    document: Document, text: str, window: Span, passage: Span | None, links: Links
) -> FetchResult:
    """Return the part of a document's stored text that lies in `window`, which is `text`.

    The link opens the passage that was asked for, if any.
    """
    metadata: dict[str, Any] = {
        "library": library_of(document),
        "document": document.path,
        "language": document.language,
        "length": document.length,
        "start": window.start,
        "end": window.end,
    }
    if window.end < document.length:
        metadata["next"] = f"{uri_of(document)}#{window.end}-"
    if document.warnings:
        metadata["missing"] = list(document.warnings)
    return FetchResult(
        id=uri_of(document, passage or (window if window.start else None)),
        title=document.title or document.path,
        text=text,
        url=links(document, passage or window),
        metadata=metadata,
    )


def list_result(documents: Sequence[Document], total: int) -> ListResult:
    """Return documents as `list_documents` gives them, of `total` in all."""
    return ListResult(tuple(map(_listed, documents)), total)


def list_text(result: ListResult) -> str:
    """Write a list of documents, a line for each."""
    if not result.documents:
        return "No documents." if not result.total else f"No more documents: {result.total} in all."
    shown = len(result.documents)
    heading = f"{shown} of {result.total} documents:" if shown < result.total else "Documents:"
    return "\n".join([heading, *map(_list_line, result.documents)])


def library_of(document: Document) -> str:
    """Name the library of a document; `default` where it is in none that has a name."""
    return document.library or DEFAULT


def uri_of(document: Document, span: Span | None = None) -> str:
    """Name a document, or a place in it, in one line: `askdoc://library/path#start-end`."""
    path = quote(document.location, safe="/", errors="surrogatepass")
    place = f"#{span.start}-{span.end}" if span else ""
    return f"{SCHEME}://{library_of(document)}/{path}{place}"


@dataclass(frozen=True, slots=True)
class Range:
    """The characters that a URI names; without an `end`, all that follow."""

    start: int
    end: int | None


def parsed(uri: str) -> tuple[str, str, Range | None]:
    """Return the library, the location and the characters that a URI names.

    Raises:
        UsageError: it is not such a URI.

    """
    found = _URI.fullmatch(uri)
    start, end = (int(found["start"] or 0), int(found["end"] or 0)) if found else (0, 0)
    if found is None or (found["end"] and end < start):
        message = f"not the id of a document: `{uri}`"
        raise UsageError(message, hint="take one that `search` or `list_documents` gave")
    location = unquote(found["path"], errors="surrogatepass")
    place = Range(start, end if found["end"] else None) if found["start"] else None
    return found["library"], location, place


def file_link(document: Document, span: Span) -> str:
    """Return the address of a document's file, at the page in it; a page of the web has its own."""
    if is_address(document.file):
        return document.file
    page = document.page_of(span.start)
    link = "file://" + quote(document.file, safe="/", errors="surrogatepass")
    return f"{link}#page={page}" if page else link


def _cited(item: Citation, links: Links) -> Quote:
    return Quote(
        quote=item.quote,
        link=links(item.document, item.span),
        where=_where(item.document, item.place, item.line_start, item.line_end),
        id=uri_of(item.document, item.span),
        label=item.label,
        document=item.document.path,
        library=library_of(item.document),
        title=item.document.title,
        headings=item.headings,
        page=item.page,
        place=_place(item.place),
        line_start=item.line_start,
        line_end=item.line_end,
        start=item.span.start,
        end=item.span.end,
        before=item.before,
        after=item.after,
        file_state=item.file_state,
    )


def _near(label: int, item: Evidence, links: Links, lines: Lines) -> Quote:
    document = item.passage.document
    place = document.place_of(item.span)
    first, last = item.lines or lines(document.id, item.span)
    return Quote(
        quote=item.text,
        link=links(document, item.span),
        where=_where(document, place, first, last),
        id=uri_of(document, item.span),
        label=label,
        document=document.path,
        library=library_of(document),
        title=document.title,
        headings=item.passage.chunk.headings,
        page=document.page_of(item.span.start),
        place=_place(place),
        line_start=first,
        line_end=last,
        start=item.span.start,
        end=item.span.end,
        before="",
        after="",
        file_state=FileState.CURRENT,
    )


def _hit(item: Passage, links: Links, lines: Lines) -> SearchHit:
    document, span = item.document, item.chunk.span
    where = _where(document, document.place_of(span), *lines(document.id, span))
    path = heading_path(document.title, item.chunk.headings)
    return SearchHit(
        id=uri_of(document, span),
        title=f"{where} – {path}" if path else where,
        url=links(document, span),
        text=item.chunk.text,
    )


def _listed(document: Document) -> Listed:
    return Listed(
        id=uri_of(document),
        document=document.path,
        library=library_of(document),
        title=document.title,
        language=document.language,
        length=document.length,
        pages=len(document.pages) or None,
        missing=document.warnings,
    )


def _list_line(item: Listed) -> str:
    title = f" – {one_line(item.title)}" if item.title else ""
    pages = f", {item.pages} pages" if item.pages else ""
    missing = f"; incomplete: {'; '.join(item.missing)}" if item.missing else ""
    about = f"{item.language}, {item.length} characters{pages}{missing}"
    return f"- {escaped(item.document)}{title} ({about}) id: {item.id}"


def _ask_lines(result: AskResult) -> Iterator[str]:
    for item in result.citations:
        yield f"[{item.label}] {_quoted(item)}"
    if result.citations:
        yield ""
    if result.status is Status.ABSTAINED:
        yield _sentence(result.reason)
    elif result.status is Status.UNSURE:
        yield f"Not sure, the closest is: {result.answer}"
        yield _sentence(result.reason)
    else:
        yield result.answer
    if result.nearest:
        yield ""
        yield "Nearest in the documents, which does not answer the question:"
        for item in result.nearest:
            yield f"- {_quoted(item)}"
    yield ""
    yield f"Status: {result.status}. Confidence: {result.confidence:.2f}. By: {result.generator}."
    yield from (_checked(claim) for claim in result.claims)
    yield from (f"Note: {note}" for note in result.notes)


def _quoted(item: Quote) -> str:
    """Write a quote with its link, and what is around it."""
    stale = "" if item.file_state is FileState.CURRENT else f" (file {item.file_state})"
    name = _BRACKET.sub(r"\\\g<0>", item.where)
    path = heading_path(item.title, item.headings)
    under = f", under {path}" if path else ""
    return f"“{one_line(item.quote)}” – [{name}]({item.link}){under}{stale}"


def _checked(claim: ClaimRecord) -> str:
    reasons = f" ({'; '.join(claim.reasons)})" if claim.reasons else ""
    labels = "".join(f" [{label}]" for label in claim.citations)
    return f"Checked: {claim.support}{reasons}: {one_line(claim.text)}{labels}"


def _sentence(reason: Reason | None) -> str:
    message = reason.message if reason else ""
    return f"{message[:1].upper()}{message[1:]}."


def _disagreements(answer: Answer) -> Iterator[str]:
    if answer.generation:
        yield from map(told_apart, answer.generation.disagreements)


def _where(document: Document, place: Place | None, first: int, last: int) -> str:
    return f"{escaped(document.path)}{place_suffix(place, first, last)}"


def _place(place: Place | None) -> PlaceRecord | None:
    return None if place is None else PlaceRecord(**asdict(place))
