"""Limits how often the words of a merged cell are repeated in the rows and columns it covers."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_COPIED = 250_000
"""Characters of one file that are written again, in rows and columns that a cell reaches over."""


@dataclass(slots=True)
class Copies:
    """How many more characters of a file may be written again; few bytes can ask for millions."""

    left: int = _MOST_COPIED

    def of(self, words: str, times: int) -> int:
        """Say how often to write words that are there so many times; at least once."""
        further = min(times - 1, self.left // max(1, len(words)))
        self.left -= further * len(words)
        return 1 + further
