"""Reads PDF with pypdfium2: the words of each page and their positions."""

from __future__ import annotations

import logging
import math
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ctypes import byref, c_double
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import PurePath
from statistics import median
from typing import Any

import msgspec
import pypdfium2 as pdfium  # type: ignore[import-untyped]
from pypdfium2 import raw

from askdoc.errors import ReadError
from askdoc.readers.composer import Composer
from askdoc.readers.layout.headings import without_headings
from askdoc.readers.pdf.annotations import annotation_lines
from askdoc.readers.pdf.layout import CELL, Bookmark, PageLine, compose, in_reading_order, soften
from askdoc.readers.pdf.tables import with_column_names
from askdoc.system.children import each_apart
from askdoc.types import BARE_PAGES, ENCRYPTED, NO_TEXT, Reading, ReadOptions

_HYPHENS = frozenset((0x02, 0xFFFE))
"""pdfium returns one of these for a hyphen at a line end, without the line end."""

_SPACE = ord(" ")
_UNKNOWN = "\ufffd"
_CLEAN = str.maketrans(
    dict.fromkeys(map(chr, [*range(9), *range(11, 32), *range(127, 160), 0xFFFF]), _UNKNOWN)
    | {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢"}
)
"""Glyphs without a character arrive as control characters; symbol fonts have private bullets."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_NO_TITLE = re.compile(
    r"\W*(?:(?:untitled|anonymous|unspecified|title|document|slide) ?\d*)?\W*"
    r"|powerpoint presentation"
    r"|microsoft (?:word|powerpoint|excel) - .*"
    r"|.*\.(?:docx?|pptx?|xlsx?|tex|dvi|pdf|indd|qxd|rtf|odt|pages)",
    re.IGNORECASE | re.DOTALL,
)
"""Default titles of programs."""

_NOBODY = re.compile(
    r"\W*(?:(?:unknown|anonymous|unspecified|author|user|admin(?:istrator)?|owner)\W*)?",
    re.IGNORECASE,
)

_DATE = re.compile(
    r"(?:D:)?(?P<year>\d{4})(?P<month>\d\d)?(?P<day>\d\d)?"
    r"(?P<hour>\d\d)?(?P<minute>\d\d)?(?P<second>\d\d)?"
)
"""A date in PDF's format, without its time zone."""

_STRETCH = 5
"""White space of this many times the usual one of its line separates two cells.

TeX stretches the space after a sentence up to 4.5 times as much as the others.
"""

_MOST_UNKNOWN = 0.3
"""A page with a larger share of unknown glyphs is treated like an image."""

_NAMED_PAGES = 10

_Page = tuple[list[PageLine], list[str]]
"""The lines of a page, and its fields and notes."""

_NO_OPTIONS = ReadOptions()
_LOCKED = (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)

logging.getLogger("pypdfium2").addHandler(logging.NullHandler())  # what matters is in the outcome


class PdfReader:
    """Reads the text layer of PDF, with true page numbers; the outline gives the sections.

    Form fields and notes follow the text of their page.
    """

    def __init__(self, options: ReadOptions = _NO_OPTIONS) -> None:
        self._options = options

    def with_options(self, options: ReadOptions) -> PdfReader:
        """Return a reader with the passwords and the OCR choice of `options`."""
        return PdfReader(options)

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`; warnings name the pages without text.

        Raises:
            ReadError: the file is broken, needs a password, or has no text on any page.

        """
        document = _open(data, name, self._options.passwords)
        try:
            return _read(document, name, ocr=self._options.ocr, seconds=self._options.seconds)
        except pdfium.PdfiumError as error:
            raise _broken(name) from error
        finally:
            document.close()


def _open(data: bytes, name: str, passwords: Sequence[str]) -> Any:
    for password in (None, *passwords):
        try:
            return pdfium.PdfDocument(data, password=password)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) not in _LOCKED:
                raise _broken(name) from error
    wrong = ", another one than was given" if passwords else ""
    message = f"`{name}` needs a password{wrong}"
    raise ReadError(message, code=ENCRYPTED, hint="give it with `askdoc index --password -`")


def _broken(name: str) -> ReadError:
    hint = "if a viewer still opens it, print it to a new PDF, then index that"
    return ReadError(f"`{name}` is damaged or not a PDF", code="broken", hint=hint)


def _read(document: Any, name: str, *, ocr: bool, seconds: float | None) -> Reading:
    with suppress(pdfium.PdfiumError):
        document.init_forms()
    found = list(_pages(document, seconds))
    lost = [number for number, page in enumerate(found) if page is None]
    both = [page or ([], []) for page in found]
    written = [lines for lines, _ in both]
    bare = [number for number, page in enumerate(written) if not page and number not in lost]
    for number in bare if ocr else ():
        written[number] = _recognised(document, number)
    pages = soften(map(in_reading_order, written), _common_words().__contains__)
    pages = [with_column_names(page) for page in pages]
    composed = compose(pages, list(_bookmarks(document)), [beside for _, beside in both])
    if not composed.blocks and lost and not bare:
        raise _broken(name)
    if not composed.blocks:
        message = f"`{name}` has no text, only images or drawings"
        hint = None if ocr else "`askdoc index --ocr` recognises what is written on them (OCR)"
        if ocr:
            message = f"`{name}` has no text, and none can be recognised"
        raise ReadError(message, code=NO_TEXT, hint=hint)
    reading = Reading(
        text=composed.text,
        blocks=without_headings(composed.blocks, composed.headings),
        pages=composed.pages,
        sections=tuple(heading.section() for heading in composed.headings),
        warnings=(*_lost(lost, len(pages)), *_warnings(pages, bare, ocr=ocr)),
        structure=composed.structure,
    )
    composer = Composer()
    composer.embed(reading)
    done = composer.reading(warnings=reading.warnings, properties=_properties(document, name))
    return replace(done, pages=reading.pages)


def _recognised(document: Any, number: int) -> list[PageLine]:
    from askdoc.readers.pdf.ocr import recognise

    try:
        return recognise(document[number])
    except pdfium.PdfiumError:
        return []


def _warnings(
    pages: Sequence[Sequence[PageLine]], bare: Sequence[int], *, ocr: bool
) -> Iterator[str]:
    """Return warnings about pages without a text layer; numbers count from 0."""
    empty = [number for number in bare if not pages[number]]
    if empty:
        begin = "nothing can be recognised on " if ocr else BARE_PAGES
        yield f"{begin}{len(empty)} of {len(pages)} pages: {_listed(empty)}"
    if read := [number for number in bare if pages[number]]:
        yield f"the text is recognised (OCR) and may be wrong on pages: {_listed(read)}"


def _lost(numbers: Sequence[int], count: int) -> Iterator[str]:
    if numbers:
        yield f"{len(numbers)} of {count} pages cannot be read: {_listed(numbers)}"


def _listed(numbers: Sequence[int]) -> str:
    named = [str(number + 1) for number in numbers[:_NAMED_PAGES]]
    return ", ".join(named) + (", …" if len(numbers) > _NAMED_PAGES else "")


def _properties(document: Any, name: str) -> Iterator[tuple[str, str]]:
    """List the metadata of the file; dates are in ISO 8601."""
    yield "Title", _title(document, name) or ""
    yield "Author", _author(document) or ""
    for key in ("Subject", "Keywords"):
        yield key, _characters(document.get_metadata_value(key).replace("\0", " "))
    for key, entry in (("Created", "CreationDate"), ("Modified", "ModDate")):
        if found := _DATE.match(document.get_metadata_value(entry)):
            date = "-".join(filter(None, found.group("year", "month", "day")))
            clock = ":".join(filter(None, found.group("hour", "minute", "second")))
            yield key, f"{date} {clock}".strip()


def _title(document: Any, name: str) -> str | None:
    """Return the title of the metadata, unless it is a program's default or the file's name."""
    title = " ".join(document.get_metadata_value("Title").replace("\0", " ").split())
    if _NO_TITLE.fullmatch(title) or title.casefold() == PurePath(name).stem.casefold():
        return None
    return _characters(title)


def _author(document: Any) -> str | None:
    """Return the author of the metadata, unless it is a placeholder."""
    author = " ".join(document.get_metadata_value("Author").replace("\0", " ").split())
    return None if _NOBODY.fullmatch(author) else _characters(author)


@cache
def _common_words() -> frozenset[str]:
    words = resources.files("askdoc").joinpath("data/words_en.txt")
    return frozenset(words.read_text(encoding="ascii").split())


def _bookmarks(document: Any) -> Iterator[Bookmark]:
    for entry in document.get_toc():
        target = entry.get_dest()
        title = _characters(entry.get_title().replace("\0", " ")).strip()
        page = target.get_index() if target else None
        if not title or page is None or not 0 <= page < len(document):
            continue
        mode, place = target.get_view()
        height = place[1] if mode == raw.PDFDEST_VIEW_XYZ and len(place) > 1 else None
        yield Bookmark(title, entry.level + 1, page, height)


def _pages(document: Any, seconds: float | None) -> Iterator[_Page | None]:
    """Yield what is on each page; None if it cannot be read.

    Forms that draw other forms can make one page take any time and memory. With `seconds`, such a
    page is left out.
    """
    count = len(document)
    if seconds is None or sys.platform != "linux":
        yield from (_page(document, number) for number in range(count))
        return
    encode, decode = msgspec.msgpack.encode, msgspec.msgpack.Decoder(_Page | None).decode
    for packed in each_apart(lambda number: encode(_page(document, number)), count, seconds):
        yield None if packed is None else decode(packed)


def _page(document: Any, number: int) -> _Page | None:
    """Return the lines of a page in the order of its text, and its fields and notes.

    There are no lines if the page has no usable text. Return None if the page does not load.
    """
    try:
        page = document[number]
        glyphs = _Glyphs(page.get_textpage(), page.get_bbox())
    except pdfium.PdfiumError:
        return None
    lines = list(glyphs.lines())
    text = "".join(line.text for line in lines)
    usable = text.count(_UNKNOWN) <= _MOST_UNKNOWN * len(text)
    beside = list(annotation_lines(page))
    page.close()
    return lines if usable else [], beside


class _Glyphs:
    """The glyphs of a page with their boxes; `visible` is (left, bottom, right, top) in points."""

    def __init__(self, page: Any, visible: tuple[float, float, float, float]) -> None:
        self._page = page
        self._visible = visible
        codes = (raw.FPDFText_GetUnicode(page, at) for at in range(page.count_chars()))
        self._codes = [code if code <= sys.maxunicode else ord(_UNKNOWN) for code in codes]
        self._x, self._y = c_double(), c_double()
        self._matrix, self._box = raw.FS_MATRIX(), raw.FS_RECTF()

    def lines(self) -> Iterator[PageLine]:
        """List the lines in reading order, without surrounding white space."""
        start = 0
        for at, code in enumerate([*self._codes, ord("\n")]):
            if code in _HYPHENS:
                yield from self._line(start, at + 1)
                start = at + 1
            elif code in (0x0A, 0x0D):
                yield from self._line(start, at)
                start = at + 1

    def _line(self, start: int, end: int) -> Iterator[PageLine]:
        """Measure the glyphs of one line; None if nothing is visible."""
        inked = [at for at in range(start, end) if not chr(self._codes[at]).isspace()]
        if not inked:
            return
        first, last = inked[0], inked[-1]
        if not (self._shows(first) or self._shows(last)):
            return
        samples = [self._style(at) for at in {first, inked[len(inked) // 2], last}]
        size, angle, baseline = max(samples, key=lambda style: (style[0], style[2]))
        for begin, stop in self._pieces(first, last + 1, size, angle):
            yield PageLine(
                text=self._text(begin, stop),
                left=self._extent(begin, angle)[0],
                right=self._extent(stop - 1, angle)[1],
                baseline=baseline,
                size=size,
                angle=angle,
            )

    def _pieces(self, start: int, end: int, size: float, angle: int) -> Iterator[tuple[int, int]]:
        """Split a line at wide white space, as between table cells or columns.

        A line that is stretched to the margin has wide white space, too, widest after a sentence.
        """
        gaps = {at: self._gap(at, angle) for at in range(start, end) if self._codes[at] == _SPACE}
        usual = [gap for gap in gaps.values() if gap <= CELL * size]
        widest = max(CELL * size, _STRETCH * median(usual) if usual else 0.0)
        begin = start
        for at, gap in gaps.items():
            if gap > widest:
                if begin < at:
                    yield begin, at
                begin = at + 1
        yield begin, end

    def _text(self, start: int, end: int) -> str:
        codes = self._codes[start:end]
        return _characters("".join("-" if code in _HYPHENS else chr(code) for code in codes))

    def _gap(self, at: int, angle: int) -> float:
        """Return the distance between the glyphs around a space, along the writing direction.

        The space itself has no sure place: where the file has none, pdfium adds one at the glyph
        after it.
        """
        return self._extent(at + 1, angle)[0] - self._extent(at - 1, angle)[1]

    def _origin(self, at: int) -> tuple[float, float]:
        raw.FPDFText_GetCharOrigin(self._page, at, byref(self._x), byref(self._y))
        return self._x.value, self._y.value

    def _shows(self, at: int) -> bool:
        x, y = self._origin(at)
        left, bottom, right, top = self._visible
        return left <= x <= right and bottom <= y <= top

    def _style(self, at: int) -> tuple[float, int, float]:
        """Return a glyph's font size, writing angle and baseline."""
        raw.FPDFText_GetMatrix(self._page, at, byref(self._matrix))
        matrix = self._matrix
        size = raw.FPDFText_GetFontSize(self._page, at) * math.hypot(matrix.c, matrix.d)
        angle = math.atan2(matrix.b, matrix.a)
        x, y = self._origin(at)
        return size, round(math.degrees(angle)), y * math.cos(angle) - x * math.sin(angle)

    def _extent(self, at: int, degrees: int) -> tuple[float, float]:
        """Return where a glyph starts and ends along the writing direction."""
        raw.FPDFText_GetLooseCharBox(self._page, at, byref(self._box))
        angle = math.radians(degrees)
        along = [
            x * math.cos(angle) + y * math.sin(angle)
            for x in (self._box.left, self._box.right)
            for y in (self._box.bottom, self._box.top)
        ]
        return min(along), max(along)


def _characters(text: str) -> str:
    """Return storable text, with a mark for glyphs without a character."""
    if _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.translate(_CLEAN)
