"""How well an answer's words agree with the acceptable answers, as SQuAD counts it.

Rajpurkar et al., *SQuAD: 100,000+ Questions for Machine Comprehension of Text* (2016), and its
published scoring script. Where several answers are acceptable, the best agreement counts.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_ARTICLE = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower-case `text`, drop ASCII punctuation and English articles, and join by single spaces."""
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(text: str, answers: Sequence[str]) -> float:
    """Return 1 where the normalised text is one of the normalised answers, else 0."""
    return float(normalise(text) in {normalise(answer) for answer in answers})


def token_f1(text: str, answers: Sequence[str]) -> float:
    """Return the best harmonic mean of word precision and recall against any of the answers.

    F1 = 2·P·R / (P + R) over the multisets of normalised words. Where either side has no words, 1
    if both have none, else 0 (SQuAD 2.0).
    """
    words = normalise(text).split()
    return max(_f1(words, normalise(answer).split()) for answer in answers)


def answer_contains(text: str, answers: Sequence[str]) -> float:
    """Return 1 where any normalised answer stands in the normalised text as whole words, else 0.

    Whole words, so that `4` is not found in `454`. An answer that normalises to nothing is not
    looked for.
    """
    padded = f" {normalise(text)} "
    wanted = [normalise(answer) for answer in answers]
    return float(any(f" {answer} " in padded for answer in wanted if answer))


def _f1(words: Sequence[str], gold: Sequence[str]) -> float:
    if not words or not gold:
        return float(words == gold)
    same = (Counter(words) & Counter(gold)).total()
    return 2 * same / (len(words) + len(gold))
