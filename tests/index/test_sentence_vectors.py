"""What an index keeps of the meaning of sentences, through edits, moves and repairs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.index.conftest import Bench, CountingEmbedder

from askdoc.settings import Settings
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.vectors_codec import IN_CONTEXT, pack, unpack
from askdoc.text import chunking
from askdoc.types import Chunk, Span

CAT = "The cat sleeps. It dreams of mice.\nThe dog barks."
BIRD = "A heron waits. It has seen a fish."


class Plain(CountingEmbedder):
    """An embedder that gives vectors of passages alone."""

    contextual = False


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, settings=Settings(chunk_tokens=8))


def kept(bench: Bench) -> dict[str, list[str]]:
    """Name for each chunk the sentences whose vectors are kept, by what they are nearest to."""
    with SqliteCatalog(bench.index, bench.root) as catalog:
        chunks = catalog.chunks(catalog.chunk_ids())
        stored = catalog.sentence_vectors([chunk.id for chunk in chunks])
    texts = list(dict.fromkeys(chunk.sentence(s) for chunk in chunks for s in chunk.sentences))
    vectors = CountingEmbedder().embed_queries(texts)
    return {
        chunk.text: [texts[int(row)] for row in (_rows(stored, chunk) @ vectors.T).argmax(axis=1)]
        for chunk in chunks
    }


def _rows(stored: Mapping[str, bytes], chunk: Chunk) -> np.ndarray:
    return unpack(stored.get(chunk.id, b""), 64)


def expected(bench: Bench) -> dict[str, list[str]]:
    with SqliteCatalog(bench.index, bench.root) as catalog:
        return {
            chunk.text: [chunk.sentence(span) for span in chunk.sentences]
            for chunk in catalog.chunks(catalog.chunk_ids())
        }


def test_every_sentence_has_its_vector(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__bird=BIRD)
    bench.sync("docs")
    assert kept(bench) == expected(bench)
    assert sum(map(len, kept(bench).values())) >= 5


def test_what_an_edit_leaves_keeps_them(bench: Bench) -> None:
    bench.write(docs__cat=CAT + "\n" + BIRD)
    bench.sync("docs")
    bench.write(docs__cat=CAT + "\n" + BIRD.replace("fish", "frog"))
    bench.sync()
    assert bench.embedder.embedded == [BIRD.replace("fish", "frog")]
    assert kept(bench) == expected(bench)


def test_a_moved_file_keeps_them(bench: Bench) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    bench.path("docs__cat").rename(bench.path("docs__dog"))
    bench.sync()
    assert bench.embedder.embedded == []
    assert kept(bench) == expected(bench)


def test_those_that_are_lost_are_made_again_with_an_edit(bench: Bench) -> None:
    bench.write(docs__cat=CAT + "\n" + BIRD)
    bench.sync("docs")
    with SqliteCatalog(bench.index, bench.root, write=True) as catalog, catalog.transaction():
        catalog.connection.execute("DELETE FROM sentence_vectors")
    bench.write(docs__cat=CAT + "\n" + BIRD.replace("fish", "frog"))
    bench.sync()
    assert kept(bench) == expected(bench)


def test_an_index_has_all_or_none(bench: Bench) -> None:
    """Scores of sentences with and without a context do not compare."""
    bench.embedder = Plain()
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    with SqliteCatalog(bench.index, bench.root) as catalog:
        assert catalog.setting(IN_CONTEXT) == "no"
    bench.embedder = CountingEmbedder()
    bench.write(docs__bird=BIRD)
    bench.sync()
    assert set(map(len, kept(bench).values())) == {0}
    bench.sync("docs", rebuild=True)
    assert kept(bench) == expected(bench)


def test_places_in_a_passage_are_those_of_its_text_as_it_is_searched() -> None:
    text = "Der \ufb01ne co\u00adlour. It is \ufb02at. The end."
    spans = (Span(100, 116), Span(117, 127), Span(128, 136))
    chunk = Chunk("id", "document", Span(100, 136), text, spans, ("Head",))
    passage = chunking.passage_text("Title", chunk.headings, text)
    places = chunking.sentence_places(passage, chunk)
    assert [place.of(passage) for place in places] == [
        "Der fine colour.",
        "It is flat.",
        "The end.",
    ]


def test_packed_vectors_point_where_they_did() -> None:
    random = np.random.default_rng(5)
    vectors = random.standard_normal((20, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    again = unpack(pack(vectors), 384)
    assert np.sum(vectors * again, axis=1).min() > 0.9998
    assert pack(vectors[:0]) == b""
    assert unpack(b"", 384).shape == (0, 384)
    assert unpack(pack(vectors)[:-7], 384).shape == (19, 384), "what is damaged is left out"
    assert np.isfinite(unpack(bytes(384), 384)).all()
