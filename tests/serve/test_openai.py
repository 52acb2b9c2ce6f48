"""OpenAI's own client, unchanged, against a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from askdoc.serve.wording import inert

QUESTION = "When was the Oren dam completed?"
FOLLOW_UP = "How much water does it hold?"


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as opened:
        yield opened


def user(text: str) -> ChatCompletionMessageParam:
    return {"role": "user", "content": text}


def test_models_are_libraries(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["default", "works"]
    assert client.models.retrieve("works").id == "works"
    with pytest.raises(openai.NotFoundError, match="no model `none`"):
        client.models.retrieve("none")


def test_a_completion_has_its_citations_at_their_places(client: openai.OpenAI) -> None:
    done = client.chat.completions.create(model="works", messages=[user(QUESTION)])
    [choice] = done.choices
    text = choice.message.content or ""
    assert text.startswith("The Oren dam was completed in 1931. [[1]](http")
    [annotation] = choice.message.annotations or []
    cited = annotation.url_citation
    assert text[cited.start_index : cited.end_index] == f'[[1]]({cited.url} "{cited.title}")'
    assert cited.title == "dam.txt, line 1"
    answer: Any = (done.model_extra or {})["askdoc"]
    assert answer["citations"][0]["url"] == cited.url
    assert choice.finish_reason == "stop"


def test_a_stream_says_the_same(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="default", messages=[user(QUESTION)])
    text, annotations = "", []
    finished = own = usage = None
    for chunk in client.chat.completions.create(
        model="default",
        messages=[user(QUESTION)],
        stream=True,
        stream_options={"include_usage": True},
    ):
        usage = chunk.usage or usage
        own = (chunk.model_extra or {}).get("askdoc", own)
        for choice in chunk.choices:
            text += choice.delta.content or ""
            annotations += (choice.delta.model_extra or {}).get("annotations", [])
            finished = choice.finish_reason or finished
    message = whole.choices[0].message
    assert text == message.content
    assert annotations == [one.model_dump() for one in message.annotations or []]
    assert finished == "stop"
    assert own is not None
    assert usage is not None


def test_earlier_messages_are_the_conversation(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(model="default", messages=[user(QUESTION)])
    done = client.chat.completions.create(
        model="default",
        messages=[
            {"role": "system", "content": "Answer in verse."},
            user(QUESTION),
            {"role": "assistant", "content": first.choices[0].message.content},
            {"role": "user", "content": [{"type": "text", "text": FOLLOW_UP}]},
        ],
    )
    assert "90 million litres" in (done.choices[0].message.content or "")


def test_what_the_documents_do_not_hold_is_not_answered(client: openai.OpenAI) -> None:
    asked = user("Which moon of Jupiter has the thickest ice?")
    message = client.chat.completions.create(model="default", messages=[asked]).choices[0].message
    assert (message.content or "").startswith("The documents do not hold the answer")
    assert message.annotations == []


def test_a_response_has_its_citations_at_their_places(client: openai.OpenAI) -> None:
    done = client.responses.create(model="works", input=QUESTION)
    assert done.output_text.startswith("The Oren dam was completed in 1931.")
    content: Any = done.output[0]
    [cited] = content.content[0].annotations
    assert done.output_text[cited.start_index : cited.end_index].startswith("[[1]](")
    conversation: Any = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": done.output_text},
        {"role": "user", "content": [{"type": "input_text", "text": FOLLOW_UP}]},
    ]
    after = client.responses.create(model="works", input=conversation)
    assert "90 million litres" in after.output_text


def test_a_response_is_streamed(client: openai.OpenAI) -> None:
    with client.responses.stream(model="works", input=QUESTION) as stream:
        kinds = [event.type for event in stream]
        done = stream.get_final_response()
    assert "response.output_text.annotation.added" in kinds
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert done.output_text == client.responses.create(model="works", input=QUESTION).output_text


def test_what_is_wrong_is_an_error_of_the_client(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="last message"):
        client.chat.completions.create(model="default", messages=[])
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt", messages=[user(QUESTION)])
    with pytest.raises(openai.BadRequestError, match="empty"):
        client.chat.completions.create(model="default", messages=[user(" ")])
    with pytest.raises(openai.APIError, match="empty"):
        list(client.chat.completions.create(model="works", messages=[user("")], stream=True))
    picture: Any = [{"role": "user", "content": [{"type": "image_url"}]}]
    with pytest.raises(openai.BadRequestError, match="text only"):
        client.chat.completions.create(model="works", messages=picture)


def test_no_text_of_a_document_becomes_a_link_or_html() -> None:
    written = inert("see ![x](https://evil.example/?q) and [y][z], <img src=x> a<b 1 < 2 [3]")
    assert "](" not in written
    assert "][" not in written
    assert "<img" not in written
    assert "1 < 2 (3)" in written
