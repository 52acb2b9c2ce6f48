"""Finds a place in a stored text by its name in a citation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from askdoc.errors import UsageError
from askdoc.strings import line_of, line_starts, one_line
from askdoc.types import Document, Span
from askdoc.types.places import Place, PlaceKind, name_place

_COUNTED = re.compile(
    r"(?:sheet (?P<sheet>.+), )?(?P<kind>page|slide|row|cell|chapter|line|message|paragraph)s? "
    r"(?P<first>\d{1,9})(?: ?[-–] ?(?P<last>\d{1,9}))?"
    r"(?:, in .+|, hidden|, (?P<note>(?:foot|end)note.*))?"
)
_NAMED = re.compile(r"(?P<kind>chapter|message of|in) (?P<name>.+)")
_QUOTES = "“”\"' "
_CLOCK = re.compile(r"(?:(?P<hours>\d{1,4}):)?(?P<minutes>\d{1,2}):(?P<seconds>\d{2})")
_KINDS = {
    "chapter": PlaceKind.CHAPTER,
    "message of": PlaceKind.MESSAGE,
    "in": PlaceKind.FUNCTION,
}
_OWN_LINES = frozenset({PlaceKind.LINE, PlaceKind.FUNCTION, PlaceKind.TIME})
"""Kinds of places in documents whose lines are still the file's lines."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A place of a document with its span."""

    place: Place
    span: Span


def stretches(document: Document) -> Iterator[Stretch]:
    """Yield the nameable places of a document in the order of its text."""
    pages = (Place(PlaceKind.PAGE, number) for number in count(1))
    marks = [
        *zip(document.pages, pages, strict=False),
        *((mark.start, mark.place) for mark in document.landmarks),
    ]
    ends = [*(start for start, _ in marks[1:]), document.length]
    for (start, place), end in zip(marks, ends, strict=False):  # no place has no end
        yield Stretch(place, Span(start, max(start, end)))


def lines_in(where: str) -> tuple[int, int] | None:
    """Return the lines of a place; None if it has none."""
    found = _COUNTED.fullmatch(where.strip())
    if found is None or found["kind"] != "line" or found["sheet"]:
        return None
    return _range(found)


def spans(document: Document, where: str) -> list[Span]:
    """Find a place as citations print it: `slide 2`, `sheet Stock, row 10`, `chapter “Bees”`.

    Raises: UsageError: it is not a place, or the document has no such place.

    """
    fits = _reading(" ".join(where.split()))
    everything = list(stretches(document))
    if fits is None:
        message = f"`{where}` names no place"
        raise UsageError(message, hint=_offered(document, everything))
    found = [one.span for one in everything if fits(one.place)]
    if not found and (at := _seconds(where)) is not None:
        found = _running(everything, at)
    if not found:
        message = f"`{document.location}` has no {where}"
        raise UsageError(message, hint=_offered(document, everything))
    return _joined(found)


def spans_of_page(document: Document, number: int) -> list[Span]:
    """Find a page, or a slide of a presentation.

    Raises:
        UsageError: there is no such number.

    """
    kinds = {one.place.kind for one in stretches(document)}
    return spans(document, f"{'slide' if PlaceKind.SLIDE in kinds else 'page'} {number}")


def spans_counted(document: Document, numbers: tuple[int, int]) -> list[Span] | None:
    """Find the numbered places of this document, such as rows or pages; None if these are lines."""
    kinds = {one.place.kind for one in stretches(document)}
    if not kinds or kinds & _OWN_LINES:
        return None
    kind = next(iter(stretches(document))).place.kind
    first, last = numbers
    return spans(document, f"{kind} {first}" if first == last else f"{kind}s {first}-{last}")


