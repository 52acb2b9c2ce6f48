"""Converts the positioned lines of pages to text, blocks and headings. Pure.

Lengths are in points. Blocks follow from the gaps between lines, the size of the type, and
`askdoc.readers.layout.lines`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from askdoc.readers.layout.headings import Heading
from askdoc.readers.layout.lines import Line, blocks, continues, is_rule
from askdoc.readers.layout.structure import arrange, list_items
from askdoc.strings import SOFT_HYPHEN, unparted
from askdoc.types import UNSTRUCTURED, Block, Kind, Span, Structure

PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.)?\s*[-–—|]?\s*(?:\d{1,4}|[ivxlc]{1,6})"
    r"(?:\s*(?:/|of|von)\s*\d{1,4})?\s*[-–—|]?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[0-9]{1,9}")
_NUMBERING = re.compile(r"\A[\dA-Z]{1,3}(?:\.\d{1,3})*[.:]?\s+(?=\S)")

_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Abbildung|Abb\.|Tabelle)\s+\d+(?:[.-]\d+)*\s*[.:–—|]")

_GAP = 1.35
"""A distance between baselines of this many times the usual one separates paragraphs."""

_SIZES = 1.06
"""A font size that differs by this factor means another kind of text."""

CELL = 2.0
"""White space of this many times the font size separates two table cells."""

_MARGIN_LINES = 2
_LEAST_REPEATS = 3
_TITLE_LINES = 3


@dataclass(frozen=True, slots=True)
class PageLine:
    """A line of a page: its text, edges, baseline and font size, in points.

    `left` and `right` grow in the writing direction, `baseline` grows towards the top of the page;
    `angle` is the writing angle in whole degrees.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    angle: int = 0
    in_table: bool = False


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of a document's outline: level 1 is the top; `page` counts from 0."""

    title: str
    level: int
    page: int
    height: float | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """The text of all pages, where each starts, its blocks, and the headings of its outline."""

    text: str
    pages: tuple[int, ...]
    blocks: tuple[Span, ...]
    headings: tuple[Heading, ...]
    structure: Structure = UNSTRUCTURED


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A page with the span of each line in the text of all pages."""

    start: int
    lines: Sequence[PageLine]
    spans: Sequence[Span]
    beside: Sequence[Span] = ()


def compose(
    pages: Sequence[Sequence[PageLine]],
    bookmarks: Sequence[Bookmark] = (),
    beside: Sequence[Sequence[str]] = (),
) -> Composed:
    """Join the pages with a blank line between them, and find the blocks.

    Page numbers are in the text but in no block; of a repeated header or footer, only the first is
    in a block. `beside` has the form fields and notes of each page: each becomes a line and a block
    below the page, without duplicates. A bookmark whose words are not on its page gets an empty
    heading.
    """
    new_notes = _first_of_each(beside) if beside else [[] for _ in pages]
    sheets = list(_sheets(pages, new_notes))
    parts = [
        "".join(f"{line}\n" for line in (*(line.text for line in sheet.lines), *more))
        for sheet, more in zip(sheets, new_notes, strict=True)
    ]
    text = "".join(f"{part}\n" if part else "" for part in parts).rstrip("\n")
    headings: list[Heading] = []
    alone: dict[int, int] = {}
    for bookmark in bookmarks:
        sheet = sheets[bookmark.page]
        first, last = _find(sheet, bookmark, after=headings[-1].span.end if headings else 0)
        if first < last:
            span = Span(sheet.spans[first].start, sheet.spans[last - 1].end)
            # All lines of a heading map to its start, so that `_runs` keeps them together and apart
            # from the lines around them.
            alone |= {sheet.spans[number].start: span.start for number in range(first, last)}
        else:
            start = sheet.spans[first].start if first < len(sheet.spans) else sheet.start
            span = Span(start, start)
        headings.append(Heading(span, bookmark.level, " ".join(bookmark.title.split())))
    headings.sort(key=lambda heading: heading.span.start)
    left_out = _furniture(sheets)
    runs = [run for sheet in sheets for run in _runs(text, sheet, left_out, alone)]
    starts = tuple(min(sheet.start, len(text)) for sheet in sheets)
    found = blocks(text, runs, widest=math.inf)
    if any(new_notes):
        apart = (span for sheet in sheets for span in sheet.beside)
        found = tuple(sorted((*found, *apart), key=lambda span: span.start))
    named = arrange(_named(text, sheets, found), headings)
    return Composed(text, starts, found, tuple(headings), named)


def _named(text: str, sheets: Sequence[_Sheet], blocks: Sequence[Span]) -> Iterator[Block]:
    """Return the kinds of blocks: table rows, form fields, list items, captions."""
    for sheet in sheets:
        for line, span in zip(sheet.lines, sheet.spans, strict=True):
            if line.in_table:
                yield Block(span, Kind.ROW)
        yield from (Block(span, Kind.FIELD) for span in sheet.beside)
    yield from list_items(text, blocks)
    yield from (Block(span, Kind.CAPTION) for span in blocks if _CAPTION.match(span.of(text)))


def _first_of_each(beside: Sequence[Sequence[str]]) -> list[list[str]]:
    """Drop lines that an earlier page has, too."""
    seen: set[str] = set()
    new_notes: list[list[str]] = []
    for lines in beside:
        new = [line for line in dict.fromkeys(lines) if line not in seen]
        seen.update(new)
        new_notes.append(new)
    return new_notes


def _sheets(
    pages: Sequence[Sequence[PageLine]], beside: Sequence[Sequence[str]]
) -> Iterator[_Sheet]:
    position = 0
    for page, more in zip(pages, beside, strict=True):
        lines = list(_joined(page))
        start = position
        spans: list[Span] = []
        for line in lines:
            spans.append(Span(position, position + len(line.text)))
            position += len(line.text) + 1
        apart: list[Span] = []
        for words in more:
            apart.append(Span(position, position + len(words)))
            position += len(words) + 1
        yield _Sheet(start, lines, spans, apart)
        position += bool(lines or more)


def _joined(page: Sequence[PageLine]) -> Iterator[PageLine]:
    """Join pieces on one line, such as a superscript and the text after it."""
    line: PageLine | None = None
    for piece in page:
        if line is None:
            line = piece
        elif stands_beside(line, piece):
            line = replace(
                line if line.size >= piece.size else piece,
                text=line.text + _space(line, piece) + piece.text,
                left=line.left,
                right=piece.right,
                in_table=line.in_table or piece.in_table,
            )
        else:
            yield line
            line = piece
    if line:
        yield line


def stands_beside(a: PageLine, b: PageLine) -> bool:
    """Tell whether `b` is on the same line as `a`, after it."""
    smaller = min(a.size, b.size)
    shared = min(a.baseline + a.size, b.baseline + b.size) - max(a.baseline, b.baseline)
    # A superscript overlaps its line by most of its own height; lines of a paragraph hardly do.
    return shared > 0.6 * smaller and b.left >= a.right - smaller / 4 and a.angle == b.angle


def _space(a: PageLine, b: PageLine) -> str:
    size, gap = max(a.size, b.size), b.left - a.right
    return "" if gap < size / 5 else " " if gap < CELL * size else "   "


def _runs(
    text: str, sheet: _Sheet, left_out: set[int], alone: Mapping[int, int]
) -> Iterator[list[Line]]:
    """Split the lines of a page where its layout separates two paragraphs."""
    leading = _leading(sheet.lines)
    group: list[int] = []
    for number, span in enumerate(sheet.spans):
        if span.start in left_out:
            continue
        if group:
            before = sheet.spans[group[-1]]
            if alone.get(before.start) != alone.get(span.start) or _parted(
                sheet.lines[group[-1]],
                sheet.lines[number],
                leading,
                is_continued=continues(text, before, span),
            ):
                yield _run(sheet, group)
                group = []
        group.append(number)
    if group:
        yield _run(sheet, group)


def _parted(a: PageLine, b: PageLine, leading: float, *, is_continued: bool) -> bool:
    """Tell whether the layout separates two consecutive lines."""
    if a.angle != b.angle or max(a.size, b.size) > _SIZES * min(a.size, b.size):
        return True
    drop = a.baseline - b.baseline
    if drop < 0:  # the next column, or a separate box
        return not is_continued
    return drop > _GAP * max(leading, a.size) or b.left > a.right


def _run(sheet: _Sheet, group: Sequence[int]) -> list[Line]:
    """Measure lines from the left edge of their column: a run may continue in the next one."""
    lines: list[Line] = []
    column: list[int] = []
    for number, following in zip(group, [*group[1:], None], strict=True):
        column.append(number)
        if following is None or sheet.lines[following].baseline > sheet.lines[number].baseline:
            edge = min(sheet.lines[one].left for one in column)
            for one in column:
                line = sheet.lines[one]
                lines.append(Line(sheet.spans[one], line.left - edge, line.right - edge))
            column = []
    return lines


def _leading(lines: Sequence[PageLine]) -> float:
    """Return the usual distance between baselines: that of the closer quarter of the lines."""
    drops = sorted(
        drop for a, b in pairwise(lines) if (drop := a.baseline - b.baseline) > a.size / 2
    )
    return drops[len(drops) // 4] if drops else 0.0


def _furniture(sheets: Sequence[_Sheet]) -> set[int]:
    """Return the starts of lines that are rules, page numbers, or repeated headers and footers."""
    counts = Counter(
        key
        for sheet in sheets
        for key in {_DIGITS.sub("#", sheet.lines[number].text) for number in _outermost(sheet)}
    )
    first: dict[str, tuple[int, list[int]]] = {}
    found: set[int] = set()
    for page, sheet in enumerate(sheets):
        for line, span in zip(sheet.lines, sheet.spans, strict=True):
            if is_rule(line.text):
                found.add(span.start)
        for number in _outermost(sheet):
            text = sheet.lines[number].text
            key = _DIGITS.sub("#", text)
            numbers = [int(digits) for digits in _DIGITS.findall(text)]
            there, before = first.setdefault(key, (page, numbers))
            steps = {after - former for after, former in zip(numbers, before, strict=True)}
            # In a repeated header a number stays the same or counts the pages. Lines whose numbers
            # differ otherwise are content that only looks alike, such as rows of a table.
            repeats = counts[key] >= _LEAST_REPEATS and there < page and steps <= {0, page - there}
            if repeats or (PAGE_NUMBER.fullmatch(text) and numbers[:1] in ([], [page + 1])):
                found.add(sheet.spans[number].start)
    return found


def _outermost(sheet: _Sheet) -> list[int]:
    """Return the separate lines at the top and at the bottom of a page."""
    lines = sheet.lines
    order = sorted(range(len(lines)), key=lambda number: -lines[number].baseline)
    gap = _GAP * max(_leading(lines), min((line.size for line in lines), default=0.0))
    return sorted({*_apart(order, lines, gap), *_apart(order[::-1], lines, gap)})


def _apart(order: Sequence[int], lines: Sequence[PageLine], gap: float) -> Sequence[int]:
    for count in range(1, min(_MARGIN_LINES + 1, len(order))):
        last, following = lines[order[count - 1]], lines[order[count]]
        if abs(last.baseline - following.baseline) > gap:
            return order[:count]
    return ()


def _find(sheet: _Sheet, bookmark: Bookmark, after: int) -> tuple[int, int]:
    """Return the half-open range of lines with the words of a bookmark; empty if there is none.

    Lines before the offset `after` belong to earlier bookmarks. If the words are missing, the
    bookmark's height selects the line.
    """
    wanted = _plain(bookmark.title)
    for first, span in enumerate(sheet.spans):
        if span.start < after:
            continue
        words = ""
        for last in range(first, min(first + _TITLE_LINES, len(sheet.lines))):
            words = f"{words}\n{sheet.lines[last].text}".strip()
            if _plain(unparted(words)) == wanted:
                return first, last + 1
    if bookmark.height is None:
        return 0, 0
    below = (
        number
        for number, line in enumerate(sheet.lines)
        if line.baseline <= bookmark.height and sheet.spans[number].start >= after
    )
    first = next(below, 0)
    return first, first


def _plain(words: str) -> str:
    """Return a heading's words without number and case."""
    return "".join(_NUMBERING.sub("", words.strip(), count=1).casefold().split())


