"""Keeps an index up to date with its sources: list, plan, read, add, remove."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from askdoc.addresses import Target, is_address
from askdoc.errors import ConnectionLost, IndexCorrupt, NoIndex, UsageError
from askdoc.index.embed import Cutters
from askdoc.index.plan import (
    Access,
    GroupPlaces,
    Survey,
    Surveyed,
    choose_scopes,
    covers,
    is_there,
    locate,
    standing_sources,
    survey,
    survey_changes,
)
from askdoc.index.preview import IndexView, Nothing, preview
from askdoc.index.rebuild import Rebuild, nothing_to_index
from askdoc.index.run import Run, update_index
from askdoc.index.sources import Files
from askdoc.index.work import RunLog
from askdoc.index.writer import UNFINISHED, IndexWriter, Repaired, Store, update_names
from askdoc.settings import Settings
from askdoc.types import IndexReport, Known, Skip, Waiting
from askdoc.types.ports import Embedder, Listener, ignore

__all__ = ["Files", "Indexer"]

_GLANCE = 0.5
"""Seconds between two looks at what is waited for: another run, or a server that is gone."""

_PATIENCE = 15.0
"""Seconds for which a run tries to reach a database that is gone."""

GROUP = re.compile(r"[a-z_][a-z0-9_]{0,30}")
"""The names of groups, which are parts of the names of PostgreSQL's roles."""

_REBUILD_ALL = "rebuild it, naming all its files and folders: `askdoc index --rebuild PATH`"


@dataclass(frozen=True, slots=True)
class IndexSource:
    """A source of the index, with the number of its indexed files.

    `configured` sources come from the settings.
    """

    location: str
    files: int
    configured: bool
    is_there: bool


