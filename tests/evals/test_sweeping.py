from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from askdoc.errors import SettingsError, UsageError
from askdoc.evals.statistics import Change, Estimate
from askdoc.evals.suite import Suite
from askdoc.evals.sweep import Choice, Trial, best, folds, pareto, parse_grid
from askdoc.render.console import make_console, page
from askdoc.render.evals import sweep_lines
from askdoc.settings import Settings
from askdoc.types import EvalCase

SUITE = Suite("s", tuple(EvalCase(f"c{n}", "?") for n in range(200)))


def test_folds_part_the_suite_by_id_alone() -> None:
    tune, held = folds(SUITE, 0.3)
    assert len(tune.cases) + len(held.cases) == 200
    assert 40 <= len(held.cases) <= 80
    longer = replace(SUITE, cases=(EvalCase("new", "?"), *SUITE.cases[::-1]))
    again = {case.id for case in folds(longer, 0.3)[1].cases}
    assert {case.id for case in held.cases} <= again
    with pytest.raises(UsageError, match="too small to hold 30% of it out"):
        folds(replace(SUITE, cases=SUITE.cases[:1]), 0.3)


def test_a_grid_has_every_combination_with_the_current_settings_first() -> None:
    grid = parse_grid(["top_k=5,10", "min_confidence=0.4"], Settings())
    assert grid == [
        {"top_k": 10, "min_confidence": 0.2},
        {"top_k": 5, "min_confidence": 0.4},
        {"top_k": 10, "min_confidence": 0.4},
    ]


@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        ("top_k", UsageError, "not of the form"),
        ("top_k=many", UsageError, "--set top_k"),
        ("topk=5", SettingsError, "there is no setting `topk`"),
        ("top_k=0", UsageError, ">= 1"),
    ],
)
def test_a_grid_that_makes_no_sense(option: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parse_grid([option], Settings())


def trial(quality: float, ms: float, **values: Any) -> Trial:
    return Trial(values, Estimate(quality, quality, quality, 10), ms)


def test_the_best_trade_offs_are_beaten_by_none() -> None:
    trials = [trial(0.9, 100), trial(0.8, 50), trial(0.8, 60), trial(0.7, 70), trial(0.9, 100)]
    assert pareto(trials, "citation_f1") == [True, True, False, False, True]
    assert pareto([trial(0.1, 9), trial(0.2, 9)], "ece") == [True, False]


def test_the_best_is_the_fastest_of_the_best() -> None:
    trials = [trial(0.8, 10), trial(0.9, 100), trial(0.9, 50, top_k=1)]
    assert best(trials, "citation_f1").values == {"top_k": 1}
    assert best(trials, "ece") is trials[0]


@pytest.mark.parametrize(
    ("metric", "low", "high", "is_clear"),
    [
        ("citation_f1", 0.01, 0.2, True),
        ("citation_f1", -0.01, 0.2, False),
        ("ece", -0.2, -0.01, True),
        ("ece", -0.2, 0.01, False),
    ],
)
def test_a_gain_within_noise_is_not_recommended(
    metric: str,
    low: float,
    high: float,
    is_clear: bool,  # noqa: FBT001
) -> None:
    chosen = trial(0.9, 10, top_k=20)
    choice = Choice(chosen, metric, Change((low + high) / 2, low, high, 40))
    assert choice.is_clear is is_clear
    paper = page(make_console(width=80, file=io.StringIO()))
    shown = "\n".join(
        line.plain
        for line in sweep_lines([trial(0.8, 10, top_k=10), chosen], metric, choice, paper)
    )
    assert ("top_k = 20" in shown) is is_clear
    assert ("within noise" in shown) is not is_clear
