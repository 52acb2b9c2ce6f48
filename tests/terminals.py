"""Programs in a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pexpect
import pyte
from pexpect.fdpexpect import fdspawn

_OWN_IT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal that of the session that the process leads, as Ctrl-C needs it."""


class Screen:
    """A program in a pseudo-terminal of its own, and what it shows.

    It is started by `Popen`, not by `pexpect.spawn`: that runs Python in a forked copy of this
    process, where the collector may meet a model of onnxruntime, whose end waits for threads that
    no copy has; then both processes would stand still.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, *, columns: int, rows: int, term: str = "xterm"
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.screen.write_process_input = self._reply  # type: ignore[method-assign]
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (rows, columns))
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _OWN_IT, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**os.environ, "TERM": term},
            start_new_session=True,
        )
        os.close(theirs)
        self._terminal = fdspawn(ours)
        self._terminal.delaybeforesend = None

    def _reply(self, data: str) -> None:
        """Answer what the program asks the terminal, such as where the cursor is."""
        self.press(data)

    def press(self, keys: str) -> None:
        """Press keys."""
        self._terminal.send(keys)

    def read(self, seconds: float = 0.25) -> bool:
        """Take in the next thing that the program writes, and tell whether it came in time.

        Raises:
            pexpect.EOF: it has ended.

        """
        try:
            data = cast("bytes", self._terminal.read_nonblocking(65536, timeout=seconds))
        except pexpect.TIMEOUT:
            return False
        self.raw += data
        self._stream.feed(data)
        return True

    @property
    def text(self) -> str:
        """What the screen shows, without spaces at the ends of lines."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    @property
    def line(self) -> str:
        """The line of the cursor, without spaces at its end; the whole text takes much longer."""
        cells = self.screen.buffer[self.screen.cursor.y]
        return "".join(cells[column].data for column in range(self.screen.columns)).rstrip()

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window."""
        self.screen.resize(rows, columns)
        termios.tcsetwinsize(self._terminal.child_fd, (rows, columns))

    def close(self) -> None:
        """Kill the program if it still runs, and give the terminal back."""
        self.process.kill()
        self.process.wait()
        self._terminal.close()
