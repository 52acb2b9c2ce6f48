"""The places of an answer under one numbering: what it cites first, then the other evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from askdoc.errors import UsageError
from askdoc.types import Answer, Document, Span
from askdoc.types.places import Place


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
