"""How well an answer's words agree with the acceptable answers, as SQuAD counts it.

Rajpurkar et al., *SQuAD: 100,000+ Questions for Machine Comprehension of Text* (2016), and its
published scoring script. Where several answers are acceptable, the best agreement counts.
"""

from __future__ import annotations

import math
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


def recall_at(found: Sequence[int], relevant: int, k: int) -> float:
    """Return the share of the `relevant` things that stand in the first `k` places.

    recall@k = Σ_{i ≤ k} foundᵢ / relevant. As `R@k` in trec_eval; Manning, Raghavan and
    Schütze, *Introduction to Information Retrieval* (2008), chapter 8.
    """
    return sum(found[:k]) / relevant


def first_rank(gains: Sequence[float]) -> int | None:
    """Name the place (from 1) of the first thing that is relevant, or None."""
    return next((rank for rank, gain in enumerate(gains, start=1) if gain > 0), None)


def reciprocal_rank_at(gains: Sequence[float], k: int) -> float:
    """Return 1/rank of the first relevant thing among the first `k`, or 0 where there is none.

    Its mean over questions is MRR@k. Voorhees, *The TREC-8 Question Answering Track Report* (1999).
    """
    rank = first_rank(gains[:k])
    return 0.0 if rank is None else 1 / rank


def ndcg_at(gains: Sequence[float], ideal: Sequence[float], k: int) -> float:
    """Return the discounted gain of the first `k` as a share of what the ideal ranking has there.

    DCG@k = Σ_{i ≤ k} gainᵢ / log₂(i + 1); nDCG@k = DCG@k(gains) / DCG@k(ideal). Gains are the
    grades themselves, as in trec_eval's `ndcg_cut`, not 2^grade - 1. Järvelin and Kekäläinen,
    *Cumulated gain-based evaluation of IR techniques* (2002).
    """
    return _discounted(gains[:k]) / _discounted(ideal[:k])


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
