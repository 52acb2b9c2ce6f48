"""Ctrl-C as a signal: it ends what may be ended, and nothing else, whenever it comes."""

from __future__ import annotations

import os
import pty
import signal
import sys
import termios
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from askdoc import workspace
from askdoc.render.console import make_console, page
from askdoc.repl import run, wait
from askdoc.repl.keyboard import Keyboard
from askdoc.repl.scope import Scope
from askdoc.repl.session import Pages, Session

WATCHED = (run.__file__, wait.__file__)


def _press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_where_nothing_runs_nothing_is_ended() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Keyboard().grabbed():
        _press()
    assert signal.getsignal(signal.SIGINT) is before


def test_what_runs_is_ended_once_and_may_tidy_up() -> None:
    keyboard, tidied = Keyboard(), False

    def work() -> None:
        nonlocal tidied
        with keyboard.interrupts():
            try:
                _press()
            finally:
                _press()
                tidied = True

    with keyboard.grabbed():
        with pytest.raises(KeyboardInterrupt):
            work()
        _press()
    assert tidied


def test_an_end_is_called_for_each_press_only_while_it_counts() -> None:
    keyboard, heard = Keyboard(), []
    with keyboard.grabbed():
        with keyboard.ends(lambda: heard.append("outer")):
            with keyboard.ends(lambda: heard.append("inner")):
                _press()
            _press()
        _press()
    assert heard == ["inner", "outer"]


def test_what_is_typed_meanwhile_is_kept_unseen_and_programs_get_an_ordinary_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        found = termios.tcgetattr(terminal)
        keyboard = Keyboard()
        with keyboard.grabbed():
            assert not _local_modes(terminal) & (termios.ECHO | termios.ICANON)
            assert _local_modes(terminal) & termios.ISIG
            os.write(ours, b"next\r")
            assert os.read(theirs, 100) == b"next\r"
            with keyboard.lent():
                assert termios.tcgetattr(terminal) == found
            assert not _local_modes(terminal) & termios.ECHO
        assert termios.tcgetattr(terminal) == found
    os.close(ours)


def _local_modes(terminal: Any) -> int:
    return int(termios.tcgetattr(terminal)[3])


class Typed:
    """Lines of a user who, from the first on, presses Ctrl-C at every step in between."""

    def __init__(self, lines: list[str]) -> None:
        self.left = lines

    def read(self) -> str:
        if not self.left:
            self._trace(None)
            raise EOFError
        self._trace(_at_each_step)
        return self.left.pop(0)

    def _trace(self, hook: Any) -> None:
        sys.settrace(hook)
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename in WATCHED:
            frame.f_trace = hook
            frame = frame.f_back


def _at_each_step(frame: FrameType, event: str, _: Any) -> Any:
    if frame.f_code.co_filename not in WATCHED:
        return None
    if event == "line":
        _press()
    return _at_each_step


@pytest.fixture
def session(root: Path, home: Path) -> Iterator[tuple[Session, StringIO]]:
    said = StringIO()
    pages = Pages(
        lambda: page(make_console(file=said, width=80), root),
        lambda: page(make_console(file=said, width=80), root),
    )
    opened = Session(Scope.of(workspace.find(root, environment={})), pages, None)
    yield opened, said
    opened.close()


def test_ctrl_c_at_every_step_of_a_session_ends_no_session(
    session: tuple[Session, StringIO],
) -> None:
    opened, said = session
    lines = Typed(["/k 3", "Where do herons nest?", "/k 4", "/nosuch", "/k 5"])
    tracing = sys.gettrace()
    try:
        run.interactive(opened, lines, version="1")
    finally:
        sys.settrace(tracing)
    assert not lines.left
    assert "looks at 5 passages" in said.getvalue()
