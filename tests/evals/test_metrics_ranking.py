"""Ours against trec_eval (through ir-measures) on random rankings."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, nDCG

from askdoc.evals.scores import first_rank, ndcg_at, recall_at, reciprocal_rank_at

DEPTHS = (1, 3, 5, 10)


def reference(grades: dict[str, int], ranked: list[str]) -> dict[str, float]:
    run = {document: float(len(ranked) - place) for place, document in enumerate(ranked)}
    measures = [*(R @ k for k in DEPTHS), RR @ 10, nDCG @ 10]
    scored = ir_measures.calc_aggregate(measures, {"q": grades}, {"q": run})
    return {str(measure): value for measure, value in scored.items()}


def test_equal_to_trec_eval_on_random_rankings_with_graded_relevance() -> None:
    draw = np.random.default_rng(6)
    for _ in range(200):
        pool = [f"d{i:02}" for i in range(draw.integers(3, 30))]
        grades = {d: int(draw.integers(0, 4)) for d in pool if draw.random() < 0.5}
        grades[pool[0]] = 2
        ranked = list(draw.permutation(pool)[: draw.integers(1, len(pool) + 1)])
        gains = [float(grades.get(d, 0)) for d in ranked]
        ideal = sorted((float(g) for g in grades.values() if g > 0), reverse=True)
        found = [int(gain > 0) for gain in gains]
        expected = reference(grades, ranked)
        for k in DEPTHS:
            assert recall_at(found, len(ideal), k) == pytest.approx(expected[f"R@{k}"], abs=1e-9)
        assert reciprocal_rank_at(gains, 10) == pytest.approx(expected["RR@10"], abs=1e-9)
        assert ndcg_at(gains, ideal, 10) == pytest.approx(expected["nDCG@10"], abs=1e-9)


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0]), max_size=20), st.integers(1, 12))
def test_in_bounds_and_never_worse_at_greater_depth(gains: list[float], k: int) -> None:
    ideal = sorted([1.0, *(gain for gain in gains if gain)], reverse=True)
    found = [int(gain > 0) for gain in gains]
    total = len(ideal)
    assert 0 <= recall_at(found, total, k) <= recall_at(found, total, k + 1) <= 1
    assert 0 <= reciprocal_rank_at(gains, k) <= reciprocal_rank_at(gains, k + 1) <= 1
    assert 0 <= ndcg_at(gains, ideal, k) <= 1


def test_a_perfect_ranking_scores_one() -> None:
    assert ndcg_at([3.0, 1.0, 0.0], [3.0, 1.0], 10) == 1
    assert first_rank([0, 0, 1, 1]) == 3
    assert first_rank([0, 0]) is None
    assert reciprocal_rank_at([0, 0, 1], 2) == 0
