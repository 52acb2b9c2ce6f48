"""Composes the text of a reading block by block, and records where each place begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, islice, pairwise

from askdoc.readers.copies import Copies
from askdoc.readers.html_tree import Written
from askdoc.readers.layout.headings import Heading, without_headings
from askdoc.readers.layout.lines import blocks, line_blocks, text_runs
from askdoc.readers.layout.structure import arrange, list_items, shift, shift_fields
from askdoc.strings import CELL
from askdoc.types import Block, Field, Kind, Part, Reading, Span
from askdoc.types.places import PROPERTIES, Landmark, Landmarks, Place, PlaceKind

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\ufeff\ufffe\uffff]")
"""Control characters and soft hyphens."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_BREAKS = re.compile("\r\n|[\r\u2028\u2029\x0b\x0c]")
_WORD = re.compile(r"\w")
_FILE_NUMBER = re.compile(r"[\W\d_]*\d{5}[\W\d_]*")
"""A title of digits, as agencies give to what they receive: `0000320193-23-000106`."""

_FIGURE = re.compile(r"[\d\W_]+")
_YEAR = re.compile(r"(?:1[5-9]|2[01])\d\d")
_LONGEST_NAME = 80
_LONGEST_BLOCK = 20_000

TURN = "\ufdd0"
"""Marks in a paragraph where the next of its `turns` (places) begins; no text contains this
character."""

SPANNED = "\ufdd1"
"""A cell that is covered by a merged cell on its left; no text contains this character."""


