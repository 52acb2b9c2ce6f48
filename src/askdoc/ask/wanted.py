"""What kind of value a question asks for, and the values of that kind that a sentence gives. Pure.

English only: in other languages no question is known to ask for a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from askdoc.text.words import Terms, Word, is_verb, read_words

if TYPE_CHECKING:
    from askdoc.text.dates import Date
    from askdoc.text.values import Quantity

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
