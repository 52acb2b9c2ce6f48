"""Servers and APIs that a language model can be asked of, by the name that a user gives.

ollama:NAME                        Ollama on this machine, or where `OLLAMA_HOST` says
http://HOST:PORT/v1[#NAME]         any server that speaks OpenAI's protocol
openai:NAME anthropic:NAME google:NAME
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from askdoc.addresses import is_loopback
from askdoc.errors import UsageError

KINDS = ("ollama", "openai", "anthropic", "google")
COMPATIBLE = "compatible"

_NAMED = re.compile(rf"({'|'.join(KINDS)}):(\S+)")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_OLLAMA_PORT = 11434
_HOSTS = {
    "openai": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "google": "generativelanguage.googleapis.com",
}
KEY_VARIABLES = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    COMPATIBLE: ("ASKDOC_LLM_KEY",),
}
"""The environment variables of a provider's key, tried after the operating system's keyring."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Whom to ask: the kind of protocol, the model's name there, and the base URL if it has one."""

    kind: str
    model: str
    url: str | None = None

    @property
    def name(self) -> str:
        """How answers name it."""
        return (
            f"{self.url}#{self.model}" if self.kind == COMPATIBLE else f"{self.kind}:{self.model}"
        )

    @property
    def host(self) -> str:
        """The host that questions and evidence are sent to."""
        return (urlsplit(self.url).hostname or "") if self.url else _HOSTS[self.kind]

    @property
    def address(self) -> str:
        """The URL of the server, or of the provider's host."""
        return self.url or f"https://{self.host}"

    @property
    def remote(self) -> str | None:
        """The host, or None where that is this machine."""
        return None if is_loopback(self.host) else self.host


def read_provider(name: str) -> Provider | None:
    """Read `name` as a provider and a model there; None where it is neither.

    Raises:
        UsageError: an address holds what would be shown and kept with each answer, as a password.
    """
    if match := _NAMED.fullmatch(name):
        kind, model = match.groups()
        return Provider(kind, model, ollama_url() if kind == "ollama" else None)
    if _URL.fullmatch(name):
        url, _, model = name.partition("#")
        _refuse_secrets(url)
        return Provider(COMPATIBLE, model, url.rstrip("/"))
    return None


def _refuse_secrets(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        message = "what `--llm` gives is not the address of a server"
        raise UsageError(message, hint="it is like `http://127.0.0.1:8080/v1`")
    what = "user and password" if "@" in parts.netloc else "a query" if parts.query else None
    if what:
        message = f"the address of a language model can't contain {what}: `{without_secrets(url)}`"
        hint = f"set `ASKDOC_LLM_KEY`, or keep the key: `keyring set askdoc {host}`"
        raise UsageError(message, hint=hint)


def without_secrets(url: str) -> str:
    """Return an address without user, password, query and fragment; nothing where it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def redacted(name: str) -> str:
    """Return what a setting names, without the user, password and query of an address.

    The name of a model, after `#`, stays; what is no address stays as it is.
    """
    if "://" not in name:
        return name
    try:
        parts = urlsplit(name)
    except ValueError:
        return f"{name.partition('://')[0]}://***"
    _, at, host = parts.netloc.rpartition("@")
    query = "***" if parts.query else ""
    hidden = parts._replace(netloc=f"***{at}{host}" if at else host, query=query)
    return urlunsplit(hidden)


def ollama_url() -> str:
    """Return the address of Ollama: its usual port on this machine, or what `OLLAMA_HOST` says.

    The variable is Ollama's own, and may lack the scheme, the port or the host.
    """
    setting = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/")
    parts = urlsplit(setting if "://" in setting else f"//{setting}")
    try:
        port = parts.port
    except ValueError:
        port = None
    host = parts.hostname or ""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - where a server listens, not where one asks
        host = "127.0.0.1"
    usual = {"http": 80, "https": 443}.get(parts.scheme, _OLLAMA_PORT)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme or 'http'}://{shown}:{port or usual}"


def ollama_host() -> str:
    """Return the host of `ollama_url`."""
    return urlsplit(ollama_url()).hostname or ""
