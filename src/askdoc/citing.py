"""Chooses which sentences an answer cites, and what a reader needs beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askdoc.selection import Terms
from askdoc.types import Evidence, Span

_MARGIN = 0.2
"""How far below the best a sentence may score and still be cited."""

_REACH, _NEWS = 0.45, 0.15
"""How far below it may score if it adds words of the question, and their least share by weight."""

_REPEATED = 0.8
"""Two sentences that share this much of their terms say the same thing."""

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
    """A place to cite: one sentence, or one and the sentence before it that it leans on."""

    evidence: Evidence
    span: Span


def choose(
    evidence: Sequence[Evidence], terms: Terms, weights: Mapping[str, float], *, limit: int
) -> list[Chosen]:
    """Choose up to `limit` sentences to cite, best first.

    A sentence is taken if it scores near the best, or less near but with words of the question that
    no taken sentence has; `weights` says how much each term of the question tells. One that repeats
    a taken sentence is passed over, and so is one that a taken span already holds. One that leans
    on a taken sentence makes that place longer, so that nothing is said twice.
    """
    chosen: list[Chosen] = []
    taken: list[frozenset[str]] = []
    mass = sum(weights.values()) or 1.0
    for item in evidence:
        behind = evidence[0].score - item.score
        if len(chosen) == limit or behind > _REACH:
            break
        words = frozenset(terms(item.text))
        new = (words & weights.keys()).difference(*taken)
        if behind > _MARGIN and sum(weights[term] for term in new) / mass < _NEWS:
            continue
        if any(_held(item, other) for other in chosen):
            continue
        if any(_similar(words, others) for others in taken):
            continue
        span = readable(item)
        leant_on = (n for n, other in enumerate(chosen) if _holds(item, span, other))
        if (place := next(leant_on, None)) is not None:
            chosen[place] = Chosen(chosen[place].evidence, span)
        else:
            chosen.append(Chosen(item, span))
        taken.append(words)
    return chosen


def readable(item: Evidence) -> Span:
    """Return the sentence's span, reaching back over one sentence where it points back at it."""
    if not _LEANING.match(item.text):
        return item.span
    sentences = item.passage.chunk.sentences
    position = sentences.index(item.span)
    if position == 0:
        return item.span
    return Span(sentences[position - 1].start, item.span.end)


def _held(item: Evidence, other: Chosen) -> bool:
    same = item.passage.document.id == other.evidence.passage.document.id
    return same and other.span.covers(item.span)


def _holds(item: Evidence, span: Span, other: Chosen) -> bool:
    """Tell whether `span`, around `item`, holds all of a place that is taken."""
    same = item.passage.document.id == other.evidence.passage.document.id
    return same and span.covers(other.span)


def _similar(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether two sets of terms are nearly the same (Jaccard index)."""
    union = one | other
    return bool(union) and len(one & other) / len(union) >= _REPEATED
