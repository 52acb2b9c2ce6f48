"""Sentences by sentencex: about 300 languages, lossless, 56 MB of text a second."""

from __future__ import annotations

import re
from collections.abc import Sequence

import sentencex

_SURROGATES = re.compile("[\ud800-\udfff]")


class SentencexSplitter:
    """A `SentenceSplitter` that joins what sentencex cuts off: white space and closing marks."""

    def split(self, text: str, language: str) -> Sequence[str]:
        """Cut `text` into pieces that join to `text` again; lone surrogates count as letters."""
        pieces: list[str] = []
        position = 0
        for readable in sentencex.segment(language, _SURROGATES.sub("\ufffd", text)):
            piece = text[position : position + len(readable)]
            position += len(readable)
            if pieces and not any(character.isalnum() for character in piece):
                pieces[-1] += piece
            else:
                pieces.append(piece)
        return pieces
