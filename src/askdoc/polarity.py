"""Whether a claim turns its source round: negation, direction, and how sure it sounds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from askdoc.english import DENYING, HEDGES, NEGATORS, SIDES, UNIVERSAL
from askdoc.words import Word, is_light

_SCOPE = 4
_BOUNDARY = re.compile(
    r"[,;:()—–]|\b(?:that|by|but|and|which|who|because|while|although|if|when)\b"
)

_PREFIXES = ("un", "in", "im", "ir", "il", "non", "dis")
_ASSERTED = 3


def negation(
    claim: str, claim_words: Sequence[Word], source: str, source_words: Sequence[Word]
) -> str | None:
    """Say where the claim denies what the source states, or states what it denies, else None."""
    denied_here = _denied(claim, claim_words)
    denied_there = _denied(source, source_words)
    here, there = _stems(claim_words), _stems(source_words)
    for stem, negator in denied_here.items():
        if stem in there and stem not in denied_there and _heads(stem, denied_here, there):
            return f"“{negator}” is not said of “{_written(stem, source_words)}” in"
    for stem, negator in denied_there.items():
        if any(word.text == negator and word.stem in DENYING for word in claim_words):
            continue  # the same verb denies, in another order of words
        if stem in here and stem not in denied_here and _heads(stem, denied_there, here):
            return f"“{negator}” is said of “{_written(stem, source_words)}” in"
    return _prefixed(claim_words, source_words)


def direction(claim_words: Sequence[Word], source_words: Sequence[Word]) -> str | None:
    """Say which word of the claim points the other way than the source, else None.

    `before` and `after` may change if what they govern changes too.
    """
    here, there = _sides(claim_words), _sides(source_words)
    for key, word in here.items():
        family, side = key
        if key in there or (family, 1 - side) not in there:
            continue
        rival = there[family, 1 - side]
        if any((f, s) in there for f, s in _of(word) if f != family):
            continue
        if (family, 1 - side) in here:
            continue
        if family == "time" and _object(claim_words, word) != _object(source_words, rival):
            continue
        return f"“{word.text}” stands against “{rival.text}” in"
    return _sided(claim_words, source_words)


def _sided(claim_words: Sequence[Word], source_words: Sequence[Word]) -> str | None:
    """Find a verb that is `for` something here and `against` it there, or the other way."""
    here, there = (
        {(one.stem, two.folded) for one, two in pairwise(words)}
        for words in (claim_words, source_words)
    )
    for ours, theirs in (("for", "against"), ("against", "for")):
        if any(
            side == ours and (stem, theirs) in there and (stem, ours) not in there
            for stem, side in here
        ):
            return f"“{ours}” stands against “{theirs}” in"
    return None


def certainty(claim_words: Sequence[Word], source: str, source_words: Sequence[Word]) -> str | None:
    """Say where the claim is surer or more sweeping than the source, else None."""
    left_out = "is left out of what is said in"
    if swept := _sweeping(claim_words, source_words):
        return f"“{swept}” goes further than"
    if _limited(claim_words, source, source_words):
        return f"“only” {left_out}"
    if any(is_negator(word) or _hedges(word) for word in claim_words):
        return None
    if _from_denial(claim_words, source, source_words):
        return "it is not stated as a fact in"
    stems = _stems(claim_words)
    hedged = _hedged(source, source_words)
    return next((f"“{hedge}” {left_out}" for stem, hedge in hedged.items() if stem in stems), None)


def _sweeping(claim_words: Sequence[Word], source_words: Sequence[Word]) -> str | None:
    said = {word.folded for word in claim_words}
    given = {word.folded for word in source_words}
    if "never" in said and not given & {"never", "no", "none"}:
        return "never"
    broad = said & UNIVERSAL
    return min(broad) if broad and not given & UNIVERSAL else None


def _hedges(word: Word) -> bool:
    return word.folded in HEDGES or word.stem in HEDGES


def _limited(claim_words: Sequence[Word], source: str, source_words: Sequence[Word]) -> bool:
    """Tell whether the claim speaks of what the source limits by `only`."""
    if any(word.folded == "only" for word in claim_words):
        return False
    limited = {
        governed.stem
        for word in source_words
        if word.folded == "only"
        for governed in list(_scope(source, source_words, word))[:1]
    }
    return bool(limited & _stems(claim_words))


def _from_denial(claim_words: Sequence[Word], source: str, source_words: Sequence[Word]) -> bool:
    """Tell whether the claim states what stands only in a denied clause, or under a denial.

    "Its safety in children has not been shown" states nothing of children, and "could not confirm
    that the ship carried gold" states nothing of the ship.
    """
    edges = [0, *(match.start() for match in _BOUNDARY.finditer(source)), len(source)]
    clauses = [
        [word for word in source_words if start <= word.start < end]
        for start, end in pairwise(edges)
    ]
    here = {stem for stem in _stems(claim_words) if not is_light(stem)}
    under = False
    for number, clause in enumerate(clauses):
        denied = any(is_negator(word) for word in clause)
        others = [word for other in clauses[:number] + clauses[number + 1 :] for word in other]
        own = _stems(clause) - _stems(others)
        linked = bool(clause) and clause[0].folded in ("that", "if", "whether")
        if own & here and (denied or (under and linked)):
            return True
        under = denied
    return False


def sides(word: Word) -> set[tuple[str, int]]:
    """Return the families of opposites that a word belongs to, with its side in each."""
    return _of(word)


def _of(word: Word) -> set[tuple[str, int]]:
    spellings = (word.stem or "", word.folded, word.folded.removesuffix("e"))
    return set().union(*(SIDES.get(spelling, frozenset()) for spelling in spellings))


def _sides(words: Sequence[Word]) -> dict[tuple[str, int], Word]:
    found: dict[tuple[str, int], Word] = {}
    for word in words:
        for key in _of(word):
            found.setdefault(key, word)
    return found


def _object(words: Sequence[Word], marker: Word) -> str | None:
    return next((word.stem for word in words if word.start > marker.start and word.stem), None)


def _stems(words: Sequence[Word]) -> set[str]:
    return {word.stem for word in words if word.stem}


def _written(stem: str, words: Sequence[Word]) -> str:
    return next(word.text for word in words if word.stem == stem)


def _scope(text: str, words: Sequence[Word], marker: Word) -> Iterator[Word]:
    """List the content words that `marker` governs: the next few of its clause."""
    after = marker.end
    if text.startswith(" by ", after) and marker.stem not in DENYING:
        after += len(" by")  # "not by soldiers", but "rejected by the minister"
    boundary = _BOUNDARY.search(text, after + 1)
    end = boundary.start() if boundary else len(text)
    governed = [word for word in words if word.start > marker.start and word.end <= end]
    yield from [word for word in governed if word.stem][:_SCOPE]


def is_negator(word: Word) -> bool:
    """Tell whether a word denies what follows it."""
    return word.folded in NEGATORS or word.folded.endswith("n't") or word.stem in DENYING


def _denied(text: str, words: Sequence[Word]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        if is_negator(word):
            for governed in _scope(text, words, word):
                if governed.stem is not None and not is_negator(governed):
                    found.setdefault(governed.stem, word.text)
    return found


def _heads(stem: str, denied: Mapping[str, str], here: set[str]) -> bool:
    """Tell whether the other text takes up the head of what is denied, not just a word of it."""
    negator = denied[stem]
    scope = [other for other, by in denied.items() if by == negator]
    return scope[0] in here or sum(other in here for other in scope) * 2 > len(scope)


def _prefixed(claim_words: Sequence[Word], source_words: Sequence[Word]) -> str | None:
    """Find a word of the claim that the source has with `un-` before it, or the other way round."""
    here, there = ({word.folded for word in words} for words in (claim_words, source_words))
    for word in claim_words:
        opposites = {f"{prefix}{word.folded}" for prefix in _PREFIXES}
        opposites |= {word.folded.removeprefix(prefix) for prefix in _PREFIXES} - {word.folded}
        if word.folded not in there and opposites & there and not opposites & here:
            return f"“{word.text}” is the opposite of what is said in"
    return None


def _hedged(text: str, words: Sequence[Word]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        if _hedges(word):
            for governed in list(_scope(text, words, word))[:_ASSERTED]:
                if governed.stem is not None:
                    found.setdefault(governed.stem, word.text)
    return found
