"""Suites as other tools keep them; what a format cannot hold is left out, as each function says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from askdoc.errors import UsageError
from askdoc.evals.gold import GoldFinder
from askdoc.evals.suite_promptfoo import write_tests
from askdoc.types import EvalCase

Files = Mapping[str, str]
"""What to write: path within the target folder, to content."""


def export(kind: str, name: str, cases: Sequence[EvalCase], gold: GoldFinder | None) -> Files:
    """Turn a suite called `name` into the files of another format.

    Raises:
        UsageError: the format is unknown, or needs the documents and `gold` is None.

    """
    if kind not in KINDS:
        message = f"there is no format `{kind}`"
        raise UsageError(message, hint=f"there are: {', '.join(KINDS)}")
    return KINDS[kind](name, cases, gold)


def _squad(name: str, cases: Sequence[EvalCase], gold: GoldFinder | None) -> Files:
    """Write SQuAD 2.0: one article and paragraph a document; the quote is the answer's text.

    A question whose evidence is in several documents is asked of the first.
    """
    gold = _needed(gold)
    by_document: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        path = case.evidence[0].document if case.evidence else next(iter(gold.paths()), "")
        answers = []
        for item in case.evidence if case.answerable else ():
            documents = gold.documents(item.document)
            if item.document == path and documents:
                places = [p for p in gold.places(item) if p.document_id == documents[0].id]
                text = gold.text(documents[0].id)
                answers += [
                    {"text": p.span.of(text), "answer_start": p.span.start} for p in places[:1]
                ]
        by_document.setdefault(path, []).append(
            {
                "id": case.id,
                "question": case.question,
                "is_impossible": not case.answerable,
                "answers": answers,
            }
        )
    data = [
        {"title": path, "paragraphs": [{"context": _text(gold, path), "qas": questions}]}
        for path, questions in by_document.items()
    ]
    return {f"{name}.json": _dump({"version": "v2.0", "data": data})}


def _beir(_name: str, cases: Sequence[EvalCase], gold: GoldFinder | None) -> Files:
    """Write a BEIR folder: whole documents; `relevant`, else the documents of the evidence."""
    gold = _needed(gold)
    corpus = [{"_id": path, "title": "", "text": _text(gold, path)} for path in gold.paths()]
    queries, qrels = [], ["query-id\tcorpus-id\tscore"]
    for case in cases:
        grades = dict(case.relevant) or {item.document: 1 for item in case.evidence}
        if case.answerable and grades:
            queries.append({"_id": case.id, "text": case.question})
            qrels += [f"{case.id}\t{path}\t{grade}" for path, grade in grades.items()]
    return {
        "corpus.jsonl": _lines(corpus),
        "queries.jsonl": _lines(queries),
        "qrels/test.tsv": "\n".join(qrels) + "\n",
    }


def _ragas(name: str, cases: Sequence[EvalCase], _gold: GoldFinder | None) -> Files:
    """Write Ragas rows, one JSON object a line; unanswerable cases have no place there."""
    rows = [
        {
            "id": case.id,
            "user_input": case.question,
            "reference": case.answers[0] if case.answers else "",
            "reference_contexts": [item.quote for item in case.evidence],
        }
        for case in cases
        if case.answerable
    ]
    return {f"{name}.jsonl": _lines(rows)}


def _promptfoo(name: str, cases: Sequence[EvalCase], _gold: GoldFinder | None) -> Files:
    """Write promptfoo's tests as YAML, for `tests: file://…`; `relevant` and `history` are lost."""
    return {f"{name}.yaml": write_tests(cases)}


def _table(name: str, cases: Sequence[EvalCase], _gold: GoldFinder | None) -> Files:
    """Write a plain table, one line for each place of evidence."""
    rows = [["id", "question", "answers", "document", "quote", "answerable", "tags"]]
    for case in cases:
        places = [(item.document, item.quote) for item in case.evidence] or [("", "")]
        told = ["true" if case.answerable else "false", "|".join(case.tags)]
        rows += [
            [case.id, case.question, "|".join(case.answers), document, quote, *told]
            for document, quote in places
        ]
    return {f"{name}.csv": _csv(rows)}


def _needed(gold: GoldFinder | None) -> GoldFinder:
    if gold is None:
        message = "this format holds the documents, and there is no index to take them from"
        raise UsageError(message, hint="make one with `askdoc index`, or name `--documents`")
    return gold


def _text(gold: GoldFinder, path: str) -> str:
    documents = gold.documents(path)
    return gold.text(documents[0].id) if documents else ""


def _dump(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False) + "\n"


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(_dump(row) for row in rows)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


KINDS: Mapping[str, Callable[[str, Sequence[EvalCase], GoldFinder | None], Files]] = {
    "squad": _squad,
    "beir": _beir,
    "ragas": _ragas,
    "promptfoo": _promptfoo,
    "table": _table,
}
