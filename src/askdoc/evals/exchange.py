"""Suites in the formats of other tools: SQuAD, BEIR, Ragas, promptfoo, and plain tables."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from askdoc.errors import SuiteError, UsageError
from askdoc.evals.grade import GoldFinder
from askdoc.evals.suite import parse_line
from askdoc.types import EvalCase, GoldEvidence

Row = Mapping[str, Any]
Files = Mapping[str, str]
"""What to write: path within the target folder, to content."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Cases, and the documents that came with them, if any: path to text."""

    cases: tuple[EvalCase, ...]
    documents: Mapping[str, str] = field(default_factory=dict)


def read(path: Path, kind: str | None = None) -> Imported:
    """Read cases from a file or folder; without `kind`, its content tells the format.

    Raises:
        UsageError: the format is unknown.
        SuiteError: the content does not have that format.

    """
    kind = kind or guess(path)
    _expect_known(kind)
    try:
        imported = _READERS[kind](path)
    except _DAMAGE as error:
        message = f"`{path}` cannot be read as {kind}: {_why(error)}"
        raise SuiteError(message, hint="name another format with `--format`") from error
    if not imported.cases:
        message = f"`{path}` has no question"
        raise SuiteError(message)
    return imported


def write(kind: str, name: str, cases: Sequence[EvalCase], gold: GoldFinder | None) -> Files:
    """Turn a suite called `name` into the files of another format.

    Raises:
        UsageError: the format is unknown, or needs the documents and `gold` is None.

    """
    _expect_known(kind)
    return _WRITERS[kind](name, cases, gold)


def guess(path: Path) -> str:
    """Name the format of a file or folder by what it holds.

    Raises:
        UsageError: it does not exist, or has no format that is known here.
        SuiteError: it is damaged.

    """
    if not path.exists():
        message = f"there is no file or folder `{path}`"
        raise UsageError(message, hint="give the file to import, or a folder in BEIR's layout")
    try:
        kind = _kind(path)
    except _DAMAGE as error:
        message = f"`{path}` cannot be read: {_why(error)}"
        raise SuiteError(message, hint="check that the file is complete") from error
    if kind is None:
        message = f"the format of `{path}` is not known"
        raise UsageError(message, hint=f"name it with `--format`: {', '.join(KINDS)}")
    return kind


def _expect_known(kind: str) -> None:
    if kind not in KINDS:
        message = f"there is no format `{kind}`"
        raise UsageError(message, hint=f"there are: {', '.join(KINDS)}")


def _kind(path: Path) -> str | None:  # noqa: PLR0911 - one for each format
    if path.is_dir() and (path / "queries.jsonl").exists():
        return "beir"
    if path.suffix == ".json" and path.is_file():
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(data, dict) and "data" in data:
            return "squad"
    if path.suffix in _YAML and path.is_file():
        return "promptfoo"
    if path.suffix in (".csv", ".tsv", ".json", ".jsonl") and path.is_file():
        columns = set().union(*(row.keys() for row in _rows_of(path)[:20]))
        if "__expected" in columns or any(name.startswith("__expected") for name in columns):
            return "promptfoo"
        if columns & {"user_input", "ground_truth", "reference", "reference_contexts"}:
            return "ragas"
        if "question" in columns:
            return "table"
    return None


_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error)
"""What readers of JSON and tables raise for a file of another format."""


