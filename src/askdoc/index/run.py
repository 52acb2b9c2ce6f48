"""One run of indexing: examines changed files, reads new content, removes what is gone.

`update_index` calls the steps in order; a `Run` has what they share. Where the run has a cluster,
`take_in_batch` does the middle part of the work in its processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from askdoc.errors import MissingPart, ReadError
from askdoc.index.embed import Cutters, IncomingDocument, Intake
from askdoc.index.plan import (
    GroupPlaces,
    Plan,
    Recogniser,
    Survey,
    excluded_skip,
    moved,
    pair,
    suffix,
    wholes,
    within,
)
from askdoc.index.preview import plan_of
from askdoc.index.sources import PASSING, STAYS, Files, Readout, skip_of
from askdoc.index.work import (
    Batch,
    Cluster,
    Copying,
    Result,
    RunLog,
    WorkFile,
    batches,
)
from askdoc.index.writer import IndexWriter, update_names
from askdoc.settings import Settings
from askdoc.store.reader import batched
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.types import (
    BARE_PAGES,
    Found,
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

if TYPE_CHECKING:
    from askdoc.store.postgres.claims import Claims

_BATCH = 256
"""Copies per transaction."""
_CLAIMED = 16
"""Files that a run claims at a time."""
_ATTEMPTS = 2
"""How often a file is given to a cluster whose processes end."""


class Before:
    """The index at the start of the run, by location.

    `again` are files from which new options or limits may get more text.
    """

    def __init__(
        self, known: Sequence[Known], excluded: Iterable[str], again: frozenset[str] = frozenset()
    ) -> None:
        self.excluded = frozenset(excluded)
        self.again = again
        self._former = {document.location: document for document in known}
        self._parts: dict[str, list[Known]] = {}
        for document in known:
            if document.within is not None:
                self._parts.setdefault(document.within, []).append(document)

    def of(self, found: Found) -> WorkFile:
        """Return the work for a found file."""
        return WorkFile(found, self._former.get(found.location), self.parts(found.location))

    def former(self, location: str) -> Known | None:
        """Return the document at a location, if there is one."""
        return self._former.get(location)

    def parts(self, location: str) -> Sequence[Known]:
        """List the documents that are parts of a file."""
        return self._parts.get(location, ())


class Contents:
    """The contents that the index has or will have after this run, to recognise copies.

    `begun` are being read, `in_files` were found inside other files, `failed` could not be read.
    `waiting` are documents that are not stored yet, by id. `stored` are the documents of contents
    that are stored and not visible yet; `copied` are documents that get a copy at the end, and
    `with_parts` are files with parts.
    """

    def __init__(self, catalog: SqlCatalog, groups: GroupPlaces) -> None:
        self._groups = groups
        self.waiting: dict[str, Found] = {}
        self.begun: set[tuple[str, str]] = set()
        self.in_files: set[tuple[str, str]] = set()
        self.failed: dict[tuple[str, str], Skip] = {}
        self.stored: dict[tuple[str, str], Known] = {}
        self.copied: set[str] = set()
        self.with_parts: set[str] = set()
        self._recogniser = Recogniser(catalog, self.waiting, self.copied, groups)

    def twin(self, work: WorkFile) -> str | None:
        """Return the id of a document with the content of a file."""
        stored = self.stored.get(work.content)
        if (
            stored
            and stored.location not in self.with_parts
            and stored.location != work.location
            and self._groups.of(stored.location) == self._groups.of(work.location)
        ):
            return stored.id
        return self._recogniser.twin(work.location, work.digest)

    def visible_twin(self, known: Known) -> str | None:
        """Return the id of a visible document with the content of another one."""
        return self._recogniser.twin(known.location, known.content_hash)

    def identify(self, work: WorkFile) -> tuple[str, str | None]:
        """Choose the id for a file, and return the id of a document that may be similar."""
        return self._recogniser.identify(work.location, work.digest, work.former)


@dataclass(slots=True)
class Run:
    """What the steps of a run share.

    At the end, `lost` places are removed, `touched` places are updated, and documents in `renamed`
    get the names of their places. `twins` may be copies, so they are read after the originals.
    `killed` files ran out of memory, so they are read once more, alone.

    Where several runs index at once, nothing is visible before the end: until then, `copies` wait,
    and so do the documents `taken_in`. `left` are documents that a killed run has left, by file,
    and other runs read the files `elsewhere`. A cluster has computed `digests`, by file.
    """

    writer: IndexWriter
    files: Files
    cutters: Cutters
    settings: Settings
    log: RunLog
    before: Before
    contents: Contents
    groups: GroupPlaces
    intake: Intake | None = None
    reading: dict[str, WorkFile] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    twins: list[WorkFile] = field(default_factory=list)
    killed: list[WorkFile] = field(default_factory=list)
    touched: list[Found] = field(default_factory=list)
    lost: list[Known] = field(default_factory=list)
    renamed: set[str] = field(default_factory=set)
    taken_in: dict[str, Found] = field(default_factory=dict)
    copies: list[Copying] = field(default_factory=list)
    left: dict[str, Known] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)
    digests: dict[str, str | Skip] = field(default_factory=dict)
    interrupted: bool = False

    def report(self, seconds: float) -> IndexReport:
        """Return the report of the run."""
        return self.log.report(
            seconds, interrupted=self.interrupted, repaired=self.writer.repaired.made
        )


def update_index(
    writer: IndexWriter,
    files: Files,
    cutters: Cutters,
    settings: Settings,
    log: RunLog,
    survey: Survey,
    asked: Sequence[str] = (),
) -> Run:
    """Bring the index up to date with a survey; Ctrl-C ends the run early.

    `asked` names the surveyed sources, if not all. `log` may be that of an earlier run, which this
    one continues.
    """
    catalog, claims = writer.catalog, writer.claims
    before = Before(survey.known, catalog.exclusions(), _to_read_again(catalog, files))
    groups = GroupPlaces(catalog.restricted(), writer.root)
    run = Run(writer, files, cutters, settings, log, before, Contents(catalog, groups), groups)
    plan = plan_of(catalog, survey, files, before.again)
    log.unchanged = plan.unchanged + len(plan.move)
    log.unchanged -= len(log.added) + len(log.changed) + len(log.copied)
    run.touched += plan.move
    try:
        for skip in plan.skip:
            log.skip(skip)
        if plan.add or plan.examine:
            writer.is_reading(asked)
        run.left = claims.left() if claims else {}
        take_in(run, plan)
        if claims is None:
            take_out(run, plan)
    except KeyboardInterrupt:
        _stop(run)
    finally:
        _close(run)
    # Not in the handler: the exception holds what it interrupted, which may have taken a lock.
    if run.interrupted:
        writer.roll_back()
        if claims is None:
            _count_unreported(run)
            # An interrupted document leaves passages without vectors, and vectors without passages.
            log.chunks = len(catalog.chunk_ids(run.taken_in))
    with nullcontext() if claims is None else catalog.transaction():
        if claims is not None:
            publish(run, claims)
            if run.interrupted:
                writer.remove_obsolete()
            else:
                take_out(run, plan)
        _finish(run, survey, asked)
    return run


def _finish(run: Run, survey: Survey, asked: Sequence[str]) -> None:
    """Update names, and record what this run has done."""
    writer = run.writer
    if writer.catalog.restricted():
        writer.catalog.regroup(run.groups.of)
    renamed = None if writer.was_broken else run.renamed
    update_names(writer.catalog, run.cutters.analyser, renamed)
    note(run, survey)
    if not run.interrupted:
        writer.has_read(asked)
        if writer.claims is not None and not asked:
            writer.claims.drop_left()


# ── the steps ───────────────────────────────────────────────────────────────────────────────────


def take_in(run: Run, plan: Plan) -> None:
    """Read new and changed files, and record copies."""
    run.log.total = len(plan.add) + len(plan.examine)
    if run.log.total:
        run.log.published(0, "")  # the total is known long before the first document is published
        if run.writer.cluster is not None:
            run.digests |= run.writer.cluster.digest((*plan.add, *plan.examine))
    # All changed files are examined before any is read: two files may have swapped their names.
    changed, copies = examine(run, map(run.before.of, plan.examine))
    if run.log.total:
        read_all(run, _in_order(run, map(run.before.of, plan.add), copies, changed))
    while run.killed or run.twins:
        killed, run.killed = run.killed, []
        for works in _alone(run, killed):
            read_all(run, iter(works))
        waiting, run.twins = run.twins, []
        run.contents.begun.clear()
        read_all(run, choose(run, waiting))


def examine(
    run: Run, works: Iterable[WorkFile]
) -> tuple[list[WorkFile], list[tuple[WorkFile, str]]]:
    """Compute digests of files that may have changed.

    Return those with new content, and those that are now copies, with the document.
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
    """Compute one digest after the other; yield files with new content."""
    copies: list[tuple[WorkFile, str]] = []
    contents = run.contents
    for work in _claimed(run, works):
        if not (work.digest or _digested(run, work)):
            continue
        if not work.is_same and (twin := contents.twin(work)):
            copies.append((work, twin))
        elif not work.is_same and work.content in contents.failed:
            _fail(run, work, _like(contents.failed[work.content], work.found), looked_at=True)
        elif not work.is_same and work.content in contents.begun:
            run.twins.append(work)
        else:
            # First, because the copies decide whether the new content keeps the id.
            _copy(run, copies)
            copies.clear()
            contents.begun.add(work.content)
            if _adopt(run, work):
                continue
            yield work
            if run.writer.cluster is None:
                _started(run)  # the models load while the first file is read
        if len(copies) == _BATCH or work.former is not None:
            _copy(run, copies)
            copies.clear()
    _copy(run, copies)


