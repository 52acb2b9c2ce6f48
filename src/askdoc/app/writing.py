"""Loads the language model of the settings, and builds the writer and its check."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from askdoc.app.opening import main_language
from askdoc.ask.cite import readable
from askdoc.models.instructions import order_finder
from askdoc.models.llm.known import known_models
from askdoc.settings import CHECK_BY_LLM, EXTRACTIVE
from askdoc.text.terms import SnowballAnalyser, terms_in
from askdoc.types import Sending
from askdoc.types.ports import Listener, MayWait, ignore
from askdoc.workspace import was_warned_about
from askdoc.write.prompts import Show, opening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from askdoc.models.llm.choice import Choice
    from askdoc.settings import Settings
    from askdoc.types.ports import AnswerWriter, CatalogReader, Embedder, Generator
    from askdoc.workspace import Workspace
    from askdoc.write.check.checker import Checker

    LoadModel = Callable[[Settings], Choice | None]


def may_write(settings: Settings) -> bool:
    """Tell whether the settings allow a language model."""
    if settings.llm is None:
        return any(model.good_enough for model in known_models().values())
    return settings.llm != EXTRACTIVE


@contextmanager
def language_model(workspace: Workspace, listen: Listener = ignore) -> Iterator[Choice | None]:
    """Load the language model of the settings, or a local one that is good enough."""
    with language_models() as load:
        chosen = load(workspace.settings)
        if chosen is not None:
            tell(workspace, chosen.generator, listen)
        yield chosen


@contextmanager
def language_models() -> Iterator[LoadModel]:
    """Return a function that loads a language model by settings, each only once.

    Unload all at the end.

    It is the one of the settings, or a local one that is good enough, else None.
    """
    known: dict[object, Choice | None] = {}
    with ExitStack() as stack:

        def load(settings: Settings) -> Choice | None:
            if not may_write(settings):
                return None
            from askdoc.models.llm.choice import choose

            key = (settings.llm, settings.offline, settings.llm_timeout, settings.llm_threads)
            if key not in known:
                known[key] = chosen = choose(
                    settings.llm,
                    offline=settings.offline,
                    timeout=settings.llm_timeout,
                    threads=settings.llm_threads,
                    opening=opening,
                )
                if chosen is not None:
                    stack.callback(chosen.generator.close)
            return known[key]

        yield load


def tell(workspace: Workspace, generator: Generator, listen: Listener) -> None:
    """Report to which host a language model sends, once per workspace, and when it waits."""
    if generator.remote and not was_warned_about(workspace.root, generator.remote):
        listen(Sending(generator.remote))
    if isinstance(generator, MayWait):
        generator.listen = listen


def writer(
    workspace: Workspace,
    catalog: CatalogReader,
    embedder: Embedder,
    listen: Listener,
    chosen: Choice | None,
    wrap: Callable[[Generator], Generator] | None,
) -> AnswerWriter | None:
    """Return the writer for the chosen language model, if there is one."""
    if chosen is None:
        return None
    settings = workspace.settings
    from askdoc.write.check.checker import Check
    from askdoc.write.writer import Limits, Writer

    analyser = SnowballAnalyser()
    language = main_language(settings, catalog)
    terms = terms_in(analyser, language)

    tell(workspace, chosen.generator, listen)
    limits = Limits(
        evidence_tokens=chosen.evidence_tokens,
        trusted=chosen.trusted,
        own_words=chosen.own_words,
        price_in=settings.llm_price_in,
        price_out=settings.llm_price_out,
    )
    generator = wrap(chosen.generator) if wrap else chosen.generator
    return Writer(
        generator,
        Check(terms, language=analyser.language),
        terms,
        limits=limits,
        second_check=_second_check(workspace, generator),
        show=Show(readable, order_finder(embedder)),
        embed=embedder.embed_queries,
    )


def _second_check(workspace: Workspace, generator: Generator) -> Checker | None:
    """Load the second check of the settings, if any; it is downloaded only if the user named it."""
    settings = workspace.settings
    if settings.check is None:
        return None
    from askdoc.write.check.entailment import EntailmentCheck, ModelCheck

    if settings.check == CHECK_BY_LLM:
        return ModelCheck(generator)
    from askdoc.models.entailment import load

    allowed = workspace.origins["check"].trusted and not settings.offline
    name, judge = load(settings.check, allow_download=allowed)
    return EntailmentCheck(f"`{name}`", judge)
