"""Files read in processes of their own: what a hostile one does to its process ends there."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from askdoc.errors import AskdocError, MissingPart, ReadError
from askdoc.index.reading import pool as reading_pool
from askdoc.index.reading import reading
from askdoc.index.reading.pool import ReadingPool
from askdoc.index.sources import Readout
from askdoc.readers import reader_for, reader_named
from askdoc.system import children
from askdoc.system.limits import Limits
from askdoc.system.wire import receive
from askdoc.types import Found, Part, Reading, Unread

LIMITS = Limits(size=20_000_000, seconds=20, memory=400_000_000)

HOSTILE = '''
import os, signal, sys, threading, time
from askdoc.errors import AskdocError, MissingPart, ReadError
from askdoc.types import Reading, Span

class Hostile:
    """Does what the file says."""
    def read(self, data, *, name):
        what = data.decode()
        if what == "hang":
            while True: pass
        if what == "sleep":
            time.sleep(60)
        if what == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "leave":
            os._exit(3)
        if what == "fill":
            hoard = [bytearray(50_000_000) for _ in range(100)]
        if what == "print":
            os.write(1, b"noise" * 100); print("noise", flush=True)
        if what == "fail":
            raise ZeroDivisionError("division by zero")
        if what == "refuse":
            raise ReadError(f"`{name}` is broken", code="broken", hint="mend it")
        if what == "lack":
            raise MissingPart("reading it needs `nothing`", hint="pip install nothing")
        if what == "deep":
            return self.read(data, name=name)
        return Reading(what, (Span(0, len(what)),))
'''


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "hostile.py").write_text(HOSTILE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    return "x = hostile:Hostile"


def write(folder: Path, **contents: str) -> list[Found]:
    made: list[Found] = []
    for name, content in contents.items():
        path = folder / f"{name}.txt"
        path.write_text(content)
        made.append(Found(path.name, path.name, ".", str(path), path.stat().st_size, 0))
    return made


def outcome(readout: Readout) -> str:
    """The text of a file, or the code of what it was refused for."""
    try:
        return "".join(part.text for part in readout.parts() if isinstance(part, Reading))
    except ReadError as error:
        return error.code
    except MissingPart as error:
        return f"missing: {error}"


def outcomes(pool: ReadingPool, files: Sequence[Found]) -> dict[str, str]:
    with pool.read(files) as readouts:
        return {
            readout.found.location.removesuffix(".txt"): outcome(readout)
            for readout in readouts
            if readout is not None
        }


def no_process_is_left() -> bool:
    return not [thread for thread in threading.enumerate() if thread.name == "askdoc-read"]


def test_files_are_read_and_their_digests_found(tmp_path: Path) -> None:
    files = write(tmp_path, a="The cat sleeps.", b="The dog barks.", c="The owl hoots.")
    found: dict[str, tuple[str, str]] = {}
    with ReadingPool(2, LIMITS, reader_named).read(files) as readouts:
        for readout in readouts:
            if readout is not None:
                found[readout.found.location] = outcome(readout), readout.content_hash
    assert found == {
        item.location: (text, hashlib.sha256(text.encode()).hexdigest())
        for item in files
        for text in [Path(item.file).read_text()]
    }
    assert no_process_is_left()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("hang", "out_of_time"),
        ("sleep", "out_of_time"),
        ("crash", "crashed"),
        ("kill", "killed"),
        ("leave", "crashed"),
        ("fail", "failed"),
        ("deep", "failed"),
        ("refuse", "broken"),
        ("lack", "missing_part"),
        ("print", "print"),
    ],
)
def test_a_hostile_file_ends_alone(tmp_path: Path, hostile: str, what: str, code: str) -> None:
    limits = Limits(size=1000, seconds=0.3, memory=LIMITS.memory)
    files = write(tmp_path, first="before", bad=what, last="after")
    found = outcomes(ReadingPool(1, limits, lambda _: hostile), files)
    assert found == {"first": "before", "bad": code, "last": "after"}
    assert no_process_is_left()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory so")
def test_a_file_that_needs_too_much_memory_is_given_up(tmp_path: Path, hostile: str) -> None:
    files = write(tmp_path, bad="fill", last="after")
    pool = ReadingPool(1, LIMITS, lambda _: hostile)
    with pool.read(files) as readouts:
        [bad, last] = [readout for readout in readouts if readout is not None]
        with pytest.raises(ReadError, match="more than 400 MB of memory") as caught:
            list(bad.parts())
        assert caught.value.code == "out_of_memory"
        assert "max_read_mb" in (caught.value.hint or "")
        assert outcome(last) == "after"


def test_a_file_that_takes_long_is_reported_with_the_setting(tmp_path: Path, hostile: str) -> None:
    limits = Limits(size=1000, seconds=0.2, memory=LIMITS.memory)
    with ReadingPool(1, limits, lambda _: hostile).read(write(tmp_path, bad="hang")) as readouts:
        [bad] = [readout for readout in readouts if readout is not None]
        with pytest.raises(ReadError, match=r"takes more than 0\.2 s") as caught:
            list(bad.parts())
    assert "max_read_seconds" in (caught.value.hint or "")


def test_waiting_for_whoever_takes_the_text_is_not_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_pool, "_PARTS_AHEAD", 1)
    text = "A line of text that says little.\n\n" * 60_000
    limits = Limits(size=20_000_000, seconds=20, memory=LIMITS.memory)
    with ReadingPool(1, limits, reader_named).read(write(tmp_path, long=text)) as readouts:
        [long] = [readout for readout in readouts if readout is not None]
        parts = (part for part in long.parts() if isinstance(part, Reading))
        taken = [next(parts).text]
        time.sleep(0.3)
        taken += [part.text for part in parts]
    assert "".join(taken) == text
    assert len(taken) > 5


def test_files_that_nobody_reads_are_refused(tmp_path: Path) -> None:
    [file] = write(tmp_path, a="words")
    zst = Found("a.zst", "a.zst", ".", file.file + ".zst", 1, 0)
    assert outcomes(ReadingPool(1, LIMITS, reader_named), [zst]) == {"a.zst": "unsupported"}


def test_files_that_are_gone_or_too_large(tmp_path: Path) -> None:
    [gone, large] = write(tmp_path, gone="words", large="many words")
    Path(gone.file).unlink()
    found = outcomes(ReadingPool(1, Limits(5, 20, LIMITS.memory), reader_named), [gone, large])
    assert found == {"gone": "vanished", "large": "too_large"}


def refusing(times: int, number: int) -> Callable[..., subprocess.Popen[bytes]]:
    """Make what starts processes, and fails so many times before it does."""
    start, left = subprocess.Popen, [times]

    def popen(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return start(*arguments, **options)

    return popen


@pytest.mark.parametrize("number", [errno.EFAULT, errno.EAGAIN, errno.ENOMEM])
def test_a_process_that_cannot_be_started_for_a_moment_is_started_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(children, "_PAUSE", 0.01)
    monkeypatch.setattr(subprocess, "Popen", refusing(2, number))
    pool = ReadingPool(2, LIMITS, reader_named)
    assert outcomes(pool, write(tmp_path, a="The cat sleeps.")) == {"a": "The cat sleeps."}


@pytest.mark.parametrize(("times", "number"), [(99, errno.ENOMEM), (1, errno.EACCES)])
def test_no_process_at_all_ends_the_run_and_not_in_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, number: int
) -> None:
    monkeypatch.setattr(children, "_PAUSE", 0.01)
    monkeypatch.setattr(subprocess, "Popen", refusing(times, number))
    pool = ReadingPool(2, LIMITS, reader_named)
    with pytest.raises(AskdocError, match="no further process can be started") as caught:
        outcomes(pool, write(tmp_path, a="The cat sleeps.", b="The dog barks."))
    assert "run this again" in (caught.value.hint or "")
    assert no_process_is_left()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(reading_pool, "send", dies)
    pool = ReadingPool(1, LIMITS, reader_named)
    with pytest.raises(RuntimeError, match="has died"):
        outcomes(pool, write(tmp_path, a="The cat sleeps."))


def test_leaving_early_leaves_no_process(tmp_path: Path, hostile: str) -> None:
    files = write(tmp_path, a="hang", b="hang", c="words")

    def run() -> Generator[None, None, None]:
        with ReadingPool(2, LIMITS, lambda _: hostile).read(files) as readouts:
            next(readouts)
            yield

    started = run()
    next(started)
    started.close()
    assert no_process_is_left()


def test_a_module_of_the_current_folder_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "askdoc").mkdir()
    (tmp_path / "askdoc" / "__init__.py").write_text("raise SystemExit('hijacked')")
    (tmp_path / "pickle.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    assert outcomes(ReadingPool(1, LIMITS, reader_named), write(tmp_path, a="words")) == {
        "a": "words"
    }


class Command:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("hijacked",)


def test_a_message_cannot_make_anything_happen(capsys: pytest.CaptureFixture[str]) -> None:
    for hostile in (Command(), signal.SIGKILL, {"x": Command}):
        data = pickle.dumps(hostile)
        with pytest.raises(pickle.UnpicklingError):
            receive(io.BytesIO(len(data).to_bytes(8, "little") + data))
    assert capsys.readouterr().out == ""


# ── documents inside a file ─────────────────────────────────────────────────────────────────────


def zipped(folder: Path, **members: str | bytes) -> Found:
    path = folder / "z.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return Found("z.zip", "z.zip", ".", str(path), path.stat().st_size, 0)


def read_in_line(found: Found, most: int = 1 << 30) -> list[Reading | Part]:
    with reading.in_line(most, reader_for)([found]) as readouts:
        return [part for one in readouts if one is not None for part in one.parts()]


def test_documents_inside_a_file_arrive_in_parts_of_bounded_size(tmp_path: Path) -> None:
    text = "A line of text that says little.\n\n" * 60_000
    zipped(tmp_path, long_txt=text, short_txt="Short.")
    found = zipped(tmp_path, inner_zip=(tmp_path / "z.zip").read_bytes(), last_txt="Last.")
    arrived = read_in_line(found)
    assert max(len(pickle.dumps(one)) for one in arrived) < 1_000_000
    texts: dict[str, str] = {}
    name = ""
    for one in arrived[:-1]:
        if isinstance(one, Part):
            name = one.name
            assert isinstance(one.outcome, Reading)
            texts[name] = one.outcome.text
        else:
            texts[name] += one.text
    assert texts["inner.zip/long.txt"] == text
    assert {name: len(words) for name, words in texts.items()} == {
        "inner.zip": len("long.txt\nshort.txt"),
        "inner.zip/long.txt": len(text),
        "inner.zip/short.txt": len("Short."),
        "last.txt": len("Last."),
    }
    own = arrived[-1]
    assert isinstance(own, Reading)
    assert [part.name for part in own.parts] == ["inner.zip", "last.txt"]
    assert not any(isinstance(part.outcome, Reading) for part in own.parts)


def test_archives_in_archives_unpack_to_no_more_than_a_file_may_have(tmp_path: Path) -> None:
    text = "Oak beam. " * 10_000
    for _ in range(3):
        inner = (tmp_path / "z.zip").read_bytes() if (tmp_path / "z.zip").exists() else text
        name = "{}_zip" if isinstance(inner, bytes) else "{}_txt"
        found = zipped(tmp_path, **{name.format(letter): inner for letter in "abc"})
    arrived = read_in_line(found, most=500_000)
    outcomes = [one.outcome for one in arrived if isinstance(one, Part)]
    assert 400_000 < sum(len(one.text) for one in outcomes if isinstance(one, Reading)) <= 500_000
    refused = {(one.code, one.reason) for one in outcomes if isinstance(one, Unread)}
    reason = "the files in `z.zip` have too much text together, over the limit of 0.5 MB"
    assert refused == {("too_large", reason)}


# ── long texts ──────────────────────────────────────────────────────────────────────────────────


def long_parts(tmp_path: Path, text: str | bytes) -> list[Reading]:
    path = tmp_path / "long.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    found = Found("long.txt", "long.txt", ".", str(path), path.stat().st_size, 0)
    with reading.in_line(1 << 30, lambda _: _text_reader())([found]) as readouts:
        [one] = [readout for readout in readouts if readout is not None]
        parts = [part for part in one.parts() if isinstance(part, Reading)]
    assert one.content_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    return parts


def _text_reader() -> Any:
    from askdoc.readers.text import TextReader

    return TextReader()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONG", 1000)
    monkeypatch.setattr("askdoc.readers.text._PIECE", 500)
    monkeypatch.setattr("askdoc.readers.encoding._SAMPLE", 300)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "text",
    [
        "Ein Satz über Größe. Noch einer.\n\n" * 100,
        "A line ends here.\r\nAnother one.\r\n\r\n" * 100,
        "only words without any line end " * 100,
        "x" * 3000,
        "\ufeff" + "The mark at the start is no text. " * 60,
        "日本語の文章です。" * 200,
    ],
)
def test_a_long_text_is_read_in_parts_that_make_the_whole(tmp_path: Path, text: str) -> None:
    parts = long_parts(tmp_path, text)
    assert "".join(part.text for part in parts) == text.removeprefix("\ufeff")
    assert len(parts) > 2
    assert not any(part.text.endswith("\r") for part in parts)
    for part in parts:
        assert all(part.origin <= block.start < block.end <= part.end for block in part.blocks)
    words = "".join(part.cut(block) for part in parts for block in part.blocks)
    assert "".join(words.split()) == "".join(text.removeprefix("\ufeff").split())


@pytest.mark.usefixtures("small")
def test_the_title_of_a_long_text_stands_in_its_first_part(tmp_path: Path) -> None:
    line = "Cats came to the house when people began to store grain, as they hunted the mice.\n\n"
    parts = long_parts(tmp_path, "A History of Cats\n\n" + line * 50)
    assert [part.title for part in parts][:2] == ["A History of Cats", None]


@pytest.mark.usefixtures("small")
def test_a_long_text_in_another_encoding_is_read_whole(tmp_path: Path) -> None:
    text = "Ein Satz über die Größe. " * 100
    assert "".join(part.text for part in long_parts(tmp_path, text.encode("cp1252"))) == text
    assert "".join(part.text for part in long_parts(tmp_path, text.encode("utf-16"))) == text


@pytest.mark.usefixtures("small")
def test_a_long_file_that_turns_out_to_be_no_text(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        long_parts(tmp_path, "Plain words at first. " * 100 + "\0\1\2" * 100)
    assert caught.value.code == "binary"
