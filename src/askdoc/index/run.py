"""One run of indexing: carries out what a survey asks for, and keeps count for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from askdoc.errors import MissingPart, ReadError
from askdoc.index.embed import Cutters, Intake, Source
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
from askdoc.index.writer import Writing, name_anew
from askdoc.settings import Settings
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
from askdoc.types.ports import Listener


@dataclass(slots=True)
class Tally:
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
        """Note and tell what is not indexed; `found`, where it need not be looked at again."""
        self.skips[skip.location] = skip, found
        self.listen(skip)

    def published(self, chunks: int, current: str) -> None:
        """Count passages that can be found from now on, and tell how far the run is."""
        self.chunks += chunks
        self.listen(Indexed(self.done, self.chunks, self.total, current))

    def take_out(self, gone: Sequence[str], renamed: Sequence[tuple[str, str]]) -> None:
        """Note places that are gone; some of them are renamed, from what to what."""
        former = {before for before, _ in renamed}
        self._renamed = list(renamed)
        self._removed += [location for location in gone if location not in former]
        for _, now in renamed:
            del self.copied[now]

    def report(self, seconds: float, *, interrupted: bool, mended: int) -> IndexReport:
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
            mended=mended,
        )


_BATCH = 256
"""Copies that are noted in one transaction."""


class Run:
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
        self._tally = Tally(listen)
        self._intake: Intake | None = None
        self._former: dict[str, Known] = {}
        self._parts: dict[str, list[Known]] = {}
        self._excluded: frozenset[str] = frozenset()
        self._opened: set[str] = set()
        self._again: frozenset[str] = frozenset()
        self._waiting: dict[str, Found] = {}
        self._digests: dict[str, str] = {}
        self._recogniser = Recogniser(writing.catalog, self._waiting)
        self._begun: set[tuple[str, str]] = set()
        self._in_files: set[tuple[str, str]] = set()
        self._twins_to_be: list[Found] = []
        self._renamed_ids: set[str] = set()
        self._settled: list[Found] = []
        self._lost: list[Known] = []
        self._taken_in: list[str] = []
        self.interrupted = False

    def carry_out(self, found: Survey, asked: Sequence[str] = ()) -> None:
        """Do what brings the index in step with the survey; Ctrl-C ends it early.

        `asked` names the sources that were surveyed, where it was not all.
        """
        catalog = self._writing.catalog
        self._excluded = frozenset(catalog.exclusions())
        self._again = self._to_read_again()
        plan = plan_of(catalog, found, self._files, self._again)
        self._former = {document.location: document for document in found.known}
        for document in found.known:
            if document.within is not None:
                self._parts.setdefault(document.within, []).append(document)
        self._tally.unchanged = plan.unchanged + len(plan.move)
        self._settled += plan.move
        try:
            for skip in plan.skip:
                self._tally.skip(skip)
            if plan.add or plan.examine:
                self._writing.is_reading(asked)
            self._take_in(plan)
            self._take_out(plan)
        except KeyboardInterrupt:
            self._stop()
            self._close()
            self._writing.roll_back()
            self._count_unheard()
            # Passages of a document that was not read to its end have gone again.
            kept = self._writing.catalog.chunk_ids(dict.fromkeys(self._taken_in))
            self._tally.chunks = len(kept)
        finally:
            self._close()
        self._name_anew()
        self._note(found)
        if not self.interrupted:
            self._writing.has_read(asked)

    def report(self, seconds: float) -> IndexReport:
        """Say what was done."""
        return self._tally.report(
            seconds, interrupted=self.interrupted, mended=self._writing.mended.made
        )

    def _to_read_again(self) -> frozenset[str]:
        """Name the files that options or limits may get more out of than in an earlier run."""
        options, catalog = self._files.options, self._writing.catalog
        bare = {
            document.within or document.location
            for document in (catalog.documents() if options.ocr else ())
            if any(one.startswith(BARE_PAGES) for one in document.warnings)
        }
        skipped = {
            skip.location
            for skip in catalog.skipped()
            if options.may_help(skip.code) or not self._files.still_holds(skip)
        }
        return frozenset(bare.union(*map(wholes, skipped)))

    def _take_in(self, plan: Plan) -> None:
        self._tally.total = len(plan.add) + len(plan.examine)
        changed, copies = self._examined(plan.examine)
        if self._tally.total:
            self._read_all(self._in_order(plan.add, copies, changed))
        if waiting := self._twins_to_be:
            self._twins_to_be = []
            self._begun.clear()
            self._read_all(self._to_read(waiting))

    def _in_order(
        self, new: Sequence[Found], copies: Sequence[tuple[Found, str]], changed: Sequence[Found]
    ) -> Iterator[Found]:
        """Yield what is to be read: what is new comes first.

        It may be a renamed file, whose document is then not to change or go with the former one.
        """
        yield from self._to_read(new)
        self._copy(copies)
        yield from self._to_read(changed)

    def _read_all(self, files: Iterator[Found]) -> None:
        with self._files.read(files) as readouts:
            try:
                for readout in readouts:
                    if readout is not None:
                        self._read(readout)
                    elif self._intake is not None:
                        self._intake.idle()
            except KeyboardInterrupt:
                self._stop()  # before the processes that read are ended
                raise
        if self._intake is not None:
            self._intake.flush()

    def _examined(self, files: Sequence[Found]) -> tuple[list[Found], list[tuple[Found, str]]]:
        """Look at files that may have changed.

        Return those whose content is not known, and those that have become copies, of which
        document.

        All of them are looked at before any is read, since names may have been swapped.
        """
        unknown: list[Found] = []
        copies: list[tuple[Found, str]] = []
        for found in files:
            former = self._former[found.location]
            digest = self._digest(found)
            if digest is None:
                continue
            is_same = former.content_hash == digest
            if is_same and found.location not in self._again:
                self._settled.append(found)
                self._tally.unchanged += 1 + len(self._parts.get(found.location, ()))
                self._tally.done += 1
            elif not is_same and (twin := self._recogniser.twin(found, digest)):
                copies.append((found, twin))
                self._lost += self._parts.get(found.location, ())
            else:
                unknown.append(found)
        return unknown, copies

    def _to_read(self, files: Sequence[Found]) -> Iterator[Found]:
        """Look at one file after the other; yield those whose content is not known."""
        copies: list[tuple[Found, str]] = []
        for found in files:
            digest = self._digests.get(found.location) or self._digest(found)
            if digest is None:
                continue
            former = self._former.get(found.location)
            content = digest, suffix(found.location)
            anew = former is not None and former.content_hash == digest
            if not anew and (twin := self._recogniser.twin(found, digest)):
                copies.append((found, twin))
            elif not anew and content in self._begun:
                self._twins_to_be.append(found)
            else:
                self._copy(copies)  # before it is decided whether what is read keeps its id
                copies.clear()
                self._begun.add(content)
                yield found
                self._start()  # what takes long to load does so while the first file is read
            if len(copies) == _BATCH or former is not None:
                self._copy(copies)
                copies.clear()
        self._copy(copies)

    def _digest(self, found: Found) -> str | None:
        """Return the digest of a file; None, with a note, where it cannot be opened."""
        try:
            digest = self._digests[found.location] = self._files.digest(found)
        except ReadError as error:
            self._fail(skip_of(found, error), self._former.get(found.location))
            return None
        return digest

    def _identify(self, location: str, digest: str) -> tuple[str, str | None]:
        """Choose the id for what is read at a location, and name a document that may be alike."""
        former = self._former.get(location)
        if former is not None:  # it may let go of that
            self._renamed_ids.add(former.id)
        return self._recogniser.identify(location, digest, former)

    def _copy(self, copies: Sequence[tuple[Found, str]], *, within: str | None = None) -> None:
        """Note files as further places of documents."""
        if not copies:
            return
        with self._writing.catalog.transaction():
            self._writing.begin()
            self._writing.catalog.copy(copies, within=within)
        for found, twin in copies:
            self._tally.done += within is None
            self._renamed_ids.add(twin)
            if former := self._former.get(found.location):
                self._renamed_ids.add(former.id)
                self._tally.changed.append(found.location)
            else:
                self._tally.copied[found.location] = twin

    def _read(self, readout: Readout) -> None:
        """Take in what is read of one file."""
        found = readout.found
        self._opened.add(found.location)
        key, like = self._identify(found.location, self._digests[found.location])
        try:
            parts = readout.parts()
            first = list(islice(parts, 1))
            # A file comes after its parts: until it is there, a broken run reads it again.
            self._take_parts(found, [part for reading in first for part in reading.parts])
            rest = chain(first, parts)
            if twin := self._met_meanwhile(found):
                for _ in rest:  # all of it is to be taken before another file is
                    pass
                self._copy([(found, twin)])
                return
            self._take(Source(key, found, rest, lambda: readout.content_hash, like=like))
        except (ReadError, MissingPart) as error:
            self._fail(skip_of(found, error), self._former.get(found.location), found)

    def _take_parts(self, file: Found, parts: Sequence[Part]) -> None:
        """Take in the documents that a file holds; those that it held before are given up."""
        left = {part.location: part for part in self._parts.get(file.location, ())}
        for found, part in placed(file, parts):
            if found.location in self._excluded:
                self._tally.skip(excluded_skip(found.location))
                continue
            outcome = part.outcome
            if isinstance(outcome, Unread):
                skip = Skip(found.location, outcome.code, outcome.reason, outcome.hint)
                self._tally.skip(skip, found)
                continue
            if self._is_copy(file, found, part.content_hash):
                left.pop(found.location, None)
                continue
            try:
                self._take(self._part(file, found, outcome, part.content_hash))
                left.pop(found.location, None)
            except ReadError as error:
                self._tally.skip(skip_of(found, error), found)
        self._lost += left.values()

    def _is_copy(self, file: Found, found: Found, digest: str) -> bool:
        """Note what lies in a file as a place of a document with that content, if there is one.

        What is a document's own place, and says the same, is read again, for what options may get
        out of it.
        """
        catalog, former = self._writing.catalog, self._former.get(found.location)
        if former is not None and former.content_hash == digest:
            if any(item.location == found.location for item in catalog.documents([former.id])):
                return False
            catalog.update(found)
            self._tally.unchanged += 1
            return True
        twin = self._twin(found, digest)
        self._begun.add((digest, suffix(found.location)))
        self._in_files.add((digest, suffix(found.location)))
        if twin:
            self._copy([(found, twin)], within=file.location)
        return twin is not None

    def _twin(self, found: Found, digest: str) -> str | None:
        """Name a document with that content; one that is on its way is published for it."""
        if (digest, suffix(found.location)) in self._begun and self._intake is not None:
            self._intake.flush()
        return self._recogniser.twin(found, digest)

    def _met_meanwhile(self, found: Found) -> str | None:
        """Name a document with the content of a file, if another was found to hold it just now."""
        digest = self._digests[found.location]
        former = self._former.get(found.location)
        if (digest, suffix(found.location)) not in self._in_files or (
            former is not None and former.content_hash == digest
        ):
            return None
        return self._twin(found, digest)

    def _part(self, file: Found, found: Found, reading: Reading, digest: str) -> Source:
        key, like = self._identify(found.location, digest)
        return Source(key, found, windows(reading), lambda: digest, file.location, like)

    def _take(self, source: Source) -> None:
        self._waiting[source.key] = source.found
        try:
            self._start().take(source)
        except (ReadError, MissingPart):
            del self._waiting[source.key]
            raise

    def _stop(self) -> None:
        """Note an interrupt, and tell at once: what is being embedded ends first."""
        if not self.interrupted:
            self.interrupted = True
            self._tally.listen(Stopping())

    def _close(self) -> None:
        """Give up what is not stored yet; the parts that are open are closed by who opened them."""
        if self._intake is not None:
            self._intake.close()

    def _start(self) -> Intake:
        if self._intake is None:
            writing = self._writing
            writing.open_vectors()  # while the embedder is loaded
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
        self._taken_in += document_ids
        for key in document_ids:
            location = self._waiting[key].location
            tally = self._tally
            (tally.changed if location in self._former else tally.added).append(location)
            del self._waiting[key]  # last: Ctrl-C may come anywhere, and what waits is looked at
            tally.done += self._opened.isdisjoint(wholes(location))
        self._tally.published(chunks, current)

    def _count_unheard(self) -> None:
        """Count the documents that were published just when Ctrl-C came, before they were told."""
        heard = {*self._tally.added, *self._tally.changed}
        there = {item.id: item for item in self._writing.catalog.documents(list(self._waiting))}
        unheard = [
            key
            for key, found in self._waiting.items()
            if key in there
            and found.location not in heard
            and _is_version_of(found, there[key].stamp)
            and not _is_version_of(found, self._former.get(found.location))
        ]
        if unheard:
            self._published(unheard, 0)

    def _take_out(self, plan: Plan) -> None:
        gone = [*plan.remove, *self._lost]
        if gone:
            self._writing.release([item.location for item in gone])
            self._renamed_ids |= {item.id for item in gone}
            self._tally.take_out([item.location for item in gone], pair(gone, self._tally.copied))
        self._writing.sweep()

    def _name_anew(self) -> None:
        ids = None if self._writing.was_broken else self._renamed_ids
        name_anew(self._writing.catalog, self._cutters.analyser, ids)

    def _fail(self, skip: Skip, former: Known | None, found: Found | None = None) -> None:
        """Note that a file cannot be indexed, and what is indexed of it and no longer holds."""
        self._tally.done += 1
        self._tally.skip(skip, None if skip.code in PASSING else found)
        if former is not None and skip.code not in STAYS:
            self._lost += [former, *self._parts.get(former.location, ())]

    def _note(self, found: Survey) -> None:
        """Write down what needs no vectors: new times and places, and what was skipped."""
        catalog = self._writing.catalog
        before = {skip.location: skip for skip in found.skipped}
        skips = self._tally.skips
        forget = {name for name in before.keys() - skips.keys() if not self._is_closed_part(name)}
        news = [
            (skip, file)
            for skip, file in skips.values()
            if file is not None or before.get(skip.location) != skip
        ]
        if not (self._settled or forget or news):
            return
        with catalog.transaction():
            for file in self._settled:
                catalog.update(file)
                for part in self._parts.get(file.location, ()):
                    catalog.update(moved(file, part))
            catalog.record_skips(news, forget=() if self.interrupted else forget)

    def _is_closed_part(self, location: str) -> bool:
        """Tell whether something lies in a file that is indexed and was not read in this run."""
        return any(
            whole in self._former and whole not in self._opened for whole in wholes(location)
        )


def _is_version_of(found: Found, stored: Stamp | Known | None) -> bool:
    """Tell whether what is stored was read from a file as it is now, by its size and time."""
    now = (found.size, found.modified_ns)
    return stored is not None and (stored.size, stored.modified_ns) == now
