from __future__ import annotations

import math
from typing import Any

import pytest

from askdoc.errors import UsageError
from askdoc.evals.metrics import NAMES
from askdoc.evals.report import EvalReport
from askdoc.evals.run import Scored, evaluate
from askdoc.evals.suite import Suite
from askdoc.types import Answer, EvalCase, GoldEvidence


def make_cases(say: Any) -> list[EvalCase]:
    gold = GoldEvidence(*say.orbit)
    return [
        EvalCase("a", "right?", evidence=(gold,), answers=("27 days",), tags=("even",)),
        EvalCase("b", "wrong?", evidence=(gold,), tags=("odd",)),
        EvalCase("c", "refused?", evidence=(gold,), tags=("even",)),
        EvalCase("d", "unknown?", answerable=False),
        EvalCase("e", "unknown, yet answered?", answerable=False),
    ]


def answerer(corpus: Any, say: Any) -> Any:
    answers = {
        "a": corpus.answer(cited=[say.orbit], confidence=0.9, ms=10),
        "b": corpus.answer(cited=[say.star], confidence=0.6, ms=20),
        "c": corpus.answer(evidence=[say.orbit], confidence=0.3, ms=30),
        "d": corpus.answer(evidence=[say.star], confidence=0.1, ms=40),
        "e": corpus.answer(cited=[say.star], confidence=0.7, ms=50),
    }
    return lambda case: answers[case.id]


def test_every_metric_with_its_n(corpus: Any, say: Any) -> None:
    report = evaluate(make_cases(say), answerer(corpus, say), corpus)
    metrics = report.metrics
    assert set(metrics) == set(NAMES)
    assert {name: metrics[name].n for name in ("evidence_hit@1", "answer_contains", "auroc")} == {
        "evidence_hit@1": 3,
        "answer_contains": 1,
        "auroc": 5,
    }
    assert metrics["evidence_hit@1"].mean == pytest.approx(2 / 3)
    assert metrics["citation_f1"].mean == pytest.approx(1 / 3)
    assert metrics["abstention_precision"].mean == 0.5
    assert metrics["abstention_recall"].mean == 0.5
    assert metrics["auroc"].mean == pytest.approx(4 / 6)
    assert metrics["latency_p50_ms"].mean == 30
    assert metrics["quote_valid"].mean == 1
    assert metrics["coverage"].mean == pytest.approx(2 / 3)
    for estimate in metrics.values():
        assert estimate.low <= estimate.mean <= estimate.high or math.isnan(estimate.low)


def test_tags_are_reported_apart(corpus: Any, say: Any) -> None:
    report = evaluate(make_cases(say), answerer(corpus, say), corpus)
    assert set(report.tags) == {"even", "odd"}
    assert report.tags["even"]["citation_f1"].mean == 0.5
    assert report.tags["odd"]["citation_f1"].n == 1


def test_a_suite_without_refusals_has_no_refusal_scores(corpus: Any, say: Any) -> None:
    report = evaluate(make_cases(say)[:3], answerer(corpus, say), corpus)
    assert not {"auroc", "risk_coverage_auc", "abstention_f1"} & set(report.metrics)
    assert "ece" in report.metrics


def test_a_failure_is_listed_in_no_mean_and_fails_the_run(corpus: Any, say: Any) -> None:
    def answer(case: EvalCase) -> Answer:
        if case.id == "b":
            message = "the model is gone"
            raise UsageError(message, hint="fetch it")
        whole: Answer = answerer(corpus, say)(case)
        return whole

    lost_gold = EvalCase("z", "?", evidence=(GoldEvidence("moon.txt", "nowhere"),))
    broken = evaluate(
        [*make_cases(say), lost_gold],
        lambda c: answer(c) if c is not lost_gold else corpus.answer(),
        corpus,
    )
    assert [(f.id, f.error, f.hint) for f in broken.failures] == [
        ("b", "the model is gone", "fetch it"),
        (
            "z",
            "`moon.txt` does not contain the quote `nowhere`",
            "`askdoc eval lint` shows the nearest text",
        ),
    ]
    assert broken.metrics["evidence_hit@1"].n == 2
    assert broken.metrics["evidence_hit@1"].mean == 1
    assert not EvalReport((broken,)).passed


def test_a_bug_is_not_hidden(corpus: Any, say: Any) -> None:
    def answer(_: EvalCase) -> Answer:
        raise KeyError("bug")  # noqa: EM101

    with pytest.raises(KeyError):
        evaluate(make_cases(say), answer, corpus)


def test_the_order_of_the_suite_changes_nothing(corpus: Any, say: Any) -> None:
    cases = make_cases(say)
    first = evaluate(Suite("s", tuple(cases)), answerer(corpus, say), corpus)
    cases = [cases[i] for i in (3, 1, 4, 0, 2)]
    second = evaluate(Suite("s", tuple(cases)), answerer(corpus, say), corpus)
    assert first.metrics == second.metrics
    assert first.tags == second.tags
    assert first.fingerprint == second.fingerprint


def test_a_listener_hears_of_every_case(corpus: Any, say: Any) -> None:
    heard: list[Any] = []
    evaluate(make_cases(say), answerer(corpus, say), corpus, listen=heard.append)
    assert [(event.done, event.total) for event in heard] == [(n, 5) for n in range(1, 6)]
    assert all(isinstance(event, Scored) and event.graded for event in heard)
