"""An engine without HTTP that a question leaves behind: `python -m askdoc.serve.warm`.

It ends by itself when it is not asked for a while.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path

from askdoc import workspace
from askdoc.errors import AskdocError
from askdoc.serve.engine import Engine
from askdoc.serve.libraries import named
from askdoc.serve.local import LocalServer

_GLANCE = 1.0


def main() -> None:
    """Serve the workspace of the current folder, or libraries, for so many seconds after use."""
    seconds, names = float(sys.argv[1]), sys.argv[2:]
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        workspaces = [workspace.open_library(name) for name in names]
        engine = Engine(named(workspaces or [workspace.find(Path.cwd())]))
        engine.start()
        engine.wait()
        local = LocalServer(engine, address=None, stop=ended.set)
        local.start()
    except AskdocError:
        return  # nobody is there to read it; the next question says what is wrong
    while not ended.wait(_GLANCE):
        if not engine.answering and time.monotonic() - engine.last_used > seconds:
            break
    local.close()
    engine.close()


if __name__ == "__main__":
    main()
