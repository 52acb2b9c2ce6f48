"""Whether a claim says something of that which its source says it of.

A claim can take every word from its source and still be wrong: "the senate vetoed the bill" where
the governor did, and the senate overrode her. So what a claim brings together with a verb must
stand together with it in some clause of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from askdoc.text.english import AUXILIARIES, BE, JOINING, PRONOUNS
from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.words import Terms, Word, is_light, read_words
from askdoc.write.check.binding import read_values
from askdoc.write.check.clauses import (
    Clause,
    excluded,
    reach,
    read_clauses,
    sets_apart,
    subject_of,
    verbs_among,
)
from askdoc.write.check.names import names

_PERFECT = frozenset(["have", "has", "had", "having"])
_PLACES = 5
"""Words after `from` or `to` among which a place is looked for."""

_DIRECTED = frozenset(["against", "by", "for", "from", "into", "over", "than", "to"])


@dataclass(frozen=True, slots=True)
class Displaced:
    """A word of the claim that its source says of something else, and whether it is a name."""

    word: Word
    named: bool

    def __str__(self) -> str:
        return f"“{self.word.text}” is said of something else in"


def displaced(claim: str, source: str, terms: Terms) -> Displaced | None:
    """Find a word that the claim brings together with a verb, and no clause of the source does."""
    ours, theirs = read_clauses(claim, terms), read_clauses(source, terms)
    if len(theirs) < 2:  # noqa: PLR2004 - one clause has nothing to mix up
        return None
    stems = frozenset(word.stem for clause in theirs for word in clause.words)
    reaches = [reach(theirs, index) for index in range(len(theirs))]
    taken = read_values(claim).ranges
    called = names(read_words(claim, terms), claim)
    apart = excluded(source, terms) - excluded(claim, terms)
    for index, clause in enumerate(ours):
        if clause.verb_at is None:
            continue
        if (other := next((w for w in clause.subject if w.stem in apart), None)) is not None:
            return Displaced(other, named=True)
        if clause.subject and sets_apart(source, clause.words[: clause.verb_at]):
            return Displaced(clause.subject[-1], named=True)
        said = [w for w in _spoken_of(ours, index) if w.stem in stems and _plain(w, taken)]
        homes = [k for k, other in enumerate(theirs) if clause.verbs & other.verbs]
        if not said or not homes:
            continue
        plain = _verbs(clause) == len(clause.verbs)
        whole = [k for k in homes if plain and clause.verbs <= theirs[k].verbs]
        if _verbs(clause) > 1 and not whole:  # any of their clauses, or the next to them
            near = {k + step for k in homes for step in (-1, 0, 1)} & set(range(len(theirs)))
            spoken = [frozenset().union(*(reaches[k] for k in near))]
        else:
            if (doer := _other_doer(clause, theirs, whole or homes, taken)) is not None:
                return Displaced(doer, named=True)
            spoken = [reaches[k] for k in whole or homes]
        missing = min(([w for w in said if w.stem not in stems_of] for stems_of in spoken), key=len)
        if missing:
            named = [word for word in missing if word in called]
            return Displaced((named or missing)[0], bool(named))
    return None


def _other_doer(
    clause: Clause,
    theirs: Sequence[Clause],
    homes: Sequence[int],
    taken: Sequence[tuple[int, int]],
) -> Word | None:
    """Return the subject of a clause where no home of its verb has it for a subject, else None.

    Said only where subjects are plain: both sides active, no pronouns, and the word in the source.
    """
    head = _noun_head(clause.words[: clause.verb_at or 0])
    if head is None or clause.verb_at is None or _is_passive(clause) or clause.pronouns()[0]:
        return None
    source = {word.stem for other in theirs for word in other.words}
    if head.stem not in source or not _plain(head, taken):
        return None
    for k in homes:
        doers = subject_of(theirs, k)
        if doers is None or head.stem in doers or _is_passive(theirs[k]) or _verbs(theirs[k]) > 1:
            return None
        if any(one.folded == "to" for one in theirs[k].words):
            return None  # "too weak to launch": who would do it is not said
    return head


def _is_passive(clause: Clause) -> bool:
    at = [index for index in verbs_among(clause.words) if clause.words[index].stem]
    return any(_passive(clause.words, index) for index in at)


def _verbs(clause: Clause) -> int:
    """Count the verbs of a clause, auxiliaries left out."""
    found = (clause.words[at].folded for at in verbs_among(clause.words))
    return sum(folded not in BE and folded not in AUXILIARIES for folded in found)


def swapped(claim: str, source: str, terms: Terms) -> bool:
    """Tell whether two things change places around a preposition: `from A to B`, `from B to A`."""
    ours, theirs = (set(_around(text, terms)) for text in (claim, source))
    if any((last, joint, first) in theirs for first, joint, last in ours - theirs):
        return True
    (out, into), (source_out, source_into) = (_ends(text, terms) for text in (claim, source))
    return bool(out & source_into - source_out) or bool(into & source_out - source_into)


def _ends(text: str, terms: Terms) -> tuple[set[str], set[str]]:
    """Return the stems of the names after `from`, and of those after `to`."""
    found: dict[str, set[str]] = {"from": set(), "to": set()}
    words = read_words(text, terms)
    for index, word in enumerate(words):
        if word.folded not in found:
            continue
        for after in words[index + 1 : index + 1 + _PLACES]:
            if after.folded in found:
                break
            if after.capital and after.stem:
                found[word.folded].add(after.stem)
    return found["from"], found["to"]


def _around(text: str, terms: Terms) -> Iterator[tuple[str, str, str]]:
    """List the content words right before and right after each preposition that has a direction."""
    words = read_words(text, terms)
    for index, word in enumerate(words):
        if word.folded not in _DIRECTED or index == 0:
            continue
        before = words[index - 1]
        after = next((w for w in words[index + 1 : index + 4] if w.stem), None)
        if before.stem and after and after.stem and before.capital and after.capital:
            yield before.stem, word.folded, after.stem


def acting(claim: str, source: str, terms: Terms) -> str | None:
    """Find who does something in the claim and has it done to them in the source."""
    given = read_words(source, terms)
    taken = read_values(claim).ranges
    for words, at in _verbs_at(claim, terms):
        verb = words[at]
        places = [index for index, word in enumerate(given) if word.stem and word.stem == verb.stem]
        subject = next((w for w in reversed(words[max(0, at - 2) : at]) if w.stem), None)
        if not places or subject is None or not _has_object(words, at):
            continue
        if not _plain(subject, taken) or _has_passive_look(words, at):
            continue
        if any(_passive(given, index) for index in places) or _passive(words, at):
            continue
        stands = [index for index, word in enumerate(given) if word.stem == subject.stem]
        if stands and min(stands) > max(places):
            return f"who does what to whom is the other way round for “{subject.text}” in"
    return None


def misnamed(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says somebody or something is, and the source says of another.

    "Sandoval was the champion" is not in "Sandoval beat the champion, Okonjo": between the two
    there stands a verb of something that happens.
    """
    given = read_words(source, terms)
    taken = read_values(claim).ranges
    for clause in read_clauses(claim, terms):
        verbs = [clause.words[at].folded for at in verbs_among(clause.words)]
        if clause.verb_at is None or not clause.subject or not BE.issuperset(verbs):
            continue
        head, said = clause.subject[-1], _noun_head(clause.words[clause.verb_at + 1 :])
        if (
            said is None
            or not _plain(said, taken)
            or not _both(head, said, given)
            or _linked(head, said, given)
        ):
            continue
        return f"“{said.text}” is said of something else in"
    return None


