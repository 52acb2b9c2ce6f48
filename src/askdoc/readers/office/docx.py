"""Reads Word documents with python-docx, but their text from the XML tree.

The library's paragraphs lack tracked insertions, content controls, text boxes, equations and notes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import takewhile
from typing import TYPE_CHECKING

import docx
from lxml import etree

from askdoc.errors import ReadError
from askdoc.readers.composer import TURN, Composer, Wide, repeat_wide_cells, table_rows
from askdoc.readers.copies import Copies
from askdoc.readers.notes import FOOTER, HEADER, Apart, write_apart
from askdoc.readers.office.properties import core_properties
from askdoc.readers.package import Package, as_usual, parse_xml
from askdoc.readers.refusal import damaged, wordless
from askdoc.types import Kind, Reading
from askdoc.types.places import Place, PlaceKind

if TYPE_CHECKING:
    from docx.document import Document
    from docx.opc.part import Part

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_IN_MARGIN = {_W + "headerReference": HEADER, _W + "footerReference": FOOTER}
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_P, _TBL, _TR, _TC = (_W + tag for tag in ("p", "tbl", "tr", "tc"))
_RUN, _TEXT = _W + "r", _W + "t"
_TEXT_BOX = _W + "txbxContent"
_UNREAD = {_W + tag for tag in ("del", "moveFrom", "instrText", "delText", "fldData")}
_PAGE_BREAK = _W + "lastRenderedPageBreak"
_WRITTEN = {
    _W + "tab": " ",
    _W + "br": "\n",
    _W + "cr": "\n",
    _W + "noBreakHyphen": "-",
}

_END = re.compile(r"[.!?…][\"'”’)\]]*\s+|\n")
_ENDED = re.compile(r"(?:[.!?…:][\"'”’)\]]*\s*|\n)\Z")

_HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop) ?([1-9])", re.IGNORECASE)
_STYLES = {
    "quote": Kind.QUOTE,
    "intense quote": Kind.QUOTE,
    "caption": Kind.CAPTION,
    "html preformatted": Kind.CODE,
    "html code": Kind.CODE,
    "macro": Kind.CODE,
    "source code": Kind.CODE,
    "code": Kind.CODE,
}
"""The kinds of styles by the names that Word and Pandoc use."""

_COMMENT = "comment"
_NOTES = {"footnotes": "footnote", "endnotes": "endnote", "comments": _COMMENT}
_NUMBER_OF_BODY_TEXT = 9
_MOST_COLUMNS = 63


class Margins:
    """Collects sections; `write` then writes their headers and footers."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._at: Place | None = None
        self._found: list[tuple[str, Place, str]] = []

    def pass_by(self, place: Place) -> None:
        """Add a place; the first of a section becomes the place of its header and footer."""
        self._at = self._at or place

    def end(self, section: etree._Element) -> None:
        """End a section with its properties."""
        at, self._at = self._at or Place(PlaceKind.PARAGRAPH, 1), None
        shown = {"default", None}
        if is_on(section.find(_W + "titlePg")):
            shown.add("first")
        if self._document.settings.odd_and_even_pages_header_footer:
            shown.add("even")
        for element in section:
            kind = _IN_MARGIN.get(str(element.tag))
            if kind and element.get(_W + "type") in shown:
                self._found.append((kind, at, element.get(_R + "id", "")))

    def write(
        self, composer: Composer, words: Callable[[etree._Element], str], *, name: str
    ) -> None:
        """Write each header and footer once; `words` extracts their paragraphs."""
        parts = self._document.part.related_parts
        found: list[Apart] = []
        for kind, at, key in self._found:
            if key in parts:
                root = parse_xml(parts[key].blob, name)
                # Word stores a text box twice, for old and new versions.
                lines = dict.fromkeys(map(words, root.iter(_W + "p")))
                found.append(Apart(kind, at, "\n".join(lines)))
        write_apart(composer, found)


