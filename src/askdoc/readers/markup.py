"""Reads reStructuredText, AsciiDoc, LaTeX and Org; the text stays as written.

So offsets and lines are those of the file. Lines with only markup are in no block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from askdoc.readers.encoding import decode, empty
from askdoc.readers.layout.headings import Heading, without_headings
from askdoc.readers.layout.lines import Line, blocks, is_rule
from askdoc.readers.layout.structure import (
    AUTHOR,
    arrange,
    field_blocks,
    head_of_text,
    replace_blocks,
    value_of,
)
from askdoc.strings import line_starts
from askdoc.types import Block, Field, Kind, Reading, Span

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
            if below or words != "..":  # two dots above a blank line are an empty comment
                indent = len(found[1].expandtabs())


def _indent(line: str) -> int:
    return len(line.expandtabs()) - len(line.expandtabs().lstrip())


def adoc_comments(lines: Sequence[str]) -> Iterator[int]:
    """List the lines that are comments."""
    yield from _adoc_comment_blocks(lines)
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


def _adoc_comment_blocks(lines: Sequence[str]) -> Iterator[int]:
    """List the lines of paragraphs and open blocks with the style `comment`."""
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
    """List the lines that are comments, or are not printed."""
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


def tex_trailing_comments(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield (line, column) of trailing comments; a percent sign in a URL starts none."""
    verbatim = ""
    for number, line in enumerate(lines):
        if found := _TEX_VERBATIM.search(line):
            verbatim = found[2] if found[1] == "begin" else ""
        elif not verbatim and (comment := _TEX_TRAILING.search(line)):
            yield number, comment.start()


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


@dataclass(slots=True)
class Group:
    """Adjacent lines, by number from 0, that form one block."""

    kind: Kind
    lines: list[int]


_APART = (Kind.CODE, Kind.ROW)
"""Kinds of which each line is a block."""

_Opens = Callable[[str], tuple[str, Kind] | None]


def _enclosed(lines: Sequence[str], notes: _Notes, opens: _Opens) -> set[int]:
    """Record the delimited blocks; return their lines, with the delimiters.

    `opens` returns the closing line and the kind for a line that opens a block. An unclosed block
    is ignored.
    """
    last = {line.strip(): number for number, line in enumerate(lines)}
    found: set[int] = set()
    open_: tuple[str, Kind] | None = None
    begins = False
    for number, line in enumerate(lines):
        bare = line.strip()
        if open_ is None:
            open_ = opens(bare) if number not in notes.unsaid else None
            if open_ and last.get(open_[0], 0) > number:
                found.add(number)
                notes.out.add(number)
                begins = True
            else:
                open_ = None
            continue
        found.add(number)
        closing, kind = open_
        if bare == closing:
            notes.out.add(number)
            open_ = None
        elif bare:
            notes.add(kind, number, begins=begins or kind is Kind.ROW)
            begins = False
    return found


_WORD = re.compile(r"\w")
_SEEN = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Marked:
    """What the markup of a text says: lines to leave out, by number from 0, and headings."""

    out: frozenset[int]
    headings: Sequence[tuple[int, int, str]]
    """Number of the line, level and words of each."""

    title: str | None = None
    author: str | None = None
    unsaid: frozenset[int] = frozenset()
    """Lines that are not part of the text: comments, and everything after its end.

    Other left-out lines may be inside a passage.
    """

    cut: Mapping[int, int] = field(default_factory=dict)
    """By line number, the column at which a line is cut."""

    begin: Mapping[int, int] = field(default_factory=dict)
    """By line number, the column at which the words begin after a mark."""

    groups: Sequence[Group] = ()
    fields: Sequence[tuple[int, str, str]] = ()
    """Line number, key and value of each property."""


@dataclass(slots=True)
class _Notes:
    out: set[int] = field(default_factory=set)
    unsaid: set[int] = field(default_factory=set)
    headings: list[tuple[int, int, str]] = field(default_factory=list)
    cut: dict[int, int] = field(default_factory=dict)
    title: str | None = None
    author: str | None = None
    begin: dict[int, int] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    fields: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, kind: Kind, number: int, *, begins: bool = True) -> None:
        """Record the kind of a line, which starts a block or continues the last one."""
        if begins or not self.groups or self.groups[-1].kind is not kind:
            self.groups.append(Group(kind, []))
        self.groups[-1].lines.append(number)

    def go_on(self, kind: Kind, number: int) -> None:
        """Add a line to the block of this kind that ends directly above, if there is one."""
        last = self.groups[-1] if self.groups else None
        if last and last.kind is kind and last.lines[-1] == number - 1:
            last.lines.append(number)

    def done(self) -> Marked:
        return Marked(
            frozenset(self.out | self.unsaid),
            tuple(self.headings),
            self.title,
            self.author,
            frozenset(self.unsaid),
            self.cut,
            self.begin,
            tuple(self.groups),
            tuple(self.fields),
        )


