"""Starts the processes that work for this one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def start(
    module: str, arguments: Sequence[str] = (), *, errors: int | None = None
) -> subprocess.Popen[bytes]:
    """Run a module of askdoc's, with pipes to its standard input and from its standard output.

    What ends a program is for the process that is in charge, and goes to all that share its
    terminal, or its `timeout`: one that writes would die amid that, and a Python that meets Ctrl-C
    while it starts, before the module ignores it, says so at length. It ends with its input.
    """
    with _without_endings():
        return subprocess.Popen(
            # -P: no module is taken from the folder that one stands in.
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )


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
