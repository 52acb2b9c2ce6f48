"""Whether a value belongs to what the claim gives it to, where a source gives several values.

"Coffee brings a quarter of the income, tea 8 percent" holds both values; "tea brings a quarter"
takes each word from the source and is still wrong. The source is cut into clauses, each with its
value; a clause inherits the subject of an earlier one, never of a later one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeVar

from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.values import Date, Quantity, read_dates, read_quantities
from askdoc.text.words import Terms, Word, is_light, read_words
from askdoc.write.check.clauses import verbs_among
from askdoc.write.check.polarity import sides

_CUT = re.compile(
    r"[;()—]|[:,](?!\d)|\b(?:compared (?:with|to)|versus|against(?= (?:(?:about|only|just) )?\d)"
    r"|and|while|but|whereas|which|who|where|when|before|after|until)\b"
)
_LEADING = PREPOSITIONS | {"among"}
_COMPARED = re.compile(r"^(?:compared (?:with|to)|versus|against)\b")
"""Joins a clause that shares the verb of the one before it: "31 slept, compared with 17"."""

_LATER = re.compile(
    r"\b(?:later|earlier|afterwards|(?:the (?:next|following|previous)) (?:day|week|month|year))\b",
    re.IGNORECASE,
)
"""What happened then has a date of its own, that only reckoning gives."""

_FROM = re.compile(r"\b(?:from|between)\s+(?:about |around |some )?$", re.IGNORECASE)
_TO = re.compile(r"\s+(?:to|and|until)\s+(?:about |around |some )?", re.IGNORECASE)
_OF = re.compile(r"\s+(?:out )?of\s+(?:the |those |these |its |their |all )?", re.IGNORECASE)
_FROM_TO = re.compile(r"\b(?:to|from)\b(?=\s+[\d$€£])", re.IGNORECASE)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Values:
    """The dates and quantities of a text; no number counts as both."""

    dates: tuple[Date, ...]
    quantities: tuple[Quantity, ...]

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Where in the text they stand."""
        dates = [(date.start, date.end) for date in self.dates]
        return dates + [(quantity.start, quantity.end) for quantity in self.quantities]


@dataclass(frozen=True, slots=True)
class _Clause:
    values: Values
    stems: frozenset[str]
    subject: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    levels: frozenset[tuple[str, int]] = field(default_factory=frozenset)
    opens_with_preposition: bool = False
    later: bool = False


def read_values(text: str) -> Values:
    """Read the dates of `text`, then the quantities from what is left."""
    dates = read_dates(text)
    blanked = list(text)
    for date in dates:
        blanked[date.start : date.end] = " " * (date.end - date.start)
    return Values(tuple(dates), tuple(read_quantities("".join(blanked))))


def misplaced(claim: str, source: str, terms: Terms) -> str | None:
    """Say which value of the claim the source gives to something else, else None."""
    clauses = _clauses(source, terms)
    values = read_values(claim)
    several = min(len(values.dates), len(values.quantities)) > 1
    for part in _led(_clauses(claim, terms, ranges=several)):
        found = (
            _whole_for_part(part, source, clauses)
            or _crossed_pair(part, source)
            or _redated(part, clauses)
        )
        if not found and len(clauses) > 1:  # one clause has nothing to mix up
            found = _mixed(part, clauses) or _moved(part, clauses) or _turned(part, clauses)
        if found:
            return found
    return None


def _led(clauses: Sequence[_Clause]) -> list[_Clause]:
    """Join what has neither value nor verb to what follows: "Of those with a placebo, 31 slept"."""
    found: list[_Clause] = []
    leading: frozenset[str] = frozenset()
    for clause in clauses:
        if clause.opens_with_preposition and not clause.verbs and not _values(clause):
            leading |= clause.stems
            continue
        found.append(replace(clause, stems=clause.stems | leading))
        leading = frozenset()
    return found


