"""Ctrl-C that waits until a module is imported.

What an interrupted import leaves behind cannot be used in that process any more: numpy refuses to
be loaded a second time, and onnxruntime turns the interrupt into an error of its own.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_IMPORTING = "<frozen importlib._bootstrap>"
_MOMENT = 0.02
"""Seconds until a Ctrl-C that came too early is met again."""


def postponed(frame: FrameType | None) -> bool:
    """Have Ctrl-C come again in a moment if it came into an import, as its frame tells."""
    while frame is not None and frame.f_code.co_filename != _IMPORTING:
        frame = frame.f_back
    if frame is None:
        return False
    import threading  # no start of askdoc waits for what few will need

    again = threading.Timer(_MOMENT, _press)
    again.daemon = True
    again.start()
    return True


@contextmanager
def interruptible() -> Iterator[None]:
    """Have Ctrl-C raise a KeyboardInterrupt, as it does anyway, but never into an import.

    Where Ctrl-C does something else, as nothing under nohup, it goes on to do that.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(_: int, frame: FrameType | None) -> None:
    if not postponed(frame):
        raise KeyboardInterrupt


def _press() -> None:
    """Send this process a Ctrl-C; a wait of its main thread ends by that, as by a real one."""
    if os.name == "nt":  # where `kill` would end the process
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)
