"""Laying out text: hanging indents, clipped context, and labels beside values.

Everything is a rich `Text`, never markup, so that brackets in a document stay brackets. All text
from outside passes `plain` or `flat` here. A style is that of the words alone: what is appended
does not take it over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.text import Text

from askdoc.render.console import Page
from askdoc.strings import escaped, one_line, printable

BLANK = Text()
ELLIPSIS = "…"

_ENDS_OF_PARTS = "/\\_-"
_NEVER_FIRST = ",.;:)"


def plain(text: str, style: str = "") -> Text:
    """Take text from outside as it is, without what could steer the terminal."""
    return Text.assemble((printable(text), style))


def named(text: str, style: str = "") -> Text:
    """Take a name from outside: what could steer the terminal is shown as an escape."""
    return Text.assemble((escaped(text), style))


def flat(text: str, style: str = "") -> Text:
    """Take text from outside as one paragraph: printable, white space as single spaces."""
    return Text.assemble((one_line(text), style))


def hang(text: Text, page: Page, *, first: Text | str = "", rest: Text | str | None = None) -> Text:
    """Wrap `text` to the page with `first` before its first line and `rest` before the others.

    `rest` is by default as wide as `first`, and blank. Where the page has no width, the text stays
    one line. No line ends in spaces.
    """
    first = Text(first) if isinstance(first, str) else first
    if rest is None:
        rest = " " * cell_len(first.plain)
    rest = Text(rest) if isinstance(rest, str) else rest
    if page.width is None:
        joined = Text.assemble(first, text)
        joined.rstrip()
        return joined
    room = max(1, page.width - max(cell_len(first.plain), cell_len(rest.plain)))
    lines = _wrapped(text, page, room)
    rows = [Text.assemble(rest if number else first, line) for number, line in enumerate(lines)]
    for row in rows:
        row.rstrip()
    return Text("\n").join(rows)


def _wrapped(text: Text, page: Page, room: int) -> list[Text]:
    """Wrap between words, and cut a long name, such as a path, where a part of it ends.

    No comma or the like begins a line.
    """
    done: list[Text] = []
    while True:
        rows = list(text.wrap(page.console, room, overflow="fold"))
        found = _first_cut(text.plain, rows)
        if found is None:
            return done + rows
        number, end, cut = found
        row = rows[number]
        done += [*rows[:number], row[: len(row) - cut]]
        text = text[end - cut :]


def _first_cut(text: str, rows: list[Text]) -> tuple[int, int, int] | None:
    """Find the first row that ends within a name and should end before it does there.

    Returns its number, where in the text it ends, and how many characters are to follow it.
    """
    end = 0
    for number, row in enumerate(rows[:-1]):
        start = text.find(row.plain, end)
        if start < 0 or not row.plain:
            continue  # tabs were written out
        end = start + len(row)
        if text[end - 1 : end + 1].split() != [text[end - 1 : end + 1]]:
            continue  # it ends between words
        part = max(row.plain.rfind(mark, len(row) // 2) for mark in _ENDS_OF_PARTS) + 1
        if not part and text[end] in _NEVER_FIRST:
            part = len(row) - 1
        if 0 < part < len(row):
            return number, end, len(row) - part
    return None


def head(text: str, limit: int) -> str:
    """Return the first words of `text`, about `limit` characters, marked where it continues."""
    text = one_line(text)
    if len(text) <= limit:
        return text
    cut = text[:limit].rsplit(" ", 1)[0] if " " in text[:limit] else text[:limit]
    return f"{cut.rstrip(' ,;:-')} {ELLIPSIS}"


def tail(text: str, limit: int) -> str:
    """Return the last words of `text`, about `limit` characters, marked where it began before."""
    text = one_line(text)
    if len(text) <= limit:
        return text
    end = text[-limit:]
    cut = end.split(" ", 1)[1] if " " in end else end
    return f"{ELLIPSIS} {cut.lstrip(' ,;:-')}"


def line_limit(page: Page) -> int:
    """Say how many characters of context fit one line of the page."""
    return max(30, (page.width or 80) - 8)


def table(rows: Iterable[tuple[str, Text | str]], page: Page) -> Iterator[Text]:
    """Lay out labels beside their values; a value that needs more lines hangs below itself."""
    rows = list(rows)
    widest = max((cell_len(label) for label, _ in rows), default=0)
    for label, value in rows:
        first = Text(f"{label:<{widest}}  ", style="faint")
        yield hang(flat(value) if isinstance(value, str) else value, page, first=first)
