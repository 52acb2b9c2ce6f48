"""Whatever ends a run early: nothing that was indexed is lost, and the next run completes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from askdoc.errors import DiskFull, EmbedderMismatch, IndexCorrupt, IndexLocked, StoreError
from askdoc.index import embed as grouping
from askdoc.index import embed as intake
from askdoc.index import run
from askdoc.index.writer import Repaired
from askdoc.settings import Settings
from askdoc.store import chroma, chroma_files
from askdoc.testing import MemoryVectors
from askdoc.types import Found, Stopping

if TYPE_CHECKING:
    from tests.index.conftest import Bench

    from askdoc.types.ports import Matrix

KILLING = Path(__file__).parent / "killing.py"


@pytest.fixture
def filled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Ten documents in the index, of which three have changed since, two are gone, three new."""
    monkeypatch.setattr(grouping, "GROUP", 2)
    bench.write(**{name(number): as_it_was(number) for number in range(10)})
    bench.sync("docs")
    for number in (0, 1):
        bench.path(name(number)).unlink()
    bench.write(**{name(number): f"Document {number}. As it is." for number in (2, 3, 4)})
    bench.write(**{name(number): f"Document {number}. New." for number in (10, 11, 12)})
    return bench


def name(number: int) -> str:
    return f"docs__f{number:02}"


def as_it_was(number: int) -> str:
    return f"Document {number}. As it was."


def on_disk(bench: Bench) -> dict[str, str]:
    return {
        path.relative_to(bench.root).as_posix(): path.read_text()
        for path in sorted((bench.root / "docs").glob("*.txt"))
    }


def expect_nothing_lost(bench: Bench) -> None:
    """Each document is there in its old or its new version, or gone with its file."""
    before = {f"docs/f{number:02}.txt": as_it_was(number) for number in range(10)}
    after = on_disk(bench)
    with bench.catalog() as catalog:
        now = {found.location: catalog.text(found.id) for found in catalog.documents()}
    for location, text in now.items():
        assert text in (before.get(location), after.get(location))
    assert set(now) >= set(before) & set(after)


class Failing:
    """Passes calls on to `inner`; the call number `at` to one of its `methods` fails.

    With `after`, that call is carried out first.
    """

    def __init__(
        self, inner: Any, methods: tuple[str, ...], at: int, error: BaseException, *, after: bool
    ) -> None:
        self.inner = inner
        self._methods = methods
        self._left = at
        self._error = error
        self._after = after

    @property
    def has_failed(self) -> bool:
        return self._left <= 0

    def __getattr__(self, method: str) -> Any:
        passed_on = getattr(self.inner, method)
        if method not in self._methods:
            return passed_on

        def call(*args: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                if self._after:
                    passed_on(*args, **options)
                raise self._error
            return passed_on(*args, **options)

        return call


ERRORS = pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), DiskFull("no room")], ids=["ctrl-c", "full"]
)
AFTER = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])


def run_into(bench: Bench, failing: list[Failing], error: BaseException) -> None:
    if isinstance(error, KeyboardInterrupt):
        report = bench.sync()
        assert report.interrupted
        expect_nothing_lost(bench)
        new = {*report.added, *report.changed}
        assert new <= set(bench.texts())
        with bench.catalog() as catalog:
            ids = [item.id for item in catalog.documents() if item.location in new]
            assert report.chunks == len(catalog.chunk_ids(ids))  # of what is kept, and of no more
    else:
        with pytest.raises(DiskFull):
            bench.sync()
        expect_nothing_lost(bench)
    assert failing[0].has_failed
    bench.in_vectors = lambda inner: inner
    bench.in_catalog = lambda inner: inner
    bench.sync()
    assert bench.texts() == on_disk(bench)


@ERRORS
@AFTER
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_a_run_that_ends_while_vectors_change(
    filled: Bench, error: BaseException, at: int, *, after: bool
) -> None:
    made: list[Failing] = []

    def wrap(inner: object) -> Failing:
        made.append(Failing(inner, ("add", "remove"), at, error, after=after))
        return made[0]

    filled.in_vectors = wrap
    run_into(filled, made, error)


