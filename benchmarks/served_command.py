"""How long `askdoc "…"` takes as a whole process, with a running engine.

    python benchmarks/served_command.py FOLDER "QUESTION" [RUNS]

FOLDER is indexed. Beside it stands `python -c pass`, which no program in Python can beat.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Run both commands, and print how long they take."""
    folder, question = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 31
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
            for name, command in (
                ("python -c pass", [sys.executable, "-c", "pass"]),
                ("askdoc QUESTION", [askdoc, question]),
            ):
                taken = sorted(timed(command, folder, environment) for _ in range(runs))
                print(
                    f"{name}: median {statistics.median(taken):.3f} s, "
                    f"fastest {taken[0]:.3f} s, p95 {taken[int(runs * 0.95)]:.3f} s"
                )
            server.terminate()


def timed(command: list[str], folder: str, environment: dict[str, str]) -> float:
    """Return the seconds that a command takes."""
    started = time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
