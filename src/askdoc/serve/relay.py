"""`askdoc mcp`: passes the messages of a client on to an engine, and the replies back.

The engine is one that runs already, else one in this process. If it ends, the next message goes to
another, to which the greeting and what is not answered yet are repeated.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

import msgspec

_GREETING = ("initialize", "notifications/initialized")


class _Message(msgspec.Struct, frozen=True):
    """What matters of a message of MCP: a request has both, a reply no method."""

    id: int | str | None = None
    method: str | None = None


class Relay:
    """Connects a client with an engine; `connect` gives a connection that speaks MCP."""

    def __init__(self, connect: Callable[[], socket.socket], outgoing: IO[bytes]) -> None:
        self._connect = connect
        self._outgoing = outgoing
        self._lock = threading.RLock()
        self._engine: socket.socket | None = None
        self._reading: threading.Thread | None = None
        self._closing = False
        self._greeting: list[bytes] = []
        self._greeted: set[int | str] = set()
        """Ids of requests of the greeting that the client has the reply to."""
        self._open: dict[int | str, bytes] = {}
        """Requests without a reply yet."""

    def run(self, incoming: IO[bytes]) -> None:
        """Pass messages on until the client closes its end, and all is answered."""
        with self._lock:
            self._begin()
        for line in incoming:
            message = _read(line)
            with self._lock:
                if message.method in _GREETING:
                    self._greeting.append(line)
                elif message.method and message.id is not None:
                    self._open[message.id] = line
                self._send(line)
        with self._lock:
            self._closing = True
            if self._engine is not None:
                with suppress(OSError):
                    self._engine.shutdown(socket.SHUT_WR)
        if self._reading is not None:
            self._reading.join()

    def _send(self, line: bytes) -> None:
        """Send a line to the engine; to another one if it has ended."""
        if self._engine is None:
            self._begin(line)
            return
        try:
            self._engine.sendall(line)
        except OSError:
            self._begin(line)

    def _begin(self, line: bytes | None = None) -> None:
        """Connect to an engine and repeat what the last one has not answered, then send `line`."""
        self._engine = self._connect()
        repeated = [*self._greeting, *self._open.values()]
        if line is not None and line not in repeated:
            repeated.append(line)
        self._reading = threading.Thread(target=self._read, args=(self._engine,), daemon=True)
        self._reading.start()
        self._engine.sendall(b"".join(repeated))

    def _read(self, engine: socket.socket) -> None:
        """Pass replies on until the engine ends."""
        with suppress(OSError), engine.makefile("rb") as replies:
            for line in replies:
                self._reply(line)
        with self._lock:
            engine.close()
            if self._engine is engine:
                self._engine = None
                if self._open and not self._closing:
                    self._begin()

    def _reply(self, line: bytes) -> None:
        message = _read(line)
        with self._lock:
            if message.id is not None and message.method is None:
                self._open.pop(message.id, None)
                if message.id in self._greeted:
                    return  # the client had it from the engine before
                if any(_read(greeting).id == message.id for greeting in self._greeting):
                    self._greeted.add(message.id)
            self._outgoing.write(line)
            self._outgoing.flush()


def _read(line: bytes) -> _Message:
    """Read a message; one that is not JSON has nothing that matters."""
    try:
        return msgspec.json.decode(line, type=_Message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Message()
