"""The text of a document around a place, as lines for a page, with the place marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from askdoc.strings import printable, unparted
from askdoc.types import Kind, Span

if TYPE_CHECKING:
    from askdoc.types import Document, Structure

AROUND = 4_000
"""Characters that are shown before and after a place."""
MOST = 400_000
"""Characters that are shown of a document at most."""
_EDGE = 400
"""Characters within which a line has to begin, or the text is cut within a line."""

_KINDS = {
    Kind.HEADING: "heading",
    Kind.ITEM: "item",
    Kind.CODE: "code",
    Kind.ROW: "row",
    Kind.FIELD: "field",
    Kind.QUOTE: "quoted",
    Kind.CAPTION: "caption",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters that is marked or not."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text: what it is, and its pieces; a blank line has none."""

    kind: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a document, and whether there is more before and after them."""

    lines: tuple[Line, ...]
    more_before: bool
    more_after: bool


def window(document: Document, place: Span | None, around: int) -> Span:
    """Choose which characters to show around a place, or from the start of the document."""
    around = min(around, MOST // 2)
    place = place or Span(0, 0)
    return Span(max(0, place.start - around), min(document.length, place.end + around))


def excerpt(text: str, shown: Span, place: Span | None, document: Document) -> Excerpt:
    """Cut `text`, the characters of `shown`, into lines, with the characters of `place` marked."""
    start, end = 0, len(text)
    if shown.start and 0 <= (found := text.find("\n", 0, _EDGE)) < _local(place, shown, end):
        start = found + 1
    if shown.end < document.length and (found := text.rfind("\n", end - _EDGE)) >= 0:
        end = max(found, place.end - shown.start if place else 0)
    return Excerpt(
        tuple(_lines(text[start:end], shown.start + start, place, document.structure)),
        more_before=shown.start + start > 0,
        more_after=shown.start + end < document.length,
    )


def _local(place: Span | None, shown: Span, otherwise: int) -> int:
    return place.start - shown.start if place else otherwise


def _lines(text: str, origin: int, place: Span | None, structure: Structure) -> Iterator[Line]:
    at = origin
    blank = False
    for line in text.splitlines(keepends=True):
        content = line.rstrip("\r\n\f\v\u2028\u2029\x85\x1c\x1d\x1e")
        if content.strip():
            kind = _KINDS.get(structure.kind_at(at + len(content.rstrip()) - 1), "")
            yield Line(kind, tuple(_pieces(content, at, place)))
            blank = False
        elif not blank:
            yield Line("", ())
            blank = True
        at += len(line)


def _pieces(line: str, at: int, place: Span | None) -> Iterator[Piece]:
    marked = Span(at, at) if place is None else place
    first = min(len(line), max(0, marked.start - at))
    last = min(len(line), max(first, marked.end - at))
    for text, is_marked in (
        (line[:first], False),
        (line[first:last], True),
        (line[last:], False),
    ):
        if clean := printable(unparted(text)):
            yield Piece(clean, is_marked)
