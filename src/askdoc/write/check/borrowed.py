"""Whether a claim is one of its sentences with a word of another in the place of one of its own.

Two sentences that are both cited do not bear "the old mill was sold in 1911" where the one says
that the old mill was sold in 1904, and the other that the new one was, in 1911.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from askdoc.text.english import AUXILIARIES, BE, DETERMINERS, PRONOUNS
from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.words import Terms, alike, is_light, read_words

_TOKEN = re.compile(r"\d[\d.,:]*\d|[^\W_]+(?:['’][^\W\d_]+)*")
_FOLLOWS = 0.7
"""Share of the claim's words that stand in the sentence it follows, in the same order."""

_MOST = 2
"""Words that may stand in the place of others."""

_FUNCTION = AUXILIARIES | BE | DETERMINERS | PRONOUNS | PREPOSITIONS


def borrowed(claim: str, source: str, others: str, terms: Terms) -> str | None:
    """Say which word of other sentences stands in the place of a word of the source, else None."""
    ours, theirs = _TOKEN.findall(claim), _TOKEN.findall(source)
    elsewhere = {_key(token, terms) for token in _TOKEN.findall(others)}
    keys, given = ([_key(token, terms) for token in text] for text in (ours, theirs))
    matcher = SequenceMatcher(None, keys, given, autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    if same < _FOLLOWS * len(keys):
        return None
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind != "replace" or i2 - i1 > _MOST or j2 - j1 > _MOST:
            continue
        new = [k for k in range(i1, i2) if keys[k] in set(elsewhere) - set(given)]
        old = [k for k in range(j1, j2) if given[k] not in keys]
        for one, other in zip(new, old, strict=False):
            if _kind(ours[one]) != _kind(theirs[other]) or not _kind(ours[one]):
                continue
            if not _mean_the_same(ours[one], theirs[other], terms):
                return f"“{ours[one]}” stands in the place of “{theirs[other]}” in"
    return None


def _kind(token: str) -> str | None:
    if token[0].isdigit():
        return "number"
    if token.lower() in _FUNCTION:
        return None
    return "name" if token[0].isupper() else "word"


def _key(token: str, terms: Terms) -> str:
    found = read_words(token, terms)
    return token.lower() if token[0].isdigit() or not found else found[0].stem or token.lower()


def _mean_the_same(one: str, other: str, terms: Terms) -> bool:
    first, second = read_words(one, terms)[0], read_words(other, terms)[0]
    return alike(first, second, terms) or is_light(first.stem or "")
