"""What the page makes of an answer and of a document's text, without a browser."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from askdoc.serve.engine import Engine
from askdoc.serve.page import reading, routes, view
from askdoc.types import Claim, Document, Span, Stamp, Support


def document(length: int) -> Document:
    return Document(
        id="works:1",
        location="long.txt",
        path="long.txt",
        source="",
        file="/long.txt",
        title=None,
        length=length,
        stamp=Stamp(length, 0, ""),
        pages=(),
        language="en",
    )


def test_what_a_language_model_wrote_shows_its_checks_and_quotes(engine: Engine) -> None:
    question = "When was the Oren dam completed?"
    answer = asyncio.run(engine.ask(question))
    [citation] = answer.citations
    claim = Claim("It was <finished> in 1931.", (1,), Support.PARTIAL, ("“finished” differs",))
    written = replace(answer, claims=(claim,), generator="some-model")
    shown = view.shown(question, written, lambda *_: (1, 1), {}, Path("/"), with_libraries=True)
    text = routes._templates().get_template("answer.html").render(shown=shown)
    assert "It was &lt;finished&gt; in 1931." in text
    assert "only partly supported: “finished” differs" in text
    assert f'<q class="quote" dir="auto">{citation.quote}</q>' in text
    assert "0 of 1 statements are fully supported by their sources" in text
    assert "Written by: some-model" in text
    assert "works: dam.txt, line 1" in text


@pytest.mark.parametrize("start", [0, 5, 3_000, 9_990])
def test_the_marked_characters_are_those_of_the_place(start: int) -> None:
    text = "".join(f"Line {number:04} of the text.\n" for number in range(500))[:10_000]
    place = Span(start, min(start + 60, len(text)))
    shown = reading.window(document(len(text)), place, 500)
    found = reading.excerpt(shown.of(text), shown, place, document(len(text)))
    marked = [piece.text for line in found.lines for piece in line.pieces if piece.marked]
    assert "".join(marked) == place.of(text).replace("\n", "")
    assert found.more_before == (start > 500)
    assert found.more_after == (start < 9_000)
