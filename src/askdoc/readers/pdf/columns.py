"""Two columns of prose that a page writes line by line across both: read one after the other. Pure.

Most files write a column and then the next, and stay as they are. Tables stay as they are too:
their rows seldom go on in the next row, as the lines of prose do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from askdoc.readers.pdf.layout import PageLine

_LEAST_PAIRS = 6
_LEAST_FLOWING = 0.3
"""Of the lines of prose at least this share begins in the middle of a sentence."""

_SHORTEST = 15
"""Characters of a line that counts as prose; the last of a paragraph may be shorter."""

_SAME_LINE = 0.3
"""Baselines that differ by less than this share of the type's size are one."""


def in_reading_order(page: Sequence[PageLine]) -> Sequence[PageLine]:
    """Return the pieces of a page's lines, those of two columns of prose column by column."""
    pairs = [(a, b) for a, b in pairwise(page) if _side_by_side(a, b)]
    long = [pair for pair in pairs if min(len(one.text) for one in pair) >= _SHORTEST]
    if len(long) < _LEAST_PAIRS or 2 * len(long) < len(pairs):
        return page
    gutter = _gutter(long)
    if gutter is None or not all(_flows(side) for side in zip(*long, strict=True)):
        return page
    return list(_by_column(page, *gutter))


def _side_by_side(a: PageLine, b: PageLine) -> bool:
    near = abs(a.baseline - b.baseline) < _SAME_LINE * min(a.size, b.size)
    return near and a.angle == b.angle and b.left > a.right


def _gutter(pairs: Sequence[tuple[PageLine, PageLine]]) -> tuple[float, float] | None:
    """Return the edges of the white space between the columns, if all pairs leave it free."""
    left, right = max(a.right for a, _ in pairs), min(b.left for _, b in pairs)
    return (left, right) if left < right else None


def _flows(lines: Sequence[PageLine]) -> bool:
    flowing = sum(line.text[:1].islower() for line in lines)
    return flowing >= _LEAST_FLOWING * len(lines)


def _by_column(page: Sequence[PageLine], left: float, right: float) -> Iterator[PageLine]:
    """Yield the left column and then the right one, anew after each line that crosses both."""
    middle = (left + right) / 2
    waiting: list[PageLine] = []
    for line in page:
        if line.right <= middle:
            yield line
        elif line.left >= middle:
            waiting.append(line)
        else:
            yield from waiting
            waiting = []
            yield line
    yield from waiting
