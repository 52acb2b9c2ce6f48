"""A run for other programs: JUnit XML, Markdown for pull requests, CSV of every case."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from askdoc.evals.baseline import Comparison, Moved
from askdoc.evals.gate import Rules, is_regression
from askdoc.evals.grade import Graded, Lost, Needs
from askdoc.evals.judge import Judgement
from askdoc.evals.metrics import BY_CASE, LOWER_IS_BETTER
from askdoc.evals.report import CaseResult, EvalReport, SuiteReport, Writing
from askdoc.evals.report_formats import ranks
from askdoc.strings import one_line, printable
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


HTML_BEGINS = '<!doctype html>\n<html lang="en" data-made-by="askdoc eval">'
"""How a report as a page begins, by which a later one may take its place."""

_MOST_MOVED = 20
"""Cases that a pull request's comment lists at most, each way."""


def junit(report: EvalReport) -> str:
    """Return JUnit XML that is red where the run did not pass, and only there.

    The floors are cases of a suite of their own, `<name> gate`, and fail where they are missed. A
    case that could not be scored is an error. One that went wrong is shown as skipped, with the
    reason: how many may is what the floors say.
    """
    root = ET.Element("testsuites")
    for suite in report.suites:
        wrong = [result for result in suite.results if result.lost]
        node = ET.SubElement(
            root,
            "testsuite",
            name=suite.suite,
            tests=str(len(suite.results) + len(suite.failures)),
            failures="0",
            errors=str(len(suite.failures)),
            skipped=str(len(wrong)),
            time=f"{sum(_seconds(result) for result in suite.results):.3f}",
        )
        for result in suite.results:
            _junit_case(node, suite.suite, result)
        for failure in suite.failures:
            case = ET.SubElement(node, "testcase", classname=suite.suite, name=failure.id)
            ET.SubElement(case, "error", message=_xml(failure.error))
        _junit_gate(root, suite.suite, report)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _junit_case(node: ET.Element, suite: str, result: CaseResult) -> None:
    case = ET.SubElement(
        node,
        "testcase",
        classname=_xml(suite),
        name=_xml(result.id),
        time=f"{_seconds(result):.3f}",
    )
    if result.lost:
        wrong = ET.SubElement(case, "skipped", message=f"wrong: {WHY[result.lost]}")
        graded = result.graded
        wanted = "".join(f"\nwanted: {gold.quote}" for gold in graded.case.evidence)
        wrong.text = _xml(f"{graded.case.question}\nanswer: {graded.answer.text}{wanted}")


def _junit_gate(root: ET.Element, suite: str, report: EvalReport) -> None:
    verdicts = [verdict for verdict in report.gate if verdict.suite == suite]
    dropped = [metric for name, metric in report.regressions if name == suite]
    missed = sum(not verdict.passed for verdict in verdicts) + len(dropped)
    node = ET.SubElement(
        root,
        "testsuite",
        name=f"{suite} gate",
        tests=str(len(verdicts) + len(dropped)),
        failures=str(missed),
        errors="0",
    )
    for verdict in verdicts:
        case = ET.SubElement(node, "testcase", classname=f"{suite} gate", name=verdict.metric)
        if not verdict.passed:
            mean = "none" if verdict.mean is None else shown(verdict.metric, verdict.mean)
            message = f"{mean}, needed {shown(verdict.metric, verdict.floor)}"
            ET.SubElement(case, "failure", message=message, type="floor")
    for metric in dropped:
        case = ET.SubElement(node, "testcase", classname=f"{suite} gate", name=f"{metric} dropped")
        ET.SubElement(case, "failure", message="dropped clearly", type="regression")


def _seconds(result: CaseResult) -> float:
    return result.graded.answer.timings.get("total_ms", 0.0) / 1000


def _xml(text: str) -> str:
    """Leave out what XML cannot hold."""
    return printable(text).translate({0xFFFE: None, 0xFFFF: None})


_BEGINNINGS: Mapping[str, str] = {
    "html": HTML_BEGINS,
    "junit": "<testsuites>",
    "markdown": "### ",
    "csv": "suite,id,question,",
}


def is_report(kind: str, path: Path) -> bool:
    """Tell whether the file at `path` is an earlier report of that kind, or empty."""
    try:
        with path.open("rb") as file:
            begins = file.read(len(HTML_BEGINS.encode()))
    except OSError:
        return False
    return not begins or begins.startswith(_BEGINNINGS[kind].encode())


def markdown(
    report: EvalReport,
    comparisons: Mapping[str, Comparison],
    rules: Rules,
    judgements: Mapping[str, Judgement] | None = None,
) -> str:
    """Return the run as Markdown: verdict, headline metrics, floors missed, and who moved."""
    lines: list[str] = []
    for suite in report.suites:
        lines += _markdown_suite(suite, report, comparisons.get(suite.suite), rules)
        if judgements and suite.suite in judgements:
            lines += _markdown_judgement(judgements[suite.suite])
    return "\n".join(lines).rstrip() + "\n"


