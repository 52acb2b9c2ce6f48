"""Whether a claim turns its source round: negation, direction, and how sure it sounds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from askdoc.text.english import BE, DENYING, FREQUENCY, HEDGES, JOINING, NEGATORS, SIDES, UNIVERSAL
from askdoc.text.units import FRACTIONS, SPELLED
from askdoc.text.values import read_dates
from askdoc.text.words import Word, is_light, is_verb

_SCOPE = 4
_BOUNDARY = re.compile(
    r"[,;()—–]|:(?!\d)|(?<=\w{3}[.!?])\s+(?=[A-Z])|\b(?:that|by|but|and|which|who|because|while|although|if|when|until|after|before)\b"
)

_NOUN = re.compile(r"(?:al|ment|ion|ance|er)s?$")
_CONDITION = re.compile(
    r"\b(?:if|unless|provided that|as long as|only when)\b[^,;:.()]*", re.IGNORECASE
)
_COORDINATED = re.compile(r"[;,]\s+(?:and|but|while|whereas|yet)\b|;")
_BELIEVED = re.compile(r"\s+(?:believe|think|suppose|assume|expect)s?(?:\s+that)?\b", re.IGNORECASE)
_TOO = re.compile(r"\btoo\s+\w+\s+(?:for\s+\w+\s+)?to\b", re.IGNORECASE)
_ONLY = ("only", "just", "merely", "solely")
_BOUNDS = {"more": 0, "less": 1, "fewer": 1}
"""Before `than` they say where an amount lies, not how it changed: `more than half`."""

_MUST = ("must", "required", "requires", "need", "needs")
"""To say that something is needed says as well that nothing goes without it."""

_DIED = ("survival", 1)
"""What those do who are killed."""

_RAISING = ("seem", "appear")
_LINKED = re.compile(r"\s+(?:to|that|as)\b")
_OF_NOUNS = ("no", "without")
_OF_SUBJECTS = ("no", "none", "neither", "nor", "nobody", "nothing")
"""Words that deny by their subject or object what its verb says."""

_PERIODS = frozenset(["second", "minute", "hour", "day", "night", "week", "month", "year"])
_TAKEN_UP = frozenset(["he", "she", "it", "they"])
_SAYING = {"say", "state", "accord"}
_SPEECH = ("claim", "alleg", "believ", "think", "thought", "suggest")
_ADVERBS = ("soon", "also", "still", "later", "once", "again", "one", "ever", "yet")
_PREFIXES = ("un", "in", "im", "ir", "il", "non", "dis")


def negation(
    claim: str, claim_words: Sequence[Word], source: str, source_words: Sequence[Word]
) -> str | None:
    """Say where the claim denies what the source states, or states what it denies, else None."""
    here = list(_denials(claim, claim_words))
    there = list(_denials(source, source_words))
    for denial in here:
        if denial.by.stem in DENYING and denial.by.stem in _stems(source_words):
            continue
        if stem := _undenied(denial, claim_words, source_words, there):
            return f"“{denial.by.text}” is not said of “{_written(stem, source_words)}” in"
    for denial in there:
        if denial.by.stem in DENYING and denial.by.stem in _stems(claim_words):
            continue  # the same verb denies, in another order of words
        if stem := _undenied(denial, source_words, claim_words, here):
            return f"“{denial.by.text}” is said of “{_written(stem, source_words)}” in"
    return _prefixed(claim_words, source_words)


@dataclass(frozen=True, slots=True)
class _Denial:
    """A word that denies, and the stems that it governs, the head of them first."""

    by: Word
    scope: tuple[str, ...]


def _denials(text: str, words: Sequence[Word]) -> Iterator[_Denial]:
    for word in words:
        if is_negator(word) and _denies(text, word):
            governed = list(_scope(text, words, word))
            if word.folded in _OF_NOUNS or word.stem == "lack":
                governed = list(_noun_phrase(word, words, governed))
            scope = tuple(w.stem for w in governed if w.stem and not is_negator(w))
            if scope:
                yield _Denial(word, scope)
    for match in _TOO.finditer(text):  # "too weak to fly"
        by = next(word for word in words if word.start == match.start())
        last = next(word for word in words if word.end == match.end())
        yield _Denial(by, tuple(w.stem for w in _scope(text, words, last) if w.stem))


def _denies(text: str, word: Word) -> bool:
    """Tell whether a word denies here: who fails to do it does not, a signal that fails breaks."""
    return word.stem != "fail" or text.startswith(" to ", word.end)


def _undenied(
    denial: _Denial,
    own_words: Sequence[Word],
    other_words: Sequence[Word],
    denials: Sequence[_Denial],
) -> str | None:
    """Return what is denied here and stated in another text, else None.

    The other text must take up the head of what is denied, or most of it, and not just a word; of a
    head that is stated here as well, such as in "covers this but not that", more than the head.
    """
    stems = _stems(other_words)
    present = [stem for stem in denial.scope if stem in stems]
    if not present or (present[0] != denial.scope[0] and 2 * len(present) <= len(denial.scope)):
        return None
    if len(present) == 1 and sum(word.stem == present[0] for word in own_words) > 1:
        return None
    denied = {stem for other in denials for stem in other.scope}
    whole = denial.by.folded in _OF_SUBJECTS or present[0] != denial.scope[0]
    enough = set(present) if whole else {present[0]}
    return None if denied & enough else present[0]


def _noun_phrase(by: Word, words: Sequence[Word], governed: Sequence[Word]) -> Iterator[Word]:
    """Keep what is governed up to the next verb, with it, or up to a preposition."""
    for word in governed:
        before = [other for other in words if by.start < other.start < word.start]
        if any(other.folded in JOINING - {"of"} for other in before):
            return
        if any(is_verb(other) for other in before):
            return
        if word is not governed[0] and is_verb(word):
            yield word
            return
        yield word


def direction(claim_words: Sequence[Word], source_words: Sequence[Word]) -> str | None:
    """Say which word of the claim points the other way than the source, else None.

    `before` and `after` may change if what they govern changes too.
    """
    here, there = _sides(claim_words), _sides(source_words)
    for key, word in here.items():
        family, side = key
        if (family, 1 - side) not in there or (family, 1 - side) in here:
            continue
        rival = there[family, 1 - side]
        if key in there:
            if _same_object(claim_words, key, source_words, rival, there[key]):
                return f"“{word.text}” stands against “{rival.text}” in"
            continue
        if any((f, s) in there for f, s in _of(word) if f != family):
            continue
        if (family, 1 - side) in here:
            continue
        if family == "time" and _object(claim_words, word) != _object(source_words, rival):
            continue
        return f"“{word.text}” stands against “{rival.text}” in"
    return _sided(claim_words, source_words)


def _same_object(
    claim_words: Sequence[Word],
    key: tuple[str, int],
    source_words: Sequence[Word],
    rival: Word,
    own: Word,
) -> bool:
    """Tell whether the claim says of a thing what the source, which has both, says otherwise."""
    theirs, ours = _object(source_words, rival), _object(source_words, own)
    return (
        ours is not None
        and theirs != ours
        and any(key in _of(word) and _object(claim_words, word) == theirs for word in claim_words)
    )


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
    if condition := _condition(claim_words, source, source_words):
        return f"“{condition}” {left_out}"
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
    if stems & _SAYING:  # "claims that" may become "says that"
        hedged = {s: h for s, h in hedged.items() if not h.lower().startswith(_SPEECH)}
    return next((f"“{hedge}” {left_out}" for stem, hedge in hedged.items() if stem in stems), None)


def _condition(
    claim_words: Sequence[Word], source: str, source_words: Sequence[Word]
) -> str | None:
    """Return the condition that the source puts, and the claim neither puts nor speaks of."""
    here = _stems(claim_words)
    if any(word.folded in ("if", "unless", "when", "provided") for word in claim_words):
        return None
    for match in _CONDITION.finditer(source):
        within = [w for w in source_words if match.start() < w.start < match.end() and w.stem]
        dates = [(date.start, date.end) for date in read_dates(source)]
        stated = [w for w in within if not any(start <= w.start < end for start, end in dates)]
        if not _concerns(here, match.start(), source, source_words):
            continue
        if within and not any(word.stem in here for word in stated or within):
            return " ".join(match[0].split())
    return None


def _concerns(here: set[str], at: int, source: str, words: Sequence[Word]) -> bool:
    """Tell whether a text speaks of the clause that a condition belongs to, and not of another."""
    edges = [0, *(match.end() for match in _COORDINATED.finditer(source)), len(source)]
    host = next((a, b) for a, b in pairwise(edges) if a <= at < b)
    own = {w.stem for w in words if w.stem and host[0] <= w.start < host[1]}
    others = {w.stem for w in words if w.stem and not host[0] <= w.start < host[1]}
    return bool(here & (own - others)) or not here & (others - own)


def _sweeping(claim_words: Sequence[Word], source_words: Sequence[Word]) -> str | None:
    said = {word.folded for word in claim_words}
    given = {word.folded for word in source_words}
    if "never" in said and not given & {"never", "no", "none"}:
        return "never"
    rates = {w.folded for w, after in pairwise(source_words) if after.folded in _PERIODS}
    others = {w.folded for w in source_words} - rates  # "every day" is not of all
    broad = said & UNIVERSAL
    return min(broad) if broad and not (given if broad & rates else others) & UNIVERSAL else None


def _hedges(word: Word) -> bool:
    """Tell whether a word hedges; what is made from it, such as `proposal`, does not."""
    if word.stem in FREQUENCY and word.folded.endswith(("ly", "often", "sometimes", "seldom")):
        return True
    return word.folded in HEDGES or (word.stem in HEDGES and not _NOUN.search(word.folded))


def _limited(claim_words: Sequence[Word], source: str, source_words: Sequence[Word]) -> bool:
    """Tell whether the claim speaks of what the source limits by `only`."""
    if any(word.folded in _ONLY or word.folded in _MUST for word in claim_words):
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
        denied = any(is_negator(word) and _denies(source, word) for word in clause)
        others = [word for other in clauses[:number] + clauses[number + 1 :] for word in other]
        own = _stems(clause) - _stems(others)
        if any(w.folded in _TAKEN_UP for other in clauses[number + 1 :] for w in other[:2]):
            own -= _stems(_before_denial(clause))  # "it did not hurt, but it helped"
        linked = bool(clause) and clause[0].folded in ("that", "if", "whether")
        if own & here and (denied or (under and linked)):
            return True
        under = denied
    return False


def _before_denial(clause: Sequence[Word]) -> Sequence[Word]:
    at = next((at for at, word in enumerate(clause) if is_negator(word)), 0)
    return clause[:at]


def sides(word: Word) -> set[tuple[str, int]]:
    """Return the families of opposites that a word belongs to, with its side in each."""
    return _of(word)


def _of(word: Word) -> set[tuple[str, int]]:
    stem = "" if word.folded.startswith("department") else word.stem or ""  # no departure
    spellings = (stem, word.folded, word.folded.removesuffix("e"))
    return set().union(*(SIDES.get(spelling, frozenset()) for spelling in spellings))


def _sides(words: Sequence[Word]) -> dict[tuple[str, int], Word]:
    found: dict[tuple[str, int], Word] = {}
    for at, word in enumerate(words):
        bound = _BOUNDS.get(word.folded) if _before_amount(words[at + 1 : at + 4]) else None
        keys = {("bound", bound)} if bound is not None else _of(word)
        if word.stem == "kill" and any(other.folded in BE for other in words[max(0, at - 2) : at]):
            keys = keys | {_DIED}
        for key in keys:
            found.setdefault(key, word)
    return found


def _before_amount(following: Sequence[Word]) -> bool:
    """Tell whether `than` and an amount follow."""
    if [word.folded for word in following[:1]] != ["than"] or len(following) == 1:
        return False
    amount = following[-1 if following[1].folded in ("a", "an") else 1].folded
    return amount[0].isdigit() or amount in SPELLED or amount in FRACTIONS


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
    if believed := _BELIEVED.match(text, marker.end):
        after = believed.end()  # what is not believed is denied
    boundary = _BOUNDARY.search(text, after + 1)
    end = boundary.start() if boundary else len(text)
    governed = [word for word in words if word.start > marker.start and word.end <= end]
    yield from [word for word in governed if word.stem][:_SCOPE]


def is_negator(word: Word) -> bool:
    """Tell whether a word denies what follows it."""
    return word.folded in NEGATORS or word.folded.endswith("n't") or word.stem in DENYING


def _prefixed(claim_words: Sequence[Word], source_words: Sequence[Word]) -> str | None:
    """Find a word of the claim that the source has with `un-` before it, or the other way round."""
    here, there = ({word.folded for word in words} for words in (claim_words, source_words))
    for word in claim_words:
        opposites = {f"{prefix}{word.folded}" for prefix in _PREFIXES}
        opposites |= {word.folded.removeprefix(prefix) for prefix in _PREFIXES} - {word.folded}
        if (stem := word.folded.removesuffix("ful")) != word.folded:
            opposites.add(f"{stem}less")
        if (stem := word.folded.removesuffix("less")) != word.folded:
            opposites.add(f"{stem}ful")
        if word.folded not in there and opposites & there and not opposites & here:
            return f"“{word.text}” is the opposite of what is said in"
    return None


def _hedged(text: str, words: Sequence[Word]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        if _hedges(word):
            if word.stem in _RAISING and not _LINKED.match(text, word.end):
                continue  # "when symptoms appear" hedges nothing
            governed = [
                other for other in _scope(text, words, word) if not is_light(other.stem or "")
            ]
            for other in _up_to_verb(governed):
                found.setdefault(other.stem or "", word.text)
    return found


def _up_to_verb(governed: Sequence[Word]) -> Iterator[Word]:
    """Keep what a hedge governs, past its adverbs: "may soon *extend* the line"."""
    for word in governed:
        yield word
        if not word.folded.endswith("ly") and word.folded not in _ADVERBS:
            return
