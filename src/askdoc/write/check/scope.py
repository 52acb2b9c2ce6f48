"""Whether a claim keeps what its source says of each thing in its place.

A claim can take every word from its source and still say something else: two things change places,
a value goes to the neighbouring clause, a bound is dropped, what holds of some is said of all. Each
function says in words what is wrong, or returns None.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from askdoc.text.english import AUXILIARIES, BE, DETERMINERS, PAST
from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.words import Terms, Word, alike, is_light, read_words
from askdoc.write.check.binding import read_values
from askdoc.write.check.clauses import verbs_among

_LISTED = re.compile(r"^[\s,]*(?:and|or|&|nor)?[\s,]*$", re.IGNORECASE)

_PART = re.compile(r"[,;:]")
_OTHERS = re.compile(r"\b(?:all|any|every) other (\w+)", re.IGNORECASE)
_CONVERSE = (
    (frozenset({"defeat", "beat"}), frozenset({"lose", "lost"})),
    (frozenset({"lend", "lent"}), frozenset({"borrow"})),
    (frozenset({"preced"}), frozenset({"follow", "succeed"})),
)
"""Verbs that say the same with their sides exchanged, and the opposite with them as they are."""

_ONLY_THEY = re.compile(r"\bonly\b(?! (?:if|when)\b)", re.IGNORECASE)
"""What only some may do, others may not: they must be of those."""


_WORDS = frozenset(["name", "word", "verb"])
"""Kinds of things that are no values."""

_MUST = frozenset(["must", "required", "obliged", "shall"])
_MAY = frozenset(["may", "can", "might", "could"])
_MIGHT = frozenset(["may", "might", "could", "shall", "should"])
_WILL = frozenset(["will", "would", "must", "shall"])

_EVERY = frozenset(["all", "any", "every", "each", "no"])
_RESTRICTING = PREPOSITIONS - {"of"}
_DEFINING = frozenset(["who", "that", "whose"])

_BOTH = re.compile(r"\bboth\b", re.IGNORECASE)
_ONE_OF_BOTH = re.compile(
    r"\b(?:one|the (?:\w+er|first|second|other)) of (?:which|them|whom|these|the two)\b",
    re.IGNORECASE,
)
_CASE = re.compile(r"[;,]\s+(?:and|but|or|while|whereas)\b|;|\b(?:and|but|while|whereas)\b")
_UNITS_OF_TIME = frozenset(["hour", "day", "week", "month", "year"])


def transposed(claim: str, source: str, terms: Terms) -> str | None:
    """Find two things that have changed places in a claim that takes all its words from its source.

    Each stands where the other stood, after the same preposition if any, with something between
    them that both texts have. Things in a list may change places; so may who acts and who is acted
    on where one of the two texts is in the passive.
    """
    if _is_passive(read_words(claim, terms)) != _is_passive(read_words(source, terms)):
        return None
    ours, theirs = _things(claim, terms), _things(source, terms)
    once = Counter(item.key for item in theirs)
    here = Counter(item.key for item in ours)
    if not all(once[item.key] or _has_like(item, theirs, terms) for item in ours):
        return None
    places = {item.key: at for at, item in enumerate(theirs)}
    shared = [item for item in ours if once[item.key] == 1 and here[item.key] == 1]
    order = [places[item.key] for item in shared]
    moved = enumerate(zip(order, sorted(order), strict=True))
    wrong = [at for at, (one, other) in moved if one != other]
    if len(wrong) != 2:  # noqa: PLR2004 - two that change places
        return None
    mine = [shared[at] for at in wrong]
    its = [theirs[places[item.key]] for item in reversed(mine)]
    if mine[0].kind in _WORDS:
        within, there = _between_things(ours, mine), _between_things(theirs, its)
        keys = {item.key for item in there}
        if not any(item.key in keys or _has_like(item, there, terms) for item in within):
            return None
    alike_led = all(_led_by(claim, a) == _led_by(source, b) for a, b in zip(mine, its, strict=True))
    if not alike_led or not _may_exchange(*mine) or _listed(claim, mine) or _listed(source, its):
        return None
    first, second = (claim[item.start : item.end] for item in mine)
    return f"“{first}” and “{second}” have changed places in"


def _may_exchange(one: _Thing, other: _Thing) -> bool:
    """Tell whether two things are of one kind; a capital may begin a sentence or a name."""
    return one.kind == other.kind or not {one.kind, other.kind} - {"name", "word"}


def _between_things(things: Sequence[_Thing], pair: Sequence[_Thing]) -> list[_Thing]:
    return [item for item in things if pair[0].start < item.start < pair[1].start]


def _listed(text: str, pair: Sequence[_Thing]) -> bool:
    return bool(_LISTED.match(text[pair[0].end : pair[1].start]))


def conversed(claim: str, source: str, terms: Terms) -> str | None:
    """Find the converse of the source's verb, such as `lost to`, with the sides as there."""
    words, given = read_words(claim, terms), read_words(source, terms)
    mine, its = ({w.stem for w in text} for text in (words, given))
    for side, against in (*_CONVERSE, *((b, a) for a, b in _CONVERSE)):
        if not mine & side or mine & against or not its & against or its & side:
            continue
        names = [w.folded for w in words if w.capital and w.folded in {g.folded for g in given}]
        theirs = [w.folded for w in given if w.folded in names]
        if len(set(names)) > 1 and names[:1] == theirs[:1] and names[-1:] == theirs[-1:]:
            return "who does what to whom is the other way round in"
    return None


