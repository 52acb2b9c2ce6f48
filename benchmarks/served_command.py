"""How long `askdoc "…"` takes as a whole process, with a running engine.

    python benchmarks/served_command.py FOLDER "QUESTION" [RUNS]

FOLDER is indexed. Beside it stands `python -c pass`, which no program in Python can beat. The two
take turns, so that a busy machine slows both; processor time hardly depends on that.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Run both commands, and print how long they take."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder")
    parser.add_argument("question")
    parser.add_argument("runs", type=int, nargs="?", default=31)
    chosen = parser.parse_args()
    folder, question, runs = chosen.folder, chosen.question, chosen.runs
    askdoc = str(Path(sys.executable).with_name("askdoc"))
    with tempfile.TemporaryDirectory(prefix="ad-") as runtime:
        environment = {**os.environ, "XDG_RUNTIME_DIR": runtime}
        with subprocess.Popen(
            [askdoc, "serve", "--port", "0"],
            cwd=folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stderr is not None
            print(server.stderr.readline().strip())
            commands = {
                "python -c pass": [sys.executable, "-c", "pass"],
                "askdoc QUESTION": [askdoc, question],
            }
            measured: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
            for _ in range(runs):
                for name, command in commands.items():
                    measured[name].append(timed(command, folder, environment))
            for name, taken in measured.items():
                wall = sorted(seconds for seconds, _ in taken)
                print(
                    f"{name}: median {statistics.median(wall):.3f} s, fastest {wall[0]:.3f} s,"
                    f" p95 {wall[int(runs * 0.95)]:.3f} s;"
                    f" processor {statistics.median(used for _, used in taken):.3f} s"
                )
            server.terminate()


def timed(command: list[str], folder: str, environment: dict[str, str]) -> tuple[float, float]:
    """Return the seconds that a command takes, and those that it keeps a processor busy."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
