"""What a source restricts its statement by, and a claim may not leave out.

When it holds, where, in which case, of whom, above what. A restriction is needed where a statement
is general: a rule, a duty, a rate, a description, a denial. What dates or places a single event of
the past may be left out: "after the merger, the company closed three factories" says that it did.
Each function says in words what is left out, or returns None.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from askdoc.text.english import (
    AUXILIARIES,
    BE,
    DETERMINERS,
    JOINING,
    PAST,
    PRONOUNS,
    UNIVERSAL,
    VERBS,
)
from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.units import SPELLED
from askdoc.text.words import Terms, Word, alike, is_light, is_verb, read_words
from askdoc.write.check.binding import read_values
from askdoc.write.check.clauses import verbs_among
from askdoc.write.check.polarity import is_negator

_OPENING = re.compile(
    r"^(?P<phrase>(?P<how>in|on|at|during|before|after|until|till|under|within|from|for|among|once"
    r"|when|whenever|where|wherever|while|throughout|outside|above|below)\s[^,;:]+),\s",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"\b(?P<how>until|till|during|within|while|whenever|where|before|after|as long as|once"
    r"|throughout|only if|only when|in (?:the event|case) of|outside|above|below)\s",
    re.IGNORECASE,
)
_SETS_SCENE = re.compile(
    r"^(?:in (?:addition|fact|general|short|total|all|contrast|return|turn|other words|particular"
    r"|practice|theory|principle|this|that|these|those|response|reply|reaction)\b|for (?:example|"
    r"instance|this|that|these|now)\b|at (?:first|last|least|the same time)\b"
    r"|after (?:all|this|that)\b"
    r"|before (?:this|that)\b|on (?:average|the whole|the other)\b|from (?:there|then)\b"
    r"|(?:in|on|during) [^,]*\b(?:trial|study|survey|experiment|report|test|analysis|census|book"
    r"|paper|article|interview|speech|letter|statement|ruling|view|opinion)s?$)",
    re.IGNORECASE,
)
"""What leads in and restricts nothing, or names the source of what is said."""

_PARTS = re.compile(
    r";|:|,\s+(?:and|but|while|whereas|yet|so|because|since|although|though|which|who)\b"
    r"|\b(?:but|whereas|because|although|which)\b",
    re.IGNORECASE,
)
_CONDITIONS = frozenset(["until", "till", "once", "when", "whenever", "where", "wherever", "while"])
_MODALS = frozenset(["must", "may", "shall", "can", "should", "might", "cannot", "need", "needs"])
_STATES = frozenset(
    """
    belong comprise compris consist contain cost cover depend employ exceed have had include includ
    lack need number own possess remain resemble resembl require requir weigh
    """.split()  # noqa: SIM905 - words in rows are easier to read than quoted ones
)
"""Stems of verbs that describe, and tell of no event."""

_LIKE_PRESENT = frozenset(["beat", "burst", "quit", "read", "upset"])
"""Verbs whose past looks like their present."""

_PEOPLE = frozenset(["children", "men", "mice", "people", "women"])
_LIMITING = frozenset(
    ["above", "aged", "arising", "below", "beyond", "containing", "exceeding", "involving", "older",
     "outside", "over", "under", "younger"]
)  # fmt: skip
_PLAIN_DENIALS = frozenset(["not", "never", "cannot", "no"])
_AFTER_PARTICIPLE = PREPOSITIONS | {"as", "than"}
_NEXT_PHRASE = PREPOSITIONS - {"of"}
_FOLLOWS = 0.6
"""Share of a claim's content words that a clause must hold if the claim is to follow it."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A claim beside one statement of its source, without the phrase that opens the statement.

    Attributes:
        said: the claim's words.
        here: what the claim says: its stems and its values.
        main: the statement.
        words: the statement's words.
        verbs: which of `words` are verbs, from the main one on.
        terms: stems words.
    """

    said: Sequence[Word]
    here: set[str]
    main: str
    words: Sequence[Word]
    verbs: Sequence[int]
    terms: Terms

    @property
    def general(self) -> bool:
        """Whether the statement says what is so, or must or may be."""
        return _is_general(self.words, self.verbs)

    @property
    def verb(self) -> Word:
        """The statement's main verb, or the word that it begins with."""
        return self.words[self.verbs[0] if self.verbs else 0]

    def tells(self, phrase: str) -> bool:
        """Tell whether the claim says anything of a phrase, be it in other words."""
        words = read_words(phrase, self.terms)
        own = {w.stem for w in words if w.stem and not is_light(w.stem)} | _values(phrase)
        return not own or bool(own & self.here) or any(w.stem and self.holds(w) for w in words)

    def holds(self, word: Word) -> bool:
        """Tell whether the claim has a word, or one of like meaning."""
        return any(_same(word, other, self.terms) for other in self.said if other.stem)


