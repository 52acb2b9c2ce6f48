"""Index while being killed: run by `test_faults.py` in a process of its own.

Each round is a forked child, so that what is slow to load is loaded once. Prints one line a round:
`killed`, `done` or `wrong` with what was wrong.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import chromadb  # noqa: F401 - loaded before the fork

from askdoc.errors import NoIndex
from askdoc.index import embed
from conftest import Bench  # type: ignore[import-not-found]

FILES = 40


def text(number: int, version: int) -> str:
    """Write a document of some chunks; every third differs between the versions."""
    edition = version if number % 3 == 0 else 0
    return "\n".join(
        f"Document {number} in edition {edition} says in line {line} that all is well. "
        f"It has {'quite ' * (line % 7)}a lot to say about it."
        for line in range(12)
    )


def write(bench: Bench, version: int) -> None:
    """Write the files of a version; of version 2, some are missing and some are new."""
    first, last = (10, FILES + 10) if version == 2 else (0, FILES)
    for number in range(FILES + 10):
        name = f"docs__f{number:03}"
        if first <= number < last:
            bench.write(**{name: text(number, version)})
        else:
            bench.path(name).unlink(missing_ok=True)


def wrong(bench: Bench) -> str | None:
    """Say what a reader sees that it should not."""
    try:
        catalog = bench.catalog()
    except NoIndex:  # killed before there was one
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
        return repr(error)
    with catalog:
        for document in catalog.documents():
            number = int(document.path[1:4])
            stored = catalog.text(document.id)
            if stored not in (text(number, 1), text(number, 2)):
                return f"{document.path} is neither the old nor the new version"
            for chunk in catalog.chunks(catalog.chunk_ids([document.id])):
                if chunk.span.of(stored) != chunk.text:
                    return f"a chunk of {document.path} is not its text"
    return None


def sync(bench: Bench, seconds: float | None, how: signal.Signals) -> bool:
    """Index in a child and send it a signal after some time; tell whether it was done before."""
    child = os.fork()
    if child == 0:
        report = bench.sync("docs")
        os._exit(9 if report.interrupted else 0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, how)
    return os.waitpid(child, 0)[1] == 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(folder: Path, kills: int, seed: int, signal_name: str) -> None:
    embed.GROUP, embed._LONGEST_WAIT = 16, 0.05
    how = signal.Signals[signal_name]
    bench = Bench(folder, memory=None)
    moments = random.Random(seed)  # noqa: S311 - no secret
    for version in (1, 2):
        write(bench, version)
        for _ in range(kills):
            finished = sync(bench, moments.uniform(0.02, 0.45), how)
            fault = wrong(bench) if (bench.index / "catalog.sqlite").exists() else None
            say(f"wrong: {fault}" if fault else "done" if finished else "killed")
            if finished:
                break
        say(f"last {sync(bench, None, how)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
