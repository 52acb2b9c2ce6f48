"""An askdoc index as a retriever for LlamaIndex.

    from askdoc.llamaindex import AskdocRetriever

    with AskdocRetriever.open("path/to/workspace") as retriever:
        nodes = retriever.retrieve("What did Xue Lan say about isolation?")

This module imports llama_index; nothing else in askdoc imports this module.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from askdoc import wiring, workspace
from askdoc.landmarks import name_place

if TYPE_CHECKING:
    from types import TracebackType

    from askdoc.answering import Answerer
    from askdoc.types import Passage


class AskdocRetriever(BaseRetriever):
    """Finds passages with askdoc's hybrid search; each node tells its place in its document.

    The metadata of a node has `document`, `file`, `title`, `page`, `headings`, and the character
    range `start` to `end` in the document's stored text.
    """

    def __init__(self, answerer: Answerer, *, top_k: int | None = None) -> None:
        super().__init__()
        self._answerer = answerer
        self._top_k = top_k
        self._open = ExitStack()

    @classmethod
    def open(cls, folder: str | Path = ".", *, top_k: int | None = None, **settings: Any) -> Self:
        """Open the index of the workspace that `folder` lies in.

        Raises:
            AskdocError: there is no index, or it can't be searched.
        """
        place = workspace.find(Path(folder), overrides=settings)
        with ExitStack() as stack:
            answerer = stack.enter_context(wiring.answerer(place))
            retriever = cls(answerer, top_k=top_k)
            retriever._open = stack.pop_all()
        return retriever

    def close(self) -> None:
        """Let go of the index, where this retriever opened it."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        passages = self._answerer.search(query_bundle.query_str, limit=self._top_k)
        return [NodeWithScore(node=_node(passage), score=passage.score) for passage in passages]


def _node(passage: Passage) -> TextNode:
    document, chunk = passage.document, passage.chunk
    return TextNode(
        id_=chunk.id,
        text=chunk.text,
        start_char_idx=chunk.span.start,
        end_char_idx=chunk.span.end,
        metadata={
            "document": document.path,
            "file": document.file,
            "title": document.title,
            "page": document.page_of(chunk.span.start),
            "place": name_place(document.place_of(chunk.span), None, None),
            "headings": list(chunk.headings),
            "start": chunk.span.start,
            "end": chunk.span.end,
        },
    )
