"""An index open for writing: repairs what a crash left, and loads each part only when needed.

The catalog is the truth, and the vectors follow it. While a run changes the index, the catalog has
a mark. If the mark is there at the next opening, the run was killed, and the vectors are compared
with the chunks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Self

from askdoc.errors import ConnectionLost, DiskFull, EmbedderMismatch, StoreError
from askdoc.index.embed import WRITING, passages, remove_obsolete
from askdoc.settings import Settings, index_fingerprint
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.store.vectors_codec import IN_CONTEXT
from askdoc.text.chunking import name_words
from askdoc.types import INCOMPLETE
from askdoc.types.ports import Analyser, Embedder, VectorStore

if TYPE_CHECKING:
    from askdoc.index.work import Cluster
    from askdoc.store.postgres.claims import Claims

UNFINISHED = "unfinished"
"""This setting of the catalog is `yes` until a rebuild is complete, in the new index and in the old
one."""

EMBEDDER_NAME = "embedder"
EMBEDDER_FINGERPRINT = "embedder_fingerprint"
SETTINGS_FINGERPRINT = "settings_fingerprint"
"""The catalog's settings with the embedder and the settings that made the index."""

_ALL = ""
"""Stands for all sources in the list of incomplete ones; no location is empty."""
_BATCH = 256
_REBUILD = "run `askdoc index --rebuild` to build the index again"


@dataclass(frozen=True, slots=True)
class Store:
    """Access to the catalog and the vectors of an index; each function is called only when needed.

    `lock` gets whether the run has to be alone. `reading` opens the catalog for reading, and raises
    `NoIndex` if there is none. `vectors` gets the open catalog, since both may share a connection.
    `rebuild` is the place of a rebuild.

    Where several runs index at once, `claims` returns those of this run, and `arriving` the place
    for vectors that are not published yet; `cluster` returns the processes that read its files, if
    that is not this one.
    """

    lock: Callable[[bool], AbstractContextManager[object]]
    catalog: Callable[[], SqlCatalog]
    reading: Callable[[], SqlCatalog]
    vectors: Callable[[SqlCatalog], VectorStore]
    has_vectors: Callable[[], bool]
    discard_vectors: Callable[[], None]
    rebuild: RebuildPlace | None = None
    claims: Callable[[SqlCatalog], Claims] | None = None
    arriving: Callable[[SqlCatalog], VectorStore] | None = None
    cluster: Callable[[SqlCatalog], Cluster] | None = None


