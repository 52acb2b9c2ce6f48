"""Whether a claim in Chinese or Japanese is its source with something exchanged.

Their words are not told apart. What stands in the place of something else, after a preposition or
before a particle, is another thing; elsewhere it may be another word for the same.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_LEAST_SHARED = 0.6
_LONGEST = 8
_PREPOSITIONS = frozenset("在于於从從到往自由被把给給和与與向为為是")
_PARTICLES = frozenset("はがをにでへとのから")
_MARKS = re.compile(r"[\W_]+")


def exchanged_in(claim: str, source: str, language: str) -> str | None:
    """Say what stands in the place of what, where that is another thing, else None."""
    if language not in ("zh", "ja"):
        return None
    ours, theirs = (_MARKS.sub("", text) for text in (claim, source))
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    if not ours or sum(b.size for b in matcher.get_matching_blocks()) < _LEAST_SHARED * len(ours):
        return None
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind != "replace" or i2 - i1 > _LONGEST or j2 - j1 > _LONGEST:
            continue
        after_preposition = language == "zh" and i1 and ours[i1 - 1] in _PREPOSITIONS
        before_particle = language == "ja" and ours[i2 : i2 + 1] in _PARTICLES
        if (after_preposition or before_particle) and ours[i1:i2] not in theirs:
            return f"“{ours[i1:i2]}” stands in the place of “{theirs[j1:j2]}” in"
    return None
