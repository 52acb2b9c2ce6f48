from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.errors import SuiteError, UsageError
from askdoc.evals import suite as suites
from askdoc.evals.suite import Suite
from askdoc.types import EvalCase, GoldEvidence, Turn

words = st.text(min_size=1, max_size=12).map(lambda text: f"x{text}")
grades = st.dictionaries(words, st.integers(0, 3), max_size=2)
gold = st.builds(GoldEvidence, words, words)


@st.composite
def cases(draw: st.DrawFn) -> EvalCase:
    return EvalCase(
        id=draw(words),
        question=draw(words),
        answers=tuple(draw(st.lists(words, max_size=2))),
        evidence=tuple(draw(st.lists(gold, max_size=2))),
        all_evidence=draw(st.booleans()),
        relevant=draw(grades),
        answerable=draw(st.booleans()),
        history=tuple(draw(st.lists(st.builds(Turn, words, words), max_size=1))),
        tags=tuple(draw(st.lists(words, max_size=2))),
    )


def write(path: Path, *lines: str | dict[str, Any]) -> Path:
    path.write_text(
        "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines),
        encoding="utf-8",
    )
    return path


@given(cases())
def test_a_case_reads_back_as_it_was_written(case: EvalCase) -> None:
    assert suites.parse_line(suites.encode(case).decode(), where="x") == case


def test_defaults_comments_and_blank_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", "# a comment", "", {"id": "a", "question": "why?", "x": 1})
    loaded = suites.load(path)
    assert loaded.cases == (EvalCase("a", "why?"),)
    assert loaded.name == "s"


def test_separators_of_lines_within_a_case_do_not_cut_it(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", '{"id": "a", "question": "one\u2028two\u0085three"}')
    assert suites.load(path).cases[0].question == "one\u2028two\u0085three"


def test_a_set_is_named_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "law").mkdir()
    path = write(tmp_path / "law/suite.jsonl", {"id": "a", "question": "why?"})
    assert suites.load(path).name == "law"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"s\.jsonl:2: not one JSON object a line: input data was truncated"),
        ("{x", r"not one JSON object a line: JSON is malformed"),
        ("[]", r"s\.jsonl:2: must be an object, not a list"),
        ({"question": "why?"}, r"s\.jsonl:2: `id` is missing"),
        ({"id": " ", "question": "why?"}, r"s\.jsonl:2: `id` must be text with a word in it"),
        (
            {"id": "b", "question": "why?", "relevant": {"d": -1}},
            r"`relevant\[...\]` must be a whole number of at least 0",
        ),
        (
            {"id": "b", "question": "why?", "relevant": {" ": 1}},
            "`relevant` must be text with a word in it",
        ),
        (
            {"id": "b", "question": "why?", "evidence": [{"document": "d"}]},
            r"`evidence\[0\]\.quote` is missing",
        ),
        (
            {"id": "b", "question": "why?", "answerable": "no"},
            "`answerable` must be true or false, not text",
        ),
        ({"id": "a", "question": "why?"}, r"s\.jsonl:2: line 1 has the same id `a`"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: Any, message: str) -> None:
    path = write(tmp_path / "s.jsonl", {"id": "a", "question": "why?"}, line)
    with pytest.raises(SuiteError, match=message):
        suites.load(path)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="no such file"):
        suites.load(tmp_path / "nowhere.jsonl")
    with pytest.raises(SuiteError, match="no case in"):
        suites.load(write(tmp_path / "s.jsonl", "# nothing"))
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe{}")
    with pytest.raises(SuiteError, match="not UTF-8"):
        suites.load(tmp_path / "b.jsonl")


def test_appending_makes_the_file_and_refuses_a_taken_id(tmp_path: Path) -> None:
    path = tmp_path / "new/s.jsonl"
    suites.append(path, [EvalCase("a", "why?")])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    suites.append(path, [EvalCase("b", "how?")])
    assert [case.id for case in suites.load(path).cases] == ["a", "b"]
    with pytest.raises(SuiteError, match="already has a case `b`"):
        suites.append(path, [EvalCase("b", "when?")])


def test_rewriting_touches_only_what_changes(tmp_path: Path) -> None:
    odd = '{"question":  "why?", "id":"a",   "note": "mine"}'
    path = write(
        tmp_path / "s.jsonl",
        "# kept",
        odd,
        {"id": "b", "question": "how?", "by": "me"},
        {"id": "c", "question": "when?"},
    )

    def change(case: EvalCase) -> EvalCase | None:
        return {"a": case, "b": replace(case, tags=("t",)), "c": None}[case.id]

    assert suites.rewrite(path, change) == 2
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# kept", odd]
    assert json.loads(lines[2]) == {
        "id": "b",
        "question": "how?",
        "by": "me",
        "tags": ["t"],
    }
    assert len(lines) == 3


def numbered(n: int) -> tuple[EvalCase, ...]:
    return tuple(EvalCase(f"{i:03}", "?", tags=("even",) if i % 2 == 0 else ()) for i in range(n))


def test_choosing_by_tag_and_at_random() -> None:
    whole = Suite("s", numbered(50))
    few = suites.choose(whole, tag="even", limit=5, seed=1)
    assert len(few.cases) == 5
    assert all("even" in case.tags for case in few.cases)
    backwards = Suite("s", whole.cases[::-1])
    again = suites.choose(backwards, tag="even", limit=5, seed=1)
    other = suites.choose(whole, tag="even", limit=5, seed=2)
    ids = [{case.id for case in drawn.cases} for drawn in (few, again, other)]
    assert ids[0] == ids[1] != ids[2]
    assert suites.choose(whole, limit=500).cases == whole.cases
    with pytest.raises(UsageError, match="no case with the tag `odd`"):
        suites.choose(whole, tag="odd")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("answerible", "answerable"), ("answer", "answers"), ("evidences", "evidence")],
)
def test_a_field_typed_wrong_is_an_error(tmp_path: Path, wrong: str, right: str) -> None:
    line = {"id": "a", "question": "?", wrong: False}
    with pytest.raises(SuiteError, match=rf":1: a case has no field `{wrong}`") as told:
        suites.load(write(tmp_path / "s.jsonl", line))
    assert told.value.hint == f"did you mean `{right}`?"


def test_foreign_fields_are_welcome(tmp_path: Path) -> None:
    line = {"id": "a", "question": "?", "author": "me", "answers": ["x"], "answer": "x"}
    assert suites.load(write(tmp_path / "s.jsonl", line)).cases[0].answers == ("x",)


def test_drafts_are_left_out_unless_asked_for() -> None:
    suite = Suite("s", (EvalCase("a", "?"), EvalCase("b", "?", tags=("draft",))))
    assert [case.id for case in suites.choose(suite).cases] == ["a"]
    assert len(suites.choose(suite, drafts=True).cases) == 2


def test_the_fingerprint_is_of_what_the_cases_say_in_any_order() -> None:
    cases = numbered(4)
    same = Suite("other", cases[::-1]).fingerprint
    assert Suite("s", cases).fingerprint == same
    assert Suite("s", (*cases[:3], replace(cases[3], question="!"))).fingerprint != same