@dataclass(frozen=True, slots=True)
class RebuildPlace:
    """The place of a rebuild, next to the index that answers meanwhile.

    `take_over` puts the new index in place, and gets whether it has passages; after an interrupt it
    can be called again. `discard` deletes the new index.
    """

    store: Store
    is_begun: Callable[[], bool]
    take_over: Callable[[bool], None]
    discard: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many vectors a repair has made, and how many orphaned ones it has removed."""

    made: int = 0
    removed: int = 0

    def __add__(self, other: Repaired) -> Repaired:
        return Repaired(self.made + other.made, self.removed + other.removed)


class IndexWriter:
    """An index open for writing: a context manager, to enter while holding the lock.

    `was_broken`: the previous run was killed; `repaired` says what was repaired after it.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        load_embedder: Callable[[str | None], Embedder],
        root: str = "",
    ) -> None:
        self.root = root
        self._store = store
        self._settings = settings
        self._load_embedder = load_embedder
        self._vectors: VectorStore | None = None
        self._embedder: Embedder | None = None
        self.was_broken = False
        self.repaired = Repaired()
        self.catalog = store.catalog()
        self.claims = store.claims(self.catalog) if store.claims else None
        self.cluster = store.cluster(self.catalog) if store.cluster else None

    def __enter__(self) -> Self:
        try:
            self._repair_after_crash()
        except BaseException:
            self._give_up()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._give_up()
            return
        try:
            self._finish()
        except BaseException:  # Ctrl-C may also come while the vectors are being opened
            self._give_up()
            raise
        self.catalog.close()

    @property
    def vectors(self) -> VectorStore:
        """The vectors, opened at the first call."""
        if self._vectors is None:
            self._vectors = self._store.vectors(self.catalog)
        return self._vectors

    @property
    def arriving(self) -> VectorStore:
        """The place for vectors of documents that are not published yet."""
        return self._store.arriving(self.catalog) if self._store.arriving else self.vectors

    def open_vectors(self) -> None:
        """Start to open the vectors in the background, since they will be needed."""
        self.vectors.open()

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded and recorded in the catalog at the first call.

        Raises:
            EmbedderMismatch: another one made the vectors.

        """
        if self._embedder is None:
            made_by = self.catalog.setting(EMBEDDER_NAME)
            loaded = self._load_embedder(made_by)
            if self.catalog.setting(EMBEDDER_FINGERPRINT) not in (None, loaded.fingerprint):
                self._replace_embedder(made_by, loaded)
            with self.catalog.transaction():
                self.catalog.keep(EMBEDDER_NAME, loaded.name)
                self.catalog.keep(EMBEDDER_FINGERPRINT, loaded.fingerprint)
                if not self.catalog.counts().chunks:
                    self.catalog.keep(IN_CONTEXT, "yes" if loaded.contextual else "no")
            self._embedder = loaded
        return self._embedder

    def expect_same_settings(self) -> None:
        """Check that the settings are those that made the index.

        Raises:
            EmbedderMismatch: the settings that chunks depend on, or the embedder, have changed.

        """
        now = index_fingerprint(self._settings)
        if self.catalog.setting(SETTINGS_FINGERPRINT) != now:
            if self.catalog.counts().documents:
                message = "the index was made with other settings for chunks or language"
                raise EmbedderMismatch(message, hint=_REBUILD)
            self.catalog.keep(SETTINGS_FINGERPRINT, now)
        asked = self._settings.embedder
        if asked is not None and self.catalog.setting(EMBEDDER_NAME) not in (None, asked):
            _ = self.embedder  # one name can mean different models; the fingerprint decides

    def begin(self) -> None:
        """Mark the catalog as being changed; a crash from now on leads to a repair.

        Where all changes of a run are one transaction, a crash leaves nothing to repair.
        """
        if self.claims is None:
            self.catalog.keep(WRITING, "yes")

    def is_reading(self, sources: Sequence[str]) -> None:
        """Record that these sources (or all, if none is named) are being read."""
        with self.catalog.transaction():
            self._keep_missing(self._missing() | set(sources or [_ALL]))

    def has_read(self, sources: Sequence[str]) -> None:
        """Record that these sources (or all, if none is named) have been read completely."""
        with self.catalog.transaction():
            self._keep_missing(self._missing() - set(sources) if sources else set())

    def release(self, locations: Collection[str]) -> None:
        """Remove places from the catalog; `remove_obsolete` removes their vectors."""
        with self.catalog.transaction():
            self.begin()
            self.catalog.release(locations)

    def remove_obsolete(self) -> None:
        """Remove vectors of chunks that no longer exist."""
        if self.catalog.obsolete():
            remove_obsolete(self.catalog, self.vectors)

    def roll_back(self) -> None:
        """Discard what is not published yet."""
        self.catalog.drop_staged()
        self.remove_obsolete()

    def repair(self) -> Repaired:
        """Make vectors and chunks agree, from the stored text; return what was repaired.

        Raises:
            EmbedderMismatch: vectors are missing, and another embedder made the existing ones.

        """
        self.begin()
        self.catalog.drop_staged()
        wanted = set(self.catalog.chunk_ids())
        stored = self._sound_ids()
        stray = stored - wanted
        self.vectors.remove(stray)
        missing = wanted - stored
        if missing:
            self._embed(missing)
        self.catalog.clear_obsolete(self.catalog.obsolete())
        return Repaired(len(missing), len(stray))

    def _missing(self) -> set[str]:
        """Return the sources that no run has read completely."""
        return set(json.loads(self.catalog.setting(INCOMPLETE) or "[]"))

    def _keep_missing(self, sources: set[str]) -> None:
        if sources != self._missing():  # escaped, since names need not be valid UTF-8
            self.catalog.keep(INCOMPLETE, json.dumps(sorted(sources)) if sources else "")

    def _repair_after_crash(self) -> None:
        if self.claims is not None:
            return
        self.was_broken = self.catalog.setting(WRITING) == "yes"
        if self.was_broken or (not self._store.has_vectors() and self.catalog.counts().chunks):
            self.repaired = self.repair()

    def _give_up(self) -> None:
        """Close everything; the next opening repairs what is unfinished."""
        try:
            if self._vectors is not None:
                with suppress(StoreError):  # report the first error, not a later one
                    self._vectors.close()
        finally:
            self.catalog.close()

    def _finish(self) -> None:
        if self._vectors is not None:
            self._vectors.close()
        if self.catalog.setting(WRITING) == "yes":
            self.catalog.keep(WRITING, "no")

    def _sound_ids(self) -> set[str]:
        """List the ids of stored vectors; delete vectors that may be damaged, and list none."""
        try:
            ids = set(self.vectors.ids())
            if not self.vectors.check():
                return ids
        except (ConnectionLost, DiskFull):  # which say nothing about the vectors
            raise
        except StoreError:
            pass
        self._discard_vectors()
        return set()

    def _discard_vectors(self) -> None:
        if self._vectors is not None:
            with suppress(StoreError):
                self._vectors.close()
            self._vectors = None
        self._store.discard_vectors()

    def _embed(self, missing: set[str]) -> None:
        for document in self.catalog.documents():
            lost = (pair for pair in passages(self.catalog, document) if pair[0].id in missing)
            while batch := list(islice(lost, _BATCH)):
                vectors = self.embedder.embed_passages([passage for _, passage in batch])
                self.vectors.add(
                    [chunk.id for chunk, _ in batch], [document.id] * len(batch), vectors
                )

    def _replace_embedder(self, made_by: str | None, loaded: Embedder) -> None:
        if self.catalog.counts().documents:
            message = f"the index was made with the embedder `{made_by}`, not with `{loaded.name}`"
            raise EmbedderMismatch(message, hint=f"{_REBUILD}, or leave out `--embedder`")
        self._discard_vectors()  # an empty collection keeps its number of dimensions


_MOST = 40
"""Most words of names per document: thousands of copies must not make its text long."""


def words_of(paths: Sequence[str]) -> str:
    """Join the words of the names of a document's places, each word once."""
    if len(paths) == 1:
        return name_words(paths[0])
    words = dict.fromkeys(word for path in sorted(paths) for word in name_words(path).split())
    return " ".join(list(words)[:_MOST])


def update_names(
    catalog: SqlCatalog, analyser: Analyser, document_ids: Collection[str] | None
) -> None:
    """Update the names of these documents, or of all, in the full text."""
    for key, named in catalog.named(document_ids).items():
        words = words_of(named.paths)
        if words != named.words:
            [language] = [document.language for document in catalog.documents([key])]
            before, after = (analyser.terms(one, language) for one in (named.words, words))
            catalog.rename(key, words, before, after)
