"""Sentences by sentencex: about 300 languages, lossless, 56 MB of text a second."""

from __future__ import annotations

import re
from itertools import pairwise

import sentencex

_SURROGATES = re.compile("[\ud800-\udfff]")


def split(text: str, language: str) -> list[str]:
    """Cut `text` into sentences that join to `text` again; `language` is an ISO 639-1 code.

    White space and closing marks, which sentencex separates, are joined to their sentence. Lone
    surrogates count as letters.
    """
    starts: list[int] = []
    position = 0
    for readable in sentencex.segment(language, _SURROGATES.sub("\ufffd", text)):
        end = position + len(readable)
        if not starts or any(character.isalnum() for character in text[position:end]):
            starts.append(position)
        position = end
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]
