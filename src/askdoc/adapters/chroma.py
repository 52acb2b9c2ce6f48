"""Vectors in an embedded Chroma database, found by cosine.

Chroma keeps what is new in a log, which each process replays into its own copy of the HNSW graph,
and any process whose copy has passed a threshold folds it into the files, readers too. That costs
0.4 s at each opening for 1,000 vectors in the log, and two that fold at once break the files.
Nothing public forces or forbids a fold (chroma-core/chroma#7463). So the threshold is out of reach,
but for the moments in which the one writer folds: it lowers it, opens the collection once more,
which folds all of the log, and puts it back, while no other process may open the files.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from askdoc.adapters import chroma_files
from askdoc.errors import DiskFull, EmbedderMismatch, IndexCorrupt, StoreError
from askdoc.types import Hit

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.types import Where

    from askdoc.ports import Matrix

_COLLECTION = "chunks"
_DOCUMENT = "document"

_FOLD_NOW = 2
"""The least threshold that Chroma takes. Up to so many vectors stay in the log, at no cost."""

_FOLD_NEVER = 1 << 40

_LONGEST_LOG = 2000
_LONGEST_LOG_SHARE = 4
"""Changes in the log, or one part in so many of all vectors if that is more, after which the writer
folds, so that a reader has little to replay. Each fold costs a writer memory that Chroma keeps."""

_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
    "ef_search": 400,
}
"""Finds 99.97 % of the exact 50 nearest among 5,387 passages, 100 % among 20,000 clustered vectors
and 96 % among 20,000 random ones, the worst case; Chroma's defaults find 94 % and 54 % of the last
two. Adding a passage takes 0.7 ms instead of 0.4; embedding it takes 11."""

_PAGE = 1000
"""Rows that are read at once."""

_MOST_FILTERED = 2000
"""Documents that one filter may name; each is a variable of an SQL statement in Chroma."""

_ROOM = 16 << 20
"""Bytes that must be free before a write: one that fails half-way leaves broken HNSW files."""

_REPAIR = "run `askdoc index` to make the vectors anew from the stored text"


class ChromaStore:
    """A `VectorStore` in `folder`, which is made if it is opened for writing.

    Raises:
        IndexCorrupt: there is nothing in `folder`, or nothing that can be read.

    """

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        self._folder = folder
        self._write = write
        self._log = 0
        if write:
            with self._translating("preparing"):
                chroma_files.prepare(folder)
        elif not chroma_files.has_database(folder):
            message = f"the vectors in `{folder}` are missing"
            raise IndexCorrupt(message, hint=_REPAIR)
        with (
            self._translating("opening"),
            chroma_files.standing_still(folder, alone=write),
        ):
            if not chroma_files.seal_holds(folder):
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
        self._expect_room(vectors.nbytes)
        for start in range(0, len(ids), self._batch):
            part = slice(start, start + self._batch)
            with self._translating("adding vectors"):
                self._collection.upsert(
                    ids=list(ids[part]),
                    embeddings=np.asarray(vectors[part], dtype=np.float32),
                    metadatas=[{_DOCUMENT: document} for document in document_ids[part]],
                )
        self._count_changes(len(ids))

    def remove(self, ids: Collection[str]) -> None:
        """Forget the vectors of those ids; unknown ids are ignored."""
        self._expect_room(0)
        for part in _batches(ids, self._batch):
            with self._translating("removing vectors"):
                self._collection.delete(ids=part)
        self._count_changes(len(ids))

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
        """Say what is damaged, one sentence each; empty where nothing is. Reads every byte."""
        found = chroma_files.faults(self._folder)
        try:
            listed = sum(1 for _ in self.ids())
            if listed != (counted := self.count()):
                found.append(f"{listed} of {counted} vectors can be listed")
        except StoreError as error:
            found.append(str(error))
        return found

    def close(self) -> None:
        """Let go of files; the store is not used afterwards."""
        try:
            if self._log or (self._write and not chroma_files.is_intact(self._folder)):
                self._fold()
        finally:
            self._client.close()

    def _open(self) -> None:
        self._client = _client(self._folder)
        try:
            self._batch = self._client.get_max_batch_size()
            if self._write:
                self._collection = self._client.get_or_create_collection(
                    _COLLECTION,
                    embedding_function=None,
                    configuration={"hnsw": {**_HNSW, "sync_threshold": _FOLD_NEVER}},
                )
                self._fold_at(_FOLD_NEVER)  # a run that was killed may have left it low
            else:
                self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
            stored = self._collection.count()  # loads the HNSW files, which may change afterwards
            self._longest_log = max(_LONGEST_LOG, stored // _LONGEST_LOG_SHARE)
        except BaseException:
            self._client.close()
            raise

    def _expect_room(self, size: int) -> None:
        """Refuse to write `size` bytes of vectors where there is not room for them twice."""
        with self._translating("preparing to write"):
            if shutil.disk_usage(self._folder).free < _ROOM + 2 * size:
                raise _full(self._folder)

    def _count_changes(self, count: int) -> None:
        self._log += count
        if self._log >= self._longest_log:
            self._fold()
            with self._translating("opening again"):
                self._client.close()
                self._open()

    def _fold(self) -> None:
        with (
            self._translating("writing vectors"),
            chroma_files.standing_still(self._folder, alone=True),
            chroma_files.unsealed(self._folder),
        ):
            self._fold_at(_FOLD_NOW)
            self._client.close()
            self._client = _client(self._folder)
            self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
            self._collection.count()  # the first call folds the log
            self._fold_at(_FOLD_NEVER)
        self._log = 0

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

    @contextmanager
    def _translating(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (StoreError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic in Chroma's Rust part is no Exception
            told = _translated(error, doing, self._folder)
            if isinstance(told, IndexCorrupt):
                chroma_files.suspect(self._folder)
            raise told from error


def _translated(error: BaseException, doing: str, folder: Path) -> StoreError:
    """Name the error of ours that says what `error`, raised by Chroma, means."""
    text = " ".join(str(error).split())
    if "disk is full" in text or "No space left" in text or _is_full(folder):
        return _full(folder)
    if "expecting embedding with dimension" in text:
        message = f"the vectors in `{folder}` come from another embedder: {text}"
        return EmbedderMismatch(message, hint="run `askdoc index --rebuild`")
    if not chroma_files.can_write(folder):
        message = f"the vectors in `{folder}` cannot be written to, and Chroma needs that to read"
        return StoreError(message, hint="allow it, or copy the index to a folder of your own")
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
    try:
        from chromadb.api.client import Client
        from chromadb.config import Settings
    except (ImportError, RuntimeError, ValueError) as error:
        message = f"chromadb cannot be loaded: {' '.join(str(error).split())}"
        hint = "it reads a file `.env` in the current folder; if there is one, mend it"
        raise StoreError(message, hint=hint) from error
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


def _batches(items: Collection[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
