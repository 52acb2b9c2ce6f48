"""Takes the words out of RTF that its character format hides, as nobody sees them."""

from __future__ import annotations

import re

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
"""Words of the format that write something."""

_HIDES = re.compile(r"\\v(?![a-zA-Z])")


def without_hidden(source: str) -> str:
    r"""Return RTF without the words between `\v` and what ends that."""
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
    """Return where a token of RTF has ended, with the bytes of anything that it may announce."""
    if token["word"] != "bin":
        return token.end()
    return min(len(source), token.end() + max(0, int(token["number"] or 0)))
