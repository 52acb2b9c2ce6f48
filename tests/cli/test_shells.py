"""Completion in real shells: what is offered stays data, whatever documents are called."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.terminals import Screen

from askdoc import app as wiring
from askdoc import workspace
from askdoc.chat.history import Exchange
from askdoc.chat.store import SqliteSessions
from askdoc.cli import app as cli
from askdoc.cli import base, completion
from askdoc.types import Answer, Fingerprint, Reason, Status

NAMES = ('it\'s "odd".txt', "\\$(touch pwned).txt", "owls `touch pwned`.txt")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
SHELLS = {"zsh": ["--no-globalrcs"], "fish": [], "bash": ["--noprofile"]}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with completion for all shells, and a folder `here` with odd names."""
    for name in ("STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("ZDOTDIR", "ASKDOC_LIBRARY", "COLUMNS", "PS1"):
        monkeypatch.delenv(name, raising=False)
    program = tmp_path / "bin" / "askdoc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m askdoc "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    docs = tmp_path / "here" / "docs"
    docs.mkdir(parents=True)
    for name in NAMES:
        (docs / name).write_text("Owls eat mice.")
    (docs.parent / "askdoc.toml").write_text('sources = ["docs"]\n')
    with wiring.indexer(workspace.find(docs.parent, environment={})) as indexer:
        indexer.sync(None)
    monkeypatch.setenv("HOME", str(tmp_path))
    for shell in SHELLS:
        with pytest.raises(SystemExit) as ended:
            cli.root().main(["--install-completion", shell], "askdoc")
        assert ended.value.code == 0
    return tmp_path


class Typing(Screen):
    """A shell in a pseudo-terminal, and what its screen shows."""

    def __init__(self, shell: str, folder: Path, columns: int) -> None:
        super().__init__([shell, *SHELLS[shell]], folder, columns=columns, rows=30)
        self._shell = shell
        limit = time.monotonic() + 60
        while not re.search(r"[#$%>](?: 5u)?$", self.text):  # pyte shows a part of what fish asks
            assert time.monotonic() < limit, f"no prompt on:\n{self.text}"
            self.read(0.1)
        self._settled()

    def clear(self) -> None:
        """Give up what is typed and what is offered, for an empty prompt on an empty screen.

        bash may keep Ctrl-C for the next thing that it waits for, and needs none: it has no menu.
        """
        for key in ("\x15", "\x0c") if self._shell == "bash" else ("\x03", "\x15", "\x0c"):
            self.press(key)
            self._settled()

    def until(self, shown: str) -> str:
        """Wait until the screen shows a text, wherever it wraps, and return it all."""
        limit = time.monotonic() + 60
        while shown not in self._joined():
            assert time.monotonic() < limit, f"waited in vain for {shown!r} on:\n{self.text}"
            self.read(0.1)
        return self.text

    def _joined(self) -> str:
        """What the screen shows as one line, as if it were wide enough."""
        return "".join(self.screen.display)

    def _settled(self) -> None:
        while self.read(1.0):
            pass


@pytest.fixture
def typing(home: Path) -> Iterator[Callable[..., Typing]]:
    opened: list[Typing] = []

    def start(shell: str, columns: int) -> Typing:
        if shutil.which(shell) is None:
            pytest.skip(f"there is no {shell} here")
        opened.append(Typing(shell, home / "here", columns))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_names_of_documents_are_offered_and_never_run(
    shell: str, typing: Callable[..., Typing], home: Path
) -> None:
    screen = typing(shell, 40)
    screen.press("askdoc show it\t")
    screen.until('it\\\'s\\ \\"odd\\".txt')
    screen.clear()
    screen.press("askdoc show ow\t")
    mark = "`" if shell == "fish" else "\\`"  # which means nothing to fish
    screen.until(f"{mark}touch\\ pwned{mark}.txt")
    screen.clear()
    screen.press("askdoc show \t\t")
    screen.until("touch pwned).txt" if shell != "bash" else "touch\\ pwned\\).txt")
    assert not list(home.rglob("pwned"))


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_what_an_offer_means_stays_on_its_line(
    shell: str, typing: Callable[..., Typing], home: Path
) -> None:
    store = SqliteSessions(home / "state" / "askdoc")
    answer = Answer(
        question="[/b] q", status=Status.ABSTAINED, claims=(), citations=(), evidence=(),
        passages=(), reason=Reason("no_evidence", "nothing"), confidence=0.0,
        generator="extractive", fingerprint=Fingerprint("c", "s", {}, "0"),
    )  # fmt: skip
    for title in ("What is [/b] in [red]?", "a $(touch pwned) it's"):
        number = store.begin(str(home / "here"), title, NOW)
        store.add(number, Exchange(title, title, answer, NOW))
    store.close()
    screen = typing(shell, 40)
    screen.press("askdoc history show \t")
    screen.until("What is [/b] in [red]?")
    screen.until("a $(touch pwned) it's")
    screen.clear()
    screen.press("askdoc ask --m\t")
    below = screen.until("Answer only").rpartition("askdoc ask")[2].splitlines()[1:]
    assert all(line.startswith("--m") for line in below if line)
    screen.clear()
    screen.press("askdoc index do\t")
    screen.until("askdoc index docs/")
    assert not list(home.rglob("pwned"))


def test_a_script_that_evaluates_what_it_is_given_is_given_no_names(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home / "here")
    monkeypatch.setenv(base.COMPLETING, "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "askdoc show ")
    with pytest.raises(SystemExit):
        cli.root().main([], "askdoc")
    assert capsys.readouterr().out.endswith("_files\n")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("it", 'it\\\'s\\ \\"odd\\".txt'),
        ('"it', 'it\'s \\"odd\\".txt'),
        ("'it", "it'\\''s \"odd\".txt"),
        ('"ow', "owls \\`touch pwned\\`.txt"),
    ],
)
def test_what_bash_is_offered_fits_the_quotation_that_is_begun(
    typed: str, offered: str, home: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(home / "here")
    monkeypatch.setenv(base.COMPLETING, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"askdoc show {typed}")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit):
        cli.root().main([], "askdoc")
    assert capsys.readouterr().out.splitlines()[-1] == offered


def test_zsh_is_set_up_for_askdoc_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".zshrc").write_text("bindkey -e\n")
    for _ in range(2):
        completion.install("zsh")
    settings = (tmp_path / ".zshrc").read_text()
    assert settings == "bindkey -e\nfpath+=~/.zfunc; autoload -Uz compinit; compinit\n"
    assert "zstyle" not in (tmp_path / ".zfunc" / "_askdoc").read_text()
