"""Finds the parts of a message that its sender did not write: header, greetings, quotations.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from askdoc.text.words import Terms
from askdoc.types import Evidence
from askdoc.types.places import Place, PlaceKind

_FIELD = re.compile(r"(?:From|To|Cc|Date|Subject): ")

_GREETING = re.compile(
    r"""(?: (?:dear|hello|hi|hey|good\ (?:morning|day|afternoon|evening))\b
        | (?:best|kind|warm|many|with|yours)?\ ?(?:regards|wishes|thanks|cheers|truly|sincerely
            |faithfully|best)\b
        | (?:liebe[rs]?|sehr\ geehrte[rs]?|hallo|guten\ (?:tag|morgen|abend)|viele\ grüße
            |mit\ (?:freundlichen|besten)\ grüßen|beste\ grüße)\b
        | (?:chers?|chères?|bonjour|cordialement|bien\ à\ vous)\b
    )[^.?!;:\d]{0,60}[,!:.]?\Z""",
    re.IGNORECASE | re.VERBOSE,
)
"""A greeting or closing line, with names."""

_MARK = ">"
"""The mark of a quoted line."""

_ATTRIBUTION = re.compile(
    r"""^(?: (?:On|Am|Le|El|Il|Op)\b[^\n]{4,200}(?:\n[^\n]{1,100})?
            \b(?:wrote|schrieb|a\ écrit|escribió|ha\ scritto|schreef)\b[^\n]{0,80}:
        | -{2,}\ ?(?:Original\ Message|Forwarded\ message|Ursprüngliche\ Nachricht
            |Message\ d['’]origine)\ ?-{2,}
    )[ \t]*$""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
"""The line above a quotation."""


def is_message(place: Place | None) -> bool:
    """Tell whether a place is a message, or part of one."""
    return place is not None and place.kind is PlaceKind.MESSAGE


def is_header(item: Evidence) -> bool:
    """Tell whether a sentence of a message is a line of its header."""
    chunk = item.passage.chunk
    above = chunk.text[: item.span.start - chunk.span.start].splitlines()
    return bool(_FIELD.match(item.text)) and all(
        _FIELD.match(line) for line in above if line.strip()
    )


def in_message(item: Evidence) -> bool:
    """Tell whether a sentence is in a message."""
    return is_message(item.passage.document.place_of(item.span))


def is_quoted(text: str, above: str) -> bool:
    """Tell whether `text` is quoted in its message; `above` is the text before it.

    After a line such as `Ann wrote:`, either each quoted line has a mark, or everything is quoted.
    """
    if text.lstrip().startswith(_MARK) or above.rpartition("\n")[2].lstrip().startswith(_MARK):
        return True
    found = list(_ATTRIBUTION.finditer(above))
    if not found:
        return False
    below = (above[found[-1].end() :] + text).lstrip()
    return not below.startswith(_MARK)


def sayings(evidence: Sequence[Evidence], terms: Terms) -> list[Evidence]:
    """Drop greetings from `evidence`, and quotations whose original is there, too.

    If nothing else is there, the greetings stay.
    """
    found = []
    said: set[frozenset[str]] | None = None
    for item in evidence:
        if in_message(item):
            if _GREETING.match(item.text) or _signs(item, terms):
                continue
            if quotes(item):
                if said is None:
                    said = _said(evidence, terms)
                if frozenset(terms(item.text)) in said:
                    continue
        found.append(item)
    return found or list(evidence)


def quotes(item: Evidence) -> bool:
    """Tell whether a sentence is quoted in its message."""
    chunk = item.passage.chunk
    above = chunk.text[: item.span.start - chunk.span.start]
    return in_message(item) and is_quoted(item.text, above)


def credited(place: Place | None, text: str, above: str) -> Place | None:
    """Return the place of `text`, marked if `text` is quoted there."""
    if place is not None and is_message(place) and is_quoted(text, above):
        return replace(place, quoted=True)
    return place


def _said(evidence: Sequence[Evidence], terms: Terms) -> set[frozenset[str]]:
    return {frozenset(terms(item.text)) for item in evidence if not quotes(item)}


def _signs(item: Evidence, terms: Terms) -> bool:
    """Tell whether a line is only the sender's name."""
    words = {*terms(item.text)}
    author = {*terms(item.passage.document.author or "")}
    return bool(words) and words <= author and not is_header(item)
