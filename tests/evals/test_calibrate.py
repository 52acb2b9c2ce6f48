"""Thresholds fitted to a suite."""

from __future__ import annotations

import random
from typing import Any

import pytest

from askdoc.errors import UsageError
from askdoc.evals.calibrate import Sample, apply, fit, held_out_cost, samples
from askdoc.evals.run import evaluate
from askdoc.evals.suite import Suite
from askdoc.types import EvalCase, GoldEvidence

MIXED = [Sample(c, right) for c, right in ((0.9, True), (0.7, False), (0.6, True), (0.2, False))]


def test_a_threshold_is_counted_case_by_case() -> None:
    assert apply(MIXED, 0.65, 0.5).counts == (1, 1, 1, 1)
    assert apply(MIXED, 0.65, 0.5).cost == 1.5
    assert apply(MIXED, 0.0, 0.5).counts == (2, 2, 0, 0)


def test_the_price_of_a_refusal_moves_the_threshold() -> None:
    cheap, dear = fit(MIXED, 0.1, current=0.5), fit(MIXED, 3, current=0.5)
    assert 0.7 < cheap.value <= 0.9
    assert cheap.counts == (1, 0, 1, 2)
    assert 0.2 < dear.value <= 0.6
    assert dear.counts == (2, 1, 0, 1)


def test_the_current_threshold_stays_where_no_other_costs_less() -> None:
    assert fit(MIXED, 3, current=0.5).value == 0.5


def test_no_other_threshold_costs_less() -> None:
    chance = random.Random(3)  # noqa: S311 - made-up data
    found = [Sample(c := chance.random(), chance.random() < c) for _ in range(300)]
    fitted = fit(found, 0.7, current=0.5)
    assert all(apply(found, n / 1000, 0.7).cost >= fitted.cost for n in range(1001))
    assert held_out_cost(found, 0.7, current=0.5) >= fitted.cost


def test_a_suite_without_right_and_wrong_cases_fits_nothing(corpus: Any, say: Any) -> None:
    case = EvalCase("a", "How long?", evidence=(GoldEvidence(*say.orbit),))
    unknown = EvalCase("b", "Who?", answerable=False)
    for cases, enough in (((case,), False), ((unknown,), False), ((case, unknown), True)):
        report = evaluate(Suite("s", cases), lambda _: corpus.answer(cited=[say.orbit]), corpus)
        if enough:
            assert [sample.right for sample in samples(report)] == [True, False]
        else:
            with pytest.raises(UsageError, match="no case to tell a right answer from a wrong"):
                samples(report)
