"""Drafts of cases, written by rule from well-formed English sentences.

Each rule takes a sentence of a common shape and asks for one part of it, so that the question has
its answer and its verbatim evidence by construction. Unanswerable ones are made from these: a part
of the question is put in another's place, so that the documents speak of the subject and not of
what is asked. They are drafts: a person has to keep, mend or drop each (`askdoc eval review`).
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from askdoc.evals.suite import DRAFT
from askdoc.strings import one_line
from askdoc.types import EvalCase, GoldEvidence

_SHORTEST, _LONGEST = 40, 320
_PROPER = r"(?:[A-Z][\w’'.-]*|\d+(?:st|nd|rd|th))"
_NAME = rf"{_PROPER}(?:\s+(?:(?:of|the|and|for|de|von|van|al|of\s+the)\s+)?{_PROPER}){{0,6}}"
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
    "|manager|professor|researcher|member|secretary|governor|editor|captain|owner|architect"
)
_SAYING = r"(?:said|says|stated|argued|noted|explained|added|claimed|reported|found|warned)"
_FUNCTION_WORDS = """
    the a an of and to in for on with that this is are was were be has have had it its by as at from
    but not no can could will would may might must also more most than their his her there when
    where while although though after before during since if because or so into about over under
    these those some many others all both each currently today later however
"""
_STOP = frozenset(_FUNCTION_WORDS.split())
_LEANING = re.compile(
    r"^(?:he|she|it|they|we|i|you|this|that|these|those|such|his|her|its|their|there|here|however"
    r"|but|and|also|another|other|both|in|at|on|by|for|from|with|to|as|of|when|while|although"
    r"|though|after|before|during|since|if|because|some|most|many|others|all|each|currently|today"
    r"|later|one|no|not|what|who|then|thus|so)\b",
    re.IGNORECASE,
)
"""How a sentence or subject begins that can't be understood, or asked for, on its own."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its short answer, and the rule that made it."""

    kind: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document, by the document's path."""

    document: str
    text: str


Rule = Callable[[str], Iterator[Draft]]


def _spoken(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<who>{_NAME})(?:,[^,]{{3,80}},)?\s+{_SAYING}(?:\s+that)?,?\s+(?P<what>.{{25,}})", text
    )
    if match and not _LEANING.match(match["who"]) and (topic := _topic(match["what"])):
        question = f"What did {match['who'].strip()} say about {topic}?"
        yield Draft("statement", question, match["what"].strip(' .”"“'))


def _dated(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<what>(?:The\s+)?{_NAME}?[^,;:]{{0,60}}?)\s+(?P<be>was|were)\s+(?P<verb>{_VERBS})\b"
        rf"[^.;]{{0,60}}?\b(?:in|on)\s+(?P<when>{_DATE})",
        text,
    )
    if match and _is_subject(match["what"]):
        subject = _inside(match["what"])
        yield Draft("date", f"When {match['be']} {subject} {match['verb']}?", match["when"])


def _placed(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<what>(?:The\s+)?[^,;:]{{3,60}}?)\s+(?P<be>is|are|was|were)\s+(?:located|situated|held|"
        rf"based|born)\s+(?:in|at|near|on)\s+(?P<where>(?:the\s+)?{_NAME})",
        text,
    )
    if match and _is_subject(match["what"]):
        shape = re.search(r"\s(located|situated|held|based|born)\s", match[0])
        verb = shape[1] if shape else "located"
        question = f"Where {match['be']} {_inside(match['what'])} {verb}?"
        yield Draft("place", question, match["where"].strip())


def _held(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<who>{_NAME}),\s+(?:the\s+|a\s+|an\s+)?(?P<role>(?:[a-z-]+\s+){{0,3}}(?:{_ROLES})\s+"
        rf"(?:of|at|for)\s+(?:the\s+)?{_NAME})",
        text,
    )
    if match and not _LEANING.match(match["who"]):
        who, role = match["who"].strip(), match["role"].strip()
        yield Draft("name", f"Who is the {role}?", who)
        yield Draft("role", f"What is the position of {who}?", role)


def _defined(text: str) -> Iterator[Draft]:
    match = re.match(
        rf"(?P<what>(?:The\s+)?{_NAME})\s*(?:\([^)]*\)\s*)?(?P<be>is|was|are|were)\s+"
        r"(?P<is>(?:an?|the)\s+[^.;]{12,160})",
        text,
    )
    if match and _is_subject(match["what"]):
        question = f"What {match['be']} {_inside(match['what'])}?"
        yield Draft("definition", question, match["is"].strip())


def _counted(text: str) -> Iterator[Draft]:
    match = re.match(
        r"(?P<what>(?:The\s+|Its\s+)?[^,;:]{5,70}?)\s+(?P<verb>exceeded|reached|cost|measures|weighs|"
        r"totalled|totaled|contains|contained|covers|covered|has|had)\s+(?:about\s+|over\s+|more\s+"
        r"than\s+|approximately\s+)?(?P<much>[$€£]?\d[\d,.]*(?:\s+(?:million|billion|trillion|per\s+"
        r"cent|percent))?(?:\s+[a-z]+){0,2})",
        text,
    )
    if match and _is_subject(match["what"]):
        much = _trimmed(match["much"])
        base = {"reached": "reach", "cost": "cost", "had": "have", "has": "have"}
        verb = base.get(match["verb"], re.sub(r"(?:ed|s)$", "", match["verb"]))
        asked = "How many did" if verb in ("have", "contain") else "How much did"
        yield Draft("number", f"{asked} {_inside(match['what'])} {verb}?", much)


