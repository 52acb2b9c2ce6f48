"""Reads what a language model writes, as it comes, into claims with their labels.

Made for the grammar's `- text [1] [2]`, and tolerant of models that can't be held to it: numbered
lists, several labels in one bracket, labels before the full stop, prose without lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from askdoc.grammar import LONGEST, REFUSAL

_NUMBERS = r"\s*((?:[Ss]?\d+)(?:\s*(?:,|;|and|-|–)\s*[Ss]?\d+)*)\s*"
_BRACKETS = re.compile(rf"[\[【]{_NUMBERS}[\]】]")
_PARENTHESES = re.compile(rf"\({_NUMBERS}\)")
_BRACKET_ONLY = re.compile(r"[\[【]\s*([^\]】]{1,40}?)\s*[\]】]")
_BULLET = re.compile(
    r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+|^\s*(?:claim|answer)\s*\d*\s*:\s*", re.IGNORECASE
)
_PREAMBLE = re.compile(
    r"^(?:the\s+)?(?:(?:correct|short|right)\s+)?(?:answer|sentence|claim)\s+is:?\s*:\s*",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])((?:\s*[\[【][^\]】]*[\]】])*)\s+(?=[\"“'A-Z])")
_END = re.compile(r"(?<=[a-z0-9)\"%][.!?])(?<!\b[DM]r\.)(?<!\bMrs\.)\s+(?=[\"A-Z])")
_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_REFUSED = re.compile(
    rf"^\W*(?:{REFUSAL}\b|(?:i\s+(?:can(?:no|')t|am\s+unable)|(?:the|these)\s+(?:sentences|sources"
    r"|documents|text)\s+do(?:es)?\s+not|there\s+is\s+no\s+(?:information|answer|mention)))",
    re.IGNORECASE,
)
_FEWEST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Written:
    """One claim as a model wrote it: its text without labels, and the labels as it wrote them."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The model says that the sentences do not hold the answer, in its own words."""

    text: str


def read_claims(pieces: Iterable[str]) -> Iterator[Written | Refused]:
    """Yield each claim as soon as its line is complete; the last one at the end.

    A refusal counts only as the first thing that is said.
    """
    waiting = ""
    said = False
    for piece in pieces:
        waiting += piece
        if "<think>" in waiting and "</think>" not in waiting:
            continue
        waiting = _THINKING.sub("", waiting)
        *lines, waiting = waiting.split("\n")
        for line in lines:
            for claim in _line(line, first=not said):
                said = True
                yield claim
    for claim in _line(_THINKING.sub("", waiting), first=not said):
        yield claim


def _line(line: str, *, first: bool) -> Iterator[Written | Refused]:
    bare = _PREAMBLE.sub("", _BULLET.sub("", line).strip().strip("`"))
    if first and _REFUSED.match(bare):
        yield Refused(bare)
        return
    for sentence in _sentences(bare):
        claim = _claim(sentence)
        for text in _whole(claim.text):
            if sum(c.isalpha() for c in text) >= _FEWEST_LETTERS:
                yield Written(text, claim.labels)


def _sentences(text: str) -> Iterator[str]:
    """Cut prose after each sentence that has labels; one without labels goes with the next."""
    start = 0
    for match in _SENTENCE.finditer(text):
        if _labels(text[start : match.end()]).search(text, start, match.end()):
            yield text[start : match.end()]
            start = match.end()
    yield text[start:]


def _whole(text: str) -> list[str]:
    """Cut a claim into its sentences; what a limit of length cut off in the middle is dropped."""
    sentences = [part for part in _END.split(text) if part]
    cut_off = len(text) >= LONGEST and not text.endswith((".", "!", "?", '"'))
    return sentences[:-1] if cut_off else sentences


def _claim(text: str) -> Written:
    labels: dict[str, None] = {}
    pattern = _labels(text)
    for match in pattern.finditer(text):
        labels |= dict.fromkeys(_numbers(match[1]))
    bare = pattern.sub("", text)
    for match in _BRACKET_ONLY.finditer(bare):
        labels.setdefault(match[1], None)
    bare = " ".join(_BRACKET_ONLY.sub("", bare).split())
    return Written(re.sub(r"\s+([.,;!?])", r"\1", bare).strip(), tuple(labels))


def _labels(text: str) -> re.Pattern[str]:
    """Say what labels look like here: a number in parentheses is one where no brackets are."""
    return _BRACKETS if _BRACKETS.search(text) else _PARENTHESES


def _numbers(inside: str) -> Iterator[str]:
    """List the labels in one bracket; `2-4` stands for three."""
    for part in re.split(r"\s*(?:,|;|and)\s*", inside):
        ends = [int(end) for end in re.findall(r"\d+", part)]
        yield from (str(number) for number in range(ends[0], min(ends[-1], ends[0] + 20) + 1))
