"""Lexical terms with the Snowball stemmers (PyStemmer)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from importlib import resources
from typing import TYPE_CHECKING

import Stemmer

from askdoc.strings import folded, unparted
from askdoc.text import languages
from askdoc.text.asking import asking, without_asking
from askdoc.text.languages import detect, function_words

if TYPE_CHECKING:
    from askdoc.text.words import Terms
    from askdoc.types.ports import Analyser

_TOP_SHARE = 0.1
_PASSAGE_WORDS = 100
_NEAREST = 12
_COMMON = 4000
"""The first words of the list count as common; the rest only serves the spelling repair."""

StemWord = Callable[[str], str]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_DIGIT_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

_COMPLEX = re.compile("[\u0300-\u036f\u0590-\u1dff\u2c80-\ud7ff\uf900-\U0010ffff]")
"""Letters of scripts whose words `_WORD` does not match."""

_ELIDING = frozenset(("ca", "fr", "it"))
"""Languages with a short word before the apostrophe: `l'homme`."""


@dataclass(frozen=True)
class SnowballAnalyser:
    """An `Analyser`: words are folded, freed of accents and stemmed; function words are dropped.

    Numbers keep their digits together (`1,234` becomes `1234`). Languages that Snowball does not
    support are only folded. Scripts without spaces are split into pairs of letters, in texts of any
    language. It has no state, so all are equal.
    """

    def language(self, text: str, among: Sequence[str] = ()) -> str:
        """Return the language of `text`, one of `among` if given; the first if in doubt."""
        return detect(text, among)

    def terms(self, text: str, language: str) -> list[str]:
        """List the terms of `text` in order, without function words."""
        return _terms(_plain(text), language, function_words(language))

    def question_terms(self, question: str, language: str) -> list[str]:
        """List the terms of a question in order, without asking words.

        A question of asking words only (`What happened?`) keeps them.
        """
        plain, how = _plain(question), asking(language)
        rest = how.without_phrases(plain)
        if _COMPLEX.search(rest):
            rest = without_asking(rest)
        stop = function_words(language)
        return _terms(rest, language, stop | how.words) or _terms(plain, language, stop)

    def commonness(self, term: str, language: str) -> float:
        """Return the probability that an ordinary passage of a hundred words contains `term`."""
        return _common(language).get(term, 0.0)

    def words(self, language: str) -> Mapping[str, int]:
        """Rank the words of a language, in lower case, by how common they are; 0 is the first."""
        return _ranked(language)

    def near(self, word: str, choices: Sequence[str], most: int) -> list[tuple[str, int]]:
        """List the `choices` within `most` typing errors, nearest first.

        Distance: optimal string alignment, by rapidfuzz (imported late: only a question with an
        unknown word needs it).
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        found = process.extract(
            word, choices, scorer=OSA.distance, score_cutoff=most, limit=_NEAREST
        )
        return [(other, int(distance)) for other, distance, _ in found]


@lru_cache(maxsize=64)
def terms_in(analyser: Analyser, language: str) -> Terms:
    """Return what lists the terms of a text in one language.

    It is the same function each time, also after the index was opened again, since callers remember
    results by it.
    """
    return partial(analyser.terms, language=language)


@cache
def _listed(language: str) -> tuple[str, ...]:
    """List the words of a language, most frequent first."""
    file = resources.files("askdoc").joinpath(f"data/words_{language}.txt")
    return tuple(file.read_text(encoding="ascii").split()) if file.is_file() else ()


@cache
def _ranked(language: str) -> Mapping[str, int]:
    return {word: rank for rank, word in enumerate(_listed(language))}


@cache
def _common(language: str) -> Mapping[str, float]:
    """Map the common terms of a language to the probability that a passage contains them.

    The word of rank r makes up about 0.1 / r of running text (Zipf's law); forms of a stem add up.
    A language without a word list has no common terms.
    """
    stem = _stemmer(language)
    shares: dict[str, float] = {}
    for rank, word in enumerate(_listed(language)[:_COMMON], start=1):
        term = stem(word)
        shares[term] = shares.get(term, 0.0) + _TOP_SHARE / rank
    return {term: 1 - math.exp(-_PASSAGE_WORDS * share) for term, share in shares.items()}


def _plain(text: str) -> str:
    return folded(unparted(_DIGIT_GROUPS.sub("", text)))


def _terms(plain: str, language: str, stop: frozenset[str]) -> list[str]:
    """List the terms of a folded text in order, without these words."""
    stem = _stemmer(language)
    found: list[str] = []
    for word, is_word in _words(plain):
        bare = _bare(word, language) if "'" in word else word
        if bare and bare not in stop:
            found.append(stem(bare) if is_word else bare)
    return found


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the words of a folded text, each with whether it can be stemmed."""
    if not _COMPLEX.search(text):
        return ((word, True) for word in _WORD.findall(text))
    return languages.terms(text)


def _bare(word: str, language: str) -> str:
    """Remove an ending after an apostrophe (`anna's`), or a short word before it (`l'eau`)."""
    before, _, after = word.partition("'")
    return after if language in _ELIDING and after else before


@lru_cache(maxsize=8)
def _stemmer(language: str) -> StemWord:
    try:
        stemmer = Stemmer.Stemmer(language)
    except KeyError:
        return str
    stemmer.maxCacheSize = 50_000
    stem: StemWord = stemmer.stemWord
    return stem
