"""Limits on time and memory for reading a file, enforced by the operating system.

A library that hangs may never return to Python, so neither limit depends on Python: timers end the
process, and the system refuses memory beyond the limit.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from askdoc.types import Found, Skip
from askdoc.types.indexing import KILLED

TOO_LARGE = "too_large"
OUT_OF_MEMORY = "out_of_memory"
OUT_OF_TIME = "out_of_time"
CRASHED = "crashed"

_LIMIT = "over the limit of"
PATIENCE = 5
"""Wall-clock seconds allowed per second of processor time: a busy machine is slow."""

_GROWN = 4
_TIMED_OUT = 97
"""The exit code of a process that took too long, on systems without timer signals."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for reading one file.

    Bytes of the file, seconds of processor time, bytes of memory.
    """

    size: int
    seconds: float
    memory: int


if sys.platform == "win32":

    class Timer:
        """Ends this process after `seconds` of wall-clock time."""

        def __init__(self, seconds: float) -> None:
            self._seconds = seconds * PATIENCE

        @contextmanager
        def running(self) -> Iterator[None]:
            """Run the clock inside this block."""
            timer = threading.Timer(self._seconds, os._exit, [_TIMED_OUT])
            timer.start()
            try:
                yield
            finally:
                timer.cancel()

        @contextmanager
        def paused(self) -> Iterator[None]:
            """Do nothing: wall-clock time includes waiting."""
            yield

    def limit_memory(most: int) -> None:
        """Do nothing: this system has no such limit."""

    def memory_used() -> int:
        """Return None: this system does not tell."""
        return 0

else:
    import resource

    class Timer:
        """Ends this process after `seconds` of processor time, or a multiple of it by the clock."""

        def __init__(self, seconds: float) -> None:
            self._left = {
                signal.ITIMER_PROF: seconds,
                signal.ITIMER_REAL: seconds * PATIENCE,
            }

        @contextmanager
        def running(self) -> Iterator[None]:
            """Run the clocks inside this block."""
            self._start()
            try:
                yield
            finally:
                self._stop()

        @contextmanager
        def paused(self) -> Iterator[None]:
            """Stop the clocks inside this block."""
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
        """Limit this process to `most` bytes of data, if the system supports it."""
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    def memory_used() -> int:
        """Return the peak memory of this process in bytes; a process rarely gives memory back."""
        # On Linux, `ru_maxrss` of a process begins with the memory of the one that started it.
        with suppress(OSError):
            for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
                name, _, value = line.partition(":")
                if name == "VmHWM":
                    return int(value.removesuffix("kB")) * 1024
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used * (1 if sys.platform == "darwin" else 1024)


def has_grown(most: int) -> bool:
    """Tell whether a fresh process should follow, given the memory that this one has used."""
    return memory_used() * _GROWN > most


def cores() -> int:
    """Count the cores that this process may use.

    A container may allow fewer than exist, and so may `OMP_NUM_THREADS`, which Ray sets.
    """
    if hasattr(os, "sched_getaffinity"):
        there = len(os.sched_getaffinity(0))
    else:
        there = os.cpu_count() or 1
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return min(there, int(allowed)) if allowed.isdecimal() and int(allowed) else there


def out_of_memory(found: Found, limits: Limits) -> Skip:
    """Return the skip of a file that needs too much memory."""
    hint = "raise the setting `max_read_mb`, or leave the file out with `ignore`"
    return Skip(found.location, OUT_OF_MEMORY, _too_much_memory(limits), hint)


def ended(found: Found, limits: Limits, code: int) -> Skip:
    """Return the skip of a file whose reading process ended with this exit code."""
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
    """Tell whether `limits` would skip a file again for the reason of an earlier skip."""
    if skip.code == TOO_LARGE:
        return _LIMIT not in skip.reason or skip.reason.endswith(over(limits.size))
    if skip.code == OUT_OF_MEMORY:
        return skip.reason == _too_much_memory(limits)
    if skip.code == OUT_OF_TIME:
        return skip.reason == _too_much_time(limits)
    return skip.code != CRASHED or skip.reason.endswith(_or_no_memory(limits))


def over(most: int) -> str:
    """Return the phrase that names a file's size and the limit."""
    return f"{_LIMIT} {most / 1e6:,.1f} MB"


def _too_much_memory(limits: Limits) -> str:
    return f"reading it needs more than {limits.memory / 1e6:,.0f} MB of memory"


def _too_much_time(limits: Limits) -> str:
    return f"reading it takes more than {limits.seconds:g} s"


def _or_no_memory(limits: Limits) -> str:
    return f"or needed more than {limits.memory / 1e6:,.0f} MB of memory"
