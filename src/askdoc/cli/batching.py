"""Many questions, answered in order; and going on where an earlier run stopped."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askdoc.ask import query
from askdoc.errors import AskdocError, UsageError
from askdoc.strings import one_line
from askdoc.system.parallel import OpenWorker, each
from askdoc.types import Answer, Fingerprint, Reason, Status

_NARROWED = "from other documents (`--source`)"
_OTHERWISE = {
    "corpus": "the index is another one, or was updated since",
    "settings": "with other settings",
    "models": "with other models",
    "version": "by another version of askdoc",
    "scope": _NARROWED,
}
"""What of a fingerprint differs, in words."""

_BEGINNING = b'{"schema": "askdoc.answer/'
"""How every answer in an output begins, so that one cut short is told from a user's own text."""
_SHOWN = 60
"""Characters of a question that an error shows."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file of questions: its questions, with their lines' numbers from 1.

    `comments` counts the lines that begin with `#`, which are not asked.
    """

    questions: list[str]
    numbers: list[int]
    comments: int

    @property
    def without_question(self) -> list[tuple[int, str]]:
        """List the lines that only say what to leave out."""
        numbered = zip(self.numbers, self.questions, strict=True)
        return [(number, text) for number, text in numbered if _asks_nothing(text)]


@dataclass(frozen=True, slots=True)
class Kept:
    """What an output holds already: how many answers, and what they depended on, each once."""

    count: int = 0
    fingerprints: tuple[Any, ...] = ()


def questions_in(lines: Iterable[str]) -> Lines:
    """Read the lines of a file, each a question, unless it is blank or a `#` comment."""
    found = [(number, one_line(line)) for number, line in enumerate(lines, 1)]
    asked = [(number, line) for number, line in found if line and not line.startswith("#")]
    return Lines(
        questions=[line for _, line in asked],
        numbers=[number for number, _ in asked],
        comments=sum(line.startswith("#") for _, line in found),
    )


def answered(question: str, answer: Callable[[str], Answer], fingerprint: Fingerprint) -> Answer:
    """Answer a question of many; one that only says what to leave out is abstained from."""
    if not _asks_nothing(question):
        return answer(question)
    return Answer(
        question=question,
        status=Status.ABSTAINED,
        claims=(),
        citations=(),
        evidence=(),
        passages=(),
        reason=Reason("empty_question", "the line says what to leave out, and asks for nothing"),
        confidence=0.0,
        generator="extractive",
        fingerprint=fingerprint,
    )


def _asks_nothing(question: str) -> bool:
    return not query.read(question).text


def answer_all(
    questions: Sequence[str], open_worker: OpenWorker[str, Answer], jobs: int
) -> Generator[Answer]:
    """Answer every question, in order, as each is ready; `jobs` are asked at a time.

    `open_worker` is that of `parallel.each`. What a question raises is raised in its turn: the
    answers before it have been given by then, and going on later begins with it.
    """
    early: dict[int, Answer | AskdocError] = {}
    turn = 0
    with closing(each(questions, open_worker, jobs)) as done:
        for position, found in done:
            early[position] = found
            while turn in early:
                answer = early.pop(turn)
                if isinstance(answer, AskdocError):
                    raise answer
                yield answer
                turn += 1


def resume(file: Path, questions: Sequence[str]) -> Kept:
    """Tell what answers `file` holds already; a line cut short is taken off.

    Raises:
        UsageError: `file` holds something else than answers to the first of `questions`; the first
            line that differs is named.

    """
    if not file.exists():
        return Kept()
    whole = file.read_bytes()
    kept = whole[: whole.rfind(b"\n") + 1]
    lines = kept.splitlines()
    answers = [_read(line) for line in lines]
    for number, answer in enumerate(answers, 1):
        asked = questions[number - 1] if number <= len(questions) else None
        if told := _misfit(number, answer, asked):
            raise _refusal(file, told, number - 1)
    rest = whole[len(kept) :]
    if not (rest.startswith(_BEGINNING) or _BEGINNING.startswith(rest)):
        raise _refusal(file, f"line {len(lines) + 1} is no answer", len(lines))
    if len(kept) < len(whole):
        with file.open("r+b") as stream:
            stream.truncate(len(kept))
    made = {json.dumps(answer.get("fingerprint")): answer.get("fingerprint") for answer in answers}
    return Kept(len(lines), tuple(made.values()))


def refuse_mixing(file: Path, kept: Kept, fingerprint: Fingerprint) -> None:
    """Go on where the answers that `file` holds hang on the same as those to come.

    Raises:
        UsageError: they do not.

    """
    for made in kept.fingerprints:
        known = made if isinstance(made, dict) else {}
        told = [
            words
            for part, words in _OTHERWISE.items()
            if known.get(part) != _plain(getattr(fingerprint, part))
        ]
        if _libraries(known.get("models")) != _libraries(fingerprint.models):
            told = ["from other libraries", *(words for words in told if words == _NARROWED)]
        if told:
            message = f"the answers in `{file}` were made otherwise: {'; '.join(told)}"
            hint = "ask as you did then, or name another file with `--output`"
            raise UsageError(message, hint=hint)


def _misfit(number: int, answer: Mapping[str, Any], asked: str | None) -> str | None:
    """Say why a line cannot stand where it does; None where it answers what is asked there."""
    question = answer.get("question")
    if not isinstance(question, str):
        return f"line {number} is no answer"
    if asked is None:
        return f"line {number} answers `{_short(question)}`, and the batch has no question more"
    if question != asked:
        return f"line {number} answers `{_short(question)}`, and the batch asks `{_short(asked)}`"
    return None


def _refusal(file: Path, told: str, good: int) -> UsageError:
    """Refuse an output for what is told of the line after the first `good` ones."""
    hint = "it is left as it is; name another file with `--output`"
    if good:
        named, other = shlex.quote(str(file)), shlex.quote(f"{file.with_suffix('')}-2{file.suffix}")
        hint += f". To go on from the lines before: `head -n {good} {named} > {other}`"
    return UsageError(f"`{file}` does not hold answers to these questions: {told}", hint=hint)


def _short(question: str) -> str:
    return question if len(question) <= _SHOWN else f"{question[:_SHOWN].rstrip()} …"


def _libraries(models: Any) -> set[str]:
    """List the libraries that were asked together, which stand before the roles of their models."""
    named = models if isinstance(models, Mapping) else {}
    return {str(role).partition(":")[0] for role in named if ":" in str(role)}


def _plain(part: Any) -> Any:
    return dict(part) if isinstance(part, Mapping) else part


def _read(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
