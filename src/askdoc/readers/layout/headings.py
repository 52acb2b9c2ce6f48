"""Finds the headings of a plain text.

Pure. A heading is context, not a sentence to cite: it becomes a section, and helps to find the
words below it. A heading without text below, or with a date, stays a block as well.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from askdoc.readers.layout.lines import Run, continues, ends_sentence
from askdoc.text.values import states_a_day
from askdoc.types import Section, Span

_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})[.)]?\s+(?=[^\W\d_])")
_NAMED = re.compile(
    r"""(?: [^\W\d_]\w+ \s+ (?: \d{1,3} | [IVX]{1,5} ) \s? [.:–—-]  # Chapter 4. Part II:
          | §{1,2} \s* \d{1,4} [a-z]? [.:]?
    ) \s+ (?=[^\W\d_])""",
    re.VERBOSE,
)
"""A heading with a word or sign before its number: `Chapter 4.`, `§ 2`."""

_DIGITS = re.compile(r"\d{1,2}(?:\.\d{1,2})*(?=[.)]?\s)")
_UNDERLINE = re.compile(r"\s*\n[ \t]*(={3,}|-{3,})[ \t]*(?=\r?\n|\r|$)")
_UNLIKE = re.compile(r"[@|\t]|https?:|\S: \S|[,;]$|\.{4}")

_LONGEST_HEADING = 80
_LONGEST_NAME = 50
_LONGEST_TITLE = 160
_LEAST_PROSE = 80
_LEAST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading with its span in the text; level 1 is the top."""

    span: Span
    level: int
    title: str

    def section(self) -> Section:
        """Return the section that starts here."""
        return Section(self.span.start, self.level, self.title)


def text_headings(text: str, runs: Sequence[Run]) -> list[Heading]:
    """List the headings of a plain text.

    Only clear cases count: an underlined line, or a short line between blank lines that does not
    end a sentence and is followed by prose. The underline or the number gives the level.
    """
    headings: list[Heading] = []
    for place, run in enumerate(runs):
        if len(run) != 1 or not _may_head(line := run[0].span.of(text)):
            continue
        drawn = _UNDERLINE.match(text, run[0].span.end)
        after = runs[place + 1] if place + 1 < len(runs) else ()
        if drawn or _is_prose(text, after):
            level = _depth(line) or 1
            if drawn:
                level = 1 if drawn[1].startswith("=") else 2
            headings.append(Heading(run[0].span, level, " ".join(line.split())))
    return headings


def headings_above(text: str, runs: Sequence[Run], blocks: Sequence[Span]) -> list[Heading]:
    """List the numbered headings directly above their text.

    Without a blank line, a numbered line may also be a list item. It is a heading if a word such as
    `Chapter` precedes the number, or if several such lines each have a sentence below, without a
    number or with a deeper one. A line with other numbers is a statement.
    """
    block_at = {one.start: one for one in blocks}
    named: list[Heading] = []
    plain: list[Heading] = []
    for run in runs:
        for place, (line, below) in enumerate(pairwise(run)):
            words, block = line.span.of(text), block_at.get(below.span.start)
            if place and not ends_sentence(run[place - 1].span.of(text)):
                continue
            if block is None or block_at.get(line.span.start) != line.span:
                continue
            if continues(text, line.span, block) or not _names(words):
                continue
            depth = _depth(words)
            if _is_value(block.of(text), depth):
                heading = Heading(line.span, depth or 1, " ".join(words.split()))
                (plain if depth else named).append(heading)
    return sorted([*named, *(plain if len(plain) > 1 else ())], key=lambda one: one.span)


def text_title(text: str, runs: Sequence[Run], headings: Sequence[Heading]) -> Heading | None:
    """Return the title of a plain text if its first line clearly is one.

    A first line that looks like a heading is the title if there is no text directly below it, or if
    all other headings have a word before their number. Otherwise it may belong to the first section
    only.
    """
    if not runs or len(runs[0]) != 1 or not any(_is_prose(text, run) for run in runs[1:]):
        return None
    span = runs[0][0].span
    is_heading = bool(headings) and headings[0].span == span
    rivals = is_heading and any(
        other.level <= headings[0].level and not _NAMED.match(other.title) for other in headings[1:]
    )
    if rivals or not _may_head(span.of(text), longest=_LONGEST_TITLE):
        return None
    return Heading(span, 1, " ".join(span.of(text).split()))


def without_headings(blocks: Sequence[Span], headings: Sequence[Heading]) -> tuple[Span, ...]:
    """Return the blocks without those of headings, except headings that are evidence themselves.

    That are headings without a block below, and those with a date, as in `2.1.0 - 2024-05-17`. Both
    lists are sorted, and no block crosses the border of a heading. A heading that is not in
    the text has an empty span.
    """
    starts = [heading.span.start for heading in headings]
    text = [block for block in blocks if not _covered(block, headings, starts)]
    text_starts = [block.start for block in text]
    bare = [
        heading.span
        for heading, end in zip(headings, _ends(headings), strict=True)
        if len(heading.span)
        and (
            bisect_left(text_starts, heading.span.end) == bisect_left(text_starts, end)
            or states_a_day(heading.title)
        )
    ]
    return tuple(sorted([*text, *bare]))


def _covered(block: Span, headings: Sequence[Heading], starts: Sequence[int]) -> bool:
    place = bisect_right(starts, block.start) - 1
    return place >= 0 and headings[place].span.covers(block)


def _ends(headings: Sequence[Heading]) -> list[float]:
    """Return where the text of each heading ends: at the next heading that is not deeper."""
    ends: list[float] = []
    following: list[Heading] = []
    for heading in reversed(headings):
        while following and following[-1].level > heading.level:
            following.pop()
        ends.append(following[-1].span.start if following else float("inf"))
        following.append(heading)
    return ends[::-1]


def _depth(line: str) -> int:
    """Return the depth of a line's number: 2 for `3.1`."""
    number = _NUMBERED.match(line)
    return number[1].count(".") + 1 if number else 0


def _names(line: str) -> bool:
    """Tell whether a line is a number followed by a name."""
    label = _NAMED.match(line) or _NUMBERED.match(line)
    name = line[label.end() :] if label else ""
    return _may_head(name, longest=_LONGEST_NAME) and not any(map(str.isdigit, name))


def _is_value(block: str, depth: int) -> bool:
    """Tell whether a block is a sentence that can follow a heading of this depth."""
    number = _DIGITS.match(block)
    alike = _NAMED.match(block) or (depth and number and number[0].count(".") < depth)
    return not alike and ends_sentence(block) and len(block) >= _LEAST_TOLD


def _may_head(line: str, longest: int = _LONGEST_HEADING) -> bool:
    """Tell whether a line by itself could be a heading."""
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
