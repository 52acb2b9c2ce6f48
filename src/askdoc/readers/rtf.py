"""Read Rich Text Format with striprtf."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from askdoc.readers.attachments import Apart, write_apart
from askdoc.readers.composing import Composer
from askdoc.readers.decoding import empty
from askdoc.readers.refusal import damaged
from askdoc.readers.rtf_hidden import without_hidden
from askdoc.readers.rtf_notes import MARK, taken_apart
from askdoc.types import Reading
from askdoc.types.places import Place, PlaceKind

_ABOUT = re.compile(r"\{\\(title|author) ([^{}]*)\}")
_CODE_PAGE = re.compile(r"\\ansicpg\d{1,9}")
_START = b"{\\rtf"


class RtfReader:
    """Reads the text of RTF, its notes, comments, headers and footers; a paragraph is a place."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is no RTF, broken, or has no words.

        """
        if not data.strip():
            raise empty(name)
        if not data.lstrip().startswith(_START):
            raise damaged(name)
        source = data.decode("latin-1")  # the format is ASCII; what is not is from its code page
        body, asides = taken_apart(without_hidden(source))
        page = _CODE_PAGE.search(source)
        head = f"{{\\rtf1{page[0] if page else ''} "
        try:
            text: str = rtf_to_text(body, errors="replace")
            told = [rtf_to_text(f"{head}{one.source}}}", errors="replace") for one in asides]
        except Exception as error:  # striprtf meets odd files with errors of any kind
            raise damaged(name) from error
        about = {key: plain(value) for key, value in _ABOUT.findall(source)}
        composer = Composer()
        number = 0
        marked: list[int] = []
        for paragraph in text.split("\n"):
            words = paragraph.replace(MARK, "")
            number += bool(words.strip())
            marked += [max(1, number)] * paragraph.count(MARK)
            if words.strip():
                composer.place(Place(PlaceKind.PARAGRAPH, number))
                composer.paragraph(words.replace("|", " | ").strip(" |") if "|" in words else words)
        marked += [max(1, number)] * (len(asides) - len(marked))
        write_apart(
            composer,
            (
                Apart(aside.kind, Place(PlaceKind.PARAGRAPH, at), words)
                for aside, at, words in zip(asides, marked, told, strict=False)
            ),
        )
        if not composer:
            raise empty(name)
        return composer.reading(title=about.get("title"), author=about.get("author"))


def plain(value: str) -> str:
    """Return a value of the file's information without the codes of its characters."""
    try:
        return str(rtf_to_text("{\\rtf1 " + value + "}", errors="replace")).strip()
    except Exception:  # noqa: BLE001 - a title is nothing to fail for
        return ""