def read_all(run: Run, works: Iterator[WorkFile]) -> None:
    """Read files in parallel, and store what each contains."""
    if run.writer.cluster is not None:
        read_elsewhere(run, run.writer.cluster, works)
        return

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
            _stop(run)  # close the iterator first: it ends the reading processes
            raise
    if run.intake is not None:
        run.intake.flush()


def read_elsewhere(run: Run, cluster: Cluster, works: Iterable[WorkFile]) -> None:
    """Let a cluster read and store files.

    Those whose process has ended are read again, each in a batch of its own.
    """
    left = {work.location: work for work in works}
    most = len(left)
    if left:
        _ = run.writer.embedder  # this run writes down which one it is
    for _attempt in range(_ATTEMPTS):
        if not left:
            return
        orders = [*batches(left.values(), run.contents.copied, most=most)]
        with closing(cluster.take_in(orders)) as results:
            try:
                for result in results:
                    _add(run, result)
                    for location in result.opened:
                        left.pop(location, None)
            except KeyboardInterrupt:
                _stop(run)  # close the iterator first: it ends the processes
                raise
        most = 1
    for work in left.values():
        reason = f"the process that read it has ended {_ATTEMPTS} times"
        _fail(run, work, Skip(work.location, KILLED, reason, "look into the logs of the cluster"))


