"""From passages to the sentences that answer: scoring, then choosing which to cite.

A sentence is scored by what it says (cosine to the question; as it reads in its passage where the
index knows that), by the question's words it holds (by weight, whatever its length: BM25 favours
short sentences, and the right one often is not), and by the passage around it. Where there is a
ranker, it reads the best of them together with the question, and what it thinks of each is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from askdoc.ask.retrieve import DENSE, Query
from askdoc.types import Candidate, Evidence, Passage, Span
from askdoc.types.ports import Ranker

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix, Scores

Terms = Callable[[str], list[str]]
EmbedTexts = Callable[[Sequence[str]], npt.NDArray[np.float32]]

RANKER = "ranker"
WEIGHTS: Mapping[str, float] = {"lexical": 0.7, "passage": 1.5, DENSE: 1.0, RANKER: 0.15}
_IN_CONTEXT = 1.5
"""The weight of a sentence's cosine where its vector was made in its passage."""

_EMBEDDED, _RANKED = 20, 12
"""Sentences that are embedded, and of these the ones that the ranker reads: the best so far.

With more, the right sentence stands no higher (`benchmarks/RESULTS.md`), and each costs time.
"""

_MOST = 8.0
"""A ranker's score beyond this, up or down, says no more than this."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    span: Span
    text: str
    passage: Passage


def score(
    query: Query,
    passages: Sequence[Passage],
    terms: Terms,
    embed: EmbedTexts | None,
    ranker: Ranker | None = None,
    vectors: Mapping[str, Matrix] | None = None,
) -> list[Evidence]:
    """Score every sentence of `passages`, best first; a sentence that two share counts once.

    What is cheap to know is known of all sentences. The best by that are embedded, and the best of
    these are read by the ranker, if there is one. Without `embed` words and passages decide. With
    `vectors`, which has a row for each sentence of each chunk by the chunk's id, nothing is
    embedded. Labels are `S1`, `S2`, … in the final order.
    """

    def known(best: Sequence[Evidence]) -> Scores:
        assert vectors is not None  # noqa: S101 - only asked where there are some
        cosines = {key: rows @ query.vector for key, rows in vectors.items()}
        return np.array([_of(cosines, item) for item in best], np.float32)

    def similar(best: Sequence[Evidence]) -> Scores:
        assert embed is not None  # noqa: S101 - only asked where there is one
        return embed([item.text for item in best]) @ query.vector

    def judged(best: Sequence[Evidence]) -> Scores:
        assert ranker is not None  # noqa: S101 - only asked where there is one
        read = [candidate(item.passage, item.span) for item in best]
        return np.clip(ranker.score(query.text, read), -_MOST, _MOST)

    evidence = sorted(_cheaply(query, passages, terms), key=_by_score)
    if vectors is not None:
        evidence = _with(evidence, DENSE, known, len(evidence), _IN_CONTEXT)
    elif embed is not None:
        evidence = _with(evidence, DENSE, similar, _EMBEDDED, WEIGHTS[DENSE])
    if ranker is not None:
        evidence = _with(evidence, RANKER, judged, _RANKED, WEIGHTS[RANKER])
    return [replace(item, label=f"S{number}") for number, item in enumerate(evidence, start=1)]


def _cheaply(query: Query, passages: Sequence[Passage], terms: Terms) -> Iterator[Evidence]:
    """Score by words and by the passage."""
    for item in _candidates(passages):
        parts = {"lexical": coverage(query, terms(item.text)), "passage": item.passage.score}
        total = sum(WEIGHTS[name] * value for name, value in parts.items())
        yield Evidence("", item.span, item.text, item.passage, total, parts)


def _with(
    evidence: Sequence[Evidence],
    name: str,
    measure: Callable[[Sequence[Evidence]], Scores],
    depth: int,
    weight: float,
) -> list[Evidence]:
    """Add a part to the scores of the `depth` best, and put all in order again.

    Those that are not measured count as the worst of those that are.
    """
    if not evidence:
        return []
    values = [float(value) for value in measure(evidence[:depth])]
    worst = min(values)
    found = [
        replace(
            item,
            score=item.score + weight * value,
            scores={**item.scores, name: value},
        )
        for item, value in zip(evidence, values, strict=False)
    ]
    found += [replace(item, score=item.score + weight * worst) for item in evidence[depth:]]
    return sorted(found, key=_by_score)


def _of(cosines: Mapping[str, Scores], item: Evidence) -> float:
    """Look up a sentence by its place in its chunk."""
    chunk = item.passage.chunk
    return float(cosines[chunk.id][chunk.sentences.index(item.span)])


def _by_score(item: Evidence) -> float:
    return -item.score


def candidate(passage: Passage, span: Span) -> Candidate:
    """Show a sentence of a passage as a ranker sees it."""
    chunk, document = passage.chunk, passage.document
    place = chunk.sentences.index(span)
    title = document.title or document.path
    headings = [heading for heading in chunk.headings if heading != title]
    return Candidate(
        sentence=chunk.sentence(span),
        before=chunk.sentence(chunk.sentences[place - 1]) if place else "",
        context=" ".join([title, *headings[-2:]]),
    )


def coverage(query: Query, terms: Sequence[str]) -> float:
    """Return the share, by weight, of the query's terms that a text holds; 0 to 1."""
    if not query.weights:
        return 0.0
    return sum(query.weights[term] for term in {*terms} & query.weights.keys()) / query.mass


def _candidates(passages: Sequence[Passage]) -> list[_Candidate]:
    """List the sentences once each, under the best passage that holds them."""
    seen: dict[tuple[str, Span], _Candidate] = {}
    for passage in passages:
        for span in passage.chunk.sentences:
            key = (passage.document.id, span)
            if key not in seen or seen[key].passage.score < passage.score:
                seen[key] = _Candidate(span, passage.chunk.sentence(span), passage)
    return list(seen.values())
