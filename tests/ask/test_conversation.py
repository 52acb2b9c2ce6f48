"""Earlier questions count in a search with halving weights, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from askdoc.ask.retrieve import EARLIER, Query, in_conversation


def query(*terms: str, axis: int = 0, mass: float = 2.0) -> Query:
    vector = np.zeros(4, np.float32)
    vector[axis] = 1
    return Query(" ".join(terms), vector, dict.fromkeys(terms, 1.0), mass, 10)


def test_vectors_are_added_with_halving_weights() -> None:
    made = in_conversation(query("a"), [query("b", axis=n) for n in (1, 2, 3)])
    assert np.linalg.norm(made.vector) == pytest.approx(1)
    np.testing.assert_allclose(made.vector / made.vector[0], (1, *EARLIER), rtol=1e-5)


def test_a_term_counts_once_and_where_it_counts_most() -> None:
    made = in_conversation(query("a", "b"), [query("b", "c"), query("c", "d")])
    assert made.earlier == ((0.5, ["c"]), (0.25, ["d"]))
    assert made.weights == query("a", "b").weights
    assert made.text == "a b"


def test_no_more_than_the_last_questions_count() -> None:
    made = in_conversation(query("a"), [query(f"t{n}", axis=n % 4) for n in range(6)])
    assert [terms for _, terms in made.earlier] == [["t0"], ["t1"], ["t2"]]


def test_a_question_of_few_words_is_scored_on_the_scale_of_those_before() -> None:
    assert in_conversation(query("a", mass=9.0), [query("b", mass=4.0)]).bm25_mass == 9.0
    assert in_conversation(query("a", mass=1.0), [query("b", mass=4.0)]).bm25_mass == 2.0
