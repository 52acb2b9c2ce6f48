"""Kills runs of indexing, connections and the server of a shared library, while somebody asks.

    python -m tests.abuse.kills --kills 20

Nothing may be lost or doubled: at the end, the library is compared with one that was indexed in
peace. Whoever asks gets an answer, or an error with a hint.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.app.test_runs import summary, texts
from tests.app.test_shared import Place
from tests.postgres import Server, serving

from askdoc import app
from askdoc.errors import StoreError
from askdoc.store.postgres.session import Database, Session

_INDEX = """
import sys
from askdoc.cli import app
from askdoc.index import embed, run
from askdoc.store.postgres import library

embed.GROUP = run._CLAIMED = 1  # so that there is much to interrupt
library.LEASE = 2.0
app.make_app()(sys.argv[1:], prog_name="askdoc")
"""
WAYS = ("process", "connections", "server")
_QUESTION = "What number has the heron of north?"


@dataclass
class Asking(threading.Thread):
    """Asks the same question until `stop` is set, and counts answers and errors."""

    place: Place
    counts: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        try:
            with app.answerer(self.place.workspace) as answerer:
                while not self.stop.wait(0.1):
                    try:
                        answer = answerer.answer(_QUESTION)
                        self.counts["answered" if answer.text else "without an answer"] += 1
                    except StoreError as error:
                        self.counts[f"error {'with' if error.hint else 'without'} a hint"] += 1
                    finally:
                        app.rest(answerer)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self.error = error


def survive(server: Server, folder: Path, ways: list[str], seed: int = 0) -> Counter[str]:
    """Kill in these ways, one after the other; return what became of the questions meanwhile.

    Raises:
        AssertionError: something was lost or doubled, or failed without a hint.

    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    place = Place(folder, server.address())
    place.write(texts("north", 3))
    place.index()
    asking = Asking(place)
    asking.start()
    for number, way in enumerate(ways):
        place.write(texts(f"part{number}", 4))
        place.write({"docs/north/02.txt": f"The oak of north was cut in the year {1900 + number}."})
        if number:
            (folder / f"docs/part{number - 1}/03.txt").unlink()
        _index_and_kill(server, place, way, after=chance.randint(1, 3))
    _run(place).wait(120)
    asking.stop.set()
    asking.join(60)
    assert asking.error is None, repr(asking.error)
    assert asking.counts["answered"], asking.counts
    assert not asking.counts["without an answer"], asking.counts
    assert not asking.counts["error without a hint"], asking.counts
    peaceful = Place(folder, server.address())
    peaceful.index()
    assert summary(place) == summary(peaceful)
    return asking.counts


def _index_and_kill(server: Server, place: Place, way: str, *, after: int) -> None:
    """Begin to index, and kill once so many documents wait to be published."""
    assert place.database is not None
    process = _run(place)
    with closing(Session(Database.of(place.database), write=True)) as session:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            [(count,)] = session.all("SELECT count(*) FROM documents WHERE version = 0")
            if count >= after:
                break
            time.sleep(0.01)
        if way == "connections":
            session.all(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name = 'askdoc' AND pid <> pg_backend_pid()"""
            )
    if way == "process":
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        return
    if way == "server":
        server.stop()
        server.start()
    assert process.wait(120) == 0, f"a run does not survive the loss of its {way}"


def _run(place: Place) -> subprocess.Popen[bytes]:
    assert place.database is not None
    command = [sys.executable, "-c", _INDEX, "index", "-q", "--index", place.database, "docs"]
    return subprocess.Popen(command, cwd=place.folder, env={**os.environ, "ASKDOC_WORKERS": "0"})


def main() -> None:
    """Kill as often as asked, and print what became of the questions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    ways = [WAYS[number % len(WAYS)] for number in range(given.kills)]
    try:
        with serving() as server, tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            counts = survive(server, Path(folder), ways, given.seed)
    except pytest.skip.Exception as reason:
        sys.exit(str(reason))
    print(f"{given.kills} kills in {time.monotonic() - started:.0f} s: nothing lost or doubled")  # noqa: T201
    print(f"questions meanwhile: {dict(counts)}")  # noqa: T201


if __name__ == "__main__":
    main()
