"""Says that something is being waited for, where the wait is longer than a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from types import TracebackType
from typing import Self

from rich.status import Status
from rich.text import Text

from askdoc.render.console import Page

_MOMENT = 0.4
"""Seconds before anything is said."""


class _Told:
    """What is waited for at the time when it is drawn."""

    def __init__(self, what: Callable[[], str]) -> None:
        self._what = what

    def __rich__(self) -> Text:
        return Text(f"{self._what()} …", style="faint")


class Waiting:
    """Shows what is waited for, if `page` is a terminal; leaving it, or `end`, wipes that.

    `what` is asked again and again, since a long wait has its stages.
    """

    def __init__(self, page: Page, what: Callable[[], str]) -> None:
        self._status = Status(_Told(what), console=page.console, spinner_style="label")
        self._is_shown = page.width is not None
        self._timer: Timer | None = None

    def end(self) -> None:
        """Stop waiting; later calls do nothing."""
        self._is_shown = False
        self._wipe()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Make room for something to be said meanwhile, and go on waiting after it."""
        self._wipe()
        try:
            yield
        finally:
            self._begin()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def _begin(self) -> None:
        if self._is_shown:
            self._timer = Timer(_MOMENT, self._status.start)
            self._timer.daemon = True
            self._timer.start()

    def _wipe(self) -> None:
        if self._timer:
            self._timer.cancel()
            if self._timer.is_alive():
                self._timer.join()
        self._status.stop()
