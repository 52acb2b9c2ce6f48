"""Vectors on a Chroma server, beside a catalog in a folder.

The folder has a mark: where the vectors are, and a name of this index that the collection has, too.
So a collection that belongs to another index is never changed, and vectors that were left behind,
because the index has moved to another store meanwhile, are never searched.

As in an embedded database, the vectors follow the catalog: those without a passage are ignored, and
those that are missing after a kill are made by the next run.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import msgspec
import numpy as np

from askdoc.addresses import is_loopback, without_secrets
from askdoc.errors import (
    ConnectionLost,
    EmbedderMismatch,
    IndexCorrupt,
    SettingsError,
    StoreError,
)
from askdoc.store import embedded
from askdoc.store.chroma import REPAIR
from askdoc.store.chroma_import import importing, without_environment
from askdoc.store.chroma_shards import HNSW, batches
from askdoc.system.secrets import secret
from askdoc.types import Hit

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection

    from askdoc.types.ports import Matrix

TOKEN_VARIABLE = "ASKDOC_CHROMA_TOKEN"  # noqa: S105 - the name of a variable
_PORTS = {"http": 8000, "https": 443}
_COLLECTION = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,200}[a-zA-Z0-9]")
_MARK = "chroma-server.json"
_OWNER = "askdoc"
"""The key of a collection's metadata with the name of its index."""

_DOCUMENT = "document"
_PAGE = 5000
"""Rows per read."""

_MOST_FILTERED = 2000
"""Documents per filter; each is a variable of an SQL statement of the server."""

_CONNECT_SECONDS = 5.0
_SECONDS = 60.0
"""How long to wait for the server to connect, and to say something."""

_OK = 200
_UNAUTHORISED = (401, 403)


@dataclass(frozen=True, slots=True)
class Server:
    """A Chroma server; without a `collection`, the index gets one under a name of its own."""

    scheme: str
    host: str
    port: int
    collection: str = ""

    @classmethod
    def of(cls, address: str) -> Server:
        """Read an address, `chroma+http://HOST:PORT/COLLECTION`.

        Raises:
            SettingsError: it is none, or would send documents over a network in the clear.

        """
        shown = without_secrets(address)
        form = "write `chroma+http://HOST:PORT` or `chroma+https://HOST:PORT/COLLECTION`"
        message = f"`{shown}` is not the address of a Chroma server"
        try:
            parts = urlsplit(address)
            scheme = parts.scheme.lower().removeprefix("chroma+")
            host, port = parts.hostname or "", parts.port or _PORTS[scheme]
        except (ValueError, KeyError) as error:
            raise SettingsError(message, hint=form) from error
        if not host or parts.query or parts.fragment:
            raise SettingsError(message, hint=form)
        if "@" in parts.netloc:
            message = f"`{shown}` has a user or a password, which would be shown"
            raise SettingsError(message, hint=f"give a token: set `{TOKEN_VARIABLE}`")
        name = parts.path.strip("/")
        if name and not _COLLECTION.fullmatch(name):
            message = f"not a name for a collection: `{name}`"
            raise SettingsError(message, hint="use 3 or more letters, digits, `.`, `-` and `_`")
        if scheme == "http" and not is_loopback(host):
            message = f"`{shown}` would send your documents over the network without TLS"
            raise SettingsError(message, hint=f"use `chroma+https://{parts.netloc}{parts.path}`")
        return cls(scheme, host, port, name)

    @property
    def url(self) -> str:
        """The address for HTTP."""
        return f"{self.scheme}://{self._place}"

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(self.host)

    @property
    def _place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def token(self) -> str | None:
        """Return the token for the server, from the keyring or the environment.

        Raises:
            SettingsError: there is none, and the server is on another machine.

        """
        found = secret(self.host, [TOKEN_VARIABLE])
        if found is None and not self.is_here:
            message = f"there is no token for the Chroma server at `{self.url}`"
            hint = f"set `{TOKEN_VARIABLE}`, or keep it: `keyring set askdoc {self.host}`"
            raise SettingsError(message, hint=hint)
        return found


class _Mark(msgspec.Struct, frozen=True):
    """Where the vectors of an index are: a server, a collection there, and its owner."""

    url: str
    collection: str
    owner: str


