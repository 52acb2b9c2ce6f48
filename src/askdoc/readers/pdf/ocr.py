"""Recognise the text of page images with RapidOCR; its models come with its package."""

from __future__ import annotations

from functools import cache
from typing import Any

from rapidocr import RapidOCR

from askdoc.readers.pdf.layout import PageLine

RESOLUTION = 200
"""Resolution at which a page is rendered, in dots per inch."""

_MOST_DOTS = 4_000
"""Most pixels along the longer side; larger pages get a lower resolution."""

_POINTS = 72
_LEAST_SCORE = 0.6
_TYPE_HEIGHT = 0.75
"""The font size is about this share of a box's height."""


def recognise(page: Any) -> list[PageLine]:
    """Recognise the words on a page of pdfium; lines from top to bottom, lengths in points."""
    width, height = page.get_size()
    scale = min(RESOLUTION / _POINTS, _MOST_DOTS / max(width, height, 1))
    image = page.render(scale=scale).to_numpy()
    found: Any = _engine()(image)
    if found.txts is None:
        return []
    lines = [
        _line(box, text, scale, height)
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        if score >= _LEAST_SCORE and text.strip()
    ]
    return _ordered(lines)


def _line(box: Any, text: str, scale: float, height: float) -> PageLine:
    left, right = float(box[:, 0].min()) / scale, float(box[:, 0].max()) / scale
    top, bottom = float(box[:, 1].min()) / scale, float(box[:, 1].max()) / scale
    return PageLine(
        " ".join(text.split()), left, right, height - bottom, (bottom - top) * _TYPE_HEIGHT
    )


def _ordered(lines: list[PageLine]) -> list[PageLine]:
    """Order lines from top to bottom, and those at about one height from left to right."""
    ordered: list[PageLine] = []
    row: list[PageLine] = []
    for line in sorted(lines, key=lambda one: -one.baseline):
        if row and row[0].baseline - line.baseline > min(row[0].size, line.size) / 2:
            ordered += sorted(row, key=lambda one: one.left)
            row = []
        row.append(line)
    return ordered + sorted(row, key=lambda one: one.left)


@cache
def _engine() -> RapidOCR:
    return RapidOCR(params={"Global.log_level": "critical"})