def _markdown_suite(
    suite: SuiteReport, report: EvalReport, comparison: Comparison | None, rules: Rules
) -> Iterator[str]:
    wrong = sum(result.lost is not None for result in suite.results)
    cases = len(suite.results) + len(suite.failures)
    yield f"### {_cell(suite.suite)}: {'passed' if report.passed else 'not passed'}"
    yield ""
    yield f"{cases} cases, {wrong} wrong, {len(suite.failures)} failed."
    yield ""
    if suite.writing:
        yield f"{_sentence(writing_told(suite.writing))}."
        yield ""
    yield "| metric | mean | 95 % interval | n |" + (" change |" if comparison else "")
    yield "|---|--:|--:|--:|" + ("--:|" if comparison else "")
    for name in headline(suite):
        estimate = suite.metrics[name]
        change = comparison.changes.get(name) if comparison else None
        moved = "" if comparison is None else f" {change.difference:+.3f} |" if change else " |"
        yield (
            f"| `{name}` | {shown(name, estimate.mean)} | {shown(name, estimate.low)} to "
            f"{shown(name, estimate.high)} | {estimate.n} |{moved}"
        )
    yield ""
    for verdict in report.gate:
        if verdict.suite == suite.suite and not verdict.passed:
            mean = "none" if verdict.mean is None else shown(verdict.metric, verdict.mean)
            side = "at most" if verdict.metric in LOWER_IS_BETTER else "at least"
            needed = shown(verdict.metric, verdict.floor)
            yield f"- **missed:** `{verdict.metric}` is {mean}, needed {side} {needed}"
    for failure in suite.failures:
        yield f"- **failed:** `{_cell(failure.id)}`: {_cell(failure.error)}"
    if comparison:
        yield from _markdown_moved(comparison, rules)
    yield ""


def _markdown_judgement(judged: Judgement) -> Iterator[str]:
    yield f"Judged by `{_cell(judged.judge)}`:"
    yield ""
    yield from (f"- {_cell(line)}" for line in judgement_told(judged))
    yield ""


def _sentence(text: str) -> str:
    """Write with a capital; back-ticks stay, which `_cell` takes out of text that is not ours."""
    return f"{text[:1].upper()}{text[1:]}"


def _markdown_moved(comparison: Comparison, rules: Rules) -> Iterator[str]:
    for metric, change in comparison.changes.items():
        if is_regression(metric, change, rules):
            p = "" if change.p is None else f", p {chance(change.p)}"
            yield (
                f"- **dropped:** `{metric}` by {abs(change.difference):.3f} "
                f"({change.low:+.3f} to {change.high:+.3f}{p})"
            )
    for note in comparison.notes:
        yield f"- note: {note}"
    for title, moved in (("worse", comparison.worse), ("better", comparison.better)):
        if moved:
            yield ""
            yield f"<details><summary>{len(moved)} got {title}</summary>"
            yield ""
            yield "| case | question | before | now |"
            yield "|---|---|---|---|"
            yield from (_markdown_row(case) for case in moved[:_MOST_MOVED])
            yield ""
            yield "</details>"


def _markdown_row(case: Moved) -> str:
    old, new = (_cell(side.answer) or "abstained" for side in (case.old, case.new))
    return f"| `{_cell(case.id)}` | {_cell(case.new.question)} | {old} | {new} |"


def _cell(text: str) -> str:
    clean = one_line(text).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
    return clean if len(clean) <= 300 else f"{clean[:300]} …"  # noqa: PLR2004 - a cell's length


def table(report: EvalReport) -> str:
    """Return CSV, one line a case: what it was, how it ended, and every score it has."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    metrics = list(BY_CASE)
    writer.writerow(
        [
            "suite",
            "id",
            "question",
            "tags",
            "status",
            "confidence",
            "lost",
            "answer",
            "ms",
            *metrics,
        ]
    )
    for suite in report.suites:
        for result in suite.results:
            graded = result.graded
            row = [
                suite.suite,
                result.id,
                graded.case.question,
                " ".join(graded.case.tags),
                graded.answer.status.value,
                f"{graded.answer.confidence:.4f}",
                result.lost.value if result.lost else "",
                graded.answer.text,
                f"{graded.answer.timings.get('total_ms', 0):.1f}",
            ]
            scores = [result.scores.get(name) for name in metrics]
            cells = ["" if score is None else f"{score:g}" for score in scores]
            writer.writerow([*(_inert(cell) for cell in row), *cells])
        for failure in suite.failures:
            writer.writerow([suite.suite, failure.id, "", "", "failed", "", failure.error])
    return text.getvalue()


def _inert(cell: str) -> str:
    """Keep spreadsheets from taking text for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "@", "-")) else printable(cell)
