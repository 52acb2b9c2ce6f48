"""Tokens of an OpenID Connect issuer: a real one on loopback, whose keys a real server fetches."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.provider import AccessToken
from mcp.shared.auth import ProtectedResourceMetadata

from askdoc.errors import UsageError
from askdoc.serve import oidc
from askdoc.serve.engine import Engine
from askdoc.serve.guard import Rules

from .conftest import serving

AUDIENCE = "askdoc-here"
QUESTION = {"question": "When was the Oren dam completed?"}


@dataclass
class SmallIssuer:
    """Publishes its keys, and signs."""

    address: str = ""
    keys: dict[str, RSAPrivateKey] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    is_down: bool = False

    def add_key(self, name: str) -> None:
        self.keys[name] = generate_private_key(65537, 2048)

    def sign(self, key: str = "first", **claims: Any) -> str:
        given = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "anna",
            "exp": time.time() + 600,
            "scope": "openid askdoc:read",
        } | claims
        given = {name: value for name, value in given.items() if value is not None}
        headers = {"kid": key, "jku": f"{self.address}/other-keys"}
        return jwt.encode(given, self.keys[key], "RS256", headers=headers)

    def reply(self, path: str) -> dict[str, Any] | None:
        self.fetched.append(path)
        if self.is_down:
            return None
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.address, "jwks_uri": f"{self.address}/keys"}
        return {
            "keys": [
                {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}
                for name, key in self.keys.items()
            ]
        }


@pytest.fixture(scope="module")
def issuer() -> Iterator[SmallIssuer]:
    made = SmallIssuer()
    made.add_key("first")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = made.reply(self.path)
            self.send_response(200 if reply else 503)
            self.end_headers()
            self.wfile.write(json.dumps(reply).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture(scope="module")
def client(engine: Engine, issuer: SmallIssuer) -> Iterator[httpx.Client]:
    rules = Rules(issuer=oidc.discover(issuer.address, AUDIENCE), rate=10_000)
    with serving(engine, rules) as address, httpx.Client(base_url=address, timeout=30) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_of_the_issuer_opens_the_server(client: httpx.Client, issuer: SmallIssuer) -> None:
    for more in ({}, {"aud": [AUDIENCE, "other"]}, {"scope": None, "scp": ["askdoc:read"]}):
        reply = client.post("/v1/ask", json=QUESTION, headers=bearer(issuer.sign(**more)))
        assert "1931" in reply.json()["answer"]
    assert client.get("/documents", auth=("any", issuer.sign())).status_code == 200
    assert "/other-keys" not in issuer.fetched


def test_what_the_issuer_has_not_signed_for_this_server_is_refused(
    client: httpx.Client, issuer: SmallIssuer
) -> None:
    good = issuer.sign()
    body = jwt.decode(good, options={"verify_signature": False})
    public = issuer.keys["first"].public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    by_public_key = jwt.PyJWS().encode(
        json.dumps(body).encode(), "", "none", headers={"kid": "first"}
    )
    shared = jwt.encode(body, "x" * 40, "HS256", headers={"kid": "first"})
    head, _, signature = good.split(".")
    other = issuer.sign(sub="eve").split(".")[1]
    refused = [
        "x",
        "..",
        pem.replace("\n", ""),
        by_public_key,
        shared,
        f"{head}.{other}.{signature}",
        issuer.sign(aud="another-server"),
        issuer.sign(aud=None),
        issuer.sign(iss="https://other.example"),
        issuer.sign(exp=time.time() - 60),
        issuer.sign(exp=None),
        issuer.sign(nbf=time.time() + 600),
        issuer.sign(sub=None),
        jwt.encode(body, generate_private_key(65537, 2048), "RS256", headers={"kid": "first"}),
        jwt.encode(body, generate_private_key(65537, 2048), "RS256", headers={"kid": "unknown"}),
        jwt.encode(body, issuer.keys["first"], "RS256"),
    ]
    for token in refused:
        assert client.get("/v1/libraries", headers=bearer(token)).status_code == 401, token


def test_scopes_say_what_a_token_opens(client: httpx.Client, issuer: SmallIssuer) -> None:
    def get(scope: str) -> httpx.Response:
        return client.get("/v1/libraries", headers=bearer(issuer.sign(scope=scope)))

    without = get("openid")
    assert without.status_code == 403
    assert 'error="insufficient_scope"' in without.headers["www-authenticate"]
    assert [one["name"] for one in get("askdoc:read").json()["libraries"]] == ["works"]
    only = "askdoc:read askdoc:library:works askdoc:library:other"
    assert [one["name"] for one in get(only).json()["libraries"]] == ["works"]
    assert get("askdoc:read askdoc:library:other").json()["error"]["code"] == "UsageError"
    known = oidc.Issuer(issuer.address, AUDIENCE, f"{issuer.address}/keys")
    for scope, may_index in (("askdoc:read", False), ("askdoc:index", True)):
        access = AccessToken(token="", client_id="", subject="anna", scopes=[scope])
        token = known.token_of(access)
        assert token is not None
        assert (token.name, token.index, token.libraries) == ("oidc:anna", may_index, None)


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        (["legal", "hr_2"], ("legal", "hr_2")),
        ("legal", ("legal",)),
        (["x,legal", "/legal", "Legal", "", 7, None], ()),
        ({"legal": True}, ()),
        (None, ()),
    ],
)
def test_a_claim_names_the_groups(issuer: SmallIssuer, claim: object, groups: object) -> None:
    for name, expected in (("teams", groups), ("others", ()), (None, ())):
        known = oidc.discover(issuer.address, AUDIENCE, name)
        access = asyncio.run(known.verify_token(issuer.sign(teams=claim)))
        assert access is not None
        token = known.token_of(access)
        assert token is not None
        assert token.groups == expected


def test_a_client_of_mcp_finds_the_issuer_and_gets_in(
    client: httpx.Client, issuer: SmallIssuer
) -> None:
    refused = client.post("/mcp", json={})
    assert refused.status_code == 401
    [address] = [
        part.partition('"')[2].rstrip('",')
        for part in refused.headers["www-authenticate"].split()
        if part.startswith("resource_metadata=")
    ]
    described = ProtectedResourceMetadata.model_validate(client.get(address).json())
    assert str(described.resource) == f"{client.base_url}/mcp"
    assert [str(one).rstrip("/") for one in described.authorization_servers] == [issuer.address]

    async def main() -> list[str]:
        async with httpx2.AsyncClient(headers=bearer(issuer.sign())) as opened:
            to = streamable_http_client(f"{client.base_url}/mcp", http_client=opened)
            async with asyncio.timeout(60), Client(to) as session:
                return [tool.name for tool in (await session.list_tools()).tools]

    assert "ask" in asyncio.run(main())


def test_keys_change_and_an_issuer_may_be_away(
    engine: Engine, issuer: SmallIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(oidc, "_REST", 0.0)
        changing = oidc.discover(issuer.address, AUDIENCE)
    assert asyncio.run(changing.verify_token(issuer.sign())) is not None
    issuer.add_key("second")
    assert asyncio.run(changing.verify_token(issuer.sign("second"))) is not None
    fresh = oidc.discover(issuer.address, AUDIENCE)
    issuer.is_down = True
    before = len(issuer.fetched)
    try:
        with serving(engine, Rules(issuer=fresh)) as address:
            for _ in range(5):
                reply = httpx.get(f"{address}/v1/libraries", headers=bearer(issuer.sign()))
                assert reply.status_code == 503
                assert reply.headers["retry-after"] == "30"
        assert len(issuer.fetched) == before + 1
        assert asyncio.run(changing.verify_token(issuer.sign())) is not None
        with pytest.raises(UsageError, match="cannot be reached"):
            oidc.discover(issuer.address, AUDIENCE)
    finally:
        issuer.is_down = False


def test_an_issuer_is_one_whose_keys_nobody_can_exchange(issuer: SmallIssuer) -> None:
    for address in (
        "http://id.example.org",
        "file:///etc",
        "id.example.org",
        "https://",
        "http://[",
    ):
        with pytest.raises(UsageError, match="https://"):
            oidc.discover(address, AUDIENCE)
    with pytest.raises(UsageError, match="describes another issuer"):
        oidc.discover(issuer.address.replace("127.0.0.1", "localhost"), AUDIENCE)
