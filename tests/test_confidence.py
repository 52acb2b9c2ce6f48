from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.confidence import FEATURES, Calibration, features, probability
from askdoc.retrieval import Query
from askdoc.settings import NO_RERANKER, RERANKER
from askdoc.wiring import calibration

FITTED = pytest.mark.parametrize("ranker", [RERANKER, NO_RERANKER])

values = st.fixed_dictionaries({name: st.floats(-10, 10) for name in FEATURES})


@FITTED
@given(given_values=values)
def test_a_confidence_is_a_probability(ranker: str, given_values: dict[str, float]) -> None:
    assert 0 <= probability(given_values, calibration(ranker)) <= 1


def test_only_with_a_ranker_its_signal_is_looked_at() -> None:
    assert set(calibration(RERANKER).weights) == set(FEATURES)
    assert set(calibration(NO_RERANKER).weights) == set(FEATURES) - {"ranker"}
    assert calibration("some/cross-encoder") == calibration(NO_RERANKER)


@FITTED
def test_the_shipped_model_rewards_good_evidence_and_doubts_it_more_in_a_large_library(
    ranker: str,
) -> None:
    shipped = calibration(ranker)

    def confidence(quality: float, size: float) -> float:
        values = dict.fromkeys(FEATURES, quality) | {
            "library_size": size,
            "ranker": 8 * quality - 4,
        }
        return probability(values, shipped)

    assert confidence(0.0, 3.0) < 0.01
    assert confidence(1.0, 3.0) > 0.99
    assert confidence(0.5, 5.0) < confidence(0.5, 3.0) < confidence(0.5, 1.0)


def test_the_formula_is_the_logistic_function() -> None:
    model = Calibration({"sentence_dense": 2.0}, -1.0)
    assert probability({"sentence_dense": 0.5}, model) == 0.5
    assert probability({"sentence_dense": 1e9}, model) == 1.0


def test_no_evidence_has_no_signal() -> None:
    query = Query("q", None, {"a": 1.0}, 1.0, 10)  # type: ignore[arg-type]
    assert features(query, [], [], str.split) == dict.fromkeys(FEATURES, 0.0)
