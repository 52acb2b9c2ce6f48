"""Cells of a table that reach over others: what they say, said in each row that they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from askdoc.readers.composing import SPANNED

_MOST_COLUMNS = 256
_MOST_ROWS = 1000
_LONGEST_REPEATED = 200
"""Characters of a cell that is repeated in each row that it spans, as far as so many rows; and how
far to the right a cell reaches where no other has words."""


@dataclass(frozen=True, slots=True)
class Wide:
    """A cell that begins in a column, counted from 1, and reaches over so many columns and rows."""

    column: int
    columns: int
    rows: int


def told_in_each(rows: Iterable[tuple[list[str], Sequence[Wide]]]) -> Iterator[list[str]]:
    """Yield rows, given with the wide cells that begin in each, as `table_rows` takes them.

    A row that holds something says what cells say that span it; what a cell reaches over is marked.
    What stands there all the same stays.
    """
    spanning: list[tuple[Wide, str]] = []
    for row, begin in rows:
        holds = any(row)
        for wide, told in spanning if holds else ():
            _reach_over(row, wide, told)
        spanning = [
            (replace(wide, rows=wide.rows - 1), told) for wide, told in spanning if wide.rows > 1
        ]
        for wide in begin:
            if 0 < wide.column <= len(row) and row[wide.column - 1]:
                told = row[wide.column - 1]
                _reach_over(row, wide, told)
                if wide.rows > 1 and len(told) <= _LONGEST_REPEATED:
                    spanning.append((replace(wide, rows=min(wide.rows - 1, _MOST_ROWS)), told))
        yield row


def _reach_over(row: list[str], wide: Wide, told: str) -> None:
    """Write in a row what a wide cell says, and mark the others that it reaches over."""
    last = wide.column + wide.columns - 1
    row += [""] * (min(last, _MOST_COLUMNS) - len(row))  # rows may end with their last word
    for column in range(wide.column, min(last, len(row)) + 1):
        if not row[column - 1]:
            row[column - 1] = told if column == wide.column else SPANNED
