"""Read Excel workbooks, `.xlsx` with openpyxl and `.xls` with xlrd; each row stands on its own."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import IO, Any

import openpyxl

from askdoc.adapters.readers.composing import Composer, table_rows
from askdoc.adapters.readers.merging import Wide, told_in_each
from askdoc.adapters.readers.refusing import damaged, locked, wordless
from askdoc.adapters.readers.unpacking import Package
from askdoc.errors import ReadError
from askdoc.landmarks import Place, PlaceKind
from askdoc.types import Reading

_MOST_EMPTY = 100_000
"""Rows without a word after which a sheet is taken to be at its end."""

_EXACT = 1e15
"""Whole numbers below this are written with all their digits."""

_MERGED = re.compile(rb'mergeCell\s[^<>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
_MOST_MERGED = 10_000
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
        for formatted in (True, False):  # merged cells are told with what cells look like
            try:
                return write_sheets(_old_sheets(data, formatted=formatted), name)
            except ReadError:
                raise
            except Exception as error:  # xlrd meets odd files with errors of any kind
                if "encrypted" in str(error):
                    raise locked(name) from error
                problem = error
        raise damaged(name) from problem


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
            merged = list(islice(_merged(source), _MOST_MERGED))
        yield sheet.title, _with_merged(rows, merged) if merged else rows


def _merged(source: IO[bytes]) -> Iterator[tuple[int, Wide]]:
    """Yield the merged cells of a sheet, each with the row that it begins in."""
    number = openpyxl.utils.column_index_from_string
    rest = b""
    while block := source.read(_BLOCK):
        data = rest + block
        end = 0
        for found in _MERGED.finditer(data):
            left, right = (number(name.decode()) for name in found.group(1, 3))
            top, bottom = map(int, found.group(2, 4))
            yield top, Wide(left, right - left + 1, bottom - top + 1)
            end = found.end()
        rest = data[max(end, len(data) - _LONGEST_MARK) :]


def _with_merged(
    rows: Iterable[list[str]], merged: Iterable[tuple[int, Wide]]
) -> Iterator[list[str]]:
    begins: dict[int, list[Wide]] = {}
    for row, wide in merged:
        begins.setdefault(row, []).append(wide)
    return told_in_each((row, begins.get(number, ())) for number, row in enumerate(rows, start=1))


def _old_sheets(data: bytes, *, formatted: bool) -> Iterator[Sheet]:
    import xlrd

    book = xlrd.open_workbook(
        file_contents=data,
        formatting_info=formatted,
        ragged_rows=True,
        on_demand=True,
        logfile=_Silence(),
    )
    for number in range(book.nsheets):
        sheet = book.sheet_by_index(number)
        rows = ([_old(cell, book) for cell in sheet.row(row)] for row in range(sheet.nrows))
        merged = (
            (top + 1, Wide(left + 1, right - left, bottom - top))
            for top, bottom, left, right in islice(sheet.merged_cells, _MOST_MERGED)
        )
        yield sheet.name, _with_merged(rows, merged)
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
