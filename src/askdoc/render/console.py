"""Where output goes: consoles that print text as it is, for a terminal or for a pipe.

Colours are the terminal's own sixteen, so that they suit a light and a dark theme alike, and
nothing is said by colour alone. A pipe gets plain text, one paragraph a line.
"""

from __future__ import annotations

import codecs
import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console as RichConsole
from rich.text import Text
from rich.theme import Theme

THEME = Theme(
    {
        "label": "bold magenta",
        "file": "bold",
        "faint": "dim",
        "quote": "none",
        "short": "bold",
        "match": "bold magenta",
        "bar": "magenta",
        "heading": "bold",
        "command": "bold",
        "good": "green",
        "warning": "bold magenta",
        "bad": "bold red",
        # Rich's own colours of bars suit only a dark background.
        "bar.back": "dim",
        "progress.download": "none",
        "progress.remaining": "dim",
    }
)

MEASURE = 100
"""Cells of a line at most: longer lines are hard to read, however wide the terminal."""

_SHARED = re.compile(r"`askdoc (index(?: [A-Z]+)?|status(?: --(?:documents|skipped))?)`")
"""Commands, with the arguments that hints name, that a session has too."""
_NARROWEST = 20
_UNKNOWN_TO_RICH = ("dumb", "unknown")
"""Terminals that rich takes to be 80 columns wide, whatever they say."""
_MONOCHROME = re.compile(r"vt\d+.*|.*-m(?:ono)?")
"""Terminals without colours, which rich takes to have eight."""
_NO_LINKS = frozenset({"dumb", "linux", "unknown"})

_ASCII = {
    ord(character): ascii_text
    for ascii_text, characters in {
        "'": "‘’‚‛′",
        '"': "“”„«»″",
        "-": "‐‑‒–—―−·━╸╺",
        "...": "…",
        ">": "›",
        "|": "│",
        "*": "•",
        "+": "✓",
        "x": "✗×",
        " ": "\u00a0\u2009\u202f",
    }.items()
    for character in characters
}
"""What stands in for a character that the output's encoding does not have."""


class Console(RichConsole):
    """A console for which `[text]` is text, and that leaves a closed pipe to its caller."""

    def on_broken_pipe(self) -> None:
        """Raise the error, so that one place decides how to end."""
        raise BrokenPipeError


@dataclass(frozen=True, slots=True)
class Page:
    """What is written on: a console, and how.

    `base` is the folder from which paths are seen. `width` is the cells to a line, or None where
    lines are left as long as they are (a pipe). `links` says whether to write hyperlinks (OSC 8),
    and `in_session` whether the reader types commands of a session instead of the shell's.
    """

    console: Console
    base: Path
    width: int | None
    links: bool
    in_session: bool = False

    def show(self, lines: Iterable[Text]) -> None:
        """Print every line as soon as it is there."""
        for line in lines:
            self.console.print(line)

    def advice(self, text: str) -> str:
        """Return `text` with commands of the shell as the session has them, where it does."""
        return _SHARED.sub(r"`/\1`", text) if self.in_session else text


def page(console: Console, base: Path | None = None) -> Page:
    """Return the page that suits what `console` writes to."""
    terminal = console.is_terminal
    knows_links = os.environ.get("TERM", "unknown") not in _NO_LINKS
    return Page(
        console=console,
        base=base or _current_folder(),
        width=max(_NARROWEST, min(console.width, MEASURE)) if terminal else None,
        links=terminal and knows_links and console.color_system is not None,
    )


def _current_folder() -> Path:
    """Return the current folder, or the root where it is gone: an error must still be shown."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def output(base: Path | None = None) -> Page:
    """Return the page for what was asked for: standard output."""
    return page(make_console(), base)


def errors(base: Path | None = None) -> Page:
    """Return the page for everything else: standard error."""
    return page(make_console(stderr=True), base)


def make_console(**options: Any) -> Console:
    """Make a console that interprets nothing in what it prints and wraps nothing on its own.

    `options` are those of rich's console.
    """
    if _MONOCHROME.fullmatch(os.environ.get("TERM", "")):
        options.setdefault("color_system", None)
    if os.environ.get("TERM", "").lower() in _UNKNOWN_TO_RICH:
        columns, rows = shutil.get_terminal_size()
        options = {"width": columns, "height": rows} | options
    return Console(
        theme=THEME, markup=False, emoji=False, highlight=False, soft_wrap=True, **options
    )


def prepare_streams() -> None:
    """Make the standard streams write something readable where their encoding lacks a character."""
    codecs.register_error("askdoc", _readable)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="askdoc")


def _readable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end].translate(_ASCII)
    return "".join(character if character.isascii() else "?" for character in lost), error.end
