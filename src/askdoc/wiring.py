"""From a workspace to working parts. Everything heavy is imported only when it is asked for."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from askdoc.errors import EmbedderMismatch, NoIndex, StoreError, UsageError
from askdoc.ports import Listener, deaf
from askdoc.settings import (
    AUTOMATIC,
    BY_WORDS,
    CHECK_BY_LLM,
    DEFAULT_EMBEDDER,
    ENGLISH,
    EXTRACTIVE,
    NO_RERANKER,
    RANKER_FINGERPRINT,
    RERANKER,
)
from askdoc.types import ReadOptions, Skip
from askdoc.writing import EMBEDDER_FINGERPRINT, EMBEDDER_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from askdoc.adapters.chroma import ChromaStore
    from askdoc.adapters.generators import Choice
    from askdoc.adapters.limits import Limits
    from askdoc.adapters.sqlite import SqliteCatalog
    from askdoc.adapters.web.sources import WebSources
    from askdoc.answering import Answerer, Parts
    from askdoc.checking import Checker
    from askdoc.confidence import Calibration
    from askdoc.coverage import Coverage
    from askdoc.federating import Federation
    from askdoc.following import Follower
    from askdoc.indexing import Indexer
    from askdoc.intake import Cutters
    from askdoc.ports import (
        AnswerWriter,
        CatalogReader,
        Embedder,
        Generator,
        Ranker,
        VectorStore,
    )
    from askdoc.readouts import Readout, Web
    from askdoc.settings import Settings
    from askdoc.types import Fingerprint, Found
    from askdoc.workspace import Workspace
    from askdoc.writing import Store

    LoadModel = Callable[[Settings], Choice | None]

_AS_THEY_ARE = ReadOptions()

_MOST_WORKERS = 8
"""Processes that read files, however many cores there are."""

_PATIENCE_FOR_OCR = 20
"""So many times as long may a file take whose pages are recognised from images."""

_PAGES = "web"
"""Name of the folder, within that of the index, that holds what was fetched."""

VECTORS = "chroma"
"""Name of the folder, within that of the index, that holds the vectors."""


def open_catalog(workspace: Workspace, *, write: bool = False) -> SqliteCatalog:
    """Open the catalog of the workspace's index, to read from unless `write`.

    Raises:
        NoIndex: there is none, and it is to be read.
        StoreError: it is damaged, or a newer askdoc made it.
    """
    from askdoc.adapters.sqlite import SqliteCatalog

    return SqliteCatalog(workspace.index, workspace.root, write=write)


def language_of(text: str, settings: Settings) -> str:
    """Name the language of a text: the one that is set, else what the text shows."""
    if settings.language != AUTOMATIC:
        return settings.language
    from askdoc.adapters.languages import detect

    return detect(text)


def main_language(settings: Settings, catalog: CatalogReader) -> str:
    """Name the language that is set, else that of most documents."""
    if settings.language != AUTOMATIC:
        return settings.language
    return next(iter(catalog.languages()), ENGLISH)


def expect_index(workspace: Workspace) -> None:
    """Go on where there is an index, whatever its state.

    Raises:
        NoIndex: there is none.

    """
    from askdoc.adapters import sqlite_schema

    sqlite_schema.expect(workspace.index)


def coverage_of(workspace: Workspace) -> Coverage:
    """Say which files are not, or not wholly, indexed; nothing is changed.

    Raises:
        NoIndex: there is none.

    """
    from askdoc.coverage import coverage

    with open_catalog(workspace) as catalog:
        documents = catalog.documents()
    with indexer(workspace) as opened:
        return coverage(documents, opened.preview(), opened.passed_over())


def vectors_folder(workspace: Workspace) -> Path:
    """Name the folder of the vectors of the workspace's index."""
    return workspace.index / VECTORS


def open_vectors(workspace: Workspace) -> ChromaStore:
    """Open the vectors of the workspace's index to read from."""
    from askdoc.adapters.chroma import ChromaStore

    return ChromaStore(vectors_folder(workspace))


