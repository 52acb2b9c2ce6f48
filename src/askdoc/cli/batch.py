"""`askdoc ask --batch`: every line of a file is a question, every line of the output an answer."""

from __future__ import annotations

import json
import shlex
import stat
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from askdoc.app import may_write, narrowed
from askdoc.ask import query
from askdoc.cli.input import bounded, read_all
from askdoc.cli.open import here, open_for_many
from askdoc.errors import AskdocError, UsageError, unwritable
from askdoc.evals.bench import default_jobs
from askdoc.formats import answer_to_json, dumps
from askdoc.render.errors import note_line
from askdoc.render.progress import CountProgress
from askdoc.store.files import alone_with
from askdoc.strings import one_line
from askdoc.system.interrupt import ending_in_order
from askdoc.system.limits import cores
from askdoc.system.parallel import OpenWorker, each
from askdoc.types import Answer, Fingerprint, Reason, Status

if TYPE_CHECKING:
    from askdoc.render.console import Page
    from askdoc.workspace import Workspace


_NARROWED = "from other documents (`--source`, `--where`)"
_OTHERWISE = {
    "corpus": "the index is another one or has changed",
    "settings": "with other settings",
    "models": "with other models",
    "version": "by another version of askdoc",
    "scope": _NARROWED,
}
"""Names of the fields of a fingerprint, for messages."""

_BEGINNING = b'{"schema": "askdoc.answer/'
"""The beginning of every answer in an output; it identifies an incomplete last line as ours."""
_SHOWN = 60
"""Most characters of a question in an error."""


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
        """List the lines that only have exclusions."""
        numbered = zip(self.numbers, self.questions, strict=True)
        return [(number, text) for number, text in numbered if _asks_nothing(text)]


@dataclass(frozen=True, slots=True)
class WrittenAnswers:
    """The existing answers of an output: their number and distinct fingerprints."""

    count: int = 0
    fingerprints: tuple[Any, ...] = ()


def questions_in(lines: Iterable[str]) -> Lines:
    """Parse the lines of a file: each is a question, unless it is blank or a `#` comment."""
    found = [(number, one_line(line)) for number, line in enumerate(lines, 1)]
    asked = [(number, line) for number, line in found if line and not line.startswith("#")]
    return Lines(
        questions=[line for _, line in asked],
        numbers=[number for number, _ in asked],
        comments=sum(line.startswith("#") for _, line in found),
    )


def answered(question: str, answer: Callable[[str], Answer], fingerprint: Fingerprint) -> Answer:
    """Answer one question; one with exclusions only gets an abstention."""
    if not _asks_nothing(question):
        return answer(question)
    return Answer(
        question=question,
        status=Status.ABSTAINED,
        claims=(),
        citations=(),
        evidence=(),
        passages=(),
        reason=Reason("empty_question", "the line only excludes terms and asks nothing"),
        confidence=0.0,
        generator="extractive",
        fingerprint=fingerprint,
    )


def _asks_nothing(question: str) -> bool:
    return not query.read(question).text


