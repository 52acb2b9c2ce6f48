"""`askdoc mcp`."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from askdoc.cli.open import open_workspaces
from askdoc.cli.options import Index, Libraries, Llm, Offline
from askdoc.errors import MissingPart
from askdoc.serve.engine import Engine
from askdoc.serve.libraries import named
from askdoc.serve.relay import Relay
from askdoc.serve.remote import connect
from askdoc.system.wire import standard_streams


def mcp(
    *,
    llm: Llm = None,
    offline: Offline = None,
    library: Libraries = None,
    index: Index = None,
) -> None:
    """Serve the documents to a program that speaks MCP.

    The program starts this command and talks to it over standard input and output. Its language
    model can then ask, search and read the documents, and gets exact quotes with links. Where
    `askdoc serve` runs with the same index, it answers, and nothing is loaded twice.

    Examples:
        askdoc mcp --library law
        claude mcp add law -- askdoc mcp --library law
    """
    found = open_workspaces(library=library, index=index, llm=llm, offline=offline)
    workspaces = named(found.values())
    engine: Engine | None = None
    with ExitStack() as stack:

        def connected() -> socket.socket:
            nonlocal engine
            if engine is None:
                running = connect("mcp", workspaces.values())
                if running is not None:
                    return running
                engine = Engine(workspaces)
                engine.start()
                stack.callback(engine.close)
            return _own_server(engine)

        incoming, outgoing = standard_streams()
        Relay(connected, outgoing).run(incoming)


def _own_server(engine: Engine) -> socket.socket:
    """Serve from this process.

    Raises:
        MissingPart: the SDK of MCP is not installed.

    """
    try:
        from askdoc.serve.mcp import own_server
    except ModuleNotFoundError as error:
        message = f"`askdoc mcp` needs `{error.name}`"
        raise MissingPart(message, hint="pip install 'askdoc[serve]'") from error
    return own_server(engine)
