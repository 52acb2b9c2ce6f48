"""Reads Excel workbooks: `.xlsx` with openpyxl, `.xls` with xlrd; a row is a block."""

from __future__ import annotations

import datetime as dt
import posixpath
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from itertools import chain, islice
from typing import IO, Any, NamedTuple

import openpyxl
from lxml import etree

from askdoc.errors import ReadError
from askdoc.readers.composer import Composer, Wide, repeat_wide_cells, table_rows
from askdoc.readers.copies import Copies
from askdoc.readers.hidden import HIDDEN, Hidden, Unseen
from askdoc.readers.office.properties import Pairs, core_properties
from askdoc.readers.package import Package, as_usual
from askdoc.readers.refusal import damaged, locked, wordless
from askdoc.strings import CELL
from askdoc.types import Reading
from askdoc.types.places import Place, PlaceKind

_FOUND = re.compile(
    rb'mergeCell\s[^<>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"'
    rb"|<(?:\w+:)?c\b(?P<cell>[^<>]*)>\s*<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A merged cell, or one with a formula whose value is missing or empty."""

_HIDES = b' hidden="'
_HIDDEN = re.compile(rb'<(?:\w+:)?(row|col)(\s(?:[^<>]*\s)?hidden="(?:1|true)"[^<>]*)>')
_NUMBERS = re.compile(rb'\b(?:r|min|max)="([0-9]{1,7})"')
_MOST_COLUMNS = 16_384

_IS_TEXT = b't="str"'
"""The cell type of a formula with a text result, which may be empty."""

_MOST_MERGED = 10_000
_BLOCK = 1 << 18
_LONGEST_MARK = 20_000
_ROW = re.compile(r"[A-Z]{1,3}([0-9]{1,7})")
_ANY = "{*}"

_MOST_EMPTY = 100_000
"""After this many empty rows, a sheet is taken to end."""

_EXACT = 1e15
"""Whole numbers below this are written with all their digits."""

_QUOTED = re.compile(r'"[^"]*"|\\.')
"""Quoted and escaped parts of a number format, which are literal."""


@dataclass(slots=True)
class Scanned:
    """What the XML of a sheet has besides values, such as merged cells by their first row."""

    merged: list[tuple[int, Wide]] = field(default_factory=list)
    without_result: int = 0
    hidden: Hidden = field(default_factory=Hidden)


def scan(source: IO[bytes]) -> Scanned:
    """Scan the XML of a sheet."""
    scanned = Scanned()
    number = openpyxl.utils.column_index_from_string
    rest = b""
    while block := source.read(_BLOCK):
        data = rest + block
        end = 0
        for found in _FOUND.finditer(data):
            end = found.end()
            if found["cell"] is not None:
                scanned.without_result += _IS_TEXT not in found["cell"]
            elif len(scanned.merged) < _MOST_MERGED:
                left, right = (number(name.decode()) for name in found.group(1, 3))
                top, bottom = map(int, found.group(2, 4))
                scanned.merged.append((top, Wide(left, right - left + 1, bottom - top + 1)))
        if _HIDES in data:  # matches of the previous block, too, which is harmless
            _note(_HIDDEN.finditer(data), scanned.hidden)
        rest = data[max(end, len(data) - _LONGEST_MARK) :]
    return scanned


def _note(found: Iterable[re.Match[bytes]], hidden: Hidden) -> None:
    """Record hidden rows and columns."""
    for line, attributes in (one.groups() for one in found):
        numbers = sorted(map(int, _NUMBERS.findall(attributes)))
        if line == b"row":
            hidden.rows.update(numbers)
        elif numbers:
            hidden.columns.update(range(numbers[0], min(numbers[-1], _MOST_COLUMNS) + 1))


def comments(package: Package, sheet: str) -> Mapping[int, Sequence[str]]:
    """Map rows to the comments of their cells, for the sheet in the member `sheet`."""
    folder, name = posixpath.split(sheet.lstrip("/"))
    relations = package.xml(f"{folder}/_rels/{name}.rels")
    found: dict[int, list[str]] = {}
    for relation in relations if relations is not None else ():
        if relation.get("Type", "").endswith("/comments"):
            member = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", "")))
            root = package.xml(member.lstrip("/"))
            for row, words in _comments(root) if root is not None else ():
                found.setdefault(row, []).append(words)
    return found


def comment_text(by: str, words: str) -> str:
    """Return the text of a comment, with its author if known."""
    note = " ".join(words.split())
    by = " ".join(by.split())
    return note if not by or note.startswith(f"{by}:") else f"{by}: {note}"


def _comments(root: etree._Element) -> Iterator[tuple[int, str]]:
    listed = enumerate(root.iter(f"{_ANY}author"))
    authors = {str(number): author.text or "" for number, author in listed}
    for comment in root.iter(f"{_ANY}comment"):
        at = _ROW.fullmatch(comment.get("ref", ""))
        by = authors.get(comment.get("authorId", ""), "")
        words = "".join(one.text or "" for one in comment.iter(f"{_ANY}t"))
        if at and words.strip():
            yield int(at[1]), comment_text(by, words)


Notes = Mapping[int, Sequence[str]]
"""Comments of cells, by row."""


class Sheet(NamedTuple):
    """A sheet: its name, its rows, the comments of its cells, and whether it is hidden."""

    name: str
    rows: Iterable[Sequence[str]]
    notes: Notes
    hidden: bool = False


class XlsxReader:
    """Reads the stored values of all sheets; a row is a place."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, too large when unpacked, or has no text.

        """
        package = Package(data, name)  # refuses what is not sound before anything is made of it
        data = as_usual(package, data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about extensions without text
                book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
                missing, unseen = Missing(), Unseen()
                sheets = _sheets(book, package, missing, unseen)
                properties = core_properties(package)
                return write_sheets(sheets, name, properties, warnings=chain(missing, unseen))
        except ReadError:
            raise
        except Exception as error:  # openpyxl raises any error for a malformed file
            raise damaged(name) from error


class XlsReader:
    """Reads the values of all sheets of an old workbook; a row is a place."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, or has no text.

        """
        for formatted in (True, False):  # xlrd reads merged cells only with formatting
            try:
                unseen = Unseen()
                sheets = _old_sheets(data, unseen, formatted=formatted)
                return write_sheets(sheets, name, warnings=unseen)
            except ReadError:
                raise
            except Exception as error:  # xlrd raises any error for a malformed file
                if "encrypted" in str(error):
                    raise locked(name) from error
                problem = error
        raise damaged(name) from problem


@dataclass(slots=True)
class Missing:
    """Iterating yields, after all sheets are read, a warning about `formulas` without a result."""

    formulas: int = 0

    def __iter__(self) -> Iterator[str]:
        if self.formulas:
            formulas = "1 formula has" if self.formulas == 1 else f"{self.formulas:,} formulas have"
            yield f"{formulas} no stored result: open and save it in a spreadsheet program"


class _Silence:
    def write(self, _: str) -> int:
        return 0

    def flush(self) -> None:
        pass


def write_sheets(
    sheets: Iterable[Sheet],
    name: str,
    properties: Pairs | None = None,
    *,
    warnings: Iterable[str] = (),
) -> Reading:
    """Write the rows of sheets below their names; `warnings` is evaluated last.

    Raises:
        ReadError: no sheet has words.

    """
    composer = Composer()
    for sheet in sheets:
        composer.section(sheet.name, 1)
        called = f"{sheet.name} ({HIDDEN})" if sheet.hidden else sheet.name
        for number, row in _with_notes(table_rows(_until_empty(sheet.rows)), sheet.notes):
            composer.place(Place(PlaceKind.ROW, number, called))
            composer.row(row)
    if not composer:
        raise wordless(name, " on any sheet")
    return composer.reading(warnings=tuple(warnings), properties=properties or ())


def _with_notes(rows: Iterable[tuple[int, str]], notes: Notes) -> Iterator[tuple[int, str]]:
    """Put comments after the row of their cell, also if the row is empty."""
    waiting = sorted(notes, reverse=True)
    for number, row in rows:
        while waiting and waiting[-1] < number:
            yield waiting[-1], CELL.join(notes[waiting.pop()])
        if waiting and waiting[-1] == number:
            yield number, CELL.join((row, *notes[waiting.pop()]))
        else:
            yield number, row
    for number in reversed(waiting):
        yield number, CELL.join(notes[number])


def cell_text(value: object) -> str:
    """Return the value of a cell as a person would write it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float():
            is_integer = value.is_integer() and abs(value) < _EXACT
            return str(int(value)) if is_integer else f"{value:.12g}"
        case dt.datetime():
            midnight = value.time() == dt.time()
            return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
        case _:
            return str(value)


def _until_empty(rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    empty = 0
    for row in rows:
        empty = 0 if any(row) else empty + 1
        if empty > _MOST_EMPTY:
            return
        yield row


def _sheets(book: Any, package: Package, missing: Missing, unseen: Unseen) -> Iterator[Sheet]:
    shares, copies = _shares(book), Copies()
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # the stated dimensions are often wrong
        with sheet._get_source() as source:  # noqa: SLF001
            scanned = scan(source)
        missing.formulas += scanned.without_result
        notes = comments(package, sheet._worksheet_path)  # noqa: SLF001
        hidden, merged = scanned.hidden, scanned.merged
        hidden.sheet = sheet.sheet_state != "visible"  # or "veryHidden", which no menu shows
        rows = unseen.noting(_rows(sheet, shares), sheet.title, hidden)
        content = _with_merged(rows, merged, copies) if merged else rows
        yield Sheet(sheet.title, content, notes, hidden.sheet)


def _rows(sheet: Any, shares: Collection[int]) -> Iterator[list[str]]:
    """Yield the cells of rows; cells with a style of `shares` are in percent."""
    if not shares:  # the usual case, and faster
        yield from (
            [cell_text(value) for value in row] for row in sheet.iter_rows(values_only=True)
        )
        return
    for row in sheet.iter_rows():
        yield [
            _share(cell.value)
            if _is_number(cell.value) and cell._style_id in shares  # noqa: SLF001
            else cell_text(cell.value)
            for cell in row
        ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shares(book: Any) -> set[int]:
    """List the styles that show numbers in percent."""
    builtin = openpyxl.styles.numbers.BUILTIN_FORMATS
    first = openpyxl.styles.numbers.BUILTIN_FORMATS_MAX_SIZE
    formats = {**builtin, **dict(enumerate(book._number_formats, first))}  # noqa: SLF001
    return {
        number
        for number, style in enumerate(book._cell_styles)  # noqa: SLF001
        if _is_share(formats.get(style.numFmtId, ""))
    }


@lru_cache(maxsize=1000)
def _is_share(number_format: str) -> bool:
    """Tell whether a format shows numbers in percent."""
    return "%" in _QUOTED.sub("", number_format).partition(";")[0]


def _share(value: float) -> str:
    return f"{cell_text(float(f'{value * 100:.12g}'))}%"


def _with_merged(
    rows: Iterable[list[str]], merged: Iterable[tuple[int, Wide]], copies: Copies
) -> Iterator[list[str]]:
    begins: dict[int, list[Wide]] = {}
    for row, wide in merged:
        begins.setdefault(row, []).append(wide)
    return repeat_wide_cells(
        ((row, begins.get(number, ())) for number, row in enumerate(rows, start=1)), copies
    )


def _old_sheets(data: bytes, unseen: Unseen, *, formatted: bool) -> Iterator[Sheet]:
    import xlrd

    book = xlrd.open_workbook(
        file_contents=data,
        formatting_info=formatted,
        ragged_rows=True,
        on_demand=True,
        logfile=_Silence(),
    )
    copies = Copies()
    for number in range(book.nsheets):
        sheet = book.sheet_by_index(number)
        rows = ([_old(cell, book) for cell in sheet.row(row)] for row in range(sheet.nrows))
        notes: dict[int, list[str]] = {}
        for (row, _), note in sorted(sheet.cell_note_map.items()):
            if note.text.strip():
                notes.setdefault(row + 1, []).append(comment_text(note.author or "", note.text))
        merged = (
            (top + 1, Wide(left + 1, right - left, bottom - top))
            for top, bottom, left, right in islice(sheet.merged_cells, _MOST_MERGED)
        )
        hidden = Hidden(
            {at + 1 for at, line in sheet.rowinfo_map.items() if line.hidden},
            {at + 1 for at, line in sheet.colinfo_map.items() if line.hidden},
            sheet=bool(sheet.visibility),
        )
        content = _with_merged(unseen.noting(rows, sheet.name, hidden), merged, copies)
        yield Sheet(sheet.name, content, notes, hidden.sheet)
        book.unload_sheet(number)


def _old(cell: Any, book: Any) -> str:
    import xlrd

    match cell.ctype:
        case xlrd.XL_CELL_DATE:
            try:
                return cell_text(xlrd.xldate_as_datetime(cell.value, book.datemode))
            except (ValueError, OverflowError):
                return cell_text(cell.value)
        case xlrd.XL_CELL_BOOLEAN:
            return cell_text(bool(cell.value))
        case xlrd.XL_CELL_NUMBER if cell.xf_index is not None:
            shown = book.format_map.get(book.xf_list[cell.xf_index].format_key)
            is_share = shown is not None and _is_share(shown.format_str)
            return _share(cell.value) if is_share else cell_text(cell.value)
        case xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, ""))
        case _:
            return cell_text(cell.value)
