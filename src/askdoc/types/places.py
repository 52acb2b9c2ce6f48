"""Places in a file: slide, row, cell, chapter, time.

A landmark is the offset in the stored text where a place begins; it ends at the next landmark.
Numbers count from 1; a time is in whole seconds.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate

from askdoc.strings import one_line


class PlaceKind(StrEnum):
    """The kind of a place."""

    PAGE = "page"
    SLIDE = "slide"
    ROW = "row"
    CELL = "cell"
    CHAPTER = "chapter"
    TIME = "time"
    LINE = "line"
    MESSAGE = "message"
    PARAGRAPH = "paragraph"
    FUNCTION = "function"
    PROPERTIES = "properties"


_VIEWED = frozenset({PlaceKind.PAGE, PlaceKind.SLIDE, PlaceKind.CHAPTER, PlaceKind.PARAGRAPH})

HOLDING = frozenset(
    (PlaceKind.PAGE, PlaceKind.SLIDE, PlaceKind.CHAPTER, PlaceKind.MESSAGE, PlaceKind.FUNCTION)
) | {PlaceKind.PROPERTIES}
"""Kinds of places that no passage may cross."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place by kind and number, such as slide 3; with `last`, a range.

    `name` is the context of the number: the sheet of a row, the title of a chapter, the function of
    a line; for a message its sender, date and subject; for a page or paragraph which note it is;
    for a slide or sheet that it is hidden. Line 0 is unknown; properties have no number. `quoted`
    text of a message was written by somebody else than its sender.
    """

    kind: PlaceKind
    number: int
    name: str | None = None
    last: int | None = None
    quoted: bool = False

    @property
    def is_seen_in_viewer(self) -> bool:
        """Whether files with such places need a viewer, because a text editor cannot show them."""
        in_sheet = self.kind is PlaceKind.ROW and self.name is not None
        return in_sheet or self.kind in _VIEWED


@dataclass(frozen=True, slots=True)
class Landmark:
    """The offset in the stored text where a place begins."""

    start: int
    place: Place


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The landmarks of one document, packed, since a table has one per row."""

    packed: bytes = b""

    @classmethod
    def of(cls, landmarks: Iterable[Landmark]) -> Landmarks:
        """Pack landmarks, which must be sorted by their starts."""
        runs = list(_runs(landmarks))
        return cls(zlib.compress(json.dumps(runs).encode("ascii")) if runs else b"")

    def __bool__(self) -> bool:
        return bool(self.packed)

    def __iter__(self) -> Iterator[Landmark]:
        starts, places = _unpacked(self.packed)
        return map(Landmark, starts, places)

    def starts(self) -> Sequence[int]:
        """List the offsets of all landmarks."""
        return _unpacked(self.packed)[0]

    def breaks(self) -> Sequence[int]:
        """List the offsets that no passage may cross."""
        return _breaks(self.packed)

    def between(self, start: int, end: int) -> Place | None:
        """Return the place of the characters from `start` to `end`.

        None before the first landmark.
        """
        starts, places = _unpacked(self.packed)
        first = bisect_right(starts, start) - 1
        last = bisect_right(starts, max(start, end - 1)) - 1
        if first < 0:
            return None
        one, other = places[first], places[last]
        if (one.kind, one.name) != (other.kind, other.name) or one.number == other.number:
            return one
        return Place(one.kind, one.number, one.name, other.number)


PROPERTIES = Place(PlaceKind.PROPERTIES, 0)
"""The place of a file's properties, such as author and dates, which are outside its text."""

NOWHERE = Landmarks()
"""No landmarks."""


def name_place(where: Place | None, line_start: int | None, line_end: int | None) -> str:
    """Return a place in words: the page, slide or row, else the lines.

    Unknown lines give an empty string.
    """
    lines = _counted("line", line_start, line_end) if line_start is not None else ""
    if where is None:
        return lines
    name = one_line(where.name or "")
    label = _counted(where.kind, where.number, where.last)
    match where.kind:
        case PlaceKind.LINE | PlaceKind.PROPERTIES if not where.number:
            label = "" if where.kind is PlaceKind.LINE else str(where.kind)
        case PlaceKind.MESSAGE if name:
            label = f"message of {name}"
        case PlaceKind.TIME:
            label = _clock(where.number)
        case PlaceKind.FUNCTION:
            label = f"{lines}, in {name}" if lines else f"in {name}"
        case PlaceKind.ROW if name:
            label = f"sheet {name}, {_counted('row', where.number, where.last)}"
        case PlaceKind.CHAPTER if name:
            label = f"chapter “{name}”"
        case PlaceKind.PAGE | PlaceKind.PARAGRAPH | PlaceKind.SLIDE if name:
            label = f"{label}, {name}"
    if where.quoted:
        return f"quoted in a {label}" if name else f"quoted in {label}"
    return label


def place_suffix(where: Place | None, line_start: int | None, line_end: int | None) -> str:
    """Return a place in words to append to a file's name; empty if it is unknown."""
    name = name_place(where, line_start, line_end)
    return f", {name}" if name else ""


def _counted(what: str, first: int, last: int | None) -> str:
    return f"{what} {first}" if last in (None, first) else f"{what}s {first}-{last}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_Run = list[object]
"""A run of landmarks with consecutive numbers: kind, name, first number, first offset, and the
distances to the following ones."""


def _runs(landmarks: Iterable[Landmark]) -> Iterator[_Run]:
    kind: PlaceKind | None = None
    name: str | None = None
    expected = position = 0
    gaps: list[int] = []
    for mark in landmarks:
        place = mark.place
        if gaps and (place.kind, place.name, place.number) == (kind, name, expected):
            gaps.append(mark.start - position)
        else:
            kind, name, gaps = place.kind, place.name, [mark.start]
            yield [str(kind), name, place.number, gaps]
        position, expected = mark.start, place.number + 1


@lru_cache(maxsize=16)
def _unpacked(packed: bytes) -> tuple[Sequence[int], Sequence[Place]]:
    starts: list[int] = []
    places: list[Place] = []
    for kind, name, number, gaps in json.loads(zlib.decompress(packed)) if packed else ():
        starts += accumulate(gaps)
        places += [
            Place(PlaceKind(kind), count, name) for count in range(number, number + len(gaps))
        ]
    return starts, places


@lru_cache(maxsize=4)
def _breaks(packed: bytes) -> Sequence[int]:
    starts, places = _unpacked(packed)
    return [start for start, place in zip(starts, places, strict=True) if place.kind in HOLDING]