def is_on(element: etree._Element | None) -> bool:
    """Tell whether a boolean property is present and on."""
    return element is not None and element.get(_W + "val", "true") not in ("0", "false", "off")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell: its first column, from 1, its width in columns, and its words.

    `merged_above`: it continues the cell above.
    """

    column: int
    width: int
    marked: str
    merged_above: bool


class DocxReader:
    """Reads body, text boxes, equations, notes, comments, headers and footers.

    Styles give the headings. Places are pages if Word has stored page breaks, else paragraphs.
    """

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, too large when unpacked, or has no text.

        """
        # Refuse a damaged or hostile archive before a library sees it.
        package = Package(data, name)
        try:
            document = docx.Document(BytesIO(as_usual(package, data)))
            walk = _Walk(document)
            walk.body()
            walk.notes(name)
            walk.margins.write(
                walk.composer, lambda element: _plain(walk.words(element)), name=name
            )
        except ReadError:
            raise
        except Exception as error:  # python-docx raises any error for a malformed file
            raise damaged(name) from error
        if not walk.composer:
            raise wordless(name)
        return walk.composer.reading(title=walk.title, properties=core_properties(package))


class _Walk:
    """Walks a document and writes its text."""

    def __init__(self, document: Document) -> None:
        self.composer = Composer()
        self.title: str | None = None
        self.margins = Margins(document)
        self._document = document
        self._levels = dict(_levels(document))
        self._kinds = dict(_kinds(document))
        self._hidden = _hidden_styles(document)
        self._copies = Copies()
        self._paged = next(document.element.body.iter(_PAGE_BREAK), None) is not None
        self._page = 1
        self._paragraph = 0
        self._here: Place | None = None
        self._marks: dict[tuple[str, str], Place] = {}
        self._numbered: Counter[str] = Counter()

    def body(self) -> None:
        """Write the body."""
        body = self._document.element.body
        self._blocks(body)
        for section in body.iterfind(_W + "sectPr"):
            self.margins.end(section)

    def notes(self, name: str) -> None:
        """Write footnotes, endnotes and comments, below a heading each."""
        for part in _notes(self._document):
            root = parse_xml(part.blob, name)
            kind = next((kind for kind in _NOTES if str(part.partname).endswith(f"{kind}.xml")), "")
            wrote = False
            for note in root.iter(_W + _NOTES[kind]) if kind else ():
                words = "\n".join(
                    text for one in note.iter(_P) if (text := _plain(self.words(one)).strip())
                )
                if not words:
                    continue
                if not wrote:
                    self.composer.heading(kind.capitalize(), 1)
                    wrote = True
                mark = (_NOTES[kind], note.get(_W + "id", ""))
                if (at := self._marks.get(mark, self._here)) is not None:
                    self.composer.place(at)
                by = note.get(_W + "author")
                self.composer.paragraph(f"{by}: {words}" if by else words, close=True)

    def _blocks(self, parent: etree._Element) -> None:
        for element in parent:
            if element.tag == _P:
                self._take_paragraph(element)
            elif element.tag == _TBL:
                self._table(element)
            elif element.tag not in _UNREAD and element.tag != _FALLBACK:
                self._blocks(element)

    def _take_paragraph(self, element: etree._Element) -> None:
        marked = "".join(self.words(element))
        text = _plain(marked)
        last = self._page + marked.count(TURN)
        if text.strip():
            self._paragraph += 1
            self._page += _turned_before(marked)
            self._mark(element)
            level = self._level(element)
            if level is None:
                turned = _at_sentences(marked.strip(f"{TURN}\n "))
                turns = [Place(PlaceKind.PAGE, page) for page in range(self._page + 1, last + 1)]
                kind = self._kind(element)
                self.composer.paragraph(turned, close=_is_item(element), turns=turns, kind=kind)
            else:
                self.composer.heading(text, level or 1)
                if not level and self.title is None:
                    self.title = text
        self._page = last
        for box in _boxes(element):
            self._blocks(box)
        for section in element.iterfind(f"{_W}pPr/{_W}sectPr"):
            self.margins.end(section)

    def _table(self, table: etree._Element) -> None:
        elements = [row for row in table.iter(_TR) if _nearest(row, _TBL) is table]
        grid = [self._cells(row) for row in elements]
        written = dict(table_rows(repeat_wide_cells(_with_wide(grid), self._copies)))
        for number, (element, cells) in enumerate(zip(elements, grid, strict=True), start=1):
            row = "".join(cell.marked for cell in cells)
            before = _turned_before(row)
            self._page += before
            if number in written:
                self._paragraph += 1
                self._mark(element)
                self.composer.row(written[number])
            self._page += row.count(TURN) - before

    def _cells(self, row: etree._Element) -> list[_Cell]:
        column = 1 + _number(row.find(f"{_W}trPr/{_W}gridBefore"), 0)
        cells: list[_Cell] = []
        for cell in row.iter(_TC):
            if _nearest(cell, _TR) is row:
                marked = " ".join("".join(self.words(one)) for one in cell.iter(_P))
                width = _number(cell.find(f"{_W}tcPr/{_W}gridSpan"), 1)
                merge = cell.find(f"{_W}tcPr/{_W}vMerge")
                merged_above = merge is not None and merge.get(_W + "val", "continue") == "continue"
                cells.append(_Cell(column, width, marked, merged_above=merged_above))
                column += width
        return cells

    def words(self, paragraph: etree._Element) -> Iterator[str]:
        """Yield the words of a paragraph, with marks at page breaks.

        Hidden text is left out.
        """
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        hidden = style is not None and style.get(_W + "val", "") in self._hidden
        return self._seen(paragraph, hidden=hidden)

    def _seen(self, element: etree._Element, *, hidden: bool) -> Iterator[str]:
        for child in element:
            tag = child.tag
            if tag == _TEXT:
                if not hidden:
                    yield _plain((child.text or "",))
            elif tag == _MATH_TEXT:
                yield _plain((child.text or "",))
            elif tag == _PAGE_BREAK:
                yield TURN
            elif tag in _WRITTEN:
                yield _WRITTEN[tag]
            elif tag == _RUN:
                yield from self._seen(child, hidden=self._is_hidden(child, hidden))
            elif tag not in _UNREAD and tag not in (_FALLBACK, _TEXT_BOX, _P):
                yield from self._seen(child, hidden=hidden)

    def _is_hidden(self, run: etree._Element, hidden: bool) -> bool:  # noqa: FBT001
        """Tell whether a run is hidden; `hidden` is the default of its paragraph's style."""
        properties = run.find(_W + "rPr")
        if properties is None:
            return hidden
        own = _vanishes(properties)
        if own is not None:
            return own
        style = properties.find(_W + "rStyle")
        return hidden or (style is not None and style.get(_W + "val", "") in self._hidden)

    def _mark(self, element: etree._Element) -> None:
        """Record the place of the next words, and the notes that they refer to."""
        place = (
            Place(PlaceKind.PAGE, self._page)
            if self._paged
            else Place(PlaceKind.PARAGRAPH, self._paragraph)
        )
        self._here = place
        self.margins.pass_by(place)
        self.composer.place(place)
        for note in _NOTES.values():
            for mark in element.iter(f"{_W}{note}Reference"):
                self._numbered[note] += 1
                name = None if note == _COMMENT else f"{note} {self._numbered[note]}"
                self._marks[note, mark.get(_W + "id", "")] = replace(place, name=name)

    def _kind(self, paragraph: etree._Element) -> Kind:
        """Return the kind of a paragraph: by its numbering, else by its style."""
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        key = style.get(_W + "val", "") if style is not None else ""
        return Kind.ITEM if _is_item(paragraph) else self._kinds.get(key, Kind.PROSE)

    def _level(self, paragraph: etree._Element) -> int | None:
        """Return the level of a heading, 0 for the title, None for other text."""
        properties = paragraph.find(_W + "pPr")
        if properties is None:
            return None
        own = properties.find(_W + "outlineLvl")
        if own is not None:
            return _outline(own)
        style = properties.find(_W + "pStyle")
        return self._levels.get(style.get(_W + "val", "")) if style is not None else None