class _MarkupReader:
    """Reads a text; `marks` finds its markup."""

    def __init__(self, marks: Callable[[Sequence[str]], Marked]) -> None:
        self._marks = marks

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty, no text, or nothing but markup.

        """
        decoded = decode(data, name=name)
        text = decoded.text
        starts = [*line_starts(text), len(text)]
        lines = [text[a:b].rstrip("\r\n") for a, b in pairwise(starts)]
        marked = self._marks(lines)
        if cut := {**marked.cut, **dict.fromkeys(marked.unsaid, 0)}:
            text = _blanked(text, starts, cut)
            lines = [line[: cut.get(at)] for at, line in enumerate(lines)]
        for number, column in marked.begin.items():
            lines[number] = " " * column + lines[number][column:]
        headings = [
            Heading(_bare(starts[number], lines[number]), level, title)
            for number, level, title in marked.headings
            if title
        ]
        left_out = marked.out | {number for number, *_ in marked.headings}
        fields = _head(starts, lines, marked)
        groups = [
            Group(
                group.kind, [n for n in group.lines if n not in left_out and _WORD.search(lines[n])]
            )
            for group in marked.groups
        ]
        runs = list(_runs(starts, lines, left_out, groups))
        everything = sorted([*blocks(text, runs), *(heading.span for heading in headings)])
        kept = tuple(
            replace_blocks(without_headings(everything, headings), (field.span for field in fields))
        )
        if not kept:
            raise empty(name)
        first = next((heading.title for heading in headings if heading.level == 1), None)
        named = (
            Block(Span(_bare(starts[a], lines[a]).start, _bare(starts[b], lines[b]).end), kind)
            for kind, a, b in (
                (one.kind, one.lines[0], one.lines[-1]) for one in groups if one.lines
            )
        )
        return Reading(
            text=text,
            blocks=kept,
            title=marked.title or value_of(fields, "title") or first,
            author=marked.author or value_of(fields, *AUTHOR),
            sections=tuple(heading.section() for heading in headings),
            warnings=decoded.warnings,
            structure=arrange([*named, *field_blocks(fields)], headings),
            fields=tuple(fields),
        )


def _head(starts: Sequence[int], lines: Sequence[str], marked: Marked) -> list[Field]:
    """List the fields of the markup, or of the first lines below the title."""
    if marked.fields:
        return [
            Field(key.lower(), value, _bare(starts[number], lines[number]))
            for number, key, value in marked.fields
        ]
    headings = {number for number, *_ in marked.headings}
    head: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        if number in headings and number != marked.headings[0][0]:
            break
        if number in headings or number in marked.out:
            continue
        if not line.strip() and head:
            break
        head.append((starts[number], line))
    return head_of_text(head)


def _blanked(text: str, starts: Sequence[int], cut: Mapping[int, int]) -> str:
    """Replace the rest of lines by spaces, so that offsets stay those of the file."""
    lines = (text[start:end] for start, end in pairwise(starts))
    return "".join(
        line[: cut[number]] + _SEEN.sub(" ", line[cut[number] :]) if number in cut else line
        for number, line in enumerate(lines)
    )


def _runs(
    starts: Sequence[int],
    lines: Sequence[str],
    left_out: AbstractSet[int],
    groups: Sequence[Group],
) -> Iterator[list[Line]]:
    """Split the lines at left-out and empty ones, and where a group begins or ends."""
    run: list[Line] = []
    group_of = {number: at for at, group in enumerate(groups) for number in group.lines}
    alone = {number for group in groups if group.kind in _APART for number in group.lines}
    for number, line in enumerate(lines):
        if run and (number in alone or group_of.get(number) != group_of.get(number - 1)):
            yield run
            run = []
        if number in left_out or not _WORD.search(line) or is_rule(line.strip()):
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
    """Find underlined headings; levels are numbered in the order of their first appearance.

    An overline makes another level. It must equal the underline, and must not be the underline of
    another heading: headings may follow each other without a blank line.
    """
    notes = _Notes(unsaid=set(rst_comments(lines)))
    levels: dict[tuple[str, bool], int] = {}
    underlines: set[int] = set()
    body = _RstBody(lines, notes)
    for number, line in enumerate(lines):
        if number in notes.unsaid:
            continue
        if not body.take(number) or not _ADORNMENT.fullmatch(line):
            left_out = _RST_LEFT_OUT.match(line) and not _ADMONITION.match(line)
            if left_out and number not in notes.begin:
                notes.out.add(number)
            continue
        notes.out.add(number)
        above = lines[number - 1].rstrip() if number else ""
        under = len(line.rstrip()) >= len(above.strip()) and _WORD.search(above)
        if under and number - 1 not in notes.out and number - 1 not in notes.unsaid:
            over = (
                number > 1
                and number - 2 not in underlines
                and lines[number - 2].rstrip() == line.rstrip()
            )
            if above[0].isspace() and not over:
                continue  # only a heading with an overline may be indented
            underlines.add(number)
            body.is_heading(number - 1)
            level = levels.setdefault((line[0], over), len(levels) + 1)
            notes.headings.append((number - 1, level, above.strip()))
    return notes.done()


_RST_DIRECTIVE = re.compile(r"\.\.\s+(?:\|[^|]+\|\s+)?([\w:.+-]+)::(?:\s|$)")
_RST_ITEM = re.compile(r"[-*+•]\s+(?=\S)")
_RST_NUMBER = re.compile(
    r"(?:\(?(?:\d{1,3}|#|[ivxIVX]{1,5}|[A-Za-z])\)|(?:\d{1,3}|#|[A-Za-z])\.)\s+(?=\S)"
)
_RST_FIELD = re.compile(r":(?:[^:\\`]|\\.)+:(?:\s+(\S.*)?|$)")
_RST_RULE = re.compile(r"=+(?: +=+)+")
_RST_GRID = re.compile(r"\+(?:[-=]+\+)+")
_RST_DESCRIBES = re.compile(
    r"\w+:\w+|(?:function|class|method|attribute|data|exception|option|envvar|confval|describe"
    r"|object|property|staticmethod|classmethod|decorator|macro|type|cmdoption)"
)
"""Directives that describe an object, such as a function or a program's option."""