def take_in_batch(
    writer: IndexWriter, files: Files, cutters: Cutters, settings: Settings, batch: Batch
) -> Result:
    """Read and store a batch of files for a run that another process leads."""
    catalog = writer.catalog
    known = [one for work in batch.works for one in (work.former, *work.parts) if one is not None]
    groups = GroupPlaces(catalog.restricted(), writer.root)
    contents = Contents(catalog, groups)
    contents.copied |= batch.copied
    before = Before(known, catalog.exclusions())
    run = Run(writer, files, cutters, settings, RunLog(), before, contents, groups)
    try:
        read_all(run, iter(batch.works))
    finally:
        _close(run)
    return Result(
        run.log,
        run.taken_in,
        run.copies,
        run.touched,
        run.lost,
        run.killed,
        frozenset(run.renamed),
        tuple(run.opened),
        frozenset(contents.with_parts),
        contents.failed,
    )


def take_in_file(run: Run, work: WorkFile, readout: Readout) -> None:
    """Store one file, or record why it cannot be read."""
    run.opened.add(work.location)
    key, like = _identify(run, work)
    arriving = readout.parts()
    try:
        # A file is stored after its parts, so that a run after a crash reads it again.
        rest = take_in_parts(run, work, arriving)
        if twin := _met_meanwhile(run, work):
            _pass_over(arriving)
            _copy(run, [(work, twin)])
            return
        document = IncomingDocument(key, work.found, rest, lambda: readout.content_hash, like=like)
        _take(run, document)
    except (ReadError, MissingPart) as error:
        _pass_over(arriving)
        skip = skip_of(work.found, error)
        if skip.code == KILLED and not work.was_killed:
            work.was_killed = True
            run.killed.append(work)
            return
        if skip.code not in PASSING:
            run.contents.failed[work.content] = skip
        _fail(run, work, skip, looked_at=True)


def take_in_parts(
    run: Run, file: WorkFile, arriving: Iterator[Reading | Part]
) -> Iterator[Reading]:
    """Store the parts of a file; remove former parts that it no longer has.

    Return the text of the file itself.
    """
    left = {part.location: part for part in file.parts}
    failure: ReadError | None = None
    for part, readings in _documents(arriving):
        if part is None:
            run.lost += left.values()
            return readings
        run.contents.with_parts.add(file.location)
        found = within(file.found, part.name)
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
            _take(run, _part(run, work, file, chain([outcome], readings)))
            left.pop(found.location, None)
        except ReadError as error:
            failure = error
            run.log.skip(skip_of(found, error), found)
    if failure is not None:  # the reader ended within this part
        raise failure
    return iter(())


