"""What the reader learns from, in one form: passages in units, and questions over them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from askdoc.text.sentences import split

_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Passage:
    """A passage of a document, with its units as ranges of characters."""

    document: str
    context: str
    text: str
    units: list[tuple[int, int]]


@dataclass(slots=True)
class Question:
    """A question over a passage, or over none that answers it.

    `gold` are the units that answer; where it is empty, `answerable` tells whether the passage
    answers in a unit that is not known. `unsure` are units that may answer too. `answers` are
    ranges of characters. `wrong` are passages that do not answer. `yes` is the answer to a yes/no
    question.
    """

    set: str
    text: str
    passage: int
    answerable: bool
    gold: list[int] = field(default_factory=list)
    unsure: list[int] = field(default_factory=list)
    answers: list[tuple[int, int]] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    yes: bool | None = None


def sentences(text: str) -> list[tuple[int, int]]:
    """Cut a text into its sentences; none runs over the end of a line."""
    units, at = [], 0
    for line in text.splitlines(keepends=True):
        for piece in split(line, "en") if line.strip() else [line]:
            bare = piece.strip()
            if bare:
                start = at + piece.index(bare)
                units.append((start, start + len(bare)))
            at += len(piece)
    return units


def joined(units: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Write units one below the other; return the text and their ranges."""
    places, at = [], 0
    for unit in units:
        places.append((at, at + len(unit)))
        at += len(unit) + 1
    return "\n".join(units), places


def touched(units: Sequence[tuple[int, int]], start: int, end: int) -> list[int]:
    """List the units that share a character with a range."""
    return [at for at, unit in enumerate(units) if unit[0] < end and start < unit[1]]


def bare(text: str) -> str:
    """Keep the letters a-z and digits of a text, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


class Bm25:
    """Finds passages by the words of a question."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._lengths: list[int] = []
        for at, text in enumerate(texts):
            words = Counter(_WORD.findall(text.lower()))
            self._lengths.append(sum(words.values()))
            for word, count in words.items():
                self._postings[word].append((at, count))
        self._mean = sum(self._lengths) / max(1, len(self._lengths))

    def best(self, question: str, most: int) -> list[int]:
        """Return the places of the `most` best passages, best first."""
        scores: dict[int, float] = defaultdict(float)
        total = len(self._lengths)
        for word in set(_WORD.findall(question.lower())):
            found = self._postings.get(word, ())
            if not found or len(found) > max(200, total // 4):
                continue
            weight = math.log(1 + (total - len(found) + 0.5) / (len(found) + 0.5))
            for at, count in found:
                length = 0.4 + 0.6 * self._lengths[at] / self._mean
                scores[at] += weight * count * 2 / (count + 1.2 * length)
        return sorted(scores, key=lambda at: -scores[at])[:most]
