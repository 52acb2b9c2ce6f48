from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.app import calibration
from askdoc.ask.confidence import FEATURES, Calibration, features, probability, shortfall
from askdoc.ask.retrieve import Query
from askdoc.settings import NO_RERANKER, RERANKER
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Chunk, Document, Evidence, Passage, Span, Stamp

FITTED = pytest.mark.parametrize("ranker", [RERANKER, NO_RERANKER])

values = st.fixed_dictionaries({name: st.floats(-10, 10) for name in FEATURES})


@FITTED
@given(given_values=values)
def test_a_confidence_is_a_probability(ranker: str, given_values: dict[str, float]) -> None:
    assert 0 <= probability(given_values, calibration(ranker)) <= 1


def test_the_model_of_the_packaged_reader_uses_every_signal() -> None:
    """`training/fit_confidence.py --write` writes this model; a signal without a weight is dead."""
    assert set(calibration(RERANKER, in_context=True).weights) == set(FEATURES)


@pytest.mark.parametrize("in_context", [True, False])
def test_a_model_uses_known_signals_and_those_of_a_ranker_only_with_one(
    in_context: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    read = {"ranker", "short"}
    with_reader = set(calibration(RERANKER, in_context=in_context).weights)
    without = set(calibration(NO_RERANKER, in_context=in_context).weights)
    assert read <= with_reader <= set(FEATURES)
    assert without <= set(FEATURES) - read


def test_an_unknown_ranker_has_the_model_without_one() -> None:
    assert calibration("some/cross-encoder") == calibration(NO_RERANKER)


@pytest.mark.parametrize("in_context", [True, False])
@FITTED
def test_the_shipped_model_rewards_good_evidence_and_doubts_it_more_in_a_large_library(
    ranker: str,
    in_context: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    shipped = calibration(ranker, in_context=in_context)

    def confidence(quality: float, size: float) -> float:
        values = dict.fromkeys(FEATURES, quality) | {
            "library_size": size,
            "unmet": 1 - quality,
            "unmet_names": 0.0,
            "ranker": 8 * quality - 4,
            "short": 20 * quality - 18,
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


def test_evidence_about_another_than_was_asked_for_is_reported() -> None:
    def signals(question: str) -> dict[str, float]:
        weights = {term: 1.0 + ("k" in term) for term in terms(question)}
        query = Query(question, None, weights, 1.0, 10)  # type: ignore[arg-type]
        return features(query, [passage], [Evidence("S1", span, text, passage, 1.0)], terms)

    text = "The K50 weighs 3 kg."
    span = Span(0, len(text))
    document = Document(
        id="d",
        location="a.txt",
        path="1996/a.txt",
        source=".",
        file="/a.txt",
        title=None,
        length=len(text),
        stamp=Stamp(0, 0, ""),
        pages=(),
        language="en",
    )
    passage = Passage(Chunk("c", "d", span, text, (span,)), document, 1.0)

    right, wrong = signals("What does the K50 weigh?"), signals("What does the K70 weigh?")
    assert (right["unmet"], right["unmet_names"]) == (0.0, 0.0)
    assert (wrong["unmet"], wrong["unmet_names"]) == (1.0, 2 / 3)
    assert signals("What did the K50 weigh in 1996?")["unmet"] == 0.0
    for ranker in (RERANKER, NO_RERANKER):
        shipped = calibration(ranker, in_context=True)
        same = right | {name: wrong[name] for name in ("unmet", "unmet_names")}
        assert probability(same, shipped) < probability(right, shipped)


def terms(text: str) -> list[str]:
    return SnowballAnalyser().terms(text, "en")


@pytest.mark.parametrize(
    ("confidence", "told"),
    [
        (0.12, "confidence 0.12, needed 0.50"),
        (0.4996, "confidence 0.4996, needed 0.5000"),
        (0.496, "confidence 0.496, needed 0.500"),
        (0.51, "confidence 0.51, needed 0.50"),
        (0.5, "confidence 0.50, needed 0.50"),
    ],
)
def test_a_confidence_is_reported_with_the_digits_that_show_it_to_be_less(
    confidence: float, told: str
) -> None:
    assert shortfall(confidence, 0.5) == told
