"""JSON that is still being written: each object of a list as soon as it is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_SIMPLE = r'"[^"]*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^\[\]{}",]+)\s*,\s*'
_LIST_BEGUN = re.compile(rf'\{{\s*(?P<before>(?:{_SIMPLE})*)"[^"]*"\s*:\s*\[\s*(?=\{{)')
"""An object whose list of objects has begun; of what stands before the list only the simple."""

_decode = json.JSONDecoder().raw_decode


def read_objects(pieces: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield each object of the list in the outermost object, and before them its other values.

    Lists further in belong to their object. What is broken off, or no JSON, is left out.
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
    """Read the object that `text` begins with; it ends at 0 where it is not whole."""
    try:
        found, end = _decode(text)
    except (ValueError, RecursionError):
        return {}, 0
    return found, end
