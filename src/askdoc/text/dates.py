"""Dates read from text, as far as they are given, and made comparable."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = (
    "(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_YEAR = r"(?:1\d{3}|20\d{2})"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])"

_DATE = re.compile(
    rf"""\b(?:
        (?P<iso>(?P<y1>{_YEAR})-(?P<m1>0[1-9]|1[0-2])-(?P<d1>[0-2]\d|3[01]))
      | (?P<d2>{_DAY})(?:st|nd|rd|th)?(?:\sof)?[ ](?P<m2>{_MONTH})(?:,?[ ](?P<y2>{_YEAR}))?
      | (?P<m3>{_MONTH})[ ](?:the[ ])?(?P<d3>{_DAY})(?:st|nd|rd|th)?(?![\d.:]|,\d)
        (?:,?[ ](?P<y3>{_YEAR}))?
      | (?P<m4>{_MONTH}),?[ ](?:of[ ])?(?P<y4>{_YEAR})
      | (?P<weekday>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)
      | (?P<y5>{_YEAR})(?![\d%]|[.,]\d|s\b)
      | (?P<m6>{_MONTH})
    )(?!\w)""",
    re.VERBOSE,
)
_DATED = re.compile(
    r"(?:\b(?:in|since|of|by|until|from|to|last|next|early|late|mid)|,)[ -]$", re.IGNORECASE
)
_CAPITAL_LAST = re.compile(r"\b[A-Z][\w.'’-]*$")
_AMOUNT_BEFORE = re.compile(r"[$€£¥]\s?$|\d[,.]$")
_COUNTED_AFTER = re.compile(
    r"[\s-]?(?:%|°|(?:percent|per cent|square|cubic|(?:kilo)?met(?:re|er)s?|miles?|feet|foot|k?m²?"
    r"|kg|tons|tonnes|dollars|euros|pounds|yuan|yen|million|billion|people|degrees|hours|days)(?!\w))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as a text gives it; what it leaves open is None. Weekdays count from 1."""

    year: int | None
    month: int | None
    day: int | None
    weekday: int | None
    text: str
    start: int
    end: int

    @property
    def parts(self) -> dict[str, int]:
        """What is given, by name."""
        names = ("year", "month", "day", "weekday")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def within(self, other: Date) -> bool:
        """Tell whether `other` gives all that this date gives, and the same."""
        theirs = other.parts
        return all(theirs.get(name) == value for name, value in self.parts.items())


def read_dates(text: str) -> list[Date]:
    """List the dates of `text`, in order. A number of four digits is a year unless it counts."""
    found = []
    for match in _DATE.finditer(text):
        date = _read(match)
        alone = len(date.parts) == 1
        if alone and date.year and _counts(text, match):
            continue
        if alone and date.month and not _is_month(text, match):
            continue
        found.append(date)
    return found


def _read(match: re.Match[str]) -> Date:
    def part(letter: str) -> str | None:
        names = [name for name in match.groupdict() if re.fullmatch(rf"{letter}\d", name)]
        return next((match[name] for name in names if match[name]), None)

    year, month, day = part("y"), part("m"), part("d")
    weekday = match["weekday"]
    return Date(
        year=int(year) if year else None,
        month=_month(month) if month else None,
        day=int(day) if day else None,
        weekday=_DAYS.index(weekday[:3].lower()) + 1 if weekday else None,
        text=match[0],
        start=match.start(),
        end=match.end(),
    )


def _month(name: str) -> int:
    if name.isdigit():
        return int(name)
    return _MONTHS.index(name[:3].lower()) + 1


def _counts(text: str, match: re.Match[str]) -> bool:
    before, after = text[: match.start()], text[match.end() :]
    return bool(_AMOUNT_BEFORE.search(before) or _COUNTED_AFTER.match(after))


def _is_month(text: str, match: re.Match[str]) -> bool:
    """Tell the month from the word: `may`, `march` and names of people begin sentences too."""
    before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
    if match[0] not in ("May", "March", "Mar") or _DATED.search(text[: match.start()]):
        return True
    alone = not after[:1].isupper() and not before.endswith((".", "!", "?", ":", "the", "a"))
    return bool(before) and alone and not _CAPITAL_LAST.search(before)