def _clauses(text: str, terms: Terms, *, ranges: bool = True) -> list[_Clause]:
    """Cut `text` into clauses; `from 20 in 2010 to 30 in 2020` counts as two where `ranges`."""
    steps = []
    if ranges and re.search(r"\bfrom\b", text, re.IGNORECASE):
        steps = [match.start() for match in _FROM_TO.finditer(text)]
    edges = [0, *sorted([*steps, *(match.start() for match in _CUT.finditer(text))]), len(text)]
    clauses: list[_Clause] = []
    waiting = ""  # a clause of values alone, such as "in 1987", goes with the one that follows
    for start, end in pairwise(edges):
        piece = waiting + _COMPARED.sub("", text[start:end])
        clause = _clause(piece, terms)
        if clause.stems:
            clauses.append(clause)
            waiting = ""
        elif clauses and start in steps:
            clauses.append(replace(clauses[-1], values=clause.values))
        else:
            waiting = piece
    if waiting and clauses:
        clauses.append(replace(clauses[-1], values=read_values(waiting)))
    return clauses or [_clause(text, terms)]


def _clause(text: str, terms: Terms) -> _Clause:
    words, values = read_words(text, terms), read_values(text)
    levels = frozenset(key for word in words for key in sides(word) if key[0] == "level")
    led = bool(words) and words[0].folded in _LEADING
    own, later = _own(words, values), _LATER.search(text) is not None
    return _Clause(values, own, *_subject_and_verbs(words), levels, led, later)


def _own(words: Sequence[Word], values: Values) -> frozenset[str]:
    """Return the content words that are not part of a value."""
    taken = values.ranges
    return frozenset(
        word.stem
        for word in words
        if word.stem
        and not is_light(word.stem)
        and not any(start <= word.start < end for start, end in taken)
    )


