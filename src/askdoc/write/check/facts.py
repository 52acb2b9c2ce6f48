"""Facts of a claim that must stand in its sources: numbers, dates, quotations, names.

These are decided by rule and in many languages, since a model that reads meaning is least reliable
where a single digit counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from askdoc.text.english import DETERMINERS, TITLES
from askdoc.text.values import Date, Quantity, read_dates, read_quantities
from askdoc.text.words import Terms, Word, read_words
from askdoc.write.check.languages import (
    ENGLISH,
    NEGATORS,
    NO_DENIAL,
    PREFIXED,
    UNSPACED,
    plain,
)
from askdoc.write.check.numerals import unheld

_QUOTED = re.compile(r"[“„«\"]([^“”„«»\"]{8,})[”“»\"]")
"""A quotation; shorter ones are titles or words that are set apart."""

_DIFFERENCE = re.compile(
    r"\b(?:by|more|less|fewer|increas|decreas|ris|rose|gr[eo]w|fall|fell|drop|clim|margin"
    r"|difference|reduc|cut|gain|los[st]|\w+er\b|up\b|down\b)",
    re.IGNORECASE,
)
_NEAR = 25
"""Characters around an amount among which a word says that it is a difference."""

_COUNTED = re.compile(r"\d+(?:st|nd|rd|th|s|m|km|kg|bn)")
_VERB_ENDINGS = re.compile(r"(?:ed|s|ought|ame|ook|an|as|ell|ose|ave|on|ad|id|ill|ould|ay)$")
_SHORTEST_ACRONYM = 2
_CAPITAL_NOUNS = ("de", "lb")
"""Languages that write each noun with a capital, so that a capital is no sign of a name."""
_LETTERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Values:
    """The dates and quantities of a text; no number counts as both."""

    dates: tuple[Date, ...]
    quantities: tuple[Quantity, ...]

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Where in the text they stand."""
        dates = [(date.start, date.end) for date in self.dates]
        return dates + [(quantity.start, quantity.end) for quantity in self.quantities]


def read_values(text: str) -> Values:
    """Read the dates of `text`, then the quantities from what is left."""
    dates = read_dates(text)
    blanked = list(text)
    for date in dates:
        blanked[date.start : date.end] = " " * (date.end - date.start)
    return Values(tuple(dates), tuple(read_quantities("".join(blanked))))


def missing_facts(
    claim: str, source: str, context: str, terms: Terms, language: str = ENGLISH
) -> list[str]:
    """List the facts of a claim that neither its source nor the context of this holds.

    `context` is titles, headings and the sentence before: names may come from there, other facts
    may not. Each item reads "“1998”".
    """
    values, given = read_values(claim), read_values(source)
    found = [
        date.text for date in values.dates if not any(date.within(other) for other in given.dates)
    ]
    found += [
        quantity.text
        for quantity in values.quantities
        if not _is_given(claim, quantity, given.quantities)
    ]
    found += unheld(claim, source, language, values.ranges)
    flat = _flat(source)
    found += [quote for quote in _QUOTED.findall(claim) if _flat(quote).rstrip(".,") not in flat]
    around = read_words(f"{source}\n{context}", terms)
    found += [
        name.text
        for name in _names(read_words(claim, terms), claim)
        if (language not in _CAPITAL_NOUNS or any(c.isdigit() for c in name.text))
        and not any(start <= name.start < end for start, end in values.ranges)
        and not _is_known(name, around)
    ]
    return [f"“{text}”" for text in dict.fromkeys(found)]


def exchanges(claim: str, source: str) -> Iterator[tuple[str, str, str]]:
    """Yield the claim with a value that the source lacks exchanged for one of the same kind there.

    With each claim come the value that it had and the one that it has now.
    """
    mine, theirs = read_values(claim), read_values(source)
    pairs: list[tuple[Date | Quantity, Date | Quantity]] = [
        (date, other)
        for date in mine.dates
        for other in theirs.dates
        if date.parts.keys() == other.parts.keys() and date.parts != other.parts
    ]
    pairs += [
        (quantity, other)
        for quantity in mine.quantities
        if not _is_given(claim, quantity, theirs.quantities)
        for other in theirs.quantities
        if quantity.same_kind(other)
    ]
    for value, other in pairs:
        yield claim[: value.start] + other.text + claim[value.end :], value.text, other.text


