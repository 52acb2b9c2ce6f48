"""`askdoc eval import` and `askdoc eval export`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from askdoc.cli.eval.options import Documents, SuiteName, indexed, suite_path
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import Index
from askdoc.errors import UsageError
from askdoc.paths import seen_from

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
            "--format", metavar="NAME", help="squad, beir, ragas, promptfoo or table; else guessed."
        ),
    ] = None,
) -> None:
    """Make a suite from SQuAD, BEIR, Ragas, promptfoo or a table.

    Where documents come with the questions, the target is a folder that gets `suite.jsonl` and
    `docs/`, ready for `askdoc eval TARGET/suite.jsonl --documents TARGET/docs`.

    Examples:
        askdoc eval import dev-v2.0.json squad
        askdoc eval import questions.csv evals/mine.jsonl
        askdoc eval import promptfooconfig.yaml evals/mine.jsonl
    """
    from askdoc.cli.eval.suites import say
    from askdoc.evals import suite as suites
    from askdoc.evals.exchange import parse_yaml, read
    from askdoc.render.indexing import count

    imported = read(here() / source, kind, parse_yaml=parse_yaml)
    folder = here() / target
    as_file = folder.suffix == ".jsonl"
    path = folder if as_file else folder / "suite.jsonl"
    if path.exists():
        message = f"`{path}` is there already"
        raise UsageError(message, hint="name another target")
    suites.save(path, imported.cases)
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
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
    index: Index = None,
) -> None:
    """Write a suite in another tool's format; squad and beir take the documents along.

    Examples:
        askdoc eval export mine out --format ragas
    """
    from askdoc.cli.eval.suites import say
    from askdoc.evals import suite as suites
    from askdoc.evals.exchange import export as convert
    from askdoc.evals.grade import GoldFinder

    workspace = open_workspace(index=index)
    loaded = suites.load(suite_path(suite, workspace))
    with ExitStack() as stack:
        gold = None
        if kind in _NEEDS_DOCUMENTS:
            gold = GoldFinder(stack.enter_context(indexed(workspace, documents)))
        files = convert(kind, loaded.name, loaded.cases, gold)
    folder = here() / target
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        message = f"`{target / there[0]}` is there already"
        raise UsageError(message, hint="name another folder, or write over it: `--force`")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        say(f"wrote {path}")
