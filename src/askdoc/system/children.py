"""Starts the processes that work for this one."""

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
"""How a start fails on a machine that has no memory or no process to give just then."""

_TRIES = 4
_PAUSE = 0.25
"""Seconds between tries."""


def start(
    module: str, arguments: Sequence[str] = (), *, errors: int | None = None
) -> subprocess.Popen[bytes]:
    """Run a module of askdoc's, with pipes to its standard input and from its standard output.

    What ends a program is for the process that is in charge, and goes to all that share its
    terminal, or its `timeout`: one that writes would die amid that, and a Python that meets Ctrl-C
    while it starts, before the module ignores it, says so at length. It ends with its input.

    Raises:
        AskdocError: the system starts none, also when it is asked again.

    """
    # -P: no module is taken from the folder that one stands in.
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
        """Keep Ctrl-C and the like from this thread, and for good from what it starts."""
        endings = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, endings)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
