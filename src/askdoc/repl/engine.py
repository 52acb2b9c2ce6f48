"""One thread that opens the index in the background and answers from it.

The catalog's connection belongs to the thread that opened it, so opening, answering and closing
all happen there. The caller waits, and Ctrl-C ends its waiting at once; the work itself ends at its
next event. Where an engine runs that serves the same, it is asked, and nothing is loaded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from askdoc import app
from askdoc.chat.rewriter import completed
from askdoc.errors import AskdocError
from askdoc.models.llm.interruptible import Interruptible
from askdoc.repl.keyboard import Keyboard
from askdoc.serve.remote import Gone, Remote, connect
from askdoc.types import Compiling
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from askdoc.ask.federate import Asked
    from askdoc.repl.scope import Scope
    from askdoc.types import Document, Turn
    from askdoc.types.ports import Generator

T = TypeVar("T")

Job = Callable[["Asked", Listener], T]
"""Work on an open index; it reports events to the listener."""

_MOMENT = 1.0
"""Seconds for an interrupted job to end."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Facts about the open index."""

    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class _Event:
    value: object


class _Done:
    """Event: a job has ended."""


class _Interrupted:
    """Event: Ctrl-C was pressed."""


class Engine:
    """Opens the index of a session and runs jobs on it, in its own thread."""

    on_opened: Callable[[], None]
    """Called, in the thread, whenever the state of opening changes."""

    def __init__(self, scope: Scope, keyboard: Keyboard) -> None:
        self._scope = scope
        self._keyboard = keyboard
        self.on_opened = _nothing
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="askdoc")
        self._stack = ExitStack()
        self._asked: Asked | None = None
        self._remote: Remote | None = None
        """The engine that is asked, if one runs that serves the same."""
        self._rewriter: Generator | None = None
        self._seen: object = None
        self._cancel = self._running = Event()
        """Set to end the latest and the running job."""
        self._events: SimpleQueue[object] = SimpleQueue()
        self._emit: Callable[[object], None] = self._events.put
        self.compiling: Compiling | None = None
        """The latest stage of a model that is being prepared."""
        self.opened: Opened | None = None
        self.error: AskdocError | None = None
        self.loading = False
        self._started = False

    def start(self) -> None:
        """Start to open the index in the background; later calls do nothing."""
        if not self._started:
            self.reopen(self._scope)

    def call(self, job: Job[T], on_event: Listener = ignore) -> T:
        """Run `job` on the index; open the index first if it is not open or has changed.

        `on_event` gets the events of opening and of the job, in the caller's thread. Errors of the
        job are raised here. On Ctrl-C, the job gets a KeyboardInterrupt at its next event, and may
        return a partial result.

        Raises:
            KeyboardInterrupt: the job was interrupted without a result.

        """
        events: SimpleQueue[_Event | _Done | _Interrupted] = SimpleQueue()
        cancel = self._cancel = Event()

        def listen(event: object) -> None:
            if cancel.is_set():
                raise KeyboardInterrupt
            events.put(_Event(event))

        def work() -> T:
            try:
                if cancel.is_set():
                    raise KeyboardInterrupt
                self._running = cancel
                asked = self._ready()
                while not self._events.empty():
                    events.put(_Event(self._events.get()))
                self._emit = lambda event: events.put(_Event(event))
                return self._do(job, asked, listen, cancel)
            finally:
                app.rest(self._asked)
                self._emit = self._events.put
                events.put(_Done())

        future = self._pool.submit(work)
        try:
            with self._keyboard.ends(lambda: events.put(_Interrupted())):
                while isinstance(event := events.get(), _Event):
                    on_event(event.value)
            if isinstance(event, _Done):
                return future.result()
        except KeyboardInterrupt:
            pass  # in a script, where the keyboard is not grabbed
        self._give_up(cancel)
        return _finished(future)

    def completed(self, question: str, turns: Sequence[Turn], language: str) -> str:
        """Return what a question means after `turns`; only jobs may call this."""
        if self._remote is not None:
            return self._remote.completed(question, turns, language, listen=self._emit)
        return completed(question, turns, self._rewriter, language=language)

    def reopen(self, scope: Scope) -> None:
        """Open the index again in the background, with the settings of `scope`."""
        self._scope = scope
        self._started = self.loading = True
        self._pool.submit(self._load_quietly)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Keep the index closed in this block, for a writer.

        Then open it again in the background.
        """
        self._pool.submit(self._close).result()
        try:
            yield
        finally:
            self.reopen(self._scope)

    def close(self) -> None:
        """Close the index and end the thread."""
        self._give_up(self._cancel)
        self._pool.submit(self._close)
        self._pool.shutdown()

    def _give_up(self, cancel: Event) -> None:
        """End a job at its next event, or where an engine does it, at once."""
        cancel.set()
        if (remote := self._remote) is not None:
            remote.give_up()

    # ── in the thread ───────────────────────────────────────────────────────────────────────────

    def _do(self, job: Job[T], asked: Asked, listen: Listener, cancel: Event) -> T:
        try:
            return job(asked, listen)
        except Gone:
            if cancel.is_set():
                raise KeyboardInterrupt from None
            return job(self._load(), listen)

    def _load_quietly(self) -> None:
        try:
            self._load()
        except AskdocError as error:
            self.error = error
        finally:
            self.loading = False
            self.on_opened()

    def _load(self) -> Asked:
        self._close()
        try:
            return self._open()
        finally:
            self.compiling = None

    def _open(self) -> Asked:
        scope = self._scope
        self._seen = _stamp(scope)
        documents: list[Document] = []
        for workspace in scope.members.values():
            with app.open_made(workspace) as catalog:
                documents += catalog.documents()
        if (running := self._running_engine()) is not None:
            self._asked = running
            self.opened = Opened(tuple(documents))
            self.error = None
            return running
        from askdoc.ask.memo import remembering  # which imports numpy

        load_model = self._stack.enter_context(app.language_models())
        self._asked = self._stack.enter_context(
            app.asked(
                scope.members,
                self._on_event,
                wrap_generator=self._interruptible,
                load_model=load_model,
                change=remembering,
            )
        )
        chosen = load_model(scope.settings)
        if chosen is not None and chosen.rewrites:
            self._rewriter = self._interruptible(chosen.generator)
        self.opened = Opened(tuple(documents))
        self.error = None
        return self._asked

    def _running_engine(self) -> Asked | None:
        """Connect to an engine that serves the same."""
        again = partial(connect, "session", list(self._scope.members.values()))
        connection = again()
        if connection is None:
            return None
        self._remote = self._stack.enter_context(closing(Remote(connection, again)))
        return self._remote

    def _on_event(self, event: object) -> None:
        """Pass events of a model to the waiting job, or keep them for the next one.

        Long preparations are shown at once.
        """
        if isinstance(event, Compiling):
            self.compiling = event
            self.on_opened()
        self._emit(event)

    def _interruptible(self, generator: Generator) -> Generator:
        return Interruptible(generator, self._cancelled)

    def _cancelled(self) -> bool:
        return self._running.is_set()

    def _ready(self) -> Asked:
        if self._asked is not None and self._seen == _stamp(self._scope):
            return self._asked
        return self._load()

    def _close(self) -> None:
        self._asked = self._rewriter = self._remote = None
        self._stack.close()


def _finished(future: Future[T]) -> T:
    """Return the result of an interrupted job, if it comes within a moment."""
    try:
        return future.result(timeout=_MOMENT)
    except TimeoutError:
        raise KeyboardInterrupt from None


def _nothing() -> None:
    pass


def _stamp(scope: Scope) -> object:
    """Return a stamp that changes with every write to the index."""
    return [app.index_state(workspace) for workspace in scope.members.values()]