def _why(error: Exception) -> str:
    """Return in words what an error of `_DAMAGE` means for the file."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, OSError):
        reason = (error.strerror or str(error)).lower()
        return f"{reason}: `{error.filename}`" if error.filename else reason
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, csv.Error):
        return str(error)
    return "its layout is not the expected one"


def _read_squad(path: Path) -> Imported:
    """Read SQuAD 1.1 or 2.0: every article becomes a document, its paragraphs one after another."""
    cases: list[EvalCase] = []
    documents: dict[str, str] = {}
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8-sig"))["data"]):
        title = article.get("title") or f"article {number + 1}"
        name = _free_name(f"{_file_name(title)}.txt", documents)
        paragraphs = article["paragraphs"]
        documents[name] = "\n\n".join(paragraph["context"] for paragraph in paragraphs) + "\n"
        for paragraph in paragraphs:
            cases += [
                _squad_case(question, paragraph["context"], name) for question in paragraph["qas"]
            ]
    return Imported(_distinct(cases), documents)


def _squad_case(question: Row, context: str, document: str) -> EvalCase:
    answers = [] if question.get("is_impossible") else question["answers"]
    for answer in answers:
        if not context.startswith(answer["text"], answer["answer_start"]):
            message = f"the answer of `{question['id']}` is not at the place the file names"
            raise SuiteError(message, hint="check that the file is complete")
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


def _write_squad(name: str, cases: Sequence[EvalCase], gold: GoldFinder | None) -> Files:
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


def _read_beir(folder: Path) -> Imported:
    """Read a BEIR folder: `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv` (or dev, train)."""
    documents: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in _json_lines(folder / "corpus.jsonl"):
        name = _free_name(f"{_file_name(str(row['_id'])).removesuffix('.txt')}.txt", documents)
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


def _write_beir(_name: str, cases: Sequence[EvalCase], gold: GoldFinder | None) -> Files:
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


def _read_ragas(path: Path) -> Imported:
    """Read a Ragas table, of old names or new; each distinct reference context is a document."""
    documents: dict[str, str] = {}
    by_text: dict[str, str] = {}
    cases: list[EvalCase] = []
    for number, row in enumerate(_rows_of(path), start=1):
        contexts = _as_list(row.get("reference_contexts") or row.get("contexts") or ())
        for context in contexts:
            if context not in by_text:
                by_text[context] = f"context_{len(by_text) + 1:04}.txt"
                documents[by_text[context]] = context
        truth = row.get("reference") or row.get("ground_truth") or row.get("ground_truths") or ()
        cases.append(
            EvalCase(
                id=str(row.get("id") or f"ragas-{number}"),
                question=str(row.get("user_input") or row["question"]).strip(),
                answers=tuple(_as_list(truth)),
                evidence=tuple(GoldEvidence(by_text[context], context) for context in contexts),
            )
        )
    return Imported(_distinct(cases), documents)


def _write_ragas(name: str, cases: Sequence[EvalCase], _gold: GoldFinder | None) -> Files:
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


def _read_table(path: Path) -> Imported:
    """Read a plain table; its columns are the suite's fields, with `document` and `quote`.

    `|` separates several answers or tags in one cell. Rows of one id are one case with several
    places of evidence.
    """
    merged: dict[str, EvalCase] = {}
    for number, row in enumerate(_rows_of(path), start=1):
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
    answerable = str(row.get("answerable", "")).strip().lower()
    line = {
        "id": str(row.get("id") or f"{path.stem}-{number}"),
        "question": str(row["question"]).strip(),
        "answers": _as_list(row.get("answers") or row.get("answer") or (), "|"),
        "evidence": evidence,
        "answerable": answerable not in ("false", "no", "0"),
        "tags": _as_list(row.get("tags") or (), "|"),
    }
    return parse_line(json.dumps(line), where=f"{path}: row {number}")


def _write_table(name: str, cases: Sequence[EvalCase], _gold: GoldFinder | None) -> Files:
    """Write a plain table, one line for each place of evidence."""
    rows = [["id", "question", "answers", "document", "quote", "answerable", "tags"]]
    for case in cases:
        places = [(item.document, item.quote) for item in case.evidence] or [("", "")]
        rest = ["true" if case.answerable else "false", "|".join(case.tags)]
        rows += [
            [case.id, case.question, "|".join(case.answers), document, quote, *rest]
            for document, quote in places
        ]
    return {f"{name}.csv": _csv(rows)}


_YAML = (".yaml", ".yml")

_QUESTIONS = ("question", "query", "user_input", "prompt", "input", "message")
"""Variables that hold the question, the likeliest first."""

_FILE = "file://"
_ONE = frozenset({"equals", "contains", "icontains"})
_ANY = frozenset({"contains-any", "icontains-any"})
_NEGATED = "not-"
_DEEPEST = 5
"""Files that may name files, one after another."""

_ASSERTION = re.compile(r"(not-)?([a-z]+(?:-[a-z]+)*)(?:\([^)]*\))?:\s*(.*)", re.DOTALL)
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def _read_promptfoo(path: Path) -> Imported:
    """Read a table with a `question` column and `__expected` assertions, or YAML with `tests`.

    Raises:
        SuiteError: it names tests that can't be read here, or holds something else.

    """
    if path.suffix in _YAML:
        return Imported(_distinct(_cases(list(_tests(path, _DEEPEST)), path)))
    return Imported(_distinct([_row(row, number) for number, row in enumerate(_rows_of(path), 1)]))


def _row(row: Row, number: int) -> EvalCase:
    expected = [str(v) for k, v in row.items() if str(k).startswith("__expected") and v]
    answers = [words for text in expected for words in _expected(text)]
    asked = next((row[name] for name in _QUESTIONS if row.get(name)), None) or row["question"]
    name = str(row.get("id") or f"promptfoo-{number}")
    return EvalCase(name, str(asked).strip(), answers=tuple(answers))


def _expected(text: str) -> list[str]:
    match = _ASSERTION.fullmatch(text.strip())
    if match is None:
        return [text.strip()]
    negated, name, words = match.groups()
    if negated:
        return []
    return _words(name, words.strip())


def _words(kind: str, value: Any) -> list[str]:
    """List what an assertion accepts; nothing where it is not about words."""
    if kind in _ONE:
        return [str(value)]
    if kind in _ANY:
        return _as_list(value, ",")
    return []


def _tests(path: Path, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield every test of a file and of the files that it names, with the defaults filled in."""
    if not depth:
        message = f"`{path}` is one of too many files that name each other"
        raise SuiteError(message, hint="give the file that holds the tests")
    if path.suffix not in _YAML:
        yield from ({"vars": dict(row)} for row in _rows_of(path))
        return
    found = _parse_yaml(path.read_text(encoding="utf-8-sig"))
    config = found if isinstance(found, dict) else {"tests": found}
    defaults = config.get("defaultTest") or {}
    listed = config.get("tests") or []
    for item in listed if isinstance(listed, list) else [listed]:
        if isinstance(item, dict):
            yield _with_defaults(item, defaults)
            continue
        for file in _named(str(item), path):
            yield from (_with_defaults(t, defaults) for t in _tests(file, depth - 1))


