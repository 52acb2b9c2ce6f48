"""`askdoc search`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from askdoc import app
from askdoc.ask import query
from askdoc.cli.ask import read_question
from askdoc.cli.open import here, open_answerer, open_workspaces
from askdoc.cli.options import (
    AsSearchJson,
    Embedder,
    Groups,
    Index,
    Libraries,
    Sources,
    TopK,
    Where,
    Words,
)
from askdoc.cli.output import print_json
from askdoc.errors import UsageError
from askdoc.formats import search_to_json
from askdoc.paths import seen_from
from askdoc.render.answers import passage_lines
from askdoc.render.console import errors, output
from askdoc.render.errors import note_line
from askdoc.strings import escaped, one_line

if TYPE_CHECKING:
    from askdoc.ask.answer import Answerer
    from askdoc.types import Passage, Span
    from askdoc.types.ports import Analyser

    Lines = Callable[[str, Span], tuple[int, int]]

_WORD = re.compile(r"\w+")


def search(  # noqa: PLR0913 - one parameter for each option
    question: Words = None,
    *,
    as_json: AsSearchJson = False,
    vimgrep: Annotated[
        bool, typer.Option("--vimgrep", help="Print `FILE:LINE:COLUMN:TEXT`, as editors read it.")
    ] = False,
    source: Sources = None,
    where: Where = None,
    top_k: TopK = None,
    embedder: Embedder = None,
    library: Libraries = None,
    index: Index = None,
    group: Groups = None,
) -> None:
    """Find the passages that fit a question best.

    A "phrase" in quotation marks must occur in the passage. -term and -"a phrase" exclude passages
    that hold them. In a terminal, the words of the question are marked.

    Examples:
        askdoc search "isolation and innovation"
        askdoc search --top-k 3 --json "isolation and innovation"
        askdoc search 'isolation "great nation" -trade'
        askdoc search --library law --library tax "void contract"
        vim -q <(askdoc search --vimgrep "isolation")
    """
    text = read_question(question)
    if not text.strip():
        message = "there is nothing to search for"
        raise UsageError(message, hint='name it: `askdoc search "WORDS"`')
    workspaces = open_workspaces(
        library=library,
        index=index,
        embedder=embedder,
        top_k=top_k,
        groups=tuple(group) if group else None,
    )
    with ExitStack() as stack:
        load_model = stack.enter_context(app.language_models())
        answerers = {
            name: stack.enter_context(open_answerer(one, errors(), load_model=load_model))
            for name, one in workspaces.items()
        }
        found = [
            _search(answerer, text, source, where, name) for name, answerer in answerers.items()
        ]
        ranked = [one for one in chain.from_iterable(zip_longest(*found)) if one is not None]
        settings = next(iter(workspaces.values())).settings
        passages = ranked[: settings.top_k]

        def lines(document_id: str, span: Span) -> tuple[int, int]:
            home = next(
                item.document.library for item in passages if item.document.id == document_id
            )
            return answerers[home].lines(document_id, span)

        if as_json:
            print_json(search_to_json(text, passages, base=here(), lines=lines))
        elif vimgrep:
            page = output()
            page.show(Text(line) for line in _grep_lines(passages, lines))
        else:
            page = output()
            analyser = next(iter(answerers.values())).parts.sources.analyser
            marked = _matches(text, analyser, app.language_of(text, settings))
            page.show(passage_lines(passages, page, lines=lines, marked=marked))
        if not passages and not as_json:
            page = errors()
            page.show([note_line("no passage has what you search for", page)])


def _search(
    answerer: Answerer,
    text: str,
    source: list[str] | None,
    where: list[str] | None,
    library: str | None,
) -> list[Passage]:
    """Return the passages of one library; with several, their documents name it."""
    found = answerer.search(text, documents=app.narrowed(answerer, source or (), where or ()))
    if library is None:
        return list(found)
    return [replace(one, document=replace(one.document, library=library)) for one in found]


def _matches(
    question: str, analyser: Analyser, language: str
) -> Callable[[str], list[tuple[int, int]]]:
    """Return the spans of a text that have a term of the question, in any form."""
    wanted = set(analyser.terms(query.read(question).text, language))

    def spans(text: str) -> list[tuple[int, int]]:
        return [
            found.span()
            for found in _WORD.finditer(text)
            if wanted.intersection(analyser.terms(found.group(), language))
        ]

    return spans


def _grep_lines(passages: list[Passage], lines: Lines) -> Iterator[str]:
    """Write each passage as a line with its file, as `grep` would."""
    for passage in passages:
        first, _ = lines(passage.document.id, passage.chunk.span)
        file = escaped(seen_from(here(), passage.document.file))
        yield f"{file}:{first}:1:{one_line(passage.chunk.text)}"
