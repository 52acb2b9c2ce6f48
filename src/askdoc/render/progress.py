"""A progress bar on standard error, for what takes longer than a moment."""

from __future__ import annotations

from threading import Timer
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
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
from askdoc.render.layout import ELLIPSIS
from askdoc.render.notices import STAGES, ModelNotices
from askdoc.strings import escaped
from askdoc.types import Compiling, Fetched, Indexed, Moving, Stopping

_MOMENT = 1.0
"""Seconds before the bar appears; what ends sooner needs none."""

_ROOM_FOR_NAMES = 80


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
            BarColumn(bar_width=16, complete_style="label", finished_style="label"),
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
        """Move the bar to where the event says; what is no progress is told as a note."""
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
        """Say at once that a run ends, also where there is no bar yet; nothing into a pipe."""
        self._stopping = True
        told = f"Stopping {ELLIPSIS} what is whole is kept"
        self._progress.update(self._task, description=told, current="")
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        if self._progress.live.is_started:
            self._progress.stop()
