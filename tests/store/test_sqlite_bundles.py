"""How the vectors of sentences are written: in other bytes than before, and the same when read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.errors import IndexCorrupt
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.packing import bundles, pack_numbers, unbundle, unpack_numbers
from askdoc.store.schema import FILE_NAME
from askdoc.types import Chunk, Document, Span, Stamp


def read(first: int, vectors: list[bytes], sentences: int) -> list[bytes]:
    """Write vectors and read those of each chunk, one after the other."""
    found: dict[int, bytes] = {}
    for chunk, packed, lengths in bundles(first, vectors, sentences):
        for place in range(len(unpack_numbers(lengths)) - 1):
            found |= {chunk + place: unbundle(packed, lengths, [place])[place]}
    return [found[chunk] for chunk in range(first, first + len(vectors))]


@given(st.lists(st.binary(max_size=40), max_size=9), st.integers(0, 4))
def test_any_bytes_survive(vectors: list[bytes], sentences: int) -> None:
    assert read(7, vectors, sentences) == vectors


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 600), st.randoms())
def test_vectors_of_any_width_survive(counts: list[int], width: int, random: Random) -> None:
    vectors = [random.randbytes(count * width) for count in counts]
    assert read(1, vectors, counts[0]) == vectors


def test_a_row_is_short_and_gives_what_is_asked_for() -> None:
    vectors = [bytes([number]) * 4_000 for number in range(20)]
    rows = list(bundles(1, vectors, 4))
    assert [row[0] for row in rows] == [1, 5, 9, 13, 17]
    assert unbundle(rows[1][1], rows[1][2], [3, 0, 4, 99]) == {3: vectors[7], 0: vectors[4]}
    long = [bytes(100_000), b"short"]
    assert read(1, long, 1) == long


def test_sentences_that_are_alike_take_less_room() -> None:
    random = np.random.default_rng(3)
    subject = random.normal(0, 40, 384)
    alike = np.clip(subject + random.normal(0, 10, (40, 384)), -127, 127).astype(np.int8)
    [row] = bundles(1, [alike.tobytes()], 40)
    assert len(row[1]) < 0.8 * alike.size


_PARTS = "SELECT count(DISTINCT segid) FROM lexicon_idx"


def filled(folder: Path) -> list[Chunk]:
    spans = [Span(start, start + 10) for start in range(0, 100, 10)]
    chunks = [Chunk(f"{span.start}", "a", span, "word " * 2, (span,)) for span in spans]
    with SqliteCatalog(folder, folder, write=True) as catalog, catalog.transaction():
        stamp = Stamp(1, 1, "a")
        catalog.stage(Document("a", "a", "a", ".", "", None, 100, stamp, (), "en"))
        catalog.append("a", "word " * 20)
        catalog.extend("a", chunks, ["word"] * 10, [bytes([n]) * 384 for n in range(10)])
        catalog.publish(["a"])
    return chunks


def test_what_is_lost_or_damaged_is_reported(tmp_path: Path) -> None:
    ids = [chunk.id for chunk in filled(tmp_path)]
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        catalog.connection.execute("UPDATE sentence_vectors SET packed = x'789c'")
        with pytest.raises(IndexCorrupt, match="damaged"):
            catalog.sentence_vectors(ids)
        catalog.connection.execute("DELETE FROM sentence_vectors")
        assert catalog.sentence_vectors(ids) == {}


@given(st.lists(st.integers(0, 1 << 40)))
def test_numbers_survive_packing(numbers: list[int]) -> None:
    assert unpack_numbers(pack_numbers(numbers)) == numbers


def test_a_writer_leaves_a_small_catalog_compact(tmp_path: Path) -> None:
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        for number in range(40):
            stamp = Stamp(1, 1, str(number))
            name = f"{number}"
            document = Document(name, name, name, ".", "", None, 8000, stamp, (), "en")
            chunk = Chunk(name, name, Span(0, 8000), "", ())
            terms = " ".join(f"w{number}x{word}" for word in range(200))
            catalog.put(document, np.random.default_rng(number).bytes(4000).hex(), [chunk], [terms])
        catalog.release([f"{number}" for number in range(20)])
        [[before]] = catalog.connection.execute("PRAGMA freelist_count")
        [[parts]] = catalog.connection.execute(_PARTS)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file:
        [[free]] = file.execute("PRAGMA freelist_count")
        [[pages]] = file.execute("PRAGMA page_count")
        [[left]] = file.execute(_PARTS)
    assert before > pages / 32 >= free
    assert parts > 1
    assert left == 1
    with SqliteCatalog(tmp_path, tmp_path) as reader:
        assert [hit.chunk_id for hit in reader.search(["w27x3"], 3)] == ["27"]
        assert reader.search(["w7x3"], 3) == []
