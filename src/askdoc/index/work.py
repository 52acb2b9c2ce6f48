"""The files of a run, and what becomes of them.

A run reads its files in this process, or gives them in batches to a `Cluster`, whose processes
store what they read, and return a `Result`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from askdoc.index.plan import suffix
from askdoc.system.wire import Failed
from askdoc.types import Found, Indexed, IndexReport, Known, Skip
from askdoc.types.ports import Listener, ignore

_MOST_FILES = 32
_MOST_BYTES = 8_000_000
"""A batch has at most so many files, or the first that makes it larger than so many bytes."""


@dataclass(slots=True)
class WorkFile:
    """A file of a run, or a part of one.

    `former` is its document in the index, `parts` are the documents of its parts.
    """

    found: Found
    former: Known | None = None
    parts: Sequence[Known] = ()
    digest: str = ""
    was_killed: bool = False

    @property
    def location(self) -> str:
        """Its location."""
        return self.found.location

    @property
    def content(self) -> tuple[str, str]:
        """The digest and the suffix; copies have both in common."""
        return self.digest, suffix(self.location)

    @property
    def is_same(self) -> bool:
        """Whether the index has this content for it."""
        return self.former is not None and self.former.content_hash == self.digest


@dataclass(frozen=True, slots=True)
class Copying:
    """A file, or a part of the file `within`, that becomes a further place of a document."""

    work: WorkFile
    twin: str
    within: str | None


@dataclass(slots=True)
class RunLog:
    """Collects what a run does, for its report.

    `copied` maps each new place to its document. `done` of `total` files are finished; parts of
    files do not count. `stored` counts documents since `has_advanced` was last asked.
    """

    listen: Listener = ignore
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    copied: dict[str, str] = field(default_factory=dict)
    skips: dict[str, tuple[Skip, Found | None]] = field(default_factory=dict)
    unchanged: int = 0
    chunks: int = 0
    total: int = 0
    done: int = 0
    stored: int = 0
    _removed: list[str] = field(default_factory=list)
    _renamed: list[tuple[str, str]] = field(default_factory=list)

    def skip(self, skip: Skip, found: Found | None = None) -> None:
        """Record a skipped file; with `found`, it is not read again until it changes."""
        self.skips[skip.location] = skip, found
        self.listen(skip)

    def published(self, chunks: int, current: str) -> None:
        """Count passages that are visible now, and report the progress."""
        self.chunks += chunks
        self.listen(Indexed(self.done, self.chunks, self.total, current))

    def has_advanced(self) -> bool:
        """Tell whether a document was stored since the last call."""
        stored, self.stored = self.stored, 0
        return stored > 0

    def add(self, other: RunLog, current: str) -> None:
        """Add what another process has done, and report the progress."""
        self.added += other.added
        self.changed += other.changed
        self.copied |= other.copied
        self.unchanged += other.unchanged
        self.done += other.done
        self.stored += other.stored
        for skip, found in other.skips.values():
            self.skip(skip, found)
        self.published(other.chunks, current)

    def is_copy(self, location: str, twin: str) -> None:
        """Record that a new document is a copy of another one after all."""
        if location in self.added:
            self.added.remove(location)
            self.copied[location] = twin

    def take_out(self, gone: Sequence[str], renamed: Sequence[tuple[str, str]]) -> None:
        """Record removed places; `renamed` maps old places to new ones."""
        former = {before for before, _ in renamed}
        self._renamed = list(renamed)
        self._removed += [location for location in gone if location not in former]
        for _, now in renamed:
            del self.copied[now]

    def report(self, seconds: float, *, interrupted: bool, repaired: int) -> IndexReport:
        """Return the report of the run."""
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


# ── files that other processes read ─────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Batch:
    """Files for another process; `copied` are those of their documents that get a copy."""

    works: tuple[WorkFile, ...]
    copied: frozenset[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What another process has stored of a batch, in the words of `Run`; `failed` ends the run."""

    log: RunLog = field(default_factory=RunLog)
    taken_in: Mapping[str, Found] = field(default_factory=dict)
    copies: Sequence[Copying] = ()
    touched: Sequence[Found] = ()
    lost: Sequence[Known] = ()
    killed: Sequence[WorkFile] = ()
    renamed: frozenset[str] = frozenset()
    opened: Sequence[str] = ()
    with_parts: frozenset[str] = frozenset()
    refused: Mapping[tuple[str, str], Skip] = field(default_factory=dict)
    failed: Failed | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Processes, on this or on other machines, that read and store the files of a run.

    `digest` yields locations with the SHA-256 of the file's bytes, or with its skip; the run
    computes what is missing. `take_in` yields a result for each batch, except for those whose
    processes ended.
    """

    digest: Callable[[Sequence[Found]], Iterator[tuple[str, str | Skip]]]
    take_in: Callable[[Sequence[Batch]], Generator[Result, None, None]]


def batches(works: Iterable[WorkFile], copied: Iterable[str], *, most: int) -> Iterator[Batch]:
    """Divide files into batches of at most `most` files."""
    all_copied = frozenset(copied)
    held: list[WorkFile] = []
    size = 0
    for work in works:
        held.append(work)
        size += work.found.size
        if len(held) >= min(most, _MOST_FILES) or size >= _MOST_BYTES:
            yield _batch(held, all_copied)
            held, size = [], 0
    if held:
        yield _batch(held, all_copied)


def _batch(works: Sequence[WorkFile], copied: frozenset[str]) -> Batch:
    former = {known.id for work in works for known in (work.former, *work.parts) if known}
    return Batch(tuple(works), copied & former)
