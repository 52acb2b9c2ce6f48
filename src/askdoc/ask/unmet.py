"""What a question asks about and a text does not hold: another year, model, person or thing.

All words of a question count together in search, so what holds all but the one that matters stands
first, and looks as good as an answer. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from askdoc.text.synonyms import alike
from askdoc.text.words import Terms, Word, read_words

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_GAP_IN_CODE = re.compile(r"(?<=[^\W\d_])[- ](?=\d)|(?<=\d)-(?=[^\W\d_])")
"""Where some write a code apart: `X-400` and `X 400` are `X400`."""

_KIND = re.compile(r"\b(?:how(?:\s+(?:many|much))?|what|which)\s+([^\W\d_]+)", re.IGNORECASE)
"""The word that says of what kind the answer is, as in `how heavy`: few answers repeat it."""

_ROMAN = re.compile(r"(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})", re.IGNORECASE)
"""Below 90, which leaves out what letters stand for otherwise, such as CD and MM."""

_SHORTEST_SMALL = 2
"""Letters of a Roman numeral in small letters: one alone is a word, or names something."""

_LETTERS = {"I": 1, "V": 5, "X": 10, "L": 50}
_LARGEST = 3
"""Digits of a number that may be written as a Roman numeral, too."""

_JOINS_NUMBERS = frozenset(("and", "or", "to", "und", "oder", "bis", "et", "ou"))
_NOUNS_HAVE_CAPITALS = frozenset(("de", "lb"))


def named(question: str, terms: Terms, language: str = "en") -> set[str]:
    """List the terms of what a question names or numbers: its words with digits or capitals.

    Its first word counts where a name follows. Where all words have capitals, or all nouns of a
    language do, these say nothing. A Roman numeral behind a noun counts however it is written.
    """
    words = _WORD.findall(question)
    capital = [any(letter.isupper() for letter in word) for word in words]
    if all(capital) or not any(capital[1:]) or language in _NOUNS_HAVE_CAPITALS:
        capital = [False] * len(words)
    elif not capital[1]:
        capital[0] = False
    told = [word for word, is_name in zip(words, capital, strict=True) if is_name or _digit(word)]
    told += [word for _, word, _ in _numbered(question, terms)]
    return {term for word in told for term in terms(word)}


def unmet(
    question: str, asked: Iterable[str], told: str, terms: Terms, language: str = "en"
) -> list[str]:
    """List those terms that are `asked` for in a question and that a text holds in no form.

    Another form of a term is a word that says nearly the same, a name in the plural or by its
    initials, a code that is written apart, or the number of the same noun in other figures
    (`phase III`, `phase 3`).
    """
    held = {*terms(told)}
    names = named(question, terms, language)
    kinds = {term for word in _KIND.findall(question) for term in terms(word)} - names
    lacking = [term for term in asked if term not in held and term not in kinds]
    if not lacking:
        return []
    words, given = read_words(question, terms), _once(read_words(told, terms))
    codes = _codes(question, terms) & _codes(told, terms)
    numbers = {(noun, number) for noun, _, number in _numbered(told, terms)}
    numerals = {
        term
        for noun, word, number in _numbered(question, terms)
        if (noun, number) in numbers
        for term in terms(word)
    }

    def is_held(term: str) -> bool:
        if term in numerals or any(term in code for code in codes):
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


def _numbered(text: str, terms: Terms) -> Iterator[tuple[str, str, int]]:
    """List the nouns of a text that have a number, that number as it is written, and its value."""
    noun: str | None = None
    for word in _WORD.findall(text):
        number = _value(word)
        if number is not None and noun is not None:
            yield noun, word, number
        elif number is None and word.lower() not in _JOINS_NUMBERS:  # as in `phases II and III`
            noun = next(reversed(terms(word)), None)


def _value(word: str) -> int | None:
    """Read a number in Arabic or Roman figures; None where a word is none."""
    if word.isdecimal():
        return int(word) if len(word) <= _LARGEST else None
    if not (word.isupper() or (word.islower() and len(word) >= _SHORTEST_SMALL)):
        return None
    if _ROMAN.fullmatch(word) is None:
        return None
    values = [_LETTERS[letter] for letter in word.upper()]
    return sum(
        -value if value < after else value
        for value, after in zip(values, [*values[1:], 0], strict=True)
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
