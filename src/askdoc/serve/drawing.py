"""The process that draws a page of a PDF: `python -m askdoc.serve.drawing`.

It draws one page and ends. A damaged or hostile file can crash or block the library that draws it,
and the server goes on without.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]
from PIL import Image, ImageChops, ImageDraw
from pypdfium2 import raw

from askdoc.strings import letters_of
from askdoc.system import limits
from askdoc.system.wire import Call, Failed, Returned, receive, send, standard_streams

_SECONDS = 20.0
_MEMORY = 1 << 30
_SCALE = 2.0
"""Pixels for each point: sharp on most screens."""
_MOST_PIXELS = 8_000_000
_MARK = (255, 236, 130)
"""What the marked words are multiplied by: yellow, as of a marker pen."""

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points from the lower left corner of the page."""


def main() -> None:
    """Draw the page that is asked for."""
    requests, replies = standard_streams()
    call: Call = receive(requests)
    limits.limit_memory(_MEMORY)
    try:
        with limits.Timer(_SECONDS).running():
            send(replies, Returned(draw(*call.arguments)))
    except (pdfium.PdfiumError, MemoryError, ValueError) as error:
        send(replies, Failed("ReadError", str(error)))


def draw(
    data: bytes, number: int, quote: str, earlier: int, alike: int
) -> tuple[bytes, int, float]:
    """Draw a page (from 1) as PNG, with `quote` marked.

    Return also how many lines are marked, and where the first one begins, as a share of the height.

    The stored text has `quote` `alike` times on this page, `earlier` of them before the one that is
    meant. Where the page does not have it as often, nothing is marked.
    """
    document = pdfium.PdfDocument(data)
    try:
        page = document[number - 1]
        boxes = list(_boxes(page, quote, earlier, alike)) if quote else []
        width, height = page.get_size()
        scale = min(_SCALE, (_MOST_PIXELS / max(1.0, width * height)) ** 0.5)
        bitmap = page.render(scale=scale)
        picture = bitmap.to_pil().convert("RGB")
        marks = [_pixels(page, box, picture.size) for box in boxes]
        for mark in marks:
            _mark(picture, mark)
        out = io.BytesIO()
        picture.save(out, "PNG")
        top = min((mark[1] for mark in marks), default=0) / picture.height
        return out.getvalue(), len(marks), top
    finally:
        document.close()


def _boxes(page: Any, quote: str, earlier: int, alike: int) -> Iterator[Box]:
    """Find the rectangles of a quote, one for each of its lines."""
    text = page.get_textpage()
    letters: list[str] = []
    places: list[int] = []
    for index in range(text.count_chars()):
        for letter in letters_of(chr(raw.FPDFText_GetUnicode(text, index))):
            letters.append(letter)
            places.append(index)
    found, wanted = "".join(letters), letters_of(quote)
    starts = list(_occurrences(found, wanted))
    if not wanted or len(starts) != alike or earlier >= alike:
        return
    first = places[starts[earlier]]
    last = places[starts[earlier] + len(wanted) - 1]
    for index in range(text.count_rects(first, last - first + 1)):
        yield text.get_rect(index)


def _occurrences(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _pixels(page: Any, box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Say where a rectangle of the page is in the picture, which may be turned or cut."""
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        target = (ctypes.byref(across), ctypes.byref(down))
        raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, *target)
        corners.append((across.value, down.value))
    (left, right), (top, bottom) = (sorted(pair) for pair in zip(*corners, strict=True))
    return left - 1, top - 1, right + 1, bottom + 1


def _mark(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Mark a rectangle as a marker pen does: the letters stay black."""
    layer = Image.new("RGB", picture.size, (255, 255, 255))
    ImageDraw.Draw(layer).rectangle(box, fill=_MARK)
    picture.paste(ImageChops.multiply(picture, layer))


if __name__ == "__main__":
    main()
