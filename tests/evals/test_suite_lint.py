from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from askdoc.evals.grade import GoldFinder
from askdoc.evals.lint import Finding, Level, lint, nearest
from askdoc.types import EvalCase, GoldEvidence


def findings(corpus: Any, *cases: EvalCase, intact: bool = True) -> Sequence[Finding]:
    return lint(cases, GoldFinder(corpus), lambda _: intact)


def case(case_id: str, *evidence: tuple[str, str], **more: Any) -> EvalCase:
    more.setdefault("question", f"what of {case_id}?")
    return EvalCase(case_id, evidence=tuple(GoldEvidence(*e) for e in evidence), **more)


def test_a_sound_suite_has_no_findings(corpus: Any, say: Any) -> None:
    sound = case("a", say.orbit, answers=("27 days",)), case("b", answerable=False)
    assert findings(corpus, *sound) == []


def test_repeated_ids_and_questions(corpus: Any, say: Any) -> None:
    found = findings(
        corpus,
        case("a", say.orbit, question="What is it?"),
        case("b", say.orbit, question="what IS it"),
        case("a", say.orbit, question="And now?"),
    )
    assert [(f.case_id, f.code) for f in found] == [("a", "same_id"), ("b", "same_question")]
    assert "`a`" in found[1].message


def test_a_quote_that_is_not_there_is_offered_repaired(corpus: Any) -> None:
    wrong = case("a", ("moon.txt", "It orbits the earth every 27 days."))
    (found,) = findings(corpus, wrong)
    assert (found.level, found.code) == (Level.ERROR, "no_quote")
    assert found.repaired is not None
    assert found.repaired.evidence == (GoldEvidence("moon.txt", "It orbits the earth in 27 days."),)
    (far,) = findings(corpus, case("a", ("moon.txt", "Entirely different words here")))
    assert far.repaired is None


def test_a_quote_in_another_document_is_found_there(corpus: Any, say: Any) -> None:
    (found,) = findings(corpus, case("a", ("mon.txt", say.orbit[1])))
    assert found.code == "no_document"
    assert found.repaired is not None
    assert found.repaired.evidence[0].document == "moon.txt"
    (near,) = findings(corpus, case("a", ("mon.txt", "no such words")))
    assert "nearest is `moon.txt`" in near.message


def test_white_space_is_repaired(corpus: Any) -> None:
    (found,) = findings(corpus, case("a", ("moon.txt", "in  27\ndays.")))
    assert (found.level, found.code) == (Level.WARNING, "white_space")
    assert found.repaired is not None
    assert found.repaired.evidence[0].quote == "in 27 days."


def test_what_else_is_reported(corpus: Any, say: Any) -> None:
    told = {
        "nothing_to_judge": case("a"),
        "contradiction": case("b", say.orbit, answerable=False),
        "draft": case("c", say.orbit, tags=("draft",)),
        "answer_not_in_evidence": case("d", say.orbit, answers=("28 days",)),
        "common_quote": case("e", ("moon.txt", "o")),
        "no_document": EvalCase("f", "?", relevant={"mars.txt": 1, "venus.txt": 0}),
    }
    for code, one in told.items():
        assert [f.code for f in findings(corpus, one)] == [code]


def test_a_document_that_changed_is_reported(corpus: Any, say: Any) -> None:
    (found,) = findings(corpus, case("a", say.orbit), intact=False)
    assert found.code == "stale_document"


@given(
    st.lists(st.sampled_from(["one", "two", "three", "four"]), min_size=1, max_size=30), st.data()
)
def test_text_that_is_there_is_its_own_nearest(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    quote = " ".join(words[start:end])
    likeness, stretch = nearest(quote, " ".join(words))
    assert sorted(stretch.split()) == sorted(quote.split())
    assert 0 < likeness <= 1


def test_nothing_is_near_to_nothing() -> None:
    assert nearest("word", "") == (0.0, "")
    assert nearest("…", "some text")[0] < 0.3
