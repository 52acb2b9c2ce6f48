"""Whether a claim is its source shortened: the same words in the same order, with less of them.

For claims of a model that nobody measured. Rules can't tell in general whether other words say the
same; they can tell whether words were only left out, and whether what is left out could be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from askdoc.text.english import (
    AUXILIARIES,
    BE,
    CANCELLING,
    DENYING,
    DETERMINERS,
    HEDGES,
    JOINING,
    NEGATORS,
    RELATIVE,
)
from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.words import Terms, Word, is_verb, read_words

_ARTICLES = frozenset({"a", "an", "the"})
_BREAK = re.compile(r"[,;:()\[\]—–]| - |[.!?]\s")
_NEEDED = frozenset(
    ["as", "against", "between", "except", "if", "like", "of", "only", "or", "than", "that", "to",
     "unless", "until", "without"]
)  # fmt: skip
"""What follows one of these is part of what is said before it."""

_CONDITIONS = frozenset(
    ["according", "except", "if", "only", "provided", "unless", "until", "when", "whenever",
     "whether", "without"]
)  # fmt: skip
_OPENS = (PREPOSITIONS | JOINING | RELATIVE | {"and", "but", "so", "yet"}) - _NEEDED
_FUNCTION = PREPOSITIONS | JOINING | RELATIVE | AUXILIARIES | BE | DETERMINERS
_ADVERBS = frozenset(["also", "already", "however", "indeed", "now", "still", "then", "thus"])
_MOST_MODIFIERS = 2
_RANKED = 4
_LEADING = 8
"""Words of the longest phrase that is moved from the front of a sentence to its end."""


def altered(claim: str, source: str, terms: Terms) -> str | None:
    """Say what a claim does to its source besides shortening it, in words, else None.

    A phrase that opens the source may stand at the end of the claim.
    """
    if claim.split() == source.split():
        return None
    found = [_altered(claim, order, terms) for order in _orders(source)]
    return None if None in found else found[0]


def _orders(source: str) -> Iterator[str]:
    yield source
    parts = source.rstrip(" .!?").split(", ")
    words = parts[0].split()
    if not words or len(words) > _LEADING or words[0].lower() not in PREPOSITIONS:
        return
    for opening in (1, 2):  # two in "On May 2, 2012, …"
        if len(parts) > opening:
            yield f"{', '.join(parts[opening:])}, {', '.join(parts[:opening])}."


def _altered(claim: str, source: str, terms: Terms) -> str | None:
    said, given = read_words(claim, terms), read_words(source, terms)
    if not said or not given:
        return "it says nothing"
    ours, theirs = ([word.folded for word in words] for words in (said, given))
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            continue
        added = [word for word in said[i1:i2] if word.folded not in _ARTICLES]
        if added and not _same(added, given[j1:j2]):
            return f"“{claim[added[0].start : added[-1].end]}” is put differently in"
        if not added and j1 < j2 and not _may_go(source, given, j1, j2):
            return f"“{source[given[j1].start : given[j2 - 1].end]}” can't be left out of"
    return None


def _same(added: Sequence[Word], given: Sequence[Word]) -> bool:
    """Tell whether words are other forms of those in their place."""
    theirs = [word for word in given if word.folded not in _ARTICLES]
    return len(added) == len(theirs) and all(
        one.stem is not None and one.stem == other.stem and not one.text[0].isdigit()
        for one, other in zip(added, theirs, strict=True)
    )


def _may_go(source: str, words: Sequence[Word], start: int, end: int) -> bool:
    """Tell whether the sentence still says what it said without the words from start to end."""
    part = words[start:end]
    if all(word.folded in _ARTICLES for word in part):
        return True
    before = source[words[start - 1].end : part[0].start] if start else "."
    after = source[part[-1].end : words[end].start] if end < len(words) else "."
    opened, closed = bool(_BREAK.search(before)), bool(_BREAK.search(after))
    if _puts_condition(part, opened=opened):
        return False
    if end == len(words):
        return _may_end(words[:start], part[0], opened=opened)
    if any(_hedges(word) and not _is_negator(word) for word in part):
        return False
    if start == 0 or (opened and closed):
        return closed
    return not (opened or closed) and _modifies(part, words[end])


def _puts_condition(part: Sequence[Word], *, opened: bool) -> bool:
    """Tell whether words say when, or for what alone, the rest of the sentence holds."""
    if not opened:
        return any(word.folded in _CONDITIONS for word in part)
    joined = part[1:] if part[0].folded in ("and", "but") else part
    return bool(joined) and joined[0].folded in _CONDITIONS


def _may_end(kept: Sequence[Word], left_out: Word, *, opened: bool) -> bool:
    """Tell whether a sentence may end after what is kept, where the rest of it is left out."""
    if not kept or kept[-1].folded in _FUNCTION or kept[-1].folded in _NEEDED:
        return False
    said = [word.folded for word in kept]
    for joint in ("between", "both", "either"):
        if joint in said and not {"and", "or"} & set(said[said.index(joint) :]):
            return False
    if opened:
        return True
    return left_out.folded in _OPENS and not any(map(_ranks, kept[-_RANKED:]))


def _ranks(word: Word) -> bool:
    """Tell whether a word sets a thing before all others, so that it matters of which."""
    ranks = word.folded in ("first", "last", "only", "most", "least", "best", "worst")
    return ranks or word.folded.endswith("est")


def _modifies(part: Sequence[Word], following: Word) -> bool:
    """Tell whether words only say more of what follows them, such as adjectives of a noun."""
    if len(part) > _MOST_MODIFIERS or any(_carries(word) for word in part):
        return False
    if all(word.folded in _ADVERBS or word.folded.endswith("ly") for word in part):
        return True
    return (
        following.stem is not None
        and following.folded not in _FUNCTION
        and not (is_verb(following, part[-1]))
    )


def _carries(word: Word) -> bool:
    """Tell whether a sentence hangs on a word: function words, names, numbers, verbs, denials."""
    if word.folded in _ADVERBS:
        return False
    return (
        word.capital
        or word.text[0].isdigit()
        or word.stem is None
        or word.folded in _FUNCTION
        or is_verb(word)
        or _hedges(word)
    )


def _hedges(word: Word) -> bool:
    forms = {word.folded, word.stem}
    return _is_negator(word) or bool(forms & (NEGATORS | HEDGES | CANCELLING))


def _is_negator(word: Word) -> bool:
    """Say whether a word denies what follows it."""
    return word.folded in NEGATORS or word.folded.endswith("n't") or word.stem in DENYING