_RST_KINDS = {
    **dict.fromkeys(
        (
            *("code-block", "code", "sourcecode", "parsed-literal", "prompt", "doctest"),
            *("testcode", "testoutput", "productionlist", "math", "raw", "graphviz"),
        ),
        Kind.CODE,
    ),
    **dict.fromkeys(("figure", "image"), Kind.CAPTION),
    **dict.fromkeys(("epigraph", "pull-quote", "highlights"), Kind.QUOTE),
    **dict.fromkeys(("csv-table", "list-table"), Kind.ROW),
}
"""The kind of the text below a directive."""


@dataclass(slots=True)
class _Indented:
    """An open block: its lines are indented to at least the column `indent`.

    Until the column is `exact`, the first line of the block sets it. The `options` of a directive
    are the fields directly below it.
    """

    indent: int
    kind: Kind
    exact: bool = True
    began: bool = False
    options: bool = False


class _RstBody:
    """Finds the kinds of lines by marks and indentation, line by line.

    By the specification of reStructuredText, a block has all lines that are indented like its first
    line.
    """

    def __init__(self, lines: Sequence[str], notes: _Notes) -> None:
        self._lines = lines
        self._notes = notes
        self._open = [_Indented(0, Kind.PROSE)]
        self._blank = True
        self._announced = False
        """Whether the paragraph before announces a literal block by two colons."""
        self._paragraph = 0
        """The column at which the paragraph before begins."""
        self._table: re.Pattern[str] | None = None
        self._is_doctest = False

    def is_heading(self, number: int) -> None:
        """Undo the records of a line that turns out to be a heading."""
        groups = self._notes.groups
        if groups and groups[-1].lines == [number]:
            groups.pop()

    def take(self, number: int) -> bool:
        """Add a line; return whether it may be a heading or its underline."""
        line = self._lines[number]
        words = line.strip()
        if not words:
            self._blank, self._is_doctest = True, False
            return False
        indent = _indent(line)
        blank, self._blank = self._blank, False
        if self._is_in_table(number, words, blank=blank):
            return False
        while indent < self._open[-1].indent:
            self._open.pop()
        top = self._open[-1]
        if top.options and not blank and _RST_FIELD.fullmatch(words):
            return False
        top.options = False
        if not top.exact and top.kind is not Kind.CODE:  # a line of code may be indented less
            top.indent, top.exact = indent, True
        if self._announced and blank and indent > self._paragraph:
            top = _Indented(self._paragraph + 1, Kind.CODE)
            self._open.append(top)
        self._announced = False
        if top.kind is Kind.CODE:
            return self._note(number, top)
        if indent > top.indent and top.kind in (Kind.PROSE, Kind.ITEM):
            # a quotation, or without a blank line the definition of a term
            top = _Indented(indent, Kind.QUOTE if blank and top.kind is Kind.PROSE else top.kind)
            self._open.append(top)
        self._paragraph = indent
        self._announced = words.endswith("::") and not _RST_DIRECTIVE.match(words)
        return not self._opens(number, words, indent, blank=blank) and self._note(number, top)

    def _note(self, number: int, top: _Indented) -> bool:
        """Add a line to an open block; return whether it is prose."""
        if top.kind is not Kind.PROSE:
            self._notes.add(top.kind, number, begins=not top.began or top.kind is Kind.ROW)
            top.began = True
        return top.kind is Kind.PROSE

    def _opens(self, number: int, words: str, indent: int, *, blank: bool) -> bool:
        """Start a block if the line has a mark; return whether it has."""
        if directive := _RST_DIRECTIVE.match(words):
            name = directive[1].rpartition(":")[2]
            describes = _RST_DESCRIBES.fullmatch(directive[1]) and len(words) > directive.end()
            kind = Kind.ITEM if describes else _RST_KINDS.get(name, Kind.PROSE)
            self._open.append(
                _Indented(indent + 1, kind, exact=False, began=bool(describes), options=True)
            )
            if describes:
                self._notes.add(Kind.ITEM, number)
                self._notes.begin[number] = indent + directive.end()
            return True
        if words.startswith(">>> ") or self._is_doctest:
            self._notes.add(Kind.CODE, number, begins=not self._is_doctest)
            self._is_doctest = True
            return True
        mark = _RST_ITEM.match(words) or _RST_NUMBER.match(words)
        if mark and (blank or self._follows_item(number)):
            column = indent + mark.end()
            if mark.re is _RST_ITEM or self._is_numbered(number, column):
                self._notes.add(Kind.ITEM, number)
                self._open.append(_Indented(column, Kind.ITEM, began=True))
                self._paragraph = column
                return True
        found = _RST_FIELD.fullmatch(words)
        if found and (found[1] or self._indent_below(number) > indent):
            self._notes.add(Kind.FIELD, number)
            self._open.append(_Indented(indent + 1, Kind.FIELD, exact=False, began=True))
            return True
        return False

    def _is_in_table(self, number: int, words: str, *, blank: bool) -> bool:
        """Tell whether a line belongs to a table drawn with rules; record it if it is a row."""
        if self._table is None:
            rules = (_RST_RULE, _RST_GRID)
            self._table = next((rule for rule in rules if rule.fullmatch(words)), None)
            return self._table is not None
        if self._table.fullmatch(words):
            return True
        is_grid = self._table is _RST_GRID
        if not words.startswith(("|", "+")) if is_grid else blank and self._is_closed(number):
            self._table = None
            return False
        self._notes.add(Kind.ROW, number)
        return True

    def _is_closed(self, number: int) -> bool:
        """Tell whether the last non-blank line above is a rule, which ends a table."""
        above = next((one for one in reversed(self._lines[:number]) if one.strip()), "")
        return bool(_RST_RULE.fullmatch(above.strip()))

    def _follows_item(self, number: int) -> bool:
        groups = self._notes.groups
        return bool(groups) and groups[-1].kind is Kind.ITEM and groups[-1].lines[-1] == number - 1

    def _is_numbered(self, number: int, column: int) -> bool:
        """Tell whether a number starts an item.

        The next line is blank, indented, or another item.
        """
        below = self._lines[number + 1] if number + 1 < len(self._lines) else ""
        return (
            not below.strip() or _indent(below) >= column or bool(_RST_NUMBER.match(below.strip()))
        )

    def _indent_below(self, number: int) -> int:
        return _indent(next((one for one in self._lines[number + 1 :] if one.strip()), ""))


