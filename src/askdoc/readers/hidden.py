"""Records what a workbook or presentation hides, so that a warning can name it.

It is indexed nevertheless: unlike hidden words in a text, sheets are hidden because they are long,
and other values are computed from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Row = TypeVar("Row", bound=Sequence[str])

HIDDEN = "hidden"


@dataclass(slots=True)
class Hidden:
    """The hidden rows and columns of a sheet, from 1; `sheet` is true where all of it is hidden."""

    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    sheet: bool = False


@dataclass(slots=True)
class Unseen:
    """Iterating yields, after all sheets are read, which words are hidden and where."""

    _sheets: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        if self._sheets:
            noun = "sheet" if len(self._sheets) == 1 else "sheets"
            yield f"hidden {noun}: {', '.join(self._sheets)}"
        yield from self._parts

    def noting(self, rows: Iterator[Row], sheet: str, hidden: Hidden) -> Iterator[Row]:
        """Yield the rows of a sheet, and record hidden ones with words."""
        if hidden.sheet:
            listed = False
            for row in rows:
                if not listed and any(row):
                    listed = True
                    self._sheets.append(sheet)
                yield row
        elif hidden.rows or hidden.columns:
            yield from self._noting(rows, sheet, hidden)
        else:
            yield from rows

    def _noting(self, rows: Iterator[Row], sheet: str, hidden: Hidden) -> Iterator[Row]:
        met: dict[str, set[int]] = {"row": set(), "column": set()}
        for number, row in enumerate(rows, start=1):
            if number in hidden.rows and any(row):
                met["row"].add(number)
            elif hidden.columns:
                met["column"] |= {at for at in _worded(row) if at in hidden.columns}
            yield row
        parts = [_counted(noun, len(found)) for noun, found in met.items() if found]
        if parts:
            few = sum(map(len, met.values())) == 1
            self._parts.append(
                f"sheet {sheet}: {' and '.join(parts)} {'is' if few else 'are'} hidden"
            )


def hidden_slides(numbers: Collection[int]) -> Iterator[str]:
    """Yield a warning that lists hidden slides."""
    if numbers:
        noun = "slide" if len(numbers) == 1 else "slides"
        yield f"hidden {noun}: {', '.join(map(str, numbers))}"


def _worded(row: Sequence[str]) -> Iterator[int]:
    return (at for at, words in enumerate(row, start=1) if words)


def _counted(noun: str, count: int) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
