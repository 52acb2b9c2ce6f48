"""What stands before every route: who may call, with how much, and how answers are sealed.

A page of another site can make a browser call this server. It is kept out by the `Host` header,
which names its own site if it has that site's name resolve to this machine, and by `Origin`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers, MutableHeaders

from askdoc.serve import oidc, tokens
from askdoc.serve.http import TOKEN, json_response, plain_error
from askdoc.serve.libraries import GROUPS

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from askdoc.serve.tokens import Token

OPEN = frozenset({"/healthz", "/readyz", oidc.METADATA})
"""Routes that need no token: they say nothing of the documents."""

UPLOAD = ("POST", "/v1/documents")
"""The call whose body is a file."""

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
"""Headers of each answer, unless its route sets others."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may call, and with how much.

    `hosts` are names of this machine besides `localhost`. Without `tokens` and `issuer`, everybody
    is let in. A body has `body` bytes at most and arrives within `seconds`; that of an upload has
    `upload` bytes and `upload_seconds`. Each token has `rate` calls a minute, unless it has a rate
    of its own.
    """

    hosts: tuple[str, ...] = ()
    tokens: tuple[Token, ...] | None = None
    issuer: oidc.Issuer | None = None
    body: int = 1_000_000
    seconds: float = 20.0
    upload: int = 0
    upload_seconds: float = 600.0
    rate: int = 600

    @property
    def is_open(self) -> bool:
        """Whether callers need no token."""
        return self.tokens is None and self.issuer is None


class Refused(Exception):
    """A call that no route gets to see."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class Guard:
    """Middleware that lets a call through to the app, or refuses it."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sealed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._admit(scope)
            await self._app(scope, _Body(receive, scope, self._rules).receive, sealed)
        except Refused as refused:
            if begun:
                raise
            await _refusal(refused)(scope, receive, sealed)

    async def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._knows(hosts[0]):
            raise Refused(421, "this server does not go by the name in `Host`")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != hosts[0].lower():
            raise Refused(403, "pages of other sites may not call this server")
        if self._rules.is_open or scope["path"] in OPEN:
            return
        authorization = headers.get("authorization", "")
        token = await self._token(_shown(authorization))
        if token is None:
            message = "a token is needed: `Authorization: Bearer TOKEN`"
            if authorization:
                message = "this server does not know that token, or it has expired"
            challenge = 'Basic realm="askdoc: the token is the password"'
            if self._rules.issuer is not None:
                metadata = f"{scope['scheme']}://{hosts[0]}{oidc.METADATA}"
                wrong = 'error="invalid_token", ' if authorization else ""
                challenge = f'Bearer {wrong}resource_metadata="{metadata}", {challenge}'
            raise Refused(401, message, {"WWW-Authenticate": challenge})
        rate = RateLimitItemPerMinute(token.rate or self._rules.rate)
        if not self._limiter.hit(rate, token.name):
            raise Refused(429, "too many calls with this token", {"Retry-After": "60"})
        scope[TOKEN] = token
        GROUPS.set(token.groups)

    async def _token(self, shown: str) -> Token | None:
        """Find out what a token opens; None if it is not valid."""
        known = tokens.find(self._rules.tokens or (), shown)
        if known is not None or self._rules.issuer is None or not shown:
            return known
        try:
            access = await self._rules.issuer.verify_token(shown)
        except oidc.NoKeys as error:
            raise Refused(503, str(error), {"Retry-After": str(error.retry_after)}) from error
        if access is None:
            return None
        token = self._rules.issuer.token_of(access)
        if token is None:
            raise Refused(
                403,
                f"the token needs the scope `{oidc.READ}`",
                {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{oidc.READ}"'},
            )
        return token

    def _knows(self, host: str) -> bool:
        """Tell whether a host is this machine: an address, or a name of its own.

        A site whose name is made to resolve to this machine is in `Host` by that name.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", *self._rules.hosts):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class _Body:
    """The body of a call, as far as it is within the limits."""

    def __init__(self, receive: Receive, scope: Scope, rules: Rules) -> None:
        self._receive = receive
        is_upload = (scope["method"], scope["path"]) == UPLOAD
        self._most = max(rules.body, rules.upload) if is_upload else rules.body
        self._size = 0
        self._complete = False
        seconds = rules.upload_seconds if is_upload and rules.upload else rules.seconds
        self._until = asyncio.get_running_loop().time() + seconds
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                received = await self._receive()
        except TimeoutError as error:
            message = "the body did not arrive in time"
            raise Refused(408, message, {"Connection": "close"}) from error
        if received["type"] == "http.request":
            self._size += len(received.get("body", b""))
            self._complete = not received.get("more_body", False)
        if self._size > self._most:
            raise self._too_large()
        return received

    def _too_large(self) -> Refused:
        message = f"the body has more than {self._most:,} bytes"
        return Refused(413, message, {"Connection": "close"})


def _shown(authorization: str) -> str:
    """Return the token that a caller shows, if any: a bearer, or, as browsers do, a password."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    elif scheme.lower() != "bearer":
        return ""
    return value.strip()


def _refusal(refused: Refused) -> Response:
    details = plain_error(str(refused), "refused", refused.status)
    return json_response(details, status=refused.status, headers=refused.headers)
