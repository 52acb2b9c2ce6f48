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
from collections.abc import Sequence

from askdoc.antecedents import HIS, POINTING, TRAIT, TRAITS, antecedents, cannot, topic_of
from askdoc.companions import another_person
from askdoc.mentions import (
    AUXILIARIES,
    FUNCTION_WORDS,
    PREPOSITIONS,
    WH,
    content_words,
    names,
    tells_when,
    topic,
    words,
)
from askdoc.relational import with_owner
from askdoc.types import Turn

_LEAD = re.compile(r"^(?:and|but|so|or|then|also|ok|okay|now|well|plus)\b[\s,]*", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:what|how)\s+about\s+(?P<rest>.+)$", re.IGNORECASE)
_MORE = re.compile(r"^(?:(?:tell me )?more|go on|continue|(?:any|some)thing else)$", re.IGNORECASE)
_ELSE = re.compile(r"^(?P<wh>what|who|where)\s+else$", re.IGNORECASE)
_BARE = re.compile(
    r"^(?P<wh>why(?: not)?|when|where|how(?: (?:so|many|much|long|often|far|old|big))?|who|"
    r"by whom|since when|until when)$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?P<pronoun>he|him|his|she|her|hers|it|its|they|them|their|theirs"
    r"|(?P<pointing>this|that|these|those)(?=\s*(?:$|[?.!,;]|\b(?:is|are|was|were|mean|means|"
    r"happen|happened|work|works|do|does|did|has|have|had|can|could|will|would|about|in|of|to|"
    r"for|on|at|and|or)\b)))\b(?![’'-])",
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
_QUOTED = re.compile(r"\"[^\"]+\"|“[^”]+”")
_HEAD = re.compile(r"the\s+[\w’'-]+(?:\s[\w’'-]+)?(?=\s(?:of|for|in|on|to|at)\s)", re.IGNORECASE)
"""The part of `the capital of France` that another noun may take the place of."""

_DEFINITE = re.compile(r"\bthe\s+([\w-]+)", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:1[0-9]{3}|20[0-9]{2})\b")
_DATED = re.compile(rf"\b(?:{'|'.join(sorted(PREPOSITIONS))})\s+(?:{_YEAR.pattern})", re.IGNORECASE)
_POSSESSIVE = frozenset(("his", "its", "their", "theirs", "hers"))
_OWNERS = tuple(f"{word} " for word in (*_POSSESSIVE, "her"))
_OWNED = re.compile(r"\s+(?:own\s+)?(?!about|in|on|of|for|to|at|with|from|by|when|that|as)[\w-]+")
_REQUESTS = frozenset(("tell", "show", "explain", "give", "list", "name", "describe", "compare"))
_TRAIT_ALONE = re.compile(rf"the\s+(?:[\w’'-]+\s+){{0,2}}(?:{TRAITS})s?", re.IGNORECASE)
_PEOPLE = frozenset(
    (
        *("children", "adults", "adolescents", "teenagers", "infants", "babies", "newborns"),
        *("women", "men", "girls", "boys", "mothers", "people", "elderly", "patients", "smokers"),
        *("workers", "humans", "animals", "bats", "camels", "cats", "dogs", "mice"),
    )
)
"""Those of whom something is asked (`what about children?`) rather than what is asked about."""

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
_ARTICLE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_OF_THEM = re.compile(
    r"\b(?:many|most|some|all|each|any|none|both|few|half|one|two)\s+of\s+$", re.IGNORECASE
)


def rewrite(question: str, turns: Sequence[Turn]) -> str:
    """Return `question` made to stand alone after `turns`, the latest last; itself if it does.

    The questions of `turns` are those that stood alone, their answers plain text. All the words of
    `question` that carry meaning are kept.
    """
    turns = [turn for turn in turns if words(turn.question) and not _says_nothing(turn.question)]
    text = " ".join(question.split()).rstrip("?!. ")
    if not turns or not words(text):
        return question
    body = _LEAD.sub("", text) or text
    led = body != text
    before = turns[-1].question.rstrip("?!. ")
    if (other := _SHE_TOO.fullmatch(body)) and (led or other["about"]):
        return _of_another(other["pronoun"].lower(), turns) or question
    made = _from_fragment(body, before, led=led)
    if made is not None:
        return _as_question(_resolve(made, turns) or made)
    resolved = _resolve(body, turns) or with_owner(body, turns)
    if resolved is not None:
        return question if resolved == body else _as_question(resolved)
    if led:
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


def _says_nothing(question: str) -> bool:
    """Tell a turn that has no topic of its own: `He`, or `tell me more`."""
    text = " ".join(question.split()).rstrip("?!. ")
    body = _LEAD.sub("", text) or text
    return bool(_PRONOUN.fullmatch(body) or _MORE.match(body))


def _as_question(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}?"


def _of_another(pronoun: str, turns: Sequence[Turn]) -> str | None:
    """Make of `and she?` the question before, asked about another person."""
    asked = another_person(pronoun, turns)
    return asked and _as_question(asked)


# ── fragments ───────────────────────────────────────────────────────────────────────────────────


def _from_fragment(body: str, before: str, *, led: bool) -> str | None:
    """Complete a fragment by the question before, or return None where `body` is a clause."""
    if _PRONOUN.fullmatch(body):
        return None
    if (asking := _from_question_word(body, before)) is not None:
        return asking
    if about := _ABOUT.match(body):
        return _in_place(about["rest"], before)
    first, *rest = body.lower().split()
    if first in PREPOSITIONS:
        is_clause = any(word in AUXILIARIES for word in rest)
        return None if is_clause else _in_place(body, before)
    if led and first not in WH | AUXILIARIES | _REQUESTS:
        return _in_place(body, before)
    return None


def _from_question_word(body: str, before: str) -> str | None:
    """Complete what is no more than a question word or a wish for more, else return None."""
    if _MORE.match(body):
        return before
    if match := _ELSE.match(body):
        same = before.lower().startswith(match["wh"].lower() + " ")
        return f"{match['wh']} else{before[len(match['wh']) :]}" if same else before
    if match := _BARE.match(body):
        return _with_question_word(match["wh"], before)
    return None


def _with_question_word(wh: str, before: str) -> str:
    """Put another question word to the question before: `why?` after `When was it built`."""
    rest = before.split()
    if rest[0].lower() in AUXILIARIES:
        return f"{wh} {rest[0].lower()} {' '.join(rest[1:])}"
    if rest[0].lower() in WH and len(rest) > 1 and rest[1].lower() in AUXILIARIES:
        lost = rest[0].lower() in ("what", "which", "who", "whom")
        if not lost and len(wh.split()) == 1:
            return f"{wh} {' '.join(rest[1:])}"
    return f"{before}, and {wh}"


def _in_place(fragment: str, before: str) -> str:
    """Put `fragment` where its counterpart stands in the question before, or after it."""
    first, _, rest = fragment.partition(" ")
    if first.lower() in PREPOSITIONS and rest:
        return _with_preposition(fragment, before)
    last = words(fragment)[-1:]
    if _PEOPLE.issuperset(last) and last and not _PEOPLE.intersection(words(before.lower())):
        return f"{before} in {fragment}"
    about = topic_of(before)
    if about and not about.lower().startswith("the ") and _TRAIT_ALONE.fullmatch(fragment):
        return f"what about {fragment} of {about}"
    counterpart = _counterpart(fragment, before)
    if counterpart is None:
        return f"{before}, {fragment}"
    at_start = before.rindex(counterpart)
    head, rest = before[:at_start], before[at_start + len(counterpart) :]
    if counterpart[:1].isupper() and names(f"x {fragment}"):  # names bring their own articles
        head = _ARTICLE.sub("", head)
    return f"{head}{fragment}{rest}"


def _with_preposition(fragment: str, before: str) -> str:
    """Put `in 2019` in the place of another date, or of what follows the same preposition."""
    first, rest = fragment.split(" ", 1)
    if _YEAR.fullmatch(rest) and len(dated := list(_DATED.finditer(before))) == 1:
        return f"{before[: dated[0].start()]}{fragment}{before[dated[0].end() :]}"
    if at := list(re.finditer(rf"\b{re.escape(first)}\b", before, re.IGNORECASE)):
        return f"{before[: at[-1].start()]}{fragment}"
    return f"{before} {fragment}"


def _counterpart(fragment: str, before: str) -> str | None:
    """Find in the question before what is of the fragment's kind: year, name or topic."""
    if _YEAR.fullmatch(fragment):
        years = _YEAR.findall(before)
        return years[-1] if years else None
    if any(word[:1].isupper() for word in fragment.split()):
        return _named_like(fragment, before) or topic_of(before)
    about = topic_of(before)
    if about is None or fragment.lower().startswith(_OWNERS):
        return about
    if fragment.lower().startswith("the "):
        return head[0] if (head := _HEAD.match(about)) else about
    return trait["owner"] if (trait := TRAIT.match(about)) else about


def _named_like(fragment: str, before: str) -> str | None:
    """Find the last name in the question before; that of a person only for another person's."""
    known = names(before)
    given = names(f"x {fragment}")
    if not known or not given:
        return known[-1].text if known else None
    if given[0].person:
        people = [name.text for name in known if name.person]
        return (people or [known[-1].text])[-1]
    if given[0].may_be_person:
        return known[-1].text
    things = [name.text for name in known if not name.person]
    return things[-1] if things else topic(before) or known[-1].text


# ── pronouns ────────────────────────────────────────────────────────────────────────────────────


def _resolve(body: str, turns: Sequence[Turn]) -> str | None:
    """Replace the first pronoun that points out of `body`; None where there is none."""
    match = _outward(body)
    return None if match is None else _substituted(match, body, turns)


def _outward(body: str) -> re.Match[str] | None:
    """Find the first pronoun that points out of `body`."""
    expletive = [match.span() for match in _EXPLETIVE.finditer(body)]
    quoted = [match.span() for match in _QUOTED.finditer(body)]
    for match in _PRONOUN.finditer(body):
        if any(start <= match.start() < end for start, end in (*expletive, *quoted)):
            continue
        if _is_relative(match, body):
            continue
        return None if _answered_within(match, body) else match
    return None


def _is_relative(match: re.Match[str], body: str) -> bool:
    """Tell `data that is kept`, which says which data, from `why is that`."""
    before = words(body[: match.start()])[-1:]
    told = bool(before) and before[0].lower() not in FUNCTION_WORDS | _REQUESTS
    return told and match["pronoun"].lower() == "that" and match.end() < len(body)


def _answered_within(match: re.Match[str], body: str) -> bool:
    """Tell whether the pronoun means something that `body` itself names before it."""
    earlier = body[: match.start()]
    if names(earlier):
        return not _is_done_to(match, body)
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
    if antecedent and antecedent in body:  # as in `How did the WHO stop it`
        return body
    if antecedent is None:
        carries = pronoun not in HIS | POINTING and not many and turns[-1].answer
        return _with_topic(body, turns) if carries else body
    if (
        pronoun in ("it", "its")
        and (trait := TRAIT.match(antecedent))
        and (trait["many"] or _HAPPENS.match(body, match.end()))
    ):
        antecedent = trait["owner"]
    if (remedy := _REMEDY.match(antecedent)) and _SPREADS.search(body, match.end()):
        antecedent = remedy["owner"]
    if antecedent.isupper() and any(f"the {antecedent}" in turn.question for turn in turns):
        antecedent = f"the {antecedent}"
    owned = pronoun in _POSSESSIVE or (
        pronoun == "her" and _OWNED.match(body, match.end()) is not None
    )
    if owned:
        antecedent += "’" if antecedent.endswith("s") else "’s"
    return f"{body[: match.start()]}{antecedent}{body[match.end() :]}"


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
