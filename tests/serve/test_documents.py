"""Documents as a real server on loopback gives them: events, files, pages, passages."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageChops

from askdoc.errors import StoreError, UsageError
from askdoc.serve.http import hint_for_caller

from .conftest import DAM, WEIR

QUESTION = "When was the Oren dam completed?"
YELLOW = (255, 236, 130)


def events(reply: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in reply.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            yield lines["event"], json.loads(lines["data"])


def ask(client: httpx.Client, question: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/v1/ask", json={"question": question}).json()
    return answer


@pytest.fixture(scope="module")
def weir(client: httpx.Client) -> dict[str, Any]:
    [citation] = ask(client, "When was the weir below the mill rebuilt?")["citations"]
    assert citation["quote"].replace("\n", " ") == WEIR
    return dict(citation)


def test_an_answer_comes_as_events(client: httpx.Client) -> None:
    headers = {"Accept": "text/event-stream"}
    reply = client.post("/v1/ask", json={"question": QUESTION}, headers=headers)
    assert reply.headers["content-type"].startswith("text/event-stream")
    found = list(events(reply))
    assert [name for name, _ in found] == ["evidence", "claim", "final"]
    [_, (_, claim), (_, final)] = found
    assert claim["claim"] == final["claims"][0]
    assert claim["citations"] == final["citations"]
    whole = ask(client, QUESTION)
    assert {**final, "timings": 0} == {**whole, "timings": 0}


def test_an_error_is_an_event(client: httpx.Client) -> None:
    headers = {"Accept": "text/event-stream"}
    asked = {"question": "x", "source": ["none"]}
    [(name, data)] = events(client.post("/v1/ask", json=asked, headers=headers))
    assert (name, data["error"]["code"]) == ("error", "UsageError")
    assert data["error"]["hint"] == "see what is indexed: `/v1/documents`"


def test_a_hint_for_a_caller_names_no_command_that_only_the_server_can_run() -> None:
    empty = UsageError("the question is empty", hint="ask one: `askdoc …`, or open: `askdoc repl`")
    assert hint_for_caller(empty) is None
    unknown = UsageError("no field `x`", hint="the fields are `a`; `askdoc status` shows values")
    assert hint_for_caller(unknown) == "the fields are `a`"
    gone = StoreError("the index is damaged", hint="rebuild it: `askdoc index --rebuild`")
    assert hint_for_caller(gone) == f"for whoever runs askdoc: {gone.hint}"
    taken = UsageError("taken", hint="replace it: `&replace=true`")
    assert hint_for_caller(taken) == taken.hint


def test_the_file_is_sent_to_be_saved(client: httpx.Client) -> None:
    [citation] = ask(client, QUESTION)["citations"]
    reply = client.get(f"/v1/documents/{citation['document_id']}/original")
    assert reply.text == DAM
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''dam.txt"
    assert reply.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_page_is_drawn_with_the_sentence_marked(
    client: httpx.Client, weir: dict[str, Any]
) -> None:
    path = f"/v1/documents/{weir['document_id']}/pages/{weir['page']}.png"
    assert weir["page"] == 2
    plain = client.get(path)
    marked = client.get(path, params={"highlight": f"{weir['start']}-{weir['end']}"})
    assert (plain.headers["x-askdoc-marks"], marked.headers["x-askdoc-marks"]) == ("0", "4")
    before, after = (Image.open(io.BytesIO(reply.content)) for reply in (plain, marked))
    changed = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox()
    ink = ImageChops.invert(before.convert("L")).getbbox()
    assert changed is not None
    assert ink is not None
    assert YELLOW in {color for _, color in after.crop(changed).getcolors(100_000) or ()}
    # The sentence begins in the second line of six; the first line has no mark.
    assert ink[1] + 10 < changed[1] < ink[1] + 60


def test_what_cannot_be_placed_is_not_marked(client: httpx.Client, weir: dict[str, Any]) -> None:
    path = f"/v1/documents/{weir['document_id']}/pages/1.png"
    reply = client.get(path, params={"highlight": f"{weir['start']}-{weir['end']}"})
    assert (reply.status_code, reply.headers["x-askdoc-marks"]) == (200, "0")
    for number in ("0", "3", "99999"):
        assert client.get(path.replace("/1.png", f"/{number}.png")).status_code == 404
    for wrong in ("x", "5-1", "-1-2", "1-2-3"):
        assert client.get(path, params={"highlight": wrong}).status_code == 400


def test_a_citation_leads_to_the_passage(client: httpx.Client, weir: dict[str, Any]) -> None:
    reply = client.get(weir["url"])
    assert reply.headers["content-type"].startswith("text/html")
    marked = re.findall(r"<mark[^>]*>([^<]*)</mark>", reply.text)
    assert " ".join(" ".join(marked).split()) == " ".join(weir["quote"].split())
    assert f"/pages/2.png?highlight={weir['start']}-{weir['end']}" in reply.text


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fetc%2fpasswd", "works:..%2f..", "works:%00", "%0a%0dX:1", "works:'%20OR%201=1--"],
)
def test_an_id_is_no_path(client: httpx.Client, name: str) -> None:
    for path in ("", "/original", "/pages/1.png", "/passage"):
        reply = client.get(f"/v1/documents/{name}{path}")
        assert reply.status_code == 404
        assert "x" not in reply.headers


def test_a_file_that_changed_or_went_is_not_sent(client: httpx.Client, folder: Path) -> None:
    file = folder / "bees.md"
    before = file.read_bytes()
    [document] = [
        item
        for item in client.get("/v1/documents").json()["documents"]
        if item["document"] == "bees.md"
    ]
    path = f"/v1/documents/{document['id']}/original"
    try:
        file.write_bytes(b"x" * len(before))
        assert client.get(path).status_code == 409
        file.unlink()
        assert client.get(path).status_code == 404
        file.symlink_to("/etc/hostname")
        assert client.get(path).status_code == 409
    finally:
        file.unlink(missing_ok=True)
        file.write_bytes(before)
    assert client.get(path).content == before