class Indexer:
    """Keeps one index up to date with its sources.

    `root` is the workspace, `configured` are the sources of its settings. `load_embedder` gets the
    name of the embedder that made the index, or None for a new index.
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        cutters: Cutters,
        settings: Settings,
        root: Path,
        *,
        load_embedder: Callable[[str | None], Embedder],
        configured: Sequence[Target] = (),
    ) -> None:
        self._store = store
        self._files = files
        self._cutters = cutters
        self._settings = settings
        self._root = root
        self._load_embedder = load_embedder
        self._configured = self._located(configured)
        self._rebuild = Rebuild(store, settings, root, load_embedder)

    def sync(
        self,
        sources: Sequence[Target] | None = None,
        listen: Listener = ignore,
        *,
        rebuild: bool = False,
        groups: Sequence[str] | None = None,
    ) -> IndexReport:
        """Bring the index up to date with `sources`, or with all known ones; return a report.

        A path inside a known source updates that part; any other path becomes a source. Ctrl-C ends
        the run early: published documents stay, the rest is unchanged.

        Args:
            sources: paths of files and folders, and addresses of pages.
            listen: gets `Indexed` and `Skip` events.
            rebuild: build the index again from its sources; the old one answers until the new one
                is complete. A later run of all sources continues an interrupted rebuild.
            groups: only these groups see the documents at `sources`, now and after later runs;
                without any, everybody sees them.

        Raises:
            UsageError: a path does not exist, or there is nothing to index.
            FetchError: a new address has no page.
            StoreError: the index cannot be written.

        """
        started = time.perf_counter()
        asked = self._located(sources or ())
        self._files.trust.allow(asked)
        with self._rebuild.locked(alone=rebuild):
            if groups is not None:
                self._restrict(asked, groups)
            loaded, in_rebuild = None, False
            if rebuild:
                loaded, in_rebuild = self._rebuild.begin(asked or self._configured)
            elif not asked and self._rebuild.has_unfinished(self._configured):
                in_rebuild = True
            look = partial(self._survey, asked=None if rebuild else asked)
            store = self._rebuild.store if in_rebuild else self._store
            named = () if rebuild else asked
            run = self._update(look, listen, loaded, store, asked=named)
            if in_rebuild and not run.interrupted:
                self._rebuild.take_over()
            return run.report(time.perf_counter() - started)

    def _restrict(self, places: Sequence[str], groups: Sequence[str]) -> None:
        """Let only these groups see the documents at these places, from now on.

        Raises:
            UsageError: no place is named or there, or a group has no name that PostgreSQL takes.

        """
        if not places:
            message = "name the files or folders of the group"
            raise UsageError(message, hint="`askdoc index --group NAME PATH`")
        for group in groups:
            if not GROUP.fullmatch(group):
                message = f"not a name for a group: `{group}`"
                raise UsageError(message, hint="use small letters, digits and `_`")
        for place in places:
            if not (is_address(place) or is_there(self._root / place)):
                message = f"there is no file or folder `{place}`"
                raise UsageError(message, hint="check the path")
        with closing(self._store.catalog()) as catalog, catalog.transaction():
            catalog.restrict({**catalog.restricted(), **dict.fromkeys(places, tuple(groups))})
            places_of = GroupPlaces(catalog.restricted(), str(self._root))
            main = {one.id: one.location for one in catalog.documents()}
            # A document has copies only where the same groups see them; others are read again.
            catalog.release(
                [
                    known.location
                    for known in catalog.known()
                    if places_of.of(known.location) != places_of.of(main[known.id])
                ]
            )
            catalog.regroup(places_of.of)

    def follow(self, changed: Collection[Path], listen: Listener = ignore) -> IndexReport:
        """Bring the index up to date with paths that may have changed, and everything below them.

        Other files are not examined. Paths outside all sources, and files that a source leaves out,
        are ignored. Ctrl-C ends the run early, as in `sync`.

        Raises:
            StoreError: the index cannot be written.

        """
        started = time.perf_counter()
        located = (locate(str(path), str(self._root)) for path in changed)
        places = set(filter(self._files.trust.allows, located))

        def look(writing: IndexWriter) -> Survey:
            return survey_changes(writing.catalog, places, self._files.discover, self._root)

        with self._rebuild.locked(alone=False):
            run = self._update(look, listen, asked=sorted(places))
            return run.report(time.perf_counter() - started)

    def _update(
        self,
        look: Callable[[IndexWriter], Survey],
        listen: Listener,
        loaded: Embedder | None = None,
        store: Store | None = None,
        *,
        asked: Sequence[str],
    ) -> Run:
        """Update the index; begin again if the connection to the database was lost.

        What it has read by then is not read again. It ends with an error if it makes no progress.
        """
        log = RunLog(listen)
        since: float | None = None
        while True:
            try:
                return self._update_once(look, log, loaded, store, asked=asked)
            except ConnectionLost:
                now = time.monotonic()
                since = now if since is None or log.has_advanced() else since
                if now - since > _PATIENCE:
                    raise
                time.sleep(_GLANCE)  # the server may be about to start again
                log = RunLog(listen)

    def _update_once(
        self,
        look: Callable[[IndexWriter], Survey],
        log: RunLog,
        loaded: Embedder | None = None,
        store: Store | None = None,
        *,
        asked: Sequence[str],
    ) -> Run:
        with self._open(loaded, store) as writing:
            writing.expect_same_settings()
            while True:  # as long as other runs are reading some of the files
                found = look(writing)
                run = update_index(
                    writing, self._files, self._cutters, self._settings, log, found, asked
                )
                if not run.elsewhere or run.interrupted:
                    break
                _wait_for(run)
            if not asked and not run.interrupted and writing.catalog.setting(UNFINISHED) == "yes":
                writing.catalog.keep(UNFINISHED, "no")
        return run

    def preview(self, sources: Sequence[Path] | None = None) -> IndexReport:
        """Report what `sync` would do, without doing it; no text is read, no page is fetched.

        Raises:
            UsageError: a path does not exist, or there is nothing to index.

        """
        started = time.perf_counter()
        asked = self._located(sources or ())
        with ExitStack() as stack:
            try:
                kept: IndexView = stack.enter_context(closing(self._store.reading()))
            except NoIndex:
                kept = Nothing()
            wanted = self._wanted(kept, asked)
            here = [one for one in wanted if not is_address(one)]
            pages = sum(is_address(item.source) and item.source in wanted for item in kept.known())
            report = preview(kept, survey(kept, here, self._access, asked), self._files)
            skips = [skip for skip in kept.skipped() if is_address(skip.location)]
        report = replace(report, skipped=(*report.skipped, *skips), unseen=pages)
        return replace(report, seconds=time.perf_counter() - started)

    def passed_over(self) -> list[Skip]:
        """List the files in the sources that are never read, such as hidden ones."""
        return [
            skip
            for source in self.sources()
            if source.is_there and not is_address(source.location)
            if self._files.trust.allows(source.location)
            for skip in self._files.passed_over(self._root / source.location)
        ]

    def sources(self) -> list[IndexSource]:
        """List the sources of the index, by location."""
        try:
            with closing(self._store.reading()) as catalog:
                kept, known = catalog.sources(), catalog.known()
        except NoIndex:
            kept, known = [], []
        held = Counter(item.source for item in known)
        return [
            IndexSource(
                location,
                files=held[location],
                configured=location in self._configured,
                is_there=is_address(location) or is_there(self._root / location),
            )
            for location in sorted({*kept, *self._configured})
        ]

    def watched(self) -> list[Path]:
        """List the paths of the sources, whether they exist or not; addresses are not watched."""
        try:
            with closing(self._store.reading()) as catalog:
                kept = catalog.sources()
        except NoIndex:
            kept = []
        everything = dict.fromkeys([*kept, *self._configured])
        return [
            self._root / location
            for location in everything
            if not is_address(location) and self._files.trust.allows(location)
        ]

    def add_sources(self, paths: Sequence[Target]) -> list[str]:
        """Add files, folders and pages as sources; return those that are new.

        Raises:
            UsageError: a path does not exist.

        """
        wanted = self._located(paths)
        for location in wanted:
            if not (is_address(location) or is_there(self._root / location)):
                message = f"there is no file or folder `{location}`"
                raise UsageError(message, hint="check the path")
        self._files.trust.allow(wanted)
        with self._rebuild.locked(), self._open() as writing:
            before = writing.catalog.sources()
            after, _ = choose_scopes(before, wanted, str(self._root))
            if after != before:
                writing.catalog.keep_sources(after)
            return [location for location in after if location not in before]

    def remove_sources(self, paths: Sequence[Target]) -> dict[str, int]:
        """Remove sources with their documents; map each to the number of its files.

        Raises:
            UsageError: one is not a source, or comes from the settings.

        """
        wanted = self._located(paths)
        with self._rebuild.locked(), self._open() as writing:
            catalog = writing.catalog
            sources, known = catalog.sources(), catalog.known()
            for location in wanted:
                self._expect_source(location, sources)
            gone = [item for item in known if item.source in wanted]
            below = partial(_within_any, wanted, root=str(self._root))
            with catalog.transaction():
                catalog.keep_sources([item for item in sources if item not in wanted])
                catalog.include([item for item in catalog.exclusions() if below(item)])
                skipped = [skip.location for skip in catalog.skipped() if below(skip.location)]
                catalog.record_skips((), forget=skipped)
                writing.release([item.location for item in gone])
            self._clean_up(writing, gone)
            for location in filter(is_address, wanted):
                self._files.web.forget(location)
            counted = Counter(item.source for item in gone)
            return {location: counted[location] for location in wanted}

    def _expect_source(self, location: str, sources: Collection[str]) -> None:
        if location in self._configured:
            message = f"`{location}` is a source by the setting `sources`"
            hint = "take it out of that, then run this again; `askdoc config list` says where it is"
            raise UsageError(message, hint=hint)
        if location not in sources:
            message = f"`{location}` is not a source"
            known = ", ".join(f"`{item}`" for item in sources) or "none"
            raise UsageError(message, hint=f"the sources are: {known}")

    def _clean_up(self, writing: IndexWriter, gone: Sequence[Known]) -> None:
        """Remove vectors and names of places that no longer exist."""
        ids = {item.id for item in gone}
        update_names(writing.catalog, self._cutters.analyser, ids)
        writing.remove_obsolete()

    def remove(self, locations: Collection[str]) -> tuple[str, ...]:
        """Remove files from the index and exclude them from later runs; return their locations.

        The parts of a file go with it. A folder stays a source; other sources end when nothing of
        them is left. Naming a file in `sync` brings it back.
        """
        with self._rebuild.locked(), self._open() as writing:
            catalog = writing.catalog
            known = catalog.known()
            gone = [item for item in known if {item.location, item.within} & set(locations)]
            if not gone:
                return ()
            taken = {item.location for item in gone}
            left = {item.source for item in known if item.location not in taken}
            with catalog.transaction():
                emptied = {item.source for item in gone} - left
                emptied -= {one for one in emptied - taken if self._is_there(one)}
                catalog.keep_sources([item for item in catalog.sources() if item not in emptied])
                catalog.exclude([item.location for item in gone if item.source not in emptied])
                writing.release(taken)
            self._clean_up(writing, gone)
            return tuple(sorted(taken))

    def _is_there(self, source: str) -> bool:
        return not is_address(source) and is_there(self._root / source)

    def repair(self) -> Repaired:
        """Make vectors, full text and chunks agree, without reading files.

        Return what was repaired.

        Raises:
            IndexCorrupt: the catalog itself is damaged.
        """
        with self._rebuild.locked(), self._open() as writing:
            if damage := writing.catalog.check():
                message = f"the catalog is damaged: {damage[0]}"
                raise IndexCorrupt(message, hint=_REBUILD_ALL)
            before = writing.repaired
            writing.catalog.rebuild_full_text()
            again = writing.repair()
            return before + again

    @property
    def _access(self) -> Access:
        files = self._files
        return Access(self._root, files.discover, files.web.fetch, files.trust.allows)

    def _located(self, given: Sequence[Target]) -> list[str]:
        """Return the locations of paths and addresses."""
        return [
            locate(one if isinstance(one, str) else str(one.absolute()), str(self._root))
            for one in given
        ]

    def _open(self, loaded: Embedder | None = None, store: Store | None = None) -> IndexWriter:
        load = self._load_embedder if loaded is None else lambda _: loaded
        return IndexWriter(store or self._store, self._settings, load, str(self._root))

    def _wanted(self, catalog: Surveyed, asked: Sequence[str] | None) -> Sequence[str]:
        """Return the locations to survey: those that were named, else all sources."""
        standing = standing_sources(catalog, self._root)
        wanted = asked or list(dict.fromkeys([*standing, *self._configured]))
        if not wanted:
            raise nothing_to_index()
        return wanted

    def _survey(self, writing: IndexWriter, asked: Sequence[str] | None) -> Survey:
        catalog = writing.catalog
        wanted = self._wanted(catalog, asked)
        # An edited file needs the vectors, which take a second to open: start now.
        access = replace(self._access, edited=writing.open_vectors)
        before = catalog.sources()
        found = survey(catalog, wanted, access, asked or ())
        with catalog.transaction():
            now = catalog.sources()  # another run may have added some meanwhile
            sources = dict.fromkeys((*found.sources, *(one for one in now if one not in before)))
            if list(sources) != now:
                catalog.keep_sources(sources)
            if back := set(asked or ()) & set(catalog.exclusions()):
                catalog.include(back)
        return found


def _wait_for(run: Run) -> None:
    """Wait until another run has published the files that this one has left to it, or has ended."""
    claims = run.writer.claims
    while claims is not None and (count := claims.busy(run.elsewhere)):
        run.log.listen(Waiting(f"another run reads {count} of the files; it may take a moment"))
        time.sleep(_GLANCE)


def _within_any(sources: Sequence[str], location: str, *, root: str) -> bool:
    return any(covers(source, location, root) for source in sources)
