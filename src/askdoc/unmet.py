"""What a question asks about and a text does not hold: another year, model, person or thing.

All words of a question count together in search, so what holds all but the one that matters stands
first, and looks as good as an answer. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from askdoc.synonyms import alike
from askdoc.words import Terms, Word, read_words

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_GAP_IN_CODE = re.compile(r"(?<=[^\W\d_])[- ](?=\d)|(?<=\d)-(?=[^\W\d_])")
"""Where some write a code apart: `X-400` and `X 400` are `X400`."""

_KIND = re.compile(r"\b(?:how(?:\s+(?:many|much))?|what|which)\s+([^\W\d_]+)", re.IGNORECASE)
"""The word that says of what kind the answer is, as in `how heavy`: few answers repeat it."""

_NOUNS_HAVE_CAPITALS = frozenset(("de", "lb"))


def named(question: str, terms: Terms, language: str = "en") -> set[str]:
    """List the terms of what a question names or numbers: its words with digits or capitals.

    Its first word counts where a name follows. Where all words have capitals, or all nouns of a
    language do, these say nothing.
    """
    words = _WORD.findall(question)
    capital = [any(letter.isupper() for letter in word) for word in words]
    if all(capital) or not any(capital[1:]) or language in _NOUNS_HAVE_CAPITALS:
        capital = [False] * len(words)
    elif not capital[1]:
        capital[0] = False
    told = (word for word, is_name in zip(words, capital, strict=True) if is_name or _digit(word))
    return {term for word in told for term in terms(word)}


def unmet(
    question: str, asked: Iterable[str], told: str, terms: Terms, language: str = "en"
) -> list[str]:
    """List those terms that are `asked` for in a question and that a text holds in no form.

    Another form of a term is a word that says nearly the same, a name in the plural or by its
    initials, or a code that is written apart.
    """
    held = {*terms(told)}
    names = named(question, terms, language)
    kinds = {term for word in _KIND.findall(question) for term in terms(word)} - names
    lacking = [term for term in asked if term not in held and term not in kinds]
    if not lacking:
        return []
    words, given = read_words(question, terms), _once(read_words(told, terms))
    codes = _codes(question, terms) & _codes(told, terms)

    def is_held(term: str) -> bool:
        if any(term in code for code in codes):
            return True
        own = [word for word in words if term in terms(word.text)]
        if term in names:
            return any(_named_otherwise(word, words, given) for word in own)
        return any(alike(word, other, terms) for word in own for other in given)

    return [term for term in lacking if not is_held(term)]


def _named_otherwise(name: Word, question: Sequence[Word], told: Sequence[Word]) -> bool:
    """Tell whether a name is there in the plural, or is part of what initials stand for."""
    if name.folded.rstrip("s") in {word.folded.rstrip("s") for word in told}:
        return True
    if name.stem is not None and name.stem in {word.stem for word in told}:
        return True
    if _is_acronym(name):
        return name.folded in _initials(told)
    spelled = _initials(question)
    return any(
        _is_acronym(word) and word.folded in spelled and name.folded[0] in word.folded
        for word in told
    )


def _initials(words: Iterable[Word]) -> str:
    return "".join(word.folded[0] for word in words if word.capital and word.folded)


def _is_acronym(word: Word) -> bool:
    letters = word.text.replace(".", "")
    return len(letters) > 1 and letters.isalpha() and letters.isupper()


def _codes(text: str, terms: Terms) -> set[str]:
    """List the terms with digits of a text, a code that is written apart as one."""
    return {term for term in terms(_GAP_IN_CODE.sub("", text)) if _digit(term)}


def _once(words: Iterable[Word]) -> list[Word]:
    return list({word.text: word for word in words}.values())


def _digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)
