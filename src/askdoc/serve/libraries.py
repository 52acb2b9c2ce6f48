"""Libraries that one thread has open, and when they have to be opened again.

An index belongs to the thread that opened it, so each thread opens all libraries for itself. The
models are loaded once, for all threads.
"""

from __future__ import annotations

import ctypes
import gc
import platform
import re
import threading
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

from askdoc import app
from askdoc.ask.federate import Federation
from askdoc.ask.memo import remembering
from askdoc.errors import EmbedderMismatch, UsageError
from askdoc.index.writer import EMBEDDER_FINGERPRINT
from askdoc.models.llm.interruptible import Interruptible
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from askdoc.ask.answer import Answerer, Parts
    from askdoc.types import Document
    from askdoc.types.ports import CatalogReader, Generator
    from askdoc.workspace import Workspace

BETWEEN = ":"
"""Stands between the name of a library and the id of a document, as in a federation."""

GROUPS: ContextVar[tuple[str, ...] | None] = ContextVar("askdoc_groups", default=None)
"""The groups of the caller who shows a token; None stands for those of the settings."""

_MOST_GROUPS = 8
"""Sets of groups for which a thread has shared libraries open."""

_MOST_REMEMBERED = 10_000
"""Texts whose terms and vectors a server remembers: some 25 MB. Other documents and other questions
have others, so more would be growth all day."""

_HAS_GLIBC = platform.libc_ver()[0] == "glibc"
_ARENA_MAX = -8
"""The number by which glibc knows how many heaps it may make."""

_HEAPS = 2

_NOT_IN_NAMES = re.compile(r"[^\w-]+")


def named(workspaces: Iterable[Workspace]) -> dict[str, Workspace]:
    """Name each workspace: as the library that it is, else as its folder."""
    found: dict[str, Workspace] = {}
    for workspace in workspaces:
        name = workspace.library or _NOT_IN_NAMES.sub("-", workspace.root.name).strip("-")
        found[name or "documents"] = workspace
    return found


@dataclass(frozen=True, slots=True)
class Libraries:
    """Libraries as one thread has them open, by name."""

    members: Mapping[str, Answerer]
    limit: int
    rewriters: Mapping[str, Generator]
    """The language models that may complete follow-ups."""

    def chosen(self, name: str | None, allowed: Collection[str] | None) -> list[str]:
        """List the libraries to ask: the one that is named, else all of `allowed`.

        Raises:
            UsageError: there is none of that name among them.

        """
        open_to_caller = [one for one in self.members if allowed is None or one in allowed]
        if name is None and open_to_caller:
            return open_to_caller
        if name is None or name not in open_to_caller:
            message = f"there is no library `{name}` here" if name else "there is no library here"
            raise UsageError(message, hint=f"there are: {', '.join(open_to_caller)}")
        return [name]

    def together(self, names: Collection[str]) -> Federation:
        """Return several libraries as one."""
        return Federation({name: self.members[name] for name in names}, limit=self.limit)

    def catalog(self, name: str) -> CatalogReader:
        """Return the catalog of the library of that name."""
        return self.members[name].parts.sources.catalog

    def document(
        self, document_id: str, allowed: Collection[str] | None
    ) -> tuple[Document, CatalogReader] | None:
        """Find a document by its id with the name of its library; None where there is none."""
        name, _, own = document_id.partition(BETWEEN)
        if name not in self.members or (allowed is not None and name not in allowed):
            return None
        catalog = self.catalog(name)
        found = catalog.documents([own])
        return (found[0], catalog) if found else None


class Shared:
    """What the threads share: the models, and which state of the indexes each has open."""

    def __init__(
        self,
        workspaces: Mapping[str, Workspace],
        is_cancelled: Callable[[], bool],
        listen: Listener = ignore,
    ) -> None:
        _limit_heaps()
        self.workspaces = dict(workspaces)
        self._is_cancelled = is_cancelled
        self._listen = listen
        self._stack = ExitStack()
        self._load_model = self._stack.enter_context(app.language_models())
        self._models: dict[str, Parts] = {}
        self._opening = threading.Lock()

    def seen_by(self, groups: tuple[str, ...] | None) -> dict[str, Workspace]:
        """Return the workspaces as these groups see them."""
        return {
            name: workspace
            if groups is None or workspace.database is None
            else replace(workspace, settings=structs.replace(workspace.settings, groups=groups))
            for name, workspace in self.workspaces.items()
        }

    def open(self, workspaces: Mapping[str, Workspace], stack: ExitStack) -> Libraries:
        """Open all libraries for the thread that calls."""
        with self._opening:
            members = {
                name: self._open_one(name, workspace, stack)
                for name, workspace in workspaces.items()
            }
            rewriters = dict(self._rewriters())
        first = next(iter(self.workspaces.values()))
        return Libraries(members, first.settings.max_sentences, rewriters)

    def _rewriters(self) -> Iterator[tuple[str, Generator]]:
        for name, workspace in self.workspaces.items():
            chosen = self._load_model(workspace.settings)
            if chosen is not None and chosen.rewrites:
                yield name, self._interruptible(chosen.generator)

    def _open_one(self, name: str, workspace: Workspace, stack: ExitStack) -> Answerer:
        if name in self._models:
            try:
                return stack.enter_context(app.answerer(workspace, like=self._models[name]))
            except EmbedderMismatch:  # the index was made anew with another embedder
                del self._models[name]
        opened = stack.enter_context(
            app.answerer(
                workspace,
                self._listen,
                wrap_generator=self._interruptible,
                load_model=self._load_model,
                change=partial(remembering, most=_MOST_REMEMBERED),
            )
        )
        self._models[name] = opened.parts
        return opened

    def _interruptible(self, generator: Generator) -> Generator:
        return Interruptible(generator, self._is_cancelled)

    def close(self) -> None:
        """Unload the language models; all threads have closed their libraries."""
        self._stack.close()


