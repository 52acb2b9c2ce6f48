"""What a report of a run shows of its cases, as plain values, and which words it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from askdoc.evals.gold import Needs
from askdoc.evals.grade import Graded, Lost
from askdoc.evals.judge import Judgement
from askdoc.evals.report import CaseResult, SuiteReport, Writing
from askdoc.evals.report_formats import ranks
from askdoc.strings import printable
from askdoc.types import Citation, Status

WHY: Mapping[Lost, str] = {
    Lost.NOT_RETRIEVED: "not retrieved",
    Lost.NOT_SELECTED: "retrieved but not selected",
    Lost.NOT_ANSWERED: "selected but not answered",
    Lost.SHOULD_ABSTAIN: "should have abstained",
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

HEADLINES = (
    "evidence_hit@1",
    "evidence_hit@5",
    "citation_f1",
    "answer_contains",
    "recall@10",
    "passage_recall@10",
    "ndcg@10",
    "abstention_f1",
    "auroc",
    "ece",
    "quote_valid",
    "latency_p95_ms",
)

_SHOWN_EVIDENCE = 3
_SHOWN_DISPUTED = 5
_LONGEST = 600


def shown(metric: str, value: float) -> str:
    """Write a score as people read it."""
    return f"{value:,.0f} ms" if metric.endswith("_ms") else f"{value:.3f}"


def chance(p: float | None) -> str:
    """Write a probability as people read it; empty where there is none."""
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004 - the last digit shown


def headline(report: SuiteReport) -> list[str]:
    """Name the metrics to show first: those of the headlines that apply."""
    return [name for name in HEADLINES if name in report.metrics]


def writing_told(writing: Writing) -> str:
    """Say in a line how a language model took part in a run."""
    shares = (
        (writing.written, "written"),
        (writing.extracted, "extracted since nothing it wrote was supported"),
        (writing.refused, "refused"),
    )
    told = [f"{count} {what}" for count, what in shares if count]
    told.append(f"{writing.withheld} claims withheld")
    if writing.kept:
        told.append(f"{writing.kept} kept from an earlier run (`--no-cache` asks again)")
    if writing.tokens_in is not None and writing.tokens_out is not None:
        told.append(f"{writing.tokens_in:,} tokens read, {writing.tokens_out:,} written")
    if writing.cost is not None:
        told.append(f"cost {writing.cost:.4f}")
    return f"of {writing.asked} answers asked of `{writing.model}`: {', '.join(told)}"


def judgement_told(judged: Judgement) -> list[str]:
    """Say in lines what a judge found, and how far it agrees with what is certain."""
    lines = []
    if judged.mean is not None:
        mean = judged.mean
        told = f"mean grade {mean.mean:.3f} ({mean.low:.3f} to {mean.high:.3f}, n {mean.n})"
        lines.append(f"{told}; advisory, the gate does not read it")
    for metric, found in judged.agreements.items():
        kappa = "" if found.kappa is None else f", kappa {found.kappa:.2f}"
        name = "the gold" if metric == "right" else metric
        lines.append(f"agrees with {name} on {found.share:.1%} of {found.n}{kappa}")
    if judged.disputed:
        more = len(judged.disputed) - _SHOWN_DISPUTED
        names = ", ".join(judged.disputed[:_SHOWN_DISPUTED])
        lines.append(f"differs from the gold on {names}{f' and {more} more' if more > 0 else ''}")
    if judged.failures:
        first = judged.failures[0]
        lines.append(
            f"{len(judged.failures)} could not be judged, such as {first.id}: {first.error}"
        )
    return lines


def is_wrong(result: CaseResult) -> bool:
    """Tell whether a case did not end as it should."""
    return result.lost is not None


def case_data(result: CaseResult, grade: float | None = None) -> dict[str, Any]:
    """Return what the page shows of one case; ranges count characters of the context.

    `grade` is what a judge gave it.
    """
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
