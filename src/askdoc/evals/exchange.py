"""Suites from what other tools keep: SQuAD, BEIR, Ragas and promptfoo tables, plain tables."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from askdoc.errors import SuiteError, UsageError
from askdoc.evals.suite import parse_line
from askdoc.evals.suite_promptfoo import YAML, ParseYaml, read_promptfoo
from askdoc.evals.suite_tables import (
    Imported,
    Row,
    as_list,
    distinct,
    file_name,
    free_name,
    json_lines,
    rows_of,
)
from askdoc.types import EvalCase, GoldEvidence

_PROMPTFOO = "promptfoo"


def read(path: Path, kind: str | None = None, *, parse_yaml: ParseYaml | None = None) -> Imported:
    """Read cases from a file or folder; its kind is guessed where it is not given.

    YAML is read by `parse_yaml`.

    Raises:
        UsageError: the kind is unknown or cannot be guessed.
        SuiteError: the content is not of that kind.

    """
    kind = kind or guess(path)
    if kind not in KINDS:
        message = f"there is no format `{kind}`"
        raise UsageError(message, hint=f"there are: {', '.join(KINDS)}")
    try:
        reader = partial(read_promptfoo, parse=parse_yaml) if kind == _PROMPTFOO else KINDS[kind]
        imported = reader(path)
    except _DAMAGE as error:
        message = f"`{path}` cannot be read as {kind}: {_why(error)}"
        raise SuiteError(message, hint="name another format with `--format`") from error
    if not imported.cases:
        message = f"`{path}` holds no question"
        raise SuiteError(message)
    return imported


def guess(path: Path) -> str:
    """Name the format of a file or folder by what it holds.

    Raises:
        UsageError: it is not there, or cannot be told.
        SuiteError: it is damaged.

    """
    if not path.exists():
        message = f"there is no file or folder `{path}`"
        raise UsageError(message, hint="give the file to import, or a folder in BEIR's layout")
    try:
        kind = _kind(path)
    except _DAMAGE as error:
        message = f"`{path}` cannot be read: {_why(error)}"
        raise SuiteError(message, hint="see whether the file is whole") from error
    if kind is None:
        message = f"the format of `{path}` is not known"
        raise UsageError(message, hint=f"name it with `--format`: {', '.join(KINDS)}")
    return kind


_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error)
"""What readers of JSON and tables raise where a file is not what it is taken for."""


def _why(error: Exception) -> str:
    """Say in words what an error of `_DAMAGE` means for the file."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON from line {error.lineno}, column {error.colno} on"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, OSError):
        told = (error.strerror or str(error)).lower()
        return f"{told}: `{error.filename}`" if error.filename else told
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, csv.Error):
        return str(error)
    return "it is laid out otherwise"


def _kind(path: Path) -> str | None:  # noqa: PLR0911 - one for each format
    if path.is_dir() and (path / "queries.jsonl").exists():
        return "beir"
    if path.suffix == ".json" and path.is_file():
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(data, dict) and "data" in data:
            return "squad"
    if path.suffix in YAML and path.is_file():
        return _PROMPTFOO
    if path.suffix in (".csv", ".tsv", ".json", ".jsonl") and path.is_file():
        columns = set().union(*(row.keys() for row in rows_of(path)[:20]))
        if "__expected" in columns or any(name.startswith("__expected") for name in columns):
            return _PROMPTFOO
        if columns & {"user_input", "ground_truth", "reference", "reference_contexts"}:
            return "ragas"
        if "question" in columns:
            return "table"
    return None


def _squad(path: Path) -> Imported:
    """Read SQuAD 1.1 or 2.0: every article becomes a document, its paragraphs one after another."""
    cases: list[EvalCase] = []
    documents: dict[str, str] = {}
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8-sig"))["data"]):
        title = article.get("title") or f"article {number + 1}"
        name = free_name(f"{file_name(title)}.txt", documents)
        paragraphs = article["paragraphs"]
        documents[name] = "\n\n".join(paragraph["context"] for paragraph in paragraphs) + "\n"
        for paragraph in paragraphs:
            cases += [
                _squad_case(question, paragraph["context"], name) for question in paragraph["qas"]
            ]
    return Imported(distinct(cases), documents)


def _squad_case(question: Row, context: str, document: str) -> EvalCase:
    answers = [] if question.get("is_impossible") else question["answers"]
    for answer in answers:
        if not context.startswith(answer["text"], answer["answer_start"]):
            message = f"the answer of `{question['id']}` is not where it is said to stand"
            raise SuiteError(message, hint="see whether the file is whole")
    quotes = dict.fromkeys(
        _line_around(context, answer["answer_start"], len(answer["text"])) for answer in answers
    )
    return EvalCase(
        id=str(question["id"]),
        question=question["question"].strip(),
        answers=tuple(dict.fromkeys(answer["text"] for answer in answers)),
        evidence=tuple(GoldEvidence(document, quote) for quote in quotes),
        answerable=bool(answers),
    )


