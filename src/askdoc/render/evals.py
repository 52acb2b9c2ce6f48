"""A run in the terminal: headline numbers, the gate, what moved, and what went wrong."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from askdoc.evals.baseline import Comparison, Moved
from askdoc.evals.diagnose import Stage
from askdoc.evals.files import MEANING, WHY, chance, headline, judgement_told, shown, writing_told
from askdoc.evals.gate import Rules, is_regression
from askdoc.evals.grade import Graded, Lost
from askdoc.evals.judge import Judgement
from askdoc.evals.lint import Finding, Level
from askdoc.evals.metrics import LOWER_IS_BETTER, NAMES
from askdoc.evals.report import EvalReport, SuiteReport, Verdict
from askdoc.evals.run import Scored
from askdoc.evals.statistics import Estimate
from askdoc.evals.sweep import Trial, differing, pareto
from askdoc.render.console import Page
from askdoc.render.indexing import count
from askdoc.render.layout import BLANK, flat, hang, head, tail
from askdoc.strings import one_line
from askdoc.types import EvalCase

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


_MARKS = {True: ("held", "good"), False: ("failed", "bad"), None: ("", "faint")}


def explanation_lines(graded: Graded, stages: Sequence[Stage], page: Page) -> Iterator[Text]:
    """Lay out a case and what each stage did with its gold."""
    case = graded.case
    yield hang(flat(case.question, "heading"), page)
    if case.history and graded.answer.question != case.question:
        yield hang(flat(graded.answer.question), page, first=Text("asked as  ", "label"))
    for item in case.evidence if case.answerable else ():
        yield hang(flat(f"{item.document}: {item.quote}"), page, first=Text("gold  ", "label"))
    if not case.answerable:
        yield Text("the documents do not hold the answer, so it should abstain", style="faint")
    for stage in stages:
        yield BLANK
        yield from _stage(stage, page)
    yield BLANK
    if graded.lost is None:
        yield Text("ended as it should", style="good")
    else:
        yield Text(f"lost: {WHY[graded.lost]}", style="bad")


def _stage(stage: Stage, page: Page) -> Iterator[Text]:
    mark, style = _MARKS[stage.held]
    first = Text.assemble((f"{stage.name}  ", "heading"), (f"{mark}  " if mark else "", style))
    yield hang(flat(stage.told), page, first=first, rest="  ")
    for what, where, text in stage.places:
        place = Text.assemble((f"{what}  {where}  ", "faint"), flat(head(text, 240)))
        yield hang(place, page, first="  ", rest="    ")
    if stage.numbers:
        told = ", ".join(f"{name} {value:.2f}" for name, value in stage.numbers.items())
        yield hang(Text(told, style="faint"), page, first="  ", rest="    ")


def finding_lines(name: str, findings: Sequence[Finding], page: Page) -> Iterator[Text]:
    """Lay out what was found in a suite, errors and warnings in the order of its cases."""
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = len(findings) - errors
    told = f"{count(errors, 'error')}, {count(warnings, 'warning')}" if findings else "sound"
    yield Text.assemble((name, "heading"), f"  {told}")
    for finding in findings:
        style = "bad" if finding.level is Level.ERROR else "label"
        case = flat(finding.case_id)
        first = Text.assemble("  ", case, "  " if case else "", (finding.level.value, style))
        if page.width is not None and 2 * first.cell_len > page.width:
            yield hang(first[2:], page, first="  ")
            yield hang(flat(finding.message), page, first="    ")
        else:
            first.append("  ")
            yield hang(flat(finding.message), page, first=first, rest="    ")
    if mendable := sum(finding.repaired is not None for finding in findings):
        yield BLANK
        command = f"askdoc eval lint {shlex.quote(name)} --fix"
        yield hang(Text(f"{mendable} can be mended: {command}", style="faint"), page)


def draft_lines(
    case: EvalCase,
    contexts: Sequence[tuple[str, str, str, str]],
    page: Page,
    number: int,
    total: int,
) -> Iterator[Text]:
    """Lay out a draft: the question, its answers, and each quote within its context."""
    yield BLANK
    tags = ", ".join(case.tags)
    yield Text.assemble((f"{number} of {total}", "faint"), f"  {case.id}  ", (tags, "faint"))
    yield hang(flat(case.question, "heading"), page, first="  ")
    if not case.answerable:
        yield Text("  the documents should not answer this", style="label")
    for answer in case.answers:
        yield hang(flat(answer), page, first="  answer: ")
    for document, before, quote, after in contexts:
        text = Text.assemble(
            (f"{tail(before, 120)} " if before.strip() else "", "faint"),
            flat(quote, "heading"),
            (f" {head(after, 120)}" if after.strip() else "", "faint"),
        )
        yield hang(text, page, first=f"  {document}: ", rest="    ")


def sweep_lines(
    trials: Sequence[Trial],
    metric: str,
    chosen: Trial,
    judged: Mapping[str, Estimate | None],
    page: Page,
) -> Iterator[Text]:
    """Lay out the trials, best first; `judged` has the score on what was held out."""
    front = dict(zip(map(id, trials), pareto(trials, metric), strict=True))
    named = {id(t): "  ".join(differing(t.values)) for t in trials}
    width = max(map(len, named.values()))
    yield Text(f"{'settings':<{width}}  {metric} on the tuning fold", style="faint")
    best_first = sorted(trials, key=lambda t: (t is not chosen, -t.quality.mean, t.milliseconds))
    for trial in best_first:
        quality = trial.quality
        line = Text.assemble(
            f"{named[id(trial)]:<{width}}  ",
            (shown(metric, quality.mean), "heading"),
            (f"  {shown(metric, quality.low)} to {shown(metric, quality.high)}", "faint"),
            f"  {trial.milliseconds:,.0f} ms",
        )
        if trial is trials[0]:
            line.append("  current", style="label")
        if front[id(trial)]:
            line.append("  best trade-off", style="good")
        yield line
    yield BLANK
    yield Text("on the cases that were held out", style="heading")
    for name, estimate in judged.items():
        if estimate is None:
            yield Text(f"  {name}: the metric applies to none of them")
            continue
        values = "  ".join(differing(chosen.values if name == "chosen" else trials[0].values))
        yield Text.assemble(
            f"  {name:<8} ",
            (shown(metric, estimate.mean), "heading"),
            (f"  {shown(metric, estimate.low)} to {shown(metric, estimate.high)}", "faint"),
            f"  n {estimate.n}  {values}",
        )
    if chosen is not trials[0]:
        yield BLANK
        told = "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.values.items())
        yield hang(Text("to keep the choice, write into `askdoc.toml`:"), page)
        yield Text(told)


class EvalProgress:
    """Listens to a run and draws it, if standard error is a terminal; leaving it wipes the bar."""

    def __init__(self, page: Page, name: str, total: int) -> None:
        self._progress = Progress(
            SpinnerColumn(style="label"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16, complete_style="label", finished_style="label"),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[score]}", markup=False),
            console=page.console,
            transient=True,
            disable=page.width is None,
        )
        self._task = self._progress.add_task(one_line(name), total=total, score="")
        self._right = self._judged = self._failed = 0

    def __call__(self, event: object) -> None:
        """Move the bar to where a `Scored` event says; other events are not drawn."""
        if not isinstance(event, Scored):
            return
        if event.graded is None:
            self._failed += 1
        else:
            self._judged += 1
            self._right += event.graded.lost is None
        score = f"{self._right / self._judged:.1%} right" if self._judged else ""
        failed = f", {self._failed} failed" if self._failed else ""
        self._progress.update(self._task, completed=event.done, score=score + failed)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
