"""Naming places: the file with its link, and the headings above."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.style import Style
from rich.text import Text

from askdoc.addresses import is_address
from askdoc.errors import UsageError
from askdoc.paths import seen_from
from askdoc.render.console import Page
from askdoc.strings import escaped, one_line
from askdoc.types import Answer, Copy, Document, Span
from askdoc.types.places import Place

_SHOWN = 3

BELOW = " › "
"""Stands between a heading and the one below it."""


def file_name(document: Document, page: Page) -> Text:
    """Write where a document is found, linked to the file where the terminal can.

    Where several libraries were asked, the document's stands before it.
    """
    name = escaped(seen_from(page.base, document.file) + document.inside)
    library = f"{document.library}: " if document.library else ""
    is_linked = page.links and (is_address(document.file) or Path(document.file).is_absolute())
    return Text.assemble(library, (name, _linked(document.file) if is_linked else "file"))


def also_in(document: Document, page: Page) -> str:
    """Say where else the same document is found; nothing where it is nowhere else."""
    names = [
        escaped(seen_from(page.base, copy.file) + copy.inside) + _gone(copy)
        for copy in document.copies
    ]
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"also in {shown}{more}" if names else ""


def _gone(copy: Copy) -> str:
    """Say that a file is not there any more."""
    there = is_address(copy.file) or os.path.lexists(copy.file)
    return "" if there else " (the file is gone)"


def _linked(file: str) -> Style:
    if is_address(file):
        return Style(bold=True, link=file)
    try:
        link = Path(file).absolute().as_uri()
    except ValueError:  # a name that no address can hold
        return Style(bold=True)
    return Style(bold=True, link=link)


def heading_path(title: str | None, headings: Iterable[str]) -> str:
    """Join a document's title and the headings above a place; equal neighbours count once."""
    parts = [one_line(part) for part in ((title or ""), *headings)]
    return BELOW.join(
        part for number, part in enumerate(parts) if part and part not in parts[:number]
    )


@dataclass(frozen=True, slots=True)
class NumberedPlace:
    """A numbered place; `number` is the label of its citation where it is cited.

    `lines` are the first and last line as they were when it was found, where that is known.
    """

    number: int
    document: Document
    span: Span
    text: str
    page: int | None
    place: Place | None
    headings: tuple[str, ...]
    score: float
    cited: bool
    lines: tuple[int, int] | None = None


def places(answer: Answer) -> list[NumberedPlace]:
    """List the places of `answer`: citations by their labels, then evidence, best first.

    Evidence that lies within a citation is left out.
    """
    found = [
        NumberedPlace(
            number=item.label,
            document=item.document,
            span=item.span,
            text=item.quote,
            page=item.page,
            place=item.place,
            headings=item.headings,
            score=item.score,
            cited=True,
            lines=(item.line_start, item.line_end),
        )
        for item in answer.citations
    ]
    number = max((item.label for item in answer.citations), default=0)
    for item in answer.evidence:
        document = item.passage.document
        if any(
            place.document.id == document.id and place.span.covers(item.span) for place in found
        ):
            continue
        number += 1
        found.append(
            NumberedPlace(
                number=number,
                document=document,
                span=item.span,
                text=item.text,
                page=document.page_of(item.span.start),
                place=document.place_of(item.span),
                headings=item.passage.chunk.headings,
                score=item.score,
                cited=False,
                lines=item.lines,
            )
        )
    return found


def numbered(found: Sequence[NumberedPlace], number: int) -> NumberedPlace:
    """Return the place with that number.

    Raises:
        UsageError: there is none.
    """
    for place in found:
        if place.number == number:
            return place
    message = f"there is no source {number}"
    if not found:
        raise UsageError(message, hint="ask a question first")
    numbers = f"{found[0].number} to {found[-1].number}" if len(found) > 1 else "1"
    raise UsageError(message, hint=f"the last answer has {numbers}: see `/sources`")
