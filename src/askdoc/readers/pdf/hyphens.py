"""Hyphens at the ends of lines: which part a word, and which belong to it. Pure.

Only the file's own words and the commonest ones of English are evidence. A hyphen that parts a word
becomes a soft one, so that the word can be joined again; any other stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from askdoc.readers.pdf.layout import PageLine
from askdoc.strings import SOFT_HYPHEN

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BEFORE = re.compile(r"([^\W\d_]+)-\Z")
_AFTER = re.compile(r"[^\W\d_]+")


def soften(
    pages: Iterable[Sequence[PageLine]], is_common: Callable[[str], bool]
) -> list[list[PageLine]]:
    """Return the lines with a soft hyphen where a word is parted; `is_common` knows words."""
    pages = list(pages)
    known = {word.casefold() for page in pages for word in _whole_words(page)}

    def is_known(word: str) -> bool:
        return word.casefold() in known or is_common(word.casefold())

    return [
        [
            replace(line, text=line.text[:-1] + SOFT_HYPHEN)
            if _is_parted(line.text, following.text if following else "", is_known)
            else line
            for line, following in zip(page, [*page[1:], None], strict=False)
        ]
        for page in pages
    ]


def _whole_words(page: Sequence[PageLine]) -> Iterator[str]:
    """Yield the words of a page but for those that a line end may have parted."""
    follows = False
    for line in page:
        parts = bool(_BEFORE.search(line.text))
        words = _WORD.findall(line.text)
        yield from words[follows : len(words) - parts]
        follows = parts


def _is_parted(line: str, following: str, is_known: Callable[[str], bool]) -> bool:
    before, after = _BEFORE.search(line), _AFTER.match(following)
    if before is None or after is None or not after[0].islower():
        return False
    head, tail = before[1], after[0]
    if is_known(head + tail):
        return True
    return not is_known(f"{head}-{tail}") and not (is_known(head) and is_known(tail))
