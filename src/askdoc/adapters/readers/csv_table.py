"""Read tables as text (CSV, TSV) with the standard library; each row can be read on its own."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from io import StringIO

from askdoc.adapters.readers.composing import Composer, table_rows
from askdoc.adapters.readers.decoding import decode, empty
from askdoc.landmarks import Place, PlaceKind
from askdoc.types import Reading

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the size of the file is the limit

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 64_000
_SAMPLE_ROWS = 50


class CsvReader:
    """Reads rows, whatever delimiter parts their cells; a row is a place, the head is row 1."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no text.

        """
        decoded = decode(data, name=name)
        text = decoded.text
        rows = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text, name))
        composer = Composer()
        for number, row in table_rows(rows):
            composer.place(Place(PlaceKind.ROW, number))
            composer.row(row)
        if not composer:
            raise empty(name)
        return composer.reading(warnings=decoded.warnings)


def _delimiter(text: str, name: str) -> str:
    """Choose what parts most rows of a sample into as many cells, and into the most of these."""
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
