"""Commands of the session, and parsing of their arguments."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from askdoc.errors import UsageError

if TYPE_CHECKING:
    from askdoc.repl.session import Session


_DIGITS = 9
"""Most digits of a number."""


class Completes(Enum):
    """What the Tab key completes for the arguments of a command."""

    NOTHING = auto()
    COMMANDS = auto()
    DOCUMENTS = auto()
    FILES = auto()
    MODELS = auto()
    SESSIONS = auto()
    SESSIONS_TO_DELETE = auto()
    SOURCES = auto()
    SUITES = auto()


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its names, a short and a full help text, and its function."""

    name: str
    arguments: str
    summary: str
    detail: str
    run: Callable[[Session, str], None]
    completes: Completes = Completes.NOTHING

    @property
    def usage(self) -> str:
        """Return its usage line."""
        return f"/{self.name} {self.arguments}".rstrip()


class Quit(Exception):
    """Raised to leave the session."""


def split(text: str) -> list[str]:
    """Split arguments at white space; quotation marks keep words together.

    Raises:
        UsageError: a quotation mark is not closed.

    """
    try:
        return shlex.split(text)
    except ValueError as error:
        message = f"a quotation mark is not closed: {text}"
        raise UsageError(message) from error


def path_of(text: str) -> str:
    """Return all arguments as one path, with or without quotation marks.

    Raises:
        UsageError: there is no argument.

    """
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    path = words[0] if len(words) == 1 else text.strip()
    if not path:
        message = "a file is needed"
        raise UsageError(message, hint="for example: `/save notes.md`")
    return path


def number(text: str, *, default: int | None = None) -> int:
    """Parse a positive integer.

    Raises:
        UsageError: it is not one, or it is missing without a default.

    """
    text = text.strip().removeprefix("[").removesuffix("]")
    if not text and default is not None:
        return default
    digits = text.lstrip("0")
    if not (digits and text.isascii() and text.isdigit()):
        message = f"not a number from 1: `{text}`" if text else "a number is needed"
        raise UsageError(message)
    if len(digits) > _DIGITS:
        message = f"the number is too large: `{text}`"
        raise UsageError(message)
    return int(digits)
