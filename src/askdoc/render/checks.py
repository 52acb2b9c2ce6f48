"""The findings of the doctor as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from askdoc.render.console import Page
from askdoc.render.health import Check, Health
from askdoc.render.layout import flat, hang

_MARKS = {
    Health.GOOD: ("ok", "good"),
    Health.WARNING: ("note", "warning"),
    Health.BROKEN: ("broken", "bad"),
}
_INDENT = " " * 18


def check_lines(check: Check, page: Page) -> Iterator[Text]:
    """Lay out one check: how it came out, what was found, what to do."""
    mark, style = _MARKS[check.health]
    first = Text.assemble((f"{mark:<6}", style), "  ", (f"{check.name:<8}", "file"), "  ")
    yield hang(flat(check.finding), page, first=first)
    if check.remedy:
        yield hang(flat(check.remedy, "faint"), page, first=_INDENT)
