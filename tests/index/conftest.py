"""A small workspace to index: real catalog and real files, simple stand-ins for what is slow."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from askdoc.addresses import targets
from askdoc.errors import ReadError
from askdoc.index.embed import Cutters
from askdoc.index.indexer import Indexer
from askdoc.index.plan import locate
from askdoc.index.reading.reading import in_line
from askdoc.index.sources import NO_WEB, Files, Web
from askdoc.index.writer import RebuildPlace, Store
from askdoc.settings import Settings
from askdoc.store import embedded, files
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.chroma import ChromaStore
from askdoc.store.files import writing
from askdoc.testing import HashEmbedder, MemoryVectors
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Found, IndexReport, Reading, ReadOptions, Skip, Span
from askdoc.types.ports import Reader, VectorStore

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


class Paragraphs:
    """Reads text; its blocks are its lines. What starts with `broken` cannot be read."""

    def read(self, data: bytes, *, name: str) -> Reading:
        text = data.decode()
        if text.startswith("broken"):
            message = f"`{name}` is broken"
            raise ReadError(message, code="broken")
        blocks = [Span(*found.span()) for found in re.finditer(r"[^\n]+", text)]
        return Reading(text, tuple(blocks))


def full_stops(text: str, _language: str) -> Sequence[str]:
    return re.findall(r"[^.]+\.?\s*|\.\s*", text)


class CountingEmbedder(HashEmbedder):
    """Remembers what it embedded."""

    def __init__(self, dimensions: int = 64) -> None:
        super().__init__(dimensions=dimensions)
        self.embedded: list[str] = []

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        self.embedded += texts
        return super().embed_passages(texts)


@dataclass
class Bench:
    """A workspace in `root`, its index, and what happened."""

    root: Path
    memory: MemoryVectors | None = field(default_factory=MemoryVectors)
    memory_of_rebuild: MemoryVectors = field(default_factory=MemoryVectors)
    embedder: CountingEmbedder = field(default_factory=CountingEmbedder)
    settings: Settings = field(default_factory=Settings)
    configured: tuple[Path, ...] = ()
    events: list[object] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    options: ReadOptions = field(default_factory=ReadOptions)
    discovered: tuple[str, ...] = (".txt",)
    web: Web = NO_WEB
    readers: Callable[[str], Reader] = lambda _: Paragraphs()
    on_load: Callable[[Found], object] = lambda _: None
    on_find: Callable[[str], object] = lambda _: None
    in_catalog: Callable[[SqliteCatalog], Any] = lambda catalog: catalog
    in_vectors: Callable[[VectorStore], Any] = lambda vectors: vectors

    @property
    def index(self) -> Path:
        return self.root / ".index"

    def write(self, **files: str) -> None:
        """Write files; `a__b` is the file `a/b.txt`. Each gets a time of its own."""
        for name, text in files.items():
            path = self.path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def path(self, name: str) -> Path:
        return self.root / (name.replace("__", "/") + ".txt")

    def sync(self, *sources: str, rebuild: bool = False) -> IndexReport:
        """Index paths relative to the root, and addresses; by default what is known."""
        paths = targets(sources, self.root) or None
        return self.indexer().sync(paths, self.events.append, rebuild=rebuild)

    def remove(self, *names: str) -> tuple[str, ...]:
        return self.indexer().remove(
            [str(self.path(name).relative_to(self.root)) for name in names]
        )

    def indexer(self) -> Indexer:
        self.embedder.embedded.clear()
        self.loaded.clear()
        self.events.clear()
        self.opened.clear()
        return Indexer(
            self._store(),
            Files(
                self._discover,
                self._digest,
                in_line(1 << 30, self.readers),
                self.options,
                web=self.web,
            ),
            Cutters(full_stops, SnowballAnalyser()),
            self.settings,
            self.root,
            load_embedder=self._load_embedder,
            configured=self.configured,
        )

    def _store(self) -> Store:
        rebuilt = files.rebuild_folder(self.index)
        return self._store_in(
            self.index,
            RebuildPlace(
                store=self._store_in(rebuilt),
                is_begun=lambda: files.has_rebuild(self.index),
                take_over=self._take_over,
                discard=self._discard_rebuild,
            ),
        )

    def _store_in(self, folder: Path, other: RebuildPlace | None = None) -> Store:
        return Store(
            lock=lambda _alone: writing(folder, "a test"),
            catalog=lambda: self.in_catalog(SqliteCatalog(folder, self.root, write=True)),
            reading=lambda: SqliteCatalog(folder, self.root),
            vectors=lambda _: self._open_vectors(folder),
            has_vectors=lambda: self.memory is not None or embedded.are_intact(folder),
            discard_vectors=lambda: self._discard_vectors(folder),
            rebuild=other,
        )

    def catalog(self) -> SqliteCatalog:
        return SqliteCatalog(self.index, self.root)

    def vectors(self) -> VectorStore:
        return self.memory or ChromaStore(self.index / "chroma")

    def state(self) -> tuple[dict[str, str], set[str]]:
        """Return the indexed texts by location, having checked that all agrees with all."""
        with self.catalog() as catalog, contextlib.closing(self.vectors()) as vectors:
            documents = catalog.documents()
            chunks = set(catalog.chunk_ids())
            assert catalog.check() == []
            assert vectors.check() == []
            assert set(vectors.ids()) == chunks
            assert catalog.setting("writing") in (None, "no")
            assert catalog._all("SELECT count(*) FROM obsolete") == [(0,)]
            assert catalog._all("SELECT count(*) FROM documents WHERE version = 0") == [(0,)]
            [(texts,)] = catalog._all("SELECT count(DISTINCT document) FROM texts")
            assert texts == len(documents)
            return {item.location: catalog.text(item.id) for item in documents}, chunks

    def texts(self) -> dict[str, str]:
        return self.state()[0]

    def skips(self) -> dict[str, str]:
        with self.catalog() as catalog:
            return {skip.location: skip.code for skip in catalog.skipped()}

    # ── stand-ins ───────────────────────────────────────────────────────────────────────────────

    def _open_vectors(self, folder: Path) -> VectorStore:
        self.opened.append("vectors")
        kept: VectorStore = self.memory_of_rebuild
        if self.memory is None:
            kept = ChromaStore(folder / "chroma", write=True)
        elif folder == self.index:
            kept = self.memory
        opened: VectorStore = self.in_vectors(kept)
        return opened

    def _discard_vectors(self, folder: Path) -> None:
        if self.memory is not None and folder == self.index:
            self.memory = MemoryVectors()
        elif folder != self.index:
            self.memory_of_rebuild = MemoryVectors()
        embedded.discard(folder)

    def _take_over(self, has_passages: bool) -> None:  # noqa: FBT001 - as the real one
        if self.memory is not None:
            self.memory = self.memory_of_rebuild
        files.take_over_rebuild(self.index, has_passages=has_passages)

    def _discard_rebuild(self) -> None:
        self.memory_of_rebuild = MemoryVectors()
        files.discard_rebuild(self.index)

    def _load_embedder(self, _made_by: str | None) -> CountingEmbedder:
        self.opened.append("embedder")
        return self.embedder

    def _discover(self, source: Path, *, only: Collection[Path] = ()) -> Iterator[Found | Skip]:
        for path in sorted([source] if source.is_file() else source.rglob("*")):
            inner = path.relative_to(source)
            if not path.is_file() or any(part.startswith(".") for part in inner.parts):
                continue
            location = locate(str(path), str(self.root))
            if path.suffix.lower() not in self.discovered:
                yield Skip(location, "unsupported", "no reader")
                continue
            status = path.stat()
            self.on_find(location)
            yield Found(
                location=location,
                path=inner.as_posix() if path != source else path.name,
                source=locate(str(source), str(self.root)),
                file=str(path),
                size=status.st_size,
                modified_ns=status.st_mtime_ns,
            )

    def _digest(self, found: Found) -> str:
        self.loaded.append(found.location)
        self.on_load(found)
        try:
            return hashlib.sha256(Path(found.file).read_bytes()).hexdigest()
        except OSError as error:
            message = f"`{found.location}` cannot be read"
            raise ReadError(message, code="unreadable") from error


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def touch() -> Callable[[Path, int], None]:
    """Change the time of a file by so many seconds."""

    def change(path: Path, seconds: int = 10) -> None:
        status = path.stat()
        os.utime(path, (status.st_atime, status.st_mtime + seconds))

    return change
