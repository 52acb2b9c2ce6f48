"""Documents of a group show nothing to those who do not belong to it, on any way in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from msgspec import structs
from tests import commands
from tests.app.test_shared import Place

from askdoc import app
from askdoc.app.export import export_index
from askdoc.errors import StoreError, UsageError
from askdoc.serve import tokens
from askdoc.serve.engine import Engine, Limits
from askdoc.serve.guard import Rules
from askdoc.serve.results import SCHEME

from .conftest import serving, write_pdf

if TYPE_CHECKING:
    from tests.postgres import Server

    from askdoc.workspace import Workspace

OPEN = {
    "docs/open/pier.txt": "Mara Lind said that the pier would be rebuilt in oak by the spring. "
    "The old pier was broken by a storm in March.",
    "docs/open/bees.txt": "A colony needs fifteen kilograms of honey to live through winter.",
}
SECRET = {
    "docs/legal/zebulon.txt": "The Zebulon settlement over the pier costs 4711 crowns of honey.",
    "docs/legal/quire.txt": OPEN["docs/open/pier.txt"],
    "docs/legal/broken.pdf": "%PDF-1.4 nothing",
}
QUESTIONS = (
    "What does the Zebulon settlement cost?",
    "Who said that the pier would be rebuilt?",
    "How much honey does a colony need?",
)
HIDDEN = ("zebulon", "4711", "crowns", "quire", "weir", "legal", "broken.pdf")
"""Words that stand in restricted documents or in their names only."""


def seen_by(place: Place, *groups: str) -> Workspace:
    workspace = place.workspace
    return replace(workspace, settings=structs.replace(workspace.settings, groups=groups))


def restrict(place: Place, folder: str, *groups: str) -> None:
    with app.indexer(place.workspace) as indexer:
        indexer.sync([place.folder / folder], groups=groups)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Place:
    """Return a library whose folder `docs/legal` was indexed openly, and then given to a group."""
    place = Place(tmp_path_factory.mktemp("groups") / "work", postgres.address())
    place.write({**OPEN, **SECRET})
    place.index()
    restrict(place, "docs/legal", "legal")
    write_pdf(place.folder / "docs/legal/weir.pdf")  # new files of a folder have its groups
    place.index()
    return place


@pytest.fixture(scope="module")
def open_alone(shared: Place, tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Place:
    """Return a library that never had the documents of the group."""
    place = Place(tmp_path_factory.mktemp("alone") / "work", postgres.address())
    place.write(OPEN)
    place.index()
    return place


def everything(workspace: Workspace) -> dict[str, Any]:
    """Return what a catalog says, and what is answered."""
    with app.open_catalog(workspace) as catalog:
        documents = catalog.documents()
        asked = ["pier", "honey", "zebulon", "costs", "crown", "settlement"]
        said = {
            "texts": {one.path: catalog.text(one.id) for one in documents},
            "copies": [one.copies for one in documents],
            "counts": catalog.counts(),
            "languages": catalog.languages(),
            "skipped": [skip.location for skip in catalog.skipped()],
            "frequencies": catalog.frequencies(asked),
            "words": {letter: catalog.vocabulary(letter) for letter in "zqcwph"},
            "found": catalog.search(asked, 99),
            "together": catalog.search(["pier"], 9, together=[["zebulon", "settlement"]]),
            "fields": catalog.field_names(),
        }
    with app.answerer(workspace) as answerer:
        answers = [answerer.answer(question) for question in QUESTIONS]
        said["answers"] = [
            (
                one.text,
                [(e.text, round(e.score, 5)) for e in one.evidence],
                round(one.confidence, 5),
            )
            for one in answers
        ]
    return said


def test_whoever_is_in_no_group_has_a_library_without_its_documents(
    shared: Place, open_alone: Place
) -> None:
    without = everything(seen_by(shared))
    assert without == everything(open_alone.workspace)
    assert without == everything(seen_by(shared, "sales")), "another group sees no more"
    within = everything(seen_by(shared, "legal", "sales"))
    assert within["counts"].documents == without["counts"].documents + 3
    assert "4711" in within["answers"][0][0]
    assert within["words"]["z"]
    assert not without["words"]["z"]


@pytest.fixture(scope="module")
def served(shared: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Serve the library; return a client for each token."""
    file = tmp_path_factory.mktemp("kept") / "tokens.json"
    secrets = {
        "member": tokens.add(file, "member", groups=("legal",)),
        "stranger": tokens.add(file, "stranger"),
    }
    # The server itself may ask in the name of the group, which is of no use to a token.
    engine = Engine({"works": seen_by(shared, "legal")}, Limits(threads=1))
    engine.start()
    engine.wait(120)
    rules = Rules(tokens=tokens.read(file))
    with serving(engine, rules) as address, ExitStack() as stack:
        yield {
            name: stack.enter_context(
                httpx.Client(
                    base_url=address, headers={"Authorization": f"Bearer {secret}"}, timeout=60
                )
            )
            for name, secret in secrets.items()
        }
    engine.close()


def tool(client: httpx.Client, name: str, arguments: dict[str, Any]) -> str:
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": name, "arguments": arguments},
    }
    accepted = {"Accept": "application/json, text/event-stream"}
    return client.post("/mcp", json=body, headers=accepted).text


