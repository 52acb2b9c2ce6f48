"""Reads HTML with lxml; trafilatura finds the main text of a page that does not mark it."""

from __future__ import annotations

import logging
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import PurePath

import lxml.html
import trafilatura
from lxml import etree

from askdoc.errors import ReadError
from askdoc.readers.composer import Composer, named
from askdoc.readers.encoding import decode
from askdoc.readers.html_tree import Written, is_unseen, span_of, write
from askdoc.types import Reading

_DECLARED = re.compile(
    rb"<\?xml[^>]*\bencoding=[\"']([\w.:-]+)|<meta[^>]*\bcharset\s*=\s*[\"']?([\w.:-]+)",
    re.IGNORECASE,
)
_WITHIN = 2048
_PROLOGUE = re.compile(r"\A\s*<\?xml[^>]*\?>")
_NESTING = (
    (re.compile(r"(?:</?(?:div|center)\b[^<>]*>\s*)+", re.IGNORECASE), "<br>"),
    (re.compile(r"</?(?:span|font|b|i|u|big|small|strong|em)\b[^<>]*>", re.IGNORECASE), ""),
)
"""Tags that pages nest deeply because they forget to close them, and their replacement."""

_ARTICLE = "//article"
_MAIN = (
    "//*[@id='mw-content-text']",  # MediaWiki, whose `main` holds lists of languages too
    _ARTICLE,
    "//main",
    "//*[@role='main']",
    "//*[@itemprop='articleBody']",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' entry-content ')]",  # WordPress
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' markdown-body ')]",  # GitHub
)
"""How pages mark their main part, best first. A mark that occurs several times is ignored."""

_LEAST, _MOST = 0.25, 0.9
"""Bounds on the share of a page's words. Below the first, an `article` is only a card on the page,
or trafilatura has missed the text. Above the second, trafilatura removed nothing, so the page
itself is used: it has more structure."""

_WORDS = re.compile(r"\w+")
_DEEPEST = 200
_WIDEST, _MOST_SPANNED = 1000, 10_000
_TOO_DEEP = "Excessive depth"

for _name in ("trafilatura", "htmldate", "justext", "courlan"):
    # Its log lines say nothing that the result does not show.
    logging.getLogger(_name).addHandler(logging.NullHandler())


class HtmlReader:
    """Reads the main part of a page: the part that it marks, else trafilatura's choice."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`; the text is what a reader of the page sees, block by block.

        Raises:
            ReadError: the file is empty, no text, or shows no words.

        """
        found = _DECLARED.search(data[:_WITHIN])
        declared = (found[1] or found[2]).decode("ascii") if found else None
        decoded = decode(data, name=name, declared=declared)
        page = _parse(_PROLOGUE.sub(partial(_instead, ""), decoded.text, count=1), name)
        written = _main(page)
        if not written.blocks:
            raise _wordless(name)
        composer = Composer()
        composer.written(written, lines=True)
        reading = composer.reading(warnings=decoded.warnings, properties=_properties(page))
        return replace(reading, title=_title(page, written, name))


_PROPERTIES = {
    "Author": ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author"),
    "Date": (
        *("date", "article:published_time", "dc.date", "dcterms.date", "dcterms.created"),
        *("pubdate", "publish_date", "citation_date", "citation_publication_date"),
    ),
    "Modified": ("article:modified_time", "last-modified", "dcterms.modified", "og:updated_time"),
    "Description": ("description", "og:description", "dc.description", "dcterms.description"),
    "Keywords": ("keywords", "dc.subject", "dcterms.subject"),
    "Publisher": ("og:site_name", "publisher", "dc.publisher", "dcterms.publisher"),
}
"""Properties of a page, by the names of their `meta` elements, best first."""


