"""The command line: arguments → library → render. The only package that knows typer.

`app` holds the root command and the table of all others; each command lives in a thin module of
its own, which is imported only when that command runs.
"""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run askdoc on the arguments of this process, and end the process with its exit code."""
    try:
        # Imported here so that Ctrl-C while Python still loads ends quietly, too.
        from askdoc.cli.app import root

        root().main(prog_name="askdoc")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(_INTERRUPTED)
