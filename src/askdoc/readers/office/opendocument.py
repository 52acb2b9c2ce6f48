"""Read OpenDocument (LibreOffice): text, spreadsheets and presentations, from their XML."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from lxml import etree

from askdoc.readers.composer import Composer, Wide, repeat_wide_cells, table_rows
from askdoc.readers.copies import Copies
from askdoc.readers.office.properties import open_properties
from askdoc.readers.office.sheets import Missing, Sheet, comment_text, write_sheets
from askdoc.readers.package import Package
from askdoc.readers.refusal import damaged, locked, wordless
from askdoc.types import Kind, Reading
from askdoc.types.places import Place, PlaceKind

_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TEXT, _TABLE, _DRAW = (
    f"{{{_NAMESPACE}{part}:1.0}}" for part in ("office", "text", "table", "drawing")
)
_PRESENTATION = f"{{{_NAMESPACE}presentation:1.0}}"
_STYLE = f"{{{_NAMESPACE}style:1.0}}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_STYLE_NAME, _IS_HIDDEN = _TEXT + "style-name", _TEXT + "is-hidden"
_HIDDEN_PARAGRAPH = f"{_TEXT}hidden-paragraph[@{_IS_HIDDEN}='true']"
_P, _H = _TEXT + "p", _TEXT + "h"
_NOTE, _COMMENT, _PAGE_BREAK = _TEXT + "note", _OFFICE + "annotation", _TEXT + "soft-page-break"
_UNREAD = frozenset(
    (_TEXT + "tracked-changes", _TEXT + "note-citation", _TEXT + "table-of-content")
)
_APART = frozenset((_NOTE, _COMMENT, _DRAW + "frame", _DRAW + "custom-shape"))
"""Elements anchored in a paragraph, written after it."""

_MOST_REPEATED = 1000
"""Most columns, or rows with words, that one element may repeat."""

_KINDS = {
    "quotations": Kind.QUOTE,
    "preformatted": Kind.CODE,
    "caption": Kind.CAPTION,
    "illustration": Kind.CAPTION,
    "figure": Kind.CAPTION,
    "drawing": Kind.CAPTION,
}
_SPANNED = ("columns", "rows")


class OpenDocumentReader:
    """Reads `.odt`, `.ods` and `.odp`; places are pages or paragraphs, rows, and slides."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, too large when unpacked, or has no text.

        """
        package = Package(data, name)
        if b"encryption-data" in (package.read("META-INF/manifest.xml") or b""):
            raise locked(name)
        root = package.xml("content.xml")
        body = root.find(_OFFICE + "body") if root is not None else None
        if body is None:
            raise damaged(name)
        properties = open_properties(package)
        sheets = body.find(_OFFICE + "spreadsheet")
        if sheets is not None:
            missing = Missing(sum(map(_lacks_result, sheets.iter(_TABLE + "table-cell"))))
            copies = Copies()
            named = (_sheet(one, copies) for one in sheets.iterchildren(_TABLE + "table"))
            return write_sheets(named, name, properties, warnings=missing)
        walk = _Walk(body, _hidden_styles((root, package.xml("styles.xml"))))
        if not walk.composer:
            raise wordless(name)
        return walk.composer.reading(title=walk.title, properties=properties)


class _Walk:
    """Walks a text or presentation without recursion, and writes its text."""

    def __init__(self, body: etree._Element, hidden: Collection[str]) -> None:
        self.composer = Composer()
        self._hidden = hidden
        self.title: str | None = None
        self._paged = next(body.iter(_PAGE_BREAK), None) is not None
        self._page, self._paragraph, self._slide = 1, 0, 0
        self._copies = Copies()
        pending = [iter(body)]
        while pending:
            element = next(pending[-1], None)
            if element is None:
                pending.pop()
                continue
            below = self._take(element)
            if below is not None:
                pending.append(iter(below))

    def _take(self, element: etree._Element) -> Sequence[etree._Element] | etree._Element | None:
        """Write an element; return its children that remain to be written."""
        if element.tag in _UNREAD or _is_hidden_section(element):
            return None
        if element.tag == _PAGE_BREAK:
            self._page += 1
        elif element.tag == _DRAW + "page":
            self._slide += 1
            self._page = self._slide
        elif element.tag in (_P, _H):
            return self._write(element)
        elif element.tag == _TABLE + "table":
            self._table(element)
            return None
        return element

    def _write(self, element: etree._Element) -> list[etree._Element]:
        text = "".join(_words(element, self._hidden))
        if text.strip():
            self._place(next(element.iterancestors(_NOTE, _COMMENT), None))
            style = element.get(_STYLE_NAME, "")
            is_title = style in ("Title", "Titel") or _is_title(element)
            if element.tag == _H or is_title:
                level = element.get(_TEXT + "outline-level", "1")
                self.composer.heading(text, int(level) if level.isdecimal() and int(level) else 1)
                self.title = self.title or (text if is_title and not self._slide else None)
            else:
                is_item = _TEXT + "list" in _tags_above(element)
                self.composer.paragraph(text, close=is_item, kind=_kind(style, is_item=is_item))
        self._page += sum(1 for _ in element.iter(_PAGE_BREAK))
        return [one for one in element.iter(*_APART) if _is_outermost(one, element)]

    def _table(self, table: etree._Element) -> None:
        for _, row in table_rows(_rows(table, self._copies, self._hidden)):
            self._place()
            self.composer.row(row)

    def _place(self, note: etree._Element | None = None) -> None:
        """Record the place of the next words; a note has the place of its paragraph."""
        self._paragraph += note is None
        if self._slide:
            place = Place(PlaceKind.SLIDE, self._slide)
        elif self._paged:
            place = Place(PlaceKind.PAGE, self._page, _name_of(note))
        else:
            place = Place(PlaceKind.PARAGRAPH, self._paragraph, _name_of(note))
        self.composer.place(place)


def _kind(style: str, *, is_item: bool) -> Kind:
    """Return the kind of a paragraph by LibreOffice's name of its style."""
    name = style.partition("_")[0].casefold()
    return Kind.ITEM if is_item else _KINDS.get(name, Kind.PROSE)


