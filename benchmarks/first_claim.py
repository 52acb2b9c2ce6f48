"""Measure how long a fresh process takes to its first checked claim by a language model.

    python benchmarks/first_claim.py                       # smollm2-135m, the demo question, seeds/
    python benchmarks/first_claim.py --llm FILE.gguf --workspace DIR "WHAT?"

The index must have been built and the model fetched before. Each run is one process as a user
starts it, and the clock stops at the first line that it prints; a second run, as JSON, tells
what the time went into. Printed are medians, the processor time, and how busy the machine was.
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


def first_line(command: list[str], workspace: Path) -> tuple[float, float]:
    """Return the seconds to the first printed line, and the processor time of the whole run."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    seconds = time.perf_counter() - started
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not line:
        sys.exit(f"`{' '.join(command)}` ended with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime


def split(command: list[str], workspace: Path) -> dict[str, float]:
    """Return the seconds of each stage of a run, as its answer tells them."""
    started = time.perf_counter()
    done = subprocess.run([*command, "--json"], cwd=workspace, capture_output=True, check=True)
    whole = time.perf_counter() - started
    answer = json.loads(done.stdout)
    timings, usage = answer["timings"], answer["usage"]
    if answer.get("generation", {}).get("fallback"):
        sys.exit("the answer is extractive: nothing that the model wrote was shown")
    retrieve = (timings["retrieve_ms"] + timings["select_ms"]) / 1000
    return {
        "start and end": whole - timings["total_ms"] / 1000,
        "retrieve": retrieve,
        "wait for the load": usage["first_token_seconds"] - usage["prompt_seconds"],
        "read the prompt": usage["prompt_seconds"],
        "write the claim": usage["first_claim_seconds"] - usage["first_token_seconds"],
    }


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("question", nargs="?", default=DEMO)
    parser.add_argument("--llm", default="smollm2-135m")
    parser.add_argument("--workspace", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    command = [sys.executable, "-m", "askdoc", "ask", "--llm", options.llm, options.question]
    first_line(command, options.workspace)  # warms the disk
    seconds, busy, stages = [], [], []
    for _ in range(options.runs):
        one, used = first_line(command, options.workspace)
        seconds.append(one)
        busy.append(used)
        stages.append(split(command, options.workspace))
    print(
        f"first printed claim: median {statistics.median(seconds):.2f} s"
        f" (fastest {min(seconds):.2f}, slowest {max(seconds):.2f}, n={len(seconds)});"
        f" processor time of a run {statistics.median(busy):.2f} s;"
        f" load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    for name in stages[0]:
        print(f"  {name:18} {statistics.median(stage[name] for stage in stages):.2f} s")


if __name__ == "__main__":
    main()
