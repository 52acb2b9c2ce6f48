"""Numbers with their units, read from text and made comparable.

`1.5 million`, `1,500,000` and `1500 thousand` are one value; `12 %`, `12 percent` and `twelve per
cent` are one; metric units and times are put on one scale (`1.2 km` is `1200 m`). Currencies are
never converted, nor are imperial units into metric ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from askdoc.text.units import FRACTIONS, MULTIPLES, ORDINALS, PERCENT, SCALES, SIGNS, SPELLED, UNITS

_LETTER_SCALES = ("k", "m", "b")
"""Scales only after a currency sign: `$5m`; otherwise `5 m` are metres."""

_UNIT = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))
_SIGN = "|".join(re.escape(name) for name in sorted(SIGNS, key=len, reverse=True))
_SPELLED = "|".join(sorted(SPELLED, key=len, reverse=True))
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))

_NUMBER = re.compile(
    rf"""(?<![\w.,])(?P<sign>(?:{_SIGN})\s?)?
    (?P<minus>(?<![\w)])[-−](?=\d))?
    (?: (?P<digits>\d{{1,3}}(?:[,\u00a0\u202f]\d{{3}})+(?!\d)(?:\.\d+)?
          |\d{{1,3}}(?:[ ]\d{{3}})+(?![\d.,]\d)(?!\d)|\d+(?:\.\d+)?)
        (?P<ordinal>st|nd|rd|th|s)?
      | (?P<spelled>\b(?:{_SPELLED})\b(?:(?:[-\s]|\sand\s)(?:(?:{_SPELLED}|hundred|thousand)\b))*)
      | (?P<fraction>\b(?:half|(?:(?:an?|one|two|three)[\s-])(?:half|third|quarter)s?)\b)
      | (?P<multiple>\b(?:{"|".join(MULTIPLES)})\b)
    )
    (?P<scale>[\s-]?(?:an?\s)?(?:{_SCALE})\b)?
    (?P<unit>[\s-]?(?:{_UNIT})(?![\w²]))?""",
    re.IGNORECASE | re.VERBOSE,
)
_SCORE = re.compile(
    rf"(?<![\w.,/$€£–-])(\d{{1,2}})[-–](\d{{1,2}})(?![\w%/–-]|[.,]\d|\s?(?:{_UNIT}|{_SCALE})(?!\w))",
    re.IGNORECASE,
)
"""Two small numbers joined by a dash, such as the score of a match, say something as a pair."""

_SPAN = re.compile(r"\b(from|between)\s+$", re.IGNORECASE)
_TO = re.compile(r"\s+to\s+", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_SHARED = 1000
"""A larger number hardly shares the scale of the next: "from 20,000 to 1.5 million"."""

_CLOCK = re.compile(
    r"(?<![\w.,:])(?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap]\.?\s?m\b\.?)"
    r"|(?<![\w.,:])(?P<h>\d{1,2}):(?P<m>[0-5]\d)(?![\w:])",
    re.IGNORECASE,
)
_NOON = 12

_ORDINAL = re.compile(rf"\b({'|'.join(ORDINALS)})\b(?!\s+of\s+all)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: its values by base unit (more than one where the unit is ambiguous).

    A bare number has the one unit `""`; an ordinal has `ordinal`.
    """

    values: tuple[tuple[str, Fraction], ...]
    text: str
    start: int
    end: int

    @property
    def bare(self) -> bool:
        """Tell whether no unit is given."""
        return self.values[0][0] == ""

    @property
    def number(self) -> Fraction:
        """The first value, whatever its unit."""
        return self.values[0][1]

    def equals(self, other: Quantity) -> bool:
        """Tell whether both are one value; a bare number equals one with any unit."""
        kinds = {self.values[0][0], other.values[0][0]}
        if "clock" in kinds and (self.bare or other.bare):
            clock, hour = (other, self.number) if self.bare else (self, other.number)
            return any(value in (60 * hour, 60 * (hour + _NOON)) for _, value in clock.values)
        if "score" not in kinds and (self.bare or other.bare):
            mine, theirs = (q.number for q in (self, other))
            return mine == theirs
        return bool(set(self.values) & set(other.values))

    def same_kind(self, other: Quantity) -> bool:
        """Tell whether both measure the same sort of thing."""
        return bool({unit for unit, _ in self.values} & {unit for unit, _ in other.values})


