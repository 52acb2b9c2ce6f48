"""Reads Jupyter notebooks from their JSON: text, code and output, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from askdoc.errors import ReadError
from askdoc.readers.composer import Composer
from askdoc.readers.encoding import decode
from askdoc.readers.markdown import MarkdownReader
from askdoc.readers.refusal import damaged, wordless
from askdoc.types import Reading
from askdoc.types.places import Place, PlaceKind

_MOST_OUTPUT = 20_000
"""Most characters of a cell's output; the rest is left out with a warning."""


class NotebookReader:
    """Reads the cells of a notebook; a cell is a place, headings are those of its text."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is no notebook, or has no text.

        """
        decoded = decode(data, name=name)
        try:
            cells = list(_cells(json.loads(decoded.text)))
        except (ValueError, RecursionError) as error:
            raise damaged(name) from error
        composer = Composer()
        cut: list[str] = []
        for number, cell in enumerate(cells, start=1):
            composer.place(Place(PlaceKind.CELL, number))
            _write(cell, composer)
            printed = "\n".join(_outputs(cell))
            if len(printed) > _MOST_OUTPUT:
                cut.append(str(number))
            composer.code(printed[:_MOST_OUTPUT])
        if not composer:
            raise wordless(name, " in any cell")
        warnings = [*decoded.warnings]
        if cut:
            warnings.append(f"long output was cut in cells: {', '.join(cut)}")
        return composer.reading(title=composer.top_heading, warnings=warnings)


def _write(cell: dict[str, Any], composer: Composer) -> None:
    source = _joined(cell.get("source", cell.get("input")))
    if cell.get("cell_type") == "code":
        composer.code(source)
    elif source.strip():
        try:
            reading = MarkdownReader().read(source.encode("utf-8", "replace"), name="cell")
        except ReadError:  # nothing but markup
            return
        composer.embed(reading)


def _cells(notebook: object) -> Iterator[dict[str, Any]]:
    """Yield the cells of a notebook of any version."""
    if not isinstance(notebook, dict):
        message = "not a notebook"
        raise ValueError(message)  # noqa: TRY004 - one error for all that is no notebook
    sheets = notebook.get("worksheets")
    holders = sheets if isinstance(sheets, list) else [notebook]
    found = [one.get("cells") for one in holders if isinstance(one, dict)]
    if not any(isinstance(cells, list) for cells in found):
        message = "no cells"
        raise ValueError(message)
    for cells in found:
        if isinstance(cells, list):
            yield from (cell for cell in cells if isinstance(cell, dict))


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        plain = data.get("text/plain") if isinstance(data, dict) else None
        yield _joined(output.get("text", plain)).strip()
        if output.get("output_type") in ("error", "pyerr"):
            yield f"{output.get('ename', '')}: {output.get('evalue', '')}"


def _joined(text: object) -> str:
    if isinstance(text, list):
        return "".join(part for part in text if isinstance(part, str))
    return text if isinstance(text, str) else ""
