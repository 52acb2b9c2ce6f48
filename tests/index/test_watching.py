"""`askdoc index --watch` for real: a process that watches, files that change, and questions."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.commands import askdoc

from askdoc.index.watch import FolderWatch
from askdoc.store.files import writing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")

_PATIENCE = 120
"""Seconds to wait for a line; a busy machine is slow."""


class Watching:
    """A process that keeps the index of `folder` current, and what it prints.

    It reads files itself, unless `workers` are to: they would start anew for each change.
    """

    def __init__(self, folder: Path, *arguments: str, workers: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "askdoc", "index", "--watch", *arguments],
            cwd=folder,
            env={**os.environ, "ASKDOC_WORKERS": str(workers)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._arriving: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arriving.put(line.rstrip("\n"))

    def line(self) -> str:
        """Return the next line, without the time that it begins with."""
        self.lines.append(self._arriving.get(timeout=_PATIENCE))
        return self.lines[-1][9:]

    def until(self, part: str) -> str:
        """Read on to the line that has `part` in it."""
        while not self.lines or part not in self.lines[-1]:
            self.line()
        return self.lines[-1]

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Have it end, and return its exit code."""
        self.process.send_signal(how)
        code = self.process.wait(_PATIENCE)
        self._thread.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        while not self._arriving.empty():
            self.line()
        return code