# ── AsciiDoc ────────────────────────────────────────────────────────────────────────────────────

_ADOC_HEADING = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?\s*")
_ADOC_LEFT_OUT = re.compile(
    r":[\w!-]+:.*|//.*|\[[^\]]*\]\s*|(?:include|image|toc|video)::.*|[-=*_.+/]{4,}\s*|\|={3,}.*|--\s*"
)
_ADOC_ATTRIBUTE = re.compile(
    r":(author|authors|email|revdate|revnumber|revremark|date|version|status|description|keywords):\s+(\S.*)"
)
"""Attributes that describe the document; all others are for the typesetting program."""

_ADOC_ITEM = re.compile(r"\s*(?:[*.]{1,5}|-|\d{1,3}\.)\s+(?=\S)|(?!\s*//)\S.*::(?:\s|$)")
_ADOC_TITLE = re.compile(r"\.[^\s.].*")
_ADOC_TABLE = re.compile(r"[|,:!]={3,}\s*")
_ADOC_QUOTE = re.compile(r"_{4,}\s*")


def adoc_marks(lines: Sequence[str]) -> Marked:
    """Find the headings, which begin with equals signs; one alone is the title."""
    notes = _Notes(unsaid=set(adoc_comments(lines)))
    enclosed = _enclosed(lines, notes, _adoc_opens)
    for number, line in enumerate(lines):
        if number in notes.unsaid or number in enclosed:
            continue
        if found := _ADOC_HEADING.fullmatch(line):
            notes.headings.append((number, len(found[1]), found[2]))
        elif found := _ADOC_ATTRIBUTE.fullmatch(line):
            notes.fields.append((number, found[1], found[2].strip()))
        elif _ADOC_LEFT_OUT.fullmatch(line):
            notes.out.add(number)
        elif _ADOC_ITEM.match(line):
            notes.add(Kind.ITEM, number)
        elif _ADOC_TITLE.fullmatch(line):
            notes.add(Kind.CAPTION, number)
        else:
            notes.go_on(Kind.ITEM, number)
    return notes.done()


