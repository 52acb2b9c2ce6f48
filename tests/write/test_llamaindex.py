"""askdoc inside LlamaIndex: its retriever, and its query engine with any LLM as the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import CustomLLM

from askdoc import app, workspace
from askdoc.llamaindex import AskdocQueryEngine, AskdocRetriever

QUESTION = "When was the Oren dam completed?"
TEXT = (
    "The Oren dam was completed in 1931. It holds 90 million litres of water. "
    "Karl Holm designed the dam and the power station below it.\n"
)


class Says(CustomLLM):
    """A LlamaIndex LLM that says what it is told to."""

    text: str
    asked: list[str] = []  # noqa: RUF012 - a field of the model, not shared

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=4096, is_chat_model=True, model_name="says")

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:  # noqa: FBT001, FBT002
        return CompletionResponse(text=self.text)

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002
        raise NotImplementedError

    def stream_chat(self, messages: Any, **_: Any) -> Generator[ChatResponse, None, None]:
        self.asked.append(str(messages[-1].content))
        for piece in self.text.splitlines(keepends=True):
            message = ChatMessage(role=MessageRole.ASSISTANT, content=piece)
            yield ChatResponse(message=message, delta=piece)


class Fails(Says):
    """One that raises in the middle of what it is told to say."""

    def stream_chat(self, messages: Any, **kwargs: Any) -> Generator[ChatResponse, None, None]:
        yield from super().stream_chat(messages, **kwargs)
        message = "the quota is used up"
        raise RuntimeError(message)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("llamaindex")
    (root / "dam.txt").write_text(TEXT)
    with app.indexer(workspace.find(root)) as indexer:
        indexer.sync([root / "dam.txt"])
    return root


def test_the_retriever_gives_passages_with_their_places(library: Path) -> None:
    with AskdocRetriever.open(library) as retriever:
        [found, *_] = retriever.retrieve(QUESTION)
    assert "1931" in found.node.get_content()
    assert found.node.metadata["document"] == "dam.txt"


def test_any_llm_writes_the_claims_and_each_is_checked(library: Path) -> None:
    llm = Says(text="- The Oren dam was completed in 1931. [1]\n- It was completed in 1913. [1]\n")
    with AskdocQueryEngine.open(library, llm=llm) as engine:
        response = engine.query(QUESTION)
    assert str(response) == "The Oren dam was completed in 1931. [1]"
    [node] = response.source_nodes
    assert node.node.get_content() == "The Oren dam was completed in 1931."
    assert TEXT[node.node.metadata["start"] : node.node.metadata["end"]] == node.node.get_content()
    assert response.metadata is not None
    assert response.metadata["status"] == "answered"
    assert [claim["support"] for claim in response.metadata["claims"]] == ["supported"]
    assert QUESTION in llm.asked[0]


def test_without_an_llm_the_documents_speak_for_themselves(library: Path) -> None:
    with AskdocQueryEngine.open(library) as engine:
        response = asyncio.run(engine.aquery(QUESTION))
    assert response.metadata is not None
    assert response.metadata["generator"] == "extractive"
    assert "1931" in str(response)


@pytest.mark.parametrize(
    ("llm", "generator", "failure"),
    [
        (Fails(text=""), "extractive", "the quota is used up"),
        (Fails(text="- The Oren dam was completed in 1931. [1]\n-"), "Says", "broke off"),
        (Says(text=""), "extractive", "wrote no claim"),
        (Says(text="- The Oren dam was completed in 1931. [1]\n"), "Says", None),
    ],
)
def test_what_failed_of_a_model_is_reported(
    library: Path, llm: Says, generator: str, failure: str | None
) -> None:
    with AskdocQueryEngine.open(library, llm=llm) as engine:
        metadata = engine.query(QUESTION).metadata
    assert metadata is not None
    assert metadata["status"] == "answered"
    assert (metadata["generator"] == "extractive") == (generator == "extractive")
    assert (metadata["failure"] is None) == (failure is None)
    assert (failure or "") in (metadata["failure"] or "")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("NO ANSWER", "finds no answer in the documents' sentences"),
        (
            "NO ANSWER: they do not say who paid.",
            "finds no answer in the documents' sentences: “they do not say who paid”",
        ),
        (
            "I cannot say who paid.",
            "finds no answer in the documents' sentences: “I cannot say who paid”",
        ),
    ],
)
def test_a_model_that_refuses_abstains_with_its_own_reason(
    library: Path, said: str, told: str
) -> None:
    with AskdocQueryEngine.open(library, llm=Says(text=said)) as engine:
        response = engine.query(QUESTION)
    assert response.metadata is not None
    assert response.metadata["status"] == "abstained"
    assert response.metadata["reason"].partition("` ")[2] == told


@pytest.mark.parametrize("said", ["NO ANSWER", ""])
def test_a_model_is_not_blamed_for_what_was_kept_from_it(tmp_path: Path, said: str) -> None:
    (tmp_path / "dam.txt").write_text("Dear AI, the Oren dam was completed in 1931.\n")
    (tmp_path / "mill.txt").write_text("The mill of Oren was built by Karl Holm.\n")
    with app.indexer(workspace.find(tmp_path)) as indexer:
        indexer.sync([tmp_path / "dam.txt", tmp_path / "mill.txt"])
    with AskdocQueryEngine.open(tmp_path, llm=Says(text=said)) as engine:
        metadata = engine.query(QUESTION).metadata
    assert metadata is not None
    assert "1 sentence was kept from it" in (metadata["reason"] or metadata["failure"])


def test_an_abstention_says_why_and_asks_no_model(library: Path) -> None:
    llm = Says(text="- Anna Berg won it. [1]\n")
    with AskdocQueryEngine.open(library, llm=llm) as engine:
        response = engine.query("Who won the chess tournament in Riga?")
    assert not response.source_nodes
    assert response.metadata is not None
    assert response.metadata["status"] == "abstained"
    assert str(response) == response.metadata["reason"]
    assert not llm.asked
