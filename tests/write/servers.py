"""A server in front of the real one that may fail in its place, and what it fails with."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-key-for-this-test"

Fault = Callable[[BaseHTTPRequestHandler, bytes], bool]
"""Answers a chat request, given its body, in the server's place; False lets it through."""


@contextmanager
def in_front_of(
    url: str,
    fault: Fault,
    *,
    served: bytes | None = None,
    status: int = 200,
    kind: str = "application/json",
    moved: str | None = None,
    port: int = 0,
) -> Iterator[tuple[str, list[str]]]:
    """Put a server before the real one that may fail; yields its URL and the requests it got.

    `served` is what it answers instead when it is asked what it serves, with `status` and as
    `kind`, and `moved` where it says
    that this has gone; `port` is its own.
    """
    real_port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if moved is not None:
                reply(self, 302, b"", "text/plain", Location=moved)
            elif served is None:
                self._pass_on(b"")
            else:
                reply(self, status, served, kind)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.path)
            if not fault(self, body):
                self._pass_on(body)

        def _pass_on(self, body: bytes) -> None:
            real = http.client.HTTPConnection("127.0.0.1", real_port)
            real.request(self.command, self.path, body, dict(self.headers))
            answer = real.getresponse()
            data = answer.read()
            real.close()
            reply(self, answer.status, data, answer.getheader("Content-Type") or "text/plain")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(
    handler: BaseHTTPRequestHandler, status: int, data: bytes, kind: str, **headers: str
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def failing(status: int, times: int = 99, **headers: str) -> Fault:
    left = [times]

    def fault(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        left[0] -= 1
        if left[0] < 0:
            return False
        error = json.dumps({"error": {"message": "no", "code": status}}).encode()
        reply(handler, status, error, "application/json", **headers)
        return True

    return fault


def chunk(text: str) -> bytes:
    data = {
        "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }  # fmt: skip
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def breaking(*parts: bytes, promised: int) -> Fault:
    """Send a stream of `parts` that is shorter than it promised to be."""

    def fault(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part)
        handler.wfile.flush()
        handler.close_connection = True
        return True

    return fault


def endless(begin: str, again: str, *, pause: float = 0.0) -> Fault:
    """Say `begin`, and then `again` and again until whoever asked hangs up, or for a minute."""

    def fault(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.close_connection = True
        try:
            handler.wfile.write(chunk(begin))
            ends = time.monotonic() + 60
            while time.monotonic() < ends:
                handler.wfile.write(chunk(again))
                handler.wfile.flush()
                time.sleep(pause)
        except OSError:
            pass
        return True

    return fault
