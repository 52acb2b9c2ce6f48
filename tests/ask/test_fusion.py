from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.ask.retrieve import weighted
from askdoc.types import Hit

WEIGHTS = {"dense": 0.5, "lexical": 0.5}

rankings = st.dictionaries(
    st.sampled_from(["dense", "lexical"]),
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 1)),
        max_size=8,
        unique_by=lambda hit: hit[0],
    ).map(lambda hits: [Hit(*hit) for hit in sorted(hits, key=lambda hit: -hit[1])]),
)


@given(rankings, st.integers(1, 9))
def test_every_chunk_is_kept_once_best_first(given: dict[str, list[Hit]], depth: int) -> None:
    met = {hit.chunk_id for hits in given.values() for hit in hits}
    fused = weighted(given, WEIGHTS, depth)
    assert sorted(item.chunk_id for item in fused) == sorted(met)
    assert [item.score for item in fused] == sorted((item.score for item in fused), reverse=True)


@given(rankings)
def test_ranks_and_scores_say_who_ranked_what_where(given: dict[str, list[Hit]]) -> None:
    for item in weighted(given, WEIGHTS, 9):
        for name, rank in item.ranks.items():
            assert given[name][rank - 1] == Hit(item.chunk_id, item.scores[name])


def test_a_retriever_that_ran_out_of_depth_lends_its_lowest_score() -> None:
    given = {
        "dense": [Hit("a", 0.9), Hit("b", 0.6)],
        "lexical": [Hit("c", 0.8)],
    }
    full = {item.chunk_id: item.score for item in weighted(given, WEIGHTS, 2)}
    assert full == pytest.approx({"a": 0.45, "b": 0.3, "c": 0.7})
    deeper = {item.chunk_id: item.score for item in weighted(given, WEIGHTS, 3)}
    assert deeper == pytest.approx({"a": 0.45, "b": 0.3, "c": 0.4})


def test_ties_keep_the_order_in_which_chunks_were_met() -> None:
    given = {"dense": [Hit("b", 0.5), Hit("a", 0.5)]}
    assert [item.chunk_id for item in weighted(given, WEIGHTS, 5)] == ["b", "a"]
