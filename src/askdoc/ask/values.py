"""Cites the value that a question asks for, and what gives another for the same. Pure.

That the words of two sentences are the same, as `disagreement` demands, can be loosened here, since
the question says of what the value is: both sentences must be about all that it names, and give a
value of the kind that it asks for. What tells them apart, such as other names or years, still keeps
them from being opposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from askdoc.ask.cite import REACH, Chosen, Opposed
from askdoc.ask.mail import sayings
from askdoc.text.english import ONCE, ROUGH
from askdoc.text.units import UNITS
from askdoc.text.values import Date, Quantity, read_dates, read_quantities
from askdoc.text.words import Terms, Word, is_verb, read_words
from askdoc.types import Evidence, Span
from askdoc.write.check.disagreement import conflict, contradict, parallel

if TYPE_CHECKING:
    from askdoc.text.values import Date, Quantity

    Value = Date | Quantity

_LENGTHS = frozenset(("metre", "foot", "inch", "yard", "mile"))
_TIMES = frozenset(("second", "month", "year", "decade", "century"))

_WHEN = re.compile(r"\b(?:when|(?:in )?(?:what|which) (?:year|date|day|month))\b", re.IGNORECASE)
_HOW = re.compile(r"\bhow (tall|high|long|wide|deep|thick|old|heavy)\b", re.IGNORECASE)
_MANY = re.compile(r"\bhow many ((?:[^\W\d_]+[ -]){0,2}[^\W\d_]+)", re.IGNORECASE)

_UNITS: Mapping[str, frozenset[str]] = {
    "long": _LENGTHS | _TIMES,
    "old": _TIMES,
    "heavy": frozenset(("gram", "ton", "ounce", "lb")),
}
_AFTER: Mapping[str, frozenset[str]] = {
    "tall": frozenset(("tall", "high")),
    "high": frozenset(("tall", "high")),
    "long": frozenset(("long",)),
    "wide": frozenset(("wide", "broad")),
    "deep": frozenset(("deep",)),
    "thick": frozenset(("thick",)),
    "old": frozenset(("old",)),
    "heavy": frozenset(("heavy",)),
}
_BEFORE: Mapping[str, frozenset[str]] = {
    "tall": frozenset(("height",)),
    "high": frozenset(("height",)),
    "long": frozenset(
        ("length", "last", "lasted", "lasts", "span", "spans", "for", "took", "take", "takes")
    )
    | {"duration"},
    "wide": frozenset(("width",)),
    "deep": frozenset(("depth",)),
    "thick": frozenset(("thickness",)),
    "old": frozenset(("age", "aged")),
    "heavy": frozenset(("weigh", "weighs", "weighed", "weight")),
}
"""The words after and before a value that say of what it is, for each word that asks for it."""

_BESIDE = 3
"""Among how many words before a value such a word stands."""

_JOINS = re.compile(r"\s*(?:,|and|,\s*and)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A kind of value: `when`, a word such as `tall`, or `many` with the stems of what is counted.

    `said` are the terms of the question that its answer need not repeat.
    """

    kind: str
    counted: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()


def wanted(question: str, terms: Terms) -> Wanted | None:
    """Tell what kind of value a question asks for; None where it is none that is known."""
    if found := _MANY.search(question):
        words = found[1].split()
        counted = next(
            (n for n, word in enumerate(words) if not terms(word) or _verbal(word, terms)),
            len(words),
        )
        stems = [stem for word in words[:counted] for stem in terms(word)]
        return Wanted("many", frozenset(stems)) if stems else None
    if found := _HOW.search(question):
        kind = found[1].lower()
        told = (kind, *_AFTER[kind], *_BEFORE[kind])
        return Wanted(kind, said=frozenset(terms(" ".join(told))))
    if _WHEN.search(question):
        return Wanted("when", said=frozenset(terms("year date day month")))
    return None


def given(want: Wanted, text: str, asked: frozenset[str], terms: Terms) -> list[Value]:
    """List the values that a sentence gives of what is wanted; `asked` are the question's terms."""
    from askdoc.write.check.binding import read_values  # which most questions need not load

    read = read_values(text)
    words = read_words(text, terms)
    if want.kind == "when":
        dates = [date for date in read.dates if date.year or date.day]
        return [date for date in dates if _dates(date, words, asked)]
    quantities = list(_joined(read.quantities, text))
    if want.kind == "many":
        return [one for one in quantities if one.bare and _counts(one, words, want.counted)]
    units = _UNITS.get(want.kind, _LENGTHS)
    return [
        one
        for one in quantities
        if units & {unit for unit, _ in one.values} and _beside(one, words, want.kind)
    ]


def _verbal(word: str, terms: Terms) -> bool:
    return any(is_verb(one) for one in read_words(word, terms))


def _dates(date: Date, words: Sequence[Word], asked: frozenset[str]) -> bool:
    """Tell whether the verb that a date belongs to is the question's.

    That is the last one before it, or of a date that a sentence begins with, the first after it.
    """
    verbs = [word for n, word in enumerate(words) if is_verb(word, words[n - 1] if n else None)]
    before = [verb for verb in verbs if verb.end <= date.start]
    own = before[-1] if before else next(iter(verbs), None)
    return own is not None and not asked.isdisjoint((own.stem, own.folded))


