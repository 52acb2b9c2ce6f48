"""Reads EPUB books from their XML, chapter by chapter in reading order."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from askdoc.readers.composer import Composer
from askdoc.readers.html_tree import parse, write
from askdoc.readers.package import Package
from askdoc.readers.refusal import damaged, locked, wordless
from askdoc.types import Reading
from askdoc.types.places import Place, PlaceKind

_FONTS = ("http://ns.adobe.com/pdf/enc#RC", "http://www.idpf.org/2008/embedding")
"""A book without DRM may still have obfuscated fonts."""

_PROPERTIES = {
    "Title": "title",
    "Date": "date",
    "Publisher": "publisher",
    "Subject": "subject",
    "Language": "language",
    "Rights": "rights",
}
_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml"))
_Tree = etree._Element  # noqa: SLF001 - how the library's types are named


class EpubReader:
    """Reads a book; a chapter is a place, named by the table of contents."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, protected, too large when unpacked, or has no text.

        """
        book = _Book(Package(data, name), name)
        title, authors = book.about("title"), book.about("creator")
        composer = Composer()
        if authors:
            composer.field("Author", ", ".join(authors))
        for words in book.about("description"):
            composer.written(write(parse(words), is_page=False))
        front = composer.length
        for number, (chapter, page) in enumerate(book.chapters(), start=1):
            written = write(page, is_page=False)
            named = chapter or next((heading.title for heading in written.headings), None)
            composer.place(Place(PlaceKind.CHAPTER, number, named))
            if named and not any(heading.title == named for heading in written.headings):
                composer.section(named, 1)
            composer.written(written)
        if composer.length == front:
            raise wordless(name)
        about = {name: ", ".join(book.about(tag)) for name, tag in _PROPERTIES.items()}
        about["Title"] = next(iter(title), "")
        return composer.reading(author=", ".join(authors) or None, properties=about.items())


class _Book:
    """The package document of a book and its table of contents."""

    def __init__(self, package: Package, name: str) -> None:
        self._package = package
        container = package.xml("META-INF/container.xml")
        if container is None:
            raise damaged(name)
        if _is_protected(package):
            raise locked(name, "is protected against copying (DRM)")
        self._root = next((one.get("full-path", "") for one in container.iter("{*}rootfile")), "")
        opf = package.xml(self._root)
        if opf is None:
            raise damaged(name)
        self._opf = opf
        self._items = {item.get("id", ""): item for item in opf.iter("{*}item")}

    def about(self, what: str) -> list[str]:
        """List the metadata of this name."""
        found = (
            " ".join("".join(one.itertext()).split()) for one in self._opf.iter(f"{{*}}{what}")
        )
        return [words for words in found if words]

    def chapters(self) -> Iterator[tuple[str | None, _Tree]]:
        """Yield the pages of the book in reading order, each with its name in the contents."""
        names = self._contents()
        for reference in self._opf.iter("{*}itemref"):
            item = self._items.get(reference.get("idref", ""))
            if item is None or item.get("media-type") not in _PAGES or _is_nav(item):
                continue
            path = self._beside(self._root, item.get("href", ""))
            data = self._package.read(path)
            if data and data.strip():
                page = parse(data)
                if write(page, is_page=False).blocks:
                    yield names.get(path), page

    def _contents(self) -> dict[str, str]:
        """Map the files of the book to the first entry of the table of contents in each."""
        names: dict[str, str] = {}
        for item in self._items.values():
            path = self._beside(self._root, item.get("href", ""))
            is_nav = _is_nav(item)
            if not is_nav and item.get("media-type") != "application/x-dtbncx+xml":
                continue
            root = self._package.xml(path)
            if root is None:
                continue
            for target, title in _links(root) if is_nav else _points(root):
                if title:
                    names.setdefault(self._beside(path, target), title)
        return names

    @staticmethod
    def _beside(path: str, link: str) -> str:
        """Resolve a relative link within the book."""
        target = unquote(link.partition("#")[0])
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _links(contents: _Tree) -> Iterator[tuple[str, str]]:
    for link in contents.iter("{*}a"):
        yield link.get("href", ""), _text_of(link)


def _points(contents: _Tree) -> Iterator[tuple[str, str]]:
    """Yield the entries of a table of contents of the older kind (NCX)."""
    for point in contents.iter("{*}navPoint"):
        target = point.find("{*}content")
        label = point.find("{*}navLabel")
        if target is not None and label is not None:
            yield target.get("src", ""), _text_of(label)


def _text_of(element: _Tree) -> str:
    return " ".join("".join(map(str, element.itertext())).split())


def _is_nav(item: _Tree) -> bool:
    return "nav" in item.get("properties", "").split()


def _is_protected(package: Package) -> bool:
    listed = package.xml("META-INF/encryption.xml")
    return listed is not None and any(
        one.get("Algorithm") not in _FONTS for one in listed.iter("{*}EncryptionMethod")
    )
