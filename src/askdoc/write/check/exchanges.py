"""Whether a claim joins what its source says of one thing, or time, to another.

Words that stand in the other half of a sentence, after the other preposition, or under the other of
two times. Each function says in words what is wrong, or returns None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from askdoc.text.english import AUXILIARIES, BE
from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.values import read_dates
from askdoc.text.words import Terms, Word, is_light, read_words
from askdoc.write.check.clauses import verbs_among

_TIMED = re.compile(
    r"\b(?P<how>before|after|until|till|since|during|throughout|when|while|once)\s+"
    r"(?P<what>[^,;:.]+?)(?=\s+(?:and|but|or)\b|[,;:.]|$)",
    re.IGNORECASE,
)
_THEREUPON = re.compile(
    r"\b(?P<how>before|after|until|since)\s+(?:that|this|then)\b", re.IGNORECASE
)
_KINDS = {"before": 0, "until": 0, "till": 0, "after": 2, "since": 2, "once": 2, "during": 1,
          "throughout": 1, "when": 1, "while": 1}  # fmt: skip
"""Which part of the time these words mean: what comes before, at, or after."""

_LOOSE = frozenset([("when", "after"), ("when", "once"), ("when", "since"), ("while", "after")])
"""Words of two kinds that may say the same: "when it burned", "after it burned"."""

_MOST = 0.6
_HALVES = re.compile(
    r"[;,]?\s+(?:and|while|whereas|but)\s+|;\s+(?:by contrast, |in contrast, )?", re.IGNORECASE
)
_CLAUSES = re.compile(r";\s+|,\s+(?:and|but|while|whereas|yet)\s+|\s+(?:whereas|but)\s+")
_OPENING = re.compile(
    r"^(?:before|after|until|since|during|in|at|under|within|on|for|from)\s[^,;]+(?=,)",
    re.IGNORECASE,
)
_ACCORDING = re.compile(r"\baccording to\s+(?P<who>[^,;:.]+)", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?P<be>is|are|was|were|been|being)\s+(?:\w+ly\s+)?(?P<verb>\w+)\b", re.IGNORECASE
)
_BY = r"\s+(?:\w+\s+){0,3}?by\s+(?P<who>[^,;.]+)"
_ONLY = re.compile(r"\bonly\s+(?:the\s+)?(\w+)", re.IGNORECASE)
_OUTSIDE = re.compile(r"\boutside\s+(?:of\s+)?(?:the\s+)?(\w+)", re.IGNORECASE)
_NEAR = 5


def mistimed(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says after something, and its source before it, or during it."""
    given = [(m["how"].lower(), _stems(m["what"], terms)) for m in _TIMED.finditer(source)]
    for match in _TIMED.finditer(claim):
        how, what = match["how"].lower(), _stems(match["what"], terms)
        same = [other for other, stems in given if _cover(what, stems)]
        same += [m["how"].lower() for m in _THEREUPON.finditer(source)] if same else []
        if not same or any(_agree(how, other) for other in same):
            continue
        return f"“{how}” is “{same[0]}” in"
    return _ordered_by_date(claim, source, terms)


