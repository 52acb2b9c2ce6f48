"""One run of indexing: carries out what a survey asks for, and keeps count for the report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from askdoc.errors import MissingPart, ReadError
from askdoc.intake import Cutters, Intake, document_id
from askdoc.planning import OUT_OF_REACH, Attempt, Plan, make_plan
from askdoc.ports import Listener, Reader
from askdoc.settings import Settings
from askdoc.survey import Discover, Survey
from askdoc.types import Found, Indexed, IndexReport, Known, Skip
from askdoc.writing import Writing

_MISSING_PART = "missing_part"
_STAYS = OUT_OF_REACH | {_MISSING_PART}
"""Reasons that say nothing of a file's content: what is indexed of it stays."""


@dataclass(frozen=True, slots=True)
class Files:
    """How to get at files; `load` and `reader_for` raise a `ReadError` where they cannot."""

    discover: Discover
    load: Callable[[Found], bytes]
    reader_for: Callable[[str], Reader]


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
