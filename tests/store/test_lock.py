from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.processes import running

from askdoc.errors import IndexLocked, StoreError
from askdoc.store.files import writing

HOLD = """
import sys, time
from pathlib import Path
from askdoc.store.files import writing
with writing(Path(sys.argv[1]), "askdoc index papers"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(folder)]
    with running(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process


def test_the_second_writer_learns_who_holds_the_lock(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        try:
            with pytest.raises(IndexLocked) as caught, writing(tmp_path, "askdoc index"):
                pass
        finally:
            process.kill()
    assert f"process {process.pid} on " in str(caught.value)
    assert "`askdoc index papers`, since 2" in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with writing(tmp_path, "askdoc index"):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "index", "askdoc index"):
        raise ZeroDivisionError
    with writing(tmp_path / "index", "askdoc index"):
        pass


def test_a_holder_that_cannot_be_read_is_left_unnamed(tmp_path: Path) -> None:
    with writing(tmp_path, "askdoc index"):
        (tmp_path / "lock.json").write_text("[")
        second = writing(tmp_path, "askdoc index")
        with pytest.raises(IndexLocked, match=r"writing to the index in `[^`]*`$"):
            second.__enter__()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write to the index"):
        writing(tmp_path / "file" / "index", "askdoc index").__enter__()