def publish(run: Run, claims: Claims) -> None:
    """Make visible, at once, what this run has read, and its copies.

    Another run may have published the same content meanwhile; then a file is a copy of that.
    """
    catalog, contents = run.writer.catalog, run.contents
    held = claims.held()
    mine = [
        known
        for known in claims.waiting(run.taken_in)
        if not held.isdisjoint((known.location, *wholes(known.location)))
    ]
    replaced: dict[str, str] = {}
    first: dict[tuple[str, str, tuple[str, ...]], str] = {}
    for known in sorted(mine, key=lambda one: one.location):
        if known.location in contents.with_parts:
            continue
        kind = (known.content_hash, suffix(known.location), run.groups.of(known.location))
        # Two processes of a cluster may have read the same content.
        twin = contents.visible_twin(known) or first.setdefault(kind, known.id)
        if twin != known.id:
            replaced[known.id] = twin
            former = run.before.former(known.location)
            work = WorkFile(_found(known), former, digest=known.content_hash)
            run.copies.append(Copying(work, twin, known.within))
            run.log.is_copy(known.location, twin)
    arriving = dict.fromkeys(known.id for known in mine if known.id not in replaced)
    catalog.drop_staged(replaced)
    copies = [replace(one, twin=replaced.get(one.twin, one.twin)) for one in run.copies]
    # A renamed file claims its document before the old place is changed or removed.
    _copy_now(run, [one for one in copies if one.twin not in arriving])
    catalog.publish(arriving)
    _copy_now(run, [one for one in copies if one.twin in arriving])
    claims.release()


def take_out(run: Run, plan: Plan) -> None:
    """Remove what is gone, and find what was renamed."""
    gone = [*plan.remove, *run.lost]
    if gone:
        run.writer.release([item.location for item in gone])
        run.renamed |= {item.id for item in gone}
        run.log.take_out([item.location for item in gone], pair(gone, run.log.copied))
    run.writer.remove_obsolete()


def note(run: Run, survey: Survey) -> None:
    """Record changes without vectors: new times and places, and skips."""
    catalog = run.writer.catalog
    before = {skip.location: skip for skip in survey.skipped}
    skips = run.log.skips
    left = before.keys() - skips.keys() - set(run.elsewhere)
    forget = {name for name in left if not _is_closed_part(run, name)}
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


# ── helpers of the steps ────────────────────────────────────────────────────────────────────────


def _to_read_again(catalog: SqlCatalog, files: Files) -> frozenset[str]:
    """Return the files from which new options or limits may get more text than before."""
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
    """Yield the files to read, new ones first.

    A new file may be a renamed one; it must claim its document before the old place is changed or
    removed.
    """
    yield from choose(run, new)
    _copy(run, copies)
    yield from choose(run, changed)


def _digested(run: Run, work: WorkFile) -> bool:
    """Compute the digest of a file; False, and a recorded skip, if it cannot be opened."""
    digest = run.digests.get(work.location)
    if digest is None:
        try:
            digest = run.files.digest(work.found)
        except ReadError as error:
            digest = skip_of(work.found, error)
    if isinstance(digest, Skip):
        _fail(run, work, digest)
        return False
    work.digest = digest
    return True


def _alone(run: Run, works: Sequence[WorkFile]) -> Iterator[Sequence[WorkFile]]:
    """Yield files one at a time, so that each has all memory of the machine.

    The machines of a cluster get them together: it takes seconds to start.
    """
    if run.writer.cluster is None:
        yield from ([work] for work in works)
    elif works:
        yield works


def _add(run: Run, result: Result) -> None:
    """Add what a process of a cluster has stored.

    Raises:
        AskdocError: something there keeps the run from going on.

    """
    if result.failed is not None:
        raise result.failed.raised()
    run.opened.update(result.opened)
    run.taken_in |= result.taken_in
    run.copies += result.copies
    run.contents.copied |= {one.twin for one in result.copies}
    run.contents.with_parts |= result.with_parts
    run.contents.failed |= result.refused
    run.touched += result.touched
    run.lost += result.lost
    run.killed += result.killed
    run.renamed |= result.renamed
    _note_stored(run, [*result.taken_in])
    current = next(reversed(result.opened), "")
    run.log.add(result.log, current)


