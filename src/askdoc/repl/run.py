"""Runs a session line by line, from a terminal or as a script from a pipe."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from askdoc.errors import AskdocError, UsageError
from askdoc.render.errors import note_line
from askdoc.render.layout import BLANK, flat, hang
from askdoc.repl import commands
from askdoc.repl.command import Quit
from askdoc.strings import printable

if TYPE_CHECKING:
    from askdoc.repl.session import Session

_OUTPUT = frozenset((errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF))
"""Errors without a file name that mean broken output: nothing more can be printed."""

_GREETING = "askdoc {version} · type a question; /help lists commands, Ctrl-D leaves"


class Lines(Protocol):
    """The input of an interactive session."""

    def read(self) -> str:
        """Read a line; EOFError ends the session, KeyboardInterrupt gives up the line."""


def interactive(session: Session, lines: Lines, *, version: str) -> None:
    """Read lines until the user leaves; Ctrl-C ends an answer, not the session."""
    with session.keyboard.grabbed():
        page = session.pages.output()
        page.show([hang(Text(_GREETING.format(version=version), style="faint"), page), BLANK])
        while _once(session, lines):
            pass


def _once(session: Session, lines: Lines) -> bool:
    """Read and run one line; return False if the user leaves."""
    try:
        line = lines.read()
    except KeyboardInterrupt:
        return True
    except EOFError:
        return False
    try:
        _steps(session, commands.steps(line))
    except Quit:
        return False
    except KeyboardInterrupt:
        stderr = session.pages.errors()
        stderr.show([note_line("interrupted", stderr), BLANK])
    return True


def _steps(session: Session, steps: Sequence[str]) -> None:
    """Run the steps one by one; if there are several, print each before."""
    for step in steps:
        if len(steps) > 1:
            page = session.pages.output()
            page.show([hang(flat(step, "faint"), page, first=Text("> ", style="label"))])
        _step(session, step)


def script(session: Session, lines: Iterable[str | bytes]) -> bool:
    """Run every line, and return whether all succeeded; `#` starts a comment.

    After an error the next line runs. A line that is not text is an error.
    """
    session.engine.start()
    try:
        for number, given in enumerate(lines, start=1):
            line = _text(given)
            if line is None:
                message = f"line {number} is not text in UTF-8"
                session.show_error(UsageError(message, hint="convert it: `iconv -t UTF-8`"))
            elif not line.startswith("#"):
                _step(session, line.rstrip("\r\n"), number)
    except Quit:
        pass
    return not session.failed


def _text(line: str | bytes) -> str | None:
    """Decode a line, without a byte order mark; None if it is not text.

    Control characters are dropped, as in all questions.
    """
    try:
        text = line if isinstance(line, str) else line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if isinstance(line, bytes) and "\0" in text:
        return text.replace("\0", "") if printable(text).strip() else None
    return text


def _step(session: Session, line: str, number: int | None = None) -> None:
    """Run a line, and report an error with the line's number, if it has one."""
    if not line.strip():
        return
    try:
        _run(session, line)
    except AskdocError as error:
        session.show_error(error, line=number)
        session.pages.errors().show([BLANK])
    else:
        session.pages.output().show([BLANK])


def _run(session: Session, line: str) -> None:
    """Run a line.

    Raises:
        AskdocError: it fails; errors of the system about a file are converted.

    """
    try:
        commands.run(session, line)
    except BrokenPipeError:  # nobody reads the output any more
        raise
    except OSError as error:
        if error.filename is None and error.errno in _OUTPUT:
            raise
        what = "" if error.filename is None else f" `{session.seen(os.fsdecode(error.filename))}`"
        message = f"cannot use{what}: {(error.strerror or str(error)).lower()}"
        raise UsageError(message, hint="name another place") from error
