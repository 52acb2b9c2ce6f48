"""Lets Ctrl-C and other signals wait until a running import ends.

After an interrupted import, the module is unusable in that process: numpy refuses to be loaded a
second time, and onnxruntime turns the interrupt into an error of its own.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

_IMPORTING = "<frozen importlib._bootstrap>"
_MOMENT = 0.02
"""Seconds until a signal that arrived during an import is sent again."""


_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals that end a program from outside: `kill`, and a closed terminal."""

_SIGNALLED = 128
"""A shell's exit code for a program that a signal ended is this plus the signal's number."""


def postponed(frame: FrameType | None, number: int = signal.SIGINT) -> bool:
    """Send a signal again in a moment if an import is running; return whether it is."""
    while frame is not None and frame.f_code.co_filename != _IMPORTING:
        frame = frame.f_back
    if frame is None:
        return False
    import threading  # imported late: few runs need it

    again = threading.Timer(_MOMENT, partial(_send, number))
    again.daemon = True
    again.start()
    return True


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt as usual, but never inside an import.

    Another handler, or an ignored signal (nohup), stays as it is.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM or a closed terminal end this block as Ctrl-C does, with the signal's exit code.

    Otherwise the process could leave a lock file, half-written vectors, and a terminal without
    cursor. Only the first such signal counts: `timeout` sends two.
    """
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    met: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        if not met and not postponed(frame, number):
            met.append(number)
            raise KeyboardInterrupt

    # a signal that is ignored, as under nohup, stays ignored
    held = [number for number in _ENDINGS if signal.getsignal(number) is signal.SIG_DFL]
    for number in held:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, signal.SIG_DFL)
        if met:
            raise SystemExit(_SIGNALLED + met[0])


def _interrupt(_: int, frame: FrameType | None) -> None:
    if not postponed(frame):
        raise KeyboardInterrupt


def _send(number: int) -> None:
    """Send this process a signal; as with a real one, the main thread stops waiting."""
    if os.name == "nt":  # on Windows `os.kill` would end the process
        signal.raise_signal(number)
    else:
        os.kill(os.getpid(), number)