def restricted(claim: str, source: str, terms: Terms) -> str | None:
    """Say which restriction of its source's statement the claim leaves out."""
    said = read_words(claim, terms)
    here = _said(claim, said)
    for start, end in _statements(source):
        text = source[start:end]
        opening = _OPENING.match(text)
        main = text[opening.end() :] if opening else text
        words = read_words(main, terms)
        verbs = verbs_among(words)
        if not words or not _follows(said, words, verbs, terms):
            continue
        pair = _Pair(said, here, main, words, verbs, terms)
        if opening and not _SETS_SCENE.match(opening["phrase"]):
            phrase = opening["phrase"]
            needed = _needed(phrase, opening["how"].lower(), words, verbs) or (
                _is_past(words, verbs) and _is_general(said, verbs_among(said))
            )
            if needed and not pair.tells(phrase):
                return _left_out(phrase)
        for find in (_trailing, _undenied, _fewer, _described):
            if phrase := find(pair):
                return _left_out(phrase)
    return None


def _left_out(phrase: str) -> str:
    return f"“{' '.join(phrase.split()).strip(' .,')}” is left out of what is said in"


def _statements(source: str) -> list[tuple[int, int]]:
    """Cut a source where another statement begins."""
    opening = _OPENING.match(source)
    cuts = [m for m in _PARTS.finditer(source) if not opening or m.start() >= opening.end()]
    edges = [0, *(m.end() for m in cuts)]
    ends = [*(m.start() for m in cuts), len(source)]
    found = []
    for start, end in zip(edges, ends, strict=True):
        lead = len(source[start:end]) - len(source[start:end].lstrip())
        if source[start:end].strip():
            found.append((start + lead, end))
    return found


def _said(text: str, words: Sequence[Word]) -> set[str]:
    """List what a text says: its stems and its values."""
    return {w.stem for w in words if w.stem and not is_light(w.stem)} | _values(text)


def _values(text: str) -> set[str]:
    values = read_values(text)
    found = {str(q.number) for q in values.quantities}
    for date in values.dates:
        found |= {f"{name}{value}" for name, value in date.parts.items()}
    return found


def _follows(
    said: Sequence[Word], words: Sequence[Word], verbs: Sequence[int], terms: Terms
) -> bool:
    """Tell whether a claim says what a clause says: its verb, and hardly anything else.

    Or all that the clause says, and then what stands behind it.
    """
    content = [w for w in said if w.stem and not is_light(w.stem)]
    first = words[verbs[0]] if verbs else None
    auxiliary = first is None or first.stem is None or first.folded in BE | AUXILIARIES
    if not auxiliary and first and not any(_same(first, w, terms) for w in content):
        return False
    held = sum(any(_same(w, other, terms) for other in words) for w in content)
    if content and held >= _FOLLOWS * len(content):
        return True
    theirs = [w for w in words if w.stem and not is_light(w.stem)]
    return len(theirs) > 1 and all(any(_same(w, other, terms) for other in content) for w in theirs)


def _same(one: Word, other: Word, terms: Terms) -> bool:
    return one.stem == other.stem or alike(one, other, terms)


