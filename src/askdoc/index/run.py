"""One run of indexing: examine what may have changed, read what is unknown, take out what is gone.

`carry_out` is the whole of it, and reads as its steps. A `WorkFile` is one file on its way; a `Run`
is what the steps share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import PurePosixPath

from askdoc.errors import MissingPart, ReadError
from askdoc.index.embed import Cutters, IncomingDocument, Intake
from askdoc.index.plan import (
    Plan,
    Recogniser,
    Survey,
    excluded_skip,
    moved,
    pair,
    placed,
    suffix,
    wholes,
)
from askdoc.index.preview import plan_of
from askdoc.index.sources import PASSING, STAYS, Files, Readout, skip_of
from askdoc.index.writer import IndexWriter, update_names
from askdoc.settings import Settings
from askdoc.store.catalog import SqliteCatalog
from askdoc.text.chunking import windows
from askdoc.types import (
    BARE_PAGES,
    Found,
    Indexed,
    IndexReport,
    Known,
    Part,
    Reading,
    Skip,
    Stamp,
    Stopping,
    Unread,
)
from askdoc.types.indexing import KILLED
from askdoc.types.ports import Listener

_BATCH = 256
"""Copies that are noted in one transaction."""


@dataclass(slots=True)
class RunLog:
    """Names what was added, changed, copied and skipped, and counts the rest.

    `copied` says of which document each new place is one. `done` of `total` files are dealt with;
    what lies in a file is not counted there.
    """

    listen: Listener
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    copied: dict[str, str] = field(default_factory=dict)
    skips: dict[str, tuple[Skip, Found | None]] = field(default_factory=dict)
    unchanged: int = 0
    chunks: int = 0
    total: int = 0
    done: int = 0
    _removed: list[str] = field(default_factory=list)
    _renamed: list[tuple[str, str]] = field(default_factory=list)

    def skip(self, skip: Skip, found: Found | None = None) -> None:
        """Note and report what is not indexed; `found`, where it need not be looked at again."""
        self.skips[skip.location] = skip, found
        self.listen(skip)

    def published(self, chunks: int, current: str) -> None:
        """Count passages that can be found from now on, and report how far the run is."""
        self.chunks += chunks
        self.listen(Indexed(self.done, self.chunks, self.total, current))

    def take_out(self, gone: Sequence[str], renamed: Sequence[tuple[str, str]]) -> None:
        """Note places that are gone; some of them are renamed, from what to what."""
        former = {before for before, _ in renamed}
        self._renamed = list(renamed)
        self._removed += [location for location in gone if location not in former]
        for _, now in renamed:
            del self.copied[now]

    def report(self, seconds: float, *, interrupted: bool, repaired: int) -> IndexReport:
        """Say what was done."""
        return IndexReport(
            added=tuple(sorted((*self.added, *self.copied))),
            changed=tuple(self.changed),
            unchanged=self.unchanged,
            removed=tuple(sorted(self._removed)),
            renamed=tuple(sorted(self._renamed)),
            copies=tuple(sorted(self.copied)),
            skipped=tuple(skip for _, (skip, _) in sorted(self.skips.items())),
            chunks=self.chunks,
            seconds=seconds,
            interrupted=interrupted,
            repaired=repaired,
        )


@dataclass(slots=True)
class WorkFile:
    """A file that a run works on, or a document that lies in a file.

    `former` is what the index has of it, `parts` are the documents that it has of what lies in it.
    """

    found: Found
    former: Known | None = None
    parts: Sequence[Known] = ()
    digest: str = ""
    was_killed: bool = False

    @property
    def location(self) -> str:
        """Where it is."""
        return self.found.location

    @property
    def content(self) -> tuple[str, str]:
        """What two files share of which one is a copy: the digest, and how it is read."""
        return self.digest, suffix(self.location)

    @property
    def is_same(self) -> bool:
        """Whether the index has it with this content."""
        return self.former is not None and self.former.content_hash == self.digest


class Before:
    """What the index has when the run begins, by location.

    `again` are files that options or limits may get more out of than in an earlier run.
    """

    def __init__(self, catalog: SqliteCatalog, survey: Survey, files: Files) -> None:
        self.excluded = frozenset(catalog.exclusions())
        self.again = _to_read_again(catalog, files)
        self._former = {document.location: document for document in survey.known}
        self._parts: dict[str, list[Known]] = {}
        for document in survey.known:
            if document.within is not None:
                self._parts.setdefault(document.within, []).append(document)

    def of(self, found: Found) -> WorkFile:
        """Return what to work on for a file that was found."""
        return WorkFile(found, self._former.get(found.location), self.parts(found.location))

    def former(self, location: str) -> Known | None:
        """Return what the index has of a location."""
        return self._former.get(location)

    def parts(self, location: str) -> Sequence[Known]:
        """List the documents that the index has of what lies in a file."""
        return self._parts.get(location, ())


class Contents:
    """Which contents the index has or is about to have, so that copies are recognised.

    `begun` are being read in this run, `in_files` were found within other files, and `failed` could
    not be read. `waiting` are the documents that are not visible yet, by id.
    """

    def __init__(self, catalog: SqliteCatalog) -> None:
        self.waiting: dict[str, Found] = {}
        self.begun: set[tuple[str, str]] = set()
        self.in_files: set[tuple[str, str]] = set()
        self.failed: dict[tuple[str, str], Skip] = {}
        self._recogniser = Recogniser(catalog, self.waiting)

    def twin(self, work: WorkFile) -> str | None:
        """Name a document that has the content of a file."""
        return self._recogniser.twin(work.found, work.digest)

    def identify(self, work: WorkFile) -> tuple[str, str | None]:
        """Choose the id for what is read of a file, and name a document that may be alike."""
        return self._recogniser.identify(work.location, work.digest, work.former)


@dataclass(slots=True)
class Run:
    """What the steps of one run share.

    At the end of the run `lost` is taken out, the places in `touched` are noted, and the documents
    in `renamed` get the names of the places that they have then. `twins` are read after the files
    that they may be copies of, and `killed` when most memory is free.
    """

    writer: IndexWriter
    files: Files
    cutters: Cutters
    settings: Settings
    log: RunLog
    before: Before
    contents: Contents
    intake: Intake | None = None
    reading: dict[str, WorkFile] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    twins: list[WorkFile] = field(default_factory=list)
    killed: list[WorkFile] = field(default_factory=list)
    touched: list[Found] = field(default_factory=list)
    lost: list[Known] = field(default_factory=list)
    renamed: set[str] = field(default_factory=set)
    taken_in: list[str] = field(default_factory=list)
    interrupted: bool = False

    def report(self, seconds: float) -> IndexReport:
        """Say what was done."""
        return self.log.report(
            seconds, interrupted=self.interrupted, repaired=self.writer.repaired.made
        )


def carry_out(
    writer: IndexWriter,
    files: Files,
    cutters: Cutters,
    settings: Settings,
    listen: Listener,
    survey: Survey,
    asked: Sequence[str] = (),
) -> Run:
    """Bring the index in step with a survey; Ctrl-C ends it early.

    `asked` names the sources that were surveyed, where it was not all.
    """
    catalog = writer.catalog
    before = Before(catalog, survey, files)
    run = Run(writer, files, cutters, settings, RunLog(listen), before, Contents(catalog))
    plan = plan_of(catalog, survey, files, before.again)
    run.log.unchanged = plan.unchanged + len(plan.move)
    run.touched += plan.move
    try:
        for skip in plan.skip:
            run.log.skip(skip)
        if plan.add or plan.examine:
            writer.is_reading(asked)
        take_in(run, plan)
        take_out(run, plan)
    except KeyboardInterrupt:
        _stop(run)
        _close(run)
        writer.roll_back()
        _count_unheard(run)
        # Passages of a document that was not read to its end have gone again.
        run.log.chunks = len(catalog.chunk_ids(dict.fromkeys(run.taken_in)))
    finally:
        _close(run)
    update_names(catalog, cutters.analyser, None if writer.was_broken else run.renamed)
    note(run, survey)
    if not run.interrupted:
        writer.has_read(asked)
    return run


# ── the steps ───────────────────────────────────────────────────────────────────────────────────


def take_in(run: Run, plan: Plan) -> None:
    """Read what is new or has changed, and note what is a copy."""
    run.log.total = len(plan.add) + len(plan.examine)
    # All that may have changed is examined before any is read, since names may have been swapped.
    changed, copies = examine(run, map(run.before.of, plan.examine))
    if run.log.total:
        read_all(run, _in_order(run, map(run.before.of, plan.add), copies, changed))
    while run.killed or run.twins:
        killed, run.killed = run.killed, []
        for work in killed:  # one alone, when most memory is free
            read_all(run, iter([work]))
        waiting, run.twins = run.twins, []
        run.contents.begun.clear()
        read_all(run, choose(run, waiting))


def examine(
    run: Run, works: Iterable[WorkFile]
) -> tuple[list[WorkFile], list[tuple[WorkFile, str]]]:
    """Look at files that may have changed.

    Return those whose content is not known, and those that have become copies, of which document.
    """
    unknown: list[WorkFile] = []
    copies: list[tuple[WorkFile, str]] = []
    for work in works:
        if not _digested(run, work):
            continue
        if work.is_same and work.location not in run.before.again:
            run.touched.append(work.found)
            run.log.unchanged += 1 + len(work.parts)
            run.log.done += 1
        elif not work.is_same and (twin := run.contents.twin(work)):
            copies.append((work, twin))
            run.lost += work.parts
        else:
            unknown.append(work)
    return unknown, copies


def choose(run: Run, works: Iterable[WorkFile]) -> Iterator[WorkFile]:
    """Look at one file after the other; yield those whose content is not known."""
    copies: list[tuple[WorkFile, str]] = []
    contents = run.contents
    for work in works:
        if not (work.digest or _digested(run, work)):
            continue
        if not work.is_same and (twin := contents.twin(work)):
            copies.append((work, twin))
        elif not work.is_same and work.content in contents.failed:
            _fail(run, work, _like(contents.failed[work.content], work.found), looked_at=True)
        elif not work.is_same and work.content in contents.begun:
            run.twins.append(work)
        else:
            _copy(run, copies)  # before it is decided whether what is read keeps its id
            copies.clear()
            contents.begun.add(work.content)
            yield work
            _started(run)  # what takes long to load does so while the first file is read
        if len(copies) == _BATCH or work.former is not None:
            _copy(run, copies)
            copies.clear()
    _copy(run, copies)


def read_all(run: Run, works: Iterator[WorkFile]) -> None:
    """Read files, and take in what is read of each."""

    def asked_for() -> Iterator[Found]:
        for work in works:
            run.reading[work.location] = work
            yield work.found

    with run.files.read(asked_for()) as readouts:
        try:
            for readout in readouts:
                if readout is not None:
                    take_in_file(run, run.reading.pop(readout.found.location), readout)
                elif run.intake is not None:
                    run.intake.idle()
        except KeyboardInterrupt:
            _stop(run)  # before the processes that read are ended
            raise
    if run.intake is not None:
        run.intake.flush()


def take_in_file(run: Run, work: WorkFile, readout: Readout) -> None:
    """Take in what is read of one file, or note why it cannot be read."""
    run.opened.add(work.location)
    key, like = _identify(run, work)
    try:
        parts = readout.parts()
        first = list(islice(parts, 1))
        # A file comes after its parts: until it is there, a broken run reads it again.
        take_in_parts(run, work, [part for reading in first for part in reading.parts])
        rest = chain(first, parts)
        if twin := _met_meanwhile(run, work):
            for _ in rest:  # all of it is to be taken before another file is
                pass
            _copy(run, [(work, twin)])
            return
        document = IncomingDocument(key, work.found, rest, lambda: readout.content_hash, like=like)
        _take(run, document)
    except (ReadError, MissingPart) as error:
        skip = skip_of(work.found, error)
        if skip.code == KILLED and not work.was_killed:
            work.was_killed = True
            run.killed.append(work)
            return
        if skip.code not in PASSING:
            run.contents.failed[work.content] = skip
        _fail(run, work, skip, looked_at=True)


def take_in_parts(run: Run, file: WorkFile, parts: Sequence[Part]) -> None:
    """Take in the documents that a file holds; those that it held before are given up."""
    left = {part.location: part for part in file.parts}
    for found, part in placed(file.found, parts):
        if found.location in run.before.excluded:
            run.log.skip(excluded_skip(found.location))
            continue
        outcome = part.outcome
        if isinstance(outcome, Unread):
            skip = Skip(found.location, outcome.code, outcome.reason, outcome.hint)
            run.log.skip(skip, found)
            continue
        work = replace(run.before.of(found), digest=part.content_hash)
        if _is_copy(run, work, file):
            left.pop(found.location, None)
            continue
        try:
            _take(run, _part(run, work, file, outcome))
            left.pop(found.location, None)
        except ReadError as error:
            run.log.skip(skip_of(found, error), found)
    run.lost += left.values()


def take_out(run: Run, plan: Plan) -> None:
    """Take out what is gone, and tell what was renamed from it."""
    gone = [*plan.remove, *run.lost]
    if gone:
        run.writer.release([item.location for item in gone])
        run.renamed |= {item.id for item in gone}
        run.log.take_out([item.location for item in gone], pair(gone, run.log.copied))
    run.writer.remove_obsolete()


def note(run: Run, survey: Survey) -> None:
    """Write down what needs no vectors: new times and places, and what was skipped."""
    catalog = run.writer.catalog
    before = {skip.location: skip for skip in survey.skipped}
    skips = run.log.skips
    forget = {name for name in before.keys() - skips.keys() if not _is_closed_part(run, name)}
    news = [
        (skip, file)
        for skip, file in skips.values()
        if file is not None or before.get(skip.location) != skip
    ]
    if not (run.touched or forget or news):
        return
    with catalog.transaction():
        for file in run.touched:
            catalog.update(file)
            for part in run.before.parts(file.location):
                catalog.update(moved(file, part))
        catalog.record_skips(news, forget=() if run.interrupted else forget)


# ── below here: how ─────────────────────────────────────────────────────────────────────────────


def _to_read_again(catalog: SqliteCatalog, files: Files) -> frozenset[str]:
    """Name the files that options or limits may get more out of than in an earlier run."""
    options = files.options
    bare = {
        document.within or document.location
        for document in (catalog.documents() if options.ocr else ())
        if any(one.startswith(BARE_PAGES) for one in document.warnings)
    }
    skipped = {
        skip.location
        for skip in catalog.skipped()
        if options.may_help(skip.code) or not files.still_holds(skip)
    }
    return frozenset(bare.union(*map(wholes, skipped)))


def _in_order(
    run: Run,
    new: Iterable[WorkFile],
    copies: Sequence[tuple[WorkFile, str]],
    changed: Sequence[WorkFile],
) -> Iterator[WorkFile]:
    """Yield what is to be read: what is new comes first.

    It may be a renamed file, whose document is then not to change or go with the former one.
    """
    yield from choose(run, new)
    _copy(run, copies)
    yield from choose(run, changed)


def _digested(run: Run, work: WorkFile) -> bool:
    """Find out the digest of a file; False, with a note, where it cannot be opened."""
    try:
        work.digest = run.files.digest(work.found)
    except ReadError as error:
        _fail(run, work, skip_of(work.found, error))
        return False
    return True


def _identify(run: Run, work: WorkFile) -> tuple[str, str | None]:
    if work.former is not None:  # it may let go of that
        run.renamed.add(work.former.id)
    return run.contents.identify(work)


def _copy(run: Run, copies: Sequence[tuple[WorkFile, str]], *, within: str | None = None) -> None:
    """Note files as further places of documents."""
    if not copies:
        return
    catalog = run.writer.catalog
    with catalog.transaction():
        run.writer.begin()
        catalog.copy([(work.found, twin) for work, twin in copies], within=within)
    for work, twin in copies:
        run.log.done += within is None
        run.renamed.add(twin)
        if work.former is not None:
            run.renamed.add(work.former.id)
            run.log.changed.append(work.location)
        else:
            run.log.copied[work.location] = twin


def _is_copy(run: Run, work: WorkFile, file: WorkFile) -> bool:
    """Note what lies in a file as a place of a document with that content, if there is one.

    What is a document's own place, and says the same, is read again, for what options may get out
    of it.
    """
    catalog = run.writer.catalog
    if work.former is not None and work.is_same:
        if any(item.location == work.location for item in catalog.documents([work.former.id])):
            return False
        catalog.update(work.found)
        run.log.unchanged += 1
        return True
    twin = _published_twin(run, work)
    run.contents.begun.add(work.content)
    run.contents.in_files.add(work.content)
    if twin:
        _copy(run, [(work, twin)], within=file.location)
    return twin is not None


def _published_twin(run: Run, work: WorkFile) -> str | None:
    """Name a document with that content; one that is on its way is published for it."""
    if work.content in run.contents.begun and run.intake is not None:
        run.intake.flush()
    return run.contents.twin(work)


def _met_meanwhile(run: Run, work: WorkFile) -> str | None:
    """Name a document with the content of a file, if another was found to hold it just now."""
    if work.content not in run.contents.in_files or work.is_same:
        return None
    return _published_twin(run, work)


def _part(run: Run, work: WorkFile, file: WorkFile, reading: Reading) -> IncomingDocument:
    key, like = _identify(run, work)
    return IncomingDocument(
        key, work.found, windows(reading), lambda: work.digest, file.location, like
    )


def _take(run: Run, document: IncomingDocument) -> None:
    run.contents.waiting[document.key] = document.found
    try:
        _started(run).take(document)
    except (ReadError, MissingPart):
        del run.contents.waiting[document.key]
        raise


def _started(run: Run) -> Intake:
    if run.intake is None:
        writer = run.writer
        writer.open_vectors()  # while the embedder is loaded
        embedder = writer.embedder

        def published(document_ids: Sequence[str], chunks: int) -> None:
            _published(run, document_ids, chunks)

        run.intake = Intake(
            writer.catalog, writer.vectors, embedder, run.cutters, run.settings, published
        )
    return run.intake


def _published(run: Run, document_ids: Sequence[str], chunks: int) -> None:
    waiting, log = run.contents.waiting, run.log
    current = next(reversed(waiting.values())).location
    run.taken_in += document_ids
    for key in document_ids:
        location = waiting[key].location
        is_new = run.before.former(location) is None
        (log.added if is_new else log.changed).append(location)
        del waiting[key]  # last: Ctrl-C may come anywhere, and what waits is looked at
        log.done += run.opened.isdisjoint(wholes(location))
    log.published(chunks, current)


def _count_unheard(run: Run) -> None:
    """Count the documents that were published just when Ctrl-C came, before they were counted."""
    waiting = run.contents.waiting
    heard = {*run.log.added, *run.log.changed}
    there = {item.id: item for item in run.writer.catalog.documents(list(waiting))}
    unheard = [
        key
        for key, found in waiting.items()
        if key in there
        and found.location not in heard
        and _is_version_of(found, there[key].stamp)
        and not _is_version_of(found, run.before.former(found.location))
    ]
    if unheard:
        _published(run, unheard, 0)


def _fail(run: Run, work: WorkFile, skip: Skip, *, looked_at: bool = False) -> None:
    """Note that a file cannot be indexed, and what is indexed of it and no longer holds."""
    run.log.done += 1
    run.log.skip(skip, work.found if looked_at and skip.code not in PASSING else None)
    if work.former is not None and skip.code not in STAYS:
        run.lost += [work.former, *work.parts]


def _stop(run: Run) -> None:
    """Note an interrupt, and report it at once: what is being embedded ends first."""
    if not run.interrupted:
        run.interrupted = True
        run.log.listen(Stopping())


def _close(run: Run) -> None:
    """Give up what is not stored yet; the parts that are open are closed by who opened them."""
    if run.intake is not None:
        run.intake.close()


def _is_closed_part(run: Run, location: str) -> bool:
    """Tell whether something lies in a file that is indexed and was not read in this run."""
    return any(
        run.before.former(whole) is not None and whole not in run.opened
        for whole in wholes(location)
    )


def _like(skip: Skip, found: Found) -> Skip:
    """Say of a copy of a file that was skipped that it is skipped too, and why."""
    reason = skip.reason
    for before, now in (
        (PurePosixPath(skip.location).name, PurePosixPath(found.location).name),
        (skip.location, found.location),
    ):
        reason = reason.replace(f"`{before}`", f"`{now}`")
    return replace(skip, location=found.location, reason=reason)


def _is_version_of(found: Found, stored: Stamp | Known | None) -> bool:
    """Tell whether what is stored was read from a file as it is now, by its size and time."""
    now = (found.size, found.modified_ns)
    return stored is not None and (stored.size, stored.modified_ns) == now
