"""Drafts of cases, made by rule from English sentences of a few plain shapes.

Each rule asks for one part of a sentence, so the question has its answer and its verbatim evidence
by construction. A rule applies only where the question is one that a person could ask: the subject
is a name, and the rule takes in the whole clause. Most sentences therefore make no draft.
Unanswerable questions come from the answerable ones by putting another part into the question.
They are drafts: a person keeps, edits or drops each (`askdoc eval review`).
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from askdoc.evals.suite import DRAFT
from askdoc.strings import one_line
from askdoc.types import EvalCase, GoldEvidence

_SHORTEST, _LONGEST = 40, 320
_PROPER = r"(?:[A-Z][\w’'-]*\w|\d+(?:st|nd|rd|th))"
_NAME = rf"{_PROPER}(?:\s+(?:(?:of|the|and|for|de|von|van|al|of\s+the)\s+)?{_PROPER}){{0,6}}"
_SUBJECT = rf"(?:[Tt]he\s+(?:[a-z-]+\s+){{0,3}}(?:of\s+(?:the\s+)?)?)?{_NAME}"
"""A name, or a few words that begin with `The` and end with a name."""

_YEAR = r"(?:1[0-9]|20)\d\d"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_DATE = rf"(?:(?:{_MONTH}\s+\d{{1,2}},\s+|\d{{1,2}}\s+{_MONTH}\s+|{_MONTH}\s+)?{_YEAR})"
_VERBS = (
    "born|founded|established|built|completed|opened|created|elected|appointed|published|released"
    "|signed|introduced|discovered|destroyed|closed|launched"
)
_ROLES = (
    "president|head|dean|director|chairman|chairwoman|chair|founder|author|leader|minister|mayor"
    "|manager|professor|researcher|secretary|governor|editor|captain|owner|architect"
)
_SAYING = r"(?:said|says|stated|argued|noted|explained|added|claimed|reported|found|warned)"
_END = r"(?=\s*[.;](?:\s|$))"
"""Where a clause ends, so that no answer is cut short."""

_FUNCTION_WORDS = """
    the a an of and to in for on with that this is are was were be has have had it its by as at from
    but not no can could will would may might must also more most than their his her there when
    where while although though after before during since if because or so into about over under
    these those some many others all both each currently today later however
"""
_STOP = frozenset(_FUNCTION_WORDS.split())
_ABSTRACT = re.compile(r"\w{2,}(?:tion|sion|ment|ness|ity|ism|ship|ance|ence)s?")
"""Endings that mark a noun: a statement may be about such a word."""

_LEANING = re.compile(
    r"^(?:he|she|it|they|we|i|you|this|that|these|those|such|his|her|its|their|there|here|however"
    r"|but|and|also|another|other|both|in|at|on|by|for|from|with|to|as|of|when|while|although"
    r"|though|after|before|during|since|if|because|some|most|many|others|all|each|currently|today"
    r"|later|one|no|not|what|who|then|thus|so|a|an)\b",
    re.IGNORECASE,
)
"""The beginnings of sentences and subjects that need what stands before them."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its short answer; `topic` is the part to exchange for a near miss."""

    kind: str
    question: str
    answer: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document, by the document's path."""

    document: str
    text: str


Rule = Callable[[str], Iterator[Draft]]


def _statement(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<who>{_PROPER}\s+{_NAME})(?:,[^,]{{3,80}},)?\s+{_SAYING}\s+that\s+"
        rf"(?P<what>[^“”\"]{{25,}}?){_END}",
        text,
    )
    if match and (topic := _topic(match["what"])):
        question = f"What did {match['who']} say about {topic}?"
        yield Draft("statement", question, match["what"], topic)


def _date(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<what>{_SUBJECT})\s+(?P<be>was|were)\s+(?P<verb>{_VERBS})\b"
        rf"[^,.;]{{0,60}}?\b(?:in|on)\s+(?P<when>{_DATE})\b",
        text,
    )
    if match:
        question = f"When {match['be']} {_inside(match['what'])} {match['verb']}?"
        yield Draft("date", question, match["when"], match["verb"])


