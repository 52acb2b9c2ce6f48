"""Repairs slips of the keys in a question, against the words of the documents and of the language.

A word is looked at only if no document holds it and the language does not know it. It is replaced
by the nearest word that the documents do hold, if that is near: one slip in a word of up to seven
letters, two in a longer one, where a slip is a letter added, lost, exchanged, or swapped with its
neighbour (Damerau 1964, in the form of optimal string alignment). Its stem is compared as well: the
documents' words are known by their stems. What stands in quotation marks is meant as it is.
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
_TELLING = 5
"""Letters that a stem has at least to be compared."""
_BY_STEM = 1.5
"""How far a word counts to be if it is known by its stem alone: slips can make a false stem."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What is known of words.

    `terms` gives the terms of a text, `frequencies` says how many chunks hold each of some terms,
    `beginning` lists the terms of the documents that begin so, with their frequencies.
    `words` ranks the words of the language by how common they are. `near` lists those of some
    words that are so many slips away from one at most, each with how many.
    """

    terms: Callable[[str], list[str]]
    frequencies: Callable[[Iterable[str]], Mapping[str, int]]
    beginning: Callable[[str], Mapping[str, int]]
    words: Mapping[str, int]
    near: Callable[[str, Sequence[str], int], list[tuple[str, int]]]


def repair(question: str, vocabulary: Vocabulary) -> str:
    """Return the question with its slips repaired; the same where there are none."""
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
    """Return the question word that has two letters swapped in `word`; else `word` itself.

    The documents need not hold it: a question word is no term of a search.
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
    """Return the term of a word that the language does not know."""
    if word.lower() in vocabulary.words:
        return None
    terms = vocabulary.terms(word)
    return terms[0] if len(terms) == 1 else None


def _nearest(word: str, term: str, vocabulary: Vocabulary) -> str | None:
    """Find the word that the documents hold and that was most likely meant.

    Of equally near ones, a word of the language goes before what only the documents know, a more
    common word before a rarer one.
    """
    most = 1 if len(word) <= _SHORT else 2
    known = [*vocabulary.words, *vocabulary.beginning(word[0])]
    known = [other for other in known if other[0] == word[0]]
    # A slip at the beginning can only be a swap.
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
