"""Vectors in an embedded Chroma database, searched by cosine.

Chroma keeps new vectors in a log. Each process replays the log into its own copy of the HNSW graph,
and any process, also a reader, writes its copy to the files ("folds" the log) once the log is
longer than a threshold. Replaying costs 0.4 s per opening for 1,000 vectors, and two processes that
fold at once break the files. Chroma has no public way to force or forbid a fold
(chroma-core/chroma#7463). Therefore the threshold is set so high that nobody folds, except while a
lock keeps other processes away. A process uses the threshold that it finds when it first touches a
collection. So the writer lowers it before its first change and raises it again for all others. From
then on the writer folds by itself after that many changes; it knows when, and takes the lock. (If
it has also read, Chroma counts some changes twice, so any change may fold.) When it closes, it
lowers the threshold once more and reopens the collection, which folds the rest.

Touching a collection loads its whole graph into memory. So a large store has several collections
("shards"), and a writer needs memory for only one. Searching a shard takes about the same time for
any size, so later shards are larger.

A process that has loaded a graph does not see what others write afterwards. But Chroma's tables
show it, and a filter is looked up in them. If they name a vector that the graph does not have, the
search fails ("Error finding id"). So a reader that fails opens the store again if others have
changed it, and searches again.
"""

from __future__ import annotations

import itertools
import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import numpy as np

from askdoc.errors import DiskFull, EmbedderMismatch, IndexCorrupt, StoreError
from askdoc.store import chroma_files
from askdoc.store.chroma_import import importing, without_environment
from askdoc.store.chroma_shards import (
    FOLD_NEVER,
    FOLD_NOW,
    HNSW,
    OpenShard,
    Shard,
    batches,
    counted_shards,
    homes,
    latest_change,
    shard_name,
    shards,
)
from askdoc.types import Hit

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.types import Where

    from askdoc.types.ports import Matrix


T = TypeVar("T")
_Asked = TypeVar("_Asked")

_API = "chromadb.api.rust"
"""The module that Chroma imports by name when it opens a database."""

REPAIR = "run `askdoc doctor --repair` to compute the vectors again from the stored text"


def translated(error: BaseException, doing: str, folder: Path) -> StoreError:
    """Return askdoc's error for an error of Chroma."""
    text = " ".join(str(error).split())
    if "disk is full" in text or "No space left" in text or _is_full(folder):
        return full(folder)
    if "expecting embedding with dimension" in text:
        message = f"the vectors in `{folder}` come from another embedder: {text}"
        return EmbedderMismatch(message, hint="run `askdoc index --rebuild`")
    if not chroma_files.can_write(folder):
        message = f"the vectors in `{folder}` cannot be used, or not written to: {text}"
        return StoreError(message, hint="copy the index to a folder of your own")
    if isinstance(error, OSError):
        return StoreError(f"cannot use the vectors in `{folder}`: {text}")
    return IndexCorrupt(f"chromadb failed while {doing} in `{folder}`: {text}", hint=REPAIR)


def full(folder: Path) -> DiskFull:
    """Return the error for a full disk."""
    return DiskFull(f"no room left on the disk of `{folder}`", hint="free some and run again")


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 1 << 16
    except OSError:
        return False


_OPENING = threading.Lock()
"""Chroma counts who uses a database, and threads would disturb that."""

_changes: dict[str, object] = {}
"""The latest change in the databases that this process has opened, by the name for Chroma."""


def client(folder: Path, *, share: bool = False) -> tuple[Client, object]:
    """Open Chroma on `folder`, without telemetry and without settings of the environment.

    Return it with the latest change that it may not know. All who `share` have one copy in memory,
    until the database changes.

    Chroma is imported here because that takes half a second, and many runs need no vectors.
    """
    try:
        with importing():
            from chromadb.api.client import Client
            from chromadb.config import Settings

            import_module(_API)
    except (ImportError, RuntimeError, ValueError) as error:
        message = f"chromadb cannot be loaded: {' '.join(str(error).split())}"
        hint = "it reads a file `.env` in the current folder; if there is one, fix it"
        raise StoreError(message, hint=hint) from error
    with without_environment():
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it, untyped
            anonymized_telemetry=False,
            chroma_api_impl=f"{_API}.RustBindingsAPI",
            chroma_otel_collection_endpoint="",
            chroma_otel_granularity=None,
            is_persistent=True,
        )
    with _OPENING:
        cached = Client._identifier_to_system  # noqa: SLF001
        # Chroma returns the copy that it has of a folder of the same name, however old it is.
        name = str(folder)
        now = latest_change(folder) if share else None
        while name in cached and (now is None or _changes.get(name) != now):
            name += "/."
        settings.persist_directory, is_known = name, name in cached
        try:
            opened = Client(settings=settings)
        except BaseException:
            # Chroma caches a system that failed to start, and would return it at the next try.
            cached.pop(name, None)
            raise
        if not is_known:  # opening has changed the database; nothing is loaded yet
            _changes[name] = latest_change(folder) if share else None
        return opened, _changes[name]