def _adoc_opens(line: str) -> tuple[str, Kind] | None:
    if line.startswith("```"):
        return "```", Kind.CODE
    kinds = (_ADOC_VERBATIM, Kind.CODE), (_ADOC_TABLE, Kind.ROW), (_ADOC_QUOTE, Kind.QUOTE)
    return next(((line, kind) for mark, kind in kinds if mark.fullmatch(line)), None)


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
_TEX_ABOUT = re.compile(r"\s*\\(title|author|date)\{(.*)\}\s*")
_TEX_LEFT_OUT = re.compile(
    r"\s*(?:\\(?:begin|end|label|usepackage|documentclass|maketitle|centering|includegraphics|input"
    r"|include|bibliography|bibliographystyle|newpage|clearpage|tableofcontents|appendix|vspace"
    r"|hspace|noindent|hline|toprule|midrule|bottomrule|newcommand|renewcommand)\b\*?"
    r"(?:\[[^\]]*\])*(?:\{[^{}]*\})*(?:\[[^\]]*\])*\s*)+"
)
_TEX_ENCLOSED = {
    **dict.fromkeys(("verbatim", "Verbatim", "lstlisting", "minted", "alltt"), Kind.CODE),
    **dict.fromkeys(("quote", "quotation"), Kind.QUOTE),
}
_TEX_OPENS = re.compile(r"\\begin\{(\w+\*?)\}.*")
_TEX_ITEM = re.compile(r"\s*\\item\b")
_TEX_CAPTION = re.compile(r"\s*\\caption\b")
_TEX_ROW = re.compile(r"[^&]*(?<!\\)&.*\\\\\s*(?:\\hline\s*)?")
_TEX_COMMAND = re.compile(r"\\[a-zA-Z]+\*?\s*|[{}~]")
_TEX_BEGIN, _TEX_END = "\\begin{document}", "\\end{document}"


