"""Completes a question word with a bare noun (`which databases?`) by the question before it.

    How many horses were ill in Kent?   what percentage?   →   What percentage of horses were ill …
    When was the review published?      which journal?     →   In which journal was the review …
    What is the dose of the vaccine?    which patients?    →   Which patients (the dose of …)?

Where no joining is sure, what the question before is about is put behind, which keeps the topic.
English; rules of form over closed lists.
"""

from __future__ import annotations

import re

from askdoc.chat.antecedents import PARTICIPLES, WHO_DID
from askdoc.text.mentions import AUXILIARIES, PREPOSITIONS, WH, content_words

_JOINTS = {
    "in": (
        "year month season decade century country city region state province district place area "
        "hospital clinic laboratory lab journal magazine newspaper book chapter section database "
        "language population group subgroup setting study trial cohort organ tissue cell animal "
        "countries cities laboratories studies species patients people children adults"
    ),
    "on": "day date continent island website page",
    "at": "age temperature time stage university institution institute conference concentration",
    "with": (
        "test assay method technique tool software kit primer instrument approach algorithm drug "
        "procedure criteria approaches"
    ),
    "for": "reason purpose",
}
_JOINT_OF = {noun: joint for joint, nouns in _JOINTS.items() for noun in nouns.split()}
"""What joins such a noun to a question for when, where or how something was."""

_HEADS = (
    "size|design|groups?|types?|levels?|rates?|ranges?|values?|criteria|factors?|period|"
    "lines?|interval|variants?|strains?|genes?|doses?|models?|effects?|symptoms?"
)
_MEASURES = "percentages?|percent|proportions?|fractions?|shares?|number"
_MEASURE = re.compile(_MEASURES, re.IGNORECASE)
_NO_NOUN = (
    "happens|happen|works?|helps?|matters?|remains?|follows?|exists?|occurs?|causes|differs?|fails?|"
    "applies|counts|means|else|next|now|then|so|came|went|began|fell|rose|broke|grew|won|led|ones?"
)
"""What stands behind a question word and asks something by itself: `what happened?`."""

_NO = "|".join(sorted({*WH, *AUXILIARIES, *PREPOSITIONS, *_NO_NOUN.split("|")}))
_NOUN = rf"(?!(?:{_NO}|\w+[^\We]ed)\b)[\w’'-]+"
_MANY = r"(?:[\w’'-]*[^\Wsu]s|people|children|women|men|mice|data)"
_JOINED = "|".join(f"{noun}s?" for noun in _JOINT_OF)
_ASKS = re.compile(
    rf"(?:(?P<joint>in|at|on|from|by|for|to|with|of|since|until|during|after|under|against|among)\s+)?"
    rf"(?:(?P<which>what|which|how\s+much)\s+(?P<noun>{_NOUN}|{_NOUN}\s+(?:{_JOINED}|{_HEADS}))"
    rf"|(?P<count>how\s+many)\s+(?P<counted>(?:{_NOUN}\s+)?{_MANY})|(?P<ones>which(?:\s+ones?)?)"
    rf"|(?P<bare>how\s+many))",
    re.IGNORECASE,
)
_PLURAL = re.compile(rf"(?!.*\b(?:the|{_NO})\b)(?:[\w’'-]+\s+)?{_MANY}", re.IGNORECASE)
_AUXILIARY = "|".join(sorted(map(re.escape, AUXILIARIES)))
_COUNTED = re.compile(
    rf"(?P<wh>how\s+(?:many|much)|(?:what|which)(?:\s+(?:{_MEASURES})\s+of)?)\s+(?P<rest>"
    rf"(?P<noun>(?:(?!(?:{_AUXILIARY})\b)[\w’'-]+\s+){{0,2}}?"
    rf"(?!(?:{_AUXILIARY})\b){_MANY}\b)?(?P<does>.*))",
    re.IGNORECASE,
)
"""Asks which or how many of several: `Which countries reported cases`."""

_WHETHER = re.compile(
    rf"(?P<was>{_AUXILIARY})\s+(?:(?:any|some|all|most)\s+)?(?P<those>(?P<the>the\s+)?"
    rf"(?:(?!the\b)[\w’'-]+\s+){{0,2}}?{_MANY})\s+(?P<rest>\S.*)",
    re.IGNORECASE,
)
"""Asks whether several were something: `Were the foals ill`."""

_TIMES = "year|month|day|date|time|season|decade|century"
_AT = re.compile(
    rf"(?:(?:(?:since\s+)?when|(?:from\s+)?where|how|why|(?:what|which)\s+(?:{_TIMES})|"
    rf"(?:in|at|on|since|from|with)\s+(?:what|which)\s+(?:{_JOINED}))\s+)?"
    rf"(?P<does>(?:{_AUXILIARY})\s+(?!there\b).+)",
    re.IGNORECASE,
)
"""Asks for when, where, how or whether something was, to which another of these can be joined."""

