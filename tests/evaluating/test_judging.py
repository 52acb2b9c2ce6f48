from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score  # type: ignore[import-untyped]

from askdoc.errors import ModelError
from askdoc.evaluation import evaluate
from askdoc.judging import judge, kappa
from askdoc.types import EvalCase, GoldEvidence


class Strict:
    """Accepts what holds an accepted answer to the letter."""

    fingerprint = "strict/1"

    def grade(self, question: str, answer: str, accepted: Sequence[str]) -> float:
        if question == "silent?":
            message = "the model said nothing"
            raise ModelError(message)
        return float(any(text in answer for text in accepted))


@pytest.mark.parametrize("seed", range(20))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    draw = np.random.default_rng(seed)
    one = draw.random(30) < 0.6
    other = np.where(draw.random(30) < 0.7, one, ~one)
    pairs = [(bool(a), bool(b)) for a, b in zip(one, other, strict=True)]
    assert kappa(pairs) == pytest.approx(cohen_kappa_score(one, other), abs=1e-9)


def test_kappa_of_nothing_does_not_exist() -> None:
    assert kappa([]) is None
    assert kappa([(True, True), (True, True)]) is None


def test_a_judge_is_held_against_the_gold(corpus: Any, say: Any) -> None:
    gold = (GoldEvidence(*say.orbit),)
    cases = [
        EvalCase("right", "?", evidence=gold),
        EvalCase("wrong", "?", evidence=gold),
        EvalCase("silent", "silent?", evidence=gold),
        EvalCase("refused", "?", evidence=gold),
        EvalCase("none", "?", answerable=False),
    ]
    answers = {
        "right": corpus.answer(cited=[say.orbit]),
        "wrong": corpus.answer(cited=[say.star]),
        "silent": corpus.answer(cited=[say.orbit]),
        "refused": corpus.answer(evidence=[say.orbit]),
        "none": corpus.answer(cited=[say.star]),
    }
    report = evaluate(cases, lambda case: answers[case.id], corpus)
    judged = judge(report.results, Strict())
    assert judged.grades == {"right": 1.0, "wrong": 0.0}
    assert (judged.agreement, judged.kappa, judged.n) == (1.0, 1.0, 2)
    assert [failure.id for failure in judged.failures] == ["silent"]
    assert judged.judge == "strict/1"
