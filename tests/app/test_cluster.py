"""A Ray cluster on this machine indexes a shared library as one process does."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from email.message import EmailMessage
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.test_runs import summary, texts
from tests.app.test_shared import DOCUMENTS, Place
from tests.chroma import free_port
from tests.ray_head import head

from askdoc import app, workspace
from askdoc.errors import UsageError
from askdoc.index.work import Batch
from askdoc.types import Indexed, IndexReport
from askdoc.types.ports import ignore

if TYPE_CHECKING:
    from tests.postgres import Server

_NEWS = "The harbour of Oslo froze over for the first time in ninety years."


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Start Ray with one processor; the runs of these tests use it."""
    if find_spec("ray") is None:
        pytest.skip("Ray is not here: `pip install 'askdoc[ray]'`")
    from askdoc.app.cluster import start

    end = start(1)
    yield
    end()


@pytest.fixture
def in_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do in this process what Ray's processes do, each file in a batch of its own."""

    def results(
        _: object, items: Sequence[Any], work: Callable[[Any], Any]
    ) -> Generator[Any, None, None]:
        there = _sent(work)
        for item in items:
            yield _sent(there(_sent(item)))

    monkeypatch.setattr("askdoc.app.cluster.find_spec", lambda name: name)
    monkeypatch.setattr("askdoc.app.cluster.Ray._results", results)
    monkeypatch.setattr("askdoc.app.cluster._WORTH_STARTING", 0)
    monkeypatch.setattr("askdoc.index.work._MOST_FILES", 1)


