"""Read plain text."""

from __future__ import annotations

from askdoc.adapters.readers.decoding import decode, empty
from askdoc.layout import blocks, text_runs
from askdoc.outline import text_headings, text_title, without
from askdoc.types import Reading


class TextReader:
    """Reads plain text as it is, so that offsets and lines are those of the file."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no text.

        """
        decoded = decode(data, name=name)
        text = decoded.text
        runs = text_runs(text)
        headings = text_headings(text, runs)
        title = text_title(text, runs, headings)
        if title and title not in headings:
            headings.insert(0, title)
        if not runs:
            raise empty(name)
        return Reading(
            text=text,
            blocks=without(blocks(text, runs), headings),
            title=title.title if title else None,
            sections=tuple(heading.section() for heading in headings if heading != title),
            warnings=decoded.warnings,
        )
