"""A language model that can be interrupted at any time, also before its first word.

A model that reads a long prompt, or a server that does not answer, says nothing for a long time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from askdoc.types import Form, Prompt, Spent
    from askdoc.types.ports import Generator

_OFTEN = 0.05
"""Seconds between two checks whether to continue."""


class _End:
    """Stands behind the last piece."""


class Interruptible:
    """A `Generator` that another one speaks through, from a thread of its own.

    As soon as `cancelled` is true, its stream raises a KeyboardInterrupt. The other one ends at its
    next piece.
    """

    def __init__(self, generator: Generator, cancelled: Callable[[], bool]) -> None:
        self._generator = generator
        self._cancelled = cancelled
        self.name = generator.name
        self.remote = generator.remote
        self.context = generator.context

    @property
    def form(self) -> Form:
        """What holds the other one to the shape of an answer, as far as it is known by now."""
        return self._generator.form

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        """Yield what the other one does.

        Raises:
            KeyboardInterrupt: it was cancelled.
            GeneratorError: the other one raised it.

        """
        pieces: SimpleQueue[str | Spent | Exception | _End] = SimpleQueue()
        stopped = Event()

        def pump() -> None:
            try:
                with closing(self._generator.stream(prompt)) as stream:  # type: ignore[type-var]
                    for piece in stream:
                        if stopped.is_set():
                            return
                        pieces.put(piece)
            except Exception as error:  # noqa: BLE001 - raised where it is listened to
                pieces.put(error)
            finally:
                pieces.put(_End())

        Thread(target=pump, name="askdoc-llm-pump", daemon=True).start()
        try:
            while True:
                if self._cancelled():
                    raise KeyboardInterrupt
                try:
                    item = pieces.get(timeout=_OFTEN)
                except Empty:
                    continue
                if isinstance(item, _End):
                    return
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            stopped.set()

    def close(self) -> None:
        """Close the other one."""
        self._generator.close()
