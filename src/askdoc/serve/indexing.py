"""Changes indexes while the server runs: after an upload, and, if it watches, after any change.

The engine notices the change by itself. What is written here survives the end of the process at any
moment, as with `askdoc index`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from askdoc import app
from askdoc.errors import AskdocError, IndexLocked
from askdoc.index.plan import locate
from askdoc.index.watch import FolderWatch, Follower

if TYPE_CHECKING:
    from askdoc.types import IndexReport, Skip
    from askdoc.workspace import Workspace

LOG = logging.getLogger("askdoc.access")

_PATIENCE = 120.0
"""Seconds for which an upload waits for another process that writes to the index."""

_RETRY = 0.5
_REST = 30.0
"""Seconds after an error, such as a full disk, until a library is watched again."""

_LAST = 5.0
"""Seconds for the threads to end."""


class Indexing:
    """Keeps libraries up to date; `start` begins to watch.

    `uploads` has the folder for uploads of each library that takes some.
    """

    def __init__(
        self,
        workspaces: Mapping[str, Workspace],
        *,
        uploads: Mapping[str, Path] | None = None,
        watch: bool = False,
    ) -> None:
        self.uploads = dict(uploads or {})
        self._workspaces = workspaces
        self._ended = threading.Event()
        self._one_by_one = ThreadPoolExecutor(1, thread_name_prefix="askdoc-upload")
        self._threads = [
            threading.Thread(target=self._watch, args=(name,), name="askdoc-watch", daemon=True)
            for name in (workspaces if watch else ())
        ]

    def start(self) -> None:
        """Begin to watch the sources."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End; a run ends after the document that it is at."""
        self._ended.set()
        self._one_by_one.shutdown(wait=False, cancel_futures=True)
        for thread in self._threads:
            if thread.ident is not None:  # a server that ends before it is ready has started none
                thread.join(_LAST)

    async def add(self, library: str, file: Path) -> Skip | None:
        """Index a file in the folder for uploads; return why it is not in the index, if so.

        Raises:
            AskdocError: the index cannot be written.

        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._one_by_one, self._add, library, file)

    def _add(self, library: str, file: Path) -> Skip | None:
        workspace = self._workspaces[library]
        location = locate(str(file), str(workspace.root))
        report = self._sync(library)
        return next((skip for skip in report.skipped if skip.location == location), None)

    async def update(self, library: str) -> None:
        """Bring the index up to date with the folder for uploads."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._one_by_one, self._sync, library)

    async def expect_readable(self, library: str, file: Path) -> None:
        """Read a file, and store nothing.

        Raises:
            ReadError: it cannot be read.
            MissingPart: its reader needs a package that is not installed.

        """
        loop = asyncio.get_running_loop()
        workspace = self._workspaces[library]
        await loop.run_in_executor(self._one_by_one, app.expect_readable, workspace, file)

    def _sync(self, library: str) -> IndexReport:
        """Bring the index up to date with the folder for uploads."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                with app.indexer(self._workspaces[library]) as indexer:
                    report = indexer.sync([self.uploads[library]], self._listen)
            except IndexLocked:
                if time.monotonic() > until:
                    raise
                self._ended.wait(_RETRY)
            else:
                _log(library, report)
                return report

    # ── in the threads that watch ───────────────────────────────────────────────────────────────

    def _watch(self, library: str) -> None:
        while not self._ended.is_set():
            try:
                self._follow(library)
            except KeyboardInterrupt:
                return
            except (AskdocError, OSError) as error:
                LOG.warning(json.dumps({"library": library, "error": str(error)}))
                self._ended.wait(_REST)

    def _follow(self, library: str) -> None:
        workspace = self._workspaces[library]

        def watch(paths: Sequence[Path]) -> _Watch:
            return _Watch(paths, [workspace.index], self._listen)

        with app.indexer(workspace) as indexer:
            for report in Follower(indexer, watch, listen=self._listen).reports():
                _log(library, report)

    def _listen(self, _event: object) -> None:
        """Hear of each document.

        Raises:
            KeyboardInterrupt: the server ends, so that the run ends.

        """
        if self._ended.is_set():
            raise KeyboardInterrupt


class _Watch(FolderWatch):
    """Watches folders until `listen` ends it."""

    def __init__(
        self, paths: Sequence[Path], leave_out: Collection[Path], listen: Callable[[object], None]
    ) -> None:
        super().__init__(paths, leave_out)
        self._listen = listen

    def changes(self) -> set[Path]:
        """Wait a moment, and return the paths to examine."""
        self._listen(None)
        return super().changes()


def _log(library: str, report: IndexReport) -> None:
    """Note what has changed; without names, as all of the log."""
    if not (report.added or report.changed or report.removed or report.renamed):
        return
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "library": library,
        "added": len(report.added),
        "changed": len(report.changed) + len(report.renamed),
        "removed": len(report.removed),
        "skipped": len(report.skipped),
        "ms": round(report.seconds * 1000, 1),
    }
    LOG.info(json.dumps(line))
