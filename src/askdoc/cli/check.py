"""`askdoc check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from askdoc import app
from askdoc.ask.draft import Checked, DraftCheck, Standing
from askdoc.cli.open import (
    here,
    index_files,
    open_answerer,
    open_workspace,
    temporary_index,
)
from askdoc.cli.options import AsJson, Embedder, Index, Library, Sources, Where
from askdoc.cli.output import print_json
from askdoc.formats import citation_to_json
from askdoc.render.answers import citation_title
from askdoc.render.console import Page, errors, output
from askdoc.render.layout import BLANK, flat, hang
from askdoc.render.progress import CountProgress
from askdoc.strings import one_line
from askdoc.text.terms import SnowballAnalyser, terms_in
from askdoc.types.documents import Kind
from askdoc.write.check.checker import Check

UNSUPPORTED = 3
"""Exit code where a sentence is contradicted or has no source."""

_STATES = frozenset({Kind.PROSE, Kind.ITEM, Kind.QUOTE})
"""Kinds of text that state something: no headings, code, tables, fields and captions."""

_SHORTEST = 3
"""Words of the shortest sentence that is checked."""

_WORDS = {
    Standing.SUPPORTED: ("supported", "good"),
    Standing.PARTLY: ("partly supported", "warning"),
    Standing.CONTRADICTED: ("contradicted", "bad"),
    Standing.NO_SOURCE: ("no source", "bad"),
}


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of the draft and the line that it begins in."""

    text: str
    file: str
    line: int


def check(  # noqa: PLR0913 - one parameter for each option
    file: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="The draft, in any format; `-` is stdin."),
    ],
    *,
    as_json: AsJson = False,
    every: Annotated[
        bool, typer.Option("--all", help="Print the supported sentences, too.")
    ] = False,
    source: Sources = None,
    where: Where = None,
    embedder: Embedder = None,
    library: Library = None,
    index: Index = None,
) -> None:
    """Check the sentences of a draft against the documents.

    Each sentence is searched in the index, then checked against the sentences nearest to it. It is
    supported, partly supported, contradicted, or has no source. Headings, code, tables and
    questions are not checked. No language model writes, and nothing is added to the index.

    The model that checks reads English. In other languages numbers, names and words decide.

    Examples:
        askdoc check report.docx
        askdoc check --all --source "minutes/*.pdf" summary.md
        askdoc check --json draft.md > check.json

    Exit codes: 0 no sentence is contradicted or without a source, 1 error, 2 wrong usage, 3 some
    sentence is.
    """
    notes = errors()
    workspace = open_workspace(library=library, index=index, embedder=embedder)
    sentences = _sentences(file, embedder, notes)
    checked: list[tuple[_Sentence, Checked]] = []
    with ExitStack() as stack:
        answerer = stack.enter_context(open_answerer(workspace, notes))
        documents = app.narrowed(answerer, source or (), where or ())
        analyser = SnowballAnalyser()
        language = app.language_of(" ".join(s.text for s in sentences[:50]), workspace.settings)
        terms = terms_in(analyser, language)

        judge = DraftCheck(answerer, Check(terms, language=analyser.language))
        with CountProgress("Checking", len(sentences), notes) as progress:
            before = ""
            for sentence in sentences:
                checked.append((sentence, judge(sentence.text, documents, before=before)))
                before = sentence.text
                progress.step()
    if as_json:
        print_json(_as_json(checked))
    else:
        page = output()
        shown = [pair for pair in checked if every or pair[1].standing is not Standing.SUPPORTED]
        for sentence, found in shown:
            page.show([*_lines(sentence, found, page), BLANK])
        page.show([_total(checked)])
    bad = (Standing.CONTRADICTED, Standing.NO_SOURCE)
    if any(found.standing in bad for _, found in checked):
        raise typer.Exit(UNSUPPORTED)


def _sentences(files: list[str], embedder: str | None, notes: Page) -> list[_Sentence]:
    """Read the drafts into an index of their own, and list what they state."""
    with temporary_index() as folder:
        workspace = open_workspace(library=None, index=folder, embedder=embedder)
        index_files(workspace, files, notes)
        found = []
        with app.open_made(workspace) as catalog:
            for document in catalog.documents():
                ends = -1
                for chunk in catalog.chunks_of(document.id):
                    for span in chunk.sentences:
                        text = one_line(chunk.sentence(span))
                        states = document.structure.kind_at(span.start) in _STATES
                        if span.start < ends or not states or text.endswith("?"):
                            continue
                        ends = span.end
                        if len(text.split()) >= _SHORTEST:
                            line, _ = catalog.lines(document.id, span)
                            found.append(_Sentence(text, document.path, line))
    return found


def _lines(sentence: _Sentence, found: Checked, page: Page) -> Iterator[Text]:
    """Lay out a sentence with its standing, the reasons and the cited sentences."""
    word, style = _WORDS[found.standing]
    first = Text.assemble((f"{Path(sentence.file).name}:{sentence.line}  ", "faint"), (word, style))
    if found.reasons:
        first.append(f"  {'; '.join(found.reasons)}", style="faint")
    yield hang(first, page, rest="    ")
    yield hang(flat(sentence.text), page, first="  ")
    for citation in found.citations:
        quoted = flat(one_line(citation.quote), "quote")
        yield hang(quoted, page, first=f"    [{citation.label}] ", rest="        ")
        yield hang(citation_title(citation, page), page, first="        ")


def _total(checked: list[tuple[_Sentence, Checked]]) -> Text:
    counts = Counter(found.standing for _, found in checked)
    parts = [f"{n} {word}" for standing, (word, _) in _WORDS.items() if (n := counts[standing])]
    count = f"{len(checked)} sentence{'' if len(checked) == 1 else 's'}"
    return Text(f"{count}: {', '.join(parts)}")


def _as_json(checked: list[tuple[_Sentence, Checked]]) -> dict[str, Any]:
    counts = Counter(found.standing for _, found in checked)
    return {
        "schema": "askdoc.check/1",
        "counts": {standing.value: counts[standing] for standing in Standing},
        "sentences": [
            {
                "text": sentence.text,
                "file": sentence.file,
                "line": sentence.line,
                "standing": found.standing.value,
                "probability": round(found.probability, 4),
                "reasons": list(found.reasons),
                "citations": [citation_to_json(one, base=here()) for one in found.citations],
            }
            for sentence, found in checked
        ],
    }
