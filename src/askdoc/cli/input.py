"""Standard input: whether it is a terminal, and what it holds, within limits."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from askdoc.errors import UsageError

LONGEST = 1_000_000
"""Bytes of one question at most: more is none, and may have no end."""

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


def keep_number() -> None:
    """Where standard input is closed, keep its number from the next file that is opened."""
    if sys.stdin is None:
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # noqa: FBT003 - as it is called


def at_terminal() -> bool:
    """Tell whether standard input is a terminal; a closed one is none."""
    return sys.stdin is not None and sys.stdin.isatty()


def agreed(what: str, command: str) -> bool:
    """Ask whether something is to be deleted for good; `command` does so unasked.

    Raises:
        UsageError: there is no terminal to ask at.

    """
    import typer

    if not (at_terminal() and sys.stderr.isatty()):
        message = f"this would delete {what}, and cannot be undone"
        raise UsageError(message, hint=f"if that is meant: `{command}`")
    try:
        return typer.confirm(f"delete {what}?", err=True)
    except typer.Abort:
        typer.echo(err=True)  # what follows begins a line of its own
        raise


def expect_open() -> None:
    """Go on where there is a standard input.

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
"""A quotation mark behind the dash, or further words: no option is like that."""

_WORD = re.compile(r"-[^\W\d_]{3,}")
_CLOSE = 0.8
"""Likeness from which on an option is taken for a mistyped one."""

_ASKING = ("ask", "search")


def explained(
    option: str, given: Sequence[str], command: str, options: Iterable[str]
) -> tuple[str, str] | None:
    """Say what is wrong with what was read as `option`, and what helps; None where it is no more.

    `given` are the arguments of `command`, as in `askdoc ask`, and `options` those that it has.
    """
    if command.rsplit(maxsplit=1)[-1] not in _ASKING:
        return None
    meant = next((one for one in given if one.startswith(option) and not one.startswith("--")), "")
    if _QUESTION.match(meant):
        message = f"what begins with `-` is read as options: `{meant}`"
        return message, f"put `--` before the question: `{command} -- {shlex.quote(meant)}`"
    if _WORD.fullmatch(meant):
        message = f"there is no option `{option}`"
        if near := difflib.get_close_matches(f"-{meant}", options, 1, _CLOSE):
            return message, f"did you mean `{near[0]}`?"
        return (
            message,
            f"to leave out what holds `{meant[1:]}`, say so in the question: `who … {meant}`",
        )
    return None
