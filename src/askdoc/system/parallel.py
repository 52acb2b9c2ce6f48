"""Many tasks on several threads, each thread with a worker of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from typing import TypeVar

from askdoc.errors import AskdocError

Task = TypeVar("Task")
Result = TypeVar("Result")

OpenWorker = Callable[[], AbstractContextManager[Callable[[Task], Result]]]
"""Opens what does tasks, for the thread that calls."""

_GLANCE = 0.5
"""Seconds after which who waits looks up, since on Windows Ctrl-C does not wake a sleeper."""

_PATIENCE = 2.0
"""Seconds that threads are waited for in the end; one that a server keeps is left behind."""


def each(
    tasks: Sequence[Task],
    open_worker: OpenWorker[Task, Result],
    jobs: int,
) -> Generator[tuple[int, Result | AskdocError]]:
    """Do every task, and yield its position with its result as soon as it is done.

    `open_worker` is entered and left in the thread that works. An `AskdocError` that a task raises
    is its result; what is raised otherwise, or while a worker is opened, is raised here. Closing
    the iterator ends the work: what is begun is not waited for longer than a moment.
    """
    waiting = deque(range(len(tasks)))
    done: SimpleQueue[tuple[int, Result | AskdocError] | BaseException] = SimpleQueue()
    stopped = threading.Event()

    def work() -> None:
        try:
            with open_worker() as do:
                while waiting and not stopped.is_set():
                    try:
                        position = waiting.popleft()
                    except IndexError:  # another thread was quicker
                        return
                    done.put((position, _outcome(do, tasks[position])))
        except BaseException as error:  # noqa: BLE001 - raised again where it is heard
            done.put(error)

    threads = [
        threading.Thread(target=work, name=f"askdoc-job-{number}", daemon=True)
        for number in range(1, min(jobs, len(tasks)) + 1)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in tasks:
            outcome = _next(done)
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome
    finally:
        stopped.set()
        until = time.monotonic() + _PATIENCE
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _outcome(do: Callable[[Task], Result], task: Task) -> Result | AskdocError:
    try:
        return do(task)
    except AskdocError as error:
        return error


def _next(done: SimpleQueue[Result]) -> Result:
    while True:
        try:
            return done.get(timeout=_GLANCE)
        except Empty:
            continue
