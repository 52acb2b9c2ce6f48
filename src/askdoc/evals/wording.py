"""What a run says in words: the same in the terminal, in Markdown and on the page."""

from __future__ import annotations

from collections.abc import Mapping

from askdoc.evals.gate import ALWAYS
from askdoc.evals.grade import Lost
from askdoc.evals.judge import Judgement
from askdoc.evals.metrics import LOWER_IS_BETTER
from askdoc.evals.report import EvalReport, Outcome, SuiteReport, Verdict, WritingCost

WHY: Mapping[Lost, str] = {
    Lost.NOT_RETRIEVED: "not retrieved",
    Lost.NOT_SELECTED: "retrieved but not selected",
    Lost.NOT_ANSWERED: "selected but not cited",
    Lost.SHOULD_ABSTAIN: "should have refused",
    Lost.SHOULD_ANSWER: "should have answered",
}

MEANING: Mapping[str, str] = {
    "recall@1": "a right document ranks first",
    "recall@3": "right documents among the first 3",
    "recall@5": "right documents among the first 5",
    "recall@10": "right documents among the first 10",
    "mrr@10": "1 / rank of the first right document",
    "ndcg@10": "right documents, the higher the better",
    "passage_recall@1": "a passage with the gold ranks first",
    "passage_recall@3": "the gold in the first 3 passages",
    "passage_recall@5": "the gold in the first 5 passages",
    "passage_recall@10": "the gold in the first 10 passages",
    "passage_mrr@10": "1 / rank of the first passage with the gold",
    "passage_ndcg@10": "passages with the gold, the higher the better",
    "evidence_hit@1": "the gold is the best sentence",
    "evidence_hit@3": "the gold is among the best 3 sentences",
    "evidence_hit@5": "the gold is among the best 5 sentences",
    "citation_precision": "cited sentences that are gold",
    "citation_recall": "gold that is cited",
    "citation_f1": "citations and gold agree",
    "quote_valid": "quotes that are the document's text",
    "answer_contains": "an accepted answer is in the answer",
    "exact_match": "the answer is an accepted answer",
    "token_f1": "words shared with an accepted answer",
    "supported": "claims that the check supports",
    "coverage": "answerable questions that were answered",
    "abstention_precision": "refusals that were right",
    "abstention_recall": "unanswerable questions that were refused",
    "abstention_f1": "refusals, both ways",
    "auroc": "answerable ranks above unanswerable by confidence",
    "risk_coverage_auc": "unanswerable among the most confident (lower is better)",
    "selective_error_auc": "wrong among the most confident (lower is better)",
    "ece": "confidence against truth (lower is better)",
    "latency_p50_ms": "half of the answers take less",
    "latency_p95_ms": "19 of 20 answers take less",
}

_HEADLINES = (
    "evidence_hit@1",
    "evidence_hit@5",
    "citation_f1",
    "abstention_f1",
    "latency_p95_ms",
    "answer_contains",
    "recall@10",
    "ndcg@10",
    "passage_recall@10",
)
"""The figures to show first; those that apply to few suites stand at the end."""

_FIGURES = 5
_DISPUTED = 5


def headline(report: SuiteReport) -> list[str]:
    """Name the five metrics to show first."""
    return [name for name in _HEADLINES if name in report.metrics][:_FIGURES]


def shown(metric: str, value: float) -> str:
    """Write a score as people read it."""
    return f"{value:,.0f} ms" if metric.endswith("_ms") else f"{value:.3f}"


def chance(p: float | None) -> str:
    """Write a probability as people read it; empty where there is none."""
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004 - the last digit shown


def tally(suite: SuiteReport) -> str:
    """Say in a line how the cases ended: `14 of 27 right, 5 wrong, 3 refused wrongly`."""
    counts = suite.outcomes
    judged = sum(n for outcome, n in counts.items() if outcome is not Outcome.NOT_JUDGED)
    parts = [f"{counts[Outcome.RIGHT]} of {judged} right", f"{counts[Outcome.WRONG]} wrong"]
    parts += [f"{n} {o.value}" for o, n in counts.items() if n and o not in _ALWAYS_COUNTED]
    if suite.failures:
        parts.append(f"{len(suite.failures)} failed")
    return ", ".join(parts)


_ALWAYS_COUNTED = (Outcome.RIGHT, Outcome.WRONG)


def verdict(report: EvalReport, *, narrowed: bool = False) -> str:
    """Say in a line whether the run passed, and what was not held to any floor."""
    if not report.passed:
        return "not passed"
    bare = [suite.suite for suite in report.suites if not has_floors(suite.suite, report)]
    if not bare:
        return "passed"
    if narrowed:
        return "no floor was missed, but floors apply to whole suites only"
    names = " ".join(bare)
    have = "has no floors" if len(bare) == 1 else "have no floors"
    listed = ", ".join(f"`{name}`" for name in bare)
    return f"{listed} {have}, so wrong answers fail nothing: `askdoc eval floors {names} --write`"


def has_floors(suite: str, report: EvalReport) -> bool:
    """Tell whether a run of the suite was held to floors beside those that always hold."""
    return any(v.suite == suite and v.metric not in ALWAYS for v in report.gate)


def floor_missed(verdict: Verdict) -> str:
    """Say by how much a floor was missed."""
    mean = "none" if verdict.mean is None else shown(verdict.metric, verdict.mean)
    side = "at most" if verdict.metric in LOWER_IS_BETTER else "at least"
    return f"{mean}, needed {side} {shown(verdict.metric, verdict.floor)}"


def writing_line(cost: WritingCost) -> str:
    """Say in a line what a language model did in a run."""
    shares = (
        (cost.written, "written"),
        (cost.extracted, "extracted because nothing it wrote was supported"),
        (cost.refused, "refused"),
    )
    parts = [f"{count} {what}" for count, what in shares if count]
    parts.append(f"{cost.withheld} claims withheld")
    if cost.kept:
        parts.append(f"{cost.kept} kept from an earlier run (`--no-cache` asks again)")
    if cost.tokens_in is not None and cost.tokens_out is not None:
        parts.append(f"{cost.tokens_in:,} tokens read, {cost.tokens_out:,} written")
    if cost.cost is not None:
        parts.append(f"cost {cost.cost:.4f}")
    return f"{cost.asked} answers by `{cost.model}`: {', '.join(parts)}"


def judgement_lines(judged: Judgement) -> list[str]:
    """Say what a judge found, and how far it agrees with what is certain."""
    lines = []
    if judged.mean is not None:
        mean = judged.mean
        text = f"mean grade {mean.mean:.3f} ({mean.low:.3f} to {mean.high:.3f}, n {mean.n})"
        lines.append(f"{text}; the gate does not use it")
    for metric, found in judged.agreements.items():
        kappa = "" if found.kappa is None else f", kappa {found.kappa:.2f}"
        name = "the gold" if metric == "right" else metric
        lines.append(f"agrees with {name} on {found.share:.1%} of {found.n}{kappa}")
    if judged.disputed:
        more = len(judged.disputed) - _DISPUTED
        names = ", ".join(judged.disputed[:_DISPUTED])
        lines.append(f"differs from the gold on {names}{f' and {more} more' if more > 0 else ''}")
    if judged.failures:
        first = judged.failures[0]
        lines.append(
            f"{len(judged.failures)} could not be judged, such as {first.id}: {first.error}"
        )
    return lines