def obliged(claim: str, source: str) -> str | None:
    """Find a duty that is a mere possibility in the source, or a fact that is a duty or plan."""
    ours, theirs = _modals(claim), _modals(source)
    if ours & _MUST and theirs & _MAY and not theirs & _MUST and not _ONLY_THEY.search(source):
        return f"“{min(ours & _MUST)}” stands against “{min(theirs & _MAY)}” in"
    if ours & _WILL and theirs & _MIGHT and not theirs & _WILL:
        return f"“{min(ours & _WILL)}” stands against “{min(theirs & _MIGHT)}” in"
    if not ours and "shall" in theirs and re.search(r"\b(?:has|have|had|was|were|did)\b", claim):
        return "it is a duty and no fact in"
    return None


def _bare(text: str) -> str:
    """Return the letters and digits of a text, in lower case, one blank between words."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return f" {' '.join(words)} "


def generalised(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says of all of a kind, and the source of those with something beside.

    Plural nouns without an article, and after `all` and the like, speak of all of them: "staff on
    leave may not …" says nothing of staff, and "all other repairs" are not all repairs.
    """
    if (rest := _OTHERS.search(source)) and re.search(
        rf"\b(?:all|any|every)\s+{rest[1]}\b", claim, re.IGNORECASE
    ):
        return f"“{rest[0]}” are fewer in"
    words, given = read_words(claim, terms), read_words(source, terms)
    amounts = {q.text for q in read_values(claim).quantities}
    said = {word.stem for word in words if word.stem} | amounts
    verbs = verbs_among(given)
    for noun in _general(words):
        own = next((w for w in words if w.start > noun.end), None)
        fewer = own is not None and own.folded in _DEFINING | (_RESTRICTING - {"in"})
        for place, word in enumerate(given[:-1]):
            after = given[place + 1]
            relative = after.folded in _DEFINING and source[word.end : after.start] == " "
            if relative and fewer:
                continue  # the claim does not speak of all either
            limited = (
                relative
                or after.folded in _RESTRICTING
                or (after.folded == "up" and place + 1 not in verbs)
            )
            if word.stem != noun.stem or not limited:
                continue
            verb = next((v for v in verbs if v > place), len(given))
            while relative and verb in verbs:  # past the verb of the clause, to the next
                verb += 1
            if relative:
                verb = next((v for v in verbs if v > verb), len(given))
            if relative:
                verb = _predicate(given, place, verb, said - {noun.stem})
            end = given[verb].start if verb < len(given) else len(source)
            phrase = _PART.split(source[word.start : end])[0].strip(" .")
            within = [w for w in given[place + 1 :] if w.end <= word.start + len(phrase)]
            beside = {w.stem for w in within if w.stem and not is_light(w.stem)}
            beside |= {q.text for q in read_values(phrase).quantities}
            if beside and not beside & said:
                return f"“{phrase}” are fewer in"
    return None


def _predicate(words: Sequence[Word], place: int, verb: int, said: set[str]) -> int:
    """Return where what is said of a noun begins, after the clause that tells which are meant."""
    for at in range(place + 2, verb):
        if words[at].stem in said and not is_light(words[at].stem or ""):
            return at
    return verb


def both(claim: str, source: str) -> str | None:
    """Find what the claim says of both, and the source of one of the two."""
    one = _ONE_OF_BOTH.search(source)
    if one and _BOTH.search(claim) and not _BOTH.search(source):
        return f"it is said of “{one[0]}” in"
    return None


