"""Standard input, and mistyped options among the arguments."""

from __future__ import annotations

import difflib
import io
import os
import re
import select
import shlex
import stat
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from askdoc.errors import UsageError

LONGEST = 1_000_000
"""Most bytes of a question; a longer input may be endless."""
LONGEST_TEXT = 50_000_000
"""Largest text to ask on standard input, in bytes."""
STANDARD_INPUT = "-"
"""The name of standard input among files."""

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


def keep_number() -> None:
    """If standard input is closed, reserve its number, or the next opened file would get it."""
    if sys.stdin is None:
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # noqa: FBT003 - as it is called


def at_terminal() -> bool:
    """Tell whether standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def is_piped() -> bool:
    """Tell whether standard input is a pipe or a file."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):  # closed, or no file of the system
        return False
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode)


def has_input(*, within: float) -> bool:
    """Tell whether standard input can be read, or is at its end, `within` so many seconds."""
    return os.name != "posix" or bool(select.select([sys.stdin], [], [], within)[0])


def is_at_end() -> bool:
    """Wait for a byte on standard input; True if it ends without one."""
    reader = sys.stdin.buffer
    return isinstance(reader, io.BufferedReader) and not reader.peek(1)


def agreed(what: str, command: str) -> bool:
    """Ask for confirmation of a deletion; `command` deletes without asking.

    Raises:
        UsageError: there is no terminal to ask at.

    """
    import typer

    if not (at_terminal() and sys.stderr.isatty()):
        message = f"this deletes {what} and cannot be undone"
        raise UsageError(message, hint=f"to delete it: `{command}`")
    try:
        return typer.confirm(f"delete {what}?", err=True)
    except typer.Abort:
        typer.echo(err=True)  # what follows begins a line of its own
        raise


def expect_open() -> None:
    """Check that standard input is open.

    Raises:
        UsageError: it was closed before askdoc started.

    """
    if sys.stdin is None:
        message = "the standard input is closed"
        hint = 'give it something to read: `echo "QUESTION" | askdoc ask -`'
        raise UsageError(message, hint=hint)


def read_all(most: int, what: str) -> bytes:
    """Read all of standard input, `most` bytes at most.

    Raises:
        UsageError: there is more, or it was closed before askdoc started.

    """
    expect_open()
    return bounded(sys.stdin.buffer, most, f"{what} on standard input")


def bounded(opened: BinaryIO, most: int, what: str) -> bytes:
    """Read all of a file, which may have no end, `most` bytes at most.

    Raises:
        UsageError: there is more.

    """
    data = opened.read(most + 1)
    if len(data) > most:
        message = f"{what} is longer than {most // 1_000_000} MB"
        raise UsageError(message, hint="write questions as text, and fewer at a time")
    return data


def lines(most: int) -> Iterator[bytes]:
    """Read standard input line by line, `most` bytes of each at most.

    Raises:
        UsageError: a line is longer, or standard input was closed before askdoc started.

    """
    expect_open()

    def each() -> Iterator[bytes]:
        while line := sys.stdin.buffer.readline(most + 1):
            if len(line) > most:
                message = f"a line on standard input is longer than {most // 1_000_000} MB"
                raise UsageError(message, hint="write a question or a command on each line")
            yield line

    return each()


_QUESTION = re.compile(r'-(?:["“„«]|[^\s=-]+\s)')
"""A dash before a quotation mark or before several words: no option looks like that."""

_TERM = re.compile(r"-[^\W\d_]{3,}")
_CLOSE = 0.8
"""Similarity from which a word counts as a mistyped option."""

_ASKING = ("ask", "search")
"""Commands that take a question."""


def misread_option(argument: str, command: str, options: Iterable[str]) -> tuple[str, str] | None:
    """Return message and hint for a wrong argument after one dash; None for an option.

    `command` is a path such as `askdoc ask`, and `options` are its options.
    """
    if command.rsplit(maxsplit=1)[-1] not in _ASKING:
        return None
    if _QUESTION.match(argument):
        message = f"what begins with `-` is read as options: `{argument}`"
        return message, f"put `--` before the question: `{command} -- {shlex.quote(argument)}`"
    if _TERM.fullmatch(argument):
        message = f"there is no option `{argument}`"
        if near := difflib.get_close_matches(f"-{argument}", options, 1, _CLOSE):
            return message, f"did you mean `{near[0]}`?"
        return message, f"to exclude `{argument[1:]}`, write it in the question: `who … {argument}`"
    return None
