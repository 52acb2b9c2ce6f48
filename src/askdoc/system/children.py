"""Starts child processes."""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from askdoc.errors import AskdocError
from askdoc.system.limits import PATIENCE

_PASSING = frozenset({errno.EAGAIN, errno.EFAULT, errno.ENOMEM})
"""Errors of a start that may succeed in a moment: no memory, or too many processes."""

_TRIES = 4
_PAUSE = 0.25
"""Seconds to wait before each retry."""

_MOST_LOST = 3
"""Items that may end their process."""

_NO_MEMORY = 3
"""The exit code of a process in which Python had no memory left."""

_RESULT = struct.Struct("<dQ")
"""The processor time that a process has used, and the length of the result that follows."""


def start(
    module: str, arguments: Sequence[str] = (), *, errors: int | None = None
) -> subprocess.Popen[bytes]:
    """Run a module of askdoc's, with pipes to its standard input and from its standard output.

    The child ignores Ctrl-C and the like from its start: these signals go to all processes of a
    terminal, but the parent decides when a child ends. A child that writes could die in the middle,
    and a Python that gets Ctrl-C while it starts prints a traceback. The child ends when its input
    ends.

    Raises:
        AskdocError: the system cannot start a process, also after retries.

    """
    # -P: no module is imported from the current folder
    command = [sys.executable, "-P", "-m", module, *arguments]
    for left in reversed(range(_TRIES)):
        try:
            with _without_endings():
                return subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
                )
        except OSError as error:
            if not left or error.errno not in _PASSING:
                message = f"no further process can be started: {error.strerror or error}"
                hint = "end other programs and run this again; what was done is kept"
                raise AskdocError(message, hint=hint) from error
        time.sleep(_PAUSE)
    raise AssertionError


if sys.platform == "win32":

    @contextmanager
    def _without_endings() -> Iterator[None]:
        yield

    def each_apart(
        work: Callable[[int], bytes], count: int, seconds: float
    ) -> Iterator[bytes | None]:
        """Yield the results from this process: this system cannot copy it."""
        del seconds
        return map(work, range(count))

else:

    def each_apart(
        work: Callable[[int], bytes], count: int, seconds: float
    ) -> Iterator[bytes | None]:
        """Yield `work(0)`, `work(1)` and so on from a copy of this process.

        An item that takes too much time or memory ends the copy and yields None, and the next copy
        continues after it. All items together get `seconds` of processor time. If they take more,
        or more than a few are lost, or all, then this process ends as the last copy did.

        Raises:
            MemoryError: Python had no memory left in the last copy.

        """
        share = seconds / max(1, min(count, _MOST_LOST + 1))
        done = lost = 0
        spent = 0.0
        while done < count:
            reading, writing = os.pipe()
            child = os.fork()
            if not child:
                os.close(reading)
                _work_through(work, range(done, count), share, writing)
            os.close(writing)
            with os.fdopen(reading, "rb") as results:
                while len(head := results.read(_RESULT.size)) == _RESULT.size:
                    used, length = _RESULT.unpack(head)
                    result = results.read(length)
                    if len(result) < length:
                        break
                    yield result
                    done += 1
                    if spent + used > seconds:
                        os.kill(child, signal.SIGPROF)
                        _end_as(-signal.SIGPROF)
            _, status, usage = os.wait4(child, 0)
            spent += usage.ru_utime + usage.ru_stime
            code = os.waitstatus_to_exitcode(status)
            if done < count:
                lost += 1
                if lost > _MOST_LOST or lost == count or code == -signal.SIGKILL:
                    _end_as(code)
                yield None
                done += 1

    def _work_through(
        work: Callable[[int], bytes], items: Iterable[int], share: float, writing: int
    ) -> None:
        """Write the results of the items, with limits on the time of each; end this process."""
        code = 1
        try:
            with os.fdopen(writing, "wb") as results:
                for item in items:
                    signal.setitimer(signal.ITIMER_PROF, share)
                    signal.setitimer(signal.ITIMER_REAL, share * PATIENCE)
                    result = work(item)
                    results.write(_RESULT.pack(time.process_time(), len(result)))
                    results.write(result)
                    results.flush()
            code = 0
        except MemoryError:
            code = _NO_MEMORY
        finally:
            os._exit(code)  # no exit handler of the original process runs twice

    def _end_as(code: int) -> None:
        """End this process as another one ended, so that its parent sees the reason."""
        if code == _NO_MEMORY:
            raise MemoryError
        if code < 0:
            os.kill(os.getpid(), -code)
        message = f"a process ended with exit code {code}"
        raise RuntimeError(message)

    @contextmanager
    def _without_endings() -> Iterator[None]:
        """Block Ctrl-C and the like in this thread.

        A process that starts meanwhile inherits the mask.
        """
        endings = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, endings)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
