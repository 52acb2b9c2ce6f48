"""What every embedder keeps to: the compiled one, the one on torch, and the fake."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from tests.published import published_model

from askdoc.models import embedder as embedders
from askdoc.settings import DEFAULT_EMBEDDER
from askdoc.testing import HashEmbedder
from askdoc.types import Span
from askdoc.types.ports import Embedder

pytestmark = pytest.mark.torch

TEXTS = [
    "The harbour was dug out in 1883.",
    "Salt",
    "When was the harbour dug out?",
    "Wolves hunt in packs; the pack has a fixed order, and the young are fed by all of them. " * 9,
    "",
    "Der Hafen wurde 1883 ausgehoben.",
]


def _compiled() -> Embedder:
    return embedders.load()


def _on_torch() -> Embedder:
    from askdoc.models.sentence_transformers import TorchEmbedder, load_model

    return TorchEmbedder(load_model(published_model()), name=DEFAULT_EMBEDDER, digest="tested")


MAKERS: Mapping[str, Callable[[], Embedder]] = {
    "hash": HashEmbedder,
    "onnx": _compiled,
    "torch": _on_torch,
}


@pytest.fixture(scope="module", params=MAKERS)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return MAKERS[request.param]()


def test_it_says_who_it_is(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.fingerprint
    assert embedder.dimensions > 1
    assert embedder.max_tokens > 1


def test_vectors_are_rows_of_unit_length(embedder: Embedder) -> None:
    for vectors in (embedder.embed_passages(TEXTS), embedder.embed_queries(TEXTS)):
        assert vectors.shape == (len(TEXTS), embedder.dimensions)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.dimensions)
    assert embedder.embed_queries([]).shape == (0, embedder.dimensions)
    assert embedder.count_tokens([]) == []


def test_rows_follow_the_order_of_the_texts(embedder: Embedder) -> None:
    forward, backward = embedder.embed_passages(TEXTS), embedder.embed_passages(TEXTS[::-1])
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-5)
    assert len(np.unique(forward.round(4), axis=0)) == len(TEXTS)


def test_a_text_has_the_same_vector_alone_and_among_others(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS)
    alone = np.concatenate([embedder.embed_passages([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_texts_about_the_same_are_nearer(embedder: Embedder) -> None:
    question = embedder.embed_queries(["When was the harbour dug out?"])[0]
    near, far = embedder.embed_passages([TEXTS[0], TEXTS[3]]) @ question
    assert near > far + 0.2


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "\0",
        "a\0b",
        "\ud800 lone",
        "🦊👩‍🚀",
        "?!*()\"'--;",
        "\x1b[31mred",
        "x" * 100_000,
    ],
    ids=["empty", "blank", "null", "inner null", "surrogate", "emoji", "marks", "escape", "long"],
)
def test_any_string_has_a_vector(embedder: Embedder, text: str) -> None:
    for vectors in (embedder.embed_passages([text]), embedder.embed_queries([text])):
        assert np.isfinite(vectors).all()
        assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)
    assert embedder.count_tokens([text])[0] >= 0


def test_tokens_are_counted_beyond_what_is_looked_at(embedder: Embedder) -> None:
    words = embedder.max_tokens * 3
    assert embedder.count_tokens(["", "salt", "salt " * words]) == [0, 1, words]


def test_what_lies_beyond_the_last_token_does_not_count(embedder: Embedder) -> None:
    full = "salt " * (embedder.max_tokens - 1)
    within, at_the_end, beyond = embedder.embed_passages(
        [full + "salt", full + "pepper", full + "pepper " + "harbour " * 40]
    )
    np.testing.assert_allclose(at_the_end, beyond, atol=1e-5)
    assert np.abs(within - at_the_end).max() > 1e-4


PASSAGE = "Ports > Coast\nThe harbour was dug out in 1883. It silted up. Wolves hunt in packs."


def _places(text: str, *sentences: str) -> list[Span]:
    starts = [text.index(sentence) for sentence in sentences]
    return [Span(start, start + len(one)) for start, one in zip(starts, sentences, strict=True)]


def test_a_passage_has_the_same_vector_with_its_sentences(embedder: Embedder) -> None:
    whole, _ = embedder.embed_in_context(TEXTS, [[] for _ in TEXTS])
    np.testing.assert_allclose(whole, embedder.embed_passages(TEXTS), atol=1e-5)


def test_each_sentence_has_a_vector_or_none_has(embedder: Embedder) -> None:
    places = _places(PASSAGE, "The harbour was dug out in 1883.", "It silted up.")
    _, found = embedder.embed_in_context([PASSAGE, TEXTS[3], ""], [places, [Span(0, 30)], []])
    expected = [2, 1, 0] if embedder.contextual else [0, 0, 0]
    assert [vectors.shape for vectors in found] == [(n, embedder.dimensions) for n in expected]
    for vectors in found:
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("embedder", ["hash", "onnx"], indirect=True)
def test_a_sentence_is_near_what_it_says(embedder: Embedder) -> None:
    places = _places(PASSAGE, "The harbour was dug out in 1883.", "Wolves hunt in packs.")
    _, [(harbour, wolves)] = embedder.embed_in_context([PASSAGE], [places])
    question = embedder.embed_queries(["How do wolves hunt?"])[0]
    assert wolves @ question > harbour @ question + 0.1


@pytest.mark.parametrize("embedder", ["onnx"], indirect=True)
def test_a_sentence_beyond_the_last_token_counts_as_the_whole(embedder: Embedder) -> None:
    text = "salt " * (embedder.max_tokens + 10) + "Wolves hunt."
    whole, [[beyond]] = embedder.embed_in_context([text], [_places(text, "Wolves hunt.")])
    np.testing.assert_allclose(beyond, whole[0], atol=1e-5)