def _plain(pieces: Iterable[str]) -> str:
    """Join pieces of text without the marks of pages."""
    return "".join(pieces).replace(TURN, "")


def _turned_before(marked: str) -> int:
    """Count the pages that begin before the first word."""
    return marked[: len(marked) - len(marked.lstrip(f"{TURN}\n\t "))].count(TURN)


def _at_sentences(marked: str) -> str:
    """Move page breaks to the start of a sentence, so that a sentence belongs to one page."""
    first, *others = marked.split(TURN)
    for piece in others:
        ended = _ENDED.search(first.replace(TURN, ""))
        found = None if ended else _END.search(piece)
        cut = 0 if ended else found.end() if found else len(piece)
        first += piece[:cut] + TURN + piece[cut:]
    return first


def _boxes(element: etree._Element) -> Iterator[etree._Element]:
    """Yield the text boxes anchored in a paragraph, without nested ones."""
    for child in element:
        if child.tag == _TEXT_BOX:
            yield child
        elif child.tag != _FALLBACK:
            yield from _boxes(child)


def _nearest(element: etree._Element, tag: str) -> etree._Element | None:
    return next(element.iterancestors(tag), None)


def _is_item(paragraph: etree._Element) -> bool:
    return paragraph.find(f"{_W}pPr/{_W}numPr") is not None