def _name_of(note: etree._Element | None) -> str | None:
    """Return the mark of a footnote or endnote; a comment has none."""
    if note is None or note.tag != _NOTE:
        return None
    words = " ".join((note.findtext(_TEXT + "note-citation") or "").split())
    return f"{note.get(_TEXT + 'note-class', 'footnote')} {words}".strip()


def _words(element: etree._Element, hidden: Collection[str]) -> Iterator[str]:
    """Yield the words of a paragraph without anchored elements and `hidden` styles."""
    if element.get(_STYLE_NAME) in hidden or element.find(f".//{_HIDDEN_PARAGRAPH}") is not None:
        return
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, one in walk:
        if event == "start" and one is not element and _is_passed_over(one, hidden):
            walk.skip_subtree()
        elif event == "start":
            if one.tag == _TEXT + "s":
                yield " "
            elif one.tag in (_TEXT + "tab", _TEXT + "line-break"):
                yield " " if one.tag == _TEXT + "tab" else "\n"
            yield one.text or ""
        if event == "end" and one is not element:
            yield one.tail or ""


def _is_passed_over(element: etree._Element, hidden: Collection[str]) -> bool:
    return (
        element.tag in _APART
        or element.tag in _UNREAD
        or element.get(_STYLE_NAME) in hidden
        or (element.tag == _TEXT + "hidden-text" and element.get(_IS_HIDDEN) == "true")
    )


def _hidden_styles(roots: Iterable[etree._Element | None]) -> frozenset[str]:
    """Return the names of hiding styles, including those that inherit it."""
    says: dict[str, str | None] = {}
    based: dict[str, str | None] = {}
    for root in roots:
        for style in root.iter(_STYLE + "style") if root is not None else ():
            name = style.get(_STYLE + "name", "")
            properties = style.find(_STYLE + "text-properties")
            says[name] = None if properties is None else properties.get(_TEXT + "display")
            based[name] = style.get(_STYLE + "parent-style-name")

    def hides(name: str | None) -> bool:
        for _ in based:  # which may go round in a circle
            if name is None or name not in says:
                break
            if (value := says[name]) is not None:
                return value == "none"
            name = based[name]
        return False

    return frozenset(filter(hides, says)) if "none" in says.values() else frozenset()


