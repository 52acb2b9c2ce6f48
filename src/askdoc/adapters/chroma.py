"""Vectors in an embedded Chroma database, found by cosine.

Chroma keeps what is new in a write-ahead log and folds it into its HNSW files when a threshold is
passed within one process. What is left in the log is replayed at each opening, 0.4 s for 1,000
vectors, and nothing public forces the fold (chroma-core/chroma#7463). So `close` lowers the
threshold and opens the collection once more, which folds everything.

Chroma does not notice damaged HNSW files; see `askdoc.adapters.chroma_seal`.
"""

from __future__ import annotations

import shutil
import sqlite3
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from askdoc.adapters import chroma_seal
from askdoc.errors import DiskFull, EmbedderMismatch, IndexCorrupt, StoreError
from askdoc.types import Hit

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.types import Where

    from askdoc.ports import Matrix

_DATABASE = "chroma.sqlite3"
_COLLECTION = "chunks"
_DOCUMENT = "document"

_FOLD_AT = 1000
"""Vectors in the log before Chroma folds them into the HNSW files; Chroma's own default."""

_FOLD_NOW = 2
"""The least that Chroma takes. Up to so many vectors stay in the log, which costs nothing."""

_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
    "ef_search": 400,
}
"""Of the exact 50 nearest of 20,000 clustered vectors, 100 % are found; of random ones, the worst
case, 96 %. Chroma's defaults find 94 % and 54 %, for half the time to build and search."""

_PAGE = 1000
"""Rows that are read at once."""

_MOST_FILTERED = 2000
"""Documents that one filter may name; each is a variable of an SQL statement in Chroma."""

_ROOM = 16 << 20
"""Bytes that must be free before a write: one that fails half-way leaves broken HNSW files."""

_UNIT_TOLERANCE = 0.01

_REPAIR = "run `askdoc index` to make the vectors anew from the stored text"


def is_intact(folder: Path) -> bool:
    """Tell whether `folder` holds a database that nothing is known against; loads no Chroma."""
    return (
        (folder / _DATABASE).is_file()
        and not chroma_seal.is_suspect(folder)
        and chroma_seal.holds(folder)
    )


def discard(folder: Path) -> None:
    """Delete the database in `folder`; no store may have it open."""
    if folder.exists():
        shutil.rmtree(folder)


