"""The socket of an engine, by which the user's own commands ask it.

A request is a line of JSON, and so is its reply: `refused` or `accepted`. What follows depends on
who asks: a command gets lines with `out` and `err` to be printed, and at the end `code`; a session
calls methods by the messages of `system.wire`; and `askdoc mcp` passes on the messages of MCP. The
socket lies in a folder that only the user may enter.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec

from askdoc import __version__, workspace
from askdoc.app import narrowed
from askdoc.chat.rewriter import completed
from askdoc.errors import AskdocError, UsageError
from askdoc.formats import answer_to_json, dumps
from askdoc.paths import make_private
from askdoc.render.answers import View
from askdoc.render.console import MEASURE, Page, make_console
from askdoc.render.errors import error_lines
from askdoc.render.generation import ClaimStream
from askdoc.render.notices import ModelNotices
from askdoc.render.outcome import INTERRUPTED, Style, exit_code, show_answer, show_notes
from askdoc.serve import client
from askdoc.serve.engine import Ended, Engine, Task
from askdoc.settings import Settings
from askdoc.system.wire import Call, Failed, Heard, Returned, receive, send
from askdoc.types.ports import Listener

if TYPE_CHECKING:
    from askdoc.ask.federate import Asked
    from askdoc.serve.libraries import Libraries
    from askdoc.types import Answer

T = TypeVar("T")

_NARROWEST = 20
_LONGEST = 1_000_000
_PATIENCE = 30.0
_GLANCE = 0.1
_LAST = 0.5
"""Seconds for a task that was given up to end with what it has."""


class Meant(msgspec.Struct, frozen=True):
    """A workspace that a session has, with its settings."""

    root: str
    index: str
    settings: Settings


class AskLine(msgspec.Struct, frozen=True):
    """What a command sends."""

    version: str
    do: str
    workspaces: tuple[Meant, ...] = ()
    question: str = ""
    folder: str = ""
    library: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    json: bool = False
    brief: bool = False
    quotes: bool = False
    explain: bool = False
    strict: bool = False
    no_stream: bool = False
    environment: dict[str, str] = {}
    colours: dict[str, str] = {}
    columns: int = 0
    stderr: bool = False


class LocalServer:
    """Listens at a socket of the user's runtime folder and answers from an engine."""

    def __init__(self, engine: Engine, *, address: str | None, stop: Callable[[], None]) -> None:
        self._engine = engine
        self._address = address
        self._stop = stop
        self._started = time.time()
        self._path = Path(client.runtime_folder()) / f"{os.getpid()}.sock"
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def start(self) -> None:
        """Begin to listen.

        Raises:
            UsageError: the folder is not the user's own, or the socket cannot be made.

        """
        folder = self._path.parent
        try:
            make_private(folder)
            if not client.is_private(str(folder)):
                message = f"`{folder}` is not a folder of your own"
                raise UsageError(message, hint="`XDG_RUNTIME_DIR` names another")
            self._path.unlink(missing_ok=True)
            self._listening.bind(str(self._path))
            self._listening.listen(64)
        except OSError as error:
            message = f"cannot listen at `{self._path}`: {(error.strerror or str(error)).lower()}"
            raise UsageError(message) from error
        threading.Thread(target=self._accept, name="askdoc-local", daemon=True).start()

    def close(self) -> None:
        """Stop listening; what is being answered goes on."""
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                opened, _ = self._listening.accept()
            except OSError:  # it was closed
                return
            threading.Thread(target=self._serve, args=(opened,), daemon=True).start()

    def _serve(self, opened: socket.socket) -> None:
        opened.settimeout(_PATIENCE)
        with (
            suppress(OSError),
            opened,
            opened.makefile("rb") as reader,
            opened.makefile("wb") as stream,
        ):
            line = reader.readline(_LONGEST)
            try:
                request = msgspec.json.decode(line, type=AskLine)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return
            if request.version != __version__:
                _send(stream, {"refused": "another version"})
            elif request.do == "status":
                _send(stream, self._status())
            elif request.do == "stop":
                _send(stream, {"stopping": True})
                self._stop()
            elif (names := self._served(request)) is None:
                _send(stream, {"refused": "another index"})
            elif self._engine.waiting >= self._engine.limits.waiting:
                _send(stream, {"refused": "too many wait"})
            elif request.do == "mcp":
                opened.settimeout(None)
                self._serve_mcp(names, reader, stream)
            elif request.do == "session":
                _send(stream, {"accepted": True})
                opened.settimeout(None)
                self._serve_calls(names, opened, reader, stream)
            else:
                _send(stream, {"accepted": True})
                self._answer(request, names, opened, stream)

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "address": self._address,
            "libraries": {name: str(one.root) for name, one in self._engine.workspaces.items()},
            "ready": self._engine.ready,
            "seconds": round(time.time() - self._started),
        }

    def _served(self, request: AskLine) -> list[str] | None:
        """List the libraries, as the engine names them, that a command means; None if not served.

        The command would use the same index, with the same settings.
        """
        if not self._engine.ready or request.environment != client.environment():
            return None
        if request.workspaces:
            return self._names_of(
                [(Path(one.root), Path(one.index), one.settings) for one in request.workspaces]
            )
        named = request.library or tuple(
            filter(None, map(str.strip, os.environ.get("ASKDOC_LIBRARY", "").split(",")))
        )
        try:
            meant = (
                [workspace.open_library(name) for name in dict.fromkeys(named)]
                if named
                else [workspace.find(Path(request.folder))]
            )
        except (AskdocError, OSError):
            return None  # the command says what is wrong
        return self._names_of([(one.root, one.index, one.settings) for one in meant])

    def _names_of(self, meant: Sequence[tuple[Path, Path, Settings]]) -> list[str] | None:
        """List what the engine calls these workspaces; None if it has not all of them open."""
        names = {
            (served.root, served.index): name for name, served in self._engine.workspaces.items()
        }
        found = []
        for root, index, settings in meant:
            name = names.get((root, index))
            if name is None or self._engine.workspaces[name].settings != settings:
                return None
            found.append(name)
        return found

    def _serve_mcp(self, names: list[str], reader: IO[bytes], stream: IO[bytes]) -> None:
        """Answer a client of MCP until it leaves; it sees the libraries of those names."""
        try:
            from askdoc.serve.mcp import serve_streams
        except ModuleNotFoundError:  # an engine that a question leaves behind needs no extra
            _send(stream, {"refused": "no MCP here"})
            return
        _send(stream, {"accepted": True})
        asyncio.run(serve_streams(self._engine, reader, stream, frozenset(names)))

    def _serve_calls(
        self, names: list[str], opened: socket.socket, reader: IO[bytes], stream: IO[bytes]
    ) -> None:
        """Do what a session asks for until it leaves."""
        sending = threading.Lock()

        def hear(event: object) -> None:
            with sending:
                send(stream, Heard(event))

        while True:
            try:
                call = receive(reader)
            except (EOFError, pickle.UnpicklingError):
                return
            reply: Returned | Failed
            try:
                task = self._engine.submit(partial(self._call, call, names), hear)
                reply = Returned(_result(task, opened))
            except Ended:
                return
            except AskdocError as error:
                reply = Failed(type(error).__name__, str(error), error.hint)
            with sending:
                send(stream, reply)

    def _call(self, call: Call, names: list[str], libraries: Libraries, listen: Listener) -> object:
        asked = _chosen(libraries, names)
        match call.method, call.arguments:
            case "answer", (question, documents, earlier, complete):
                answer = asked.answer(
                    question,
                    documents=documents,
                    earlier=earlier,
                    complete=complete,
                    listen=listen,
                )
                self._engine.on_answer(answer)
                return answer
            case "completed", (question, turns, language):
                rewriter = libraries.rewriters.get(names[0])
                return completed(question, turns, rewriter, language=language)
            case "search", (question, limit, documents):
                return asked.search(question, limit=limit, documents=documents)
            case ("resolve" | "where" | "lines" | "fingerprint_for") as method, arguments:
                return getattr(asked, method)(*arguments)
        message = f"there is no method `{call.method}`"
        raise UsageError(message)

    def _answer(
        self, request: AskLine, names: list[str], opened: socket.socket, stream: IO[bytes]
    ) -> None:
        """Answer, and print as the command would."""
        base = Path(request.folder)
        page = _page(_Output(stream, "out"), base, request.columns, request.colours)
        width = request.columns if request.stderr else 0
        stderr = _page(_Output(stream, "err"), base, width, request.colours)

        def job(libraries: Libraries, hear: Listener) -> int:
            asked = _chosen(libraries, names)
            shows = [self._engine.workspaces[name].settings.show_unsupported for name in names]
            answer, code = _print(asked, request, (page, stderr), hear, withheld=any(shows))
            self._engine.on_answer(answer)
            return code

        try:
            code = _result(self._engine.submit(job, ModelNotices(stderr)), opened)
        except Ended:
            code = INTERRUPTED
        except AskdocError as error:
            stderr.show(error_lines(error, stderr))
            code = error.exit_code
        _send(stream, {"code": code})


