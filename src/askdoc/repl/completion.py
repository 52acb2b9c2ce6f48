"""Completion: commands, and the arguments of each."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document as Typed

from askdoc.errors import AskdocError
from askdoc.evals.suite import names_in
from askdoc.render.layout import head
from askdoc.repl.command import Completes
from askdoc.repl.commands import BY_NAME, COMMANDS
from askdoc.repl.steer import model_names
from askdoc.strings import escaped

if TYPE_CHECKING:
    from askdoc.repl.session import Session

Offer = tuple[str, str]
"""A word, and its explanation."""

_MOST = 200
_META = 50


class SessionCompleter(Completer):
    """Completes commands of `session`, not questions."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files = PathCompleter(expanduser=True)
        self._offers: dict[Completes, Callable[[list[str]], Iterable[Offer]]] = {
            Completes.COMMANDS: lambda _: ((item.name, item.summary) for item in COMMANDS),
            Completes.DOCUMENTS: self._documents,
            Completes.MODELS: lambda _: ((name, "") for name in model_names()),
            Completes.SESSIONS: lambda earlier: () if earlier else self._sessions(),
            Completes.SESSIONS_TO_DELETE: self._sessions_to_delete,
            Completes.SOURCES: self._sources,
            Completes.SUITES: self._suites,
        }

    def get_completions(
        self, document: Typed, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """Yield completions at the cursor."""
        before = document.text_before_cursor
        if not before.startswith("/") or "\n" in before:
            return
        name, space, arguments = before[1:].partition(" ")
        if not space:
            yield from _matching(
                name, ((item.name, item.summary) for item in COMMANDS), prefix=True
            )
            return
        command = BY_NAME.get(name)
        if command is None:
            return
        *earlier, word = arguments.split(" ")
        if command.completes is Completes.FILES:
            yield from self._files.get_completions(Typed(word), complete_event)
        elif command.completes in self._offers:
            offers = self._offers[command.completes](earlier)
            yield from islice(_matching(word, offers), _MOST)

    def _documents(self, _: list[str]) -> Iterator[Offer]:
        opened = self._session.engine.opened
        yield "off", "all documents"
        for document in opened.documents if opened else ():
            for path in document.paths:
                yield shlex.quote(path), document.title or ""

    def _sessions_to_delete(self, earlier: list[str]) -> Iterator[Offer]:
        if earlier[:1] == ["delete"]:
            yield from (offer for offer in self._sessions() if offer[0] not in earlier)
        elif not earlier and self._session.store:
            yield "delete", "delete sessions by their numbers"

    def _sessions(self) -> Iterator[Offer]:
        store = self._session.store
        if store is None:
            return
        try:
            found = store.sessions(self._session.scope.key)
        except AskdocError:
            return
        for item in found:
            yield str(item.id), item.title

    def _sources(self, _: list[str]) -> Iterator[Offer]:
        if self._session.exchanges:
            for place in self._session.places():
                yield str(place.number), place.text

    def _suites(self, earlier: list[str]) -> Iterator[Offer]:
        if not earlier:
            yield "add", "keep the last question as a case"
        elif len(earlier) == 1:
            yield "none", "the documents do not hold the answer"
            yield from self._sources(earlier)
        else:
            for workspace in self._session.scope.members.values():
                for name in names_in(workspace.evals):
                    yield name, "suite"


def _matching(word: str, offers: Iterable[Offer], *, prefix: bool = False) -> Iterator[Completion]:
    """Yield choices that start with or contain `word`, ignoring case."""
    wanted = word.lower()
    for text, meaning in offers:
        found = text.lower().startswith(wanted) if prefix else wanted in text.lower()
        if found:
            yield Completion(
                text,
                start_position=-len(word),
                display=escaped(text),
                display_meta=head(meaning, _META),
            )
