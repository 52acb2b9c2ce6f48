"""Opens a file at a place in the user's editor or viewer, never through a shell.

A command is a program with arguments, such as `code --goto {file}:{line}` or `zathura --page={page}
{file}`. Without `{file}`, common editors and viewers get the place in their own syntax, and others
just the file.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from askdoc.errors import UsageError

_AT_LINE: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        ("vi", "vim", "nvim", "nano", "emacs", "emacsclient", "kak", "joe", "micro", "less", "ne"),
        ("+{line}", "{file}"),
    ),
    **dict.fromkeys(("code", "codium", "cursor"), ("--goto", "{file}:{line}")),
    **dict.fromkeys(("subl", "zed", "hx", "helix"), ("{file}:{line}",)),
    "kate": ("--line", "{line}", "{file}"),
    "gedit": ("+{line}", "{file}"),
}
_AT_PAGE: Mapping[str, Sequence[str]] = {
    "zathura": ("--page={page}", "{file}"),
    "evince": ("--page-label={page}", "{file}"),
    "okular": ("--page", "{page}", "{file}"),
    "mupdf": ("{file}", "{page}"),
    "xreader": ("--page-label={page}", "{file}"),
    "sioyek": ("--page", "{page}", "{file}"),
}
_EDITORS = ("nano", "vim", "vi")
_NEED_TERMINAL = frozenset((*_EDITORS, "nvim", "emacs", "kak", "joe", "micro", "less", "ne", "hx"))
_VARIABLES = ("VISUAL", "EDITOR")
_VIEWERS = ("xdg-open", "open")

Which = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Target:
    """A file to open; line (of the file) and page count from 1."""

    file: str
    line: int | None = None
    page: int | None = None


def command_for(
    target: Target,
    *,
    editor: str | None,
    viewer: str | None,
    environment: Mapping[str, str],
    which: Which = shutil.which,
) -> list[str]:
    """Return the command that opens `target`: a viewer for paged files, else an editor.

    `editor` and `viewer` are the settings; without them, `$VISUAL`, `$EDITOR` and installed
    programs decide.

    Raises:
        UsageError: no program is set or found, or the set one cannot be run.

    """
    paged = target.page is not None
    if paged:
        chosen = (viewer or "").strip() or next(filter(which, _VIEWERS), None)
        key, known = "viewer", _AT_PAGE
    else:
        given = (editor or "", *(environment.get(name, "") for name in _VARIABLES))
        chosen = next(filter(str.strip, given), None)
        chosen = chosen or next(filter(which, _EDITORS), None)
        key, known = "editor", _AT_LINE
    if not chosen:
        message = f"no {key} is set to open `{target.file}` with"
        raise UsageError(message, hint=f"set one: `askdoc config set {key} PROGRAM`")
    try:
        program, *arguments = shlex.split(chosen)
    except ValueError as error:
        message = f"`{key}` is not a command: `{chosen}`"
        raise UsageError(message, hint="check the quotation marks") from error
    if which(program) is None:
        message = f"`{program}` is not installed"
        named = next((name for name in _VARIABLES if chosen == environment.get(name)), None)
        by = f", which ${named} names" if named and not (paged or editor) else ""
        raise UsageError(message + by, hint=f"set another: `askdoc config set {key} PROGRAM`")
    if not any("{file}" in argument for argument in arguments):
        has_place = target.page if paged else target.line
        pattern = known.get(Path(program).name) if has_place else None
        arguments += pattern or ("{file}",)
    return [program, *(_filled(argument, target) for argument in arguments)]


def line_in_file(file: Path, quote: str, guess: int) -> int | None:
    """Find the line of `file` on which `quote` begins, the one nearest to `guess`, else None.

    The stored text of a web page, say, has other lines than its file, and the file may have
    changed.
    """
    start = " ".join(quote.split("\n", 1)[0].split())
    try:
        lines = file.read_bytes().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    holding = [number for number, line in enumerate(lines, 1) if start in " ".join(line.split())]
    return min(holding, key=lambda number: abs(number - guess), default=None)


def browse(address: str) -> None:
    """Show a web page in the user's browser.

    Raises:
        UsageError: there is no browser.

    """
    if not webbrowser.open(address):
        message = f"there is no browser to open `{address}` with"
        raise UsageError(message, hint="name one in the variable `BROWSER`")


def run(command: Sequence[str], *, wait: bool) -> None:
    """Run a program; wait for an editor, since it may use the terminal.

    Raises:
        UsageError: it cannot be started, or fails.

    """
    if Path(command[0]).name in _NEED_TERMINAL and not _at_terminal():
        message = f"`{command[0]}` needs a terminal"
        raise UsageError(message, hint="set another: `askdoc config set editor PROGRAM`")
    try:
        if wait:
            code = subprocess.run(command, check=False).returncode
        else:
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            code = 0
    except OSError as error:
        message = f"cannot run `{command[0]}`: {(error.strerror or str(error)).lower()}"
        raise UsageError(message) from error
    if code:
        message = f"`{command[0]}` ended with code {code}"
        raise UsageError(message)


def _at_terminal() -> bool:
    """Tell whether a program can use the terminal; closed input means no."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def _filled(argument: str, target: Target) -> str:
    """Fill the place into one argument; an unknown line or page is 1."""
    filled = argument.replace("{line}", str(target.line or 1))
    filled = filled.replace("{page}", str(target.page or 1))
    return filled.replace("{file}", target.file)


def copy(text: str, *, environment: Mapping[str, str] = os.environ) -> bool:
    """Copy `text` to the clipboard by a system program; False if there is none."""
    for program, *arguments in _clipboards(environment):
        if shutil.which(program) is None:
            continue
        try:
            done = subprocess.run(
                [program, *arguments],
                input=text.encode("utf-8", "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=5,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return True
    return False


def _clipboards(environment: Mapping[str, str]) -> list[tuple[str, ...]]:
    if sys.platform == "darwin":
        return [("pbcopy",)]
    if sys.platform == "win32":
        return [("clip",)]
    found: list[tuple[str, ...]] = []
    if environment.get("WAYLAND_DISPLAY"):
        found.append(("wl-copy",))
    if environment.get("DISPLAY"):
        found += [("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input")]
    return found
