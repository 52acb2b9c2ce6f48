"""Sentences by sentencex: about 300 languages, lossless, 56 MB of text a second."""

from __future__ import annotations

from collections.abc import Sequence

import sentencex


class SentencexSplitter:
    """A `SentenceSplitter` that joins what sentencex cuts off: white space and closing marks."""

    def split(self, text: str, language: str) -> Sequence[str]:
        """Cut `text` into pieces that join to `text` again."""
        pieces: list[str] = []
        for piece in sentencex.segment(language, text):
            if pieces and not any(character.isalnum() for character in piece):
                pieces[-1] += piece
            else:
                pieces.append(piece)
        return pieces
