"""A writer's vectors, kept by a process of their own.

Chroma keeps memory that it has no use for, the more the longer it runs, and damaged files can crash
it. In a process of its own neither harms the run: it is replaced when it has grown, and its end is
an error like any other. And what it does, it does on a core of its own.
"""

from __future__ import annotations

import pickle
import subprocess
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from askdoc import errors
from askdoc.errors import IndexCorrupt
from askdoc.store import vectors_files
from askdoc.store.vectors import REPAIR
from askdoc.system import children
from askdoc.system.wire import Call, Failed, Returned, receive, send
from askdoc.types import Hit

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


class ChromaProcess:
    """A `VectorStore` in `folder` to write to, made where it is missing.

    Calls are carried out in order, also those whose caller was interrupted while it waited. What is
    wrong with the store, which takes a second to open, is raised by the first call that needs it.
    A process is started by the first call or `open`, not before the store is in the hands of
    somebody who closes it: one that is left behind holds on to the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
        """Begin to open the store; that goes on by itself."""
        self._opened()

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors, replacing those whose id is there already."""
        packed = np.ascontiguousarray(vectors, dtype=np.float32).tobytes()
        self._ask("add", list(ids), list(document_ids), vectors.shape, packed)

    def remove(self, ids: Collection[str]) -> None:
        """Forget the vectors of those ids; unknown ids are ignored."""
        self._ask("remove", list(ids))

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Find the nearest to `vector`, shape (dimensions,); score is the cosine, best first."""
        wanted = None if documents is None else list(documents)
        found: list[Hit] = self._ask("search", vector.tolist(), limit, wanted)
        return found

    def ids(self) -> Iterator[str]:
        """List every id, in no particular order."""
        yield from self._ask("ids")

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order, shape (len(ids), dimensions)."""
        shape, packed = self._ask("vectors", list(ids))
        return np.frombuffer(packed, dtype=np.float32).reshape(shape)

    def count(self) -> int:
        """Count the vectors."""
        return int(self._ask("count"))

    def check(self) -> list[str]:
        """Say what is damaged, one sentence each; empty where nothing is. Reads every byte."""
        found: list[str] = self._ask("check")
        return found

    def close(self) -> None:
        """Let go of files; the store is not used afterwards."""
        if self._ended:
            return
        try:
            if self._opening is not None and self._opening.exception() is None:
                self._ask("close")
        finally:
            self._end()

    # ── below here: how ─────────────────────────────────────────────────────────────────────────

    def _ask(self, method: str, *arguments: Any) -> Any:
        self._opened().result()
        return self._thread.submit(self._call, Call(method, arguments)).result()

    def _opened(self) -> Future[Any]:
        if self._opening is None:
            self._opening = self._thread.submit(self._call, Call("open", ()))
        return self._opening

    def _call(self, call: Call) -> Any:
        """Have a call carried out; runs in the thread that talks to the process."""
        try:
            if self._is_due:
                self._fold()
            reply = self._exchange(call)
            self._is_due = isinstance(reply, Returned) and reply.retires
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            code = self._dismiss()
            vectors_files.suspect(self._folder)
            message = f"chromadb crashed on the vectors in `{self._folder}` (exit code {code})"
            raise IndexCorrupt(message, hint=REPAIR) from error
        if isinstance(reply, Failed):
            raise _raised(reply)
        return reply.value

    def _fold(self) -> None:
        """Have the log folded by a fresh process, which has no graph in memory yet."""
        self._exchange(Call("leave"))
        self._dismiss()
        self._is_due = False
        done = self._exchange(Call("close"))
        self._dismiss()
        if isinstance(done, Failed):
            raise _raised(done)

    def _exchange(self, call: Call) -> Returned | Failed:
        if self._process is None:
            self._process = children.start(
                "askdoc.store.vectors_worker", [str(self._folder.absolute())]
            )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise EOFError
        send(process.stdin, call)
        reply: Returned | Failed = receive(process.stdout)
        return reply

    def _dismiss(self) -> int:
        """End the process and return its exit code."""
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


def _raised(failed: Failed) -> Exception:
    """Return the error that the process met."""
    kind = getattr(errors, failed.error, None)
    if kind is None:
        return RuntimeError(failed.message)
    error: Exception = kind(failed.message, hint=failed.hint)
    return error
