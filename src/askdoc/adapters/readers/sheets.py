"""Read Excel workbooks, `.xlsx` with openpyxl and `.xls` with xlrd; each row stands on its own."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import islice
from typing import IO, Any

import openpyxl

from askdoc.adapters.readers.composing import Composer, table_rows
from askdoc.adapters.readers.refusing import damaged, locked, wordless
from askdoc.adapters.readers.unpacking import Package
from askdoc.errors import ReadError
from askdoc.landmarks import Place, PlaceKind
from askdoc.types import Reading

_MOST_EMPTY = 100_000
"""Rows without a word after which a sheet is taken to be at its end."""

_EXACT = 1e15
"""Whole numbers below this are written with all their digits."""

_MERGED = re.compile(rb'mergeCell\s[^<>]*?ref="([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})"')
_MOST_MERGED = 10_000
_MOST_ROWS = 1000
_LONGEST_REPEATED = 200
"""Characters of a cell that is repeated in each row that it spans, as far as so many rows."""

_BLOCK = 1 << 18
_LONGEST_MARK = 200

Sheet = tuple[str, Iterable[Sequence[str]]]


class XlsxReader:
    """Reads the values of all sheets, as they were computed last; a row is a place."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, too large when unpacked, or has no text.

        """
        Package(data, name)  # refuses what is not sound before anything is made of it
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of extensions that hold no text
                book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
                core = book.properties
                return write_sheets(_sheets(book), name, title=core.title, author=core.creator)
        except ReadError:
            raise
        except Exception as error:  # openpyxl meets odd files with errors of any kind
            raise damaged(name) from error


class XlsReader:
    """Reads the values of all sheets of an old workbook; a row is a place."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, or has no text.

        """
        import xlrd

        try:
            book = xlrd.open_workbook(
                file_contents=data, ragged_rows=True, on_demand=True, logfile=_Silence()
            )
            return write_sheets(_old_sheets(book), name)
        except ReadError:
            raise
        except Exception as error:  # xlrd meets odd files with errors of any kind
            if "encrypted" in str(error):
                raise locked(name) from error
            raise damaged(name) from error


class _Silence:
    def write(self, _: str) -> int:
        return 0

    def flush(self) -> None:
        pass


def write_sheets(
    sheets: Iterable[Sheet], name: str, *, title: str | None = None, author: str | None = None
) -> Reading:
    """Write the rows of sheets, each below the name of its sheet.

    Raises:
        ReadError: there is no word on any.

    """
    composer = Composer()
    for sheet, rows in sheets:
        composer.section(sheet, 1)
        for number, row in table_rows(_until_empty(rows)):
            composer.place(Place(PlaceKind.ROW, number, sheet))
            composer.row(row)
    if not composer:
        raise wordless(name, " on any sheet")
    return composer.reading(title=title, author=author)


def said(value: object) -> str:
    """Write the value of a cell as a person would."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float():
            whole = value.is_integer() and abs(value) < _EXACT
            return str(int(value)) if whole else f"{value:.12g}"
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


def _sheets(book: Any) -> Iterator[Sheet]:
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what a file says of them is often wrong
        rows = ([said(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
        # openpyxl knows of merged cells only where it holds all of a book
        with sheet._get_source() as source:  # noqa: SLF001
            merged = dict(islice(_merged(source), _MOST_MERGED))
        yield sheet.title, _repeated(rows, merged) if merged else rows


def _merged(source: IO[bytes]) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield row and column of each cell that spans rows, with the last row."""
    rest = b""
    while block := source.read(_BLOCK):
        data = rest + block
        end = 0
        for found in _MERGED.finditer(data):
            column, first, last = found.groups()
            if int(last) > int(first):
                yield (
                    (int(first), openpyxl.utils.column_index_from_string(column.decode())),
                    int(last),
                )
            end = found.end()
        rest = data[max(end, len(data) - _LONGEST_MARK) :]


def _repeated(
    rows: Iterable[list[str]], merged: Mapping[tuple[int, int], int]
) -> Iterator[list[str]]:
    """Say in each row that holds something what cells say that span it."""
    begins: dict[int, list[tuple[int, int]]] = {}
    for (first, column), last in merged.items():
        begins.setdefault(first, []).append((column, last))
    spanning: dict[int, tuple[int, str]] = {}
    for number, row in enumerate(rows, start=1):
        spanning = {column: one for column, one in spanning.items() if one[0] >= number}
        if any(row):
            for column, (_, told) in spanning.items():
                if column <= len(row) and not row[column - 1]:
                    row[column - 1] = told
        for column, last in begins.get(number, ()):
            if column <= len(row) and 0 < len(row[column - 1]) <= _LONGEST_REPEATED:
                spanning[column] = min(last, number + _MOST_ROWS), row[column - 1]
        yield row


def _old_sheets(book: Any) -> Iterator[Sheet]:
    for number in range(book.nsheets):
        sheet = book.sheet_by_index(number)
        yield (
            sheet.name,
            ([_old(cell, book) for cell in sheet.row(row)] for row in range(sheet.nrows)),
        )
        book.unload_sheet(number)


def _old(cell: Any, book: Any) -> str:
    import xlrd

    match cell.ctype:
        case xlrd.XL_CELL_DATE:
            try:
                return said(xlrd.xldate_as_datetime(cell.value, book.datemode))
            except (ValueError, OverflowError):
                return said(cell.value)
        case xlrd.XL_CELL_BOOLEAN:
            return said(bool(cell.value))
        case xlrd.XL_CELL_ERROR:
            return str(xlrd.error_text_from_code.get(cell.value, ""))
        case _:
            return said(cell.value)
