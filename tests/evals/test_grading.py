from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from askdoc.evals.grade import GoldFinder, Graded, Lost, grade
from askdoc.evals.metrics import score
from askdoc.evals.run import Disk
from askdoc.types import Answer, EvalCase, GoldEvidence, Span


def held(corpus: Any, answer: Answer, *gold: tuple[str, str], **more: Any) -> Graded:
    evidence = tuple(GoldEvidence(*item) for item in gold)
    case = EvalCase("c", "?", evidence=evidence, **more)
    return grade(case, answer, GoldFinder(corpus), Disk())


def test_a_perfect_answer_scores_one_in_everything_that_applies(corpus: Any, say: Any) -> None:
    graded = held(corpus, corpus.answer(cited=[say.orbit]), say.orbit, answers=("27 days",))
    scores = score(graded)
    assert scores.pop("exact_match") == 0
    assert scores.pop("token_f1") == pytest.approx(2 * 2 / (6 + 2))
    assert set(scores.values()) == {1.0}
    assert graded.lost is None
    assert {"recall@1", "passage_ndcg@10", "evidence_hit@5", "quote_valid"} <= set(scores)


def test_citations_are_counted_against_the_gold(corpus: Any, say: Any) -> None:
    scores = score(held(corpus, corpus.answer(cited=[say.star, say.orbit]), say.orbit))
    assert scores["citation_precision"] == 0.5
    assert scores["citation_recall"] == 1
    assert scores["citation_f1"] == pytest.approx(2 / 3)
    assert scores["evidence_hit@1"] == 0
    assert scores["evidence_hit@3"] == 1
    assert scores["recall@1"] == 0
    assert scores["mrr@10"] == 0.5


def test_all_evidence_wants_every_item(corpus: Any, say: Any) -> None:
    answer = corpus.answer(cited=[say.orbit, say.away], evidence=[say.orbit, say.far, say.away])
    graded = held(corpus, answer, say.orbit, say.star, all_evidence=True)
    scores = score(graded)
    assert scores["citation_recall"] == 0.5
    assert scores["evidence_hit@5"] == 0
    assert scores["recall@10"] == 1
    assert scores["passage_recall@10"] == 1
    assert graded.right is False
    one_is_enough = held(corpus, answer, say.orbit, say.star)
    assert score(one_is_enough)["citation_recall"] == 1
    assert one_is_enough.right is True


def test_needs_met_together_are_no_worse_than_apart(corpus: Any, say: Any) -> None:
    answer = corpus.answer(cited=[say.star], passages=[say.star])
    graded = held(corpus, answer, say.star, say.away, all_evidence=True)
    assert graded.passages is not None
    assert graded.passages.found == (2,)
    assert score(graded)["passage_ndcg@10"] == 1
    assert score(graded)["passage_recall@1"] == 1


def test_graded_relevance_counts_documents_once(corpus: Any, say: Any) -> None:
    answer = corpus.answer(passages=[say.far, say.nobody, say.star])
    case = EvalCase("c", "?", relevant={"moon.txt": 1, "sun.txt": 2, "twice.txt": 0})
    scores = score(grade(case, answer, GoldFinder(corpus), Disk()))
    assert scores["recall@1"] == 0.5
    assert scores["recall@3"] == 1
    assert scores["ndcg@10"] == pytest.approx(
        (1 + 2 / 1.584962500721156) / (2 + 1 / 1.584962500721156)
    )
    assert "passage_recall@1" not in scores
    assert "evidence_hit@1" not in scores


def test_an_abstention_has_no_citation_scores_of_its_own(corpus: Any, say: Any) -> None:
    scores = score(held(corpus, corpus.answer(evidence=[say.orbit]), say.orbit, answers=("27",)))
    assert "citation_precision" not in scores
    assert "quote_valid" not in scores
    assert "supported" not in scores
    assert scores["citation_recall"] == scores["citation_f1"] == scores["coverage"] == 0
    assert scores["answer_contains"] == scores["exact_match"] == scores["token_f1"] == 0


def test_an_unanswerable_case_is_judged_by_its_refusal_alone(corpus: Any, say: Any) -> None:
    graded = held(corpus, corpus.answer(cited=[say.orbit]), answerable=False, answers=("x",))
    assert set(score(graded)) == {"quote_valid", "supported"}
    assert graded.lost is Lost.SHOULD_ABSTAIN
    assert held(corpus, corpus.answer(evidence=[say.orbit]), answerable=False).lost is None


def test_where_the_gold_was_lost(corpus: Any, say: Any) -> None:
    def lost(**answer: Any) -> Lost | None:
        return held(corpus, corpus.answer(**answer), say.orbit).lost

    assert lost(cited=[say.star]) is Lost.NOT_RETRIEVED
    assert lost(evidence=[say.star]) is Lost.NOT_RETRIEVED
    assert lost(cited=[say.star], passages=[say.star, say.orbit]) is Lost.NOT_SELECTED
    assert lost(cited=[say.star], evidence=[say.star, say.orbit]) is Lost.NOT_ANSWERED
    assert lost(evidence=[say.orbit]) is Lost.SHOULD_ANSWER
    assert lost(cited=[say.star, say.orbit]) is None


def test_where_an_answer_without_gold_sentences_was_lost(corpus: Any, say: Any) -> None:
    def lost(**answer: Any) -> Lost | None:
        return held(corpus, corpus.answer(**answer), answers=("27 days",)).lost

    assert lost(cited=[say.orbit]) is None
    assert lost(cited=[say.star]) is Lost.NOT_RETRIEVED
    assert lost(cited=[say.star], passages=[say.star, say.far]) is Lost.NOT_SELECTED
    assert lost(cited=[say.star], evidence=[say.star, say.orbit]) is Lost.NOT_ANSWERED
    assert lost(evidence=[say.orbit]) is Lost.SHOULD_ANSWER
    assert held(corpus, corpus.answer(evidence=[say.star])).lost is Lost.SHOULD_ANSWER


def test_a_quote_is_valid_while_the_file_says_so(corpus: Any, say: Any) -> None:
    answer = corpus.answer(cited=[say.orbit])
    assert held(corpus, answer, say.orbit).valid == (True,)
    file = Path(corpus.by_path["moon.txt"].file)
    file.write_text(file.read_text().replace("27", "28"))  # as long as before
    assert held(corpus, answer, say.orbit).valid == (False,)
    file.unlink()
    assert held(corpus, answer, say.orbit).valid == (False,)


def test_a_quote_that_is_not_the_stored_text_is_not_valid(corpus: Any, say: Any) -> None:
    answer = corpus.answer(cited=[say.orbit])
    corpus.texts["moon.txt"] = corpus.texts["moon.txt"].replace("27", "28")
    assert grade(EvalCase("c", "?"), answer, GoldFinder(corpus), lambda _: True).valid == (False,)


def test_two_halves_of_a_gold_sentence_both_hit(corpus: Any, say: Any) -> None:
    span = corpus.span(*say.orbit)
    graded = held(corpus, corpus.answer(cited=[("moon.txt", "It orbits the"), say.far]), say.orbit)
    assert graded.cited == (frozenset({0}), frozenset())
    assert span.overlap(Span(span.start, span.start + 13)) == 13