def _counts(number: Quantity, words: Sequence[Word], counted: frozenset[str]) -> bool:
    """Tell whether what is counted follows a number at once, or after one more word."""
    after = [word for word in words if word.start >= number.end][: len(counted) + 1]
    return counted <= {word.stem for word in after}


def _beside(value: Quantity, words: Sequence[Word], kind: str) -> bool:
    """Tell whether the words around a value say that it is of that kind."""
    before = [word.folded for word in words if word.end <= value.start][-_BESIDE:]
    after = [word.folded for word in words if word.start >= value.end][:1]
    return not (_BEFORE[kind].isdisjoint(before) and _AFTER[kind].isdisjoint(after))


def _joined(quantities: Sequence[Quantity], text: str) -> Iterator[Quantity]:
    """Add up what is told in two units: `four hours and twenty minutes`."""
    parts = list(quantities)
    for at, (one, other) in enumerate(pairwise(quantities)):
        (unit, much), (smaller, little) = one.values[0], other.values[0]
        between = text[one.end : other.start]
        if unit == smaller in _TIMES and little < much and _JOINS.fullmatch(between):
            whole = text[one.start : other.end].strip()
            parts[at + 1] = replace(
                other, values=((unit, parts[at].number + little),), text=whole, start=one.start
            )
            parts[at] = parts[at + 1]
    yield from dict.fromkeys(parts)


_NEAR = 20
"""How many of the best sentences are looked through for a value."""

_ABOUT = 0.85
"""The share by weight of what a question names that a sentence with its answer is about."""

_BACK = 3
"""Sentences before one with a pronoun among which is what it speaks of."""

_PRONOUN = re.compile(r"\b(?:he|she|it|they|his|her|its|their)\b", re.IGNORECASE)
_APART = re.compile(r"\n\s*\n")
_BOUND = ROUGH | frozenset(
    ["least", "most", "than", "under", "over", "up", "maximum", "minimum", "almost"]
)
_DIGITS = re.compile(r"(?P<number>\d{1,9})\s?(?P<unit>.*)")
_FIRST = frozenset(("first", "last"))


@dataclass(frozen=True, slots=True)
class _Statement:
    """A sentence that gives one value of the kind that is asked for, with those it leans on."""

    item: Evidence
    span: Span
    value: Value
    words: Sequence[Word]


@dataclass(frozen=True, slots=True)
class _Question:
    """A question for a value: what it wants, and the weights of all else that it names."""

    want: Wanted
    asked: frozenset[str]
    weights: Mapping[str, float]
    terms: Terms

    def about(self, text: str) -> float:
        """Return the share by weight of what the question names that a text holds."""
        mass = sum(self.weights.values())
        held = {*self.terms(text)} & self.weights.keys()
        return sum(self.weights[term] for term in held) / mass if mass else 0.0


def with_value(
    chosen: list[Chosen],
    want: Wanted,
    evidence: Sequence[Evidence],
    terms: Terms,
    weights: Mapping[str, float],
    *,
    limit: int,
) -> list[Chosen]:
    """See to it that what is `chosen`, at least one, gives the value that is asked for.

    Where none of them does, the best sentence that does and is about all that is asked comes first.
    What gives another value for the same is cited as well, next to what it is opposed to.
    """
    asked = _Question(
        want,
        frozenset(weights),
        {term: weight for term, weight in weights.items() if term not in want.said},
        terms,
    )
    near = sayings(evidence, terms)[:_NEAR]
    found = [one for item in near if (one := _stating(item, asked)) is not None]
    stated = next((one for place in chosen for one in found if _in(one, place)), None)
    if stated is None and not any(_gives(place, asked) for place in chosen):
        stated = next((one for one in found if _answers(one, asked, chosen[0])), None)
        if stated is not None:
            first = Chosen(stated.item, stated.span)
            chosen = [first, *(one for one in chosen if not _within(one, first))][:limit]
    if stated is None or _subject(stated, asked) < _ABOUT:
        return chosen
    rival = next((one for one in found if _opposed(stated, one, asked)), None)
    return chosen if rival is None else _with_rival(chosen, stated, rival, limit)


def _with_rival(
    chosen: list[Chosen], stated: _Statement, rival: _Statement, limit: int
) -> list[Chosen]:
    """Put what gives the other value next to what gives the first; the last ones make room."""
    opposed = Opposed(stated.item, stated.value.text, rival.value.text)
    if any(_in(rival, place) for place in chosen):
        return [replace(place, opposed=opposed) if _in(rival, place) else place for place in chosen]
    if limit <= 1:
        return chosen
    kept = list(chosen)
    if len(kept) >= limit:
        kept.pop(-2 if _in(stated, kept[-1]) else -1)
    at = next(n for n, place in enumerate(kept) if _in(stated, place)) + 1
    return [*kept[:at], Chosen(rival.item, rival.span, opposed), *kept[at:]]


