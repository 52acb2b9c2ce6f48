"""Whether a claim says how often, and how many of a kind, as its source does.

Each function says in words what is wrong, or returns None.
"""

from __future__ import annotations

import re

from askdoc.text.units import SPELLED
from askdoc.text.words import Terms, is_light, read_words

_PERIOD = "second|minute|hour|day|night|week|fortnight|month|quarter|year|decade|century"
_ADVERBS = {"hourly": "hour", "daily": "day", "nightly": "night", "weekly": "week",
            "fortnightly": "fortnight", "monthly": "month", "quarterly": "quarter",
            "yearly": "year", "annual": "year", "annually": "year"}  # fmt: skip
_RATE = re.compile(
    rf"\b(?:per|every|each|every (?:other|second|third|\w+th))\s+(?P<unit>{_PERIOD})\b"
    rf"|\b(?:once|twice|thrice|times|(?:\d[\d.,]*|{'|'.join(SPELLED)})(?:\s+\w+){{0,3}})"
    rf"\s+an?\s+(?P<counted>{_PERIOD})\b|\b(?P<adverb>{'|'.join(_ADVERBS)})\b",
    re.IGNORECASE,
)
_LOOSELY = re.compile(
    rf"\b(?:per|an?|every|each|(?:every|each)\s+[\w-]+)\s+(?P<unit>{_PERIOD})s?\b"
    rf"|\b(?P<adverb>{'|'.join(_ADVERBS)})\b",
    re.IGNORECASE,
)
_PER = re.compile(r"\bper\s+(?!cent\b)(?P<unit>[a-z]+)", re.IGNORECASE)
_ONE = re.compile(
    r"\b(?:one|a single)\s+(?!of\b)(?:single\s+)?(?P<what>[a-z]+(?:\s+[a-z]+)?)", re.IGNORECASE
)
_SEVERAL = re.compile(
    rf"\b(?P<number>\d+|{'|'.join(SPELLED)}|several|both)\s+(?P<what>(?:[a-z]+\s+){{0,2}}[a-z]+)",
    re.IGNORECASE,
)


def of_another_rate(claim: str, source: str) -> str | None:
    """Find a rate of the claim that is one of another period in its source: weekly for daily."""
    theirs = {_unit(m) for m in _LOOSELY.finditer(source)}
    rates = {_unit(m) for m in _RATE.finditer(source)}
    others = {m["unit"].lower() for m in _PER.finditer(source)}
    for match in _RATE.finditer(claim):
        unit = _unit(match)
        if (
            unit in theirs
            or not (rates or others)
            or re.search(rf"\b{unit}", source, re.IGNORECASE)
        ):
            continue
        there = next(iter(_RATE.finditer(source)), None) or next(_PER.finditer(source))
        return f"“{match[0]}” is “{there[0]}” in"
    return None


def _unit(match: re.Match[str]) -> str:
    found = match.groupdict()
    if adverb := found.get("adverb"):
        return _ADVERBS[adverb.lower()]
    return (found.get("unit") or found.get("counted") or "").lower()


def singled(claim: str, source: str, terms: Terms) -> str | None:
    """Find one of a kind in the claim where its source has several: "one vote" for "two votes"."""
    for match in _ONE.finditer(claim):
        ours = [w.stem for w in read_words(match["what"], terms) if w.stem and not is_light(w.stem)]
        if not ours or re.search(
            rf"\b(?:one|an?)\s+{match['what'].split()[0]}\b", source, re.IGNORECASE
        ):
            continue
        for there in _SEVERAL.finditer(source):
            words = [w.stem for w in read_words(there["what"], terms) if w.stem]
            if there["number"].lower() not in ("one", "1") and ours[0] in words[:3]:
                if source[there.end() :].startswith(("-", "'")):
                    continue
                return f"“{match[0]}” is “{there[0]}” in"
    return None
