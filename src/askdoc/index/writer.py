"""An index open for writing: what a crash left is repaired first, what is not needed is not loaded.

The catalog is the truth and the vectors follow it. While a run changes the index, the catalog says
so; if it still does at the next opening, that run was killed, and vectors are compared with chunks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self

from askdoc.errors import DiskFull, EmbedderMismatch, StoreError
from askdoc.index.embed import WRITING, passages, remove_obsolete
from askdoc.settings import Settings, index_fingerprint
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.vectors_codec import IN_CONTEXT
from askdoc.text.chunking import name_words
from askdoc.types import INCOMPLETE
from askdoc.types.ports import Analyser, Embedder, VectorStore

UNFINISHED = "unfinished"
"""Under this key the catalog says `yes` until an index that is made anew is complete: the new one,
and the former one, which it is to replace."""

EMBEDDER_NAME = "embedder"
EMBEDDER_FINGERPRINT = "embedder_fingerprint"
SETTINGS_FINGERPRINT = "settings_fingerprint"
"""Under these keys the catalog keeps what made the index."""

_ALL = ""
"""Stands for all sources among those that are not read to their end; no location is empty."""
_BATCH = 256
_REBUILD = "run `askdoc index --rebuild` to make the index anew"


@dataclass(frozen=True, slots=True)
class Store:
    """How to get at the two halves of an index. All of it is called only when needed.

    `reading` opens the catalog only to read from it, and raises `NoIndex` where there is none.
    `beside` is where an index is made that is to take the place of this one.
    """

    lock: Callable[[], AbstractContextManager[None]]
    catalog: Callable[[], SqliteCatalog]
    reading: Callable[[], SqliteCatalog]
    vectors: Callable[[], VectorStore]
    has_vectors: Callable[[], bool]
    discard_vectors: Callable[[], None]
    beside: Beside | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """How to make an index beside another, which answers until this one takes its place.

    `take_over` puts it there, and is told whether it has passages; a broken one can be called
    again. `discard` deletes what was made.
    """

    store: Store
    is_begun: Callable[[], bool]
    take_over: Callable[[bool], None]
    discard: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many vectors were made, and how many removed that belonged to nothing."""

    made: int = 0
    removed: int = 0

    def __add__(self, other: Repaired) -> Repaired:
        return Repaired(self.made + other.made, self.removed + other.removed)


class IndexWriter:
    """An index open for writing; a context manager, to be entered with the lock held.

    `was_broken` tells whether the run before did not come to its end, and `repaired` what was made
    and removed after that.
    """

    def __init__(
        self, store: Store, settings: Settings, load_embedder: Callable[[str | None], Embedder]
    ) -> None:
        self._store = store
        self._settings = settings
        self._load_embedder = load_embedder
        self._vectors: VectorStore | None = None
        self._embedder: Embedder | None = None
        self.was_broken = False
        self.repaired = Repaired()
        self.catalog = store.catalog()

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
        except BaseException:  # Ctrl-C may come before the vectors are closed, too
            self._give_up()
            raise
        self.catalog.close()

    @property
    def vectors(self) -> VectorStore:
        """The vectors, opened at the first call."""
        if self._vectors is None:
            self._vectors = self._store.vectors()
        return self._vectors

    def open_vectors(self) -> None:
        """Have the vectors opened, which goes on by itself, since they will be needed."""
        self.vectors.open()

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded at the first call and noted in the catalog.

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
        """Refuse to go on with other settings than those the index was made with.

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
            _ = self.embedder  # the name says nothing for sure, the fingerprint does

    def begin(self) -> None:
        """Note that changes follow; until the end, a crash is one in the middle."""
        self.catalog.keep(WRITING, "yes")

    def is_reading(self, sources: Sequence[str]) -> None:
        """Note that files of these sources are being read, or of all where none is named."""
        self._keep_missing(self._missing() | set(sources or [_ALL]))

    def has_read(self, sources: Sequence[str]) -> None:
        """Note that all files of these sources are read, or of all where none is named."""
        self._keep_missing(self._missing() - set(sources) if sources else set())

    def release(self, locations: Collection[str]) -> None:
        """Take places out of the catalog; their vectors go with `remove_obsolete`."""
        with self.catalog.transaction():
            self.begin()
            self.catalog.release(locations)

    def remove_obsolete(self) -> None:
        """Remove the vectors that nobody needs any more."""
        if self.catalog.obsolete():
            remove_obsolete(self.catalog, self.vectors)

    def roll_back(self) -> None:
        """Forget what is not published yet."""
        self.catalog.drop_staged()
        self.remove_obsolete()

    def repair(self) -> Repaired:
        """Make vectors and chunks agree, from the stored text alone; say what was repaired.

        Raises:
            EmbedderMismatch: vectors are missing and the embedder that made the others is not
                the one at hand.

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
        """Name the sources that an earlier run, or this one, has not read to their end."""
        return set(json.loads(self.catalog.setting(INCOMPLETE) or "[]"))

    def _keep_missing(self, sources: set[str]) -> None:
        if sources != self._missing():  # escaped, since names may be no UTF-8
            self.catalog.keep(INCOMPLETE, json.dumps(sorted(sources)) if sources else "")

    def _repair_after_crash(self) -> None:
        self.was_broken = self.catalog.setting(WRITING) == "yes"
        if self.was_broken or (not self._store.has_vectors() and self.catalog.counts().chunks):
            self.repaired = self.repair()

    def _give_up(self) -> None:
        """Close all; the next opening repairs what is half done."""
        try:
            if self._vectors is not None:
                with suppress(StoreError):  # the first error is the one to tell
                    self._vectors.close()
        finally:
            self.catalog.close()

    def _finish(self) -> None:
        if self._vectors is not None:
            self._vectors.close()
        if self.catalog.setting(WRITING) == "yes":
            self.catalog.keep(WRITING, "no")

    def _sound_ids(self) -> set[str]:
        """List the stored vectors; where they cannot be trusted, throw them away and list none."""
        try:
            ids = set(self.vectors.ids())
            if not self.vectors.check():
                return ids
        except DiskFull:
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
        self._discard_vectors()  # an empty collection still insists on its dimensions


_MOST = 40
"""Words of names that count: of very many copies, not each can add its own."""


def words_of(paths: Sequence[str]) -> str:
    """Join the words of the names of all places of a document, each once."""
    if len(paths) == 1:
        return name_words(paths[0])
    words = dict.fromkeys(word for path in sorted(paths) for word in name_words(path).split())
    return " ".join(list(words)[:_MOST])


def update_names(
    catalog: SqliteCatalog, analyser: Analyser, document_ids: Collection[str] | None
) -> None:
    """Have those documents, or all, found by the names of the places that they now have."""
    for key, named in catalog.named(document_ids).items():
        words = words_of(named.paths)
        if words != named.words:
            [language] = [document.language for document in catalog.documents([key])]
            before, after = (analyser.terms(one, language) for one in (named.words, words))
            catalog.rename(key, words, before, after)
