"""Whether a claim says the same of the same things as its source: who does what, and how much.

"B beat A" and "Tea brings 25 percent" can take each word from their source and still be wrong,
which the entailment model often overlooks. There is no parser: a clause ends at a comma or a
joining word, a verb is recognised by its ending, and a clause without a subject has that of the
clause before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from askdoc.text.english import BE
from askdoc.text.values import Date, Quantity
from askdoc.text.words import Terms, Word, is_light, is_verb, read_words
from askdoc.write.check.facts import read_values

_CUT = re.compile(
    r"[;()—]|[:,](?!\d)|[.!?]\s|\b(?:and|but|yet|while|whereas|which|who|whose|that|where|when"
    r"|before|after|until|because|although|though|since|if|compared|versus)\b",
    re.IGNORECASE,
)
_BY = 5
"""Words after a passive verb among which `by` names who does it."""

Value = Date | Quantity


@dataclass(frozen=True, slots=True)
class _Clause:
    """A piece of a sentence: who does or is something, what, to whom, and its values.

    `doers` of a passive without `by` are unknown, hence empty. `stems` are all its content words,
    with the subject and verb that it takes over.
    """

    verb: str
    doers: frozenset[str]
    others: frozenset[str]
    stems: frozenset[str]
    verbs: frozenset[str]
    values: tuple[Value, ...]


def exchanged(claim: str, source: str, terms: Terms) -> str | None:
    """Say what has changed places: who does something, or what a value is said of; else None."""
    mine, theirs = _clauses(claim, terms), _clauses(source, terms)
    if _has_another_doer(mine, theirs):
        return "who does what is otherwise"
    value = _moved_value(mine, theirs)
    return f"“{value}” is said of something else" if value else None


def _has_another_doer(mine: Sequence[_Clause], theirs: Sequence[_Clause]) -> bool:
    """Say whether one does in the claim what another does in the source."""
    for clause in mine:
        same = [other for other in theirs if other.verb == clause.verb and other.doers]
        if not clause.verb or not clause.doers or not same:
            continue
        if any(clause.doers & other.doers for other in same):
            continue
        for other in same:
            turned = clause.doers & other.others and clause.others & other.doers
            acting = any(
                clause.doers & third.doers and not third.doers & other.doers
                for third in theirs
                if third.verb and third.verb != clause.verb
            )
            if turned or acting:
                return True
    return False


def _moved_value(mine: Sequence[_Clause], theirs: Sequence[_Clause]) -> str | None:
    """Find a value that the source gives to something else."""
    for clause in mine:
        for value in clause.values:
            homes = [other for other in theirs if _holds(other, value)]
            rivals = [other for other in theirs if _rivals(other, value)]
            if len(homes) == 1 and any(_moved(clause, homes[0], rival) for rival in rivals):
                return value.text
    return None


def _moved(claim: _Clause, home: _Clause, rival: _Clause) -> bool:
    """Say whether the claim has words of the rival clause alone, and none of the home's alone."""
    for said, own, other in (
        (claim.stems, home.stems, rival.stems),
        (claim.verbs, home.verbs, rival.verbs),
    ):
        if own - other and not said & (own - other) and said & (other - own):
            return True
    return False


def _holds(clause: _Clause, value: Value) -> bool:
    return any(_same(value, other) for other in clause.values)


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Date):
        return isinstance(other, Date) and one.within(other)
    return isinstance(other, Quantity) and one.equals(other)


def _rivals(clause: _Clause, value: Value) -> bool:
    """Say whether a clause has another value of the same kind, and not this one."""
    if _holds(clause, value):
        return False
    if isinstance(value, Date):
        return any(
            isinstance(other, Date) and value.parts.keys() <= other.parts.keys()
            for other in clause.values
        )
    return any(isinstance(other, Quantity) and value.same_kind(other) for other in clause.values)


def _clauses(text: str, terms: Terms) -> list[_Clause]:
    values = read_values(text)
    held: tuple[Value, ...] = (*values.dates, *values.quantities)
    words = [
        word
        for word in read_words(text, terms)
        if not any(start <= word.start < end for start, end in values.ranges)
    ]
    cuts = [0, *(match.start() for match in _CUT.finditer(text)), len(text)]
    found: list[_Clause] = []
    subject: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    for start, end in pairwise(cuts):
        inside = [word for word in words if start <= word.start < end]
        within = tuple(value for value in held if start <= value.start < end)
        if not inside and not within:
            continue
        at = next((i for i in range(len(inside)) if _is_verb(inside, i)), None)
        stems = _stems(inside)
        if at is None:  # an aside, a place, or an elliptical clause: "and the gold medal in 2002"
            before = stems
            found.append(_Clause("", frozenset(), frozenset(), stems | subject, verbs, within))
            continue
        own = _stems(inside[:at])
        subject = own or subject or before
        verb = inside[at].stem or ""
        verbs = frozenset(
            word.stem or "" for i, word in enumerate(inside) if _is_verb(inside, i) and word.stem
        )
        doers, others = _parts(inside, at, subject)
        found.append(_Clause(verb, doers, others, stems | subject, verbs, within))
    return found


def _parts(
    words: Sequence[Word], at: int, subject: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return who does it and whom it is done to; the first is empty where that is not said."""
    after = [word.folded for word in words[at + 1 : at + 1 + _BY]]
    reduced = after[:1] == ["by"]  # "a film directed by Varga"
    if not reduced and not any(word.folded in BE for word in words[max(0, at - 2) : at]):
        return subject, _stems(words[at + 1 :])
    by = at + 2 + after.index("by") if "by" in after else len(words)
    return _stems(words[by:]), subject


def _is_verb(words: Sequence[Word], at: int) -> bool:
    word = words[at]
    if word.stem is None or is_light(word.stem):
        return False
    return is_verb(word, words[at - 1] if at else None)


def _stems(words: Iterator[Word] | Sequence[Word]) -> frozenset[str]:
    return frozenset(word.stem for word in words if word.stem and not is_light(word.stem))