def embedder(
    workspace: Workspace, listen: Listener = deaf, *, indexed_with: str | None = None
) -> Embedder:
    """Load the embedder that is set, else the one the index was made with, else the default.

    A model is fetched from a hub only if the user named it: what a workspace's own files name must
    be on this machine already.
    """
    from askdoc.adapters.embedders import load

    chosen = workspace.settings.embedder or indexed_with or DEFAULT_EMBEDDER
    named = workspace.settings.embedder is not None and workspace.origins["embedder"].trusted
    allowed = named and not workspace.settings.offline
    return load(chosen, allow_download=allowed, listen=listen)


@contextmanager
def answerer(
    workspace: Workspace,
    listen: Listener = deaf,
    *,
    wrap_generator: Callable[[Generator], Generator] | None = None,
    load_model: LoadModel | None = None,
    change: Callable[[Parts], Parts] | None = None,
    like: Parts | None = None,
) -> Iterator[Answerer]:
    """Open the workspace's index for questions, and close it in the end.

    `wrap_generator` may put something before the language model, and `change` other parts in place
    of any, such as ones with a memory for runs of many questions. `load_model`
    gives the language model, by default one of its own. With `like`, models are taken from these
    parts instead of being loaded: an answerer belongs to one thread, the models serve several.

    Raises:
        NoIndex: there is none, or nothing is in it.
        EmbedderMismatch: another embedder than the one that is set made its vectors.
    """
    from concurrent.futures import ThreadPoolExecutor

    from askdoc.adapters.freshness import file_state
    from askdoc.adapters.snowball import SnowballAnalyser
    from askdoc.answering import Answerer, Parts
    from askdoc.finding import Sources

    with ExitStack() as stack:
        catalog = stack.enter_context(open_catalog(workspace))
        if catalog.counts().documents == 0:
            message = "nothing is indexed here yet"
            raise NoIndex(message, hint="index something first: `askdoc index FOLDER`")
        loaded = (
            like.sources.embedder
            if like
            else embedder(workspace, listen, indexed_with=catalog.setting(EMBEDDER_NAME))
        )
        _refuse_other(catalog, loaded)
        # A ranker loads outside of Python's lock, while the vectors' library is being imported.
        pool = stack.enter_context(ThreadPoolExecutor(1))
        loading = pool.submit(lambda: like.sources.ranker if like else ranker(workspace, listen))
        vectors = open_vectors(workspace)
        stack.callback(vectors.close)
        judge = loading.result()
        sources = Sources(
            catalog=catalog,
            vectors=vectors,
            embedder=loaded,
            analyser=like.sources.analyser if like else SnowballAnalyser(),
            calibration=calibration(judge.name if judge else NO_RERANKER),
            ranker=judge,
            without_ranker=calibration(NO_RERANKER),
            by_words=calibration(BY_WORDS),
        )
        parts = Parts(
            sources,
            file_state=file_state,
            writer=like.writer
            if like
            else _writer(
                workspace,
                catalog,
                loaded,
                listen,
                load_model or stack.enter_context(language_models()),
                wrap_generator,
            ),
        )
        yield Answerer(change(parts) if change else parts, workspace.settings)


def expected_fingerprint(workspace: Workspace, catalog: CatalogReader) -> Fingerprint | None:
    """Tell what answers from this index will depend on, without loading a model or the vectors.

    None where only `answerer` can tell. What it says is to be held against this, since a model
    on this machine may have changed.
    """
    from askdoc.answering import fingerprint

    made_by, name = catalog.setting(EMBEDDER_FINGERPRINT), catalog.setting(EMBEDDER_NAME)
    settings = workspace.settings
    if made_by is None or settings.embedder not in (None, name):
        return None
    models = {"embedder": made_by}
    if settings.reranker in (None, RERANKER):
        models["ranker"] = _of_packaged_ranker()
    elif settings.reranker != NO_RERANKER:
        return None
    if may_write(settings):
        if settings.check is not None:
            return None
        from askdoc.adapters.generators import name_of
        from askdoc.prompts import VERSION

        if (named := name_of(settings.llm)) is None:
            return None
        models["generator"] = f"{named}/prompt-{VERSION}"
    return fingerprint(catalog, settings, models)


