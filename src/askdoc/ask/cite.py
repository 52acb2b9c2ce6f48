"""Chooses which units of evidence an answer cites, and what a reader needs beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askdoc.ask.mail import sayings
from askdoc.ask.rank import Terms
from askdoc.types import Evidence, Span

_MARGIN = 0.2
"""How far below the best a unit may score and still be cited."""

_REACH, _NEWS = 0.45, 0.15
"""How far below it may score if it adds words of the question, and their least share by weight."""

_REPEATED = 0.8
"""Two units that share this much of their terms say the same thing."""

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
"""How a sentence begins that points back at the one before it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A place to cite: a unit, with the sentence before it where it points back at that."""

    evidence: Evidence
    span: Span


def choose(
    evidence: Sequence[Evidence], terms: Terms, weights: Mapping[str, float], *, limit: int
) -> list[Chosen]:
    """Choose up to `limit` units to cite, best first.

    A unit is taken if it scores near the best, or less near but with words of the question that no
    taken unit has; `weights` says how much each term of the question tells. One that repeats a
    taken unit is passed over, and one that overlaps a place makes that longer. What a message
    quotes gives way to the original.
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
    """Return what is shown of a unit, and the sentence before it where it points back at that."""
    chunk = item.passage.chunk
    if not _LEANING.match(item.text) or item.span.start == chunk.span.start:
        return item.span
    before = [span for span in chunk.sentences if span.end <= item.span.start]
    return Span(before[-1].start, item.span.end) if before else item.span


def _meet(one: Chosen, other: Chosen) -> bool:
    same = one.evidence.passage.chunk.id == other.evidence.passage.chunk.id
    return same and one.span.overlap(other.span) > 0


def _similar(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether two sets of terms are nearly the same (Jaccard index)."""
    union = one | other
    return bool(union) and len(one & other) / len(union) >= _REPEATED
