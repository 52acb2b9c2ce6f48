"""How much of a language model's output is read: a server need not mind what it was told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_CHARACTERS = 16
"""A token has four or so; no answer that keeps to its tokens comes near to this."""


class Rein:
    """Tells when a model has said more than it may, or has said nothing for too long.

    Args:
        most_tokens: what it may say.
        timeout: seconds without a word, or None for as long as it takes. Blanks are no words, but
            what it thinks before it speaks counts.

    """

    def __init__(self, most_tokens: int, timeout: float | None) -> None:
        self._room = most_tokens * _CHARACTERS
        self._timeout = timeout
        self._heard = time.monotonic()

    def is_over(self, piece: str, *, thinks: bool) -> bool:
        """Count a piece of the output, also one that is blank; tell whether it is enough."""
        said = " ".join(piece.split())
        if said or thinks:
            self._heard = time.monotonic()
        self._room -= max(len(said), 1)
        return self._room < 0

    @contextmanager
    def slack(self) -> Iterator[None]:
        """Do not count the time that is spent with what was said."""
        began = time.monotonic()
        yield
        self._heard += time.monotonic() - began

    def is_idle(self) -> bool:
        """Tell whether nothing has been said for too long."""
        return self._timeout is not None and time.monotonic() - self._heard > self._timeout
