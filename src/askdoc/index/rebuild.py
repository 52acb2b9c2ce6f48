"""Builds an index next to the old one, which answers until the new one is complete."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from askdoc.addresses import is_address
from askdoc.errors import IndexCorrupt, UsageError
from askdoc.index.embed import WRITING
from askdoc.index.plan import choose_scopes, is_there
from askdoc.index.writer import EMBEDDER_NAME, SETTINGS_FINGERPRINT, UNFINISHED, RebuildPlace, Store
from askdoc.settings import Settings, index_fingerprint
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.types.ports import Embedder


class Rebuild:
    """Starts or continues a rebuild next to the index in `store`, and exchanges them at the end."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        root: Path,
        load_embedder: Callable[[str | None], Embedder],
    ) -> None:
        self._store = store
        self._settings = settings
        self._root = root
        self._load_embedder = load_embedder

    @property
    def store(self) -> Store:
        """The store of the new index."""
        return self._place.store

    @property
    def _place(self) -> RebuildPlace:
        if self._store.rebuild is None:
            message = "this store has no place for another index"
            raise LookupError(message)
        return self._store.rebuild

    @contextmanager
    def locked(self, *, alone: bool = True) -> Iterator[None]:
        """Hold the lock of the index, and complete an interrupted exchange.

        Where the store lets several runs index at once, one that is not `alone` lets others in.
        """
        with self._store.lock(alone or self._place.is_begun()):
            if self._place.is_begun() and self._is_complete():
                self.take_over()
            yield

    def begin(self, wanted: Sequence[str]) -> tuple[Embedder, bool]:
        """Start an index with the sources and exclusions of the old one, and `wanted`.

        From a catalog that cannot be read, nothing is taken over. The embedder is loaded first, so
        that a missing model costs nothing. Returns the embedder, and whether the new index is next
        to an old one.

        Raises:
            UsageError: a source is missing, so that its documents would be lost.
            IndexCorrupt: the list of sources cannot be read, and none is named.

        """
        sources: list[str] = []
        exclusions: list[str] = []
        groups: Mapping[str, Sequence[str]] = {}
        made_by = None
        answers = False
        damage: IndexCorrupt | None = None
        try:
            with closing(self._store.catalog()) as catalog:
                sources, exclusions = catalog.sources(), catalog.exclusions()
                groups = catalog.restricted()
                made_by = catalog.setting(EMBEDDER_NAME)
                answers = bool(catalog.counts().documents)
        except IndexCorrupt as error:
            damage = error
        sources, _ = choose_scopes(sources, wanted, str(self._root))
        if not sources:
            raise damage or nothing_to_index()
        for location in sources:
            if not (is_address(location) or is_there(self._root / location)):
                message = f"`{location}` is not there, and a rebuilt index would lose it"
                hint = f"bring it back, or run `askdoc remove {shlex.quote(location)}`"
                raise UsageError(message, hint=hint)
        loaded = self._load_embedder(made_by)
        self._place.discard()
        if answers:
            with closing(self._store.catalog()) as catalog, catalog.transaction():
                catalog.keep(UNFINISHED, "yes")
                catalog.keep_sources(sources)
        with closing(self.store.catalog()) as draft, draft.transaction():
            draft.keep(UNFINISHED, "yes")
            draft.keep_sources(sources)
            draft.exclude(exclusions)
            draft.restrict(groups)
            if made_by is not None:
                draft.keep(EMBEDDER_NAME, made_by)
        if not answers:
            self._place.take_over(False)  # noqa: FBT003 - there are no passages
        return loaded, answers

    def has_unfinished(self, configured: Sequence[str]) -> bool:
        """Tell whether there is an interrupted rebuild to continue.

        One with other settings, or with other sources than now, is discarded.
        """
        if not self._place.is_begun():
            return False
        try:
            with closing(self.store.catalog()) as draft:
                fits = self._fits(draft)
                begun_with = _registered(draft, configured)
        except IndexCorrupt:
            fits = False
        if not fits:
            self._place.discard()
            with closing(self._store.catalog()) as catalog:
                catalog.keep(UNFINISHED, "no")
            return False
        with closing(self._store.catalog()) as catalog, closing(self.store.catalog()) as draft:
            is_same = _registered(catalog, configured) == begun_with
            draft.restrict(catalog.restricted())
        return is_same or self.begin(())[1]

    def take_over(self) -> None:
        """Replace the old index by the new one, which is complete.

        The vectors are exchanged first, then the catalog by one rename. In between, the old catalog
        is marked as being written, so a reader does not use it with the new vectors.
        """
        with closing(self.store.catalog()) as draft:
            has_passages = bool(draft.counts().chunks)
        with suppress(IndexCorrupt), closing(self._store.catalog()) as catalog:
            catalog.keep(WRITING, "yes")
        self._place.take_over(has_passages)

    def _is_complete(self) -> bool:
        try:
            with closing(self.store.catalog()) as draft:
                return draft.setting(UNFINISHED) == "no"
        except IndexCorrupt:
            return False

    def _fits(self, draft: SqlCatalog) -> bool:
        made_with = draft.setting(SETTINGS_FINGERPRINT), draft.setting(EMBEDDER_NAME)
        return made_with[0] in (None, index_fingerprint(self._settings)) and (
            self._settings.embedder is None or made_with[1] in (None, self._settings.embedder)
        )


def nothing_to_index() -> UsageError:
    """Return the error for an index without sources."""
    message = (
        "no files or folders to index are named: not here, in `askdoc.toml`, or in a run before"
    )
    hint = "index this folder: `askdoc index .`; or name files, folders and web addresses"
    return UsageError(message, hint=hint)


def _registered(catalog: SqlCatalog, configured: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the sources of an index without those of the settings, and its exclusions."""
    return set(catalog.sources()) - set(configured), set(catalog.exclusions())
