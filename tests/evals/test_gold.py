from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.evals.grade import GoldFinder, GoldMissing, hits, occurrences
from askdoc.types import EvalCase, GoldEvidence, Span


def test_a_quote_is_found_as_it_stands_wherever_it_stands() -> None:
    assert occurrences("a (b)", "a (b) c a (b)") == [Span(0, 5), Span(8, 13)]


def test_white_space_is_only_compared_where_nothing_else_fits() -> None:
    assert occurrences("a b", "a b, a\n b") == [Span(0, 3)]
    assert occurrences("a  b c", "x a\n b\tc") == [Span(2, 8)]
    assert occurrences("a b", "ab") == []


@given(st.text(alphabet="ab .\n", min_size=1, max_size=30), st.data())
def test_any_slice_of_a_text_is_found_at_its_place(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    found = occurrences(quote, text)
    assert found
    assert all(span.of(text) == quote for span in found)


@pytest.mark.parametrize(
    ("span", "gold", "hit"),
    [
        (Span(0, 10), Span(2, 5), True),  # a sentence that holds a short quote
        (Span(10, 20), Span(0, 50), True),  # one sentence of a long quote
        (Span(0, 10), Span(5, 25), True),  # exactly half of the shorter
        (Span(0, 10), Span(6, 25), False),  # less than half
        (Span(0, 10), Span(10, 20), False),  # neighbours
        (Span(3, 3), Span(0, 9), False),  # nothing hits nothing
    ],
)
def test_half_of_the_shorter_is_a_hit(span: Span, gold: Span, hit: bool) -> None:  # noqa: FBT001
    assert hits(span, gold) is hit
    assert hits(gold, span) is hit


def case(*quotes: tuple[str, str], **more: Any) -> EvalCase:
    evidence = tuple(GoldEvidence(*quote) for quote in quotes)
    return EvalCase("c", "?", evidence=evidence, **more)


def test_any_item_will_do_unless_all_are_needed(corpus: Any) -> None:
    finder = GoldFinder(corpus)
    quotes = (("twice.txt", "Yes it is."), ("moon.txt", "far"))
    (any_place,) = finder.needs(case(*quotes))
    assert [place.document_id for place in any_place] == ["TWICE.TXT", "TWICE.TXT", "MOON.TXT"]
    assert [len(need) for need in finder.needs(case(*quotes, all_evidence=True))] == [2, 1]


def test_what_may_not_be_answered_wants_nothing(corpus: Any) -> None:
    assert GoldFinder(corpus).needs(case(("moon.txt", "far"), answerable=False)) == ()


def test_documents_go_by_their_path_and_by_their_location(corpus: Any) -> None:
    finder = GoldFinder(corpus)
    assert finder.needs(case(("docs/moon.txt", "far"))) == finder.needs(case(("moon.txt", "far")))


def test_what_is_not_in_the_index_is_an_error_that_names_it(corpus: Any) -> None:
    finder = GoldFinder(corpus)
    with pytest.raises(GoldMissing, match=r"`moon\.txt` does not contain the quote `so near`"):
        finder.needs(case(("moon.txt", "so near")))
    with pytest.raises(GoldMissing, match=r"no document `mars\.txt`"):
        finder.needs(case(("mars.txt", "x")))
    with pytest.raises(GoldMissing, match=r"no document `mars\.txt`"):
        finder.grades(EvalCase("c", "?", relevant={"mars.txt": 1}))
    assert finder.grades(EvalCase("c", "?", relevant={"mars.txt": 0, "sun.txt": 2})) == {
        "SUN.TXT": 2
    }
