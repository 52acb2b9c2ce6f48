"""Headings: which lines of a plain text are some, and what they do to blocks. Pure.

A heading is context, not a sentence to cite: it becomes a section, and the words below it are found
through it. A heading with nothing below it stays a block, so that no word is lost.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from askdoc.layout import Run, ends_sentence
from askdoc.types import Section, Span

_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})[.)]?\s+(?=[^\W\d_])")
_UNDERLINE = re.compile(r"\s*\n[ \t]*(={3,}|-{3,})[ \t]*(?=\r?\n|\r|$)")
_UNLIKE = re.compile(r"[@|\t]|https?:|\S: \S|[,;]$|\.{4}")

_LONGEST_HEADING = 80
_LONGEST_TITLE = 160
_LEAST_PROSE = 80


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading where it stands in the text; level 1 is the top."""

    span: Span
    level: int
    title: str

    def section(self) -> Section:
        """Return the section that starts here."""
        return Section(self.span.start, self.level, self.title)


def text_headings(text: str, runs: Sequence[Run]) -> list[Heading]:
    """List the headings of a plain text.

    Only what can hardly be anything else counts: an underlined line, or a short line between blank
    lines that ends no sentence and is followed by prose. Levels come from the underline or the
    number before the words.
    """
    headings: list[Heading] = []
    for place, run in enumerate(runs):
        if len(run) != 1 or not _may_head(line := run[0].span.of(text)):
            continue
        drawn = _UNDERLINE.match(text, run[0].span.end)
        after = runs[place + 1] if place + 1 < len(runs) else ()
        if drawn or _is_prose(text, after):
            number = _NUMBERED.match(line)
            level = number[1].count(".") + 1 if number else 1
            if drawn:
                level = 1 if drawn[1].startswith("=") else 2
            headings.append(Heading(run[0].span, level, " ".join(line.split())))
    return headings


def text_title(text: str, runs: Sequence[Run], headings: Sequence[Heading]) -> Heading | None:
    """Return the title of a plain text, where its first line is one beyond doubt.

    A first line that looks like a heading names the document if no other heading follows, or if no
    text stands directly below it; else it may as well name the first section alone.
    """
    if not runs or len(runs[0]) != 1 or not any(_is_prose(text, run) for run in runs[1:]):
        return None
    span = runs[0][0].span
    is_heading = bool(headings) and headings[0].span == span
    rivals = is_heading and any(other.level <= headings[0].level for other in headings[1:])
    if rivals or not _may_head(span.of(text), longest=_LONGEST_TITLE):
        return None
    return Heading(span, 1, " ".join(span.of(text).split()))


def without(blocks: Sequence[Span], headings: Sequence[Heading]) -> tuple[Span, ...]:
    """Return the blocks with every heading taken out, but for those with no block below them.

    Both are in order, and no block reaches into a heading and out of it. A heading whose words are
    not in the text has an empty span and takes nothing out.
    """
    starts = [heading.span.start for heading in headings]
    text = [block for block in blocks if not _covered(block, headings, starts)]
    text_starts = [block.start for block in text]
    bare = [
        heading.span
        for heading, end in zip(headings, _ends(headings), strict=True)
        if len(heading.span)
        and bisect_left(text_starts, heading.span.end) == bisect_left(text_starts, end)
    ]
    return tuple(sorted([*text, *bare]))


def _covered(block: Span, headings: Sequence[Heading], starts: Sequence[int]) -> bool:
    place = bisect_right(starts, block.start) - 1
    return place >= 0 and headings[place].span.covers(block)


def _ends(headings: Sequence[Heading]) -> list[float]:
    """Return where what stands below each heading ends: at the next one that is not deeper."""
    ends: list[float] = []
    following: list[Heading] = []
    for heading in reversed(headings):
        while following and following[-1].level > heading.level:
            following.pop()
        ends.append(following[-1].span.start if following else float("inf"))
        following.append(heading)
    return ends[::-1]


def _may_head(line: str, longest: int = _LONGEST_HEADING) -> bool:
    """Tell whether a line could be a heading by its looks alone."""
    number = _NUMBERED.match(line) if len(line) <= longest else None
    words = line[number.end() if number else 0 :]
    return (
        len(line) <= longest
        and not ends_sentence(line)
        and not _UNLIKE.search(line)
        and words[:1].isalpha()
        and not words[:1].islower()
    )


def _is_prose(text: str, run: Run) -> bool:
    """Tell whether a run of lines reads like sentences."""
    if not run:
        return False
    whole = text[run[0].span.start : run[-1].span.end]
    return len(whole) >= _LEAST_PROSE and ends_sentence(whole)
