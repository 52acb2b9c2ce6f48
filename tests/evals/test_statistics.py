"""Ours against scipy: bootstrap intervals, the sign test, McNemar's test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.evals.statistics import (
    RESAMPLES,
    SEED,
    compare_means,
    estimate_mean,
    interval,
    resample_counts,
    sign_test,
)


@pytest.mark.parametrize("n", [2, 7, 60, 300])
def test_the_interval_is_that_of_scipy_with_the_same_seed(n: int) -> None:
    from scipy import stats  # type: ignore[import-untyped]

    values = np.random.default_rng(n).random(n)
    ours = estimate_mean(values)
    theirs = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(SEED),
        vectorized=True,
    ).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9)
    assert ours.mean == pytest.approx(values.mean(), abs=1e-9)
    assert ours.n == n


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_sign_test_is_the_binomial_test_of_scipy(better: int, worse: int) -> None:
    from scipy import stats

    expected = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert sign_test(better, worse) == pytest.approx(expected, abs=1e-9)


def test_each_resample_draws_as_many_as_there_are() -> None:
    counts = resample_counts(13, 50)
    assert counts.shape == (50, 13)
    assert (counts.sum(axis=1) == 13).all()
    assert len({tuple(row) for row in counts}) > 40


def test_the_same_scores_give_the_same_interval() -> None:
    values = np.linspace(0, 1, 40)
    assert estimate_mean(values) == estimate_mean(values.copy())


def test_a_certain_score_has_no_width() -> None:
    sure = estimate_mean(np.ones(30))
    assert (sure.mean, sure.low, sure.high) == (1.0, 1.0, 1.0)


def test_nan_resamples_are_left_out_of_an_interval() -> None:
    assert interval(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_a_comparison_counts_who_moved() -> None:
    old = np.array([1.0, 1.0, 0.0, 1.0, 0.5])
    new = np.array([1.0, 0.0, 1.0, 0.0, 0.5])
    change = compare_means(old, new)
    assert (change.better, change.worse, change.n) == (1, 2, 5)
    assert change.difference == pytest.approx(-0.2)
    assert change.low <= change.difference <= change.high
    assert change.p == 1.0
