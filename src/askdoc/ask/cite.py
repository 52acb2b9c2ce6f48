"""Chooses which sentences an answer cites, and what a reader needs beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from askdoc.ask.mail import in_message, is_header, is_subject, sayings
from askdoc.ask.rank import Terms
from askdoc.readers.layout.lines import ends_sentence
from askdoc.types import Evidence, Span

_MARGIN = 0.2
"""How far below the best a sentence may score and still be cited."""

REACH, _NEWS = 0.45, 0.15
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

_NUMBERED = re.compile(
    r"\A\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivx]{1,5})[.)]\s+"
    r"(?P<name>\w+(?:[ ,&-]+\w+){0,5})\.?\Z"
)
"""A numbered heading that may end with a full stop, as in contracts: `4. Liability.`"""

_SENDER = re.compile(r"(?:To|Cc): ")
"""Lines of a header that follow the one which names the sender."""

_BELOW = 2
"""Sentences below a line that says nothing itself, among which is the one that does."""


@dataclass(frozen=True, slots=True)
class Opposed:
    """Another sentence that is cited, the value that it gives, and the one that is given here."""

    evidence: Evidence
    theirs: str
    own: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A place to cite: one sentence, or one and the sentence before it that it leans on.

    With a heading or a question comes what is said below it. `opposed` tells what it contradicts.
    """

    evidence: Evidence
    span: Span
    opposed: Opposed | None = None


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
    its place: so nothing is said twice. Beside the title of a document its best statement is taken,
    and in place of the subject of a message, which the name of its place holds; a line that only
    puts a label before what is asked about counts less. What a message quotes gives way to the
    original, and greetings are no answer.
    """
    evidence = sayings(evidence, terms)
    taken: list[_Place] = []
    mass = sum(weights.values()) or 1.0
    asked = weights.keys()
    ranked = sorted(
        ((_worth(item, terms, asked), item) for item in evidence), key=lambda one: -one[0]
    )
    for worth, item in ranked:
        behind = ranked[0][0] - worth
        if len(taken) == limit or behind > REACH:
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
        told = _told(item, evidence, terms, weights)
        if told is None or not is_subject(item):
            _take(item, _answering(item, words, terms, asked), taken, terms)
        if len(taken) == limit:
            break
        if told is not None and not any(_held(told, place.chosen) for place in taken):
            _take(told, readable(told), taken, terms)
    return [place.chosen for place in taken]


def _worth(item: Evidence, terms: Terms, asked: AbstractSet[str]) -> float:
    """Return a sentence's score, or less where it only puts a label before what is asked about.

    `Absent: Ann Bell` holds all words of a question about Ann Bell, and says little of her.
    """
    if in_message(item) and is_header(item):
        return item.score if is_subject(item) else item.score - REACH
    named = _LABEL.sub("", item.text)
    if named == item.text or _states(item.text) or not {*terms(named)} <= asked:
        return item.score
    return item.score - REACH


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


def _answering(
    item: Evidence, words: AbstractSet[str], terms: Terms, asked: AbstractSet[str]
) -> Span:
    """Return the span that answers: a heading, a label or a question only asks once more.

    Where a line that is no statement has no word beyond the question's, what comes below it is the
    answer.
    """
    span = readable(item)
    numbered = _NUMBERED.match(item.text)
    if numbered:
        words = frozenset(terms(numbered["name"]))
    if not words <= asked or (_states(item.text) and not numbered):
        return span
    chunk = item.passage.chunk
    position = chunk.sentences.index(item.span) + 1
    for below in chunk.sentences[position : position + _BELOW]:
        if _states(chunk.sentence(below)):
            return Span(span.start, below.end)
    return span


def _told(
    item: Evidence, evidence: Sequence[Evidence], terms: Terms, weights: Mapping[str, float]
) -> Evidence | None:
    """Return what a document states, where `item` is only its title.

    Its best statement with words of the question that the title lacks is taken, else its best. A
    first line that is no statement is a title too, where there is one with such words.
    """
    document, line = item.passage.document, _LABEL.sub("", item.text)
    if _states(line):
        return None
    entitled = bool(document.title) and {*terms(line)} <= {*terms(document.title or "")}
    if not (entitled or is_subject(item) or _begins(item)):
        return None
    place = document.place_of(item.span) if is_subject(item) else None
    statements = [
        one
        for one in evidence
        if one.passage.document.id == document.id
        and _states(one.text)
        and (place is None or document.place_of(one.span) == place)
    ]
    lacking = weights.keys() - {*terms(item.text)}
    mass = sum(weights.values()) or 1.0
    for one in statements:
        if sum(weights[term] for term in lacking & {*terms(one.text)}) / mass >= _NEWS:
            return one
    return statements[0] if statements and (entitled or is_subject(item)) else None


def _begins(item: Evidence) -> bool:
    """Tell whether a sentence is the first line of a document of pages or of plain text."""
    chunk, document = item.passage.chunk, item.passage.document
    first = chunk.span.start == 0 and chunk.sentences[0] == item.span
    return first and (bool(document.pages) or not document.landmarks)


def _states(text: str) -> bool:
    """Tell whether a sentence ends like a statement."""
    return ends_sentence(text) and not _OPEN.search(text)


def readable(item: Evidence) -> Span:
    """Return the sentence's span, reaching back over one sentence where it points back at it.

    To whom a message went is read with who sent it.
    """
    follows = _SENDER.match(item.text) and in_message(item) and is_header(item)
    if not (follows or _LEANING.match(item.text)):
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
