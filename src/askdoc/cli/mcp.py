"""`askdoc mcp`."""

from __future__ import annotations

import asyncio

from askdoc.cli.open import open_workspaces
from askdoc.cli.options import Index, Libraries, Llm, Offline
from askdoc.errors import MissingPart


def mcp(
    *,
    llm: Llm = None,
    offline: Offline = None,
    library: Libraries = None,
    index: Index = None,
) -> None:
    """Serve the documents to a program that speaks MCP.

    The program starts this command and talks to it over standard input and output. Its language
    model can then ask, search and read the documents, and gets exact quotes with links.

    Examples:
        askdoc mcp --library law
        claude mcp add law -- askdoc mcp --library law
    """
    try:
        from askdoc.serve.engine import Engine
        from askdoc.serve.mcp import serve_stdio
        from askdoc.serve.results import DEFAULT
    except ModuleNotFoundError as error:
        message = f"`askdoc mcp` needs `{error.name}`"
        raise MissingPart(message, hint="pip install 'askdoc[serve]'") from error
    found = open_workspaces(library=library, index=index, llm=llm, offline=offline)
    engine = Engine({name or one.library or DEFAULT: one for name, one in found.items()})
    engine.start()
    try:
        asyncio.run(serve_stdio(engine))
    finally:
        engine.close()
