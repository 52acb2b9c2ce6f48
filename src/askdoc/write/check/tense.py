"""Whether a claim tells as so now, or as done, what its source says of the past or of a plan.

Each function says in words what is wrong, or returns None.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from askdoc.text.english import AUXILIARIES, BE, PAST
from askdoc.text.words import Terms, Word, is_light, read_words
from askdoc.write.check.clauses import verbs_among
from askdoc.write.check.polarity import is_negator

_NOW = frozenset(["is", "are", "isn't", "aren't"])
_THEN = frozenset(["was", "were", "had", "did", "wasn't", "weren't", "didn't", "used"])
_PERFECT = frozenset(["has", "have"])
_TO_COME = frozenset(["shall", "must", "will", "would", "should", "may", "might"])
_REPORTED = re.compile(
    r"\b(?:said|says|found|showed|shown|reported|announced|argued|told|warned|claimed|wrote|learned"
    r"|believed|thought|knew|stated|explained|noted|concluded|confirmed|denied)\b",
    re.IGNORECASE,
)
"""What somebody said that "was" so may be so still."""


_PLANS = frozenset(
    """
    agree aim decid expect hope intend is obligat oblig order plan promis propos requir schedul told
    tell urg want was are were vow refus threaten
    """.split()  # noqa: SIM905 - words in rows are easier to read than quoted ones
)
_BACK = 4
"""Words before a verb among which its auxiliary stands."""

_PREFIXES = ("re", "over", "under", "out", "with", "fore", "mis")

_COORDINATED = 9
"""Words before a verb that `and` joins to another among which their auxiliary stands."""


def outdated(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says is so now, and its source only that it was."""
    if _REPORTED.search(source):
        return None
    words, given = read_words(claim, terms), read_words(source, terms)
    theirs = verbs_among(given)
    for at in verbs_among(words):
        word = words[at]
        if word.folded in _NOW and not _participle(words, at):
            found = _was(words, at, given, theirs)
        elif word.stem and not is_light(word.stem) and word.folded not in BE | AUXILIARIES:
            found = _did(words, at, given)
        else:
            continue
        if found:
            return f"it is said of the past, as “{found}”, in"
    return None


def _did(words: Sequence[Word], at: int, given: Sequence[Word]) -> str | None:
    """Return the past form in which alone the source has the verb of a claim in the present."""
    helping = _auxiliary(words, at)
    passive = helping is not None and helping.folded in _NOW
    if helping is None and (_is_past(words[at]) or not at or words[at - 1].folded == "to"):
        return None
    if helping is not None and not passive:
        return None
    places = [k for k, word in enumerate(given) if word.stem == words[at].stem]
    if not places or any(
        w.stem == words[at].stem and not _past_here(given, k) for k, w in enumerate(given)
    ):
        return None
    for k in places:
        other = _auxiliary(given, k)
        if other is None and passive:
            return None  # "the mill, owned by the city, …"
        if other is not None and other.folded not in _THEN:
            return None
    first = _auxiliary(given, places[0])
    return f"{first.text} … {given[places[0]].text}" if first else given[places[0]].text


def _was(
    words: Sequence[Word], at: int, given: Sequence[Word], theirs: Sequence[int]
) -> str | None:
    """Return the past form of `be` that alone stands before what a claim says something is."""
    if any(word.folded in _NOW for word in given):
        return None
    said = next((w for w in words[at + 1 :] if w.stem and not is_light(w.stem)), None)
    for k in theirs:
        if said is None or given[k].folded not in ("was", "were") or _participle(given, k):
            continue
        after = [w.stem for w in given[k + 1 : k + 1 + _BACK] if w.stem and not is_light(w.stem)]
        if after[:1] == [said.stem]:
            return f"{given[k].text} {said.text}"
    return None


def undone(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says was done, and its source only that it is to be done."""
    words, given = read_words(claim, terms), read_words(source, terms)
    if any(is_negator(word) for word in words):
        return None
    for at in verbs_among(words):
        word = words[at]
        if not word.stem or is_light(word.stem) or not _is_past(word):
            continue
        helping = _auxiliary(words, at)
        if helping is not None and helping.folded not in _THEN | _PERFECT:
            continue
        if word.folded in BE | AUXILIARIES or _to_come(words, at):
            continue
        places = [k for k, w in enumerate(given) if w.stem == word.stem]
        if places and all(_to_come(given, k) for k in places):
            return f"“{given[places[0]].text}” is a duty or a plan and no fact in"
    return None


def _to_come(words: Sequence[Word], at: int) -> bool:
    """Tell whether a verb stands under "shall", or under "to" after a word for a plan."""
    joined = at and words[at - 1].folded in ("and", "or")
    far = _COORDINATED if joined else _BACK
    if _is_past(words[at]) and not (at and words[at - 1].folded in ("be", "have")):
        return False
    for k in range(at - 1, max(-1, at - 1 - far), -1):
        folded = words[k].folded
        if folded in _TO_COME:
            return True
        if folded == "to":
            before = words[max(0, k - _BACK) : k]
            return any({w.stem, w.folded} & _PLANS for w in before)
        if folded in BE - {"be"} or folded in _PERFECT | _THEN:
            return False
        if not joined and words[k].stem and not folded.endswith("ly"):
            return False
    return False


def _auxiliary(words: Sequence[Word], at: int) -> Word | None:
    """Return what stands before a verb and gives it its tense, adverbs between at most."""
    found = None
    for word in reversed(words[max(0, at - _BACK) : at]):
        if word.folded in BE | AUXILIARIES | {"used"}:
            found = word if word.folded not in ("be", "been", "being") else found
            if found:
                return found
        elif word.folded not in ("not", "never", "also", "still", "now", "once", "then") and not (
            word.folded.endswith("ly") or word.folded == "to"
        ):
            return None
    return found


def _past_here(words: Sequence[Word], at: int) -> bool:
    helping = _auxiliary(words, at)  # for what is both, such as "run"
    return _is_past(words[at]) or (helping is not None and helping.folded in ("was", "were"))


def _participle(words: Sequence[Word], at: int) -> bool:
    return any(_is_past(word) or word.folded.endswith("ing") for word in words[at + 1 : at + 3])


def _is_past(word: Word) -> bool:
    forms = {word.folded, *(word.folded.removeprefix(prefix) for prefix in _PREFIXES)}
    return bool(forms & PAST) or (word.folded.endswith("ed") and word.stem is not None)
