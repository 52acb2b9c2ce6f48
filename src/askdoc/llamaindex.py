"""A retriever and a query engine for LlamaIndex on an askdoc index.

    from askdoc.llamaindex import AskdocQueryEngine, AskdocRetriever

    with AskdocRetriever.open("path/to/workspace") as retriever:
        nodes = retriever.retrieve("What did Xue Lan say about isolation?")

    with AskdocQueryEngine.open("path/to/workspace", llm=any_llamaindex_llm) as engine:
        print(engine.query("What did Xue Lan say about isolation?"))

This module imports llama_index; nothing else in askdoc imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from askdoc.app.library import Library, open_library
from askdoc.models.llm.choice import Choice
from askdoc.models.llm.remote import LlamaIndexGenerator, form_of
from askdoc.strings import one_line
from askdoc.types.places import name_place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from llama_index.core.llms import LLM

    from askdoc.settings import Settings
    from askdoc.types import Answer, Citation, Passage

EVIDENCE_TOKENS = 1500
"""Default tokens of evidence for a model."""


class _Owner:
    """Closes its library at the end."""

    _library: Library

    def close(self) -> None:
        """Close the index."""
        self._library.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AskdocRetriever(_Owner, BaseRetriever):
    """Finds passages with askdoc's hybrid search; each node has its place in its document.

    The metadata of a node has `document`, `file`, `title`, `page`, `headings`, and the character
    range `start` to `end` in the document's stored text.
    """

    def __init__(self, library: Library, *, top_k: int | None = None) -> None:
        super().__init__()
        self._library = library
        self._top_k = top_k

    @classmethod
    def open(cls, folder: str | Path = ".", *, top_k: int | None = None, **settings: Any) -> Self:
        """Open the workspace around `folder` for searching; the first query opens its index."""
        return cls(open_library(folder, **settings), top_k=top_k)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        passages = self._library.search(query_bundle.query_str, limit=self._top_k)
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


class AskdocQueryEngine(_Owner, BaseQueryEngine):
    """Answers questions with askdoc: each claim checked, each with its sentences as source nodes.

    With `open(…, llm=…)` any LlamaIndex LLM writes the claims; without one, the answer is made as
    the workspace's settings say, by default of the documents' own sentences. The metadata of a
    response has `status`, `confidence`, `reason`, `generator`, `claims`: the text, support and
    citations of each, and `failure`: why the answer is extracted instead, or ends early, where the
    model failed or nothing of it could be shown. An abstention is a response without source nodes
    that says why.
    """

    def __init__(self, library: Library) -> None:
        super().__init__(callback_manager=None)
        self._library = library

    @classmethod
    def open(
        cls,
        folder: str | Path = ".",
        *,
        llm: LLM | None = None,
        evidence_tokens: int = EVIDENCE_TOKENS,
        **settings: Any,
    ) -> Self:
        """Open the workspace around `folder` for questions; the first query opens its index."""
        load = None if llm is None else _always(llm, evidence_tokens)
        return cls(open_library(folder, load_model=load, **settings))

    def _query(self, query_bundle: QueryBundle) -> Response:
        return _response(self._library.ask(query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return self._query(query_bundle)  # an open index belongs to its thread

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def _always(llm: LLM, evidence_tokens: int) -> Callable[[Settings], Choice]:
    """Let `llm` write, whatever the settings say: the caller has chosen it."""
    name = str(getattr(llm, "model", None) or llm.class_name())
    generator = LlamaIndexGenerator(llm, name=name, remote=None, form=form_of(llm))
    choice = Choice(generator, evidence_tokens)
    return lambda _: choice


def _response(answer: Answer) -> Response:
    claims = [
        {"text": claim.text, "support": str(claim.support), "citations": list(claim.citations)}
        for claim in answer.claims
    ]
    sentences = (
        f"{claim.text} {''.join(f'[{label}]' for label in claim.citations)}"
        for claim in answer.claims
    )
    reason = answer.reason.message if answer.reason else None
    return Response(
        response=reason or " ".join(sentences),
        source_nodes=[_cited(citation) for citation in answer.citations],
        metadata={
            "status": str(answer.status),
            "confidence": answer.confidence,
            "reason": reason,
            "generator": answer.generator,
            "claims": claims,
            "failure": _failure(answer),
        },
    )


def _failure(answer: Answer) -> str | None:
    """Return the model's failure, or why none of its claims is in the answer."""
    generation = answer.generation
    return None if generation is None else generation.failure or generation.fallback


def _cited(citation: Citation) -> NodeWithScore:
    document, span = citation.document, citation.span
    node = TextNode(
        id_=f"{document.id}:{span.start}-{span.end}",
        text=one_line(citation.quote),
        start_char_idx=span.start,
        end_char_idx=span.end,
        metadata={
            "label": citation.label,
            "document": document.path,
            "file": document.file,
            "title": document.title,
            "page": citation.page,
            "line": citation.line_start,
            "headings": list(citation.headings),
            "start": span.start,
            "end": span.end,
        },
    )
    return NodeWithScore(node=node, score=citation.score)
