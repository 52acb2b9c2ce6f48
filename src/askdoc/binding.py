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

from askdoc.dates import Date, read_dates
from askdoc.polarity import sides
from askdoc.quantities import Quantity, read_quantities
from askdoc.words import Terms, Word, is_light, is_verb, read_words

_CUT = re.compile(
    r"[;:()—]|,(?!\d)|\b(?:and|while|but|whereas|which|who|where|when|before|after|until)\b"
)
_FROM_TO = re.compile(r"\b(?:to|from)\b(?=\s+[\d$€£])", re.IGNORECASE)


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
    if len(clauses) < 2:  # noqa: PLR2004 - one clause has nothing to mix up
        return None
    for part in _clauses(claim, terms, ranges=False):
        if (
            found := _mixed(part, clauses)
            or _moved(part, clauses)
            or _turned(part, clauses)
            or _crossed(part, clauses)
        ):
            return found
    return None


def _clauses(text: str, terms: Terms, *, ranges: bool = True) -> list[_Clause]:
    """Cut `text` into clauses; `from 20 in 2010 to 30 in 2020` counts as two where `ranges`."""
    steps = []
    if ranges and re.search(r"\bfrom\b", text, re.IGNORECASE):
        steps = [match.start() for match in _FROM_TO.finditer(text)]
    edges = [0, *sorted([*steps, *(match.start() for match in _CUT.finditer(text))]), len(text)]
    clauses: list[_Clause] = []
    waiting = ""  # a clause of values alone, such as "in 1987", goes with the one that follows
    for start, end in pairwise(edges):
        piece = waiting + text[start:end]
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
    return clauses


def _clause(text: str, terms: Terms) -> _Clause:
    words, values = read_words(text, terms), read_values(text)
    levels = frozenset(key for word in words for key in sides(word) if key[0] == "level")
    return _Clause(values, _own(words, values), *_subject_and_verbs(words), levels)


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
    verbs = [word for word in words if word.stem and is_verb(word)]
    if not verbs:
        return frozenset(), frozenset()
    subject = frozenset(w.stem for w in words if w.stem and w.start < verbs[0].start)
    return subject, frozenset(w.stem for w in verbs if w.stem)


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
        rivals = [i for i, clause in enumerate(clauses) if _rival(clause, value)]
        if len(homes) != 1 or not rivals or _mentions(part, [clauses[i] for i in rivals]):
            continue
        home = homes[0]
        own = clauses[home].stems
        for rival in rivals:
            theirs = clauses[rival].stems - own
            mine = own - clauses[rival].stems
            if rival > home and part.stems & theirs and not theirs <= _before(clauses, rival):
                return f"“{value.text}” is said of something else in"
            if rival < home and (
                _without(part, mine, theirs) or _verbs_of(part, clauses, home, rival)
            ):
                return f"“{value.text}” is said of something else in"
    return None


def _without(part: _Clause, mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Tell whether the claim has words of the rival clause and none of the value's own."""
    return bool(mine) and not part.stems & mine and bool(part.stems & theirs)


def _verbs_of(part: _Clause, clauses: Sequence[_Clause], home: int, rival: int) -> bool:
    """Tell whether the claim joins the verb of the rival clause with the value of another."""
    mine = clauses[home].verbs - clauses[rival].verbs
    theirs = clauses[rival].verbs - clauses[home].verbs
    return bool(mine) and not part.stems & mine and bool(part.stems & theirs)


def _crossed(part: _Clause, clauses: Sequence[_Clause]) -> str | None:
    """Find a verb that the claim says of the subject of another clause."""
    for clause in clauses:
        others = [other for other in clauses if other is not clause]
        elsewhere = frozenset().union(*(other.stems for other in others))
        verbs = (part.verbs & clause.verbs) - elsewhere
        foreign = frozenset().union(*(other.subject for other in others)) - clause.stems
        if verbs and clause.subject and not part.stems & clause.subject and part.subject & foreign:
            return f"“{min(verbs)}” is said of “{min(clause.subject)}” in"
    return None


def _before(clauses: Sequence[_Clause], index: int) -> frozenset[str]:
    return frozenset().union(*(clause.stems for clause in clauses[:index]))


def _mentions(part: _Clause, rivals: Sequence[_Clause]) -> bool:
    return any(_holds(part, value) for clause in rivals for value in _values(clause))


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