def _with_defaults(test: Mapping[str, Any], defaults: Any) -> dict[str, Any]:
    if not isinstance(defaults, dict):
        return dict(test)
    return {
        **test,
        "vars": {**(defaults.get("vars") or {}), **(test.get("vars") or {})},
        "assert": [*(defaults.get("assert") or ()), *(test.get("assert") or ())],
    }


def _named(name: str, by: Path) -> list[Path]:
    """Find the files that a configuration names, beside itself; `*` stands for any."""
    bare = name.removeprefix(_FILE)
    suffix = Path(bare).suffix
    if "://" in bare or suffix not in (*_YAML, ".csv", ".json", ".jsonl"):
        message = f"`{by}` takes tests from `{name}`, which can't be read here"
        raise SuiteError(message, hint="write them out as YAML or CSV, and import that")
    file = by.parent / bare
    found = sorted(file.parent.glob(file.name)) if "*" in file.name else [file]
    if not found:
        message = f"`{by}` takes tests from `{name}`, and there is none"
        raise SuiteError(message)
    return found


def _cases(tests: Sequence[Mapping[str, Any]], path: Path) -> list[EvalCase]:
    cases = []
    for number, test in enumerate(tests, start=1):
        values = test.get("vars") or {}
        asked = _questions(values)
        if not asked:
            message = f"test {number} of `{path}` has no question: {', '.join(values) or 'no vars'}"
            raise SuiteError(message, hint=f"name the variable one of: {', '.join(_QUESTIONS)}")
        cases += [_case(test, variables, question, number) for variables, question in asked]
    return cases


def _case(
    test: Mapping[str, Any], variables: Mapping[str, Any], question: str, number: int
) -> EvalCase:
    known = test.get("metadata") or {}
    return EvalCase(
        id=str(known.get("id") or f"promptfoo-{number}"),
        question=question,
        answers=tuple(dict.fromkeys(_answers(test, variables))),
        evidence=tuple(
            GoldEvidence(str(item["document"]), str(item["quote"]))
            for item in known.get("evidence") or ()
        ),
        all_evidence=str(known.get("all_evidence")).lower() == "true",
        answerable=str(known.get("answerable")).lower() != "false",
        tags=tuple(_as_list(known.get("tags") or ())),
    )


def _questions(variables: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str]]:
    """List the questions of a test with its variables; a list of values is as many questions."""
    named = (name for name in _QUESTIONS if variables.get(name))
    name = next(named, next(iter(variables), "") if len(variables) == 1 else "")
    if not name:
        return []
    values = variables[name] if isinstance(variables[name], list) else [variables[name]]
    questions = [_filled(str(value), variables).strip() for value in values]
    return [({**variables, name: question}, question) for question in questions if question]


