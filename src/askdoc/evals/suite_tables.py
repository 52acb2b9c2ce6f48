"""What the importers of suites share: tables as rows, lists in cells, names and ids that differ."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from askdoc.types import EvalCase

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """Cases, and the documents that came with them: path to text; none where none came."""

    cases: tuple[EvalCase, ...]
    documents: Mapping[str, str] = field(default_factory=dict)


def rows_of(path: Path) -> list[Row]:
    """Read a table: CSV, TSV, JSON by rows or by columns, or JSON lines."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    if path.suffix == ".json":
        data = json.loads(text)
        return _columns(data) if isinstance(data, dict) else data
    delimiter = "\t" if path.suffix == ".tsv" else ","
    # Strict: a quotation mark that is never closed would take the rest of the table as one cell.
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def _columns(data: Mapping[str, Any]) -> list[Row]:
    """Turn a table that is kept by columns (lists, or maps by row) into rows."""
    lists = {k: list(v.values()) if isinstance(v, dict) else list(v) for k, v in data.items()}
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def json_lines(path: Path) -> Iterator[Row]:
    """Read the objects of a file, one a line."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)


def as_list(value: Any, separator: str | None = None) -> list[str]:
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


def file_name(title: str) -> str:
    """Make the name of a file from a title."""
    return re.sub(r"[^\w.-]+", "_", title).strip("._") or "document"


def free_name(name: str, taken: Mapping[str, str]) -> str:
    """Return `name`, or where that is taken one with a number."""
    stem, dot, suffix = name.rpartition(".")
    candidate, number = name, 2
    while candidate in taken:
        candidate = f"{stem}_{number}{dot}{suffix}"
        number += 1
    return candidate


def distinct(cases: Sequence[EvalCase]) -> tuple[EvalCase, ...]:
    """Give a case whose id is taken another one."""
    seen: dict[str, EvalCase] = {}
    for case in cases:
        name, number = case.id, 2
        while name in seen:
            name = f"{case.id}-{number}"
            number += 1
        seen[name] = case if name == case.id else replace(case, id=name)
    return tuple(seen.values())
