"""What the commands of `askdoc eval` share: finding suites and documents, and opening the bench."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from askdoc import app
from askdoc.cli.completion import suite_names
from askdoc.cli.open import build, here
from askdoc.errors import NoIndex, SuiteError, UsageError
from askdoc.evals import bench as benches
from askdoc.evals import suite as suite_files
from askdoc.evals.bench import Bench
from askdoc.evals.suite import Suite
from askdoc.paths import seen_from
from askdoc.render.console import Page, errors
from askdoc.render.errors import error_lines, note_line
from askdoc.render.layout import BLANK
from askdoc.render.notices import ModelNotices
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.workspace import Workspace

Documents = Annotated[
    Path | None,
    typer.Option(
        "--documents",
        metavar="DIR",
        help="Ask the documents of this folder instead of the workspace's.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="N",
        min=1,
        help="Ask N questions at a time; by default 4 of a model on a server, else 1.",
    ),
]
SuiteName = Annotated[
    str,
    typer.Argument(
        metavar="SUITE",
        help="A suite's file, or its name in the evals folder.",
        autocompletion=suite_names,
    ),
]

Suites = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SUITE",
        help="Files, or names in the evals folder; by default all suites there.",
        autocompletion=suite_names,
    ),
]


def say(message: str) -> None:
    """Say on standard error what was done."""
    page = errors()
    page.show([note_line(message, page)])


def suite_paths(names: Sequence[str] | None, workspace: Workspace) -> list[Path]:
    """Find suites by path or by name; without any, all of the workspace's evals folder.

    Raises:
        UsageError: there is none.

    """
    if names:
        return [suite_path(name, workspace) for name in names]
    found = sorted(workspace.evals.glob("*.jsonl")) if workspace.evals.is_dir() else []
    if not found:
        message = f"there is no suite in `{workspace.evals}`"
        raise UsageError(message, hint="write one: `askdoc eval new`, or name a suite's file")
    return found


def suite_path(name: str, workspace: Workspace, *, must_exist: bool = True) -> Path:
    """Find one suite by path, or by name in the workspace's evals folder.

    A folder that holds a `suite.jsonl` is a suite as well.

    Raises:
        UsageError: there is none, though it must exist; or the name stands for two.

    """
    given = here() / name
    named = workspace.evals / f"{name}.jsonl"
    inside = given / "suite.jsonl"
    if inside.is_file() and named.is_file():
        message = f"`{name}` is a suite of the evals folder and a folder with a suite"
        files = " or ".join(f"`{seen_from(here(), str(file))}`" for file in (named, inside))
        raise UsageError(message, hint=f"name the file: {files}")
    path = inside if inside.is_file() else given if given.suffix or given.is_file() else named
    if must_exist and not path.is_file():
        known = sorted(p.stem for p in workspace.evals.glob("*.jsonl"))
        message = f"there is no suite `{name}`"
        hint = f"there are: {', '.join(known)}" if known else "write one: `askdoc eval new`"
        raise UsageError(message, hint=hint)
    return path


def load_suites(paths: Sequence[Path]) -> list[Suite]:
    """Read suites, with names that differ."""
    return _distinct([suite_files.load(path) for path in paths])


def load_readable(paths: Sequence[Path], stderr: Page) -> tuple[list[Suite], int]:
    """Read the suites that can be read, report the others, and count those.

    Raises:
        SuiteError: no suite can be read.

    """
    loaded, broken = [], []
    for path in paths:
        try:
            loaded.append(suite_files.load(path))
        except SuiteError as error:
            broken.append(error)
    if broken and not loaded:
        raise broken[0]
    for problem in broken:
        stderr.show([*error_lines(problem, stderr), BLANK])
    return _distinct(loaded), len(broken)


def _distinct(loaded: list[Suite]) -> list[Suite]:
    names = [suite.name for suite in loaded]
    for name in names:
        if names.count(name) > 1:
            message = f"two suites are called `{name}`"
            raise UsageError(message, hint="run them one by one, or rename a file")
    return loaded


@contextmanager
def open_bench(
    workspace: Workspace, documents: Path | None, stderr: Page, *, cache: bool = True
) -> Iterator[Bench]:
    """Open what suites run on; an index of `documents` is brought up to date first.

    The workspace's own index is built only where there is none and its sources are known.
    """
    workspace = _ready(workspace, documents, stderr)
    with benches.bench(workspace, cache=cache, listen=ModelNotices(stderr)) as opened:
        yield opened


def indexed(workspace: Workspace, documents: Path | None) -> SqlCatalog:
    """Open the catalog of the workspace, or of a folder of documents, without any model.

    Where there is no index yet, it is built as `open_bench` does.
    """
    return app.open_catalog(_ready(workspace, documents, errors()))


def _ready(workspace: Workspace, documents: Path | None, stderr: Page) -> Workspace:
    """Return the workspace to read from, its index brought up to date or built.

    Raises:
        NoIndex: there is none, and the workspace names no sources to make it from.

    """
    if documents is not None:
        workspace = benches.on_documents(workspace, here() / documents)
        if stderr.width is None and not app.has_index(workspace):
            seen = seen_from(stderr.base, str(workspace.sources[0]))
            stderr.show([note_line(f"indexing `{seen}`; later runs reuse this index", stderr)])
        build(workspace, workspace.sources, stderr)
    elif not app.has_index(workspace):
        if not workspace.sources:
            message = "there is no index to run on"
            hint = workspace.hint("make one: `askdoc index FOLDER`, or name `--documents`")
            raise NoIndex(message, hint=hint)
        stderr.show([note_line("there is no index yet; building it", stderr)])
        build(workspace, workspace.sources, stderr)
    return workspace
