"""The stored text of a document, whole or around a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from askdoc.errors import UsageError
from askdoc.render.console import Page
from askdoc.render.layout import hang, plain


def text_lines(text: str) -> Iterator[Text]:
    """Give the text line by line, without what could steer a terminal."""
    for line in split_lines(text):
        yield plain(line)


def line_lines(
    text: str,
    lines: tuple[int, int],
    context: int,
    page: Page,
    called: Sequence[str] | None = None,
) -> Iterator[Text]:
    """Lay out the lines from first to last with `context` lines around, each with its number.

    `called` says what the lines of the text are called, where that is not their count.

    Raises:
        UsageError: the text has no such line.

    """
    everything = split_lines(text)
    first, last = lines
    if first > len(everything):
        message = f"there is no line {first}"
        raise UsageError(message, hint=f"the last line is {len(everything):,}")
    start = max(1, first - context)
    end = min(len(everything), last + context)
    names = called or [str(number) for number in range(1, len(everything) + 1)]
    digits = max(map(len, names[start - 1 : end]))
    for number in range(start, end + 1):
        inside = first <= number <= last
        mark = ("│" if page.width else ">") if inside else " "
        bar = Text.assemble((f"{names[number - 1]:>{digits}} ", "faint"), (mark, "bar"), " ")
        below = Text.assemble(" " * (digits + 1), (mark, "bar"), " ")
        body = plain(everything[number - 1].expandtabs(), "" if inside else "faint")
        yield hang(body, page, first=bar, rest=below)


def split_lines(text: str) -> list[str]:
    r"""Split `text` where `askdoc.strings.line_starts` does: at `\n`, `\r\n` and a lone `\r`.

    A line end at the very end ends the last line; it begins no other.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
