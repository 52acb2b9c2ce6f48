"""Suites in promptfoo's formats: a table of tests, or its YAML with a list of them.

Of the assertions, those on words count: `equals`, `contains`, `contains-any`, and these without
regard to case; others say nothing about what the answer is. What promptfoo has no place for stands
in a test's `metadata`, which it hands through: id, tags, evidence, and `answerable: false`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from askdoc.errors import SuiteError
from askdoc.evals.suite_tables import Imported, Row, as_list, distinct, rows_of
from askdoc.types import EvalCase, GoldEvidence

YAML = (".yaml", ".yml")
ParseYaml = Callable[[str], Any]
"""Reads YAML with every scalar as text."""

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


def read_promptfoo(path: Path, *, parse: ParseYaml | None = None) -> Imported:
    """Read a table with a `question` column and `__expected` assertions, or YAML with `tests`.

    Raises:
        SuiteError: it names tests that can't be read here, or holds something else.

    """
    if path.suffix in YAML:
        return Imported(distinct(_cases(list(_tests(path, parse, _DEEPEST)), path)))
    return Imported(distinct([_row(row, number) for number, row in enumerate(rows_of(path), 1)]))


# ── tables ──────────────────────────────────────────────────────────────────────────────────────


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
        return as_list(value, ",")
    return []


# ── YAML ────────────────────────────────────────────────────────────────────────────────────────


def _tests(path: Path, parse: ParseYaml | None, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield every test of a file and of the files that it names, with the defaults filled in."""
    if parse is None or not depth:
        message = f"`{path}` cannot be read here"
        raise SuiteError(message, hint="give the file that holds the tests")
    if path.suffix not in YAML:
        yield from ({"vars": dict(row)} for row in rows_of(path))
        return
    found = parse(path.read_text(encoding="utf-8-sig"))
    config = found if isinstance(found, dict) else {"tests": found}
    defaults = config.get("defaultTest") or {}
    listed = config.get("tests") or []
    for item in listed if isinstance(listed, list) else [listed]:
        if isinstance(item, dict):
            yield _with_defaults(item, defaults)
            continue
        for file in _named(str(item), path):
            yield from (_with_defaults(t, defaults) for t in _tests(file, parse, depth - 1))


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
    if "://" in bare or suffix not in (*YAML, ".csv", ".json", ".jsonl"):
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
        told = test.get("vars") or {}
        asked = _questions(told)
        if not asked:
            message = f"test {number} of `{path}` has no question: {', '.join(told) or 'no vars'}"
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
        tags=tuple(as_list(known.get("tags") or ())),
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
    """Put values in place of `{{variables}}`; what is none stays."""
    return _VARIABLE.sub(lambda match: str(variables.get(match[1], match[0])), text)


def write_tests(cases: Sequence[EvalCase]) -> str:
    """Write YAML with a test a line, for a configuration that says `tests: file://…`.

    A line is written as JSON, which YAML includes.
    """
    return "".join(f"- {_flow(_test(case))}\n" for case in cases)


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