def _is_given(claim: str, quantity: Quantity, given: Sequence[Quantity]) -> bool:
    """Say whether a source gives an amount, or two whose difference it is."""
    if any(quantity.equals(other) for other in given):
        return True
    if quantity.bare and quantity.number == 1 and quantity.text.lower() == "one":
        return True  # it stands for `a`
    around = claim[max(0, quantity.start - _NEAR) : quantity.end + _NEAR]
    return bool(_DIFFERENCE.search(around)) and any(
        abs(one.number - other.number) == quantity.number
        and one.same_kind(other)
        and (quantity.same_kind(one) or quantity.bare or quantity.values[0][0] == "points")
        for one, other in combinations(given, 2)
    )


def _flat(text: str) -> str:
    """Fold case, spaces and the kinds of quotation marks."""
    return " ".join(re.sub(r"[“”„«»’‘]", "'", text).casefold().split())


def _names(words: Sequence[Word], text: str) -> list[Word]:
    """List the words that are (parts of) names: capitals, and codes such as `B12`.

    The first word of a sentence counts where another capital follows, or where it stands like a
    name: no determiner, not a plural, and a verb after it.
    """
    found = []
    for position, word in enumerate(words):
        if word.folded in TITLES or (word.stem is None and not _is_acronym(word)):
            continue
        code = any(c.isdigit() for c in word.text) and any(c.isalpha() for c in word.text)
        if (code and not _COUNTED.fullmatch(word.folded)) or (
            word.capital and (not _starts(word, text) or _is_like_a_name(words, position))
        ):
            found.append(word)
    return found


def _is_known(name: Word, source: Sequence[Word]) -> bool:
    """Say whether a source holds a name: the word, its plural, or what its letters stand for."""
    folded = {word.folded for word in source}
    if name.folded in folded or _singular(name.folded) in {_singular(item) for item in folded}:
        return True
    if name.stem is not None and name.stem in {word.stem for word in source}:
        return True
    initials = "".join(word.text[0] for word in source if word.capital).lower()
    if _is_acronym(name):
        return name.folded in initials
    return (
        any(_is_acronym(word) and word.folded.startswith(name.folded[0]) for word in source)
        and name.text[0].isupper()
    )


def _singular(name: str) -> str:
    """Take off the ending of a plural; Douglass is another name than Douglas."""
    return name if name.endswith("ss") else name.removesuffix("s")


def _is_acronym(word: Word) -> bool:
    letters = word.text.replace(".", "")
    return len(letters) >= _SHORTEST_ACRONYM and letters.isupper() and letters.isalpha()


def _starts(word: Word, text: str) -> bool:
    before = text[: word.start].rstrip(" \"'“‘([-*•")
    return not before or before[-1] in ".!?:;\n"


def _is_like_a_name(words: Sequence[Word], position: int) -> bool:
    word = words[position]
    if position + 1 == len(words):
        return False
    after = words[position + 1]
    if after.capital and not after.text.isupper() and word.folded not in DETERMINERS:
        return True
    lone = word.folded not in DETERMINERS and not word.folded.endswith(("s", "ing", "ly", "ion"))
    return lone and after.text.islower() and bool(_VERB_ENDINGS.search(after.folded))


def denies(text: str, language: str) -> bool:
    """Say whether a text in another language than English denies something."""
    text = NO_DENIAL.sub(" ", text)
    if pattern := UNSPACED.get(language):
        return bool(pattern.search(text))
    words = [plain(word) for word in _LETTERS.findall(text)]
    prefix = PREFIXED.get(language)
    return any(
        word in NEGATORS.get(language, frozenset()) or (prefix and word.startswith(prefix))
        for word in words
    )