_SENTENCE_END = re.compile(r"[.!?][\"'”’)]*\s+(?=[\"'“‘(]*[A-Z0-9])|\n+")


def _line_around(text: str, start: int, length: int) -> str:
    """Cut the sentence that holds a short answer, so that one word is not found everywhere."""
    before = [m.end() for m in _SENTENCE_END.finditer(text) if m.end() <= start]
    after = _SENTENCE_END.search(text, start + length)
    return text[before[-1] if before else 0 : after.end() if after else len(text)].strip()


def _beir(folder: Path) -> Imported:
    """Read a BEIR folder: `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv` (or dev, train)."""
    documents: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in json_lines(folder / "corpus.jsonl"):
        name = free_name(f"{file_name(str(row['_id'])).removesuffix('.txt')}.txt", documents)
        names[str(row["_id"])] = name
        documents[name] = "\n\n".join(part for part in (row.get("title"), row["text"]) if part)
    qrels = next(
        (f for part in ("test", "dev", "train") if (f := folder / f"qrels/{part}.tsv").exists()),
        None,
    )
    if qrels is None:
        message = f"`{folder}` has no `qrels/test.tsv`"
        raise SuiteError(message)
    relevant: dict[str, dict[str, int]] = {}
    for line in qrels.read_text(encoding="utf-8").splitlines():
        parts = line.split("\t")
        if len(parts) == 3 and parts[2].strip().lstrip("-").isdigit():  # noqa: PLR2004 - columns
            grade = max(0, int(parts[2]))
            relevant.setdefault(parts[0], {})[names.get(parts[1], parts[1])] = grade
    cases = [
        EvalCase(str(row["_id"]), row["text"].strip(), relevant=relevant[str(row["_id"])])
        for row in json_lines(folder / "queries.jsonl")
        if str(row["_id"]) in relevant
    ]
    return Imported(tuple(cases), documents)


def _ragas(path: Path) -> Imported:
    """Read a Ragas table, of old names or new; each distinct reference context is a document."""
    documents: dict[str, str] = {}
    by_text: dict[str, str] = {}
    cases: list[EvalCase] = []
    for number, row in enumerate(rows_of(path), start=1):
        contexts = as_list(row.get("reference_contexts") or row.get("contexts") or ())
        for context in contexts:
            if context not in by_text:
                by_text[context] = f"context_{len(by_text) + 1:04}.txt"
                documents[by_text[context]] = context
        truth = row.get("reference") or row.get("ground_truth") or row.get("ground_truths") or ()
        cases.append(
            EvalCase(
                id=str(row.get("id") or f"ragas-{number}"),
                question=str(row.get("user_input") or row["question"]).strip(),
                answers=tuple(as_list(truth)),
                evidence=tuple(GoldEvidence(by_text[context], context) for context in contexts),
            )
        )
    return Imported(distinct(cases), documents)


def _table(path: Path) -> Imported:
    """Read a plain table; its columns are the suite's fields, with `document` and `quote`.

    Several answers or tags in one cell are parted by `|`. Rows of one id are one case with several
    places of evidence.
    """
    merged: dict[str, EvalCase] = {}
    for number, row in enumerate(rows_of(path), start=1):
        case = _table_case(row, number, path)
        if case.id in merged and case.evidence:
            before = merged[case.id]
            case = replace(before, evidence=(*before.evidence, *case.evidence))
        merged[case.id] = case
    return Imported(tuple(merged.values()))


def _table_case(row: Row, number: int, path: Path) -> EvalCase:
    evidence = row.get("evidence") or []
    if row.get("quote"):
        evidence = [{"document": row["document"], "quote": row["quote"]}]
    told = str(row.get("answerable", "")).strip().lower()
    line = {
        "id": str(row.get("id") or f"{path.stem}-{number}"),
        "question": str(row["question"]).strip(),
        "answers": as_list(row.get("answers") or row.get("answer") or (), "|"),
        "evidence": evidence,
        "answerable": told not in ("false", "no", "0"),
        "tags": as_list(row.get("tags") or (), "|"),
    }
    return parse_line(json.dumps(line), where=f"{path}: row {number}")


KINDS: Mapping[str, Callable[[Path], Imported]] = {
    "squad": _squad,
    "beir": _beir,
    "ragas": _ragas,
    _PROMPTFOO: read_promptfoo,
    "table": _table,
}