def conditioned(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says under the condition of something else that its source says.

    "It returns nothing if the key is missing, and stops if the file is" has two of each.
    """
    ours, theirs = _cases(claim, terms), _cases(source, terms)
    if len(ours) != 1 or len(theirs) < 2:  # noqa: PLR2004 - two conditions to mix up
        return None
    [(said, under, text)] = ours
    here = max(theirs, key=lambda case: len(case[1] & under))
    there = max(theirs, key=lambda case: len(case[0] & said))
    apart = len(here[1] & under) > len(there[1] & under)
    if here is not there and apart and len(there[0] & said) > len(here[0] & said):
        return f"“{text}” is the condition of something else in"
    return None


def _cases(text: str, terms: Terms) -> list[tuple[frozenset[str], frozenset[str], str]]:
    """List the parts of a text that put a condition: the stems of what is said, and of that."""
    found = []
    for part in _CASE.split(text):
        said, _, under = re.sub(r"\s+", " ", part).partition(" if ")
        if under:
            stems = [
                frozenset(
                    w.stem for w in read_words(side, terms) if w.stem and not is_light(w.stem)
                )
                for side in (said, under)
            ]
            found.append((stems[0], stems[1], f"if {under.strip(' .')}"))
    return found


def _same(one: Word, other: Word, terms: Terms) -> bool:
    return one.stem == other.stem or alike(one, other, terms)


def _general(words: Sequence[Word]) -> Iterator[Word]:
    """List the nouns of which all is said: after a word for all, or plural and first in a claim."""
    for at, word in enumerate(words):
        if not word.stem or word.folded in _EVERY:
            continue
        before = words[at - 1].folded if at else ""
        if (
            before in _EVERY
            or (at and before == "of" and words[at - 2].folded in _EVERY)
            or (not at and word.folded.endswith("s") and not word.folded.endswith("ss"))
        ):
            yield word


@dataclass(frozen=True, slots=True)
class _Thing:
    """A content word or a value: what it is compared by, of which kind, and where it stands."""

    key: str
    kind: str
    start: int
    end: int
    word: Word | None = None


def _things(text: str, terms: Terms) -> list[_Thing]:
    """List what a text speaks of, in order: its content words, and its values as one thing each."""
    values = read_values(text)
    found = [
        _Thing(f"={q.values[0]}", q.values[0][0] or "number", q.start, q.end)
        for q in values.quantities
    ]
    found += [_Thing(f"@{d.text}", "date", d.start, d.end) for d in values.dates]
    taken = [(item.start, item.end) for item in found]
    words = read_words(text, terms)
    verbs = {words[at].start for at in verbs_among(words)}
    for word in words:
        if any(start <= word.start < end for start, end in taken):
            continue
        if not word.stem or is_light(word.stem) or word.folded in AUXILIARIES | BE:
            continue
        if word.stem in _UNITS_OF_TIME:
            continue  # "a month" and "monthly" stand in other places
        last = found[-1] if found else None
        if word.capital and last and last.kind == "name" and text[last.end : word.start] == " ":
            found[-1] = _Thing(f"{last.key} {word.stem}", "name", last.start, word.end)
            continue
        kind = "verb" if word.start in verbs else "name" if word.capital else "word"
        found.append(_Thing(word.stem, kind, word.start, word.end, word))
    return sorted(found, key=lambda item: item.start)


def _is_passive(words: Sequence[Word]) -> bool:
    """Tell whether a form of `be` and a participle stand in a text, an adverb between at most."""
    return any(
        word.folded in BE
        and any(w.folded in PAST or w.folded.endswith("ed") for w in words[at + 1 : at + 3])
        for at, word in enumerate(words)
    )


def _has_like(item: _Thing, others: Sequence[_Thing], terms: Terms) -> bool:
    """Tell whether a verb that means the same is among others."""
    if item.kind != "verb" or item.word is None:
        return False
    return any(alike(item.word, other.word, terms) for other in others if other.word)


def _led_by(text: str, item: _Thing) -> str:
    """Return the preposition before a thing, articles aside; empty where there is none."""
    before = [word.lower() for word in re.findall(r"[^\W\d_]+", text[: item.start])]
    while before and before[-1] in DETERMINERS:
        before.pop()
    return before[-1] if before and before[-1] in PREPOSITIONS else ""


def _modals(text: str) -> set[str]:
    words = [match.group().lower() for match in re.finditer(r"\b[A-Za-z]+\b", text)]
    return {word for word in words if word in _MUST | _MAY | _MIGHT | _WILL}