_LEAST_PAIRS = 6
_LEAST_FLOWING = 0.3
"""Least share of prose lines that begin in the middle of a sentence."""

_SHORTEST = 15
"""Least characters of a prose line; the last of a paragraph may be shorter."""

_SAME_LINE = 0.3
"""Baselines that differ by less than this share of the font size are equal."""


def in_reading_order(page: Sequence[PageLine]) -> Sequence[PageLine]:
    """Return the pieces of a page's lines, those of two columns of prose column by column."""
    # Cells of a table also stand side by side. But they are short, and few begin in the middle of a
    # sentence, as half of the lines of prose do.
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
    """Yield the left column, then the right one, again below each line that spans both."""
    middle = (left + right) / 2
    waiting: list[PageLine] = []
    for line in page:
        if line.right <= middle:
            yield line
        elif line.left >= middle:
            waiting.append(line)
        else:
            # A line across both columns, such as a heading, ends the columns above it.
            yield from waiting
            waiting = []
            yield line
    yield from waiting


_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BEFORE = re.compile(r"([^\W\d_]+)-\Z")
_AFTER = re.compile(r"[^\W\d_]+")


def soften(
    pages: Iterable[Sequence[PageLine]], is_common: Callable[[str], bool]
) -> list[list[PageLine]]:
    """Mark words that are split at a line end with a soft hyphen; `is_common` knows words."""
    pages = list(pages)
    known = {word.casefold() for page in pages for word in _whole_words(page)}

    def is_known(word: str) -> bool:
        return word.casefold() in known or is_common(word.casefold())

    return [
        [
            replace(line, text=line.text[:-1] + SOFT_HYPHEN)
            if _is_parted(line.text, following.text if following else "", is_known)
            else line
            for line, following in zip(page, [*page[1:], None], strict=False)
        ]
        for page in pages
    ]


def _whole_words(page: Sequence[PageLine]) -> Iterator[str]:
    """Yield the words of a page, except those at line ends, which may be split."""
    follows = False
    for line in page:
        parts = bool(_BEFORE.search(line.text))
        words = _WORD.findall(line.text)
        yield from words[follows : len(words) - parts]
        follows = parts


def _is_parted(line: str, following: str, is_known: Callable[[str], bool]) -> bool:
    before, after = _BEFORE.search(line), _AFTER.match(following)
    if before is None or after is None or not after[0].islower():
        return False
    head, tail = before[1], after[0]
    if is_known(head + tail):
        return True
    # Neither form is known, as for a name: join it, unless both halves are words by themselves.
    return not is_known(f"{head}-{tail}") and not (is_known(head) and is_known(tail))
