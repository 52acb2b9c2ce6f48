"""The confidence: a logistic model for the probability that the documents answer a question.

The features describe the best evidence. `training/fit_confidence.py` fits the packaged
coefficients, and reports their quality on held-out documents.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from askdoc.ask.names import held as held_figures
from askdoc.ask.rank import RANKER, SHORT, coverage
from askdoc.ask.retrieve import DENSE, LEXICAL, Query
from askdoc.text.chunking import lexical_text
from askdoc.text.words import Terms, Word, alike, read_words
from askdoc.types import Evidence, Passage

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_GAP_IN_CODE = re.compile(r"(?<=[^\W\d_])[- ](?=\d)|(?<=\d)-(?=[^\W\d_])")
"""A code that may be written with a gap: `X-400` and `X 400` are `X400`."""

_KIND = re.compile(r"\b(?:how(?:\s+(?:many|much))?|what|which)\s+([^\W\d_]+)", re.IGNORECASE)
"""The word after `how` (`how heavy`): few answers repeat it."""

_ROMAN = re.compile(r"(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})", re.IGNORECASE)
"""Roman numerals below 90, because larger ones are often abbreviations, such as CD and MM."""

_SHORTEST_SMALL = 2
"""Least letters of a Roman numeral in lower case: a single letter is usually something else."""

_LETTERS = {"I": 1, "V": 5, "X": 10, "L": 50}
_LARGEST = 3
"""Most digits of a number that may also be written as a Roman numeral."""

_JOINS_NUMBERS = frozenset(("and", "or", "to", "und", "oder", "bis", "et", "ou"))
_NOUNS_HAVE_CAPITALS = frozenset(("de", "lb"))


def named(question: str, terms: Terms, language: str = "en") -> set[str]:
    """List the terms of a question's names and numbers: words with digits or capitals.

    The first word counts only if a name follows. Capitals are ignored if all words have them, or if
    the language capitalises all nouns. A Roman numeral after a noun counts in any case.
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
    """List those of the `asked` terms of a question that a text contains in no form.

    Other forms of a term are synonyms, a name in the plural or by its initials, a code with a gap,
    a longer form of a version or date (`v3`, `3.0.0`), and the number of the same noun in other
    figures (`phase III`, `phase 3`).
    """
    held = {*terms(told)}.union(*map(terms, held_figures(question, told)))
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
    """Tell whether a name occurs in the plural, or as the words or initials of an acronym."""
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
    """Yield (noun, number as written, value) for the numbered nouns of a text."""
    noun: str | None = None
    for word in _WORD.findall(text):
        number = _value(word)
        if number is not None and noun is not None:
            yield noun, word, number
        elif number is None and word.lower() not in _JOINS_NUMBERS:  # as in `phases II and III`
            noun = next(reversed(terms(word)), None)


def _value(word: str) -> int | None:
    """Read a number in Arabic or Roman figures; None if a word is not one."""
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
    """Return the terms with digits of a text; a code with a gap is one term."""
    return {term for term in terms(_GAP_IN_CODE.sub("", text)) if _digit(term)}


def _once(words: Iterable[Word]) -> list[Word]:
    return list({word.text: word for word in words}.values())


def _digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


FEATURES: Mapping[str, str] = {
    "sentence_dense": "cosine of the best sentence to the question",
    "sentence_coverage": "share of the question's terms, by weight, in the best sentence",
    "passage_coverage": "share of them in the best passage, with title and headings",
    "agreement": "1 if vectors and words rank the same passage first, else 0",
    # In a large library some passages come near a question by chance.
    "library_size": "decimal logarithm of the number of passages",
    # A near miss often differs from the question in one important word.
    "unmet": "weight of the heaviest term that the best passage lacks; 1 is the heaviest of all",
    "unmet_names": "share of the question's terms, by weight, that are names or numbers it lacks",
    "ranker": "score of the sentence that the reader ranks best; 0 without a reader",
    "short": "how far the best short answer beats no answer; 0 without a reader",
}
"""The signals of the confidence, each with its meaning; `--explain` shows both."""

_MOST_DIGITS = 15
"""Decimals of a feature; more would only show rounding."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted model: a weight for each of `FEATURES` that it uses, and the intercept."""

    weights: Mapping[str, float]
    intercept: float


def features(
    query: Query,
    passages: Sequence[Passage],
    evidence: Sequence[Evidence],
    terms: Terms,
) -> dict[str, float]:
    """Describe the evidence for a question by `FEATURES`.

    `sentence_…` and `passage_…` are the best of the first three. `unmet` and `unmet_names` look at
    the passage of the first sentence, with its path.
    """
    if not passages or not evidence:
        return dict.fromkeys(FEATURES, 0.0)
    weights = query.weights
    best = evidence[0].passage
    told = f"{best.document.path}\n{context(best)}"
    missed = unmet(query.text, weights, told, terms, query.language)
    names = named(query.text, terms, query.language)

    def judged(part: str) -> list[float]:
        return [item.scores[part] for item in evidence if part in item.scores]

    return {
        "sentence_dense": max(item.scores.get(DENSE, 0.0) for item in evidence[:3]),
        "sentence_coverage": max(coverage(query, terms(item.text)) for item in evidence[:3]),
        "passage_coverage": max(coverage(query, terms(context(p))) for p in passages[:3]),
        "agreement": float(
            any(p.ranks.get(DENSE) == 1 and p.ranks.get(LEXICAL) == 1 for p in passages[:3])
        ),
        "library_size": math.log10(max(query.among, 1)),
        "unmet": max((weights[term] for term in missed), default=0.0)
        / max(weights.values(), default=1.0),
        "unmet_names": sum(weights[term] for term in missed if term in names) / (query.mass or 1.0),
        "ranker": max(judged(RANKER), default=0.0),
        "short": max(judged(SHORT), default=0.0),
    }


def probability(values: Mapping[str, float], calibration: Calibration) -> float:
    """Turn features into a probability: the logistic function of their weighted sum."""
    total = calibration.intercept + sum(
        weight * values[name] for name, weight in calibration.weights.items()
    )
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def context(passage: Passage) -> str:
    """Return a passage's text with its file's name, title and headings."""
    document, chunk = passage.document, passage.chunk
    return lexical_text(
        document.path, document.title, chunk.headings, chunk.text, author=document.author
    )


def shortfall(confidence: float, least: float) -> str:
    """Return a confidence and its threshold with enough digits to show that it is less."""
    digits = 2
    while (
        confidence < least
        and digits < _MOST_DIGITS
        and f"{confidence:.{digits}f}" == f"{least:.{digits}f}"
    ):
        digits += 1
    return f"confidence {confidence:.{digits}f}, needed {least:.{digits}f}"
