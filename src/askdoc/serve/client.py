"""Asks an engine that runs already, in a fraction of the time that it takes to load one.

It is imported before all else of a command, and itself imports next to nothing. What it can't do,
and what no engine serves, the command does by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import sys
from collections.abc import Iterator

from askdoc import __version__

_FLAGS = {
    "--json": "json",
    "-j": "json",
    "--brief": "brief",
    "--quotes": "quotes",
    "--explain": "explain",
    "-e": "explain",
    "--strict": "strict",
    "--no-stream": "no_stream",
}
_VALUES = {
    "--library": "library",
    "-l": "library",
    "--source": "source",
    "-s": "source",
    "--where": "where",
    "-w": "where",
}
_TELLING = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
"""Variables besides those of askdoc that say which settings and libraries there are."""

_COLOURS = ("TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
_TERMINALS = ("xterm", "screen", "tmux", "alacritty", "kitty", "rxvt", "foot", "wezterm", "vte")
_MOMENT = 2.0
"""Seconds in which an engine says whether it serves what is asked."""

_INTERRUPTED = 130
_CLOSED_PIPE = 141
Request = dict[str, object]


def runtime_folder() -> str:
    """Name the folder of the sockets, which only the user may enter; it need not exist."""
    if named := os.environ.get("XDG_RUNTIME_DIR"):
        return os.path.join(named, "askdoc")  # noqa: PTH118 - pathlib takes long to load
    user = os.getuid() if hasattr(os, "getuid") else 0
    private = f"/run/user/{user}"
    if os.path.isdir(private):  # noqa: PTH112
        return f"{private}/askdoc"
    return f"/tmp/askdoc-{user}"  # noqa: S108 - whose it is, is checked


def is_private(folder: str) -> bool:
    """Tell whether a folder is the user's own, and closed to others."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.getuid()
        and not stat.S_IMODE(found.st_mode) & 0o077
    )


def sockets() -> list[str]:
    """List the sockets of engines, which may be left over from ones that have ended."""
    if not hasattr(socket, "AF_UNIX"):
        return []
    folder = runtime_folder()
    if not is_private(folder):
        return []
    names = os.listdir(folder)  # noqa: PTH208 - pathlib takes long to load
    return sorted(f"{folder}/{name}" for name in names if name.endswith(".sock"))


def environment() -> dict[str, str]:
    """Return the variables that settings and libraries depend on."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _TELLING or name.startswith("ASKDOC_")
    }


def answered(arguments: list[str]) -> int | None:
    """Have an engine answer a command line, and return the exit code; None where none does."""
    found = sockets()
    request = _request(arguments) if found else None
    if request is None:
        return None
    for path in found:
        with contextlib.suppress(OSError, ValueError):
            code = _ask(path, request)
            if code is not None:
                return code
    return None


def opened(path: str, request: Request) -> socket.socket:
    """Connect to an engine, and send it a request.

    Raises:
        OSError: there is no engine any more.

    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_MOMENT)
        try:
            connection.connect(path)
        except ConnectionRefusedError:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - its engine was killed
            raise
        connection.sendall(json.dumps({"version": __version__, **request}).encode() + b"\n")
    except BaseException:
        connection.close()
        raise
    return connection


def exchange(path: str, request: Request) -> Iterator[dict[str, object]]:
    """Send a request to an engine, and yield its replies.

    Raises:
        OSError: there is no engine any more, or it does not reply.
        ValueError: the reply is not one of an engine's.

    """
    with opened(path, request) as connection, connection.makefile("rb") as replies:
        for line in replies:
            connection.settimeout(None)
            yield json.loads(line)


def _ask(path: str, request: Request) -> int | None:
    """Print what an engine answers; None where it does not serve the question.

    Raises:
        OSError: the engine is gone, and has not said that it serves the question.

    """
    accepted = False
    try:
        for reply in exchange(path, request):
            if "refused" in reply:
                return None
            accepted = True
            if (code := _print(reply)) is not None:
                return code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED
    except OSError:
        if not accepted:
            raise
    if accepted:
        sys.stderr.write("error: the engine has ended; ask again\n")
    return 1 if accepted else None


def _print(reply: dict[str, object]) -> int | None:
    """Print what a reply has to be printed, and return the exit code that ends the command."""
    try:
        if "out" in reply:
            sys.stdout.write(str(reply["out"]))
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would fail again at its end
        return _CLOSED_PIPE
    if "err" in reply:
        sys.stderr.write(str(reply["err"]))
    return int(str(reply["code"])) if "code" in reply else None


def _request(arguments: list[str]) -> Request | None:
    """Read a command line that is one question with few options; None for any other."""
    read = _read(arguments)
    if read is None or not _is_plain():
        return None
    try:
        folder = os.getcwd()  # noqa: PTH109
    except OSError:
        return None
    columns = os.get_terminal_size(1).columns if sys.stdout.isatty() else 0
    return {
        **read,
        "do": "ask",
        "folder": folder,
        "environment": environment(),
        "colours": {name: os.environ[name] for name in _COLOURS if name in os.environ},
        "columns": columns,
        "stderr": sys.stderr.isatty(),
    }


def _read(arguments: list[str]) -> Request | None:
    rest = arguments[1:] if arguments[:1] == ["ask"] else arguments
    read: Request = {"library": [], "source": [], "where": []}
    words: list[str] = []
    waiting = iter(rest)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if argument in _FLAGS:
            read[_FLAGS[argument]] = True
        elif name in _VALUES and (equals or argument == name):
            given = value if equals else next(waiting, None)
            if given is None or (equals and not name.startswith("--")):
                return None
            kept = read[_VALUES[name]]
            assert isinstance(kept, list)  # noqa: S101 - made above
            kept.append(given)
        elif argument.startswith("-"):
            return None
        else:
            words.append(argument)
    # A single word may be a command, and several may begin with one.
    if len(words) != 1 or " " not in words[0].strip():
        return None
    return {**read, "question": words[0]}


def _is_plain() -> bool:
    """Tell whether the streams are as an engine writes to them."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None or (stream.encoding or "").lower().replace("-", "") != "utf8":
            return False
    if "COLUMNS" in os.environ or "_ASKDOC_COMPLETE" in os.environ:
        return False
    if sys.stdout.isatty() or sys.stderr.isatty():
        known = os.environ.get("TERM", "").startswith(_TERMINALS)
        return known and not _has_text()
    return not _has_text()


def _has_text() -> bool:
    """Tell whether standard input may hold a text to ask instead of the index."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode)


def leave_behind(minutes: float, libraries: list[str]) -> None:
    """Start an engine that ends by itself when it is not asked for so long."""
    import subprocess

    if not hasattr(socket, "AF_UNIX"):
        return
    command = [sys.executable, "-P", "-m", "askdoc.serve.warm", str(minutes * 60), *libraries]
    silent = subprocess.DEVNULL
    with contextlib.suppress(OSError):
        subprocess.Popen(
            command, stdin=silent, stdout=silent, stderr=silent, start_new_session=True
        )
