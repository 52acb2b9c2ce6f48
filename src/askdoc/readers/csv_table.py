"""Read tables as text (CSV, TSV) with the standard library; each row can be read on its own."""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from itertools import chain

from askdoc.readers.composer import Composer, table_rows
from askdoc.readers.encoding import decode, empty
from askdoc.types import Reading
from askdoc.types.places import Place, PlaceKind

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the size of the file is the limit

_DELIMITERS = (",", ";", "\t", "|")
_BREAK = re.compile("\r\n|[\r\n]")
_SEPARATOR_LINE = re.compile(r"\"?sep=([^\w\s\"]|\t)\"?(?=[\r\n])", re.IGNORECASE)
"""The first line of a file that names its delimiter, as Excel reads it."""
_END = "\ufdd2"
"""Added after the last line to detect an open quotation; no text contains this character."""

_SAMPLE = 64_000
_SAMPLE_ROWS = 50


class CsvReader:
    """Reads rows with any usual delimiter; a row is a place, the header is row 1."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no text.

        """
        decoded = decode(data, name=name)
        text = decoded.text
        first = _SEPARATOR_LINE.match(text)
        # Keeps its line end, so that rows are counted right.
        text = text[first.end() :] if first else text
        rows = _Rows(text, first[1] if first else _delimiter(text, name))
        composer = Composer()
        for number, row in table_rows(rows):
            composer.place(Place(PlaceKind.ROW, number))
            composer.row(row)
        if not composer:
            raise empty(name)
        return composer.reading(warnings=(*decoded.warnings, *rows.warnings))


class _Rows:
    """The rows of a table; afterwards `warnings` names an unclosed quotation."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self.warnings: list[str] = []

    def __iter__(self) -> Iterator[list[str]]:
        lines = chain(StringIO(self._text, newline=""), [_END])
        reader = csv.reader(lines, delimiter=self._delimiter)
        for row in reader:
            if row == [_END]:
                continue
            if row and row[-1].endswith(_END):  # the quotation ran past the last line
                row[-1] = row[-1].removesuffix(_END)
                breaks = len(_BREAK.findall(row[-1])) - row[-1].endswith(("\r", "\n"))
                began = reader.line_num - 1 - breaks
                self.warnings.append(
                    f"a quotation mark that opens in line {began} is not closed:"
                    " all that follows it is one cell"
                )
            yield row


def _delimiter(text: str, name: str) -> str:
    """Choose the delimiter that gives most sample rows the same, and largest, number of cells."""
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    sample = text[:_SAMPLE]

    def fit(delimiter: str) -> tuple[int, int]:
        counts: Counter[int] = Counter()
        for number, row in enumerate(csv.reader(StringIO(sample, newline=""), delimiter=delimiter)):
            if number == _SAMPLE_ROWS:
                break
            counts[len(row)] += len(row) > 1
        [(cells, rows)] = counts.most_common(1) or [(0, 0)]
        return rows, cells

    return max(_DELIMITERS, key=fit)
