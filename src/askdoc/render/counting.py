"""A progress bar on standard error for things that are counted."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from askdoc.render.console import Page


class CountProgress:
    """Draws how many of `total` are done, if `page` is a terminal; leaving it wipes the bar."""

    def __init__(self, what: str, total: int, page: Page, *, done: int = 0) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24, complete_style="label", finished_style="label"),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=page.console,
            transient=True,
            disable=page.width is None,
        )
        self._task = self._progress.add_task(what, total=total, completed=done)

    def __call__(self, _event: object) -> None:
        """Count one more for any event."""
        self.step()

    def step(self) -> None:
        """Count one more."""
        self._progress.advance(self._task)

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
