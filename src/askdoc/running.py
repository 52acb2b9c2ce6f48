"""Suites on a real index: opening it, keeping answers between runs, embedding in batches."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from askdoc import wiring
from askdoc.adapters.answer_cache import AnswerCache, case_key
from askdoc.errors import AskdocError, UsageError
from askdoc.evaluation import AnswerCase, evaluate
from askdoc.gold import GoldFinder
from askdoc.ports import CatalogReader, Listener, deaf
from askdoc.remembering import RememberingEmbedder
from askdoc.settings import index_fingerprint
from askdoc.suites import Suite
from askdoc.types import Answer, EvalCase

if TYPE_CHECKING:
    from askdoc.answering import Answerer
    from askdoc.ports import Embedder
    from askdoc.reports import SuiteReport
    from askdoc.workspace import Workspace

_BATCH = 256

TIMED = 25
"""Answers whose time is measured: enough for a median, few enough to ask without memory."""


@dataclass(frozen=True, slots=True)
class Bench:
    """An open index, ready to run suites on; `cache` is None where answers are not kept."""

    answerer: Answerer
    catalog: CatalogReader
    memory: RememberingEmbedder
    cache: AnswerCache | None

    def run(self, suite: Suite, listen: Listener = deaf, *, within: bool = False) -> SuiteReport:
        """Answer and score a suite.

        With `within`, each question looks only into the documents that its case names: for sets
        whose questions are about one document without saying which.
        """
        answer = self.answering(suite.cases, within=within)
        with _rarely_collected():
            return evaluate(suite, answer, self.catalog, listen=listen)

    def answering(self, cases: Sequence[EvalCase], *, within: bool = False) -> AnswerCase:
        """Return what answers these cases: from the cache, else by the answerer.

        No text is embedded twice, which is not what a user waits for; so the time of most answers
        is left out, and `TIMED` of them, drawn by their questions, are asked without any memory.
        """
        gold = GoldFinder(self.catalog) if within else None
        keys = {case.id: _key(case, gold) for case in cases}
        timed = set(sorted(keys.values())[:TIMED])
        kept: Container[str] = () if self.cache is None else self.cache
        asked = [c.question for c in cases if keys[c.id] not in kept and keys[c.id] not in timed]
        self._embed(asked)

        def answer(case: EvalCase) -> Answer:
            key = keys[case.id]
            found = None if self.cache is None else self.cache.get(key)
            if found is None:
                scope = _scope(case, gold) if gold else None
                found = self._ask(case.question, scope, timed=key in timed)
                if self.cache is not None:
                    self.cache.put(key, found)
            return found

        return answer

    def _ask(self, question: str, scope: Sequence[str] | None, *, timed: bool) -> Answer:
        if timed:
            with self.memory.forgetful():
                return self.answerer.answer(question, documents=scope)
        return replace(self.answerer.answer(question, documents=scope), timings={})

    def _embed(self, questions: Sequence[str]) -> None:
        """Embed questions in batches, of like length, into the memory."""
        ordered = sorted(set(filter(str.strip, questions)), key=lambda text: (len(text), text))
        for start in range(0, len(ordered), _BATCH):
            self.answerer.embed(ordered[start : start + _BATCH])


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Have garbage collected less often: a run makes many objects and keeps them all.

    A quarter of the time of a run from the cache went into looking through them again and again.
    """
    before = gc.get_threshold()
    gc.set_threshold(200_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def bench(workspace: Workspace, *, cache: bool = True, listen: Listener = deaf) -> Iterator[Bench]:
    """Open the index of a workspace for suites, and close it in the end.

    Raises:
        NoIndex: there is none, or nothing is in it.

    """
    memories: list[RememberingEmbedder] = []

    def remember(embedder: Embedder) -> RememberingEmbedder:
        memories.append(RememberingEmbedder(embedder))
        return memories[0]

    with ExitStack() as stack:
        answerer = stack.enter_context(wiring.answerer(workspace, listen, wrap=remember))
        catalog = stack.enter_context(wiring.open_catalog(workspace))
        kept = None
        if cache:
            folder = cache_folder() / "answers"
            kept = stack.enter_context(AnswerCache(folder, answerer.fingerprint, catalog))
        yield Bench(answerer, catalog, memories[0], kept)


def on_documents(workspace: Workspace, documents: Path) -> Workspace:
    """Return a workspace on another folder of documents, whose index is kept in the user's cache.

    Raises:
        UsageError: there is no such folder.

    """
    documents = documents.resolve()
    if not documents.is_dir():
        message = f"there is no folder `{documents}`"
        raise UsageError(message, hint="`--documents` takes the folder of a set's documents")
    return in_cache(replace(workspace, root=documents, config=None), (documents,))


def in_cache(workspace: Workspace, sources: Sequence[Path]) -> Workspace:
    """Return the workspace with other sources and an index of these in the user's cache.

    The workspace's own index is left alone. The folder of the index depends on the sources and on
    the settings that an index depends on, so that each is made once.
    """
    parts = (
        sorted(str(source.resolve()) for source in sources),
        str(workspace.root),
        index_fingerprint(workspace.settings),
        workspace.settings.embedder,
    )
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=10).hexdigest()
    index = cache_folder() / "indexes" / digest
    return replace(workspace, index=index, sources=tuple(source.resolve() for source in sources))


def cache_folder() -> Path:
    """Name the folder where evaluation keeps indexes and answers between runs."""
    return platformdirs.user_cache_path("askdoc") / "eval"


def _key(case: EvalCase, gold: GoldFinder | None) -> str:
    scope = ",".join(_scope(case, gold)) if gold else ""
    return f"{case_key(case)}{scope and ':'}{scope}"


def _scope(case: EvalCase, gold: GoldFinder) -> list[str]:
    paths = dict.fromkeys([item.document for item in case.evidence] + list(case.relevant))
    ids = [document.id for path in paths for document in gold.documents(path)]
    if not ids:
        message = f"`{case.id}` names no document to look into"
        raise AskdocError(message, hint="run it without `--within`")
    return ids
