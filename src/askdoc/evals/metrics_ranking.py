"""How well a ranking puts what is relevant first.

A ranking is given by what each of its places adds, best first: `found` counts the relevant things
that are met there for the first time, `gains` says how much they are worth, and `ideal` holds the
gains of a perfect ranking, in descending order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def recall_at(found: Sequence[int], relevant: int, k: int) -> float:
    """Return the share of the `relevant` things that stand in the first `k` places.

    recall@k = Σ_{i ≤ k} foundᵢ / relevant. As `R@k` in trec_eval; Manning, Raghavan and
    Schütze, *Introduction to Information Retrieval* (2008), chapter 8.
    """
    return sum(found[:k]) / relevant


def first_rank(gains: Sequence[float]) -> int | None:
    """Name the place (from 1) of the first thing that is relevant, or None."""
    return next((rank for rank, gain in enumerate(gains, start=1) if gain > 0), None)


def reciprocal_rank_at(gains: Sequence[float], k: int) -> float:
    """Return 1/rank of the first relevant thing among the first `k`, or 0 where there is none.

    Its mean over questions is MRR@k. Voorhees, *The TREC-8 Question Answering Track Report* (1999).
    """
    rank = first_rank(gains[:k])
    return 0.0 if rank is None else 1 / rank


def ndcg_at(gains: Sequence[float], ideal: Sequence[float], k: int) -> float:
    """Return the discounted gain of the first `k` as a share of what the ideal ranking has there.

    DCG@k = Σ_{i ≤ k} gainᵢ / log₂(i + 1); nDCG@k = DCG@k(gains) / DCG@k(ideal). Gains are the
    grades themselves, as in trec_eval's `ndcg_cut`, not 2^grade - 1. Järvelin and Kekäläinen,
    *Cumulated gain-based evaluation of IR techniques* (2002).
    """
    return _discounted(gains[:k]) / _discounted(ideal[:k])


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
