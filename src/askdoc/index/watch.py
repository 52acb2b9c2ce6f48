"""Keep an index current: bring it up to date again after each change of its files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from askdoc.errors import IndexLocked
from askdoc.index.indexer import Indexer
from askdoc.types import IndexReport, Waiting
from askdoc.types.ports import Listener, deaf

_RETRY = 1.0
"""Seconds between attempts while another process writes to the index."""

_REST = 100
_LEAST_REST = 30.0
"""Between looks at all files, in case a change was missed, lie so many times the seconds that one
takes, and so many seconds at least."""

_BLIND_REST = 5.0
"""The same, where the system tells of no changes."""


class Watch(Protocol):
    """Watches some paths, from when it is made until it is closed.

    `is_blind` tells that the system watches nothing.
    """

    is_blind: bool

    def changes(self) -> set[Path]:
        """Wait a moment, and return what to look at for what has changed since the last call."""

    def is_current(self) -> bool:
        """Tell whether this still watches what lies at the paths."""

    def close(self) -> None:
        """Watch no longer."""


class Follower:
    """Keeps the index current with its sources, or with the paths `sources`.

    `watch` begins to watch paths. `listen` hears `Waiting`, once for each time that another process
    writes to the index.
    """

    def __init__(
        self,
        indexer: Indexer,
        watch: Callable[[Sequence[Path]], Watch],
        sources: Sequence[Path] | None = None,
        listen: Listener = deaf,
    ) -> None:
        self._indexer = indexer
        self._watch = watch
        self._sources = sources
        self._listen = listen
        self._is_waiting = False

    def reports(self) -> Iterator[IndexReport]:
        """Yield what was done at each look, for ever; a run that is broken off is the last.

        The first look is at all files, since they may have changed while nobody watched.
        """
        while True:
            paths = self._paths()
            with closing(self._watch(paths)) as watch:
                for report in self._while_current(watch, paths):
                    yield report
                    if report.interrupted:
                        return

    def _paths(self) -> list[Path]:
        return list(self._sources or self._indexer.watched())

    def _while_current(self, watch: Watch, paths: list[Path]) -> Iterator[IndexReport]:
        """Follow changes until other paths are to be watched, or others lie there."""
        changed = set(paths)
        due = 0.0
        while watch.is_current() and (time.monotonic() < due or paths == self._paths()):
            looks_at_all = time.monotonic() >= due
            if looks_at_all:
                changed.update(paths)
            if changed and (report := self._follow(changed)):
                changed.clear()
                yield report
                if looks_at_all:
                    rest = _BLIND_REST if watch.is_blind else _LEAST_REST
                    due = time.monotonic() + max(rest, _REST * report.seconds)
            elif changed:
                time.sleep(_RETRY)
            changed |= watch.changes()

    def _follow(self, changed: set[Path]) -> IndexReport | None:
        """Bring the index up to date; None while another process writes to it."""
        try:
            report = self._indexer.follow(changed)
        except IndexLocked as error:
            if not self._is_waiting:
                self._is_waiting = True
                self._listen(Waiting(str(error)))
            return None
        self._is_waiting = False
        return report
