"""Sentences by sentencex: about 300 languages, lossless, 56 MB of text a second."""

from __future__ import annotations

import re
from itertools import pairwise

import sentencex

_SURROGATES = re.compile("[\ud800-\udfff]")
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")
"""White space beyond ASCII. Between a letter and a full stop, it makes sentencex panic."""


def split(text: str, language: str) -> list[str]:
    """Cut `text` into sentences that join to `text` again; `language` is an ISO 639-1 code.

    White space and closing marks, which sentencex separates, are joined to their sentence. Lone
    surrogates count as letters. A text over which sentencex panics is one sentence.
    """
    starts: list[int] = []
    position = 0
    for readable in _segment(language, _WIDE_SPACE.sub(" ", _SURROGATES.sub("\ufffd", text))):
        end = position + len(readable)
        if not starts or any(character.isalnum() for character in text[position:end]):
            starts.append(position)
        position = end
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def _segment(language: str, text: str) -> list[str]:
    try:
        return list(sentencex.segment(language, text))
    except BaseException as error:  # a panic of Rust is no Exception, and would end the program
        if type(error).__name__ != "PanicException":
            raise
        return [text]
