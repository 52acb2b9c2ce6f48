"""Fetching over real connections: what is followed, what is refused, where it ends."""

from __future__ import annotations

import gzip
import shutil
import time
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.web.site import Page, serving, unsigned_certificate

from askdoc.errors import ReadError
from askdoc.web import connection
from askdoc.web.connection import Resolve
from askdoc.web.fetch import Answer, Fetcher, Validators

if TYPE_CHECKING:
    from tests.web.site import Site

MOST = 100_000


def fetch(
    address: str,
    *,
    allow_private: bool = True,
    most: int = MOST,
    seconds: float = 20,
    resolve: Resolve | None = None,
    known: Validators | None = None,
) -> tuple[Answer, bytes]:
    into = BytesIO()
    with Fetcher(
        most=most, seconds=seconds, allow_private=allow_private, resolve=resolve
    ) as fetcher:
        return fetcher.fetch(address, into, known), into.getvalue()


def error_of(address: str, **options: object) -> ReadError:
    with pytest.raises(ReadError) as caught:
        fetch(address, **options)  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value


def code_of(address: str, **options: object) -> str:
    return error_of(address, **options).code


def test_a_page_comes_with_what_the_server_says_of_it(site: Site) -> None:
    site.put("/a", "Boats.")
    answer, body = fetch(site.at("/a"))
    assert b"Boats." in body
    assert (answer.type, answer.charset, answer.at) == ("text/html", "utf-8", site.at("/a"))
    known = Validators(site.at("/a"), answer.etag, answer.modified)
    again, nothing = fetch(site.at("/a"), known=known)
    assert again.unchanged
    assert nothing == b""
    assert site.spared == ["/a"]


def test_a_private_host_is_refused_before_anything_is_sent(site: Site) -> None:
    site.put("/a", "Secret.")
    assert code_of(site.at("/a"), allow_private=False) == "private_address"
    port = site.url.rpartition(":")[2]
    for host in ("localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"):  # noqa: S104
        assert code_of(f"http://{host}:{port}/a", allow_private=False) == "private_address"
    assert site.asked == []


def test_a_name_is_looked_up_once_and_connected_to_as_it_was_checked(site: Site) -> None:
    """A name that stands for a public address when asked first, and for this machine later."""
    site.put("/a", "Secret.")
    port = int(site.url.rpartition(":")[2])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    url = f"http://rebinding.example:{port}/a"
    assert code_of(url, allow_private=False, resolve=rebinding) == "private_address"
    assert asked == ["rebinding.example"]
    # What was checked is what is connected to: no other look-up knows this name.
    answer, body = fetch(url, resolve=lambda _host, _port: ["127.0.0.1"])
    assert b"Secret." in body
    assert answer.at == url
    # Of several addresses, those that may not be connected to are left out.
    assert code_of(url, allow_private=False, resolve=lambda *_: ["127.0.0.1", "10.0.0.1"]) == (
        "private_address"
    )
    assert len(site.asked) == 1


def test_redirects_are_followed_and_each_is_checked(site: Site) -> None:
    site.put("/end", "Here.")
    site.pages["/start"] = Page(status=301, headers={"Location": "/middle"})
    site.pages["/middle"] = Page(status=307, headers={"Location": site.at("/end#x")})
    answer, body = fetch(site.at("/start"))
    assert b"Here." in body
    assert answer.at == site.at("/end")

    site.pages["/inside"] = Page(status=302, headers={"Location": "http://10.255.255.1/secret"})
    site.pages["/cloud"] = Page(
        status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"}
    )
    public = "public.example"
    port = site.url.rpartition(":")[2]

    def resolve(host: str, _port: int) -> list[str]:
        return ["127.0.0.1"] if host == public else [host]

    def checked(path: str) -> str:
        return code_of(f"http://{public}:{port}{path}", resolve=resolve)

    assert checked("/cloud") == "private_address"  # although private hosts are allowed
    refused = error_of("http://169.254.169.254/a", allow_private=False)
    assert "--allow-private" not in (refused.hint or "")
    assert "--allow-private" in (error_of("http://10.0.0.1/a", allow_private=False).hint or "")
    site.pages["/file"] = Page(status=302, headers={"Location": "file:///etc/passwd"})
    assert code_of(site.at("/file")) == "unreachable"


def test_a_redirect_from_a_public_host_to_a_private_one_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from askdoc.web.robots import objection

    site.put("/secret", "Secret.")
    site.pages["/start"] = Page(status=302, headers={"Location": site.at("/secret")})
    port = site.url.rpartition(":")[2]
    seen: list[str] = []

    def as_if_public(address: str, *, allow_private: bool) -> str | None:
        seen.append(address)
        return None if len(seen) == 1 else objection(address, allow_private=allow_private)

    monkeypatch.setattr(connection, "objection", as_if_public)
    url = f"http://public.example:{port}/start"
    assert code_of(url, allow_private=False, resolve=lambda *_: ["127.0.0.1"]) == "private_address"
    assert site.asked == ["/start"]
    assert len(seen) == 2


