"""A small real index, and a real terminal to hold a session in."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from tests.terminals import Screen

from askdoc import app, workspace

TEXTS = {
    "herons.txt": (
        "Herons nest in tall trees near water. They return to the same nests in February.\n\n"
        "A heron eats half a kilogram of fish each day. Young herons leave the nest after eight "
        "weeks.\n"
    ),
    "pier.txt": (
        "The harbour council met on Monday.\n"
        "Anna Berg, head of the harbour office, said that the old pier must close before winter.\n"
        "The pier was built in 1902 by the engineer Karl Holm.\n\n"
        "Repairs will cost four million crowns. The council will vote on them in March.\n"
    ),
    "towns/housing.txt": (
        "Anna Berg told the paper that young engineers leave the town because housing is dear.\n"
        "She said that housing for young people needs cheap land and patient builders.\n"
    ),
}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose three documents are indexed; not to be written to."""
    root = tmp_path_factory.mktemp("built")
    for name, text in TEXTS.items():
        file = root / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (root / "askdoc.toml").write_text('sources = ["docs"]\n', encoding="utf-8")
    with app.indexer(workspace.find(root, environment={})) as indexer:
        assert len(indexer.sync(None).added) == len(TEXTS)
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A copy of the workspace to work in."""
    return Path(shutil.copytree(built, tmp_path / "harbour"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's own state, data and configuration go."""
    live_in(tmp_path, monkeypatch)
    return tmp_path


def live_in(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Have what is started from now on keep state, data and configuration in a folder."""
    for name in ("STATE", "DATA", "CONFIG"):
        patch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
    for name in ("VISUAL", "EDITOR", "COLUMNS", "LINES", "NO_COLOR"):
        patch.delenv(name, raising=False)


class Terminal(Screen):
    """A session in a pseudo-terminal, and what its screen shows."""

    def __init__(
        self, folder: Path, *arguments: str, columns: int = 80, rows: int = 40, term: str = "xterm"
    ) -> None:
        command = [sys.executable, "-m", "askdoc", *arguments]
        super().__init__(command, folder, columns=columns, rows=rows, term=term)

    def until(self, done: str | Callable[[str], bool], seconds: float = 120) -> str:
        """Wait until the screen shows a text, wherever it wraps, or is as wanted; return it all."""
        if isinstance(done, str):
            self._wait(lambda: done in " ".join(self.text.split()), done, seconds)
        else:
            self._wait(lambda: done(self.text), "what is wanted", seconds)
        return self.text

    def _wait(self, fits: Callable[[], bool], wanted: str, seconds: float = 120) -> None:
        """Look again whenever the program writes: reading a whole screen takes milliseconds."""
        end = time.monotonic() + seconds
        while not fits():
            assert time.monotonic() < end, f"waited in vain for {wanted!r} on:\n{self.text}"
            try:
                while not self.read():
                    assert time.monotonic() < end, f"waited in vain for {wanted!r} on:\n{self.text}"
            except pexpect.EOF:
                assert fits(), f"ended before {wanted!r}:\n{self.text}"

    def say(self, line: str) -> None:
        """Type a line at the prompt and press Enter."""
        self.ready()
        self.press(line)
        self._wait(lambda: self.line != ">", "what was typed")
        self.until(" ".join(line.split())[-20:])
        self.press("\r")

    def ready(self) -> str:
        """Wait for an empty prompt that is wholly drawn, and return what the screen shows."""
        self._wait(lambda: self.line == ">", "an empty prompt")
        before = -1
        while before != len(self.raw):
            before = len(self.raw)
            self.read(0.15)
        return self.text

    def start_afresh(self) -> None:
        """Press Ctrl-C until nothing is typed or running, and every key before has been read."""
        for attempt in range(60):
            self.press(f"\x03here {attempt}")
            end = time.monotonic() + 1
            while time.monotonic() < end:
                try:
                    self.read(0.1)
                except pexpect.EOF:
                    pytest.fail(f"the session ended:\n{self.text}")
                if self.line == f"> here {attempt}":
                    self.press("\x03")
                    self.ready()
                    return
        pytest.fail(f"no prompt on:\n{self.text}")

    def leave(self) -> int:
        """Press Ctrl-D at the prompt, and return the exit code."""
        self.ready()
        self.press("\x04")
        return self.end()

    def end(self) -> int:
        """Wait for the program to end, and return its exit code."""
        limit = time.monotonic() + 60
        while True:
            assert time.monotonic() < limit, f"did not end:\n{self.text}"
            try:
                self.read()
            except pexpect.EOF:
                break
        code = self.process.wait(60)
        assert code >= 0, f"killed by signal {-code}"
        return code


@pytest.fixture
def terminal(root: Path, home: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens a session in the workspace `root`."""
    opened: list[Terminal] = []

    def start(*arguments: str, **options: object) -> Terminal:
        opened.append(Terminal(root, *arguments, **options))  # type: ignore[arg-type]
        opened[-1].ready()
        return opened[-1]

    yield start
    for item in opened:
        item.close()
