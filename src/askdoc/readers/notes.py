"""Writes notes, comments, headers and footers below the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from askdoc.readers.composer import Composer, clean
from askdoc.readers.pdf.layout import PAGE_NUMBER
from askdoc.types.places import Place

FOOTNOTE, COMMENT, HEADER, FOOTER = "footnote", "comment", "header", "footer"
_ON_EACH_PAGE = (HEADER, FOOTER)


@dataclass(frozen=True, slots=True)
class Apart:
    """A note or the like: its kind, its place in the text, its words."""

    kind: str
    at: Place
    words: str


def write_apart(composer: Composer, found: Iterable[Apart]) -> None:
    """Write each below a heading of its kind; footnotes are numbered.

    Headers and footers are written once, without page numbers.
    """
    everything = list(found)
    for kind in (FOOTNOTE, COMMENT, HEADER, FOOTER):
        number, written = 0, set[str]()
        for one in everything:
            if one.kind != kind:
                continue
            number += 1
            words = clean(one.words).strip()
            if kind in _ON_EACH_PAGE:
                words = _running(words)
                if words in written:
                    continue
            if not words:
                continue
            if not written:
                composer.heading(f"{kind.capitalize()}s", 1)
            written.add(words)
            composer.place(replace(one.at, name=_name(kind, number)))
            composer.paragraph(words, close=True)


def _name(kind: str, number: int) -> str | None:
    if kind == COMMENT:
        return None
    return f"{kind} {number}" if kind == FOOTNOTE else kind


def _running(words: str) -> str:
    """Return the lines of a header without those that only number the page."""
    lines = (line.strip() for line in words.split("\n"))
    return "\n".join(line for line in lines if line and not PAGE_NUMBER.fullmatch(line))
