"""The resident engine: a few threads that have all libraries open, and a queue before them.

    engine = Engine({"law": workspace})
    engine.start()
    answer = await engine.ask("When is rent deductible?")
    engine.close()

As many questions are answered at once as there are cores. More wait, up to a limit; beyond that a
question is refused. One that takes too long, or whose caller is gone, ends.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from askdoc.app import language_of, may_write, narrowed
from askdoc.ask.federate import interleaved, marked, marked_event
from askdoc.chat.followups import complete_turns, is_repeated
from askdoc.chat.rewriter import completed
from askdoc.errors import AskdocError
from askdoc.evals.bench import default_jobs
from askdoc.serve.libraries import GROUPS, Libraries, OpenByGroups, Shared
from askdoc.settings import ENGLISH
from askdoc.system.limits import cores
from askdoc.types import Answer, Passage, Span, Turn
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from askdoc.ask.federate import Asked
    from askdoc.workspace import Workspace

T = TypeVar("T")

Job = Callable[[Libraries, Listener], T]
"""Work on the open libraries; it calls the listener now and then."""

Lines = Mapping[tuple[str, Span], tuple[int, int]]
"""The first and last line of places, by the id of the document and the span."""

_GLANCE = 0.5
"""Seconds after which an idle thread looks whether an index has changed."""


class Overloaded(AskdocError):
    """Too many questions wait already; `retry_after` is in seconds."""

    retry_after = 1


class TookTooLong(AskdocError):
    """A question was not answered within the limit."""


class Ended(AskdocError):
    """The caller has gone, or the engine is being closed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many questions wait at most, and how many seconds one may take, its waiting included."""

    waiting: int = 64
    seconds: float = 120.0
    threads: int | None = None
    """Questions answered at once; by default as many as there are cores."""


@dataclass(slots=True, eq=False)
class Task(Generic[T]):
    """A job in the queue or at work."""

    job: Job[T]
    hear: Listener
    future: Future[T] = field(default_factory=Future)
    context: Context = field(default_factory=copy_context)
    """What the caller's trace is, among others."""
    cancel: threading.Event = field(default_factory=threading.Event)

    def listen(self, event: object) -> None:
        """Hand on an event of the job, or end it.

        Raises:
            KeyboardInterrupt: the task is cancelled.

        """
        if self.cancel.is_set():
            raise KeyboardInterrupt
        self.hear(event)


class _Running(threading.local):
    """The task of a thread."""

    task: Task[Any] | None = None


