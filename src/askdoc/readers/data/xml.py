"""Reads XML with lxml: texts with the names of their elements, feeds article by article.

Entities stay unresolved, and nothing external is loaded.
"""

from __future__ import annotations

import re

from lxml import etree

from askdoc.errors import ReadError
from askdoc.readers.composer import TURN, Composer
from askdoc.readers.encoding import empty
from askdoc.readers.html_tree import parse, write
from askdoc.readers.package import parse_xml
from askdoc.readers.refusal import wordless
from askdoc.strings import CELL
from askdoc.types import Kind, Reading
from askdoc.types.places import Place, PlaceKind

_LONG = 300
_HTML = re.compile(
    r"</(?:p|div|a|b|i|em|strong|ul|ol|li|h[1-6]|table|span)>|<(?:br|p|img|hr)\b[^<>]*>"
)
_WORD = re.compile(r"\w")
_WORDS = re.compile(r"\w\s+\w")
_FOR_PROGRAMS = re.compile(
    r"\{.*|.*id|.*refs?|.*href|src|url|link\w*|class|style|role|rend\w*|type|format|lang\w*|"
    r"target|rel|align|width|height|size|font\w*|colou?r",
    re.IGNORECASE,
)
"""Attributes (also all with a namespace such as `xml:lang`) that are skipped if their value is one
word."""
_DEEPEST_HEADING = 6


class XmlReader:
    """Reads XML; a line of the file is a place, and titles of more than a record are headings."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no XML.

        """
        if not data.strip():
            raise empty(name)
        walk = _Walk()
        complaints: list[str] = []
        try:
            walk.through(parse_xml(data, name, complaints))
        except UnicodeDecodeError as error:  # such as `&#xD800;`, a lone surrogate
            message = f"`{name}` refers to characters that do not exist"
            raise ReadError(message, code="broken") from error
        if not walk.composer:
            raise wordless(name)
        return walk.composer.reading(title=walk.composer.top_heading, warnings=complaints)


class _Walk:
    """Walks a tree and writes its texts."""

    def __init__(self) -> None:
        self.composer = Composer()
        self._waiting: list[str] = []
        self._turns: list[Place] = []
        self._line = 1
        self._titled: list[etree._Element] = []

    def through(self, root: etree._Element) -> None:
        """Write a tree."""
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if not isinstance(element.tag, str):
                continue
            if event == "end":
                if self._titled and self._titled[-1] is element:
                    self._titled.pop()
                if len(element):
                    self._flush()
            elif self._take(element):
                walk.skip_subtree()

    def _take(self, element: etree._Element) -> bool:
        """Write an element; return whether its children are written with it."""
        children = [child for child in element if isinstance(child.tag, str)]
        if not children:
            self._leaf(element)
            return True
        if _is_mixed(element):
            self._paragraph(element, " ".join("".join(map(str, element.itertext())).split()))
            return True
        self._flush()
        self._note(element, _attributes(element))
        if all(_is_short_leaf(child) for child in children):
            for child in children:
                self._leaf(child)
            self._flush()
            return True
        title = next(
            (child for child in children if _local(str(child.tag)) == "title" and not len(child)),
            None,
        )
        if title is not None and (title.text or "").strip():
            self._titled.append(element)
            self._place(title)
            level = min(len(self._titled), _DEEPEST_HEADING)
            self.composer.heading("".join(map(str, title.itertext())), level)
        return False

    def _leaf(self, element: etree._Element) -> None:
        """Write an element without children: in its row, or as a paragraph if it is long."""
        words = _text_of(element).strip()
        if (
            _local(str(element.tag)) == "title"
            and self._titled
            and element.getparent() is self._titled[-1]
        ):
            self._note(element, _attributes_in_words(element))
            return
        if _HTML.search(words):
            self._attributes_above(element)
            self._place(element)
            self.composer.written(write(parse(words), is_page=False), below=len(self._titled))
        elif len(words) > _LONG or "\n" in words:
            self._paragraph(element, words)
        else:
            text = [f"{_local(str(element.tag))}: {words}"] if words else []
            self._note(element, text + _attributes(element))

    def _paragraph(self, element: etree._Element, words: str) -> None:
        self._attributes_above(element)
        self._place(element)
        self.composer.paragraph(words)

    def _attributes_above(self, element: etree._Element) -> None:
        """Write the attributes of a paragraph and its inline elements in a row above it."""
        self._flush()
        self._note(element, _attributes(element))
        for below in element.iterdescendants(etree.Element):
            self._note(below, _attributes_in_words(below))
        self._flush()

    def _note(self, element: etree._Element, pairs: list[str]) -> None:
        line = element.sourceline or 1
        if pairs and not self._waiting:
            self._line = line
        self._waiting += [TURN + pair.replace(TURN, "") for pair in pairs]
        self._turns += [Place(PlaceKind.LINE, line)] * len(pairs)

    def _flush(self) -> None:
        if self._waiting:
            self.composer.place(Place(PlaceKind.LINE, self._line))
            kind = Kind.FIELD if len(self._waiting) == 1 else Kind.ROW
            self.composer.row(CELL.join(self._waiting), turns=self._turns, kind=kind)
            self._waiting, self._turns = [], []

    def _place(self, element: etree._Element) -> None:
        self.composer.place(Place(PlaceKind.LINE, element.sourceline or 1))


def _text_of(leaf: etree._Element) -> str:
    """Return the text of an element without children; entities stay as written."""
    parts = [leaf.text or ""]
    for child in leaf:  # a comment, an instruction or an entity
        is_entity = isinstance(child, etree._Entity)  # noqa: SLF001 - it has no other name
        parts.append((child.text or "") if is_entity else "")
        parts.append(child.tail or "")
    return "".join(parts)


def _local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition("}")[2]


def _attributes(element: etree._Element) -> list[str]:
    return [
        f"{_local(str(key))}: {value}"
        for key, value in element.attrib.items()
        if _WORD.search(str(value))
    ]


def _attributes_in_words(element: etree._Element) -> list[str]:
    """List the attributes of an inline element that a person would read.

    Most others are links and styles.
    """
    return [
        f"{_local(str(key))}: {value}"
        for key, value in element.attrib.items()
        if _WORDS.search(str(value))
        or (_WORD.search(str(value)) and not _FOR_PROGRAMS.fullmatch(str(key)))
    ]


def _is_mixed(element: etree._Element) -> bool:
    """Tell whether an element mixes text and child elements, as a paragraph does."""
    return bool((element.text or "").strip()) or any(
        (child.tail or "").strip() for child in element
    )


def _is_short_leaf(element: etree._Element) -> bool:
    words = element.text or ""
    return not len(element) and len(words) <= _LONG and not _HTML.search(words)
