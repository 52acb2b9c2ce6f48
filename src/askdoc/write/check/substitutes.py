"""Whether a claim is its source with one thing exchanged: the same words but for one.

A claim that repeats a sentence and puts another word in the place of one of its words says
something of what the source does not speak of: "18,000 tonnes of sand" for "18,000 tonnes of silt".
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from askdoc.text.english import AUXILIARIES, BE
from askdoc.text.words import Word, is_light

_LEAST_SHARED = 0.7
"""Share of the claim's words that stand in the source in the same order."""

_MOST = 2
"""Words that may stand in the place of one: "oral" and "by word of mouth" are the same slot."""


def substituted(
    words: Sequence[Word], given: Sequence[Word], missing: Sequence[Word]
) -> tuple[Word, Word] | None:
    """Return the first word of `missing` that stands where its source has another, and that one."""
    ours, theirs = ([_key(word) for word in text] for text in (words, given))
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    blocks = matcher.get_matching_blocks()
    if sum(block.size for block in blocks) < _LEAST_SHARED * len(ours):
        return None
    lost = {word.start for word in missing}
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind != "replace" or not (0 < i2 - i1 <= _MOST and 0 < j2 - j1 <= _MOST):
            continue
        new = [word for word in words[i1:i2] if word.start in lost]
        old = [word for word in given[j1:j2] if _tells(word)]
        if new and old and (i2 - i1 == j2 - j1 or len(new) == len(old)):
            return new[0], old[0]
    return None


def _key(word: Word) -> str:
    return word.stem or word.folded


def _tells(word: Word) -> bool:
    function = word.folded in AUXILIARIES or word.folded in BE
    return word.stem is not None and not is_light(word.stem) and not function