def _outline(element: etree._Element) -> int | None:
    number = element.get(_W + "val", "")
    return int(number) + 1 if number.isdecimal() and int(number) < _NUMBER_OF_BODY_TEXT else None


def _with_wide(grid: Sequence[Sequence[_Cell]]) -> Iterator[tuple[list[str], list[Wide]]]:
    """List the rows of a table, with their merged cells."""
    merged_above = [{cell.column for cell in row if cell.merged_above} for row in grid]
    for number, row in enumerate(grid):
        cells = [""] * (row[-1].column + row[-1].width - 1 if row else 0)
        wide: list[Wide] = []
        for cell in row:
            cells[cell.column - 1] = _plain(cell.marked)
            below = takewhile(lambda columns: cell.column in columns, merged_above[number + 1 :])  # noqa: B023
            rows = 1 if cell.merged_above else 1 + sum(1 for _ in below)
            if max(rows, cell.width) > 1:
                wide.append(Wide(cell.column, cell.width, rows))
        yield cells, wide


def _number(element: etree._Element | None, otherwise: int) -> int:
    """Return the number in an element, at most the columns that Word allows."""
    value = element.get(_W + "val", "") if element is not None else ""
    return min(int(value), _MOST_COLUMNS) if re.fullmatch("[0-9]{1,9}", value) else otherwise


def _vanishes(properties: etree._Element) -> bool | None:
    """Tell whether the properties of a run hide it; None if they do not say."""
    own = properties.find(_W + "vanish")
    return None if own is None else is_on(own)


def _hidden_styles(document: Document) -> frozenset[str]:
    """Return the ids of hiding styles, including those that inherit it."""
    says: dict[str, bool | None] = {}
    based: dict[str, str] = {}
    for style in document.styles.element.iter(_W + "style"):
        key = style.get(_W + "styleId", "")
        properties, on = style.find(_W + "rPr"), style.find(_W + "basedOn")
        says[key] = _vanishes(properties) if properties is not None else None
        based[key] = on.get(_W + "val", "") if on is not None else ""

    def hides(key: str) -> bool:
        for _ in based:  # damaged files may have cyclic inheritance
            if key not in says:
                break
            if (value := says[key]) is not None:
                return value
            key = based[key]
        return False

    return frozenset(filter(hides, says)) if any(says.values()) else frozenset()


def _levels(document: Document) -> Iterator[tuple[str, int]]:
    """Map the ids of heading styles to their level; the title has 0."""
    for style in document.styles.element.iter(_W + "style"):
        key = style.get(_W + "styleId", "")
        named = style.find(_W + "name")
        words = named.get(_W + "val", "") if named is not None else ""
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        found = _HEADING.fullmatch(words) or _HEADING.fullmatch(key)
        if words.lower() == "title":
            yield key, 0
        elif found:
            yield key, int(found[1])
        elif outline is not None and (level := _outline(outline)):
            yield key, level


def _kinds(document: Document) -> Iterator[tuple[str, Kind]]:
    """Map the ids of styles to the kind of their paragraphs, by their built-in names."""
    for style in document.styles.element.iter(_W + "style"):
        named = style.find(_W + "name")
        words = named.get(_W + "val", "").lower() if named is not None else ""
        if style.find(f"{_W}pPr/{_W}numPr") is not None or words.startswith("list "):
            yield style.get(_W + "styleId", ""), Kind.ITEM
        elif (kind := _STYLES.get(words)) is not None:
            yield style.get(_W + "styleId", ""), kind


def _notes(document: Document) -> Iterator[Part]:
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.rpartition("/")[2] in _NOTES:
            yield relation.target_part
