"""Whether a claim gives each amount and date as its source does: bounds, ends, what is counted.

Each function says in words what is wrong, or returns None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from askdoc.text.english import DETERMINERS, VERBS
from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.values import Date, Quantity
from askdoc.text.words import Terms, Word, read_words
from askdoc.write.check.binding import read_values
from askdoc.write.check.clauses import verbs_among

_UPPER = r"(?:up to|at most|no more than|not more than|under|below|less than|fewer than)"
_LOWER = (
    r"(?:over|above|more than|at least|no less than|not less than|beyond|exceeding"
    r"|(?:long|old|great|high|larg|lat)er than)"
)
_BOUND = re.compile(
    rf"\b(?:(?P<upper>{_UPPER})|(?P<lower>{_LOWER}))\s+(?:about |around |some )?[$€£]?$",
    re.IGNORECASE,
)
_BY = re.compile(r"\bby\s+(?:about |around |some |nearly |almost )?[$€£]?$", re.IGNORECASE)
_DIFFERENCE = re.compile(
    r"\b(?:more|less|fewer|increas|decreas|ris|rose|gr[eo]w|fall|fell|drop|clim|margin|difference"
    r"|reduc|cut|gain|los[st]|\w+er\b|up\b|down\b)",
    re.IGNORECASE,
)
_NEAR = 25
"""Characters on either side of an amount among which a word tells that it is a difference."""
_THAN = re.compile(r"\bthan\b", re.IGNORECASE)

_AND = re.compile(r"\b(?:and|but|then)\b", re.IGNORECASE)
_REST = re.compile(
    r"\b(?:anything|everything|all|those|others?|rest|more|less)\s+(?:above|below|over|under|beyond)\b",
    re.IGNORECASE,
)

_PART = re.compile(r"[,;:]")

_COUNTED = 4
"""Words after a number among which what it counts is looked for."""

_MEANT = frozenset(["them", "these", "those", "which", "it", "each", "whom", "one", "ones"])
_PART_OF = re.compile(
    r"\b(?:half|most|part|some|much|a (?:third|quarter|fifth|part)|two thirds|\d+ ?%) of"
    r" (?:which|it|them|whom)\b",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"\b(?:instead of|rather than|as opposed to|in place of)\s+(?P<what>[^,;:.()]+?)"
    r"(?=\s+(?:and|but|or|in|on|at|with)\b|[,;:.()]|$)",
    re.IGNORECASE,
)
_INSTEAD_OF = re.compile(r"\b(?:instead|rather|opposed|not|no longer|replac\w+)\b", re.IGNORECASE)
_EARLIER = re.compile(r"\b(?:before|until|till|prior to|up to)\s+(?:the\s+)?$", re.IGNORECASE)
_LATER = re.compile(r"\b(?:after|since|from)\s+(?:the\s+)?$", re.IGNORECASE)
_OR_LATER = re.compile(
    r"^,?\s*(?:or|and)\s+(?:later|after(?:wards)?)\b|^\s+on(?:wards?)?\b", re.IGNORECASE
)
_OR_EARLIER = re.compile(r"^,?\s*(?:or|and)\s+(?:earlier|before)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|no|never|n[’']t)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)


def unbounded(claim: str, source: str) -> str | None:
    """Find an amount that the claim bounds otherwise than its source, or gives as a difference."""
    given = list(_bounded(source))
    for quantity, bound, by in _bounded(claim):
        same = [item for item in given if quantity.equals(item[0])]
        bounds = {item[1] for item in same}
        if not same or bound in bounds:
            pass
        elif bound is not None and bounds - {None} and not _REST.search(source):
            return f"the bound of “{quantity.text}” is the other way round in"
        if by and same and not any(item[2] or tells_difference(source, item[0]) for item in same):
            return f"“by {quantity.text}” is no difference in"
    return None


def loosened(claim: str, source: str) -> str | None:
    """Find an amount that the claim states as it is and the source as a bound, or the reverse."""
    given = list(_bounded(source))
    for quantity, bound, _ in _bounded(claim):
        bounds = {item[1] for item in given if quantity.equals(item[0])}
        if bounds and bound not in bounds:
            return f"the bound of “{quantity.text}” is another in"
    return None


def misdated(claim: str, source: str, terms: Terms) -> str | None:
    """Find a date that the source gives to another amount, or to another of its verbs."""
    ours, theirs = read_values(claim), read_values(source)
    found: list[Date] = []
    for date in ours.dates:
        found = [other for other in theirs.dates if date.within(other)]
        if len(found) == 1 and (
            said := _of_another_verb(claim, date.start, source, found[0].start, date.text, terms)
        ):
            return said
    if len(ours.dates) == len(ours.quantities) == len(found) == 1:
        [there] = found
        mine = ours.quantities[0]
        rivals = [q for q in theirs.quantities if q.same_kind(mine)]
        near = [q for q in rivals if not _PART.search(_between(source, q, there.start, there.end))]
        if near and not any(mine.equals(q) for q in near) and any(mine.equals(q) for q in rivals):
            return f"“{date.text}” belongs to “{near[0].text}” in"
    return None


def _of_another_verb(
    claim: str, here: int, source: str, there: int, text: str, terms: Terms
) -> str | None:
    words = read_words(claim, terms)
    verbs = [words[at] for at in verbs_among(words) if words[at].stem and words[at].start < here]
    given = read_words(source, terms)
    theirs = [given[at] for at in verbs_among(given) if given[at].stem and given[at].start < there]
    if len({verb.stem for verb in verbs}) != 1 or len(theirs) < 2:  # noqa: PLR2004 - two verbs
        return None
    last = theirs[-1]
    own = [verb for verb in theirs if verb.stem == verbs[-1].stem]
    if not own or own[-1] is last:
        return None
    between = source[own[-1].end : last.start]
    if not _AND.search(between) or len(between.split()) < 3:  # noqa: PLR2004 - "wrote and directed"
        return None
    return f"“{text}” belongs to “{last.text}” in"


def _is_function(word: Word) -> bool:
    """Tell articles and prepositions; the `A` of "station A" is none."""
    return word.folded in DETERMINERS | PREPOSITIONS and not (word.text == "A" and word.start)


def _bounded(text: str) -> Iterator[tuple[Quantity, str | None, bool]]:
    """List amounts with their bound, and whether they are given as a difference."""
    for quantity in read_values(text).quantities:
        before = text[: quantity.start]
        bound = _BOUND.search(before)
        kind = None if bound is None else "upper" if bound["upper"] else "lower"
        by = _BY.search(before) and not text.startswith(" to ", quantity.end)  # "by 9 to 6"
        yield quantity, kind, bool(by)


def tells_difference(text: str, quantity: Quantity) -> bool:
    """Tell whether an amount is by how much something is more or less, or has changed."""
    around = text[max(0, quantity.start - _NEAR) : quantity.start]
    around += " " + text[quantity.end : quantity.end + _NEAR].partition(",")[0]
    return bool(_DIFFERENCE.search(_PART.split(around)[-1] if _PART.search(around) else around))


def _between(text: str, quantity: Quantity, start: int, end: int) -> str:
    return text[quantity.end : start] if quantity.end <= start else text[end : quantity.start]


def reckoned(claim: str, amount: Quantity, given: Sequence[Quantity]) -> bool:
    """Tell whether a difference that the claim gives is that of two amounts of its source."""
    before = claim[: amount.start]
    if not (_BY.search(before) or tells_difference(claim, amount)):
        return False
    return any(
        abs(one.number - other.number) == amount.number
        and one.same_kind(other)
        and (amount.same_kind(one) or amount.bare or amount.values[0][0] == "points")
        for one, other in combinations(given, 2)
    )


def miscounted(claim: str, source: str, terms: Terms) -> str | None:
    """Find a number of the claim that counts, or measures in, something else in its source.

    "Four new markets" is not "by four votes", and 340 million euros are not as many kroner.
    """
    given = read_values(source).quantities
    words, theirs = read_words(claim, terms), read_words(source, terms)
    there = {word.stem for word in theirs if word.stem}
    for amount in read_values(claim).quantities:
        same = [other for other in given if amount.equals(other)]
        if not same or amount.values[0][0] in ("ordinal", "score", "times", "clock", "decade"):
            continue
        counts = [_counted(theirs, source, other) for other in same]
        if not all(counts) or any(w.folded in _MEANT for found in counts for w in found):
            continue
        stems = {w.stem for found in counts for w in found}
        if not amount.bare and all(other.bare for other in same):
            unit = amount.text.split()[-1]
            named = read_words(unit, terms)
            if named and named[-1].stem not in stems and unit.isalpha():
                return f"“{amount.text}” are “{counts[0][-1].text}” in"
        elif amount.bare and all(other.bare for other in same):
            mine = _counted(words, claim, amount)
            if mine and mine[-1].stem in there - stems and not {w.stem for w in mine} & stems:
                return f"“{amount.text}” is said of “{counts[0][-1].text}” in"
    return None


def _counted(words: Sequence[Word], text: str, amount: Quantity) -> list[Word]:
    """List the nouns that a number counts, as far as they follow it."""
    found: list[Word] = []
    verbs = {words[at].start for at in verbs_among(words)}
    before = [word for word in words if word.end < amount.start]
    if before and _names(before[-1], text[before[-1].end : amount.start], verbs):
        return []
    last = amount.end
    for word in [word for word in words if word.start >= amount.end][: 2 * _COUNTED]:
        if _PART.search(text, last, word.start) or word.start in verbs:
            break
        if word.stem in VERBS and not word.folded.endswith("s"):
            break  # "60,000 date from", but "60 votes"
        last = word.end
        if word.folded == "of" and found:
            break
        if word.folded == "of" or word.folded in DETERMINERS or word.text[0].isdigit():
            continue
        if (word.stem is None and word.folded not in _MEANT) or word.folded in PREPOSITIONS:
            break
        found.append(word)
    return found[:_COUNTED]


def _names(word: Word, between: str, verbs: set[int]) -> bool:
    """Tell whether a number after a word names one of its kind, such as "line 14"."""
    noun = word.stem is not None and word.text.isalpha() and word.start not in verbs
    return noun and between == " " and not word.folded.endswith(("ly", "ed", "ing"))


def partly(claim: str, source: str, terms: Terms) -> str | None:
    """Find a whole amount that the claim gives for what holds of a part of it.

    "18,000 euros, half of which the friends paid" does not say that the friends paid 18,000.
    """
    if _PART_OF.search(claim):
        return None
    here = {word.stem for word in read_words(claim, terms) if word.stem}
    for match in _PART_OF.finditer(source):
        if re.search(rf"\b{match[0].split()[-3]}\b", claim, re.IGNORECASE):
            continue  # "half of the 18,000 euros"
        before = [q for q in read_values(source).quantities if q.end <= match.start()]
        clause = _PART.split(source[match.end() :])[0]
        rest = source[: match.start()] + source[match.end() + len(clause) :]
        own = {word.stem for word in read_words(clause, terms) if word.stem}
        own |= {q.text.lower() for q in read_values(clause).quantities}
        own -= {word.stem for word in read_words(rest, terms)}
        said = read_values(claim).quantities
        own_said = own & (here | {q.text.lower() for q in said})
        if before and own_said and any(amount.equals(q) for amount in said for q in before[-2:]):
            return f"“{match[0]}” is left out of what is said in"
    return None


def instead(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says is so, and its source says is not: "brick instead of *wood*"."""
    if _INSTEAD_OF.search(claim):
        return None
    values = read_values(claim).quantities
    here = {word.stem for word in read_words(claim, terms) if word.stem}
    for match in _INSTEAD.finditer(source):
        what = match["what"]
        rest = source[: match.start()] + " " + source[match.end() :]
        amounts = read_values(what).quantities
        others = read_values(rest).quantities
        stems = {word.stem for word in read_words(what, terms) if word.stem}
        stems -= {word.stem for word in read_words(rest, terms)}
        said = any(
            any(value.equals(one) for value in values) and not any(one.equals(o) for o in others)
            for one in amounts
        )
        if said or (stems and stems <= here):
            return f"“{' '.join(match[0].split())}” is said in"
    return None


def timed_otherwise(claim: str, source: str) -> str | None:
    """Find a date before which the claim has something happen, and its source after, or so."""
    given = read_values(source).dates
    for date in read_values(claim).dates:
        side = _time_side(claim, date)
        sides = {_time_side(source, other) for other in given if date.within(other)}
        if side and sides and sides == {-side}:
            word = "before" if side < 0 else "after"
            return f"“{word} {date.text}” is the other way round in"
    return None


def _time_side(text: str, date: Date) -> int:
    """Return -1 for what lies before a date, 1 for what lies after it, 0 where neither is said."""
    before, after = text[: date.start], text[date.end :]
    early = _EARLIER.search(before)
    late = _LATER.search(before)
    side = -1 if early or _OR_EARLIER.match(after) else 1 if late or _OR_LATER.match(after) else 0
    found = early or late
    return -side if found and _NOT.search(before[: found.start()]) else side
