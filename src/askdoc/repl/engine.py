"""One thread that opens the index in the background and answers from it.

The catalog's connection belongs to the thread that opened it, so opening, answering and closing
all happen there. The caller waits, and Ctrl-C ends its waiting at once; the work itself ends at its
next event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from askdoc import app
from askdoc.errors import AskdocError
from askdoc.models.llm.interruptible import Interruptible
from askdoc.repl.keyboard import Keyboard
from askdoc.types import Compiling
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from askdoc.ask.federate import Asked
    from askdoc.repl.scope import Scope
    from askdoc.types import Document
    from askdoc.types.ports import Generator

T = TypeVar("T")

Job = Callable[["Asked", Listener], T]
"""Work on an open index; it calls the listener now and then."""

_FILE = "catalog.sqlite"
_MOMENT = 1.0
"""Seconds that an interrupted job has to end."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known once the index is open."""

    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class _Event:
    value: object


class _Done:
    """Ends the stream of events of one job."""


class _Interrupted:
    """Says, among the events of a job, that Ctrl-C was pressed."""


class Engine:
    """Opens what a session asks and runs jobs on it, in a thread of its own."""

    on_opened: Callable[[], None]
    """Called, in the thread, when the index has been opened or could not be, or opening goes on."""

    def __init__(self, scope: Scope, keyboard: Keyboard) -> None:
        self._scope = scope
        self._keyboard = keyboard
        self.on_opened = _nothing
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="askdoc")
        self._stack = ExitStack()
        self._asked: Asked | None = None
        self.rewriter: Generator | None = None
        """The language model that completes follow-ups; for jobs, like all that is open."""
        self._seen: object = None
        self._cancel = self._running = Event()
        """Tell the latest job, and the one that runs, to end."""
        self._events: SimpleQueue[object] = SimpleQueue()
        self._emit: Callable[[object], None] = self._events.put
        self.compiling: Compiling | None = None
        """What a model that is being made ready, which takes long, has reached."""
        self.opened: Opened | None = None
        self.error: AskdocError | None = None
        self.loading = False
        self._started = False

    def start(self) -> None:
        """Begin to open the index in the background; later calls do nothing."""
        if not self._started:
            self.reopen(self._scope)

    def call(self, job: Job[T], on_event: Listener = ignore) -> T:
        """Run `job` on the index, opening the index first where it is not open or has changed.

        `hear` gets the job's events, after those of the opening, in the caller's thread. What the
        job raises is raised here. On Ctrl-C, the job meets a KeyboardInterrupt at its next event,
        and may return what it has.

        Raises:
            KeyboardInterrupt: the user no longer wants to wait, and the job had nothing to show.

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
                return job(asked, listen)
            finally:
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
            pass  # as in a script, where the keyboard is not held
        cancel.set()
        return _finished(future)

    def reopen(self, scope: Scope) -> None:
        """Open the index again in the background, with the settings of `scope`."""
        self._scope = scope
        self._started = self.loading = True
        self._pool.submit(self._load_quietly)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Keep the index closed, for one who writes to it; open it again in the background."""
        self._pool.submit(self._close).result()
        try:
            yield
        finally:
            self.reopen(self._scope)

    def close(self) -> None:
        """Close the index and end the thread."""
        self._cancel.set()
        self._pool.submit(self._close)
        self._pool.shutdown()

    # ── in the thread ───────────────────────────────────────────────────────────────────────────

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
        from askdoc.ask.memo import remembering  # it imports numpy

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
            self.rewriter = self._interruptible(chosen.generator)
        self.opened = Opened(tuple(documents))
        self.error = None
        return self._asked

    def _on_event(self, event: object) -> None:
        """Give what a model tells to the job that waits for it, else keep it for the next one.

        What takes long is shown at once.
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
        self._asked = self.rewriter = None
        self._stack.close()


def _finished(future: Future[T]) -> T:
    """Return what an interrupted job has to show for itself, if that comes within a moment."""
    try:
        return future.result(timeout=_MOMENT)
    except TimeoutError:
        raise KeyboardInterrupt from None


def _nothing() -> None:
    pass


def _stamp(scope: Scope) -> object:
    """Return what changes when somebody writes to an index."""
    found = []
    for workspace in scope.members.values():
        for suffix in ("", "-wal"):
            try:
                stat = (workspace.index / f"{_FILE}{suffix}").stat()
            except OSError:
                continue
            if stat.st_size:  # reading makes an empty log
                found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
    return found
