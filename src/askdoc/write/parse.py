"""Parses the stream of a language model into claims with labels.

It expects lines `- text [1] [2]` or JSON, and tolerates models without an enforced format: numbered
lists, several labels in one bracket, labels before the full stop, prose without lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from askdoc.errors import GeneratorError
from askdoc.write.check.languages import ENGLISH, MONTHS, ORDINAL_DOT, abbreviations, plain
from askdoc.write.json_stream import read_objects
from askdoc.write.prompts import ANSWERED, LONGEST, REFUSAL, SENTENCES, TEXT

_LAST = re.compile(r"(?P<number>(?<![\w.,])\d{1,3})\.$|(?P<word>[^\W\d_]+)\.$")
_NEXT = re.compile(r"[^\W\d_]+")
_ARTICLE = re.compile(
    r"\b(?:am|im|vom|zum|beim|bis|seit|der|die|das|den|dem|des|jeder|dne|het|de)\s+$", re.IGNORECASE
)
"""Words before an ordinal, in any language."""


def ends_here(before: str, after: str, language: str) -> bool:
    """Tell whether a sentence ends at the mark between two parts of a text."""
    last = _LAST.search(before.rstrip())
    if last is None:
        return True
    if last["word"]:
        return plain(last["word"]) not in abbreviations(language)
    following = _NEXT.match(after.lstrip())
    if following and plain(following[0]) in MONTHS:
        return False
    return language not in ORDINAL_DOT and not _ARTICLE.search(before[: last.start()])


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
_END = re.compile(r"(?<=[a-z0-9)\"%][.!?])\s+(?=[\"A-Z])")
_LABELLED_END = re.compile(rf"[.!?]\s*[\[【]{_NUMBERS}[\]】]\s*$|[\[【]{_NUMBERS}[\]】][.!?]\s*$")
_THOUGHT, _THOUGHT_ENDS = "<think>", "</think>"
_REFUSED = re.compile(
    rf"^\W*(?:{REFUSAL}\b|(?:i\s+(?:can(?:no|')t|am\s+unable)|(?:the|these)\s+(?:sentences|sources"
    r"|documents|text)\s+do(?:es)?\s+not|there\s+is\s+no\s+(?:information|answer|mention)))",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:[A-Za-z]{1,10}[ .:#-]{0,2})?\d{1,4}")
_FEWEST_LETTERS = 3

_FENCE = r"^\s*(?:```(?:json)?\s*)?"
_JSON = re.compile(_FENCE + r"(?:\[\s*)?\{")
_UNDECIDED = re.compile(r"^\s*(?:`{0,2}|```(?:j|js|jso)?|```(?:json)?\s*(?:\[\s*)?|\[\s*)$")

Language = Callable[[str], str]
"""Returns the language of a text; it decides whether a full stop ends a sentence."""

_TEXT_NAMES = (TEXT, "claim", "statement")
_LABEL_NAMES = (SENTENCES, "sentence", "labels", "label", "sources", "citations")
"""Keys that models use; the schema's own key comes first."""


@dataclass(frozen=True, slots=True)
class Written:
    """One claim of a model: its text without labels, and the labels as written."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The model says that the sentences do not contain the answer."""

    text: str


def _english(_: str) -> str:
    return ENGLISH


def read_claims(
    pieces: Iterable[str], language: Language = _english
) -> Iterator[Written | Refused]:
    """Yield each claim as soon as its line or object is complete; the last one at the end.

    A refusal counts only at the start.
    """
    spoken = _without_thoughts(pieces)
    opening = ""
    for piece in spoken:
        opening += piece
        if not _UNDECIDED.match(opening):
            break
    rest = chain([opening], spoken)
    read = _objects if _JSON.match(opening) else _lines
    yield from read(rest, language)


def _without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """Drop the text between `<think>` and `</think>`, or after an unclosed `<think>`."""
    buffer = ""
    for piece in pieces:
        buffer += piece
        while (start := buffer.find(_THOUGHT)) >= 0:
            yield buffer[:start]
            buffer = buffer[start:]
            end = buffer.find(_THOUGHT_ENDS)
            if end < 0:
                break
            buffer = buffer[end + len(_THOUGHT_ENDS) :]
        else:
            ready = len(buffer) - _begun(buffer)
            yield buffer[:ready]
            buffer = buffer[ready:]
    if not buffer.startswith(_THOUGHT):
        yield buffer


def _begun(text: str) -> int:
    """Count the characters at the end of `text` that may be the start of `<think>`."""
    return next(n for n in range(len(_THOUGHT) - 1, -1, -1) if text.endswith(_THOUGHT[:n]))


