"""Scores of refusals and confidences over a set of cases.

Every function takes one value for each case, shape (n,), and `weights`, shape (resamples, n): how
often each case counts in each resample. It returns one score for each resample, shape (resamples,),
and NaN where there is none. One row of ones gives the plain score. The order of the cases does not
matter: ties in confidence share their places.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float64]

BINS = 10


def precision(truth: Flags, predicted: Flags, weights: Weights) -> Values:
    """Return, of what was said to be so, the share that is so: TP / (TP + FP)."""
    return _divide(weights @ (truth & predicted), weights @ predicted)


def recall(truth: Flags, predicted: Flags, weights: Weights) -> Values:
    """Return, of what is so, the share that was said: TP / (TP + FN)."""
    return _divide(weights @ (truth & predicted), weights @ truth)


def f1(truth: Flags, predicted: Flags, weights: Weights) -> Values:
    """Return the harmonic mean of precision and recall: 2·TP / (2·TP + FP + FN)."""
    return _divide(2 * (weights @ (truth & predicted)), weights @ truth + weights @ predicted)


def auroc(truth: Flags, confidence: Values, weights: Weights) -> Values:
    """Return the chance that a true case has more confidence than a false one; ties count half.

    AUROC = (Σ over pairs [c⁺ > c⁻] + ½[c⁺ = c⁻]) / (n⁺·n⁻), the Mann-Whitney statistic. Hanley and
    McNeil, *The meaning and use of the area under a ROC curve* (1982).
    """
    order, starts = _groups(confidence)
    ranked = np.take(weights, order, axis=1)
    positive = _by_group(ranked * truth[order], starts)
    negative = _by_group(ranked * ~truth[order], starts)
    below = np.cumsum(negative, axis=1) - negative
    wins = np.sum(positive * (below + negative / 2), axis=1)
    return _divide(wins, positive.sum(axis=1) * negative.sum(axis=1))


def risk_coverage_auc(error: Flags, confidence: Values, weights: Weights) -> Values:
    """Return the mean share of errors among the k most confident cases, over k = 1 … n.

    AURC = 1/n · Σ_k (errors among the k most confident) / k; 0 is perfect. Geifman, Uziel and
    El-Yaniv, *Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers* (2019). Cases of
    equal confidence are counted as if in random order, each with the share of errors among them:
    a group of m cases with error share r after n₀ cases with e₀ errors adds
    r·m + (e₀ - r·n₀)·(H(n₀ + m) - H(n₀)), where H are the harmonic numbers.
    """
    order, starts = _groups(-confidence)
    ranked = np.take(weights, order, axis=1)
    size = _by_group(ranked, starts)
    errors = _by_group(ranked * error[order], starts)
    after = np.cumsum(size, axis=1)
    before = after - size
    errors_before = np.cumsum(errors, axis=1) - errors
    rate = np.divide(errors, size, out=np.zeros_like(size), where=size > 0)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(after.max(initial=0)) + 1))])
    steps = harmonic[after.astype(np.intp)] - harmonic[before.astype(np.intp)]
    area = np.sum(rate * size + (errors_before - rate * before) * steps, axis=1)
    return _divide(area, after[:, -1])


def risk_coverage(error: Flags, confidence: Values) -> list[tuple[float, float, float]]:
    """List (threshold, coverage, risk) for each distinct confidence, most confident first.

    Coverage is the share of cases with at least that confidence, risk the share of errors there.
    """
    thresholds = np.unique(confidence)[::-1]
    points = []
    for threshold in thresholds:
        kept = confidence >= threshold
        points.append((float(threshold), float(kept.mean()), float(error[kept].mean())))
    return points


def expected_calibration_error(truth: Flags, confidence: Values, weights: Weights) -> Values:
    """Return how far confidence is from the share that came true, over ten equal bins.

    ECE = Σ_b (n_b / n)·|truth_b - confidence_b|, with the means of bin b; bins are (0, 0.1], …,
    (0.9, 1], and 0 belongs to the first. Naeini, Cooper and Hauskrecht (2015); Guo et al., *On
    Calibration of Modern Neural Networks* (2017).
    """
    member = _bins(confidence)[:, None] == np.arange(BINS)
    true = weights @ (member * truth[:, None])
    mass = weights @ (member * confidence[:, None])
    return _divide(np.abs(true - mass).sum(axis=1), weights.sum(axis=1))


def reliability(truth: Flags, confidence: Values) -> list[tuple[float, float, int]]:
    """List (mean confidence, share that came true, cases) of each bin that holds a case."""
    bins = _bins(confidence)
    held = [bins == index for index in range(BINS) if (bins == index).any()]
    return [
        (float(confidence[mask].mean()), float(truth[mask].mean()), int(mask.sum()))
        for mask in held
    ]


def quantile(values: Values, q: float, weights: Weights) -> Values:
    """Return the `q`-quantile, interpolated linearly between the two nearest values.

    Position (n - 1)·q in the sorted values; Hyndman and Fan (1996), type 7, numpy's default.
    """
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    counts = np.cumsum(np.take(weights, order, axis=1), axis=1)
    position = (counts[:, -1] - 1) * q
    low = np.floor(position)
    lower: Values = ranked[np.argmax(counts > low[:, None], axis=1)]
    above = np.minimum(low + 1, counts[:, -1] - 1)
    upper: Values = ranked[np.argmax(counts > above[:, None], axis=1)]
    between: Values = lower + (upper - lower) * (position - low)
    return between


def _bins(confidence: Values) -> npt.NDArray[np.intp]:
    edges: Values = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.searchsorted(edges, confidence, side="left")


def _groups(values: Values) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the order that sorts `values`, and where in it each run of equal values starts."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    return order, starts


def _by_group(ranked: Values, starts: npt.NDArray[np.intp]) -> Values:
    """Sum the columns of each group; there is nothing to sum where all values are distinct."""
    if len(starts) == ranked.shape[1]:
        return ranked
    summed: Values = np.add.reduceat(ranked, starts, axis=1)
    return summed


def _divide(above: Values, below: Values) -> Values:
    """Divide; NaN where `below` is zero."""
    nowhere: Values = np.full(np.shape(above), np.nan)
    return np.divide(above, below, out=nowhere, where=below > 0)