_DOCUMENT = "document"

_LONGEST_LOG = 2000
"""The writer folds a shard's log after this many changes, so that readers have little to replay."""

_SHORT_LOG = 32
"""A closing writer leaves at most this many changes in a shard's log. Readers replay them in about
10 ms; a fold would load and write the whole graph for one changed line."""

_PAGE = 1000
"""Rows per read."""

_MOST_FILTERED = 2000
"""Documents per filter; each is a variable of an SQL statement in Chroma."""

_MOST_OPENINGS = 10
"""Times that one search opens the store again while others change it."""

_ROOM = 16 << 20
"""Bytes that must be free before a write: a write that fails half-way leaves broken HNSW files."""


_Part = tuple[OpenShard, Collection[str] | None]
"""A shard to search, and the documents to search in (None: all)."""


class ChromaStore:
    """A `VectorStore` in `folder`, which is created when opened for writing.

    With `folds`, the writer folds when it `is_due`; otherwise its owner has to replace the process.

    Raises:
        IndexCorrupt: `folder` has no database, or a damaged one.

    """

    def __init__(self, folder: Path, *, write: bool = False, folds: bool = True) -> None:
        self._folder = folder
        self._write = write
        self._folds = folds
        self._shards: dict[str, OpenShard] = {}
        self._changed: set[str] = set()
        self._changes = 0
        self._was_read = False
        self._threads: ThreadPoolExecutor | None = None
        self._latest: object = None
        self._held = ExitStack()
        self._client: Client
        if write:
            with self._translating("preparing"):
                chroma_files.prepare(folder)
        elif not chroma_files.has_database(folder):
            message = f"the vectors in `{folder}` are missing"
            raise IndexCorrupt(message, hint=REPAIR)
        with (
            self._translating("opening"),
            chroma_files.standing_still(folder, alone=write),
        ):
            self._expect_seal()
            self._place = (
                folder if write else self._held.enter_context(chroma_files.readable(folder))
            )
            try:
                self._open()
            except BaseException:
                self._held.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors; those with an existing id replace the old ones.

        Raises:
            EmbedderMismatch: the vectors have another length than those in the store. DiskFull:
                there is no space.

        """
        self._expect_room(vectors.nbytes)
        done = 0
        while done < len(ids):
            shard = self._roomy(vectors.shape[1])
            part = slice(done, done + min(self._batch, shard.room))
            if len(self._shards) > 1:
                self._delete(ids[part], but=shard)
            count = len(ids[part])
            with self._translating("adding vectors"), self._changing(shard, count):
                shard.collection.upsert(
                    ids=list(ids[part]),
                    embeddings=np.asarray(vectors[part], dtype=np.float32),
                    metadatas=[{_DOCUMENT: document} for document in document_ids[part]],
                )
            done += count
            shard.count += count
            self._fold_if_due()

    def remove(self, ids: Collection[str]) -> None:
        """Remove the vectors of these ids; unknown ids are ignored."""
        self._expect_room(0)
        self._delete(ids)

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Return the vectors nearest to `vector`, shape (dimensions,), by cosine, best first."""
        if limit < 1 or (documents is not None and not documents):
            return []
        self._was_read = True
        parts = [None] if documents is None else list(batches(sorted(documents), _MOST_FILTERED))

        def read() -> list[list[Hit]]:
            asked: list[_Part] = [
                (shard, part) for shard in self._shards.values() for part in parts
            ]
            return self._side_by_side(lambda one: _nearest(*one, vector, limit), asked)

        found = self._reading("searching", read)
        if len(found) == 1:
            return found[0]
        hits = itertools.chain.from_iterable(found)
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:limit]

    def ids(self) -> Iterator[str]:
        """List all ids, in no particular order."""
        self._was_read = True
        for shard in self._shards.values():
            offset = 0
            while True:
                with self._translating("listing vectors"):
                    found = shard.collection.get(limit=_PAGE, offset=offset, include=[])["ids"]
                yield from found
                if len(found) < _PAGE:
                    break
                offset += len(found)

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order, shape (len(ids), dimensions).

        Raises:
            StoreError: an id is unknown.

        """
        self._was_read = True

        def read() -> dict[str, Any]:
            asked = [
                (self._shards[name], part)
                for name, held in self._holders(dict.fromkeys(ids)).items()
                for part in batches(held, _PAGE)
            ]
            found = self._side_by_side(lambda one: one[0].vectors(one[1]), asked)
            return dict(itertools.chain.from_iterable(part.items() for part in found))

        found = self._reading("reading vectors", read)
        missing = [chunk for chunk in ids if chunk not in found]
        if missing:
            message = f"there is no vector `{missing[0]}` ({len(missing)} of {len(ids)} missing)"
            raise StoreError(message, hint=REPAIR)
        return np.asarray([found[chunk] for chunk in ids], dtype=np.float32)

    def count(self) -> int:
        """Count the vectors."""
        self._was_read = True
        with self._translating("counting vectors"):
            return sum(shard.collection.count() for shard in self._shards.values())

    def check(self) -> list[str]:
        """Return one sentence per damage; empty if there is none. Reads every byte."""
        found = chroma_files.faults(self._folder)
        try:
            listed = sum(1 for _ in self.ids())
            if listed != (counted := self.count()):
                found.append(f"{listed} of {counted} vectors can be listed")
        except StoreError as error:
            found.append(str(error))
        return found

    @property
    def is_due(self) -> bool:
        """Tell whether a fresh process should continue.

        A changed collection keeps its graph in memory, and one that was read before its first
        change does not fold when it should.
        """
        grown = len(self._changed) > 1 and self._changes >= _LONGEST_LOG
        return grown or any(shard.log >= 2 * _LONGEST_LOG for shard in self._shards.values())

    def open(self) -> None:
        """Do nothing: the constructor has opened the store."""

    def close(self) -> None:
        """Close the files; do not use the store afterwards."""
        try:
            if self._write and (
                any(shard.log > _SHORT_LOG for shard in self._shards.values())
                or not chroma_files.is_intact(self._folder)
            ):
                self._fold()
        finally:
            self.leave()
            if self._write:
                chroma_files.compact(self._folder)

    def leave(self) -> None:
        """Close without folding; the next writer folds."""
        self._leave_chroma()
        self._held.close()

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    def _expect_seal(self) -> None:
        """Check that the files are as they were sealed.

        Raises:
            IndexCorrupt: they are not.

        """
        if not chroma_files.seal_holds(self._folder):
            message = f"files of the vectors in `{self._folder}` are damaged"
            raise IndexCorrupt(message, hint=REPAIR)

    def _leave_chroma(self) -> None:
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        with _OPENING:
            self._client.close()

    def _open(self) -> None:
        self._client, latest = client(self._place, share=not self._write)
        self._changed.clear()
        self._changes = 0
        self._was_read = False
        try:
            self._batch = self._client.get_max_batch_size()
            listed = counted_shards(self._place) if self._write else shards(self._client)
            made: dict[str, OpenShard] = {}
            if self._write and not listed:
                self._shards = made
                self._make(0)
                return
            for shard in listed or [Shard(shard_name(0), 0)]:
                collection = self._client.get_collection(shard.name, embedding_function=None)
                opened = made[shard.name] = OpenShard(shard, collection, shard.count, shard.log)
                if self._write:  # a killed run may have left the threshold low
                    opened.fold_at(FOLD_NEVER)
                else:  # this loads the HNSW files, so they may change afterwards
                    collection.count()
        except BaseException:
            self._leave_chroma()
            raise
        self._shards, self._latest = made, latest

    def _make(self, number: int) -> OpenShard:
        name = shard_name(number)
        collection = self._client.get_or_create_collection(
            name,
            embedding_function=None,
            configuration={"hnsw": {**HNSW, "sync_threshold": FOLD_NEVER}},
        )
        made = self._shards[name] = OpenShard(Shard(name, number), collection, 0)
        return made

    def _roomy(self, dimension: int) -> OpenShard:
        """Return a shard with room for vectors of this length; create one if needed.

        Raises:
            EmbedderMismatch: the vectors in the store have another length.

        """
        for length in (shard.shard.dimension for shard in self._shards.values()):
            if length not in (None, dimension):
                message = f"vectors of {length} numbers are stored, not of {dimension}"
                raise EmbedderMismatch(message, hint="run `askdoc index --rebuild`")
        for shard in self._shards.values():
            if shard.room > 0:
                return shard
        with self._translating("adding vectors"):
            return self._make(1 + max(shard.shard.number for shard in self._shards.values()))

    def _holders(self, ids: Collection[str]) -> Mapping[str, Collection[str]]:
        """Map the names of shards to those of `ids` that they may have."""
        return self._homes(ids) if self._write else dict.fromkeys(self._shards, ids)

    def _homes(self, ids: Collection[str]) -> dict[str, list[str]]:
        with self._translating("looking up vectors"):
            found = homes(self._place, ids)
        return {name: held for name, held in found.items() if name in self._shards}

    def _delete(self, ids: Collection[str], *, but: OpenShard | None = None) -> None:
        """Remove vectors from every shard except `but`."""
        for name, held in self._homes(ids).items():
            shard = self._shards[name]
            if but is not None and name == but.shard.name:
                continue
            for part in batches(held, self._batch):
                with self._translating("removing vectors"), self._changing(shard, len(part)):
                    shard.collection.delete(ids=part)
            shard.count -= len(held)
            self._fold_if_due()

    def _expect_room(self, size: int) -> None:
        """Refuse to write `size` bytes of vectors unless twice as many are free."""
        with self._translating("preparing to write"):
            if shutil.disk_usage(self._folder).free < _ROOM + 2 * size:
                raise full(self._folder)

    @contextmanager
    def _changing(self, shard: OpenShard, count: int) -> Iterator[None]:
        """Change `count` vectors of a shard in this block.

        Hold the lock if that may fold its log.
        """
        is_first = shard.shard.name not in self._changed
        may_fold = self._was_read or shard.log + count >= _LONGEST_LOG
        before = chroma_files.folded(self._folder)
        with ExitStack() as stack:
            if is_first or may_fold:
                stack.enter_context(chroma_files.standing_still(self._folder, alone=True))
            if is_first:
                shard.fold_at(_LONGEST_LOG)
                stack.callback(shard.fold_at, FOLD_NEVER)
            if may_fold:
                stack.enter_context(chroma_files.unsealed(self._folder))
            yield
        has_folded = chroma_files.folded(self._folder) != before
        if has_folded and not may_fold:  # another version of Chroma may count differently
            with chroma_files.unsealed(self._folder):
                self._was_read = True
        self._changed.add(shard.shard.name)
        self._changes += count
        shard.log = 0 if has_folded else shard.log + count

    def _fold_if_due(self) -> None:
        if self._folds and self.is_due:
            self._fold()
            # A collection that has folded would fold again.
            with self._translating("opening again"):
                self._leave_chroma()
                self._open()

    def _fold(self) -> None:
        """Fold the logs of the shards that have enough changes.

        A fold loads the shard, and a few changes are in the log of every shard; without the
        minimum, each fold would load all shards.
        """
        changed = [shard for shard in self._shards.values() if shard.log > _SHORT_LOG]
        with (
            self._translating("writing vectors"),
            chroma_files.standing_still(self._folder, alone=True),
            chroma_files.unsealed(self._folder),
        ):
            for shard in changed:
                shard.fold_at(FOLD_NOW)
            self._leave_chroma()
            self._client, _ = client(self._place)
            for name, shard in self._shards.items():
                shard.collection = self._client.get_collection(name, embedding_function=None)
                if shard in changed:
                    shard.collection.count()  # the first access folds the log
                    shard.fold_at(FOLD_NEVER)
                    shard.log = 0

    def _side_by_side(self, read: Callable[[_Asked], T], asked: Sequence[_Asked]) -> list[T]:
        """Read shards in threads; Chroma releases the interpreter lock meanwhile."""
        if len(asked) <= 1:
            return [read(one) for one in asked]
        if self._threads is None:
            self._threads = ThreadPoolExecutor(os.cpu_count(), "askdoc-vectors")
        return list(self._threads.map(read, asked))

    def _reading(self, doing: str, read: Callable[[], T]) -> T:
        """Read; if that fails and others have changed the store, open it again and repeat."""
        with self._translating(doing):
            for _ in range(_MOST_OPENINGS):
                try:
                    return read()
                except Exception:
                    if self._write or self._latest == latest_change(self._place):
                        raise  # the graph and the tables are of the same time
                self._leave_chroma()
                with chroma_files.standing_still(self._folder, alone=False):
                    self._expect_seal()
                    self._open()
            return read()

    @contextmanager
    def _translating(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (StoreError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic of Chroma's Rust code is a BaseException
            cause = translated(error, doing, self._folder)
            if isinstance(cause, IndexCorrupt):
                chroma_files.suspect(self._folder)
            raise cause from error


def _nearest(
    shard: OpenShard, documents: Collection[str] | None, vector: Matrix, limit: int
) -> list[Hit]:
    where = None if documents is None else cast("Where", {_DOCUMENT: {"$in": [*documents]}})
    return shard.nearest(vector, limit, where)