def _properties(page: lxml.html.HtmlElement) -> list[tuple[str, str]]:
    stated: dict[str, list[str]] = {}
    for meta in page.iter("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("itemprop") or ""
        words = " ".join((meta.get("content") or "").split())
        if words:
            stated.setdefault(name.strip().lower(), []).append(words)
    about = [("Title", " ".join((page.findtext(".//title") or "").split()))]
    for key, names in _PROPERTIES.items():
        values = next((stated[name] for name in names if name in stated), [])
        about.append((key, ", ".join(dict.fromkeys(values))))
    return about


def _parse(text: str, name: str) -> lxml.html.HtmlElement:
    """Build the tree; if tags nest too deeply for the parser, remove the most nested ones."""
    page = _tree(text, name)
    if page is None:
        for tags, instead in _NESTING:
            text = tags.sub(partial(_instead, instead), text)
        page = _tree(text, name)
    if page is None:
        message = f"`{name}` nests its tags too deeply"
        raise ReadError(message, code="broken")
    return page


def _instead(tag: str, found: re.Match[str]) -> str:
    """Return a replacement tag that keeps the line ends of the match."""
    return tag + "\n" * found[0].count("\n")


def _tree(text: str, name: str) -> lxml.html.HtmlElement | None:
    parser = lxml.html.HTMLParser(
        huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8"
    )
    try:
        page = lxml.html.document_fromstring(text.encode(), parser=parser)
    except etree.ParserError as error:  # only comments
        raise _wordless(name) from error
    return None if any(_TOO_DEEP in entry.message for entry in parser.error_log) else page


def _wordless(name: str) -> ReadError:
    hint = "where scripts fill a page in, save it from the browser, then index that"
    return ReadError(f"`{name}` shows no words", code="no_text", hint=hint)


def _main(page: lxml.html.HtmlElement) -> Written:
    """Write the part that the page marks as main, else the likely one."""
    everything = write(page, is_page=True)
    total = _count(everything)
    for path in _MAIN:
        marked = page.xpath(path)
        if len(marked) == 1:
            written = write(marked[0], is_page=False)
            least = _LEAST * total if path == _ARTICLE else 0
            if _count(written) > least:
                return written
    is_hard = everything.depth > _DEEPEST or _is_wide(page)
    found = None if is_hard else _extract(page)
    if found is None:
        return everything
    written = write(found, is_page=True)
    if not _LEAST <= _count(written) / max(1, total) < _MOST or _glues(written, everything):
        return everything
    return replace(written, lines=tuple(_lines(written, everything)))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _glues(written: Written, everything: Written) -> bool:
    """Tell whether a block joins a heading of the page with the text after it."""
    page = [_letters(block.of(everything.text)) for block in everything.blocks]
    headings = {_letters(heading.title) for heading in everything.headings}
    joined = [one + other for one, other in pairwise(page) if one in headings and one + other]
    size = min(map(len, joined), default=0)
    by_start: dict[str, list[str]] = {}
    for two in joined:
        by_start.setdefault(two[:size], []).append(two)
    # A page may have thousands of headings: each place of a block is looked up, not each heading.
    new = {_letters(block.of(written.text)) for block in written.blocks}.difference(page)
    return any(
        block.startswith(two, at)
        for block in new
        for at in range(len(block) - size + 1)
        for two in by_start.get(block[at : at + size], ())
    )


def _lines(written: Written, everything: Written) -> Iterator[tuple[int, int]]:
    """Return the source line of each extracted line, or 0 if it is unknown."""
    letters = _letters(everything.text)
    before = [len(_letters(everything.text[:start])) for start, _ in everything.lines[:1]]
    for (one, _), (other, _) in pairwise(everything.lines):
        before.append(before[-1] + len(_letters(everything.text[one:other])))
    position = 0
    for block in written.blocks:
        own = [n for n in range(block.start, block.end) if written.text[n].isalnum()]
        words = "".join(written.text[n] for n in own)
        at = letters.find(words, position)
        at = at if at >= 0 else letters.find(words)
        if at < 0 or not before:
            yield block.start, 0
            continue
        position = at + len(words)
        first = max(0, bisect_right(before, at) - 1)
        yield block.start, everything.lines[first][1]
        for n in range(first + 1, bisect_left(before, position)):
            yield own[before[n] - at], everything.lines[n][1]


def _count(written: Written) -> int:
    return len(_WORDS.findall(written.text))


def _is_wide(page: lxml.html.HtmlElement) -> bool:
    """Tell whether a page has tables that take trafilatura the square of their width."""
    spanned = 0
    for row in page.iter("tr"):
        for cell in row.xpath("*[@rowspan or @colspan]"):
            spanned += span_of(cell, "rowspan") * span_of(cell, "colspan")
        if len(row) > _WIDEST or spanned > _MOST_SPANNED:
            return True
    return False


def _extract(page: lxml.html.HtmlElement) -> lxml.html.HtmlElement | None:
    seen = deepcopy(page)
    for element in seen.xpath("//body//*[@style or @hidden or @aria-hidden='true']"):
        marked = "hidden" in element.attrib or element.get("aria-hidden") == "true"
        if marked or is_unseen(element.get("style", "")):
            element.drop_tree()
    try:
        html = trafilatura.extract(
            seen,
            output_format="html",
            favor_recall=True,
            include_comments=False,
        )
    except Exception:  # noqa: BLE001 - whatever it stumbles over, the whole page is there
        return None
    return lxml.html.document_fromstring(html) if html else None


def _title(page: lxml.html.HtmlElement, written: Written, name: str) -> str | None:
    """Return the only top-level heading, else the page's title unless it is the file's name."""
    top = [heading.title for heading in written.headings if heading.level == 1]
    if not top:
        top = [" ".join("".join(heading.itertext()).split()) for heading in page.iter("h1")]
    if len(top) == 1 and top[0]:
        return top[0]
    title = named(page.findtext(".//title"))
    names = (name.casefold(), PurePath(name).stem.casefold())
    return None if title is None or title.casefold() in names else title