def _identify(run: Run, work: WorkFile) -> tuple[str, str | None]:
    if work.former is not None:  # the skip may remove the former document
        run.renamed.add(work.former.id)
    return run.contents.identify(work)


def _copy(run: Run, copies: Sequence[tuple[WorkFile, str]], *, within: str | None = None) -> None:
    """Record files as further places of documents."""
    if not copies:
        return
    if run.writer.claims is None:
        catalog = run.writer.catalog
        with catalog.transaction():
            run.writer.begin()
            catalog.copy([(work.found, twin) for work, twin in copies], within=within)
    else:
        run.copies += [Copying(work, twin, within) for work, twin in copies]
        run.contents.copied |= {twin for _, twin in copies}
    for work, twin in copies:
        run.log.done += within is None
        run.renamed.add(twin)
        if work.former is not None:
            run.renamed.add(work.former.id)
            run.log.changed.append(work.location)
        else:
            run.log.copied[work.location] = twin


def _copy_now(run: Run, copies: Sequence[Copying]) -> None:
    """Record waiting copies, unless the document has other content by now."""
    catalog = run.writer.catalog
    for one in copies:
        content = {known.id for known in catalog.with_content(one.work.digest)}
        if one.twin in content:
            catalog.copy([(one.work.found, one.twin)], within=one.within)
            run.renamed.add(one.twin)
        else:
            run.log.copied.pop(one.work.location, None)
            run.elsewhere.append(one.within or one.work.location)


def _claimed(run: Run, works: Iterable[WorkFile]) -> Iterator[WorkFile]:
    """Yield the files that no other run reads, or has read since this one began."""
    claims = run.writer.claims
    if claims is None:
        yield from works
        return
    for batch in batched(works, _CLAIMED):
        places = [work.location for work in batch]
        mine, done = claims.claim(places), claims.published_at(places)
        for work in batch:
            stamp = (work.found.size, work.found.modified_ns)
            if work.location not in mine:
                run.elsewhere.append(work.location)
            elif done.get(work.location) == stamp and not _is_version_of(work.found, work.former):
                run.log.unchanged += 1
                run.log.done += 1
            else:
                yield work


def _adopt(run: Run, work: WorkFile) -> bool:
    """Take what a killed run has read of a file, if that is complete and the file is the same."""
    claims, left = run.writer.claims, run.left.pop(work.location, None)
    if claims is None or left is None or left.content_hash != work.digest:
        return False
    if _identify(run, work)[0] != left.id or not _is_version_of(work.found, left):
        return False
    chunks = claims.adopt(left.id)
    if chunks is None:
        return False
    run.opened.add(work.location)
    run.contents.waiting[left.id] = work.found
    _published(run, [left.id], chunks)
    return True


def _found(known: Known) -> Found:
    return Found(known.location, known.path, known.source, "", known.size, known.modified_ns)


def _is_copy(run: Run, work: WorkFile, file: WorkFile) -> bool:
    """Record a part as a further place of a document with the same content, if there is one.

    A part at a document's own place is read again instead, since options may get more text from it.
    """
    if work.former is not None and work.is_same:
        if _is_at(run, work.former.id, work.location):
            return False
        run.touched.append(work.found)
        run.log.unchanged += 1
        return True
    twin = _published_twin(run, work)
    run.contents.begun.add(work.content)
    run.contents.in_files.add(work.content)
    if twin and not _is_at(run, twin, work.location):
        _copy(run, [(work, twin)], within=file.location)
    return twin is not None


def _is_at(run: Run, document_id: str, location: str) -> bool:
    """Tell whether a document is one of its own at a location, not a copy."""
    return any(item.location == location for item in run.writer.catalog.documents([document_id]))


def _published_twin(run: Run, work: WorkFile) -> str | None:
    """Return the document with this content; if it is not visible yet, publish it first."""
    if work.content in run.contents.begun and run.intake is not None:
        run.intake.flush()
    return run.contents.twin(work)


def _met_meanwhile(run: Run, work: WorkFile) -> str | None:
    """Return the document with the content of a file, if it was found elsewhere in this run."""
    if work.content not in run.contents.in_files or work.is_same:
        return None
    return _published_twin(run, work)