class Engine:
    """Answers questions from libraries that stay open; `start` opens them."""

    def __init__(self, workspaces: Mapping[str, Workspace], limits: Limits | None = None) -> None:
        self.workspaces = dict(workspaces)
        self.limits = limits or Limits()
        self.error: AskdocError | None = None
        """Why the libraries could not be opened at the start."""
        self.ready = False
        """Whether all threads are warm."""
        self.last_used = time.monotonic()
        """When it was last asked something."""
        self.on_answer: Callable[[Answer], None] = ignore
        """Hears each answer, in the thread that made it."""
        self.on_event: Listener = ignore
        """Hears what models report: where they send to, and when they have to wait."""
        self._opened = threading.Event()
        self._running = _Running()
        self._tasks: Queue[Task[Any] | None] = Queue()
        self._shared = Shared(workspaces, self._is_cancelled, self._tell)
        self._cold = 0
        self._lock = threading.Lock()
        self._busy: set[Task[Any]] = set()
        self._closing = False
        self._threads: list[threading.Thread] = []

    # ── life ────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Begin to open the libraries, in the background."""
        count = self.limits.threads or _threads(self.workspaces)
        self._cold = count
        self._threads = [
            threading.Thread(target=self._work, name=f"askdoc-engine-{number}", daemon=True)
            for number in range(1, count + 1)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the engine is ready.

        Raises:
            AskdocError: the libraries could not be opened.
            TookTooLong: that takes longer than `seconds`.

        """
        if not self._opened.wait(seconds):
            message = "the libraries are not open yet"
            raise TookTooLong(message)
        if self.error is not None:
            raise self.error

    def close(self, seconds: float = 10.0) -> None:
        """Refuse new questions, finish what is being answered within the limit, and end."""
        self._closing = True
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(seconds / max(1, len(self._threads)))
        with self._lock:
            late = list(self._busy)
        for task in late:
            task.cancel.set()
        for thread in self._threads if late else ():
            thread.join(1.0)
        if not any(thread.is_alive() for thread in self._threads):
            self._shared.close()

    @property
    def waiting(self) -> int:
        """How many questions wait."""
        return self._tasks.qsize()

    @property
    def answering(self) -> int:
        """How many questions are being answered."""
        return len(self._busy)

    # ── work ────────────────────────────────────────────────────────────────────────────────────

    async def run(self, job: Job[T], listen: Listener = ignore) -> T:
        """Run a job on the libraries; `listen` hears its events, in another thread.

        A caller that is cancelled ends the job at its next event.

        Raises:
            Overloaded: too many wait already.
            TookTooLong: it was not done within the limit.

        """
        task = self.submit(job, listen)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(task.future), self.limits.seconds)
        except TimeoutError as error:
            message = f"no answer within {self.limits.seconds:g} seconds"
            raise TookTooLong(message, hint="ask again, or ask something smaller") from error
        finally:
            task.cancel.set()

    def submit(self, job: Job[T], listen: Listener) -> Task[T]:
        """Put a job into the queue; setting the task's `cancel` ends it at its next event.

        Raises:
            Overloaded: too many wait already, or the engine is being closed.

        """
        if self._closing:
            message = "the server is stopping"
            raise Overloaded(message)
        if self._tasks.qsize() >= self.limits.waiting:
            message = "too many questions wait already"
            raise Overloaded(message, hint="ask again in a moment")
        self.last_used = time.monotonic()
        task = Task(job, listen)
        self._tasks.put(task)
        return task

    async def ask(
        self,
        question: str,
        *,
        library: str | None = None,
        allowed: Collection[str] | None = None,
        source: Sequence[str] = (),
        where: Sequence[str] = (),
        history: Sequence[Turn] = (),
        listen: Listener = ignore,
    ) -> Answer:
        """Answer a question from one library or from all; `history` is what was said before.

        `allowed` are the libraries that the caller may see, by default all.

        `listen` hears the evidence, and each claim of a language model after its check.

        Raises:
            UsageError: the question is empty, or no document fits `source` and `where`.
            Overloaded: too many questions wait already.
            TookTooLong: there is no answer within the limit.

        """

        def job(libraries: Libraries, hear: Listener) -> Answer:
            names = libraries.chosen(library, allowed)
            name = names[0] if len(names) == 1 else None
            asked: Asked = libraries.members[name] if name else libraries.together(names)
            complete = self._complete(question, history, names[0], libraries)

            def listen_marked(event: object) -> None:
                hear(event if name is None else marked_event(event, name))

            answer = asked.answer(
                question,
                documents=narrowed(asked, source, where),
                earlier=[turn.question for turn in history],
                complete=None if complete == question else complete,
                listen=listen_marked,
            )
            self.on_answer(answer)
            return answer if name is None else marked(answer, name)

        return await self.run(job, listen)

    def _complete(
        self, question: str, history: Sequence[Turn], name: str, libraries: Libraries
    ) -> str:
        """Say what a question means after what was said before, as a session does."""
        language = language_of(question, self.workspaces[name].settings)
        turns = complete_turns(history) if language == ENGLISH else list(history)
        if turns and is_repeated(question, history[-1].question):
            return turns[-1].question
        return completed(question, turns, libraries.rewriters.get(name), language=language)

    async def search(
        self,
        question: str,
        *,
        library: str | None = None,
        allowed: Collection[str] | None = None,
        limit: int | None = None,
        source: Sequence[str] = (),
        where: Sequence[str] = (),
    ) -> tuple[list[Passage], Lines]:
        """Find passages in one library or in all, best first, and their lines.

        Of several libraries, the best of each come first, then the second best of each.

        Raises:
            UsageError: the question is empty, or no document fits `source` and `where`.

        """

        def job(libraries: Libraries, _: Listener) -> tuple[list[Passage], Lines]:
            names = libraries.chosen(library, allowed)
            together = libraries.together(names)
            asked: Asked = libraries.members[names[0]] if len(names) == 1 else together
            found = asked.search(question, limit=limit, documents=narrowed(asked, source, where))
            if len(names) == 1:
                found = interleaved({names[0]: found})
            places = {(one.chunk.document_id, one.chunk.span) for one in found}
            return found, {place: together.lines(*place) for place in places}

        return await self.run(job)

    # ── in the threads ──────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        own = OpenByGroups(self._shared)
        try:
            self._warm(own)
            own.rest()
            while True:
                try:
                    task = self._tasks.get(timeout=_GLANCE)
                except Empty:
                    if not own.is_current:
                        with suppress(Exception):  # the next question says what is wrong
                            own.get()
                    continue
                if task is None:
                    return
                self._do(task, own)
                own.rest()
        finally:
            own.close()

    def _warm(self, own: OpenByGroups) -> None:
        """Open the libraries, and look for something in each, which loads what is loaded late."""
        try:
            for name, member in own.get().members.items():
                found = member.parts.sources.catalog.documents()
                member.evidence(found[0].title or name)
        except Exception as error:  # noqa: BLE001 - whoever waits has to know
            message = f"the libraries cannot be opened: {error!r}"
            self.error = error if isinstance(error, AskdocError) else AskdocError(message)
            self._opened.set()
            return
        with self._lock:
            self._cold -= 1
            self.ready = not self._cold
        if self.ready:
            self._opened.set()

    def _do(self, task: Task[Any], own: OpenByGroups) -> None:
        if not task.future.set_running_or_notify_cancel():
            return
        with self._lock:
            self._busy.add(task)
        self._running.task = task
        try:
            libraries = own.get(task.context.get(GROUPS))
            task.future.set_result(task.context.run(task.job, libraries, task.listen))
        except KeyboardInterrupt:
            task.future.set_exception(Ended("the question was given up"))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            task.future.set_exception(error)
        finally:
            self._running.task = None
            self.last_used = time.monotonic()
            with self._lock:
                self._busy.discard(task)

    def _tell(self, event: object) -> None:
        """Hand on what a model reports, also to all who wait for an answer."""
        self.on_event(event)
        with self._lock:
            busy = list(self._busy)
        for task in busy:
            with suppress(OSError, RuntimeError):  # its caller is gone
                task.hear(event)

    def _is_cancelled(self) -> bool:
        task = self._running.task
        return task is not None and task.cancel.is_set()


def _threads(workspaces: Mapping[str, Workspace]) -> int:
    """Count the questions to answer at once; a language model of this machine takes all cores."""
    settings = [workspace.settings for workspace in workspaces.values()]
    if any(map(may_write, settings)):
        return min(cores(), *(default_jobs(one.llm) for one in settings))
    return cores()
