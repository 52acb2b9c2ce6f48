"""The use case that keeps an index in step with files: look, plan, read, take in, take out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePath

from askdoc.errors import IndexCorrupt, MissingPart, ReadError, UsageError
from askdoc.intake import Cutters, Intake, document_id
from askdoc.planning import OUT_OF_REACH, Attempt, Plan, choose_scopes, locate, make_plan
from askdoc.ports import Embedder, Listener, Reader, deaf
from askdoc.settings import Settings
from askdoc.survey import Discover, Survey, is_there, standing_sources, survey
from askdoc.types import Found, Indexed, IndexReport, Known, Skip
from askdoc.writing import EMBEDDER_NAME, Store, Writing

_MISSING_PART = "missing_part"
_STAYS = OUT_OF_REACH | {_MISSING_PART}
"""Reasons that say nothing of a file's content: what is indexed of it stays."""


@dataclass(frozen=True, slots=True)
class Files:
    """How to get at files; `load` and `reader_for` raise a `ReadError` where they cannot."""

    discover: Discover
    load: Callable[[Found], bytes]
    reader_for: Callable[[str], Reader]


class Indexer:
    """Keeps one index in step with its sources.

    `root` is the workspace, `configured` are the sources that its settings name. `load_embedder`
    takes the name of the embedder that made the index, if there is one.
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
        configured: Sequence[Path] = (),
    ) -> None:
        self._store = store
        self._files = files
        self._cutters = cutters
        self._settings = settings
        self._root = root
        self._load_embedder = load_embedder
        self._configured = [locate(str(path), str(root)) for path in configured]

    def sync(
        self,
        sources: Sequence[Path] | None = None,
        listen: Listener = deaf,
        *,
        rebuild: bool = False,
    ) -> IndexReport:
        """Bring the index up to date with `sources`, or with all it knows; say what was done.

        A path inside a known source brings that part up to date; any other becomes a source.
        Ctrl-C ends the run early: what was published stays, the rest is as if it had not begun.

        Args:
            sources: paths of files and folders.
            listen: hears `Indexed` and `Skip` as they come.
            rebuild: start from nothing but the list of sources.

        Raises:
            UsageError: there is nothing at a path, or nothing to index at all.
            StoreError: the index cannot be written to as it is.

        """
        started = time.perf_counter()
        asked = [locate(str(path.absolute()), str(self._root)) for path in sources or ()]
        with self._store.lock():
            if rebuild:
                self._start_anew(asked or self._configured)
            with self._open() as writing:
                writing.expect_same_settings()
                found = self._survey(writing, None if rebuild else asked)
                run = _Run(writing, self._files, self._cutters, self._settings, listen)
                run.carry_out(found)
            return run.report(time.perf_counter() - started)

    def remove(self, document_ids: Collection[str]) -> tuple[str, ...]:
        """Take documents out of the index, not to come back by themselves; list their locations.

        A source that has no document left is forgotten. A file comes back if `sync` is given it.
        """
        with self._store.lock(), self._open() as writing:
            catalog = writing.catalog
            known = catalog.known()
            gone = [document for document in known if document.id in document_ids]
            if not gone:
                return ()
            left = {document.source for document in known if document.id not in document_ids}
            with catalog.transaction():
                emptied = {document.source for document in gone} - left
                catalog.keep_sources([item for item in catalog.sources() if item not in emptied])
                catalog.exclude([item.location for item in gone if item.source in left])
                writing.drop([document.id for document in gone])
            writing.sweep()
            return tuple(sorted(document.location for document in gone))

    def repair(self) -> int:
        """Make vectors and chunks agree, without reading files; count the vectors made."""
        with self._store.lock(), self._open() as writing:
            return writing.repair()

    def _open(self) -> Writing:
        return Writing(self._store, self._settings, self._load_embedder)

    def _survey(self, writing: Writing, asked: Sequence[str] | None) -> Survey:
        catalog = writing.catalog
        wanted = asked or list(
            dict.fromkeys([*standing_sources(catalog, self._root), *self._configured])
        )
        if not wanted:
            raise _nothing_to_index()
        found = survey(catalog, wanted, self._files.discover, self._root)
        with catalog.transaction():
            if list(found.sources) != catalog.sources():
                catalog.keep_sources(found.sources)
            if back := set(asked or ()) & set(catalog.exclusions()):
                catalog.include(back)
        return found

    def _start_anew(self, wanted: Sequence[str]) -> None:
        """Empty the index but for its sources and exclusions; add `wanted` to the sources.

        A catalog that cannot be read has nothing to keep.

        Raises:
            UsageError: a source is not there, so that its documents would be lost.

        """
        sources: list[str] = []
        exclusions: list[str] = []
        embedder = None
        try:
            with closing(self._store.catalog()) as catalog:
                sources, exclusions = catalog.sources(), catalog.exclusions()
                embedder = catalog.setting(EMBEDDER_NAME)
        except IndexCorrupt:
            pass
        sources, _ = choose_scopes(sources, wanted, str(self._root))
        if not sources:
            raise _nothing_to_index()
        for location in sources:
            if not is_there(self._root / location):
                message = f"`{location}` is not there, and an index made anew would lose it"
                hint = f"bring it back, or run `askdoc remove {location}`"
                raise UsageError(message, hint=hint)
        self._store.discard_vectors()
        self._store.discard_catalog()
        with closing(self._store.catalog()) as catalog, catalog.transaction():
            catalog.keep_sources(sources)
            catalog.exclude(exclusions)
            if embedder is not None:
                catalog.keep(EMBEDDER_NAME, embedder)


class _Run:
    """One run of indexing: carries out what a survey asks for, and keeps count for the report."""

    def __init__(
        self,
        writing: Writing,
        files: Files,
        cutters: Cutters,
        settings: Settings,
        listen: Listener,
    ) -> None:
        self._writing = writing
        self._files = files
        self._cutters = cutters
        self._settings = settings
        self._listen = listen
        self._intake: Intake | None = None
        self._former: dict[str, Known] = {}
        self._waiting: dict[str, Found] = {}
        self._added: list[str] = []
        self._changed: list[str] = []
        self._removed: list[str] = []
        self._skips: dict[str, tuple[Skip, Found | None]] = {}
        self._settled: list[Found] = []
        self._lost: list[Known] = []
        self._unchanged = 0
        self._chunks = 0
        self._total = 0
        self._done = 0
        self._interrupted = False

    def carry_out(self, found: Survey) -> None:
        """Do what brings the index in step with the survey; Ctrl-C ends it early."""
        catalog = self._writing.catalog
        plan = make_plan(
            found.known,
            found.seen,
            excluded=frozenset(catalog.exclusions()),
            attempts={name: Attempt(*rest) for name, rest in catalog.read_before().items()},
        )
        self._former = {document.location: document for document in found.known}
        self._unchanged = plan.unchanged + len(plan.move)
        self._settled += plan.move
        try:
            for skip in plan.skip:
                self._skip(skip)
            self._take_in(plan)
            self._take_out(plan)
        except KeyboardInterrupt:
            self._interrupted = True
            self._writing.roll_back()
        self._note(found)

    def report(self, seconds: float) -> IndexReport:
        """Say what was done."""
        return IndexReport(
            added=tuple(self._added),
            changed=tuple(self._changed),
            unchanged=self._unchanged,
            removed=tuple(sorted(self._removed)),
            skipped=tuple(skip for _, (skip, _) in sorted(self._skips.items())),
            chunks=self._chunks,
            seconds=seconds,
            interrupted=self._interrupted,
        )

    def _take_in(self, plan: Plan) -> None:
        # What is new comes first: it may be a renamed file, and takes over the vectors of the
        # former one before that changes or goes.
        self._total = len(plan.add) + len(plan.examine)
        for found in (*plan.add, *plan.examine):
            self._read(found)
        if self._intake is not None:
            self._intake.flush()

    def _read(self, found: Found) -> None:
        former = self._former.get(found.location)
        try:
            data = self._files.load(found)
            content_hash = hashlib.sha256(data).hexdigest()
            if former is not None and former.content_hash == content_hash:
                self._settled.append(found)
                self._unchanged += 1
                self._done += 1
                return
            reader = self._files.reader_for(found.file)
        except (ReadError, MissingPart) as error:
            skip = _skip(found, error)
            self._fail(skip, former if skip.code not in _STAYS else None)
            return
        key = document_id(found.location)
        self._waiting[key] = found
        try:
            reading = reader.read(data, name=PurePath(found.file).name)
            del data
            self._start().take(found, reading, content_hash)
        except ReadError as error:
            del self._waiting[key]
            self._fail(_skip(found, error), former, found)

    def _start(self) -> Intake:
        if self._intake is None:
            writing = self._writing
            embedder = writing.embedder
            self._intake = Intake(
                writing.catalog,
                writing.vectors,
                embedder,
                self._cutters,
                self._settings,
                self._published,
            )
        return self._intake

    def _published(self, document_ids: Sequence[str], chunks: int) -> None:
        current = next(reversed(self._waiting.values())).location
        for key in document_ids:
            location = self._waiting.pop(key).location
            (self._changed if location in self._former else self._added).append(location)
        self._done += len(document_ids)
        self._chunks += chunks
        self._listen(Indexed(self._done, self._chunks, self._total, current))

    def _take_out(self, plan: Plan) -> None:
        gone = [*plan.remove, *self._lost]
        if gone:
            self._writing.drop([document.id for document in gone])
            self._removed += [document.location for document in gone]
            self._writing.sweep()

    def _fail(self, skip: Skip, lost: Known | None, found: Found | None = None) -> None:
        """Note that a file cannot be indexed, and what is indexed of it and no longer holds."""
        self._done += 1
        self._skip(skip, found)
        if lost is not None:
            self._lost.append(lost)

    def _skip(self, skip: Skip, found: Found | None = None) -> None:
        self._skips[skip.location] = skip, found
        self._listen(skip)

    def _note(self, found: Survey) -> None:
        """Write down what needs no vectors: new times and places, and what was skipped."""
        catalog = self._writing.catalog
        before = {skip.location: skip for skip in found.skipped}
        forget = before.keys() - self._skips.keys()
        news = [
            (skip, file)
            for skip, file in self._skips.values()
            if file is not None or before.get(skip.location) != skip
        ]
        if not (self._settled or forget or news):
            return
        with catalog.transaction():
            for file in self._settled:
                catalog.update(file, document_id(file.location))
            catalog.record_skips(news, forget=() if self._interrupted else forget)


def _skip(found: Found, error: ReadError | MissingPart) -> Skip:
    code = error.code if isinstance(error, ReadError) else _MISSING_PART
    return Skip(found.location, code, str(error), error.hint)


def _nothing_to_index() -> UsageError:
    hint = "name files or folders: `askdoc index PATH`"
    return UsageError("there is nothing to index yet", hint=hint)
