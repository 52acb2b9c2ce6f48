"""Help as lines of text: usage, what it does, examples, then options and commands in groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.text import Text

from askdoc.render.console import Page
from askdoc.render.layout import BLANK, hang

_PIPED_WIDTH = 80
_NAME_CELLS = 24
_LEAST_TEXT = 24


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled group of rows, each a name and what it means."""

    title: str
    rows: Sequence[tuple[str, str]]


def help_lines(
    usage: str, text: str, groups: Sequence[Sequence[Panel]], page: Page
) -> Iterator[Text]:
    """Lay out a command's help; paragraphs of `text` that are indented stay as they are.

    The names in the panels of one group have one width.
    """
    page = replace(page, width=page.width or _PIPED_WIDTH)
    for number, line in enumerate(usage.splitlines()):
        label = "Usage: " if number == 0 else "       "
        yield hang(Text(line, style="command"), page, first=label)
    for paragraph in text.split("\n\n"):
        yield BLANK
        yield from _paragraph(paragraph, page)
    for panels in groups:
        lengths = [cell_len(name) for panel in panels for name, _ in panel.rows]
        widest = min(_NAME_CELLS, max(lengths, default=0))
        for panel in panels:
            if panel.rows:
                yield BLANK
                yield Text(panel.title, style="heading")
                yield from _rows(panel.rows, widest, page)


def _paragraph(paragraph: str, page: Page) -> Iterator[Text]:
    lines = paragraph.splitlines()
    if any(line.startswith("    ") for line in lines):
        for line in lines:
            yield hang(Text(line.strip()), page, first="  " if line[:1] == " " else "", rest="    ")
        return
    yield hang(Text(" ".join(lines)), page)


def _rows(rows: Sequence[tuple[str, str]], widest: int, page: Page) -> Iterator[Text]:
    """Put names beside their text, or above it where the page is too narrow for both."""
    beside = (page.width or _PIPED_WIDTH) - widest - 4 >= _LEAST_TEXT
    indent = " " * (widest + 4 if beside else 6)
    for name, text in rows:
        if beside and cell_len(name) <= widest:
            first = Text.assemble("  ", (f"{name:<{widest}}", "label"), "  ")
            yield hang(Text(text), page, first=first)
        else:
            yield Text.assemble("  ", (name, "label"))
            yield hang(Text(text), page, first=indent)
