"""Lets a separate process write the vectors.

Chroma's memory grows the longer it runs, and damaged files can crash it. A separate process is
replaced when it has grown, a crash is an ordinary error, and the work runs on another core. But to
start it takes longer than to write a small index. A new database has no damage, so it may begin in
this process, and move to another when that would be replaced.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from askdoc import errors
from askdoc.errors import IndexCorrupt
from askdoc.store import chroma_files
from askdoc.store.chroma_worker import Worker
from askdoc.system import children
from askdoc.system.wire import Call, Failed, Returned, receive, send
from askdoc.types import Hit

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


class ChromaWriter:
    """A `VectorStore` in `folder` for writing, created if missing.

    Calls run in order, even if their caller is interrupted while it waits. Errors of opening, which
    takes a second, are raised by the first call. The process starts with the first call or `open`,
    so that there is always an owner to close it; an orphan would keep the folder locked.

    `starts_here` is for a new database: it is written in this process, and in one of its own from
    a certain size on.
    """

    def __init__(self, folder: Path, *, starts_here: bool = False) -> None:
        self._folder = folder
        self._here = Worker(folder) if starts_here else None
        self._process: subprocess.Popen[bytes] | None = None
        self._is_due = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="askdoc-vectors")
        self._opening: Future[Any] | None = None
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Start to open the store in the background."""
        self._opened()

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors; those with an existing id replace the old ones."""
        packed = np.ascontiguousarray(vectors, dtype=np.float32).tobytes()
        self._ask("add", list(ids), list(document_ids), vectors.shape, packed)

    def remove(self, ids: Collection[str]) -> None:
        """Forget the vectors of those ids; unknown ids are ignored."""
        self._ask("remove", list(ids))

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Return the vectors nearest to `vector`, shape (dimensions,), by cosine, best first."""
        wanted = None if documents is None else list(documents)
        found: list[Hit] = self._ask("search", vector.tolist(), limit, wanted)
        return found

    def ids(self) -> Iterator[str]:
        """List all ids, in no particular order."""
        yield from self._ask("ids")

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order, shape (len(ids), dimensions)."""
        shape, packed = self._ask("vectors", list(ids))
        return np.frombuffer(packed, dtype=np.float32).reshape(shape)

    def count(self) -> int:
        """Count the vectors."""
        return int(self._ask("count"))

    def check(self) -> list[str]:
        """Return one sentence per damage; empty if there is none. Reads every byte."""
        found: list[str] = self._ask("check")
        return found

    def close(self) -> None:
        """Close the files; do not use the store afterwards."""
        if self._ended:
            return
        try:
            if self._opening is not None and self._opening.exception() is None:
                self._ask("close")
        finally:
            self._end()

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    def _ask(self, method: str, *arguments: Any) -> Any:
        self._opened().result()
        return self._thread.submit(self._call, Call(method, arguments)).result()

    def _opened(self) -> Future[Any]:
        if self._opening is None:
            self._opening = self._thread.submit(self._call, Call("open", ()))
        return self._opening

    def _call(self, call: Call) -> Any:
        """Send a call to the process and return its result; runs in the thread for that."""
        try:
            if self._is_due:
                self._fold()
            reply = self._exchange(call)
            self._is_due = isinstance(reply, Returned) and reply.retires
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            code = self._dismiss()
            chroma_files.suspect(self._folder)
            raise _crashed(self._folder, code) from error
        if isinstance(reply, Failed):
            raise _raised(reply)
        return reply.value

    def _fold(self) -> None:
        """Let a fresh process fold the log: it has no graph in memory yet."""
        self._exchange(Call("leave"))
        self._dismiss()
        self._is_due = False
        done = self._exchange(Call("close"))
        self._dismiss()
        if isinstance(done, Failed):
            raise _raised(done)

    def _exchange(self, call: Call) -> Returned | Failed:
        if self._here is not None:
            return self._here.reply(call)
        if self._process is None:
            self._process = children.start(
                "askdoc.store.chroma_worker", [str(self._folder.absolute())]
            )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise EOFError
        send(process.stdin, call)
        reply: Returned | Failed = receive(process.stdout)
        return reply

    def _dismiss(self) -> int:
        """End the process, or the work in this one, and return its exit code."""
        if self._here is not None:
            self._here.release()
            self._here = None
        process, self._process = self._process, None
        if process is None:
            return 0
        with process, suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        return process.returncode

    def _end(self) -> None:
        if not self._ended:
            self._thread.submit(self._dismiss)
            self._ended = True
        self._thread.shutdown()


def _crashed(folder: Path, code: int) -> IndexCorrupt:
    """Say that the process ended before it had answered; the next run makes the vectors whole."""
    if sys.platform != "win32" and code == -signal.SIGKILL:
        message = (
            f"the system killed what writes the vectors in `{folder}`, as it does when memory is"
            " short"
        )
        return IndexCorrupt(message, hint="free some memory, then run `askdoc index` again")
    message = f"chromadb crashed on the vectors in `{folder}` (exit code {code})"
    return IndexCorrupt(message, hint="run `askdoc index` again, which makes them anew")


def _raised(failed: Failed) -> Exception:
    """Return the error that the process has sent."""
    kind = getattr(errors, failed.error, None)
    if kind is None:
        return RuntimeError(failed.message)
    error: Exception = kind(failed.message, hint=failed.hint)
    return error
