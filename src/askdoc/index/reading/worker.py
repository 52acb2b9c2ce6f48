"""The process that reads files: `python -m askdoc.index.reading.worker`.

It takes requests from its standard input, answers on its standard output, and ends when the input
does.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from functools import partial
from typing import IO

from askdoc.errors import MissingPart, ReadError
from askdoc.index.reading.reading import FileReading
from askdoc.index.sources import skip_of
from askdoc.readers import load
from askdoc.system import limits
from askdoc.system.wire import Done, Refused, Request, receive, send, standard_streams
from askdoc.types import Skip


def main() -> None:
    """Answer requests until there are none."""
    # Ctrl-C is for the parent process, which decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = standard_streams()
    try:
        while not _serve(receive(requests), replies):
            pass
    except (EOFError, BrokenPipeError):
        os._exit(0)  # skip what libraries do at exit: nobody reads its output


def _serve(request: Request, replies: IO[bytes]) -> bool:
    """Read a file and send its parts; return whether this process should end now."""
    found = request.found
    limits.limit_memory(request.limits.memory)
    timer = limits.Timer(request.limits.seconds)
    options = replace(request.options, seconds=request.limits.seconds)
    reading = FileReading(found, request.limits.size, partial(load, request.reader, options))
    refused: Skip | None = None
    try:
        with timer.running():
            for part in reading.parts():
                with timer.paused():
                    send(replies, part)
    except (ReadError, MissingPart) as error:
        refused = skip_of(found, error)
    except MemoryError:
        refused = limits.out_of_memory(found, request.limits)
    retires = limits.has_grown(request.limits.memory)
    if refused is None:
        send(replies, Done(reading.content_hash, retires))
    else:
        retires = retires or refused.code == limits.OUT_OF_MEMORY
        send(replies, Refused(refused, retires))
    return retires


if __name__ == "__main__":
    main()