@ERRORS
@AFTER
@pytest.mark.parametrize(
    "method", ["stage", "extend", "publish", "clear_obsolete", "release", "obsolete"]
)
def test_a_run_that_ends_while_the_catalog_changes(
    filled: Bench, method: str, error: BaseException, *, after: bool
) -> None:
    made: list[Failing] = []

    def wrap(inner: object) -> Failing:
        made.append(Failing(inner, (method,), 1, error, after=after))
        return made[0]

    filled.in_catalog = wrap
    run_into(filled, made, error)


def test_ctrl_c_at_any_moment_of_counting_tells_what_is_kept(
    filled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report names the documents that are new in the index, whichever step it came into."""
    count, steps = run._published, 0

    def press(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if frame.f_code is not count.__code__:
            return None
        steps -= event == "line"
        if steps == 0 and event == "line":
            raise KeyboardInterrupt
        return press

    def counted(*arguments: Any) -> None:
        sys.settrace(press)
        try:
            count(*arguments)
        finally:
            sys.settrace(None)

    monkeypatch.setattr(run, "_published", counted)
    for moment in range(1, 100):
        steps = moment
        bench = replace(filled, root=filled.root / str(moment), memory=MemoryVectors())
        bench.write(docs__a="One thing.", docs__b="Two things.")
        report = bench.sync("docs")
        with bench.catalog() as catalog:
            assert sorted(report.added) == sorted(item.location for item in catalog.documents())
        if not report.interrupted:
            break
    assert 10 < moment < 99


def test_ctrl_c_while_reading_embeds_nothing(filled: Bench) -> None:
    def interrupt(_: Found) -> None:
        raise KeyboardInterrupt

    filled.on_load = interrupt
    report = filled.sync()
    assert report.interrupted
    assert filled.events.count(Stopping()) == 1
    assert filled.embedder.embedded == []
    assert set(filled.texts()) == {f"docs/f{number:02}.txt" for number in range(10)}


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself a signal")
def test_ctrl_c_while_embedding_is_reported_at_once_and_waits_for_a_few_passages(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(**{f"docs__f{number}": f"House {number} is old." for number in range(100)})
    given_up, told = Event(), list[bool]()
    embed = bench.embedder.embed_passages

    def slow(texts: Sequence[str]) -> Matrix:
        if not told:
            os.kill(os.getpid(), signal.SIGINT)
            told.append(given_up.wait(60) and Stopping() in bench.events)
        return embed(texts)

    monkeypatch.setattr(intake, "Event", lambda: given_up)
    monkeypatch.setattr(bench.embedder, "embed_passages", slow)
    assert bench.sync("docs").interrupted
    assert told == [True]
    assert len(bench.embedder.embedded) <= 16


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_interrupted_with_a_lock_just_taken(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cleanup takes the same lock."""
    import fcntl

    bench.memory = None
    bench.write(docs__cat="The cat sat on the mat.", docs__dog="The dog ran to the park.")
    bench.sync("docs")
    bench.path("docs__dog").unlink()
    take = chroma_files.standing_still
    taken: list[str] = []

    class Interrupted:
        """Take a lock, and be interrupted before the `with` block begins."""

        def __init__(self, folder: Path, *, alone: bool) -> None:
            self.lock = take(folder, alone=alone)

        def __enter__(self) -> None:
            self.lock.__enter__()
            taken.append("one")
            if len(taken) == 2:  # the first is to open the store, the second to remove vectors
                raise KeyboardInterrupt

        def __exit__(self, *reason: object) -> None:
            self.lock.__exit__(*reason)  # type: ignore[arg-type]

    def take_at_once(file: BinaryIO, *, alone: bool) -> None:
        """Fail in place of waiting for ever."""
        fcntl.flock(file, fcntl.LOCK_NB | (fcntl.LOCK_EX if alone else fcntl.LOCK_SH))

    monkeypatch.setattr(chroma_files, "standing_still", Interrupted)
    monkeypatch.setattr(chroma_files, "_lock", take_at_once)
    assert bench.sync("docs").interrupted
    assert len(taken) > 2
    assert not bench.sync("docs").interrupted
    assert bench.texts() == on_disk(bench)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_killed_at_random_moments(bench: Bench, how: str) -> None:
    """In the end the index equals one that was built without interruption."""
    rounds = subprocess.run(
        [sys.executable, str(KILLING), str(bench.root), "3", "7", how],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [line for line in rounds if line.startswith("wrong")] == []
    assert "killed" in rounds
    assert [line.split()[:2] for line in rounds if line.startswith("last")] == [
        ["last", "True"]
    ] * 2
    bench.memory = None
    after = bench.state()
    shutil.rmtree(bench.index)
    bench.sync("docs")
    assert bench.state() == after


def test_two_indexers_at_once(filled: Bench) -> None:
    told: list[str] = []

    def index_too(_: Found) -> None:
        with pytest.raises(IndexLocked) as caught:
            filled.remove("docs__f09")
        told.append(str(caught.value))

    filled.on_load = index_too
    filled.sync()
    assert "`a test`" in told[0]
    assert filled.texts() == on_disk(filled)


def test_vectors_deleted_by_hand_are_made_anew_without_reading_files(filled: Bench) -> None:
    filled.memory = None
    filled.sync()
    before = filled.state()
    shutil.rmtree(filled.index / "chroma")
    assert filled.sync().repaired == len(before[1])
    assert filled.loaded == []
    assert len(filled.embedder.embedded) == len(before[1])
    assert filled.state() == before
    assert filled.sync().repaired == 0
    assert filled.opened == []


@pytest.mark.parametrize("file", ["chroma.sqlite3", "*/data_level0.bin", "*/index_metadata.pickle"])
def test_damaged_vectors_are_made_anew(
    filled: Bench, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "_SHORT_LOG", 0)  # so that there are files to damage
    filled.memory = None
    filled.sync()
    before = filled.state()
    [damaged] = (filled.index / "chroma").glob(file)
    damaged.write_bytes(b"nothing of use" * 100)
    with pytest.raises(IndexCorrupt) as caught:
        filled.vectors()
    assert caught.value.hint
    assert "run `askdoc doctor --repair`" in caught.value.hint
    assert filled.sync().repaired == len(before[1])
    assert filled.state() == before


def test_lost_and_stray_vectors_are_repaired(filled: Bench) -> None:
    filled.sync()
    before = filled.state()
    assert filled.memory is not None
    lost = sorted(before[1])[:3]
    stray = filled.memory.vectors(lost)
    filled.memory.remove(lost)
    filled.memory.add(["s1", "s2", "s3"], ["x"] * 3, stray)
    assert filled.indexer().repair() == Repaired(made=3, removed=3)
    assert len(filled.embedder.embedded) == 3
    assert filled.state() == before


def test_vectors_cannot_be_made_anew_with_another_embedder(filled: Bench) -> None:
    filled.memory = None
    filled.sync()
    shutil.rmtree(filled.index / "chroma")
    filled.embedder = type(filled.embedder)(dimensions=32)
    with pytest.raises(EmbedderMismatch):
        filled.sync()
    filled.sync(rebuild=True)
    assert filled.texts() == on_disk(filled)


def test_a_disk_that_fills_and_is_freed_again(
    bench: Bench,
    small_disk: Callable[[Path, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grouping, "GROUP", 64)
    monkeypatch.setattr(chroma, "_ROOM", 0)
    bench.memory = None
    bench.embedder = type(bench.embedder)(dimensions=1536)
    bench.settings = Settings(chunk_tokens=16, chunk_overlap=0)
    small_disk(bench.index, 4)
    bench.write(docs__first="It was there before.")
    bench.sync("docs")
    bench.write(**{f"docs__f{number:03}": f"Number {number}.\n" * 20 for number in range(150)})
    with pytest.raises(DiskFull, match="no room left"):
        bench.sync()
    with bench.catalog() as catalog:
        assert "docs/first.txt" in {found.location for found in catalog.documents()}
        assert catalog.check() == []
    with pytest.raises(StoreError):
        bench.sync()
    small_disk(bench.index, 100)
    bench.sync()
    assert bench.texts() == on_disk(bench)
