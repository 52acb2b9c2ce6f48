"""Commands as a user types them, run in the process of the test.

A process of its own costs one to three seconds, most of it for imports. Where the process itself is
the subject (signals, exit, pipes, terminals), a test starts one.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from subprocess import CompletedProcess

from typer.testing import CliRunner

from askdoc.cli import app as cli


def askdoc(folder: Path, *arguments: str) -> CompletedProcess[str]:
    """Run a command in a folder, with an empty standard input."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli.make_app(), arguments, prog_name="askdoc")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return CompletedProcess(["askdoc", *arguments], done.exit_code, done.stdout, done.stderr)
