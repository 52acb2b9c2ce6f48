"""Finds whose symptoms `What are the symptoms?` asks for, in the turns before.

Some nouns are of something: symptoms, an incubation period, a capital. A question that is no more
than such a noun and names no owner leans on the turn before, as one with a pronoun does. English;
rules of form over closed lists, so that what is not listed stands alone: `What are the rules?`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from askdoc.chat.antecedents import TRAIT, topic_of
from askdoc.text.countries import COUNTRIES
from askdoc.text.mentions import ILLNESSES, Name, content_words, is_many, names
from askdoc.types import Turn

_OF_ILLNESS = (
    r"symptoms?|signs and symptoms|treatments?|therapy|therapies|cure|prognosis|diagnosis|"
    r"incubation(?: period| time)?|onset|prevalence|incidence|transmission|transmissibility|"
    r"contagiousness|pathogenesis|aetiology|etiology|comorbidities|complications|vaccines?|"
    r"vaccination|reproduction number|infectivity|pathogen|epidemiology|"
    r"risk factors?|side effects|adverse effects|(?:modes?|routes?) of transmission|"
    r"(?:mortality|fatality|death|case fatality|infection|attack|transmission|survival|recovery)"
    r" (?:rates?|ratio)|mortality"
)
"""What an illness has, and hardly anything else."""

_OF_ANYTHING = (
    r"capital|population|size|length|height|width|depth|weight|age|area|history|origins?|meaning|"
    r"definition|purpose|structure|genome|name|price|cost|advantages|disadvantages|drawbacks|"
    r"benefits|risks?|dangers|causes?|effects?|consequences|duration|severity|course|extent|"
    r"properties|characteristics|ingredients|dosage|limitations"
)
"""What things have. Events have some of it, too, which is why less is completed by these."""

_WHICH = (
    r"(?:(?:most|more|less|least|very) common|common|main|major|typical|usual|first|early|earliest|"
    r"late|clinical|known|possible|potential|likely|long-term|short-term|severe|serious|mild|"
    r"average|mean|median|typical|normal|maximum|minimum|exact|current|total|overall|estimated|"
    r"reported|best|only|key|general|economic|social|psychological|physical)"
)
_TAIL = (
    r"(?P<tail>\s+(?:(?:in|among|for)\s+(?:young\s+|older\s+|elderly\s+|pregnant\s+|healthy\s+)?"
    r"(?:children|adults|adolescents|teenagers|infants|babies|newborns|women|men|girls|boys|people|"
    r"patients|smokers|workers|humans|animals|bats|camels|cats|dogs|mice)|in\s+(?:1\d|20)\d\d))?"
)
_DOES = (
    r"(?:appear|begin|start|last|end|look like|feel like|show|occur|develop|disappear|work|take|"
    r"treated|known|reported|seen|measured|defined|estimated|prevented|cured|diagnosed|found)"
)
_IS = r"(?:is|are|was|were)"


def _noun(nouns: str) -> str:
    return rf"(?P<noun>the\s+(?:{_WHICH}\s+){{0,2}}(?:{nouns}))"


def _forms(nouns: str) -> tuple[re.Pattern[str], ...]:
    noun = _noun(nouns)
    do, order = r"(?:is|are|was|were|do|does|did|can|should)", r"(?:list|describe|explain|name)"
    forms = (
        rf"(?:what|which)(?:\s+{_IS}|[’']s|[’']re)\s+{noun}{_TAIL}",
        rf"(?:how|when|where|why)(?:\s+\w+)?\s+{do}\s+{noun}(?:\s+(?:be\s+)?{_DOES})?{_TAIL}",
        rf"what\s+(?:is\s+(?:\w+\s+)?known|do\s+we\s+know)\s+about\s+{noun}{_TAIL}",
        rf"(?:{order}|(?:give|show)(?:\s+me)?|tell\s+me(?:\s+about)?)\s+{noun}{_TAIL}",
    )
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


@cache
def _asks_of_illness() -> tuple[re.Pattern[str], ...]:
    """Compile how one asks what an illness has, which only a conversation needs."""
    return (
        *_forms(_OF_ILLNESS),
        re.compile(
            rf"{_IS}\s+there\s+(?P<noun>(?:an?|any)\s+(?:(?:known|effective|good|licensed|approved|"
            rf"safe|specific|{_WHICH})\s+){{0,2}}(?:{_OF_ILLNESS})){_TAIL}(?:\s+yet|\s+now)?",
            re.IGNORECASE,
        ),
        re.compile(
            rf"(?P<noun>(?:the\s+)?(?:{_WHICH}\s+){{0,2}}(?:{_OF_ILLNESS})){_TAIL}",
            re.IGNORECASE,
        ),
    )


@cache
def _asks_of_anything() -> tuple[re.Pattern[str], ...]:
    """Compile how one asks what a thing has."""
    return _forms(_OF_ANYTHING)


_AGAINST = re.compile(r"vaccin(?:e|es|ation)$", re.IGNORECASE)
_FOR = re.compile(r"(?:cure|therapy|therapies)$|^(?:an?|any)\s.*treatments?$", re.IGNORECASE)
_STATES = re.compile(
    rf"(?:what|who|which|where)(?:\s+{_IS}|[’']s)\s|how\s+\w+\s+{_IS}\s|{_IS}\s+there\s",
    re.IGNORECASE,
)
"""Questions about what something is, whose topic is a thing and not what happened to it."""

_HAPPENED = re.compile(
    r"\s(?:\w{2,}ed|built|made|born|held|found|begun|done|known|spent|lost)$", re.IGNORECASE
)
_OF_OWNER = re.compile(
    rf"the\s+(?:{_WHICH}\s+){{0,2}}(?:{_OF_ILLNESS}|{_OF_ANYTHING})\s+(?:of|for|in|against)\s+"
    r"(?P<owner>.+)",
    re.IGNORECASE,
)
_PEOPLE_OR_PLACES = re.compile(
    r"\b(?:who|whom|whose|he|she|president|director|minister|author|children|adults|patients|"
    r"people|women|men|infants|humans|hospitals?|homes?|schools?|countr(?:y|ies))\b",
    re.IGNORECASE,
)
_ANY_ILL = "|".join(sorted(ILLNESSES))
_ILL = re.compile(
    rf"(?:\b(?P<which>[\w’'-]+)\s+(?=(?:fever|virus|disease|illness|syndrome|flu|infection|cancer|"
    rf"pneumonia)\b))?\b(?P<what>(?:(?:{_ANY_ILL})\s+)*(?:{_ANY_ILL})s?\b"
    r"|[a-z]{3,}(?:itis|osis|emia|aemia|oma|pox|virus)\b)",
    re.IGNORECASE,
)
_NO_KIND = frozenset(
    (
        *("cause", "causes", "caused", "treat", "treats", "prevent", "prevents", "cure", "cures"),
        *("get", "catch", "spread", "spreads", "first", "new", "common", "serious", "severe"),
    )
)
"""Words before `fever` that do not say which one."""

_SPREADS = r"(?:\s+(?:outbreak|epidemic|pandemic|virus|vaccine|infection|case|patient|strain))"
_PERSONS_DO = re.compile(
    r"^who|\b(?:says?|said|thinks?|argued?s?|writes?|wrote|claim(?:ed|s)?|leaves?|left|lives?|born|"
    r"die|dies|died|decided?|wants?|wanted|joins?|joined|becomes?|became|works?|head|lead|led|"
    r"resign(?:ed)?|study|studied|call|called|warn(?:ed)?)\b",
    re.IGNORECASE,
)
_RECENT = 3
"""How many turns that were asked in vain are looked behind."""

_Owners = Callable[[Turn], Iterator[str]]


def with_owner(body: str, turns: Sequence[Turn]) -> str | None:
    """Name in `body` whose it is what it asks for; None where it stands alone or none is known.

    `turns` are those of `followups.rewrite`, and `body` ends in no mark.
    """
    for forms, owners in ((_asks_of_illness(), _illnesses), (_asks_of_anything(), _things)):
        for form in forms:
            if found := form.fullmatch(body):
                owner = next(_of_turns(turns, owners), None)
                return None if owner is None else _owned(body, found, owner)
    return None


def _of_turns(turns: Sequence[Turn], owners: _Owners) -> Iterator[str]:
    """List the owners that the last turn names; those before it count where it was in vain."""
    for turn in list(reversed(turns))[:_RECENT]:
        yield from owners(turn)
        if turn.answer:
            return


def _owned(body: str, found: re.Match[str], owner: str) -> str:
    noun, end = found["noun"], found.end("noun")
    if found.span("noun") == (0, end) and not noun.lower().startswith(("is ", "are ")):
        bare = noun[4:] if noun.lower().startswith("the ") else noun
        body = (
            f"what {'are' if is_many(noun) else 'is'} the {bare[:1].lower()}{bare[1:]}{body[end:]}"
        )
        end = len(body) - (len(found.string) - end)
    joint = "against" if _AGAINST.search(noun) else "for" if _FOR.search(noun) else "of"
    return f"{body[:end]} {joint} {owner}{body[end:]}"


def _illnesses(turn: Turn) -> Iterator[str]:
    """List what a question is about that may be an illness: no person, place or institution."""
    question = turn.question.rstrip("?!. ")
    known = names(question)
    for found in reversed(list(_ILL.finditer(question))):
        if not any(name.start <= found.start("what") < name.end for name in known):
            which = content_words((found["which"] or "").lower())
            yield found[0] if which and which[0] not in _NO_KIND else found["what"]
    about, owned = _topic(question)
    plain = about and not names(f"x {about}") and not about.lower().startswith(("the ", "a "))
    if (
        turn.answer
        and plain
        and (owned or _STATES.match(question))
        and not (_HAPPENED.search(question) or _PEOPLE_OR_PLACES.search(about or ""))
    ):
        yield str(about)
    for name in reversed(known):
        if _may_be_ill(name, question):
            yield name.text.rpartition(" of ")[2]


def _things(turn: Turn) -> Iterator[str]:
    """Name the thing that a question asks to be described."""
    question = turn.question.rstrip("?!. ")
    about, _ = _topic(question)
    if (
        about is not None
        and turn.answer
        and _STATES.match(question)
        and not _HAPPENED.search(question)
        and not _PEOPLE_OR_PLACES.search(about)
        and not any(name.person for name in names(question))
    ):
        yield about


def _topic(question: str) -> tuple[str | None, bool]:
    """Name what a question is about, and tell whether something that it has was asked for."""
    about, owned = topic_of(question), False
    while about and (trait := _OF_OWNER.match(about) or TRAIT.match(about)):
        about, owned = trait["owner"], True
    return about, owned


def _may_be_ill(name: Name, question: str) -> bool:
    bare = name.text.rpartition(" of ")[2]
    text = re.escape(bare)
    if _ILL.search(bare) or re.search(rf"\b{text}{_SPREADS}s?\b", question):
        return True
    institution = bare.isupper() and re.search(rf"\bthe\s+{text}\b", question) is not None
    placed = re.search(rf"\b(?:in|from|at)\s+(?:the\s+)?{text}\b", question) is not None
    if " " in bare or institution or placed or name.is_date or bare.lower() in COUNTRIES:
        return False
    return bare.isupper() or not name.may_be_person or not _PERSONS_DO.search(question)
