"""Reads JSON while it is being written: each object of a list as soon as it is complete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_SIMPLE = r'"[^"]*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^\[\]{}",]+)\s*,\s*'
_LIST_BEGUN = re.compile(rf'\{{\s*(?P<before>(?:{_SIMPLE})*)"[^"]*"\s*:\s*\[\s*(?=\{{)')
"""An object up to the start of its list of objects, with only simple values before the list."""

_decode = json.JSONDecoder().raw_decode


def read_objects(pieces: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the other values of the outermost object, then each object of its list.

    Nested lists belong to their object. Incomplete objects and invalid JSON are dropped.
    """
    text = ""
    for piece in pieces:
        text += piece
        while (start := text.find("{")) >= 0:
            text = text[start:]
            if begun := _LIST_BEGUN.match(text):
                yield _decoded("{" + begun["before"].rstrip().rstrip(",") + "}")[0]
                text = text[begun.end() :]
                continue
            found, end = _decoded(text)
            if not end:
                break
            text = text[end:]
            yield found


def _decoded(text: str) -> tuple[dict[str, Any], int]:
    """Decode the object at the start of `text`, and return its end; 0 if it is incomplete."""
    try:
        found, end = _decode(text)
    except (ValueError, RecursionError):
        return {}, 0
    return found, end