def may_write(settings: Settings) -> bool:
    """Tell whether a language model may be asked to write."""
    if settings.llm is None:
        from askdoc.catalogue import catalogue

        return any(model.good_enough for model in catalogue().values())
    return settings.llm != EXTRACTIVE


@contextmanager
def language_model(workspace: Workspace, listen: Listener = deaf) -> Iterator[Choice | None]:
    """Load the language model that the settings ask for, or one that is here and good enough."""
    with language_models() as load:
        chosen = load(workspace.settings)
        if chosen is not None:
            _tell(workspace, chosen.generator, listen)
        yield chosen


def _tell(workspace: Workspace, generator: Generator, listen: Listener) -> None:
    """Tell to which host a language model sends, once in each workspace."""
    from askdoc.trust import told_before
    from askdoc.types import Sending

    if generator.remote and not told_before(workspace.root, generator.remote):
        listen(Sending(generator.remote))


@contextmanager
def asked(
    workspaces: Mapping[str | None, Workspace],
    listen: Listener = deaf,
    *,
    wrap_generator: Callable[[Generator], Generator] | None = None,
    load_model: LoadModel | None = None,
    change: Callable[[Parts], Parts] | None = None,
    like: Mapping[str | None, Answerer] = MappingProxyType({}),
) -> Iterator[Answerer | Federation]:
    """Open one workspace's index for questions, or those of several libraries as one.

    The options are those of `answerer`. A language model that several of them use is loaded once.
    With `like`, the indexes are opened once more, for another thread than the one of these
    answerers, with the models that they have loaded.

    Raises:
        StoreError: an index has been changed since those were opened.

    """
    from askdoc.federating import federate

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


@contextmanager
def language_models() -> Iterator[LoadModel]:
    """Give the language model that some settings ask for, the same one once; unload all at the end.

    It is the one that is set, or one that is here and good enough, else None.
    """
    known: dict[object, Choice | None] = {}
    with ExitStack() as stack:

        def load(settings: Settings) -> Choice | None:
            if not may_write(settings):
                return None
            from askdoc.adapters.generators import choose

            key = (settings.llm, settings.offline, settings.llm_timeout, settings.llm_threads)
            if key not in known:
                known[key] = chosen = choose(
                    settings.llm,
                    offline=settings.offline,
                    timeout=settings.llm_timeout,
                    threads=settings.llm_threads,
                )
                if chosen is not None:
                    stack.callback(chosen.generator.close)
            return known[key]

        yield load


def _writer(
    workspace: Workspace,
    catalog: CatalogReader,
    embedder: Embedder,
    listen: Listener,
    load_model: LoadModel,
    wrap: Callable[[Generator], Generator] | None,
) -> AnswerWriter | None:
    """Let the language model write that the workspace's settings ask for, if any."""
    settings = workspace.settings
    chosen = load_model(settings)
    if chosen is None:
        return None
    from askdoc.adapters.snowball import SnowballAnalyser
    from askdoc.checking import Check
    from askdoc.generation import Limits, Writer

    analyser = SnowballAnalyser()
    language = main_language(settings, catalog)

    def terms(text: str) -> list[str]:
        return analyser.terms(text, language)

    _tell(workspace, chosen.generator, listen)
    limits = Limits(
        evidence_tokens=chosen.evidence_tokens,
        trusted=chosen.trusted,
        own_words=chosen.own_words,
        price_in=settings.llm_price_in,
        price_out=settings.llm_price_out,
    )
    generator = wrap(chosen.generator) if wrap else chosen.generator
    check = Check(terms, embedder.embed_queries)
    second = _second_check(workspace, generator)
    return Writer(generator, check, terms, limits=limits, second_check=second)


def _second_check(workspace: Workspace, generator: Generator) -> Checker | None:
    """Get ready the stronger check that is set, if any; it is fetched only if the user named it."""
    settings = workspace.settings
    if settings.check is None:
        return None
    if settings.check == CHECK_BY_LLM:
        from askdoc.second_check import ModelCheck

        return ModelCheck(generator)
    from askdoc.adapters.entailment import load

    allowed = workspace.origins["check"].trusted and not settings.offline
    return load(settings.check, allow_download=allowed)