def _place(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<what>{_SUBJECT})\s+(?P<be>is|are|was|were)\s+"
        rf"(?P<verb>located|situated|held|based|born)\s+(?:in|at|near)\s+"
        rf"(?P<where>(?:the\s+)?{_NAME})(?=\s*[,.;)])",
        text,
    )
    if match:
        question = f"Where {match['be']} {_inside(match['what'])} {match['verb']}?"
        yield Draft("place", question, match["where"])


def _role(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<who>{_NAME}),\s+(?:the\s+|an?\s+)?(?P<role>(?:[a-z-]+\s+){{0,3}}(?P<head>{_ROLES})\s+"
        rf"(?:of|at|for)\s+(?:the\s+)?{_NAME})(?=\s*[,.;)])",
        text,
    )
    if match:
        who, role = match["who"], match["role"]
        yield Draft("name", f"Who is the {role}?", who, match["head"])
        yield Draft("role", f"Who is {who}?", role)


def _definition(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?:(?P<the>The\s+{_NAME})|(?P<name>{_PROPER}))\s*(?:\([^)]*\)\s*)?(?P<be>is|are)\s+"
        rf"(?P<is>(?:an?|(?(the)the|an))\s+[^.;:]{{12,160}}?){_END}",
        text,
    )
    if match:
        question = f"What {match['be']} {_inside(match['the'] or match['name'])}?"
        yield Draft("definition", question, match["is"])


def _number(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<what>{_SUBJECT})\s+(?P<verb>has|had|contains|contained|holds|held)\s+"
        r"(?:about\s+|over\s+|more\s+than\s+|approximately\s+)?(?P<much>\d[\d,.]*)\s+"
        r"(?P<noun>(?:[a-z-]+\s+)?[a-z]+s)"
        r"(?=\s*[,.;)]|\s+(?:in|on|at|of|and|by|for|from|with|who|which|that|during|per)\b)",
        text,
    )
    if match:
        do = "does" if match["verb"] in ("has", "contains", "holds") else "did"
        verb = {"h": "have", "c": "contain"}[match["verb"][0]]
        verb = "hold" if match["verb"] in ("holds", "held") else verb
        question = f"How many {match['noun']} {do} {_inside(match['what'])} {verb}?"
        yield Draft("number", question, match["much"])


def _reason(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<what>{_SUBJECT})\s+(?P<be>is|are|was|were)\s+(?!so\b)(?P<rest>[^,;.]{{5,80}}?),?\s+"
        rf"because\s+(?!of\b)(?P<why>[^.;]{{15,200}}?){_END}",
        text,
    )
    if match:
        question = f"Why {match['be']} {_inside(match['what'])} {match['rest']}?"
        yield Draft("reason", question, match["why"])


RULES: Sequence[Rule] = (_statement, _date, _place, _role, _definition, _number, _reason)

_OTHER_VERBS = ("demolished", "sold", "renamed", "renovated", "closed")
_OTHER_ROLES = ("treasurer", "librarian", "secretary", "spokeswoman", "vice president")


def draft(
    sentences: Iterable[Sentence], n: int, *, seed: int = 0, refused: float = 0.2
) -> list[EvalCase]:
    """Draft up to `n` cases, spread over documents and kinds; the share `refused` unanswerable.

    The same sentences and seed give the same drafts. A question that two sentences would answer
    is left out, since it has no single answer.
    """
    pool = list(sentences)
    lower = {word for sentence in pool for word in re.findall(r"\b[a-z]\w*", sentence.text)}
    made = _distinct(
        (sentence, question)
        for sentence in pool
        if _is_well_formed(sentence.text, lower)
        for rule in RULES
        for question in rule(one_line(sentence.text))
    )
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    ordered = _spread(made, chance)
    wanted = min(round(n * refused), len(ordered))
    answerable = [_case(*pair) for pair in ordered[: n - wanted]]
    rest = [*_spread(ordered[n - wanted :], chance), *_spread(ordered[: n - wanted], chance)]
    topics = sorted({question.topic for _, question in made if question.kind == "statement"})
    near_miss = partial(_near_miss, pool=pool, topics=topics, chance=chance)
    unanswerable = [case for _, question in rest if (case := near_miss(question))]
    distinct = {case.question: case for case in unanswerable}
    return [*answerable, *list(distinct.values())[:wanted]]


