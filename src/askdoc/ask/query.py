"""Parses the operators of a question: phrases in quotation marks, and exclusions.

A phrase must occur word for word in the passage or its titles, ignoring case and accents. `-term`
excludes passages with any form of the term, `-"a phrase"` those with the phrase; the dash follows
white space or starts the question, and directly precedes the term. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from askdoc.strings import folded

_PHRASE = r'"(?P<straight>[^"]+)"|“(?P<curly>[^“”]+)”|„(?P<low>[^„“”]+)[“”]|«(?P<angle>[^«»]+)»'
_DASH = r"(?:(?<=\s)|^)-"
_OPERATOR = re.compile(f'(?P<dash>{_DASH})?(?:{_PHRASE})|{_DASH}(?P<term>[^\\W\\d_][^\\s"“”„«»]*)')
_BETWEEN_WORDS = re.compile(r"[^\w\u0300-\u036f\u0900-\u0fff\u1000-\u109f\u1780-\u17ff]+|_")
"""Marks of Indic and other scripts belong to words."""

_PARTED_BY_SPACES = re.compile("[a-zß-ʯͰ-ԯ֐-ࣿऀ-෿가-힣]")
"""Letters of scripts that put spaces between words, Korean among them."""


@dataclass(frozen=True, slots=True)
class Demands:
    """The phrases that a passage must contain, and the terms and phrases that it must not.

    `text` is the rest.
    """

    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    excluded_phrases: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.phrases or self.excluded or self.excluded_phrases)

    def asks_nothing(self) -> tuple[str, str] | None:
        """Return message and hint for a question without anything to search for; else None."""
        if self.text:
            return None
        if not self:
            hint = 'ask one: `askdoc "What did … say about …?"`, or open a session: `askdoc repl`'
            return "the question is empty", hint
        kept_out = (*self.excluded, *(f'"{phrase}"' for phrase in self.excluded_phrases))
        example = " ".join(("who …", *(f"-{one}" for one in kept_out)))
        message = "the question is empty: it says what to leave out, and asks for nothing"
        return message, f"say also what to look for: `{example}`"

    def has_words(self) -> bool:
        """Tell whether there is a letter or digit of any script to search for."""
        return any(map(str.isalnum, self.text))

    def met_by(self, text: str, terms: Callable[[str], list[str]]) -> bool:
        """Tell whether a passage meets all demands."""
        if self.phrases or self.excluded_phrases:
            plain = _plain(text)
            if not all(_holds(plain, _plain(phrase)) for phrase in self.phrases):
                return False
            if any(_holds(plain, _plain(phrase)) for phrase in self.excluded_phrases):
                return False
        unwanted = {term for word in self.excluded for term in terms(word)}
        return not unwanted or unwanted.isdisjoint(terms(text))


def read(question: str) -> Demands:
    """Parse the operators of a question; its text keeps quotation marks, but not exclusions."""
    phrases: list[str] = []
    excluded: list[str] = []
    excluded_phrases: list[str] = []
    for found in _OPERATOR.finditer(question):
        groups = found.groupdict()
        dash = groups.pop("dash") is not None
        if (term := groups.pop("term")) is not None:
            excluded.append(term.rstrip(".,;:!?"))
        elif phrase := next((one for one in groups.values() if one and _plain(one).strip()), None):
            (excluded_phrases if dash else phrases).append(phrase.strip())
    text = _OPERATOR.sub(lambda found: "" if _excludes(found) else found.group(), question)
    return Demands(" ".join(text.split()), tuple(phrases), tuple(excluded), tuple(excluded_phrases))


def unquoted(question: str) -> str:
    """Return a question without the quotation marks that make phrases."""
    return _OPERATOR.sub(
        lambda found: found.group() if _excludes(found) else found.group()[1:-1], question
    )


def lost(question: str, searched: str) -> tuple[str, ...]:
    """List the phrases of a question that were in the end searched by their words."""
    kept = read(searched).phrases
    return tuple(phrase for phrase in read(question).phrases if phrase not in kept)


def _excludes(found: re.Match[str]) -> bool:
    return found["dash"] is not None or found["term"] is not None


def _plain(text: str) -> str:
    """Return the folded words of a text, with single blanks between and around them."""
    return f" {_BETWEEN_WORDS.sub(' ', folded(text)).strip()} "


def _holds(text: str, phrase: str) -> bool:
    """Tell whether a text contains a phrase; in scripts without spaces, anywhere in a run."""
    if phrase in text:
        return True
    inner = phrase.strip()
    return not _PARTED_BY_SPACES.search(inner) and inner in text