Start = Callable[..., Watching]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start to watch in a workspace whose source is `docs`; returns once it watches."""
    (tmp_path / "docs").mkdir(exist_ok=True)
    (tmp_path / "askdoc.toml").write_text('sources = ["docs"]\n')
    made: list[Watching] = []

    def begin(*arguments: str, workers: int = 0) -> Watching:
        made.append(Watching(tmp_path, *arguments, workers=workers))
        made[-1].until("watching")
        return made[-1]

    yield begin
    for watching in made:
        if watching.process.poll() is None:
            watching.end(signal.SIGKILL)


def ask(folder: Path, *arguments: str) -> str:
    return askdoc(folder, *arguments).stdout


def replace(path: Path, text: str) -> None:
    """Save as many editors do: write another file, then give it the name."""
    draft = path.with_name(f".{path.name}.swp")
    draft.write_text(text)
    draft.replace(path)


def save_as_vim_does(path: Path, text: str) -> None:
    """Move the former file aside, write anew, and take the former away."""
    probe = path.with_name("4913")
    probe.touch()
    probe.unlink()
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_text(text)
    backup.unlink()


def test_each_change_is_followed_and_reported_in_a_line(tmp_path: Path, start: Start) -> None:
    docs = tmp_path / "docs"
    (docs / "light.txt").write_text("The lighthouse stands on the north cliff.\n")
    watching = start()
    (docs / "keeper.txt").write_text("The keeper of the lighthouse is called Mara Lind.\n")
    assert watching.line() == "added docs/keeper.txt"
    assert "Mara Lind" in ask(tmp_path, "Who is the keeper of the lighthouse?")
    replace(docs / "light.txt", "The lighthouse stands on the south cliff.\n")
    assert watching.line() == "changed docs/light.txt"
    assert "south cliff" in ask(tmp_path, "Where does the lighthouse stand?")
    save_as_vim_does(docs / "light.txt", "The lighthouse stands on the western cliff.\n")
    assert watching.line() == "changed docs/light.txt"
    found = ask(tmp_path, "search", "Where does the lighthouse stand?")
    assert "western cliff" in found
    assert "south cliff" not in found
    (docs / "keeper.txt").rename(docs / "people.txt")
    assert watching.line() == "renamed docs/keeper.txt → docs/people.txt"
    (docs / "people.txt").unlink()
    assert watching.line() == "removed docs/people.txt"
    assert "Mara" not in ask(tmp_path, "search", "Who is the keeper?")
    assert watching.end() == 0
    assert watching.lines[-1].startswith(
        "Stopped after 5 changes; the index holds 1 document, as the files were at "
    )


def test_folders_come_and_go_and_ignore_files_are_respected(tmp_path: Path, start: Start) -> None:
    docs = tmp_path / "docs"
    watching = start()
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "boat.txt").write_text("A boat came in from the west.\n")
    (tmp_path / "drafts" / "moved.txt").write_text("Two gulls sat on the pier.\n")
    (tmp_path / "drafts").rename(docs / "drafts")
    assert {watching.line(), watching.line()} == {
        "added docs/drafts/boat.txt",
        "added docs/drafts/moved.txt",
    }
    (docs / ".hidden.txt").write_text("Nobody is to see this.\n")
    (docs / ".askdocignore").write_text("boat.txt\n")
    assert watching.line() == "removed docs/drafts/boat.txt"
    (docs / "drafts" / "boat.txt").write_text("A boat went out to the west.\n")
    (docs / "drafts" / "blob.xyz").write_text("?")
    assert watching.line() == "skipped docs/drafts/blob.xyz: no reader for `.xyz` files"
    shutil.rmtree(docs / "drafts")
    assert watching.line() == "removed docs/drafts/moved.txt"
    raw = os.path.join(os.fsencode(docs), b"caf\xe9.txt")  # noqa: PTH118 - bytes
    with open(raw, "w") as file:  # noqa: PTH123 - bytes
        file.write("This name is not UTF-8.\n")
    assert watching.line() == "skipped docs/caf\\xe9.txt: its name is not UTF-8"
    (docs / "after.txt").write_text("Changes are still seen.\n")
    assert watching.line() == "added docs/after.txt"
    docs.rename(tmp_path / "away")
    assert watching.line() == "skipped docs: there is no such file or folder"
    (tmp_path / "away" / "later.txt").write_text("It was written while nobody could see it.\n")
    (tmp_path / "away").rename(docs)
    assert watching.line() == "added docs/later.txt"
    assert watching.end() == 0


def test_an_index_among_the_documents_is_no_change_of_them(tmp_path: Path, start: Start) -> None:
    (tmp_path / "askdoc.toml").write_text('sources = ["."]\nindex = "docs/index"\n')
    (tmp_path / "docs" / "light.txt").write_text("The lighthouse stands on the north cliff.\n")
    watching = start("--json")
    (tmp_path / "docs" / "light.txt").write_text("The lighthouse stands on the south cliff.\n")
    watching.line()
    report = json.loads(watching.lines[-1])
    assert (report["schema"], report["changed"]) == ("askdoc.index/1", ["docs/light.txt"])
    (tmp_path / "docs" / "boat.txt").write_text("A boat came in from the west.\n")
    watching.line()
    assert json.loads(watching.lines[-1])["added"] == ["docs/boat.txt"]
    assert watching.end() == 0
    first, note, _, _, last = watching.lines
    assert json.loads(first)["added"] == ["docs/light.txt"]
    assert note == "note: watching `.`; Ctrl-C ends it"
    assert last.startswith("Stopped after 2 changes")


def test_a_file_that_is_the_source_is_followed_by_its_name(tmp_path: Path, start: Start) -> None:
    report = tmp_path / "report.txt"
    report.write_text("The harbour board met on Tuesday.\n")
    watching = start("report.txt")
    replace(report, "The harbour board met on Friday.\n")
    assert watching.line() == "changed report.txt"
    (tmp_path / "docs" / "other.txt").write_text("It is of no source that is watched.\n")
    report.unlink()
    assert watching.line() == "removed report.txt"
    report.write_text("The harbour board met on Sunday.\n")
    assert watching.line() == "added report.txt"
    assert watching.end() == 0


def test_another_writer_is_waited_for(tmp_path: Path, start: Start) -> None:
    watching = start(workers=1)
    with writing(tmp_path / ".askdoc" / "index", "something long"):
        (tmp_path / "docs" / "boat.txt").write_text("A boat came in from the west.\n")
        assert "`something long`" in watching.until("another process")
    assert watching.line() == "added docs/boat.txt"
    assert watching.end() == 0


def test_what_the_system_cannot_watch_is_looked_at_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Iterator[set[object]]:
        message = "OS file watch limit reached"
        raise OSError(message)

    monkeypatch.setattr("watchfiles.watch", refuse)
    watch = FolderWatch([tmp_path])
    assert watch.is_blind
    assert watch.is_current()
    assert watch.changes() == set()
    watch.close()
