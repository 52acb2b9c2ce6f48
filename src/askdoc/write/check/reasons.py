"""Whether a claim gives as a reason what its source calls no hindrance, or the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from askdoc.write.check.languages import ALTHOUGH, BECAUSE, ENGLISH, UNSPACED_REASONS, plain

_PART = re.compile(r"[;,.:，。；]")
_CONCLUDES = re.compile(r"therefore|thus|hence|so that|caus|led|reason", re.IGNORECASE)
"""What stands after the reason, or between it and what follows from it."""

_SHARED = 0.4
_LONGEST = 20
_ARTICLES = frozenset(
    ["the", "a", "an", "of", "its", "it", "had", "was", "been", "being", "having"]
)

_LETTERS = re.compile(r"[^\W\d_]+")
_CAUSES = re.compile(
    r"\b(?:because|due to|owing to|as a result|on account of|thanks to|therefore|thus|hence"
    r"|since (?!then\b|\d|the \d|January|February|March|April|May|June|July|August|September"
    r"|October|November|December)|so that|caus\w+|led to|reason\w*)\b",
    re.IGNORECASE,
)
_HINDERS = re.compile(
    r"\b(?:al)?though\b|\bdespite\b|\bin spite of\b|\bnotwithstanding\b|\beven (?:if|when|so)\b"
    r"|\bregardless\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Joint:
    text: str
    governed: frozenset[str]
    hinders: bool


def misreasoned(claim: str, source: str, language: str) -> str | None:
    """Find `although` in the claim where the source has `because`, or the other way round."""
    theirs = list(_joints(source, language))
    for mine in _joints(claim, language):
        same = [other for other in theirs if _cover(mine.governed, other.governed)]
        if same and all(other.hinders != mine.hinders for other in same):
            return f"“{mine.text}” stands against “{same[0].text}” in"
    return None


def _joints(text: str, language: str) -> Iterator[_Joint]:
    """List the words for a reason, and for what is no hindrance, with what they govern."""
    for hinders in (False, True):
        for start, end in _found(text, language, hinders=hinders):
            after = _PART.split(text[end:].lstrip(" ,"))[0]
            governed = text if _CONCLUDES.match(text[start:end]) else after
            yield _Joint(text[start:end], _words(governed), hinders)


def _found(text: str, language: str, *, hinders: bool) -> Iterator[tuple[int, int]]:
    if language == ENGLISH:
        matches = (_HINDERS if hinders else _CAUSES).finditer(text)
        yield from (match.span() for match in matches)
    elif language in BECAUSE:
        kind = (ALTHOUGH if hinders else BECAUSE)[language]
        yield from (m.span() for m in _LETTERS.finditer(text) if plain(m[0]) in kind)
    else:
        yield from (match.span() for match in UNSPACED_REASONS[hinders].finditer(text))


def _words(text: str) -> frozenset[str]:
    """List the words of a text, or the pairs of letters where words are not told apart."""
    words = _LETTERS.findall(plain(text))
    if words and not words[0].isascii() and max(map(len, words)) > _LONGEST:
        return frozenset(word[at : at + 2] for word in words for at in range(len(word) - 1))
    return frozenset(words) - _ARTICLES


def _cover(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether two reasons are about the same."""
    return len(one & other) > _SHARED * min(len(one), len(other))
