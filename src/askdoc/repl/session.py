"""The state of a session, and how a question becomes an answer on the screen."""

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
    """The pages of a session.

    A new one is made for each output, so that a resized terminal counts.
    """

    def __init__(self, output: Callable[[], Page], errors: Callable[[], Page]) -> None:
        self._output = output
        self._errors = errors

    def output(self) -> Page:
        """Return the page for results."""
        return replace(self._output(), in_session=True)

    def errors(self) -> Page:
        """Return the page for everything else."""
        return replace(self._errors(), in_session=True)


class Session:
    """One interactive session on a workspace, or on several libraries.

    Args:
        scope: what is asked.
        pages: where answers and errors go.
        store: where the session is saved, or None.

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
        """The last question if it was interrupted or failed, and whether it was `/raw`."""
        self.saved: dict[Path, str] = {}
        """Digests of the files that this session has written."""
        self.prompt: Callable[[str], str] | None = None
        self.failed = False
        self.session_id: int | None = None
        """The id of this session once it is saved."""
        self._not_kept: StoreError | None = None
        self._lines: dict[tuple[str, Span], tuple[int, int]] = {}

    # ── asking ──────────────────────────────────────────────────────────────────────────────────

    def ask(self, asked: str, *, raw: bool = False) -> None:
        """Answer a question, as a part of the conversation unless `raw`."""
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
        """Return the last question, to ask it again, and whether it was `/raw`.

        An answered question is removed from the session; an interrupted or failed one is not in it.

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
        """Return the first and last line of a place of an answer of this session."""
        return self._lines[document_id, span]

    def lines_of(self, place: NumberedPlace) -> tuple[int, int] | None:
        """Return the lines of a place as they were when it was found.

        Without stored lines, these are the current ones; None if the document is no longer indexed.
        """
        if place.lines:
            return place.lines
        try:
            document = self.document(place.document)
        except (UsageError, NoIndex):
            return None
        with app.open_catalog(self.scope.holder(place.document)) as catalog:
            return catalog.lines(document.id, place.span)

    # ── settings and index ──────────────────────────────────────────────────────────────────────

    def change(self, **settings: Any) -> None:
        """Change settings; the index is opened again in the background."""
        self.scope = self.scope.changed(**settings)
        self.engine.reopen(self.scope)

    def index(self, workspace: Workspace, sources: list[Target] | None) -> IndexReport:
        """Bring the index of `workspace` up to date with `sources`, or with all known ones."""
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
        """Return the current version of a document.

        Raises:
            UsageError: it is no longer indexed.

        """
        with app.open_catalog(self.scope.holder(document)) as catalog:
            for item in catalog.documents():
                if item.file == document.file:
                    return item
        message = f"`{self.seen(document.file)}` is no longer indexed"
        raise UsageError(message, hint="see what is indexed: `/status`")

    def seen(self, file: str) -> str:
        """Return a file's path relative to the current folder."""
        return seen_from(self.pages.output().base, file)

    # ── saved sessions ──────────────────────────────────────────────────────────────────────────

    def resume(self, session_id: int) -> None:
        """Continue a saved session of this scope.

        Raises:
            UsageError: there is no such session, or it belongs to another workspace.

        """
        store = self.kept(session_id)
        self.exchanges = store.exchanges(session_id)
        self.unanswered = None
        self.session_id = session_id

    def kept(self, *session_ids: int) -> SessionStore:
        """Return the store of sessions, after checking that these exist and belong to this scope.

        Raises:
            UsageError: sessions are not saved, or one is missing or belongs to another workspace.
            StoreError: the store cannot be read.

        """
        if self.store is None:
            raise self._not_kept or self._unkept()
        if missing := missing_from(self.store, self.scope.key, session_ids):
            message = f"there is no session {missing[0]} of this workspace"
            raise UsageError(message, hint="see what there is: `/sessions`")
        return self.store

    def delete(self, session_ids: Sequence[int]) -> int:
        """Delete saved sessions; return their number.

        If this session is one of them, the next question starts a new one.

        Raises:
            UsageError: sessions are not saved, or one is missing or belongs to another workspace.

        """
        deleted = self.kept(*session_ids).delete(session_ids)
        if self.session_id in session_ids:
            self.session_id = None
        return deleted

    def listed(self) -> list[SessionSummary]:
        """List the saved sessions of this scope; a script has none.

        Raises:
            UsageError: saving is switched off.
            StoreError: the store cannot be read.

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
        """Return why this session is not saved.

        Raises:
            StoreError: the store cannot be opened.

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
        """Start a new session; the current one stays saved."""
        self.exchanges = []
        self.unanswered = None
        self.session_id = None

    def show_error(self, error: AskdocError, *, line: int | None = None) -> None:
        """Show an error with its line, and remember that there was one."""
        self.failed = True
        stderr = self.pages.errors()
        message = str(error) if line is None else f"line {line}: {error}"
        stderr.show(problem_lines(message, error.hint, stderr))

    def close(self) -> None:
        """Close the index and the store of sessions."""
        self.engine.close()
        if self.store:
            self.store.close()

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    @property
    def title(self) -> str:
        """The session's title: its first question."""
        return title_of(self.exchanges[0].question) if self.exchanges else "Session"

    def _answer(
        self, job: Callable[[Asked, Listener], Answer], on_event: Listener, waiting: Waiting
    ) -> Answer:
        """Answer a question; if there is no index, build it first.

        Raises:
            KeyboardInterrupt: the user pressed Ctrl-C.

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
        """Return the job for a question; `question` is its full meaning."""

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
    """Tell whether a file could be created here; it is not created for the test."""
    if file.exists():
        return False
    above = next(folder for folder in file.parents if folder.exists())
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK)
