"""What one session remembers, and how a question becomes an answer on the screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from askdoc import app
from askdoc import paths as user_folders
from askdoc.addresses import Target, paths_of
from askdoc.chat.history import Exchange, SessionStore, SessionSummary, missing_from, title_of
from askdoc.chat.store import FILE_NAME, SqliteSessions
from askdoc.errors import AskdocError, NoIndex, StoreError, UsageError
from askdoc.paths import seen_from
from askdoc.render.answers import answer_lines, notes
from askdoc.render.console import Page
from askdoc.render.errors import note_line, problem_lines
from askdoc.render.generation import ClaimStream, generation_lines
from askdoc.render.layout import flat, hang
from askdoc.render.notices import STAGES, ModelNotices
from askdoc.render.places import NumberedPlace, places
from askdoc.render.progress import IndexProgress
from askdoc.repl.engine import Engine
from askdoc.repl.keyboard import Keyboard
from askdoc.repl.rewriter import note_on_rewriting, standing_alone
from askdoc.repl.scope import Scope
from askdoc.repl.wait import Waiting
from askdoc.strings import printable
from askdoc.types import Sending, Wrote
from askdoc.types.ports import Listener

if TYPE_CHECKING:
    from pathlib import Path

    from askdoc.ask.federate import Asked
    from askdoc.types import Answer, Document, IndexReport, Span
    from askdoc.workspace import Workspace


class Pages:
    """What a session writes on; each is made anew for every output, so that a resize counts."""

    def __init__(self, output: Callable[[], Page], errors: Callable[[], Page]) -> None:
        self._output = output
        self._errors = errors

    def output(self) -> Page:
        """Return the page for what was asked for."""
        return replace(self._output(), in_session=True)

    def errors(self) -> Page:
        """Return the page for everything else."""
        return replace(self._errors(), in_session=True)


class Session:
    """One interactive session on a workspace, or on several libraries.

    Args:
        scope: what is asked.
        pages: where answers and errors go.
        store: where the session is kept, or None.

    """

    def __init__(
        self,
        scope: Scope,
        pages: Pages,
        store: SessionStore | None,
    ) -> None:
        self.scope = scope
        self.pages = pages
        self.store = store
        self.keyboard = Keyboard()
        self.engine = Engine(scope, self.keyboard)
        self.patterns: tuple[str, ...] = ()
        self.exchanges: list[Exchange] = []
        self.unanswered: tuple[str, bool] | None = None
        """What was asked last, and whether as typed, where it was interrupted or failed."""
        self.saved: dict[Path, str] = {}
        """The digests of what this session has written to files."""
        self.prompt: Callable[[str], str] | None = None
        self.failed = False
        self.session_id: int | None = None
        """The number of the saved session that this one is, once something was asked."""
        self._not_kept: StoreError | None = None
        self._lines: dict[tuple[str, Span], tuple[int, int]] = {}

    # ── asking ──────────────────────────────────────────────────────────────────────────────────

    def ask(self, asked: str, *, raw: bool = False) -> None:
        """Answer what was typed; unless `raw`, as a part of the conversation."""
        page = self.pages.output()
        asked = printable(asked).strip()
        self.unanswered = (asked, raw)
        question = asked if raw else standing_alone(self, asked, self._waiting_for)
        if question != asked:
            page.show([hang(flat(question, "faint"), page, first="→ ")])
        if not raw and (note := note_on_rewriting(self, asked, question)):
            stderr = self.pages.errors()
            stderr.show([note_line(note, stderr)])
        stream, notices = ClaimStream(page), ModelNotices(self.pages.errors())
        with Waiting(page, self._waiting_for) as waiting:

            def on_event(event: object) -> None:
                if isinstance(event, Wrote | Sending):
                    waiting.end()
                    stream.page = self.pages.output()
                stream(event)
                if notices.tells(event):
                    with waiting.paused():
                        notices(event)

            earlier = () if raw else tuple(exchange.asked for exchange in self.exchanges)
            answer = self._answer(self._job(asked, question, earlier), on_event, waiting)
        page = self.pages.output()
        page.show(answer_lines(answer, page, lines=self.lines, shown=stream.count))
        withheld = self.scope.settings.show_unsupported
        page.show(generation_lines(answer, page, withheld=withheld))
        stderr = self.pages.errors()
        stderr.show(note_line(note, stderr) for note in notes(answer))
        self._remember(Exchange(asked, question, answer, datetime.now(UTC)))

    def last(self) -> Exchange:
        """Return the last question with its answer.

        Raises:
            UsageError: nothing has been asked yet.

        """
        if not self.exchanges:
            message = "nothing has been asked yet"
            raise UsageError(message, hint="type a question first")
        return self.exchanges[-1]

    def take_back(self) -> tuple[str, bool]:
        """Return what was asked last, to be asked again, and whether it was asked as typed.

        What was interrupted or failed stands in no exchange; else the last one is given up.

        Raises:
            UsageError: nothing has been asked yet.

        """
        if self.unanswered is not None:
            return self.unanswered
        last = self.last()
        self.exchanges.pop()
        return last.asked, last.question == last.asked

    def places(self) -> list[NumberedPlace]:
        """List the places of the last answer."""
        return places(self.last().answer)

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Name the first and last line of a place of an answer that was given here."""
        return self._lines[document_id, span]

    def lines_of(self, place: NumberedPlace) -> tuple[int, int] | None:
        """Name the lines of a place as they were when it was found.

        Sessions that were kept without them have the lines of now; None where the document is no
        longer indexed.
        """
        if place.lines:
            return place.lines
        try:
            document = self.document(place.document)
        except (UsageError, NoIndex):
            return None
        with app.open_catalog(self.scope.holder(place.document)) as catalog:
            return catalog.lines(document.id, place.span)

    # ── what it works on ────────────────────────────────────────────────────────────────────────

    def change(self, **settings: Any) -> None:
        """Go on with other settings; the index is opened again in the background."""
        self.scope = self.scope.changed(**settings)
        self.engine.reopen(self.scope)

    def index(self, workspace: Workspace, sources: list[Target] | None) -> IndexReport:
        """Bring the index of `workspace` up to date with `sources`, or with those it knows."""
        app.refuse_index_around(workspace, paths_of(sources or ()))
        stderr = self.pages.errors()
        with (
            self.engine.closed(),
            IndexProgress(stderr) as progress,
            app.indexer(workspace, progress) as indexer,
            self.keyboard.interrupts(),
        ):
            return indexer.sync(sources, progress)

    def document(self, document: Document) -> Document:
        """Return that document as it is indexed now.

        Raises:
            UsageError: it is not indexed any more.

        """
        with app.open_catalog(self.scope.holder(document)) as catalog:
            for item in catalog.documents():
                if item.file == document.file:
                    return item
        message = f"`{self.seen(document.file)}` is no longer indexed"
        raise UsageError(message, hint="see what is indexed: `/status`")

    def seen(self, file: str) -> str:
        """Write the path of a file as seen from here."""
        return seen_from(self.pages.output().base, file)

    # ── what is kept ────────────────────────────────────────────────────────────────────────────

    def resume(self, session_id: int) -> None:
        """Go on with a saved session of what is asked here.

        Raises:
            UsageError: there is no such session, or it is of another workspace.

        """
        store = self.kept(session_id)
        self.exchanges = store.exchanges(session_id)
        self.unanswered = None
        self.session_id = session_id

    def kept(self, *session_ids: int) -> SessionStore:
        """Return where sessions are kept, having made sure that those are, and of this scope.

        Raises:
            UsageError: this session is not saved, or one is missing or of another workspace.
            StoreError: what is kept cannot be reached.

        """
        if self.store is None:
            raise self._not_kept or self._unkept()
        if missing := missing_from(self.store, self.scope.key, session_ids):
            message = f"there is no session {missing[0]} of this workspace"
            raise UsageError(message, hint="see what there is: `/sessions`")
        return self.store

    def delete(self, session_ids: Sequence[int]) -> int:
        """Delete saved sessions, and count them.

        Where this one is among them, what is asked next begins another.

        Raises:
            UsageError: this session is not saved, or one is missing or of another workspace.

        """
        deleted = self.kept(*session_ids).delete(session_ids)
        if self.session_id in session_ids:
            self.session_id = None
        return deleted

    def listed(self) -> list[SessionSummary]:
        """List the saved sessions of what is asked here; from a pipe, this is none of them.

        Raises:
            UsageError: the user wants none to be kept.
            StoreError: what is kept cannot be reached.

        """
        if self.store is not None:
            return self.store.sessions(self.scope.key)
        if self._not_kept is not None or self.prompt is not None:
            raise self._not_kept or self._unkept()
        folder = user_folders.state()
        if _may_be_made(folder / FILE_NAME):
            return []
        store = SqliteSessions(folder)
        try:
            return store.sessions(self.scope.key)
        finally:
            store.close()

    def _unkept(self) -> UsageError:
        """Say why this session is not saved.

        Raises:
            StoreError: since it cannot be.

        """
        if self.prompt is None:
            message = "a session from a pipe is not saved and resumes none"
            hint = "in a terminal `askdoc` saves sessions; `askdoc history` reads them"
            return UsageError(message, hint=hint)
        if not self.scope.settings.history:
            message = "the setting `history` switches off saving sessions"
            return UsageError(message, hint="save them: `askdoc config set history true`")
        folder = user_folders.state()
        if not _may_be_made(folder / FILE_NAME):
            SqliteSessions(folder).close()
        message = "sessions are not saved here"
        return UsageError(message, hint="start askdoc without `--no-history`")

    def forget(self) -> None:
        """Begin a new session; what was asked so far stays kept."""
        self.exchanges = []
        self.unanswered = None
        self.session_id = None

    def show_error(self, error: AskdocError, *, line: int | None = None) -> None:
        """Say what went wrong, in which line, and remember that something did."""
        self.failed = True
        stderr = self.pages.errors()
        message = str(error) if line is None else f"line {line}: {error}"
        stderr.show(problem_lines(message, error.hint, stderr))

    def close(self) -> None:
        """Let go of the index and of the saved sessions."""
        self.engine.close()
        if self.store:
            self.store.close()

    # ── below here: how ─────────────────────────────────────────────────────────────────────────

    @property
    def title(self) -> str:
        """The session's title: its first question."""
        return title_of(self.exchanges[0].question) if self.exchanges else "Session"

    def _answer(
        self, job: Callable[[Asked, Listener], Answer], on_event: Listener, waiting: Waiting
    ) -> Answer:
        """Answer a question, building the index first where there is none and it can be built.

        Raises:
            KeyboardInterrupt: the user ended that.

        """
        try:
            return self.engine.call(job, on_event)
        except NoIndex:
            if self.scope.several or not self.scope.only("").source_names:
                raise
        workspace = self.scope.only("an index is built for")
        names = ", ".join(f"`{self.seen(name)}`" for name in workspace.source_names)
        stderr = self.pages.errors()
        with waiting.paused():
            stderr.show([note_line(f"there is no index yet; building it from {names}", stderr)])
            if self.index(workspace, None).interrupted:
                raise KeyboardInterrupt
        return self.engine.call(job, on_event)

    def _job(
        self, asked: str, question: str, earlier: Sequence[str]
    ) -> Callable[[Asked, Listener], Answer]:
        """Make ready to search for what was asked; `question` is what it means by itself."""

        def job(answerer: Asked, listen: Listener) -> Answer:
            documents = answerer.resolve(self.patterns) if self.patterns else None
            answer = answerer.answer(
                asked,
                documents=documents,
                earlier=earlier,
                complete=question if question != asked else None,
                listen=listen,
            )
            shown = [(item.passage.document.id, item.span) for item in answer.evidence]
            shown += [(item.document.id, item.chunk.span) for item in answer.passages]
            self._lines |= {place: answerer.lines(*place) for place in shown} | {
                (item.document.id, item.span): (item.line_start, item.line_end)
                for item in answer.citations
            }
            return replace(
                answer,
                evidence=tuple(
                    replace(item, lines=self._lines[item.passage.document.id, item.span])
                    for item in answer.evidence
                ),
            )

        return job

    def _waiting_for(self) -> str:
        if stage := self.engine.compiling:
            text = STAGES[stage.stage]
            return f"{text[:1].lower()}{text[1:]}, which happens once and takes half a minute"
        return "opening the index" if self.engine.loading else "reading"

    def _remember(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.unanswered = None
        if self.store is None:
            return
        try:
            if self.session_id is not None and self.store.add(self.session_id, exchange):
                return
            deleted = self.session_id
            title = title_of(exchange.question)
            self.session_id = self.store.begin(self.scope.key, title, exchange.at)
            self.store.add(self.session_id, exchange)
            if deleted is not None:
                text = f"session {deleted} was deleted; what is asked now is kept as another"
                stderr = self.pages.errors()
                stderr.show([note_line(f"{text}, {self.session_id}", stderr)])
        except StoreError as error:
            self.store, self._not_kept = None, error
            stderr = self.pages.errors()
            stderr.show([note_line(f"{error}; this session is not saved", stderr)])


def _may_be_made(file: Path) -> bool:
    """Tell whether there is no such file, and nothing in the way of one; none is made for that."""
    if file.exists():
        return False
    above = next(folder for folder in file.parents if folder.exists())
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK)
