"""What every vector store keeps to; run on the fake and on the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from askdoc.errors import EmbedderMismatch, StoreError
from askdoc.store import chroma_shards
from askdoc.store.chroma import ChromaStore
from askdoc.store.chroma_writer import ChromaWriter
from askdoc.testing import MemoryVectors
from askdoc.types.ports import VectorStore

if TYPE_CHECKING:
    from tests.chroma import ChromaServer
    from tests.postgres import Server

    from askdoc.types.ports import Matrix

Open = Callable[[], VectorStore]
"""Opens the same store again."""


def unit(*numbers: float) -> Matrix:
    vector = np.asarray(numbers, dtype=np.float32)
    return vector / np.linalg.norm(vector)


EAST, NORTH, NORTH_EAST = unit(1, 0, 0), unit(0, 1, 0), unit(1, 1, 0)


@pytest.fixture(params=["memory", "chroma", "shards", "process", "server", "postgres"])
def reopen(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    memory = MemoryVectors()
    if request.param == "shards":
        monkeypatch.setattr(chroma_shards, "_SHARD", 2)
    sessions = ExitStack()
    served: Callable[[], VectorStore] | None = None
    if request.param == "postgres":
        served = in_postgres(request.getfixturevalue("postgres"), sessions)
    if request.param == "server":
        served = on_server(request.getfixturevalue("chroma"), tmp_path)
    kinds: dict[str, Callable[[], VectorStore]] = {
        "memory": lambda: memory,
        "process": lambda: ChromaWriter(tmp_path, starts_here=True),
    }
    make = served or kinds.get(request.param, lambda: ChromaStore(tmp_path, write=True))
    opened: list[VectorStore] = []

    def again() -> VectorStore:
        for store in opened:
            store.close()
        opened[:] = [make()]
        return opened[0]

    yield again
    for store in opened:
        store.close()
    sessions.close()


def in_postgres(server: Server, sessions: ExitStack) -> Callable[[], VectorStore]:
    """Return a function that opens the vectors of one library; `sessions` closes the connection."""
    from askdoc.store.postgres.session import Database, Session
    from askdoc.store.postgres.vectors import PostgresVectors

    session = Session(Database.of(server.empty_library()), write=True)
    sessions.callback(session.close)
    return lambda: PostgresVectors(session, write=True)


def on_server(server: ChromaServer, folder: Path) -> Callable[[], VectorStore]:
    """Return a function that opens the vectors of the index in `folder` on a server."""
    from askdoc.store.chroma_server import Server, ServerVectors

    places = ServerVectors(Server.of(server.address), folder)
    return lambda: places.open_to_write(folder)


@pytest.fixture
def store(reopen: Open) -> VectorStore:
    return reopen()


def add(store: VectorStore, **vectors: Matrix) -> None:
    """Add vectors under their names; the first letter names the document."""
    store.add(list(vectors), [name[0] for name in vectors], np.asarray([*vectors.values()]))


def test_an_empty_store_finds_nothing(store: VectorStore) -> None:
    assert store.search(EAST, 5) == []
    assert store.count() == 0
    assert list(store.ids()) == []
    assert store.check() == []
    store.remove(["unknown"])
    store.add([], [], np.zeros((0, 3), dtype=np.float32))


def test_finds_the_nearest_by_cosine_best_first(store: VectorStore) -> None:
    add(store, a1=NORTH, a2=EAST, b1=NORTH_EAST)
    hits = store.search(EAST, 2)
    assert [hit.chunk_id for hit in hits] == ["a2", "b1"]
    assert [hit.score for hit in hits] == pytest.approx([1, 0.5**0.5], abs=1e-5)


def test_finds_all_there_are_when_asked_for_more(store: VectorStore) -> None:
    add(store, a1=NORTH, a2=EAST, b1=NORTH_EAST)
    assert len(store.search(EAST, 100)) == 3


def test_searches_within_documents(store: VectorStore) -> None:
    add(store, a1=NORTH, a2=EAST, b1=NORTH_EAST, c1=EAST)
    assert [hit.chunk_id for hit in store.search(EAST, 5, ["a", "b", "unknown"])] == [
        "a2",
        "b1",
        "a1",
    ]
    assert store.search(EAST, 5, []) == store.search(EAST, 5, ["unknown"]) == []


def test_searches_within_very_many_documents(
    store: VectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 5000
    monkeypatch.setattr(chroma_shards, "_SHARD", 2000)
    vectors = np.eye(3, dtype=np.float32)[np.arange(count) % 3]
    store.add([f"{n}" for n in range(count)], [f"d{n}" for n in range(count)], vectors)
    wanted = [f"d{n}" for n in range(1, count)]
    hits = store.search(EAST, 10, wanted)
    assert len(hits) == 10
    assert all(hit.score == pytest.approx(1, abs=1e-5) for hit in hits)
    assert "0" not in {hit.chunk_id for hit in hits}


def test_adding_again_replaces(store: VectorStore) -> None:
    add(store, a1=NORTH)
    add(store, a1=EAST)
    assert store.count() == 1
    assert store.search(EAST, 5)[0].score == pytest.approx(1, abs=1e-5)


def test_removing_forgets_those_and_nothing_else(store: VectorStore) -> None:
    add(store, a1=NORTH, a2=EAST, b1=NORTH_EAST)
    store.remove(["a1", "never seen"])
    assert sorted(store.ids()) == ["a2", "b1"]
    assert [hit.chunk_id for hit in store.search(NORTH, 5)] == ["b1", "a2"]
    add(store, a1=NORTH)
    assert store.search(NORTH, 1)[0].chunk_id == "a1"


def test_gives_vectors_back_in_the_order_asked(store: VectorStore) -> None:
    add(store, a1=NORTH, a2=EAST, b1=NORTH_EAST)
    got = store.vectors(["b1", "a1", "b1"])
    assert got.shape == (3, 3)
    assert np.allclose(got, [NORTH_EAST, NORTH, NORTH_EAST], atol=1e-6)
    with pytest.raises(StoreError, match="unknown"):
        store.vectors(["a1", "unknown"])


def test_refuses_vectors_of_another_length(store: VectorStore) -> None:
    add(store, a1=NORTH)
    with pytest.raises(EmbedderMismatch):
        add(store, a2=unit(1, 2))
    assert store.count() == 1


def test_what_was_stored_is_there_at_the_next_opening(
    reopen: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_shards, "_SHARD", 700)
    many = np.random.default_rng(0).normal(size=(1500, 8)).astype(np.float32)
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    ids = [f"{n:032x}" for n in range(len(many))]
    reopen().add(ids, ["d"] * len(ids), many)
    reopen().remove(ids[:10])
    store = reopen()
    assert sorted(store.ids()) == ids[10:]
    assert np.allclose(store.vectors(ids[10:]), many[10:], atol=1e-6)
    assert [store.search(many[n], 1)[0].chunk_id for n in (10, 1499)] == [ids[10], ids[1499]]
    assert store.check() == []


def test_a_separate_process_does_the_same(tmp_path: Path) -> None:
    with closing(ChromaWriter(tmp_path)) as store:
        add(store, a1=NORTH, a2=EAST, b1=NORTH_EAST)
        assert store._process
        assert [hit.chunk_id for hit in store.search(EAST, 2)] == ["a2", "b1"]
        assert [hit.chunk_id for hit in store.search(EAST, 2, ["b"])] == ["b1"]
        assert np.allclose(store.vectors(["b1", "a1"]), [NORTH_EAST, NORTH], atol=1e-6)
        store.remove(["a1", "never seen"])
        assert (sorted(store.ids()), store.count(), store.check()) == (["a2", "b1"], 2, [])
        with pytest.raises(EmbedderMismatch):
            add(store, a2=unit(1, 2))
        with pytest.raises(StoreError, match="unknown"):
            store.vectors(["unknown"])
    with closing(ChromaWriter(tmp_path, starts_here=True)) as again:
        assert sorted(again.ids()) == ["a2", "b1"]


def test_what_is_never_opened_starts_no_process_and_may_be_closed_twice(tmp_path: Path) -> None:
    store = ChromaWriter(tmp_path / "chroma")
    store.close()
    store.close()
    assert not (tmp_path / "chroma").exists()
    opened = ChromaWriter(tmp_path / "chroma")
    opened.open()
    opened.close()
    opened.close()
    with closing(ChromaWriter(tmp_path / "chroma")) as again:  # nothing holds on to the folder
        assert again.count() == 0
