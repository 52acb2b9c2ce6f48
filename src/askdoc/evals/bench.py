"""Run suites on an index: open it, keep answers between runs, ask on several threads."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from askdoc import app
from askdoc.ask.memo import RememberingAnalyser, RememberingEmbedder
from askdoc.chat import followups
from askdoc.errors import AskdocError, StoreError, UsageError
from askdoc.evals.cache import FILE_NAME, AnswerCache, case_key
from askdoc.evals.grade import GoldFinder
from askdoc.evals.run import evaluate
from askdoc.evals.suite import Suite
from askdoc.models.llm.files import model_pin
from askdoc.models.llm.providers import read_provider
from askdoc.settings import ENGLISH, index_fingerprint
from askdoc.system.parallel import each
from askdoc.types import Answer, EvalCase
from askdoc.types.ports import CatalogReader, Listener, ignore

if TYPE_CHECKING:
    from askdoc.ask.answer import Answerer, Parts
    from askdoc.evals.report import SuiteReport
    from askdoc.settings import Settings
    from askdoc.types import Draft, Evidence, Fingerprint
    from askdoc.types.ports import AnswerWriter, DraftListener
    from askdoc.workspace import Workspace

_BATCH = 256

_TIMED_SHARE, _FEWEST_TIMED, _MOST_TIMED = 5, 10, 25
"""One answer in five is timed: at least ten, at most what a median needs. A timed answer uses no
memory and is slower."""

_SERVER_JOBS = 4
"""Questions to ask a language model on a server at the same time."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What a case asks, and the key under which its answer is kept."""

    key: str
    question: str
    earlier: tuple[str, ...]
    complete: str | None
    scope: tuple[str, ...] | None = None
    timed: bool = False


