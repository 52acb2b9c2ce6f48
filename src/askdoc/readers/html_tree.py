"""Converts an lxml tree of HTML to text, blocks and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import lxml.html
from lxml import etree

from askdoc.readers.copies import Copies
from askdoc.readers.layout.headings import Heading
from askdoc.readers.layout.lines import line_blocks
from askdoc.readers.layout.structure import arrange
from askdoc.types import UNSTRUCTURED, Block, Kind, Span, Structure

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\ufdd0\ufeff\ufffe\uffff]")
"""Control characters and soft hyphens."""

_HIDDEN = re.compile(
    r"""display\s*:\s*none | visibility\s*:\s*(?:hidden|collapse)
    | font-size\s*:\s*0(?:\.0*)?(?:[a-z]+|%)?\s*(?:!|;|$)
    | font\s*:[^;]*?(?<![\d.])0(?:px|pt|em|rem|%)?\s*[/\s]
    | (?:text-indent|left|right|top|bottom)\s*:\s*-\d{4,}
    | clip\s*:\s*rect\(\s*0[^;]*\b0(?:px)?\s*\)""",
    re.IGNORECASE | re.VERBOSE,
)
"""Inline styles that hide an element: not displayed, without size, or far outside the page.
Transparent elements count as visible, since scripts fade them in while scrolling."""

_COLOUR = re.compile(r"(?:^|;)\s*(color|background(?:-color)?)\s*:\s*([^;!]+)", re.IGNORECASE)
_NAMED = {"white": "#fff", "black": "#000", "#ffffff": "#fff", "#000000": "#000"}

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CLOSE = frozenset(("li", "tr", "dt", "dd", "ul", "ol", "dl", "br"))
"""Elements without a blank line between them."""

_BLOCKS = _CLOSE.union(
    _HEADINGS,
    ("address", "article", "aside", "blockquote", "body", "caption", "center", "details"),
    ("dialog", "dir", "div", "fieldset", "figcaption", "figure", "footer", "form", "header"),
    ("hr", "html", "legend", "main", "menu", "optgroup", "p", "pre", "section", "summary"),
    ("table", "tbody", "tfoot", "thead"),
)
_KINDS = {
    **dict.fromkeys(("li", "dt", "dd"), Kind.ITEM),
    **dict.fromkeys(("pre", "listing", "xmp"), Kind.CODE),
    **dict.fromkeys(("caption", "figcaption"), Kind.CAPTION),
    "blockquote": Kind.QUOTE,
}
"""The kind of an element's words; the nearest element of these counts."""

_LEFT_OUT = frozenset(("nav", "head", "script", "style", "template", "noscript")).union(
    ("button", "datalist", "input", "select", "textarea"),
    ("applet", "audio", "canvas", "embed", "iframe", "map", "object", "svg", "video"),
    ("annotation", "annotation-xml", "rp"),
)
_AROUND = frozenset(("aside", "footer", "complementary", "contentinfo"))
"""Left out of a page, but not of the part that it marks as main."""

_LEFT_OUT_ROLES = frozenset(("navigation", "search", "menu", "menubar"))
_LEFT_OUT_CLASSES = frozenset(
    ("headerlink", "mw-editsection", "noprint", "screen-reader-text", "skip-link", "sr-only")
)
_ARRANGING = ("form", "blockquote", "pre", *_HEADINGS)
_WITHIN_CELL = frozenset(("table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"))
_LONGEST_ROW = 600
"""A table arranges a page if it has one of these inside, a single row, or longer rows on average.
Any other table has data, and its rows are blocks."""

_MOST_SPANNED = 1000
_LONGEST_SPANNING = 200
"""A longer merged cell is not repeated in each row; larger spans are cut."""

_LINE = "\ufdd0"
"""Marks the first word of a source line; no text contains this character."""