def test_a_token_without_the_group_sees_nothing_of_it(
    shared: Place, served: dict[str, Any]
) -> None:
    member, stranger = served["member"], served["stranger"]
    listed = member.get("/v1/documents").json()["documents"]
    ids = {one["document"].rpartition("/")[2]: one["id"] for one in listed}
    zebulon, weir = ids["zebulon.txt"], ids["weir.pdf"]
    for client, sees in ((member, True), (stranger, False), (member, True)):
        bodies = {
            "libraries": client.get("/v1/libraries").text,
            "documents": client.get("/v1/documents").text,
            "page": client.get("/documents").text,
            "metrics": client.get("/metrics").text,
            "models": client.get("/v1/models").text,
        }
        for question in ("what does the settlement with them cost?", "Which water was rebuilt?"):
            asked = {"question": question}
            bodies[f"ask {question}"] = client.post("/v1/ask", json=asked).text
            bodies[f"search {question}"] = client.post("/v1/search", json=asked).text
            messages = [{"role": "user", "content": question}]
            bodies[f"chat {question}"] = client.post(
                "/v1/chat/completions", json={"model": "works", "messages": messages}
            ).text
            bodies[f"page {question}"] = client.post(
                "/page/ask", data={"question": question}, headers={"Origin": str(client.base_url)}
            ).text
            bodies[f"mcp ask {question}"] = tool(client, "ask", asked)
            bodies[f"mcp search {question}"] = tool(client, "search", {"query": question})
        uri = f"{SCHEME}://works/docs/legal/zebulon.txt"
        bodies["mcp list"] = tool(client, "list_documents", {})
        bodies["mcp fetch"] = tool(client, "fetch", {"id": uri}).replace(uri, "")
        for name, id_ in (("zebulon", zebulon), ("weir", weir)):
            for way in ("", "/original", "/passage?highlight=0-20", "/pages/2.png"):
                reply = client.get(f"/v1/documents/{id_}{way}")
                if not sees:
                    assert reply.status_code in (400, 404), (way, reply.text)
                    bodies[f"{name}{way}"] = reply.text.replace(id_, "")
            bodies[f"source {name}"] = client.get("/page/source", params={"id": id_}).text
        own = [name for name, body in bodies.items() if any(w in body.lower() for w in HIDDEN)]
        if sees:
            assert "documents" in own
            assert {"ask what does the settlement with them cost?", "mcp fetch", "mcp list"} <= set(
                own
            )
        else:
            assert not own, {name: bodies[name] for name in own}
    assert client.get(f"/v1/documents/{weir}/pages/2.png").status_code == 200


def test_postgresql_itself_keeps_readers_to_their_groups(shared: Place) -> None:
    database = app.database_of(shared.workspace)
    assert database is not None
    schema = database.schema
    with app.open_catalog(shared.workspace, write=True) as owner:
        for role in ("reads_a", "reads_b"):
            owner._run(f"CREATE ROLE {role} LOGIN")
            owner._run(f"GRANT USAGE ON SCHEMA {schema}, {schema}_seen TO {role}")
            owner._run(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema}_seen TO {role}")
            owner._run(f"GRANT SELECT ON {schema}.alembic_version TO {role}")
        owner._run(f"CREATE ROLE {schema}_legal")
        owner._run(f"GRANT {schema}_legal TO reads_a")
    assert shared.database is not None
    whole, part = everything(seen_by(shared, "legal")), everything(seen_by(shared))
    for role, sees in (("reads_a", whole), ("reads_b", part)):
        place = Place(shared.folder, shared.database.replace("postgres@", f"{role}@"))
        assert everything(seen_by(place, "legal")) == sees
        with (
            app.open_catalog(seen_by(place, "legal")) as catalog,
            pytest.raises(StoreError, match="permission denied"),
        ):
            catalog._all(f"TABLE {schema}.documents")


def test_what_is_opened_again_is_seen_by_all(shared: Place, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="documents of groups"):
        export_index(shared.workspace, tmp_path / "library.askdoc")
    before = everything(seen_by(shared, "legal"))
    with app.indexer(shared.workspace) as indexer:
        indexer.sync([shared.folder / "docs"], rebuild=True)
    assert everything(seen_by(shared))["counts"].documents == 2, "a rebuild keeps groups"
    assert everything(seen_by(shared, "legal"))["texts"] == before["texts"]
    restrict(shared, "docs/legal")
    assert everything(seen_by(shared))["texts"] == before["texts"]


def test_groups_need_a_shared_library_and_a_path(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A heron stands in the reeds.")
    done = commands.askdoc(tmp_path, "index", "--group", "legal", "a.txt")
    assert done.returncode == 2
    assert "needs a shared library" in done.stderr
    assert "postgresql://" in done.stderr
    with (
        app.indexer(Place(tmp_path).workspace) as indexer,
        pytest.raises(UsageError, match="need a shared library"),
    ):
        indexer.sync([tmp_path / "a.txt"], groups=["legal"])
    with (
        app.indexer(Place(tmp_path).workspace) as indexer,
        pytest.raises(UsageError, match="name the files"),
    ):
        indexer.sync(groups=["legal"])
