"""Connections that go where the user said, and nowhere else.

A server on this machine is never reached through a proxy, which would send what it is asked to
another one; and no server can pass on what it is asked to another address.
"""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from askdoc.providers import is_loopback

if TYPE_CHECKING:
    import httpx


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
    """Return a client for `url`; a redirection is an error of status 300 to 399."""
    import httpx

    return httpx.Client(timeout=timeout, **client_options(url))
