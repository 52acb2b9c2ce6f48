"""Every metric by its name: what it is computed from, and to which cases it applies.

`BY_CASE` has the metrics that score each case, and their mean is reported. None means that the
metric does not apply to the case; it is not a zero. `BY_SET` has the metrics of a set of cases.
The formulas are in `scores` and `calibration`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from askdoc.evals import calibration as confidence
from askdoc.evals import scores as words
from askdoc.evals.grade import Graded, Ranking
from askdoc.evals.scores import ndcg_at, recall_at, reciprocal_rank_at
from askdoc.evals.statistics import Estimate, estimate_mean, interval, resample_counts
from askdoc.types import Status

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
CaseMetric = Callable[[Graded], float | None]

DEPTHS = (1, 3, 5, 10)


def citation_precision(graded: Graded) -> float | None:
    """Return the share of cited sentences that hit gold evidence; None where none is cited.

    The question of ALCE (Gao et al., *Enabling Large Language Models to Generate Text with
    Citations*, 2023), answered with gold labels instead of a model.
    """
    if not graded.needs or not graded.cited:
        return None
    return sum(bool(meets) for meets in graded.cited) / len(graded.cited)


def citation_recall(graded: Graded) -> float | None:
    """Return the share of the needs of the case that the cited sentences hit.

    Any one item of evidence is enough, unless the case needs all of them.
    """
    return len(frozenset().union(*graded.cited)) / graded.needs if graded.needs else None


def citation_f1(graded: Graded) -> float | None:
    """Return the harmonic mean of citation precision and recall; 0 where nothing is cited."""
    if not graded.needs:
        return None
    precision, recall = citation_precision(graded) or 0.0, citation_recall(graded) or 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def quote_valid(graded: Graded) -> float | None:
    """Return the share of citations whose quote is the document's text, in the index and on disk.

    That is: the quote equals the stored text at its span, and the file still has the content that
    was indexed.
    """
    return sum(graded.valid) / len(graded.valid) if graded.valid else None


def supported(graded: Graded) -> float | None:
    """Return the share of claims that the answerer's own check calls supported."""
    return sum(graded.supported) / len(graded.supported) if graded.supported else None


def coverage(graded: Graded) -> float | None:
    """Return 1 where an answerable question was answered, 0 where it was refused."""
    return float(graded.answer.status is Status.ANSWERED) if graded.case.answerable else None


def _evidence_hit(k: int) -> CaseMetric:
    def score(graded: Graded) -> float | None:
        """Return 1 where the best `k` sentences meet all needs, else 0 (success@k)."""
        if not graded.needs:
            return None
        return float(len(frozenset().union(*graded.evidence[:k])) == graded.needs)

    return score


def _of_ranking(
    pick: Callable[[Graded], Ranking | None], score: Callable[[Ranking], float]
) -> CaseMetric:
    def scored(graded: Graded) -> float | None:
        ranking = pick(graded)
        return None if ranking is None else score(ranking)

    return scored


def _of_text(score: Callable[[str, Sequence[str]], float]) -> CaseMetric:
    def scored(graded: Graded) -> float | None:
        applies = graded.case.answerable and graded.case.answers
        return score(graded.text, graded.case.answers) if applies else None

    return scored


def _retrieval(prefix: str, pick: Callable[[Graded], Ranking | None]) -> dict[str, CaseMetric]:
    def recall(k: int) -> CaseMetric:
        return _of_ranking(pick, lambda r: recall_at(r.found, r.total, k))

    return {
        **{f"{prefix}recall@{k}": recall(k) for k in DEPTHS},
        f"{prefix}mrr@10": _of_ranking(pick, lambda r: reciprocal_rank_at(r.gains, 10)),
        f"{prefix}ndcg@10": _of_ranking(pick, lambda r: ndcg_at(r.gains, r.ideal, 10)),
    }


BY_CASE: Mapping[str, CaseMetric] = {
    **_retrieval("", lambda graded: graded.documents),
    **_retrieval("passage_", lambda graded: graded.passages),
    **{f"evidence_hit@{k}": _evidence_hit(k) for k in (1, 3, 5)},
    "citation_precision": citation_precision,
    "citation_recall": citation_recall,
    "citation_f1": citation_f1,
    "quote_valid": quote_valid,
    "answer_contains": _of_text(words.answer_contains),
    "exact_match": _of_text(words.exact_match),
    "token_f1": _of_text(words.token_f1),
    "supported": supported,
    "coverage": coverage,
}


@dataclass(frozen=True, slots=True)
class Columns:
    """What the metrics of a set read, one row a case; `latency` is NaN where nobody measured."""

    answerable: Flags
    abstained: Flags
    right: Flags
    judged: Flags
    confidence: Values
    latency: Values

    def only(self, rows: Flags) -> Columns:
        """Keep some of the rows."""
        return Columns(
            self.answerable[rows],
            self.abstained[rows],
            self.right[rows],
            self.judged[rows],
            self.confidence[rows],
            self.latency[rows],
        )


