"""Chooses the units of evidence that an answer cites."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askdoc.ask.mail import sayings
from askdoc.ask.rank import Terms
from askdoc.types import Evidence, Span

_MARGIN = 0.2
"""A unit within this distance of the best score may be cited."""

_REACH, _NEWS = 0.45, 0.15
"""A unit with new words of the question may score lower by this much; the second number is the
least share of these words, by weight."""

_REPEATED = 0.8
"""Two units with at least this Jaccard index of their terms say the same."""

_LEANING = re.compile(
    r"""["“‘'(]*(?:
        (?:he|she|it|they|him|them|this|that|these|those|such|his|her|its|their|both|another)\b
        | (?:however|therefore|thus|hence|moreover|furthermore|instead|otherwise|consequently
            |accordingly|similarly|likewise|nevertheless|nonetheless|conversely|also|then
            |but|and|or|so|yet)\b
        | (?:in|by|to|as|for|with|after|before|during|because\ of|due\ to)\ (?:this|that|these
            |those|such|doing|contrast|addition|turn|fact)\b
        | (?:the\ (?:latter|former|same|other|others|two|three))\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""The beginning of a sentence that refers to the one before it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A place to cite: a unit, with the sentence before it if it refers to that."""

    evidence: Evidence
    span: Span


def choose(
    evidence: Sequence[Evidence], terms: Terms, weights: Mapping[str, float], *, limit: int
) -> list[Chosen]:
    """Choose up to `limit` units to cite, best first.

    A unit is chosen if its score is near the best, or a little lower but with words of the question
    that no chosen unit has; `weights` are the weights of the question's terms. A unit that repeats
    a chosen one is dropped, and one that overlaps a place extends it. The original of a message is
    preferred to a quotation of it.
    """
    evidence = sayings(evidence, terms)
    taken: list[tuple[Chosen, frozenset[str]]] = []
    mass = sum(weights.values()) or 1.0
    for item in evidence:
        behind = evidence[0].score - item.score
        if len(taken) == limit or behind > _REACH:
            break
        words = frozenset(terms(item.text))
        new = (words & weights.keys()).difference(*(others for _, others in taken))
        if behind > _MARGIN and sum(weights[term] for term in new) / mass < _NEWS:
            continue
        if any(_similar(words, said_words) for _, said_words in taken):
            continue
        place = Chosen(item, readable(item))
        if (at := next((n for n, (one, _) in enumerate(taken) if _meet(one, place)), None)) is None:
            taken.append((place, words))
        else:
            first, said_words = taken[at]
            taken[at] = Chosen(first.evidence, first.span.joined(place.span)), said_words | words
    return [chosen for chosen, _ in taken]


def readable(item: Evidence) -> Span:
    """Return the span to show of a unit, with the sentence before it if it refers to that."""
    chunk = item.passage.chunk
    if not leans(item.text) or item.span.start == chunk.span.start:
        return item.span
    before = [span for span in chunk.sentences if span.end <= item.span.start]
    return Span(before[-1].start, item.span.end) if before else item.span


def leans(text: str) -> bool:
    """Tell whether a sentence refers to the one before it."""
    return _LEANING.match(text) is not None


def _meet(one: Chosen, other: Chosen) -> bool:
    same = one.evidence.passage.chunk.id == other.evidence.passage.chunk.id
    return same and one.span.overlap(other.span) > 0


def _similar(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether two sets of terms are nearly the same (Jaccard index)."""
    union = one | other
    return bool(union) and len(one & other) / len(union) >= _REPEATED
