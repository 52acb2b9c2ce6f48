"""Reads Markdown with markdown-it-py, whose tokens give the blocks.

The text stays as written, with two exceptions: cells of tables get the name of their column, so
that a row can be found and read on its own, and comments are removed. Lines keep their numbers.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from askdoc.readers.encoding import decode, empty
from askdoc.readers.layout.headings import Heading, text_headings, without_headings
from askdoc.readers.layout.lines import Line, blocks, continues
from askdoc.readers.layout.structure import (
    AUTHOR,
    TOML_KEY,
    YAML_KEY,
    arrange,
    field_blocks,
    header_fields,
    labelled_fields,
    replace_blocks,
    value_of,
)
from askdoc.strings import line_starts
from askdoc.types import Block, Field, Kind, Reading, Span

_FENCES = {"---": ("---", "..."), "+++": ("+++",)}
"""Opening and closing marks of front matter."""

_KEY = re.compile(r"[\w-]+[ \t]*[:=]")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^()]*\)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ASIDE = re.compile(r"\\.|`+|<!--", re.DOTALL)
_PARTED = re.compile(r"\s|[.,;:!?)]|\Z")
_LINE_END = re.compile(r"[\r\n]")
_TAG = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"\w")
_MARKS = re.compile(
    r"(?:[ \t>]|[-*+][ \t]+|\d{1,9}[.)][ \t]+)*(?:\[[ xX]\][ \t]+|#{1,6}[ \t]+|\|[ \t|]*)?"
)
_CELL = " | "
_BEFORE_ROW = re.compile(r"[ \t>]*")
_HARD_BREAK = re.compile(r"(?: {2}|\\)\Z")
_ANCHOR = re.compile(r"\s*\{[#.:][^{}]*\}\s*$")

_AROUND = {"list_item_open": Kind.ITEM, "blockquote_open": Kind.QUOTE}
_KINDS = {"fence": Kind.CODE, "code_block": Kind.CODE, "tr_open": Kind.ROW}
"""The kind of a text by its token, or by the token around that."""

_BLOCKS = MarkdownIt("commonmark", {"maxNesting": 200}).enable("table")
_BLOCKS.core.ruler.disable(["inline", "text_join"])
_INLINE = MarkdownIt("commonmark")


class MarkdownReader:
    """Reads Markdown; headings become sections, and front matter gives fields."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no text.

        """
        decoded = decode(data, name=name)
        text = decoded.text
        matter, start = _front_matter(text)
        page = _Page(text, start)
        text = page.text
        headings = page.headings or text_headings(text, page.runs)
        kept = without_headings(page.blocks(), headings)
        if not kept:
            raise empty(name)
        fields = [*matter, *page.fields]
        return Reading(
            text=text,
            blocks=tuple(replace_blocks(kept, (field.span for field in matter))),
            title=value_of(matter, "title") or page.title() or value_of(page.fields, "title"),
            author=value_of(fields, *AUTHOR),
            sections=tuple(heading.section() for heading in headings),
            warnings=decoded.warnings,
            structure=arrange([*field_blocks(fields), *page.structure], headings),
            fields=tuple(fields),
        )


def _front_matter(text: str) -> tuple[list[Field], int]:
    """Return the fields of the front matter, and the offset of the text after it."""
    starts = [*line_starts(text), len(text)]
    lines = [text[a:b].rstrip() for a, b in pairwise(starts)]
    closing = _FENCES.get(lines[0] if lines else "")
    is_matter = False
    for number, line in enumerate(lines[1:] if closing else (), start=1):
        if closing and line in closing:
            key = YAML_KEY if lines[0] == "---" else TOML_KEY
            matter = list(zip(starts[1:number], lines[1:number], strict=True))
            fields = header_fields(matter, key, strict=False)
            return (fields, starts[number + 1]) if is_matter else ([], 0)
        if not is_matter and line and not line.startswith("#"):
            is_matter = bool(_KEY.match(line))
            if not is_matter:
                break
    return [], 0


def _plain(markup: str) -> str:
    """Return the words of a heading without its markup."""
    children = _INLINE.parseInline(_ANCHOR.sub("", markup))[0].children or ()
    words = (
        " " if child.type.endswith("break") else child.content
        for child in children
        if child.type != "html_inline"
    )
    return " ".join("".join(words).split())


def _has_tags_alone(content: Token) -> bool:
    """Tell whether a paragraph is made of HTML tags alone, such as an anchor `<a id="top"></a>`."""
    if not content.content.lstrip().startswith("<"):
        return False
    children = _INLINE.parseInline(content.content)[0].children or ()
    return all(child.type == "html_inline" or not child.content.strip() for child in children)


def _comments(text: str) -> Iterator[Span]:
    """Find HTML comments in running text, but not in code spans."""
    ticks: dict[int, list[int]] = {}
    for run in re.finditer("`+", text):
        ticks.setdefault(len(run[0]), []).append(run.start())
    last, at = text.rfind("-->"), 0
    while found := _ASIDE.search(text, at):
        at = found.end()
        if found[0] == "<!--":
            if found.start() + 2 > last:
                return  # unclosed, and so are all later ones
            at = text.index("-->", found.start() + 2) + 3
            yield Span(found.start(), at)
        elif found[0].startswith("`"):
            same = ticks.get(len(found[0]), [])
            if (following := bisect_left(same, at)) < len(same):
                at = same[following] + len(found[0])


def _without(text: str, comments: Iterable[Span]) -> str:
    """Remove comments and surplus blanks; line ends stay."""
    parts, at = [], 0
    for comment in comments:
        kept = text[at : comment.start]
        if _PARTED.match(text, comment.end):
            kept = kept.rstrip(" \t")
        parts += [kept, "".join(_LINE_END.findall(comment.of(text)))]
        at = comment.end
    return "".join([*parts, text[at:]])


def _uncommented(body: str, tokens: Iterable[Token]) -> str:
    """Remove comments outside code; lines keep their numbers."""
    if "<!--" not in body:
        return body
    lines = _lines(body)
    for token in tokens:
        if token.map and token.type in ("html_block", "inline"):
            source = "".join(lines[slice(*token.map)])
            if "<!--" not in source:
                continue
            is_html = token.type == "html_block"
            found = (Span(*c.span()) for c in _COMMENT.finditer(source)) if is_html else None
            source_kept_lines = _lines(_without(source, found or _comments(source)))
            if len(source_kept_lines) == len(_lines(source)):
                lines[slice(*token.map)] = source_kept_lines[: len(range(*token.map))]
    return "".join(lines)


def _lines(text: str) -> list[str]:
    """Split a text into lines with their ends; an empty one follows the last line end."""
    return [text[a:b] for a, b in pairwise([*line_starts(text), len(text)])]


def _named_rows(tokens: Iterable[Token]) -> Iterator[tuple[int, str]]:
    """Yield (line number, row with column names) for the rows below a table's header.

    Tables with an empty header stay as they are.
    """
    head: list[str] = []
    cells: list[str] = []
    row = 0
    is_head = in_cell = False
    for token in tokens:
        match token.type:
            case "thead_open" | "thead_close":
                is_head = token.type == "thead_open"
            case "tr_open":
                cells, row = [], token.map[0] if token.map else 0
            case "td_open" | "th_open" | "td_close" | "th_close":
                in_cell = token.type.endswith("open")
            case "inline" if in_cell:
                cells.append(_without(token.content, _comments(token.content)).strip())
            case "tr_close" if is_head:
                head = [_plain(cell) for cell in cells]
            case "tr_close" if any(head) and any(cells) and len(cells) == len(head):
                pairs = [pair for pair in zip(head, cells, strict=True) if pair[1]]
                parts = (f"{name}: {cell}" if name else cell for name, cell in pairs)
                yield row, _CELL.join(parts)


def _with_rows(body: str, rows: Mapping[int, str]) -> str:
    """Replace the lines of rows; marks of quotations and items before them stay."""
    if not rows:
        return body
    lines = _lines(body)
    for number, row in rows.items():
        line = lines[number]
        bare = line.rstrip("\r\n")
        before = _BEFORE_ROW.match(bare)
        lines[number] = (before[0] if before else "") + row + line[len(bare) :]
    return "".join(lines)


class _Page:
    """The structure of a Markdown text from an offset on."""

    def __init__(self, text: str, start: int) -> None:
        body = text[start:]
        self.runs: list[list[Line]] = []
        self._rows: list[Span] = []
        self.headings: list[Heading] = []
        self.structure: list[Block] = []
        self.fields: list[Field] = []
        environment: dict[str, dict[str, dict[str, list[int]]]] = {}
        tokens = _BLOCKS.parse(body, environment)
        body = _uncommented(body, tokens)
        self.text = self._text = text[:start] + _with_rows(body, dict(_named_rows(tokens)))
        self._starts = [start + one for one in line_starts(self._text[start:])]
        seen: set[int] = set()
        around: list[Token] = []
        before: Token | None = None
        for token, following in zip(tokens, [*tokens[1:], *tokens[-1:]], strict=True):
            if token.type in _AROUND:
                around.append(token)
            elif token.type.removesuffix("_close") + "_open" in _AROUND:
                around.pop()
            if not token.map:
                continue
            counts = len(self.runs), len(self._rows)
            if self._take(token, following):
                seen.update(range(*token.map))
                lines = [line.span for run in self.runs[counts[0] :] for line in run]
                spans = lines + self._rows[counts[1] :]
                before = self._note(spans, token, following, around, before)
        self._head_fields(tokens)
        for reference in environment.get("references", {}).values():
            seen.update(range(*reference["map"]))
        # text that is nested too deeply for the parser is still text
        self._flow(number for number in range(len(self._starts)) if number not in seen)

    def _note(
        self,
        spans: Sequence[Span],
        token: Token,
        following: Token,
        around: Sequence[Token],
        before: Token | None,
    ) -> Token | None:
        """Record and return the kind of a token with text.

        Text in the same item or quotation as `before` is one block with it.
        """
        within = around[-1] if around else None
        kind = _KINDS.get(token.type) or (_AROUND[within.type] if within else Kind.PROSE)
        if kind is Kind.PROSE and _IMAGE.fullmatch(following.content.strip()):
            kind = Kind.CAPTION
        if not spans or kind is Kind.PROSE:
            return before if not spans else None
        span = Span(spans[0].start, spans[-1].end)
        if token.type in _KINDS:
            self.structure.append(Block(span, kind))
            return None
        if within is before is not None:
            span = Span(self.structure.pop().span.start, span.end)
        self.structure.append(Block(span, kind))
        return within

    def _head_fields(self, tokens: Iterable[Token]) -> None:
        """Find the fields at the top of a document, below at most a title.

        A list, lines, or a table with two columns and an empty header.
        """
        for token in tokens:
            if token.level or token.nesting < 0 or token.type in ("inline", "hr"):
                continue
            if token.type == "heading_open" and token.tag == "h1" and not self.fields:
                continue
            first, last = token.map or (0, 0)
            start, end = self._starts[first], [*self._starts, len(self._text)][last]
            match token.type:
                case "bullet_list_open":
                    spans = [one.span for one in self.structure if start <= one.span.start < end]
                case "paragraph_open":
                    spans = [line.span for n in range(first, last) if (line := self._line(n))]
                case _:
                    return
            found = labelled_fields(self._text, spans)
            if not found:
                return
            self.fields += [replace(one, value=_plain(one.value)) for one in found]

    def title(self) -> str | None:
        """Return the words of the first heading of the top level."""
        return next((heading.title for heading in self.headings if heading.level == 1), None)

    def blocks(self) -> tuple[Span, ...]:
        """List the blocks without headings: paragraphs, items, rows, lines of code."""
        return tuple(sorted([*blocks(self._text, self.runs), *self._rows]))

    def _take(self, token: Token, following: Token) -> bool:
        """Add a token with text of its own; return whether it was one."""
        first, last = token.map or (0, 0)
        match token.type:
            case "paragraph_open":
                if not _has_tags_alone(following):
                    self._flow(range(first, last))
            case "heading_open":
                self._head(token, following)
            case "html_block":
                self._flow(self._outside_tags(first, last))
            case "fence":
                self._rows += self._lines(first + 1, first + 1 + token.content.count("\n"))
            case "code_block":
                self._rows += self._lines(first, last)
            case "tr_open":
                self._rows += self._lines(first, last, " \t|")
            case "hr":
                pass
            case _:
                return False
        return True

    def _flow(self, numbers: Iterable[int]) -> None:
        """Add lines that wrap; a missing or blank line and a hard break end a run."""
        run: list[Line] = []
        last = -1
        for number in numbers:
            line = self._line(number)
            if run and (
                line is None
                or number > last + 1
                or (
                    _HARD_BREAK.search(self._raw(last))
                    and not continues(self._text, run[-1].span, line.span)
                )
            ):
                self.runs.append(run)
                run = []
            if line:
                run.append(line)
            last = number
        if run:
            self.runs.append(run)

    def _head(self, token: Token, content: Token) -> None:
        """Add a heading; an empty one is ignored."""
        first, last = content.map or (0, 0)
        spans = [line.span for number in range(first, last) if (line := self._line(number, " \t#"))]
        if spans and (title := _plain(content.content)):
            level = int(token.tag.removeprefix("h"))
            self.headings.append(Heading(Span(spans[0].start, spans[-1].end), level, title))

    def _outside_tags(self, first: int, last: int) -> Iterator[int]:
        """Return the lines of raw HTML with words outside tags."""
        for number in range(first, last):
            if _WORD.search(_TAG.sub("", self._raw(number))):
                yield number

    def _lines(self, first: int, last: int, trailing: str = " \t") -> Iterator[Span]:
        """Add each line as a block."""
        for number in range(first, last):
            if line := self._line(number, trailing):
                yield line.span

    def _line(self, number: int, trailing: str = " \t\\") -> Line | None:
        """Return a line without marks of quotations, items, headings and cells.

        None if it is empty.
        """
        raw = self._raw(number)
        marks = _MARKS.match(raw)
        rest = raw[marks.end() if marks else 0 :].lstrip()
        column = len(raw) - len(rest)
        words = rest.rstrip().rstrip(trailing).rstrip()
        if not _WORD.search(words):
            return None
        start = self._starts[number] + column
        return Line(Span(start, start + len(words)), column, column + len(words))

    def _raw(self, number: int) -> str:
        following = number + 1
        end = self._starts[following] if following < len(self._starts) else len(self._text)
        return self._text[self._starts[number] : end].rstrip("\r\n")
