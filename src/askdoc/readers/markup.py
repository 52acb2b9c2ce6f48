"""Read reStructuredText, AsciiDoc, LaTeX and Org: the text stays as written, marks give headings.

So offsets and lines are those of the file. Lines that hold nothing but markup are in no block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from askdoc.readers.decoding import decode, empty
from askdoc.readers.layout.headings import Heading, without
from askdoc.readers.layout.lines import Line, blocks, is_rule
from askdoc.strings import line_starts
from askdoc.types import Reading, Span

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


_WORD = re.compile(r"\w")
_SEEN = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Marked:
    """What the marks of a text say: lines to leave out, by number from 0, and its headings."""

    out: frozenset[int]
    headings: Sequence[tuple[int, int, str]]
    """Number of the line, level and words of each."""

    title: str | None = None
    author: str | None = None
    unsaid: frozenset[int] = frozenset()
    """Lines to leave out that are no part of the text at all: comments, and what follows its end.

    Others may stand in a passage, between the lines that it is made of.
    """

    cut: Mapping[int, int] = field(default_factory=dict)
    """From which column on a line is none, by its number."""


@dataclass(slots=True)
class _Notes:
    out: set[int] = field(default_factory=set)
    unsaid: set[int] = field(default_factory=set)
    headings: list[tuple[int, int, str]] = field(default_factory=list)
    cut: dict[int, int] = field(default_factory=dict)
    title: str | None = None
    author: str | None = None

    def done(self) -> Marked:
        return Marked(
            frozenset(self.out | self.unsaid),
            tuple(self.headings),
            self.title,
            self.author,
            frozenset(self.unsaid),
            self.cut,
        )


class _MarkupReader:
    """Reads a text of which `marks` tells the marks."""

    marks: Callable[[Sequence[str]], Marked]

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty, no text, or nothing but markup.

        """
        decoded = decode(data, name=name)
        text = decoded.text
        starts = [*line_starts(text), len(text)]
        lines = [text[a:b].rstrip("\r\n") for a, b in pairwise(starts)]
        marked = type(self).marks(lines)
        if cut := {**marked.cut, **dict.fromkeys(marked.unsaid, 0)}:
            text = _blanked(text, starts, cut)
            lines = [line[: cut.get(at)] for at, line in enumerate(lines)]
        headings = [
            Heading(_bare(starts[number], lines[number]), level, title)
            for number, level, title in marked.headings
            if title
        ]
        apart = marked.out | {number for number, *_ in marked.headings}
        runs = list(_runs(starts, lines, apart))
        everything = sorted([*blocks(text, runs), *(heading.span for heading in headings)])
        kept = without(everything, headings)
        if not kept:
            raise empty(name)
        first = next((heading.title for heading in headings if heading.level == 1), None)
        return Reading(
            text=text,
            blocks=kept,
            title=marked.title or first,
            author=marked.author,
            sections=tuple(heading.section() for heading in headings),
            warnings=decoded.warnings,
        )


def _blanked(text: str, starts: Sequence[int], cut: Mapping[int, int]) -> str:
    """Put spaces in the place of lines from a column on, so that offsets stay those of the file."""
    lines = (text[start:end] for start, end in pairwise(starts))
    return "".join(
        line[: cut[number]] + _SEEN.sub(" ", line[cut[number] :]) if number in cut else line
        for number, line in enumerate(lines)
    )


def _runs(
    starts: Sequence[int], lines: Sequence[str], apart: frozenset[int]
) -> Iterator[list[Line]]:
    run: list[Line] = []
    for number, line in enumerate(lines):
        if number in apart or not _WORD.search(line) or is_rule(line.strip()):
            if run:
                yield run
            run = []
            continue
        span = _bare(starts[number], line)
        column = len(line[: span.start - starts[number]].expandtabs())
        run.append(Line(span, column, column + len(span)))
    if run:
        yield run


def _bare(start: int, line: str) -> Span:
    words = line.strip()
    begin = start + line.index(words) if words else start
    return Span(begin, begin + len(words))


# ── reStructuredText ────────────────────────────────────────────────────────────────────────────

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*")
_RST_LEFT_OUT = re.compile(r"\s*\.\.(?:\s|$)|\s*:[\w-]+:\s*$|\s*__\s")
_ADMONITION = re.compile(
    r"\s*\.\. (?:note|tip|hint|important|warning|caution|attention|danger|error|seealso|topic"
    r"|admonition|versionadded|versionchanged|deprecated)::\s+\S"
)


def rst_marks(lines: Sequence[str]) -> Marked:
    """Find the headings, which are underlined; levels count in the order in which they appear."""
    notes = _Notes(unsaid=set(rst_comments(lines)))
    levels: dict[tuple[str, bool], int] = {}
    for number, line in enumerate(lines):
        if number in notes.unsaid:
            continue
        above = lines[number - 1].rstrip() if number else ""
        if _ADORNMENT.fullmatch(line):
            notes.out.add(number)
            under = len(line.rstrip()) >= len(above.strip()) and _WORD.search(above)
            if under and number - 1 not in notes.out:
                over = number > 1 and bool(_ADORNMENT.fullmatch(lines[number - 2]))
                level = levels.setdefault((line[0], over), len(levels) + 1)
                notes.headings.append((number - 1, level, above.strip()))
        elif _RST_LEFT_OUT.match(line) and not _ADMONITION.match(line):
            notes.out.add(number)
    return notes.done()


# ── AsciiDoc ────────────────────────────────────────────────────────────────────────────────────

