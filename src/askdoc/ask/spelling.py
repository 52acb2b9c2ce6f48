"""Repairs typing errors in a question, with the words of the documents and of the language.

A word is examined only if neither the documents nor the language know it. It is replaced by the
nearest word of the documents within one error (up to seven letters) or two errors (longer words).
An error is a letter added, lost, replaced, or swapped with its neighbour (Damerau 1964, as optimal
string alignment). Stems are compared, too, since the catalog has the stems of words. Words in
quotation marks stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from askdoc.text.mentions import WH

_AS_MEANT = re.compile(
    r"""("[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?:(?<=\s)|^)-[^\W\d_]\S*)"""  # quoted, or excluded
)
_WORD = re.compile(r"(?<![\w@#/.])[^\W\d_]{5,}(?![\w@/]|\.\w)")
_ASKING = re.compile(r"(?<![\w@#/.-])[^\W\d_]{3,}(?![\w@/-]|\.\w)")
_SHORT = 7
_SHORTEST_BASE = 4
_TELLING = 5
"""Least letters of a stem for a comparison."""
_BY_STEM = 1.5
"""Extra distance of a word that is known only by its stem, since an error can produce a wrong
stem."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of documents and language.

    `terms` returns the terms of a text, `frequencies` the number of chunks per term, `beginning`
    the documents' terms with a prefix and their frequencies. `words` ranks the words of the
    language by frequency. `near` lists the words within a number of errors, with the number of
    each.
    """

    terms: Callable[[str], list[str]]
    frequencies: Callable[[Iterable[str]], Mapping[str, int]]
    beginning: Callable[[str], Mapping[str, int]]
    words: Mapping[str, int]
    near: Callable[[str, Sequence[str], int], list[tuple[str, int]]]


def repair(question: str, vocabulary: Vocabulary) -> str:
    """Return the question with typing errors repaired."""
    parts = _AS_MEANT.split(question)
    parts[::2] = [
        _ASKING.sub(lambda match: _asking_word(match.group(), vocabulary), part)
        for part in parts[::2]
    ]
    question = "".join(parts)
    doubted = {
        word: term
        for part in parts[::2]
        for word in _WORD.findall(part)
        if (term := _doubted(word, vocabulary))
    }
    held = vocabulary.frequencies(doubted.values())
    repairs = {
        word: nearest
        for word, term in doubted.items()
        if not held[term] and (nearest := _nearest(word.lower(), term, vocabulary))
    }
    if not repairs:
        return question
    parts[::2] = [
        _WORD.sub(lambda match: repairs.get(match.group(), match.group()), part)
        for part in parts[::2]
    ]
    return "".join(parts)


def _asking_word(word: str, vocabulary: Vocabulary) -> str:
    """Return the question word of which `word` is a version with two letters swapped, else `word`.

    Documents need not contain it, since a question word is not a search term.
    """
    lower = word.lower()
    if lower in vocabulary.words or any(vocabulary.frequencies(vocabulary.terms(word)).values()):
        return word
    swapped = {
        lower[:place] + lower[place + 1] + lower[place] + lower[place + 2 :]
        for place in range(len(lower) - 1)
    }
    repairs = swapped & WH
    if len(repairs) != 1:
        return word
    found = repairs.pop()
    return found.capitalize() if word[0].isupper() else found


def _doubted(word: str, vocabulary: Vocabulary) -> str | None:
    """Return the term of a word; None if it is a word of the language, or one with an ending."""
    lower = word.lower()
    if lower in vocabulary.words:
        return None
    terms = vocabulary.terms(word)
    beginnings = (lower[:end] for end in range(_SHORTEST_BASE, len(lower)))
    if any(one in vocabulary.words and vocabulary.terms(one) == terms for one in beginnings):
        return None  # `wipes`, of `wipe`
    return terms[0] if len(terms) == 1 else None


def _nearest(word: str, term: str, vocabulary: Vocabulary) -> str | None:
    """Return the most likely intended word of the documents.

    Among equally near ones, a word of the language is preferred to one that only documents have,
    and a more common word to a rarer one.
    """
    most = 1 if len(word) <= _SHORT else 2
    known = [*vocabulary.words, *vocabulary.beginning(word[0])]
    known = [other for other in known if other[0] == word[0]]
    # Only a swap can change the first letter.
    swapped = word[1] + word[0]
    known += [other for other in vocabulary.words if other.startswith(swapped)]
    known += vocabulary.beginning(swapped)
    near: list[tuple[str, float]] = [*vocabulary.near(word, known, most)]
    if len(term) >= _TELLING:
        near += [(other, _BY_STEM) for other, _ in vocabulary.near(term, known, 1)]
    terms = {other: vocabulary.terms(other) for other, _ in near}
    held = vocabulary.frequencies({term for found in terms.values() for term in found})
    held_by = {other: min((held[t] for t in found), default=0) for other, found in terms.items()}
    ranked = sorted(
        (distance, vocabulary.words.get(other, len(vocabulary.words)), -held_by[other], other)
        for other, distance in near
        if held_by[other]
    )
    return ranked[0][-1] if ranked else None
