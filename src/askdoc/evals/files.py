"""A run for other programs: JUnit XML, Markdown for pull requests, CSV of every case."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from askdoc.evals.baseline import Comparison, Moved
from askdoc.evals.gate import Rules, is_regression
from askdoc.evals.judge import Judgement
from askdoc.evals.metrics import BY_CASE
from askdoc.evals.report import CaseResult, EvalReport, SuiteReport
from askdoc.evals.wording import (
    WHY,
    chance,
    floor_missed,
    headline,
    judgement_lines,
    shown,
    tally,
    verdict,
    writing_line,
)
from askdoc.strings import one_line, printable

_HTML = '<!doctype html>\n<html lang="en" data-made-by="askdoc eval">'

_MOST_MOVED = 20
"""Most cases to list in a pull request's comment, better and worse each."""


def junit(report: EvalReport) -> str:
    """Return JUnit XML, in which a wrong case is a failure and an unscored one an error.

    The floors are cases of a suite of their own, `<name> gate`, and fail where they are missed.
    """
    root = ET.Element("testsuites")
    for suite in report.suites:
        wrong = [result for result in suite.results if result.lost]
        node = ET.SubElement(
            root,
            "testsuite",
            name=suite.suite,
            tests=str(len(suite.results) + len(suite.failures)),
            failures=str(len(wrong)),
            errors=str(len(suite.failures)),
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
        wrong = ET.SubElement(case, "failure", message=WHY[result.lost], type="wrong")
        graded = result.graded
        gold = "".join(f"\ngold: {item.quote}" for item in graded.case.evidence)
        wrong.text = _xml(f"{graded.case.question}\nanswer: {graded.answer.text}{gold}")


def _junit_gate(root: ET.Element, suite: str, report: EvalReport) -> None:
    verdicts = [result for result in report.gate if result.suite == suite]
    dropped = [metric for name, metric in report.regressions if name == suite]
    missed = sum(not result.passed for result in verdicts) + len(dropped)
    node = ET.SubElement(
        root,
        "testsuite",
        name=f"{suite} gate",
        tests=str(len(verdicts) + len(dropped)),
        failures=str(missed),
        errors="0",
    )
    for result in verdicts:
        case = ET.SubElement(node, "testcase", classname=f"{suite} gate", name=result.metric)
        if not result.passed:
            ET.SubElement(case, "failure", message=floor_missed(result), type="floor")
    for metric in dropped:
        case = ET.SubElement(node, "testcase", classname=f"{suite} gate", name=f"{metric} dropped")
        ET.SubElement(case, "failure", message="clearly worse than the baseline", type="regression")


def _seconds(result: CaseResult) -> float:
    return result.graded.answer.timings.get("total_ms", 0.0) / 1000


def _xml(text: str) -> str:
    """Leave out characters that XML forbids."""
    return printable(text).translate({0xFFFE: None, 0xFFFF: None})


_BEGINNINGS: Mapping[str, str] = {
    "html": _HTML,
    "junit": "<testsuites>",
    "markdown": "### ",
    "csv": "suite,id,question,",
}


def is_report(kind: str, path: Path) -> bool:
    """Tell whether the file at `path` is an earlier report of that kind, or empty."""
    try:
        with path.open("rb") as file:
            begins = file.read(len(_HTML.encode()))
    except OSError:
        return False
    return not begins or begins.startswith(_BEGINNINGS[kind].encode())


def markdown(
    report: EvalReport,
    comparisons: Mapping[str, Comparison],
    rules: Rules,
    judgements: Mapping[str, Judgement] | None = None,
) -> str:
    """Return the run as Markdown: outcomes, five figures, missed floors, moved cases, verdict."""
    lines: list[str] = []
    for suite in report.suites:
        lines += _markdown_suite(suite, report, comparisons.get(suite.suite), rules)
        if judgements and suite.suite in judgements:
            lines += _markdown_judgement(judgements[suite.suite])
    text = verdict(report)
    return "\n".join([*lines, f"**{text[:1].upper()}{text[1:]}.**"]) + "\n"


def _markdown_suite(
    suite: SuiteReport, report: EvalReport, comparison: Comparison | None, rules: Rules
) -> Iterator[str]:
    yield f"### {_cell(suite.suite)}: {tally(suite)}"
    yield ""
    if suite.writing:
        yield f"{writing_line(suite.writing)}."
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
    for result in report.gate:
        if result.suite == suite.suite and not result.passed:
            yield f"- **missed:** `{result.metric}` is {floor_missed(result)}"
    for failure in suite.failures:
        yield f"- **failed:** `{_cell(failure.id)}`: {_cell(failure.error)}"
    if comparison:
        yield from _markdown_moved(comparison, rules)
    yield ""


def _markdown_judgement(judged: Judgement) -> Iterator[str]:
    yield f"Judged by `{_cell(judged.judge)}`:"
    yield ""
    yield from (f"- {_cell(line)}" for line in judgement_lines(judged))
    yield ""


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
    old, new = (_cell(side.answer) or "refused" for side in (case.old, case.new))
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
    """Keep a spreadsheet from reading text as a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "@", "-")) else printable(cell)
