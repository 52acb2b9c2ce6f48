"""Whether a claim places something before, at or after a date as its source does."""

from __future__ import annotations

import re

from askdoc.text.values import Date, read_dates
from askdoc.write.check.binding import read_values
from askdoc.write.check.languages import ENGLISH, MONTHS, plain

_BEFORE = r"before|prior to|earlier than|ahead of"
_AFTER = r"after|later than|following|subsequent to"
_SIDE = re.compile(rf"\b(?:(?P<before>{_BEFORE})|(?P<after>{_AFTER}))\s+$", re.IGNORECASE)
_FROM_BEFORE = re.compile(
    r"^,?\s+(?:or|and)\s+(?:earlier|before|later|after|onwards?)\b", re.IGNORECASE
)
_AT = re.compile(r"\b(?:in|on|at)\s+$", re.IGNORECASE)
_BY = re.compile(r"\b(?:by|no later than|at the latest (?:on|in)?)\s+$", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|till|up to)\s+$", re.IGNORECASE)
_SPAN = re.compile(
    r"(?:\b(?:by|until|till|up to|since|from|between|through|to|and|as of|around|about|circa|c\."
    r"|the|within|or|not|than)\s+(?:the\s+)?|[-–])$",
    re.IGNORECASE,
)
"""What makes a date a limit, a part of a span, or the name of an event."""

_PARTS = re.compile(r"[;:,]\s|\band\b")
_LETTERS = re.compile(r"[^\W\d_]{4,}")
_STARTS = re.compile(r"\b(?:from|between)\s+$", re.IGNORECASE)
_STOPS = re.compile(
    r"\b(?:from|between)\s[^,;]*?\d\s*(?:to|and|until|till|[-–])\s*$", re.IGNORECASE
)

_NOT = re.compile(r"\b(?:not|no|never|n[’']t)\s+(?:\w+\s+){0,3}$", re.IGNORECASE)
_OTHER_TIME = re.compile(
    r"\b(?:then|thereafter|afterwards?|later|since|subsequent\w*|follow\w*|previous\w*|earlier"
    r"|already|former\w*|until|till|before|after|onwards?|next)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(?:clos|end|ceas|stop|expir|abolish|replac|dissol|died|death|retir|resign|left|demolish"
    r"|destroy|remov|terminat|open|reopen)",
    re.IGNORECASE,
)

_FOREIGN = {
    "de": ("vor", "nach"),
    "fr": ("avant", "apres"),
    "es": ("antes de|antes del", "despues de|despues del|tras"),
    "it": ("prima del|prima dell|prima di", "dopo"),
    "pt": ("antes de|antes do", "depois de|depois do|apos"),
    "nl": ("voor", "na"),
    "sv": ("fore|innan", "efter"),
    "da": ("før", "efter"),
    "nb": ("før", "etter"),
    "pl": ("przed", "po"),
    "cs": ("pred", "po"),
    "ru": ("до|перед", "после"),
    "uk": ("до|перед", "після"),
}
_UNSPACED = re.compile(
    r"(?P<year>\d{4})\s*年(?:\d+月)?(?:\d+[日号])?(?P<side>以前|之前|前|以后|之后|以後|之後|后|後|以降)?"
)
_EARLY = ("以前", "之前", "前")


def _nearest(claim: str, source: str, dates: list[Date]) -> list[Date]:
    """Keep those of several dates whose part of the source shares most words with the claim."""
    said = set(_LETTERS.findall(claim.lower()))
    shares = []
    for date in dates:
        start = max([0, *(m.end() for m in _PARTS.finditer(source, 0, date.start))])
        end = next((m.start() for m in _PARTS.finditer(source, date.end)), len(source))
        shares.append(len(said & set(_LETTERS.findall(source[start:end].lower()))))
    return [date for date, share in zip(dates, shares, strict=True) if share == max(shares)]


