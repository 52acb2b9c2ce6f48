"""Finds names, years, and the topic of a question by simple rules.

English only. Capitals show names, and the position in a question shows the topic. Without a model
it is fast and deterministic; a miss only leaves a question as typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WH = _words("what when where which who whom whose why how")
AUXILIARIES = _words(
    "is are was were be am do does did has have had can could will would shall should may might "
    "must isn't aren't wasn't weren't don't doesn't didn't"
)
PREPOSITIONS = _words(
    "about of on in for to with from at by after before during under over between against into "
    "through within without since until near regarding concerning"
)
FUNCTION_WORDS = (
    WH
    | AUXILIARIES
    | PREPOSITIONS
    | _words(
        "a an the and or but so then also not no yes if as than that this these those there here "
        "he she it they him her them his hers its their theirs i you we me us my your our "
        "one ones any some all each every both either neither many much more most few less least "
        "other another same such very too just only even still already please tell show explain "
        "give list name describe say says said happen happened else again"
    )
)

_JOINERS = r"(?:of|de|da|del|der|den|di|du|la|le|van|von|bin|al|for|&|the)"
_CAPITAL = (
    r"(?:(?:Dr|Mr|Mrs|Ms|Prof|St)\.(?=\s)|(?:[A-ZÀ-ÖØ-Þ]\.)+"
    r"|[A-ZÀ-ÖØ-Þ](?:[\w’'&.-]*[\w&])?)"
)
_NAME = re.compile(rf"(?<![\w’'-]){_CAPITAL}(?:(?:\s+{_JOINERS}){{0,2}}\s+{_CAPITAL})*")
_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|\n)[\"“‘'(]*$")
_POSSESSIVE = re.compile(r"[’']s?$")
_GROUP_WORDS = _words(
    "university college institute school academy committee commission council court ministry "
    "department agency office bank fund union association society organisation organization "
    "company corporation inc ltd group party army church museum hospital city river lake mountain "
    "street avenue bridge island act treaty war prize report journal state states kingdom "
    "republic north south east west new san los saint lake mount"
)
_DATES = _words(
    "january february march april may june july august september october november december monday "
    "tuesday wednesday thursday friday saturday sunday"
)
_ACRONYMS = frozenset(("WHO", "US", "IT"))
"""Names that are function words in lower case."""
_TITLES = _words(
    "dr mr mrs ms miss sir lady lord dame professor prof president minister judge justice captain "
    "general senator governor king queen prince princess pope saint director chairman"
)
_COUNTRIES = frozenset(
    name.strip()
    for name in """
    afghanistan, africa, albania, algeria, america, angola, antarctica, arabia, argentina, armenia,
    asia, australia, austria, azerbaijan, bahamas, bahrain, bangladesh, barbados, belarus, belgium,
    belize, benin, bhutan, bolivia, botswana, brazil, britain, brunei, bulgaria, burkina faso,
    burundi, cambodia, cameroon, canada, cape verde, central america, chile, china, colombia, congo,
    costa rica, croatia, cuba, cyprus, denmark, djibouti, dominica, ecuador, egypt, el salvador,
    england, eritrea, estonia, eswatini, ethiopia, europe, fiji, finland, france, gabon, gambia,
    germany, ghana, great britain, greece, greenland, grenada, guatemala, guinea, guyana, haiti,
    honduras, hong kong, hungary, iceland, india, indonesia, iran, iraq, ireland, israel, italy,
    ivory coast, jamaica, japan, kazakhstan, kenya, kiribati, korea, kosovo, kuwait, kyrgyzstan,
    laos, latin america, latvia, lebanon, lesotho, liberia, libya, liechtenstein, lithuania,
    luxembourg, macao, macedonia, malawi, malaysia, maldives, mali, malta, marshall islands,
    mauritania, mauritius, mexico, middle east, moldova, monaco, mongolia, montenegro, morocco,
    mozambique, myanmar, namibia, nauru, nepal, netherlands, nicaragua, niger, nigeria, norway,
    oceania, oman, pakistan, palau, palestine, panama, papua, paraguay, peru, philippines, poland,
    portugal, puerto rico, qatar, romania, russia, rwanda, samoa, saudi arabia, scandinavia,
    scotland, senegal, serbia, seychelles, sierra leone, singapore, slovakia, slovenia, solomon
    islands, somalia, spain, sri lanka, sudan, suriname, sweden, switzerland, syria, taiwan,
    tajikistan, tanzania, thailand, togo, tonga, trinidad, tunisia, turkey, turkmenistan, tuvalu,
    uganda, ukraine, united arab emirates, united kingdom, united states, uruguay, uzbekistan,
    vanuatu, vatican, venezuela, vietnam, wales, yemen, zambia, zimbabwe
    """.replace("\n    ", " ").split(",")
)
"""Countries and regions, whose names have the form of a person's."""

