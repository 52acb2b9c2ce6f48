"""The headers and footers of a Word document: which of them its pages show, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lxml import etree

from askdoc.readers.attachments import FOOTER, HEADER, Apart, write_apart
from askdoc.readers.composing import Composer
from askdoc.readers.unpacking import parse_xml
from askdoc.types.places import Place, PlaceKind

if TYPE_CHECKING:
    from docx.document import Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_KINDS = {_W + "headerReference": HEADER, _W + "footerReference": FOOTER}


class Margins:
    """Takes in where sections begin and end; `write` then says what heads and foots their pages."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._at: Place | None = None
        self._found: list[tuple[str, Place, str]] = []

    def pass_by(self, place: Place) -> None:
        """Take in a place of the text; the first of a section is that of its header and footer."""
        self._at = self._at or place

    def end(self, section: etree._Element) -> None:
        """End a section by its properties."""
        at, self._at = self._at or Place(PlaceKind.PARAGRAPH, 1), None
        shown = {"default", None}
        if is_on(section.find(_W + "titlePg")):
            shown.add("first")
        if self._document.settings.odd_and_even_pages_header_footer:
            shown.add("even")
        for element in section:
            kind = _KINDS.get(str(element.tag))
            if kind and element.get(_W + "type") in shown:
                self._found.append((kind, at, element.get(_R + "id", "")))

    def write(
        self, composer: Composer, words: Callable[[etree._Element], str], *, name: str
    ) -> None:
        """Write each header and footer once, its paragraphs by their `words`."""
        parts = self._document.part.related_parts
        found: list[Apart] = []
        for kind, at, key in self._found:
            if key in parts:
                root = parse_xml(parts[key].blob, name)
                lines = dict.fromkeys(map(words, root.iter(_W + "p")))  # a box is told twice
                found.append(Apart(kind, at, "\n".join(lines)))
        write_apart(composer, found)


def is_on(element: etree._Element | None) -> bool:
    """Tell whether a property that is on or off is there and on."""
    return element is not None and element.get(_W + "val", "true") not in ("0", "false", "off")
