"""Keep an index current: bring it up to date again after each change of its files."""

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
        listen: Listener = ignore,
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


_QUIET = 250
"""Milliseconds without a change after which those before are told of."""

_LONGEST = 2_000
"""Milliseconds after which changes are told of, though more of them come."""

_MOMENT = 400
"""Milliseconds to wait for a change before saying that there is none."""


class FolderWatch:
    """Watches what lies at some paths, be it there or not; to be closed.

    Hidden names are passed over, as discovery does, and so are the folders `leave_out`. `is_blind`
    tells that the system refuses to watch so much: nothing is told of then.
    """

    def __init__(self, paths: Sequence[Path], leave_out: Collection[Path] = ()) -> None:
        self._paths = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - text from here on
        self._leave_out = [str(folder) for folder in leave_out]
        self._identities = self._identify()
        folders = [path for path in self._paths if Path(path).is_dir()]
        # what is gone may come back into the folder that it lay in
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
            self._early = self._changes()  # the system watches from the first look on
        except OSError:
            self.close()
            self.is_blind = True

    def changes(self) -> set[Path]:
        """Wait a moment, and return what is to be looked at for what changed since the last call.

        That is files, and folders with all that they hold.
        """
        if not self._watches:
            time.sleep(_MOMENT / 1000)
        found, self._early = self._early, set()
        found |= self._changes()
        return {Path(relevant) for path in found if (relevant := self._relevant(path))}

    def is_current(self) -> bool:
        """Tell whether this still watches what is at the paths; if not, begin another."""
        return self._identities == self._identify()

    def close(self) -> None:
        """Watch no longer."""
        for watch in self._watches:
            watch.close()
        self._watches.clear()

    def _changes(self) -> set[str]:
        found: set[str] = set()
        for watch in self._watches:
            try:
                found.update(path for _, path in next(watch))
            except (RuntimeError, StopIteration):
                # It stumbles over names that are not Unicode. What else it had to tell is lost.
                self._identities = []
        return found

    def _identify(self) -> list[tuple[str, int, int]]:
        """Say which folders are there, and which files; of these it does not matter which."""
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
        """Name what is to be looked at since something changed at a path; None where nothing is."""
        path = self._as_asked(path)
        if any(_inside(path, folder) is not None for folder in self._leave_out):
            return None
        for root in self._paths:
            if _inside(root, path) is not None:  # it, or a folder that it lies in
                return root
            if (inside := _inside(path, root)) is None:
                continue
            names = Path(inside).parts
            if names[-1] in IGNORE_FILES:  # it counts for all of its folder
                path, names = str(Path(path).parent), names[:-1]
            if not any(name.startswith(".") for name in names):
                return path
        return None

    def _as_asked(self, path: str) -> str:
        """Return a path as it lies below what was asked for, where the system resolves links."""
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
    """Return the folder that something lies in or would lie in, or the nearest above that is there.

    A file may be given by a link; what changes is in the folder of the file itself, or of the link.
    """
    return next(str(above) for above in Path(path).parents if above.is_dir())


def _inside(path: str, folder: str) -> str | None:
    """Return where a path lies in a folder, which may be the folder itself; None if outside."""
    if path == folder:
        return ""
    start = folder.rstrip(os.sep) + os.sep
    return path[len(start) :] if path.startswith(start) else None