_NUMBER = re.compile(r"\d[\d.,:/–-]*(?:st|nd|rd|th|s|%)?|[QH][1-4]", re.IGNORECASE)
_LONGEST_TOPIC = 8
_PLURAL = re.compile(r"(?:[^s]s|people|men|women|children|data|media)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words and where it starts; `person` is a guess from its form."""

    text: str
    start: int
    person: bool

    @property
    def end(self) -> int:
        """The offset of its end."""
        return self.start + len(self.text)

    @property
    def may_be_person(self) -> bool:
        """Whether this can be a person's name (one word is enough).

        Not a country, a month or an acronym.
        """
        return self.person or (
            " " not in self.text and self.text.isalpha() and not _is_no_person(self.text)
        )

    @property
    def is_date(self) -> bool:
        """Whether it is a month or a weekday."""
        return all(part in _DATES for part in _parts(self.text))


def words(text: str) -> list[str]:
    """List the words of `text` as written, without punctuation."""
    return _WORD.findall(text)


def content_words(text: str) -> list[str]:
    """List the content words of `text` as written."""
    return [word for word in words(text) if word.lower() not in FUNCTION_WORDS]


def names(text: str) -> list[Name]:
    """List the names in `text`, in order.

    A capital at the start of a sentence is no evidence, so a single word there counts only if it is
    also capitalised elsewhere.
    """
    found: list[Name] = []
    for match in _NAME.finditer(text):
        name, start = _without_function_words(match[0], match.start())
        name = _POSSESSIVE.sub("", name)
        function_word = name.lower() in FUNCTION_WORDS and (name not in _ACRONYMS or text.isupper())
        if len(name) < 2 or function_word:  # noqa: PLR2004 - a letter is no name
            continue
        opens = start == match.start() and _SENTENCE_START.search(text[:start]) is not None
        if opens and " " not in name and not _capitalised_elsewhere(name, text, start):
            continue
        found.append(Name(name, start, _is_person(name)))
    return found


def tells_when(phrase: str) -> bool:
    """Tell whether `phrase` is only a year, a date or a number."""
    named = [word for word in phrase.strip(" ,;.?!").split() if word.lower() not in FUNCTION_WORDS]
    return bool(named) and all(
        _NUMBER.fullmatch(word.strip(",;")) or word.strip(",;.").lower() in _DATES for word in named
    )


def topic(question: str) -> str | None:
    """Return the topic of `question`, or None.

    It is the phrase after `is` if that starts with an article (`What is the capital of France?`),
    else the object of the last preposition (`say about fish stocks`), else the phrase after the
    auxiliary (`How deep is the lake?`, `How deep will the lake be?`).
    """
    text = question.strip().rstrip("?!. ")
    for pattern in _TOPICS:
        if match := pattern.search(text):
            found = match["topic"].strip()
            telling = content_words(found)
            if telling and len(found.split()) <= _LONGEST_TOPIC:
                return found
    return None


_TOPICS = (
    re.compile(
        r"^(?:what|who|which|where)\s+(?:is|are|was|were)\s+(?P<topic>the\s.+)$", re.IGNORECASE
    ),
    re.compile(
        rf"(?:^|(?<=\n)).*\b(?:{'|'.join(sorted(PREPOSITIONS - {'of'}))})\s+"
        rf"(?P<topic>[\w’'-]+(?:\s[\w’'-]+){{0,{_LONGEST_TOPIC - 1}}})$",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:how\s+\w+)\s+(?:is|are|was|were)\s+(?P<topic>.+)$", re.IGNORECASE),
    re.compile(
        r"^(?:how\s+\w+)\s+(?:do|does|did|will|would|can|could|should|must|may|might)\s+"
        r"(?P<topic>(?:the|a|an)\s.+)\s+(?:be|cost)$",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:do|does|did|is|are|was|were|has|have|had|can|will)\s+"
        r"(?P<topic>(?:the|a|an)\s+[\w’'-]+|[\w’'-]+s)\b(?![’'-])",
        re.IGNORECASE,
    ),
)


def is_many(phrase: str) -> bool:
    """Guess whether `they` can refer to `phrase`: a plural, or a group such as a committee."""
    found = words(phrase)
    return bool(found) and (
        (_PLURAL.search(found[-1]) is not None and not found[-1].isupper())
        or any(word.lower() in _GROUP_WORDS for word in found)
    )


def _without_function_words(name: str, start: int) -> tuple[str, int]:
    """Remove leading function words of a match: `When Xue Lan` becomes `Xue Lan`."""
    while " " in name:
        first, rest = name.split(None, 1)
        if first.lower() not in FUNCTION_WORDS or first in _ACRONYMS:
            break
        start += len(name) - len(rest)
        name = rest
    return name, start


def _capitalised_elsewhere(name: str, text: str, start: int) -> bool:
    return any(
        match.start() != start and not _SENTENCE_START.search(text[: match.start()])
        for match in re.finditer(rf"\b{re.escape(name)}\b", text)
    )


def _is_person(name: str) -> bool:
    parts = list(_parts(name))
    if parts and parts[0] in _TITLES:
        return True
    plain = all(part.isalpha() for part in parts)
    few = 2 <= len(parts) <= 4  # noqa: PLR2004 - given name and family name, with one or two more
    lower = any(part[:1].islower() and part not in ("de", "van", "von") for part in name.split())
    group = any(part in _GROUP_WORDS or part in _DATES for part in parts)
    return plain and few and not lower and not group and not _is_no_person(name)


def _is_no_person(name: str) -> bool:
    """Tell whether a name can only be a place, a date or an organisation."""
    parts = name.split()
    folded = " ".join(_parts(name))
    capitals = [len(part) > 2 and part.isupper() for part in parts]  # noqa: PLR2004 - no initials
    mixed = any(capitals) and (len(parts) == 1 or not all(capitals))
    return (
        mixed
        or folded in _DATES
        or folded in _COUNTRIES
        or folded in _GROUP_WORDS
        or (name in _ACRONYMS)
    )


def _parts(name: str) -> Iterator[str]:
    for part in name.split():
        yield part.strip(".").replace("-", "").replace("’", "").replace("'", "").lower()
