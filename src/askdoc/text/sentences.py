"""Sentences by sentencex: about 300 languages, lossless, 56 MB of text a second."""

from __future__ import annotations

import re

import sentencex

_SURROGATES = re.compile("[\ud800-\udfff]")


def split(text: str, language: str) -> list[str]:
    """Cut `text` into sentences that join to `text` again; `language` is an ISO 639-1 code.

    White space and closing marks, which sentencex separates, are joined to their sentence. Lone
    surrogates count as letters.
    """
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
