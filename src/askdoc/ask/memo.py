"""Caching embedder and analyser, for runs with many questions about the same sentences."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from askdoc.types.ports import Analyser, Embedder

if TYPE_CHECKING:
    import numpy.typing as npt

    from askdoc.ask.answer import Parts
    from askdoc.types import Span
    from askdoc.types.ports import Matrix

    Vector = npt.NDArray[np.float32]

_MOST = 200_000
"""Most texts in a cache: 0.3 GB for vectors of 384 dimensions. A full cache is emptied."""


class _Switch(threading.local):
    """Whether the cache may be used, per thread."""

    on = True

    @contextmanager
    def off(self) -> Iterator[None]:
        self.on = False
        try:
            yield
        finally:
            self.on = True


class RememberingEmbedder:
    """Caches the vectors of another embedder.

    That embedder must give a text the same vector in any batch, as askdoc's embedders do. As
    thread-safe as the other embedder.
    """

    def __init__(self, embedder: Embedder, most: int = _MOST) -> None:
        self._embedder = embedder
        self._most = most
        self._kept: dict[tuple[str, str], Vector] = {}
        self._memory = _Switch()

    @property
    def name(self) -> str:
        """The name of the other embedder."""
        return self._embedder.name

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the other embedder."""
        return self._embedder.fingerprint

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self._embedder.dimensions

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text count."""
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

    @property
    def contextual(self) -> bool:
        """Whether the other embedder computes vectors of sentences in their passage."""
        return self._embedder.contextual

    def embed_in_context(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[Matrix, list[Matrix]]:
        """Embed passages and their sentences, without the cache."""
        return self._embedder.embed_in_context(texts, sentences)

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """Bypass the cache in this block, in this thread, for an honest measurement of time."""
        with self._memory.off():
            yield

    def _embed(
        self, role: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Matrix]
    ) -> Matrix:
        if not self._memory.on or not texts:
            return embed(texts)
        if len(self._kept) > self._most:
            self._kept.clear()
        found = {text: self._kept.get((role, text)) for text in texts}
        missing = [text for text, vector in found.items() if vector is None]
        if missing:
            for text, vector in zip(missing, embed(missing), strict=True):
                self._kept[role, text] = found[text] = vector
        return np.stack([vector for text in texts if (vector := found[text]) is not None])


class RememberingAnalyser:
    """Caches the terms of another analyser."""

    def __init__(self, analyser: Analyser, most: int = _MOST) -> None:
        self._analyser = analyser
        self._most = most
        self._kept: dict[tuple[str, str], tuple[str, ...]] = {}
        self._memory = _Switch()

    def language(self, text: str, among: Sequence[str] = ()) -> str:
        """Name the language of `text`, one of `among` if there are any."""
        return self._analyser.language(text, among)

    def terms(self, text: str, language: str) -> list[str]:
        """List the terms of `text` in order."""
        if not self._memory.on:
            return self._analyser.terms(text, language)
        if len(self._kept) > self._most:
            self._kept.clear()
        found = self._kept.get((text, language))
        if found is None:
            found = self._kept[text, language] = tuple(self._analyser.terms(text, language))
        return list(found)

    def question_terms(self, question: str, language: str) -> list[str]:
        """List the terms of a question that an answer should contain."""
        return self._analyser.question_terms(question, language)

    def commonness(self, term: str, language: str) -> float:
        """Return the probability that an ordinary passage of a hundred words contains `term`."""
        return self._analyser.commonness(term, language)

    def words(self, language: str) -> Mapping[str, int]:
        """Rank the words of a language, in lower case, by how common they are; 0 is the first."""
        return self._analyser.words(language)

    def near(self, word: str, choices: Sequence[str], most: int) -> list[tuple[str, int]]:
        """List the `choices` within `most` typing errors, nearest first."""
        return self._analyser.near(word, choices, most)

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """Bypass the cache in this block, in this thread."""
        with self._memory.off():
            yield


def remembering(parts: Parts, most: int = _MOST) -> Parts:
    """Put caches of at most so many texts in front of the embedder and the analyser."""
    sources = parts.sources
    return replace(
        parts,
        sources=replace(
            sources,
            embedder=RememberingEmbedder(sources.embedder, most),
            analyser=RememberingAnalyser(sources.analyser, most),
        ),
    )
