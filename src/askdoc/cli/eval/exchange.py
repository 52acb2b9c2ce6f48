"""`askdoc eval import` and `askdoc eval export`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from askdoc.cli.eval.options import Documents, SuiteName, indexed, say, suite_path
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import Index
from askdoc.errors import UsageError
from askdoc.evals import exchange
from askdoc.evals import suite as suite_files
from askdoc.evals.grade import GoldFinder
from askdoc.paths import seen_from
from askdoc.render.indexing import count

_NEEDS_DOCUMENTS = frozenset({"squad", "beir"})


def import_(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A file, or a folder in BEIR's layout.")
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="TARGET", help="A folder for suite and documents, or a `.jsonl` file."
        ),
    ],
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="squad, beir, ragas, promptfoo or table; by default guessed.",
        ),
    ] = None,
) -> None:
    """Make a suite from SQuAD, BEIR, Ragas, promptfoo or a table.

    If documents come with the questions, give a folder as the target. It gets `suite.jsonl` and
    `docs/`, for `askdoc eval TARGET/suite.jsonl --documents TARGET/docs`.

    Examples:
        askdoc eval import dev-v2.0.json squad
        askdoc eval import questions.csv evals/mine.jsonl
        askdoc eval import promptfooconfig.yaml evals/mine.jsonl
    """
    imported = exchange.read(here() / source, kind)
    folder = here() / target
    as_file = folder.suffix == ".jsonl"
    path = folder if as_file else folder / "suite.jsonl"
    if path.exists():
        message = f"`{path}` exists already"
        raise UsageError(message, hint="name another target")
    suite_files.save(path, imported.cases)
    docs = path.parent / "docs"
    documents = {} if as_file else imported.documents
    for name, text in documents.items():
        docs.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8", newline="")
    cases = count(len(imported.cases), "case")
    shown = seen_from(here(), str(path))
    say(f"{cases}, {count(len(documents), 'document')}: {shown}")
    beside = f" --documents {seen_from(here(), str(docs))}" if documents else ""
    say(f"run it: `askdoc eval {shown}{beside}`")


def export(
    suite: SuiteName,
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write.")],
    *,
    kind: Annotated[
        str,
        typer.Option("--format", metavar="NAME", help="squad, beir, ragas, promptfoo or table."),
    ] = "table",
    documents: Documents = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    index: Index = None,
) -> None:
    """Write a suite in another tool's format; squad and beir include the documents.

    Examples:
        askdoc eval export mine out --format ragas
    """
    workspace = open_workspace(index=index)
    loaded = suite_files.load(suite_path(suite, workspace))
    with ExitStack() as stack:
        gold = None
        if kind in _NEEDS_DOCUMENTS:
            gold = GoldFinder(stack.enter_context(indexed(workspace, documents)))
        files = exchange.write(kind, loaded.name, loaded.cases, gold)
    folder = here() / target
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        message = f"`{target / there[0]}` exists already"
        raise UsageError(message, hint="name another folder, or overwrite it: `--force`")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        say(f"wrote {path}")
