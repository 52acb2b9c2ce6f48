"""Where two sentences give different values for the same thing.

To say that sources disagree where they speak of different things is worse than to miss that they
do, so all words besides the value have to be the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from askdoc.text.english import EMPTY, ONCE, PRONOUNS, ROUGH, TRANSFERS, VERSIONS
from askdoc.text.values import Date, Quantity
from askdoc.text.words import Terms, Word, is_verb, read_words
from askdoc.write.check.facts import Values, read_values

if TYPE_CHECKING:  # which an answer without a language model need not load
    from askdoc.write.check.checker import Source

_FEWEST = 2
_ENOUGH = 4
"""Words in common from which two sentences of one document are on one matter, whatever heading."""

_LABELLING = ("ordinal", "score", "decade")
"""Kinds of numbers that tell things apart."""

_SCALED = re.compile(r"\.\d|[a-z]{4}|\d\s?[kmb]\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two sentences by number, and the value that each gives."""

    first: int
    second: int
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class _Statement:
    """A sentence, or the part of it that can stand alone."""

    text: str
    words: Sequence[Word]
    content: frozenset[str]
    limits: frozenset[str]
    names: tuple[str, ...]
    values: Values


def disagreements(
    sources: Sequence[tuple[int, Source]],
    terms: Terms,
    *,
    beyond: Sequence[tuple[int, Source]] = (),
) -> list[Dispute]:
    """List the pairs of sentences that say different things of the same, by their numbers.

    One of a pair is among `sources`; the other may be among those `beyond`.

    Two sentences speak of the same thing where they have the same words, but for one value that
    is of the same kind in both; they disagree where that value differs.
    """
    read = [(label, list(_statements(s.text, terms))) for label, s in (*sources, *beyond)]
    found = []
    for index, (first, mine) in enumerate(read[: len(sources)]):
        for second, theirs in read[index + 1 :]:
            pairs = (_differing(one, other) for one, other in product(mine, theirs))
            if pair := next((pair for pair in pairs if pair), None):
                found.append(Dispute(first, second, *pair))
    return found


def parallel(one: str, other: str, terms: Terms) -> bool:
    """Tell whether two titles name different things of one sort: `Pump A100`, `Pump B200`."""
    mine, theirs = (set(terms(title)) - VERSIONS for title in (one, other))
    return bool(mine & theirs and mine - theirs and theirs - mine)


def common(one: str, other: str, terms: Terms) -> bool:
    """Tell whether two sentences share so many words that they are on one matter."""
    return len(set(terms(one)) & set(terms(other))) >= _ENOUGH


def _statements(text: str, terms: Terms) -> Iterator[_Statement]:
    """Read a sentence as a whole, and what stands between its semicolons."""
    yield _statement(text, terms)
    parts = text.split(";")
    if len(parts) > 1:
        yield from (_statement(part, terms) for part in parts)


def _statement(text: str, terms: Terms) -> _Statement:
    values = read_values(text)
    words = [
        word
        for word in read_words(text, terms)
        if not any(start <= word.start < end for start, end in values.ranges)
    ]
    return _Statement(
        text=text,
        words=words,
        content=frozenset(word.stem for word in words if word.stem),
        limits=frozenset(word.folded for word in words if not word.stem) - EMPTY,
        names=tuple(word.folded for word in words[1:] if word.stem and word.capital),
        values=values,
    )


def _differing(one: _Statement, other: _Statement) -> tuple[str, str] | None:
    """Return the one value in which two statements of the same differ."""
    if not _on_the_same(one, other):
        return None
    mine, theirs = one.values, other.values
    if (len(mine.dates), len(mine.quantities)) != (len(theirs.dates), len(theirs.quantities)):
        return None
    dates = [(a, b) for a, b in zip(mine.dates, theirs.dates, strict=True) if a.parts != b.parts]
    amounts = [
        (a, b) for a, b in zip(mine.quantities, theirs.quantities, strict=True) if not a.equals(b)
    ]
    if len(dates) + len(amounts) != 1:
        return None
    for date, rival in dates:
        if one.content & ONCE and contradict(date, rival):
            return date.text, rival.text
    for amount, other_amount in amounts:
        labels = _labels(amount, one) or _labels(other_amount, other)
        if not labels and conflict(amount, other_amount):
            return amount.text, other_amount.text
    return None


def _on_the_same(one: _Statement, other: _Statement) -> bool:
    """Tell whether two statements have all words besides their values in common."""
    if (one.content, one.limits, one.names) != (other.content, other.limits, other.names):
        return False
    if len(one.content) < _FEWEST + bool(one.content & TRANSFERS):
        return False
    return not (
        one.limits & ROUGH or any(item.words[0].folded in PRONOUNS for item in (one, other))
    )


def contradict(one: Date, other: Date) -> bool:
    """Tell whether two dates cannot both be right: a part that both give differs."""
    shared = one.parts.keys() & other.parts.keys()
    return any(one.parts[name] != other.parts[name] for name in shared)


def conflict(one: Quantity, other: Quantity) -> bool:
    """Tell whether two amounts of one kind are none the other rounded."""
    if not one.same_kind(other) or one.values[0][0] in _LABELLING:
        return False
    low, high = sorted((abs(one.number), abs(other.number)))
    rounded = any(_SCALED.search(quantity.text) for quantity in (one, other))
    return not (rounded and high - low <= high / 20)


def _labels(quantity: Quantity, statement: _Statement) -> bool:
    """Tell whether a number only tells things apart, as that of a room or a chapter."""
    if not quantity.bare:
        return False
    before = [word for word in statement.words if word.end <= quantity.start]
    last = before[-1] if before else None
    return last is not None and last.stem is not None and not is_verb(last)
