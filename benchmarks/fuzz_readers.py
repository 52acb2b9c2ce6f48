"""Read damaged files until the time is up; keep what makes neither a sound reading nor an error.

    python benchmarks/fuzz_readers.py FOLDER --minutes 10 --keep FOUND

FOLDER holds sound files of each format. Each is damaged at random, packed ones within their members
too. A child process reads, so that a crash, a hang (over 20 s) and more than 3 GB are seen as well.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import random
import resource
import signal
import sys
import time
import traceback
import warnings
import zipfile
from collections import Counter
from io import BytesIO
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

from askdoc.errors import MissingPart, ReadError
from askdoc.readers import is_readable, reader_for
from askdoc.readers.refusal import CODES
from askdoc.types import Reading

SECONDS = 20
PATIENCE = 10
"""So many times the seconds of work may pass on the clock: a busy machine is slow."""

HUNG = "!hangs"
MEMORY = 3_000_000_000
TOKENS = [
    b"<",
    b">",
    b"</",
    b"]]>",
    b"<![CDATA[",
    b"&",
    b"{",
    b"}",
    b"[",
    b'"',
    b"\\",
    b"\0",
    b"\xff",
]
TOKENS += [
    b"\r",
    b"\n\n",
    b"-->",
    b"<!--",
    b"9" * 30,
    b"-1",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"%",
]
TOKENS += [b"\x1b$B", b"From ", b"\\u0", b"\\bin99999999 ", b"0" * 4, b"<table:table-row>" * 3]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Damage bytes in a few places."""
    made = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(made) + 1)
        size = dice.choice((1, 4, 40, 400))
        match dice.randrange(6):
            case 0 if at < len(made):
                made[at] ^= 1 << dice.randrange(8)
            case 1:
                del made[at : at + size]
            case 2:
                made[at:at] = made[at : at + size] * dice.choice((1, 2, 20))
            case 3:
                made[at:at] = dice.choice(TOKENS)
            case 4:
                there = dice.randrange(len(made) + 1)
                made[at : at + size] = made[there : there + size]
            case _:
                made[at : at + 4] = dice.randbytes(4)
    return bytes(made)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Damage a file, or one of its members where it is packed."""
    if not data.startswith(b"PK") or dice.random() < 0.2:
        return damaged(data, dice)
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        chosen = set(dice.sample(names, min(len(names), dice.randint(1, 2))))
        for name in names:
            content = old.read(name)
            if dice.random() > 0.02:
                new.writestr(name, damaged(content, dice) if name in chosen else content)
    return out.getvalue()


def unsound(reading: Reading) -> str | None:
    """Say what is wrong with a reading."""
    text, blocks = reading.text, reading.blocks
    try:
        text.encode()
    except UnicodeEncodeError:
        return "a text that cannot be stored"
    starts = [section.start for section in reading.sections]
    marks = list(reading.landmarks)
    wrong = {
        "a null character": "\0" in text,
        "no block": not (blocks or reading.parts),
        "a block of white space": any(
            b.of(text).strip() != b.of(text) or not len(b) for b in blocks
        ),
        "blocks out of order": any(a.end > b.start for a, b in pairwise(blocks)),
        "a block beyond the text": any(b.end > len(text) for b in blocks),
        "sections out of order": starts != sorted(starts),
        "an empty heading": any(not one.title.strip() or one.level < 1 for one in reading.sections),
        "an empty title": reading.title is not None and not reading.title.strip(),
        "landmarks out of order": any(a.start > b.start for a, b in pairwise(marks)),
        "a place before the first": any(mark.place.number < 0 for mark in marks),
    }
    parts = (unsound(p.outcome) for p in reading.parts if isinstance(p.outcome, Reading))
    return next((what for what, is_so in wrong.items() if is_so), None) or next(
        filter(None, parts), None
    )


def outcome(name: str, data: bytes) -> str:
    """Read and say how it ended; what starts with an exclamation mark is a find."""
    try:
        reading = reader_for(name).read(data, name=name)
    except ReadError as error:
        known = error.code in CODES and str(error).startswith(f"`{name}`")
        return error.code if known else f"!odd error {error.code}: {error}"
    except MissingPart:
        return "missing"
    except Exception:  # noqa: BLE001 - this is what is looked for
        return "!" + traceback.format_exc()
    return f"!{found}" if (found := unsound(reading)) else "read"


def work(pipe: Connection) -> None:
    """Read what comes through the pipe, and say how it ended and how long the processor took."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("error")
    while True:
        name, data = pipe.recv()
        began = time.process_time()
        result = outcome(name, data)
        pipe.send((result, time.process_time() - began))


def main() -> None:
    """Fuzz until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("found"))
    options = parser.parse_args()
    dice = random.Random(options.seed)
    files = sorted(
        path for path in options.folder.rglob("*") if path.is_file() and is_readable(path.name)
    )
    seeds = {path: path.read_bytes() for path in files if path.stat().st_size < 1_000_000}
    counts: Counter[str] = Counter()
    slowest: Counter[str] = Counter()
    until = time.monotonic() + 60 * options.minutes
    child, pipe = start()
    while time.monotonic() < until:
        path = dice.choice(list(seeds))
        data = mutated(seeds[path], dice)
        pipe.send((path.name, data))
        took = 0.0
        if pipe.poll(SECONDS * PATIENCE):
            try:
                result, took = pipe.recv()
            except EOFError:
                result = "!crashed"
        else:
            result = HUNG
        if took > SECONDS:
            result = f"!{took:.0f} s"
        slowest[path.suffix] = max(slowest[path.suffix], round(1000 * took))
        counts[f"{path.suffix} {result if result[0] != '!' else 'FOUND'}"] += 1
        if result.startswith("!"):
            options.keep.mkdir(exist_ok=True)
            key = hashlib.sha256(data).hexdigest()[:8]
            (options.keep / f"{key}-{path.name}").write_bytes(data)
            print(f"{key}-{path.name}: {result[1:]}", flush=True)
        if result in ("!crashed", HUNG):
            if child.pid:
                child.kill()
            child, pipe = start()
    child.kill()
    print(f"{counts.total()} files read in {options.minutes} minutes")
    for what, count in sorted(counts.items()):
        print(f"{count:7,}  {what}")
    print("slowest, in milliseconds:", dict(slowest.most_common(8)))


def start() -> tuple[multiprocessing.Process, Connection]:
    """Start a process that reads."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=work, args=(theirs,), daemon=True)
    child.start()
    theirs.close()
    return child, ours


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main())
