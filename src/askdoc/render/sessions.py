"""Stored sessions and their questions as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from askdoc.chat.history import Exchange, SessionSummary
from askdoc.paths import seen_from
from askdoc.render.console import Page
from askdoc.render.indexing import count
from askdoc.render.layout import flat, hang


def session_lines(
    found: Sequence[SessionSummary],
    page: Page,
    *,
    workspaces: bool = False,
    here: int | None = None,
) -> Iterator[Text]:
    """Lay out sessions with their numbers, titles and dates; with `workspaces`, where each was.

    `here` is the current session.
    """
    if not found:
        yield Text("no session is kept", style="faint")
    digits = max((len(str(item.id)) for item in found), default=1)
    for item in found:
        label = Text(f"{item.id:>{digits}}  ", style="label")
        yield hang(flat(item.title), page, first=label)
        parts = [f"{item.updated.astimezone():%Y-%m-%d %H:%M}", count(item.exchanges, "question")]
        if item.id == here:
            parts.append("this one")
        if workspaces:
            parts.append(seen_from(page.base, item.workspace))
        yield hang(flat(" · ".join(parts), "faint"), page, first=" " * (digits + 2))


def exchange_lines(exchange: Exchange, page: Page, number: int) -> Iterator[Text]:
    """Lay out the question of turn `number`, and the completed question where that differs."""
    mark = f"{number} > "
    yield hang(flat(exchange.asked), page, first=Text(mark, style="label"))
    if exchange.question != exchange.asked:
        yield hang(flat(exchange.question, "faint"), page, first=f"{'→':>{len(mark) - 1}} ")
