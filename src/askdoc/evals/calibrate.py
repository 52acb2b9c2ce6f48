"""Fit thresholds of the confidence to a suite, by what wrong answers and wrong doubts cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from askdoc.errors import UsageError
from askdoc.evals.report import SuiteReport

_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """A case that was answered: how confident askdoc is, and whether the answer is right."""

    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold of the confidence, and what it does to a suite.

    `counts` are cases from it on that are right and wrong, and below it right and wrong. `cost`
    counts a wrong one from it on as 1, and a right one below it as the price of that.
    """

    value: float
    counts: tuple[int, int, int, int]
    cost: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted threshold beside the current one; `held_out` is the cost of such on other cases."""

    current: Threshold
    fitted: Threshold
    held_out: float


def compare(found: Sequence[Sample], price: float, *, current: float) -> Fit:
    """Fit a threshold and say how it does beside the current one."""
    return Fit(
        apply(found, current, price),
        fit(found, price, current=current),
        held_out_cost(found, price, current=current),
    )


def samples(report: SuiteReport) -> list[Sample]:
    """Take the samples from a run in which no question was refused for lack of confidence.

    Raises:
        UsageError: all cases are right or all are wrong, so that no threshold tells them apart.

    """
    found = [
        Sample(r.graded.answer.confidence, bool(r.graded.right))
        for r in report.results
        if r.graded.right is not None
    ]
    if len({sample.right for sample in found}) < 2:  # noqa: PLR2004 - right and wrong
        message = f"`{report.suite}` has no case to tell a right answer from a wrong one"
        raise UsageError(message, hint="add questions that the documents do not answer")
    return found


def apply(found: Sequence[Sample], value: float, price: float) -> Threshold:
    """Say what a threshold does; a refusal is wrong if the answer would have been right."""
    answered = [sample.right for sample in found if sample.confidence >= value]
    refused = [sample.right for sample in found if sample.confidence < value]
    counts = (sum(answered), answered.count(False), sum(refused), refused.count(False))
    return Threshold(value, counts, counts[1] + price * counts[2])


def fit(found: Sequence[Sample], price: float, *, current: float) -> Threshold:
    """Return the threshold of least cost; among equals the one nearest to `current`.

    Candidates are `current` and the middles between neighbouring confidences, in hundredths where
    that keeps the two apart.
    """
    values = sorted({sample.confidence for sample in found})
    middles = [_between(low, high) for low, high in pairwise(values)]
    candidates = (apply(found, value, price) for value in (current, 0.0, *middles))
    return min(candidates, key=lambda one: (one.cost, abs(one.value - current)))


def _between(low: float, high: float) -> float:
    middle = (low + high) / 2
    return next((v for n in range(2, 6) if low < (v := round(middle, n)) <= high), middle)


def held_out_cost(found: Sequence[Sample], price: float, *, current: float) -> float:
    """Return what thresholds cost that are fitted to four fifths and applied to the rest."""
    costs = []
    for fold in range(_FOLDS):
        fitted = fit([s for n, s in enumerate(found) if n % _FOLDS != fold], price, current=current)
        costs.append(apply(found[fold::_FOLDS], fitted.value, price).cost)
    return sum(costs)
