"""Joins the rankings of several retrievers into one, and keeps who ranked what where.

Two rules. Both are deterministic: ties keep the order in which chunks were first met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from askdoc.types import Hit

_DAMPING = 60
"""The constant of reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009."""


@dataclass(frozen=True, slots=True)
class Fused:
    """A chunk after fusion, with the rank (from 1) and score that each retriever gave it."""

    chunk_id: str
    score: float
    ranks: Mapping[str, int]
    scores: Mapping[str, float]


def weighted(
    rankings: Mapping[str, Sequence[Hit]], weights: Mapping[str, float], depth: int
) -> list[Fused]:
    """Join rankings by the weighted sum of their scores, which must be on a scale of about 0 to 1.

    A retriever that was asked for `depth` hits and gave as many has left chunks unseen; those count
    with the lowest score it gave, since they cannot be better. One that gave fewer has seen all,
    and the rest counts 0.
    """
    floors = {
        name: hits[-1].score if len(hits) >= depth else 0.0 for name, hits in rankings.items()
    }
    return _join(
        rankings,
        lambda scores, _ranks: sum(
            weight * scores.get(name, floors.get(name, 0.0)) for name, weight in weights.items()
        ),
    )


def reciprocal_rank(rankings: Mapping[str, Sequence[Hit]]) -> list[Fused]:
    """Join rankings by the sum of 1 / (60 + rank); only ranks count, so any scales will do."""
    return _join(
        rankings, lambda _scores, ranks: sum(1 / (_DAMPING + rank) for rank in ranks.values())
    )


def _join(
    rankings: Mapping[str, Sequence[Hit]],
    score: Callable[[Mapping[str, float], Mapping[str, int]], float],
) -> list[Fused]:
    ranks: dict[str, dict[str, int]] = {}
    scores: dict[str, dict[str, float]] = {}
    for name, hits in rankings.items():
        for rank, hit in enumerate(hits, start=1):
            if name not in ranks.setdefault(hit.chunk_id, {}):
                ranks[hit.chunk_id][name] = rank
                scores.setdefault(hit.chunk_id, {})[name] = hit.score
    fused = [
        Fused(chunk_id, score(scores[chunk_id], ranks[chunk_id]), ranks[chunk_id], scores[chunk_id])
        for chunk_id in ranks
    ]
    return sorted(fused, key=lambda item: item.score, reverse=True)
