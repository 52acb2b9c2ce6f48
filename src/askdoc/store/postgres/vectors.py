"""The vectors of passages in PostgreSQL, with pgvector."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from askdoc.errors import EmbedderMismatch, StoreError
from askdoc.store.postgres.catalog import PostgresCatalog
from askdoc.types import Hit

if TYPE_CHECKING:
    from askdoc.store.postgres.session import Session
    from askdoc.store.sql_catalog import SqlCatalog
    from askdoc.types.ports import Matrix

GRAPH_FROM = 10_000
"""From this many vectors on, the writer builds a graph (HNSW). Below, each search compares all,
which takes some milliseconds and misses nothing."""

_GRAPH = "vectors_by_cosine"
_LOOK_EVERY = 30.0
"""Seconds between two looks for a graph that was not there."""
_LINKS = 1536
"""Bytes of memory for a vector's links while the graph is built, with some to spare."""
_MOST_MEMORY = 2 << 30
_ALLOW = """
    SELECT set_config('maintenance_work_mem', greatest(
        pg_size_bytes(current_setting('maintenance_work_mem')) / 1024, ?::bigint) || 'kB', false)
"""
_MOST_CANDIDATES = 400
"""Most vectors that come from the graph to be compared exactly; `hnsw.ef_search` is as many."""

_NEAREST = """
    SELECT id, 1 - (vector <=> ?1) FROM vectors ORDER BY vector <=> ?1, id LIMIT ?2
"""
_NEAREST_WITHIN = """
    WITH within AS MATERIALIZED (SELECT id, vector FROM vectors WHERE document = ANY(?3))
    SELECT id, 1 - (vector <=> ?1) FROM within ORDER BY vector <=> ?1, id LIMIT ?2
"""
_NEAREST_BY_GRAPH = """
    WITH best AS MATERIALIZED (
        SELECT id, vector FROM vectors
        ORDER BY vector::halfvec({0}) <=> ?1::halfvec({0}) LIMIT ?3
    )
    SELECT id, 1 - (vector <=> ?1) FROM best ORDER BY vector <=> ?1, id LIMIT ?2
"""
_PUT = """
    INSERT INTO {} VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET document = excluded.document, vector = excluded.vector
"""


class PostgresVectors:
    """A `VectorStore` on the session of a catalog, so that both see the same state.

    The stored vectors have 32 bits a number; the graph has 16, and its best are compared again.
    `into` is the table to which new ones are added: those in `staged_vectors` are found once their
    documents are published.
    """

    def __init__(self, session: Session, *, write: bool = False, into: str = "vectors") -> None:
        self._session = session
        self._into = into
        self._write = write
        self._dimensions: int | None = None
        self._has_graph = False
        self._looked = -_LOOK_EVERY

    @classmethod
    def of(
        cls, catalog: SqlCatalog, *, write: bool = False, into: str = "vectors"
    ) -> PostgresVectors:
        """Return the vectors beside a catalog in PostgreSQL."""
        if not isinstance(catalog, PostgresCatalog):
            message = "the catalog is not in PostgreSQL"
            raise TypeError(message)
        return cls(catalog.session, write=write, into=into)

    def open(self) -> None:
        """Do nothing: the session is open."""

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors; those with an existing id replace the old ones."""
        if not len(ids):
            return
        given = int(vectors.shape[1])
        stored = self._length()
        if stored not in (None, given):
            message = f"vectors of {stored} numbers are stored, not of {given}"
            raise EmbedderMismatch(message, hint="run `askdoc index --rebuild`")
        self._session.many(_PUT.format(self._into), zip(ids, document_ids, vectors, strict=True))
        self._dimensions = given

    def remove(self, ids: Collection[str]) -> None:
        """Remove the vectors of these ids; unknown ids are ignored."""
        if ids:
            self._session.run("DELETE FROM vectors WHERE id = ANY(?)", list(ids))

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Return the vectors nearest to `vector`, shape (dimensions,), by cosine, best first."""
        if documents is not None and not documents:
            return []
        if documents is not None:
            rows = self._session.all(_NEAREST_WITHIN, vector, limit, list(documents))
        elif self._graph() and limit < _MOST_CANDIDATES:
            statement = _NEAREST_BY_GRAPH.format(len(vector))
            candidates = min(4 * limit, _MOST_CANDIDATES)
            rows = self._session.all(statement, vector, limit, candidates)
        else:
            rows = self._session.all(_NEAREST, vector, limit)
        hits = [Hit(chunk, float(score)) for chunk, score in rows]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))

    def ids(self) -> Iterator[str]:
        """List all ids, in no particular order."""
        for (chunk,) in self._session.all("SELECT id FROM vectors"):
            yield str(chunk)

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order.

        Raises:
            StoreError: an id is unknown.

        """
        rows = self._session.all(
            "SELECT id, vector FROM vectors WHERE id = ANY(?)", list(dict.fromkeys(ids))
        )
        found: dict[str, Any] = {chunk: vector.to_numpy() for chunk, vector in rows}
        missing = [chunk for chunk in ids if chunk not in found]
        if missing:
            message = f"there is no vector `{missing[0]}` ({len(missing)} of {len(ids)} missing)"
            hint = "run `askdoc doctor --repair` to compute the vectors again from the stored text"
            raise StoreError(message, hint=hint)
        return np.asarray([found[chunk] for chunk in ids], dtype=np.float32)

    def count(self) -> int:
        """Count the vectors."""
        [(count,)] = self._session.all("SELECT count(*) FROM vectors")
        return int(count)

    def check(self) -> list[str]:
        """Return one sentence per damage; empty if there is none. Reads everything."""
        rows = self._session.all(
            "SELECT vector_dims(vector), count(*) FROM vectors GROUP BY 1 ORDER BY 2 DESC"
        )
        return [f"{count} vectors have {length} numbers" for length, count in rows[1:]]

    def close(self) -> None:
        """Build the graph of a library that has grown; the session stays open."""
        if self._write and not self._session.is_broken and not self._graph():
            length, count = self._length(), self.count()
            if length is not None and count >= GRAPH_FROM:
                memory = min(count * (2 * length + _LINKS), _MOST_MEMORY)
                with suppress(StoreError):  # without it, a search takes longer and finds the same
                    # Beyond this memory, building goes on in the table, many times as slowly.
                    self._session.all(_ALLOW, memory // 1024)
                    self._session.run(
                        f"""CREATE INDEX IF NOT EXISTS {_GRAPH} ON vectors
                            USING hnsw ((vector::halfvec({length})) halfvec_cosine_ops)
                            WITH (m = 32, ef_construction = 200)"""
                    )

    def _length(self) -> int | None:
        """Return how many numbers a stored vector has."""
        if self._dimensions is None:
            rows = self._session.all("SELECT vector_dims(vector) FROM vectors LIMIT 1")
            return int(rows[0][0]) if rows else None
        return self._dimensions

    def _graph(self) -> bool:
        """Tell whether there is a graph; readers notice a new one after a while."""
        if not self._has_graph and time.monotonic() - self._looked > _LOOK_EVERY:
            self._looked = time.monotonic()
            rows = self._session.all(
                "SELECT 1 FROM pg_indexes WHERE schemaname = ? AND indexname = ?",
                self._session.database.schema,
                _GRAPH,
            )
            self._has_graph = bool(rows)
        return self._has_graph
