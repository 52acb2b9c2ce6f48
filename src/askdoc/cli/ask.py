"""`askdoc ask`, which is also `askdoc "QUESTION"`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from askdoc.cli.options import AsJson, Embedder, Index, Sources, TopK, Words, here, open_workspace

ABSTAINED = 3


def ask(  # noqa: PLR0913 - one parameter for each option
    question: Words = None,
    *,
    as_json: AsJson = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show who ranked what where, and every score.")
    ] = False,
    source: Sources = None,
    max_sentences: Annotated[
        int | None,
        typer.Option("--max-sentences", metavar="N", help="Cite this many sentences at most."),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            "--min-confidence", metavar="P", help="Answer only from this confidence, 0 to 1."
        ),
    ] = None,
    top_k: TopK = None,
    embedder: Embedder = None,
    index: Index = None,
) -> None:
    """Answer a question from the documents, with its sources.

    The answer is made of the documents' own sentences. Where they do not hold it, askdoc says so
    and shows what comes nearest.

    Examples:
        askdoc "What did the committee decide?"
        askdoc ask --source "minutes/*.pdf" --explain "Who voted against it?"
        echo "What did the committee decide?" | askdoc ask - --json

    Exit codes: 0 answered, 1 error, 2 wrong usage, 3 the documents do not hold the answer.
    """
    from askdoc.cli.session import open_answerer
    from askdoc.render.answers import answer_lines, stale_note
    from askdoc.render.console import errors, output
    from askdoc.render.errors import note_line

    text = read_question(question)
    workspace = open_workspace(
        index=index,
        embedder=embedder,
        top_k=top_k,
        max_sentences=max_sentences,
        min_confidence=min_confidence,
    )
    aside = errors()
    with open_answerer(workspace, aside) as answerer:
        documents = answerer.resolve(source) if source else None
        answer = answerer.answer(text, documents=documents)
        if as_json:
            from askdoc.cli.output import print_json
            from askdoc.formats import answer_to_json

            print_json(answer_to_json(answer, base=here()))
        else:
            page = output()
            page.show(answer_lines(answer, page, lines=answerer.lines))
            if explain:
                from askdoc.render.explain import explain_lines
                from askdoc.render.layout import BLANK

                page.show([BLANK, *explain_lines(answer, page)])
    if note := stale_note(answer):
        aside.show([note_line(note, aside)])
    if answer.reason is not None:
        raise typer.Exit(ABSTAINED)


def read_question(words: list[str] | None) -> str:
    """Join the words of a question; a single `-` stands for all of standard input."""
    if words == ["-"]:
        return sys.stdin.buffer.read().decode("utf-8", errors="replace")
    return " ".join(words or ())
