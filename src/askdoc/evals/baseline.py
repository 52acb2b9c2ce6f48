"""Stored runs: what every case scored, to compare a later run with, case by case."""

from __future__ import annotations

import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from askdoc.errors import SuiteError, UsageError
from askdoc.evals.metrics import BY_CASE, BY_SET, TIMES, Columns, score_set
from askdoc.evals.report import CaseResult, RunFingerprint, SuiteReport
from askdoc.evals.statistics import Change, Estimate, compare_means, interval, resample_counts
from askdoc.settings import lowered
from askdoc.types import Status

FOLDER_NAME = "baselines"
SCHEMA = "askdoc.baseline/1"


class StoredCase(msgspec.Struct, frozen=True):
    """How a case ended."""

    question: str
    answerable: bool
    status: Status
    confidence: float
    right: bool | None
    lost: str | None
    scores: dict[str, float]
    answer: str
    cited: tuple[str, ...]


class Machine(msgspec.Struct, frozen=True):
    """Where a run was made."""

    system: str
    processor: str
    cpus: int | None
    python: str


class Baseline(msgspec.Struct, frozen=True):
    """A stored run of one suite."""

    schema: str
    suite: str
    saved: str
    commit: str | None
    machine: Machine
    fingerprint: RunFingerprint
    metrics: dict[str, Estimate]
    cases: dict[str, StoredCase]


class Past(msgspec.Struct, frozen=True):
    """One line of a suite's history: the means of a run that was stored."""

    saved: str
    commit: str | None
    means: dict[str, float]


@dataclass(frozen=True, slots=True)
class Moved:
    """A case whose scores changed between two runs: by how much, and how it ended in each."""

    id: str
    changes: Mapping[str, float]
    old: StoredCase
    new: StoredCase


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside a stored one: how each score changed, and which cases changed.

    A case is `better` only if it is right now. `notes` say what else differs between the runs,
    such as the embedder or the number of cases.
    """

    baseline: Baseline
    changes: Mapping[str, Change]
    better: tuple[Moved, ...]
    worse: tuple[Moved, ...]
    notes: tuple[str, ...] = ()


def stored_case(result: CaseResult) -> StoredCase:
    """Return what is stored of a result: nothing that depends on time or machine."""
    graded = result.graded
    return StoredCase(
        question=graded.case.question,
        answerable=graded.case.answerable,
        status=graded.answer.status,
        confidence=graded.answer.confidence,
        right=graded.right,
        lost=None if graded.lost is None else graded.lost.value,
        scores=dict(result.scores),
        answer=graded.answer.text,
        cited=tuple(
            f"{c.document.path}:{c.span.start}-{c.span.end}" for c in graded.answer.citations
        ),
    )


def make(report: SuiteReport, *, commit: str | None, now: datetime | None = None) -> Baseline:
    """Turn a run into a baseline.

    Raises:
        SuiteError: a case failed, so the run is incomplete.

    """
    if report.failures:
        message = f"{len(report.failures)} cases of `{report.suite}` failed, so it is not stored"
        raise SuiteError(message, hint=f"look at them with `askdoc eval lint {report.suite}`")
    return Baseline(
        schema=SCHEMA,
        suite=report.suite,
        saved=(now or datetime.now(UTC)).isoformat(timespec="seconds"),
        commit=commit,
        machine=Machine(
            platform.platform(), platform.machine(), os.cpu_count(), platform.python_version()
        ),
        fingerprint=report.fingerprint,
        metrics=dict(report.metrics),
        cases={r.id: stored_case(r) for r in sorted(report.results, key=lambda result: result.id)},
    )


def save(baseline: Baseline, folder: Path) -> Path:
    """Store a baseline as `<suite>.json`, one case a line, and add it to the suite's history."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{baseline.suite}.json"
    encoder = msgspec.json.Encoder(order="deterministic")
    head = {f: getattr(baseline, f) for f in baseline.__struct_fields__ if f != "cases"}
    lines = [f"  {_json(name)}: {encoder.encode(value).decode()}" for name, value in head.items()]
    cases = [
        f"    {_json(id_)}: {encoder.encode(case).decode()}" for id_, case in baseline.cases.items()
    ]
    body = ",\n".join([*lines, '  "cases": {\n' + ",\n".join(cases) + "\n  }"])
    path.write_text("{\n" + body + "\n}\n", encoding="utf-8")
    past = Past(
        baseline.saved, baseline.commit, {k: round(e.mean, 6) for k, e in baseline.metrics.items()}
    )
    with _history_path(folder, baseline.suite).open("ab") as stream:
        stream.write(encoder.encode(past) + b"\n")
    return path


def load(path: Path, suite: str) -> Baseline:
    """Read the baseline at `path`, or that of `suite` where `path` is a folder.

    Raises:
        UsageError: there is none.
        SuiteError: it is not a baseline, or one of another suite.

    """
    file = path if path.suffix and not path.is_dir() else path / f"{suite}.json"
    try:
        baseline = msgspec.json.decode(file.read_bytes(), type=Baseline)
    except FileNotFoundError as error:
        message = f"there is no baseline `{file}`"
        stored = f"`askdoc eval {suite} --save-baseline` stores it in the folder of the suites"
        raise UsageError(message, hint=f"{stored}, as `{FOLDER_NAME}/{suite}.json`") from error
    except (OSError, msgspec.DecodeError) as error:
        message = f"`{file}` is not a baseline: {lowered(str(error))}"
        raise SuiteError(message, hint="store a new one: `--save-baseline`") from error
    if baseline.suite != suite:
        message = f"`{file}` is a baseline of `{baseline.suite}`, not of `{suite}`"
        raise SuiteError(message)
    return baseline


