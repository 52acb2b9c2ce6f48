"""A progress bar on standard error, for what takes longer than a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from threading import Timer
from typing import Self

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from askdoc.render.console import Page
from askdoc.render.indexing import KEPT, count
from askdoc.render.layout import ELLIPSIS, flat, hang, named
from askdoc.render.notices import STAGES, ModelNotices
from askdoc.strings import escaped
from askdoc.types import Compiling, Fetched, Indexed, IndexReport, Moving, Stopping

_MOMENT = 1.0
"""Seconds before the bar appears; what ends sooner needs none."""

_ROOM_FOR_NAMES = 80


class _KnownBar(ProgressColumn):
    """A bar once the total is known: the one that Rich moves until then fades to black."""

    def render(self, task: Task) -> RenderableType:
        if task.total is None:
            return ""
        bar = BarColumn(bar_width=16, complete_style="label", finished_style="label")
        return bar.render(task)


class _Count(ProgressColumn):
    """Documents done, of how many; nothing before that is known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


class _Rate(ProgressColumn):
    """Documents a second, since the first one."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.0f}/s", style="faint")


class IndexProgress:
    """Listens to indexing and draws how far it is, if standard error is a terminal.

    A context manager; leaving it wipes the bar.
    """

    def __init__(self, page: Page) -> None:
        columns: list[ProgressColumn] = [
            SpinnerColumn(style="label"),
            TextColumn("{task.description}", markup=False),
            _KnownBar(),
            _Count(),
            _Rate(),
        ]
        if (page.width or 0) >= _ROOM_FOR_NAMES:
            name = Column(ratio=1, no_wrap=True, overflow="ellipsis")
            columns += [
                TimeRemainingColumn(),
                TextColumn("{task.fields[current]}", markup=False, table_column=name),
            ]
        self._progress = Progress(*columns, console=page.console, transient=True)
        self._task = self._progress.add_task("Indexing", total=None, current="")
        self._notices = ModelNotices(page)
        self._stopping = False
        self._timer = Timer(_MOMENT, self._progress.start) if page.width else None

    def __call__(self, event: object) -> None:
        """Move the bar to where the event says; other events are notes."""
        self._notices(event)
        if self._stopping:
            return
        if isinstance(event, Compiling):
            self._progress.update(self._task, description=STAGES[event.stage])
        elif isinstance(event, Fetched):
            self._progress.update(
                self._task, description="Fetching", current=escaped(event.address)
            )
        elif isinstance(event, Stopping):
            self._stop()
        elif isinstance(event, Moving):
            share = 100 * event.done // max(1, event.total)
            self._progress.update(self._task, description=event.what, completed=share, total=100)
        elif isinstance(event, Indexed):
            self._progress.update(
                self._task,
                description="Indexing",
                completed=event.documents,
                total=event.total,
                current=escaped(event.current),
            )

    def _stop(self) -> None:
        """Say at once that a run ends, even before the bar appears; a pipe gets nothing."""
        self._stopping = True
        text = f"Stopping {ELLIPSIS} completed files are kept"
        self._progress.update(self._task, description=text, current="")
        if self._timer:
            self._timer.cancel()
            self._timer.join()  # it may be starting the bar
            self._progress.start()
            self._progress.refresh()

    def __enter__(self) -> Self:
        if self._timer:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        if self._progress.live.is_started:
            self._progress.stop()


class Bar:
    """A progress bar, drawn if `page` is a terminal; leaving it removes the bar."""

    def __init__(self, page: Page, *columns: ProgressColumn) -> None:
        self._progress = Progress(
            *columns, console=page.console, transient=True, disable=page.width is None
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class CountProgress(Bar):
    """Draws how many of `total` are done."""

    def __init__(self, what: str, total: int, page: Page, *, done: int = 0) -> None:
        super().__init__(
            page,
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24, complete_style="label", finished_style="label"),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._task = self._progress.add_task(what, total=total, completed=done)

    def __call__(self, _event: object) -> None:
        """Count one more for any event."""
        self.step()

    def step(self) -> None:
        """Count one more."""
        self._progress.advance(self._task)


class ChangeLines:
    """Lays out what was done, each change with its time.

    A skipped file is reported once, until its reason changes. The user has already read the reasons
    in `before`.
    """

    def __init__(self, before: IndexReport) -> None:
        self._reasons = {skip.location: skip.reason for skip in before.skipped}

    def __call__(self, report: IndexReport, page: Page) -> Iterator[Text]:
        """Yield a line for each change."""
        now = time.strftime("%H:%M:%S")
        for verb, locations in (
            ("added", report.added),
            ("changed", report.changed),
            ("removed", report.removed),
        ):
            for location in locations:
                self._reasons.pop(location, None)
                yield _line(now, verb, named(location, "file"), page)
        for before, after in report.renamed:
            self._reasons.pop(after, None)
            what = named(before, "file").append(" → ").append_text(named(after, "file"))
            yield _line(now, "renamed", what, page)
        for skip in report.skipped:
            if self._reasons.get(skip.location) != skip.reason:
                self._reasons[skip.location] = skip.reason
                what = named(skip.location, "file").append(": ").append_text(flat(skip.reason))
                yield _line(now, "skipped", what, page)


def ending_line(documents: int, changes: int, *, interrupted: bool, page: Page) -> Text:
    """Say what the index holds after so many changes."""
    if interrupted:
        return hang(Text(f"Interrupted in the middle of a change; {KEPT}"), page)
    now = time.strftime("%H:%M:%S")
    held = f"the index holds {count(documents, 'document')}, as the files were at {now}"
    return hang(Text(f"Stopped after {count(changes, 'change')}; {held}"), page)


def _line(now: str, verb: str, what: Text, page: Page) -> Text:
    return hang(Text.assemble((now, "faint"), f" {verb} ", what), page, rest="  ")


class Health(StrEnum):
    """How a check came out; only `broken` makes the doctor fail."""

    GOOD = "good"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked, what was found, and what would fix it."""

    name: str
    health: Health
    finding: str
    remedy: str | None = None


_MARKS = {
    Health.GOOD: ("ok", "good"),
    Health.WARNING: ("note", "warning"),
    Health.BROKEN: ("broken", "bad"),
}
_INDENT = " " * 18


def check_lines(check: Check, page: Page) -> Iterator[Text]:
    """Lay out one check: how it came out, what was found, what to do."""
    mark, style = _MARKS[check.health]
    first = Text.assemble((f"{mark:<6}", style), "  ", (f"{check.name:<8}", "file"), "  ")
    yield hang(flat(check.finding), page, first=first)
    if check.remedy:
        yield hang(flat(check.remedy, "faint"), page, first=_INDENT)
