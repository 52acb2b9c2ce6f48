"""Runs the server until a signal ends it."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from askdoc.addresses import is_loopback
from askdoc.errors import AskdocError, UsageError
from askdoc.serve.app import make_app
from askdoc.serve.engine import Engine, Limits
from askdoc.serve.guard import Rules
from askdoc.serve.indexing import Indexing
from askdoc.serve.local import LocalServer
from askdoc.serve.watching import LOG
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from asyncio import Transport
    from types import FrameType

    from askdoc.workspace import Workspace

_PATIENCE = 15
"""Seconds in which what is being answered is finished, once the server is to end."""

_CONNECTIONS = 1000
_ENDINGS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server listens, who may call, and how much it does at once."""

    host: str = "127.0.0.1"
    port: int = 8710
    uploads: Mapping[str, Path] = field(default_factory=dict)
    """The folder for uploads of each library."""
    watch: bool = False
    """Whether to keep the indexes up to date with their sources."""
    rules: Rules = field(default_factory=Rules)
    limits: Limits = field(default_factory=Limits)


def serve(
    workspaces: Mapping[str, Workspace],
    options: Options,
    tell: Callable[[str], None],
    listen: Listener = ignore,
) -> None:
    """Open the libraries and answer until a signal; `tell` hears the address once all is warm.

    `listen` hears what models report.

    Raises:
        UsageError: the address cannot be listened at, or is open to others without tokens.
        AskdocError: a library cannot be opened.

    """
    refuse_open(options)
    _log_calls()
    with _listening(options) as listening:
        engine = Engine(workspaces, options.limits)
        engine.on_event = listen
        indexing = Indexing(workspaces, uploads=options.uploads, watch=options.watch)
        server = _Server(
            uvicorn.Config(
                make_app(engine, options.rules, indexing),
                http=HttpProtocol,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )
        failed: list[AskdocError] = []

        def open_libraries() -> None:
            try:
                engine.wait()
            except AskdocError as error:
                failed.append(error)
                server.should_exit = True
            else:
                indexing.start()
                tell(address(options.host, listening.getsockname()[1]))

        local = LocalServer(
            engine,
            address=address(options.host, listening.getsockname()[1]),
            stop=lambda: setattr(server, "should_exit", True),
        )
        engine.start()
        local.start()
        threading.Thread(target=open_libraries, daemon=True).start()
        try:
            with _ending(server):
                server.run(sockets=[listening])
        finally:
            local.close()
            indexing.close()
            engine.close(_PATIENCE)
        if failed:
            raise failed[0]


def _log_calls() -> None:
    """Write a line to standard error for each call."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False


def refuse_open(options: Options) -> None:
    """Go on where only this machine can call, or where callers show a token.

    Raises:
        UsageError: others could call without one.

    """
    if options.rules.is_open and not is_loopback(options.host):
        message = f"`{options.host}` can be reached from other machines, and no token is asked for"
        hint = "name a file of tokens: `--token-file FILE`; make one with `--add-token NAME`"
        hint += "; or name an issuer: `--oidc-issuer URL`"
        raise UsageError(message, hint=hint)


def address(host: str, port: int) -> str:
    """Write the address of the server."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class HttpProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Closes a connection that does not send a request in time, for which uvicorn waits forever."""

    seconds = 20.0

    def connection_made(self, transport: Transport) -> None:
        """Begin to watch a new connection."""
        super().connection_made(transport)
        self._last: object = self
        self._look()

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self.cycle is self._last:
            self.transport.close()
            return
        self._last = self.cycle
        self.loop.call_later(self.seconds, self._look)


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _ending(server: uvicorn.Server) -> Iterator[None]:
    """Have a signal end the server in order, and a second one at once."""

    def end(_number: int, _frame: FrameType | None) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listening(options: Options) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        opened = socket.create_server(
            (options.host, options.port), family=family, reuse_port=False, backlog=512
        )
    except (OSError, OverflowError) as error:
        why = (getattr(error, "strerror", None) or str(error)).partition(" (while ")[0].lower()
        message = f"cannot listen at {address(options.host, options.port)}: {why}"
        raise UsageError(message, hint="name another one: `--port N`, or 0 for any") from error
    with opened:
        yield opened
