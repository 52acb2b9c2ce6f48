"""Handles the keyboard between prompts: Ctrl-C ends running work, other keys wait.

Between prompts Ctrl-C is a signal that may arrive anywhere: between two commands, or while a bar is
drawn. A KeyboardInterrupt there would end the session, or leave something half done. So it is
raised only around work that a user may want to end.
"""

from __future__ import annotations

import copy
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from askdoc.system.interrupt import postponed

End = Callable[[FrameType | None], None]
"""A signal handler for Ctrl-C."""

Modes = list[Any] | None
"""The termios modes of the terminal; None without a terminal."""


class Keyboard:
    """Decides what Ctrl-C does; until it is `grabbed`, Python's handler stays."""

    def __init__(self) -> None:
        self._end: End = _nothing
        self._ordinary: Modes = None

    @contextmanager
    def grabbed(self) -> Iterator[None]:
        """Control the keyboard in this block.

        Keys typed during an answer are kept for the next prompt, and not echoed between the lines
        of the answer.
        """
        self._ordinary = _modes()
        before = signal.signal(signal.SIGINT, lambda _, frame: self._end(frame))
        try:
            _set(_unseen(self._ordinary))
            yield
        finally:
            _set(self._ordinary)
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Give the keyboard to another program in this block, with its original modes."""
        mine = _modes()
        _set(self._ordinary)
        try:
            yield
        finally:
            _set(mine)

    @contextmanager
    def ends(self, end: Callable[[], None]) -> Iterator[None]:
        """Let Ctrl-C call `end` in this block."""
        with self._does(lambda _: end()):
            yield

    @contextmanager
    def interrupts(self) -> Iterator[None]:
        """Let the first Ctrl-C raise KeyboardInterrupt; later ones must not disturb the cleanup.

        It is never raised inside an import, since the module would stay broken.
        """

        def once(frame: FrameType | None) -> None:
            if not postponed(frame):
                self._end = _nothing
                raise KeyboardInterrupt

        with self._does(once):
            yield

    @contextmanager
    def _does(self, end: End) -> Iterator[None]:
        before, self._end = self._end, end
        try:
            yield
        finally:
            self._end = before


def _nothing(_: FrameType | None) -> None:
    """Ignore Ctrl-C, since nothing is running."""


if sys.platform == "win32":

    def _modes() -> Modes:
        return None

    def _unseen(modes: Modes) -> Modes:
        return modes

    def _set(modes: Modes) -> None:
        del modes

else:
    import termios

    _INPUT, _LOCAL, _CHARACTERS = 0, 3, 6
    """Where in the modes the flags are that are changed here."""

    def _modes() -> Modes:
        try:
            return termios.tcgetattr(sys.stdin)
        except (termios.error, OSError, ValueError):
            return None

    def _unseen(modes: Modes) -> Modes:
        """Return modes without echo and line editing; Ctrl-C still sends a signal."""
        changed = copy.deepcopy(modes)
        if changed is not None:
            changed[_INPUT] &= ~termios.ICRNL
            changed[_LOCAL] &= ~(termios.ECHO | termios.ICANON)
            changed[_CHARACTERS][termios.VMIN], changed[_CHARACTERS][termios.VTIME] = 1, 0
        return changed

    def _set(modes: Modes) -> None:
        if modes is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, modes)
