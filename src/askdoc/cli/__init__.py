"""The command line: arguments → library → render. The only package that knows typer.

`app` holds the root command and the table of all others; each command lives in a thin module of
its own, which is imported only when that command runs.
"""

from __future__ import annotations

import os
import sys

_INTERRUPTED = 130


def command_line() -> None:
    """Be the command `askdoc`: run it, and end the process at once with its exit code.

    Python would take apart what Chroma and onnxruntime have built, a tenth of the time of an
    answer; the system takes it back for nothing. All that is to be closed or kept has been by then.
    """
    try:
        main()
    except SystemExit as ended:
        if not isinstance(ended.code, int | None) or not _flushed():
            raise
        os._exit(ended.code or 0)


def main() -> None:
    """Run askdoc on the arguments of this process.

    Raises:
        SystemExit: always, with the exit code.

    """
    try:
        # Imported here so that Ctrl-C while Python still loads ends quietly, too.
        from askdoc.cli.app import root

        root().main(prog_name="askdoc")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(_INTERRUPTED)


def _flushed() -> bool:
    """Tell whether all that was printed has gone out; if not, Python says why as it ends."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True