def file_lines(document: Document, text: str) -> list[str] | None:
    """Return for each stored line its lines in the file; None if both are the same.

    Blank lines have none.
    """
    places = ((one.span.start, one.place) for one in stretches(document))
    marks = [one for one in places if one[1].kind is not PlaceKind.PROPERTIES]
    if not marks or any(place.kind is not PlaceKind.LINE for _, place in marks):
        return None
    starts = line_starts(text)
    if all(place.number in (0, line_of(starts, start)) for start, place in marks):
        return None
    names: list[str] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        place = document.place_of(Span(start, start + len(text[start:end].rstrip())))
        named = place is not None and place.number and text[start:end].strip()
        names.append(name_place(place, None, None).partition(" ")[2] if named else "")
    return names


def line_names(document: Document, text: str) -> list[str] | None:
    """Return the name of each stored line as in citations; None if its number is its name.

    If citations count something else, such as rows, lines have no names.
    """
    kinds = {one.place.kind for one in stretches(document)}
    if kinds and not document.pages and not kinds & _OWN_LINES:
        return [""] * len(line_starts(text))
    return file_lines(document, text)


def stored_lines(document: Document, text: str, wanted: tuple[int, int]) -> tuple[int, int]:
    """Return the stored lines for lines of the file.

    Raises:
        UsageError: these lines are not stored; the message names the nearest.

    """
    first, last = wanted
    places = [
        one for one in stretches(document) if one.place.kind is PlaceKind.LINE and one.place.number
    ]
    starts = line_starts(text)
    lines = [line_of(starts, one.span.start) for one in places if first <= one.place.number <= last]
    if not lines:
        near = min((one.place.number for one in places), key=lambda line: abs(line - first))
        message = f"nothing indexed begins on line {first}"
        name = document.location
        raise UsageError(message, hint=f"the nearest is line {near}: `askdoc show {name}:{near}`")
    return min(lines), max(lines)


def _reading(where: str) -> Callable[[Place], bool] | None:
    """Return a predicate for the named places."""
    if where == PlaceKind.PROPERTIES:
        return lambda place: place.kind is PlaceKind.PROPERTIES
    if found := _COUNTED.fullmatch(where):
        first, last = _range(found)
        kind, name = PlaceKind(found["kind"]), found["sheet"] or found["note"]
        return lambda place: (
            place.kind is kind
            and first <= place.number <= last
            and (name is None or _same(place.name, name))
        )
    if (at := _seconds(where)) is not None:
        return lambda place: place.kind is PlaceKind.TIME and place.number == at
    if found := _NAMED.fullmatch(where):
        named, name = _KINDS[found["kind"]], found["name"]
        return lambda place: place.kind is named and _same(place.name, name)
    return None


def _seconds(where: str) -> int | None:
    """Return a clock time in seconds; None if it is not one."""
    found = _CLOCK.fullmatch(where.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return (hours * 60 + minutes) * 60 + seconds


def _running(everything: Sequence[Stretch], at: int) -> list[Span]:
    """Find what was last begun to be shown before a time, unless that is after the last."""
    times = [one for one in everything if one.place.kind is PlaceKind.TIME]
    begun = [one for one in times if one.place.number < at]
    ended = not times or at > max(one.place.number for one in times)
    return [] if ended or not begun else [max(begun, key=lambda one: one.place.number).span]


def _range(found: re.Match[str]) -> tuple[int, int]:
    first, last = int(found["first"]), int(found["last"] or found["first"])
    return min(first, last), max(first, last)


def _same(one: str | None, other: str) -> bool:
    return one is not None and _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return one_line(name).casefold().removesuffix(" (hidden)").strip(_QUOTES)


def _joined(found: Sequence[Span]) -> list[Span]:
    """Join adjacent spans."""
    joined: list[Span] = []
    for span in found:
        if joined and joined[-1].end == span.start:
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


def _offered(document: Document, everything: Sequence[Stretch]) -> str:
    if not everything:
        return f"its places are lines: `askdoc show {document.location}:1`"
    first, last = (name_place(everything[place].place, None, None) for place in (0, -1))
    number = len(everything)
    text = f"it has `{first}`" if number == 1 else f"it has {number:,}, from `{first}` to `{last}`"
    return text if first and last else "its citations say what it has"
