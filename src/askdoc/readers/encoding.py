"""Decodes bytes by their declared encoding, else by a guess that is reported."""

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
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is a prefix of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_PACKED = b"PK\x03\x04"
_OTHER = re.compile(_PACKED + rb"|%PDF-\d\.\d\s(?s:.{0,1000}?)\b\d+ \d+ obj\b")
"""First bytes of formats that are not text, although their bytes may look like it."""

_MEMBERS = {
    b"word/document.xml": "`.docx`",
    b"xl/workbook.xml": "`.xlsx`",
    b"ppt/presentation.xml": "`.pptx`",
    b"mimetypeapplication/vnd.oasis.opendocument.text": "`.odt`",
    b"mimetypeapplication/epub+zip": "`.epub`",
}
"""Members that identify a ZIP archive as a document, with the name of its format."""

_HIGH = re.compile(rb"[\x80-\xff]+")
_JAPANESE = re.compile(rb"\x1b\$[@B]")
_NO_LETTER = frozenset(("Cn", "Co", "Cs"))
_CONTROL = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_SAMPLE = 1 << 18
_AROUND = 100
"""Bytes for the detector, taken from around the characters that are not ASCII."""

_FEW_HIGH = 0.02
_SHORT_RUN = 2
"""With a smaller share of bytes beyond ASCII, and no longer run of them, a detector has no
evidence. Such a text is nearly always Western, with a few quotes, dashes or accents: cp1252."""

_SUPERSETS = {
    "iso-8859-1": "cp1252",
    "iso-8859-15": "cp1252",
    "iso-8859-4": "cp1252",  # the detector's wrong guess for short Spanish texts
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "uhc": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
}
"""Encodings that are decoded as their superset, as browsers do."""

_MOST_CONTROLS = 0.005
_MOST_WRONG = 0.1
_WRONG = "\ufffd"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text, its encoding, and a warning if the encoding was guessed."""

    text: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, *, name: str, declared: str | None = None) -> Decoded:
    """Decode a file called `name`; `declared` is the encoding that its format lets it state.

    Tried in this order: a byte order mark, valid UTF-8, `declared`, and a guess, which a warning
    names.

    Line ends stay as they are.

    Raises:
        ReadError: there is only white space, or the bytes are not text.

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
    """Tell whether a file is valid UTF-8, without keeping it in memory."""
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
    """Yield a text that `is_utf8` in pieces of at most `longest` characters, cut at blank lines.

    Without blank lines, the cut is at a line end, at white space, or anywhere.

    Raises:
        ReadError: it has characters that no text has.

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
    """Return the error for a file without words."""
    return ReadError(f"`{name}` has no words", code="empty")


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
    """Decode by the most likely encoding that can decode all bytes."""
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
    """Decode as UTF-8 with errors, if valid multi-byte sequences prevail.

    One error is allowed, or half as many as there are characters beyond ASCII: in double-byte
    encodings, valid sequences occur by chance, but errors are more frequent.
    """
    right = sum(not one.isascii() for one in data.decode("utf-8", "ignore"))
    return _lenient(data, "utf-8", most=max(1, right / 2)) if right else None


def _lenient(data: bytes, encoding: str, *, most: float) -> Decoded | None:
    """Decode with up to `most` errors; None if there are more."""
    text = data.decode(encoding, "replace")
    wrong = text.count(_WRONG) - data.count(_WRONG.encode(encoding))
    if not wrong:
        return Decoded(text)
    if wrong > most:
        return None
    which = "1 place that is" if wrong == 1 else f"{wrong} places that are"
    return Decoded(text, (f"{which} not {encoding.upper()}, shown as `{_WRONG}`",))


def _patterned(data: bytes) -> str | None:
    """Return the encoding that zero bytes or escape sequences prove, if any."""
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
    """Return the detector's guess for the parts beyond ASCII, unless it is implausible."""
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
    """Tell whether a decoded text is binary.

    It has zeros, or more than a few control characters.
    """
    if "\0" in text or _SURROGATE.search(text):
        return True
    return len(_CONTROL.findall(text)) > _MOST_CONTROLS * len(text)
