"""Finds tables on pages, and puts the column's name before each cell.

Pure. A PDF does not mark tables, so one is recognised by its layout: lines with cells that are
aligned to each other. The cells get the names of their columns where a line of names stands above
them, and numbers stand in some column. Less clear tables keep their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from askdoc.readers.pdf.layout import CELL, PageLine, stands_beside

_LEAST_ROWS = 2
_LEAST_ALIGNED = 3
_NEAR = 2
_LONGEST_NAME = 40
_WORD = re.compile(r"[^\W\d_]")
_FIGURE = re.compile(r"[^\w]*\d[\d.,:/ \-–%]*\s*(?:%|[^\W\d_]{1,3}|[^\w\s])?")
_MARK = ": "


@dataclass(frozen=True, slots=True)
class _Row:
    """The pieces on one line of a page, joined to cells."""

    cells: tuple[tuple[PageLine, ...], ...]

    @property
    def texts(self) -> list[str]:
        return [" ".join(piece.text for piece in cell) for cell in self.cells]


def with_column_names(page: Sequence[PageLine]) -> list[PageLine]:
    """Return the pieces of a page; the cells of table rows get the names of their columns."""
    rows = list(_rows(page))
    aligned = _aligned(rows)
    written: list[PageLine] = []
    at = 0
    while at < len(rows):
        below = _below(rows, at) if _is_head(rows[at]) else []
        written += _pieces(rows[at], in_table=bool(below) or at in aligned)
        names = rows[at].texts
        for row, columns in below:
            if columns is None:
                written += _pieces(row)
                continue
            for cell, column in zip(row.cells, columns, strict=True):
                first, *rest = cell
                text = f"{names[column]}{_MARK}{first.text}"
                written += [replace(first, text=text, in_table=True), *rest]
        at += 1 + len(below)
    return written


def _aligned(rows: Sequence[_Row]) -> set[int]:
    """Return the places of the rows of all tables, with or without names of columns.

    Several lines in a row are a table where each has a cell, after the first one, that is aligned
    to one of the line above. A single line between them may be the first half of a long cell.
    """
    groups: list[list[int]] = [[]]
    for at, row in enumerate(rows):
        if len(row.cells) == 1:
            continue
        group = groups[-1]
        if group and (at - group[-1] > _NEAR or not _is_below(rows[group[-1]], row)):
            groups.append([])
        groups[-1].append(at)
    return {at for group in groups if len(group) >= _LEAST_ALIGNED for at in group}


def _is_below(above: _Row, row: _Row) -> bool:
    """Tell whether a cell after the first is aligned to one of the row above."""
    return any(
        abs(cell[0].left - over[0].left) < cell[0].size / 2
        or abs(cell[-1].right - over[-1].right) < cell[0].size / 2
        for cell in row.cells[1:]
        for over in above.cells[1:]
    )


def _rows(page: Sequence[PageLine]) -> Iterator[_Row]:
    """Group the pieces of a page by line, and join them to cells."""
    cells: list[list[PageLine]] = []
    for before, piece in pairwise([None, *page]):
        assert piece is not None  # noqa: S101 - only the first is none
        if before is None or not stands_beside(before, piece):
            if cells:
                yield _Row(tuple(map(tuple, cells)))
            cells = [[piece]]
        elif piece.left - before.right >= CELL * max(before.size, piece.size):
            cells.append([piece])
        else:
            cells[-1].append(piece)
    if cells:
        yield _Row(tuple(map(tuple, cells)))


def _pieces(row: _Row, *, in_table: bool = False) -> list[PageLine]:
    return [replace(piece, in_table=in_table) for cell in row.cells for piece in cell]


def _is_head(row: _Row) -> bool:
    texts = row.texts
    return (
        len(texts) > 1
        and len(set(texts)) == len(texts)
        and all(
            _WORD.search(text)
            and not _FIGURE.fullmatch(text)
            and len(text) <= _LONGEST_NAME
            and text[-1] not in ".:,;?!"
            for text in texts
        )
    )


def _below(rows: Sequence[_Row], at: int) -> list[tuple[_Row, list[int] | None]]:
    """List the rows of the table with the header at `at`, each with the columns of its cells.

    A line with a single cell continues the row above, and has no columns. The list is empty if this
    is not a table: its first row must have numbers, and later rows must have numbers in the same
    columns.
    """
    head = rows[at]
    found: list[tuple[_Row, list[int] | None]] = []
    figures: set[int] = set()
    for row in rows[at + 1 :]:
        if len(row.cells) == 1:
            if not found or found[-1][1] is None:
                break
            found.append((row, None))
            continue
        columns = _columns(head, row)
        if columns is None:
            break
        own = {column for column, text in _cells(row, columns) if _FIGURE.fullmatch(text)}
        if not found:
            figures = own
            if not own or len(columns) < len(head.cells) - 1:
                break
        elif not own or not own >= figures & set(columns):
            break
        found.append((row, columns))
    while found and found[-1][1] is None:
        found.pop()
    enough = sum(columns is not None for _, columns in found) >= _LEAST_ROWS
    return found if enough else []


def _cells(row: _Row, columns: Sequence[int]) -> Iterator[tuple[int, str]]:
    yield from zip(columns, row.texts, strict=True)


def _columns(head: _Row, row: _Row) -> list[int] | None:
    """Return the column of each cell of a row; None unless each has a different one."""
    edges = [(cell[0].left, cell[-1].right) for cell in head.cells]
    found: list[int] = []
    for cell in row.cells:
        left, right, size = cell[0].left, cell[-1].right, cell[0].size
        shared = [min(right, end) - max(left, start) for start, end in edges]
        best = max(range(len(edges)), key=shared.__getitem__)
        start, end = edges[best]
        aligned = min(abs(left - start), abs(right - end), abs(left + right - start - end) / 2)
        if shared[best] <= 0 and aligned > CELL * size:
            return None
        if found and best <= found[-1]:
            return None
        found.append(best)
    return found
