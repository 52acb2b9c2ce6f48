"""`askdoc ask`, which is also `askdoc "QUESTION"`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askdoc.app import narrowed
from askdoc.cli.base import MISTYPED
from askdoc.cli.input import LONGEST, STANDARD_INPUT, has_input, is_at_end, is_piped, read_all
from askdoc.cli.open import (
    here,
    index_files,
    name_input,
    open_asked,
    open_workspaces,
    temporary_index,
)
from askdoc.cli.options import (
    AsAnswerJson,
    Brief,
    Embedder,
    Groups,
    Index,
    Libraries,
    Llm,
    MaxSentences,
    MinConfidence,
    Offline,
    Quotes,
    Reranker,
    SecondCheck,
    Sources,
    TopK,
    Unsupported,
    Where,
    Words,
)
from askdoc.cli.output import print_json
from askdoc.errors import NoIndex, UsageError
from askdoc.formats import answer_to_json
from askdoc.render.answers import View
from askdoc.render.console import errors, output
from askdoc.render.errors import note_line
from askdoc.render.generation import ClaimStream
from askdoc.render.outcome import ABSTAINED, Style, exit_code, show_answer, show_notes
from askdoc.serve.client import leave_behind
from askdoc.types.ports import ignore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from askdoc.workspace import Workspace

_PATIENCE = 2
"""Seconds without input on a pipe before a note says what askdoc waits for."""


def ask(  # noqa: PLR0913 - one parameter for each option
    ctx: typer.Context,
    question: Words = None,
    *,
    as_json: AsAnswerJson = False,
    brief: Brief = False,
    quotes: Quotes = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", "-e", help="Show ranks, scores, and the signals of the confidence."
        ),
    ] = False,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Ask this file or folder and no index; `-` is standard input; repeatable.",
        ),
    ] = None,
    source: Sources = None,
    where: Where = None,
    max_sentences: MaxSentences = None,
    min_confidence: MinConfidence = None,
    top_k: TopK = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            "--batch",
            metavar="FILE",
            help="Answer each line of FILE, with `--json` only; `#` begins a comment.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write a batch to this file; a batch that stopped continues there.",
        ),
    ] = None,
    llm: Llm = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 also where the answer is not sure.")
    ] = False,
    no_stream: Annotated[
        bool,
        typer.Option("--no-stream", help="Print the answer only when it is complete."),
    ] = False,
    check: SecondCheck = None,
    show_unsupported: Unsupported = None,
    offline: Offline = None,
    embedder: Embedder = None,
    reranker: Reranker = None,
    library: Libraries = None,
    index: Index = None,
    group: Groups = None,
) -> None:
    """Answer a question from the documents, with its sources.

    The answer consists of sentences of the documents, each marked between its neighbours and with
    its place. If askdoc is not sure that they answer, it says so. If the documents do not hold the
    answer, it shows what comes nearest.

    Words in "quotation marks" must be in the passage, if any passage has them. -term and
    -"a phrase" exclude passages that have it. Put the whole question in single quotes.

    Text piped in beside a question is asked instead of the index, as with `--file -`.

    Examples:
        askdoc "What did the committee decide?"
        askdoc ask --brief "Who chairs the committee?"
        askdoc ask --source "minutes/*.pdf" --explain "Who voted against it?"
        askdoc ask --where "date>=2024" "Who voted against it?"
        askdoc 'Who voted against the "new harbour" -draft'
        echo "What did the committee decide?" | askdoc ask - --json
        askdoc ask --batch questions.txt --json --output answers.jsonl
        askdoc ask --llm smollm2-135m "What did the committee decide?"
        askdoc ask --library law --library tax "When is rent deductible?"
        askdoc -f report.pdf "What was the revenue?"
        curl https://example.org/notes.txt | askdoc "Who was there?"

    Exit codes: 0 answered, or not sure without `--strict`, 1 error, 2 wrong usage, 3 the documents
    do not hold the answer, 4 the language model failed and the answer is extracted or incomplete.
    A batch ends with 0 if every line has a result; its `status` says which.
    """
    _check_batch(question, batch, to, as_json=as_json)
    if brief and quotes:
        message = "`--brief` and `--quotes` exclude each other"
        raise UsageError(message, hint="give one of them")
    view = View.BRIEF if brief else View.QUOTES if quotes else View.CONTEXT
    files = _files_asked(file, question, batch)
    stderr = errors()
    with ExitStack() as stack:
        if files:
            _refuse_with_files(library=library, index=index, batch=batch)
            index = str(stack.enter_context(temporary_index()))
        workspaces = open_workspaces(
            library=library,
            index=index,
            embedder=embedder,
            reranker=reranker,
            check=check,
            top_k=top_k,
            max_sentences=max_sentences,
            min_confidence=min_confidence,
            llm=llm,
            show_unsupported=show_unsupported,
            offline=offline,
            groups=tuple(group) if group else None,
        )
        if batch is not None:
            from askdoc.cli.batch import run_batch

            run_batch(workspaces, batch, to, source, where, stderr)
            return
        text = read_question(question)
        if files:
            index_files(workspaces[None], files, stderr)
        stack.enter_context(_suggest_command(ctx))
        answerer = stack.enter_context(open_asked(workspaces, stderr))
        documents = narrowed(answerer, source or (), where or ())
        stream = ClaimStream(output())
        listen = ignore if as_json or no_stream or brief else stream
        answer = answerer.answer(text, documents=documents, listen=listen)
        if STANDARD_INPUT in files:
            answer = name_input(answer, workspaces[None])
        if as_json:
            print_json(answer_to_json(answer, base=here()))
        else:
            withheld = any(item.settings.show_unsupported for item in workspaces.values())
            style = Style(view, explain=explain, withheld=withheld)
            show_answer(answer, output(), stderr, style, lines=answerer.lines, shown=stream.count)
    show_notes(answer, stderr)
    code = exit_code(answer, strict=strict)
    if code == ABSTAINED and (command := ctx.meta.get(MISTYPED)):
        stderr.show([note_line(f"did you mean the command `{command}`?", stderr)])
    _keep_warm(workspaces)
    if code:
        raise typer.Exit(code)


def _keep_warm(workspaces: Mapping[str | None, Workspace]) -> None:
    """Leave an engine behind for the next questions, where the user has set that."""
    first = next(iter(workspaces.values()))
    if first.settings.keep_warm and first.origins["keep_warm"].trusted:
        names = [one.library for one in workspaces.values() if one.library]
        leave_behind(first.settings.keep_warm, names)


@contextmanager
def _suggest_command(ctx: typer.Context) -> Iterator[None]:
    """If there is no index, suggest the command that the question resembles."""
    try:
        yield
    except NoIndex as error:
        if command := ctx.meta.get(MISTYPED):
            error.hint = f"did you mean `{command}`? To ask, {error.hint}"
        raise


def _files_asked(
    given: list[str] | None, question: list[str] | None, batch: Path | None
) -> list[str]:
    """List what `--file` names; without it, standard input where text is piped in."""
    if given:
        return given
    if batch is not None or not question or question == [STANDARD_INPUT]:
        return []
    if not is_piped():
        return []
    if not has_input(within=_PATIENCE):
        stderr = errors()
        text = "reading the text from standard input; `< /dev/null` asks the index instead"
        stderr.show([note_line(text, stderr)])
    return [] if is_at_end() else [STANDARD_INPUT]


def _refuse_with_files(*, library: list[str] | None, index: str | None, batch: Path | None) -> None:
    """Refuse options that name another index than that of the files."""
    named = {"--library": library, "--index": index, "--batch": batch}
    if other := next((option for option, value in named.items() if value), None):
        message = f"`{other}` and `--file` do not go together"
        raise UsageError(message, hint="give one of them")


def _check_batch(
    question: list[str] | None, batch: Path | None, to: Path | None, *, as_json: bool
) -> None:
    """Refuse options that do not fit a batch, or that need one."""
    if batch is None:
        if to is not None:
            message = "`--output` is for `--batch`"
            raise UsageError(message, hint="to write one answer to a file: `askdoc … > FILE`")
        return
    if question:
        message = "a question and `--batch` do not go together"
        raise UsageError(message, hint="give one of them")
    if not as_json:
        message = "a batch is written as JSON lines"
        raise UsageError(message, hint=f"add `--json`: `askdoc ask --batch {batch} --json`")


def read_question(words: list[str] | None) -> str:
    """Join the words of a question; a single `-` stands for all of standard input.

    Raises:
        UsageError: standard input is closed, too long, or not UTF-8.

    """
    if words == [STANDARD_INPUT]:
        try:
            return read_all(LONGEST, "the question").decode("utf-8")
        except UnicodeDecodeError as error:
            message = "the question on standard input is not UTF-8"
            raise UsageError(message, hint="convert it: `iconv -t UTF-8`") from error
    return " ".join(words or ())