_FIRST_WORDS = re.compile(r"(?:\A|\n)[^\S\n]*(?=\S)")
_CELL_END, _ITEM_END = "\x1f", "\x1e"
_CELL, _ITEM = " | ", ", "


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a page, its blocks (with headings), its headings, and the depth of its tree.

    `lines` maps offsets of the text to lines of the source.
    """

    text: str
    blocks: tuple[Span, ...]
    headings: tuple[Heading, ...]
    depth: int
    lines: tuple[tuple[int, int], ...] = ()
    structure: Structure = UNSTRUCTURED


def parse(html: str | bytes) -> etree._Element:
    """Parse a page or fragment; bytes are UTF-8 unless they have a mark. Never fails."""
    data = html.encode("utf-8", "replace") if isinstance(html, str) else html
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    parser = lxml.html.HTMLParser(
        huge_tree=True, remove_comments=True, remove_pis=True, encoding=encoding
    )
    try:
        return lxml.html.document_fromstring(data, parser=parser)
    except (etree.ParserError, ValueError):  # nothing but comments
        return lxml.html.document_fromstring(b"<p></p>")


def write(root: etree._Element, *, is_page: bool) -> Written:
    """Return the visible text below `root`.

    `is_page`: `root` is the page, not its main part, so navigation is left out.
    """
    writer = _Writer()
    depth = deepest = 0
    skipped = False
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            depth += 1
            deepest = max(deepest, depth)
            skipped = element is not root and _is_left_out(element, is_page=is_page)
            if skipped:
                walk.skip_subtree()
                writer.pass_over(element)
            else:
                writer.enter(element)
            continue
        depth -= 1
        if not skipped:
            writer.leave(element)
        skipped = False
        if element is not root:
            writer.say(element.tail)
    return writer.finish(deepest)


def tag_of(element: etree._Element) -> str:
    """Return the name of an element in lower case, without a namespace."""
    return str(element.tag).rpartition("}")[2].lower()


def _is_left_out(element: etree._Element, *, is_page: bool) -> bool:
    """Tell whether to leave an element out."""
    tag = tag_of(element)
    if tag in _LEFT_OUT or (is_page and tag in _AROUND):
        return True
    attributes = element.attrib
    if not attributes:
        return False
    if tag == "a" and attributes.get("href", "").startswith("#"):
        return not _WORD.search("".join(element.itertext()))  # a permalink such as ¶
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or (role := attributes.get("role")) in _LEFT_OUT_ROLES
        or (is_page and role in _AROUND)
        or not _LEFT_OUT_CLASSES.isdisjoint(attributes.get("class", "").split())
        or is_unseen(attributes.get("style", ""))
    )


def is_unseen(style: str) -> bool:
    """Tell whether an inline style hides its element."""
    if not style:
        return False
    if _HIDDEN.search(style):
        return True
    colours = {
        name.lower().removesuffix("-color"): _NAMED.get(bare, bare)
        for name, value in _COLOUR.findall(style)
        if (bare := "".join(value.lower().split()))
    }
    return "color" in colours and colours["color"] == colours.get("background")


def _is_data(table: etree._Element) -> bool:
    if next(table.iterdescendants(*_ARRANGING), None) is not None:
        return False
    if next(table.iterdescendants("table"), None) is not None and not table.xpath(
        "tr/th | *[self::thead or self::tbody]/tr/th"
    ):
        return False  # layout tables have no header cells
    rows = sum(1 for _ in table.iter("tr"))
    return rows > 1 and sum(map(len, table.itertext())) <= _LONGEST_ROW * rows


class _Writer:
    """Consumes a tree element by element, and writes text block by block."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Span] = []
        self._headings: list[Heading] = []
        self._words: list[str] = []
        self._was_close = False
        self._verbatim = 0
        self._within: list[tuple[etree._Element, Kind]] = []
        """The open elements that give their words a kind."""

        self._structure: list[Block] = []
        self._last: etree._Element | None = None
        """The element of the last structure block."""

        self._data: list[bool] = []
        self._head: list[str] = []
        self._above: list[bool] = []
        """If the previous row was a header: the columns that its merged cells cover."""

        self._kinds: list[str] = []
        self._spans: list[tuple[int, int]] = []
        self._copies = Copies()
        self._spanning: dict[int, tuple[int, int, str]] = {}
        """By column: for how many more rows a merged cell continues, its width, and its words."""
        self._line = 1
        self._marked = 0
        self._waiting: list[int] = []
        self._lines: list[tuple[int, int]] = []
        self._inner = 0
        """Depth of tables inside cells of a data table."""

        self._in_line = 0
        """Above 0 inside a row or heading, where block elements do not start a block."""

    def enter(self, element: etree._Element) -> None:
        """Start an element; a block element ends the block before it."""
        tag = tag_of(element)
        self._line = element.sourceline or self._line
        if tag == "table" and any(self._data):
            self._inner += 1
        if self._inner and tag in _WITHIN_CELL:  # a table in a cell is a list in it
            self._words.append(_ITEM_END if tag in ("td", "th") else " ")
            self.say(element.text)
            return
        if self._in_line and tag in ("td", "th"):
            self._kinds.append(tag)
            self._spans.append((span_of(element, "rowspan"), span_of(element, "colspan")))
        if self._in_line and tag in ("td", "th", "li"):
            self._words.append(_ITEM_END if tag == "li" else _CELL_END)
        elif tag == "br":
            self._words.append("\n" if not self._in_line else " ")
        elif tag in _BLOCKS or tag in ("td", "th"):
            self._end(tag)
        if tag == "table":
            self._data.append(_is_data(element))
            self._in_line += self._data[-1]
            self._head, self._above = [], []
            self._spanning = {}
        if tag in _KINDS:
            self._within.append((element, _KINDS[tag]))
        self._in_line += tag in _HEADINGS
        self._verbatim += tag == "pre"
        self.say(element.text)

    def leave(self, element: etree._Element) -> None:
        """End an element, and its block if it is one."""
        tag = tag_of(element)
        if self._inner and tag in _WITHIN_CELL:
            self._inner -= tag == "table"
            self._words.append(" ")
            return
        if tag in _HEADINGS:
            self._in_line -= 1
            self._end(tag, level=_HEADINGS[tag])
        elif tag in _BLOCKS and tag != "br":
            self._end(tag)
        if tag == "table":
            self._in_line -= self._data.pop()
        if self._within and self._within[-1][0] is element:
            self._within.pop()
        self._verbatim -= tag == "pre"

    def say(self, text: str | None) -> None:
        """Add words, with a mark at the first word of each source line."""
        if text:
            marked = _FIRST_WORDS.sub(self._mark, _UNSEEN.sub("", text))
            self._line += text.count("\n")
            self._words.append(marked if self._verbatim else _SPACE.sub(" ", marked))

    def pass_over(self, element: etree._Element) -> None:
        """Count the source lines of an element that is left out."""
        for one in element.iter():
            self._line = max(self._line, one.sourceline or 0)
            inner = (one.text or "") + ("" if one is element else one.tail or "")
            self._line += inner.count("\n")

    def _mark(self, found: re.Match[str]) -> str:
        line = self._line + found.string.count("\n", 0, found.end())
        if line == self._marked:
            return found[0]
        self._marked = line
        self._waiting.append(line)
        return found[0] + _LINE

    def finish(self, depth: int) -> Written:
        """End the page and return what was written."""
        self._end("body")
        text = "".join(self._parts)
        structure = arrange(self._structure, self._headings)
        lines = tuple(self._lines)
        return Written(text, tuple(self._blocks), tuple(self._headings), depth, lines, structure)

    def _end(self, tag: str, level: int = 0) -> None:
        """Write the collected words as blocks, or as a heading of this level."""
        if self._in_line and tag not in ("tr", "table", "caption"):
            self._words.append(" ")
            return
        words = "".join(self._words)
        lines, kinds = self._waiting, self._kinds
        spans, self._spans = self._spans, []
        self._words, self._waiting, self._kinds = [], [], []
        self._marked = 0
        if not _WORD.search(words):
            return
        close = tag in _CLOSE
        if self._parts:
            self._put("\n" if close and self._was_close else "\n\n")
        self._was_close = close
        is_row = bool(self._in_line) and tag == "tr"
        if is_row:
            words = self._row(words, kinds, spans)
        marked = words.strip(f"\r\n{_LINE}") if self._verbatim else _shaped(words).strip(_LINE)
        text = marked.replace(_LINE, "")
        start = self._put(text).start
        pieces = marked.split(_LINE)
        starts = accumulate(map(len, pieces[:-1]), initial=start)
        self._lines += zip(starts, lines, strict=False)
        if level:
            span = Span(start, start + len(text))
            self._headings.append(Heading(span, level, text))
            self._blocks.append(span)
            return
        found = [
            Span(start + line.start, start + line.end)
            for line in line_blocks(text, join=not self._verbatim)
        ]
        self._blocks += found
        if found:
            self._note(Span(found[0].start, found[-1].end), is_row=is_row)

    def _note(self, span: Span, *, is_row: bool) -> None:
        """Record the kind of a block; adjacent words of the same element are one block."""
        element, kind = self._within[-1] if self._within else (None, Kind.PROSE)
        if is_row:
            element, kind = None, Kind.ROW
        if element is not None and element is self._last:
            span = Span(self._structure.pop().span.start, span.end)
        if kind is not Kind.PROSE:
            self._structure.append(Block(span, kind))
        self._last = element

    def _row(self, words: str, kinds: Sequence[str], spans: Sequence[tuple[int, int]]) -> str:
        """Put column names before the cells of a row, if the table has a header.

        A cell that spans rows is repeated in each. A header that spans columns names each, refined
        by the next header row.
        """
        loose, *marked = words.split(_CELL_END)
        if _WORD.search(loose):  # words inside the table but outside its cells
            return words
        own = [_shaped(cell) for cell in marked]
        columns = list(self._with_spanning(own, spans))
        above, self._above = self._above, []
        is_head = set(kinds) == {"th"}
        if len(own) == 1 and len(columns) == spans[0][1] > 1:  # a title of the rows below
            return words
        if is_head and not self._head:
            self._head = _names(columns)
            self._above = [wide for _, wide, _ in columns]
            return words
        if is_head and len(own) > 1 and any(above) and len(columns) == len(self._head):
            pairs = zip(self._head, _names(columns), strict=True)
            self._head = [one if one == other else f"{one} {other}".strip() for one, other in pairs]
            return words
        cells = [cell if is_first else "" for is_first, _, cell in columns]
        if len(cells) != len(self._head):
            joined = _CELL.join(filter(None, cells)).replace(_LINE, "")
            is_spanned = len(cells) > sum(columns for _, columns in spans)
            return _LINE + joined if is_spanned else words
        named = map(_named, self._head, cells)
        return _LINE + _CELL.join(filter(None, named)).replace(_LINE, "")

    def _with_spanning(
        self, cells: Sequence[str], spans: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[bool, bool, str]]:
        """Yield the columns of a row, including cells from rows above that span it.

        Whether the cell begins here, whether it spans columns, and its words.
        """
        before, self._spanning = self._spanning, {}
        own = iter(zip(cells, spans, strict=False))
        column = 0
        while True:
            if column in before:
                rows, width, cell = before.pop(column)
            elif (following := next(own, None)) is not None:
                cell, (rows, width) = following
            elif before:
                cell, rows, width = "", 1, 1
            else:
                return
            width = min(width, max(1, _MOST_SPANNED - column))
            for number in range(width):
                yield number == 0, width > 1, cell
            if rows > 1 and len(cell) <= _LONGEST_SPANNING and self._copies.of(cell, 2) > 1:
                self._spanning[column] = rows - 1, width, cell.replace(_LINE, "")
            column += width

    def _put(self, text: str) -> Span:
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return Span(start, self._length)


def span_of(cell: etree._Element, attribute: str) -> int:
    """Return the rowspan or colspan of a cell."""
    value = (cell.get(attribute) or "").strip()
    return min(max(1, int(value)), _MOST_SPANNED) if re.fullmatch(r"[0-9]{1,9}", value) else 1


def _named(name: str, cell: str) -> str:
    return f"{name}: {cell}" if name and cell else cell


def _names(columns: Sequence[tuple[bool, bool, str]]) -> list[str]:
    return [cell.replace(_LINE, "") for _, _, cell in columns]


def _shaped(words: str) -> str:
    """Collapse white space as a browser does; drop empty cells and items."""
    lines = (_joined(line, (_CELL_END, _CELL), (_ITEM_END, _ITEM)) for line in words.split("\n"))
    return "\n".join(lines).strip("\n")


def _joined(words: str, *marks: tuple[str, str]) -> str:
    if not marks:
        return " ".join(words.split())
    (mark, written), *inner = marks
    parts = (_joined(part, *inner) for part in words.split(mark))
    return written.join(part for part in parts if part)
