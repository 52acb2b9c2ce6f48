"""MCP: the documents as tools and resources for a language model's client.

    search(query)          passages, best first            OpenAI's contract for connectors
    fetch(id)              the text around a passage       the same
    ask(question, …)       a checked answer with quotes and links, or that there is none
    list_documents(…)      what can be asked

An error is a result with `isError`. A question that the documents do not answer is no error.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, Annotated, Any, TypeVar

import anyio
import msgspec
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)
from msgspec import Meta
from starlette.routing import Route

from askdoc import __version__
from askdoc.errors import AskdocError, UsageError
from askdoc.index.embed import document_id
from askdoc.serve import results
from askdoc.serve.http import allowed_to, hint_for_caller
from askdoc.serve.libraries import BETWEEN
from askdoc.serve.links import base_of, passage_link
from askdoc.settings import explain
from askdoc.strings import encodable
from askdoc.types import Document, Span, Turn, Wrote

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from askdoc.serve.engine import Engine
    from askdoc.serve.libraries import Libraries
    from askdoc.types.ports import CatalogReader, Listener

_INSTRUCTIONS = """\
Answers from the user's own documents. Call `ask` for a question: it returns exact quotes with \
links and says how sure it is. Give the quote and its link with each statement. If the status is \
`abstained`, the documents do not hold the answer: say so. `search` and `fetch` are for reading \
on."""

_SHOWN = 20_000
"""Characters of a document that `fetch` returns at once."""
_EDGE = 400
"""Characters that are looked through for the end of a line to cut at."""
_DOCUMENTS = 200
"""Documents that `list_documents` lists at once."""
_RESOURCES = 500
_ALIVE = 5.0
"""Seconds between two signs of life to a client that waits."""

_Library = Annotated[
    str | None, Meta(description="Name of the library to look into; without it, all of them.")
]
_Source = Annotated[
    tuple[str, ...],
    Meta(description="Look only into these documents: paths, folders or patterns such as `*.pdf`."),
]


class SearchArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `search` takes."""

    query: Annotated[str, Meta(description="A question or words to look for.")]


class FetchArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `fetch` takes."""

    id: Annotated[str, Meta(description="The id of a result, a quote or a document.")]


class AskArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `ask` takes."""

    question: Annotated[
        str,
        Meta(
            description="One question, in the language of the documents. Words in quotation marks"
            " must occur in the passage."
        ),
    ]
    library: _Library = None
    source: _Source = ()
    history: Annotated[
        tuple[Turn, ...],
        Meta(description="Earlier questions with their answers, the latest last, for follow-ups."),
    ] = ()


class ListArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `list_documents` takes."""

    library: _Library = None
    source: _Source = ()
    start: Annotated[int, Meta(description="How many documents to leave out.", ge=0)] = 0


_Context = ServerRequestContext[Any, Any]
_Allowed = Collection[str] | None
"""The libraries that a caller may see; None stands for all."""
_Made = tuple[str, msgspec.Struct]
"""A result as text and as values."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who called a tool: what to link to, what hears of progress, and the libraries to be seen."""

    links: results.Links
    listen: Listener
    allowed: _Allowed


@dataclass(frozen=True, slots=True)
class _Tool:
    """A tool: how it is described, what it takes and returns, and what it does."""

    name: str
    title: str
    description: str
    takes: type[msgspec.Struct]
    returns: type[msgspec.Struct]
    call: Callable[[_Service, Any, _Caller], Awaitable[_Made]]

    def described(self) -> Tool:
        """Describe it to a client."""
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=_schema(self.takes),
            output_schema=_schema(self.returns),
            annotations=ToolAnnotations(
                title=self.title,
                read_only_hint=True,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=False,
            ),
        )


def make_server(engine: Engine, allowed: _Allowed = None) -> Server[Any]:
    """Describe the server to clients of MCP; the engine may still be opening its libraries.

    `allowed` are the libraries that clients may see, by default all; over HTTP, a token says which.
    """
    service = _Service(engine, allowed)
    return Server(
        name="askdoc",
        title="askdoc",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=service.list_tools,
        on_call_tool=service.call_tool,
        on_list_resources=service.list_resources,
        on_list_resource_templates=service.list_templates,
        on_read_resource=service.read_resource,
    )


