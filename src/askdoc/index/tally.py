"""What a run of indexing has done so far: for the bar while it goes on, and for the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from askdoc.types import Found, Indexed, IndexReport, Skip
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
