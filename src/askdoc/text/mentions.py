"""Finds names, years, and the topic of a question by simple rules.

English only. Capitals show names, and the position in a question shows the topic. Without a model
it is fast and deterministic; a miss only leaves a question as typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from askdoc.text.countries import COUNTRIES


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
_CALLED = _words("april may june august")
"""Months that are also names of people: `Theresa May`."""
_BEFORE_MONTHS = _words(
    "in since until till by during before after from of early late mid last next this every"
)
ILLNESSES = _words(
    "fever virus disease illness syndrome flu influenza infection cancer pneumonia malaria measles "
    "rubella mumps cholera plague diabetes asthma rabies typhoid typhus tetanus polio ebola zika "
    "dengue covid coronavirus leprosy anthrax smallpox stroke dementia obesity"
)
"""Words for illnesses."""
_ACRONYMS = frozenset(("WHO", "US", "IT"))
"""Names that are function words in lower case."""
_TITLES = _words(
    "dr mr mrs ms miss sir lady lord dame professor prof president minister judge justice captain "
    "general senator governor king queen prince princess pope saint director chairman"
)
_SALUTATIONS = _words(
    "dear dearest lieber liebe liebes geehrter geehrte chère chères chers estimado estimada "
    "querido querida egregio beste geachte kära kære vážený vážená milý milá"
)
_GREETINGS = _words("hi hello hey hallo hej ciao hola salut bonjour cher caro cara greetings")
"""Salutations of letters; some are also parts of names: `Hello Kitty`, `Cara Hill`."""
_ADDRESSED = _words(
    "sir sirs madam madams all team customer customers client clients colleague colleagues friend "
    "friends reader readers editor editors everyone guest guests member members"
)
_LETTER_GOES_ON = re.compile(r"[’']?\s*(?:[,!:]|\n|$)")
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
        name, start = _without_salutation(name, start, text)
        name = _POSSESSIVE.sub("", name)
        function_word = name.lower() in FUNCTION_WORDS and (name not in _ACRONYMS or text.isupper())
        if len(name) < 2 or function_word:  # noqa: PLR2004 - a letter is no name
            continue
        opens = start == match.start() and _SENTENCE_START.search(text[:start]) is not None
        if opens and " " not in name and not _capitalised_elsewhere(name, text, start):
            continue
        found.append(Name(name, start, _is_person(name) and not _is_dated(name, text[:start])))
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


def _without_salutation(name: str, start: int, text: str) -> tuple[str, int]:
    """Remove a salutation: `Dear Clara` becomes `Clara`, and `Dear Sir` nothing."""
    first, _, rest = name.partition(" ")
    end = start + len(name)
    greets = first.lower() in _SALUTATIONS or (
        first.lower() in _GREETINGS
        and rest != ""
        and _SENTENCE_START.search(text[:start]) is not None
        and _LETTER_GOES_ON.match(text, end) is not None
    )
    if not greets:
        return name, start
    rest = rest.lstrip()
    return ("" if rest.lower() in _ADDRESSED else rest), end - len(rest)


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
    dated = any(part in _DATES for part in parts) and not _is_called_like_a_month(parts)
    group = dated or any(part in _GROUP_WORDS or part in ILLNESSES for part in parts)
    return plain and few and not lower and not group and not _is_no_person(name)


def _is_called_like_a_month(parts: list[str]) -> bool:
    """Tell `Theresa May` from `Monday May` and `Early May`."""
    months = [part for part in parts if part in _DATES]
    others = [part for part in parts if part not in _DATES | _BEFORE_MONTHS]
    named = len(parts) == 2 or any(part in _TITLES for part in parts)  # noqa: PLR2004 - as above
    return named and len(months) == 1 and months[0] in _CALLED and len(others) == len(parts) - 1


def _is_dated(name: str, before: str) -> bool:
    """Tell a month before somebody's name (`since May Hill led it`) from a given name."""
    return next(_parts(name), "") in _CALLED and bool(
        _BEFORE_MONTHS.intersection(before.lower().split()[-1:])
    )


def _is_no_person(name: str) -> bool:
    """Tell whether a name can only be a place, a date or an organisation."""
    parts = name.split()
    folded = " ".join(_parts(name))
    capitals = [len(part) > 2 and part.isupper() for part in parts]  # noqa: PLR2004 - no initials
    mixed = any(capitals) and (len(parts) == 1 or not all(capitals))
    return (
        mixed
        or folded in _DATES
        or folded in COUNTRIES
        or folded in _GROUP_WORDS
        or (name in _ACRONYMS)
    )


def _parts(name: str) -> Iterator[str]:
    for part in name.split():
        yield part.strip(".").replace("-", "").replace("’", "").replace("'", "").lower()
