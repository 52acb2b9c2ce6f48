"""A sentence cut into clauses, and what each of them speaks of.

Without a parser: cuts are commas, brackets and joining words, a verb is told by its form, and a
clause without a subject of its own takes over that of the clauses before it. What it cannot tell it
counts in, so that a claim is doubted only where no reading of its source bears it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from askdoc.text.english import AUXILIARIES, BE, DETERMINERS, PRONOUNS, RELATIVE, VERBS
from askdoc.text.words import Terms, Word, is_ambiguous, is_light, is_verb, read_words

_CUT = re.compile(
    r"[;()—–]|:(?!\d)|,(?!\d)|\b(?:and|or|while|but|yet|whereas|which|who|whom|whose|that|where|when|before"
    r"|after|until|because|although|though|if|unless|since)\b",
    re.IGNORECASE,
)
_THINGS = frozenset({"it", "they"})
"""Pronouns that can mean what the clause before acts on, but hardly a name in it."""

_POSSESSIVES = frozenset({"his", "her", "its", "their"})
_OBJECTS = frozenset({"him", "them", "these", "those", "this", "one", "ones"})
"""Pronouns that take up any word of the clause before, not its subject alone."""

_CONTRASTS = frozenset({"but", "while", "whereas", "yet"})
_COORDINATES = frozenset({"and", "or", "but", "while", "whereas", "yet"})


@dataclass(frozen=True, slots=True)
class Clause:
    """One piece of a sentence: how it is joined to the one before, its words, and its verb.

    `verb_at` is where the first verb stands among the words, or None where there is none;
    `verbs` are the stems of the verbs that say something.
    """

    opening: str
    words: tuple[Word, ...]
    verb_at: int | None
    verbs: frozenset[str]

    @property
    def subject(self) -> list[Word]:
        """The content words before the verb."""
        return [word for word in self.words[: self.verb_at or 0] if _tells(word)]

    @property
    def content(self) -> list[Word]:
        """The words that say something."""
        return [word for word in self.words if _tells(word)]

    def pronouns(self) -> tuple[frozenset[str], bool]:
        """Return the pronouns before the verb, and whether one stands after it."""
        verb = self.verb_at if self.verb_at is not None else len(self.words)
        before, after = (
            frozenset(word.folded for word in part if word.folded in PRONOUNS)
            for part in (self.words[:verb], self.words[verb:])
        )
        return before, bool(after)


def read_clauses(text: str, terms: Terms) -> tuple[Clause, ...]:
    """Cut `text` into clauses, in order; empty ones are left out."""
    return _read(text, terms)


@lru_cache(maxsize=512)
def _read(text: str, terms: Terms) -> tuple[Clause, ...]:
    cuts = [(match.start(), match.end(), match[0].lower()) for match in _CUT.finditer(text)]
    edges = [(0, 0, ""), *cuts, (len(text), len(text), "")]
    words = read_words(text, terms)
    found: list[Clause] = []
    joined = ""
    for (_, start, opening), (end, _, _) in pairwise(edges):
        joined = opening if opening.isalpha() or not joined.isalpha() else joined
        within = tuple(word for word in words if start <= word.start < end)
        if not within:
            continue
        found.append(_clause(joined, within))
        joined = ""
    return tuple(found)


def _clause(opening: str, words: tuple[Word, ...]) -> Clause:
    verbs = verbs_among(words)
    stems = frozenset(words[i].stem or "" for i in verbs if _tells(words[i]))
    return Clause(opening, words, verbs[0] if verbs else None, stems)


def verbs_among(words: Sequence[Word]) -> list[int]:
    """List where verbs stand among the words of a clause, auxiliaries too."""
    verbs = [index for index in range(len(words)) if _is_verb_here(words, index)]
    certain = [index for index in verbs if not is_ambiguous(words[index])]
    if certain or len(verbs) > 1:  # "coffee exports account for": the last one is the verb
        last = max([*certain, verbs[-1]])
        verbs = [i for i in verbs if i in certain or i == last or _follows_auxiliary(words, i)]
    return verbs


def _is_verb_here(words: Sequence[Word], index: int) -> bool:
    word = words[index]
    if word.folded in BE or (word.folded in AUXILIARIES and not (index and word.capital)):
        return True  # but not the month of May
    if _follows_auxiliary(words, index):
        return word.stem is not None
    after = words[index + 1].folded if index + 1 < len(words) else ""
    if index == 0 and word.capital and word.stem in VERBS and after in DETERMINERS | PRONOUNS:
        return True  # "Hold the button"
    return after != "of" and is_verb(word, words[index - 1] if index else None)


def _follows_auxiliary(words: Sequence[Word], index: int) -> bool:
    before = words[index - 1].folded if index else ""
    return before in AUXILIARIES or before in ("to", "not")


_ARTICLES = frozenset({"the", "a", "an"})
_EXCLUDING = re.compile(
    r"\b(?:unlike|except(?: for)?|instead of|rather than|other than|apart from|contrary to"
    r"|in contrast (?:to|with))\s+(?:in |for |to |of )?([^,;:.()]+)",
    re.IGNORECASE,
)


def excluded(text: str, terms: Terms) -> frozenset[str]:
    """Return the stems that a text only sets its statement off from: "unlike most frogs, …"."""
    apart = [match.span(1) for match in _EXCLUDING.finditer(text)]
    words = [word for word in read_words(text, terms) if word.stem]
    stems = [{w.stem or "" for w in words if start <= w.start < end} for start, end in apart]
    rest = {w.stem for w in words if not any(start <= w.start < end for start, end in apart)}
    return frozenset().union(*stems) - rest


def sets_apart(text: str, subject: Sequence[Word]) -> bool:
    """Tell whether a text sets its statement off from just these words."""
    said = [word.folded for word in subject if word.folded not in _ARTICLES]
    return any(
        said == [w for w in match[1].casefold().split() if w not in _ARTICLES]
        for match in _EXCLUDING.finditer(text)
    )


def reach(clauses: Sequence[Clause], index: int) -> frozenset[str]:
    """Return the stems that the clause at `index` may speak of: its own, and what it leans on."""
    clause = clauses[index]
    found = list(clause.words)
    for at, after in enumerate(clauses[index + 1 :], start=index + 1):
        if after.verb_at is not None or _begins_another(clauses, at):
            break
        found += after.words  # a phrase that belongs to it, such as "in three sets"
    found += _leaned_on(clauses, index)
    return frozenset(word.stem for word in found if word.stem)


def subject_of(clauses: Sequence[Clause], index: int) -> frozenset[str] | None:
    """Return the stems of the words that can be the subject of a clause; None where many can be."""
    clause = clauses[index]
    if clause.pronouns()[0] - _POSSESSIVES or (clause.opening in RELATIVE and not clause.subject):
        return None
    found = list(clause.subject)
    for earlier in reversed(clauses[:index]):
        if earlier.verb_at is not None:
            return frozenset(word.stem or "" for word in found) if found else None
        found += earlier.words
    return frozenset(word.stem or "" for word in found) if found else None


def _begins_another(clauses: Sequence[Clause], index: int) -> bool:
    """Tell whether a phrase is the subject of a later verb: "…, and the other, a house, is old"."""
    if clauses[index].opening not in _COORDINATES:
        return False
    if clauses[index].opening in _CONTRASTS:
        return True
    following = [clause for clause in clauses[index + 1 :] if clause.verb_at is not None]
    return bool(following) and not following[0].subject


def _leaned_on(clauses: Sequence[Clause], index: int) -> list[Word]:
    """List the words before a clause that it takes over.

    Phrases right before it, such as a name and what stands beside it; without a subject of its own,
    the subjects before it too; with a pronoun after its verb, or as a relative clause, all of the
    clause that this points at.
    """
    clause = clauses[index]
    relative = clause.opening in RELATIVE
    subject, points_back = clause.pronouns()
    subordinate = clause.opening.isalpha() and clause.opening not in _COORDINATES
    own = any(not w.text.isdigit() for w in clause.subject) and not subject and not relative
    points_back |= relative or bool(subject & _OBJECTS) or bool(subject and subordinate)
    found: list[Word] = []
    for earlier in reversed(clauses[:index]):
        if earlier.verb_at is None:
            found += earlier.words
            if not own and not subject and earlier.opening in _COORDINATES:
                break  # that phrase is the subject: "…, and the other, a house, is old"
            continue
        found += earlier.words if points_back else []
        if any(word.stem not in earlier.verbs for word in earlier.content):
            points_back = not own and earlier.opening in RELATIVE
        if own:
            break
        found += earlier.subject
        if subject & _THINGS:
            found += [word for word in earlier.content if not word.capital]
    return found


def _tells(word: Word) -> bool:
    return word.stem is not None and not is_light(word.stem)
