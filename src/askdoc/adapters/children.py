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

    Ctrl-C is for the process that is in charge, and goes to all that share its terminal: a Python
    that meets one while it starts, before the module ignores it, dies and says so at length.
    """
    with _without_ctrl_c():
        return subprocess.Popen(
            # -P: no module is taken from the folder that one stands in.
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )


if sys.platform == "win32":

    @contextmanager
    def _without_ctrl_c() -> Iterator[None]:
        yield

else:

    @contextmanager
    def _without_ctrl_c() -> Iterator[None]:
        """Keep Ctrl-C from this thread, and for good from the processes that it starts."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
