"""Turns a follow-up into a question that stands alone, without a model.

    What did Xue Lan say about isolation?
    and what did he say about talent?   →   What did Xue Lan say about talent?
    why?                                →   Why did Xue Lan say …

A pronoun is replaced by the name or topic of the turns before; a fragment (`and in 2019?`) takes
the place of its counterpart in the question before; what something has (`the symptoms`) is asked
of what was spoken of. A question that leans on nothing stays as it is typed, to the letter.
English; rules of form, so a wrong guess is possible, and the caller shows what was made of the
question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from askdoc.chat.antecedents import HIS, POINTING, TRAIT, antecedents, cannot, is_spoken_to
from askdoc.chat.companions import another_person
from askdoc.chat.fragments import (
    MORE,
    REQUESTS,
    added,
    asked_when,
    asks_on,
    asks_when,
    exchanged,
    is_fragment,
)
from askdoc.chat.fronting import Fronted, fronted
from askdoc.chat.relational import with_owner
from askdoc.text.mentions import (
    AUXILIARIES,
    FUNCTION_WORDS,
    WH,
    content_words,
    names,
    tells_when,
    topic,
    words,
)
from askdoc.types import Turn

_LEAD = re.compile(r"^(?:and|but|so|or|then|also|ok|okay|now|well|plus)\b[\s,]*", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?P<pronoun>he|him|his|she|her|hers|it|its|they|them|their|theirs"
    r"|(?P<pointing>this|that|these|those)(?=\s*(?:$|[?.!,;]|\b(?:is|are|was|were|mean|means|"
    r"happen|happened|work|works|do|does|did|has|have|had|can|could|will|would|about|in|of|to|"
    r"for|on|at|and|or)\b)))\b(?![’'-])",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:no[\s,]+)?(?:thanks|thank you|thx|cheers|hello|hi|hey|please|good|great|nice|cool|fine|"
    r"perfect|bye|goodbye|yes|no|sorry)(?:\s+(?:a lot|so much|very much|again|you))?",
    re.IGNORECASE,
)
"""What is said out of politeness, and asks for nothing."""

_EXPLETIVE = re.compile(
    r"\bit\b(?=\s+(?:(?:take|cost|mean|matter|possible|true|likely|legal|safe|called|rain|snow|"
    r"(?:im)?possible|important|necessary|worth)\b.*\b(?:to|that|if|when)\b|(?:rain|snow)s?\b))"
    r"|\b(?:is|was)\s+it\s+(?:\w+\s+)?(?:\w+)\s+(?:to|that|if|when|who)\b"
    r"|\bit\s+(?:is|was)\s+(?:\w+)\s+(?:to|that)\b"
    r"|\bit\s+(?:may|might|could|would|will|can|must|should)\s+(?:not\s+)?be\s+\w+\s+(?:to|that|for)\b",
    re.IGNORECASE,
)
_THING = re.compile(r"(?:what|who|which|where)\s+(?:is|are|was|were)\s", re.IGNORECASE)
"""Questions about a thing, which itself may have been somewhere at some time."""

_WHO_IS = re.compile(r"who(?:\s+(?:is|was|are|were)\b|[’']s\b)", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]+\"|“[^”]+”")
_DEFINITE = re.compile(r"\bthe\s+([\w-]+)", re.IGNORECASE)
_POSSESSIVE = frozenset(("his", "its", "their", "theirs", "hers"))
_OWNERS = tuple(f"{word} " for word in (*_POSSESSIVE, "her"))
_SECOND = re.compile(
    r",?\s+(?:and|but|or)\s+(?:who|what|where|when|why|how|which|whose|does|do|did|is|are|was|were)"
    r"\b",
    re.IGNORECASE,
)
"""Begins another question behind the first: `Where does the lynx live and who keeps it`."""

_OWNED = re.compile(r"\s+(?:own\s+)?(?!about|in|on|of|for|to|at|with|from|by|when|that|as)[\w-]+")
_HAPPENS = re.compile(
    r"\s+(?:(?:be|been|first|ever|\w+ly)\s+)*"
    r"(?:\w{2,}ed|spread|caught|found|begun|known|originate|emerge|arise|start|begin|come)\b",
    re.IGNORECASE,
)
_OBJECTS = frozenset(("it", "him", "her", "them", "this", "that", "these", "those"))
_CLAUSES = frozenset(
    (
        *("that", "if", "whether", "when", "while", "because", "since", "before", "after", "as"),
        *("and", "or", "but", "who", "which", "what", "how", "why", "where", "unless", "although"),
    )
)
"""Words that begin another clause, in which a pronoun may mean who acts in the one before."""

_REMEDY = re.compile(
    r"the\s+(?:[\w’'-]+\s+)?(?:vaccine|treatment|cure|therapy|drug)s?\s+(?:against|for|of)\s+"
    r"(?P<owner>.+)",
    re.IGNORECASE,
)
_SPREADS = re.compile(
    r"\b(?:transmitted|transmissible|spreads?|contagious|infectious|caught|infects?|diagnosed)\b",
    re.IGNORECASE,
)
"""What an illness does or undergoes, and no remedy against it."""

_SHE_TOO = re.compile(
    r"(?P<about>(?:what|how)\s+about\s+)?(?P<pronoun>he|him|she|her)", re.IGNORECASE
)
_OF_THEM = re.compile(
    r"\b(?:many|most|some|all|each|any|none|both|few|half|one|two)\s+of\s+$", re.IGNORECASE
)


def rewrite(question: str, turns: Sequence[Turn]) -> str:
    """Return `question` made to stand alone after `turns`, the latest last; itself if it does.

    The questions of `turns` are those that stood alone, their answers plain text. All the words of
    `question` that carry meaning are kept.
    """
    turns = [turn for turn in turns if not _says_nothing(turn)]
    text = " ".join(question.split()).rstrip("?!. ")
    body = _LEAD.sub("", text) or text
    if not turns or not words(text) or _COURTESY.fullmatch(body):
        return question
    led = body != text
    other, parted = _SHE_TOO.fullmatch(body), fronted(body, led=led)
    if parted or (other and (led or other["about"])):
        made = _of_front(parted, body, turns) if parted else _of_another(other, turns)
        return made or question
    of_event = asks_when(body) and not _THING.match(turns[-1].question)
    is_part = of_event or is_fragment(body, led=led)
    if is_part and (made := _completed(body, turns)):
        made = _as_question(_resolve(made, turns) or made)
        return question if unknown_person(body) and unknown_person(made) else made
    resolved = None if of_event else _resolve(body, turns) or with_owner(body, turns)
    if resolved is not None:
        return question if resolved == body else _as_question(resolved)
    if led and not is_part:
        return _as_question(body if _goes_on(body, turns[-1]) else _with_topic(body, turns))
    return question


def is_open(question: str) -> bool:
    """Tell whether `question` leans on something by a pronoun, which may not be told by rules."""
    text = " ".join(question.split()).rstrip("?!. ")
    return _outward(_LEAD.sub("", text) or text) is not None


def unknown_person(question: str) -> str | None:
    """Return the pronoun by which `question` asks about somebody whom it does not name."""
    text = " ".join(question.split()).rstrip("?!. ")
    found = _outward(_LEAD.sub("", text) or text)
    pronoun = found["pronoun"].lower() if found else None
    return pronoun if pronoun in HIS else None


def standing_alone(question: str, history: Sequence[Turn]) -> str:
    """Return `question` made to stand alone after turns that may themselves be follow-ups."""
    turns: list[Turn] = []
    for turn in history:
        turns.append(Turn(rewrite(turn.question, turns), turn.answer))
    if history and is_repeated(question, history[-1].question):
        return turns[-1].question
    return rewrite(question, turns)


def is_repeated(question: str, before: str) -> bool:
    """Tell whether a question was typed just before, and so means what it meant then."""
    return bool(words(question)) and question.split() == before.split()


def _says_nothing(turn: Turn) -> bool:
    """Tell a turn that has no topic of its own: `He`, `tell me more`, `thanks`, `what about it`."""
    text = " ".join(turn.question.split()).rstrip("?!. ")
    body = _LEAD.sub("", text) or text
    if _COURTESY.fullmatch(body) or _LEAD.fullmatch(text) or MORE.match(body):
        return True
    first, *rest = words(body.lower()) or [""]
    asks = bool(turn.answer) and first in WH and bool(rest)  # as `What happened?` does
    return not content_words(body) and not (asks and not _PRONOUN.search(body))


def _is_whole(question: str) -> bool:
    """Tell a question that another can be made of: it is no fragment and leans on nothing."""
    text = " ".join(question.split()).rstrip("?!. ")
    body = _LEAD.sub("", text) or text
    return not is_fragment(body, led=body != text) and not is_open(question)


def _completed(body: str, turns: Sequence[Turn]) -> str | None:
    """Complete a fragment by the last whole question; None where that one does not take it.

    Whether anything was found for it does not matter: it is what the user has in mind, and to go
    back to an older one would change the topic behind his back.
    """
    whole = [turn for turn in turns if _is_whole(turn.question)]
    if asks_when(body):
        told = whole and whole[-1] is turns[-1] and turns[-1].answer
        return asked_when(body, turns[-1].question.rstrip("?!. ")) if told else None
    if not whole and asks_on(body):  # as in `Who founded it, and why?`, which is one question
        whole = [turn for turn in turns if turn.answer]
    for turn in whole[-1:]:
        before = turn.question.rstrip("?!. ")
        made = exchanged(body, before)
        return added(body, before) if made is None else made
    return None


def _as_question(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}?"


def _of_another(she: re.Match[str] | None, turns: Sequence[Turn]) -> str | None:
    """Make of `and she?` the question before, asked about another person."""
    asked = another_person(she["pronoun"].lower(), turns) if she else None
    return asked and _as_question(asked)


def _of_front(parted: Fronted, body: str, turns: Sequence[Turn]) -> str:
    """Ask of `Tokyo, when was it founded` the question alone, of what is named in front.

    Other pronouns of it point to the turns before: `and talent, what did she say about it?`. Where
    it is no more than a question word (`and Spain, why?`), both are asked one after the other.
    """
    asked = parted.asked
    if is_fragment(asked, led=False):
        return rewrite(asked, [Turn(rewrite(f"and {parted.front}", turns), turns[-1].answer)])
    fitting = (match for match in _pronouns(asked) if parted.fits(match["pronoun"].lower()))
    meant = next(fitting, None)
    if meant is None or _answered_within(meant, asked):
        made = _resolve(asked, turns)
        return _as_question(body if made in (None, asked) else f"{made} ({parted.front})")
    made = _put(parted.front, meant, asked)
    return _as_question(_resolve(made, turns) or made)


# ── pronouns ────────────────────────────────────────────────────────────────────────────────────


def _resolve(body: str, turns: Sequence[Turn]) -> str | None:
    """Replace the first pronoun that points out of `body`; None where there is none.

    After a person, what is spoken of is replaced, too: `What did she say about it?`.
    """
    match = _outward(body)
    if match is None:
        return None
    made = _substituted(match, body, turns)
    is_person = match["pronoun"].lower() in HIS and made != body
    return _with_thing(made, turns) if is_person else made


def _with_thing(body: str, turns: Sequence[Turn]) -> str:
    """Replace `it` in `What did Ada Hill say about it` by what the last two turns were about.

    What was asked about her (`Who is the director?`) is not that.
    """
    match = _outward(body)
    spoken = [turn for turn in turns[-2:] if not _WHO_IS.match(turn.question)]
    if match is None or match["pronoun"].lower() in HIS | POINTING or not spoken:
        return body
    if words(body[: match.start()])[-1].lower() in ("do", "does", "did", "done"):
        return body
    meant = next(antecedents(match["pronoun"].lower(), spoken), None)
    people = {name.text for turn in turns for name in names(turn.question) if name.person}
    return body if meant in people else _substituted(match, body, spoken)


def _outward(body: str) -> re.Match[str] | None:
    """Find the first pronoun that points out of `body`."""
    match = next(_pronouns(body), None)
    return None if match is None or _answered_within(match, body) else match


def _pronouns(body: str) -> Iterator[re.Match[str]]:
    """Find the pronouns that stand for something."""
    expletive = [match.span() for match in _EXPLETIVE.finditer(body)]
    quoted = [match.span() for match in _QUOTED.finditer(body)]
    for match in _PRONOUN.finditer(body):
        if any(start <= match.start() < end for start, end in (*expletive, *quoted)):
            continue
        if not _is_relative(match, body):
            yield match


def _is_relative(match: re.Match[str], body: str) -> bool:
    """Tell `data that is kept`, which says which data, from `why is that`."""
    before = words(body[: match.start()])[-1:]
    told = bool(before) and before[0].lower() not in FUNCTION_WORDS | REQUESTS
    return told and match["pronoun"].lower() == "that" and match.end() < len(body)


def _answered_within(match: re.Match[str], body: str) -> bool:
    """Tell whether the pronoun means something that `body` itself names before it."""
    earlier = body[: match.start()]
    if names(earlier):
        return not _is_done_to(match, body)
    if (second := _SECOND.search(earlier)) and match["pronoun"].lower() not in HIS | POINTING:
        return topic(earlier[: second.start()]) is not None
    return match["pronoun"].lower() in _POSSESSIVE and topic(earlier) is not None


def _is_done_to(match: re.Match[str], body: str) -> bool:
    """Tell `it` in `What did the WHO do about it`: who does something to himself has `itself`."""
    earlier = body[: match.start()]
    [doer, *others] = names(earlier)
    before = words(earlier[: doer.start])
    acts = [word.lower() for word in before if word.lower() != "the"][-1:]
    between = {word.lower() for word in words(earlier[doer.end :])}
    return (
        not others
        and match["pronoun"].lower() in _OBJECTS
        and match.end() == len(body)
        and AUXILIARIES.issuperset(acts)
        and bool(acts)
        and not between & _CLAUSES
    )


def _substituted(match: re.Match[str], body: str, turns: Sequence[Turn]) -> str:
    """Put what the pronoun means in its place; better not at all than something of another kind."""
    pronoun = match["pronoun"].lower()
    many = _OF_THEM.search(body[: match.start()]) is not None
    antecedent = next(antecedents(pronoun, turns, many=many), None)
    if match[0] == body or (antecedent and cannot(antecedent, body[match.end() :])):
        return body
    if antecedent and pronoun in HIS and is_spoken_to(antecedent, turns):
        return body
    if antecedent and antecedent in body:  # as in `How did the WHO stop it`
        return body
    if antecedent is None:
        carries = pronoun not in HIS | POINTING and not many and turns[-1].answer
        return _with_topic(body, turns) if carries else body
    if (
        pronoun in ("it", "its")
        and (trait := TRAIT.match(antecedent))
        and (pronoun == "its" or trait["many"] or _HAPPENS.match(body, match.end()))
    ):
        antecedent = trait["owner"]
    if (remedy := _REMEDY.match(antecedent)) and _SPREADS.search(body, match.end()):
        antecedent = remedy["owner"]
    if antecedent.isupper() and any(f"the {antecedent}" in turn.question for turn in turns):
        antecedent = f"the {antecedent}"
    return _put(antecedent, match, body)


def _put(meant: str, match: re.Match[str], body: str) -> str:
    """Put what a pronoun means in its place, as the owner of something where it owns that."""
    pronoun = match["pronoun"].lower()
    owned = pronoun in _POSSESSIVE or (
        pronoun == "her" and _OWNED.match(body, match.end()) is not None
    )
    if owned:
        meant += "’" if meant.endswith("s") else "’s"
    return f"{body[: match.start()]}{meant}{body[match.end() :]}"


def _goes_on(body: str, turn: Turn) -> bool:
    """Tell whether `body` asks on about what the answer spoke of: `and who built the pier?`.

    Where the question before names somebody or something, that name is more likely to be needed.
    """
    meant = [noun.lower() for noun in _DEFINITE.findall(body)]
    if not meant or names(turn.question):
        return False
    said = {word.lower() for word in words(turn.answer)}
    return said.issuperset(meant)


def _with_topic(body: str, turns: Sequence[Turn]) -> str:
    """Name the topic of the turn before beside `body`, unless `body` has a name of its own."""
    if names(f"x {body}"):
        return body
    before = turns[-1].question
    known = {word.lower() for word in words(body)}
    carried = [name.text for name in names(before)] or content_words(before)
    carried = [text for text in carried if text.lower() not in known and not tells_when(text)]
    return f"{body} ({', '.join(carried)})" if carried else body
