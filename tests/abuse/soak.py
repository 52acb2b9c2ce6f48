"""Takes in hostile files for an hour, each in a process of its own, and reports the worst.

`make soak`, or `python -m tests.abuse.soak --minutes 5 --size 200000 --seed 7`. Files beyond the
limits are kept, so that they can be looked at; the same seed makes the same files.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from askdoc import app

from .hostile import KINDS, hostile, suffixes
from .taking import BEYOND, take_in

_FORKS = multiprocessing.get_context("fork")
SECONDS, MEGABYTES = 60, 1000
"""What reading a file may take: the defaults of askdoc."""


@dataclass(frozen=True)
class Outcome:
    """What taking in one file took, by all processes together, and what came of it."""

    file: str
    size: int
    seconds: float
    megabytes: float
    characters: int
    code: str

    @property
    def share(self) -> float:
        """Return the share of the limits that it took, of time or of memory."""
        return max(self.seconds / SECONDS, self.megabytes / MEGABYTES)

    @property
    def is_bad(self) -> bool:
        """Tell whether a limit ended it, or it ended in an error."""
        return self.code in BEYOND or self.code == "error"


def take_in_one(root: Path) -> dict[str, object]:
    """Take in what is in `root`; say what came of it."""
    taken = take_in(root, seconds=SECONDS, megabytes=MEGABYTES)
    with app.open_catalog(taken.here) as catalog:
        characters = sum(document.length for document in catalog.documents())
        codes = [skip.code for skip in taken.report.skipped]
        faults = catalog.check()
    return {"characters": characters, "code": "error" if faults else (codes or ["indexed"])[0]}


def make(suffix: str, kind: str, seed: str, size: int, file: Path) -> None:
    """Make a hostile file."""
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    file.write_bytes(hostile(suffix, kind, dice, size))


def measure(suffix: str, kind: str, seed: str, size: int, keep: Path) -> Outcome:
    """Make a file and take it in, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / ".askdoc").mkdir()
        (root / "docs").mkdir()
        file = root / "docs" / f"{kind}-{seed}.{suffix}"
        # In a process of its own: a process inherits the peak of memory of the one that starts it.
        making = _FORKS.Process(target=make, args=(suffix, kind, seed, size, file))
        making.start()
        making.join()
        command = [sys.executable, "-m", "tests.abuse.soak", "--one", name]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as started:
            assert started.stdout is not None
            told = started.stdout.read()
            _, _, used = os.wait4(started.pid, 0)  # of its own processes, too
        said = json.loads(told or '{"characters": 0, "code": "error"}')
        seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
        found = Outcome(file.name, file.stat().st_size, seconds, megabytes, **said)
        if found.is_bad:
            shutil.copyfile(file, keep / file.name)
        return found


def main() -> None:
    """Run for so many minutes, and print the worst file of each format and kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--size", type=int, default=1_000_000, help="largest file, in bytes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("soak"), help="folder for bad files")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        sys.stdout.write(json.dumps(take_in_one(asked.one)))
        return
    asked.keep.mkdir(parents=True, exist_ok=True)
    dice = random.Random(asked.seed)  # noqa: S311 - not for secrets
    end = time.monotonic() + asked.minutes * 60
    worst: dict[tuple[str, str], Outcome] = {}
    bad: list[Outcome] = []
    done = 0
    while time.monotonic() < end:
        suffix, kind = dice.choice(suffixes()), dice.choice(KINDS)
        size = int(asked.size ** dice.uniform(0.6, 1))
        one = measure(suffix, kind, f"{asked.seed}-{done}", size, asked.keep)
        done += 1
        bad += [one] if one.is_bad else []
        if (suffix, kind) not in worst or one.share > worst[suffix, kind].share:
            worst[suffix, kind] = one
    rows = sorted(worst.values(), key=lambda one: -one.share)
    for one in rows:
        sys.stdout.write(
            f"{one.seconds:7.1f} s {one.megabytes:6.0f} MB {one.characters:10,} characters"
            f" {one.code:14} of {one.size:9,} bytes  {one.file}\n"
        )
    report = {
        "files": done,
        "bad": [asdict(one) for one in bad],
        "worst": [asdict(r) for r in rows],
    }
    (asked.keep / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    sys.stdout.write(f"{done} files, {len(bad)} beyond the limits: {asked.keep / 'report.json'}\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