_ADOC_HEADING = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?\s*")
_ADOC_LEFT_OUT = re.compile(
    r":[\w!-]+:.*|//.*|\[[^\]]*\]\s*|(?:include|image|toc|video)::.*|[-=*_.+/]{4,}\s*|\|={3,}.*|--\s*"
)
_ADOC_AUTHOR = re.compile(r":author:\s*(\S.*)")


def adoc_marks(lines: Sequence[str]) -> Marked:
    """Find the headings, which begin with equals signs; one alone is the title."""
    notes = _Notes(unsaid=set(adoc_comments(lines)))
    for number, line in enumerate(lines):
        if number in notes.unsaid:
            continue
        if found := _ADOC_HEADING.fullmatch(line):
            notes.headings.append((number, len(found[1]), found[2]))
        elif _ADOC_LEFT_OUT.fullmatch(line):
            notes.out.add(number)
            if author := _ADOC_AUTHOR.match(line):
                notes.author = author[1].strip()
    return notes.done()


# ── LaTeX ───────────────────────────────────────────────────────────────────────────────────────

_TEX_LEVELS = {
    "part": 1,
    "chapter": 1,
    "section": 2,
    "subsection": 3,
    "subsubsection": 4,
    "paragraph": 5,
}
_TEX_HEADING = re.compile(
    rf"\s*\\({'|'.join(_TEX_LEVELS)})\*?(?:\[[^\]]*\])?\{{((?:[^{{}}]|\{{[^{{}}]*\}})*)\}}.*"
)
_TEX_ABOUT = re.compile(r"\s*\\(title|author)\{(.*)\}\s*")
_TEX_LEFT_OUT = re.compile(
    r"\s*(?:\\(?:begin|end|label|usepackage|documentclass|maketitle|centering|includegraphics|input"
    r"|include|bibliography|bibliographystyle|newpage|clearpage|tableofcontents|appendix|vspace"
    r"|hspace|noindent|hline|toprule|midrule|bottomrule|newcommand|renewcommand)\b\*?"
    r"(?:\[[^\]]*\])*(?:\{[^{}]*\})*(?:\[[^\]]*\])*\s*)+"
)
_TEX_COMMAND = re.compile(r"\\[a-zA-Z]+\*?\s*|[{}~]")
_TEX_BEGIN, _TEX_END = "\\begin{document}", "\\end{document}"


def tex_marks(lines: Sequence[str]) -> Marked:
    """Find sections; only title and author count of what stands outside the document."""
    notes = _Notes()
    begins = next((number for number, line in enumerate(lines) if _TEX_BEGIN in line), -1)
    ends = [number for number, line in enumerate(lines) if line.lstrip().startswith(_TEX_END)]
    end = ends[-1] if ends and ends[-1] > begins else len(lines)
    notes.unsaid.update(tex_comments(lines), range(end, len(lines)))
    notes.cut.update(tex_asides(lines))
    lines = [line[: notes.cut.get(number)] for number, line in enumerate(lines)]
    for number, line in enumerate(lines):
        if number in notes.unsaid:
            continue
        about, heading = _TEX_ABOUT.fullmatch(line), _TEX_HEADING.fullmatch(line)
        if about:
            words = _without_commands(about[2])
            notes.title, notes.author = (
                (words, notes.author) if about[1] == "title" else (notes.title, words)
            )
            notes.out.add(number)
        elif heading and number > begins:
            notes.headings.append((number, _TEX_LEVELS[heading[1]], _without_commands(heading[2])))
        elif number <= begins or _TEX_LEFT_OUT.fullmatch(line):
            notes.out.add(number)
    return notes.done()


def _without_commands(words: str) -> str:
    return " ".join(_TEX_COMMAND.sub(" ", words).split())


# ── Org ─────────────────────────────────────────────────────────────────────────────────────────

_ORG_HEADING = re.compile(
    r"(\*+)\s+(?:(?:TODO|DONE)\s+)?(?:\[#[A-Z]\]\s+)?(\S.*?)(?:\s+:[\w@#%:]+:)?\s*"
)
_ORG_KEYWORD = re.compile(r"\s*#\+(\w+):?\s*(.*)", re.IGNORECASE)
_ORG_LEFT_OUT = re.compile(r"\s*#(?:\s.*|\+.*)?|\s*:[\w-]+:.*|\s*(?:CLOSED|DEADLINE|SCHEDULED):.*")


def org_marks(lines: Sequence[str]) -> Marked:
    """Find the headings, which begin with stars, and title and author among the keywords."""
    notes = _Notes(unsaid=set(org_comments(lines)))
    for number, line in enumerate(lines):
        if number in notes.unsaid:
            continue
        keyword = _ORG_KEYWORD.fullmatch(line)
        if keyword and keyword[1].lower() in ("title", "author") and keyword[2].strip():
            words = keyword[2].strip()
            notes.title, notes.author = (
                (words, notes.author) if keyword[1].lower() == "title" else (notes.title, words)
            )
        if heading := _ORG_HEADING.fullmatch(line):
            notes.headings.append((number, len(heading[1]), heading[2]))
        elif _ORG_LEFT_OUT.fullmatch(line):
            notes.out.add(number)
    return notes.done()


class RstReader(_MarkupReader):
    """Reads reStructuredText."""

    marks = staticmethod(rst_marks)


class AdocReader(_MarkupReader):
    """Reads AsciiDoc."""

    marks = staticmethod(adoc_marks)


class TexReader(_MarkupReader):
    """Reads LaTeX."""

    marks = staticmethod(tex_marks)


class OrgReader(_MarkupReader):
    """Reads Org."""

    marks = staticmethod(org_marks)