@dataclass(frozen=True, slots=True)
class ServerVectors:
    """The vectors of indexes on `server`, by the folders of their catalogs; see `VectorPlaces`.

    `index` is the folder whose collection has the name of the address. Others, such as that of a
    rebuild, have collections with longer names until they take its place.
    """

    server: Server
    index: Path

    def open_to_read(self, index: Path) -> ServerStore:
        """Open the vectors of the index in `index`.

        Raises:
            IndexCorrupt: there are none, or they are those of another state.

        """
        return ServerStore(self.server, lambda: self._expected(index))

    def open_to_write(self, index: Path) -> ServerStore:
        """Open the vectors of the index in `index` to change them; they are created if missing.

        Raises:
            StoreError: the collection belongs to another index.

        """
        if not self.are_intact(index):
            self._create(index)
        return ServerStore(self.server, lambda: self._expected(index))

    def exist(self, index: Path) -> bool:
        """Tell whether there are vectors, in any state."""
        return _marked(index) is not None

    def are_intact(self, index: Path) -> bool:
        """Tell whether there are vectors, which no other store has replaced meanwhile."""
        return self._found(index) is not None

    def discard(self, index: Path) -> None:
        """Delete the vectors, and those of an embedded database there."""
        mark = _marked(index)
        if mark is not None and mark.url == self.server.url:
            self._drop(mark)
        (index / _MARK).unlink(missing_ok=True)
        embedded.discard(index)

    def replace(self, index: Path, new: Path) -> None:
        """Replace the vectors of the index in `index` by those of the one in `new`.

        After an interrupt, call it again.
        """
        mark = _marked(new)
        if mark is None:
            message = f"there are no vectors for `{new}`"
            raise StoreError(message, hint="run `askdoc index --rebuild`")
        before = _marked(index)
        if before is not None and before.owner != mark.owner:
            self.discard(index)
        embedded.discard(index)
        wanted = self._name(index, mark.owner)
        renamed = _Mark(mark.url, wanted, mark.owner)
        if (collection := _owned(self.server, mark)) is not None:
            self._refuse_foreign(wanted, mark.owner)
            with translating(self.server, "renaming a collection"):
                collection.modify(name=wanted)
        elif _owned(self.server, renamed) is None:
            message = f"the collection `{mark.collection}` at `{self.server.url}` is gone"
            raise IndexCorrupt(message, hint=REPAIR)
        _write(index, renamed)
        (new / _MARK).unlink()

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    def _name(self, index: Path, owner: str) -> str:
        given = self.server.collection
        if index == self.index and given:
            return given
        return f"{given or 'askdoc'}-{owner}"

    def _found(self, index: Path) -> ChromaCollection | None:
        """Return the collection of an index, if it is the one that the index was written with."""
        mark = _marked(index)
        if mark is None or mark.url != self.server.url or embedded.exist(index):
            return None
        if mark.collection != self._name(index, mark.owner):
            return None
        return _owned(self.server, mark)

    def _expected(self, index: Path) -> ChromaCollection:
        found = self._found(index)
        if found is None:
            message = f"the Chroma server at `{self.server.url}` has no vectors of this index"
            raise IndexCorrupt(message, hint=REPAIR)
        return found

    def _create(self, index: Path) -> None:
        self.discard(index)
        owner = secrets.token_hex(6)
        name = self._name(index, owner)
        self._refuse_foreign(name, owner)
        # First the mark: a collection without one would belong to nobody after a kill.
        _write(index, _Mark(self.server.url, name, owner))
        with translating(self.server, "creating a collection"):
            client(self.server).create_collection(
                name,
                embedding_function=None,
                metadata={_OWNER: owner},
                configuration={"hnsw": HNSW},
            )

    def _refuse_foreign(self, name: str, owner: str) -> None:
        """Refuse a collection that belongs to another index, or another program.

        Raises:
            StoreError: there is such a collection.

        """
        there = _collection(self.server, name)
        if there is not None and (there.metadata or {}).get(_OWNER) != owner:
            message = f"the collection `{name}` at `{self.server.url}` is not that of this index"
            hint = f"name another one: `chroma+{self.server.url}/NAME`"
            raise StoreError(message, hint=hint)

    def _drop(self, mark: _Mark) -> None:
        if _owned(self.server, mark) is not None:
            with translating(self.server, "deleting a collection"):
                client(self.server).delete_collection(mark.collection)


def place_of(index: Path) -> str | None:
    """Return the server with the vectors of the index in `index`; None if there is none."""
    mark = _marked(index)
    return None if mark is None else f"chroma+{mark.url}"


