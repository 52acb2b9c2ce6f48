"""Faults as a user meets them: real commands, and what they print."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.commands import askdoc

from askdoc.store.files import writing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")

_PATIENCE = 120


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "askdoc.toml").write_text('sources = ["docs"]\n')
    return tmp_path


def write(work: Path, count: int, lines: int = 3) -> None:
    for number in range(count):
        text = "".join(
            f"In line {line} of document {number} a boat of {line * number} tons came in.\n\n"
            for line in range(lines)
        )
        (work / "docs" / f"f{number:03}.txt").write_text(text)


def stored(work: Path) -> int:
    """Count the documents that are visible; none where there is no index yet."""
    file = work / ".askdoc/index/catalog.sqlite"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as catalog:
        return int(catalog.execute("SELECT count(*) FROM documents WHERE version").fetchone()[0])


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_run_that_ends_early_reports_what_is_kept_and_the_next_continues(
    how: signal.Signals, code: int, work: Path
) -> None:
    write(work, 400, lines=1)  # more than the group that is stored first
    process = subprocess.Popen(
        [sys.executable, "-m", "askdoc", "index"],
        cwd=work,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + _PATIENCE
    while not stored(work) and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(process.pid, how)  # as a terminal and `timeout` do: to the processes it has as well
    printed, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == code
    told = re.match(r"Interrupted after (\d+) documents?, \d+ passages? in ", printed)
    assert told, printed
    assert "completed files are kept; `askdoc index` continues from here" in printed
    kept = int(told[1])
    assert 0 < kept < 400
    assert stored(work) == kept
    after = askdoc(work, "index")
    assert f"new {400 - kept} · unchanged {kept}\n" in after.stdout
    assert askdoc(work, "doctor").returncode == 0


def test_a_second_writer_learns_who_is_writing(work: Path) -> None:
    write(work, 1)
    with writing(work / ".askdoc/index", "askdoc index a/large/folder"):
        done = askdoc(work, "index")
    assert done.returncode == 1
    assert re.match(
        r"error: another process is writing to the index in `.*`: process "
        rf"{os.getpid()} on \S+, `askdoc index a/large/folder`, since [\d :-]+\n",
        done.stderr,
    )
    assert "hint: wait for it to end, then run again" in done.stderr
    assert askdoc(work, "index").returncode == 0


def overwrite(path: Path) -> None:
    """Overwrite a page in the middle."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 8192 * 4096)
        file.write(b"\xa5" * 4096)


def test_a_damaged_catalog_is_named_with_its_repair(work: Path) -> None:
    write(work, 20)
    assert askdoc(work, "index").returncode == 0
    for start in range(8192, (work / ".askdoc/index/catalog.sqlite").stat().st_size, 4096):
        with (work / ".askdoc/index/catalog.sqlite").open("r+b") as file:
            file.seek(start)
            file.write(b"\xa5" * 4096)
    done = askdoc(work, "search", "boat")
    assert done.returncode == 1
    assert re.match(r"error: the catalog in `.*` is damaged: ", done.stderr)
    assert "hint: run `askdoc index --rebuild PATH`" in done.stderr
    checked = askdoc(work, "doctor")
    assert checked.returncode == 1
    assert checked.stdout.count("is damaged: ") == 1  # each check that it keeps from going on
    assert "unknown while that is damaged" in checked.stdout
    repaired = askdoc(work, "doctor", "--repair")
    assert repaired.returncode == 1
    assert "askdoc index --rebuild" in repaired.stdout + repaired.stderr
    assert askdoc(work, "index", "--rebuild", "docs").returncode == 0
    assert askdoc(work, "doctor").returncode == 0


def _cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("chroma.sqlite3", overwrite),
        ("*/data_level0.bin", _cut_short),
        ("*/index_metadata.pickle", Path.unlink),
    ],
)
def test_damaged_vectors_are_named_and_repaired(
    work: Path, name: str, damage: Callable[[Path], None]
) -> None:
    write(work, 40, lines=1)  # so many that the log is folded into files
    assert askdoc(work, "index").returncode == 0
    [file] = (work / ".askdoc/index/chroma").glob(name)
    damage(file)
    found = askdoc(work, "doctor")
    assert found.returncode == 1
    assert "askdoc doctor --repair" in found.stdout
    for path in (work / "docs").iterdir():  # they are not needed for it
        path.rename(path.with_suffix(".away"))
    assert askdoc(work, "doctor", "--repair").returncode == 0
    assert askdoc(work, "doctor").returncode == 0
    assert "boat of" in askdoc(work, "search", "boat").stdout