@dataclass(frozen=True, slots=True)
class SetMetric:
    """A metric of a whole set: which rows it reads, and its score for each row of weights.

    `counted` tells which of the rows a share is a share of, by default all.
    """

    rows: Callable[[Columns], Flags]
    score: Callable[[Columns, Values], Values]
    counted: Callable[[Columns], Flags] | None = None


def _refusable(columns: Columns) -> Flags:
    """Take all cases, if the set has any that should be refused."""
    return np.full(len(columns.answerable), bool((~columns.answerable).any()))


def _timed(columns: Columns) -> Flags:
    return ~np.isnan(columns.latency)


BY_SET: Mapping[str, SetMetric] = {
    "abstention_precision": SetMetric(
        _refusable,
        lambda c, w: confidence.precision(~c.answerable, c.abstained, w),
        counted=lambda c: c.abstained,
    ),
    "abstention_recall": SetMetric(
        _refusable,
        lambda c, w: confidence.recall(~c.answerable, c.abstained, w),
        counted=lambda c: ~c.answerable,
    ),
    "abstention_f1": SetMetric(
        _refusable, lambda c, w: confidence.f1(~c.answerable, c.abstained, w)
    ),
    "auroc": SetMetric(_refusable, lambda c, w: confidence.auroc(c.answerable, c.confidence, w)),
    "risk_coverage_auc": SetMetric(
        _refusable, lambda c, w: confidence.risk_coverage_auc(~c.answerable, c.confidence, w)
    ),
    "selective_error_auc": SetMetric(
        lambda c: c.judged, lambda c, w: confidence.risk_coverage_auc(~c.right, c.confidence, w)
    ),
    "ece": SetMetric(
        lambda c: c.judged,
        lambda c, w: confidence.expected_calibration_error(c.right, c.confidence, w),
    ),
    "latency_p50_ms": SetMetric(_timed, lambda c, w: confidence.quantile(c.latency, 0.5, w)),
    "latency_p95_ms": SetMetric(_timed, lambda c, w: confidence.quantile(c.latency, 0.95, w)),
}

NAMES = (*BY_CASE, *BY_SET)

LOWER_IS_BETTER = frozenset(
    {"risk_coverage_auc", "selective_error_auc", "ece", "latency_p50_ms", "latency_p95_ms"}
)

TIMES = frozenset({"latency_p50_ms", "latency_p95_ms"})
"""Metrics that differ from run to run and from machine to machine."""


def score(graded: Graded) -> dict[str, float]:
    """Score one case by every metric that applies to it."""
    scores = ((name, metric(graded)) for name, metric in BY_CASE.items())
    return {name: value for name, value in scores if value is not None}


def columns(graded: Sequence[Graded]) -> Columns:
    """Lay the cases out as columns, in their order."""
    return Columns(
        answerable=np.array([g.case.answerable for g in graded], dtype=bool),
        abstained=np.array([g.answer.status is not Status.ANSWERED for g in graded], dtype=bool),
        right=np.array([bool(g.right) for g in graded], dtype=bool),
        judged=np.array([g.right is not None for g in graded], dtype=bool),
        confidence=np.array([g.answer.confidence for g in graded], dtype=float),
        latency=np.array([g.answer.timings.get("total_ms", math.nan) for g in graded], dtype=float),
    )


def summarise(
    graded: Sequence[Graded], scores: Sequence[Mapping[str, float]]
) -> dict[str, Estimate]:
    """Estimate every metric that applies, each over the cases that it applies to.

    `scores` holds what `score` returned for each case. Hand the cases over in a fixed order, since
    the resamples depend on it.
    """
    drawn: dict[int, Values] = {}

    def counts(n: int) -> Values:
        if n not in drawn:
            drawn[n] = resample_counts(n)
        return drawn[n]

    summary: dict[str, Estimate] = {}
    for name in BY_CASE:
        values = [of_case[name] for of_case in scores if name in of_case]
        if values:
            summary[name] = estimate_mean(np.array(values), counts(len(values)))
    table = columns(graded)
    for name, of_set in BY_SET.items():
        rows = table.only(of_set.rows(table))
        n = len(rows.answerable)
        value = score_set(name, rows)
        if value is not None:
            low, high = interval(of_set.score(rows, counts(n)))
            known = not math.isnan(low)
            counted = int(of_set.counted(rows).sum()) if of_set.counted else n
            ends = (low, high) if known else (value, value)
            summary[name] = Estimate(value, *ends, counted)
    return summary


def score_set(name: str, rows: Columns) -> float | None:
    """Score a set by one metric; None where that score does not exist. `rows` all apply."""
    n = len(rows.answerable)
    if not n:
        return None
    value = float(BY_SET[name].score(rows, np.ones((1, n)))[0])
    return None if math.isnan(value) else value
