"""Reads links, sitemaps and `robots.txt`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import lxml.html
from lxml import etree
from protego import Protego

from askdoc.addresses import resolved
from askdoc.web.fetch import AGENT

_MOST_MARKUP = 5_000_000
"""Bytes of a page to search for links."""

_MOST_SITEMAP = 60_000_000
"""Most bytes of an unpacked sitemap; the protocol allows 50 MB."""

_MOST_ROBOTS = 500_000
_LONGEST_DELAY = 10.0


def links(file: Path, at: str) -> list[str]:
    """List the distinct addresses that a page links to, in order."""
    with file.open("rb") as opened:
        data = opened.read(_MOST_MARKUP)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    parser = lxml.html.HTMLParser(encoding=encoding)
    try:
        page = lxml.html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return []
    base = next((one.get("href") for one in page.iter("base") if one.get("href")), None)
    start = resolved(at, base) or at if base else at
    found = (one.get("href") or "" for one in page.iter("a", "area"))
    return list(dict.fromkeys(filter(None, (resolved(start, one) for one in found if one))))


def sitemap(file: Path, at: str) -> list[str] | None:
    """List the pages or sitemaps in a sitemap; None if it is not one."""
    data = _bytes_of(file)
    if data is None:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, recover=True, remove_comments=True
    )
    try:
        root: etree._Element | None = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None or not isinstance(root.tag, str):
        return None
    if etree.QName(root).localname not in ("urlset", "sitemapindex"):
        return None
    return list(dict.fromkeys(filter(None, (resolved(at, one) for one in _places(root)))))


class Rules:
    """The rules of a site's `robots.txt` for this program."""

    def __init__(self, data: bytes) -> None:
        text = data[:_MOST_ROBOTS].decode("utf-8-sig", "replace")
        self._rules = Protego.parse(text)

    def allow(self, address: str) -> bool:
        """Tell whether a page may be fetched."""
        return bool(self._rules.can_fetch(address, AGENT))

    @property
    def delay(self) -> float:
        """Seconds to wait between two pages, limited to a reasonable time."""
        return min(float(self._rules.crawl_delay(AGENT) or 0), _LONGEST_DELAY)


def _places(root: etree._Element) -> Iterator[str]:
    for entry in root:
        for child in entry:
            if isinstance(child.tag, str) and etree.QName(child).localname == "loc" and child.text:
                yield child.text


def _bytes_of(file: Path) -> bytes | None:
    """Read a sitemap, unpacked if needed; None if it is too large or damaged."""
    with file.open("rb") as opened:
        data = opened.read(_MOST_SITEMAP + 1)
    if data.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            data = unpacker.decompress(data, _MOST_SITEMAP + 1)
        except zlib.error:
            return None
    return data if len(data) <= _MOST_SITEMAP else None
