"""Read Rich Text Format with striprtf."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from striprtf.striprtf import rtf_to_text as _untyped

from askdoc.readers.composer import Composer
from askdoc.readers.encoding import empty
from askdoc.readers.notes import COMMENT, FOOTER, FOOTNOTE, HEADER, Apart, write_apart
from askdoc.readers.refusal import damaged
from askdoc.types import Kind, Reading
from askdoc.types.places import Place, PlaceKind

rtf_to_text: Callable[..., str] = _untyped

TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'[0-9a-fA-F]{2}"
    r"|\\(?P<mark>[^a-zA-Z'])|(?P<brace>[{}])|(?P<ends>[\r\n]+)|(?P<words>[^\\{}\r\n]+)"
    r"|(?P<rest>.)",
    re.DOTALL,
)
_CHARACTERS = frozenset(
    """
    u tab line emdash endash bullet lquote rquote ldblquote rdblquote emspace enspace qmspace bin
    """.split()  # noqa: SIM905 - easier to read
)
"""Control words that produce text."""

_HIDES = re.compile(r"\\v(?![a-zA-Z])")


def without_hidden(source: str) -> str:
    r"""Return RTF without hidden text, from `\v` to its end."""
    if not _HIDES.search(source):
        return source
    kept: list[str] = []
    hidden, around = False, list[bool]()
    position = 0
    while found := TOKEN.match(source, position):
        position = past(source, found)
        word, brace = found["word"], found["brace"]
        if brace == "{":
            around.append(hidden)
        elif brace == "}":
            hidden = around.pop() if around else False
        elif word == "v":
            hidden = found["number"] != "0"
        elif word == "plain":
            hidden = False
        if not hidden or brace or found["ends"] or (word and word not in _CHARACTERS):
            kept.append(source[found.start() : position])
    return "".join(kept)


def past(source: str, token: re.Match[str]) -> int:
    """Return the end of an RTF token, including binary data that it announces."""
    if token["word"] != "bin":
        return token.end()
    return min(len(source), token.end() + max(0, int(token["number"] or 0)))


MARK = "\ufdd0"
"""Marks where a note was taken out; no text contains this character."""

_KINDS = {"footnote": FOOTNOTE, "annotation": COMMENT, "header": HEADER, "footer": FOOTER}
_OPENS = re.compile(
    r"\{\s*(?:\\\*\s*)?\\(footnote|annotation|header|footer)(?:(?<=er)[lrf])?(?![a-zA-Z]) ?"
)


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote, comment, header or footer, and its RTF."""

    kind: str
    source: str


def take_apart(source: str) -> tuple[str, list[Note]]:
    """Return RTF with a `MARK` in place of each note, and the notes in order."""
    if not _OPENS.search(source):
        return source, []
    kept: list[str] = []
    asides: list[Note] = []
    position = done = 0
    for start, brace in _braces(source):
        if start < position or brace == "}":
            continue
        if opens := _OPENS.match(source, start):
            end = _end(source, start)
            position = min(len(source), end + 1)
            asides.append(Note(_KINDS[opens[1]], source[opens.end() : end]))
            kept += [source[done:start], MARK]
            done = position
    kept.append(source[done:])
    return "".join(kept), asides


def _end(source: str, start: int) -> int:
    """Return the offset of the brace that closes the group at `start`."""
    depth = 0
    for at, brace in _braces(source, start):
        depth += 1 if brace == "{" else -1
        if not depth:
            return at
    return len(source)


def _braces(source: str, position: int = 0) -> Iterator[tuple[int, str]]:
    """Yield the offsets of braces that open and close groups."""
    while found := TOKEN.match(source, position):
        if brace := found["brace"]:
            yield found.start(), brace
        position = past(source, found)


_ABOUT = re.compile(r"\{\\(title|author|subject|keywords|category) ([^{}]*)\}")
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
        source = data.decode("latin-1")  # RTF is ASCII; other bytes belong to its code page
        body, notes = take_apart(without_hidden(source))
        page = _CODE_PAGE.search(source)
        head = f"{{\\rtf1{page[0] if page else ''} "
        try:
            text: str = rtf_to_text(body, errors="replace")
            texts = [rtf_to_text(f"{head}{one.source}}}", errors="replace") for one in notes]
        except Exception as error:  # striprtf raises any error for a malformed file
            raise damaged(name) from error
        about = {key.capitalize(): plain(value) for key, value in _ABOUT.findall(source)}
        composer = Composer()
        number = 0
        marked: list[int] = []
        for paragraph in text.split("\n"):
            words = paragraph.replace(MARK, "")
            number += bool(words.strip())
            marked += [max(1, number)] * paragraph.count(MARK)
            if words.strip():
                composer.place(Place(PlaceKind.PARAGRAPH, number))
                if "|" in words:  # table cells end with it
                    composer.paragraph(words.replace("|", " | ").strip(" |"), kind=Kind.ROW)
                else:
                    composer.paragraph(words)
        marked += [max(1, number)] * (len(notes) - len(marked))
        write_apart(
            composer,
            (
                Apart(note.kind, Place(PlaceKind.PARAGRAPH, at), words)
                for note, at, words in zip(notes, marked, texts, strict=False)
            ),
        )
        if not composer:
            raise empty(name)
        return composer.reading(properties=about.items())


def plain(value: str) -> str:
    """Return a value of the file's information with its character codes decoded."""
    try:
        return str(rtf_to_text("{\\rtf1 " + value + "}", errors="replace")).strip()
    except Exception:  # noqa: BLE001 - a title is nothing to fail for
        return ""
