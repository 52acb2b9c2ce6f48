"""Errors and notes as lines of text: what is wrong, a blank line, what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from askdoc.errors import AskdocError
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, hang
from askdoc.strings import escaped


def error_lines(error: AskdocError, page: Page) -> Iterator[Text]:
    """Lay out an error with its hint."""
    yield from problem_lines(str(error), error.hint, page)


def problem_lines(message: str, hint: str | None, page: Page) -> Iterator[Text]:
    """Lay out what is wrong and, where there is one, the hint."""
    yield _labelled("error", "bad", message, page)
    if hint:
        yield BLANK
        yield hint_line(hint, page)


def hint_line(hint: str, page: Page) -> Text:
    """Lay out what to do next."""
    return _labelled("hint", "heading", hint, page)


def note_line(message: str, page: Page) -> Text:
    """Lay out a remark that is no error."""
    return _labelled("note", "heading", message, page)


def _labelled(label: str, style: str, message: str, page: Page) -> Text:
    text = Text(escaped(page.advice(message), keep="\n\t"))
    return hang(text, page, first=Text.assemble((f"{label}: ", style)), rest="")
