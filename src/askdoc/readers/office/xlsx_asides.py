"""What openpyxl does not tell of a workbook that it reads row by row.

That are comments of cells, merged cells, formulas without a result, and what is hidden.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

import openpyxl
from lxml import etree

from askdoc.readers.hidden import Hidden
from askdoc.readers.merging import Wide
from askdoc.readers.unpacking import Package

_FOUND = re.compile(
    rb'mergeCell\s[^<>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"'
    rb"|<(?:\w+:)?c\b(?P<cell>[^<>]*)>\s*<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A merged cell, or one with a formula whose value is missing or empty."""

_HIDES = b' hidden="'
_HIDDEN = re.compile(rb'<(?:\w+:)?(row|col)(\s(?:[^<>]*\s)?hidden="(?:1|true)"[^<>]*)>')
_NUMBERS = re.compile(rb'\b(?:r|min|max)="([0-9]{1,7})"')
_MOST_COLUMNS = 16_384

_IS_TEXT = b't="str"'
"""Of a formula whose result is text, which may be empty."""

_MOST_MERGED = 10_000
_BLOCK = 1 << 18
_LONGEST_MARK = 20_000
_ROW = re.compile(r"[A-Z]{1,3}([0-9]{1,7})")
_ANY = "{*}"


@dataclass(slots=True)
class Scanned:
    """Of a sheet: its merged cells, each with the row that it begins in, and what else is told."""

    merged: list[tuple[int, Wide]] = field(default_factory=list)
    without_result: int = 0
    hidden: Hidden = field(default_factory=Hidden)


def scan(source: IO[bytes]) -> Scanned:
    """Look through the XML of a sheet."""
    scanned = Scanned()
    number = openpyxl.utils.column_index_from_string
    rest = b""
    while block := source.read(_BLOCK):
        data = rest + block
        end = 0
        for found in _FOUND.finditer(data):
            end = found.end()
            if found["cell"] is not None:
                scanned.without_result += _IS_TEXT not in found["cell"]
            elif len(scanned.merged) < _MOST_MERGED:
                left, right = (number(name.decode()) for name in found.group(1, 3))
                top, bottom = map(int, found.group(2, 4))
                scanned.merged.append((top, Wide(left, right - left + 1, bottom - top + 1)))
        if _HIDES in data:  # of what stood in the block before, too, which changes nothing
            _note(_HIDDEN.finditer(data), scanned.hidden)
        rest = data[max(end, len(data) - _LONGEST_MARK) :]
    return scanned


def _note(found: Iterable[re.Match[bytes]], hidden: Hidden) -> None:
    """Note rows and columns that are hidden."""
    for line, attributes in (one.groups() for one in found):
        numbers = sorted(map(int, _NUMBERS.findall(attributes)))
        if line == b"row":
            hidden.rows.update(numbers)
        elif numbers:
            hidden.columns.update(range(numbers[0], min(numbers[-1], _MOST_COLUMNS) + 1))


def comments(package: Package, sheet: str) -> Mapping[int, Sequence[str]]:
    """List what is noted at cells of the sheet that is the member `sheet`, by row."""
    folder, name = posixpath.split(sheet.lstrip("/"))
    relations = package.xml(f"{folder}/_rels/{name}.rels")
    found: dict[int, list[str]] = {}
    for relation in relations if relations is not None else ():
        if relation.get("Type", "").endswith("/comments"):
            member = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", "")))
            root = package.xml(member.lstrip("/"))
            for row, words in _comments(root) if root is not None else ():
                found.setdefault(row, []).append(words)
    return found


def noted(by: str, words: str) -> str:
    """Write a comment of a cell, as others are: with its author, where that is known."""
    told = " ".join(words.split())
    by = " ".join(by.split())
    return told if not by or told.startswith(f"{by}:") else f"{by}: {told}"


def _comments(root: etree._Element) -> Iterator[tuple[int, str]]:
    listed = enumerate(root.iter(f"{_ANY}author"))
    authors = {str(number): author.text or "" for number, author in listed}
    for comment in root.iter(f"{_ANY}comment"):
        at = _ROW.fullmatch(comment.get("ref", ""))
        by = authors.get(comment.get("authorId", ""), "")
        words = "".join(one.text or "" for one in comment.iter(f"{_ANY}t"))
        if at and words.strip():
            yield int(at[1]), noted(by, words)
