"""Tells who in a question is a person: by a role (`the mayor`), or by what is said of a lone name.

A lone name may be that of a place, of a firm or of a breed, so something has to say that it is
somebody. English; rules of form over closed lists, so that in doubt nobody is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from askdoc.text.mentions import AUXILIARIES, ILLNESSES, PREPOSITIONS, WH

_MEN = "king|prince|pope|man|boy|father|husband|son|brother|chairman|spokesman"
_WOMEN = "queen|princess|woman|girl|mother|wife|daughter|sister|chairwoman|spokeswoman"
_ROLES = (
    rf"{_MEN}|{_WOMEN}|director(?:[\s-]general)?|secretary(?:[\s-]general)?|president|chancellor|"
    "(?:prime\\s+)?minister|mayor|dean|rector|head|chair|chairperson|governor|senator|ambassador|"
    "commissioner|leader|founder|owner|manager|chief|boss|ceo|editor|author|writer|inventor|"
    "discoverer|winner|investigator|researcher|scientist|professor|physician|doctor|surgeon|nurse|"
    "teacher|student|patient|victim|child|infant|teenager|spokesperson|successor|predecessor|judge|"
    "captain|coach|pilot|artist|composer|painter|poet|singer|actor|actress"
)
_NEAR = "parent|spouse|sibling|partner|colleague|deputy|assistant|supervisor|co-author|friend|rival"
_DOES = (
    "says?|said|thinks?|thought|argues?|argued|writes?|wrote|written|claims?|claimed|leaves?|left|"
    "lives?|lived|born|dies?|died|decides?|decided|wants?|wanted|joins?|joined|becomes?|became|"
    "resigns?|resigned|retires?|retired|warns?|warned|steps?|stepped|speaks?|spoke|tells?|told|"
    "believes?|believed|marry|married|marries|grew|studied|suggests?|suggested|proposes?|proposed|"
    "leads?|led|heads?|headed|founds?|founded|discovers?|discovered|invents?|invented|elected|"
    "appointed|succeeds?|succeeded|quits?|explains?|explained|achieves?|achieved|describes?|"
    "described|recommends?|recommended|criticises?|criticised|criticizes?|criticized|promises?|"
    "promised|hopes?|hoped|agrees?|agreed|disagrees?|disagreed|mentions?|mentioned|publish|"
    "published|concludes?|concluded|teach|taught|admits?|admitted|announces?|announced"
)
"""What people do or undergo, and things do not."""

_CLOSING = "regards|sincerely|faithfully|truly|wishes|cheers|yours|greetings"
"""What stands before the name of who wrote a letter."""

_UNDERGOES = "receives?|gets?|takes?|presents?|recovers?|develops?|survives?|meets?|returns?|works?"
"""What a person of a role does besides, and other things do, too."""

_BEHIND = "|".join(sorted({*PREPOSITIONS, *AUXILIARIES, *WH, "and", "or", "that"}))
_WHICH = rf"(?:(?!(?:{_BEHIND}|the|an?)\b)[\w’'-]+\s+)"
_OF = r"(?:\s+(?:of|for|at)\s+(?:the\s+)?(?:[A-Z][\w-]*(?:\s+[A-Z][\w-]*)*|[\w-]+))"
_ROLE = re.compile(
    rf"\b(?i:the|an?)\s+(?P<role>{_WHICH}{{0,2}}?(?i:{_ROLES})\b{_OF}?)"
    rf"(?=\s*[,;?]|\s*$|[’']s\b|\s+(?i:{_BEHIND}|{_DOES}|{_UNDERGOES}|\w+ed)\b)"
)
_WHO_HAS_ROLE = re.compile(
    rf"who\s+(?:is|was)\s+(?:(?:the|an?)\s+)?"
    rf"(?P<role>{_WHICH}{{0,3}}?(?:{_ROLES})(?:\s+(?:of|for|at|in)\s+.+)?)",
    re.IGNORECASE,
)
_SHE = frozenset(("she", "her", "hers"))
_HE = frozenset(("he", "him", "his"))
_SIR = "mr|mister|sir|lord|king|prince|pope|herr|monsieur|señor|signor"
_MADAM = "mrs|ms|miss|madam|lady|dame|queen|princess|frau|madame|mme|señora|signora"
_WRITES = re.compile(
    r"\b(?:says?|said|writes?|wrote|thinks?|books?|editorials?|articles?|letters?|essays?|stor(?:y|ies)|"
    r"biograph(?:y|ies)|obituar(?:y|ies))\b",
    re.IGNORECASE,
)


def roles(question: str, pronoun: str) -> Iterator[str]:
    """List by their roles those whom a question is about: `the director`; no king is `she`."""
    question = question.rstrip("?!. ")
    asked = _WHO_HAS_ROLE.fullmatch(question)
    other = _MEN if pronoun in _SHE else _WOMEN
    for found in [asked] if asked else _ROLE.finditer(question):
        if not re.search(rf"\b(?:{other})\b", found["role"].lower()):
            yield f"the {found['role']}"


def is_titled_as_another(person: str, pronoun: str, said: str) -> bool:
    """Tell somebody whose title, in what was said, is for those of the other pronoun: `Mr Hill`.

    A title within the name itself decides; of two that share a name, nothing tells who is meant.
    """
    if pronoun not in _SHE | _HE:
        return False
    own, other = (_MADAM, _SIR) if pronoun in _SHE else (_SIR, _MADAM)
    if any(re.match(rf"(?:{titles})\b", person, re.IGNORECASE) for titles in (own, other)):
        return re.match(rf"(?:{other})\b", person, re.IGNORECASE) is not None
    *given, family = map(re.escape, person.split())
    before = "".join(rf"(?:{name}\s+)?" for name in given)

    def is_called(titles: str) -> bool:
        return re.search(rf"\b(?i:{titles})\b\.?\s+{before}{family}\b", said) is not None

    return is_called(other) and not is_called(own)


def is_role(phrase: str) -> bool:
    """Tell what a person is to somebody (`her successor`) from what somebody has."""
    return re.search(rf"\b(?:{_ROLES}|{_NEAR})$", phrase, re.IGNORECASE) is not None


def is_somebody(name: str, text: str) -> bool:
    """Tell whether `text` says of a lone name that it is a person's."""
    folded = re.escape(name)
    if name.lower() in ILLNESSES:
        return False
    does = rf"\b{folded}\s+(?:(?:{'|'.join(sorted(AUXILIARIES))}|\w+ly|first|ever|never)\s+)*"
    does += rf"(?:{_DOES})\b"
    spoken_of = rf"\babout\s+{folded}\b" if _WRITES.search(text) else r"(?!)"
    told = (
        rf"^who(?:\s+(?:is|was)|[’']s)\s+{folded}\s*[?.!]*$|\b(?:{_DOES})\s+by\s+{folded}\b|"
        rf"(?:\b(?:{_CLOSING}),?|(?:^|[.!?]\s+|\n)best,)\s+{folded}\s*$|"
        rf"\baccording\s+to\s+{folded}\b|\b{folded}\s+et\s+al\b|{does}|{spoken_of}"
    )
    return re.search(told, text, re.IGNORECASE) is not None
