"""The Python API: index, ask and search the documents of one workspace."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from askdoc import workspace as workspaces
from askdoc.addresses import Target, addresses_of, paths_of, targets
from askdoc.app.answering import answerer, narrowed, rest
from askdoc.app.indexing import indexer, permit, refuse_index_around
from askdoc.app.opening import open_catalog
from askdoc.errors import NoIndex, UsageError
from askdoc.types import Answer, Document, IndexReport, Passage
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from askdoc.app.writing import LoadModel
    from askdoc.ask.answer import Answerer
    from askdoc.workspace import Workspace


def open_library(
    folder: str | Path = ".",
    *,
    library: str | None = None,
    load_model: LoadModel | None = None,
    **settings: Any,
) -> Library:
    """Open the documents of a folder, or the library of that name.

        import askdoc

        with askdoc.open("reports") as library:
            library.index()
            answer = library.ask("What did the committee decide?")
            print(answer.text)

    The workspace is the nearest folder upwards that has an `askdoc.toml` or a `.askdoc` folder,
    else the folder itself, as on the command line. Nothing is opened before it is needed.

    Args:
        folder: where the documents are.
        library: the name of a library, in place of `folder`.
        load_model: loads the language model, in place of the one in the settings.
        settings: those of `askdoc config`, such as `llm="extractive"` or `top_k=20`.

    Raises:
        UsageError: there is no such folder or library, or a setting is wrong.

    """
    if library is not None:
        return Library(workspaces.open_library(library, overrides=settings), load_model=load_model)
    start = Path(folder).absolute()
    if not start.is_dir():
        message = f"there is no folder `{folder}`"
        raise UsageError(message, hint="check the path")
    found = workspaces.find(start, overrides=settings)
    return Library(found, start=start, load_model=load_model)


class Library:
    """The documents of one workspace: `index` reads them, `ask` and `search` use the index.

    The first question opens the index, which stays open until `close`. An open library belongs to
    one thread; other threads open their own.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        start: Path | None = None,
        load_model: LoadModel | None = None,
    ) -> None:
        self._workspace = workspace
        self._start = start or workspace.root
        self._load_model = load_model
        self._opened = ExitStack()
        self._answerer: Answerer | None = None

    @property
    def root(self) -> Path:
        """The folder of the workspace."""
        return self._workspace.root

    def index(
        self, *sources: str | Path, rebuild: bool = False, listen: Listener = ignore
    ) -> IndexReport:
        """Bring the index up to date, and return a report.

            report = library.index("minutes", "https://example.org/rules.html")
            print(len(report.added), report.skipped)

        Args:
            sources: files, folders and web addresses to add; without any, all known sources are
                updated; a new library starts with its folder.
            rebuild: read everything again.
            listen: gets an `Indexed` or a `Skip` event for each document.

        Raises:
            UsageError: a path does not exist.
            StoreError: the index cannot be written.

        """
        self.close()
        asked: Sequence[Target] = targets(map(str, sources), Path.cwd())
        for address in addresses_of(asked):
            permit(self._workspace, address)
        with indexer(self._workspace, listen) as opened:
            if not asked and not opened.sources():
                asked = [self._start]
            refuse_index_around(self._workspace, paths_of(asked))
            return opened.sync(asked or None, listen, rebuild=rebuild)

    def ask(
        self,
        question: str,
        *,
        source: Sequence[str] = (),
        where: Sequence[str] = (),
        listen: Listener = ignore,
    ) -> Answer:
        """Answer a question from the documents.

            answer = library.ask("Who voted against it?", source=["minutes/*.pdf"])
            for citation in answer.citations:
                print(citation.quote, citation.document.path, citation.page)

        If the documents do not contain it, `answer.status` is `Status.ABSTAINED`, and
        `answer.reason` says why.

        Args:
            question: a question in natural language.
            source: paths, folders or patterns of the documents to search.
            where: conditions on their fields, such as `date>=2024`; a document must meet all.
            listen: gets each claim of a language model as soon as it is checked.

        Raises:
            NoIndex: nothing is indexed yet.
            UsageError: the question is empty, or no document matches `source` and `where`.

        """
        asked = self._open()
        documents = narrowed(asked, source, where)
        try:
            return asked.answer(question, documents=documents, listen=listen)
        finally:
            rest(asked)

    def search(
        self,
        question: str,
        *,
        limit: int | None = None,
        source: Sequence[str] = (),
        where: Sequence[str] = (),
    ) -> list[Passage]:
        """List the best passages for a question, best first.

            for passage in library.search("fishing quotas", limit=5):
                print(passage.score, passage.document.path, passage.chunk.text)

        `limit` is by default the setting `top_k`; `source` and `where` are those of `ask`.

        Raises:
            NoIndex: nothing is indexed yet.
            UsageError: the question is empty, or no document matches `source` and `where`.

        """
        asked = self._open()
        try:
            return asked.search(question, documents=narrowed(asked, source, where), limit=limit)
        finally:
            rest(asked)

    def documents(self) -> list[Document]:
        """List the indexed documents, by location."""
        with suppress(NoIndex), open_catalog(self._workspace) as catalog:
            return catalog.documents()
        return []

    def close(self) -> None:
        """Close the index and the models; the next question opens them again."""
        self._answerer = None
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> Answerer:
        if self._answerer is None:
            self._answerer = self._opened.enter_context(
                answerer(self._workspace, load_model=self._load_model)
            )
        return self._answerer
