"""An engine that runs already, asked by a process that stays: a session, or `askdoc mcp`."""

from __future__ import annotations

import json
import pickle
import socket
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import msgspec

from askdoc.serve import client
from askdoc.system.wire import Call, Heard, Returned, receive, send
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from askdoc.types import Answer, Fingerprint, Passage, Span, Turn
    from askdoc.workspace import Workspace


class Gone(Exception):
    """The engine does not answer any more."""


def connect(what: str, workspaces: Iterable[Workspace]) -> socket.socket | None:
    """Connect to an engine that serves these workspaces as they are; None where none does.

    `what` is how the connection is used: `session` or `mcp`.
    """
    request: client.Request = {
        "do": what,
        "environment": client.environment(),
        "workspaces": [described(workspace) for workspace in workspaces],
    }
    for path in client.sockets():
        with suppress(OSError, ValueError), ExitStack() as stack:
            connection = stack.enter_context(client.opened(path, request))
            with connection.makefile("rb", buffering=0) as replies:  # all that follows is not ours
                reply = json.loads(replies.readline())
            if "accepted" in reply:
                connection.settimeout(None)
                stack.pop_all()
                return connection
    return None


def described(workspace: Workspace) -> dict[str, Any]:
    """Describe what an engine has to have open to answer as this workspace would."""
    return {
        "root": str(workspace.root),
        "index": str(workspace.index),
        "settings": msgspec.to_builtins(workspace.settings),
    }


class Remote:
    """The libraries of an engine, asked through its socket.

    `again` connects anew, after a call was given up.
    """

    def __init__(
        self, connection: socket.socket, again: Callable[[], socket.socket | None]
    ) -> None:
        self._again = again
        self._given_up = False
        self._use(connection)

    def _use(self, connection: socket.socket) -> None:
        self._connection = connection
        self._calls = connection.makefile("wb")
        self._replies = connection.makefile("rb")

    def answer(
        self,
        question: str,
        *,
        documents: Collection[str] | None = None,
        earlier: Sequence[str] = (),
        complete: str | None = None,
        listen: Listener = ignore,
    ) -> Answer:
        """Answer one question."""
        answer: Answer = self._call("answer", question, documents, earlier, complete, listen=listen)
        return answer

    def search(
        self, question: str, *, limit: int | None = None, documents: Collection[str] | None = None
    ) -> list[Passage]:
        """Find passages, best first."""
        found: list[Passage] = self._call("search", question, limit, documents)
        return found

    def resolve(self, patterns: Sequence[str]) -> list[str]:
        """List the ids of the documents that match any pattern."""
        found: list[str] = self._call("resolve", patterns)
        return found

    def where(self, conditions: Sequence[str]) -> list[str]:
        """List the ids of the documents whose fields match all conditions."""
        found: list[str] = self._call("where", conditions)
        return found

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Return the first and last line of a place."""
        found: tuple[int, int] = self._call("lines", document_id, span)
        return found

    def fingerprint_for(self, documents: Collection[str] | None) -> Fingerprint:
        """Name what answers from these documents depend on."""
        found: Fingerprint = self._call("fingerprint_for", documents)
        return found

    def completed(
        self, question: str, turns: Sequence[Turn], language: str, *, listen: Listener
    ) -> str:
        """Return what a question means after what was said before."""
        found: str = self._call("completed", question, list(turns), language, listen=listen)
        return found

    def give_up(self) -> None:
        """End what is being done, from any thread; what is there by then is still returned."""
        self._given_up = True
        with suppress(OSError):  # the engine reads that nothing more comes
            self._connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Leave the engine."""
        for stream in (self._calls, self._replies, self._connection):
            with suppress(OSError):
                stream.close()

    def _call(self, method: str, *arguments: Any, listen: Listener = ignore) -> Any:
        """Call a method in the engine.

        Where `listen` raises a KeyboardInterrupt, someone gives the call up.

        Raises:
            Gone: the engine has ended, or refuses to answer now, or has nothing yet to return.
            AskdocError: what the method raises.

        """
        if self._given_up:
            self._connect_again()
        try:
            send(self._calls, Call(method, arguments))
            while isinstance(reply := receive(self._replies), Heard):
                try:
                    listen(reply.event)
                except KeyboardInterrupt:
                    listen = ignore
        except (OSError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise Gone from error
        except BaseException:
            self.close()  # which ends the work
            raise
        if isinstance(reply, Returned):
            return reply.value
        if not reply.error:
            raise Gone
        raise reply.raised()

    def _connect_again(self) -> None:
        """Leave the connection that was given up for a new one.

        Raises:
            Gone: no engine serves the same any more.

        """
        self.close()
        connection = self._again()
        if connection is None:
            raise Gone
        self._use(connection)
        self._given_up = False
