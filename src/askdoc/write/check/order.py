"""Whether a claim puts two things the other way round than its source.

In time, in a contrast, or as the one who acts and the one who is acted on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from askdoc.text.english import AUXILIARIES, BE, PRONOUNS
from askdoc.text.words import Terms, Word, is_light, read_words
from askdoc.write.check.clauses import verbs_among

_LEADING = re.compile(r"^(?P<how>before|after)\s+(?P<one>[^,]+),\s*(?P<other>.+)$", re.IGNORECASE)
_WITHIN = re.compile(
    r"^(?P<one>.+?)[\s,]+(?:\S+ (?:seconds?|minutes?|hours?|days?|weeks?|months?|years?) )?"
    r"(?P<how>before|after)\s+(?!that\b|this\b|which\b|all\b)(?P<other>.+)$",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    r"[,;]?\s+(?:whereas|while|in contrast to|unlike)\s+|;\s+(?:by|in) contrast,?\s+"
    r"|;\s+(?=(?:(?:all|the) )?(?:earlier|later|older|newer|others?|those|rest)\b)",
    re.IGNORECASE,
)
_APPOSITION = re.compile(r",\s(?:[a-z][^,;]{3,80}),\s(?!and\b|or\b|but\b)")
_CLAUSE = re.compile(r"[;:,]|\b(?:and|but|while|whereas|because|although|which|who)\b")
_THAN = re.compile(
    r"(?:^|\b)(?P<one>[^,;]*?)\s?(?:\b(?:is|are|was|were|but|and)\s)?"
    r"\b(?P<how>(?:more |less )?\w+) than (?P<other>[^,;.]+)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the|a|an)\s", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?:is|are|was|were|been|being|by)\s+(?!\d)", re.IGNORECASE)
_MUTUAL = frozenset(
    [
        "marri",
        "marry",
        "meet",
        "met",
        "border",
        "resembl",
        "differ",
        "match",
        "equal",
        "trade",
        "play",
        "join",
        "merg",
        "is",
        "share",
    ]
)
"""Verbs that say the same with their sides exchanged."""

_WHO = re.compile(r"(?P<whose>(?:[A-Z][\w'’.-]*\s?)+),? who (?P<what>[^,;.]+)")


def reordered(claim: str, source: str, terms: Terms) -> str | None:
    """Say that the claim puts first what the source puts last, else None."""
    ours, theirs = _in_time(claim, terms), _in_time(source, terms)
    if ours is None or theirs is None:
        return None
    early, late = theirs[0] - theirs[1], theirs[1] - theirs[0]
    straight = len(ours[0] & early) + len(ours[1] & late)
    crossed = len(ours[0] & late) + len(ours[1] & early)
    if ours[0] & late and ours[1] & early and crossed > 2 * straight:
        return "what comes first and what comes after is the other way round in"
    return None


def contrasted(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says of one side of a contrast, and the source of the other side.

    Or of the main subject what is said of somebody in a relative clause: "Lena beat Ida, who had
    set the record" says nothing of a record of Lena's.
    """
    subject, said = _subject_and_rest(read_words(claim, terms))
    for one, other in _sides(source):
        mine, theirs = _all_stems(read_words(one, terms)), _all_stems(read_words(other, terms))
        for here, there in ((mine - theirs, theirs - mine), (theirs - mine, mine - theirs)):
            if subject & here and not subject & there and said & there and not said & here:
                return "what is said is said of something else in"
    return None


def exchanged(claim: str, source: str) -> str | None:
    """Say that the claim compares two things the other way round than its source, else None."""
    ours = _THAN.search(claim)
    if ours is None:
        return None
    how, one, other = (ours[name].lower() for name in ("how", "one", "other"))
    theirs = [m["other"].lower() for m in _THAN.finditer(source) if m["how"].lower() == how]
    if any(_begins(text, one) for text in theirs) and not any(_begins(t, other) for t in theirs):
        return "the comparison is the other way round in"
    return None


def mirrored(claim: str, source: str, terms: Terms) -> str | None:
    """Say that what acts in the claim is acted on in the source, by the same verb, else None."""
    if _PASSIVE.search(claim):
        return None
    words = [word for word in read_words(claim, terms) if word.stem]
    for at in verbs_among(words)[:1]:
        verb = words[at].stem
        if verb in _MUTUAL:
            return None
        actor, rest = _stems(words[:at]), _stems(words[at + 1 :])
        for clause in _CLAUSE.split(_APPOSITION.sub(" ", source)):
            if _PASSIVE.search(clause):
                continue
            given = [word for word in read_words(clause, terms) if word.stem]
            for place, word in enumerate(given):
                if word.stem != verb:
                    continue
                theirs, others = _stems(given[:place]), _stems(given[place + 1 :])
                if actor & others and not actor & theirs and rest & theirs - others:
                    return "who does what to whom is the other way round in"
    return None


def _begins(text: str, name: str) -> bool:
    """Tell whether a text begins with a name, articles aside."""
    text, name = _ARTICLE.sub("", text), _ARTICLE.sub("", name)
    return text == name or text.startswith(f"{name} ")


def _subject_and_rest(words: list[Word]) -> tuple[frozenset[str], frozenset[str]]:
    """Divide the words of a claim at its first auxiliary, else at its first verb."""
    helping = [at for at, word in enumerate(words) if word.folded in AUXILIARIES | BE]
    cut = min([at for at in [*helping, *verbs_among(words)] if at > 0], default=1)
    return _all_stems(words[:cut]), _all_stems(words[cut:])


def _sides(source: str) -> Iterator[tuple[str, str]]:
    cut = _CONTRAST.search(source)
    if cut is not None and source[cut.end() :].split(" ", maxsplit=1)[0].lower() not in PRONOUNS:
        yield source[: cut.start()], source[cut.end() :]
    for match in _WHO.finditer(source):
        if match.start():
            yield source[: match.start()], match[0]


def _in_time(text: str, terms: Terms) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return the words of what a text says came first, and of what came after."""
    match = _LEADING.match(text)
    if match is not None:
        first, last = match["one"], match["other"]
        turned = match["how"].lower() == "after"
        one, other = (first, last) if turned else (last, first)
    elif (match := _WITHIN.match(text)) is not None:
        turned = match["how"].lower() == "after"
        one, other = (match["other"], match["one"]) if turned else (match["one"], match["other"])
    else:
        return None
    return _stems(read_words(one, terms)), _stems(read_words(other, terms))


def _stems(words: list[Word]) -> frozenset[str]:
    return frozenset(w.stem for w in words if w.stem and not is_light(w.stem))


def _all_stems(words: list[Word]) -> frozenset[str]:
    return frozenset(word.stem for word in words if word.stem)