def answer_all(
    questions: Sequence[str], open_worker: OpenWorker[str, Answer], jobs: int
) -> Generator[Answer]:
    """Yield the answers in order, each as soon as possible; `jobs` questions are asked at a time.

    `open_worker` is that of `parallel.each`. An error is raised in the question's turn, after all
    earlier answers, so a later run continues with that question.
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


def resume(file: Path, questions: Sequence[str]) -> WrittenAnswers:
    """Return the existing answers of `file`; an incomplete last line is removed.

    Raises:
        UsageError: `file` has something else than answers to the first of `questions`; the message
            names the first line that differs.

    """
    if not file.exists():
        return WrittenAnswers()
    content = file.read_bytes()
    complete = content[: content.rfind(b"\n") + 1]
    lines = complete.splitlines()
    answers = [_read(line) for line in lines]
    for number, answer in enumerate(answers, 1):
        asked = questions[number - 1] if number <= len(questions) else None
        if difference := _misfit(number, answer, asked):
            raise _refusal(file, difference, number - 1)
    rest = content[len(complete) :]
    if not (rest.startswith(_BEGINNING) or _BEGINNING.startswith(rest)):
        raise _refusal(file, f"line {len(lines) + 1} is no answer", len(lines))
    if len(complete) < len(content):
        with file.open("r+b") as stream:
            stream.truncate(len(complete))
    made = {json.dumps(answer.get("fingerprint")): answer.get("fingerprint") for answer in answers}
    return WrittenAnswers(len(lines), tuple(made.values()))


def refuse_mixing(file: Path, complete: WrittenAnswers, fingerprint: Fingerprint) -> None:
    """Check that the existing answers of `file` have the fingerprint of the new ones.

    Raises:
        UsageError: they have another.

    """
    for made in complete.fingerprints:
        known = made if isinstance(made, dict) else {}
        differences = [
            words
            for part, words in _OTHERWISE.items()
            if known.get(part) != _plain(getattr(fingerprint, part))
        ]
        if _libraries(known.get("models")) != _libraries(fingerprint.models):
            differences = [
                "from other libraries",
                *(words for words in differences if words == _NARROWED),
            ]
        if differences:
            message = f"the answers in `{file}` come from another run: {'; '.join(differences)}"
            hint = "repeat that run, or name another file with `--output`"
            raise UsageError(message, hint=hint)


def _misfit(number: int, answer: Mapping[str, Any], asked: str | None) -> str | None:
    """Return why a line is wrong; None if it answers the question of its number."""
    question = answer.get("question")
    if not isinstance(question, str):
        return f"line {number} is no answer"
    if asked is None:
        return f"line {number} answers `{_short(question)}`, and the batch has no question more"
    if question != asked:
        return f"line {number} answers `{_short(question)}`, and the batch asks `{_short(asked)}`"
    return None


def _refusal(file: Path, difference: str, good: int) -> UsageError:
    """Return the error about the line after the first `good` ones."""
    hint = "it stays as it is; name another file with `--output`"
    if good:
        named, other = shlex.quote(str(file)), shlex.quote(f"{file.with_suffix('')}-2{file.suffix}")
        hint += f" To continue from the lines before: `head -n {good} {named} > {other}`"
    return UsageError(
        f"`{file}` does not contain answers to these questions: {difference}", hint=hint
    )


def _short(question: str) -> str:
    return question if len(question) <= _SHOWN else f"{question[:_SHOWN].rstrip()} …"


def _libraries(models: Any) -> set[str]:
    """Return the libraries that were asked, which prefix the roles of their models."""
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


Write = Callable[[str], object]

_LONGEST = 100_000_000
"""Most bytes of a file of questions; a larger one may be endless."""
_STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def run_batch(
    workspaces: Mapping[str | None, Workspace],
    batch: Path,
    to: Path | None,
    source: list[str] | None,
    where: list[str] | None,
    stderr: Page,
) -> None:
    """Answer the questions of `batch` in order, as JSON lines; continue an existing `to`.

    A pipe or device is only written.

    Raises:
        UsageError: a file cannot be read or written, or `to` has other content.

    """
    if str(to) in _STANDARD_OUTPUT:
        to = None
    output = None if to is None or _flows(to) else to
    if output and _is_same(output, batch):
        message = f"`{to}` contains the questions, so answers cannot go there"
        raise UsageError(message, hint="name another file with `--output`")
    lines = read_questions(batch)
    _note_skipped_lines(lines, batch, stderr)
    questions = lines.questions
    with ExitStack() as stack:
        stack.enter_context(ending_in_order())
        if output:
            stack.enter_context(alone_with(output))
        written = resume(output, questions) if output else WrittenAnswers()
        asked, open_again = stack.enter_context(open_for_many(workspaces, stderr))
        documents = narrowed(asked, source or (), where or ())
        fingerprint = asked.fingerprint_for(documents)
        if output:
            refuse_mixing(output, written, fingerprint)
        done = written.count
        if done == len(questions):
            return

        @contextmanager
        def worker() -> Iterator[Callable[[str], Answer]]:
            with open_again() as own:
                ask = partial(own.answer, documents=documents)
                yield lambda question: answered(question, ask, fingerprint)

        write = stack.enter_context(_writing(to))
        progress = CountProgress("Answering", len(questions), stderr, done=done)
        stack.enter_context(progress)
        for answer in answer_all(questions[done:], worker, _jobs(workspaces)):
            write(dumps(answer_to_json(answer, base=here()), ascii_only=True, indent=None) + "\n")
            progress.step()


def _flows(to: Path) -> bool:
    """Tell whether `to` is a device or a pipe, which cannot be read back.

    Raises:
        UsageError: it cannot be written.

    """
    try:
        mode = to.stat().st_mode
    except OSError:  # opening the file will report the problem
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


def _note_skipped_lines(lines: Lines, batch: Path, stderr: Page) -> None:
    """Note which lines are not questions although they may look like it."""
    if lines.comments:
        line = (
            "1 line that begins with `#` is a comment and not asked"
            if lines.comments == 1
            else f"{lines.comments} lines that begin with `#` are comments and not asked"
        )
        stderr.show([note_line(line, stderr)])
    for number, text in lines.without_question:
        line = f"line {number} of `{batch}` says what to leave out, and asks for nothing: `{text}`"
        stderr.show([note_line(line, stderr)])


def _jobs(workspaces: Mapping[str | None, Workspace]) -> int:
    """Return how many questions to ask at a time.

    While one waits for the disk, another uses the cores. A local language model uses all cores
    anyway.
    """
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
        hint = "write one question a line; convert it with `iconv -t UTF-8`"
        raise UsageError(message, hint=hint)
    lines = questions_in(text.splitlines())
    if not lines.questions:
        message = f"no question in `{file}`"
        raise UsageError(message, hint="write one question a line")
    return lines


@contextmanager
def _writing(to: Path | None) -> Iterator[Write]:
    """Write to standard output, or append to a file; each answer is flushed at once."""
    if to is None:
        yield lambda text: (sys.stdout.write(text), sys.stdout.flush())
        return
    try:
        with to.open("a", encoding="utf-8", newline="\n", buffering=1) as stream:
            yield stream.write
    except OSError as error:
        raise unwritable(str(to), error) from error
