"""Selects documents by their fields, as in `--where 'date>=2024'`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import TypeVar

from askdoc.errors import UsageError

_CONDITION = re.compile(r"\s*(?P<key>[^=<>!]+?)\s*(?P<sign>!=|>=|<=|=|>|<)\s*(?P<value>.*\S)\s*")
_EXAMPLES = '`--where author=NAME` or `--where "date>=2024"`'
_SHOWN = 8
"""Most keys or values in a hint."""

_YEAR, _MONTH = "%Y", "%Y-%m"
_FORMATS = (
    *(_YEAR, _MONTH, "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d-%b-%Y", "%d-%B-%Y"),
    *("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y"),
)
_T = TypeVar("_T", date, float, list[tuple[int, str]])
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a field: `sign` is one of = != < <= > >=."""

    key: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}{self.sign}{self.value}"

    def holds(self, values: Iterable[str]) -> bool:
        """Tell whether one of a document's values matches; with `!=`, whether none is equal."""
        if self.sign == "!=":
            return not any(_fits("=", value, self.value) for value in values)
        return any(_fits(self.sign, value, self.value) for value in values)


def parse(text: str) -> Condition:
    """Parse a condition such as `status=final` or `date>=2024`.

    Raises:
        UsageError: it is not one.

    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        message = f"not a condition on a field: `{text}`"
        raise UsageError(message, hint=f"write the field, a sign and a value: {_EXAMPLES}")
    return Condition(match["key"].lower(), match["sign"], match["value"])


def matching(condition: Condition, stated: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the ids of matching documents; `stated` maps those with the field to its values.

    Raises:
        UsageError: no document matches.

    """
    found = {document for document, values in stated.items() if condition.holds(values)}
    if not found:
        known = dict.fromkeys(value for values in stated.values() for value in values)
        message = f"no document has `{condition}`"
        raise UsageError(message, hint=f"`{condition.key}` is, for example, {_listed(known)}")
    return found


def unknown(condition: Condition, keys: Sequence[str]) -> UsageError:
    """Return the error for a field that no document has; it lists fields that exist."""
    message = f"no document has a field `{condition.key}`"
    hint = f"the fields are {_listed(keys)}; `askdoc status --documents --json` shows their values"
    return UsageError(message, hint=hint)


def _listed(names: Iterable[str]) -> str:
    rest = iter(names)
    shown = ", ".join(f"`{name}`" for name in islice(rest, _SHOWN))
    return f"{shown} and others" if next(rest, None) is not None else shown


def _fits(sign: str, stated: str, asked: str) -> bool:
    """Compare as dates if both are dates, else as numbers if both are, else as text."""
    period, wanted = _period(stated), _period(asked)
    if period and wanted:
        return _compare(sign, period, wanted)
    number, limit = _number(stated), _number(asked)
    if number is not None and limit is not None:
        return _compare(sign, (number, number), (limit, limit))
    if sign == "=":
        return fnmatchcase(_folded(stated), _folded(asked))
    one, other = _natural(stated), _natural(asked)
    return _compare(sign, (one, one), (other, other))


def _compare(sign: str, stated: tuple[_T, _T], asked: tuple[_T, _T]) -> bool:
    """Compare two ranges of days; a day equals the month or year that contains it."""
    first, last = stated
    match sign:
        case "=":
            return asked[0] <= first and last <= asked[1]
        case ">=":
            return first >= asked[0]
        case "<=":
            return last <= asked[1]
        case ">":
            return first > asked[1]
        case _:
            return last < asked[0]


def _period(text: str) -> tuple[date, date] | None:
    """Return the first and last day of a date (day, month or year); None if it is not a date."""
    for form in _FORMATS:
        with suppress(ValueError):
            first = datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - days have no zone
            last = first
            if form == _YEAR:
                last = first.replace(month=12, day=31)
            elif form == _MONTH:
                last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
            return first, last
    for read in (datetime.fromisoformat, parsedate_to_datetime):  # with the time of day
        with suppress(ValueError):
            day = read(text.strip()).date()
            return day, day
    return None


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a sort key: `1.10` after `1.9`, letters without case."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in _NUMBERS.split(_folded(text))
        if part
    ]
