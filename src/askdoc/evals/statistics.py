"""How sure a score is: bootstrap intervals and exact paired tests.

Everything is seeded: the same scores give the same intervals. Callers pass the cases in a fixed
order (by id), so that the order of a file does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

RESAMPLES = 1000
"""Enough for a percentile interval; Efron and Tibshirani (1993), section 14.3."""
LEVEL = 0.95
SEED = 20_250_101


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score over `n` cases with the ends of its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Change:
    """How a score moved between two runs over the same cases.

    `low` and `high` are the ends of the paired 95 % bootstrap interval of `difference`, new less
    old. `better` and `worse` count the cases whose score rose or fell, and `p` is the two-sided
    exact sign test over these; None for a score of the whole set, which has no cases.
    """

    difference: float
    low: float
    high: float
    n: int
    better: int = 0
    worse: int = 0
    p: float | None = None


def resample_counts(n: int, resamples: int = RESAMPLES, seed: int = SEED) -> Values:
    """Draw how often each of `n` cases is in each resample, shape (resamples, n).

    Each resample draws `n` cases with replacement. The stream is that of `scipy.stats.bootstrap`
    with the same seed, so that intervals agree with it.
    """
    drawn = np.random.default_rng(seed).integers(0, n, (resamples, n))
    flat = (drawn + np.arange(resamples)[:, None] * n).ravel()
    return np.bincount(flat, minlength=resamples * n).reshape(resamples, n).astype(np.float64)


def interval(distribution: Values, level: float = LEVEL) -> tuple[float, float]:
    """Return the ends of the percentile interval of resampled scores; NaN ones are left out.

    Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.
    """
    alive = distribution[~np.isnan(distribution)]
    if not alive.size:
        return math.nan, math.nan
    low, high = np.quantile(alive, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean(values: Sequence[float] | Values) -> float:
    """Return the mean, summed without rounding error, so that no order of cases changes it."""
    return math.fsum(values) / len(values)


def estimate_mean(values: Values, counts: Values | None = None) -> Estimate:
    """Return the mean of `values`, shape (n,), with its bootstrap interval; n is at least 1."""
    counts = resample_counts(len(values)) if counts is None else counts
    low, high = interval(counts @ values / len(values))
    return Estimate(mean(values), low, high, len(values))


def compare_means(old: Values, new: Values) -> Change:
    """Compare the scores of the same cases in two runs, in the same order."""
    difference = new - old
    paired = estimate_mean(difference)
    better, worse = int((difference > 0).sum()), int((difference < 0).sum())
    return Change(
        paired.mean, paired.low, paired.high, len(old), better, worse, sign_test(better, worse)
    )


def sign_test(better: int, worse: int) -> float:
    """Return how likely so uneven a split is if better and worse were a coin's toss; two-sided.

    p = min(1, 2·Σ_{i ≤ min(b, w)} C(b + w, i) / 2^(b + w)), exact. Cases that did not move say
    nothing. On scores of 0 and 1 this is McNemar's exact test. McNemar (1947); Conover, *Practical
    Nonparametric Statistics* (1999), section 3.4.
    """
    total = better + worse
    tail = sum(math.comb(total, i) for i in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / (1 << total))
