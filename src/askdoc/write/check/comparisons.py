"""Whether what a claim says of two things, one more than the other, agrees with their values.

"The crack is below the permitted width" where the source gives 0.4 mm for the one and 0.3 mm for
the other. Which value belongs to which is told by the words of its clause that no other clause has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from askdoc.text.values import Quantity
from askdoc.text.words import Terms, is_light, read_words
from askdoc.write.check.amounts import tells_difference
from askdoc.write.check.binding import read_values

_BEING = r"(?:is|are|was|were|lies|lay|remains|remained|stays|stayed|stood|be|been|fell|rose)"
_MORE = "more|greater|larger|bigger|higher|longer|taller|wider|deeper|heavier|thicker|broader"
_LESS = "less|fewer|smaller|lower|shorter|narrower|shallower|lighter|thinner|cheaper"
_THAN = re.compile(
    rf"(?P<subject>^.*?)\b(?P<how>{_MORE}|{_LESS})\b(?P<rest>(?:\s+[\w'’-]+){{0,6}}?)\s+than\s+"
    r"(?P<object>[^,;.\d]+)(?=[,;.]|$)",
    re.IGNORECASE,
)
_BEYOND = re.compile(
    rf"(?P<subject>^.*?)\b(?:{_BEING}\s+(?:\w+\s+)?(?P<where>below|under|beneath|within|above|over"
    r"|beyond)|(?P<verb>exceed(?:s|ed)?|surpass(?:es|ed)?))\s+(?P<object>[^,;.\d]+)(?=[,;.]|$)",
    re.IGNORECASE,
)
_ALLOWED = re.compile(
    rf"(?P<subject>^.*?)\b{_BEING}\s+(?P<how>(?:permitted|permissible|allowed|allowable|acceptable"
    r"|admissible))\s*(?:\.|$)",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?:permi(?:tted|ssible)|allow(?:ed|able)|acceptable|admissible|maximum|limit)\b",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"(?<!is )(?<!are )(?<!was )(?<!were )"
    r"\b(?:permi(?:tted|ssible)|allow(?:ed|able)|acceptable|admissible)\s+[a-z]+",
    re.IGNORECASE,
)
"""A limit by its attribute, "the permitted width", and not what is said of a thing."""

_MEASURES = frozenset(
    "frequent frequently often common commonly numerous expensive costly money many".split()  # noqa: SIM905
)
"""What may follow `more`, of a larger number; "more efficient" may be said of a smaller one."""

_CLAUSES = re.compile(
    r"[;()]|,(?!\d)|\b(?:and|while|but|whereas|compared (?:with|to)|versus|vs\.?|against)\b"
)
_ROW = re.compile(r"\w+[^|:]*: [^|]+ \| ")
_KINDS = ("ordinal", "score", "clock", "decade", "times")

_UNALTERED = re.compile(
    r"\bno (?:\w+ )?(?:effect|difference|change|improvement|benefit|influence|impact)\b"
    r"|\bd(?:id|oes|o) not (?:differ|change)\b|\bthe same (?:\w+ )?as\b|\bunchanged\b",
    re.IGNORECASE,
)
_ALIKE = re.compile(
    r"\b(?:no|not|never|neither|nor|same|similar|equal|unchanged|alike|significan\w+)\b|n[’']t\b",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\b(?:compared (?:with|to)|versus|vs|against|than|whereas|while|but"
    r"|and (?:in|of|for|at|on|with))\b"
    r"|\bto\s+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a claim says of two things, and whether their values agree; None if that is open."""

    text: str
    start: int
    end: int
    agrees: bool | None


@dataclass(frozen=True, slots=True)
class _Valued:
    stems: frozenset[str]
    quantity: Quantity
    text: str


