"""What the keyboard does while no prompt is shown: Ctrl-C ends what runs, the rest waits.

Between prompts Ctrl-C is a signal that may come at any point of the program: between two commands,
while a bar is being drawn or the prompt taken down. A KeyboardInterrupt raised there would end the
session, or leave something half done. So none is raised but where something runs that a user may
want to end.
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
"""What Ctrl-C does, which comes into a frame of the program."""

Modes = list[Any] | None
"""How a terminal treats what is typed, as termios has it; None where there is no terminal."""


class Keyboard:
    """Decides what Ctrl-C does; until it is `held`, Python's own way is left alone."""

    def __init__(self) -> None:
        self._end: End = _nothing
        self._ordinary: Modes = None

    @contextmanager
    def grabbed(self) -> Iterator[None]:
        """Take charge of the keyboard, from before the first prompt until after the last.

        What is typed while an answer is made is kept for the next prompt, unseen, instead of
        standing among the answer's lines.
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
        """Leave the keyboard to another program, in the modes in which it was found."""
        mine = _modes()
        _set(self._ordinary)
        try:
            yield
        finally:
            _set(mine)

    @contextmanager
    def ends(self, end: Callable[[], None]) -> Iterator[None]:
        """Have Ctrl-C call `end` while this goes on."""
        with self._does(lambda _: end()):
            yield

    @contextmanager
    def interrupts(self) -> Iterator[None]:
        """Have the first Ctrl-C raise a KeyboardInterrupt; others leave the tidying-up alone.

        None is raised into an import, which the next question may need.
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
    """End nothing, since nothing runs that could be ended."""


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
        """Echo nothing and hand over each key as it is; Ctrl-C still makes a signal."""
        changed = copy.deepcopy(modes)
        if changed is not None:
            changed[_INPUT] &= ~termios.ICRNL
            changed[_LOCAL] &= ~(termios.ECHO | termios.ICANON)
            changed[_CHARACTERS][termios.VMIN], changed[_CHARACTERS][termios.VTIME] = 1, 0
        return changed

    def _set(modes: Modes) -> None:
        if modes is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, modes)
