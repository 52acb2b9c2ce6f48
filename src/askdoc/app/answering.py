"""Opens indexes for questions: one workspace's, or those of several libraries as one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from askdoc.app import opening
from askdoc.app.writing import language_models, may_write, writer
from askdoc.ask.answer import Answerer, Parts, fingerprint
from askdoc.ask.federate import Federation, federate
from askdoc.ask.find import Sources
from askdoc.errors import NoIndex, StoreError, UsageError
from askdoc.index.writer import EMBEDDER_FINGERPRINT, EMBEDDER_NAME
from askdoc.settings import BY_WORDS, NO_RERANKER, RERANKER
from askdoc.store.files import file_state
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.store.vectors_codec import IN_CONTEXT
from askdoc.text.terms import SnowballAnalyser
from askdoc.types.ports import Listener, ignore
from askdoc.write.prompts import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from askdoc.app.writing import LoadModel
    from askdoc.ask.federate import Asked
    from askdoc.types import Fingerprint
    from askdoc.types.ports import CatalogReader, Generator
    from askdoc.workspace import Workspace


@contextmanager
def answerer(
    workspace: Workspace,
    listen: Listener = ignore,
    *,
    wrap_generator: Callable[[Generator], Generator] | None = None,
    load_model: LoadModel | None = None,
    change: Callable[[Parts], Parts] | None = None,
    like: Parts | None = None,
) -> Iterator[Answerer]:
    """Open the workspace's index for questions, and close it at the end.

    `wrap_generator` may wrap the language model, and `change` may replace any part, for example by
    one with a cache. `load_model` loads the language model; by default each answerer loads its own.
    With `like`, the models of these parts are shared: an answerer belongs to one thread, models
    serve several.

    Raises:
        NoIndex: there is no index, or it is empty.
        IndexLocked: the index is empty, and another process is filling it.
        EmbedderMismatch: its vectors come from another embedder than the one of the settings.
    """
    with ExitStack() as stack:
        catalog = stack.enter_context(opening.open_made(workspace))
        if catalog.counts().documents == 0:
            message = "nothing is indexed here yet"
            raise NoIndex(
                message, hint=workspace.hint("index something first: `askdoc index FOLDER`")
            )
        # A local model loads in its own thread while the rest is opened.
        load_model = load_model or stack.enter_context(language_models())
        chosen = None if like else load_model(workspace.settings)
        loaded = (
            like.sources.embedder
            if like
            else opening.embedder(workspace, listen, indexed_with=catalog.setting(EMBEDDER_NAME))
        )
        opening.refuse_other(catalog, loaded)
        # onnxruntime releases the interpreter lock, so the ranker loads while Chroma is imported.
        pool = stack.enter_context(ThreadPoolExecutor(1))
        loading = pool.submit(
            lambda: like.sources.ranker if like else opening.ranker(workspace, listen)
        )
        vectors = opening.open_vectors(workspace, catalog)
        stack.callback(vectors.close)
        judge = loading.result()
        in_context = catalog.setting(IN_CONTEXT) == "yes"
        sources = Sources(
            catalog=catalog,
            vectors=vectors,
            embedder=loaded,
            analyser=like.sources.analyser if like else SnowballAnalyser(),
            calibration=opening.calibration(
                judge.name if judge else NO_RERANKER, in_context=in_context
            ),
            ranker=judge,
            without_ranker=opening.calibration(NO_RERANKER, in_context=in_context),
            by_words=opening.calibration(BY_WORDS),
        )
        parts = Parts(
            sources,
            file_state=file_state,
            writer=like.writer
            if like
            else writer(workspace, catalog, loaded, listen, chosen, wrap_generator),
        )
        yield Answerer(change(parts) if change else parts, workspace.settings)


@contextmanager
def asked(
    workspaces: Mapping[str | None, Workspace],
    listen: Listener = ignore,
    *,
    wrap_generator: Callable[[Generator], Generator] | None = None,
    load_model: LoadModel | None = None,
    change: Callable[[Parts], Parts] | None = None,
    like: Mapping[str | None, Answerer] = MappingProxyType({}),
) -> Iterator[Answerer | Federation]:
    """Open one workspace's index for questions, or those of several libraries as one.

    The options are those of `answerer`.

    A shared language model is loaded once. With `like`, the indexes are opened again for another
    thread, with the models of these answerers.

    Raises:
        StoreError: an index has changed since it was first opened.

    """
    with ExitStack() as stack:
        load_model = load_model or stack.enter_context(language_models())
        opened = {
            name: stack.enter_context(
                answerer(
                    workspace,
                    listen,
                    wrap_generator=wrap_generator,
                    load_model=load_model,
                    change=change,
                    like=like[name].parts if name in like else None,
                )
            )
            for name, workspace in workspaces.items()
        }
        if any(opened[name].fingerprint != other.fingerprint for name, other in like.items()):
            message = "the index was changed meanwhile"
            raise StoreError(message, hint="run it again")
        first = next(iter(workspaces.values()))
        yield federate(opened, limit=first.settings.max_sentences)


def rest(asked: object) -> None:
    """Let the catalogs of an open index let go of connections, until the next question."""
    members = asked.members.values() if isinstance(asked, Federation) else (asked,)
    for member in members:
        if isinstance(member, Answerer) and isinstance(member.parts.sources.catalog, SqlCatalog):
            member.parts.sources.catalog.rest()


def narrowed(asked: Asked, source: Sequence[str], where: Sequence[str]) -> list[str] | None:
    """List the ids of the documents that match a pattern of `source` and all conditions of `where`.

    Without either, None stands for all documents.

    Raises:
        UsageError: no document matches.

    """
    chosen = asked.resolve(source) if source else None
    if not where:
        return chosen
    fitting = asked.where(where)
    if chosen is None:
        return fitting
    both = set(chosen) & set(fitting)
    if not both:
        message = "no document fits both `source` and `where`"
        raise UsageError(message, hint="leave out one of them")
    return sorted(both)


def expected_fingerprint(workspace: Workspace, catalog: CatalogReader) -> Fingerprint | None:
    """Return the fingerprint of answers from this index, without loading a model or the vectors.

    None if only `answerer` can tell. Compare it with the answerer's later, since a local model may
    have changed.
    """
    made_by, name = catalog.setting(EMBEDDER_FINGERPRINT), catalog.setting(EMBEDDER_NAME)
    settings = workspace.settings
    if made_by is None or settings.embedder not in (None, name):
        return None
    models = {"embedder": made_by}
    if settings.reranker in (None, RERANKER):
        models["ranker"] = opening.fingerprint_of_packaged_reader()
    elif settings.reranker != NO_RERANKER:
        return None
    if may_write(settings):
        if settings.check is not None:
            return None
        from askdoc.models.llm.choice import name_of

        if (named := name_of(settings.llm)) is None:
            return None
        models["generator"] = f"{named}/prompt-{VERSION}"
    return fingerprint(catalog, settings, models)
