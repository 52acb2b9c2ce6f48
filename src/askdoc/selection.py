"""From passages to the sentences that answer: scoring, then choosing which to cite.

A sentence is scored by what it says (cosine to the question), by the question's words it holds (by
weight, whatever its length: BM25 favours short sentences, and the right one often is not), and by
the passage around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from askdoc.retrieval import Query
from askdoc.types import Evidence, Passage, Span

Terms = Callable[[str], list[str]]
EmbedTexts = Callable[[Sequence[str]], npt.NDArray[np.float32]]

WEIGHTS: Mapping[str, float] = {"dense": 1.0, "lexical": 0.7, "passage": 1.5}


@dataclass(frozen=True, slots=True)
class _Candidate:
    span: Span
    text: str
    passage: Passage


def score(
    query: Query, passages: Sequence[Passage], terms: Terms, embed: EmbedTexts
) -> list[Evidence]:
    """Score every sentence of `passages`, best first; a sentence that two share counts once.

    Labels are `S1`, `S2`, … in that order.
    """
    candidates = _candidates(passages)
    if not candidates:
        return []
    cosines = embed([item.text for item in candidates]) @ query.vector
    scored = []
    for item, cosine in zip(candidates, cosines, strict=True):
        parts = {
            "dense": float(cosine),
            "lexical": coverage(query, terms(item.text)),
            "passage": item.passage.score,
        }
        scored.append((sum(WEIGHTS[name] * value for name, value in parts.items()), item, parts))
    scored.sort(key=lambda entry: -entry[0])
    return [
        Evidence(f"S{number}", item.span, item.text, item.passage, total, parts)
        for number, (total, item, parts) in enumerate(scored, start=1)
    ]


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
