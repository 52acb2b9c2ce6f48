"""Ours against scikit-learn and numpy on random cases, plain and resampled."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest

from askdoc.evals import calibration as ours
from askdoc.evals.statistics import resample_counts

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SEEDS = range(4)


def cases(seed: int, *, rounded: bool = False) -> tuple[Flags, Flags, Values]:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(2, 120))
    truth = draw.random(n) < 0.6
    truth[:2] = [True, False]
    said = draw.random(n) < 0.5
    said[0] = True
    confidence = draw.random(n)
    return truth, said, np.round(confidence, 1) if rounded else confidence


def ones(n: int) -> Values:
    return np.ones((1, n))


@pytest.mark.parametrize("seed", SEEDS)
def test_precision_recall_f1_are_those_of_scikit_learn(seed: int) -> None:
    from sklearn import metrics as sk  # type: ignore[import-untyped]

    truth, said, _ = cases(seed)
    w = ones(len(truth))
    assert ours.precision(truth, said, w)[0] == pytest.approx(
        sk.precision_score(truth, said), abs=1e-9
    )
    assert ours.recall(truth, said, w)[0] == pytest.approx(sk.recall_score(truth, said), abs=1e-9)
    assert ours.f1(truth, said, w)[0] == pytest.approx(sk.f1_score(truth, said), abs=1e-9)


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_auroc_is_that_of_scikit_learn_with_and_without_ties(seed: int, *, rounded: bool) -> None:
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    truth, _, confidence = cases(seed, rounded=rounded)
    expected = roc_auc_score(truth, confidence)
    assert ours.auroc(truth, confidence, ones(len(truth)))[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_calibration_error_sums_the_bins_of_scikit_learn(seed: int, *, rounded: bool) -> None:
    from sklearn.calibration import calibration_curve  # type: ignore[import-untyped]

    truth, _, confidence = cases(seed, rounded=rounded)
    true, predicted = calibration_curve(truth, confidence, n_bins=10)
    edges = np.linspace(0, 1, 11)
    sizes = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=10)
    sizes = sizes[sizes > 0]
    expected = np.sum(sizes / len(truth) * np.abs(true - predicted))
    got = ours.expected_calibration_error(truth, confidence, ones(len(truth)))[0]
    assert got == pytest.approx(expected, abs=1e-9)
    curve = ours.reliability(truth, confidence)
    assert [point[0] for point in curve] == pytest.approx(list(predicted), abs=1e-9)
    assert [point[1] for point in curve] == pytest.approx(list(true), abs=1e-9)


def plain_aurc(error: Flags, order: npt.NDArray[np.intp]) -> float:
    risks = np.cumsum(error[order]) / np.arange(1, len(order) + 1)
    return float(risks.mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_risk_coverage_area_without_ties_is_the_mean_of_the_running_risk(seed: int) -> None:
    error, _, confidence = cases(seed)
    expected = plain_aurc(error, np.argsort(-confidence))
    got = ours.risk_coverage_auc(error, confidence, ones(len(error)))[0]
    assert got == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_risk_coverage_area_with_ties_is_the_mean_over_all_orders_of_the_tied(seed: int) -> None:
    draw = np.random.default_rng(seed)
    error, confidence = draw.random(6) < 0.5, draw.integers(0, 2, 6) / 2.0
    orders = [
        np.array(o) for o in permutations(range(6)) if (np.diff(confidence[list(o)]) <= 0).all()
    ]
    expected = np.mean([plain_aurc(error, order) for order in orders])
    got = ours.risk_coverage_auc(error, confidence, ones(6))[0]
    assert got == pytest.approx(expected, abs=1e-9)


def test_risk_coverage_points_are_shares_of_what_is_kept() -> None:
    points = ours.risk_coverage(
        np.array([False, True, False, True]), np.array([0.9, 0.5, 0.5, 0.1])
    )
    assert points == [(0.9, 0.25, 0.0), (0.5, 0.75, 1 / 3), (0.1, 1.0, 0.5)]


@pytest.mark.parametrize("q", [0.0, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_quantiles_are_those_of_numpy(seed: int, q: float) -> None:
    _, _, values = cases(seed, rounded=seed % 2 == 0)
    got = ours.quantile(values, q, ones(len(values)))[0]
    assert got == pytest.approx(np.quantile(values, q), abs=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_row_of_weights_is_the_same_as_repeating_the_cases(seed: int) -> None:
    truth, said, confidence = cases(seed, rounded=True)
    weights = resample_counts(len(truth), 20)
    for row, times in enumerate(weights.astype(int)):
        t, s, c = np.repeat(truth, times), np.repeat(said, times), np.repeat(confidence, times)
        w = ones(len(t))
        for weighted, repeated in [
            (ours.precision(truth, said, weights), ours.precision(t, s, w)),
            (ours.recall(truth, said, weights), ours.recall(t, s, w)),
            (ours.f1(truth, said, weights), ours.f1(t, s, w)),
            (ours.auroc(truth, confidence, weights), ours.auroc(t, c, w)),
            (ours.risk_coverage_auc(truth, confidence, weights), ours.risk_coverage_auc(t, c, w)),
            (
                ours.expected_calibration_error(truth, confidence, weights),
                ours.expected_calibration_error(t, c, w),
            ),
            (ours.quantile(confidence, 0.95, weights), ours.quantile(c, 0.95, w)),
        ]:
            assert weighted[row] == pytest.approx(repeated[0], abs=1e-9, nan_ok=True)


def test_no_metric_depends_on_the_order_of_the_cases() -> None:
    truth, said, confidence = cases(4, rounded=True)
    shuffled = np.random.default_rng(0).permutation(len(truth))
    t, s, c, w = truth[shuffled], said[shuffled], confidence[shuffled], ones(len(truth))
    assert ours.auroc(truth, confidence, w) == pytest.approx(ours.auroc(t, c, w), abs=1e-12)
    same = ours.risk_coverage_auc(t, c, w)
    assert ours.risk_coverage_auc(truth, confidence, w) == pytest.approx(same, abs=1e-12)
    assert ours.f1(truth, said, w) == pytest.approx(ours.f1(t, s, w), abs=1e-12)


def test_what_does_not_exist_is_nan_and_not_zero() -> None:
    yes = np.array([True, True])
    no = ~yes
    assert np.isnan(ours.precision(yes, no, ones(2))).all()
    assert np.isnan(ours.recall(no, yes, ones(2))).all()
    assert np.isnan(ours.auroc(yes, np.array([0.1, 0.2]), ones(2))).all()
