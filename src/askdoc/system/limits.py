"""How long reading a file may take and how much memory: held by the system, not by the reader.

A library that hangs may never let Python run again, so neither limit asks Python for leave. Timers
end the process, and memory beyond the limit is not given.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from askdoc.types import Found, Skip
from askdoc.types.indexing import KILLED

TOO_LARGE = "too_large"
OUT_OF_MEMORY = "out_of_memory"
OUT_OF_TIME = "out_of_time"
CRASHED = "crashed"

_LIMIT = "over the limit of"
_PATIENCE = 5
"""So many times the seconds of work may pass on the clock: a busy machine is slow."""

_GROWN = 4
_TIMED_OUT = 97
"""The exit code of a process that took too long, on systems without signals."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take: bytes of the file, seconds of work, bytes of memory."""

    size: int
    seconds: float
    memory: int


if sys.platform == "win32":

    class Timer:
        """Ends this process once it has been running for so many seconds."""

        def __init__(self, seconds: float) -> None:
            self._seconds = seconds * _PATIENCE

        @contextmanager
        def running(self) -> Iterator[None]:
            """Run the clock within."""
            timer = threading.Timer(self._seconds, os._exit, [_TIMED_OUT])
            timer.start()
            try:
                yield
            finally:
                timer.cancel()

        @contextmanager
        def paused(self) -> Iterator[None]:
            """Do nothing: waiting counts here."""
            yield

    def limit_memory(most: int) -> None:
        """Do nothing: there is no such limit here."""

    def memory_used() -> int:
        """Tell nothing."""
        return 0

else:
    import resource

    class Timer:
        """Ends this process once it has worked for so many seconds, by the clock for longer."""

        def __init__(self, seconds: float) -> None:
            self._left = {
                signal.ITIMER_PROF: seconds,
                signal.ITIMER_REAL: seconds * _PATIENCE,
            }

        @contextmanager
        def running(self) -> Iterator[None]:
            """Run the clocks within."""
            self._start()
            try:
                yield
            finally:
                self._stop()

        @contextmanager
        def paused(self) -> Iterator[None]:
            """Stop the clocks within."""
            self._stop()
            try:
                yield
            finally:
                self._start()

        def _start(self) -> None:
            for which, left in self._left.items():
                signal.setitimer(which, left)

        def _stop(self) -> None:
            for which in self._left:
                left, _ = signal.setitimer(which, 0)
                self._left[which] = max(left, 0.001)

    def limit_memory(most: int) -> None:
        """Refuse this process more than `most` bytes of data; where the system can."""
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    def memory_used() -> int:
        """Say how many bytes this process has had at most; what was freed mostly stays with it."""
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used * (1 if sys.platform == "darwin" else 1024)


def has_grown(most: int) -> bool:
    """Tell whether this process has used so much of the memory it may use that it should end."""
    return memory_used() * _GROWN > most


def cores() -> int:
    """Count the cores that this process may use, which a container can make fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def out_of_memory(found: Found, limits: Limits) -> Skip:
    """Say that a file was given up since reading it needs too much memory."""
    hint = "raise the setting `max_read_mb`, or leave the file out with `ignore`"
    return Skip(found.location, OUT_OF_MEMORY, _too_much_memory(limits), hint)


def ended(found: Found, limits: Limits, code: int) -> Skip:
    """Say why a file was given up, from the exit code of the process that was reading it."""
    if sys.platform == "win32":
        timed_out = code == _TIMED_OUT
    else:
        timed_out = -code in (signal.SIGPROF, signal.SIGALRM)
    if timed_out:
        hint = "raise the setting `max_read_seconds`, or leave the file out with `ignore`"
        return Skip(found.location, OUT_OF_TIME, _too_much_time(limits), hint)
    if sys.platform != "win32" and code == -signal.SIGKILL:
        reason = "the system killed what reads it, as it does when memory is short"
        hint = "free some memory, then run `askdoc index` again"
        return Skip(found.location, KILLED, reason, hint)
    how = f"with signal {-code}" if code < 0 else f"with exit code {code}"
    reason = f"what reads it crashed ({how}), {_or_no_memory(limits)}"
    hint = "raise the setting `max_read_mb`, or leave the file out with `ignore`"
    return Skip(found.location, CRASHED, reason, hint)


def still_holds(skip: Skip, limits: Limits) -> bool:
    """Tell whether a file that was skipped earlier would be for the same reason under `limits`."""
    if skip.code == TOO_LARGE:
        return _LIMIT not in skip.reason or skip.reason.endswith(over(limits.size))
    if skip.code == OUT_OF_MEMORY:
        return skip.reason == _too_much_memory(limits)
    if skip.code == OUT_OF_TIME:
        return skip.reason == _too_much_time(limits)
    return skip.code != CRASHED or skip.reason.endswith(_or_no_memory(limits))


def over(most: int) -> str:
    """Say what limit the size of a file is over, at the end of a reason."""
    return f"{_LIMIT} {most / 1e6:,.1f} MB"


def _too_much_memory(limits: Limits) -> str:
    return f"reading it needs more than {limits.memory / 1e6:,.0f} MB of memory"


def _too_much_time(limits: Limits) -> str:
    return f"reading it takes more than {limits.seconds:g} s"


def _or_no_memory(limits: Limits) -> str:
    return f"or needed more than {limits.memory / 1e6:,.0f} MB of memory"