def comparison(claim: str, sources: Sequence[str], terms: Terms) -> Comparison | None:
    """Read what the claim compares and the sources only give the values of, else None."""
    match = _THAN.search(claim) or _BEYOND.search(claim) or _ALLOWED.search(claim)
    if match is None or any(_THAN.search(text) or _BEYOND.search(text) for text in sources):
        return None
    groups = match.groupdict()
    how = next(groups[name] for name in ("how", "where", "verb") if groups.get(name))
    rest = groups.get("rest") or ""
    at = claim.lower().rindex(how.lower(), 0, match.end())
    measure = re.match(rf"\s+(?:{'|'.join(_MEASURES)})\b", rest)
    told = Comparison(how, at, at + len(how) + (measure.end() if measure else 0), None)
    valued = [item for text in sources for item in _valued(text, terms)]
    of = _of(
        groups.get("object"), [_stems(rest, terms), _stems(match["subject"], terms)], valued, terms
    )
    if of is None:
        return told if match.re is _ALLOWED and any(map(_ATTRIBUTE.search, sources)) else None
    first, other = of
    if first is None or not _measures(rest, valued, terms) or _ALIKE.search(claim):
        return told
    one, two = first.quantity.number, other.quantity.number
    upper = how.lower() in _MORE.split("|") or how.lower().startswith(("exceed", "surpass"))
    upper = upper or how.lower() in ("above", "over", "beyond")
    if how.lower() == "within" or match.re is _ALLOWED:
        agrees = one <= two if _LIMIT.search(other.text) else None
    else:
        agrees = one > two if upper else one < two
    return replace(told, agrees=agrees)


def _of(
    what: str | None,
    subjects: Sequence[frozenset[str]],
    valued: Sequence[_Valued],
    terms: Terms,
) -> tuple[_Valued | None, _Valued] | None:
    """Return what is compared, if it is found, and with what; None where that is not known."""
    if what is None:
        others = [item for item in valued if _ATTRIBUTE.search(item.text)]
    else:
        others = _matching(_stems(what, terms), valued)
    if len(others) != 1:
        return None
    [other] = others
    rivals = [v for v in valued if v is not other and v.quantity.same_kind(other.quantity)]
    if not rivals:
        return None
    for subject in subjects:
        found = [item for item in _matching(subject, [*rivals, other]) if item is not other]
        if len(found) == 1:
            return found[0], other
    return None, other


def _matching(stems: frozenset[str], valued: Sequence[_Valued]) -> list[_Valued]:
    """List the values whose clauses have words of these that no other clause has."""
    found = []
    for item in valued:
        rest = frozenset().union(*(other.stems for other in valued if other is not item))
        if stems & (item.stems - rest):
            found.append(item)
    return found


def _valued(text: str, terms: Terms) -> Iterator[_Valued]:
    """List the values of a text, each with the words of its clause; a row of a table is one."""
    if _ROW.search(text):
        values = [q for q in read_values(text).quantities if q.values[0][0] not in _KINDS]
        if len(values) == 1:
            yield _Valued(_stems(text, terms), values[0], text)
        return
    for clause in _CLAUSES.split(text):
        values = [q for q in read_values(clause).quantities if q.values[0][0] not in _KINDS]
        if len(values) == 1 and not tells_difference(text, _at(text, clause, values[0])):
            yield _Valued(_stems(clause, terms), values[0], clause)


def _at(text: str, clause: str, quantity: Quantity) -> Quantity:
    """Return a quantity of a clause as it stands in the whole text."""
    start = text.index(clause)
    return Quantity(quantity.values, quantity.text, quantity.start + start, quantity.end + start)


def _measures(rest: str, valued: Sequence[_Valued], terms: Terms) -> bool:
    """Tell whether `more` is meant of the value: nothing follows, or what the source counts."""
    words = [word for word in read_words(rest, terms) if word.stem]
    given = frozenset().union(*(item.stems for item in valued))
    return not words or words[0].folded in _MEASURES or words[0].stem in given


def upside_down(claim: str, sources: Sequence[str], terms: Terms) -> str | None:
    """Find a comparison that is the other way round by the values of the source."""
    told = comparison(claim, sources, terms)
    if told is None or told.agrees is not False:
        return None
    return f"“{told.text}” is the other way round by the values in"


def unaltered(claim: str, source: str) -> str | None:
    """Find what makes no difference in the claim, and has two values in its source."""
    said = _UNALTERED.search(claim)
    if said is None or _ALIKE.search(source):
        return None
    values = [q for q in read_values(source).quantities if q.values[0][0] not in _KINDS]
    for at, one in enumerate(values):
        for other in values[at + 1 :]:
            if not one.same_kind(other) or one.equals(other):
                continue
            if _APART.search(source[one.end : other.start]):
                return f"“{said[0]}” stands against “{one.text}” and “{other.text}” in"
    return None


def _stems(text: str, terms: Terms) -> frozenset[str]:
    return frozenset(w.stem for w in read_words(text, terms) if w.stem and not is_light(w.stem))