def _result(task: Task[T], opened: socket.socket) -> T:
    """Wait for a task, which ends when the caller hangs up, or says that it sends no more.

    One who only sends no more gets what is there by then.

    Raises:
        Ended: the caller is gone, or the engine is being closed.

    """
    while not task.future.done():
        wait([task.future], _GLANCE)
        readable, _, _ = select.select([opened], [], [], 0)
        if readable and not opened.recv(1, socket.MSG_PEEK):
            task.cancel.set()
            wait([task.future], _LAST)
            if task.future.done():
                break
            message = "the caller is gone"
            raise Ended(message)
    return task.future.result()


def _chosen(libraries: Libraries, names: list[str]) -> Asked:
    """Return the library of that name, or several as one."""
    return libraries.members[names[0]] if len(names) == 1 else libraries.together(names)


def _print(
    asked: Asked, request: AskLine, pages: tuple[Page, Page], hear: Listener, *, withheld: bool
) -> tuple[Answer, int]:
    """Answer a command's question and print it; the exit code is returned with the answer."""
    page, stderr = pages
    view = View.BRIEF if request.brief else View.QUOTES if request.quotes else View.CONTEXT
    claims = ClaimStream(page)

    def listen(event: object) -> None:
        hear(event)
        if not (request.json or request.no_stream or request.brief):
            claims(event)

    answer = asked.answer(
        request.question,
        documents=narrowed(asked, request.source, request.where),
        listen=listen,
    )
    if request.json:
        page.console.file.write(f"{dumps(answer_to_json(answer, base=page.base))}\n")
    else:
        style = Style(view, explain=request.explain, withheld=withheld)
        show_answer(answer, page, stderr, style, lines=asked.lines, shown=claims.count)
    show_notes(answer, stderr)
    return answer, exit_code(answer, strict=request.strict)


class _Output:
    """A file whose text is sent to the command, to be printed there."""

    encoding = "utf-8"

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, text: str) -> int:
        """Send a text."""
        if text:
            _send(self._stream, {self._name: text})
        return len(text)

    def flush(self) -> None:
        """Do nothing: all is sent at once."""


def _page(file: _Output, base: Path, columns: int, colours: Mapping[str, str]) -> Page:
    """Describe the terminal or the pipe that a command writes to."""
    console = make_console(
        file=file,
        force_terminal=bool(columns),
        width=columns or 80,
        _environ=dict(colours),
    )
    width = max(_NARROWEST, min(columns, MEASURE)) if columns else None
    return Page(console, base, width, links=bool(columns) and console.color_system is not None)


def _send(stream: IO[bytes], reply: Mapping[str, Any]) -> None:
    stream.write(json.dumps(reply).encode() + b"\n")
    stream.flush()
