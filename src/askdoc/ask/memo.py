"""Parts that do no work twice, for runs that meet the same sentences again and again."""

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
"""Texts kept at most, 0.3 GB of vectors of 384 dimensions. When all is full, all is forgotten."""


class _Switch(threading.local):
    """Whether what is kept may be used; each thread has its own."""

    on = True

    @contextmanager
    def off(self) -> Iterator[None]:
        self.on = False
        try:
            yield
        finally:
            self.on = True


class RememberingEmbedder:
    """Hands on to another embedder what it has not embedded before.

    The other must give a text the same vector whatever it is embedded together with, as askdoc's
    own embedders do; then nothing differs but the time it takes. As safe in several threads as the
    other is.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: dict[tuple[str, str], Vector] = {}
        self._memory = _Switch()

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

    @property
    def contextual(self) -> bool:
        """Whether the embedder behind gives vectors of sentences in their passage."""
        return self._embedder.contextual

    def embed_in_context(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[Matrix, list[Matrix]]:
        """Embed passages and their sentences; nothing of it is kept."""
        return self._embedder.embed_in_context(texts, sentences)

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """Embed everything anew within, in this thread, so that it takes the time it takes."""
        with self._memory.off():
            yield

    def _embed(
        self, role: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Matrix]
    ) -> Matrix:
        if not self._memory.on or not texts:
            return embed(texts)
        if len(self._kept) > _MOST:
            self._kept.clear()
        found = {text: self._kept.get((role, text)) for text in texts}
        missing = [text for text, vector in found.items() if vector is None]
        if missing:
            for text, vector in zip(missing, embed(missing), strict=True):
                self._kept[role, text] = found[text] = vector
        return np.stack([vector for text in texts if (vector := found[text]) is not None])


class RememberingAnalyser:
    """Hands on to another analyser what it has not analysed before."""

    def __init__(self, analyser: Analyser) -> None:
        self._analyser = analyser
        self._kept: dict[tuple[str, str], tuple[str, ...]] = {}
        self._memory = _Switch()

    def language(self, text: str, among: Sequence[str] = ()) -> str:
        """Name the language of `text`, one of `among` if there are any."""
        return self._analyser.language(text, among)

    def terms(self, text: str, language: str) -> list[str]:
        """List the terms of `text` in order."""
        if not self._memory.on:
            return self._analyser.terms(text, language)
        if len(self._kept) > _MOST:
            self._kept.clear()
        found = self._kept.get((text, language))
        if found is None:
            found = self._kept[text, language] = tuple(self._analyser.terms(text, language))
        return list(found)

    def question_terms(self, question: str, language: str) -> list[str]:
        """List the terms of a question that an answer should hold."""
        return self._analyser.question_terms(question, language)

    def commonness(self, term: str, language: str) -> float:
        """Return the chance that an ordinary passage of a hundred words holds `term`; 0 to 1."""
        return self._analyser.commonness(term, language)

    def words(self, language: str) -> Mapping[str, int]:
        """Rank the words of a language, in lower case, by how common they are; 0 is the first."""
        return self._analyser.words(language)

    def near(self, word: str, choices: Sequence[str], most: int) -> list[tuple[str, int]]:
        """List those of `choices` that are `most` slips of the keys away at most, nearest first."""
        return self._analyser.near(word, choices, most)

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """Analyse everything anew within, in this thread."""
        with self._memory.off():
            yield


def remembering(parts: Parts) -> Parts:
    """Put a memory before what embeds and before what analyses."""
    sources = parts.sources
    return replace(
        parts,
        sources=replace(
            sources,
            embedder=RememberingEmbedder(sources.embedder),
            analyser=RememberingAnalyser(sources.analyser),
        ),
    )
