from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.render.console import make_console, page
from askdoc.render.sources import marked_lines
from askdoc.types import Span

TEXT = "One stands here. Two is marked\nand goes on. Three is not.\n\nFour ends it."


def shown(
    text: str,
    span: Span,
    *,
    context: int | None = None,
    most: int | None = None,
    width: int | None = None,
) -> str:
    output = StringIO()
    sheet = page(make_console(file=output, width=width or 80, force_terminal=bool(width)), Path())
    sheet.show(marked_lines(text, span, sheet, context=context, most=most))
    return output.getvalue()


def test_a_bar_runs_along_the_sentence_alone() -> None:
    span = Span(TEXT.index("Two"), TEXT.index(" Three"))
    assert shown(TEXT, span, context=None) == (
        "1   One stands here.\n"
        "  > Two is marked\n"
        "2 > and goes on.\n"
        "    Three is not.\n"
        "3\n"
        "4   Four ends it.\n"
    )


@pytest.mark.parametrize(("context", "lines"), [(0, 1), (1, 2), (9, 4), (None, 4)])
def test_so_many_lines_are_shown_around(context: int | None, lines: int) -> None:
    start = TEXT.index("Four")
    assert len(shown(TEXT, Span(start, len(TEXT)), context=context).splitlines()) == lines


def test_of_long_lines_only_what_is_near_is_shown() -> None:
    long = "far " * 50
    text = f"{long}\n{long}before. Marked here. Behind {long}\n{long}"
    span = Span(text.index("Marked"), text.index(" Behind"))
    assert shown(text, span, most=17) == (
        "2   … far far before.\n  > Marked here.\n    Behind far far …\n"
    )
    whole = shown(text, span, most=len(text))
    assert whole == shown(text, span)
    assert "…" not in whole


@given(st.text("ab .\r\n", min_size=1, max_size=80), st.data())
def test_no_word_is_lost(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    output = shown(text, Span(start, end), context=None)
    letters = [character for character in output if character in "ab"]
    assert letters == [character for character in text if character in "ab"]
