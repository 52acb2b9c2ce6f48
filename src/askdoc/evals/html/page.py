"""A run as one HTML page that needs nothing else: charts, tables, and every case to search."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from askdoc.evals.baseline import Comparison, Past
from askdoc.evals.calibration import reliability, risk_coverage
from askdoc.evals.gate import Rules, is_regression
from askdoc.evals.grade import Graded, Needs
from askdoc.evals.html import charts
from askdoc.evals.judge import Judgement
from askdoc.evals.metrics import LOWER_IS_BETTER, NAMES, Columns, columns
from askdoc.evals.report import CaseResult, EvalReport, SuiteReport
from askdoc.evals.report_json import ranks
from askdoc.evals.wording import (
    MEANING,
    WHY,
    chance,
    headline,
    judgement_lines,
    shown,
    tally,
    verdict,
    writing_line,
)
from askdoc.strings import printable
from askdoc.types import Citation, Status

_POINTS = 60
"""Points of a curve at most; more look the same at its size."""

_BARS = 16
_DEPTH = 10
_SHOWN_EVIDENCE = 3
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Background:
    """What a page shows beside the run: stored runs, earlier ones, and what a judge says."""

    comparisons: Mapping[str, Comparison]
    history: Mapping[str, Sequence[Past]]
    rules: Rules
    judgements: Mapping[str, Judgement] = field(default_factory=dict)


def page(report: EvalReport, background: Background) -> str:
    """Return the page; the same run gives the same page, to the byte."""
    environment = Environment(
        loader=PackageLoader("askdoc", "render/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    suites = [_suite(suite, report, background) for suite in report.suites]
    template = environment.get_template("eval.html.j2")
    return template.render(report=report, verdict=verdict(report), suites=suites, meaning=MEANING)


def _suite(suite: SuiteReport, report: EvalReport, background: Background) -> dict[str, Any]:
    past = background.history.get(suite.suite, ())
    judged = background.judgements.get(suite.suite)
    return {
        "name": suite.suite,
        "tally": tally(suite),
        "failures": suite.failures,
        "fingerprint": msgspec.to_builtins(suite.fingerprint),
        "generator": suite.generator,
        "writing": writing_line(suite.writing) if suite.writing else "",
        "cards": [_card(name, suite, past) for name in headline(suite)],
        "metrics": [_row(name, suite) for name in NAMES if name in suite.metrics],
        "gate": [
            {
                "verdict": v,
                "shown": "none" if v.mean is None else shown(v.metric, v.mean),
                "floor": shown(v.metric, v.floor),
                "most": v.metric in LOWER_IS_BETTER,
            }
            for v in report.gate
            if v.suite == suite.suite
        ],
        "tags": _tags(suite),
        "charts": _charts(suite),
        "comparison": _comparison(background.comparisons.get(suite.suite), background.rules),
        "judged": judged.judge if judged else "",
        "judgement": judgement_lines(judged) if judged else [],
        "data": _packed(
            [_case(r, judged.grades.get(r.id) if judged else None) for r in suite.results]
        ),
    }


def _card(name: str, suite: SuiteReport, past: Sequence[Past]) -> dict[str, Any]:
    means = [run.means[name] for run in past if name in run.means]
    line = charts.sparkline(f"{name} over {len(means)} stored runs", means) if means else ""
    return {**_row(name, suite), "line": line}


def _row(name: str, suite: SuiteReport) -> dict[str, Any]:
    estimate = suite.metrics[name]
    share = not name.endswith("_ms")
    return {
        "name": name,
        "mean": shown(name, estimate.mean),
        "low": shown(name, estimate.low),
        "high": shown(name, estimate.high),
        "n": estimate.n,
        "bar": (estimate.low * 100, estimate.mean * 100, estimate.high * 100) if share else None,
    }


def _tags(suite: SuiteReport) -> dict[str, Any]:
    names = [name for name in headline(suite) if name != "latency_p95_ms"]
    rows = [
        {
            "tag": tag,
            "cells": [shown(n, metrics[n].mean) if n in metrics else "" for n in names],
            "n": max((estimate.n for estimate in metrics.values()), default=0),
        }
        for tag, metrics in suite.tags.items()
    ]
    return {"names": names, "rows": rows}


def _charts(suite: SuiteReport) -> list[dict[str, Any]]:
    table = columns([result.graded for result in suite.results])
    return [
        chart
        for chart in (
            _risk(suite.suite, table),
            _reliability(suite.suite, table),
            _depth(suite),
            _latency(suite.suite, table),
        )
        if chart
    ]


def _risk(suite: str, table: Columns) -> dict[str, Any] | None:
    lines: dict[str, charts.Points] = {}
    judged = table.only(table.judged)
    if len(judged.right):
        lines["wrong"] = _curve(~judged.right, judged)
    if (~table.answerable).any():
        lines["unanswerable"] = _curve(~table.answerable, table)
    if not lines:
        return None
    return {
        "title": "Risk and coverage",
        "asks": "Answer only the most confident share: how much of it is wrong?",
        "legend": list(lines),
        "guided": False,
        "svg": charts.curves(
            f"{suite}: risk against coverage", lines, x="share answered", y="share wrong"
        ),
    }


def _curve(error: Any, table: Columns) -> charts.Points:
    return _thin([(cover, risk) for _, cover, risk in risk_coverage(error, table.confidence)])


def _thin(points: charts.Points) -> charts.Points:
    if len(points) <= _POINTS:
        return points
    positions = sorted({round(i * (len(points) - 1) / (_POINTS - 1)) for i in range(_POINTS)})
    return [points[position] for position in positions]


def _reliability(suite: str, table: Columns) -> dict[str, Any] | None:
    judged = table.only(table.judged)
    if not len(judged.right):
        return None
    points = [(x, y) for x, y, _ in reliability(judged.right, judged.confidence)]
    return {
        "title": "Reliability",
        "asks": "Of answers with this confidence, how many are right? Dashed: perfect.",
        "legend": [],
        "guided": True,
        "svg": charts.curves(
            f"{suite}: reliability of confidence",
            {"answers": points},
            x="confidence",
            y="share right",
            guide=((0, 0), (1, 1)),
        ),
    }


def _depth(suite: SuiteReport) -> dict[str, Any] | None:
    lines: dict[str, charts.Points] = {}
    for stage in ("document", "passage", "sentence"):
        found = [
            ranks(result.graded)[stage]
            for result in suite.results
            if (result.graded.documents if stage == "document" else result.graded.needs)
        ]
        if found:
            lines[stage] = [
                (k, sum(rank is not None and rank <= k for rank in found) / len(found))
                for k in range(1, _DEPTH + 1)
            ]
    if not lines:
        return None
    return {
        "title": "Depth",
        "asks": "How far down does one have to look for the gold?",
        "legend": list(lines),
        "guided": False,
        "svg": charts.curves(
            f"{suite.suite}: gold found by depth",
            lines,
            x="looked at",
            y="share found",
            x_range=(1, _DEPTH),
            x_labels=(1, 2, 3, 5, 7, 10),
        ),
    }


def _latency(suite: str, table: Columns) -> dict[str, Any] | None:
    times = table.latency[~np.isnan(table.latency)]
    if not len(times):
        return None
    wanted = min(_BARS, 2 * int(np.ceil(np.sqrt(len(times)))))
    counts, edges = np.histogram(np.minimum(times, np.quantile(times, 0.99)), bins=wanted)
    bars = [
        (f"{edge:.0f}" if position % (wanted // 4 or 1) == 0 else "", int(count))
        for position, (edge, count) in enumerate(zip(edges, counts, strict=False))
    ]
    return {
        "title": "Latency",
        "asks": "How long do answers take?",
        "legend": [],
        "guided": False,
        "svg": charts.histogram(f"{suite}: latency", bars, x="milliseconds", y="answers"),
    }


def _comparison(comparison: Comparison | None, rules: Rules) -> dict[str, Any] | None:
    if comparison is None:
        return None
    moved = [
        {
            "metric": metric,
            "change": change,
            "p": chance(change.p),
            "regression": is_regression(metric, change, rules),
        }
        for metric, change in comparison.changes.items()
        if change.difference or change.better or change.worse
    ]
    return {
        "saved": comparison.baseline.saved,
        "commit": comparison.baseline.commit,
        "notes": comparison.notes,
        "moved": moved,
        "worse": comparison.worse,
        "better": comparison.better,
    }


def _case(result: CaseResult, grade: float | None) -> dict[str, Any]:
    """Return what the page shows of one case; ranges count characters of the context."""
    graded = result.graded
    answer = graded.answer
    quotes = [" ".join(citation.quote.split()) for citation in answer.citations]
    claims = [claim.text for claim in answer.claims]
    return {
        "id": printable(result.id),
        "question": _clip(graded.case.question),
        "tags": list(graded.case.tags),
        "status": answer.status.value,
        "why": WHY[result.lost] if result.lost else "",
        "answer": "" if claims == quotes else _clip(answer.text),
        "reason": answer.reason.message if answer.reason else "",
        "confidence": round(answer.confidence, 3),
        "ms": round(answer.timings.get("total_ms", 0)),
        "rank": ranks(graded)["sentence"],
        "passage": ranks(graded)["passage"],
        "f1": _rounded(result.scores.get("citation_f1")),
        "grade": grade,
        "words": list(graded.case.answers[:3]),
        "cited": [_cited(c, bool(m), graded.gold) for c, m in _zip(answer.citations, graded.cited)],
        "gold": [[gold.document, _clip(gold.quote)] for gold in graded.case.evidence[:4]],
        "near": _near(graded),
    }


def _cited(citation: Citation, hit: bool, gold: Needs) -> dict[str, Any]:  # noqa: FBT001
    start = citation.span.start - len(citation.before)
    context = citation.before + citation.quote + citation.after
    marks = [
        [max(0, place.span.start - start), min(len(context), place.span.end - start)]
        for places in gold
        for place in places
        if place.document_id == citation.document.id
        and place.span.start < start + len(context)
        and place.span.end > start
    ]
    page = f", page {citation.page}" if citation.page else ""
    return {
        "label": citation.label,
        "where": f"{citation.document.path}:{citation.line_start}{page}",
        "text": context,
        "quote": [len(citation.before), len(citation.before) + len(citation.quote)],
        "gold": marks,
        "hit": hit,
    }


def _near(graded: Graded) -> list[list[Any]]:
    """List the best evidence, where it tells more than the citations do."""
    if graded.lost is None and graded.answer.status is Status.ANSWERED:
        return []
    best = list(_zip(graded.answer.evidence, graded.evidence))[:_SHOWN_EVIDENCE]
    return [[e.passage.document.path, _clip(e.text), bool(meets)] for e, meets in best]


def _zip(left: Sequence[Any], right: Sequence[Any]) -> Any:
    return zip(left, right, strict=True)


def _clip(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _packed(data: Any) -> str:
    """Compress for the page, which unpacks it itself; no time stamp, so that it is reproducible."""
    return base64.b64encode(gzip.compress(msgspec.json.encode(data), 9, mtime=0)).decode()
