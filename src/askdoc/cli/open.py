"""Opening what commands work with, and building the index where there is none yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from askdoc.addresses import Target, paths_of
from askdoc.errors import NoIndex, UsageError
from askdoc.paths import seen_from
from askdoc.render.errors import note_line
from askdoc.system.interrupt import ending_in_order
from askdoc.workspace import Origin

if TYPE_CHECKING:
    from askdoc.app.writing import LoadModel
    from askdoc.ask.answer import Answerer, Parts
    from askdoc.ask.federate import Federation
    from askdoc.render.console import Page
    from askdoc.types import IndexReport, ReadOptions
    from askdoc.workspace import Workspace

    OpenAgain = Callable[[], AbstractContextManager[Answerer | Federation]]


@contextmanager
def open_answerer(
    workspace: Workspace,
    aside: Page,
    *,
    load_model: LoadModel | None = None,
    change: Callable[[Parts], Parts] | None = None,
) -> Iterator[Answerer]:
    """Open the workspace's index for questions; build it first where it can be built.

    `load_model` and `change` are those of `wiring.answerer`.

    Raises:
        NoIndex: there is none, and the workspace names no sources to make it from.

    """
    from askdoc import app
    from askdoc.render.notices import ModelNotices

    listen = ModelNotices(aside)

    def opening() -> AbstractContextManager[Answerer]:
        return app.answerer(workspace, listen, load_model=load_model, change=change)

    with ExitStack() as stack:
        try:
            answerer = stack.enter_context(opening())
        except NoIndex:
            # A folder that was named and holds no index is more likely mistyped than meant.
            if not workspace.source_names or workspace.origins["index"] is Origin.COMMAND_LINE:
                raise
            names = ", ".join(f"`{seen_from(aside.base, name)}`" for name in workspace.source_names)
            aside.show([note_line(f"there is no index yet; building it from {names}", aside)])
            build(workspace, None, aside)
            answerer = stack.enter_context(opening())
        yield answerer


@contextmanager
def open_asked(
    workspaces: Mapping[str | None, Workspace], aside: Page
) -> Iterator[Answerer | Federation]:
    """Open one workspace's index for questions, or several libraries' as one."""
    with _opened(workspaces, aside) as answerers:
        yield _as_one(answerers, workspaces)


@contextmanager
def open_for_many(
    workspaces: Mapping[str | None, Workspace], aside: Page
) -> Iterator[tuple[Answerer | Federation, OpenAgain]]:
    """Open what is asked for many questions, and how to open it for a thread of its own.

    What text comes up again is neither embedded nor cut into terms again.
    """
    from askdoc import app
    from askdoc.ask.memo import remembering

    with _opened(workspaces, aside, change=remembering) as answerers:
        yield _as_one(answerers, workspaces), partial(app.asked, workspaces, like=answerers)


@contextmanager
def _opened(
    workspaces: Mapping[str | None, Workspace],
    aside: Page,
    *,
    change: Callable[[Parts], Parts] | None = None,
) -> Iterator[dict[str | None, Answerer]]:
    from askdoc import app

    with ExitStack() as stack:
        load_model = stack.enter_context(app.language_models())
        answerers = {
            name: stack.enter_context(
                open_answerer(workspace, aside, load_model=load_model, change=change)
            )
            for name, workspace in workspaces.items()
        }
        asked_for = any(
            one.settings.check and one.origins["check"] is Origin.COMMAND_LINE
            for one in workspaces.values()
        )
        if asked_for and not any(one.parts.writer for one in answerers.values()):
            told = "no language model writes, so `--check` has nothing to check; add `--llm NAME`"
            aside.show([note_line(told, aside)])
        yield answerers


def _as_one(
    answerers: Mapping[str | None, Answerer], workspaces: Mapping[str | None, Workspace]
) -> Answerer | Federation:
    from askdoc.ask.federate import federate

    first = next(iter(workspaces.values()))
    return federate(answerers, limit=first.settings.max_sentences)


def chosen_documents(
    asked: Answerer | Federation, source: list[str] | None, where: list[str] | None
) -> list[str] | None:
    """List the ids of the documents that `--source` and `--where` leave; None for all.

    Raises:
        UsageError: there are none.

    """
    chosen = asked.resolve(source) if source else None
    if not where:
        return chosen
    fitting = asked.where(where)
    if chosen is None:
        return fitting
    both = [document for document in chosen if document in set(fitting)]
    if not both:
        message = "no document fits both `--source` and `--where`"
        raise UsageError(message, hint="leave out one of them")
    return both


@ending_in_order()
def build(
    workspace: Workspace,
    sources: Sequence[Target] | None,
    aside: Page,
    *,
    rebuild: bool = False,
    options: ReadOptions | None = None,
) -> IndexReport:
    """Bring the index up to date with `sources`, or with those it knows, behind a progress bar."""
    from askdoc import app
    from askdoc.render.progress import IndexProgress
    from askdoc.types import ReadOptions

    app.refuse_index_around(workspace, paths_of(sources or ()))
    options = options or ReadOptions()
    with (
        IndexProgress(aside) as progress,
        app.indexer(workspace, progress, options=options) as indexer,
    ):
        return indexer.sync(sources, progress, rebuild=rebuild)