def _sheet(table: etree._Element, copies: Copies) -> Sheet:
    """Read a table of a spreadsheet; comments are separate from the words of their cells."""
    notes: dict[int, list[str]] = {}
    number = 1
    for row in table.iter(_TABLE + "table-row"):
        for comment in list(row.iter(_COMMENT)):
            words = " ".join("".join(_words(one, ())) for one in comment.iter(_P))
            if words.strip():
                by = comment.findtext(f"{_DC}creator") or ""
                notes.setdefault(number, []).append(comment_text(by, words))
            comment.clear(keep_tail=True)
        times = _number(row, "number-rows-repeated")
        number += min(times, _MOST_REPEATED) if "".join(map(str, row.itertext())).strip() else times
    return Sheet(table.get(_TABLE + "name", ""), _rows(table, copies), notes)


def _lacks_result(cell: etree._Element) -> bool:
    """Tell whether a cell has a formula without a stored result."""
    return (
        cell.get(_TABLE + "formula") is not None
        and cell.get(_OFFICE + "value-type") is None
        and cell.find(_P) is None
    )


def _rows(
    table: etree._Element, copies: Copies, hidden: Collection[str] = ()
) -> Iterator[list[str]]:
    """Yield the rows of a table as texts of cells, with repeated rows."""
    return repeat_wide_cells(_rows_with_wide(table, copies, hidden), copies)


def _rows_with_wide(
    table: etree._Element, copies: Copies, hidden: Collection[str]
) -> Iterator[tuple[list[str], list[Wide]]]:
    """List rows with their merged cells."""
    for row in table.iter(_TABLE + "table-row"):
        if next(row.iterancestors(_TABLE + "table"), None) is not table:
            continue
        cells: list[str] = []
        wide: list[Wide] = []
        for cell in row.iterchildren(_TABLE + "table-cell", _TABLE + "covered-table-cell"):
            words = " ".join("".join(_words(one, hidden)) for one in cell.iter(_P, _H))
            words = words or cell.get(_OFFICE + "value", "")
            columns, rows = (_number(cell, f"number-{what}-spanned") for what in _SPANNED)
            if max(columns, rows) > 1:
                wide.append(Wide(len(cells) + 1, columns, rows))
            repeated = min(_number(cell, "number-columns-repeated"), _MOST_REPEATED)
            written = copies.of(words, repeated) if words else 0
            cells += [words] * written + [""] * (repeated - written)
        words = "".join(cells)
        times = _number(row, "number-rows-repeated")
        times = min(times, _MOST_REPEATED) if words else times
        written = copies.of(words, times) if words else 0
        for number in range(times):
            yield (list(cells), wide) if number < written else ([], [])


def _number(element: etree._Element, what: str) -> int:
    times = element.get(f"{_TABLE}{what}", "1")
    return max(1, int(times)) if times.isdecimal() and len(times) <= len("1048576") else 1


def _is_hidden_section(element: etree._Element) -> bool:
    return element.tag == _TEXT + "section" and (
        element.get(_TEXT + "display") == "none" or element.get(_IS_HIDDEN) == "true"
    )


def _tags_above(element: etree._Element) -> set[str]:
    return {str(above.tag) for above in element.iterancestors()}


def _is_title(element: etree._Element) -> bool:
    """Tell whether a paragraph is the title of its slide."""
    return any(
        frame.get(_PRESENTATION + "class") == "title"
        for frame in element.iterancestors(_DRAW + "frame")
    )


def _is_outermost(one: etree._Element, within: etree._Element) -> bool:
    for above in one.iterancestors():
        if above is within:
            return True
        if above.tag in _APART:
            return False
    return False