@contextmanager
def indexer(
    workspace: Workspace, listen: Listener = deaf, *, options: ReadOptions = _AS_THEY_ARE
) -> Iterator[Indexer]:
    """Get ready to change the workspace's index; `listen` hears of a model being made ready.

    `options` say how files are to be read.
    Nothing is opened, locked or loaded before the work needs it.
    """
    refuse_index_around(workspace, workspace.sources)
    from askdoc.adapters.files import discover
    from askdoc.adapters.limits import still_holds
    from askdoc.adapters.opening import digest
    from askdoc.adapters.readers import expect_parts
    from askdoc.indexing import Indexer
    from askdoc.readouts import Files

    expect_parts(options)
    settings = workspace.settings
    load_embedder = cache(lambda made_by: embedder(workspace, listen, indexed_with=made_by))
    look = partial(
        discover, root=workspace.root, ignore=settings.ignore, leave_out=[workspace.index]
    )
    yield Indexer(
        _store(workspace),
        Files(
            discover=look,
            digest=partial(digest, most=_most_bytes(settings)),
            read=partial(_read, settings, options),
            options=options,
            still_holds=partial(still_holds, limits=_limits(settings, options)),
            passed_over=lambda source: (
                item
                for item in look(source, tell_all=True)
                if isinstance(item, Skip) and item.code in ("hidden", "ignored")
            ),
            web=_web(workspace, listen),
        ),
        _cutters(),
        settings,
        workspace.root,
        load_embedder=load_embedder,
        configured=(*workspace.sources, *workspace.addresses),
    )


def follower(
    workspace: Workspace,
    indexer: Indexer,
    sources: Sequence[Path] | None = None,
    listen: Listener = deaf,
) -> Follower:
    """Get ready to keep the workspace's index current with `sources`, by default all of its own."""
    from askdoc.adapters.watching import FolderWatch
    from askdoc.following import Follower

    watch = partial(FolderWatch, leave_out=[workspace.index])
    return Follower(indexer, watch, sources, listen)


def permit(
    workspace: Workspace, address: str, *, depth: int | None = None, allow_private: bool = False
) -> None:
    """Let an address be fetched that the user has named, now and by later runs.

    Raises:
        UsageError: `offline` refuses it.

    """
    if workspace.settings.offline:
        message = f"`--offline` refuses to fetch `{address}`"
        raise UsageError(message, hint="leave out `--offline`, or unset the setting `offline`")
    from askdoc import trust

    trust.permit(workspace.root, address, depth=depth, private=allow_private)


def _web(workspace: Workspace, listen: Listener) -> Web:
    """Tell how to get at pages of the web; what fetches them is loaded only then."""
    from askdoc.readouts import Web

    def opened() -> WebSources:
        from askdoc.adapters.web.sources import WebSources

        return WebSources(
            workspace.root,
            workspace.index / _PAGES,
            workspace.settings,
            most=_most_bytes(workspace.settings),
            trusted=workspace.addresses if workspace.origins["sources"].trusted else (),
            listen=listen,
        )

    def forget(address: str) -> None:
        from askdoc import trust

        opened().forget(address)
        trust.forbid(workspace.root, [address])

    return Web(lambda address: opened().pages(address), forget)


def _read(
    settings: Settings, options: ReadOptions, items: Iterable[Found]
) -> AbstractContextManager[Iterator[Readout | None]]:
    """Read files in processes of their own; in this one, if there are to be none."""
    from askdoc.adapters.limits import cores
    from askdoc.adapters.readers import reader_for, reader_named
    from askdoc.adapters.reading import in_line
    from askdoc.adapters.reading_pool import ReadingPool

    most = _most_bytes(settings)
    workers = min(cores(), _MOST_WORKERS) if settings.workers is None else settings.workers
    if not workers:
        return in_line(most, partial(reader_for, options=options))(items)
    return ReadingPool(workers, _limits(settings, options), reader_named, options).read(items)


