"""How far a run is, on standard error: a bar with the running score and the time left."""

from __future__ import annotations

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

from askdoc.evals.run import Scored
from askdoc.render.console import Page
from askdoc.strings import one_line


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