def _limit_heaps() -> None:
    """Have all threads of the process allocate from two heaps.

    glibc makes up to eight for each core. Chroma starts threads at each opening, and what they
    leave behind in ever other heaps makes a server grow while its documents change.
    """
    if _HAS_GLIBC:
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _HEAPS)


def _release_memory() -> None:
    """Return the memory of what was closed to the system, which glibc does not do by itself."""
    gc.collect()
    if _HAS_GLIBC:
        ctypes.CDLL(None).malloc_trim(0)


class OpenInThread:
    """The libraries of one thread; opened again where the content of an index has changed."""

    def __init__(self, shared: Shared, groups: tuple[str, ...] | None = None) -> None:
        self._shared = shared
        self._workspaces = shared.seen_by(groups)
        self._stack = ExitStack()
        self._libraries: Libraries | None = None
        self._files: object = None
        self._content: object = None

    @property
    def is_current(self) -> bool:
        """Whether the files of the indexes are as they were when they were last looked at."""
        return self._libraries is not None and self._files == self._look_at_files()

    def get(self) -> Libraries:
        """Return the libraries with the present content of their indexes.

        Raises:
            StoreError: an index cannot be opened as it is now.

        """
        files = self._look_at_files()
        if self._libraries is not None:
            if files == self._files:
                return self._libraries
            if self._content == self._read_content():
                for member in self._libraries.members.values():
                    catalog = member.parts.sources.catalog
                    if isinstance(catalog, SqlCatalog):
                        catalog.refresh()  # or the writer's log could not be shortened
                self._files = files
                return self._libraries
            self.close()
        content = self._read_content()
        try:
            self._libraries = self._shared.open(self._workspaces, self._stack)
        except BaseException:
            self.close()
            raise
        self._files, self._content = files, content
        return self._libraries

    def rest(self) -> None:
        """Let go of connections to databases until the next question."""
        for member in self._libraries.members.values() if self._libraries else ():
            app.rest(member)

    def close(self) -> None:
        """Close the libraries."""
        was_open = self._libraries is not None
        self._libraries = None
        self._stack.close()
        if was_open:
            _release_memory()

    def _read_content(self) -> list[object]:
        """Name what is indexed, and what made the vectors."""
        found: list[object] = []
        for workspace in self._workspaces.values():
            with app.open_made(workspace) as catalog:
                found.append((catalog.corpus_fingerprint(), catalog.setting(EMBEDDER_FINGERPRINT)))
        return found

    def _look_at_files(self) -> list[object]:
        """Return what changes when somebody writes to an index."""
        return [app.index_state(one) for one in self._workspaces.values()]


class OpenByGroups:
    """The libraries of one thread, opened for each set of groups that asks.

    So nothing that one caller may see is remembered for another.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._has_groups = any(one.database is not None for one in shared.workspaces.values())
        self._opened: dict[tuple[str, ...] | None, OpenInThread] = {None: OpenInThread(shared)}

    @property
    def is_current(self) -> bool:
        """Whether what is open to the settings' groups is as it was when it was last looked at."""
        return self._opened[None].is_current

    def get(self, groups: tuple[str, ...] | None = None) -> Libraries:
        """Return the libraries as these groups see them now; None stands for the settings' groups.

        Raises:
            StoreError: an index cannot be opened as it is now.

        """
        key = None if groups is None or not self._has_groups else tuple(sorted(set(groups)))
        for other, opened in list(self._opened.items()):
            if other != key and not opened.is_current:
                opened.close()
        known = key in self._opened
        opened = self._opened.pop(key) if known else OpenInThread(self._shared, key)
        self._opened[key] = opened  # the latest comes last
        for oldest in [one for one in self._opened if one is not None][:-_MOST_GROUPS]:
            self._opened.pop(oldest).close()
        return opened.get()

    def rest(self) -> None:
        """Let go of connections to databases until the next question."""
        for opened in self._opened.values():
            opened.rest()

    def close(self) -> None:
        """Close all libraries."""
        for opened in self._opened.values():
            opened.close()