def _lines(pieces: Iterable[str], language: Language) -> Iterator[Written | Refused]:
    """Parse line by line; if the stream breaks, also the complete sentences of the last line."""
    waiting = ""
    has_claims = False
    broken: GeneratorError | None = None
    try:
        for piece in pieces:
            *lines, waiting = (waiting + piece).split("\n")
            for line in lines:
                for claim in _line(line, language, first=not has_claims):
                    has_claims = True
                    yield claim
    except GeneratorError as error:
        broken, waiting = error, _finished(waiting, language)
    yield from _line(waiting, language, first=not has_claims)
    if broken is not None:
        raise broken


def _finished(text: str, language: Language) -> str:
    """Keep the sentences that are complete for certain: another one or a label follows."""
    if _LABELLED_END.search(text):
        return text
    ends = [match.end() for by in (_SENTENCE, _END) for match in _ends(by, text, language)]
    return text[: max(ends, default=0)]


def is_label(text: str) -> bool:
    """Tell whether text in brackets looks like a label, such as `7`, `S7` or `Source 7`."""
    return _LABEL.fullmatch(text) is not None


def ends_sentence(text: str) -> bool:
    """Tell whether a claim ends like a sentence."""
    return text.rstrip("\"'”’)").endswith((".", "!", "?"))


def _objects(pieces: Iterable[str], language: Language) -> Iterator[Written | Refused]:
    """Parse `{"answered": true, "claims": [{"text": …, "sentences": [1]}]}` and similar JSON."""
    has_claims = False
    for found in read_objects(pieces):
        if found.get(ANSWERED) is False and not has_claims:
            yield Refused(REFUSAL)
            return
        for claim in _object(found, language):
            has_claims = True
            yield claim


def _object(found: Mapping[str, Any], language: Language) -> Iterator[Written]:
    text = next((found[n] for n in _TEXT_NAMES if isinstance(found.get(n), str)), "")
    named: Any = next((found[name] for name in _LABEL_NAMES if name in found), [])
    labels = [str(item).strip("[] Ss") for item in (named if isinstance(named, list) else [named])]
    for claim in _line(text.replace("\n", " "), language, first=False):
        if isinstance(claim, Written):
            yield Written(claim.text, tuple(dict.fromkeys([*labels, *claim.labels])))


def _line(line: str, language: Language, *, first: bool) -> Iterator[Written | Refused]:
    bare = _PREAMBLE.sub("", _BULLET.sub("", line).strip().strip("`"))
    if first and _REFUSED.match(bare):
        yield Refused(bare)
        return
    for sentence in _sentences(bare, language):
        claim = _claim(sentence)
        for text in _whole(claim.text, language):
            if sum(c.isalpha() for c in text) >= _FEWEST_LETTERS:
                yield Written(text, claim.labels)


def _sentences(text: str, language: Language) -> Iterator[str]:
    """Split prose after each sentence with labels; one without labels is joined to the next."""
    start = 0
    for match in _ends(_SENTENCE, text, language):
        if _labels(text[start : match.end()]).search(text, start, match.end()):
            yield text[start : match.end()]
            start = match.end()
    yield text[start:]


def _whole(text: str, language: Language) -> list[str]:
    """Split a claim into sentences; drop an incomplete one at a length limit."""
    edges = [0, *(match.end() for match in _ends(_END, text, language)), len(text)]
    sentences = [part for start, end in pairwise(edges) if (part := text[start:end].strip())]
    cut_off = len(text) >= LONGEST and not text.endswith((".", "!", "?", '"'))
    return sentences[:-1] if cut_off else sentences


def _ends(pattern: re.Pattern[str], text: str, language: Language) -> Iterator[re.Match[str]]:
    """List the ends of sentences by a pattern, except after ordinals and abbreviations."""
    for match in pattern.finditer(text):
        if match[0].strip() or ends_here(
            text[: match.start()], text[match.end() :], language(text)
        ):
            yield match


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
    """Return the pattern of labels: numbers in parentheses count if there are no brackets."""
    return _BRACKETS if _BRACKETS.search(text) else _PARENTHESES


def _numbers(inside: str) -> Iterator[str]:
    """List the labels in one bracket; `2-4` means three labels."""
    for part in re.split(r"\s*(?:,|;|and)\s*", inside):
        ends = [int(end) for end in re.findall(r"\d+", part)]
        yield from (str(number) for number in range(ends[0], min(ends[-1], ends[0] + 20) + 1))
