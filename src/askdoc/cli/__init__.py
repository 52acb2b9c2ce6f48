"""The command line: arguments → library → render. The only package that knows typer.

`app` holds the root command and the table of all others; each command lives in a thin module of
its own, which is imported only when that command runs.
"""

from __future__ import annotations

import gc
import os
import sys

from askdoc.serve import client
from askdoc.system.interrupt import interruptible

_INTERRUPTED = 130

_RARELY = (100_000, 20, 50)
"""The threshold of the garbage collector. With Python's default, an answer has a hundred
collections, mostly over freshly imported modules: a twelfth of its processor time."""


def command_line() -> None:
    """Run the command `askdoc`, and end the process at once with its exit code.

    Python would spend a tenth of an answer's time on taking Chroma and onnxruntime apart, which the
    system does for free. By then all files are closed and flushed.
    """
    gc.set_threshold(*_RARELY)
    code = client.answered(sys.argv[1:])
    if code is not None and _flushed():
        os._exit(code)
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
        with interruptible():
            from askdoc.cli.app import root

            root().main(prog_name="askdoc")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(_INTERRUPTED)


def _flushed() -> bool:
    """Tell whether all output is flushed; if not, Python reports the error at its end."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True
