"""From bytes to text, by what the bytes declare, else by a guess that is reported."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import cchardet

from askdoc.errors import ReadError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_PACKED = b"PK\x03\x04"
_OTHER = re.compile(_PACKED + rb"|%PDF-\d\.\d\s(?s:.{0,1000}?)\b\d+ \d+ obj\b")
"""How files begin that are no text, though all of their bytes may be."""

_MEMBERS = {
    b"word/document.xml": "`.docx`",
    b"xl/workbook.xml": "`.xlsx`",
    b"ppt/presentation.xml": "`.pptx`",
    b"mimetypeapplication/vnd.oasis.opendocument.text": "`.odt`",
    b"mimetypeapplication/epub+zip": "`.epub`",
}
"""What ZIP archives hold that are documents, and how these are called."""

_HIGH = re.compile(rb"[\x80-\xff]+")
_JAPANESE = re.compile(rb"\x1b\$[@B]")
_NO_LETTER = frozenset(("Cn", "Co", "Cs"))
_CONTROL = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_SAMPLE = 1 << 18
_AROUND = 100
"""The detector sees this many bytes, from around the places that are not ASCII."""

_FEW_HIGH = 0.02
_SHORT_RUN = 2
"""Below this share of bytes beyond ASCII, none of them in longer runs, a detector has no evidence:
such a text is nearly always Western, with a few quotes, dashes or accents, so it is cp1252."""

_SUPERSETS = {
    "iso-8859-1": "cp1252",
    "iso-8859-15": "cp1252",
    "iso-8859-4": "cp1252",  # what the detector says of short Spanish
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "uhc": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
}
"""Read as the superset that files of that name are in practice, as browsers do."""

_MOST_CONTROLS = 0.005
_MOST_WRONG = 0.1
_WRONG = "\ufffd"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and what a reader should know about how it came to be."""

    text: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, *, name: str, declared: str | None = None) -> Decoded:
    """Decode a file called `name`; `declared` is the encoding that its format lets it state.

    A byte order mark decides, then UTF-8 where all bytes are, then `declared`. Anything else is
    judged by evidence and named in a warning. Line ends stay as they are.

    Raises:
        ReadError: there is nothing but white space, or the bytes are no text.

    """
    if not data:
        message = f"`{name}` is empty"
        raise ReadError(message, code="empty")
    if not data.strip():
        raise empty(name)
    if _OTHER.match(data):
        raise _binary(name, data)
    decoded = _marked(data) or _utf8(data) or _stated(data, declared) or _detected(data)
    if decoded is None or _is_binary(decoded.text):
        raise _binary(name, data)
    if not decoded.text.replace("\ufeff", "").strip():
        raise empty(name)
    return decoded


