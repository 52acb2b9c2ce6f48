"""Naming places: the file with its link, and the headings above."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from rich.style import Style
from rich.text import Text

from askdoc.addresses import is_address
from askdoc.paths import seen_from
from askdoc.render.console import Page
from askdoc.strings import escaped, one_line
from askdoc.types import Copy, Document

_SHOWN = 3

BELOW = " › "
"""Stands between a heading and the one below it."""


def file_name(document: Document, page: Page) -> Text:
    """Write where a document is found, linked to the file where the terminal can.

    Where several libraries were asked, the document's stands before it.
    """
    name = escaped(seen_from(page.base, document.file) + document.inside)
    library = f"{document.library}: " if document.library else ""
    return Text.assemble(library, (name, _linked(document.file) if page.links else "file"))


def also_in(document: Document, page: Page) -> str:
    """Say where else the same document is found; nothing where it is nowhere else."""
    names = [
        escaped(seen_from(page.base, copy.file) + copy.inside) + _gone(copy)
        for copy in document.copies
    ]
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"also in {shown}{more}" if names else ""


def _gone(copy: Copy) -> str:
    """Say that a file is not there any more."""
    there = is_address(copy.file) or os.path.lexists(copy.file)
    return "" if there else " (the file is gone)"


def _linked(file: str) -> Style:
    if is_address(file):
        return Style(bold=True, link=file)
    try:
        link = Path(file).absolute().as_uri()
    except ValueError:  # a name that no address can hold
        return Style(bold=True)
    return Style(bold=True, link=link)


def heading_path(title: str | None, headings: Iterable[str]) -> str:
    """Join a document's title and the headings above a place; equal neighbours count once."""
    parts = [one_line(part) for part in ((title or ""), *headings)]
    return BELOW.join(
        part for number, part in enumerate(parts) if part and part not in parts[:number]
    )
