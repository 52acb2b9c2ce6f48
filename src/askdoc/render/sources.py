"""The numbered places of an answer, and one of them in its text, as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from askdoc.render.console import Page
from askdoc.render.layout import BLANK, flat, hang, plain
from askdoc.render.places import NumberedPlace, file_name, heading_path
from askdoc.strings import line_of, line_starts
from askdoc.types import Span
from askdoc.types.places import place_suffix

Lines = Callable[[NumberedPlace], tuple[int, int] | None]
"""Names the first and last line of a place; None where its document is no longer indexed."""


def source_lines(found: Sequence[NumberedPlace], page: Page, *, lines: Lines) -> Iterator[Text]:
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


def marked_lines(
    text: str,
    span: Span,
    page: Page,
    *,
    context: int | None = None,
    most: int | None = None,
    called: Sequence[str] | None = None,
) -> Iterator[Text]:
    """Lay out text line by line with its numbers, a bar along the characters of `span`.

    A line that is only partly marked is broken there. `context` is how many lines around are shown,
    and `most` how many characters before the mark and behind it; None for all. `called` says what
    the lines are called, where that is not their count.
    """
    starts = line_starts(text)
    seen = Span(0, len(text)) if most is None else _around(text, span, most)
    first, last = line_of(starts, span.start), line_of(starts, max(span.start, span.end - 1))
    around = len(starts) if context is None else context
    shown = range(max(1, first - around), min(len(starts), last + around) + 1)
    names = called or [str(number) for number in range(1, len(starts) + 1)]
    digits = max(len(names[number - 1]) for number in shown)
    for number in shown:
        line = Span(starts[number - 1], starts[number] if number < len(starts) else len(text))
        named = False
        for piece, marked in _pieces(line, span):
            if piece.end < seen.start or piece.start > seen.end:
                continue
            body = _clipped(text, piece, seen)
            if named and not body.strip():
                continue
            label = f"{'' if named else names[number - 1]:>{digits}} "
            mark = ("│" if page.width else ">") if marked else " "
            first_mark = Text.assemble((label, "faint"), (mark, "bar"), " ")
            rest = Text.assemble(" " * (digits + 1), (mark, "bar"), " ")
            words = body.strip() if named or marked else body.expandtabs()
            yield hang(plain(words, "" if marked else "faint"), page, first=first_mark, rest=rest)
            named = True


def _around(text: str, span: Span, most: int) -> Span:
    """Widen a span by at most `most` characters, to where a word begins or ends."""
    start, end = max(0, span.start - most), min(len(text), span.end + most)
    if start:
        start = text.find(" ", start, span.start) + 1 or start
    if end < len(text):
        cut = text.rfind(" ", span.end, end)
        end = end if cut < 0 else cut
    return Span(start, end)


def _clipped(text: str, piece: Span, seen: Span) -> str:
    """Cut a piece of a line out of `text`, with dots where not all of it is seen."""
    start, end = max(piece.start, seen.start), min(piece.end, seen.end)
    body = text[start:end].strip("\r\n")
    before = "… " if text[piece.start : start].strip() else ""
    behind = " …" if text[end : piece.end].strip() else ""
    return f"{before}{body}{behind}"


def _pieces(line: Span, marked: Span) -> Iterator[tuple[Span, bool]]:
    """Cut a line where the marked part begins and ends; an empty line is one piece."""
    start = min(max(line.start, marked.start), line.end)
    end = min(max(start, marked.end), line.end)
    before, inside, after = Span(line.start, start), Span(start, end), Span(end, line.end)
    if not line.overlap(marked):
        yield line, False
        return
    for piece, is_marked in ((before, False), (inside, True), (after, False)):
        if len(piece):
            yield piece, is_marked


def place_title(item: NumberedPlace, page: Page, lines: Lines) -> Text:
    """Name the file of a place and where in it the place is."""
    first, last = lines(item) or (None, None)
    title = file_name(item.document, page).append(place_suffix(item.place, first, last))
    return title if first else title.append(" (no longer indexed)", style="warning")
