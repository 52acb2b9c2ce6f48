"""Finds the workspace or library that a command works on, and opens its index."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from askdoc import app
from askdoc.addresses import Target, paths_of, targets
from askdoc.ask.federate import federate
from askdoc.cli.input import LONGEST_TEXT, STANDARD_INPUT, read_all
from askdoc.errors import NoIndex, UsageError
from askdoc.paths import seen_from
from askdoc.render.errors import note_line
from askdoc.render.notices import ModelNotices
from askdoc.render.progress import IndexProgress
from askdoc.system.interrupt import ending_in_order
from askdoc.types import ReadOptions
from askdoc.workspace import Origin, find, open_library

if TYPE_CHECKING:
    from askdoc.app.writing import LoadModel
    from askdoc.ask.answer import Answerer, Parts
    from askdoc.ask.federate import Federation
    from askdoc.render.console import Page
    from askdoc.types import Answer, Document, IndexReport, Passage
    from askdoc.workspace import Workspace

    OpenAgain = Callable[[], AbstractContextManager[Answerer | Federation]]


def here() -> Path:
    """Return the current folder.

    Raises:
        UsageError: it no longer exists.

    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        message = "the current folder no longer exists"
        raise UsageError(message, hint="change to another one: `cd ~`") from error


def open_workspace(
    *, library: str | None = None, create: bool = False, **overrides: Any
) -> Workspace:
    """Find the workspace here, or the named library; options that were not given are None.

    Without `--library` and `--index`, `ASKDOC_LIBRARY` names the library. With `create`, a missing
    library is created.

    Raises:
        UsageError: there is no such library, or an index is named, too.

    """
    given = {
        key: str(value) if isinstance(value, Path) else value for key, value in overrides.items()
    }
    if library and given.get("index"):
        message = "`--library` and `--index` each name an index"
        raise UsageError(message, hint="give one of them")
    if not given.get("index"):
        chosen = chosen_libraries([library] if library else None)
        if len(chosen) > 1:
            message = f"one library at a time here, not {len(chosen)}"
            raise UsageError(message, hint="choose one with `--library`")
        library = chosen[0] if chosen else None
    if library is None:
        return find(here(), overrides=given)

    for key in ("embedder", "reranker", "check"):
        if (model := given.get(key)) and (here() / model).is_dir():
            given[key] = str(here() / model)
    return open_library(library, overrides=given, create=create)


def open_workspaces(
    *, library: list[str] | None, index: str | None, **overrides: Any
) -> dict[str | None, Workspace]:
    """Find the workspace here, or the named libraries by their names.

    Raises:
        UsageError: there is no such library, or an index is named, too.

    """
    names = [] if index and not library else chosen_libraries(library)
    if len(names) > 1:
        return {name: open_workspace(library=name, index=index, **overrides) for name in names}
    return {None: open_workspace(library="".join(names) or None, index=index, **overrides)}


def chosen_libraries(given: list[str] | None) -> list[str]:
    """List the libraries that were named: on the command line, else by `ASKDOC_LIBRARY`."""
    if given:
        return list(dict.fromkeys(given))
    named = os.environ.get("ASKDOC_LIBRARY", "").split(",")
    return list(dict.fromkeys(part.strip() for part in named if part.strip()))


@contextmanager
def open_answerer(
    workspace: Workspace,
    stderr: Page,
    *,
    load_model: LoadModel | None = None,
    change: Callable[[Parts], Parts] | None = None,
) -> Iterator[Answerer]:
    """Open the workspace's index for questions; build it first if it is missing.

    `load_model` and `change` are those of `app.answerer`.

    Raises:
        NoIndex: there is no index, and the settings name no sources.

    """
    listen = ModelNotices(stderr)

    def opening() -> AbstractContextManager[Answerer]:
        return app.answerer(workspace, listen, load_model=load_model, change=change)

    with ExitStack() as stack:
        try:
            answerer = stack.enter_context(opening())
        except NoIndex:
            build_missing(workspace, stderr)
            answerer = stack.enter_context(opening())
        yield answerer


def build_missing(workspace: Workspace, stderr: Page) -> None:
    """Build a missing index from the sources of the settings; call it in an `except NoIndex`.

    Raises:
        NoIndex: the handled error, if the settings name no sources.

    """
    # An explicitly named folder without an index is probably a typo.
    if not workspace.source_names or workspace.origins["index"] is Origin.COMMAND_LINE:
        raise  # noqa: PLE0704 - the error that the caller handles
    names = ", ".join(f"`{seen_from(stderr.base, name)}`" for name in workspace.source_names)
    stderr.show([note_line(f"there is no index yet; building it from {names}", stderr)])
    build(workspace, None, stderr)


