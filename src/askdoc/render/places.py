"""Naming places: the file with its link, the page or lines, the headings above."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.style import Style
from rich.text import Text

from askdoc.paths import seen_from
from askdoc.render.console import Page
from askdoc.text import one_line
from askdoc.types import Document

BELOW = " › "
"""Stands between a heading and the one below it."""


def file_name(document: Document, page: Page) -> Text:
    """Write where a document is found, linked to the file where the terminal can.

    Where several libraries were asked, the document's stands before it.
    """
    name = one_line(seen_from(page.base, document.file))
    library = f"{document.library}: " if document.library else ""
    return Text.assemble(library, (name, _linked(document.file) if page.links else "file"))


def _linked(file: str) -> Style:
    try:
        link = Path(file).absolute().as_uri()
    except ValueError:  # a name that no address can hold
        return Style(bold=True)
    return Style(bold=True, link=link)


def place(page_number: int | None, line_start: int | None, line_end: int | None) -> str:
    """Name a place: the page where there are pages, else the lines."""
    if page_number is not None:
        return f"page {page_number}"
    if line_start is None:
        return ""
    if line_end is None or line_end == line_start:
        return f"line {line_start}"
    return f"lines {line_start}-{line_end}"


def heading_path(title: str | None, headings: Iterable[str]) -> str:
    """Join a document's title and the headings above a place; equal neighbours count once."""
    parts = [one_line(part) for part in ((title or ""), *headings)]
    return BELOW.join(
        part for number, part in enumerate(parts) if part and part not in parts[:number]
    )
