"""Read PowerPoint presentations with python-pptx: slides, tables, charts, captions, notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

import pptx
from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER

from askdoc.errors import ReadError
from askdoc.readers.composer import Composer, Wide, repeat_wide_cells, table_rows
from askdoc.readers.copies import Copies
from askdoc.readers.hidden import HIDDEN, hidden_slides
from askdoc.readers.office.properties import core_properties
from askdoc.readers.package import Package, as_usual, parse_xml
from askdoc.readers.refusal import damaged, wordless
from askdoc.strings import CELL
from askdoc.types import Kind, Reading
from askdoc.types.places import Place, PlaceKind

_PARAGRAPH = "{http://schemas.openxmlformats.org/drawingml/2006/main}p"
_BODIES = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT)
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"


class PptxReader:
    """Reads slides in their order; a slide is a place, and its title a heading."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, too large when unpacked, or has no text.

        """
        package = Package(data, name)  # refuses what is not sound before anything is made of it
        composer = Composer()
        bare: list[int] = []
        lost: list[int] = []
        hidden: list[int] = []
        try:
            show = pptx.Presentation(BytesIO(as_usual(package, data)))
            for number, slide in enumerate(show.slides, start=1):
                before = composer.length
                unseen = slide.element.get("show") in ("0", "false")
                composer.place(Place(PlaceKind.SLIDE, number, HIDDEN if unseen else None))
                if not _write(slide, composer, name):
                    lost.append(number)
                if composer.length == before:
                    bare.append(number)
                elif unseen:
                    hidden.append(number)
        except ReadError:
            raise
        except Exception as error:  # python-pptx raises any error for a malformed file
            raise damaged(name) from error
        if not composer:
            raise wordless(name, " on any slide")
        warnings = [*_named("slides without text", bare), *hidden_slides(hidden)]
        warnings += _named("slides of which a part cannot be read", lost)
        return composer.reading(warnings=warnings, properties=core_properties(package))


def _named(what: str, slides: list[int]) -> list[str]:
    return [f"{what}: {', '.join(map(str, slides))}"] if slides else []


def _write(slide: Any, composer: Composer, name: str) -> bool:
    """Write a slide; return whether all of its shapes can be read."""
    is_complete = True
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        composer.heading(title.text_frame.text, 1)
    for shape in _shapes(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        try:
            _shape(shape, composer, name)
        except ReadError:
            raise
        except Exception:  # noqa: BLE001 - as above; the other shapes of the slide are sound
            is_complete = False
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        composer.paragraph(frame.text)
    return is_complete


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    """List shapes, also of groups, from top to bottom of the slide."""
    for shape in sorted(shapes, key=lambda one: (one.top or 0, one.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _shape(shape: Any, composer: Composer, name: str) -> None:
    if shape.has_text_frame:
        kind = Kind.ITEM if _is_list(shape) else Kind.PROSE
        for number, paragraph in enumerate(shape.text_frame.paragraphs):
            composer.paragraph(paragraph.text, close=number > 0, kind=kind)
    elif getattr(shape, "has_table", False):
        for _, row in table_rows(repeat_wide_cells(_rows(shape.table), Copies())):
            composer.row(row)
    elif getattr(shape, "has_chart", False):
        for row in _chart(shape.chart):
            composer.row(row)
    else:
        for words in _diagram(shape, name):
            composer.paragraph(words, close=True)
        composer.caption(_caption(shape))


def _is_list(shape: Any) -> bool:
    """Tell whether a shape is a bullet list by its slide layout."""
    return bool(shape.is_placeholder) and shape.placeholder_format.type in _BODIES


def _rows(table: Any) -> Iterator[tuple[list[str], list[Wide]]]:
    """List the rows of a table with their merged cells."""
    for row in table.rows:
        cells = list(row.cells)
        wide = [
            Wide(column, cell.span_width, cell.span_height)
            for column, cell in enumerate(cells, start=1)
            if cell.is_merge_origin
        ]
        yield [cell.text for cell in cells], wide


def _caption(shape: Any) -> str:
    """Return the alternative text of a picture."""
    found = shape.element.xpath(".//*[local-name()='cNvPr']/@descr")
    return str(found[0]) if found else ""


def _chart(chart: Any) -> Iterator[str]:
    """Write a chart as one row per series, with its categories before the values."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield chart.chart_title.text_frame.text
    for series in chart.element.iter(f"{_CHART}ser"):  # python-pptx knows no 3-D plots
        names = _points(series, "cat") or _points(series, "xVal")
        values = _points(series, "val") or _points(series, "yVal")
        parts = [f"{names[at]}: {_short(value)}" for at, value in values.items() if at in names]
        name = series.findtext(f"{_CHART}tx//{_CHART}v") or ""
        yield CELL.join(part for part in (name, *parts) if part)


def _points(series: etree._Element, of: str) -> dict[str, str]:
    """Map positions in a series to its values or categories."""
    found = series.find(_CHART + of)
    level = None if found is None else found.find(f".//{_CHART}lvl")
    points = () if found is None else (found if level is None else level).iter(f"{_CHART}pt")
    return {point.get("idx", ""): point.findtext(f"{_CHART}v") or "" for point in points}


def _short(value: str) -> str:
    try:
        return f"{float(value):g}"
    except ValueError:
        return value


def _diagram(shape: Any, name: str) -> Iterator[str]:
    """List the texts of a diagram (SmartArt), which are in a separate part of the file."""
    for key in shape.element.xpath(
        f".//*[local-name()='relIds' and namespace-uri()='{_DIAGRAM}']/@*[local-name()='dm']"
    ):
        root = parse_xml(shape.part.related_part(key).blob, name)
        for paragraph in root.iter(_PARAGRAPH):
            yield "".join(map(str, paragraph.itertext()))
