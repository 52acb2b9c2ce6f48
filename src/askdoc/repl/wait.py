"""Shows a message while something takes longer than a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Self

from rich.status import Status
from rich.text import Text

from askdoc.render.console import Page

_MOMENT = 0.4
"""Seconds before the message appears."""


class _Told:
    """The message at the time when it is drawn."""

    def __init__(self, what: Callable[[], str]) -> None:
        self._what = what

    def __rich__(self) -> Text:
        return Text(f"{self._what()} …", style="faint")


class Waiting:
    """Shows a message if `page` is a terminal; leaving the block, or `end`, removes it.

    `what` is called repeatedly, since a long wait has stages.
    """

    def __init__(self, page: Page, what: Callable[[], str]) -> None:
        self._status = Status(_Told(what), console=page.console, spinner_style="label")
        self._is_shown = page.width is not None
        self._timer: Timer | None = None

    def end(self) -> None:
        """Remove the message; later calls do nothing."""
        self._is_shown = False
        self._wipe()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Remove the message in this block, so that other output can be printed."""
        self._wipe()
        try:
            yield
        finally:
            self._begin()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
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
