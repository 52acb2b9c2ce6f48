"""Whether two English words say nearly the same: by a table, or as forms of one root."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from askdoc.text.english import IRREGULAR
from askdoc.text.words import Terms, Word

_SUFFIXES = (
    "ation", "ment", "ness", "tion", "sion", "ion", "ing", "ers", "ors", "er", "or", "ed", "al",
    "ly", "es", "d", "e", "s",
)  # fmt: skip
"""Endings that make one part of speech from another, or a form of a word."""

_ROOT = 5
"""Letters that a root has at least."""


def alike(one: Word, other: Word, terms: Terms) -> bool:
    """Tell whether two words are synonyms, or forms of one root such as `teach` and `teacher`."""
    if one.stem is None or other.stem is None:
        return False
    groups = _groups(terms)
    return bool(groups.get(one.stem, _NONE) & groups.get(other.stem, _NONE)) or (
        _related(one.folded, other.folded)
    )


_NONE: frozenset[int] = frozenset()


@cache
def _groups(terms: Terms) -> Mapping[str, frozenset[int]]:
    """Map the stem of each word of the table to its groups."""
    text = resources.files("askdoc").joinpath("data/synonyms_en.txt").read_text(encoding="utf-8")
    found: dict[str, set[int]] = {}
    for number, line in enumerate(text.splitlines()):
        if not line.startswith("#"):
            for stem in terms(" ".join(IRREGULAR.get(word, word) for word in line.split())):
                found.setdefault(stem, set()).add(number)
    return {stem: frozenset(groups) for stem, groups in found.items()}


def _related(one: str, other: str) -> bool:
    """Tell whether two words differ by the endings of words alone."""
    if one[:_ROOT] != other[:_ROOT]:
        return False
    roots = _roots(one) & _roots(other)
    return any(len(root) >= _ROOT for root in roots)


def _roots(word: str) -> set[str]:
    cut = {word, *(word.removesuffix(suffix) for suffix in _SUFFIXES)}
    return cut | {root[:-1] for root in cut if root[-2:-1] == root[-1:]}
