"""Says what a follow-up means, for the user to see and for a language model to read.

    What did Xue Lan say about isolation?
    and what did he say about talent?   →   What did Xue Lan say about talent?
    and trade?                          →   What did Xue Lan say about trade?

A pronoun is replaced by a name or topic of an earlier turn. `and X?` or a year replaces the part of
the same kind in the question before. Everything else stays as typed. A wrong guess costs little,
because search uses the typed question together with the terms of earlier ones
(`ask.retrieve.in_conversation`). English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from askdoc.text.mentions import (
    AUXILIARIES,
    FUNCTION_WORDS,
    WH,
    Name,
    is_many,
    names,
    tells_when,
    topic,
    words,
)
from askdoc.types import Turn

_LEAD = re.compile(r"^(?:and|but|so|or|then|also|ok|okay|now|well|plus)\b[\s,]*", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:(?:what|how)\s+)?about\s+", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?P<pronoun>he|him|his|she|her|hers|it|its|they|them|their|theirs"
    r"|(?:this|that|these|those)(?=\s*(?:$|[?.!,;]|\b(?:is|are|was|were|mean|means|"
    r"happen|happened|work|works|do|does|did|has|have|had|can|could|will|would|about|in|of|to|"
    r"for|on|at|and|or)\b)))\b(?![’'-])",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:no[\s,]+)?(?:thanks|thank you|thx|cheers|hello|hi|hey|please|good|great|nice|cool|fine|"
    r"perfect|bye|goodbye|yes|no|sorry)(?:\s+(?:a lot|so much|very much|again|you))?",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(
    r"\bit\b(?=\s+(?:(?:take|cost|mean|matter|possible|true|likely|legal|safe|called|rain|snow|"
    r"(?:im)?possible|important|necessary|worth)\b.*\b(?:to|that|if|when)\b|(?:rain|snow)s?\b))"
    r"|\b(?:is|was)\s+it\s+(?:\w+\s+)?(?:\w+)\s+(?:to|that|if|when|who)\b"
    r"|\bit\s+(?:is|was)\s+(?:\w+)\s+(?:to|that)\b"
    r"|\bit\s+(?:may|might|could|would|will|can|must|should)\s+(?:not\s+)?be\s+\w+\s+(?:to|that|for)\b",
    re.IGNORECASE,
)
"""`it` that refers to nothing, as in `is it true that …`."""

_QUOTED = re.compile(r"\"[^\"]+\"|“[^”]+”")
_YEAR = re.compile(r"\b(?:1[0-9]{3}|20[0-9]{2})\b")
_IN_YEAR = re.compile(rf"(?:in\s+)?(?P<year>{_YEAR.pattern})", re.IGNORECASE)
_OWNED = re.compile(r"\s+(?:own\s+)?(?!about|in|on|of|for|to|at|with|from|by|when|that|as)[\w-]+")

_ARTICLE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_HEAD = re.compile(r"the\s+[\w’'-]+(?:\s[\w’'-]+)?(?=\s(?:of|for|in|on|to|at)\s)", re.IGNORECASE)
"""The part of `the capital of France` that another noun may replace."""

_PERSON = frozenset(("he", "him", "his", "she", "her", "hers"))
_THEY = frozenset(("they", "them", "their", "theirs"))
_POSSESSIVE = frozenset(("his", "its", "their", "theirs", "hers"))
_RECENT = 5
"""How many turns back a pronoun may refer."""

_MOST = 20
"""Most names of a turn to try."""


def rewrite(question: str, turns: Sequence[Turn]) -> str:
    """Return what `question` means after `turns` (latest last), or `question` itself if unclear.

    `turns` have complete questions, and answers as plain text. All content words of `question`
    remain.
    """
    body, led = _body(question)
    if not turns or not words(body) or _COURTESY.fullmatch(body):
        return question
    made = _exchanged(body, turns[-1].question, led=led) or _resolved(body, turns)
    return question if made is None else f"{made[:1].upper()}{made[1:]}?"


def is_open(question: str) -> bool:
    """Tell whether `question` has a pronoun that refers to something outside of it."""
    return _outward(_body(question)[0]) is not None


def unknown_person(question: str) -> str | None:
    """Return the pronoun for a person whom `question` does not name, if there is one."""
    found = _outward(_body(question)[0])
    pronoun = found["pronoun"].lower() if found else None
    return pronoun if pronoun in _PERSON else None


def standing_alone(question: str, history: Sequence[Turn]) -> str:
    """Return what `question` means after turns that may themselves be follow-ups."""
    turns = complete_turns(history)
    if history and is_repeated(question, history[-1].question):
        return turns[-1].question
    return rewrite(question, turns)


def complete_turns(history: Sequence[Turn]) -> list[Turn]:
    """Return the turns with what each of their questions means."""
    turns: list[Turn] = []
    for turn in history:
        turns.append(Turn(rewrite(turn.question, turns), turn.answer))
    return turns


def is_repeated(question: str, before: str) -> bool:
    """Tell whether the same question was typed just before; then its meaning is the same, too."""
    return bool(words(question)) and question.split() == before.split()


def _body(question: str) -> tuple[str, bool]:
    """Return a question without its mark and a leading `and`, and whether `and` was there."""
    text = " ".join(question.split()).rstrip("?!. ")
    body = _LEAD.sub("", text) or text
    return body, body != text


def _exchanged(body: str, before: str, *, led: bool) -> str | None:
    """Put `X` of `and X?`, or a year, in place of the same kind of part in the question before."""
    before = before.strip().rstrip("?!. ")
    part = _ABOUT.sub("", body)
    if year := _IN_YEAR.fullmatch(part):
        if not (years := list(_YEAR.finditer(before))):
            return f"{before} in {year['year']}" if before else None
        last = years[-1]
        return f"{before[: last.start()]}{year['year']}{before[last.end() :]}"
    first = part.split()[0].lower()
    if first in WH | AUXILIARIES | FUNCTION_WORDS - {"the", "a", "an"} or not (led or part != body):
        return None
    like = _like(part, before)
    if like is None or tells_when(part):
        return None
    at = before.rindex(like)
    head = _ARTICLE.sub("", before[:at]) if names(f"x {part}") else before[:at]
    return f"{head}{part}{before[at + len(like) :]}"


def _like(part: str, before: str) -> str | None:
    """Find the part of a question that has the kind of `part`.

    A person, another name, or the topic.
    """
    given, about = names(f"x {part}"), topic(before)
    if not given:
        head = _HEAD.match(about) if about and part.lower().startswith("the ") else None
        return head[0] if head else about
    known = [name for name in names(before) if name.person == given[0].person]
    return known[-1].text if known else (None if given[0].person else about)


def _resolved(body: str, turns: Sequence[Turn]) -> str | None:
    """Replace the first pronoun that refers to something outside; None if there is none."""
    match = _outward(body)
    if match is None or match[0] == body:
        return None
    antecedent = next(_antecedents(match["pronoun"].lower(), turns), None)
    if antecedent is None or antecedent in body:
        return None
    pronoun = match["pronoun"].lower()
    if pronoun in _POSSESSIVE or (pronoun == "her" and _OWNED.match(body, match.end())):
        antecedent += "’" if antecedent.endswith("s") else "’s"
    return f"{body[: match.start()]}{antecedent}{body[match.end() :]}"


def _outward(body: str) -> re.Match[str] | None:
    """Find the first pronoun whose meaning `body` does not name before it."""
    nothing = [found.span() for kind in (_EXPLETIVE, _QUOTED) for found in kind.finditer(body)]
    for match in _PRONOUN.finditer(body):
        if any(start <= match.start() < end for start, end in nothing):
            continue
        if match["pronoun"].lower() == "that" and _is_relative(match, body):
            continue
        earlier = body[: match.start()]
        named = names(earlier) or (match["pronoun"].lower() in _POSSESSIVE and topic(earlier))
        return None if named else match
    return None


def _is_relative(match: re.Match[str], body: str) -> bool:
    """Tell a relative `that` (`data that is stored`) from a pronoun (`why is that`)."""
    before = words(body[: match.start()])[-1:]
    return bool(before) and before[0].lower() not in FUNCTION_WORDS and match.end() < len(body)


def _antecedents(pronoun: str, turns: Sequence[Turn]) -> Iterator[str]:
    """Yield what a pronoun may mean, likeliest first: names that the latest turn asked about."""
    for turn in list(reversed(turns))[:_RECENT]:
        asked, answered = _names(turn.question), _names(turn.answer)
        if pronoun in _PERSON:
            yield from (name.text for name in (*asked, *answered) if name.person)
            yield from (name.text for name in asked if name.may_be_person)
            continue
        about = topic(turn.question)
        if about and any(map(tells_when, about.split())):
            about = None
        things = [name.text for name in asked if not name.person]
        if about and about.lower().startswith("the "):
            things.insert(0, about)
        elif about:
            things.append(about)
        yield from (thing for thing in things if pronoun not in _THEY or is_many(thing))


def _names(text: str) -> list[Name]:
    found = [name for name in names(text) if not name.is_date and not tells_when(name.text)]
    return found[:_MOST]