def _cover(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return bool(shared) and shared >= _MOST * min(len(one), len(other))


def _agree(one: str, other: str) -> bool:
    return _KINDS[one] == _KINDS[other] or (one, other) in _LOOSE or (other, one) in _LOOSE


def _ordered_by_date(claim: str, source: str, terms: Terms) -> str | None:
    """Find two events whose dates in the source have the other order than the claim gives them."""
    match = re.match(r"(?P<one>.+?),?\s+(?P<how>before|after)\s+(?P<other>.+)$", claim)
    halves = _CLAUSES.split(source)
    if match is None or len(halves) != 2 or _TIMED.search(source):  # noqa: PLR2004 - two events
        return None
    dates = [[(d.year, d.month or 0) for d in read_dates(half) if d.year] for half in halves]
    if any(len(found) != 1 for found in dates) or dates[0] == dates[1]:
        return None
    one, other = (_stems(half, terms) for half in halves)
    first, last = _stems(match["one"], terms), _stems(match["other"], terms)
    straight = len(first & (one - other)) > 0 and len(last & (other - one)) > 0
    crossed = len(first & (other - one)) > 0 and len(last & (one - other)) > 0
    if straight == crossed:
        return None
    early = dates[0] < dates[1] if straight else dates[1] < dates[0]
    if early != (match["how"] == "before"):
        return f"“{match['how']}” is the other way round by the dates in"
    return None


def crossed(claim: str, source: str, terms: Terms) -> str | None:
    """Find two pairs whose second members have changed places: "A for X and B for Y"."""
    theirs = list(_pairs(source, terms))
    for joint, (one, after_one), (other, after_other) in _pairs(claim, terms):
        for same, (left, after_left), (right, after_right) in theirs:
            if joint != same:
                continue
            lead, follow = left - right, right - left
            first, second = after_left - after_right, after_right - after_left
            here = one & lead and other & follow and not one & follow and not other & lead
            there = one & follow and other & lead and not one & lead and not other & follow
            mine, its = (after_one, after_other) if here else (after_other, after_one)
            if (here or there) and mine & second and its & first and not mine & first:
                return f"what is said of the two after “{joint}” has changed places in"
    return None


_Side = tuple[frozenset[str], frozenset[str]]


def _pairs(text: str, terms: Terms) -> Iterator[tuple[str, _Side, _Side]]:
    """List the ways to cut a text in two halves that share a preposition, or their verb."""
    for cut in _HALVES.finditer(text):
        halves = [read_words(part, terms) for part in (text[: cut.start()], text[cut.end() :])]
        for joint in PREPOSITIONS - {"by", "of"}:
            places = [[at for at, w in enumerate(half) if w.folded == joint] for half in halves]
            if not places[0] or not places[1]:
                continue
            first, second = (
                (_around(half, at[-1 if number == 0 else 0]))
                for number, (half, at) in enumerate(zip(halves, places, strict=True))
            )
            yield joint, first, second
        shared = {w.stem for w in halves[0] if w.stem} & {w.stem for w in halves[1] if w.stem}
        for verb in shared:
            sides = []
            for half in halves:
                at = next(k for k, w in enumerate(half) if w.stem == verb)
                sides.append(_around(half, at) if at in verbs_among(half) else None)
            if sides[0] and sides[1]:
                yield next(w.text for w in halves[0] if w.stem == verb), sides[0], sides[1]


def _around(words: Sequence[Word], at: int) -> _Side:
    """Return the stems near before a word, and those near after it, verbs left out."""
    verbs = verbs_among(words)
    before, after = (
        frozenset(words[k].stem or "" for k in part if k not in verbs and _tells(words[k]))
        for part in (
            range(max(0, at - _NEAR), at),
            range(at + 1, min(len(words), at + 1 + _NEAR)),
        )
    )
    return before, after


def misattributed(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim has from somebody, and the source according to somebody else."""
    ours = _ACCORDING.search(claim)
    theirs = [_stems(m["who"], terms) for m in _ACCORDING.finditer(source)]
    if ours is None or not theirs:
        return None
    who = _stems(ours["who"], terms)
    rest = _stems(_ACCORDING.sub(" ", source), terms)
    if who and who <= rest and not any(who & other for other in theirs):
        return f"“{ours[0]}” is “{' '.join(next(_ACCORDING.finditer(source))[0].split())}” in"
    return None


def readdressed(claim: str, source: str, terms: Terms) -> str | None:
    """Find two things that have changed places around a preposition, after the same verb."""
    words, given = read_words(claim, terms), read_words(source, terms)
    for joint in ("against", "into", "from", "for", "with", "over"):
        ours, theirs = _object_and_rest(words, joint), _object_and_rest(given, joint)
        if ours is None or theirs is None or not ours[0] & theirs[0]:
            continue
        thing, rest = theirs[1] - theirs[2], theirs[2] - theirs[1]
        if ours[1] & rest and ours[2] & thing and not ours[1] & thing:
            return f"what stands before and after “{joint}” has changed places in"
    return None


def _object_and_rest(
    words: Sequence[Word], joint: str
) -> tuple[frozenset[str], frozenset[str], frozenset[str]] | None:
    places = [at for at, w in enumerate(words) if w.folded == joint]
    if len(places) != 1:
        return None
    verbs = [at for at in verbs_among(words[: places[0]]) if words[at].stem]
    if not verbs or any(w.folded in PREPOSITIONS for w in words[verbs[-1] : places[0]]):
        return None
    parts = (words[verbs[-1] : verbs[-1] + 1], words[verbs[-1] + 1 : places[0]], words[places[0] :])
    one, two, three = (frozenset(w.stem for w in part if _tells(w) and w.stem) for part in parts)
    return one, two, three


def opposed(claim: str, source: str) -> str | None:
    """Find all of a kind for only some of it, and what is outside of a place for what is in it."""
    for match in _ONLY.finditer(source):
        every = re.search(
            rf"\b(?:all|every|each)\s+(?:of\s+)?(?:the\s+)?{match[1]}\b", claim, re.IGNORECASE
        )
        if every:
            return f"“{every[0]}” stands against “{match[0]}” in"
    for match in _OUTSIDE.finditer(claim):
        inside = re.search(rf"\b(?:in|inside|within)\s+(?:the\s+)?{match[1]}\b", source)
        if inside and not _OUTSIDE.search(source):
            return f"“{match[0]}” stands against “{inside[0]}” in"
    return None


def _stems(text: str, terms: Terms) -> frozenset[str]:
    return frozenset(w.stem for w in read_words(text, terms) if _tells(w) and w.stem)


def _tells(word: Word) -> bool:
    return word.stem is not None and not is_light(word.stem) and word.folded not in AUXILIARIES | BE