def _caused(text: str) -> Iterator[Draft]:
    match = re.match(
        r"(?P<what>(?:The\s+)?[^,;:]{5,80}?)\s+(?P<be>is|are|was|were)\s+(?P<rest>[^,;]{5,100}?),?\s+"
        r"because\s+(?P<why>[^.;]{15,200})",
        text,
    )
    if match and _is_subject(match["what"]):
        question = f"Why {match['be']} {_inside(match['what'])} {match['rest']}?"
        yield Draft("reason", question, match["why"].strip())


RULES: Sequence[Rule] = (_spoken, _dated, _placed, _held, _defined, _counted, _caused)

_SWAPS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "date": {_VERBS: ("demolished", "sold", "renamed", "nationalised", "flooded")},
    "place": {r"located|situated|held|based|born": ("insured", "repaired", "auctioned", "buried")},
    "name": {_ROLES: ("treasurer", "librarian", "ambassador", "coach", "pharmacist")},
    "statement": {r"(?<=about ).+(?=\?)": ("volcanoes", "beekeeping", "chess", "opera", "sailing")},
}
"""Which part of a question of a kind is put in another's place, and by what."""


def draft(
    sentences: Iterable[Sentence], n: int, *, seed: int = 0, refused: float = 0.2
) -> list[EvalCase]:
    """Draft up to `n` cases, spread over documents and kinds; the share `refused` unanswerable.

    The same sentences and seed give the same drafts. A question that two sentences would answer
    is left out, since it has no one answer.
    """
    pool = list(sentences)
    vocabulary = {word for sentence in pool for word in _words(sentence.text)}
    made = _distinct(
        (sentence, question)
        for sentence in pool
        if _is_well_formed(sentence.text)
        for rule in RULES
        for question in rule(one_line(sentence.text))
    )
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    ordered = _spread(made, chance)
    wanted = min(round(n * refused), len(ordered))
    answerable = [_case(*pair) for pair in ordered[: n - wanted]]
    rest = [*_spread(ordered[n - wanted :], chance), *_spread(ordered[: n - wanted], chance)]
    unanswerable = [case for pair in rest if (case := _unanswerable(*pair, vocabulary, chance))]
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
    """Order drafts so that any beginning holds few of the same document and of the same kind."""
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


def _unanswerable(
    sentence: Sentence, question: Draft, vocabulary: set[str], chance: random.Random
) -> EvalCase | None:
    """Ask for what the documents have no word of; None where the kind has nothing to swap."""
    del sentence
    for pattern, others in _SWAPS.get(question.kind, {}).items():
        unknown = [word for word in others if word not in vocabulary]
        if unknown and re.search(pattern, question.question):
            swapped = re.sub(pattern, chance.choice(unknown), question.question, count=1)
            tags = (DRAFT, "near miss")
            return EvalCase(case_name(swapped), swapped, answerable=False, tags=tags)
    return None


def case_name(question: str) -> str:
    """Make an id from a question: its first telling words, and a few digits of its hash."""
    words = "-".join([word for word in _words(question) if word not in _STOP][:4])
    digest = hashlib.blake2b(question.encode(), digest_size=3).hexdigest()
    return f"{words or 'case'}-{digest}"


def _words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[^\W\d_][\w’'-]*", text)]


def _topic(text: str) -> str:
    """Name what a statement is about: the longest of its last words that looks like a noun."""
    words = [word for word in re.findall(r"[A-Za-z][\w-]+", text) if word.lower() not in _STOP]
    nouns = [word for word in words[-6:] if not re.search(r"(?:ing|ly|ed)$", word)]
    return max(nouns, key=len, default="")


def _is_well_formed(text: str) -> bool:
    clean = one_line(text)
    return (
        _SHORTEST <= len(clean) <= _LONGEST
        and clean[0].isupper()
        and clean[-1] in '.”"'
        and not _LEANING.match(clean)
        and clean.count("(") == clean.count(")")
    )


def _is_subject(text: str) -> bool:
    """Tell whether a subject names something: `The tower` could be any tower."""
    clean = re.sub(r"^(?:The|A|An)\s+", "", text.strip())
    named = clean[:1].isupper() or bool(re.search(r"\s[A-Z0-9\"“]", clean))
    return named and not _LEANING.match(text.strip())


def _trimmed(text: str) -> str:
    """Cut function words and punctuation off the end."""
    words = text.strip().rstrip(".,;:").split()
    while words and words[-1].lower() in _STOP:
        words.pop()
    return " ".join(words)


def _inside(subject: str) -> str:
    """Write a subject as it stands within a sentence: a leading article in lower case."""
    subject = subject.strip()
    return re.sub(r"^(The|A|An)\s", lambda match: match[0].lower(), subject)
