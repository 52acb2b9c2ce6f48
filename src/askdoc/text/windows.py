"""Long readings in parts, so that no more of a document than one part need be in memory. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from askdoc.types import Reading, Section, Span

LONGEST = 256_000
"""Characters that a part holds at most, unless a single block has more."""


def windows(reading: Reading) -> Iterator[Reading]:
    """Cut a reading into parts of whole blocks; together they are the reading.

    What is said of the document as a whole, pages and landmarks among it, stands in the first part
    alone; sections are in the part that they start in.
    """
    runs = list(_runs(reading.blocks)) or [()]
    starts = [reading.origin, *(run[0].start for run in runs[1:]), reading.end]
    for number, run in enumerate(runs):
        start, end = starts[number], starts[number + 1]
        text = reading.cut(Span(start, end))
        last = number == len(runs) - 1
        sections = tuple(
            s for s in reading.sections if start <= s.start and (last or s.start < end)
        )
        if number == 0:
            yield replace(reading, text=text, blocks=run, sections=sections)
        else:
            yield Reading(text, run, sections=sections, origin=start)


def joined(parts: Iterator[Reading]) -> Iterator[Reading]:
    """Yield each part of a document with what the parts before it say of it.

    That is title, pages and landmarks, and the headings under which it begins.
    """
    head: Reading | None = None
    above: Sequence[Section] = ()
    for part in parts:
        if head is None:
            head = part
        else:
            part = replace(  # noqa: PLW2901 - the same part, made whole
                part,
                title=head.title,
                pages=part.pages or head.pages,
                landmarks=part.landmarks or head.landmarks,
                sections=(*above, *part.sections),
            )
        above = open_sections(part.sections)
        yield part


def open_sections(sections: Sequence[Section]) -> tuple[Section, ...]:
    """List the sections that are still open after the last of them, outermost first."""
    path: list[Section] = []
    for section in sections:
        while path and path[-1].level >= section.level:
            path.pop()
        path.append(section)
    return tuple(path)


def _runs(blocks: Sequence[Span]) -> Iterator[tuple[Span, ...]]:
    first = 0
    for number, block in enumerate(blocks):
        if block.end - blocks[first].start > LONGEST and number > first:
            yield tuple(blocks[first:number])
            first = number
    if blocks:
        yield tuple(blocks[first:])
