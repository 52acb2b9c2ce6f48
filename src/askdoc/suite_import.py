"""Suites from what other tools keep: SQuAD, BEIR, Ragas and promptfoo tables, plain tables."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from askdoc.errors import SuiteError, UsageError
from askdoc.suites import parse_line
from askdoc.types import EvalCase, GoldEvidence

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """Cases, and the documents that came with them: path to text; none where none came."""

    cases: tuple[EvalCase, ...]
    documents: Mapping[str, str] = field(default_factory=dict)


def read(path: Path, kind: str | None = None) -> Imported:
    """Read cases from a file or folder; its kind is guessed where it is not given.

    Raises:
        UsageError: the kind is unknown or cannot be guessed.
        SuiteError: the content is not of that kind.

    """
    kind = kind or guess(path)
    if kind not in KINDS:
        message = f"there is no format `{kind}`"
        raise UsageError(message, hint=f"there are: {', '.join(KINDS)}")
    try:
        imported = KINDS[kind](path)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else str(error)
        message = f"`{path}` cannot be read as {kind}: {what}"
        raise SuiteError(message, hint="name another format with `--format`") from error
    if not imported.cases:
        message = f"`{path}` holds no question"
        raise SuiteError(message)
    return imported


def guess(path: Path) -> str:
    """Name the format of a file or folder by what it holds."""
    if path.is_dir() and (path / "queries.jsonl").exists():
        return "beir"
    if path.suffix == ".json" and path.is_file():
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(data, dict) and "data" in data:
            return "squad"
    if path.suffix in (".csv", ".tsv", ".json", ".jsonl") and path.is_file():
        columns = set().union(*(row.keys() for row in _rows(path)[:20]))
        if "__expected" in columns or any(name.startswith("__expected") for name in columns):
            return "promptfoo"
        if columns & {"user_input", "ground_truth", "reference", "reference_contexts"}:
            return "ragas"
        if "question" in columns:
            return "table"
    message = f"the format of `{path}` is not known"
    raise UsageError(message, hint=f"name it with `--format`: {', '.join(KINDS)}")


def _squad(path: Path) -> Imported:
    """Read SQuAD 1.1 or 2.0: every article becomes a document, its paragraphs one after another."""
    cases: list[EvalCase] = []
    documents: dict[str, str] = {}
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8-sig"))["data"]):
        title = article.get("title") or f"article {number + 1}"
        name = _free(f"{_file_name(title)}.txt", documents)
        paragraphs = article["paragraphs"]
        documents[name] = "\n\n".join(paragraph["context"] for paragraph in paragraphs) + "\n"
        for paragraph in paragraphs:
            cases += [
                _squad_case(question, paragraph["context"], name) for question in paragraph["qas"]
            ]
    return Imported(_distinct(cases), documents)


def _squad_case(question: Row, context: str, document: str) -> EvalCase:
    answers = [] if question.get("is_impossible") else question["answers"]
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
    for row in _json_lines(folder / "corpus.jsonl"):
        name = _free(f"{_file_name(str(row['_id'])).removesuffix('.txt')}.txt", documents)
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
        for row in _json_lines(folder / "queries.jsonl")
        if str(row["_id"]) in relevant
    ]
    return Imported(tuple(cases), documents)


def _ragas(path: Path) -> Imported:
    """Read a Ragas table, of old names or new; each distinct reference context is a document."""
    documents: dict[str, str] = {}
    by_text: dict[str, str] = {}
    cases: list[EvalCase] = []
    for number, row in enumerate(_rows(path), start=1):
        contexts = _list(row.get("reference_contexts") or row.get("contexts") or ())
        for context in contexts:
            if context not in by_text:
                by_text[context] = f"context_{len(by_text) + 1:04}.txt"
                documents[by_text[context]] = context
        truth = row.get("reference") or row.get("ground_truth") or row.get("ground_truths") or ()
        cases.append(
            EvalCase(
                id=str(row.get("id") or f"ragas-{number}"),
                question=str(row.get("user_input") or row["question"]).strip(),
                answers=tuple(_list(truth)),
                evidence=tuple(GoldEvidence(by_text[context], context) for context in contexts),
            )
        )
    return Imported(_distinct(cases), documents)


def _promptfoo(path: Path) -> Imported:
    """Read a promptfoo table of tests: a `question` column and `__expected` assertions.

    Of the assertions, those on words count: `contains`, `icontains`, `equals`, and bare text.
    """
    cases = []
    for number, row in enumerate(_rows(path), start=1):
        expected = [str(v) for k, v in row.items() if str(k).startswith("__expected") and v]
        answers = [words for text in expected for words in _expected(text)]
        asked = row.get("question") or row.get("query") or row["prompt"]
        name = str(row.get("id") or f"promptfoo-{number}")
        cases.append(EvalCase(name, str(asked).strip(), answers=tuple(answers)))
    return Imported(_distinct(cases))


_ASSERTION = re.compile(r"(not-)?([a-z]+(?:-[a-z]+)*)(?:\([^)]*\))?:\s*(.*)", re.DOTALL)


def _expected(text: str) -> list[str]:
    match = _ASSERTION.fullmatch(text.strip())
    if match is None:
        return [text.strip()]
    negated, name, words = match.groups()
    if negated:
        return []
    if name in ("contains", "icontains", "equals"):
        return [words]
    if name in ("contains-any", "icontains-any"):
        return [part.strip() for part in words.split(",")]
    return []


def _table(path: Path) -> Imported:
    """Read a plain table; its columns are the suite's fields, with `document` and `quote`.

    Several answers or tags in one cell are parted by `|`. Rows of one id are one case with several
    places of evidence.
    """
    merged: dict[str, EvalCase] = {}
    for number, row in enumerate(_rows(path), start=1):
        case = _table_case(row, number, path)
        if case.id in merged and case.evidence:
            before = merged[case.id]
            line = {**_fields(before), "evidence": [*before.evidence, *case.evidence]}
            case = EvalCase(**{**line, "evidence": tuple(line["evidence"])})
        merged[case.id] = case
    return Imported(tuple(merged.values()))


def _fields(case: EvalCase) -> dict[str, Any]:
    return {name: getattr(case, name) for name in EvalCase.__dataclass_fields__}


def _table_case(row: Row, number: int, path: Path) -> EvalCase:
    evidence = row.get("evidence") or []
    if row.get("quote"):
        evidence = [{"document": row["document"], "quote": row["quote"]}]
    told = str(row.get("answerable", "")).strip().lower()
    line = {
        "id": str(row.get("id") or f"{path.stem}-{number}"),
        "question": str(row["question"]).strip(),
        "answers": _list(row.get("answers") or row.get("answer") or (), "|"),
        "evidence": evidence,
        "answerable": told not in ("false", "no", "0"),
        "tags": _list(row.get("tags") or (), "|"),
    }
    return parse_line(json.dumps(line), where=f"{path}: row {number}")


def _rows(path: Path) -> list[Row]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    if path.suffix == ".json":
        data = json.loads(text)
        return _columns(data) if isinstance(data, dict) else data
    delimiter = "\t" if path.suffix == ".tsv" else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def _columns(data: Mapping[str, Any]) -> list[Row]:
    """Turn a table that is kept by columns (lists, or maps by row) into rows."""
    lists = {k: list(v.values()) if isinstance(v, dict) else list(v) for k, v in data.items()}
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _json_lines(path: Path) -> Iterator[Row]:
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)


def _list(value: Any, separator: str | None = None) -> list[str]:
    """Take a list, a list written as JSON, or text parted by `separator`, as a list of texts."""
    if isinstance(value, str):
        if value.strip().startswith("["):
            try:
                return [str(item) for item in json.loads(value)]
            except json.JSONDecodeError:
                pass
        parts = value.split(separator) if separator else [value]
        return [part.strip() for part in parts if part.strip()]
    return [str(item) for item in value if str(item).strip()]


def _file_name(title: str) -> str:
    return re.sub(r"[^\w.-]+", "_", title).strip("._") or "document"


def _free(name: str, taken: Mapping[str, str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    candidate, number = name, 2
    while candidate in taken:
        candidate = f"{stem}_{number}{dot}{suffix}"
        number += 1
    return candidate


def _distinct(cases: Sequence[EvalCase]) -> tuple[EvalCase, ...]:
    """Give a case whose id is taken another one."""
    seen: dict[str, EvalCase] = {}
    for case in cases:
        name, number = case.id, 2
        while name in seen:
            name = f"{case.id}-{number}"
            number += 1
        seen[name] = case if name == case.id else EvalCase(**{**_fields(case), "id": name})
    return tuple(seen.values())


KINDS: Mapping[str, Callable[[Path], Imported]] = {
    "squad": _squad,
    "beir": _beir,
    "ragas": _ragas,
    "promptfoo": _promptfoo,
    "table": _table,
}
