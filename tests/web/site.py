"""A web site on this machine: real pages over a real connection, and servers that misbehave."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Misbehave = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Page:
    """What a server answers; `etag` and `modified` tell later whether it is as it was."""

    body: bytes = b""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    tags: bool = True


@dataclass
class Site:
    """Pages by their path; what was asked is in `asked`, and what was not sent anew in `spared`."""

    url: str = ""
    pages: dict[str, Page | Misbehave] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    spared: list[str] = field(default_factory=list)

    def put(self, path: str, *words: str, links: tuple[str, ...] = (), title: str = "") -> None:
        """Put a page there, with a paragraph for each of `words`, and links."""
        body = "".join(f"<p>{one}</p>" for one in words)
        body += "".join(f'<p><a href="{one}">{one}</a></p>' for one in links)
        html = f"<html><head><title>{title or path}</title></head><body>{body}</body></html>"
        self.pages[path] = Page(html.encode())

    def at(self, path: str) -> str:
        return f"{self.url}{path}"

    def clear(self) -> None:
        self.asked.clear()
        self.spared.clear()


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Site]:
    """Serve a site on a free port of this machine, by TLS with a certificate that nobody signed."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(self.path)
            page = site.pages.get(self.path, Page(b"none", status=404))
            if not isinstance(page, Page):
                page(self)
                self.close_connection = True
                return
            etag = f'"{hashlib.sha256(page.body).hexdigest()[:12]}"'
            if page.tags and self.headers.get("If-None-Match") == etag:
                site.spared.append(self.path)
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(page.status)
            if page.type:
                self.send_header("Content-Type", page.type)
            self.send_header("Content-Length", str(len(page.body)))
            if page.tags:
                self.send_header("ETag", etag)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *args: Any) -> None:
            pass  # that a client goes away is what is tested

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    site.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def unsigned_certificate(folder: Path, openssl: str) -> Path:
    """Make a key and a certificate for this machine, signed by nobody else."""
    file = folder / "server.pem"
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, *request.split(), *names, *made], check=True, capture_output=True)
    file.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return file