class ChromaStore:
    """A `VectorStore` in `folder`, which is made if it is opened for writing.

    Raises:
        IndexCorrupt: there is nothing in `folder`, or nothing that can be read.

    """

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        self._folder = folder
        self._write = write
        self._changed = False
        if not write and not (folder / _DATABASE).is_file():
            message = f"the vectors in `{folder}` are missing"
            raise IndexCorrupt(message, hint=_REPAIR)
        with self._translating("opening"):
            if not chroma_seal.holds(folder):
                message = f"files of the vectors in `{folder}` are damaged"
                raise IndexCorrupt(message, hint=_REPAIR)
            self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors, replacing those whose id is there already.

        Raises:
            EmbedderMismatch: the vectors are not as long as those in the store.
            DiskFull: there is no room.

        """
        self._change(vectors.nbytes)
        for start in range(0, len(ids), self._batch):
            part = slice(start, start + self._batch)
            with self._translating("adding vectors"):
                self._collection.upsert(
                    ids=list(ids[part]),
                    embeddings=np.asarray(vectors[part], dtype=np.float32),
                    metadatas=[{_DOCUMENT: document} for document in document_ids[part]],
                )

    def remove(self, ids: Collection[str]) -> None:
        """Forget the vectors of those ids; unknown ids are ignored."""
        self._change(0)
        for part in _batches(ids, self._batch):
            with self._translating("removing vectors"):
                self._collection.delete(ids=part)

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Find the nearest to `vector`, shape (dimensions,); score is the cosine, best first."""
        if limit < 1 or (documents is not None and not documents):
            return []
        if documents is None:
            return self._nearest(vector, limit, None)
        hits: list[Hit] = []
        for part in _batches(sorted(documents), _MOST_FILTERED):
            hits += self._nearest(vector, limit, part)
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:limit]

    def ids(self) -> Iterator[str]:
        """List every id, in no particular order."""
        offset = 0
        while True:
            with self._translating("listing vectors"):
                found = self._collection.get(limit=_PAGE, offset=offset, include=[])["ids"]
            yield from found
            if len(found) < _PAGE:
                return
            offset += len(found)

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order, shape (len(ids), dimensions).

        Raises:
            StoreError: an id is unknown.

        """
        found: dict[str, Any] = {}
        for part in _batches(dict.fromkeys(ids), _PAGE):
            with self._translating("reading vectors"):
                got = self._collection.get(ids=part, include=["embeddings"])
            embeddings = got["embeddings"]
            found.update(zip(got["ids"], () if embeddings is None else embeddings, strict=False))
        missing = [chunk for chunk in ids if chunk not in found]
        if missing:
            message = f"there is no vector `{missing[0]}` ({len(missing)} of {len(ids)} missing)"
            raise StoreError(message, hint=_REPAIR)
        return np.asarray([found[chunk] for chunk in ids], dtype=np.float32)

    def count(self) -> int:
        """Count the vectors."""
        with self._translating("counting vectors"):
            return self._collection.count()

    def check(self) -> list[str]:
        """Say what is damaged, one sentence each; empty where nothing is. Reads every vector."""
        if short := chroma_seal.cut_short(self._folder):
            return [f"{name} is cut short" for name in short]
        found: list[str] = []
        try:
            with closing(sqlite3.connect(_uri(self._folder / _DATABASE), uri=True)) as database:
                rows = database.execute("PRAGMA quick_check(5)").fetchall()
            found += [f"{_DATABASE}: {row[0]}" for row in rows if row[0] != "ok"]
            if broken := sum(self._count_broken(part) for part in _batches([*self.ids()], _PAGE)):
                found.append(f"{broken} vectors are not of unit length")
        except (StoreError, sqlite3.Error) as error:
            found.append(str(error))
        return found

    def close(self) -> None:
        """Let go of files; the store is not used afterwards."""
        try:
            if self._changed:
                with self._translating("writing vectors"):
                    self._fold()
                    chroma_seal.put(self._folder)
        finally:
            self._client.close()

    def _open(self) -> None:
        self._client = _client(self._folder)
        self._batch = self._client.get_max_batch_size()
        if not self._write:
            self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
            return
        self._collection = self._client.get_or_create_collection(
            _COLLECTION,
            embedding_function=None,
            configuration={"hnsw": {**_HNSW, "sync_threshold": _FOLD_AT}},
        )
        self._fold_at(_FOLD_AT)  # a run that was killed may have left it low

    def _change(self, size: int) -> None:
        """Get ready to write `size` bytes of vectors, which Chroma keeps twice for a while."""
        with self._translating("preparing to write"):
            if shutil.disk_usage(self._folder).free < _ROOM + 2 * size:
                raise _full(self._folder)
            if not self._changed:
                chroma_seal.remove(self._folder)
        self._changed = True

    def _fold(self) -> None:
        self._fold_at(_FOLD_NOW)
        self._client.close()
        self._client = _client(self._folder)
        self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
        self._collection.count()  # the first call folds the log
        self._fold_at(_FOLD_AT)

    def _fold_at(self, threshold: int) -> None:
        if self._collection.configuration_json["hnsw"]["sync_threshold"] == threshold:
            return
        with warnings.catch_warnings():
            # Chroma calls a collection without an embedding function of its own deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._collection.modify(configuration={"hnsw": {"sync_threshold": threshold}})

    def _nearest(self, vector: Matrix, limit: int, documents: Collection[str] | None) -> list[Hit]:
        where = None
        if documents is not None:
            where = cast("Where", {_DOCUMENT: {"$in": [*documents]}})
        with self._translating("searching"):
            found = self._collection.query(
                query_embeddings=np.asarray(vector, dtype=np.float32)[None, :],
                n_results=limit,
                where=where,
                include=["distances"],
            )
        distances = found["distances"]
        return [
            Hit(chunk, 1.0 - float(distance))
            for chunk, distance in zip(
                found["ids"][0], distances[0] if distances else (), strict=True
            )
        ]

    def _count_broken(self, ids: Sequence[str]) -> int:
        with np.errstate(all="ignore"):  # what is broken may be any number, or none
            off = np.abs(np.linalg.norm(self.vectors(ids), axis=1) - 1)
            return int((~(off < _UNIT_TOLERANCE)).sum())

    @contextmanager
    def _translating(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (StoreError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic in Chroma's Rust part is no Exception
            told = _translated(error, doing, self._folder)
            if isinstance(told, IndexCorrupt):
                chroma_seal.suspect(self._folder)
            raise told from error


def _translated(error: BaseException, doing: str, folder: Path) -> StoreError:
    """Name the error of ours that says what `error`, raised by Chroma, means."""
    text = " ".join(str(error).split())
    if "disk is full" in text or "No space left" in text or _is_full(folder):
        return _full(folder)
    if "expecting embedding with dimension" in text:
        message = f"the vectors in `{folder}` come from another embedder: {text}"
        return EmbedderMismatch(message, hint="run `askdoc index --rebuild`")
    if isinstance(error, OSError):
        return StoreError(f"cannot use the vectors in `{folder}`: {text}")
    return IndexCorrupt(f"chromadb failed while {doing} in `{folder}`: {text}", hint=_REPAIR)


def _full(folder: Path) -> DiskFull:
    return DiskFull(f"no room left on the disk of `{folder}`", hint="free some and run again")


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 1 << 16
    except OSError:
        return False


def _client(folder: Path) -> Client:
    """Open Chroma on `folder` with nothing taken from `.env` or the environment, and no telemetry.

    Loading Chroma takes half a second, which a run that needs no vectors need not pay.
    """
    from chromadb.api.client import Client
    from chromadb.config import Settings

    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it, untyped
        anonymized_telemetry=False,
        chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
        chroma_otel_collection_endpoint="",
        chroma_otel_granularity=None,
        is_persistent=True,
        persist_directory=str(folder),
    )
    try:
        return Client(settings=settings)
    except BaseException:
        # Chroma keeps what it failed to open, and would hand it out at the next try.
        Client._identifier_to_system.pop(str(folder), None)  # noqa: SLF001
        raise


def _uri(file: Path) -> str:
    return f"{file.absolute().as_uri()}?mode=ro"


def _batches(items: Collection[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
