"""Many questions, answered in order; and going on where an earlier run stopped."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from askdoc.errors import AskdocError, UsageError
from askdoc.parallel import OpenWorker, each
from askdoc.text import one_line
from askdoc.types import Answer


def questions_in(lines: Iterable[str]) -> list[str]:
    """List the questions of a file, one a line; blank lines and `#` comments are none."""
    found = (one_line(line) for line in lines)
    return [line for line in found if line and not line.startswith("#")]


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
