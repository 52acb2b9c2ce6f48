"""Files read in processes of their own, so that none can hang or end the run, or fill its memory.

A thread for each process talks to it. The processes start with the first file, as many as there is
work for. What is read waits in the pipes until it is wanted, so nothing piles up here.
"""

from __future__ import annotations

import pickle
import queue
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from askdoc.errors import AskdocError, ReadError
from askdoc.index.sources import NO_OPTIONS, Readout
from askdoc.system import children, limits
from askdoc.system.limits import Limits
from askdoc.system.wire import Done, Message, Refused, Request, receive, send
from askdoc.types import Found, Part, Reading, ReadOptions, Skip

_AHEAD = 2
"""Files for each process that are asked for before they are wanted."""

_PARTS_AHEAD = 2
"""Parts of a file that wait here; more wait in the process that reads it."""

_FAREWELL = 2
"""Seconds that a process is given to end by itself."""

_IDLE = 0.25
"""Seconds to wait for a file before saying that there is none yet."""


@dataclass(frozen=True, slots=True)
class ReadingPool:
    """Reads files in up to `workers` processes; `reader_named` tells which reader a name asks for.

    What `reader_named` raises is raised when a file's parts are asked for.
    """

    workers: int
    limits: Limits
    reader_named: Callable[[str], str]
    options: ReadOptions = NO_OPTIONS

    @contextmanager
    def read(self, items: Iterable[Found]) -> Iterator[Iterator[Readout | None]]:
        """Read files, each as soon as it is ready; at the end nothing of the pool is left."""
        run = _Run(self)
        try:
            yield run.readouts(iter(items))
        finally:
            run.close()


class _Run:
    def __init__(self, pool: ReadingPool) -> None:
        self._pool = pool
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._lanes: list[_Lane] = []

    def readouts(self, items: Iterator[Found]) -> Iterator[Readout | None]:
        """Yield what is read, and None where nothing is yet."""
        asked = 0
        exhausted = False
        while asked or not exhausted:
            while not exhausted and asked < self._pool.workers * _AHEAD:
                found = next(items, None)
                exhausted = found is None
                if found is not None:
                    self._ask(found, asked)
                    asked += 1
            if asked:
                try:
                    task = self._ready.get(timeout=_IDLE)
                except queue.Empty as empty:
                    if not all(lane.is_alive() for lane in self._lanes):
                        message = "a thread that reads files has died"  # which is a bug
                        raise RuntimeError(message) from empty
                    yield None
                    continue
                asked -= 1
                yield task

    def close(self) -> None:
        """End threads and processes, whatever they are at."""
        for lane in self._lanes:
            lane.stop()
        for _ in self._lanes:
            self._tasks.put(None)
        for lane in self._lanes:
            lane.join()

    def _ask(self, found: Found, asked: int) -> None:
        task = _Task(found, self._pool)
        if asked >= len(self._lanes) < self._pool.workers:
            lane = _Lane(self._tasks, self._ready)
            self._lanes.append(lane)
            lane.start()
        self._tasks.put(task)


class _Task:
    """A file to read. A `_Lane` fills it with parts, and the caller takes them as a `Readout`."""

    def __init__(self, found: Found, pool: ReadingPool) -> None:
        self.found = found
        self.content_hash = ""
        self.limits = pool.limits
        self.arrived: queue.Queue[Message | AskdocError] = queue.Queue(_PARTS_AHEAD)
        self._pool = pool

    def request(self) -> Request:
        """Say what to read, and by which reader."""
        pool = self._pool
        return Request(self.found, pool.reader_named(self.found.file), pool.options, pool.limits)

    def parts(self) -> Iterator[Reading | Part]:
        """Yield the parts as they arrive."""
        while True:
            message = self.arrived.get()
            match message:
                case Reading() | Part():
                    yield message
                case Done():
                    self.content_hash = message.content_hash
                    return
                case Refused(Skip(_, code, reason, hint)):
                    raise ReadError(reason, code=code, hint=hint)
                case AskdocError():
                    raise message


class _Lane(threading.Thread):
    """A thread with its own reading process, which it replaces when the process ends."""

    def __init__(
        self,
        tasks: queue.SimpleQueue[_Task | None],
        ready: queue.SimpleQueue[_Task],
    ) -> None:
        super().__init__(name="askdoc-read", daemon=True)
        self._tasks = tasks
        self._ready = ready
        self._stopped = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._changing = threading.Lock()

    def run(self) -> None:
        """Let the process read one file after the other."""
        try:
            while (task := self._tasks.get()) is not None and not self._stopped.is_set():
                self._read(task)
        finally:
            self._end()

    def stop(self) -> None:
        """Kill the process; what it has read is lost."""
        self._stopped.set()
        with self._changing:
            if self._process is not None:
                self._process.kill()

    def _read(self, task: _Task) -> None:
        announced = False
        for message in self._messages(task):
            if not announced:
                self._ready.put(task)
                announced = True
            self._hand_over(task, message)

    def _messages(self, task: _Task) -> Iterator[Message | AskdocError]:
        try:
            request = task.request()
        except AskdocError as error:
            yield error
            return
        try:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
            send(process.stdin, request)
            while True:
                message = receive(process.stdout)
                yield message
                if isinstance(message, Done | Refused):
                    if message.retires:
                        self._end()
                    return
        except AskdocError as error:  # the process could not be started
            yield error
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            code = self._end()
            yield Refused(limits.ended(task.found, task.limits, code))

    def _hand_over(self, task: _Task, message: Message | AskdocError) -> None:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                task.arrived.put(message, timeout=_IDLE)
                return

    def _running(self) -> subprocess.Popen[bytes]:
        with self._changing:
            if self._process is None and not self._stopped.is_set():
                self._process = children.start(
                    "askdoc.index.reading.worker", errors=subprocess.DEVNULL
                )
            if self._process is None:
                raise EOFError
            return self._process

    def _end(self) -> int:
        """End the process and return its exit code."""
        with self._changing:
            process, self._process = self._process, None
        if process is None:
            return 0
        with process:
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()
            try:
                process.wait(0 if self._stopped.is_set() else _FAREWELL)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.returncode
