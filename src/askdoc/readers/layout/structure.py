"""Finds the kinds of blocks in a text, and the fields at its beginning. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from askdoc.readers.layout.headings import Heading
from askdoc.readers.layout.lines import BULLET, LEADER, MARKER
from askdoc.types import Block, Field, Kind, Span, Structure

YAML_KEY = re.compile(r"([^\W\d_][\w -]{0,39}):(?:\s+|$)")
TOML_KEY = re.compile(r"([\w.-]{1,40})\s*=\s*")
RST_KEY = re.compile(r":([^\W\d_][\w -]{0,39}):(?:\s+|$)")
HEADER_KEY = re.compile(r"([A-Z][\w-]*(?: [\w-]+){0,3}):(?:\s+|$)")
"""The beginning of a line `Key: value`."""

AUTHOR = ("author", "authors")
"""Keys for the author of a document."""

_LABEL = re.compile(
    r"[*_]{0,3}([^\W\d_][\w -]{0,39}?)[*_]{0,3}\s*:[*_]{0,3}\s+(?=\S)(.*)", re.DOTALL
)
"""A key and its value in running text; the key may be in bold."""

_MANY = 2
"""Least lines `Key: value` at the top of a document; a single one may be a sentence."""

_ITEM_MARK = re.compile(r"[-*+]\s+")
_QUOTES = "\"'"
_BLOCK_SCALAR = re.compile(r"[|>][+-]?")
_KIND_OF_MARK = re.compile(r"\(?(?:(\d)|([ivx]+[.)])|([A-Za-z]))")


def arrange(blocks: Iterable[Block], headings: Iterable[Heading] = ()) -> Structure:
    """Sort blocks and headings; one that overlaps another starts after it."""
    titles = (Block(one.span, Kind.HEADING) for one in headings)
    ordered = sorted((*titles, *blocks), key=lambda block: (block.span.start, -block.kind))
    found: list[Block] = []
    end = 0
    for block in ordered:
        if block.span.start < end:
            block = Block(Span(end, max(end, block.span.end)), block.kind)  # noqa: PLW2901
        if len(block.span):
            found.append(block)
            end = block.span.end
    return Structure(tuple(found))


def shift(blocks: Iterable[Block], by: int) -> Iterator[Block]:
    """Yield blocks with their spans moved by `by`."""
    for block in blocks:
        yield Block(Span(block.span.start + by, block.span.end + by), block.kind)


def shift_fields(fields: Iterable[Field], by: int) -> Iterator[Field]:
    """Yield fields with their spans moved by `by`."""
    for field in fields:
        yield Field(field.key, field.value, Span(field.span.start + by, field.span.end + by))


def list_items(text: str, blocks: Sequence[Span]) -> Iterator[Block]:
    """Find list items among the blocks of a plain text by their marks.

    A number or letter counts only next to another one, since it may start a sentence. A line of a
    table of contents (dots up to a page number) is not an item.
    """
    kinds = [_kind_of_mark(block.of(text)) for block in blocks]
    beside = [None, *kinds, None]
    for number, (block, kind) in enumerate(zip(blocks, kinds, strict=True), start=1):
        if LEADER.search(block.of(text)):
            yield Block(block, Kind.HEADING)
        elif kind == "bullet" or (kind and kind in (beside[number - 1], beside[number + 1])):
            yield Block(block, Kind.ITEM)


def _kind_of_mark(words: str) -> str | None:
    if BULLET.match(words):
        return "bullet"
    found = _KIND_OF_MARK.match(words) if MARKER.match(words) else None
    return f"number {found.lastindex}" if found else None


def header_fields(
    lines: Sequence[tuple[int, str]], key: re.Pattern[str], *, strict: bool = True
) -> list[Field]:
    """Read lines, given with their offsets, that each begin with a key or continue a value.

    A line that is indented or starts with a dash continues a value. Other lines without a key are
    ignored; with `strict`, they make the result empty.
    """
    groups: list[tuple[str, int, list[str]]] = []
    end = 0
    ends: list[int] = []
    for start, line in lines:
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        end = start + len(line.rstrip())
        if found := key.match(line):
            groups.append((found[1], start, [line[found.end() :].strip()]))
            ends.append(end)
        elif groups and (line[0].isspace() or _ITEM_MARK.match(line) or bare in ("]", "}")):
            groups[-1][2].append(bare)
            ends[-1] = end
        elif strict:
            return []
    return [
        Field(name.strip().lower(), value, Span(start, stop))
        for (name, start, values), stop in zip(groups, ends, strict=True)
        if (value := _value(values))
    ]


def _value(lines: Sequence[str]) -> str:
    """Join the lines of a value; a list is written with commas, without its quotes."""
    first, *others = lines
    if _BLOCK_SCALAR.fullmatch(first):
        return " ".join(others)
    if others and all(_ITEM_MARK.match(line) for line in others) and not first:
        return ", ".join(_unquoted(_ITEM_MARK.sub("", line, count=1)) for line in others)
    value = " ".join(filter(None, lines))
    if value.startswith("[") and value.endswith("]") and "](" not in value:
        return ", ".join(_unquoted(one) for one in value[1:-1].split(",") if one.strip())
    return _unquoted(value)


def _unquoted(value: str) -> str:
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES
    return value[1:-1] if quoted else value


def head_of_text(lines: Sequence[tuple[int, str]]) -> list[Field]:
    """List the fields `Key: value` at the beginning of a text, up to a blank line."""
    head: list[tuple[int, str]] = []
    for start, line in lines:
        if not line.strip():
            if head:
                break
            continue
        head.append((start, line.rstrip("\r\n")))
    fields = header_fields(head, HEADER_KEY) or header_fields(head, RST_KEY)
    # Repeated keys are names of speakers.
    are_distinct = len({field.key for field in fields}) == len(fields)
    return fields if len(fields) >= _MANY and are_distinct else []


def labelled_fields(text: str, spans: Sequence[Span]) -> list[Field]:
    """Read items or lines as fields, if there are several and each is `Key: value`."""
    found = [_LABEL.fullmatch(span.of(text)) for span in spans]
    if len(spans) < _MANY or not all(found):
        return []
    return [
        Field(one[1].strip().lower(), " ".join(one[2].split()), span)
        for one, span in zip(found, spans, strict=True)
        if one
    ]


def field_blocks(fields: Iterable[Field]) -> Iterator[Block]:
    """Yield the blocks of fields."""
    return (Block(field.span, Kind.FIELD) for field in fields)


def replace_blocks(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return sorted blocks; those of `taken` replace what they overlap."""
    own = sorted(taken)
    end = own[-1].end if own else 0
    kept = [
        span for span in spans if span.start >= end or not any(span.overlap(one) for one in own)
    ]
    return sorted([*kept, *own])


def value_of(fields: Sequence[Field], *keys: str) -> str | None:
    """Return the value of the first field that has one of the keys."""
    return next((field.value for field in fields if field.key in keys), None)
