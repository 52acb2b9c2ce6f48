"""`askdoc ask --batch`: every line of a file is a question, every line of the output an answer."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from askdoc.cli.batching import (
    Kept,
    Lines,
    answer_all,
    answered,
    questions_in,
    refuse_mixing,
    resume,
)
from askdoc.cli.input import bounded, read_all
from askdoc.cli.open import open_for_many
from askdoc.cli.options import here
from askdoc.errors import UsageError, unwritable
from askdoc.formats import answer_to_json, dumps
from askdoc.render.counting import CountProgress
from askdoc.render.errors import note_line
from askdoc.system.interrupt import ending_in_order

if TYPE_CHECKING:
    from askdoc.render.console import Page
    from askdoc.types import Answer
    from askdoc.workspace import Workspace

Write = Callable[[str], object]

_LONGEST = 100_000_000
"""Bytes of a file of questions at most: one with more may have no end."""
_STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def run_batch(
    workspaces: Mapping[str | None, Workspace],
    batch: Path,
    to: Path | None,
    source: list[str] | None,
    aside: Page,
) -> None:
    """Answer the questions of `batch` in order, as JSON lines; go on where `to` ends.

    What is no file that keeps what is written, such as a pipe, is written to alone.

    Raises:
        UsageError: a file cannot be read or written, or `to` holds something else.

    """
    from askdoc.store.files import alone_with

    if str(to) in _STANDARD_OUTPUT:
        to = None
    kept_in = None if to is None or _flows(to) else to
    if kept_in and _is_same(kept_in, batch):
        message = f"`{to}` holds the questions, so that answers cannot go there"
        raise UsageError(message, hint="name another file with `--output`")
    lines = read_questions(batch)
    _tell(lines, batch, aside)
    questions = lines.questions
    with ExitStack() as stack:
        stack.enter_context(ending_in_order())
        if kept_in:
            stack.enter_context(alone_with(kept_in))
        kept = resume(kept_in, questions) if kept_in else Kept()
        asked, open_again = stack.enter_context(open_for_many(workspaces, aside))
        documents = asked.resolve(source) if source else None
        fingerprint = asked.fingerprint_for(documents)
        if kept_in:
            refuse_mixing(kept_in, kept, fingerprint)
        done = kept.count
        if done == len(questions):
            return

        @contextmanager
        def worker() -> Iterator[Callable[[str], Answer]]:
            with open_again() as own:
                ask = partial(own.answer, documents=documents)
                yield lambda question: answered(question, ask, fingerprint)

        write = stack.enter_context(_writing(to))
        progress = CountProgress("Answering", len(questions), aside, done=done)
        stack.enter_context(progress)
        for answer in answer_all(questions[done:], worker, _jobs(workspaces)):
            write(dumps(answer_to_json(answer, base=here()), ascii_only=True, indent=None) + "\n")
            progress.step()


def _flows(to: Path) -> bool:
    """Tell whether what is written to `to` is gone then: it is a device or a pipe.

    Raises:
        UsageError: nothing can be added to what it is.

    """
    try:
        mode = to.stat().st_mode
    except OSError:  # whoever opens it says what is wrong, if anything is
        return False
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
        return True
    if not stat.S_ISREG(mode):
        message = f"`{to}` is a folder" if stat.S_ISDIR(mode) else f"`{to}` is not a regular file"
        raise UsageError(message, hint="name a file with `--output`")
    return False


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _tell(lines: Lines, batch: Path, aside: Page) -> None:
    """Say which lines are no questions, where a reader may think that they are."""
    if lines.comments:
        told = (
            "1 line that begins with `#` is a comment and not asked"
            if lines.comments == 1
            else f"{lines.comments} lines that begin with `#` are comments and not asked"
        )
        aside.show([note_line(told, aside)])
    for number, text in lines.without_question:
        told = f"line {number} of `{batch}` says what to leave out, and asks for nothing: `{text}`"
        aside.show([note_line(told, aside)])


def _jobs(workspaces: Mapping[str | None, Workspace]) -> int:
    """Say how many questions to ask at a time.

    While one looks things up, another keeps the cores busy. A language model on this machine takes
    them all anyway.
    """
    from askdoc.app import may_write
    from askdoc.evals.bench import default_jobs
    from askdoc.system.limits import cores

    if any(may_write(workspace.settings) for workspace in workspaces.values()):
        return min(default_jobs(workspace.settings.llm) for workspace in workspaces.values())
    return cores()


def read_questions(file: Path) -> Lines:
    """Read the questions of a file, one a line; `-` is standard input.

    Raises:
        UsageError: it cannot be read, is no text, or holds none.

    """
    try:
        if str(file) == "-":
            data = read_all(_LONGEST, "the batch")
        else:
            with file.open("rb") as opened:
                data = bounded(opened, _LONGEST, f"`{file}`")
    except OSError as error:
        message = f"cannot read `{file}`: {(error.strerror or str(error)).lower()}"
        raise UsageError(message) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        message = f"`{file}` is not text in UTF-8"
        hint = "write one question a line; of a text in another encoding, `iconv -t UTF-8` makes it"
        raise UsageError(message, hint=hint)
    lines = questions_in(text.splitlines())
    if not lines.questions:
        message = f"no question in `{file}`"
        raise UsageError(message, hint="write one question a line")
    return lines


@contextmanager
def _writing(to: Path | None) -> Iterator[Write]:
    """Write to standard output, or behind what a file holds; each answer is there at once."""
    if to is None:
        yield lambda text: (sys.stdout.write(text), sys.stdout.flush())
        return
    try:
        with to.open("a", encoding="utf-8", newline="\n", buffering=1) as stream:
            yield stream.write
    except OSError as error:
        raise unwritable(str(to), error) from error