def _noun_head(words: Sequence[Word]) -> Word | None:
    """Return the last content word before a preposition: the champion *of 1974*."""
    found = None
    for word in words:
        if word.folded in PREPOSITIONS:
            break
        if word.stem is not None and not is_light(word.stem) and word.text.isalpha():
            found = word
    return found


def _both(one: Word, other: Word, given: Sequence[Word]) -> bool:
    stems = {word.stem for word in given}
    return one.stem in stems and other.stem in stems


def _linked(one: Word, other: Word, given: Sequence[Word]) -> bool:
    """Tell whether the two stand together somewhere, with no verb of their own between them."""
    verbs = [given[index].start for index in verbs_among(given) if given[index].stem]
    if _taken_up(other, given):
        return True
    firsts = [word.start for word in given if word.stem == one.stem]
    seconds = [word.start for word in given if word.stem == other.stem]
    return any(
        not any(min(a, b) < verb < max(a, b) for verb in verbs) for a in firsts for b in seconds
    )


def _verbs_at(text: str, terms: Terms) -> Iterator[tuple[Sequence[Word], int]]:
    """List the verbs of a text, each with the words of its clause and its place among them."""
    for clause in read_clauses(text, terms):
        if clause.opening in ("and", "or"):  # "Keller and her brother founded": two subjects
            continue
        for at in verbs_among(clause.words):
            if clause.words[at].stem:
                yield clause.words, at


def _has_passive_look(words: Sequence[Word], at: int) -> bool:
    """Tell whether a second verb follows at once: "the people arrested were minors"."""
    return at + 1 < len(words) and words[at + 1].folded in BE


def _has_object(words: Sequence[Word], at: int) -> bool:
    """Tell whether a verb is followed by what it acts on, with no preposition between."""
    after = words[at + 1 : at + 4]
    named = next((index for index, word in enumerate(after) if word.stem), None)
    return named is not None and not any(w.folded in JOINING for w in after[: named + 1])


def _passive(words: Sequence[Word], at: int) -> bool:
    """Tell whether a verb is said of what is acted on."""
    if at and words[at - 1].folded in _PERFECT:
        return False
    by = any(word.folded == "by" for word in words[at + 1 : at + 6])
    return by or any(word.folded in BE for word in words[max(0, at - 3) : at])


def _taken_up(said: Word, given: Sequence[Word]) -> bool:
    """Tell whether a pronoun is said to be it: "…, and they were exercises"."""
    at = next(index for index, word in enumerate(given) if word.stem == said.stem)
    before = [word.folded for word in given[max(0, at - 5) : at]]
    return any(one in PRONOUNS and two in BE for one, two in pairwise(before))


def _spoken_of(clauses: Sequence[Clause], index: int) -> list[Word]:
    """List the content words of a clause, and its subject where that stands before it."""
    clause = clauses[index]
    found = list(clause.content)
    for after in clauses[index + 1 :]:
        if after.verb_at is not None:
            break
        found += after.content
    if not clause.subject and not clause.pronouns()[0]:
        for earlier in reversed(clauses[:index]):
            found += earlier.subject if earlier.verb_at is not None else earlier.content
            if earlier.subject or earlier.verb_at is None:
                break
    return found


def _plain(word: Word, taken: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a word says something and is no part of a value."""
    inside = any(start <= word.start < end for start, end in taken)
    return word.stem is not None and not is_light(word.stem) and not inside
