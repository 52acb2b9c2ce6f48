"""Ctrl-C, and what else ends a program, that waits until a module is imported.

What an interrupted import leaves behind cannot be used in that process any more: numpy refuses to
be loaded a second time, and onnxruntime turns the interrupt into an error of its own.
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
"""Seconds until a Ctrl-C that came too early is raised again."""


_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""What ends a program from outside: `kill`, and a terminal that is closed."""

_SIGNALLED = 128
"""What a shell adds to a signal's number, for the exit code of a program that it ended."""


def postponed(frame: FrameType | None, number: int = signal.SIGINT) -> bool:
    """Raise a signal again in a moment if it interrupted an import."""
    while frame is not None and frame.f_code.co_filename != _IMPORTING:
        frame = frame.f_back
    if frame is None:
        return False
    import threading  # no start of askdoc waits for what few will need

    again = threading.Timer(_MOMENT, partial(_send, number))
    again.daemon = True
    again.start()
    return True


@contextmanager
def interruptible() -> Iterator[None]:
    """Have Ctrl-C raise a KeyboardInterrupt, as it does anyway, but never into an import.

    Where Ctrl-C has another handler, or none as under nohup, that stays.
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
    """Let SIGTERM, or a closed terminal, end what runs here as Ctrl-C does, with its own exit code.

    Left to the system, an end amid writing would leave behind a lock file, vectors that are half
    written, and a terminal without its cursor. The first such signal counts: `timeout` sends two.
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

    # what is ignored, as under nohup, stays so
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
    """Send this process a signal; a wait of its main thread ends by that, as by a real one."""
    if os.name == "nt":  # where `kill` would end the process
        signal.raise_signal(number)
    else:
        os.kill(os.getpid(), number)