def mistimed_by_date(claim: str, source: str, language: str) -> str | None:
    """Find what the claim has before or after a date, and its source at it, or the reverse."""
    if language != ENGLISH:
        return _in_words_of(claim, source, language)
    given = read_dates(source)
    for date in read_dates(claim):
        same = _nearest(claim, source, [other for other in given if date.within(other)])
        side = _side(claim, date)
        if side and same and all(_is_end(source, other, side) for other in same):
            return f"“{date.text}” is the {'beginning' if side < 0 else 'end'} of it in"
        theirs = {_side(source, other) for other in same}
        if side and theirs == {0} and not _OTHER_TIME.search(_without_dates(source)):
            how = "before" if side < 0 else "after"
            return f"“{how} {date.text}” is “{same[0].text}” itself in"
        if side == 0 and _AT.search(claim[: date.start]) and theirs and theirs <= {-1, 1}:
            return f"“{date.text}” is said of another time in"
    return None


def nearly_timed(claim: str, source: str) -> str | None:
    """Find a limit of time that the claim states and its source does not, or a date for a limit."""
    given = read_dates(source)
    for date in read_dates(claim):
        same = _nearest(claim, source, [other for other in given if date.within(other)])
        theirs = {_side(source, other) for other in same}
        before = claim[: date.start]
        if _side(claim, date) in (-1, 1) and 0 in theirs and _side(claim, date) not in theirs:
            return f"“{date.text}” is the time itself in"
        if _AT.search(before) and same and all(_BY.search(source[: o.start]) for o in same):
            return f"“{date.text}” is only the latest time in"
        if _UNTIL.search(before) and theirs == {0} and not _ENDS.search(source):
            return f"“until {date.text}” is not said in"
    return None


def _side(text: str, date: Date) -> int | None:
    """Return -1 before a date, 1 after it, 0 at it, None where something else is said of it."""
    before = text[: date.start]
    if _FROM_BEFORE.match(text[date.end :]) or date.parts.keys() <= {"month", "weekday"}:
        return None
    if found := _SIDE.search(before):
        if _NOT.search(before[: found.start()]):
            return None
        return -1 if found["before"] else 1
    return None if _SPAN.search(before) or text[date.end :].startswith(("–", "-")) else 0


def _is_end(text: str, date: Date, side: int) -> bool:
    """Tell whether a date is the beginning (side -1) or the end (1) of a span of time."""
    return bool((_STARTS if side < 0 else _STOPS).search(text[: date.start]))


def _without_dates(text: str) -> str:
    for date in reversed(read_values(text).dates):
        text = text[: date.start] + text[date.end :]
    return text


def _in_words_of(claim: str, source: str, language: str) -> str | None:
    """Do the same by the years of a text in another language."""
    if language in ("zh", "ja"):
        sides = [
            {(m["year"], _unspaced_side(m["side"])) for m in _UNSPACED.finditer(text)}
            for text in (claim, source)
        ]
    elif language in _FOREIGN:
        sides = [
            {(str(d.year), _foreign_side(text, d, language)) for d in read_dates(text) if d.year}
            for text in (claim, source)
        ]
    else:
        return None
    for year, side in sorted(sides[0]):
        theirs = {other for there, other in sides[1] if there == year}
        if theirs and side not in theirs and (side or theirs <= {-1, 1}):
            return f"“{year}” is said of another time in"
    return None


def _unspaced_side(mark: str | None) -> int:
    return 0 if mark is None else -1 if mark in _EARLY else 1


def _foreign_side(text: str, date: Date, language: str) -> int:
    before = plain(text[: date.start])
    before = re.sub(rf"(?:\b(?:{'|'.join(sorted(MONTHS))})\s+(?:de\s+|del\s+)?)$", "", before)
    before = re.sub(r"(?:\b\d{1,2}(?:\.|er|o|º)?\s+(?:de\s+)?)$", "", before)
    before = re.sub(r"\b(?:dem|der|den|das|le|la|el|il|o|a|de|l['’])\s*$", "", before)
    for side, words in zip((-1, 1), _FOREIGN[language], strict=True):
        if re.search(rf"\b(?:{words})\s*$", before):
            return side
    return 0
