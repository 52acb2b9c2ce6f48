"""Pure functions on strings: safe output for a terminal, folding, lines."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence

UNSEEN_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
"""Invisible letters and marks (Unicode's Default_Ignorable)."""

CELL = " | "
"""Stands between two cells of a row in stored text."""

_BIDI_AND_INVISIBLE = (
    "\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    f"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    f"{UNSEEN_LETTERS}"
)
"""Characters that reorder or hide text, and invisible ones such as tags.

Joiners (U+200C, U+200D) and variation selectors are not among them, because emoji need them.
"""
_UNFIT = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_BIDI_AND_INVISIBLE}]"  # Cc, Cs, and these
)
_FORMS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SEQUENCE = (
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"  # colours, and what moves the cursor
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,2000}(?:\x07|\x1b\\|\x9c)"  # titles
    r"|\x1b[()*+][0-2AB]"  # sets of characters
)
_HIDING = re.compile(f"{_UNFIT.pattern}|(?<=[{_FORMS}])[{_FORMS}]")
"""Repeated variation selectors can hide a message; all but the first are dropped."""
_BETWEEN_LINES = re.compile("(?<=\\S)[\x0b\x0c\x85\u2028\u2029]+(?=\\S)")
_LEFT_OUT = re.compile(f"{_SEQUENCE}|{_HIDING.pattern}")
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF
"""Lone surrogates: Python's form of bytes in a file name that are not UTF-8."""

_ACCENTS = re.compile(
    r"(?<=[a-zß-ʯα-ωϐ-ϡ])[\u0300-\u036f]+"  # Latin and Greek letters
    r"|(?<=[аеиоуыэюяіє])[\u0300\u0301]+|(?<=е)\u0308"  # Cyrillic stress, and ё
    r"|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"  # Hebrew points
    r"|[\u0640\u064b-\u0652\u0670]"  # Arabic vowel marks, and the stroke that only widens a word
)
"""Accents that are optional in writing. Other marks are part of the word: й is not и, and an Indic
vowel sign is a vowel."""


def folded(text: str) -> str:
    """Fold case, widths, ligatures and accents: `Ｃａｆé` becomes `cafe`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


SOFT_HYPHEN = "\u00ad"
"""Marks in stored text where a word is split at a line end; it has no other meaning there."""

_BRACKETED = re.compile(r"\[(\d+(?:\s*[,;–-]\s*\d+)*)\]")
_PARTED = re.compile("\u00ad(?:\\r?\\n)?")
_AS_TYPED = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
    | dict.fromkeys(
        "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f", " "
    )
)


def printable(text: str) -> str:
    """Return `text` without control sequences and hidden characters.

    Newlines and tabs stay. Removed are control characters (C0, C1, DEL) with their escape
    sequences, lone surrogates, and characters that reorder or hide text or are invisible. A removed
    character that separates two lines becomes a space.
    """
    return _LEFT_OUT.sub("", _BETWEEN_LINES.sub(" ", text))


def escaped(text: str, *, keep: str = "") -> str:
    r"""Return `text` with escapes for line ends and all that `printable` would remove.

    For names, which are useless without a character: `a\x1b[31m.txt`, `\u202e`; a byte that is not
    UTF-8 becomes `\xff`. Characters of `keep` stay.
    """
    return "".join(
        _escape(character) if character not in keep and _is_unfit(character) else character
        for character in text
    )


def rewritten(text: str, rewrite: Callable[[str], str]) -> str:
    """Return `text` with `rewrite` applied to each character that `printable` would remove."""
    return _HIDING.sub(lambda found: rewrite(found[0]), text)


def _is_unfit(character: str) -> bool:
    return character in "\n\t" or _UNFIT.match(character) is not None


def _escape(character: str) -> str:
    code = ord(character)
    if _FIRST_BYTE <= code <= _LAST_BYTE:
        return f"\\x{code - _FIRST_BYTE + 0x80:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def one_line(text: str) -> str:
    """Return printable `text` on one line, with single spaces.

    Words split at a line end are joined.
    """
    return " ".join(printable(unparted(text)).split())


def unlabelled(text: str) -> str:
    """Return `text` with `[3]` or `[3, 4]` as `(3)` or `(3, 4)`, so that it has no labels."""
    return _BRACKETED.sub(r"(\1)", text) if "[" in text else text


def unparted(text: str) -> str:
    """Join words that a soft hyphen splits at a line end."""
    return text if SOFT_HYPHEN not in text else _PARTED.sub("", text)


def searchable(text: str) -> str:
    """Return `text` for vectors and terms: split words joined, ligatures as letters, plain spaces.

    The stored text stays as it is.
    """
    return text if text.isascii() else unparted(text).translate(_AS_TYPED)


def encodable(text: str) -> str:
    """Return `text` with question marks for lone surrogates, which UTF-8 cannot encode."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def line_starts(text: str) -> list[int]:
    r"""List the offset at which each line starts; `\n`, `\r\n` and a lone `\r` end a line."""
    starts = [0]
    position = 0
    while position < len(text):
        feed = text.find("\n", position)
        end = len(text) if feed < 0 else feed
        carriage = text.find("\r", position, end)
        while carriage >= 0 and carriage + 1 < end:
            starts.append(carriage + 1)
            carriage = text.find("\r", carriage + 1, end)
        if feed < 0:
            if carriage >= 0:
                starts.append(carriage + 1)
            break
        starts.append(feed + 1)
        position = feed + 1
    return starts


def line_of(starts: Sequence[int], offset: int) -> int:
    """Return the line (from 1) of `offset`, given the result of `line_starts`."""
    return bisect_right(starts, offset)


def letters_of(text: str) -> str:
    """Return only letters and digits, to compare text with other line breaks."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in folded if letter.isalnum())
