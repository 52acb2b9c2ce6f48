"""Matches what a question names with documents and units: figures, codes, versions, names of files.

A figure is anything with a digit: a year, a number, a version, a code such as `EIP-1559`. It is
compared without leading zeros, without the commas in thousands, and a version or a date also with
its longer forms: `1.24` is held by `v1.24.0`, `2024` by `2024-03-01`, which is one figure. Pure.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from askdoc.strings import folded

_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_DATE = r"(?<![\w.])\d{4}-\d\d(?:-\d\d)?(?![^\W_]*\d)"
_FIGURE = re.compile(_DATE + r"|[^\W_]*\d[^\W_]*(?:\.[^\W_]*\d[^\W_]*)*")
_VERSION = re.compile(r"\Av(?=\d)")
_ZEROS = re.compile(r"\A0+(?=\d)")
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"\w[\w.-]*|[^\w\s]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def figures(text: str) -> list[str]:
    """List the figures of a text as they are compared, in order."""
    return [_compared(one) for one in _FIGURE.findall(_GROUPED.sub("", folded(text)))]


def _compared(figure: str) -> str:
    return _ZEROS.sub("", _VERSION.sub("", figure))


def missing(asked: Sequence[str], given: Collection[str]) -> list[str]:
    """List the figures that are asked for and not given."""
    return [one for one in asked if not any(_holds(one, other) for other in given)]


def held(question: str, told: str) -> list[str]:
    """List the figures of a question, as they are written, that a text holds in any form."""
    given = figures(told)
    written = _FIGURE.findall(_GROUPED.sub("", folded(question)))
    return [one for one in written if not missing([_compared(one)], given)]


def _holds(asked: str, given: str) -> bool:
    return given == asked or given.startswith((f"{asked}.", f"{asked}-"))


def name_terms(name: str, terms: Callable[[str], list[str]]) -> set[str]:
    """List the terms of a name, such as that of a file: its words, and its figures."""
    words = _CAMEL.sub(" ", name)
    return {*terms(" ".join(_WORD.findall(words))), *figures(words)}


def without_names(
    question: str, names: Collection[str], terms: Callable[[str], list[str]], instead: str = ""
) -> str:
    """Write a question with `instead` in place of each run of words whose terms are all names."""
    kept: list[str] = []
    for word in _NAME.findall(question):
        own = terms(word)
        if not own or any(term not in names for term in own):
            kept.append(word)
        elif instead and kept[-1:] != [instead]:
            kept.append(instead)
    return " ".join(kept)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of documents by their ids, and how many documents have each term in their names."""

    terms: Mapping[str, frozenset[str]]
    holding: Mapping[str, int]

    @classmethod
    def of(cls, named: Mapping[str, Iterable[str]]) -> Names:
        """Count the terms of the names of documents."""
        terms = {key: frozenset(found) for key, found in named.items()}
        return cls(terms, Counter(term for found in terms.values() for term in found))

    def matches(self, asked: Mapping[str, float]) -> dict[str, float]:
        """Say how well each document is named by the terms of a question, from 0 to 1.

        `asked` weighs the terms; those that few names hold tell the most. The best document is 1 if
        its name holds every term that any name holds.
        """
        total = len(self.terms)
        weights = {
            term: weight * math.log(total / self.holding[term])
            for term, weight in asked.items()
            if 0 < self.holding.get(term, 0) < total
        }
        mass = sum(weights.values())
        if not mass:
            return {}
        return {
            key: sum(weights[term] for term in weights.keys() & found) / mass
            for key, found in self.terms.items()
            if not weights.keys().isdisjoint(found)
        }
