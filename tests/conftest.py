"""Fixtures that tests of several parts share."""

from __future__ import annotations

import gc
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.chroma import ChromaServer, chroma_serving
from tests.postgres import Server, serving

from askdoc.models import embedder, reader
from askdoc.store import embedded as embedded_vectors
from askdoc.store.chroma import ChromaStore

# A shell that starts tests in the background has them ignore Ctrl-C, and the processes that they
# start inherit that; those are to end by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is slow, which says nothing about the code.
settings.register_profile(
    "askdoc", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("askdoc")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that load PyTorch first: then one process loads it, not all of them."""
    items.sort(key=lambda item: "torch" not in item.keywords)


def pytest_collection_finish() -> None:
    """Take what was imported out of garbage collection, which would look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_home_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests out of what the user has: settings, models, sessions, engines that run.

    What is cached may stay.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        # The path of a socket may have a hundred characters.
        tempfile.TemporaryDirectory(prefix="ad-") as runtime,
    ):
        for name in ("STATE", "DATA", "CONFIG"):
            patch.setenv(f"XDG_{name}_HOME", str(tmp_path_factory.mktemp(name.lower())))
        patch.setenv("XDG_RUNTIME_DIR", runtime)
        yield


@pytest.fixture(scope="session", autouse=True)
def _all_in_this_process() -> Iterator[None]:
    """Index in the process of the test, and load each packaged model once.

    An index is made in three processes. Their start costs two seconds of processor time, and
    hundreds of tests make an index. Commands that run as processes of their own are not affected,
    nor are tests that set the number of `workers`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("askdoc.app.indexing.cores", lambda: 0)
        patch.setattr(
            "askdoc.store.embedded.open_to_write",
            lambda index: ChromaStore(index / embedded_vectors.VECTORS_FOLDER, write=True),
        )
        patch.setattr(embedder, "packaged", cache(embedder.packaged))
        patch.setattr("askdoc.models.rankers.packaged", cache(reader.packaged))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Run a PostgreSQL server, which all tests of the process share."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def chroma() -> Iterator[ChromaServer]:
    """Run a Chroma server, which all tests of the process share."""
    with chroma_serving() as server:
        yield server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[Path, int], None]]:
    """Mount a disk of so many megabytes at a folder, or resize it; where the user may."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    mounted: list[Path] = []

    def make(folder: Path, megabytes: int) -> None:
        folder.mkdir(exist_ok=True)
        options = f"size={megabytes}m" + (",remount" if folder in mounted else "")
        command = ["-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if (
            sys.platform != "linux"
            or not mount
            or not umount
            or subprocess.run([mount, *command], check=False, capture_output=True).returncode
        ):
            pytest.skip("needs the right to mount a disk")
        mounted.append(folder)

    yield make
    for folder in set(mounted):
        subprocess.run([str(umount), "-l", str(folder)], check=True)