def _documents(
    arriving: Iterator[Reading | Part],
) -> Iterator[tuple[Part | None, Iterator[Reading]]]:
    """Yield each document with its text: parts with the rest of it, last the file with all of it.

    Take the text before the next document; what is left of it is passed over.
    """
    number = 0

    def of(message: Reading | Part) -> int:
        nonlocal number
        number += isinstance(message, Part) or message.origin == 0
        return number

    for _, group in groupby(arriving, of):
        head = next(group)
        readings = (one for one in group if isinstance(one, Reading))  # noqa: B031 - the rest
        yield (head, readings) if isinstance(head, Part) else (None, chain([head], readings))


def _pass_over(arriving: Iterator[Reading | Part]) -> None:
    """Take the rest of a file: what reads it sends no other file before."""
    with suppress(ReadError, MissingPart):
        for _ in arriving:
            pass


def _part(
    run: Run, work: WorkFile, file: WorkFile, readings: Iterator[Reading]
) -> IncomingDocument:
    key, like = _identify(run, work)
    return IncomingDocument(key, work.found, readings, lambda: work.digest, file.location, like)


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
            writer.catalog,
            writer.vectors,
            embedder,
            run.cutters,
            run.settings,
            published,
            arriving=None if writer.claims is None else writer.arriving,
        )
    return run.intake


def _published(run: Run, document_ids: Sequence[str], chunks: int) -> None:
    waiting, log = run.contents.waiting, run.log
    current = next(reversed(waiting.values())).location
    run.taken_in |= {key: waiting[key] for key in document_ids}
    log.stored += len(document_ids)
    _note_stored(run, document_ids)
    for key in document_ids:
        location = waiting[key].location
        is_new = run.before.former(location) is None
        (log.added if is_new else log.changed).append(location)
        # Removed last: after Ctrl-C at any point, waiting documents are still counted.
        del waiting[key]
        log.done += run.opened.isdisjoint(wholes(location))
    log.published(chunks, current)


def _note_stored(run: Run, document_ids: Sequence[str]) -> None:
    """Let later files be recognised as copies of documents that are complete, and not visible."""
    if (claims := run.writer.claims) is None:
        return
    alone = []
    for known in claims.waiting(document_ids):
        run.contents.stored[known.content_hash, suffix(known.location)] = known
        if known.within is None and known.location not in run.contents.with_parts:
            alone.append(known.id)
    claims.complete(alone)


def _count_unreported(run: Run) -> None:
    """Count documents that Ctrl-C interrupted between publishing and counting."""
    waiting = run.contents.waiting
    reported = {*run.log.added, *run.log.changed}
    there = {item.id: item for item in run.writer.catalog.documents(list(waiting))}
    unreported = [
        key
        for key, found in waiting.items()
        if key in there
        and found.location not in reported
        and _is_version_of(found, there[key].stamp)
        and not _is_version_of(found, run.before.former(found.location))
    ]
    if unreported:
        _published(run, unreported, 0)


def _fail(run: Run, work: WorkFile, skip: Skip, *, looked_at: bool = False) -> None:
    """Record that a file cannot be indexed, and that its former document is outdated."""
    run.log.done += 1
    run.log.skip(skip, work.found if looked_at and skip.code not in PASSING else None)
    if work.former is not None and skip.code not in STAYS:
        run.lost += [work.former, *work.parts]


def _stop(run: Run) -> None:
    """Record an interrupt, and report it at once: the running embedding has to end first."""
    if not run.interrupted:
        run.interrupted = True
        run.log.listen(Stopping())


def _close(run: Run) -> None:
    """Discard what is not stored yet; open parts are closed where they were opened."""
    if run.intake is not None:
        run.intake.close()


def _is_closed_part(run: Run, location: str) -> bool:
    """Tell whether a location is inside an indexed file that this run did not read."""
    return any(
        run.before.former(whole) is not None and whole not in run.opened
        for whole in wholes(location)
    )


def _like(skip: Skip, found: Found) -> Skip:
    """Return the skip for a copy of a skipped file, with the same reason."""
    reason = skip.reason
    for before, now in (
        (PurePosixPath(skip.location).name, PurePosixPath(found.location).name),
        (skip.location, found.location),
    ):
        reason = reason.replace(f"`{before}`", f"`{now}`")
    return replace(skip, location=found.location, reason=reason)


def _is_version_of(found: Found, stored: Stamp | Known | None) -> bool:
    """Tell by size and time whether a document was read from the file as it is now."""
    now = (found.size, found.modified_ns)
    return stored is not None and (stored.size, stored.modified_ns) == now