def read_quantities(text: str) -> list[Quantity]:
    """List the quantities of `text`, in order; dates should have been blanked out before."""
    found = [quantity for match in _NUMBER.finditer(text) if (quantity := _read(match))]
    scores = [_score(match) for match in _SCORE.finditer(text)]
    scores += [_clock(match) for match in _CLOCK.finditer(text)]
    found = [
        q for q in found if not any(s.start < q.end and q.start < s.end for s in scores)
    ] + scores
    taken = [(quantity.start, quantity.end) for quantity in found]
    for match in _ORDINAL.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            value = Fraction(ORDINALS[match[1].casefold()])
            found.append(Quantity((("ordinal", value),), match[0], match.start(), match.end()))
    return _sharing(sorted(found, key=lambda quantity: quantity.start), text)


def _sharing(found: list[Quantity], text: str) -> list[Quantity]:
    """Give a number the scale and unit that it shares with the next: "from 3 to 5 million"."""
    for at, (one, other) in enumerate(pairwise(found)):
        led = _SPAN.search(text[: one.start])
        if led and one.bare and one.text.isdigit() and one.number < _SHARED:
            joint = _TO if led[1].lower() == "from" else _AND
            number, _, unit = other.text.partition(" ")
            if joint.fullmatch(text[one.end : other.start]) and unit and number[:1].isdigit():
                match = _NUMBER.fullmatch(f"{one.text} {unit}")
                if match and (read := _read(match)):
                    found[at] = replace(one, values=(*read.values, ("", one.number)))
    return found


def _read(match: re.Match[str]) -> Quantity | None:
    sign = (match["sign"] or "").strip().casefold()
    unit = _bare(match["unit"])
    scale = _bare(match["scale"]).removeprefix("an ").removeprefix("a ")
    value = _value(match)
    if scale in _LETTER_SCALES and not sign:
        unit = unit or (scale if scale in UNITS else "")
        scale = ""
    value *= SCALES.get(scale, 1)
    if match["ordinal"]:
        kind = "decade" if match["ordinal"].casefold() == "s" else "ordinal"
        values: Sequence[tuple[str, Fraction]] = ((kind, value),)
    elif sign:
        values = tuple((name, value) for name in SIGNS[sign])
    elif match["fraction"] and not scale:
        values = ((PERCENT, value * 100),)
    elif match["multiple"]:
        values = (("times", value),)
    elif unit:
        values = tuple((base, value * factor) for base, factor in UNITS[unit])
    else:
        values = (("", value),)
    return Quantity(tuple(values), match[0].strip(), match.start(), match.end())


def _score(match: re.Match[str]) -> Quantity:
    pair = Fraction(int(match[1]) * 100 + int(match[2]))
    return Quantity((("score", pair),), match[0], match.start(), match.end())


def _clock(match: re.Match[str]) -> Quantity:
    """Read a time of day, in minutes; one that may be in either half of it has two values."""
    hour, minute = int(match["hour"] or match["h"]), int(match["minute"] or match["m"] or 0)
    if match["half"]:
        hours = [hour % _NOON + (_NOON if match["half"][0].lower() == "p" else 0)]
    else:
        either = hour <= _NOON and not match["h"].startswith("0")
        hours = [hour, hour % _NOON + _NOON] if either else [hour]
    values = tuple(("clock", Fraction(60 * one + minute)) for one in dict.fromkeys(hours))
    return Quantity(values, match[0], match.start(), match.end())


def _bare(found: str | None) -> str:
    """Return a unit or scale as the tables spell it, without what joins it to its number."""
    return " ".join((found or "").replace("-", " ").casefold().split())


def _value(match: re.Match[str]) -> Fraction:
    if match["digits"]:
        plain = re.sub(r"[, \u00a0\u202f]", "", match["digits"])
        return Fraction(plain) * (-1 if match["minus"] else 1)
    if match["fraction"]:
        *count, name = re.split(r"[\s-]", match["fraction"].casefold())
        times = SPELLED.get(count[0], 1) if count else 1
        return FRACTIONS[name.removesuffix("s").replace("halve", "half")] * times
    if match["multiple"]:
        return Fraction(MULTIPLES[match["multiple"].casefold()])
    return Fraction(_spelled(re.split(r"[\s-]+", match["spelled"].casefold())))


def _spelled(words: Sequence[str]) -> int:
    """Add up a number in words: `three hundred and twelve thousand` is 312,000."""
    total = current = 0
    for word in words:
        if word == "hundred":
            current = max(current, 1) * 100
        elif word == "thousand":
            total, current = total + max(current, 1) * 1000, 0
        elif word != "and":
            current += SPELLED[word]
    return total + current


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
        date = _dates_read(match)
        alone = len(date.parts) == 1
        if alone and date.year and _counts(text, match):
            continue
        if alone and date.month and not _is_month(text, match):
            continue
        found.append(date)
    return found


def states_a_day(text: str) -> bool:
    """Tell whether a text holds a date with day, month and year."""
    return any(date.year and date.month and date.day for date in read_dates(text))


def _dates_read(match: re.Match[str]) -> Date:
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