def _needed(phrase: str, how: str, words: Sequence[Word], verbs: Sequence[int]) -> bool:
    """Tell whether a statement holds only under the phrase that opens it."""
    if _is_general(words, verbs):
        return True
    if _of_a_group(phrase, how):
        return True
    return how not in _CONDITIONS and _is_state(words, verbs)


def _is_general(words: Sequence[Word], verbs: Sequence[int]) -> bool:
    """Tell whether a clause states what is so, or must or may be, and not what happened."""
    if not verbs:  # a verb of the past is known by its form
        return not _is_past(words, verbs)
    first = words[verbs[0]].folded
    if first in _MODALS or first in ("is", "are", "do", "does"):
        return True
    if first in ("has", "have"):
        return not any(_is_past_form(w) for w in words[verbs[0] + 1 : verbs[0] + 3])
    return first not in BE | AUXILIARIES and not _is_past_form(words[verbs[0]])


def _is_past(words: Sequence[Word], verbs: Sequence[int]) -> bool:
    """Tell whether a clause says what was or happened."""
    first = words[verbs[0]] if verbs else None
    if first is None:
        return any(_is_past_form(w) for w in words)
    return first.folded in ("was", "were", "had", "did") or _is_past_form(first)


def _is_past_form(word: Word) -> bool:
    return word.folded in PAST | _LIKE_PRESENT or word.folded.endswith("ed")


def _is_state(words: Sequence[Word], verbs: Sequence[int]) -> bool:
    """Tell whether a clause says what something was like."""
    if not verbs:  # "consisted of"
        return any(_is_past_form(w) and w.stem in _STATES for w in words)
    at = verbs[0]
    first = words[at]
    if first.folded in ("was", "were"):
        after = words[at + 1 : at + 3]
        return not any(w.folded in PAST or w.folded.endswith(("ed", "ing")) for w in after)
    return first.stem in _STATES


def _of_a_group(phrase: str, how: str) -> bool:
    """Tell whether a phrase names those of whom something holds: "in patients older than 65"."""
    words = [word.lower() for word in re.findall(r"[^\W_]+", phrase)][1:]
    if how not in ("in", "among", "for") or not words or read_values(phrase.split()[1]).ranges:
        return False
    if (
        words[0] in DETERMINERS | {"about", "its", "early", "late"}
        or phrase.split()[1][0].isupper()
    ):
        return False
    return any(w in _PEOPLE or re.search(r"[a-z]{3}[^us\W]s$", w) for w in words[:2])


def _trailing(pair: _Pair) -> str | None:
    """Find when or in which case a general statement holds, said at its end."""
    if not pair.general:
        return None
    main = pair.main
    for match in _TRAILING.finditer(main):
        if match.start() < pair.verb.end or _of_another_verb(pair, match.start()):
            continue
        following = main[match.end() :].partition(" ")[0]
        if following.endswith("ing") and pair.verb.folded not in _MODALS:
            continue  # "it flows north before joining the sea" tells two things
        if main[: match.start()].rstrip().endswith(","):
            continue  # beside the statement
        phrase = re.split(r"[,;:]", main[match.start() :])[0]
        if not pair.tells(phrase):
            return phrase
    return None


def _of_another_verb(pair: _Pair, at: int) -> bool:
    """Tell whether a phrase belongs to a verb that `and` joins, and that the claim lacks."""
    words = pair.words
    joined = next((k for k, w in enumerate(words) if w.folded in ("and", "or")), len(words))
    stems = {w.stem for w in pair.said} | {w.folded for w in pair.said}
    own = [words[v] for v in pair.verbs if v > joined and words[v].end <= at]
    telling = [w for w in own if w.stem and w.folded not in BE]
    return bool(telling) and not any(w.stem in stems for w in telling)


