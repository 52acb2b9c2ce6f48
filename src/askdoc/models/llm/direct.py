"""Connections that go where the user said, and nowhere else.

A server on this machine is never reached through a proxy, which would send what it is asked to
another one; and no server can pass on what it is asked to another address.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from askdoc.models.llm.providers import is_loopback

if TYPE_CHECKING:
    import httpx


_MOST_BYTES = 1 << 26
"""Of one answer as it comes over the line, where a word is wrapped in several hundred bytes."""


class _Staying(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for the error that it then is."""

    def redirect_request(self, *_: Any) -> None:
        return None


def opener(url: str) -> urllib.request.OpenerDirector:
    """Return what opens `url` and follows no redirection: that is an `HTTPError`."""
    local = is_loopback(urlsplit(url).hostname or "")
    proxies = [urllib.request.ProxyHandler({})] if local else []
    return urllib.request.build_opener(_Staying, *proxies)


def client_options(url: str) -> dict[str, Any]:
    """Return what makes an `httpx.Client` for `url` do the same."""
    local = is_loopback(urlsplit(url).hostname or "")
    return {"follow_redirects": False, "trust_env": not local}


def client(url: str, timeout: float) -> httpx.Client:
    """Return a client for `url`; a redirection is an error of status 300 to 399.

    A server that only keeps the connection alive says nothing: after `timeout` seconds of that,
    too, it is given up; and so is one that sends more than any answer takes.
    """
    import httpx

    class Minded(httpx.SyncByteStream):
        def __init__(self, stream: httpx.SyncByteStream) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            room, heard = _MOST_BYTES, time.monotonic()
            for part in self._stream:
                room -= len(part)
                if room < 0:
                    message = "the server sends without end"
                    raise httpx.ReadError(message)
                if says_nothing(part) and time.monotonic() - heard > timeout:
                    message = "the server only keeps the connection alive"
                    raise httpx.ReadTimeout(message)
                yield part
                if not says_nothing(part):
                    heard = time.monotonic()

        def close(self) -> None:
            self._stream.close()

    def mind(response: httpx.Response) -> None:
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = Minded(response.stream)

    return httpx.Client(timeout=timeout, event_hooks={"response": [mind]}, **client_options(url))


def says_nothing(part: bytes) -> bool:
    """Tell whether a part of a stream of events holds comments and blank lines alone."""
    return all(not line or line.startswith(b":") for line in part.splitlines())
