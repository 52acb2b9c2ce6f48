"""Reads JSON, JSON Lines and YAML as text with each value next to its path."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import yaml

from askdoc.errors import ReadError
from askdoc.readers.data.records import Records
from askdoc.readers.encoding import decode, empty
from askdoc.readers.refusal import damaged
from askdoc.types import Reading

_TOKEN = re.compile(
    r"""(?P<nothing>[\s\ufeff,:]+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")
    |(?P<mark>[{}\[\]])
    |(?P<plain>[^\s{}\[\],:"/]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"true|false|null|NaN|-?(?:Infinity|\d[\d.eE+-]*)")
_LINED = (".jsonl", ".ndjson", ".jsonlines")
"""Suffixes of files with one record per line, of which some may be invalid."""

_NAMED = 3
_CLOSES = {"}": False, "]": True}

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class JsonReader:
    """Reads JSON of any depth, one value or many; a line of the file is a place.

    Comments and trailing commas are accepted, as in many settings files.
    """

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty, no text or no JSON.

        """
        decoded = decode(data, name=name)
        records, warnings = Records(), decoded.warnings
        try:
            _scan(decoded.text, records, name)
        except ReadError:
            if not name.lower().endswith(_LINED):
                raise
            records, bad = _good_lines(decoded.text, name)
            if not records.composer:
                raise
            warnings = (*warnings, _bad_lines_warning(bad))
        records.finish()
        if not records.composer:
            raise empty(name)
        return records.composer.reading(warnings=warnings)


class YamlReader:
    """Reads YAML. An alias is written by its name, not expanded, so that the text cannot explode.

    A line of the file is a place.
    """

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty, no text or no YAML.

        """
        decoded = decode(data, name=name)
        records = Records()
        try:
            for event in yaml.parse(decoded.text, Loader=_Loader):
                _take_event(event, records)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            raise damaged(name, f"is not YAML{where}") from error
        records.finish()
        if not records.composer:
            raise empty(name)
        return records.composer.reading(warnings=decoded.warnings)


def _good_lines(text: str, name: str) -> tuple[Records, list[int]]:
    """Read the lines that are valid JSON, and return the numbers of the others."""
    records = Records()
    bad: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            _scan(line, Records(), name, number)
        except ReadError:
            bad.append(number)
        else:
            _scan(line, records, name, number)
    records.finish()
    return records, bad


def _bad_lines_warning(bad: Sequence[int]) -> str:
    named = ", ".join(map(str, bad[:_NAMED]))
    more = f" and {len(bad) - _NAMED:,} more" if len(bad) > _NAMED else ""
    return f"line {named} is no JSON" if len(bad) == 1 else f"lines {named}{more} are no JSON"


def _scan(text: str, records: Records, name: str, line: int = 1) -> None:
    position = 0
    open_lists: list[bool] = []
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _not_json(name, line)
        match found.lastgroup:
            case "string":
                _take(_string(found[0]), records, line, is_string=True)
            case "plain":
                if not _PLAIN.fullmatch(found[0]):
                    raise _not_json(name, line)
                _take(found[0], records, line)
            case "mark" if found[0] in _CLOSES:
                if not open_lists or open_lists.pop() is not _CLOSES[found[0]]:
                    raise _not_json(name, line)
                records.end()
            case "mark":
                open_lists.append(found[0] == "[")
                records.begin(is_list=open_lists[-1], line=line)
        line += text.count("\n", position, found.end())
        position = found.end()
    if open_lists:
        raise _not_json(name, line)


def _not_json(name: str, line: int) -> ReadError:
    return damaged(name, f"is not JSON, line {line}")


def _take(words: str, records: Records, line: int, *, is_string: bool = False) -> None:
    if records.wants_key:
        records.key(words)
    else:
        records.value(words if is_string or words != "null" else "", line)


def _string(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:  # an invalid escape
        return token[1:-1]


def _take_event(event: yaml.Event, records: Records) -> None:
    line = event.start_mark.line + 1 if event.start_mark else 1
    match event:
        case yaml.ScalarEvent():
            _take(event.value, records, line, is_string=True)
        case yaml.AliasEvent():
            _take(f"*{event.anchor}", records, line)
        case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
            if records.wants_key:
                records.key("?")
            records.begin(is_list=isinstance(event, yaml.SequenceStartEvent), line=line)
        case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
            records.end()
