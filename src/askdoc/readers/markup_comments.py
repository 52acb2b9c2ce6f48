"""Finds the comments in reStructuredText, AsciiDoc, LaTeX and Org, as lines that are no text.

A mark that nothing ends begins none, where the language lets it have an end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_RST_COMMENT = re.compile(r"(\s*)\.\.(?:\s+(?!\[[^\]]+\]|_|\||[\w:.+-]+::)\S.*|\s*)")
"""No footnote, target, substitution or directive."""


_ADOC_COMMENT = re.compile(r"//(?!/).*")
_ADOC_COMMENTED = re.compile(r"/{4,}\s*")
_ADOC_VERBATIM = re.compile(r"(?:-{4,}|\.{4,}|\+{4,})\s*|`{3}.*")

_TEX_COMMENT = re.compile(r"\s*%.*")
_TEX_ASIDE = re.compile(r"\s*(?:\\(begin|end)\{comment\}.*|\\(iffalse|fi)\b.*)")
_TEX_ENDS = {"begin": "end", "iffalse": "fi"}
_TEX_TRAILING = re.compile(r"(?<=\s)%")
_TEX_VERBATIM = re.compile(r"\\(begin|end)\{(verbatim|Verbatim|lstlisting|minted|alltt)\*?\}")

_ORG_COMMENT = re.compile(r"\s*#(?:\s.*)?")
_ORG_STARS = re.compile(r"(\*+)\s+(.*)")
_ORG_UNSAID = re.compile(r"(?:(?:TODO|DONE)\s+)?(?:\[#[A-Z]\]\s+)?COMMENT\b.*")
_ORG_BLOCK = re.compile(r"\s*#\+(begin|end)_(\w+)\b.*", re.IGNORECASE)


def rst_comments(lines: Sequence[str]) -> Iterator[int]:
    """List the lines that are comments, with what is indented below them."""
    indent = -1
    for number, line in enumerate(lines):
        words = line.strip()
        if indent >= 0 and (not words or _indent(line) > indent):
            yield number
            continue
        indent = -1
        if found := _RST_COMMENT.fullmatch(line):
            yield number
            below = lines[number + 1].strip() if number + 1 < len(lines) else ""
            if below or words != "..":  # two dots alone on a line above a blank one end there
                indent = len(found[1].expandtabs())


def _indent(line: str) -> int:
    return len(line.expandtabs()) - len(line.expandtabs().lstrip())


def adoc_comments(lines: Sequence[str]) -> Iterator[int]:
    """List the lines that are comments."""
    yield from _adoc_asides(lines)
    closing = {line.rstrip(): at for at, line in enumerate(lines) if _fences(line)}
    fence, is_comment = "", False
    for number, line in enumerate(lines):
        bare = line.rstrip()
        if fence:
            if is_comment:
                yield number
            if bare == fence:
                fence = ""
        elif _fences(line) and closing.get("```" if bare.startswith("```") else bare, 0) > number:
            fence = "```" if bare.startswith("```") else bare
            is_comment = bool(_ADOC_COMMENTED.fullmatch(line))
            if is_comment:
                yield number
        elif _ADOC_COMMENT.fullmatch(line):
            yield number


def _adoc_asides(lines: Sequence[str]) -> Iterator[int]:
    """List the lines of paragraphs and open blocks that are marked as comments."""
    ends: str | None = None
    for number, line in enumerate(lines):
        bare = line.strip()
        if ends is None and bare == "[comment]":
            after = lines[number + 1].strip() if number + 1 < len(lines) else ""
            ends = "--" if after == "--" and "--" in map(str.strip, lines[number + 2 :]) else ""
            yield number
        elif ends is not None:
            opens = bare == "--" and lines[number - 1].strip() == "[comment]"
            if bare == ends and not opens:
                ends = None
            yield number


def _fences(line: str) -> bool:
    return bool(_ADOC_COMMENTED.fullmatch(line) or _ADOC_VERBATIM.fullmatch(line))


def tex_comments(lines: Sequence[str]) -> Iterator[int]:
    """List the lines that are comments, or are kept from being printed."""
    marks = [found[1] or found[2] if (found := _TEX_ASIDE.fullmatch(one)) else "" for one in lines]
    last = {mark: number for number, mark in enumerate(marks)}
    ends = ""
    for number, (line, mark) in enumerate(zip(lines, marks, strict=True)):
        if ends:
            yield number
            ends = "" if mark == ends else ends
        elif mark in _TEX_ENDS and last.get(_TEX_ENDS[mark], 0) > number:
            ends = _TEX_ENDS[mark]
            yield number
        elif _TEX_COMMENT.fullmatch(line):
            yield number


def tex_asides(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Say of lines that end in a comment where that begins; a percent sign of a URL begins none."""
    verbatim = ""
    for number, line in enumerate(lines):
        if found := _TEX_VERBATIM.search(line):
            verbatim = found[2] if found[1] == "begin" else ""
        elif not verbatim and (aside := _TEX_TRAILING.search(line)):
            yield number, aside.start()


def org_comments(lines: Sequence[str]) -> Iterator[int]:
    """List the lines of comments, and those below a heading that begins with COMMENT."""
    marks = [_ORG_BLOCK.fullmatch(line) for line in lines]
    last = {(m[1].lower(), m[2].lower()): at for at, m in enumerate(marks) if m}
    level, block = 0, ""
    for number, (line, mark) in enumerate(zip(lines, marks, strict=True)):
        kind = mark[2].lower() if mark else ""
        heading = None if block else _ORG_STARS.match(line)
        if heading and not (level and len(heading[1]) > level):
            level = len(heading[1]) if _ORG_UNSAID.match(heading[2]) else 0
        begins = mark and mark[1].lower() == "begin" and last.get(("end", kind), 0) > number
        if not block and begins:
            block = kind
        if level or block == "comment" or (not block and _ORG_COMMENT.fullmatch(line)):
            yield number
        if block and mark and mark[1].lower() == "end" and kind == block:
            block = ""