def _stating(item: Evidence, asked: _Question) -> _Statement | None:
    values = given(asked.want, item.text, asked.asked, asked.terms)
    if len(values) != 1:
        return None
    return _Statement(item, _run(item), values[0], read_words(item.text, asked.terms))


def _gives(place: Chosen, asked: _Question) -> bool:
    """Tell whether a place gives any value of the kind that is asked for."""
    text = place.evidence.passage.chunk.sentence(place.span)
    return bool(given(asked.want, text, asked.asked, asked.terms))


def _answers(one: _Statement, asked: _Question, best: Chosen) -> bool:
    """Tell whether a statement is about what is asked, or near the best with a word of it."""
    if asked.about(_text(one)) >= _ABOUT:
        return True
    near = best.evidence.score - one.item.score <= REACH
    return near and asked.about(one.item.text) > 0


def _subject(one: _Statement, asked: _Question) -> float:
    """Return how much of the question a statement is about, read below its title and headings."""
    passage = one.item.passage
    above = (passage.document.title or "", *passage.chunk.headings)
    return asked.about(" ".join((*above, _text(one))))


def _opposed(stated: _Statement, other: _Statement, asked: _Question) -> bool:
    """Tell whether two statements give different values for what is asked."""
    if _within(Chosen(other.item, other.span), Chosen(stated.item, stated.span)):
        return False
    one, two = stated.item.passage, other.item.passage
    if one.document.id == two.document.id and one.chunk.headings != two.chunk.headings:
        return False
    if parallel(one.document.title or "", two.document.title or "", asked.terms):
        return False
    if _subject(other, asked) < _ABOUT or not _differ(stated.value, other.value, asked):
        return False
    return _comparable(stated, other, asked)


def _differ(one: Value, other: Value, asked: _Question) -> bool:
    if isinstance(one, Date) and isinstance(other, Date):
        return bool(asked.asked & (ONCE | _FIRST)) and contradict(one, other)
    if isinstance(one, Date) or isinstance(other, Date):
        return False
    mine, theirs = _whole(one), _whole(other)
    if mine is None or theirs is None or mine[1] != theirs[1]:
        return conflict(one, other)
    step = max(_step(mine[0]), _step(theirs[0]))
    apart = abs(mine[0] - theirs[0])
    return apart > step / 2 if step > 1 else apart > 0


def _whole(value: Quantity) -> tuple[int, str] | None:
    """Read a value in plain digits, with its unit as it is written."""
    found = _DIGITS.fullmatch(value.text)
    if found is None or (found["unit"] and found["unit"].casefold() not in UNITS):
        return None
    return int(found["number"]), found["unit"].casefold()


def _step(number: int) -> int:
    """Return to how much a number may have been rounded: 240 to tens."""
    digits = str(number)
    return int(10 ** (len(digits) - len(digits.rstrip("0"))))


def _comparable(stated: _Statement, other: _Statement, asked: _Question) -> bool:
    """Tell whether nothing says that two statements speak of different things or roughly."""
    for one in (stated, other):
        start = one.value.start
        before = [word.folded for word in one.words if word.end <= start][-3:]
        if _BOUND.intersection(before):
            return False
    mine, theirs = (_names(one, asked) for one in (stated, other))
    apart = mine != theirs if asked.want.kind == "many" else mine and theirs and not mine & theirs
    if apart or _ordinals(stated, asked) != _ordinals(other, asked):
        return False
    if asked.want.kind == "when":
        return True
    dates, others = (read_dates(one.item.text) for one in (stated, other))
    if asked.want.kind == "many" and bool(dates) is not bool(others):
        return False
    return not any(contradict(one, two) for one in dates for two in others)


def _names(one: _Statement, asked: _Question) -> frozenset[str]:
    """List the names of a sentence that the question does not hold."""
    dates = {term for date in read_dates(one.item.text) for term in asked.terms(date.text)}
    names = (word.stem for word in one.words[1:] if word.stem and word.capital)
    return frozenset(name for name in names if name not in asked.asked | dates)


def _ordinals(one: _Statement, asked: _Question) -> set[int]:
    found = [q for q in read_quantities(one.item.text) if q.values[0][0] == "ordinal"]
    return {int(q.number) for q in found if not {*asked.terms(q.text)} & asked.asked}


def _run(item: Evidence) -> Span:
    """Return a sentence with those before it, in its paragraph, that say of what it speaks."""
    chunk = item.passage.chunk
    at = chunk.sentences.index(item.span)
    first = at
    while first and at - first < _BACK and _PRONOUN.search(chunk.sentence(chunk.sentences[first])):
        between = Span(chunk.sentences[first - 1].end, chunk.sentences[first].start)
        if _APART.search(chunk.sentence(between)):
            break
        first -= 1
    return Span(chunk.sentences[first].start, item.span.end)


def _text(one: _Statement) -> str:
    return one.item.passage.chunk.sentence(one.span)


def _in(one: _Statement, place: Chosen) -> bool:
    same = one.item.passage.document.id == place.evidence.passage.document.id
    return same and place.span.covers(one.item.span)


def _within(one: Chosen, other: Chosen) -> bool:
    same = one.evidence.passage.document.id == other.evidence.passage.document.id
    return same and other.span.covers(one.span)
