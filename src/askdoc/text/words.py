"""A sentence as words with their stems, as the check of claims reads it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from askdoc.text.english import DETERMINERS, IRREGULAR, LIGHT, PAST, VERBS
from askdoc.text.mentions import PREPOSITIONS

Terms = Callable[[str], list[str]]
"""Lists the stems of a text, function words left out (`ports.Analyser.terms`)."""

_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:_[^\W_]+)*(?:['’][^\W\d_]+)*(?:-[^\W_]+)*")
_COMPOUND = re.compile(r"^(?:over|under|with|out|fore|mis|re)(?=\w{3})")
_SPLIT_HYPHEN = re.compile(r"-")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: as written, folded, its stem (None for a function word), and where it stands."""

    text: str
    folded: str
    stem: str | None
    start: int
    end: int

    @property
    def capital(self) -> bool:
        """Tell whether it is written as a name is."""
        return self.text[0].isupper() or any(character.isupper() for character in self.text[1:])


def read_words(text: str, terms: Terms) -> list[Word]:
    """List the words of `text` in order; one with a hyphen counts as its parts."""
    return [
        Word(part, fold(part), _stem(fold(part), terms), start, start + len(part))
        for part, start in _parts(text)
    ]


def fold(word: str) -> str:
    """Fold case and accents, and leave out a possessive ending and the dots of `U.S.`."""
    word = word.replace("’", "'")
    decomposed = unicodedata.normalize("NFKD", word).casefold()
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    if plain.endswith(("n't", "n'")):
        return plain
    return plain.partition("'")[0].replace(".", "")


def is_verb(word: Word, before: Word | None = None) -> bool:
    """Guess whether a word is the verb of its clause, from its form and the word before it."""
    if word.capital:
        return False
    if word.folded in PAST or _COMPOUND.sub("", word.folded) in PAST:
        return True
    if word.stem and word.folded.endswith("ed"):
        return True
    if word.stem not in VERBS or word.folded in IRREGULAR:
        return False
    nominal = before is not None and (
        before.folded in DETERMINERS or before.folded in PREPOSITIONS or before.text[0].isdigit()
    )
    return not nominal


def is_light(stem: str) -> bool:
    """Tell whether a stem says so little that any sentence may carry it."""
    return stem in LIGHT


@lru_cache(maxsize=8192)
def _stem(folded: str, terms: Terms) -> str | None:
    if folded.endswith("n't"):
        return None
    found = terms(IRREGULAR.get(folded, folded))
    return found[0] if found else None


def _parts(text: str) -> Iterator[tuple[str, int]]:
    for match in _TOKEN.finditer(text):
        start = match.start()
        for part in _SPLIT_HYPHEN.split(match[0]):
            if part:
                yield part, start
            start += len(part) + 1


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


@lru_cache(maxsize=8)
def _groups(terms: Terms) -> Mapping[str, frozenset[int]]:
    """Map the stem of each word of the table to its groups, which takes 2 MB."""
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
