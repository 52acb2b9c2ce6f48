"""The JSON of a run (`askdoc eval --json`), as `askdoc schema eval` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from askdoc.evals.baseline import Comparison, Moved
from askdoc.evals.gate import Rules, is_regression
from askdoc.evals.grade import Graded
from askdoc.evals.judge import Judgement
from askdoc.evals.report import CaseResult, EvalReport, SuiteReport
from askdoc.evals.scores import first_rank
from askdoc.evals.statistics import Estimate
from askdoc.formats import answer_to_json
from askdoc.types import Answer

SCHEMA = "askdoc.eval/1"
_DIGITS = 6


def report_to_json(
    report: EvalReport,
    *,
    base: Path,
    comparisons: Mapping[str, Comparison] | None = None,
    rules: Rules | None = None,
    judgements: Mapping[str, Judgement] | None = None,
) -> dict[str, Any]:
    """Return a run as plain values, with the paths of files as seen from the folder `base`.

    Where stored runs were compared with, `against` says how each score moved and which cases did;
    where a model judged, `judged` has what it said.
    """
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "suites": [_suite(suite, base) for suite in report.suites],
        "passed": report.passed,
        "gate": [msgspec.to_builtins(verdict) for verdict in report.gate],
    }
    if comparisons:
        data["against"] = [
            _comparison(suite, comparison, rules or Rules())
            for suite, comparison in comparisons.items()
        ]
    if judgements:
        data["judged"] = [_judgement(suite, judged) for suite, judged in judgements.items()]
    return data


def _judgement(suite: str, judged: Judgement) -> dict[str, Any]:
    return {
        "suite": suite,
        "judge": judged.judge,
        "mean": None if judged.mean is None else _estimate(judged.mean),
        "agreements": {
            metric: {
                "share": round(found.share, _DIGITS),
                "kappa": None if found.kappa is None else round(found.kappa, _DIGITS),
                "n": found.n,
            }
            for metric, found in judged.agreements.items()
        },
        "grades": dict(judged.grades),
        "disputed": list(judged.disputed),
        "failed": [msgspec.to_builtins(failure) for failure in judged.failures],
    }


def _suite(report: SuiteReport, base: Path) -> dict[str, Any]:
    data = {
        "suite": report.suite,
        "cases": len(report.results) + len(report.failures),
        "failures": len(report.failures),
        "fingerprint": msgspec.to_builtins(report.fingerprint),
        "generator": report.generator,
        "metrics": _estimates(report.metrics),
        "tags": {tag: _estimates(metrics) for tag, metrics in report.tags.items()},
        "results": [_result(result, base) for result in report.results],
        "failed": [msgspec.to_builtins(failure) for failure in report.failures],
    }
    if report.writing:
        data["writing"] = msgspec.to_builtins(report.writing)
    return data


def _estimates(metrics: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: _estimate(estimate) for name, estimate in metrics.items()}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "mean": round(estimate.mean, _DIGITS),
        "low": round(estimate.low, _DIGITS),
        "high": round(estimate.high, _DIGITS),
        "n": estimate.n,
    }


def _result(result: CaseResult, base: Path) -> dict[str, Any]:
    graded = result.graded
    return {
        "id": result.id,
        "status": graded.answer.status.value,
        "answerable": graded.case.answerable,
        "right": graded.ended_well,
        "scores": {name: round(score, _DIGITS) for name, score in result.scores.items()},
        "lost": None if result.lost is None else result.lost.value,
        "rank": ranks(graded),
        "tags": list(graded.case.tags),
        "answer": _brief(graded.answer, base),
    }


def ranks(graded: Graded) -> dict[str, int | None]:
    """Say where the gold first stands (from 1) in each stage; None where it does not."""
    return {
        "document": first_rank(graded.documents.gains) if graded.documents else None,
        "passage": first_rank(graded.passages.gains) if graded.passages else None,
        "sentence": first_rank([float(bool(meets)) for meets in graded.evidence]),
        "citation": first_rank([float(bool(meets)) for meets in graded.cited]),
    }


def _brief(answer: Answer, base: Path) -> dict[str, Any]:
    """Write an answer without the text of its evidence, which the documents hold anyway."""
    data = answer_to_json(answer, base=base)
    data["evidence"] = [
        {name: item[name] for name in ("document", "start", "end", "score", "ranks")}
        for item in data["evidence"]
    ]
    return data


def _comparison(suite: str, comparison: Comparison, rules: Rules) -> dict[str, Any]:
    return {
        "suite": suite,
        "saved": comparison.baseline.saved,
        "commit": comparison.baseline.commit,
        "notes": list(comparison.notes),
        "metrics": {
            metric: {
                **msgspec.to_builtins(change),
                "regression": is_regression(metric, change, rules),
            }
            for metric, change in comparison.changes.items()
        },
        "better": [_moved(case) for case in comparison.better],
        "worse": [_moved(case) for case in comparison.worse],
    }


def _moved(case: Moved) -> dict[str, Any]:
    return {
        "id": case.id,
        "question": case.new.question,
        "changes": dict(case.changes),
        "old": {"status": case.old.status.value, "answer": case.old.answer, "lost": case.old.lost},
        "new": {"status": case.new.status.value, "answer": case.new.answer, "lost": case.new.lost},
    }