class Composer:
    """Collects paragraphs, headings and places in order; `reading` returns the result."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._blocks: list[Span] = []
        self._headings: list[Heading] = []
        self._landmarks: list[Landmark] = []
        self._structure: list[Block] = []
        self._fields: list[Field] = []
        self._waiting: Place | None = None
        self._close = False

    def __bool__(self) -> bool:
        return bool(self._blocks)

    @property
    def length(self) -> int:
        """How many characters there are so far."""
        return self._length

    @property
    def top_heading(self) -> str | None:
        """The first heading of the top level."""
        return next((heading.title for heading in self._headings if heading.level == 1), None)

    def place(self, place: Place) -> None:
        """Start a place at the next words."""
        self._waiting = place

    def heading(self, words: str, level: int) -> None:
        """Write a heading; an empty one is ignored."""
        title = " ".join(clean(words).split())
        if _WORD.search(title):
            span = self._put(title, "\n\n")
            self._headings.append(Heading(span, level, title))
            self._blocks.append(span)

    def section(self, title: str, level: int) -> None:
        """Start a section at the next words; its title is not part of the text."""
        title = " ".join(clean(title).split())
        if title:
            start = self._length + (2 if self._pieces else 0)
            self._headings.append(Heading(Span(start, start), level, title))
            self._close = False

    def paragraph(
        self,
        words: str,
        *,
        close: bool = False,
        join: bool = True,
        turns: Sequence[Place] = (),
        kind: Kind = Kind.PROSE,
    ) -> None:
        """Write a paragraph of blocks of this `kind`.

        A line that was ended on purpose ends a block; without `join`, each line does. Between two
        paragraphs with `close` there is no blank line. The places of `turns` begin at the marks
        `TURN` in the words.
        """
        marked = "\n".join(line.rstrip() for line in clean(words).split("\n")).strip("\n")
        first, *others = marked.split(TURN) if turns else (marked,)
        text = first + "".join(others)
        found = line_blocks(text, join=join)
        if not found:
            return
        start = self._put(text, "\n" if close and self._close else "\n\n").start
        for line in found:
            self._blocks += _shorter(line.of(text), start + line.start)
        self._note(Span(start + found[0].start, start + found[-1].end), kind)
        begins = accumulate(map(len, others), initial=start + len(first))
        self._landmarks += [Landmark(at, turn) for at, turn in zip(begins, turns, strict=False)]
        self._close = close

    def item(self, words: str, *, turns: Sequence[Place] = ()) -> None:
        """Write an item of a list."""
        self.paragraph(words, close=True, turns=turns, kind=Kind.ITEM)

    def code(self, words: str) -> None:
        """Write code, each of its lines a block of its own."""
        self.paragraph(words, join=False, kind=Kind.CODE)

    def quote(self, words: str) -> None:
        """Write a quoted paragraph."""
        self.paragraph(words, kind=Kind.QUOTE)

    def caption(self, words: str) -> None:
        """Write the caption of a picture or table."""
        self.paragraph(words, kind=Kind.CAPTION)

    def field(self, key: str, value: str, *, of_document: bool = True) -> None:
        """Write a property as a line; `of_document` makes it a field of the document."""
        before = self._length
        self.row(f"{key}: {value}", kind=Kind.FIELD)
        if of_document and self._length > before:
            span = Span(self._structure[-1].span.start, self._length)
            self._fields.append(Field(key.lower(), " ".join(clean(value).split()), span))

    def _properties(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Write the properties of the file below its text.

        Properties without a value are left out, and so is a title that is a heading of the text.
        """
        text = "".join(self._pieces)
        titles = {
            " ".join(block.span.of(text).split()): block.span
            for block in arrange(self._structure, self._headings).blocks
            if block.kind is Kind.HEADING
        }
        known = {(field.key, field.value) for field in self._fields}
        began = False
        for key, value in pairs:
            words = " ".join(clean(value).split())
            if not _WORD.search(words) or (key.lower(), words) in known:
                continue
            if key == "Title" and words in titles:
                self._fields.append(Field("title", words, titles[words]))
                continue
            if not began:
                self._headings = self._sections_with_text()
                self.section("Properties", 1)
                self.place(PROPERTIES)
                began = True
            self.field(key, words)

    def flow(self, words: str) -> None:
        """Write text that is wrapped to a width, as in a message.

        Lines after `>` are quoted.
        """
        text = clean(words).strip("\n")
        found = blocks(text, text_runs(text))
        if found:
            start = self._put(text, "\n\n").start
            spans = [Span(start + one.start, start + one.end) for one in found]
            self._blocks += spans
            quoted = [one.of(text).startswith(">") for one in found]
            listed = list_items(
                text, [one for one, is_quote in zip(found, quoted, strict=True) if not is_quote]
            )
            self._structure += shift(listed, start)
            for span, is_quote in zip(spans, quoted, strict=True):
                if is_quote:
                    self._note(span, Kind.QUOTE)

    def line(self, words: str, *, is_continued: bool) -> None:
        """Write a line, which may continue the sentence of the line before."""
        text = " ".join(clean(words).split())
        if not _WORD.search(text):
            return
        span = self._put(text, "\n")
        start = self._blocks.pop().start if is_continued and self._blocks else span.start
        self._blocks.append(Span(start, span.end))

    def embed(self, reading: Reading, *, below: int = 0) -> None:
        """Write another reader's reading without its places, with its sections `below` a level."""
        text = reading.text.rstrip()
        start = self._put(text, "\n\n").start
        self._blocks += [Span(start + one.start, start + one.end) for one in reading.blocks]
        self._headings += [
            Heading(Span(at, at), section.level + below, section.title)
            for section in reading.sections
            for at in (start + section.start,)
        ]
        self._structure += shift(reading.structure.blocks, start)
        self._fields += shift_fields(reading.fields, start)

    def row(self, words: str, *, turns: Sequence[Place] = (), kind: Kind = Kind.ROW) -> None:
        """Write one line that must stay a single block, such as a row of a table.

        The places of `turns` begin at the marks `TURN` in the words.
        """
        marked = " ".join(clean(words).split())
        first, *others = marked.split(TURN) if turns else (marked,)
        text = first + "".join(others)
        if _WORD.search(text):
            before = self._waiting
            span = self._put(text, "\n" if self._close else "\n\n")
            begins = accumulate(map(len, others), initial=span.start + len(first))
            for at, turn in zip(begins, turns, strict=False):
                if turn != before:
                    self._landmarks.append(Landmark(at, turn))
                before = turn
            self._blocks += _shorter(text, span.start)
            self._note(span, kind)
            self._close = True

    def written(self, page: Written, *, below: int = 0, lines: bool = False) -> None:
        """Write the result of an HTML page, with its headings `below` a level.

        With `lines`, the lines of its source are places.
        """
        if not page.blocks:
            return
        start = self._put(page.text, "\n\n").start
        if lines:
            self._landmarks += [
                Landmark(start + at, Place(PlaceKind.LINE, line)) for at, line in page.lines
            ]
        self._blocks += [Span(start + one.start, start + one.end) for one in page.blocks]
        self._headings += [
            Heading(
                Span(start + one.span.start, start + one.span.end), one.level + below, one.title
            )
            for one in page.headings
        ]
        self._structure += shift(page.structure.blocks, start)

    def reading(
        self,
        *,
        title: str | None = None,
        author: str | None = None,
        warnings: Sequence[str] = (),
        parts: Sequence[Part] = (),
        properties: Iterable[tuple[str, str]] = (),
    ) -> Reading:
        """Return the reading, with the `properties` of the file below.

        Title and author of the properties win over the arguments.
        """
        about = dict(properties)
        title, author = about.get("Title") or title, about.get("Author") or author
        self._properties(about.items())
        text = "".join(self._pieces)
        headings = self._sections_with_text()
        return Reading(
            text=text,
            blocks=without_headings(self._blocks, headings),
            title=named(title),
            author=named(author),
            sections=tuple(heading.section() for heading in headings),
            landmarks=Landmarks.of(self._landmarks),
            warnings=tuple(warnings),
            parts=tuple(parts),
            structure=arrange(self._structure, self._headings),
            fields=tuple(self._fields),
        )

    def _sections_with_text(self) -> list[Heading]:
        """List the headings without empty sections at the end."""
        return [one for one in self._headings if len(one.span) or one.span.start < self._length]

    def _note(self, span: Span, kind: Kind) -> None:
        """Record the kind of a span, unless it is prose."""
        if kind is not Kind.PROSE:
            self._structure.append(Block(span, kind))

    def _put(self, text: str, between: str) -> Span:
        if self._pieces:
            self._pieces.append(between)
            self._length += len(between)
        self._close = False
        start = self._length
        if self._waiting is not None:
            self._landmarks.append(Landmark(start, self._waiting))
            self._waiting = None
        self._pieces.append(text)
        self._length += len(text)
        return Span(start, self._length)


