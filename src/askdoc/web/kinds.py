"""Chooses the suffix, and so the reader, of a fetched page: by its type, then by its address."""

from __future__ import annotations

import codecs
import mimetypes
from pathlib import PurePosixPath

from askdoc.addresses import name_in
from askdoc.readers import is_readable

_TYPES = {
    "text/html": "html",
    "application/xhtml+xml": "xhtml",
    "application/pdf": "pdf",
    "text/markdown": "md",
    "text/x-markdown": "md",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/geo+json": "geojson",
    "application/x-ipynb+json": "ipynb",
    "text/xml": "xml",
    "application/xml": "xml",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/yaml": "yaml",
    "text/yaml": "yaml",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/epub+zip": "epub",
    "message/rfc822": "eml",
    "application/mbox": "mbox",
    "application/vnd.ms-outlook": "msg",
    "text/vtt": "vtt",
    "application/x-subrip": "srt",
    "text/x-rst": "rst",
    "text/asciidoc": "adoc",
    "application/x-tex": "tex",
}
_VAGUE = frozenset(
    {"", "application/octet-stream", "binary/octet-stream", "text/plain", "application/zip"}
)
"""Generic types; the suffix of the address says more."""

_MARKUP = frozenset({"html", "htm", "xhtml"})
_ENCODED = frozenset({"html", "xhtml", "txt", "md", "csv", "tsv", "json", "jsonl", "vtt", "srt"})
"""Formats whose text may be converted to UTF-8; XML declares its own encoding."""


def ending_for(kind: str, address: str) -> str | None:
    """Return the suffix of a file of the type `kind`; None if no reader reads it."""
    named = ending_in(address)
    if kind in _VAGUE and named and is_readable(f"x.{named}") and named not in _MARKUP:
        return named
    if kind in ("", "text/plain"):
        return "html" if not kind and named in ("", *_MARKUP) else "txt"
    guessed = (mimetypes.guess_extension(kind) or "").removeprefix(".")
    choices = (_TYPES.get(kind), guessed, *_like(kind, named))
    return next((one for one in choices if one and is_readable(f"x.{one}")), None)


def _like(kind: str, named: str) -> tuple[str, ...]:
    """List suffixes for a type of a known family, such as `+xml`."""
    if kind == "application/zip":
        return ("zip",)
    if kind.startswith("text/") and kind != "text/css":
        return named, "txt"
    _, _, family = kind.partition("+")
    return (family,) if family in ("json", "xml") and kind != "image/svg+xml" else ()


def is_worth_following(address: str) -> bool:
    """Tell by its suffix whether the target of a link may be readable."""
    named = ending_in(address)
    guessed = mimetypes.guess_type(f"x.{named}")[0] if named else None
    return guessed is None or is_readable(f"x.{named}") or guessed.startswith("text/html")


def ending_in(address: str) -> str:
    """Return the suffix of an address in lower case, without the dot."""
    return PurePosixPath(name_in(address)).suffix.lower().removeprefix(".")


def in_utf8(data: bytes, ending: str, charset: str | None) -> bytes:
    """Convert a text to UTF-8 with a byte order mark if the server names another encoding.

    The server's encoding takes precedence over the page's.
    """
    if charset is None or ending not in _ENCODED:
        return data
    try:
        name = codecs.lookup(charset).name
        if name in ("utf-8", "ascii") or data.startswith(codecs.BOM_UTF8):
            return data
        return codecs.BOM_UTF8 + data.decode("cp1252" if name == "iso8859-1" else name).encode()
    except (LookupError, UnicodeError, ValueError):
        return data
