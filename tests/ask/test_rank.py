from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from askdoc.ask.rank import RANKER, Asked, score
from askdoc.ask.retrieve import Query
from askdoc.types import (
    Block,
    Candidate,
    Chunk,
    Document,
    Judgement,
    Kind,
    Passage,
    Span,
    Stamp,
    Structure,
)


class Picky:
    """A ranker that likes what names Iceland."""

    name = fingerprint = "picky"

    def judge(self, question: str, candidates: Sequence[Candidate]) -> list[Judgement | None]:
        return [Judgement(3.0 if "Iceland" in one.sentence else -3.0) for one in candidates]


def table(text: str, *rows: Block) -> Document:
    return Document(
        id="d",
        location="a.csv",
        path="a.csv",
        source=".",
        file="/a.csv",
        title=None,
        length=len(text),
        stamp=Stamp(0, 0, ""),
        pages=(),
        language="en",
        structure=Structure(rows),
    )


def test_all_parts_of_a_row_count_as_the_part_with_its_name() -> None:
    text = "Country: Iceland | 1983: 84.2\n1984: 29.0 | 1985: 31.7\n1986: 21.3 | 1987: 17.7"
    first, second = text.index("\n"), text.rindex("\n")
    spans = (Span(0, first), Span(first + 1, second), Span(second + 1, len(text)))
    document = table(text, Block(Span(0, second), Kind.ROW), Block(spans[2], Kind.ROW))
    given = Passage(Chunk("c", "d", Span(0, len(text)), text, spans), document, 1.0)
    asked = Asked(Query("1984 in Iceland", np.zeros(2, np.float32), {"1984": 1.0}, 1.0, 1))
    found = score(asked, [given], str.split, None, Picky())
    assert {item.passage.chunk.sentence(item.sentence): item.scores[RANKER] for item in found} == {
        "1984: 29.0 | 1985: 31.7": 3.0,
        "1986: 21.3 | 1987: 17.7": -3.0,
    }
    shorts = [item.passage.chunk.sentence(item.short) for item in found if item.short]
    assert shorts == ["29.0"]  # the column that is asked for


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("1983   1984   1985", "Iceland   84.2   29.0   31.7"),
        ("Country   1983   1984   1985", "Iceland   84.2   29.0   31.7"),
    ],
)
def test_the_short_answer_of_a_row_of_a_page_is_below_the_name_that_is_asked_for(
    head: str, row: str
) -> None:
    text = f"{head}\n{row}"
    spans = (Span(0, len(head)), Span(len(head) + 1, len(text)))
    document = table(text, *(Block(span, Kind.ROW) for span in spans))
    given = Passage(Chunk("c", "d", Span(0, len(text)), text, spans), document, 1.0)
    asked = Asked(Query("1984 in Iceland", np.zeros(2, np.float32), {"1984": 1.0}, 1.0, 1))
    [found] = [one for one in score(asked, [given], str.split, None, Picky()) if one.short]
    assert found.short
    assert given.chunk.sentence(found.short) == "29.0"
