"""An embedder that embeds no text twice, for runs that meet the same sentences again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from askdoc.ports import Embedder

if TYPE_CHECKING:
    import numpy.typing as npt

    from askdoc.ports import Matrix

    Vector = npt.NDArray[np.float32]

_MOST = 200_000
"""Vectors kept at most: 0.3 GB of 384 dimensions. When they are full, all are forgotten."""


class RememberingEmbedder:
    """Hands on to another embedder what it has not embedded before.

    The other must give a text the same vector whatever it is embedded together with, as askdoc's
    own embedders do; then nothing differs but the time it takes.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: dict[tuple[str, str], Vector] = {}
        self._on = True

    @property
    def name(self) -> str:
        """The name of the embedder behind."""
        return self._embedder.name

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the embedder behind."""
        return self._embedder.fingerprint

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self._embedder.dimensions

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are looked at."""
        return self._embedder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text."""
        return self._embedder.count_tokens(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to be found; shape (len(texts), dimensions)."""
        return self._embed("passage", texts, self._embedder.embed_passages)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to search by; shape (len(texts), dimensions)."""
        return self._embed("query", texts, self._embedder.embed_queries)

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """Embed everything anew within, so that it takes the time it takes."""
        self._on = False
        try:
            yield
        finally:
            self._on = True

    def _embed(
        self, role: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Matrix]
    ) -> Matrix:
        if not self._on or not texts:
            return embed(texts)
        if len(self._kept) > _MOST:
            self._kept.clear()
        missing = list(dict.fromkeys(text for text in texts if (role, text) not in self._kept))
        if missing:
            for text, vector in zip(missing, embed(missing), strict=True):
                self._kept[role, text] = vector
        return np.stack([self._kept[role, text] for text in texts])
