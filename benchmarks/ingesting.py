"""Measure indexing by whole processes: many files, changes, memory, workers, kills.

    python benchmarks/ingesting.py --many 10000             # first index, no change, one change
    python benchmarks/ingesting.py --memory 10 40           # megabytes: as one file, as 4,000 files
    python benchmarks/ingesting.py --workers FOLDER         # reading in workers against in line
    python benchmarks/ingesting.py --kills 50               # killed while it indexes 300 files
    python -m benchmarks.ingesting --ray FOLDER             # by one Ray worker, and by two

Text is generated, seeded. Memory is that of `askdoc index` and all its processes together, by what
each has to itself and its share of what they share (PSS), looked at ten times a second; Linux only.
Processor time is that of the same processes. Each figure is printed as soon as it is known, with
the load of the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from askdoc import app, workspace

ASKDOC = [sys.executable, "-m", "askdoc"]
_STAND_IN = """
from askdoc import wiring
from askdoc.cli import main
from askdoc.testing import HashEmbedder
wiring.opening.embedder = lambda *_, **__: HashEmbedder(dimensions=384)
main()
"""
QUICK = [sys.executable, "-c", _STAND_IN]
"""askdoc with vectors that cost nothing to make: all that depends on the size of a text is real."""

_RAY = """
import json, sys, time
from pathlib import Path
from askdoc import app, workspace
from askdoc.app import cluster
from askdoc.types.ports import ignore
before = time.perf_counter()
leave = cluster.start(int(sys.argv[1]))
started = time.perf_counter()
space = workspace.find(Path.cwd(), overrides={"index": sys.argv[2]})
with app.indexer(space, ray="local") as indexer:
    indexer.sync(None, ignore)
ended = time.perf_counter()
leave()
with app.open_catalog(space) as catalog:
    passages = sum(1 for _ in catalog.chunk_ids())
print(json.dumps([started - before, ended - started, passages]))
"""
"""Indexes what the current folder names, by a cluster of so many workers."""

KILLED_FILES = 300


@dataclass
class Used:
    """What a run took: seconds by the clock and of the processor, and megabytes over time."""

    seconds: float = 0.0
    processor: float = 0.0
    memory: list[float] = field(default_factory=list)

    @property
    def peak(self) -> float:
        """Return the most megabytes."""
        return max(self.memory, default=0.0)

    def tenths(self) -> str:
        """Write the highest memory of each tenth of the run."""
        step = max(1, len(self.memory) // 10)
        parts = [self.memory[at : at + step] for at in range(0, len(self.memory), step)][:10]
        return " ".join(f"{max(part):.0f}" for part in parts)


def say(what: str) -> None:
    """Print a figure."""
    print(f"{what}   [load {os.getloadavg()[0]:.1f}]", flush=True)


@cache
def words() -> list[str]:
    """Return English words, the common ones first."""
    return resources.files("askdoc").joinpath("data/words_en.txt").read_text().split()


def text(seed: int, characters: int) -> str:
    """Write sentences of common and rare words, in paragraphs."""
    chance = random.Random(seed)
    known = words()
    lines: list[str] = []
    length = 0
    while length < characters:
        sentences = [
            " ".join(
                known[int(len(known) * chance.random() ** 3)] for _ in range(chance.randint(8, 20))
            ).capitalize()
            + "."
            for _ in range(4)
        ]
        lines.append(" ".join(sentences))
        length += len(lines[-1]) + 2
    return "\n\n".join(lines)


def fresh(folder: Path) -> Path:
    """Make an empty workspace."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "docs").mkdir(parents=True)
    (folder / "askdoc.toml").write_text('sources = ["docs"]\n')
    return folder


def index(folder: Path, command: Sequence[str] = ASKDOC, **settings: object) -> Used:
    """Run `askdoc index` in a workspace, and watch what it takes."""
    environment = os.environ | {f"ASKDOC_{key.upper()}": str(v) for key, v in settings.items()}
    used = Used()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "index", "--quiet"], cwd=folder, env=environment, start_new_session=True
    )
    done = threading.Event()
    watcher = threading.Thread(target=watch, args=(process.pid, used, done))
    watcher.start()
    code = process.wait()
    used.seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used.processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if code:
        sys.exit(f"`askdoc index` failed in {folder}")
    return used


def watch(leader: int, used: Used, done: threading.Event) -> None:
    """Note the memory of a process and its own, until done."""
    while not done.wait(0.1):
        used.memory.append(sum(megabytes(process) for process in family(leader)))


