from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askdoc.errors import SuiteError, UsageError
from askdoc.evals.exchange import guess, read, write
from askdoc.evals.grade import GoldFinder
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


CONFIG = """\
description: what the town asks
prompts: ['{{question}}']
providers: [openai:gpt-4o]
defaultTest:
  assert:
    - type: latency
      value: 5000
  vars: {town: Tarn}
tests:
  - vars: {question: "When was the mill of {{town}} built?"}
    assert:
      - {type: contains, value: 1911}
      - {type: not-contains, value: never}
      - {type: llm-rubric, value: is polite}
  - vars:
      query: ["Who sold it?", "Who bought it?"]
    metadata: {id: trade, tags: [name, money]}
    assert:
      - type: assert-set
        assert:
          - {type: icontains-any, value: [Ada Hill, "Hill, Ada"]}
  - vars: {input: "Is it yes or no?"}
    assert: [{type: equals, value: no}]
  - vars: {question: "Who?"}
    metadata: {answerable: false}
  - more.yaml
  - file://rows*.csv
"""


def test_promptfoo_yaml_with_all_that_it_refers_to(tmp_path: Path) -> None:
    path = put(tmp_path / "promptfooconfig.yaml", CONFIG)
    more = '- vars: {message: "Why?"}\n  assert: [{type: equals, value: so}]\n'
    put(tmp_path / "more.yaml", more)
    put(tmp_path / "rows1.csv", "question,__expected\nhow?,icontains: thus\n")
    assert guess(path) == "promptfoo"
    cases = read(path).cases
    assert [(case.id, case.question, case.answers) for case in cases[1:]] == [
        ("trade", "Who sold it?", ("Ada Hill", "Hill, Ada")),
        ("trade-2", "Who bought it?", ("Ada Hill", "Hill, Ada")),
        ("promptfoo-3", "Is it yes or no?", ("no",)),
        ("promptfoo-4", "Who?", ()),
        ("promptfoo-5", "Why?", ("so",)),
        ("promptfoo-6", "how?", ("thus",)),
    ]
    assert (cases[0].question, cases[0].answers) == ("When was the mill of Tarn built?", ("1911",))
    assert cases[1].tags == ("name", "money")
    assert [case.answerable for case in cases].count(False) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tests: [", "not YAML: line 1"),
        ("tests: huggingface://datasets/x", "can't be read here"),
        ("tests: file://make.js", "can't be read here"),
        ("tests: file://none*.yaml", "there is none"),
        ("tests: file://none.yaml", "no such file or directory: `.*none.yaml`"),
        ("tests: file://a.yaml", "too many files that name each other"),
        ("tests: [{vars: {a: 1, b: 2}}]", "test 1 of .* has no question: a, b"),
        ("tests: [{vars: {question: x}, metadata: text}]", "cannot be read as promptfoo"),
        ("- vars: {question: ''}", "has no question"),
        ("description: none", "has no question"),
    ],
)
def test_promptfoo_yaml_that_cannot_be_imported(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        read(put(tmp_path / "a.yaml", text))


def test_what_promptfoo_is_given_keeps_a_case_whole(tmp_path: Path, say: Any) -> None:
    odd = 'quote " colon: [1] {x}\u0085\u2028 # \U0001f600 \\ tab\t'
    cases = (
        EvalCase(
            "a b", odd, answers=(odd, "$454, 3.3"), evidence=(GoldEvidence(*say.orbit),),
            all_evidence=True, tags=("x", "y"),
        ),
        EvalCase("no", "Who?", answers=("1911",)),
        EvalCase("c", "Where?", answerable=False),
    )  # fmt: skip
    ((name, text),) = write("promptfoo", "mine", cases, None).items()
    path = put(tmp_path / name, text)
    back = read(path).cases
    assert back == tuple(replace(case, question=case.question.strip()) for case in cases)
    assert len(text.splitlines()) >= 3


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
    with pytest.raises(UsageError, match="no file or folder"):
        read(tmp_path / "nowhere.yaml")
    with pytest.raises(UsageError, match="no format `xml`"):
        read(tmp_path, "xml")
    table = put(tmp_path / "open.csv", 'question,answer\n"unclosed,x\n')
    with pytest.raises(SuiteError, match="unexpected end of data"):
        read(table)
    question = {"id": "1", "question": "?", "answers": [{"text": "no", "answer_start": 99}]}
    article = {"paragraphs": [{"context": "Yes or no.", "qas": [question]}]}
    squad = put(tmp_path / "off.json", json.dumps({"data": [article]}))
    with pytest.raises(SuiteError, match="the answer of `1` is not at the place the file names"):
        read(squad)
    with pytest.raises(SuiteError, match="cannot be read as squad: it has no 'data'"):
        read(put(tmp_path / "b.json", {"x": 1}), "squad")
    with pytest.raises(SuiteError, match="cannot be read as table"):
        read(tmp_path / "nowhere.csv", "table")
    with pytest.raises(SuiteError, match="has no question"):
        read(put(tmp_path / "c.json", {"data": []}), "squad")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"question": '),
        ("a.json", '{"tests": ['),
        ("a.jsonl", "question,answer"),
        ("a.json", "[1, 2]"),
        ("a.csv", b"\xff\xfe\x00"),
    ],
)
def test_a_damaged_file_whose_format_is_to_be_guessed(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SuiteError, match="cannot be read"):
        read(path)


@pytest.mark.parametrize("kind", ["squad", "beir", "ragas", "promptfoo", "table"])
def test_what_is_exported_can_be_imported(tmp_path: Path, corpus: Any, say: Any, kind: str) -> None:
    cases = (
        EvalCase("a", "How long?", answers=("27 days",), evidence=(GoldEvidence(*say.orbit),)),
        EvalCase("b", "How far?", answers=("x", "y"), evidence=(GoldEvidence(*say.away),)),
        EvalCase("c", "Who?", answerable=False),
    )
    for path, content in write(kind, "mine", cases, GoldFinder(corpus)).items():
        put(tmp_path / path, content)
    back = {
        c.id: c
        for c in read(
            tmp_path if kind == "beir" else next(tmp_path.glob("mine.*")),
            kind,
        ).cases
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
        write("beir", "mine", (), None)
    with pytest.raises(UsageError, match="no format `xml`"):
        write("xml", "mine", (), None)