def _sent(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own


def index(
    place: Place, listen: Callable[[object], None] = ignore, *, rebuild: bool = False
) -> IndexReport:
    with app.indexer(place.workspace, ray="local") as indexer:
        return indexer.sync([place.folder / "docs"], listen, rebuild=rebuild)


def reported(report: IndexReport) -> dict[str, Any]:
    names = ("added", "unchanged", "removed", "renamed", "copies", "skipped")
    return {name: getattr(report, name) for name in names} | {"changed": sorted(report.changed)}


def write_mails(folder: Path) -> None:
    """Write two mails with the same attachment."""
    for number in range(2):
        mail = EmailMessage()
        mail["Subject"] = f"News {number}"
        mail["From"] = "ada@example.org"
        mail.set_content(f"This is letter number {number} about the harbour.")
        mail.add_attachment(_NEWS, "plain", filename="news.txt")
        (folder / f"mail{number}.eml").write_bytes(mail.as_bytes())


def test_workers_make_the_same_index(tmp_path: Path, postgres: Server, in_line: None) -> None:
    alone = Place(tmp_path / "work", postgres.address())
    shared = Place(tmp_path / "work", postgres.address())
    alone.write(DOCUMENTS | {"docs/again.md": "# Old\n\nThis text is changed later."})
    docs = tmp_path / "work" / "docs"
    write_mails(docs)
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 is all there is")
    first = alone.index()
    assert reported(index(shared)) == reported(first)
    assert len(first.copies) == 2
    assert first.skipped
    assert shared.state() == alone.state()

    alone.write({"docs/again.md": "# New\n\nThis text has been changed.", "docs/new.txt": _NEWS})
    (docs / "salt.txt").unlink()
    (docs / "pier.txt").rename(docs / "mole.txt")
    second = alone.index()
    assert reported(index(shared)) == reported(second)
    assert second.changed
    assert second.renamed
    assert shared.state() == alone.state()
    assert index(shared, rebuild=True).added
    assert shared.answers() == alone.answers()


def test_files_whose_worker_ends_are_tried_again_then_skipped(
    tmp_path: Path, postgres: Server, in_line: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from askdoc.app.cluster import Ray

    monkeypatch.setattr("askdoc.index.work._MOST_FILES", 3)
    place = Place(tmp_path / "work", postgres.address())
    place.write(texts("north", 6))
    whole = Ray._results
    sizes: list[int] = []

    def results(
        ray: Ray, items: Sequence[Any], work: Callable[[Any], Any]
    ) -> Generator[Any, None, None]:
        sizes.extend(len(item.works) for item in items if isinstance(item, Batch))
        living = [item for item in items if "docs/north/04.txt" not in str(item)]
        yield from whole(ray, living if isinstance(items[0], Batch) else items, work)

    monkeypatch.setattr(Ray, "_results", results)
    report = index(place)
    assert sizes == [3, 3, 1, 1, 1]
    assert len(report.added) == 5
    [skip] = report.skipped
    assert (skip.location, skip.code) == ("docs/north/04.txt", "killed")
    monkeypatch.setattr(Ray, "_results", whole)
    assert index(place).added == ("docs/north/04.txt",)
    assert not [skip.location for skip in place.index().skipped]


def test_an_error_of_a_worker_ends_the_run(
    tmp_path: Path, postgres: Server, in_line: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path / "work", postgres.address())
    place.write(texts("north", 2))
    with monkeypatch.context() as patch:
        patch.setattr("askdoc.app.cluster.__version__", "0.0.1")
        with pytest.raises(UsageError, match=r"a machine has 0\.0\.1") as refused:
            index(place)
    assert refused.value.hint == "install the same version on all machines"
    assert len(index(place).added) == 2


def test_ray_loses_and_doubles_nothing_when_processes_are_killed(
    tmp_path: Path, postgres: Server, cluster: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askdoc.index.work._MOST_FILES", 1)
    alone = Place(tmp_path / "work", postgres.address())
    shared = Place(tmp_path / "work", postgres.address())
    alone.write(texts("north", 8) | {"docs/copy.txt": texts("north", 1)["docs/north/00.txt"]})
    alone.index()
    killed: list[int] = []

    class Ended(BaseException):
        pass

    def kill(event: object) -> None:
        """Kill the worker after two documents, and this run after two more."""
        if isinstance(event, Indexed) and event.documents >= 2 and not killed:
            killed.extend(_workers())
            for process in killed:
                os.kill(process, signal.SIGKILL)
        if isinstance(event, Indexed) and event.documents >= 4:
            raise Ended

    with pytest.raises(Ended):
        index(shared, kill)
    assert killed
    assert len(index(shared).added) == 9
    assert summary(shared) == summary(alone)
    assert shared.answers() == alone.answers()


def _workers() -> list[int]:
    """Return the processes that read files for Ray, now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"ray::MapWorker" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def test_a_cluster_that_runs_is_joined_by_its_address(tmp_path: Path, postgres: Server) -> None:
    alone = Place(tmp_path / "work", postgres.address())
    shared = Place(tmp_path / "work", postgres.address())
    alone.write(DOCUMENTS)
    (alone.folder / "docs/broken.pdf").write_bytes(b"%PDF-1.7 is all there is")
    report = alone.index()
    assert shared.database is not None
    program = "from askdoc.cli import app; app.make_app()(prog_name='askdoc')"
    with head(1) as started:
        command = ["index", "--json", "--ray", started.address, "--index", shared.database, "docs"]

        def run(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-c", program, *command],
                cwd=shared.folder,
                env=dict(environment),
                check=False,
                capture_output=True,
                text=True,
                timeout=240,
            )

        done = run(started.environment)
        assert done.returncode == 0, done.stderr
        assert not done.stderr.strip(), done.stderr
        assert json.loads(done.stdout)["added"] == list(report.added)
        again = run(started.environment)  # the cluster is still there, and nothing is new
        assert again.returncode == 0, again.stderr
        assert not json.loads(again.stdout)["added"]
    assert shared.state() == alone.state()
    assert shared.answers() == alone.answers()


@pytest.mark.parametrize("listens", [False, True])
def test_a_cluster_that_is_not_there_is_not_waited_for(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch, *, listens: bool
) -> None:
    if find_spec("ray") is None:
        pytest.skip("Ray is not here: `pip install 'askdoc[ray]'`")
    monkeypatch.setattr("askdoc.app.cluster._is_joined", lambda: False)  # by another test
    place = Place(tmp_path / "work", postgres.address())
    place.write(texts("north", 2))
    with ExitStack() as stack:
        port = free_port()
        if listens:  # but says nothing
            port = stack.enter_context(
                closing(socket.create_server(("127.0.0.1", 0)))
            ).getsockname()[1]
        began = time.monotonic()
        message = "is no Ray cluster" if listens else "connection refused"
        with (
            pytest.raises(UsageError, match=message) as refused,
            app.indexer(place.workspace, ray=f"127.0.0.1:{port}") as indexer,
        ):
            indexer.sync([place.folder / "docs"])
    assert time.monotonic() - began < 30  # Ray itself waits for two minutes
    assert "ray start --head" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("local", "needs a shared library"),
        ("cluster", "not the address of a cluster"),
        ("http://cluster:80", "not the address of a cluster"),
        ("ray://cluster:10001", "not the address of a cluster"),
        ("cluster:6379", "refuses to connect to"),
    ],
)
def test_refuses_what_cannot_be(tmp_path: Path, address: str, message: str) -> None:
    found = workspace.find(
        tmp_path,
        overrides={
            "index": None if address == "local" else "postgresql://here/library",
            "offline": True,
        },
        environment={},
        user_config=tmp_path / "none.toml",
    )
    with pytest.raises(UsageError, match=message) as refused, app.indexer(found, ray=address):
        pass
    assert refused.value.hint
