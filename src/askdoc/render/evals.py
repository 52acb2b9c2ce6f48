"""A run in the terminal: headline numbers, the gate, what moved, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from askdoc.evals.baseline import Comparison, Moved
from askdoc.evals.eval_data import (
    MEANING,
    WHY,
    chance,
    headline,
    judgement_told,
    shown,
    writing_told,
)
from askdoc.evals.gate import Rules, is_regression
from askdoc.evals.grade import Lost
from askdoc.evals.judge import Judgement
from askdoc.evals.metrics import LOWER_IS_BETTER, NAMES
from askdoc.evals.report import EvalReport, SuiteReport, Verdict
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, flat, hang, head

_SHOWN = 10

_WIDE = 90
"""Columns from which there is room for what each score means."""

_ROOM_FOR_INTERVALS = 65


def report_lines(
    report: EvalReport,
    comparisons: Mapping[str, Comparison],
    rules: Rules,
    page: Page,
    *,
    judgements: Mapping[str, Judgement] | None = None,
    everything: bool = False,
) -> Iterator[Text]:
    """Lay out a run; `everything` shows all metrics, tags and wrong cases."""
    judgements = judgements or {}
    for suite in report.suites:
        yield from _suite(suite, page, everything=everything)
        verdicts = [verdict for verdict in report.gate if verdict.suite == suite.suite]
        yield from _gate(verdicts, page)
        if suite.suite in comparisons:
            yield BLANK
            yield from comparison_lines(comparisons[suite.suite], rules, page)
        if suite.suite in judgements:
            yield BLANK
            yield from _judgement(judgements[suite.suite], page)
        yield BLANK
    verdict = "passed" if report.passed else "not passed"
    yield Text(verdict, style="good" if report.passed else "bad")


def _suite(suite: SuiteReport, page: Page, *, everything: bool) -> Iterator[Text]:
    wrong = [result for result in suite.results if result.lost]
    total = len(suite.results) + len(suite.failures)
    title = Text.assemble((suite.suite, "heading"), f"  {total} cases, {len(wrong)} wrong")
    if suite.failures:
        title.append(f", {len(suite.failures)} failed", style="bad")
    yield title
    if suite.writing:
        yield hang(Text(writing_told(suite.writing)), page, first="", rest="  ")
    yield BLANK
    names = [n for n in NAMES if n in suite.metrics] if everything else headline(suite)
    if names:  # there is no score where every case failed
        yield from _metrics(names, suite, page)
    if everything and suite.tags:
        yield BLANK
        yield from _tags(suite)
    if wrong:
        yield BLANK
        yield from _lost(suite, page, limit=None if everything else _SHOWN)
    for failure in suite.failures[: None if everything else _SHOWN]:
        yield hang(flat(f"{failure.id}: {failure.error}"), page, first=Text("failed  ", "bad"))
    if not everything and len(suite.failures) > _SHOWN:
        yield Text(f"  and {len(suite.failures) - _SHOWN} more; see them with --all", "faint")


def _metrics(names: Sequence[str], suite: SuiteReport, page: Page) -> Iterator[Text]:
    width = max(len(name) for name in names)
    room = page.width or _WIDE
    for name in names:
        estimate = suite.metrics[name]
        line = Text.assemble(
            f"  {name:<{width}}  ", (f"{shown(name, estimate.mean):>9}", "heading")
        )
        if room >= _ROOM_FOR_INTERVALS:
            ends = f"{shown(name, estimate.low):>9} to {shown(name, estimate.high):<9}"
            line.append(f"  {ends} n {estimate.n:<6,}", style="faint")
        if room >= _WIDE:
            line.append(MEANING[name], style="faint")
        line.rstrip()
        yield line


def _tags(suite: SuiteReport) -> Iterator[Text]:
    names = [name for name in headline(suite) if not name.endswith("_ms")][:4]
    width = max(len(tag) for tag in suite.tags)
    for tag, metrics in suite.tags.items():
        told = [f"{n} {shown(n, metrics[n].mean)}" for n in names if n in metrics]
        yield Text.assemble("  ", f"{tag:<{width}}  ", (" · ".join(told), "faint"))


def _lost(suite: SuiteReport, page: Page, *, limit: int | None) -> Iterator[Text]:
    wrong = [result for result in suite.results if result.lost]
    counts = {lost: sum(result.lost is lost for result in wrong) for lost in Lost}
    told = [f"{count} {WHY[lost]}" for lost, count in counts.items() if count]
    yield hang(Text(", ".join(told)), page, first="wrong: ", rest="  ")
    for result in wrong[:limit]:
        assert result.lost is not None  # noqa: S101 - chosen above
        question = head(result.graded.case.question, 90)
        line = Text.assemble((f"{result.id}  ", "faint"), question, f"  {WHY[result.lost]}")
        yield hang(line, page, first="  ", rest="    ")
    if limit is not None and len(wrong) > limit:
        yield Text(f"  and {len(wrong) - limit} more; see them with --all or --html", "faint")


def _gate(verdicts: Sequence[Verdict], page: Page) -> Iterator[Text]:
    if not verdicts:
        return
    yield BLANK
    missed = [verdict for verdict in verdicts if not verdict.passed]
    if not missed:
        names = ", ".join(verdict.metric for verdict in verdicts)
        yield hang(Text(f"floors held: {names}"), page, first="", rest="  ")
    for verdict in missed:
        mean = "no score" if verdict.mean is None else shown(verdict.metric, verdict.mean)
        side = "at most" if verdict.metric in LOWER_IS_BETTER else "at least"
        needed = shown(verdict.metric, verdict.floor)
        yield Text.assemble(
            ("missed  ", "bad"), f"{verdict.metric} is {mean}, needed {side} {needed}"
        )


def _judgement(judged: Judgement, page: Page) -> Iterator[Text]:
    """Lay out what a judge says, and how far it can be believed."""
    yield Text(f"judged by {judged.judge}", style="heading")
    for line in judgement_told(judged):
        yield hang(Text(line), page, first="  ", rest="    ")


def comparison_lines(comparison: Comparison, rules: Rules, page: Page) -> Iterator[Text]:
    """Lay out how a run stands against a stored one."""
    baseline = comparison.baseline
    commit = f" ({baseline.commit})" if baseline.commit else ""
    yield Text(f"against the run of {baseline.saved}{commit}", style="heading")
    for note in comparison.notes:
        yield hang(Text(note), page, first=Text("note: ", "label"), rest="")
    moved = {m: c for m, c in comparison.changes.items() if c.difference or c.better or c.worse}
    if not moved:
        yield Text("  no score moved")
    width = max((len(name) for name in moved), default=0)
    for name, change in moved.items():
        line = Text.assemble(
            f"  {name:<{width}}  ",
            (f"{change.difference:+.3f}", "heading"),
            (f"  {change.low:+.3f} to {change.high:+.3f}", "faint"),
        )
        if change.p is not None:
            line.append(
                f"  {change.better} better, {change.worse} worse, p {chance(change.p)}", "faint"
            )
        if is_regression(name, change, rules):
            line.append("  dropped", style="bad")
        yield line
    for title, cases in (("worse", comparison.worse), ("better", comparison.better)):
        if cases:
            yield BLANK
            yield Text(f"{len(cases)} got {title}", style="bad" if title == "worse" else "good")
            for case in cases[:_SHOWN]:
                yield from _moved(case, page)
            if len(cases) > _SHOWN:
                yield Text(f"  and {len(cases) - _SHOWN} more; see them with --html", "faint")


def _moved(case: Moved, page: Page) -> Iterator[Text]:
    question = Text.assemble((f"{case.id}  ", "faint"), head(case.new.question, 90))
    yield hang(question, page, first="  ", rest="    ")
    for label, side in (("was", case.old), ("now", case.new)):
        answer = head(side.answer, 160) or "abstained"
        yield hang(flat(answer), page, first=Text(f"    {label}  ", style="faint"))
