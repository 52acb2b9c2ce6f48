"""What of a question only asks, and need not stand in an answer.

`What happened on 2 August?` is answered by `On 2 August a laptop was stolen`. Question words,
copulas and the few verbs that ask for what happened, what something means, how it is called or
where it is would count as missing there, and as rare ones. Whoever weighs a question's terms leaves
them out; the terms of documents keep them. The words are in `data/asking_words.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from askdoc.strings import folded

_PHRASES = "phrases"
_END = "$"
_ANY = "*"
_MOST_BETWEEN = 8
"""Words that may stand where a phrase has `*`."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The words of a language that only ask, folded and as written, and what finds such phrases."""

    words: frozenset[str]
    written: frozenset[str]
    phrases: tuple[re.Pattern[str], ...]

    def without_phrases(self, question: str) -> str:
        """Blank the phrases of a folded question that only ask; what stands between stays."""
        for phrase in self.phrases:
            question = phrase.sub(_blank, question)
        return question


@cache
def asking(language: str) -> Asking:
    """Return how a language asks; where that is not known, nothing does."""
    words: set[str] = set()
    phrases: list[list[str]] = []
    for line in _lines(language):
        if line[0] == _PHRASES:
            phrases += map(str.split, " ".join(line[1:]).split("|"))
        else:
            words.update(line)
    # A phrase goes before what is part of it.
    phrases.sort(key=len, reverse=True)
    return Asking(frozenset(map(folded, words)), frozenset(words), tuple(map(_compiled, phrases)))


def _lines(language: str) -> Iterator[list[str]]:
    file = resources.files("askdoc").joinpath("data/asking_words.txt")
    for line in file.read_text(encoding="utf-8").splitlines():
        code, *rest = line.split()
        if code == language:
            yield rest


def _compiled(phrase: Sequence[str]) -> re.Pattern[str]:
    """Make a phrase a pattern whose groups are the words that only ask."""
    pattern = ""
    for part in phrase:
        if part == _ANY:
            pattern += rf"(?:\W+\w+){{0,{_MOST_BETWEEN}}}?"
        elif part == _END:
            pattern += r"\W*$"
        else:
            words = "|".join(re.escape(folded(word)) for word in part.split("/"))
            pattern += (r"\W+" if pattern else r"(?<!\w)") + rf"({words})(?!\w)"
    return re.compile(pattern)


def _blank(found: re.Match[str]) -> str:
    """Write blanks for the groups of a match."""
    text = found.group()
    for number in range(1, len(found.groups()) + 1):
        start, end = found.start(number) - found.start(), found.end(number) - found.start()
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text
