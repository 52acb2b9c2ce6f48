"""The questions a ranker learns from, and how each is put to it."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from askdoc.types import Candidate

HARD = 18
"""Of the wrong sentences, those that the score without a ranker puts first."""

LOOSE = frozenset({"covidqa", "policyqa", "tatqa"})
"""Sets where a sentence that is not marked as gold may answer nevertheless."""

_NUMBER = re.compile(r"\b\d[\d,.]*\b")
_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")
_RIGHT_HAND_KEY = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioplsdfghjklkxcvbnmn", strict=True))


@dataclass(frozen=True)
class Group:
    """One question with the sentences that were looked at, best first."""

    set: str
    document: str
    question: str
    gold: list[Candidate]
    wrong: list[Candidate]


@dataclass(frozen=True)
class Task:
    """What the ranker is shown at once; the first `right` candidates answer, maybe none does."""

    question: str
    candidates: list[Candidate]
    right: int
    weight: float


def held_out(set_name: str, document: str) -> bool:
    """Tell whether a document, with all questions on it, is kept from training: one in four."""
    return hashlib.sha256(f"{set_name}/{document}".encode()).digest()[0] % 4 == 0


def load(paths: Iterable[Path], *, most: int) -> list[Group]:
    """Read collected questions, those on held-out documents left out; at most `most` of a set."""
    groups: list[Group] = []
    for path in paths:
        found = [group for group in _read(path) if not held_out(group.set, group.document)]
        random.shuffle(found)
        groups += found[:most]
        print(f"{path.name}: {len(found[:most])} questions")
    return groups


def _read(path: Path) -> Iterator[Group]:
    for line in path.read_text().splitlines():
        row = json.loads(line)
        sides: dict[bool, list[Candidate]] = {True: [], False: []}
        for sentence, before, context, is_gold in row["sentences"]:
            sides[is_gold].append(Candidate(sentence, before, context))
        if sides[True]:
            yield Group(row["set"], row["document"], row["question"], sides[True], sides[False])


class Teacher:
    """Draws tasks: a gold sentence among wrong ones, or, at times, wrong ones alone.

    A question without an answer is made in two ways: its gold is taken away, or a name or number in
    it is exchanged for another, so that the gold answers no more.
    """

    def __init__(self, groups: Iterable[Group], *, size: int) -> None:
        self._size = size
        self._names: dict[tuple[str, bool], list[str]] = {}
        for group in groups:
            for name in _NAME.findall(group.question):
                self._names.setdefault((group.set, " " in name), []).append(name)

    def draw(self, group: Group) -> Task:
        """Draw one task from a group."""
        hard, chance = group.wrong[:HARD], random.random()
        if chance < 0.22 and len(group.wrong) >= 4:
            wrong = hard[: self._size]
            if random.random() < 0.5:
                wrong = random.sample(hard, min(self._size, len(hard)))
            weight = 0.6 if group.set in LOOSE else 1.0
            return Task(noisy(group.question), wrong, 0, weight)
        question, right = group.question, True
        if chance < 0.36:
            exchanged = self._exchange(group)
            question, right = exchanged or question, exchanged is None
        count = 2 if random.random() < 0.3 else 1
        gold = random.sample(group.gold, min(len(group.gold), count))
        wrong = random.sample(hard, min(self._size - 2, len(hard)))
        if group.wrong:
            wrong.append(random.choice(group.wrong))
        return Task(noisy(question), gold + wrong, len(gold) if right else 0, 1.0)

    def _exchange(self, group: Group) -> str | None:
        """Put another name or number into the question; None where there is nothing to exchange."""
        question = group.question
        answers = " ".join(item.sentence for item in group.gold)
        numbers = list(_NUMBER.finditer(question))
        places = [*numbers, *_NAME.finditer(question)]
        if not places:
            return None
        place = random.choice(places)
        if place in numbers:
            digits = re.sub(r"\D", "", place.group())
            new = str(max(1, int(digits) + random.choice([-7, -3, -2, -1, 1, 2, 3, 5, 11])))
            usable = new not in answers and new != digits
        else:
            known = self._names.get((group.set, " " in place.group()), [])
            drawn = [random.choice(known) for _ in range(8)] if known else []
            fitting = [
                name
                for name in drawn
                if name.lower() not in answers.lower() and name != place.group()
            ]
            new, usable = (fitting or [""])[0], bool(fitting)
        return question[: place.start()] + new + question[place.end() :] if usable else None


def noisy(question: str) -> str:
    """Write a question as people do at times: in lower case, or with slips of the keys."""
    if random.random() < 0.12:
        question = question.lower().rstrip("?")
    return with_typos(question) if random.random() < 0.10 else question


def with_typos(question: str) -> str:
    """Put one or two slips into words of more than five letters."""
    words = question.split()
    long = [at for at, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    for at in random.sample(long, min(len(long), random.choice([1, 1, 2]))):
        words[at] = _slip(words[at])
    return " ".join(words)


def _slip(word: str) -> str:
    at, kind = random.randrange(1, len(word) - 1), random.random()
    if kind < 0.3:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.6:
        return word[:at] + word[at + 1 :]
    if kind < 0.8:
        return word[:at] + word[at] + word[at:]
    return word[:at] + _RIGHT_HAND_KEY.get(word[at].lower(), word[at]) + word[at + 1 :]