def _distinct(made: Iterable[tuple[Sentence, Draft]]) -> list[tuple[Sentence, Draft]]:
    by_question: dict[str, list[tuple[Sentence, Draft]]] = defaultdict(list)
    for sentence, question in made:
        by_question[question.question.lower()].append((sentence, question))
    return [same[0] for same in by_question.values() if len({s.text for s, _ in same}) == 1]


def _spread(
    made: Sequence[tuple[Sentence, Draft]], chance: random.Random
) -> list[tuple[Sentence, Draft]]:
    """Order drafts so that the first ones come from many documents and are of many kinds."""
    shuffled = list(made)
    chance.shuffle(shuffled)
    of_document: dict[str, int] = defaultdict(int)
    of_kind: dict[str, int] = defaultdict(int)
    ranked = []
    for sentence, question in shuffled:
        ranked.append((of_document[sentence.document] + of_kind[question.kind], sentence, question))
        of_document[sentence.document] += 1
        of_kind[question.kind] += 1
    ranked.sort(key=lambda entry: entry[0])
    return [(sentence, question) for _, sentence, question in ranked]


def _case(sentence: Sentence, question: Draft) -> EvalCase:
    return EvalCase(
        id=case_name(question.question),
        question=question.question,
        answers=(question.answer.strip(" .,;:"),),
        evidence=(GoldEvidence(sentence.document, sentence.text),),
        tags=(DRAFT, question.kind),
    )


def _near_miss(
    question: Draft, *, pool: Sequence[Sentence], topics: Sequence[str], chance: random.Random
) -> EvalCase | None:
    """Exchange the topic of a question for one that no sentence joins with its subject."""
    others = {
        "statement": topics,
        "date": _OTHER_VERBS,
        "name": _OTHER_ROLES,
    }.get(question.kind, ())
    subject = re.findall(_PROPER, question.question)[-1:]
    free = [
        other
        for other in others
        if not any(other in s.text and all(word in s.text for word in subject) for s in pool)
    ]
    if not free:
        return None
    text = question.question
    at = text.index(question.topic) if question.kind == "name" else text.rindex(question.topic)
    swapped = f"{text[:at]}{chance.choice(free)}{text[at + len(question.topic) :]}"
    return EvalCase(case_name(swapped), swapped, answerable=False, tags=(DRAFT, "near miss"))


def case_name(question: str) -> str:
    """Make an id from a question: its first content words, and a few digits of its hash."""
    words = "-".join([word for word in _words(question) if word not in _STOP][:4])
    digest = hashlib.blake2b(question.encode(), digest_size=3).hexdigest()
    return f"{words or 'case'}-{digest}"


def _words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[^\W\d_][\w’'-]*", text)]


def _topic(text: str) -> str:
    """Name what a statement is about: its last abstract noun, or nothing."""
    return next((word for word in _words(text)[::-1] if _ABSTRACT.fullmatch(word)), "")


def _is_well_formed(text: str, lower: set[str]) -> bool:
    """Tell whether a sentence is whole and begins with a name.

    A first word that the documents also write in lower case is no name, after `The` any is fine.
    """
    clean = one_line(text)
    first = re.match(r"[\w’'-]+", clean)
    return (
        _SHORTEST <= len(clean) <= _LONGEST
        and first is not None
        and first[0][0].isupper()
        and (first[0] == "The" or first[0].lower() not in lower)
        and clean[-1] in '.”"'
        and not _LEANING.match(clean)
        and clean.count("(") == clean.count(")")
    )


def _inside(subject: str) -> str:
    """Write a subject as it stands within a sentence: a leading article in lower case."""
    return re.sub(r"^The\s", "the ", subject)