async def serve_streams(
    engine: Engine, reader: IO[bytes], writer: IO[bytes], allowed: _Allowed = None
) -> None:
    """Serve one client that writes lines to `reader`, until it closes its end."""
    server = make_server(engine, allowed)
    incoming = TextIOWrapper(reader, encoding="utf-8", errors="replace")
    outgoing = TextIOWrapper(writer, encoding="utf-8", newline="\n")
    async with stdio_server(anyio.wrap_file(incoming), anyio.wrap_file(outgoing)) as (read, write):
        await server.run(read, write, server.create_initialization_options())


def own_server(engine: Engine) -> socket.socket:
    """Serve MCP from an engine of this process, at the other end of the connection returned."""
    here, there = socket.socketpair()

    def serve() -> None:
        with there, there.makefile("rb") as reader, there.makefile("wb") as writer:
            asyncio.run(serve_streams(engine, reader, writer))

    threading.Thread(target=serve, daemon=True).start()
    return here


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Serve clients over HTTP, as long as the application runs; each request stands alone."""
    app.state.mcp = StreamableHTTPSessionManager(  # `Guard` checks Host and Origin
        make_server(app.state.engine), stateless=True
    )
    async with app.state.mcp.run():
        yield


class _Endpoint:
    """Hands requests over to the SDK."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager: StreamableHTTPSessionManager = scope["app"].state.mcp
        await manager.handle_request(scope, receive, send)


ROUTES = (Route("/mcp", _Endpoint()),)


