"""Whether a claim denies what its source states, or the reverse, in another language than English.

Clause by clause: a clause of the claim against that clause of the source with which it shares most.
English has rules of its own (`polarity`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from askdoc.write.check.languages import (
    DENYING,
    ENGLISH,
    JOINTS,
    NEGATORS,
    NO_DENIAL,
    PREFIXED,
    UNSPACED,
    plain,
)

_PUNCTUATION = re.compile(r"[,;:.!?()—–，。；：、！？।]+(?!\d)")
_LETTERS = re.compile(r"[^\W_]+")
_FOLLOWS = 0.5
"""Share of its words from which on a clause says something of the same matter as another."""

_SOME = 1 / 3
"""The same where the source denies nothing at all."""


@dataclass(frozen=True, slots=True)
class _Clause:
    words: frozenset[str]
    governed: frozenset[str]
    negator: str | None = None
    denying: str | None = None

    @property
    def denied(self) -> str | None:
        return self.negator or self.denying

    def share(self, other: _Clause) -> float:
        """Tell how much of this clause stands in the other one."""
        return len(self.words & other.words) / len(self.words)


def denied_otherwise(claim: str, source: str, language: str) -> str | None:
    """Say where the claim denies what its source states, or states what it denies, else None."""
    if language == ENGLISH or not (language in NEGATORS or language in UNSPACED):
        return None
    ours, theirs = list(_clauses(claim, language)), list(_clauses(source, language))
    for clause in ours:
        if not theirs:
            return None
        best = max(theirs, key=clause.share)
        if (clause.denied is None) == (best.denied is None):
            continue
        if clause.negator and not any(other.denied for other in theirs):
            if clause.share(best) >= _SOME:
                return f"“{clause.negator}” is not said in"
        elif clause.share(best) > _FOLLOWS and not _elsewhere(clause, best, theirs):
            if best.denied and any(other.denied for other in ours):
                continue
            said = "said" if best.denied else "not said"
            return f"“{best.denied or clause.denied}” is {said} in"
    return _prefixed(ours, theirs, PREFIXED.get(language))


def _elsewhere(clause: _Clause, best: _Clause, others: list[_Clause]) -> bool:
    """Tell whether what a clause says or denies is said in another one of the source.

    "Not in Bonn, but in Cologne" says of Cologne what stands in the clause of Bonn.
    """
    rest = frozenset().union(*(other.words for other in others if other is not best))
    if best.denied and (own := best.governed - rest):
        return len(own & clause.words) < _FOLLOWS * len(own)
    return bool((clause.governed - best.words) & rest)


def _clauses(text: str, language: str) -> Iterator[_Clause]:
    bare = NO_DENIAL.sub(" ", text)
    joints = JOINTS.get(language, frozenset())
    for part in _PUNCTUATION.split(bare):
        if denies := UNSPACED.get(language):
            found = denies.search(part)
            letters = "".join(_LETTERS.findall(denies.sub("", part)))
            pairs = frozenset(letters[at : at + 2] for at in range(len(letters) - 1))
            if pairs:
                yield _Clause(pairs, pairs, found[0] if found else None)
            continue
        words: list[str] = []
        for word in _LETTERS.findall(plain(part)):
            if word in joints and words:
                yield from _clause(words, language)
                words = []
            words.append(word)
        yield from _clause(words, language)


def _clause(words: list[str], language: str) -> Iterator[_Clause]:
    negator = next((word for word in words if word in NEGATORS[language]), None)
    stems = DENYING.get(language, ())
    denying = next((word for word in words if stems and word.startswith(stems)), None)
    rest = frozenset(words) - NEGATORS[language] - JOINTS.get(language, frozenset())
    by = negator or denying
    governed = rest & frozenset(words[words.index(by) + 1 :]) if by else rest
    if rest and not (negator and denying):  # what both together say can't be told
        yield _Clause(rest, governed, negator, denying)


def _prefixed(ours: list[_Clause], theirs: list[_Clause], prefix: str | None) -> str | None:
    """Find a word that has a denying prefix in one of the texts alone."""
    here, there = (frozenset().union(*(c.words for c in text)) for text in (ours, theirs))
    if prefix is None:
        return None
    for word in sorted(here - there):
        if prefix + word in there or (word.startswith(prefix) and word[len(prefix) :] in there):
            return f"“{word}” is the opposite of what is said in"
    return None