def test_redirects_without_end_are_given_up(site: Site) -> None:
    site.pages["/a"] = Page(status=302, headers={"Location": "/b"})
    site.pages["/b"] = Page(status=302, headers={"Location": "/a"})
    endless = error_of(site.at("/a"))
    assert endless.code == "unreachable"
    assert endless.hint == "see in a browser where it leads to, and index that address"
    assert len(site.asked) == 2
    for number in range(30):
        site.pages[f"/{number}"] = Page(status=302, headers={"Location": f"/{number + 1}"})
    assert code_of(site.at("/0")) == "unreachable"
    assert "/29" not in site.asked


def test_too_much_is_refused_whether_or_not_it_is_announced(site: Site) -> None:
    site.pages["/announced"] = Page(b"x" * (MOST + 1))

    def unannounced(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/plain")
        request.send_header("Connection", "close")
        request.end_headers()
        for _ in range(1000):
            request.wfile.write(b"x" * 10_000)

    site.pages["/endless"] = unannounced
    assert code_of(site.at("/announced")) == "too_large"
    assert code_of(site.at("/endless")) == "too_large"
    site.pages["/just"] = Page(b"x" * MOST)
    assert len(fetch(site.at("/just"))[1]) == MOST


def test_what_is_packed_counts_unpacked(site: Site) -> None:
    packed = {"Content-Encoding": "gzip"}
    site.pages["/fine"] = Page(gzip.compress(b"word " * 1000), headers=packed)
    site.pages["/bomb"] = Page(gzip.compress(b"\0" * 100_000_000), headers=packed)
    site.pages["/twice"] = Page(gzip.compress(b"a") + gzip.compress(b"b"), headers=packed)
    site.pages["/cut"] = Page(gzip.compress(b"word " * 1000)[:-9], headers=packed)
    site.pages["/other"] = Page(b"x", headers={"Content-Encoding": "br"})
    assert fetch(site.at("/fine"))[1] == b"word " * 1000
    assert fetch(site.at("/twice"))[1] == b"ab"
    assert code_of(site.at("/bomb")) == "too_large"
    assert code_of(site.at("/cut")) == "unreachable"
    assert code_of(site.at("/other")) == "unreachable"


def test_a_server_that_never_ends_is_left_when_the_time_is_up(site: Site) -> None:
    """Each wait is short; all of them together are what is bounded."""
    sent: list[int] = []

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        for number in range(1000):
            request.wfile.write(b"x")
            request.wfile.flush()
            sent.append(number)
            time.sleep(0.05)

    def drip_of_headers(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1000):
            request.wfile.write(f"X-{number}: x\r\n".encode())
            request.wfile.flush()
            time.sleep(0.05)

    def silent(_request: BaseHTTPRequestHandler) -> None:
        time.sleep(5)

    for name, page in (("/body", drip), ("/headers", drip_of_headers), ("/silent", silent)):
        site.pages[name] = page
        assert code_of(site.at(name), seconds=2) == "unreachable"
    assert sent
    assert len(sent) < 1000


def test_a_look_up_that_hangs_is_left_too() -> None:
    def hanging(_host: str, _port: int) -> list[str]:
        time.sleep(5)
        return []

    assert code_of("http://slow.example/", seconds=0.3, resolve=hanging) == "unreachable"


def test_what_a_server_says_instead_of_a_page(site: Site) -> None:
    for status, code in ((404, "gone"), (410, "gone"), (500, "unreachable"), (503, "unreachable"),
                         (429, "unreachable"), (401, "refused"), (403, "refused")):  # fmt: skip
        site.pages["/x"] = Page(status=status)
        assert code_of(site.at("/x")) == code, status

    def breaks_off(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"only this")

    def nonsense(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"\0\1\2 this is not HTTP\r\n\r\n")

    for page in (breaks_off, nonsense):
        site.pages["/x"] = page
        assert code_of(site.at("/x")) == "unreachable"


def test_nobody_there() -> None:
    with serving() as gone:
        pass
    assert code_of(gone.at("/")) == "unreachable"

    def unknown(_host: str, _port: int) -> list[str]:
        message = "Name or service not known"
        raise OSError(message)

    assert code_of("http://nowhere.example/", resolve=unknown) == "unreachable"


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    with serving(unsigned_certificate(tmp_path, openssl)) as secure:
        secure.put("/a", "Boats.")
        with pytest.raises(ReadError, match="certificate is not valid") as caught:
            fetch(secure.at("/a"))
        assert caught.value.code == "unreachable"
        assert secure.asked == []
