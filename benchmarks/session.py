"""How long a session takes to its prompt and to its second answer, and how fast a batch goes.

    python benchmarks/session.py WORKSPACE QUESTIONS [--batch N]

WORKSPACE has an index, QUESTIONS is a suite. Key presses go through a pseudo-terminal.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pexpect

RUNS = 5
LONGEST = 60
READING = 3
RETURN = "\r"
PROMPT = r"\x1b\[\?2004h"
"""Bracketed paste is switched on when a prompt begins to be drawn."""


def main() -> None:
    """Measure, and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("workspace", type=Path)
    arguments.add_argument("questions", type=Path)
    arguments.add_argument("--batch", type=int, default=500)
    given = arguments.parse_args()
    lines = given.questions.read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines[: given.batch]]
    prompts, seconds = zip(*(session(given.workspace, asked) for _ in range(RUNS)), strict=True)
    print(f"start to prompt  median {1000 * statistics.median(prompts):.0f} ms, {_all(prompts)}")
    answers = [took for run in seconds for took in run]
    print(
        f"later questions  median {1000 * statistics.median(answers):.0f} ms, "
        f"95 % within {1000 * sorted(answers)[int(0.95 * len(answers))]:.0f} ms ({len(answers)})"
    )
    took = batch(given.workspace, asked)
    print(f"batch            {len(asked)} questions in {took:.1f} s, {len(asked) / took:.1f}/s")
    print(f"load             {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def session(workspace: Path, questions: list[str]) -> tuple[float, list[float]]:
    """Return the seconds to the prompt, and from Enter to the next prompt for later questions."""
    started = time.perf_counter()
    child = pexpect.spawn(
        sys.executable,
        ["-m", "askdoc", "repl", "--no-history"],
        cwd=str(workspace),
        dimensions=(50, 100),
        env={**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm"},
        timeout=LONGEST,
    )
    child.delaybeforesend = None
    child.expect(PROMPT)
    prompt = time.perf_counter() - started
    child.expect(pexpect.TIMEOUT, timeout=READING)  # the index opens while the user types
    took: list[float] = []
    for question in questions[:10]:
        child.send(question)
        child.expect(pexpect.TIMEOUT, timeout=0.3)  # what is typed is echoed
        start = time.perf_counter()
        child.send(RETURN)
        child.expect(PROMPT)
        took.append(time.perf_counter() - start)
    child.sendeof()
    child.close(force=True)
    return prompt, took[1:]


def batch(workspace: Path, questions: list[str]) -> float:
    """Return the seconds that a batch takes, with the start of the process."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("".join(f"{' '.join(question.split())}\n" for question in questions))
        file.flush()
        command = [sys.executable, "-m", "askdoc", "ask", "--batch", file.name, "--json"]
        started = time.perf_counter()
        subprocess.run(command, cwd=workspace, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started


def _all(values: tuple[float, ...]) -> str:
    return "of " + " ".join(f"{1000 * value:.0f}" for value in values)


if __name__ == "__main__":
    main()
