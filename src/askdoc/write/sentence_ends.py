"""Whether a full stop ends a sentence, or an ordinal or an abbreviation of the language.

The sentences of documents are cut by sentencex, which takes the ordinal of "im 19. Jahrhundert" for
an end, and that of "8. Maj" in a Danish text.
"""

from __future__ import annotations

import re

from askdoc.write.check.languages import MONTHS, ORDINAL_DOT, abbreviations, plain

_LAST = re.compile(r"(?P<number>(?<![\w.,])\d{1,3})\.$|(?P<word>[^\W\d_]+)\.$")
_NEXT = re.compile(r"[^\W\d_]+")
_ARTICLE = re.compile(
    r"\b(?:am|im|vom|zum|beim|bis|seit|der|die|das|den|dem|des|jeder|dne|het|de)\s+$", re.IGNORECASE
)
"""What stands before an ordinal, whatever the language is taken for."""


def ends_here(before: str, after: str, language: str) -> bool:
    """Tell whether a sentence ends between two parts of a text, where a mark stands."""
    last = _LAST.search(before.rstrip())
    if last is None:
        return True
    if last["word"]:
        return plain(last["word"]) not in abbreviations(language)
    following = _NEXT.match(after.lstrip())
    if following and plain(following[0]) in MONTHS:
        return False
    return language not in ORDINAL_DOT and not _ARTICLE.search(before[: last.start()])
