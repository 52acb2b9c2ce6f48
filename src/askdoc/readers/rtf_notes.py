"""Takes out of RTF what stands apart from its text: notes, comments, headers and footers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from askdoc.readers.attachments import COMMENT, FOOTER, FOOTNOTE, HEADER
from askdoc.readers.rtf_hidden import TOKEN, past

MARK = "\ufdd0"
"""Stands in the text where something was taken out; a character that no text may hold."""

_KINDS = {"footnote": FOOTNOTE, "annotation": COMMENT, "header": HEADER, "footer": FOOTER}
_OPENS = re.compile(
    r"\{\s*(?:\\\*\s*)?\\(footnote|annotation|header|footer)(?:(?<=er)[lrf])?(?![a-zA-Z]) ?"
)


@dataclass(frozen=True, slots=True)
class Aside:
    """A footnote, comment, header or footer, and its RTF."""

    kind: str
    source: str


def taken_apart(source: str) -> tuple[str, list[Aside]]:
    """Return RTF with a `MARK` where each aside was, and the asides in their order."""
    if not _OPENS.search(source):
        return source, []
    kept: list[str] = []
    asides: list[Aside] = []
    position = done = 0
    for start, brace in _braces(source):
        if start < position or brace == "}":
            continue
        if opens := _OPENS.match(source, start):
            end = _end(source, start)
            position = min(len(source), end + 1)
            asides.append(Aside(_KINDS[opens[1]], source[opens.end() : end]))
            kept += [source[done:start], MARK]
            done = position
    kept.append(source[done:])
    return "".join(kept), asides


def _end(source: str, start: int) -> int:
    """Return where the brace stands that ends the group that begins at `start`."""
    depth = 0
    for at, brace in _braces(source, start):
        depth += 1 if brace == "{" else -1
        if not depth:
            return at
    return len(source)


def _braces(source: str, position: int = 0) -> Iterator[tuple[int, str]]:
    """List the braces that begin and end groups, and where they stand."""
    while found := TOKEN.match(source, position):
        if brace := found["brace"]:
            yield found.start(), brace
        position = past(source, found)
