from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.ask.retrieve import SENTENCE, Fused, by_sentences, weighted
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


def test_the_nearest_sentence_lifts_a_passage() -> None:
    fused = [Fused("a", 0.6, {}, {}), Fused("b", 0.5, {}, {}), Fused("c", 0.4, {}, {})]
    cosines = {"a": 0.2, "b": 0.9}
    found = by_sentences(fused, lambda ids: {key: cosines[key] for key in ids}, 2)
    assert [item.chunk_id for item in found] == ["b", "a", "c"]
    assert [item.ranks.get(SENTENCE) for item in found] == [1, 2, None]
    lifted, other, beyond = found
    assert lifted.scores == {SENTENCE: 0.9}
    # What was not looked at counts with the lowest cosine.
    assert other.score - beyond.score == pytest.approx((0.6 - 0.4) / 2.4)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_equal_sentences_keep_the_order_of_passages(scores: list[float]) -> None:
    fused = [Fused(str(at), score, {}, {}) for at, score in enumerate(sorted(scores)[::-1])]
    found = by_sentences(fused, lambda ids: dict.fromkeys(ids, 0.5), 3)
    assert [item.chunk_id for item in found] == [item.chunk_id for item in fused]
    assert by_sentences(fused, lambda _: {}, 3) == fused
