"""Who gets in, and with how much, at real servers on loopback."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from askdoc.errors import UsageError
from askdoc.serve import tokens
from askdoc.serve.app import make_app
from askdoc.serve.engine import Engine
from askdoc.serve.guard import OPEN, Rules
from askdoc.serve.run import HttpProtocol, Options, refuse_open

from .conftest import serving

QUESTION = {"question": "When was the Oren dam completed?"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens") / "tokens.json"


@pytest.fixture(scope="module")
def secrets(kept: Path) -> dict[str, str]:
    shown = {"anna": tokens.add(kept, "anna", None), "ben": tokens.add(kept, "ben", ["other"])}
    return shown | {"carl": tokens.add(kept, "carl", None)}


@pytest.fixture(scope="module")
def guarded(engine: Engine, kept: Path, secrets: dict[str, str]) -> Iterator[httpx.Client]:
    rules = Rules(tokens=tokens.read(kept), body=2000, seconds=0.5, rate=20)
    with serving(engine, rules) as address, httpx.Client(base_url=address) as client:
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def paths(engine: Engine) -> list[str]:
    return [str(getattr(route, "path", "/")) for route in make_app(engine).routes]


def test_a_name_that_was_made_to_lead_here_is_refused_on_every_route(
    engine: Engine, client: httpx.Client
) -> None:
    for path in [*paths(engine), "/none"]:
        for host in ("evil.example", "evil.example:8710", "localhost.evil.example", "", "["):
            assert client.get(path, headers={"Host": host}).status_code == 421, (path, host)
    for host in ("localhost:1", "127.0.0.1", "[::1]:8710", "192.0.2.7"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_pages_of_other_sites_are_refused_on_every_route(
    engine: Engine, client: httpx.Client
) -> None:
    for path in [*paths(engine), "/none"]:
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
            reply = client.get(path, headers={"Origin": origin})
            assert reply.status_code == 403
            assert "access-control-allow-origin" not in reply.headers
    own = str(client.base_url).rstrip("/")
    assert client.get("/healthz", headers={"Origin": own}).status_code == 200


def test_each_answer_has_headers_that_seal_it(engine: Engine, client: httpx.Client) -> None:
    for path in [*paths(engine), "/none"]:
        method = "POST" if path == "/mcp" else "GET"  # it streams without end
        with client.stream(method, path) as reply:
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_every_route_but_the_probes_needs_a_token(
    engine: Engine, guarded: httpx.Client, secrets: dict[str, str]
) -> None:
    for path in paths(engine):
        assert guarded.get(path).status_code == (200 if path in OPEN else 401)
    without = guarded.get("/v1/documents").json()["error"]["message"]
    assert "a token is needed" in without
    for value in ("Bearer", "Bearer x", f"Bearer {secrets['anna'][:-1]}", "Basic !", "Digest a"):
        wrong = guarded.get("/v1/documents", headers={"Authorization": value})
        assert wrong.status_code == 401
        assert "does not know that token" in wrong.json()["error"]["message"]
    assert guarded.get("/v1/documents", headers=bearer(secrets["anna"])).status_code == 200
    assert guarded.get("/v1/documents", auth=("any", secrets["anna"])).status_code == 200


def test_a_token_opens_its_libraries_alone(
    guarded: httpx.Client, secrets: dict[str, str], client: httpx.Client
) -> None:
    [document, *_] = client.get("/v1/documents").json()["documents"]
    headers = bearer(secrets["ben"])
    assert guarded.get(f"/v1/documents/{document['id']}", headers=headers).status_code == 404
    for path, body in (("/v1/ask", QUESTION), ("/v1/search", {**QUESTION, "library": "works"})):
        assert guarded.post(path, json=body, headers=headers).status_code == 400
    assert guarded.post("/v1/ask", json=QUESTION, headers=bearer(secrets["anna"])).is_success


def test_a_token_has_a_rate(guarded: httpx.Client, secrets: dict[str, str]) -> None:
    headers = bearer(secrets["carl"])
    replies = [guarded.get("/v1/none", headers=headers).status_code for _ in range(25)]
    assert replies == [404] * 20 + [429] * 5


def test_only_the_hash_of_a_token_is_kept(kept: Path, secrets: dict[str, str]) -> None:
    text = kept.read_text()
    assert not any(secret in text for secret in secrets.values())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="already"):
        tokens.add(kept, "anna", None)
    (kept.parent / "other.json").write_text("{}}")
    with pytest.raises(UsageError, match="not a token file"):
        tokens.read(kept.parent / "other.json")


def test_a_body_has_a_limit_however_it_is_sent(
    guarded: httpx.Client, secrets: dict[str, str]
) -> None:
    headers = bearer(secrets["anna"])
    large = b'{"question": "' + b"x" * 3000 + b'"}'
    assert guarded.post("/v1/ask", content=large, headers=headers).status_code == 413
    pieces = (large[at : at + 500] for at in range(0, len(large), 500))
    assert guarded.post("/v1/ask", content=pieces, headers=headers).status_code == 413


def test_a_body_that_does_not_arrive_is_not_waited_for(
    guarded: httpx.Client, secrets: dict[str, str]
) -> None:
    target = urlsplit(str(guarded.base_url))
    with socket.create_connection((target.hostname, target.port or 0), timeout=20) as slow:
        head = f"POST /v1/ask HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Length: 100\r\n"
        slow.sendall(f"{head}Authorization: Bearer {secrets['anna']}\r\n\r\n{{".encode())
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


def test_a_connection_without_a_request_is_closed(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpProtocol, "seconds", 0.3)
    target = urlsplit(str(client.base_url))
    head = f"GET /healthz HTTP/1.1\r\nHost: {target.netloc}\r\n"
    for sent in ("", head, f"{head}\r\n{head}"):
        with socket.create_connection((target.hostname, target.port or 0), timeout=20) as silent:
            silent.sendall(sent.encode())
            received = b""
            while part := silent.recv(1000):
                received += part
            assert received.count(b"HTTP/1.1 200 OK") == sent.count("\r\n\r\n")


def test_other_machines_get_in_by_tokens_alone() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::", "example.org"):  # noqa: S104 - it is refused
        with pytest.raises(UsageError, match="no token is asked for"):
            refuse_open(Options(host=host))
        refuse_open(Options(host=host, rules=Rules(tokens=())))
    for host in ("127.0.0.1", "::1", "localhost"):
        refuse_open(Options(host=host))