def _answers(test: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the assertions accept, with `{{variables}}` filled in."""
    for item in test.get("assert") or ():
        if not isinstance(item, dict):
            continue
        if item.get("type") == "assert-set":
            yield from _answers(item, variables)
        for words in _words(str(item.get("type")), item.get("value", "")):
            yield _filled(words, variables)
    for name, value in variables.items():
        if name.startswith("__expected") and value:
            yield from _expected(str(value))


def _filled(text: str, variables: Mapping[str, Any]) -> str:
    """Replace `{{variables}}` by their values; unknown ones stay."""
    return _VARIABLE.sub(lambda match: str(variables.get(match[1], match[0])), text)


def _write_promptfoo(name: str, cases: Sequence[EvalCase], _gold: GoldFinder | None) -> Files:
    """Write promptfoo's tests as YAML, for `tests: file://…`; `relevant` and `history` are lost.

    Each test is a line of JSON, which is YAML too.
    """
    return {f"{name}.yaml": "".join(f"- {_flow(_test(case))}\n" for case in cases)}


def _test(case: EvalCase) -> dict[str, Any]:
    metadata: dict[str, Any] = {"id": case.id}
    if case.tags:
        metadata["tags"] = list(case.tags)
    if case.evidence:
        metadata["evidence"] = [
            {"document": item.document, "quote": item.quote} for item in case.evidence
        ]
    if case.all_evidence:
        metadata["all_evidence"] = True
    if not case.answerable:
        metadata["answerable"] = False
    test: dict[str, Any] = {"vars": {"question": case.question}, "metadata": metadata}
    if len(case.answers) == 1:
        test["assert"] = [{"type": "icontains", "value": case.answers[0]}]
    elif case.answers:
        test["assert"] = [{"type": "icontains-any", "value": list(case.answers)}]
    return test


def _flow(value: Any) -> str:
    """Write JSON that is YAML too, which allows fewer characters as they are."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _parse_yaml(text: str) -> Any:
    """Read YAML; every scalar is text, so that `no`, `1.10` and dates stay what was written.

    Raises:
        SuiteError: it is not YAML.

    """
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes no objects
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f"line {place.line + 1}: " if place else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        message = f"not YAML: {where}{problem}"
        raise SuiteError(message) from error


def _rows_of(path: Path) -> list[Row]:
    """Read a table: CSV, TSV, JSON by rows or by columns, or JSON lines."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    if path.suffix == ".json":
        data = json.loads(text)
        return _columns(data) if isinstance(data, dict) else data
    delimiter = "\t" if path.suffix == ".tsv" else ","
    # Strict, or an unclosed quotation mark makes the rest of the table one cell.
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def _columns(data: Mapping[str, Any]) -> list[Row]:
    """Turn a table of columns (lists, or maps by row) into rows."""
    lists = {k: list(v.values()) if isinstance(v, dict) else list(v) for k, v in data.items()}
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _json_lines(path: Path) -> Iterator[Row]:
    """Read the objects of a file, one a line."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)


def _as_list(value: Any, separator: str | None = None) -> list[str]:
    """Return a list of texts from a list, a JSON list, or text split at `separator`."""
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
    """Make the name of a file from a title."""
    return re.sub(r"[^\w.-]+", "_", title).strip("._") or "document"


def _free_name(name: str, taken: Mapping[str, str]) -> str:
    """Return `name`, or with a number appended if it is taken."""
    stem, dot, suffix = name.rpartition(".")
    candidate, number = name, 2
    while candidate in taken:
        candidate = f"{stem}_{number}{dot}{suffix}"
        number += 1
    return candidate


def _distinct(cases: Sequence[EvalCase]) -> tuple[EvalCase, ...]:
    """Give cases with the same id different ids."""
    seen: dict[str, EvalCase] = {}
    for case in cases:
        name, number = case.id, 2
        while name in seen:
            name = f"{case.id}-{number}"
            number += 1
        seen[name] = case if name == case.id else replace(case, id=name)
    return tuple(seen.values())


def _needed(gold: GoldFinder | None) -> GoldFinder:
    if gold is None:
        message = "this format includes the documents, and there is no index to take them from"
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


_READERS: Mapping[str, Callable[[Path], Imported]] = {
    "squad": _read_squad,
    "beir": _read_beir,
    "ragas": _read_ragas,
    "promptfoo": _read_promptfoo,
    "table": _read_table,
}
_WRITERS: Mapping[str, Callable[[str, Sequence[EvalCase], GoldFinder | None], Files]] = {
    "squad": _write_squad,
    "beir": _write_beir,
    "ragas": _write_ragas,
    "promptfoo": _write_promptfoo,
    "table": _write_table,
}
KINDS = tuple(_READERS)