def _marked(index: Path) -> _Mark | None:
    try:
        return msgspec.json.decode((index / _MARK).read_bytes(), type=_Mark)
    except (OSError, msgspec.DecodeError):
        return None


def _write(index: Path, mark: _Mark) -> None:
    draft = index / f"{_MARK}.new"
    draft.write_bytes(msgspec.json.encode(mark))
    draft.replace(index / _MARK)


def _owned(server: Server, mark: _Mark) -> ChromaCollection | None:
    """Return the collection that a mark names, if it has the same owner."""
    found = _collection(server, mark.collection)
    if found is None or (found.metadata or {}).get(_OWNER) != mark.owner:
        return None
    return found


def _collection(server: Server, name: str) -> ChromaCollection | None:
    opened = client(server)
    from chromadb.errors import NotFoundError

    with translating(server, "looking for a collection"):
        try:
            return opened.get_collection(name, embedding_function=None)
        except NotFoundError:
            return None


class ServerStore:
    """A `VectorStore` in a collection on a server; `find` returns the collection.

    A reader whose collection was replaced, by a rebuild, finds the new one.
    """

    def __init__(self, server: Server, find: Callable[[], ChromaCollection]) -> None:
        self._server = server
        self._find = find
        self._collection = find()
        with translating(server, "opening a collection"):
            self._batch = client(server).get_max_batch_size()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Do nothing: the constructor has opened the store."""

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors; those with an existing id replace the old ones.

        Raises:
            EmbedderMismatch: the vectors have another length than those in the store.

        """
        for start in range(0, len(ids), self._batch):
            part = slice(start, start + self._batch)
            self._asked(
                "upsert",
                ids=list(ids[part]),
                embeddings=np.asarray(vectors[part], dtype=np.float32),
                metadatas=[{_DOCUMENT: document} for document in document_ids[part]],
            )

    def remove(self, ids: Collection[str]) -> None:
        """Remove the vectors of these ids; unknown ids are ignored."""
        for part in batches(ids, self._batch):
            self._asked("delete", ids=part)

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Return the vectors nearest to `vector`, shape (dimensions,), by cosine, best first."""
        if limit < 1 or (documents is not None and not documents):
            return []
        if documents is None:
            return self._nearest(vector, limit, None)
        hits = [
            hit
            for part in batches(sorted(documents), _MOST_FILTERED)
            for hit in self._nearest(vector, limit, {_DOCUMENT: {"$in": [*part]}})
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:limit]

    def ids(self) -> Iterator[str]:
        """List all ids, in no particular order."""
        offset = 0
        while True:
            found = self._asked("get", limit=_PAGE, offset=offset, include=[])["ids"]
            yield from found
            if len(found) < _PAGE:
                return
            offset += len(found)

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order, shape (len(ids), dimensions).

        Raises:
            StoreError: an id is unknown.

        """
        found: dict[str, Any] = {}
        for part in batches(dict.fromkeys(ids), self._batch):
            got = self._asked("get", ids=part, include=["embeddings"])
            embeddings = got["embeddings"]
            found.update(zip(got["ids"], () if embeddings is None else embeddings, strict=False))
        missing = [chunk for chunk in ids if chunk not in found]
        if missing:
            message = f"there is no vector `{missing[0]}` ({len(missing)} of {len(ids)} missing)"
            raise StoreError(message, hint=REPAIR)
        return np.asarray([found[chunk] for chunk in ids], dtype=np.float32)

    def count(self) -> int:
        """Count the vectors."""
        return int(self._asked("count"))

    def check(self) -> list[str]:
        """Return one sentence per damage; empty if there is none. The server guards its files."""
        listed = sum(1 for _ in self.ids())
        if listed != (counted := self.count()):
            return [f"{listed} of {counted} vectors can be listed"]
        return []

    def close(self) -> None:
        """Do nothing: the connections are for all stores on the server."""

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    def _nearest(self, vector: Matrix, limit: int, where: Mapping[str, Any] | None) -> list[Hit]:
        found = self._asked(
            "query",
            query_embeddings=np.asarray(vector, dtype=np.float32)[None, :],
            n_results=limit,
            where=where,
            include=["distances"],
        )
        distances = found["distances"]
        return [
            Hit(chunk, 1.0 - float(distance))
            for chunk, distance in zip(
                found["ids"][0], distances[0] if distances else (), strict=True
            )
        ]

    def _asked(self, method: str, **options: Any) -> Any:
        """Ask the server; once more if the connection breaks, or a rebuild has come between.

        All that is asked may be asked twice.
        """
        import httpx
        from chromadb.errors import NotFoundError

        with translating(self._server, f"it was asked to {method}"):
            try:
                return getattr(self._collection, method)(**options)
            except NotFoundError:
                self._collection = self._find()
            except httpx.TransportError as error:
                if isinstance(error, (httpx.ConnectError, httpx.TimeoutException)):
                    raise
            return getattr(self._collection, method)(**options)