class _Service:
    """Does what clients ask for, on the engine."""

    def __init__(self, engine: Engine, allowed: _Allowed) -> None:
        self._engine = engine
        self._all_allowed = allowed

    def _allowed(self, context: _Context) -> _Allowed:
        """Return the libraries that the caller may see."""
        return self._all_allowed if context.request is None else allowed_to(context.request)

    async def list_tools(
        self, _context: _Context, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        """List the tools."""
        return ListToolsResult(tools=[tool.described() for tool in _TOOLS.values()])

    async def call_tool(self, context: _Context, params: CallToolRequestParams) -> CallToolResult:
        """Call a tool; what the caller can correct comes back as an error for the model."""
        if params.name not in _TOOLS:
            raise MCPError(INVALID_PARAMS, f"there is no tool `{params.name}`")
        tool = _TOOLS[params.name]
        try:
            arguments = msgspec.convert(params.arguments or {}, tool.takes)
            async with _signs_of_life(context, ready=self._engine.ready) as listen:
                caller = _Caller(_links(context), listen, self._allowed(context))
                text, made = await tool.call(self, arguments, caller)
        except (AskdocError, msgspec.ValidationError) as error:
            return CallToolResult(content=[TextContent(text=_message(error))], is_error=True)
        return CallToolResult(
            content=[TextContent(text=encodable(text))], structured_content=_values(made)
        )

    async def list_resources(
        self, context: _Context, params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """List the documents as resources, a part at a time."""
        cursor = params.cursor if params and params.cursor else "0"
        if not (cursor.isascii() and cursor.isdigit()):
            raise MCPError(INVALID_PARAMS, f"not a cursor: `{cursor}`")
        start = int(cursor)
        documents = await self._run(
            lambda libraries: _documents(libraries, None, (), self._allowed(context))
        )
        shown = documents[start : start + _RESOURCES]
        more = start + len(shown) < len(documents)
        return ListResourcesResult(
            resources=[_resource(document) for document in shown],
            next_cursor=str(start + len(shown)) if more else None,
        )

    async def list_templates(
        self, _context: _Context, _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """Say how the address of a document is made."""
        return ListResourceTemplatesResult(
            resource_templates=[
                ResourceTemplate(
                    name="document",
                    title="Document",
                    uri_template=f"{results.SCHEME}://{{library}}/{{+path}}",
                    description="The stored text of a document.",
                    mime_type="text/plain",
                )
            ]
        )

    async def read_resource(
        self, context: _Context, params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        """Return the stored text of a document, or of a place in it."""
        uri = str(params.uri)

        def read(libraries: Libraries) -> str:
            document, catalog, place = _find(libraries, uri, self._allowed(context))
            span = Span(place.start, place.end or document.length) if place else None
            return catalog.text(_own(document), span)

        try:
            text = await self._run(read)
        except UsageError as error:
            raise MCPError(INVALID_PARAMS, str(error), {"uri": uri}) from error
        contents = TextResourceContents(uri=uri, mime_type="text/plain", text=encodable(text))
        return ReadResourceResult(contents=[contents])

    # ── tools ───────────────────────────────────────────────────────────────────────────────────

    async def search(self, given: SearchArguments, caller: _Caller) -> _Made:
        """Find passages."""
        await self._opened()
        passages, lines = await self._engine.search(given.query, allowed=caller.allowed)
        made = results.search_result(passages, caller.links, lambda *place: lines[place])
        return _json(made), made

    async def fetch(self, given: FetchArguments, caller: _Caller) -> _Made:
        """Return the text of a document around a passage."""

        def read(libraries: Libraries) -> tuple[Document, str, Span, Span | None]:
            document, catalog, place = _find(libraries, given.id, caller.allowed)
            wanted = _window(place, document.length)
            text = catalog.text(_own(document), wanted)
            window = _at_lines(text, wanted, place, document.length)
            passage = Span(place.start, place.end) if place and place.end is not None else None
            return document, text[window.start - wanted.start :][: len(window)], window, passage

        document, text, window, passage = await self._run(read)
        made = results.fetch_result(document, text, window, passage, caller.links)
        return _json(made), made

    async def ask(self, given: AskArguments, caller: _Caller) -> _Made:
        """Answer a question."""
        await self._opened()
        answer = await self._engine.ask(
            given.question,
            library=given.library,
            source=given.source,
            history=given.history,
            listen=caller.listen,
            allowed=caller.allowed,
        )
        near = [(item.passage.document.id, item.span) for item in results.nearest(answer)]
        lines = await self._run(lambda libraries: _lines(libraries, near))
        made = results.ask_result(answer, caller.links, lambda *place: lines[place])
        return results.ask_text(made), made

    async def list_documents(self, given: ListArguments, caller: _Caller) -> _Made:
        """List documents."""
        documents = await self._run(
            lambda libraries: _documents(libraries, given.library, given.source, caller.allowed)
        )
        shown = documents[given.start : given.start + _DOCUMENTS]
        made = results.list_result(shown, len(documents))
        return results.list_text(made), made

    async def _run(self, job: Callable[[Libraries], T]) -> T:
        await self._opened()
        return await self._engine.run(lambda libraries, _: job(libraries))

    async def _opened(self) -> None:
        """Wait until the libraries are open.

        Raises:
            AskdocError: they cannot be opened.

        """
        await asyncio.to_thread(self._engine.wait)


_TOOLS = {
    tool.name: tool
    for tool in (
        _Tool(
            "search",
            "Search the documents",
            "Find the passages of the user's documents that fit a query best, best first. For an"
            " answer with checked quotes, call `ask`.",
            SearchArguments,
            results.SearchResult,
            _Service.search,
        ),
        _Tool(
            "fetch",
            "Read a document",
            "Return the text of a document around a passage, or from its start. Long documents"
            " come in parts: `metadata.next` is the id of the next.",
            FetchArguments,
            results.FetchResult,
            _Service.fetch,
        ),
        _Tool(
            "ask",
            "Ask the documents",
            "Answer a question from the user's documents. Each claim cites exact sentences, with"
            " a link to each, and is checked against them. Says how sure it is, and says so where"
            " the documents do not hold the answer.",
            AskArguments,
            results.AskResult,
            _Service.ask,
        ),
        _Tool(
            "list_documents",
            "List the documents",
            "List the documents that can be asked, with what of them could not be read.",
            ListArguments,
            results.ListResult,
            _Service.list_documents,
        ),
    )
}


@asynccontextmanager
async def _signs_of_life(context: _Context, *, ready: bool) -> AsyncIterator[Listener]:
    """Report progress while a tool works, to a client that asked for it."""
    loop = asyncio.get_running_loop()
    messages: asyncio.Queue[str] = asyncio.Queue()
    if not ready:
        messages.put_nowait("opening the libraries")
    claims = 0

    def listen(event: object) -> None:
        nonlocal claims
        if isinstance(event, Wrote):
            claims += 1
            message = "1 claim checked" if claims == 1 else f"{claims} claims checked"
            with suppress(RuntimeError):  # the loop has ended, and the process with it
                loop.call_soon_threadsafe(messages.put_nowait, message)

    async def report() -> None:
        message, count = "", 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ALIVE):
                    message = await messages.get()
            count += 1
            await context.session.report_progress(count, None, message or "working")

    reporting = asyncio.create_task(report())
    try:
        yield listen
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting


def _links(context: _Context) -> results.Links:
    """Link to the page of this server where there is one, else to the files themselves."""
    if context.request is None:
        return results.file_link
    return partial(passage_link, base_of(context.request))


def _documents(
    libraries: Libraries, library: str | None, source: Sequence[str], allowed: _Allowed
) -> list[Document]:
    """List the documents of one library or of all, those that fit `source` where it is given."""
    names = libraries.chosen(library, allowed)
    found = [
        _known(document, name) for name in names for document in libraries.catalog(name).documents()
    ]
    if not source:
        return found
    chosen = set(libraries.together(names).resolve(source))
    return [document for document in found if document.id in chosen]


def _lines(
    libraries: Libraries, places: Sequence[tuple[str, Span]]
) -> dict[tuple[str, Span], tuple[int, int]]:
    """Find the first and last line of each place."""
    together = libraries.together(libraries.members)
    return {place: together.lines(*place) for place in places}


def _find(
    libraries: Libraries, uri: str, allowed: _Allowed
) -> tuple[Document, CatalogReader, results.Range | None]:
    """Find the document that a URI names, with its catalog and the place in it."""
    name, location, place = results.parsed(uri)
    [name] = libraries.chosen(name, allowed)
    catalog = libraries.catalog(name)
    found = _at(location, catalog.documents([document_id(location)]))
    found = found or _at(location, catalog.documents())  # it was moved, or is a copy
    if found is None or (place and place.start >= found.length):
        message = f"there is no such document: `{uri}`"
        raise UsageError(message, hint="take an id that `search` or `list_documents` gave")
    return _known(found, name), catalog, place


def _at(location: str, documents: Iterable[Document]) -> Document | None:
    """Return the document that is found at a location."""
    for document in documents:
        if location in (document.location, *(copy.location for copy in document.copies)):
            return document
    return None


def _known(document: Document, library: str) -> Document:
    """Return a document as answers name it: with its library."""
    return replace(document, id=f"{library}{BETWEEN}{document.id}", library=library)


def _own(document: Document) -> str:
    """Return the id of a document within its library."""
    return document.id.partition(BETWEEN)[2]


def _window(place: results.Range | None, length: int) -> Span:
    """Choose what to return of a document: all, what is around a place, or all that follows."""
    if place is None or place.end is None:
        start = place.start if place else 0
        return Span(start, min(length, start + _SHOWN))
    start = max(0, place.start - max(0, _SHOWN - (place.end - place.start)) // 2)
    return Span(start, min(length, start + _SHOWN))


def _at_lines(text: str, window: Span, place: results.Range | None, length: int) -> Span:
    """Move the ends of a window, of which `text` is the text, to the ends of lines nearby.

    What follows a place begins right there.
    """
    start, end = 0, len(text)
    around = place is not None and place.end is not None
    if around and window.start > 0 and (found := text.find("\n", 0, _EDGE)) >= 0:
        start = found + 1
    if window.end < length and (found := text.rfind("\n", max(start, end - _EDGE))) >= 0:
        end = found + 1
    return Span(window.start + start, window.start + end)


def _resource(document: Document) -> Resource:
    return Resource(
        name=document.path,
        title=document.title,
        uri=results.uri_of(document),
        mime_type="text/plain",
        description="; ".join(document.warnings) or None,
    )


def _schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema of a struct, as an object at its root."""
    whole = msgspec.json.schema(struct)
    definitions: dict[str, Any] = whole["$defs"]
    root = definitions.pop(struct.__name__)
    return {**root, "$defs": definitions} if definitions else root


def _values(made: msgspec.Struct) -> Any:
    """Return a result as plain values, as its JSON has them."""
    return msgspec.json.decode(_json(made))


def _json(made: msgspec.Struct) -> str:
    """Write a result as JSON, also where a name holds what UTF-8 cannot."""
    return encodable(msgspec.json.encode(made).decode())


def _message(error: AskdocError | msgspec.ValidationError) -> str:
    """Say what is wrong, and what would help."""
    if isinstance(error, msgspec.ValidationError):
        return explain(error)
    hint = hint_for_caller(error)
    return f"{error}; {hint}" if hint else str(error)
