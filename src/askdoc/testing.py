"""Public fakes: small, deterministic stand-ins for what is slow or heavy, for tests of your own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from askdoc.errors import EmbedderMismatch, StoreError
from askdoc.types import Hit

if TYPE_CHECKING:
    from askdoc.types import Span
    from askdoc.types.ports import Matrix

_WORD = re.compile(r"\w+")


class HashEmbedder:
    """Embeds a text as the sum of one random direction per word, without any model.

    Texts with common words have similar vectors; word order and meaning do not count. A token is a
    word. A text without words has a fixed direction.
    """

    def __init__(self, *, name: str = "hash", dimensions: int = 64, max_tokens: int = 256) -> None:
        self.name = name
        self.dimensions = dimensions
        self.max_tokens = max_tokens

    @property
    def fingerprint(self) -> str:
        """A hash of name and sizes."""
        parts = f"{self.name}\0{self.dimensions}\0{self.max_tokens}"
        return hashlib.blake2b(parts.encode("utf-8", "replace"), digest_size=12).hexdigest()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the words of each text."""
        return [len(_WORD.findall(text)) for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to be found; shape (len(texts), dimensions), unit length, in order."""
        return self._sums(texts)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to search by, just as passages are."""
        return self.embed_passages(texts)

    @property
    def contextual(self) -> bool:
        """True: a sentence has the same vector in its passage as alone."""
        return True

    def embed_in_context(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[Matrix, list[Matrix]]:
        """Embed passages, and the sentences that stand at those places in each."""
        parts = [
            self._sums([span.of(text) for span in spans])
            for text, spans in zip(texts, sentences, strict=True)
        ]
        return self.embed_passages(texts), parts

    def _sums(self, texts: Sequence[str]) -> Matrix:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            words = _WORD.findall(text.casefold())[: self.max_tokens]
            total = np.sum([self._direction(word) for word in words or [""]], axis=0)
            vectors[row] = total / np.linalg.norm(total)
        return vectors

    def _direction(self, word: str) -> Matrix:
        """Draw a direction for a word from the hash of its letters."""
        key = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
        random = np.random.default_rng(int.from_bytes(key))
        return random.standard_normal(self.dimensions, dtype=np.float32)


class MemoryVectors:
    """A `VectorStore` in memory; its search is exact. Closing keeps what is in it."""

    def __init__(self) -> None:
        self._vectors: dict[str, Matrix] = {}
        self._documents: dict[str, str] = {}

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors, replacing those whose id is there already."""
        for chunk, document, vector in zip(ids, document_ids, vectors, strict=True):
            length = len(next(iter(self._vectors.values()), vector))
            if len(vector) != length:
                message = f"vectors of {length} numbers are stored, not of {len(vector)}"
                raise EmbedderMismatch(message)
            self._vectors[chunk] = vector / np.linalg.norm(vector)
            self._documents[chunk] = document

    def remove(self, ids: Collection[str]) -> None:
        """Remove the vectors of these ids; unknown ids are ignored."""
        for chunk in ids:
            self._vectors.pop(chunk, None)
            self._documents.pop(chunk, None)

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Find the nearest to `vector`, shape (dimensions,); score is the cosine, best first."""
        length = np.linalg.norm(vector)
        hits = [
            Hit(chunk, float(stored @ vector / length))
            for chunk, stored in self._vectors.items()
            if documents is None or self._documents[chunk] in documents
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:limit]

    def ids(self) -> Iterator[str]:
        """List every id, in no particular order."""
        yield from list(self._vectors)

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order."""
        try:
            return np.asarray([self._vectors[chunk] for chunk in ids], dtype=np.float32)
        except KeyError as error:
            message = f"there is no vector `{error.args[0]}`"
            raise StoreError(message) from error

    def count(self) -> int:
        """Count the vectors."""
        return len(self._vectors)

    def check(self) -> list[str]:
        """Find nothing wrong."""
        return []

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
