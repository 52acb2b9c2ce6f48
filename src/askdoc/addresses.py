"""Web addresses: tells them from paths, normalises and compares them.

Pure: nothing is looked up or fetched.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from askdoc.errors import UsageError


def expanded(path: str | Path) -> Path:
    """Replace a leading `~` or `~name` by the home folder, if there is one."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_IN_PATH = "/%:@!$&'()*+,;=~-._"
_IN_QUERY = _IN_PATH + "?"
_DOT = re.compile("%2e", re.IGNORECASE)
_LONGEST = 2000

Target = Path | str
"""What can be indexed: the path of a file or folder, or a page's address as text."""


def is_address(text: str) -> bool:
    """Tell whether `text` is an address rather than a path."""
    return _ADDRESS.match(text) is not None


_OBJECT = re.compile(r"(s3|gs)://", re.IGNORECASE)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")


def is_object(text: str) -> bool:
    """Tell whether `text` is an address in an object store, such as `s3://bucket/folder`."""
    return _OBJECT.match(text) is not None


def object_within(outer: str, inner: str) -> str | None:
    """Return the rest of an address in an object store below another one; None if it is not there.

    It is empty if both are the same.
    """
    if inner == outer:
        return ""
    start = f"{outer.rstrip('/')}/"
    return inner[len(start) :] if inner.startswith(start) else None


_DATABASE = ("postgresql://", "postgres://")
_CHROMA = ("chroma+http://", "chroma+https://")
_SHOWN = ("host", "port", "user", "dbname", "schema", "sslmode")
"""Parameters of a database's address that have no secret."""


def is_database(text: str) -> bool:
    """Tell whether `text` is the address of a PostgreSQL database."""
    return text.lower().startswith(_DATABASE)


def is_chroma(text: str) -> bool:
    """Tell whether `text` is the address of a Chroma server, such as `chroma+http://HOST:PORT`."""
    return text.lower().startswith(_CHROMA)


def is_server(text: str) -> bool:
    """Tell whether `text` is the address of a server that keeps an index, or its vectors."""
    return is_database(text) or is_chroma(text)


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def without_secrets(text: str) -> str:
    """Return the address of a server without its password; any other text as it is.

    Of an address that is hard to read, only the beginning is left.
    """
    if not is_server(text):
        return text
    scheme = text.partition("://")[0].lower() if is_chroma(text) else "postgresql"
    hidden = f"{scheme}://…"
    try:
        parts = urlsplit(text)
        _ = parts.port  # which need not be a number
        place = parts.netloc.rpartition("@")
        query = [(key, value) for key, value in parse_qsl(parts.query) if key in _SHOWN]
    except ValueError:
        return hidden
    # A password with `/`, `?` or `#` ends the host too early.
    if "@" in f"{parts.path}{parts.query}" or parts.fragment:
        return hidden
    user = place[0].partition(":")[0]
    known = f"{user}@{place[2]}" if user else place[2]
    written = f"{scheme}://{known}{parts.path}"
    return f"{written}?{urlencode(query, safe='/')}" if query else written


def normalised(text: str) -> str:
    """Return the normal form of an address; that of a page is without `#` and what follows.

    Raises:
        UsageError: it cannot be indexed.

    """
    written = text.strip()
    if is_object(written):
        return _object(written)
    try:
        parts = urlsplit(written)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError as error:
        message = f"`{text}` is not an address"
        raise UsageError(message, hint="write it as a browser shows it") from error
    if scheme not in _PORTS:
        message = f"`{text}` is neither an `http` nor an `https` address"
        raise UsageError(message, hint="save what is there as a file, then index that")
    if parts.username is not None or parts.password is not None:
        message = "an address with a user name or password can't be indexed: both would be kept"
        raise UsageError(message, hint="save what is there as a file, then index that")
    if not host or len(written) > _LONGEST or re.search(r"[\s%\\]", host):
        message = f"`{text[:80]}` is not an address"
        raise UsageError(message, hint="write it as a browser shows it")
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[scheme]:
        place += f":{port}"
    path = quote(_DOT.sub(".", parts.path), safe=_IN_PATH)
    path = urlsplit(urljoin(f"{scheme}://{place}/", path if path[:1] == "/" else f"/{path}")).path
    query = quote(parts.query, safe=_IN_QUERY)
    return urlunsplit((scheme, place, path or "/", query, ""))


def _object(written: str) -> str:
    store, _, place = written.partition("://")
    bucket, _, key = place.partition("/")
    if not _BUCKET.fullmatch(bucket) or len(written) > _LONGEST:
        message = f"`{written[:80]}` names no bucket"
        raise UsageError(message, hint="write `s3://BUCKET/FOLDER` or `gs://BUCKET/FOLDER`")
    return f"{store.lower()}://{bucket}/{key}".rstrip("/")


def resolved(base: str, link: str) -> str | None:
    """Return the address of a link on the page at `base`; None if it is not a web page."""
    try:
        return normalised(urljoin(base, link.strip()))
    except (UsageError, ValueError):
        return None


def prefix_of(address: str) -> str:
    """Return the prefix of addresses in the same part of a site.

    `https://host/docs/intro.html` and `https://host/docs` both give `https://host/docs/`.
    """
    parts = urlsplit(address)
    folder, _, name = parts.path.rpartition("/")
    path = f"{folder}/{name}/" if name and "." not in name else f"{folder}/"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def site_of(address: str) -> str:
    """Return the common prefix of all addresses of a site."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/"


def name_in(address: str) -> str:
    """Return the last part of an address's path; empty if there is none."""
    return urlsplit(address).path.rpartition("/")[2]


def targets(words: Iterable[str], base: Path) -> list[Target]:
    """Parse arguments as addresses or paths; paths are relative to `base`.

    Raises:
        UsageError: an address can't be indexed, or a path is empty.

    """
    return [normalised(word) if is_address(word) else _path(word, base) for word in words]


def _path(word: str, base: Path) -> Path:
    if not word.strip():  # such as an unset variable: it must not mean the whole folder
        message = "the path is empty" if not word else f"the path is blank: `{word}`"
        raise UsageError(message, hint="for all of this folder, write `.`")
    return base / expanded(word)


def addresses_of(given: Iterable[Target]) -> list[str]:
    """Return the addresses among targets."""
    return [one for one in given if isinstance(one, str)]


def paths_of(given: Iterable[Target]) -> list[Path]:
    """Return the paths among targets."""
    return [one for one in given if isinstance(one, Path)]
