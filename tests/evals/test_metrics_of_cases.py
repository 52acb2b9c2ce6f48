"""The metrics of single cases against trec_eval, scikit-learn and plain arithmetic."""

from __future__ import annotations

import re
import string
from collections import Counter
from fractions import Fraction
from typing import Any

import ir_measures
import numpy as np
import pytest
from ir_measures import Success

from askdoc.evals import metrics
from askdoc.evals.grade import GoldSpan, Graded
from askdoc.evals.scores import exact_match, token_f1
from askdoc.types import EvalCase, Span

SEEDS = range(5)


def graded(corpus: Any, needs: int, **verdicts: Any) -> Graded:
    gold = tuple((GoldSpan(f"d{n}", Span(0, 9)),) for n in range(needs))
    known = {"evidence": (), "cited": (), "valid": (), **verdicts}
    return Graded(
        EvalCase("c", "?"), corpus.answer(), None, None, gold, right=None, lost=None, **known
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_evidence_hit_is_the_success_of_trec_eval(corpus: Any, seed: int) -> None:
    draw = np.random.default_rng(seed)
    hit = draw.random(int(draw.integers(1, 12))) < 0.3
    evidence = tuple(frozenset({0}) if flag else frozenset() for flag in hit)
    run = {f"s{place}": float(len(hit) - place) for place in range(len(hit))}
    known = {f"s{place}": 1 for place in np.flatnonzero(hit)} or {"elsewhere": 1}
    measures = [Success @ k for k in (1, 3, 5)]
    expected = ir_measures.calc_aggregate(measures, {"q": known}, {"q": run})
    case = graded(corpus, 1, evidence=evidence)
    for k, measure in zip((1, 3, 5), measures, strict=True):
        got = metrics.BY_CASE[f"evidence_hit@{k}"](case)
        assert got == pytest.approx(expected[measure], abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_citation_scores_are_those_of_scikit_learn(corpus: Any, seed: int) -> None:
    from sklearn import metrics as sk  # type: ignore[import-untyped]

    draw = np.random.default_rng(seed)
    needs = int(draw.integers(1, 6))
    met = [need for need in range(needs) if draw.random() < 0.6]
    beside = int(draw.integers(0, 5))
    cited = [frozenset({need}) for need in met] + [frozenset[int]()] * beside
    case = graded(corpus, needs, cited=tuple(cited[i] for i in draw.permutation(len(cited))))
    truth = [True] * needs + [False] * beside
    said = [need in met for need in range(needs)] + [True] * beside
    if cited:
        expected = sk.precision_score(truth, said)
        assert metrics.citation_precision(case) == pytest.approx(expected, abs=1e-9)
    else:
        assert metrics.citation_precision(case) is None
    recall = sk.recall_score(truth, said)
    assert metrics.citation_recall(case) == pytest.approx(recall, abs=1e-9)
    assert metrics.citation_f1(case) == pytest.approx(sk.f1_score(truth, said), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_are_means(corpus: Any, seed: int) -> None:
    draw = np.random.default_rng(seed)
    valid = draw.random(int(draw.integers(1, 9))) < 0.5
    case = graded(corpus, 1, valid=tuple(bool(flag) for flag in valid))
    assert metrics.quote_valid(case) == pytest.approx(np.mean(valid), abs=1e-9)
    assert metrics.quote_valid(graded(corpus, 1)) is None


def squad(text: str) -> list[str]:
    kept = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


@pytest.mark.parametrize("seed", SEEDS)
def test_token_f1_is_that_of_squad_in_exact_arithmetic(seed: int) -> None:
    draw = np.random.default_rng(seed)
    words = ["the", "a", "cat", "Cat,", "sat", "on", "mat.", "mat", "27", "days", "The", "an"]

    def text() -> str:
        return " ".join(draw.choice(words, int(draw.integers(1, 9))))

    said, answers = text(), [text() for _ in range(int(draw.integers(1, 4)))]
    best = Fraction(0)
    for answer in answers:
        one, other = squad(said), squad(answer)
        shared = sum((Counter(one) & Counter(other)).values())
        if not one or not other:
            best = max(best, Fraction(int(one == other)))
        elif shared:
            precision, recall = Fraction(shared, len(one)), Fraction(shared, len(other))
            best = max(best, 2 * precision * recall / (precision + recall))
    assert token_f1(said, answers) == pytest.approx(float(best), abs=1e-9)
    assert exact_match(said, answers) == any(squad(said) == squad(answer) for answer in answers)
