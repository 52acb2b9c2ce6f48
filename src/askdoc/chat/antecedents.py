"""Finds what a pronoun of a follow-up may mean in the turns before, and what those are about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from askdoc.chat.persons import is_somebody, is_titled_as_another, roles
from askdoc.text.mentions import (
    PREPOSITIONS,
    Name,
    addressed,
    content_words,
    is_many,
    names,
    tells_when,
    topic,
    words,
)
from askdoc.types import Turn

TRAITS = (
    "period|rate|risk|cause|effect|origin|onset|duration|length|size|number|extent|course|"
    "mortality|fatality|prevalence|incidence|transmission|transmissibility|treatment|diagnosis|"
    "prevention|severity|history|definition|meaning|name|age|cost|price|purpose|structure|genome|"
    "host|reservoir|symptoms|signs|sensitivity|specificity|accuracy|efficacy|effectiveness|safety"
)

TRAIT = re.compile(
    rf"the\s+(?:[\w’'-]+\s+){{0,2}}(?:(?P<many>[\w’'-]{{2,}}[^s]s)|{TRAITS})\s+(?:of|for|in)\s+"
    r"(?P<owner>.+)",
    re.IGNORECASE,
)
"""A trait of something, which is rarely what something happens to: that is what has the trait."""

_THERE = re.compile(r"(?:is|are|was|were)\s+there\s+(?:an?|any)\s+(?P<thing>.+)", re.IGNORECASE)

_WHAT_IS = re.compile(r"what\s+(?:is|are|was|were)\s+(?P<topic>\S+(?:\s\S+){0,3})", re.IGNORECASE)

_WHO_IS = re.compile(r"who(?:\s+(?:is|was|are|were)|’s|'s)\s+(?P<name>.+)", re.IGNORECASE)

PARTICIPLES = {
    verb: done
    for verb, _, done in (
        pair.partition(":")
        for pair in (
            *("built", "made", "found", "led", "won", "bought", "sold", "held", "sent"),
            *("wrote:written", "began:begun", "gave:given", "took:taken", "drew:drawn"),
            *("chose:chosen", "broke:broken", "stole:stolen", "saw:seen"),
        )
    )
}
"""Verbs that do not end in `ed`, and what they become where that is something else."""

_UNDONE = "died|resigned|lived|worked|arrived|happened|retired|emerged|existed|agreed|tried|wanted"
"""Verbs of what nobody does to anything."""

WHO_DID = re.compile(
    rf"(?:who|which\s+[\w’'-]+)\s+(?P<verb>(?!(?:{_UNDONE})\b)\w{{2,}}ed|{'|'.join(PARTICIPLES)})\s+"
    rf"(?!(?:{'|'.join(sorted(PREPOSITIONS))}|that|if|whether|how|why|what|who)\b)"
    r"(?P<what>\S.*?)(?P<rest>\s+(?:in|at|by|during|from|since|with|before|after|until)\s.+)?",
    re.IGNORECASE,
)
"""Asks who did something, and to `what`."""

_STATE = re.compile(
    r"(?:\w{2,}ed|found|known|said|done|built|written|new|true|wrong|different|important|possible|"
    r"best|worst|good|bad|left|missing|happening|going|being|doing|changing|coming)$",
    re.IGNORECASE,
)
"""What something is found to be (`What was decided?`), rather than what is asked about."""

_LIVES = re.compile(
    r"\s+(?:live|lives|eat|eats|breed|breeds|nest|nests|born|die|died)\b", re.IGNORECASE
)

_DATE_FILLERS = frozenset(("the", "and", "or", "year", "years", "fiscal", "early", "mid", "late"))
"""Words within a date: `in the year 2019`, `from 2019 to 2021`."""

_RECENT = 5
"""How many turns back a pronoun may reach."""

_MOST = 20
"""Names of a turn that are looked at for whether something says that they are persons."""

_THEY = frozenset(("they", "them", "their", "theirs"))

_US = frozenset(("i", "me", "my", "you", "your", "we", "us", "our"))

HIS = frozenset(("he", "him", "his", "she", "her", "hers"))

POINTING = frozenset(("this", "that", "these", "those"))


def topic_of(question: str) -> str | None:
    """Name what a question is about; of `What is smoking?`, that is all that it asks for.

    When something was (`in 2019`) is not what a question is about.
    """
    question = _without_date(question.rstrip("?!. "))
    if match := _WHAT_IS.fullmatch(question):
        asked = words(match["topic"])
        plain = len(content_words(match["topic"])) == len(asked)
        if plain and not _STATE.search(asked[-1]):
            return match["topic"]
    return topic(question)


def _without_date(question: str) -> str:
    """Cut the date off the end of a question, with the preposition before it."""
    kept = question.split()
    has_date = False
    while kept and (tells_when(kept[-1]) or kept[-1].lower() in PREPOSITIONS | _DATE_FILLERS):
        has_date = has_date or tells_when(kept[-1])
        last = kept.pop()
        if last.lower() in PREPOSITIONS and not (kept and tells_when(kept[-1])):
            return " ".join(kept) if has_date and kept else question
    return question


def cannot(antecedent: str, does: str) -> bool:
    """Tell what no topic such as smoking does, which is to live or to eat."""
    is_doing = " " not in antecedent and antecedent.endswith("ing") and antecedent.islower()
    return is_doing and _LIVES.match(does) is not None


def antecedents(pronoun: str, turns: Sequence[Turn], *, many: bool = False) -> Iterator[str]:
    """List what a pronoun may mean, the likeliest first; with `many`, it is several for sure.

    No date and no number is among that, and nobody whose title is of another. What a turn asked in
    vain is meant by what fits it alone: `she` by a person, `they` by several.
    """
    said = "\n".join(f"{turn.question}\n{turn.answer}" for turn in turns)
    for meant in _mentioned(pronoun, turns, many=many):
        if not tells_when(meant) and not is_titled_as_another(meant, pronoun, said):
            yield meant


def is_spoken_to(person: str, turns: Sequence[Turn]) -> bool:
    """Tell whom letters begin with and nothing else names: their writer may have done it."""
    named = re.compile(rf"\b{re.escape(person)}\b")
    said = [turn.answer for turn in turns if named.search(turn.answer)]
    asked = any(named.search(turn.question) for turn in turns)
    return bool(said) and not asked and all(person in addressed(text) for text in said)


def _mentioned(pronoun: str, turns: Sequence[Turn], *, many: bool) -> Iterator[str]:
    reach = 1 if pronoun in POINTING and not turns[-1].answer else _RECENT
    for turn in list(reversed(turns))[:reach]:
        asked, said = _names_of(turn)
        if pronoun in HIS:
            yield from _people(turn, pronoun, asked, said)
            continue
        if many or (pronoun in _THEY and not turn.answer):
            asked = [name for name in asked if is_many(name.text)]
            said = []
        elif not turn.answer:
            asked = [name for name in asked if not name.may_be_person]
        if turn.question.lower().startswith(("who ", "whose ", "whom ")):
            asked = [*said[:1], *asked]
        people = [name.text for name in asked if name.person]
        things = [name.text for name in asked if not name.person]
        about = _asked_about(turn.question)
        if about and ((not turn.answer and _is_person(about)) or _speaks_to_somebody(about)):
            about = None
        if pronoun in _THEY and about and (trait := TRAIT.match(about)) and trait["many"]:
            yield about
        topics = [about] if about and (pronoun not in _THEY or is_many(about)) else []
        if pronoun in POINTING or (topics and topics[0].lower().startswith("the ")):
            yield from (*topics, *things, *people)
        else:
            yield from (*things, *topics, *people)


def _people(turn: Turn, pronoun: str, asked: Sequence[Name], said: Sequence[Name]) -> Iterator[str]:
    """List who `she` may be: who was asked about, then who the answer names; no month or country.

    One asked about by half a name (`Who was Chan?`) is called by the whole one that the answer has,
    and one asked about by a role by the name that goes with that. A lone name is a person's only
    where something says so.
    """
    question = turn.question
    spoken_to = addressed(turn.answer)
    told = [name.text for name in said if name.person and name.text not in spoken_to]
    wanted = _WHO_IS.fullmatch(question.rstrip("?!. "))
    if question.lower().startswith(("who ", "whose ", "whom ")) and not (
        wanted and _is_person(wanted["name"])
    ):
        lone = (name.text for name in said[:_MOST] if name.may_be_person and not name.person)
        yield from told[:1] or [name for name in lone if is_somebody(name, turn.answer)][:1]
    yield from (name.text for name in asked if name.person)
    for role in roles(question, pronoun):
        title = role.split()[1].lower()
        yield next((name for name in told if name.lower().startswith(f"{title} ")), role)
    for name in asked[:_MOST]:
        if name.may_be_person and not name.person:
            whole = next((other for other in told if other.endswith(f" {name.text}")), None)
            if whole or any(is_somebody(name.text, text) for text in (question, turn.answer)):
                yield whole or name.text
    yield from told
    for name in said[:_MOST]:
        if name.may_be_person and not name.person and is_somebody(name.text, turn.answer):
            yield name.text
    known = {name.text for name in asked}
    yield from (name for name in spoken_to if name not in known)


def _speaks_to_somebody(about: str) -> bool:
    """Tell what somebody does, such as `help you sell it`, from what is spoken of."""
    return any(word.lower() in _US for word in words(about)[1:])


def _is_person(text: str) -> bool:
    """Tell whether `text` is what a person may be called, and nothing else."""
    return any(name.text == text and name.may_be_person for name in names(f"x {text}"))


def _asked_about(question: str) -> str | None:
    """Name the topic of a question: of `is there a vaccine against flu?`, that very vaccine."""
    question = question.rstrip("?!. ")
    if there := _THERE.match(question):
        return f"the {there['thing']}"
    done = WHO_DID.fullmatch(question)
    plain = done and content_words(done["what"]) and not names(f"x {done['what']}")
    return topic_of(question) or (done["what"] if done and plain else None)


def _names_of(turn: Turn) -> tuple[list[Name], list[Name]]:
    """List the names in question and answer; one typed in lower case is found by the answer's."""
    asked, said = (
        [name for name in names(text) if not name.is_date] for text in (turn.question, turn.answer)
    )
    folded = turn.question.lower()
    asked += [
        name
        for name in said
        if name.text not in turn.question
        and re.search(rf"\b{re.escape(name.text.lower())}\b", folded)
    ]
    new = [name for name in said if name.text.lower() not in folded]
    return asked, new