def history(folder: Path, suite: str) -> list[Past]:
    """List the stored runs of a suite, oldest first."""
    path = _history_path(folder, suite)
    if not path.exists():
        return []
    decoder = msgspec.json.Decoder(Past)
    return [decoder.decode(line) for line in path.read_bytes().splitlines() if line.strip()]


def compare(baseline: Baseline, report: SuiteReport, *, anyway: bool = False) -> Comparison:
    """Compare a run with a stored one over the cases that both have.

    Raises:
        UsageError: suite or corpus differ, and the caller did not say to compare `anyway`.

    """
    notes = _differences(baseline.fingerprint, report.fingerprint, anyway=anyway)
    new = {result.id: stored_case(result) for result in report.results}
    shared = sorted(baseline.cases.keys() & new.keys())
    if missing := len(baseline.cases.keys() ^ new.keys()):
        notes.append(f"{missing} cases are in one run only, and are left out")
    pairs = [(baseline.cases[case_id], new[case_id]) for case_id in shared]
    moved = [
        Moved(case_id, changes, old, now)
        for case_id, (old, now) in zip(shared, pairs, strict=True)
        if (changes := _moves(old, now))
    ]
    return Comparison(
        baseline,
        {**_by_case(pairs), **_by_set(pairs)},
        tuple(case for case in moved if _direction(case) > 0 and case.new.lost is None),
        tuple(case for case in moved if _direction(case) < 0),
        tuple(notes),
    )


def commit_of(folder: Path) -> str | None:
    """Name the commit that is checked out in `folder`, with `+` where files differ from it."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _differences(old: RunFingerprint, new: RunFingerprint, *, anyway: bool) -> list[str]:
    different = [
        f"the {what} differs"
        for what, was, is_ in (
            ("suite", old.suite, new.suite),
            ("corpus", old.corpus, new.corpus),
        )
        if was != is_
    ]
    if different and not anyway:
        message = f"the runs are not comparable: {' and '.join(different)}"
        hint = "store a new baseline, or compare what both have with `--anyway`"
        raise UsageError(message, hint=hint)
    notes = [
        f"the {what} differ"
        for what, was, is_ in (
            ("settings", old.settings, new.settings),
            ("models", dict(old.models), dict(new.models)),
            ("versions of askdoc", old.version, new.version),
        )
        if was != is_
    ]
    return [*different, *notes]


def _by_case(pairs: Sequence[tuple[StoredCase, StoredCase]]) -> dict[str, Change]:
    changes = {}
    for metric in BY_CASE:
        both = [
            (old.scores[metric], new.scores[metric])
            for old, new in pairs
            if metric in old.scores and metric in new.scores
        ]
        if both:
            old_scores, new_scores = np.array(both, dtype=float).T
            changes[metric] = compare_means(old_scores, new_scores)
    return changes


def _by_set(pairs: Sequence[tuple[StoredCase, StoredCase]]) -> dict[str, Change]:
    """Bootstrap the difference, drawing the same cases from both runs."""
    changes: dict[str, Change] = {}
    if not pairs:
        return changes
    tables = [_columns(side) for side in zip(*pairs, strict=True)]
    for name, metric in BY_SET.items():
        if name in TIMES:
            continue
        shared = metric.rows(tables[0]) & metric.rows(tables[1])
        old, new = (table.only(shared) for table in tables)
        before, after = score_set(name, old), score_set(name, new)
        if before is None or after is None:
            continue
        counts = resample_counts(int(shared.sum()))
        low, high = interval(metric.score(new, counts) - metric.score(old, counts))
        changes[name] = Change(after - before, low, high, int(shared.sum()))
    return changes


def _columns(cases: Sequence[StoredCase]) -> Columns:
    return Columns(
        answerable=np.array([case.answerable for case in cases], dtype=bool),
        abstained=np.array([case.status is not Status.ANSWERED for case in cases], dtype=bool),
        right=np.array([bool(case.right) for case in cases], dtype=bool),
        judged=np.array([case.right is not None for case in cases], dtype=bool),
        confidence=np.array([case.confidence for case in cases], dtype=float),
        latency=np.full(len(cases), math.nan),
    )


def _moves(old: StoredCase, new: StoredCase) -> dict[str, float]:
    moves = {
        metric: new.scores[metric] - old.scores[metric]
        for metric in old.scores.keys() & new.scores.keys()
        if new.scores[metric] != old.scores[metric]
    }
    answered = [case.status is Status.ANSWERED for case in (old, new)]
    if not old.answerable and answered[0] is not answered[1]:
        moves["abstained"] = -1.0 if answered[1] else 1.0
    return dict(sorted(moves.items()))


def _direction(moved: Moved) -> float:
    """Say whether a case got better (> 0) or worse (< 0), by the scores that matter most first."""
    for metric in _DECISIVE:
        if moved.changes.get(metric):
            return moved.changes[metric]
    return sum(moved.changes.values())


_DECISIVE = (
    "abstained",
    "citation_f1",
    "answer_contains",
    "evidence_hit@1",
    "evidence_hit@3",
    "evidence_hit@5",
    "passage_recall@10",
    "recall@10",
)


def _history_path(folder: Path, suite: str) -> Path:
    return folder / f"{suite}.history.jsonl"


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()