def family(leader: int) -> Iterator[int]:
    """List a process and those that descend from it.

    A child that has not begun its own program yet is left out: all of its memory is its parent's.
    """
    yield leader
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{leader}/cmdline").read_bytes()
        for thread in Path(f"/proc/{leader}/task").iterdir():
            for child in (thread / "children").read_text().split():
                if Path(f"/proc/{child}/cmdline").read_bytes() != command:
                    yield from family(int(child))


def megabytes(process: int) -> float:
    """Say how much memory a process has to itself, with its share of what it shares."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1000
    return 0.0


def quickest(folder: Path, times: int) -> Used:
    """Index several times, and return what the shortest run took."""
    return min((index(folder) for _ in range(times)), key=lambda used: used.seconds)


def many(folder: Path, files: int) -> None:
    """Index many small files, then without a change, then with one."""
    work = fresh(folder / "many")
    for number in range(files):
        part = work / "docs" / f"{number // 100:03}"
        part.mkdir(exist_ok=True)
        (part / f"{number:05}.txt").write_text(text(number, 400))
    used = index(work)
    say(
        f"{files} files: {used.seconds:.1f} s, {used.processor:.1f} s of the processor, "
        f"peak {used.peak:.0f} MB; by tenths {used.tenths()}"
    )
    used = quickest(work, 5)
    say(f"no change: {used.seconds:.2f} s, {used.processor:.2f} s of the processor (best of 5)")
    changed: list[Used] = []
    for number in range(5):
        (work / "docs" / "000" / "00042.txt").write_text(text(files + number, 400))
        changed.append(index(work))
    used = min(changed, key=lambda one: one.seconds)
    say(f"one change: {used.seconds:.2f} s, {used.processor:.2f} s of the processor (best of 5)")


def memory(folder: Path, megabytes_of_text: list[int], command: Sequence[str]) -> None:
    """Index so much text as one file and as 4,000."""
    for size in megabytes_of_text:
        characters = size * 1_000_000
        for files in (1, 4000):
            work = fresh(folder / f"memory{size}x{files}")
            for number in range(files):
                part = work / "docs" / f"{number // 100:03}"
                part.mkdir(exist_ok=True)
                written = text(number, characters // files)
                (part / f"{number:05}.txt").write_text(written)
            used = index(work, command)
            say(
                f"{size} MB in {files}: peak {used.peak:.0f} MB, {used.seconds:.0f} s; "
                f"by tenths {used.tenths()}"
            )
            shutil.rmtree(work)


def workers(folder: Path, documents: Path, rounds: int) -> None:
    """Index a folder of documents with reading in line and in workers, alternately."""
    work = fresh(folder / "workers")
    (work / "askdoc.toml").write_text("")
    (work / "docs").rmdir()
    shutil.copytree(documents, work / "docs")
    (work / "askdoc.toml").write_text('sources = ["docs"]\n')
    ratios: list[float] = []
    for _ in range(rounds):
        times = {}
        for way, settings in (("in line", {"workers": 0}), ("workers", {})):
            shutil.rmtree(work / ".askdoc", ignore_errors=True)
            used = index(work, **settings)
            times[way] = used.seconds
            say(f"{way}: {used.seconds:.1f} s, {used.processor:.1f} s of the processor")
        ratios.append(times["workers"] / times["in line"])
    say(f"workers / in line: {statistics.median(ratios):.2f} (median of {rounds})")


def ray(folder: Path, documents: Path, rounds: int) -> None:
    """Index a folder of documents into PostgreSQL by one Ray worker and by two, alternately."""
    from tests.postgres import serving

    work = fresh(folder / "ray")
    shutil.copytree(documents, work / "docs", dirs_exist_ok=True)
    ratios: list[float] = []
    with serving() as server:
        for _ in range(rounds):
            times = {}
            for number in (1, 2):
                command = [sys.executable, "-c", _RAY, str(number), server.address()]
                done = subprocess.run(
                    command, cwd=work, check=True, stdout=subprocess.PIPE, text=True
                )
                started, seconds, passages = json.loads(done.stdout)
                times[number] = seconds
                say(
                    f"{number} of Ray: {passages} passages in {seconds:.1f} s, "
                    f"{passages / seconds:.0f} in a second; the cluster started in {started:.1f} s"
                )
            ratios.append(times[1] / times[2])
    say(f"one / two: {statistics.median(ratios):.2f} (median of {rounds})")


# ── kills ───────────────────────────────────────────────────────────────────────────────────────


def version(number: int, edition: int) -> str:
    """Write a document of some passages; most of the text stays over the editions."""
    return f"{text(number, 1200)}\n\nEdition {edition} of document {number}.\n"


def rewrite(docs: Path, chance: random.Random, edition: int) -> None:
    """Change a third of the files, delete some, rename some, and add some."""
    for number in range(KILLED_FILES):
        path = docs / f"{number:03}.txt"
        moved = docs / f"moved{number:03}.txt"
        draw = chance.random()
        there = path if path.exists() else moved if moved.exists() else None
        if there is None or draw < 1 / 3:
            (there or path).write_text(version(number, edition))
        elif draw < 0.40:
            there.unlink()
        elif draw < 0.47:
            there.rename(moved if there == path else path)


def contents(work: Path) -> dict[str, tuple[str, ...]]:
    """Return passages by location; sees to it that each has its vector, and no other is there.

    Their ids say where a document was first met, which is elsewhere once it was renamed.
    """
    space = workspace.find(work)
    with (
        app.open_catalog(space) as catalog,
        contextlib.closing(app.open_vectors(space, catalog)) as vectors,
    ):
        assert catalog.check() == []
        assert vectors.check() == []
        chunks, stored = set(catalog.chunk_ids()), set(vectors.ids())
        assert stored == chunks, f"{len(stored - chunks)} orphans, {len(chunks - stored)} lost"
        return {
            place: (
                catalog.text(document.id),
                *(chunk.text for chunk in catalog.chunks(catalog.chunk_ids([document.id]))),
            )
            for document in catalog.documents()
            for place in (document.location, *(copy.location for copy in document.copies))
        }


def worked(leader: int) -> float:
    """Say how many seconds of the processor a process and its own have had."""
    ticks = 0
    for process in family(leader):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def kill(folder: Path, kills: int, seed: int, command: Sequence[str]) -> None:
    """Kill `askdoc index` at random moments; then compare with an index made without.

    A moment is told by the processor's time, so that a busy machine does not kill too early.
    """
    chance = random.Random(seed)
    work = fresh(folder / "kills")
    docs = work / "docs"
    rewrite(docs, chance, 0)
    longest = index(work, command).processor
    shutil.rmtree(work / ".askdoc")
    moments: list[float] = []
    finished = edition = 0
    while len(moments) < kills:
        process = subprocess.Popen([*command, "index", "--quiet"], cwd=work, start_new_session=True)
        moment = chance.uniform(0.1, longest)
        while process.poll() is None and worked(process.pid) < moment:
            time.sleep(0.01)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            moments.append(moment)
            if wrong := half(work, edition):
                sys.exit(f"after {len(moments)} kills: {wrong}")
            if len(moments) % 5 == 0:
                say(f"killed {len(moments)} times, {finished} runs ended before")
        elif process.returncode:
            sys.exit(f"`askdoc index` failed with {process.returncode}")
        else:
            finished += 1
        if process.returncode == 0 or len(moments) % 5 == 0:
            edition += 1
            rewrite(docs, chance, edition)
    index(work, command)
    after = contents(work)
    expected = {f"docs/{path.name}": path.read_text() for path in docs.iterdir()}
    shutil.rmtree(work / ".askdoc")
    index(work, command)
    assert contents(work) == after
    assert {name: text for name, (text, *_) in after.items()} == expected
    say(
        f"{kills} kills after {min(moments):.2f} to {max(moments):.2f} s of the processor, besides "
        f"{finished} runs that ended, {edition} times other files; {len(expected)} files, "
        f"{sum(map(len, after.values())) - len(after)} passages: equal, none lost, no orphan"
    )


def half(work: Path, edition: int) -> str | None:
    """Say what a reader sees that it should not: a document that is in no edition."""
    if not (work / ".askdoc" / "index" / "catalog.sqlite").exists():
        return None
    with app.open_catalog(workspace.find(work)) as catalog:
        for document in catalog.documents():
            number = int(document.path[-7:-4])
            stored = catalog.text(document.id)
            if stored not in {version(number, one) for one in range(edition + 1)}:
                return f"`{document.path}` is in no edition"
    return None


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--many", type=int, metavar="FILES")
    parser.add_argument("--memory", type=int, nargs="+", metavar="MB")
    parser.add_argument("--quick", action="store_true", help="without the real embedder")
    parser.add_argument("--workers", type=Path, metavar="FOLDER")
    parser.add_argument("--ray", type=Path, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to work, and to keep what is made")
    given = parser.parse_args()
    command = QUICK if given.quick else ASKDOC
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if given.many:
            many(folder, given.many)
        if given.memory:
            memory(folder, given.memory, command)
        if given.workers:
            workers(folder, given.workers, given.rounds)
        if given.ray:
            ray(folder, given.ray, given.rounds)
        if given.kills:
            kill(folder, given.kills, given.seed, command)


if __name__ == "__main__":
    main()
