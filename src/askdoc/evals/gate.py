"""Whether a run is good enough: it meets its floors, and is not clearly worse than before.

The file that sets this:

evals/askdoc-eval.toml

tolerance = 0.01                 # how far a score may drop before it matters
alpha = 0.05                     # how unlikely by chance a drop must be to be clear
watch = ["evidence_hit@1"]       # the scores that may not drop; by default `WATCHED`

[suites.seeds.floors]            # for scores where lower is better, a ceiling
"evidence_hit@1" = 0.9
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Annotated, Any

import msgspec
import tomlkit
from msgspec import Meta

from askdoc.errors import SettingsError, SuiteError, unwritable
from askdoc.evals.metrics import LOWER_IS_BETTER, NAMES, TIMES
from askdoc.evals.report import SuiteReport, Verdict
from askdoc.evals.statistics import Change
from askdoc.settings import explain, lowered

FILE_NAME = "askdoc-eval.toml"
_KEYS = "its keys: tolerance, alpha, watch, and suites.NAME.floors with a number for each metric"

WATCHED = (
    "recall@10",
    "passage_recall@10",
    "evidence_hit@1",
    "evidence_hit@5",
    "citation_f1",
    "quote_valid",
    "answer_contains",
    "abstention_f1",
    "auroc",
)
"""Few, since each watched score is another chance of a false alarm."""

ALWAYS: Mapping[str, float] = {"quote_valid": 1.0}
"""Floors of every suite: a quote that differs from the document is never right."""


class SuiteRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one suite has to reach."""

    floors: dict[str, float] = {}


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `askdoc-eval.toml` says; the defaults are those of a workspace without one."""

    tolerance: Annotated[float, Meta(ge=0, le=1)] = 0.01
    alpha: Annotated[float, Meta(gt=0, lt=1)] = 0.05
    watch: tuple[str, ...] = WATCHED
    suites: dict[str, SuiteRules] = {}

    def floors(self, suite: str) -> dict[str, float]:
        """Return the floors of a suite by metric, with those that always hold."""
        named = self.suites[suite].floors if suite in self.suites else {}
        return {**ALWAYS, **named}


def load(folder: Path) -> Rules:
    """Read the rules in the folder of the suites; without a file, the defaults apply.

    Raises:
        SettingsError: the file is not TOML, or names a key or metric that does not exist.

    """
    path = folder / FILE_NAME
    if not path.exists():
        return Rules()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: {lowered(str(error))}"
        raise SettingsError(message, hint=_KEYS) from error
    try:
        rules = msgspec.convert(values, Rules)
    except msgspec.ValidationError as error:
        message = f"{path}: {explain(error)}"
        raise SettingsError(message, hint=_KEYS) from error
    for suite, limits in rules.suites.items():
        for metric, floor in limits.floors.items():
            _expect_reachable(metric, floor, f"{path}: the floor of `{suite}`")
    for metric in (*rules.watch, *(name for s in rules.suites.values() for name in s.floors)):
        if metric not in NAMES:
            near = difflib.get_close_matches(metric, NAMES, n=1)
            message = f"{path}: there is no metric `{metric}`"
            hint = f"did you mean `{near[0]}`?" if near else f"known metrics: {', '.join(NAMES)}"
            raise SettingsError(message, hint=hint)
    return rules


def floors_of(report: SuiteReport, rules: Rules) -> dict[str, float]:
    """Return a floor for each watched score: the tolerance below what the run reached.

    Raises:
        SuiteError: a case failed, so the scores are incomplete.

    """
    if report.failures:
        message = f"{len(report.failures)} cases of `{report.suite}` failed"
        raise SuiteError(message, hint=f"look at them with `askdoc eval lint {report.suite}`")
    floors = {}
    for metric in rules.watch:
        if metric in report.metrics and metric not in ALWAYS:
            mean = report.metrics[metric].mean
            lower = metric in LOWER_IS_BETTER
            floors[metric] = (
                math.ceil((mean + rules.tolerance) * 100) / 100
                if lower
                else max(0.0, math.floor((mean - rules.tolerance) * 100) / 100)
            )
    return floors


def write_floors(folder: Path, floors: Mapping[str, Mapping[str, float]]) -> Path:
    """Write the floors of suites into `askdoc-eval.toml`; all else in the file stays.

    Raises:
        UsageError: the file cannot be written.

    """
    path = folder / FILE_NAME
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    suites = document.setdefault("suites", tomlkit.table(is_super_table=True))
    for suite, of_suite in floors.items():
        table = suites.setdefault(suite, tomlkit.table(is_super_table=True))
        written = table.setdefault("floors", tomlkit.table())
        for metric, floor in of_suite.items():
            written[metric] = floor
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as error:
        raise unwritable(str(path), error) from error
    return path


def expect_suites(rules: Rules, known: AbstractSet[str]) -> None:
    """Refuse floors for a suite whose name looks like a misspelled known one.

    Raises:
        SettingsError: there are such floors.

    """
    for name in rules.suites.keys() - known:
        if near := difflib.get_close_matches(name, known, n=1):
            message = f"`{FILE_NAME}` has floors for `{name}`, and there is no such suite"
            raise SettingsError(message, hint=f"did you mean `{near[0]}`?")


def _expect_reachable(metric: str, floor: float, what: str) -> None:
    most = math.inf if metric in TIMES else 1.0
    if not 0 <= floor <= most:
        message = f"{what} for `{metric}` is {floor:g}, which no run can reach"
        raise SettingsError(message, hint="a score is between 0 and 1, a time at least 0")


def judge(report: SuiteReport, rules: Rules) -> list[Verdict]:
    """Compare a run with every floor of its suite.

    A floor on a metric that applies to no case is missed, unless every suite has that floor.
    """
    verdicts = []
    named: Mapping[str, Any] = (
        rules.suites[report.suite].floors if report.suite in rules.suites else {}
    )
    for metric, floor in rules.floors(report.suite).items():
        estimate = report.metrics.get(metric)
        if estimate is None and metric not in named:
            continue
        mean = None if estimate is None else estimate.mean
        passed = mean is not None and (
            mean <= floor if metric in LOWER_IS_BETTER else mean >= floor
        )
        verdicts.append(Verdict(report.suite, metric, floor, mean, passed))
    return verdicts


def is_regression(metric: str, change: Change, rules: Rules) -> bool:
    """Tell whether a watched score got worse by more than the tolerance, and clearly so.

    Clear means, for a score of cases, that the exact sign test's p is below `alpha`; for a score of
    the whole set, that the paired bootstrap interval of the difference leaves out zero.
    """
    lower = metric in LOWER_IS_BETTER
    loss = change.difference if lower else -change.difference
    if metric not in rules.watch or loss <= rules.tolerance:
        return False
    if change.p is not None:
        return change.p < rules.alpha
    return change.low > 0 if lower else change.high < 0