def _limits(settings: Settings, options: ReadOptions) -> Limits:
    from askdoc.adapters.limits import Limits

    seconds = settings.max_read_seconds * (_PATIENCE_FOR_OCR if options.ocr else 1)
    return Limits(_most_bytes(settings), seconds, int(settings.max_read_mb * 1_000_000))


def _most_bytes(settings: Settings) -> int:
    return int(settings.max_file_mb * 1_000_000)


def refuse_index_around(workspace: Workspace, sources: Iterable[Path]) -> None:
    """Refuse an index around a source: what lies in the folder of the index is never indexed.

    Raises:
        UsageError: the folder of the index is a source, or holds one.

    """
    folder = workspace.index.resolve()
    for source in sources:
        if source.resolve().is_relative_to(folder):
            message = f"the source `{source}` lies in the folder of the index, `{workspace.index}`"
            hint = "keep the index in a folder of its own: change `index` or pass `--index`"
            raise UsageError(message, hint=hint)


def _store(workspace: Workspace) -> Store:
    """Tell how to get at the two halves of the workspace's index."""
    from askdoc.adapters import chroma_files, lock, sqlite_schema
    from askdoc.adapters.sqlite import SqliteCatalog
    from askdoc.writing import Store

    folder = vectors_folder(workspace)
    return Store(
        lock=lambda: lock.writing(workspace.index, " ".join(sys.argv)),
        catalog=lambda: open_catalog(workspace, write=True),
        reading=lambda: open_catalog(workspace),
        vectors=lambda: _vectors_to_write(folder),
        has_vectors=lambda: chroma_files.is_intact(folder),
        draft_catalog=lambda: SqliteCatalog(
            sqlite_schema.draft_in(workspace.index), workspace.root, write=True
        ),
        replace_catalog=lambda: sqlite_schema.replace(workspace.index),
        discard_vectors=lambda: chroma_files.discard(folder),
    )


def _vectors_to_write(folder: Path) -> VectorStore:
    from askdoc.adapters.chroma_process import ChromaProcess

    return ChromaProcess(folder)


def _cutters() -> Cutters:
    from askdoc.adapters.sentencex import SentencexSplitter
    from askdoc.adapters.snowball import SnowballAnalyser
    from askdoc.intake import Cutters

    return Cutters(SentencexSplitter(), SnowballAnalyser())


def ranker(workspace: Workspace, listen: Listener = deaf) -> Ranker | None:
    """Load the ranker that is set, else the packaged one; None where none is wanted.

    It is fetched from a hub under the same condition as an embedder.

    Raises:
        ModelError: it is not here, or cannot be used.
    """
    settings = workspace.settings
    if settings.reranker == NO_RERANKER:
        return None
    from askdoc.adapters.rankers import load

    named = settings.reranker is not None and workspace.origins["reranker"].trusted
    return load(settings.reranker, allow_download=named and not settings.offline, listen=listen)


def _of_packaged_ranker() -> str:
    """Return the fingerprint of the packaged ranker without loading it."""
    about = resources.files("askdoc").joinpath("data/ranker/about.json").read_text()
    return str(json.loads(about)["sha256"])[:RANKER_FINGERPRINT]


@cache
def calibration(ranker: str) -> Calibration:
    """Read the confidence model for the ranker of that name that comes with the package.

    For a ranker that none was fitted with, it is the one that looks at no ranker.
    """
    from askdoc.confidence import Calibration

    fitted = json.loads(resources.files("askdoc").joinpath("data/confidence.json").read_text())
    data = fitted.get(ranker, fitted[NO_RERANKER])
    return Calibration(weights=data["weights"], intercept=data["intercept"])


def _refuse_other(catalog: CatalogReader, loaded: Embedder) -> None:
    made_by = catalog.setting(EMBEDDER_FINGERPRINT)
    if made_by is not None and made_by != loaded.fingerprint:
        name = catalog.setting(EMBEDDER_NAME)
        message = f"the index was made with the embedder `{name}`, not with `{loaded.name}`"
        hint = "make it anew with `askdoc index --rebuild`, or leave out `--embedder`"
        raise EmbedderMismatch(message, hint=hint)
