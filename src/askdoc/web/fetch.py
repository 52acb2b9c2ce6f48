"""Fetches one page: follows redirects, limits size and time, unpacks the body."""

from __future__ import annotations

import errno
import re
import ssl
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Self

import httpcore

from askdoc import __version__
from askdoc.addresses import resolved
from askdoc.errors import ReadError
from askdoc.types.indexing import GONE, PRIVATE, REFUSED, UNREACHABLE
from askdoc.web.connection import CheckedBackend, Deadline, PrivateAddress, Resolve, TimeUp

AGENT = "askdoc"
"""The name of this program in `robots.txt`."""

_MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_LATER = frozenset({408, 425, 429})
_UNCHANGED = 304
_BLOCK = 1 << 16
_PLAIN = frozenset({"", "identity"})
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_TOKEN = re.compile(r"[\w.+-]+/[\w.+-]+")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_ON_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})


@dataclass(frozen=True, slots=True)
class Validators:
    """The validators of a page, with which a server can later answer that it is unchanged.

    `at` is the final address after redirects.
    """

    at: str
    etag: str | None
    modified: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A fetched page: its final address and type; `unchanged` has no content."""

    at: str
    type: str = ""
    charset: str | None = None
    etag: str | None = None
    modified: str | None = None
    unchanged: bool = False


_BY_HAND = "save what is there as a file, then index that"


class Fetcher:
    """Fetches pages of at most `most` bytes, each within `seconds`; a context manager.

    `resolve` looks names up, by default with the system. No proxy is used, since its target could
    not be checked.
    """

    def __init__(
        self, *, most: int, seconds: float, allow_private: bool, resolve: Resolve | None = None
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._deadline = Deadline()
        backend = CheckedBackend(self._deadline, allow_private=allow_private, resolve=resolve)
        self._pool = httpcore.ConnectionPool(network_backend=backend, max_keepalive_connections=4)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def fetch(self, address: str, into: IO[bytes], known: Validators | None = None) -> Answer:
        """Write the page at an address into a file, unless it is unchanged since `known`.

        Raises:
            ReadError: it does not exist any more (`gone`), cannot be fetched now (`unreachable`),
                has an address that is not public (`private_address`), or is `too_large`.

        """
        self._deadline.start(self._seconds)
        seen = {address}
        try:
            for _ in range(_MOST_REDIRECTS):
                outcome = self._once(address, into, known)
                if isinstance(outcome, Answer):
                    return outcome
                if outcome in seen:
                    break
                seen.add(outcome)
                address = outcome
        except PrivateAddress as error:
            hint = "if you trust it, pass `--allow-private`" if error.allowable else _BY_HAND
            raise ReadError(str(error), code=PRIVATE, hint=hint) from error
        except (TimeUp, httpcore.TimeoutException) as error:
            message = f"it took longer than {self._seconds:g} s"
            hint = "try again later, or raise the setting `max_fetch_seconds`"
            raise ReadError(message, code=UNREACHABLE, hint=hint) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, zlib.error) as error:
            raise _unreachable(_reason(error)) from error
        except OSError as error:
            if error.errno in _ON_DISK:
                raise
            raise _unreachable(_reason(error)) from error
        message = "the server sends from one address to the next without end"
        hint = "see in a browser where it leads to, and index that address"
        raise ReadError(message, code=UNREACHABLE, hint=hint)

    def _once(self, address: str, into: IO[bytes], known: Validators | None) -> Answer | str:
        """Request one address; return the target of a redirect, or the answer."""
        request: dict[str | bytes, str | bytes] = {
            "User-Agent": f"{AGENT}/{__version__}",
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Encoding": "gzip",
        }
        if known is not None and known.at == address:
            if known.etag:
                request["If-None-Match"] = known.etag
            if known.modified:
                request["If-Modified-Since"] = known.modified
        with self._pool.stream("GET", address, headers=request) as response:
            headers = _headers(response)
            if response.status in _REDIRECTS and "location" in headers:
                target = resolved(address, headers["location"])
                if target is None:
                    message = (
                        f"it redirects to `{headers['location'][:80]}`, which is not a web page"
                    )
                    raise _unreachable(message)
                return target
            if response.status == _UNCHANGED and known is not None:
                return Answer(address, unchanged=True)
            if response.status in _GONE:
                message = f"the server has no such page ({response.status})"
                raise ReadError(message, code=GONE, hint="check the address")
            if not 200 <= response.status < 300:  # noqa: PLR2004 - success, by the protocol
                raise _turned_down(response.status)
            self._receive(response, headers, into)
        kind = _TOKEN.search(headers.get("content-type", ""))
        charset = _CHARSET.search(headers.get("content-type", ""))
        return Answer(
            address,
            type=kind[0].lower() if kind else "",
            charset=charset[1] if charset else None,
            etag=headers.get("etag"),
            modified=headers.get("last-modified"),
        )

    def _receive(
        self, response: httpcore.Response, headers: dict[str, str], into: IO[bytes]
    ) -> None:
        """Write the unpacked body into a file; both packed and unpacked size are limited."""
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._most:
            raise self._too_large()
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in _PLAIN | _PACKED:
            message = f"the server packs it as `{encoding[:40]}`, which was not asked for"
            raise _unreachable(message)
        size = 0
        pieces = self._bounded(response)
        for piece in _unpacked(pieces) if encoding in _PACKED else pieces:
            size += len(piece)
            if size > self._most:
                raise self._too_large()
            into.write(piece)

    def _bounded(self, response: httpcore.Response) -> Iterator[bytes]:
        size = 0
        for piece in response.iter_stream():
            size += len(piece)
            if size > self._most:
                raise self._too_large()
            yield piece

    def _too_large(self) -> ReadError:
        message = f"it has more than {self._most / 1e6:,.1f} MB"
        return ReadError(message, code="too_large", hint="raise the setting `max_file_mb`")


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip or zlib block by block, so that memory is bounded."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    begun = False
    for piece in pieces:
        rest = piece
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
            begun = True
            yield unpacker.decompress(rest, _BLOCK)
            rest = unpacker.unconsumed_tail or unpacker.unused_data
    while begun and not unpacker.eof:
        block = unpacker.decompress(b"", _BLOCK)
        if not block:
            message = "what it sends breaks off"
            raise zlib.error(message)
        yield block


def _headers(response: httpcore.Response) -> dict[str, str]:
    """Return the headers by lower-case name; the last one of a name counts."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1").strip()
        for name, value in response.headers
    }


def _turned_down(status: int) -> ReadError:
    """Return the error for a status that is not a page."""
    message = f"the server answers with {status}"
    if status in _LATER or not 400 <= status < 500:  # noqa: PLR2004 - what the client is to blame for
        return _unreachable(message)
    return ReadError(message, code=REFUSED, hint=_BY_HAND)


def _unreachable(reason: str) -> ReadError:
    return ReadError(reason, code=UNREACHABLE, hint="try again later: `askdoc index`")


def _reason(error: Exception) -> str:
    """Return in plain words why a page could not be fetched."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not valid: {cause.verify_message.lower()}"
        cause = cause.__cause__ or cause.__context__
    text = " ".join(str(error).split())[:200]
    if isinstance(error, httpcore.ConnectError) and not text.startswith("the name"):
        return f"no connection: {text.lower()}"
    return f"{text[:1].lower()}{text[1:]}" or "the server breaks off"
