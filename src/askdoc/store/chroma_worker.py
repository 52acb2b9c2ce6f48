"""The process that writes vectors: `python -m askdoc.store.chroma_worker FOLDER`.

It runs calls from its standard input one by one, and ends when the input ends.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from askdoc.errors import StoreError
from askdoc.store.chroma import ChromaStore
from askdoc.store.chroma_files import writing_alone
from askdoc.system.wire import Call, Failed, Returned, receive, send, standard_streams


def main() -> None:
    """Run calls until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent process
    calls, replies = standard_streams()
    worker = Worker(Path(sys.argv[1]))
    try:
        while True:
            send(replies, worker.reply(receive(calls)))
    except (EOFError, BrokenPipeError):
        # The parent process was killed. The log keeps its changes; the next writer folds it.
        os._exit(0)


class Worker:
    """Opens the store in a folder with the first call, and runs calls on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = ExitStack()
        self._store: ChromaStore | None = None

    def reply(self, call: Call) -> Returned | Failed:
        """Run a call; the first one opens the store."""
        try:
            value = self._run(call)
            return Returned(value, self._store is not None and self._store.is_due)
        except StoreError as error:
            return Failed(type(error).__name__, str(error), error.hint)
        except Exception:  # noqa: BLE001 - a bug, to be shown where it can be seen
            return Failed("", traceback.format_exc())

    def release(self) -> None:
        """Let other processes write; the end of a process does that by itself."""
        self._held.close()

    def _open(self) -> ChromaStore:
        with ExitStack() as stack:
            stack.enter_context(writing_alone(self._folder))
            store = ChromaStore(self._folder, write=True, folds=False)
            self._held = stack.pop_all()
        return store

    def _run(self, call: Call) -> Any:
        store = self._store = self._store or self._open()
        match call.method, call.arguments:
            case "open", ():
                return None
            case "add", (ids, document_ids, (rows, columns), packed):
                vectors = np.frombuffer(packed, dtype=np.float32).reshape(rows, columns)
                return store.add(ids, document_ids, vectors)
            case "vectors", (ids,):
                found = store.vectors(ids)
                return found.shape, found.tobytes()
            case "ids", ():
                return list(store.ids())
        method: Callable[..., Any] = getattr(store, call.method)
        return method(*call.arguments)


if __name__ == "__main__":
    main()
