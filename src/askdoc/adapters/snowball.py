"""Lexical terms with the Snowball stemmers (PyStemmer)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources

import Stemmer

from askdoc.text import unparted

_TOP_SHARE = 0.1
_PASSAGE_WORDS = 100
_NEAREST = 12
_COMMON = 4000
"""Words that count as common; the rest of the list only tells that a word exists."""

StemWord = Callable[[str], str]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_DIGIT_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

FUNCTION_WORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being
    below between both but by can cannot could did do does doing down during each else ever few for
    from further get give given gives had has have having he her here hers herself him himself his
    how i if in into is it its itself just let like many may me might mine more most much must my
    myself no nor not of off on once one only or other ought our ours ourselves out over own per
    same shall she should so some such than that the their theirs them themselves then there these
    they this those through thus to too under until up upon us very via was we were what whatever
    when where whether which while who whoever whom whose why will with within without would yet you
    your yours yourself yourselves
    ain aren couldn didn doesn don hadn hasn haven isn mustn needn shan shouldn wasn weren wouldn
    """.split()  # noqa: SIM905 - a hundred quoted words would be harder to read
)
"""English words that carry no topic of their own."""


class SnowballAnalyser:
    """An `Analyser`: words are folded, freed of accents and stemmed; function words are dropped.

    Numbers keep their digits together (`1,234` becomes `1234`). A language that Snowball does not
    know is folded and not stemmed.
    """

    def terms(self, text: str, language: str) -> list[str]:
        """List the terms of `text` in order, function words left out."""
        stem = _stemmer(language)
        folded = _fold(_DIGIT_GROUPS.sub("", text))
        stop = FUNCTION_WORDS if language == "en" else frozenset[str]()
        found: list[str] = []
        for word in _WORD.findall(folded):
            bare = word.partition("'")[0] if "'" in word else word
            if bare and bare not in stop:
                found.append(stem(bare))
        return found

    def commonness(self, term: str, language: str) -> float:
        """Return the chance that an ordinary passage of a hundred words holds `term`; 0 to 1."""
        return _common(language).get(term, 0.0)

    def words(self, language: str) -> Mapping[str, int]:
        """Rank the words of a language, in lower case, by how common they are; 0 is the first."""
        return _ranked(language)

    def near(self, word: str, choices: Sequence[str], most: int) -> list[tuple[str, int]]:
        """List those of `choices` that are `most` slips of the keys away at most, nearest first.

        Optimal string alignment, by rapidfuzz; only a question with an unknown word pays for it.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        found = process.extract(
            word, choices, scorer=OSA.distance, score_cutoff=most, limit=_NEAREST
        )
        return [(other, int(distance)) for other, distance, _ in found]


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
    """Map the common terms of a language to the chance that a passage holds them.

    The word of rank r is about 0.1 / r of all running words (Zipf's law), and forms of one stem add
    up. A language without a word list has no common terms.
    """
    stem = _stemmer(language)
    shares: dict[str, float] = {}
    for rank, word in enumerate(_listed(language)[:_COMMON], start=1):
        term = stem(word)
        shares[term] = shares.get(term, 0.0) + _TOP_SHARE / rank
    return {term: 1 - math.exp(-_PASSAGE_WORDS * share) for term, share in shares.items()}


def _fold(text: str) -> str:
    """Fold case, widths, ligatures and accents: `Ｃａｆé` becomes `cafe`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unparted(text).replace("’", "'")).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=8)
def _stemmer(language: str) -> StemWord:
    try:
        stemmer = Stemmer.Stemmer(language)
    except KeyError:
        return str
    stemmer.maxCacheSize = 50_000
    stem: StemWord = stemmer.stemWord
    return stem