# ── the connection ──────────────────────────────────────────────────────────────────────────────

_clients: dict[tuple[Server, str | None], ClientAPI] = {}
"""The clients of this process. Chroma's own registry keeps all of them until the process ends, so
another one for each opening would fill the memory."""

_CONNECTING = threading.Lock()


def client(server: Server) -> ClientAPI:
    """Return the client for a server, without telemetry and without settings of the environment.

    Raises:
        SettingsError: there is no token for a server on another machine.
        StoreError: it does not answer, refuses the token, or is no Chroma server.

    """
    key = Server(server.scheme, server.host, server.port), server.token()
    with _CONNECTING:
        if key not in _clients:
            try:
                with translating(server, "connecting"), _directly(server):
                    _clients[key] = _connected(*key)
            except ConnectionLost as error:  # it was never there, so nobody is to wait for it
                raise StoreError(str(error), hint=error.hint) from error
        return _clients[key]


def _connected(server: Server, token: str | None) -> ClientAPI:
    import httpx

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    patience = httpx.Timeout(_SECONDS, connect=_CONNECT_SECONDS)
    # Chroma's client waits without end, and asks this first when it is made.
    answer = httpx.get(f"{server.url}/api/v2/auth/identity", headers=headers, timeout=patience)
    if answer.status_code in _UNAUTHORISED:
        message = f"the Chroma server at `{server.url}` does not let you in"
        hint = f"set `{TOKEN_VARIABLE}` to a token that it takes"
        raise StoreError(message, hint=hint)
    if answer.status_code != _OK or b'"tenant"' not in answer.content:
        message = f"what answers at `{server.url}` is no Chroma server of version 1"
        raise StoreError(message, hint="see the address, and the proxy if there is one")
    with importing():
        import chromadb
        from chromadb.config import Settings
    with without_environment():
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it, untyped
            anonymized_telemetry=False,
            chroma_otel_collection_endpoint="",
            chroma_otel_granularity=None,
        )
        made = chromadb.HttpClient(
            f"[{server.host}]" if ":" in server.host else server.host,
            server.port,
            ssl=server.scheme == "https",
            headers=headers,
            settings=settings,
        )
    made._server._session.timeout = patience  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
    return made


@contextmanager
def _directly(server: Server) -> Iterator[None]:
    """Inside this block, clients are made that use no proxy for this machine."""
    before = {name: os.environ.get(name) for name in ("no_proxy", "NO_PROXY")}
    if server.is_here:
        known = before["no_proxy"] or before["NO_PROXY"]
        os.environ["no_proxy"] = f"{known},{server.host}" if known else server.host
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def translating(server: Server, doing: str) -> Iterator[None]:
    """Turn errors of Chroma and of the connection into askdoc's."""
    try:
        yield
    except (StoreError, SettingsError):
        raise
    except Exception as error:
        raise _translated(error, server, doing) from error


def _translated(error: Exception, server: Server, doing: str) -> StoreError:
    import httpx

    text = " ".join(str(error).split())
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        message = f"the Chroma server at `{server.url}` said nothing for {_SECONDS:.0f} seconds"
        return ConnectionLost(message, hint="see how busy it is, then run it again")
    if isinstance(error, httpx.TransportError):
        message = f"no Chroma server answers at `{server.url}`: {text.lower() or 'nothing is said'}"
        return ConnectionLost(message, hint=_how_to_start(server))
    if "expecting embedding with dimension" in text:
        message = f"the vectors at `{server.url}` come from another embedder: {text}"
        return EmbedderMismatch(message, hint="run `askdoc index --rebuild`")
    message = f"the Chroma server at `{server.url}` failed while {doing}: {text[:300]}"
    return StoreError(message, hint="see the output of the server, then run it again")


def _how_to_start(server: Server) -> str:
    if not server.is_here:
        return "see whether it runs, then run it again"
    start = f"chroma run --host {server.host} --port {server.port} --path FOLDER"
    return f"start it: `{start}`, then run it again"
