"""Measure how long askdoc takes from start to end, in fresh processes.

    python benchmarks/startup.py                          # help, and the demo question on seeds/
    python benchmarks/startup.py --workspace DIR "WHAT?"  # the question on another workspace

Prints the median, the fastest and the slowest of N runs, the peak memory, and which of the heavy
modules were imported; and beside that the floor: Python that imports chromadb and onnxruntime, and
does nothing. The index must have been built before.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

DEMO = "What did Xue Lan say about isolation?"
HEAVY = (
    "chromadb", "llama_index", "numpy", "onnxruntime", "sentence_transformers", "sentencex",
    "tokenizers", "torch", "transformers",
)  # fmt: skip
_FLOOR = "import chromadb, onnxruntime"
_REPORT = """
import json, sys
from askdoc.cli import main
sys.argv = ["askdoc", *sys.argv[1:]]
try:
    main()
finally:
    sys.stdout.flush()
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def measure(arguments: list[str], workspace: Path, runs: int) -> tuple[list[float], float]:
    """Run Python; return the seconds of each run, and the peak memory of the last in megabytes."""
    command = [sys.executable, *arguments]
    seconds = []
    peak = 0
    for _ in range(runs + 1):
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=workspace, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - started)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 3):
            sys.exit(f"`{' '.join(arguments)}` ended with {process.returncode}")
        peak = usage.ru_maxrss
    return seconds[1:], peak / (1024**2 if sys.platform == "darwin" else 1024)


def imported(arguments: list[str], workspace: Path) -> list[str]:
    """Return the modules that a run has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", _REPORT, *arguments],
        cwd=workspace, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    return list(json.loads(done.stderr.splitlines()[-1]))


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("question", nargs="?", default=DEMO)
    parser.add_argument("--workspace", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    for arguments in (["--help"], ["--version"], [options.question]):
        seconds, peak = measure(["-m", "askdoc", *arguments], options.workspace, options.runs)
        modules = imported(arguments, options.workspace)
        heavy = [name for name in HEAVY if name in modules]
        print(f"askdoc {arguments[0]!r}")
        print(f"{told(seconds)}  peak {peak:.0f} MB  {len(modules)} modules")
        print(f"  heavy: {', '.join(heavy) or 'none'}")
    seconds, peak = measure(["-c", _FLOOR], options.workspace, options.runs)
    print(f"the floor, `{_FLOOR}`\n{told(seconds)}  peak {peak:.0f} MB")


def told(seconds: list[float]) -> str:
    """Say how long the runs took."""
    return (
        f"  median {statistics.median(seconds):.3f} s"
        f"  (fastest {min(seconds):.3f}, slowest {max(seconds):.3f}, n={len(seconds)})"
    )


if __name__ == "__main__":
    main()
