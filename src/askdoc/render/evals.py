"""The screens of `askdoc eval`: a run and its progress, one case, a suite, drafts, a sweep."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from askdoc.evals.baseline import Comparison, Moved
from askdoc.evals.calibrate import Fit
from askdoc.evals.diagnose import Stage
from askdoc.evals.gate import Rules, is_regression
from askdoc.evals.grade import Graded, Lost
from askdoc.evals.judge import Judgement
from askdoc.evals.lint import Finding, Level
from askdoc.evals.metrics import NAMES, TIMES
from askdoc.evals.report import EvalReport, SuiteReport, Verdict
from askdoc.evals.run import Scored
from askdoc.evals.sweep import Choice, Trial, pareto, written
from askdoc.evals.wording import (
    MEANING,
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
from askdoc.render.console import Page
from askdoc.render.indexing import count
from askdoc.render.layout import BLANK, flat, hang, head, tail
from askdoc.render.progress import Bar
from askdoc.strings import one_line
from askdoc.types import EvalCase

_STYLES = {"passed": "good", "not passed": "bad"}

_SHOWN = 10

_WIDE = 90
"""Columns from which there is room for what each score means."""

_ROOM_FOR_INTERVALS = 65

_FIGURES = 60
"""Columns for what is said of a trial of a sweep beside its settings."""


def report_lines(
    report: EvalReport,
    comparisons: Mapping[str, Comparison],
    rules: Rules,
    page: Page,
    *,
    judgements: Mapping[str, Judgement] | None = None,
    everything: bool = False,
    narrowed: bool = False,
) -> Iterator[Text]:
    """Lay out a run; `everything` shows all metrics, tags and wrong cases.

    `narrowed` says that the run left out a part of the suites.
    """
    judgements = judgements or {}
    for suite in report.suites:
        yield from _suite(suite, page, everything=everything)
        yield from _gate(suite, report.gate, page, narrowed=narrowed)
        if suite.suite in comparisons:
            yield BLANK
            yield from comparison_lines(comparisons[suite.suite], rules, page)
        if suite.suite in judgements:
            yield BLANK
            yield from _judgement(judgements[suite.suite], page)
        yield BLANK
    text = verdict(report, narrowed=narrowed)
    yield hang(Text(text, style=_STYLES.get(text, "warning")), page)


def _suite(suite: SuiteReport, page: Page, *, everything: bool) -> Iterator[Text]:
    wrong = [result for result in suite.results if result.lost]
    title = Text.assemble((suite.suite, "heading"), f"  {tally(suite)}")
    yield hang(title, page, rest="  ")
    if suite.writing:
        yield hang(Text(writing_line(suite.writing)), page, rest="  ")
    yield BLANK
    names = [n for n in NAMES if n in suite.metrics] if everything else headline(suite)
    if names:  # there is no score where every case failed
        yield from _metrics(names, suite, page)
    if everything and suite.tags:
        yield BLANK
        yield from _tags(suite, page)
    if wrong:
        yield BLANK
        yield from _lost(suite, page, limit=None if everything else _SHOWN)
    for failure in suite.failures[: None if everything else _SHOWN]:
        yield hang(flat(f"{failure.id}: {failure.error}"), page, first=Text("failed  ", "bad"))
    if not everything and len(suite.failures) > _SHOWN:
        yield Text(f"  and {len(suite.failures) - _SHOWN} more: --all", "faint")


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
            yield hang(Text(MEANING[name], "faint"), page, first=line)
        else:
            line.rstrip()
            yield line


def _tags(suite: SuiteReport, page: Page) -> Iterator[Text]:
    names = [name for name in headline(suite) if not name.endswith("_ms")][:4]
    width = max(len(tag) for tag in suite.tags)
    for tag, metrics in suite.tags.items():
        figures = [f"{n} {shown(n, metrics[n].mean)}" for n in names if n in metrics]
        yield hang(Text(" · ".join(figures), "faint"), page, first=f"  {tag:<{width}}  ")


def _lost(suite: SuiteReport, page: Page, *, limit: int | None) -> Iterator[Text]:
    wrong = [result for result in suite.results if result.lost]
    yield Text(f"lost  {count(len(wrong), 'question')}", "heading")
    left = len(wrong) if limit is None else limit
    for lost in Lost:
        results = [result for result in wrong if result.lost is lost]
        if not results:
            continue
        yield hang(Text(f"{len(results)} {WHY[lost]}"), page, first="  ")
        for result in results[:left]:
            question = head(result.graded.case.question, 90)
            line = Text.assemble((f"{result.id}  ", "faint"), question)
            yield hang(line, page, first="    ", rest="      ")
        left = max(0, left - len(results))
    if limit is not None and len(wrong) > limit:
        yield Text(f"  and {len(wrong) - limit} more: --all or --html", "faint")


def _gate(
    suite: SuiteReport, gate: Sequence[Verdict], page: Page, *, narrowed: bool
) -> Iterator[Text]:
    """Say which floors were missed, which were met, and which of the first figures have none."""
    verdicts = [result for result in gate if result.suite == suite.suite]
    yield BLANK
    for result in verdicts:
        if not result.passed:
            text = Text(f"{result.metric} is {floor_missed(result)}")
            yield hang(text, page, first=Text("floor missed  ", style="bad"))
    if met := [result.metric for result in verdicts if result.passed]:
        yield hang(Text(", ".join(met)), page, first="floors met  ", rest="  ")
    named = {result.metric for result in verdicts}
    bare = [name for name in headline(suite) if name not in named and name not in TIMES]
    if bare and not narrowed:
        yield hang(Text(", ".join(bare), style="faint"), page, first="no floor    ", rest="  ")


def _judgement(judged: Judgement, page: Page) -> Iterator[Text]:
    """Lay out what a judge says, and how far to trust it."""
    yield Text(f"judged by {judged.judge}", style="heading")
    for line in judgement_lines(judged):
        yield hang(Text(line), page, first="  ", rest="    ")


def comparison_lines(comparison: Comparison, rules: Rules, page: Page) -> Iterator[Text]:
    """Lay out what changed since a stored run."""
    baseline = comparison.baseline
    commit = f" ({baseline.commit})" if baseline.commit else ""
    yield hang(Text(f"compared with the run of {baseline.saved}{commit}", style="heading"), page)
    for note in comparison.notes:
        yield hang(Text(note), page, first=Text("note: ", "label"), rest="")
    moved = {m: c for m, c in comparison.changes.items() if c.difference or c.better or c.worse}
    if not moved:
        yield Text("  no score changed")
    width = max((len(name) for name in moved), default=0)
    for name, change in moved.items():
        line = Text.assemble(
            (f"{change.difference:+.3f}", "heading"),
            (f"  {change.low:+.3f} to {change.high:+.3f}", "faint"),
        )
        if change.p is not None:
            line.append(
                f"  {change.better} better, {change.worse} worse, p {chance(change.p)}", "faint"
            )
        if is_regression(name, change, rules):
            line.append("  dropped", style="bad")
        yield hang(line, page, first=f"  {name:<{width}}  ")
    for title, cases in (("worse", comparison.worse), ("better", comparison.better)):
        if cases:
            yield BLANK
            yield Text(f"{len(cases)} got {title}", style="bad" if title == "worse" else "good")
            for case in cases[:_SHOWN]:
                yield from _moved(case, page)
            if len(cases) > _SHOWN:
                yield Text(f"  and {len(cases) - _SHOWN} more: --html", "faint")


def _moved(case: Moved, page: Page) -> Iterator[Text]:
    question = Text.assemble((f"{case.id}  ", "faint"), head(case.new.question, 90))
    yield hang(question, page, first="  ", rest="    ")
    for label, side in (("was", case.old), ("now", case.new)):
        answer = head(side.answer, 160) or "refused"
        yield hang(flat(answer), page, first=Text(f"    {label}  ", style="faint"))


_MARKS = {True: ("held", "good"), False: ("failed", "bad"), None: ("", "faint")}


def explanation_lines(graded: Graded, stages: Sequence[Stage], page: Page) -> Iterator[Text]:
    """Lay out a case and what each stage did with its gold evidence."""
    case = graded.case
    yield hang(flat(case.question, "heading"), page)
    if case.history and graded.answer.question != case.question:
        yield hang(flat(graded.answer.question), page, first=Text("asked as  ", "label"))
    for item in case.evidence if case.answerable else ():
        yield hang(flat(f"{item.document}: {item.quote}"), page, first=Text("gold  ", "label"))
    if not case.answerable:
        yield Text(
            "the documents do not hold the answer, so the right outcome is a refusal", style="faint"
        )
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
    yield hang(flat(stage.finding), page, first=first, rest="  ")
    for what, where, text in stage.places:
        place = Text.assemble((f"{what}  {where}  ", "faint"), flat(head(text, 240)))
        yield hang(place, page, first="  ", rest="    ")
    if stage.numbers:
        numbers = ", ".join(f"{name} {value:.2f}" for name, value in stage.numbers.items())
        yield hang(Text(numbers, style="faint"), page, first="  ", rest="    ")


def finding_lines(name: str, findings: Sequence[Finding], page: Page) -> Iterator[Text]:
    """Lay out what was found in a suite, errors and warnings in the order of its cases."""
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = len(findings) - errors
    counts = f"{count(errors, 'error')}, {count(warnings, 'warning')}" if findings else "sound"
    yield Text.assemble((name, "heading"), f"  {counts}")
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
    if fixable := sum(finding.repaired is not None for finding in findings):
        yield BLANK
        command = f"askdoc eval lint {shlex.quote(name)} --fix"
        yield hang(Text(f"{count(fixable, 'quote')} can be fixed: {command}", "faint"), page)


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
        yield hang(Text(document, "file"), page, first="  ")
        yield hang(text, page, first="    ")


def floor_lines(
    suite: str, found: Mapping[str, float], current: Mapping[str, float]
) -> Iterator[Text]:
    """Lay out the floors that a run meets, and how they differ from the current ones."""
    yield Text(suite, style="heading")
    width = max((len(name) for name in found), default=0)
    for name, floor in found.items():
        line = Text.assemble(f"  {name:<{width}}  ", (shown(name, floor), "heading"))
        if name not in current:
            line.append("  new", style="faint")
        elif current[name] != floor:
            line.append(f"  instead of {shown(name, current[name])}", style="faint")
        yield line
    yield BLANK


def sweep_lines(trials: Sequence[Trial], metric: str, choice: Choice, page: Page) -> Iterator[Text]:
    """Lay out the trials, best first, and what the cases held out say of the best one."""
    front = dict(zip(map(id, trials), pareto(trials, metric), strict=True))
    width = max(len(written(trial.values)) for trial in trials)
    is_narrow = page.width is not None and width + _FIGURES > page.width
    yield hang(Text(f"{metric} on the cases to choose by", style="faint"), page)
    for trial in sorted(trials, key=lambda t: (t is not choice.best, -t.quality.mean)):
        quality = trial.quality
        first = Text(f"{written(trial.values):<{width}}  ")
        line = Text.assemble(
            (shown(metric, quality.mean), "heading"),
            (f"  {shown(metric, quality.low)} to {shown(metric, quality.high)}", "faint"),
            f"  {trial.milliseconds:,.0f} ms",
        )
        if trial is trials[0]:
            line.append("  current", style="label")
        if front[id(trial)]:
            line.append("  best trade-off", style="good")
        if is_narrow:
            yield hang(first, page, rest="  ")
            yield hang(line, page, first="  ")
        else:
            yield hang(line, page, first=first)
    yield BLANK
    if choice.best is trials[0]:
        yield Text("no setting does better than the current one")
        return
    change = choice.change
    if change is None:
        yield hang(Text(f"`{metric}` applies to none of the cases held out"), page)
        return
    difference = f"{change.difference:+.3f} ({change.low:+.3f} to {change.high:+.3f})"
    text = f"{written(choice.best.values)}: {difference} on {count(change.n, 'case')} held out"
    yield hang(Text(text, style="heading"), page, rest="  ")
    if not choice.is_clear:
        yield hang(Text("this is within noise; keep the current settings"), page)
        return
    yield hang(Text("to use it, write into `askdoc.toml`:"), page)
    for name, value in choice.best.values.items():
        yield Text(f"{name} = {json.dumps(value)}")


def calibration_lines(suite: str, shown: Fit, sure: Fit, page: Page) -> Iterator[Text]:
    """Lay out what the fitted thresholds do to a suite, beside the current ones."""
    yield Text.assemble((suite, "heading"), f"  {count(sum(shown.fitted.counts), 'case')}")
    names = ("answered rightly", "answered wrongly", "refused wrongly", "refused rightly")
    yield from _threshold_lines("min_confidence", names, shown, page)
    names = ("sure and right", "sure and wrong", "unsure and right", "unsure and wrong")
    yield from _threshold_lines("sure_confidence", names, sure, page)


def _threshold_lines(setting: str, names: Sequence[str], found: Fit, page: Page) -> Iterator[Text]:
    current, fitted = found.current, found.fitted
    rows = [(setting, f"{current.value:.2f}", f"{fitted.value:.2f}")]
    rows += [
        (name, str(before), str(after))
        for name, before, after in zip(names, current.counts, fitted.counts, strict=True)
    ]
    rows.append(("cost", f"{current.cost:g}", f"{fitted.cost:g}"))
    yield BLANK
    yield Text(f"  {'':<16}  {'now':>6}  {'fitted':>6}", style="faint")
    for name, before, after in rows:
        yield Text.assemble(f"  {name:<16}  {before:>6}  ", (f"{after:>6}", "heading"))
    yield BLANK
    if fitted.value == current.value:
        yield Text("no other threshold costs less")
        return
    better = found.held_out < current.cost
    judged = "costs less" if better else "costs no less; the difference may be noise"
    text = f"fitted to other cases, it {judged}: {found.held_out:g} against {current.cost:g}"
    yield hang(Text(text, style="" if better else "warning"), page)


class EvalProgress(Bar):
    """Listens to a run and draws its progress."""

    def __init__(self, page: Page, name: str, total: int) -> None:
        super().__init__(
            page,
            SpinnerColumn(style="label"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16, complete_style="label", finished_style="label"),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[score]}", markup=False),
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
