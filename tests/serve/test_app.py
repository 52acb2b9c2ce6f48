"""The routes of a real server on loopback."""

from __future__ import annotations

import httpx

QUESTION = "When was the Oren dam completed?"


def test_it_says_that_it_is_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_question_gets_the_answer_with_its_places(client: httpx.Client) -> None:
    answer = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert answer["schema"] == "askdoc.answer/1"
    assert answer["answer"] == "The Oren dam was completed in 1931. [1]"
    [citation] = answer["citations"]
    assert citation["library"] == "works"
    text = client.get(f"/v1/documents/{citation['document_id']}").json()["text"]
    assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_earlier_questions_are_the_conversation(client: httpx.Client) -> None:
    turn = {"question": QUESTION, "answer": "The Oren dam was completed in 1931."}
    asked = {"question": "How much water does it hold?", "history": [turn]}
    answer = client.post("/v1/ask", json=asked).json()
    assert answer["question"].startswith("How much water does the Oren")
    assert "90 million" in answer["answer"]


def test_passages_are_found_in_some_documents(client: httpx.Client) -> None:
    asked = {"question": "honey for the winter", "source": ["*.md"], "limit": 3}
    found = client.post("/v1/search", json=asked).json()["passages"]
    assert [passage["document"] for passage in found] == ["bees.md"]
    assert "fifteen kilograms" in found[0]["text"]


def test_documents_are_listed(client: httpx.Client) -> None:
    [library] = client.get("/v1/libraries").json()["libraries"]
    assert (library["name"], library["documents"]) == ("works", 3)
    listed = client.get("/v1/documents", params={"library": "works"}).json()["documents"]
    assert [item["document"] for item in listed] == ["bees.md", "dam.txt", "weir.pdf"]


def test_what_is_wrong_is_named(client: httpx.Client) -> None:
    for body, text in (
        (b"{", "not JSON"),
        (b"nope", "not JSON: JSON is malformed"),
        (b'{"question": "x", "libary": "works"}', "unknown field `libary`"),
        (b"{}", "`question` is missing"),
        (b'{"question": 1}', "`question` must be"),
        (b'{"question": ""}', "empty"),
        (b'{"question": "x", "library": "none"}', "no library `none`"),
        (b'{"question": "x", "source": ["none.txt"]}', "none.txt"),
    ):
        reply = client.post("/v1/ask", content=body)
        assert reply.status_code == 400
        assert text in reply.json()["error"]["message"]
    taken = client.get("/v1/ask").json()["error"]
    assert taken["message"] == "`/v1/ask` does not take GET, but POST"
    assert taken["hint"] == "see `/openapi.json`"
    missed = client.get("/v1/nothing").json()["error"]
    assert missed["message"] == "there is nothing at `/v1/nothing`"
    assert client.get("/v1/documents/works:none").status_code == 404
    assert client.get("/v1/documents/..%2f..%2fetc%2fpasswd").status_code == 404
