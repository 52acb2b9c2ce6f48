"""Chooses which sentences an answer cites, and what a reader needs beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from askdoc.layout import ends_sentence
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


_OPEN = re.compile(r"[:;?：；？؟][\W_]*\Z")
"""How a sentence ends that something has to follow."""

_LABEL = re.compile(r"\A\w+:\s+")
"""What a line begins with that says what it is: `Subject:`."""

_BELOW = 2
"""Sentences below a line that says nothing itself, among which is the one that does."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A place to cite: one sentence, or one and the sentence before it that it leans on.

    With a heading or a question comes what is said below it.
    """

    evidence: Evidence
    span: Span


@dataclass(frozen=True, slots=True)
class _Place:
    """A place that is taken, and the terms of each sentence in it."""

    chosen: Chosen
    says: Sequence[frozenset[str]]


def choose(
    evidence: Sequence[Evidence], terms: Terms, weights: Mapping[str, float], *, limit: int
) -> list[Chosen]:
    """Choose up to `limit` sentences to cite, best first.

    A sentence is taken if it scores near the best, or less near but with words of the question that
    no taken sentence has; `weights` says how much each term of the question tells. One that repeats
    a taken sentence is passed over, and so is one that a taken span already holds. One that leans
    on a taken sentence makes that place longer; one that leans on a copy of it, elsewhere, takes
    its place: so nothing is said twice. Beside the title of a document its best statement is taken;
    a line that only puts a label before what is asked about counts less.
    """
    taken: list[_Place] = []
    mass = sum(weights.values()) or 1.0
    asked = weights.keys()
    ranked = sorted(
        ((_worth(item, terms, asked), item) for item in evidence), key=lambda one: -one[0]
    )
    for worth, item in ranked:
        behind = ranked[0][0] - worth
        if len(taken) == limit or behind > _REACH:
            break
        words = frozenset(terms(item.text))
        said = [others for place in taken for others in place.says]
        new = (words & asked).difference(*said)
        if behind > _MARGIN and sum(weights[term] for term in new) / mass < _NEWS:
            continue
        if any(_held(item, place.chosen) for place in taken):
            continue
        if any(_similar(words, others) for others in said):
            continue
        _take(item, _answering(item, words, asked), taken, terms)
        told = _told(item, evidence, terms) if len(taken) < limit else None
        if told is not None and not any(_held(told, place.chosen) for place in taken):
            _take(told, readable(told), taken, terms)
    return [place.chosen for place in taken]


def _worth(item: Evidence, terms: Terms, asked: AbstractSet[str]) -> float:
    """Return a sentence's score, or less where it only puts a label before what is asked about.

    `Absent: Ann Bell` holds all words of a question about Ann Bell, and says little of her.
    """
    named = _LABEL.sub("", item.text)
    if named == item.text or _states(item.text) or not {*terms(named)} <= asked:
        return item.score
    return item.score - _REACH


def _take(item: Evidence, span: Span, taken: list[_Place], terms: Terms) -> None:
    """Add the place `span` for a sentence, or put it in that of what it leans on."""
    sentences = [one for one in item.passage.chunk.sentences if span.covers(one)]
    says = [frozenset(terms(item.passage.chunk.sentence(one))) for one in sentences]
    for number, place in enumerate(taken):
        if _holds(item, span, place.chosen):
            chosen = Chosen(place.chosen.evidence, span)
            taken[number] = _Place(chosen, says)
            return
        if all(any(_similar(words, others) for others in says) for words in place.says):
            taken[number] = _Place(Chosen(item, span), says)
            return
    taken.append(_Place(Chosen(item, span), says))


def _answering(item: Evidence, words: AbstractSet[str], asked: AbstractSet[str]) -> Span:
    """Return the span that answers: a heading, a label or a question only asks once more.

    Where a line that is no statement has no word beyond the question's, what comes below it is the
    answer.
    """
    span = readable(item)
    if not words <= asked or _states(item.text):
        return span
    chunk = item.passage.chunk
    position = chunk.sentences.index(item.span) + 1
    for below in chunk.sentences[position : position + _BELOW]:
        if _states(chunk.sentence(below)):
            return Span(span.start, below.end)
    return span


def _told(item: Evidence, evidence: Sequence[Evidence], terms: Terms) -> Evidence | None:
    """Return the best statement of a document whose title is all that `item` says."""
    document, line = item.passage.document, _LABEL.sub("", item.text)
    if _states(line) or not document.title or not {*terms(line)} <= {*terms(document.title)}:
        return None
    return next(
        (one for one in evidence if one.passage.document.id == document.id and _states(one.text)),
        None,
    )


def _states(text: str) -> bool:
    """Tell whether a sentence ends like a statement."""
    return ends_sentence(text) and not _OPEN.search(text)


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