_ASKING = re.compile(
    r"^(?:please\s+)?(?:(?:tell|show|give)\s+(?:me|us)\s+|(?:explain|describe|list)\s+)?"
    rf"(?:(?:{'|'.join(sorted(PREPOSITIONS))})\s+)?(?:(?:{'|'.join(sorted(WH))})\b\s*)?"
    rf"(?:(?:many|much|long|often|far|old|big|{_TIMES})\s+(?=(?:{_AUXILIARY})\b))?"
    rf"(?:(?:many|much|(?:{_MEASURES})\s+of)\s+)?(?:(?:{_AUXILIARY})\s+)?(?:there\s+)?",
    re.IGNORECASE,
)
_DO = re.compile(r"\b(?:do|does|did)\s+", re.IGNORECASE)
_BESIDE = re.compile(r".+?\s\((?P<about>[^()]+)\)")
_SEVERAL = re.compile(r"\b(?:[a-z]*[^su\W]s|people|children)(?=\s+(?:of|about|on|for)\s|$)")


def is_elliptic(body: str) -> bool:
    """Tell a question word with a bare noun and no verb: `which databases`."""
    return _ASKS.fullmatch(body) is not None


def elliptic(body: str, before: str) -> str | None:
    """Complete a question word with a bare noun by the question before; None where it is none."""
    asks = _ASKS.fullmatch(body)
    if asks is None:
        return None
    made = _of_several(asks, before) or _of_those(asks, before) or _joined(asks, before)
    return made or (None if asks["bare"] else _beside(body, before))


def done_to(before: str) -> tuple[str, str] | None:
    """Turn `Who founded the bank` round: `was` and `the bank founded`."""
    done = WHO_DID.fullmatch(before)
    if done is None:
        return None
    verb, what = done["verb"].lower(), done["what"]
    was = "were" if _SEVERAL.search(what) else "was"
    return was, f"{what} {PARTICIPLES.get(verb) or verb}{done['rest'] or ''}"


def _of_several(asks: re.Match[str], before: str) -> str | None:
    """Ask something else of those of whom the question before asks which or how many."""
    of = _COUNTED.fullmatch(before)
    if of is None:
        return None
    noun, rest = of["noun"], of["rest"]
    counts = of["wh"].lower().startswith("how")
    plain = not asks["joint"]
    made = None
    if not noun and not (counts and _starts_with_auxiliary(rest)):
        made = None
    elif _MEASURE.fullmatch(asks["noun"] or ""):
        made = f"{asks[0]} {'of ' if noun else ''}{rest}"
    elif asks["bare"] and plain and not counts:
        made = f"{asks['bare']} {rest}"
    elif asks["ones"] and plain and counts:
        made = f"{'which' if noun else 'which ones'} {rest}"
    elif asks["counted"] and counts and noun and of["does"].strip():
        made = f"{asks[0]}{of['does']}"
    return made


def _of_those(asks: re.Match[str], before: str) -> str | None:
    """Ask how many were what the question before asks of all of them."""
    whether = _WHETHER.fullmatch(before)
    measured = _MEASURE.fullmatch(asks["noun"] or "")
    if whether is None or not (asks["bare"] or measured):
        return None
    of = "of " if measured or whether["the"] else ""
    return f"{asks[0]} {of}{whether['those']} {whether['was'].lower()} {whether['rest']}"


def of_others(fragment: str, before: str) -> str | None:
    """Ask how many of others there are: `and doctors?` after `How many nurses were ill`."""
    of = _COUNTED.fullmatch(before)
    counts = of is not None and of["wh"].lower().startswith("how")
    if of is None or not counts or not of["noun"] or not _PLURAL.fullmatch(fragment):
        return None
    return f"{of['wh']} {fragment}{of['does']}" if of["does"].strip() else None


def _starts_with_auxiliary(text: str) -> bool:
    return text.split(maxsplit=1)[0].lower() in AUXILIARIES


def _joined(asks: re.Match[str], before: str) -> str | None:
    """Put `in which journal` before what was asked for when, where or how it was."""
    if asks["noun"] is None:
        return None
    last = asks["noun"].split()[-1].lower()
    joint = asks["joint"] or _JOINT_OF.get(last) or _JOINT_OF.get(last.removesuffix("s"))
    if joint is None:
        return None
    asked = asks[0] if asks["joint"] else f"{joint} {asks[0]}"
    if turned := done_to(before):
        return f"{asked} {' '.join(turned)}"
    does = _AT.fullmatch(before)
    if does is None:
        return None
    verb, _, rest = does["does"].partition(" ")
    return f"{asked} {verb.lower()} {rest}"


def _beside(body: str, before: str) -> str | None:
    """Name behind a question what the one before is about; only that, where one was put so."""
    put = _BESIDE.fullmatch(before)
    about = put["about"] if put else _DO.sub("", _ASKING.sub("", before, count=1))
    return f"{body} ({about})" if content_words(about) else None
