"""The numbered places of an answer, and one of them in its text, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from askdoc.formats import Lines
from askdoc.places import Place
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, flat, hang
from askdoc.render.places import file_name, heading_path, place


def source_lines(found: Sequence[Place], page: Page, *, lines: Lines) -> Iterator[Text]:
    """Lay out places with their numbers; what the answer cites comes first, the rest is marked."""
    digits = len(str(found[-1].number)) if found else 1
    indent = " " * (digits + 3)
    for position, item in enumerate(found):
        if position:
            yield BLANK
        if not item.cited and (position == 0 or found[position - 1].cited):
            yield Text("Not cited:" if position else "Nothing is cited. Nearest:", style="faint")
            yield BLANK
        label = Text(f"[{item.number}]".rjust(digits + 2) + " ", style="label")
        yield hang(place_title(item, page, lines), page, first=label, rest=indent)
        if path := heading_path(item.document.title, item.headings):
            yield hang(Text(path, style="faint"), page, first=indent)
        yield hang(flat(item.text), page, first=indent)


def place_title(item: Place, page: Page, lines: Lines) -> Text:
    """Name the file of a place and where in it the place is."""
    first, last = lines(item.document.id, item.span)
    return file_name(item.document, page).append(f", {place(item.page, first, last)}")
