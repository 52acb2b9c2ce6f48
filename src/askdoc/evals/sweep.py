"""Choose settings by trying a grid of them, and judge the best on cases that were held out."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from askdoc import settings as known
from askdoc.errors import UsageError
from askdoc.evals.baseline import compare, make
from askdoc.evals.metrics import LOWER_IS_BETTER
from askdoc.evals.report import SuiteReport
from askdoc.evals.statistics import Change, Estimate
from askdoc.evals.suite import Suite
from askdoc.settings import Settings

SPEED = "latency_p50_ms"


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of the grid: its settings, and their score on the cases to choose by."""

    values: Mapping[str, Any]
    quality: Estimate
    milliseconds: float


def folds(suite: Suite, held_out: float) -> tuple[Suite, Suite]:
    """Split a suite into cases to choose settings by and cases held out, about that share.

    The split depends on the ids alone, so it stays the same when cases are added or reordered.

    Raises:
        UsageError: a fold would be empty.

    """
    held = [case for case in suite.cases if _draw(case.id) < held_out]
    tune = [case for case in suite.cases if _draw(case.id) >= held_out]
    if not held or not tune:
        message = f"`{suite.name}` is too small to hold {held_out:.0%} of it out"
        raise UsageError(message, hint="give another share with `--hold-out`")
    return replace(suite, cases=tuple(tune)), replace(suite, cases=tuple(held))


def parse_grid(options: Sequence[str], base: Settings) -> list[dict[str, Any]]:
    """Turn options such as `top_k=5,10` into all combinations, each checked, the base first.

    Raises:
        SettingsError: a setting is unknown or a value does not fit.
        UsageError: an option is not of that form.

    """
    axes: dict[str, list[Any]] = {}
    for option in options:
        name, equals, given = option.partition("=")
        if not equals or not given.strip():
            message = f"`{option}` is not of the form `setting=value,value`"
            raise UsageError(message, hint="such as `--set top_k=5,10,20`")
        axes[name.strip()] = [_value(name.strip(), text) for text in given.split(",")]
    grid = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    for values in grid:
        known.parse(values, origin="--set", base=base)
    current = {name: getattr(base, name) for name in axes}
    return [current, *(values for values in grid if values != current)]


def pareto(trials: Sequence[Trial], metric: str) -> list[bool]:
    """Tell for each trial whether no other is at least as good and as fast, and better in one."""
    sign = -1 if metric in LOWER_IS_BETTER else 1

    def beats(one: Trial, other: Trial) -> bool:
        better = sign * one.quality.mean - sign * other.quality.mean
        faster = other.milliseconds - one.milliseconds
        return better >= 0 and faster >= 0 and (better > 0 or faster > 0)

    return [not any(beats(other, trial) for other in trials) for trial in trials]


def best(trials: Sequence[Trial], metric: str) -> Trial:
    """Choose the trial of best quality; among equals the fastest, then the first."""
    sign = 1 if metric in LOWER_IS_BETTER else -1
    return min(trials, key=lambda trial: (sign * trial.quality.mean, trial.milliseconds))


def trial(values: Mapping[str, Any], report: SuiteReport, metric: str) -> Trial:
    """Take from a run what a trial is judged by.

    Raises:
        UsageError: the metric applies to no case of the suite.

    """
    if metric not in report.metrics:
        message = f"`{metric}` applies to no case of `{report.suite}`"
        raise UsageError(message, hint=f"it has: {', '.join(report.metrics)}")
    speed = report.metrics.get(SPEED)
    return Trial(values, report.metrics[metric], speed.mean if speed else 0.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """The best trial, and how its score differs from the current settings' on cases held out.

    `change` is None where the metric applies to none of these cases.
    """

    best: Trial
    metric: str
    change: Change | None

    @property
    def is_clear(self) -> bool:
        """Whether the whole interval of the difference is an improvement."""
        if self.change is None:
            return False
        return self.change.high < 0 if self.metric in LOWER_IS_BETTER else self.change.low > 0


def judge_choice(
    chosen: Trial, metric: str, current: SuiteReport, candidate: SuiteReport
) -> Choice:
    """Compare the runs of the current settings and of the chosen ones over the same cases."""
    changes = compare(make(current, commit=None), candidate, anyway=True).changes
    return Choice(chosen, metric, changes.get(metric))


def written(values: Mapping[str, Any]) -> str:
    """Write settings as `name=value`."""
    return "  ".join(f"{name}={value}" for name, value in values.items())


def _value(name: str, text: str) -> Any:
    field = next((f for f in msgspec.structs.fields(Settings) if f.name == name), None)
    if field is None:
        return text.strip()
    try:
        return msgspec.convert(text.strip(), field.type, strict=False)
    except msgspec.ValidationError as error:
        message = f"--set {name}: {str(error)[0].lower()}{str(error)[1:]}"
        raise UsageError(message) from error


def _draw(case_id: str) -> float:
    digest = hashlib.blake2b(case_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
