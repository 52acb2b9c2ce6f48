"""Runs many tasks on several threads; each thread has its own worker."""

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
"""Opens a worker for the calling thread."""

_GLANCE = 0.5
"""Seconds between checks while waiting: on Windows Ctrl-C does not end a wait."""

_PATIENCE = 2.0
"""Seconds to wait for the threads at the end; one that waits for a server is abandoned."""


def each(
    tasks: Sequence[Task],
    open_worker: OpenWorker[Task, Result],
    jobs: int,
) -> Generator[tuple[int, Result | AskdocError]]:
    """Run all tasks, and yield each position with its result as soon as it is done.

    Each thread opens and closes its own worker. An `AskdocError` of a task is its result; any other
    error, and any error of opening a worker, is raised here. Closing the iterator ends the work,
    and waits only a moment for running tasks.
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
                    except IndexError:  # another thread took the last task
                        return
                    done.put((position, _outcome(do, tasks[position])))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
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
