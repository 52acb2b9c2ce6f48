"""The command line: arguments → library → render. The only package that knows typer.

`app` holds the root command and the table of all others; each command lives in a thin module of
its own, which is imported only when that command runs.
"""

from __future__ import annotations

import gc
import os
import sys

from askdoc.system.interrupt import interruptible

_INTERRUPTED = 130

_RARELY = (100_000, 20, 50)
"""How often to look for garbage: as Python does, it would be a hundred times while an answer is
made, among what has just been imported, for a twelfth of the time of its processor."""


def command_line() -> None:
    """Be the command `askdoc`: run it, and end the process at once with its exit code.

    Python would take apart what Chroma and onnxruntime have built, a tenth of the time of an
    answer; the system takes it back for nothing. All that is to be closed or kept has been by then.
    """
    gc.set_threshold(*_RARELY)
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
    """Tell whether all that was printed has gone out; if not, Python says why as it ends."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True
