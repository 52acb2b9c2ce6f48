"""Read Rich Text Format with striprtf."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from askdoc.adapters.readers.composing import Composer
from askdoc.adapters.readers.decoding import empty
from askdoc.adapters.readers.refusing import damaged
from askdoc.adapters.readers.rtf_hidden import without_hidden
from askdoc.landmarks import Place, PlaceKind
from askdoc.types import Reading

_ABOUT = re.compile(r"\{\\(title|author) ([^{}]*)\}")
_START = b"{\\rtf"


class RtfReader:
    """Reads the text of RTF; a paragraph is a place."""

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
        try:
            text: str = rtf_to_text(without_hidden(source), errors="replace")
        except Exception as error:  # striprtf meets odd files with errors of any kind
            raise damaged(name) from error
        about = {key: plain(value) for key, value in _ABOUT.findall(source)}
        composer = Composer()
        number = 0
        for paragraph in text.split("\n"):
            if paragraph.strip():
                number += 1
                composer.place(Place(PlaceKind.PARAGRAPH, number))
                composer.paragraph(
                    paragraph.replace("|", " | ").strip(" |") if "|" in paragraph else paragraph
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
