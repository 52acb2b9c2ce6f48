"""Many questions in order, embedded some at a time; and going on where an earlier run stopped."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from askdoc.errors import UsageError
from askdoc.text import one_line

if TYPE_CHECKING:
    from askdoc.ports import Matrix
    from askdoc.types import Answer

_SIZE = 32
"""Questions that are embedded as one: enough to be quick, and the first answer comes soon."""


class Answers(Protocol):
    """What a batch needs of who answers."""

    def embed(self, questions: Sequence[str]) -> Matrix:
        """Embed many questions in one go."""

    def answer(
        self,
        question: str,
        *,
        documents: Collection[str] | None = None,
        vector: Matrix | None = None,
    ) -> Answer:
        """Answer one question; its embedding may be known."""


def questions_in(lines: Iterable[str]) -> list[str]:
    """List the questions of a file, one a line; blank lines and `#` comments are none."""
    found = (one_line(line) for line in lines)
    return [line for line in found if line and not line.startswith("#")]


def answer_all(
    answerer: Answers, questions: Sequence[str], *, documents: Collection[str] | None = None
) -> Iterator[Answer]:
    """Answer every question, in order, as each is ready."""
    for start in range(0, len(questions), _SIZE):
        part = questions[start : start + _SIZE]
        for question, vector in zip(part, answerer.embed(part), strict=True):
            yield answerer.answer(question, documents=documents, vector=vector)


def resume(file: Path, questions: Sequence[str]) -> int:
    """Count the questions whose answers `file` holds already; a line cut short is taken off.

    Raises:
        UsageError: `file` holds something else than answers to the first of `questions`.

    """
    if not file.exists():
        return 0
    whole = file.read_bytes()
    kept = whole[: whole.rfind(b"\n") + 1]
    lines = kept.splitlines()
    answered = [_question(line) for line in lines]
    if answered != list(questions[: len(lines)]):
        message = f"`{file}` does not hold answers to these questions"
        raise UsageError(message, hint="delete it, or name another file with `--output`")
    if len(kept) < len(whole):
        with file.open("r+b") as stream:
            stream.truncate(len(kept))
    return len(lines)


def _question(line: bytes) -> str | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data.get("question") if isinstance(data, dict) else None
