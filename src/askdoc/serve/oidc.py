"""Access tokens of an OpenID Connect issuer, which whoever starts the server names.

Such a token is a JWT. One of the issuer's keys has signed it, it is meant for this server, and it
has not expired. Its scopes say what it opens:

    askdoc:read            ask and read
    askdoc:index           also add documents
    askdoc:library:NAME    this library only; several open several, and without any, all are open

Nothing that a token names is fetched: the keys come from the address that the issuer publishes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from jwt.exceptions import PyJWKClientConnectionError
from mcp.server.auth.provider import AccessToken, TokenVerifier
from starlette.routing import Route

from askdoc.addresses import is_loopback
from askdoc.errors import AskdocError, UsageError
from askdoc.index.indexer import GROUP
from askdoc.serve.http import json_response
from askdoc.serve.links import base_of
from askdoc.serve.tokens import Token

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

READ = "askdoc:read"
INDEX = "askdoc:index"
LIBRARY = "askdoc:library:"

METADATA = "/.well-known/oauth-protected-resource/mcp"
"""Where clients of MCP find the issuer (RFC 9728)."""

_DISCOVERY = "/.well-known/openid-configuration"
_ALGORITHMS = tuple(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512))
"""Signatures with a public key. A secret that is shared with the issuer would not prove as much."""

_LEEWAY = 30.0
"""Seconds by which the clocks of the issuer and of this machine may differ."""
_SECONDS = 5.0
_REST = 30.0
"""Seconds between two attempts to fetch the keys, whatever callers send."""


class NoKeys(AskdocError):
    """The keys of the issuer cannot be fetched now; `retry_after` is in seconds."""

    retry_after = round(_REST)


class Issuer(TokenVerifier):
    """Verifies tokens of one issuer for one audience; their `groups` claim names groups, if set."""

    def __init__(self, address: str, audience: str, keys: str, groups: str | None = None) -> None:
        self.address = address
        self.audience = audience
        self._groups = groups
        self._keys = _Keys(keys, timeout=_SECONDS, cooldown_duration=_REST)
        # A thread of its own: an issuer that does not reply holds up nothing but tokens.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="askdoc-tokens")

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what a token says, or None if it is not valid here.

        Raises:
            NoKeys: the keys of the issuer cannot be fetched now.

        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._verify, token)

    def _verify(self, token: str) -> AccessToken | None:
        try:
            claims = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token),
                algorithms=_ALGORITHMS,
                audience=self.audience,
                issuer=self.address,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (PyJWKClientConnectionError, OSError) as error:
            message = f"the keys of `{self.address}` cannot be fetched"
            raise NoKeys(message, hint="try again in a moment") from error
        except (jwt.PyJWTError, ValueError):
            return None
        return AccessToken(
            token=token,
            client_id=str(claims.get("client_id") or claims.get("azp") or claims["sub"]),
            scopes=_scopes(claims),
            expires_at=int(claims["exp"]),
            resource=self.audience,
            subject=claims["sub"],
            claims=claims,
        )

    def token_of(self, access: AccessToken) -> Token | None:
        """Return what the scopes of a token open; None if that is nothing."""
        if not {READ, INDEX} & set(access.scopes):
            return None
        named = [one.removeprefix(LIBRARY) for one in access.scopes if one.startswith(LIBRARY)]
        return Token(
            name=f"oidc:{access.subject}",
            sha256="",
            libraries=tuple(named) or None,
            index=INDEX in access.scopes,
            groups=self._groups_in(access.claims or {}),
        )

    def _groups_in(self, claims: dict[str, Any]) -> tuple[str, ...]:
        """Return the groups that a token names; other names than those of groups do not count."""
        given = claims.get(self._groups) if self._groups else None
        found = [given] if isinstance(given, str) else given
        if not isinstance(found, list):
            return ()
        return tuple(one for one in found if isinstance(one, str) and GROUP.fullmatch(one))


class _Keys(jwt.PyJWKClient):
    """Fetches the keys, with a rest after each attempt, failed ones included."""

    _until = 0.0

    def fetch_data(self) -> Any:
        if time.monotonic() < self._until:
            message = "the last attempt was a moment ago"
            raise PyJWKClientConnectionError(message)
        self._until = time.monotonic() + self.cooldown_duration
        return super().fetch_data()


def discover(address: str, audience: str, groups: str | None = None) -> Issuer:
    """Ask an issuer where its keys are; `groups` is the claim that names groups.

    Raises:
        UsageError: the address is not one of an issuer, or it does not reply.

    """
    _expect_safe(address)
    hint = f"an issuer describes itself at `ADDRESS{_DISCOVERY}`"
    found = jwt.PyJWKClient(address.rstrip("/") + _DISCOVERY, cache_jwk_set=False, timeout=_SECONDS)
    try:
        described = found.fetch_data()
    except (jwt.PyJWTError, OSError, ValueError) as error:
        message = f"the issuer `{address}` cannot be reached: {error}"
        raise UsageError(message, hint=hint) from error
    name, keys = described.get("issuer"), described.get("jwks_uri")
    if not isinstance(name, str) or name.rstrip("/") != address.rstrip("/"):
        message = f"`{address}` describes another issuer: `{name}`"
        raise UsageError(message, hint="give the address that its tokens name as `iss`")
    if not isinstance(keys, str):
        message = f"the issuer `{address}` does not say where its keys are"
        raise UsageError(message, hint=hint)
    _expect_safe(keys)
    return Issuer(name, audience, keys, groups)


def routes(issuer: Issuer) -> Sequence[Route]:
    """List the routes that an issuer adds to the application."""

    async def metadata(request: Request) -> Response:
        """Say which issuer has the tokens for this server."""
        has_address = urlsplit(issuer.audience).scheme in ("http", "https")
        return json_response(
            {
                "resource": issuer.audience if has_address else f"{base_of(request)}/mcp",
                "authorization_servers": [issuer.address],
                "scopes_supported": [READ, INDEX],
                "bearer_methods_supported": ["header"],
            }
        )

    return [Route(METADATA, metadata)]


def _scopes(claims: dict[str, Any]) -> list[str]:
    """Read the scopes: one text with spaces, or a list, as issuers differ."""
    given = claims.get("scope") or claims.get("scp") or ""
    found = given.split() if isinstance(given, str) else given
    return [str(scope) for scope in found] if isinstance(found, list) else []


def _expect_safe(address: str) -> None:
    """Go on where nobody between can change what an address replies.

    Raises:
        UsageError: it is neither HTTPS nor on this machine.

    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        message = f"`{address}` is not an address with `https://`"
        raise UsageError(message, hint="keys must come from where nobody can exchange them")
