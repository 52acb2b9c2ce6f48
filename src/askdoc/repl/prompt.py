"""The prompt: keys, completion, input history, and the bar at the bottom."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from askdoc.repl.bar import bar_text
from askdoc.repl.completion import SessionCompleter
from askdoc.strings import printable

if TYPE_CHECKING:
    from askdoc.repl.session import Session

_STYLE = Style.from_dict(
    {"prompt": "bold", "bottom-toolbar": "noreverse", "bottom-toolbar.text": "noreverse dim"}
)


class Prompt:
    """Reads the lines of a session from the terminal."""

    def __init__(self, session: Session, history: Path | None) -> None:
        """Store the input history in the file `history`, or in memory."""
        self._session = session
        self._lines: PromptSession[str] = PromptSession(
            message=[("class:prompt", "> ")],
            prompt_continuation="  ",
            multiline=True,
            vi_mode=session.scope.settings.keys == "vi",
            completer=SessionCompleter(session),
            complete_while_typing=True,
            history=_history(history),
            enable_history_search=False,
            enable_suspend=True,
            bottom_toolbar=self._bar,
            key_bindings=_keys(),
            style=_STYLE,
            reserve_space_for_menu=6,
        )
        session.engine.on_opened = self._lines.app.invalidate
        self._lines.app.after_render += lambda _: session.engine.start()

    def read(self) -> str:
        """Read a question or command, which may have several lines.

        Raises:
            EOFError: the user wants to leave.
            KeyboardInterrupt: the user gave up this line.

        """
        return self._lines.prompt(handle_sigint=False)  # Ctrl-C is a key here

    def ask(self, message: str) -> str:
        """Read one line that is not a question, without history.

        Raises:
            KeyboardInterrupt: the user pressed Ctrl-C or Ctrl-D.

        """
        other: PromptSession[str] = PromptSession(history=InMemoryHistory())
        try:
            return other.prompt(message, handle_sigint=False)
        except EOFError:
            raise KeyboardInterrupt from None

    def _bar(self) -> StyleAndTextTuples:
        columns = get_app().output.get_size().columns
        return [("", bar_text(self._session, columns))]


def history_file(folder: Path, key: str) -> Path:
    """Return the file of the input history for a scope's key."""
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return folder / "prompt" / digest


def _history(file: Path | None) -> History:
    if file is None:
        return InMemoryHistory()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return _KeptHistory(file)


class _KeptHistory(FileHistory):
    """Input history in a file that only the user can read; a full disk does not end the session."""

    def store_string(self, string: str) -> None:
        """Add a line, without characters that a file cannot store."""
        try:
            super().store_string(printable(string))
        except OSError:
            return


def _keys() -> KeyBindings:
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        """Accept the chosen completion, else send the line."""
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        """Start another line."""
        event.current_buffer.newline()

    @keys.add("c-c", filter=typing, eager=True)
    def _(event: KeyPressEvent) -> None:
        """Give up the line.

        A second Ctrl-C after the end of the prompt is ignored; prompt_toolkit's own binding would
        fail, since an application exits only once.
        """
        future = event.app.future
        if future is not None and not future.done():
            event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    return keys
