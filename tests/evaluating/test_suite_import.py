from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from askdoc.errors import SuiteError, UsageError
from askdoc.gold import GoldFinder
from askdoc.suite_export import KINDS as OUT
from askdoc.suite_export import export
from askdoc.suite_import import KINDS, guess, read
from askdoc.types import EvalCase, GoldEvidence

SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "The Moon",
            "paragraphs": [
                {
                    "context": "The moon is far. It orbits the earth in 27 days.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "How long? ",
                            "is_impossible": False,
                            "answers": [
                                {"text": "27 days", "answer_start": 40},
                                {"text": "27 days", "answer_start": 40},
                            ],
                        },
                        {"id": "q2", "question": "Who?", "is_impossible": True, "answers": []},
                    ],
                }
            ],
        },
        {"title": "The Moon", "paragraphs": [{"context": "Another one.", "qas": []}]},
    ],
}


def put(path: Path, content: str | Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_squad(tmp_path: Path) -> None:
    path = put(tmp_path / "dev.json", SQUAD)
    assert guess(path) == "squad"
    imported = read(path)
    one, two = imported.cases
    assert one.question == "How long?"
    assert one.answers == ("27 days",)
    assert one.evidence == (GoldEvidence("The_Moon.txt", "It orbits the earth in 27 days."),)
    assert (two.answerable, two.evidence) == (False, ())
    assert set(imported.documents) == {"The_Moon.txt", "The_Moon_2.txt"}
    assert one.evidence[0].quote in imported.documents["The_Moon.txt"]


def test_beir(tmp_path: Path) -> None:
    put(
        tmp_path / "corpus.jsonl",
        '{"_id": "d/1", "title": "T", "text": "x"}\n{"_id": "d2", "text": "y"}\n',
    )
    put(
        tmp_path / "queries.jsonl",
        '{"_id": "q1", "text": "why"}\n{"_id": "q2", "text": "unjudged"}\n',
    )
    put(tmp_path / "qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td/1\t2\nq1\td2\t0\n")
    assert guess(tmp_path) == "beir"
    imported = read(tmp_path)
    assert imported.cases == (EvalCase("q1", "why", relevant={"d_1.txt": 2, "d2.txt": 0}),)
    assert imported.documents == {"d_1.txt": "T\n\nx", "d2.txt": "y"}


def test_ragas_by_rows_and_by_columns(tmp_path: Path) -> None:
    rows = [
        {"user_input": "why?", "reference": "so", "reference_contexts": ["It is so."]},
        {
            "user_input": "how?",
            "reference": "thus",
            "reference_contexts": ["It is so.", "Or thus."],
        },
    ]
    by_row = read(put(tmp_path / "a.jsonl", "\n".join(json.dumps(row) for row in rows)))
    columns = {
        "question": {"0": "why?", "1": "how?"},
        "ground_truth": {"0": "so", "1": "thus"},
        "contexts": {"0": ["It is so."], "1": ["It is so.", "Or thus."]},
    }
    by_column = read(put(tmp_path / "b.json", columns))
    assert by_row == by_column
    assert by_row.cases[1].evidence[0] == GoldEvidence("context_0001.txt", "It is so.")
    table = 'question,ground_truth,contexts\nwhy?,so,"[""It is so.""]"\n'
    assert read(put(tmp_path / "c.csv", table)).cases[0].evidence == by_row.cases[0].evidence


def test_promptfoo(tmp_path: Path) -> None:
    table = (
        "question,__expected1,__expected2\n"
        "why?,icontains: so,not-contains: never\n"
        'how?,"contains-any: thus, so",similar(0.8): x\n'
        "who?,me,\n"
    )
    path = put(tmp_path / "tests.csv", table)
    assert guess(path) == "promptfoo"
    assert [case.answers for case in read(path).cases] == [("so",), ("thus", "so"), ("me",)]


def test_a_plain_table_joins_rows_of_one_id(tmp_path: Path) -> None:
    table = (
        "id,question,answer,document,quote,answerable,tags\n"
        "a,why?,so|thus,d.txt,It is so.,,x|y\n"
        "a,why?,so|thus,e.txt,Thus.,,x|y\n"
        "b,who?,,,,no,\n"
    )
    one, two = read(put(tmp_path / "t.csv", table)).cases
    assert one.answers == ("so", "thus")
    assert one.tags == ("x", "y")
    assert [item.document for item in one.evidence] == ["d.txt", "e.txt"]
    assert not two.answerable


def test_what_cannot_be_imported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"format of .* is not known"):
        read(put(tmp_path / "a.csv", "x,y\n1,2\n"))
    with pytest.raises(UsageError, match="no format `xml`"):
        read(tmp_path, "xml")
    with pytest.raises(SuiteError, match="cannot be read as squad: has no 'data'"):
        read(put(tmp_path / "b.json", {"x": 1}), "squad")
    with pytest.raises(SuiteError, match="cannot be read as table"):
        read(tmp_path / "nowhere.csv", "table")
    with pytest.raises(SuiteError, match="holds no question"):
        read(put(tmp_path / "c.json", {"data": []}), "squad")


@pytest.mark.parametrize("kind", ["squad", "beir", "ragas", "promptfoo", "table"])
def test_what_is_exported_can_be_imported(tmp_path: Path, corpus: Any, say: Any, kind: str) -> None:
    cases = (
        EvalCase("a", "How long?", answers=("27 days",), evidence=(GoldEvidence(*say.orbit),)),
        EvalCase("b", "How far?", answers=("x", "y"), evidence=(GoldEvidence(*say.away),)),
        EvalCase("c", "Who?", answerable=False),
    )
    for path, content in export(kind, "mine", cases, GoldFinder(corpus)).items():
        put(tmp_path / path, content)
    back = {
        c.id: c
        for c in read(tmp_path if kind == "beir" else next(tmp_path.glob("mine.*")), kind).cases
    }
    assert back["a"].question == "How long?"
    if kind in ("squad", "table"):
        assert not back["c"].answerable
        assert back["a"].evidence[0].quote == say.orbit[1]
    if kind == "beir":
        assert back["a"].relevant == {"moon.txt": 1}
    if kind in ("promptfoo", "table"):
        assert back["b"].answers == ("x", "y")


def test_formats_that_hold_documents_need_them(corpus: Any) -> None:
    with pytest.raises(UsageError, match="no index to take them from"):
        export("beir", "mine", (), None)
    with pytest.raises(UsageError, match="no format `xml`"):
        export("xml", "mine", (), None)
    assert set(KINDS) == set(OUT)
