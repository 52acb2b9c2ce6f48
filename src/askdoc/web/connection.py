"""Connects only to checked IP addresses.

Each connection looks a name up once, checks the address, and connects to exactly that address, so a
name that resolves differently a moment later (DNS rebinding) changes nothing. One deadline limits
all waits, even if a server keeps sending small pieces.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from askdoc.web.robots import PRIVATE, objection

Resolve = Callable[[str, int], list[str]]
"""Looks up the IP addresses of a host; raises `OSError` if there are none."""


class PrivateAddress(Exception):
    """A host has no permitted address; `allowable`: an option would permit it."""

    def __init__(self, message: str, *, allowable: bool) -> None:
        super().__init__(message)
        self.allowable = allowable


class TimeUp(Exception):
    """The deadline has passed."""


class Deadline:
    """The moment when all waits end."""

    def __init__(self) -> None:
        self._until = 0.0
        self._seconds = 0.0

    def start(self, seconds: float) -> None:
        """Start the clock."""
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the remaining seconds.

        Raises:
            TimeUp: there are none.

        """
        left = self._until - time.monotonic()
        if left <= 0:
            message = f"it took longer than {self._seconds:g} s"
            raise TimeUp(message)
        return left


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to permitted addresses, until the deadline."""

    def __init__(
        self, deadline: Deadline, *, allow_private: bool, resolve: Resolve | None = None
    ) -> None:
        self.allow_private = allow_private
        self._deadline = deadline
        self._resolve = resolve or look_up
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look a host up, check its addresses, and connect to one of them."""
        failure: Exception | None = None
        for address in self._checked(host, port):
            try:
                stream = self._backend.connect_tcp(
                    address, port, self._deadline.left(), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        assert failure is not None  # noqa: S101 - there was an address to try
        raise failure

    def _checked(self, host: str, port: int) -> list[str]:
        """List the permitted addresses of a host."""
        found = self._looked_up(host.strip("[]"), port)
        reasons = {one: objection(one, allow_private=self.allow_private) for one in found}
        if sound := [one for one, reason in reasons.items() if reason is None]:
            return sound
        address, reason = next(iter(reasons.items()))
        shown = address if address == host.strip("[]") else f"{host}, which is {address},"
        message = f"{shown} {reason}"
        raise PrivateAddress(message, allowable=PRIVATE in reasons.values())

    def _looked_up(self, host: str, port: int) -> list[str]:
        """Look a host up in a thread, since the system's lookup has no timeout."""
        answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                answers.put(OSError(str(error)))

        threading.Thread(target=ask, name="askdoc-lookup", daemon=True).start()
        try:
            answer = answers.get(timeout=self._deadline.left())
        except queue.Empty:
            self._deadline.left()  # raises
            raise
        if isinstance(answer, OSError) or not answer:
            message = f"the name `{host}` is not known"
            raise httpcore.ConnectError(message)
        return answer


class _TimedStream(httpcore.NetworkStream):
    """A stream whose reads and writes end at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _TimedStream(secure, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def look_up(host: str, port: int) -> list[str]:
    """Look up the distinct IP addresses of a host, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))