@contextmanager
def open_asked(
    workspaces: Mapping[str | None, Workspace], stderr: Page
) -> Iterator[Answerer | Federation]:
    """Open one workspace's index for questions, or several libraries' as one."""
    with _opened(workspaces, stderr) as answerers:
        yield _as_one(answerers, workspaces)


@contextmanager
def open_for_many(
    workspaces: Mapping[str | None, Workspace], stderr: Page
) -> Iterator[tuple[Answerer | Federation, OpenAgain]]:
    """Open an index for many questions; also return a function that opens it for another thread.

    Repeated texts are embedded and analysed only once.
    """
    from askdoc.ask.memo import remembering

    with _opened(workspaces, stderr, change=remembering) as answerers:
        yield _as_one(answerers, workspaces), partial(app.asked, workspaces, like=answerers)


@contextmanager
def _opened(
    workspaces: Mapping[str | None, Workspace],
    stderr: Page,
    *,
    change: Callable[[Parts], Parts] | None = None,
) -> Iterator[dict[str | None, Answerer]]:
    with ExitStack() as stack:
        load_model = stack.enter_context(app.language_models())
        answerers = {
            name: stack.enter_context(
                open_answerer(workspace, stderr, load_model=load_model, change=change)
            )
            for name, workspace in workspaces.items()
        }
        asked_for = any(
            one.settings.check and one.origins["check"] is Origin.COMMAND_LINE
            for one in workspaces.values()
        )
        if asked_for and not any(one.parts.writer for one in answerers.values()):
            text = "`--check` needs a language model; add `--llm NAME`"
            stderr.show([note_line(text, stderr)])
        yield answerers


def _as_one(
    answerers: Mapping[str | None, Answerer], workspaces: Mapping[str | None, Workspace]
) -> Answerer | Federation:
    first = next(iter(workspaces.values()))
    return federate(answerers, limit=first.settings.max_sentences)


@contextmanager
def temporary_index() -> Iterator[Path]:
    """Create a temporary folder for an index."""
    with TemporaryDirectory(prefix="askdoc-") as folder:
        yield Path(folder) / "index"


def index_files(workspace: Workspace, files: Sequence[str], stderr: Page) -> None:
    """Index files and folders for one question; `-` stands for standard input.

    Raises:
        UsageError: none of them has text.

    """
    named = list(files)
    if STANDARD_INPUT in named:
        text = _input_file(workspace)
        text.write_bytes(read_all(LONGEST_TEXT, "the text"))
        named[named.index(STANDARD_INPUT)] = str(text)
    report = build(workspace, targets(named, here()), stderr)
    if report.interrupted:
        raise KeyboardInterrupt
    if not report.added:
        reason = report.skipped[0].reason if report.skipped else "it has no text"
        reason = reason.replace(f"`{_input_file(workspace).name}`", "it")
        given = [INPUT_NAME if name == STANDARD_INPUT else name for name in files]
        message = f"there is nothing to ask in {', '.join(f'`{name}`' for name in given)}: {reason}"
        raise UsageError(message)


INPUT_NAME = "stdin"
"""What an answer calls the text from standard input."""


def _input_file(workspace: Workspace) -> Path:
    return workspace.index.parent / "standard-input.txt"


def name_input(answer: Answer, workspace: Workspace) -> Answer:
    """Return the answer with `stdin` for the temporary file that held standard input."""
    file = str(_input_file(workspace))

    def document(one: Document) -> Document:
        copies = tuple(
            replace(copy, file=INPUT_NAME, path=INPUT_NAME) if copy.file == file else copy
            for copy in one.copies
        )
        one = replace(one, copies=copies)
        return replace(one, file=INPUT_NAME, path=INPUT_NAME) if one.file == file else one

    def passage(one: Passage) -> Passage:
        return replace(one, document=document(one.document))

    return replace(
        answer,
        citations=tuple(replace(one, document=document(one.document)) for one in answer.citations),
        evidence=tuple(replace(one, passage=passage(one.passage)) for one in answer.evidence),
        passages=tuple(map(passage, answer.passages)),
    )


@ending_in_order()
def build(
    workspace: Workspace,
    sources: Sequence[Target] | None,
    stderr: Page,
    *,
    rebuild: bool = False,
    options: ReadOptions | None = None,
    groups: Sequence[str] | None = None,
    ray: str | None = None,
) -> IndexReport:
    """Bring the index up to date with `sources`, or with all known ones, with a progress bar."""
    app.refuse_index_around(workspace, paths_of(sources or ()))
    options = options or ReadOptions()
    with (
        IndexProgress(stderr) as progress,
        app.indexer(workspace, progress, options=options, ray=ray) as indexer,
    ):
        return indexer.sync(sources, progress, rebuild=rebuild, groups=groups)
