"""Read plain text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import IO

from askdoc.readers.encoding import decode, empty, is_utf8, utf8_pieces
from askdoc.readers.layout.headings import (
    headings_above,
    text_headings,
    text_title,
    without_headings,
)
from askdoc.readers.layout.lines import blocks, text_runs
from askdoc.readers.layout.structure import (
    AUTHOR,
    arrange,
    field_blocks,
    head_of_text,
    list_items,
    replace_blocks,
    shift,
    value_of,
)
from askdoc.strings import line_starts
from askdoc.types import Reading, Section, Span, Structure

_PIECE = 1_000_000
"""The first characters of a long text, from which title and fields are read."""

_HEAD = 20_000
"""The fields at the top of a text end within this many characters."""


class TextReader:
    """Reads plain text as it is, so that offsets and lines are those of the file."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no text.

        """
        decoded = decode(data, name=name)
        reading = _reading(decoded.text, warnings=decoded.warnings)
        if not reading.blocks:
            raise empty(name)
        return reading

    def stream(self, file: IO[bytes], *, name: str) -> Iterator[Reading] | None:
        """Read a long file in parts; None if it is not UTF-8, which cannot be split safely.

        Raises:
            ReadError: a part is not text.

        """
        if not is_utf8(file):
            return None
        file.seek(0)
        return _parts(utf8_pieces(file, name=name, longest=_PIECE))


def _parts(pieces: Iterator[str]) -> Iterator[Reading]:
    origin = 0
    for text in pieces:
        yield _reading(text, origin=origin)
        origin += len(text)


def _reading(text: str, *, origin: int = 0, warnings: tuple[str, ...] = ()) -> Reading:
    runs = text_runs(text)
    fields = [] if origin else head_of_text(_lines(text[:_HEAD]))
    cut = tuple(replace_blocks(blocks(text, runs), (field.span for field in fields)))
    headings = text_headings(text, runs)
    headings = sorted([*headings, *headings_above(text, runs, cut)], key=lambda one: one.span)
    title = None if origin else text_title(text, runs, headings)
    if title and title not in headings:
        headings.insert(0, title)
    sections = [heading.section() for heading in headings if heading != title]
    found = without_headings(cut, headings)
    named = arrange([*list_items(text, found), *field_blocks(fields)], headings)
    return Reading(
        text=text,
        blocks=tuple(Span(block.start + origin, block.end + origin) for block in found),
        title=value_of(fields, "title") or (title.title if title else None),
        author=value_of(fields, *AUTHOR),
        sections=tuple(Section(one.start + origin, one.level, one.title) for one in sections),
        warnings=warnings,
        origin=origin,
        structure=Structure(tuple(shift(named.blocks, origin))),
        fields=tuple(fields),
    )


def _lines(text: str) -> list[tuple[int, str]]:
    """List the lines of a text with their offsets."""
    return [(a, text[a:b]) for a, b in pairwise([*line_starts(text), len(text)])]