def tex_marks(lines: Sequence[str]) -> Marked:
    """Find sections; outside the document environment only title and author count."""
    notes = _Notes()
    begins = next((number for number, line in enumerate(lines) if _TEX_BEGIN in line), -1)
    ends = [number for number, line in enumerate(lines) if line.lstrip().startswith(_TEX_END)]
    end = ends[-1] if ends and ends[-1] > begins else len(lines)
    notes.unsaid.update(tex_comments(lines), range(end, len(lines)))
    notes.cut.update(tex_trailing_comments(lines))
    lines = [line[: notes.cut.get(number)] for number, line in enumerate(lines)]
    enclosed = _enclosed(lines, notes, _tex_opens)
    for number, line in enumerate(lines):
        if number in notes.unsaid or number in enclosed:
            continue
        about, heading = _TEX_ABOUT.fullmatch(line), _TEX_HEADING.fullmatch(line)
        if about:
            words = _without_commands(about[2])
            if _WORD.search(words):
                notes.fields.append((number, about[1], words))
        elif heading and number > begins:
            notes.headings.append((number, _TEX_LEVELS[heading[1]], _without_commands(heading[2])))
        elif number <= begins or _TEX_LEFT_OUT.fullmatch(line):
            notes.out.add(number)
        elif _TEX_ITEM.match(line):
            notes.add(Kind.ITEM, number)
        elif _TEX_CAPTION.match(line):
            notes.add(Kind.CAPTION, number)
        elif _TEX_ROW.fullmatch(line):
            notes.add(Kind.ROW, number)
        else:
            notes.go_on(Kind.ITEM, number)
    return notes.done()


def _tex_opens(line: str) -> tuple[str, Kind] | None:
    found = _TEX_OPENS.fullmatch(line)
    kind = _TEX_ENCLOSED.get(found[1].rstrip("*")) if found else None
    return (f"\\end{{{found[1]}}}", kind) if found and kind else None


def _without_commands(words: str) -> str:
    return " ".join(_TEX_COMMAND.sub(" ", words).split())


# ── Org ─────────────────────────────────────────────────────────────────────────────────────────

_ORG_HEADING = re.compile(
    r"(\*+)\s+(?:(?:TODO|DONE)\s+)?(?:\[#[A-Z]\]\s+)?(\S.*?)(?:\s+:[\w@#%:]+:)?\s*"
)
_ORG_KEYWORD = re.compile(r"\s*#\+(\w+):?\s*(.*)", re.IGNORECASE)
_ORG_ITEM = re.compile(r"\s*(?:[-+]|\d{1,3}[.)])\s+(?=\S)|\s+\*\s+(?=\S)")
_ORG_KINDS = {
    **dict.fromkeys(("src", "example", "export"), Kind.CODE),
    **dict.fromkeys(("quote", "verse"), Kind.QUOTE),
}
_ORG_ABOUT = frozenset(
    ("title", "subtitle", "author", "date", "email", "keywords", "description", "language")
)
_ORG_LEFT_OUT = re.compile(r"\s*#(?:\s.*|\+.*)?|\s*:[\w-]+:.*|\s*(?:CLOSED|DEADLINE|SCHEDULED):.*")


def org_marks(lines: Sequence[str]) -> Marked:
    """Find the headings, which begin with stars, and the fields among the keywords."""
    notes = _Notes(unsaid=set(org_comments(lines)))
    enclosed = _enclosed(lines, notes, _org_opens)
    for number, line in enumerate(lines):
        if number in notes.unsaid or number in enclosed:
            continue
        keyword = _ORG_KEYWORD.fullmatch(line)
        name, words = (keyword[1].lower(), keyword[2].strip()) if keyword else ("", "")
        if name in _ORG_ABOUT and words:
            notes.fields.append((number, name, words))
        elif name == "caption" and words:
            notes.add(Kind.CAPTION, number)
        elif heading := _ORG_HEADING.fullmatch(line):
            notes.headings.append((number, len(heading[1]), heading[2]))
        elif _ORG_LEFT_OUT.fullmatch(line):
            notes.out.add(number)
        elif _ORG_ITEM.match(line):
            notes.add(Kind.ITEM, number)
        elif line.lstrip().startswith("|"):
            notes.add(Kind.ROW, number)
        else:
            notes.go_on(Kind.ITEM, number)
    return notes.done()


def _org_opens(line: str) -> tuple[str, Kind] | None:
    found = _ORG_BLOCK.fullmatch(line)
    kind = _ORG_KINDS.get(found[2].lower()) if found and found[1].lower() == "begin" else None
    closing = f"#+{'END' if found[1].isupper() else 'end'}_{found[2]}" if found else ""
    return (closing, kind) if kind else None


RstReader = partial(_MarkupReader, rst_marks)
AdocReader = partial(_MarkupReader, adoc_marks)
TexReader = partial(_MarkupReader, tex_marks)
OrgReader = partial(_MarkupReader, org_marks)