def _subject_and_verbs(words: Sequence[Word]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the content words before the first verb, and the verbs."""
    verbs = [index for index in verbs_among(words) if words[index].stem]
    if not verbs:
        return frozenset(), frozenset()
    subject = frozenset(w.stem for w in words[: verbs[0]] if w.stem)
    return subject, frozenset(words[index].stem or "" for index in verbs)


def _holds(clause: _Clause, value: Date | Quantity) -> bool:
    if isinstance(value, Date):
        return any(value.within(other) for other in clause.values.dates)
    return any(value.equals(other) for other in clause.values.quantities)


def _rival(clause: _Clause, value: Date | Quantity) -> bool:
    """Tell whether a clause has another value of the same kind."""
    if _holds(clause, value):
        return False
    if isinstance(value, Date):
        keys = value.parts.keys()
        return any(keys <= other.parts.keys() for other in clause.values.dates)
    return any(value.same_kind(other) for other in clause.values.quantities)


def _values(clause: _Clause) -> tuple[Date | Quantity, ...]:
    return (*clause.values.dates, *clause.values.quantities)


def _moved(part: _Clause, clauses: Sequence[_Clause]) -> str | None:
    """Find a value whose words in the claim come from the clause of a rival value."""
    for value in _values(part):
        homes = [i for i, clause in enumerate(clauses) if _holds(clause, value)]
        if len(homes) != 1:
            continue
        home = homes[0]
        rivals = [
            i
            for i, clause in enumerate(clauses)
            if _rival(clause, value) and not _mentions(part, clause, but=clauses[home])
        ]
        own = clauses[home].stems
        for rival in rivals:
            theirs = _of_rival(clauses, home, rival) - own
            mine = own - clauses[rival].stems
            if rival > home and part.stems & (theirs - _before(clauses, rival)):
                return f"“{value.text}” is said of something else in"
            if rival < home and (
                _without(part, mine - clauses[home].verbs or mine, theirs)
                or (
                    not part.stems & (mine - clauses[home].verbs)
                    and _verbs_of(part, clauses, home, rival)
                )
            ):
                return f"“{value.text}” is said of something else in"
    return None


def _of_rival(clauses: Sequence[_Clause], home: int, rival: int) -> frozenset[str]:
    """Return the words of a rival clause, less the predicate that it shares with the home.

    In "58 percent of nurses but 31 percent of doctors left" both left.
    """
    shared = rival == home + 1 and not clauses[home].verbs and clauses[rival].verbs
    return clauses[rival].subject if shared else clauses[rival].stems


def _without(part: _Clause, mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Tell whether the claim has words of the rival clause and none of the value's own."""
    return bool(mine) and not part.stems & mine and bool(part.stems & theirs)


def _verbs_of(part: _Clause, clauses: Sequence[_Clause], home: int, rival: int) -> bool:
    """Tell whether the claim joins the verb of the rival clause with the value of another."""
    mine = clauses[home].verbs - clauses[rival].verbs
    theirs = clauses[rival].verbs - clauses[home].verbs
    return bool(mine) and not part.stems & mine and bool(part.stems & theirs)


def _before(clauses: Sequence[_Clause], index: int) -> frozenset[str]:
    return frozenset().union(*(clause.stems for clause in clauses[:index]))


def _mentions(part: _Clause, rival: _Clause, *, but: _Clause) -> bool:
    """Tell whether the claim has a value of the rival clause that is not also the home's."""
    return any(_holds(part, value) for value in _values(rival) if not _holds(but, value))


def _mixed(part: _Clause, clauses: Sequence[_Clause]) -> str | None:
    """Find a date and an amount of one claim that stand with other partners in the source."""
    for date in part.values.dates:
        for amount in part.values.quantities:
            with_date = [c for c in clauses if _holds(c, date)]
            with_amount = [c for c in clauses if _holds(c, amount)]
            if not with_date or not with_amount:
                continue
            together = any(_holds(c, amount) for c in with_date)
            paired = all(any(_rival(c, amount) for _ in [0]) for c in with_date) and all(
                _rival(c, date) for c in with_amount
            )
            if paired and not together:
                return f"“{amount.text}” is not given for {date.text} in"
    return None


def _whole_for_part(part: _Clause, source: str, clauses: Sequence[_Clause]) -> str | None:
    """Find a number that the source gives for all of something, and the claim for a part of it.

    "Seven of the nine bridges were rebuilt" does not say that nine were.
    """
    amounts = read_values(source).quantities
    for some, whole in pairwise(amounts):
        if not _OF.fullmatch(source[some.end : whole.start]):
            continue
        home = next((clause for clause in clauses if _holds(clause, whole)), None)
        said = [amount for amount in part.values.quantities if amount.equals(whole)]
        if (
            said
            and home is not None
            and part.verbs & home.verbs
            and not any(amount.equals(some) for amount in part.values.quantities)
        ):
            return f"“{said[0].text}” is said of all, not of these, in"
    return None


def _redated(part: _Clause, clauses: Sequence[_Clause]) -> str | None:
    """Find a date that the claim gives for what happened, by its verb, at another date."""
    homes = [clause for clause in clauses if part.verbs & clause.verbs]
    if part.later or not homes or not all(c.values.dates or c.later for c in homes):
        return None
    for date in part.values.dates:
        if not any(_holds(clause, date) for clause in homes):
            return f"“{date.text}” is said of something else in"
    return None


def _crossed_pair(part: _Clause, source: str) -> str | None:
    """Find a value that the claim gives for the other end of a span of time.

    "Between 1990 and 2005 it fell from 48 to 11 percent" says 48 of 1990 and 11 of 2005.
    """
    values = read_values(source)
    dates = _pair(source, [(d.start, d.end, d) for d in values.dates])
    amounts = _pair(source, [(q.start, q.end, q) for q in values.quantities])
    if dates is None or amounts is None or len(part.values.dates) != 1:
        return None
    (date,) = part.values.dates
    ends = [index for index, end in enumerate(dates) if date.within(end)]
    for amount in part.values.quantities:
        given = [index for index, end in enumerate(amounts) if amount.equals(end)]
        if len(ends) == len(given) == 1 and ends != given:
            return f"“{amount.text}” is not given for {date.text} in"
    return None


def _pair(source: str, found: Sequence[tuple[int, int, T]]) -> tuple[T, T] | None:
    """Return the first two values that `from … to …` or `between … and …` joins."""
    for (start, end, one), (after, _, other) in pairwise(found):
        before, between = source[:start], source[end:after]
        if _FROM.search(before) and _TO.fullmatch(between):
            return one, other
    return None


def _turned(part: _Clause, clauses: Sequence[_Clause]) -> str | None:
    """Find a comparison whose object is compared the other way round in the source."""
    for family, side in part.levels:
        homes = [clause for clause in clauses if (family, side) in clause.levels]
        rivals = [clause for clause in clauses if (family, 1 - side) in clause.levels]
        if not homes or not rivals or (family, 1 - side) in part.levels:
            continue
        own = frozenset().union(*(clause.stems for clause in homes))
        theirs = frozenset().union(*(clause.stems for clause in rivals)) - own
        words = {word for word in own if word in part.stems}
        mine = own - frozenset().union(*(clause.stems for clause in rivals))
        levels = {stem for stem in mine if stem in ("high", "higher", "low", "lower")}
        if part.stems & theirs and not (words & mine) - levels:
            return "the comparison is the other way round in"
    return None