class Bench:
    """An index, ready to run suites on.

    The answerer is opened only for a question that no earlier run has asked. `stack` closes it.
    `cache_file` is the file of cached answers, or None.
    """

    def __init__(
        self,
        workspace: Workspace,
        catalog: CatalogReader,
        stack: ExitStack,
        *,
        cache_file: Path | None = None,
        listen: Listener = ignore,
    ) -> None:
        self.workspace = workspace
        self.catalog = catalog
        self._stack = stack
        self._file = cache_file
        self._listen = listen
        self._answerer: Answerer | None = None
        self._parts: Parts | None = None
        self._memories: tuple[RememberingEmbedder, RememberingAnalyser] | None = None
        self._cache: AnswerCache | None = None
        self._reused = 0

    @property
    def answerer(self) -> Answerer:
        """The answerer, opened at the first call.

        Raises:
            NoIndex: there is none, or nothing is in it.

        """
        if self._answerer is None:
            self._answerer = self._stack.enter_context(
                app.answerer(self.workspace, self._listen, change=self._remembering)
            )
        return self._answerer

    def run(
        self,
        suite: Suite,
        listen: Listener = ignore,
        *,
        within: bool = False,
        jobs: int | None = None,
    ) -> SuiteReport:
        """Answer and score a suite.

        With `within`, each question looks only into the documents that its case names: for sets
        whose questions are about one document without saying which. `jobs` questions are asked at
        a time, by default as many as suit the answerer; the results do not depend on it.
        """
        self._reused = 0
        with rarely_collected(), self._answering(suite.cases, within=within, jobs=jobs) as answer:
            report = evaluate(suite, answer, self.catalog, listen=listen)
        if report.writing is None:
            return report
        return replace(report, writing=replace(report.writing, kept=self._reused))

    def ask(self, case: EvalCase) -> Answer:
        """Answer the question of one case without the cache."""
        earlier, complete = _conversation(case, self.workspace.settings)
        return self.answerer.answer(case.question, earlier=earlier, complete=complete)

    @contextmanager
    def _answering(
        self, cases: Sequence[EvalCase], *, within: bool, jobs: int | None
    ) -> Iterator[Callable[[EvalCase], Answer]]:
        """Return a function that answers these cases: from the cache, or else by asking.

        No text is embedded twice, so most answers are faster than a user's and have no time. Some,
        chosen by the hash of their questions, are asked without memory and timed.
        """
        tasks = self._tasks(cases, within=within)
        new = self._unanswered(tasks.values())
        known: dict[str, Answer | AskdocError] = {}
        with closing(self._asked(new, jobs or default_jobs(self.workspace.settings.llm))) as coming:

            def answer(case: EvalCase) -> Answer:
                task = tasks[case.id]
                if isinstance(task, AskdocError):
                    raise task
                if task.key not in known and (cached := self._cached(task.key)) is not None:
                    self._reused += cached.generation is not None
                    return cached
                while task.key not in known:
                    key, found = next(coming)
                    known[key] = found
                    if self._cache is not None and isinstance(found, Answer):
                        self._cache.put(key, found)
                found = known[task.key]
                if isinstance(found, AskdocError):
                    raise found
                return found

            yield answer

    def _tasks(self, cases: Sequence[EvalCase], *, within: bool) -> dict[str, _Task | AskdocError]:
        """Map the ids of cases to their tasks, or to the error that prevents one."""
        gold = GoldFinder(self.catalog) if within else None
        tasks: dict[str, _Task | AskdocError] = {}
        for case in cases:
            try:
                scope = _scope(case, gold) if gold else None
            except AskdocError as error:
                tasks[case.id] = error
                continue
            key = case_key(case) if scope is None else f"{case_key(case)}:{','.join(scope)}"
            tasks[case.id] = _Task(
                key, case.question, *_conversation(case, self.workspace.settings), scope
            )
        keys = sorted({task.key for task in tasks.values() if isinstance(task, _Task)})
        timed = set(keys[: min(_MOST_TIMED, max(_FEWEST_TIMED, len(keys) // _TIMED_SHARE))])
        for name, task in tasks.items():
            if isinstance(task, _Task) and task.key in timed:
                tasks[name] = replace(task, timed=True)
        return tasks

    def _unanswered(self, tasks: Iterable[_Task | AskdocError]) -> list[_Task]:
        """List the tasks without a kept answer, each once; open the answerer if there are any."""
        wanted = {task.key: task for task in tasks if isinstance(task, _Task)}
        self._open_cache(app.expected_fingerprint(self.workspace, self.catalog))
        if self._cache is None or any(key not in self._cache for key in wanted):
            self._open_cache(self.answerer.fingerprint)
        cached: Container[str] = () if self._cache is None else self._cache
        return [task for key, task in wanted.items() if key not in cached]

    def _open_cache(self, fingerprint: Fingerprint | None) -> None:
        """Open the kept answers of that fingerprint, unless they are open."""
        if self._file is None or fingerprint is None:
            return
        if self._cache is None or self._cache.fingerprint != fingerprint:
            cache = AnswerCache(
                self._file, fingerprint, self.catalog, besides=_besides(self.workspace.settings)
            )
            self._cache = self._stack.enter_context(cache)

    def _cached(self, key: str) -> Answer | None:
        return None if self._cache is None else self._cache.get(key)

    def _asked(
        self, tasks: Sequence[_Task], jobs: int
    ) -> Generator[tuple[str, Answer | AskdocError]]:
        """Ask the tasks; yield each answer with its key, as it comes."""
        if not tasks:
            return
        self._embed([task.question for task in tasks if not task.timed])
        together = [task for task in tasks if jobs > 1 and self._goes_together(task)]
        alone = [task for task in tasks if jobs == 1 or not self._goes_together(task)]
        for task in alone:
            try:
                yield task.key, self._ask(self.answerer, task)
            except AskdocError as error:
                yield task.key, error
        yield from self._asked_together(together, jobs)

    def _goes_together(self, task: _Task) -> bool:
        """Tell whether other tasks may run beside it.

        On this machine they would share the processor and add to its time. A model on a server is
        timed as it is used.
        """
        return not task.timed or (self._parts is not None and self._parts.writer is not None)

    def _asked_together(
        self, tasks: Sequence[_Task], jobs: int
    ) -> Iterator[tuple[str, Answer | AskdocError]]:
        """Ask on several threads; if one cannot start, the remaining tasks fail with its error."""
        left = {task.key for task in tasks}
        with closing(each(tasks, self._worker, jobs)) as done:
            try:
                for position, found in done:
                    left.discard(tasks[position].key)
                    yield tasks[position].key, found
            except AskdocError as error:
                yield from ((key, error) for key in left)

    @contextmanager
    def _worker(self) -> Iterator[Callable[[_Task], Answer]]:
        """Open the index for the calling thread, with the models that are loaded."""
        with app.answerer(self.workspace, like=self._parts) as own:
            if own.fingerprint != self.answerer.fingerprint:
                message = "the index was changed while the suite runs"
                raise StoreError(message, hint="run it again")
            yield partial(self._ask, own)

    def _ask(self, answerer: Answerer, task: _Task) -> Answer:
        ask = partial(
            answerer.answer,
            task.question,
            documents=task.scope,
            earlier=task.earlier,
            complete=task.complete,
        )
        if task.timed and self._memories:
            embedder, analyser = self._memories
            with embedder.forgetful(), analyser.forgetful():
                return ask()
        return replace(ask(), timings={})

    def _embed(self, questions: Sequence[str]) -> None:
        """Embed questions in batches of similar length, into the memory."""
        ordered = sorted(set(filter(str.strip, questions)), key=lambda text: (len(text), text))
        for start in range(0, len(ordered), _BATCH):
            self.answerer.embed(ordered[start : start + _BATCH])

    def _remembering(self, parts: Parts) -> Parts:
        """Put a memory before embedder and analyser, and make a failing language model an error."""
        sources = parts.sources
        embedder, analyser = (
            RememberingEmbedder(sources.embedder),
            RememberingAnalyser(sources.analyser),
        )
        self._memories = embedder, analyser
        self._parts = replace(
            parts,
            sources=replace(sources, embedder=embedder, analyser=analyser),
            writer=_Strict(parts.writer) if parts.writer else None,
        )
        return self._parts


class _Strict:
    """A writer whose failure is the failure of the case.

    A user then gets the extractive answer, but that says nothing about the model.
    """

    def __init__(self, writer: AnswerWriter) -> None:
        self._writer = writer

    @property
    def name(self) -> str:
        return self._writer.name

    @property
    def fingerprint(self) -> str:
        return self._writer.fingerprint

    @property
    def stands_alone(self) -> bool:
        return self._writer.stands_alone

    def write(self, question: str, evidence: Sequence[Evidence], on_claim: DraftListener) -> Draft:
        """Write, or raise the error of the model."""
        draft = self._writer.write(question, evidence, on_claim)
        if draft.generation.interrupted:
            raise KeyboardInterrupt
        if draft.failure is not None:
            raise draft.failure
        return draft


def default_jobs(llm: str | None) -> int:
    """Return how many questions to ask at a time: several only of a server."""
    return _SERVER_JOBS if llm and read_provider(llm) else 1


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Collect garbage less often: a run makes many objects and keeps them all.

    Without this, a quarter of the time of a run from the cache goes into collections.
    """
    before = gc.get_threshold()
    gc.set_threshold(200_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def bench(
    workspace: Workspace, *, cache: bool = True, listen: Listener = ignore
) -> Iterator[Bench]:
    """Open the index of a workspace for suites, and close it at the end.

    Raises:
        NoIndex: there is none.

    """
    with ExitStack() as stack:
        catalog = stack.enter_context(app.open_catalog(workspace))
        cache_file = cache_folder() / FILE_NAME if cache else None
        yield Bench(workspace, catalog, stack, cache_file=cache_file, listen=listen)


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

    The workspace's own index stays as it is. The folder depends on the sources and on the settings
    of an index, so each index is made once.
    """
    parts = (
        sorted(str(source.resolve()) for source in sources),
        str(workspace.root),
        index_fingerprint(workspace.settings),
        workspace.settings.embedder,
    )
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=10).hexdigest()
    index = cache_folder() / "indexes" / digest
    resolved = tuple(source.resolve() for source in sources)
    return replace(workspace, index=index, database=None, sources=resolved)


def cache_folder() -> Path:
    """Return the folder for indexes and answers between runs."""
    return platformdirs.user_cache_path("askdoc") / "eval"


def _besides(settings: Settings) -> str:
    """Return what answers depend on besides their fingerprint: the file of a model, and prices."""
    if settings.llm is None:
        return ""
    return repr((model_pin(settings.llm), settings.llm_price_in, settings.llm_price_out))


def _conversation(case: EvalCase, settings: Settings) -> tuple[tuple[str, ...], str | None]:
    """Return the questions before that of a case, and what it means after them, as in a session."""
    earlier = tuple(turn.question for turn in case.history)
    if not earlier or app.language_of(case.question, settings) != ENGLISH:
        return earlier, None
    complete = followups.standing_alone(case.question, case.history)
    return earlier, None if complete == case.question else complete


def _scope(case: EvalCase, gold: GoldFinder) -> tuple[str, ...]:
    paths = dict.fromkeys([item.document for item in case.evidence] + list(case.relevant))
    ids = [document.id for path in paths for document in gold.documents(path)]
    if not ids:
        message = f"`{case.id}` names no document to look into"
        raise AskdocError(message, hint="run it without `--within`")
    return tuple(dict.fromkeys(ids))
