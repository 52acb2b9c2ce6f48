"""Starts child processes."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from askdoc.errors import AskdocError

_PASSING = frozenset({errno.EAGAIN, errno.EFAULT, errno.ENOMEM})
"""Errors of a start that may succeed in a moment: no memory, or too many processes."""

_TRIES = 4
_PAUSE = 0.25
"""Seconds to wait before each retry."""


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

else:

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