def _shorter(text: str, start: int) -> Iterator[Span]:
    """Cut a very long line at white space, which bounds the work of all later steps."""
    position = 0
    while len(text) - position > _LONGEST_BLOCK:
        cut = text.rfind(" ", position + _LONGEST_BLOCK // 2, position + _LONGEST_BLOCK)
        cut = cut if cut > 0 else position + _LONGEST_BLOCK
        yield Span(start + position, start + len(text[:cut].rstrip()))
        position = cut + (len(text[cut : cut + 80]) - len(text[cut : cut + 80].lstrip()))
    yield Span(start + position, start + len(text))


def clean(words: str) -> str:
    """Return words without control characters, with every line end as a line feed."""
    words = _UNSEEN.sub("", _BREAKS.sub("\n", words))
    return _SURROGATES.sub("\ufffd", words)


def table_rows(rows: Iterable[Sequence[str]]) -> Iterable[tuple[int, str]]:
    """Yield (row number, text); each cell is preceded by the name of its column (`name: value`).

    Without a header, and in the header, there are only the cells. Empty cells and rows are left
    out. A header cell followed by `SPANNED` names several columns, and the row below may refine the
    names. Notes may stand above the header.
    """
    numbered = enumerate(rows, start=1)
    first = list(islice(numbered, _MOST_NOTES))
    notes = _notes_above(first)
    for number, raw in first[:notes]:
        if filled := _filled(raw):
            yield number, CELL.join(filled)
    head: Sequence[str] | None = None
    undecided = True
    above: Sequence[str] = ()
    for number, raw in chain(first[notes:], numbered):
        cells = [" ".join(cell.split()) for cell in raw]
        row = ["" if cell == SPANNED else cell for cell in cells]
        filled = [cell for cell in row if cell]
        if not filled:
            continue
        if above and (named := _joined(above, cells)) is not None:
            head, above = named, ()
            yield number, CELL.join(filled)
            continue
        above = ()
        if undecided and len(filled) > 1:
            undecided = False
            if _heads(cells):
                head = spread(cells)
                above = cells if SPANNED in cells else ()
                yield number, CELL.join(filled)
                continue
        is_heading = len(filled) == 1 and SPANNED in cells  # a title of the rows below
        yield number, CELL.join(_cells(row, head) if head and not is_heading else filled)


def _notes_above(rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    """Count the rows of notes above the header of a table; 0 if it has no clear one.

    The header stands right above the first row with a number, has more cells than all rows of notes
    above it, and at least as many as the row below it.
    """
    widest, last = 0, None
    for at, (_, raw) in enumerate(rows):
        filled = _filled(raw)
        if not filled:
            continue
        if any(map(_is_figure, filled)):
            if last is None or not widest:
                return 0
            head = [" ".join(cell.split()) for cell in rows[last][1]]
            wide = len(_filled(head))
            return last if _heads(head) and wide > widest and wide >= len(filled) else 0
        if SPANNED in raw:
            return 0
        widest = max(widest, len(_filled(rows[last][1])) if last is not None else 0)
        last = at
    return 0


def _filled(raw: Sequence[str]) -> list[str]:
    """Return the cells of a row that are not empty, each on one line."""
    cells = [" ".join(cell.split()) for cell in raw]
    return [cell for cell in cells if cell and cell != SPANNED]


def spread(cells: Sequence[str]) -> list[str]:
    """Fill each `SPANNED` cell with the words of the cell that covers it."""
    expanded: list[str] = []
    for cell in cells:
        expanded.append((expanded[-1] if expanded else "") if cell == SPANNED else cell)
    return expanded


def _joined(above: Sequence[str], below: Sequence[str]) -> list[str] | None:
    """Name columns by two header rows; None if the second one already has values.

    Its cells are below merged cells; below all others it is empty, or repeats the cell above.
    """
    width = max(len(above), len(below))
    first = [*above, *[""] * (width - len(above))]
    second = [*below, *[""] * (width - len(below))]
    names = [cell for cell in second if cell and cell != SPANNED]
    if len(names) <= 1 or not all(_is_name(cell) or _YEAR.fullmatch(cell) for cell in names):
        return None
    if any(
        under not in ("", SPANNED, over)
        for over, under, is_wide in zip(first, second, _wide(first), strict=True)
        if not is_wide
    ):
        return None
    pairs = zip(spread(first), spread(second), strict=True)
    return [one if one == other else f"{one} {other}".strip() for one, other in pairs]


def _heads(cells: Sequence[str]) -> bool:
    """Tell whether a first row has column names: words, years in order, or merged numbers."""
    pairs = [pair for pair in zip(cells, _wide(cells), strict=True) if pair[0] not in ("", SPANNED)]
    years = [cell for cell, _ in pairs if _YEAR.fullmatch(cell)]
    named = frozenset(years if _follow(years) and len(years) < len(pairs) else ())
    names = all(
        _is_name(cell) or cell in named or (wide and len(cell) <= _LONGEST_NAME)
        for cell, wide in pairs
    )
    return names and len({cell for cell, _ in pairs}) == len(pairs)


def _follow(years: Sequence[str]) -> bool:
    """Tell whether years stand in order, as they do in a head and hardly ever in a row."""
    return len(years) > 1 and years in (sorted(years), sorted(years, reverse=True))


def _wide(cells: Sequence[str]) -> list[bool]:
    """Return for each cell whether it covers several columns."""
    return [SPANNED in pair for pair in pairwise([*cells, ""])]


def _is_name(cell: str) -> bool:
    return bool(_WORD.search(cell)) and not _is_figure(cell) and len(cell) <= _LONGEST_NAME


def _is_figure(cell: str) -> bool:
    return bool(_FIGURE.fullmatch(cell))


def _cells(row: Sequence[str], head: Sequence[str]) -> Iterable[str]:
    for position, cell in enumerate(row):
        if cell:
            name = head[position] if position < len(head) else ""
            yield f"{name}: {cell}" if name else cell


def named(name: str | None) -> str | None:
    """Return a name on one line, or None if it has no word or is the number of a file."""
    words = " ".join(clean(name or "").split())
    return words if _WORD.search(words) and not _FILE_NUMBER.fullmatch(words) else None


_MOST_NOTES = 20
"""Rows at the top of a table where its header is looked for."""

_MOST_COLUMNS = 256
_MOST_ROWS = 1000
_LONGEST_REPEATED = 200
"""Most rows and columns into which a merged cell is repeated, and its greatest length for that."""


@dataclass(frozen=True, slots=True)
class Wide:
    """A merged cell: its first column, from 1, and how many columns and rows it covers."""

    column: int
    columns: int
    rows: int


def repeat_wide_cells(
    rows: Iterable[tuple[list[str], Sequence[Wide]]], copies: Copies
) -> Iterator[list[str]]:
    """Yield rows with merged cells expanded, as `table_rows` expects them.

    Each non-empty row repeats the merged cells from above; other covered cells are `SPANNED`,
    unless they have words.
    """
    spanning: dict[int, tuple[Wide, str]] = {}
    for row, begin in rows:
        for wide, words in spanning.values() if any(row) else ():
            _reach_over(row, wide, words if copies.of(words, 2) > 1 else SPANNED)
        spanning = {
            column: (replace(wide, rows=wide.rows - 1), words)
            for column, (wide, words) in spanning.items()
            if wide.rows > 1
        }
        for wide in begin:
            if 0 < wide.column <= len(row) and row[wide.column - 1]:
                words = row[wide.column - 1]
                _reach_over(row, wide, words)
                if (
                    wide.rows > 1
                    and len(words) <= _LONGEST_REPEATED
                    and wide.column <= _MOST_COLUMNS
                ):
                    rows_below = min(wide.rows - 1, _MOST_ROWS)
                    spanning[wide.column] = replace(wide, rows=rows_below), words
        yield row


def _reach_over(row: list[str], wide: Wide, words: str) -> None:
    """Write a merged cell's words into a row, and mark the other cells that it covers."""
    last = wide.column + wide.columns - 1
    row += [""] * (min(last, _MOST_COLUMNS) - len(row))  # a row may be shorter than the table
    for column in range(wide.column, min(last, len(row)) + 1):
        if not row[column - 1]:
            row[column - 1] = words if column == wide.column else SPANNED