def is_utf8(file: IO[bytes]) -> bool:
    """Tell whether all of a file is UTF-8 beyond doubt, without holding it."""
    block = file.read(_SAMPLE)
    if (
        _patterned(block)
        or _OTHER.match(block)
        or any(block.startswith(mark) for mark, encoding in _MARKS if encoding != "utf-8")
    ):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block:
            decoder.decode(block)
            block = file.read(_SAMPLE)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def utf8_pieces(file: IO[bytes], *, name: str, longest: int) -> Iterator[str]:
    """Yield a text that `is_utf8` in pieces of up to `longest` characters, cut at blank lines.

    Where there are none, they are cut at a line end, at white space, or anywhere.

    Raises:
        ReadError: it holds what no text does.

    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    text = ""
    while block := file.read(_SAMPLE):
        text += decoder.decode(block)
        while len(text) > longest:
            cut = _last_break(text, longest)
            yield _expect_text(text[:cut], name)
            text = text[cut:]
    if text:
        yield _expect_text(text, name)


def _last_break(text: str, longest: int) -> int:
    for mark in ("\n\n", "\n\r\n", "\n", " "):
        if (cut := text.rfind(mark, longest // 2, longest)) >= 0:
            return cut + len(mark)
    return longest - 1 if text[longest - 1 : longest + 1] == "\r\n" else longest


def _expect_text(text: str, name: str) -> str:
    if _is_binary(text):
        raise _binary(name)
    return text


def empty(name: str) -> ReadError:
    """Return the error for a file without a word."""
    return ReadError(f"`{name}` holds no words", code="empty")


def _binary(name: str, data: bytes = b"") -> ReadError:
    """Return the error for bytes that are no text; it says what they are, if that is plain."""
    what, ending = "", ""
    if data.startswith(b"%PDF-"):
        what, ending = "a PDF", "`.pdf`"
    elif data.startswith(_PACKED):
        found = next((end for member, end in _MEMBERS.items() if member in data), None)
        what = "a document packed as ZIP" if found else "a ZIP archive or a packed document"
        ending = found or "that its program gives it, such as `.zip`"
    if not what:
        return ReadError(f"`{name}` is not text, whatever its name says", code="binary")
    message = f"`{name}` is {what} by its content, whatever its name says"
    return ReadError(message, code="binary", hint=f"give its name the ending {ending}")


def _marked(data: bytes) -> Decoded | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], encoding, most=len(data) * _MOST_WRONG)
    return None


def _utf8(data: bytes) -> Decoded | None:
    if _patterned(data):
        return None
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError:
        return None


def _stated(data: bytes, declared: str | None) -> Decoded | None:
    if declared is None:
        return None
    try:
        encoding = codecs.lookup(declared).name
        return Decoded(data.decode(_SUPERSETS.get(encoding, encoding)))
    except (LookupError, UnicodeError, ValueError):
        return None


def _detected(data: bytes) -> Decoded | None:
    """Decode by the first encoding that the evidence speaks for and that takes all bytes."""
    pattern = _patterned(data)
    if not pattern and (mostly := _mostly_utf8(data)):
        return mostly
    for encoding in (pattern, _sparse(data), _guess(data), "cp1252"):
        if encoding is None:
            continue
        try:
            return Decoded(data.decode(encoding), (f"read as {encoding}",))
        except (LookupError, UnicodeError):
            continue
    return None


def _mostly_utf8(data: bytes) -> Decoded | None:
    """Decode as UTF-8 what other encodings hardly ever look like: it holds whole sequences.

    One place may be wrong, or half as many as there are characters beyond ASCII: in double-byte
    encodings, where such sequences come about by chance, more places are wrong than right.
    """
    right = sum(not one.isascii() for one in data.decode("utf-8", "ignore"))
    return _lenient(data, "utf-8", most=max(1, right / 2)) if right else None


def _lenient(data: bytes, encoding: str, *, most: float) -> Decoded | None:
    """Decode although places are wrong; None where these are more than `most`."""
    text = data.decode(encoding, "replace")
    wrong = text.count(_WRONG) - data.count(_WRONG.encode(encoding))
    if not wrong:
        return Decoded(text)
    if wrong > most:
        return None
    which = "1 place that is" if wrong == 1 else f"{wrong} places that are"
    return Decoded(text, (f"{which} not {encoding.upper()}, shown as `{_WRONG}`",))


def _patterned(data: bytes) -> str | None:
    """Name the encoding that zeros or escape sequences speak for, as no single byte could."""
    if _JAPANESE.search(data):
        return "iso2022_jp"
    sample = data[: _SAMPLE & ~1]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    for encoding, here, there in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if here and there <= here / 20:
            text = sample[: len(sample) & ~1].decode(encoding, "replace")[:-1]
            if not any(unicodedata.category(one) in _NO_LETTER for one in set(text)):
                return encoding
    return None


def _sparse(data: bytes) -> str | None:
    runs = _HIGH.findall(data)
    few = sum(map(len, runs)) <= _FEW_HIGH * len(data)
    return "cp1252" if few and max(map(len, runs), default=0) <= _SHORT_RUN else None


def _guess(data: bytes) -> str | None:
    """Name what the detector makes of the places that are not ASCII, unless it is far-fetched."""
    sample = bytearray()
    position = 0
    for run in _HIGH.finditer(data):
        if run.start() < position:
            continue
        start, position = max(position, run.start() - _AROUND), run.end() + _AROUND
        sample += data[start:position] + b"\n"
        if len(sample) > _SAMPLE:
            break
    found = (cchardet.detect(bytes(sample or data[:_SAMPLE]))["encoding"] or "").lower()
    far_fetched = found.startswith(("ibm", "mac", "cp8")) and found != "ibm866"
    return None if far_fetched or not found else _SUPERSETS.get(found, found)


def _is_binary(text: str) -> bool:
    """Tell whether a text holds what no text does: zeros, or more than a few controls."""
    if "\0" in text or _SURROGATE.search(text):
        return True
    return len(_CONTROL.findall(text)) > _MOST_CONTROLS * len(text)
