"""Keeps an index current: brings it up to date after each change of its files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from askdoc.errors import IndexLocked
from askdoc.index.files import IGNORE_FILES
from askdoc.index.indexer import Indexer
from askdoc.types import IndexReport, Waiting
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from watchfiles.main import FileChange


_RETRY = 1.0
"""Seconds between attempts while another process writes to the index."""

_REST = 100
_LEAST_REST = 30.0
"""All files are checked from time to time, in case the system dropped a change: after this multiple
of the time that a check takes, and at least this many seconds."""

_BLIND_REST = 5.0
"""The same, if the system reports no changes at all."""


class Watch(Protocol):
    """Watches paths from its creation until it is closed.

    `is_blind`: the system reports no changes.
    """

    is_blind: bool

    def changes(self) -> set[Path]:
        """Wait a moment, and return the paths to examine for changes since the last call."""

    def is_current(self) -> bool:
        """Tell whether the watched folders are still the ones at these paths."""

    def close(self) -> None:
        """Stop watching."""


class Follower:
    """Keeps the index current with its sources, or with the paths `sources`.

    `watch` starts to watch paths. `listen` gets the events of each run, and `Waiting` each time
    that another process writes to the index.
    """

    def __init__(
        self,
        indexer: Indexer,
        watch: Callable[[Sequence[Path]], Watch],
        sources: Sequence[Path] | None = None,
        listen: Listener = ignore,
    ) -> None:
        self._indexer = indexer
        self._watch = watch
        self._sources = sources
        self._listen = listen
        self._is_waiting = False

    def reports(self) -> Iterator[IndexReport]:
        """Yield the report of each run, until a run is interrupted.

        The first run checks all files, since they may have changed before.
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
        """Follow changes until other paths, or new folders at these paths, have to be watched."""
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
        """Bring the index up to date; return None while another process writes to it."""
        try:
            report = self._indexer.follow(changed, self._listen)
        except IndexLocked as error:
            if not self._is_waiting:
                self._is_waiting = True
                self._listen(Waiting(str(error)))
            return None
        self._is_waiting = False
        return report


_QUIET = 250
"""Milliseconds without a change after which earlier changes are reported."""

_LONGEST = 2_000
"""Milliseconds after which changes are reported even if more arrive."""

_MOMENT = 400
"""Milliseconds to wait for a change before returning none."""


class FolderWatch:
    """Watches paths, whether they exist or not; must be closed.

    As in discovery, hidden names and the folders `leave_out` are ignored. `is_blind`: the system
    refuses to watch so many folders, so no change is reported.
    """

    def __init__(self, paths: Sequence[Path], leave_out: Collection[Path] = ()) -> None:
        self._paths = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - text from here on
        self._leave_out = [str(folder) for folder in leave_out]
        self._identities = self._identify()
        folders = [path for path in self._paths if Path(path).is_dir()]
        # a missing file may come back, so its folder is watched
        around = sorted({_folder_of(path) for path in self._paths if path not in folders})
        self._real = {
            real: path for path in (*folders, *around) if (real := os.path.realpath(path)) != path
        }
        self._watches: list[Generator[set[FileChange], None, None]] = []
        self._early: set[str] = set()
        self.is_blind = False
        try:
            if folders:
                self._watches.append(_watch(folders, deep=True))
            if around:
                self._watches.append(_watch(around, deep=False))
            self._early = self._changes()  # start now: no change before the first call gets lost
        except OSError:
            self.close()
            self.is_blind = True

    def changes(self) -> set[Path]:
        """Wait a moment, and return the paths to examine for changes since the last call.

        These are files, and folders with everything in them.
        """
        if not self._watches:
            time.sleep(_MOMENT / 1000)
        found, self._early = self._early, set()
        found |= self._changes()
        return {Path(relevant) for path in found if (relevant := self._relevant(path))}

    def is_current(self) -> bool:
        """Tell whether the watched folders are still the ones at these paths.

        If not, make a new watch.
        """
        return self._identities == self._identify()

    def close(self) -> None:
        """Stop watching."""
        for watch in self._watches:
            watch.close()
        self._watches.clear()

    def _changes(self) -> set[str]:
        found: set[str] = set()
        for watch in self._watches:
            try:
                found.update(path for _, path in next(watch))
            except (RuntimeError, StopIteration):
                # watchfiles fails on names that are not Unicode, and drops its other changes.
                self._identities = []
        return found

    def _identify(self) -> list[tuple[str, int, int]]:
        """Identify the folders at the paths by device and inode.

        For files, only that they exist.
        """
        found: list[tuple[str, int, int]] = []
        for path in self._paths:
            try:
                info = os.stat(path)  # noqa: PTH116 - cheaper, and done again and again
            except OSError:
                continue
            is_folder = Path(path).is_dir()
            found.append((path, info.st_dev, info.st_ino) if is_folder else (path, 0, 0))
        return found

    def _relevant(self, path: str) -> str | None:
        """Return what to examine after a change at a path, or None."""
        path = self._as_asked(path)
        if any(_inside(path, folder) is not None for folder in self._leave_out):
            return None
        for root in self._paths:
            if _inside(root, path) is not None:  # the path itself, or a folder above it
                return root
            if (inside := _inside(path, root)) is None:
                continue
            names = Path(inside).parts
            if names[-1] in IGNORE_FILES:  # an ignore file affects its whole folder
                path, names = str(Path(path).parent), names[:-1]
            if not any(name.startswith(".") for name in names):
                return path
        return None

    def _as_asked(self, path: str) -> str:
        """Return a reported path, whose links are resolved, as a path below the watched one."""
        for real, asked in self._real.items():
            if (inside := _inside(path, real)) is not None:
                return os.path.join(asked, inside) if inside else asked  # noqa: PTH118 - text
        return path


def _watch(paths: Iterable[str], *, deep: bool) -> Generator[set[FileChange], None, None]:
    from watchfiles import watch

    return watch(
        *paths,
        watch_filter=None,
        debounce=_LONGEST,
        step=_QUIET,
        rust_timeout=_MOMENT,
        yield_on_timeout=True,
        recursive=deep,
        ignore_permission_denied=True,
    )


def _folder_of(path: str) -> str:
    """Return the existing folder that is nearest above a path.

    For a link to a file, both the folder of the file and that of the link can change.
    """
    return next(str(above) for above in Path(path).parents if above.is_dir())


def _inside(path: str, folder: str) -> str | None:
    """Return a path relative to a folder (`.` for the folder itself), or None if it is outside."""
    if path == folder:
        return ""
    start = folder.rstrip(os.sep) + os.sep
    return path[len(start) :] if path.startswith(start) else None