def _undenied(pair: _Pair) -> str | None:
    """Find what narrows a denial, so that without it more is denied."""
    said, words, main = pair.said, pair.words, pair.main
    if not any(is_negator(w) for w in said) or not pair.general:
        return None
    by = next((at for at, w in enumerate(words) if w.folded in _PLAIN_DENIALS), None)
    if by is None:
        return None
    stretch = list(words[by + 1 :])
    if comma := re.search(r"[,;]", main[words[by].end :]):
        stretch = [w for w in stretch if w.start < words[by].end + comma.start()]
    kept = [
        at
        for at, w in enumerate(stretch)
        if not _joins(w)
        and (any(w.folded == other.folded for other in said) or (w.stem and pair.holds(w)))
    ]
    if not kept:
        return None
    rest = stretch[kept[-1] + 1 :]
    telling = [w for w in rest if w.stem and not is_light(w.stem)]
    opens = rest and (
        rest[0].folded in PREPOSITIONS | JOINING | {"caused"} or rest[0].folded.endswith("ed")
    )
    if telling and opens:
        return main[rest[0].start : rest[-1].end]
    return None


def _joins(word: Word) -> bool:
    return word.folded in PREPOSITIONS | JOINING | DETERMINERS | {"be", "been", "of", "and", "or"}


def _fewer(pair: _Pair) -> str | None:
    """Find what narrows a noun of which a general statement speaks: "damage *caused by frost*"."""
    if not pair.general:
        return None
    main, words, verbs = pair.main, pair.words, pair.verbs
    for at, word in enumerate(words[:-2]):
        if not _is_bare(word, pair.said) or at in verbs:
            continue
        after = words[at + 1]
        participle = (after.folded.endswith("ed") or after.folded in PAST) and (
            words[at + 2].folded in _AFTER_PARTICIPLE and after.folded not in BE
        )
        beside = main[word.end : after.start] == " "
        other_verb = any(v < at or v > at + 1 for v in verbs)
        if beside and (after.folded in _LIMITING or (participle and other_verb)):
            end = next((v for v in verbs if v > at + 1), len(words))
            end = next(  # up to the next phrase: "caused by frost | without limitation"
                (k for k in range(at + 3, end) if words[k].folded in _NEXT_PHRASE), end
            )
            phrase = re.split(r"[,;:]", main[after.start : words[end - 1].end])[0]
            if not pair.tells(phrase):
                return phrase
    return None


def _described(pair: _Pair) -> str | None:
    """Find the adjective that tells of which of a kind a general statement speaks."""
    if not pair.general:
        return None
    main, words = pair.main, pair.words
    stems = {w.stem for w in pair.said}
    for at, word in enumerate(words[1:], start=1):
        before = words[at - 1]
        if at in pair.verbs or word.stem in VERBS:
            continue  # "hazel bears fruit"
        bare = _is_bare(word, pair.said) and _is_plural(word)
        if not bare or main[before.end : word.start] != " ":
            continue
        plain = before.stem is not None and not before.capital and before.text.isalpha()
        if (
            is_verb(before, words[at - 2] if at > 1 else None)
            or not plain
            or is_light(before.stem or "")
            or _is_function(before)
        ):
            continue
        if at > 1 and words[at - 2].folded in ("the", "these", "those", "its", "their"):
            continue
        if before.stem not in stems and not pair.holds(before):
            return f"{before.text} {word.text}"
    return None


def _is_function(word: Word) -> bool:
    return word.folded in (
        PREPOSITIONS | JOINING | DETERMINERS | AUXILIARIES | BE | PRONOUNS | UNIVERSAL
    ) or (word.folded in SPELLED or word.folded.endswith("ly"))


def _is_plural(word: Word) -> bool:
    return word.folded in _PEOPLE or (word.folded.endswith("s") and not word.folded.endswith("ss"))


def _is_bare(word: Word, said: Sequence[Word]) -> bool:
    """Tell whether a noun stands in the claim with nothing before it that narrows it."""
    if not word.stem or is_light(word.stem) or (word.capital and word.start):
        return False
    places = [at for at, w in enumerate(said) if w.stem == word.stem]
    if not places:
        return False
    return all(
        not at
        or (
            said[at - 1].folded
            in (PREPOSITIONS | JOINING | AUXILIARIES | BE | UNIVERSAL) | {"and", "or", "not"}
        )
        or (said[at - 1].stem is None and said[at - 1].folded not in DETERMINERS | PRONOUNS)
        for at in places
    )
