"""Finds whom `and she?` asks about: another person than the question before, known from earlier."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from askdoc.chat.antecedents import antecedents
from askdoc.text.mentions import AUXILIARIES, names
from askdoc.types import Turn

_SHE = frozenset(("she", "her"))
_MEN = re.compile(r"\b(?:he|him|his|himself|mr|sir|lord|king|prince|pope|father)\b", re.IGNORECASE)
_WOMEN = re.compile(
    r"\b(?:she|her|hers|herself|mrs|ms|miss|lady|dame|queen|princess|mother)\b", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def another_person(pronoun: str, turns: Sequence[Turn]) -> str | None:
    """Ask the last question about somebody else whom the turns name; None where nobody fits.

    That takes somebody, or an institution that does something, in whose place to put the name. Who
    is called by the other pronoun in what was said so far does not fit.
    """
    before = turns[-1].question.rstrip("?!. ")
    place = doer_or_person(before)
    if place is None:
        return None
    for person in antecedents(pronoun, turns):
        if person.rsplit(maxsplit=1)[-1] in before or _is_of_the_other(person, pronoun, turns):
            continue
        return f"{before[: place[0]]}{person}{before[place[1] :]}"
    return None


def doer_or_person(question: str) -> tuple[int, int] | None:
    """Find the last person in a question, else who acts in it."""
    known = [name for name in names(question) if not name.is_date]
    if people := [name for name in known if name.person]:
        return people[-1].start, people[-1].end
    for name in known:
        before = question[: name.start].lower().removesuffix("the ")
        if before.split()[-1:] and before.split()[-1] in AUXILIARIES:
            return len(before), name.end
    return None


def _is_of_the_other(person: str, pronoun: str, turns: Sequence[Turn]) -> bool:
    own, other = (_WOMEN, _MEN) if pronoun in _SHE else (_MEN, _WOMEN)
    said = list(_said_of(person, turns))
    return any(map(other.search, said)) and not any(map(own.search, said))


def _said_of(person: str, turns: Sequence[Turn]) -> Iterator[str]:
    """Give the sentences that name a person and nobody else."""
    for turn in turns:
        for sentence in (turn.question, *_SENTENCE_END.split(turn.answer)):
            people = {
                name.text.rsplit(maxsplit=1)[-1] for name in names(f"x {sentence}") if name.person
            }
            if people == {person.rsplit(maxsplit=1)[-1]}:
                yield sentence
