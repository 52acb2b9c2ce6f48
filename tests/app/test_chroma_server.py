"""A Chroma server holds the vectors of an index in a folder."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.test_shared import DOCUMENTS, QUESTIONS, Place
from tests.chroma import chroma_serving, free_port
from tests.commands import askdoc

from askdoc import app, workspace
from askdoc.app.export import export_index, import_index
from askdoc.errors import ConnectionLost, IndexCorrupt, SettingsError, StoreError, UsageError
from askdoc.store import chroma_server, embedded
from askdoc.store.chroma_server import Server, client

if TYPE_CHECKING:
    from tests.chroma import ChromaServer

HERONS = "# Herons\n\nThe herons left in September for the south of the island."

_INDEX_AND_DIE = """
import os, signal, sys
from askdoc.cli import app
from askdoc.store.sql_catalog import SqlCatalog

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

SqlCatalog.publish = die
app.make_app()(sys.argv[1:], prog_name="askdoc")
"""


def collections(server: ChromaServer) -> set[str]:
    return {one.name for one in client(Server.of(server.address)).list_collections(limit=1000)}


def portable(place: Place) -> dict[str, Any]:
    """Return what is indexed, without the paths of copies."""
    return {key: value for key, value in place.state().items() if key != "copies"}


def on_server(place: Place, name: str) -> Any:
    """Return a collection as the server has it."""
    assert place.database is not None
    return client(Server.of(place.database)).get_collection(name, embedding_function=None)


def test_it_holds_what_the_folder_holds(tmp_path: Path, chroma: ChromaServer) -> None:
    alone = Place(tmp_path / "alone")
    served = Place(tmp_path / "served", chroma.address)
    for place in (alone, served):
        place.write(DOCUMENTS)
        place.index()
    assert served.answers() == alone.answers()
    assert portable(served) == portable(alone)
    assert not embedded.exist(served.workspace.index)

    for place in (alone, served):
        place.write({"docs/bees.md": HERONS})
        (place.folder / "docs/salt.txt").unlink()
        report = place.index()
        assert (report.changed, report.removed) == (("docs/bees.md",), ("docs/salt.txt",))
    assert portable(served) == portable(alone)
    assert served.answers() == alone.answers()
    assert served.index(rebuild=True).added
    assert portable(served) == portable(alone)


def test_the_named_collection_is_kept_through_a_rebuild(
    tmp_path: Path, chroma: ChromaServer
) -> None:
    place = Place(tmp_path, f"{chroma.address}/papers")
    place.write(DOCUMENTS)
    place.index()
    before = on_server(place, "papers").id
    with app.answerer(place.workspace) as answerer:
        first = answerer.answer(QUESTIONS[0]).text
        place.index(rebuild=True)
        assert on_server(place, "papers").id != before
        # Who has opened the old collection finds the new one.
        assert answerer.answer(f"{QUESTIONS[0]} ").text == first
    assert {one for one in collections(chroma) if one.startswith("papers")} == {"papers"}


def test_an_interrupted_exchange_is_completed(
    tmp_path: Path, chroma: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, f"{chroma.address}/exchanged")
    place.write(DOCUMENTS)
    place.index()
    before = place.state()

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    for step in ("askdoc.store.chroma_server._write", "askdoc.store.files.schema.replace"):
        with monkeypatch.context() as patch:
            whole = chroma_server._write

            def write(index: Path, mark: Any, step: str = step, whole: Any = whole) -> None:
                """Write the marks of new collections; die instead of writing the last one."""
                if step.endswith("_write") and index == place.workspace.index:
                    raise Killed
                whole(index, mark)

            patch.setattr(step, write if step.endswith("_write") else kill)
            with pytest.raises(Killed):
                place.index(rebuild=True)
        place.index()
        assert place.state() == before
    assert {one for one in collections(chroma) if one.startswith("exchanged")} == {"exchanged"}


def test_a_kill_between_the_stores_heals(tmp_path: Path, chroma: ChromaServer) -> None:
    place = Place(tmp_path, f"{chroma.address}/killed")
    place.write({"docs/salt.txt": DOCUMENTS["docs/salt.txt"]})
    place.index()
    place.write(DOCUMENTS)
    command = [sys.executable, "-c", _INDEX_AND_DIE, "index", "--index", place.database, "docs"]
    killed = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)  # type: ignore[arg-type]
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with app.open_catalog(place.workspace) as catalog:
        known = set(catalog.chunk_ids())
    stored = set(on_server(place, "killed").get(include=[])["ids"])
    assert known < stored  # the vectors came first
    place.index()
    place.state()  # which compares both
    assert len(place.index().added) == 0
    assert all(text for text, *_ in place.answers()[:3])


def test_lost_vectors_are_made_again(tmp_path: Path, chroma: ChromaServer) -> None:
    place = Place(tmp_path, f"{chroma.address}/lost")
    place.write(DOCUMENTS)
    place.index()
    before = place.state()
    client(Server.of(chroma.address)).delete_collection("lost")
    with pytest.raises(IndexCorrupt, match="has no vectors of this index") as caught:
        place.answers()
    assert "doctor --repair" in str(caught.value.hint)
    with app.indexer(place.workspace) as indexer:
        assert indexer.repair().made
    assert place.state() == before
    client(Server.of(chroma.address)).delete_collection("lost")
    place.index()
    assert place.state() == before


def test_a_collection_of_others_is_not_touched(tmp_path: Path, chroma: ChromaServer) -> None:
    first = Place(tmp_path / "first", f"{chroma.address}/theirs")
    second = Place(tmp_path / "second", f"{chroma.address}/theirs")
    for place in (first, second):
        place.write(DOCUMENTS)
    first.index()
    before = first.state()
    with pytest.raises(StoreError, match="is not that of this index") as caught:
        second.index()
    assert "/NAME" in str(caught.value.hint)
    assert first.state() == before


def test_an_index_moves_to_the_server_and_back(tmp_path: Path, chroma: ChromaServer) -> None:
    folder, served = Place(tmp_path), Place(tmp_path, f"{chroma.address}/moved")
    folder.write(DOCUMENTS)
    folder.index()
    before = folder.state()
    with pytest.raises(IndexCorrupt, match="has no vectors of this index"):
        served.answers()
    served.index()
    assert served.state() == before
    with pytest.raises(IndexCorrupt, match="are on the Chroma server") as caught:
        folder.answers()
    assert "--index chroma+http://127.0.0.1" in str(caught.value.hint)
    folder.write({"docs/bees.md": HERONS})
    folder.index()
    changed = folder.state()
    # The collection is still there, with vectors of the former text: nobody takes them for current.
    with pytest.raises(IndexCorrupt, match="has no vectors of this index"):
        served.answers()
    served.index()
    assert served.state() == changed


def test_an_exported_index_comes_to_a_server(tmp_path: Path, chroma: ChromaServer) -> None:
    folder = Place(tmp_path / "folder")
    served = Place(tmp_path / "served", f"{chroma.address}/imported")
    folder.write(DOCUMENTS)
    served.write(DOCUMENTS)
    folder.index()
    export_index(folder.workspace, tmp_path / "a.askdoc")
    import_index(served.workspace, tmp_path / "a.askdoc")
    assert portable(served) == portable(folder)
    assert served.answers() == folder.answers()
    export_index(served.workspace, tmp_path / "b.askdoc")
    back = Place(tmp_path / "back")
    import_index(back.workspace, tmp_path / "b.askdoc")
    assert back.state()["vectors"] == folder.state()["vectors"]
    assert {one for one in collections(chroma) if one.startswith("imported")} == {"imported"}


def test_commands_say_what_is_there(
    tmp_path: Path, chroma: ChromaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, chroma.address)
    place.write(DOCUMENTS)
    monkeypatch.setenv("ASKDOC_INDEX", chroma.address)
    assert askdoc(tmp_path, "index", "docs").returncode == 0
    done = askdoc(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout
    assert "one for each passage" in done.stdout
    assert chroma.address in askdoc(tmp_path, "status").stdout
    assert askdoc(tmp_path, "index", "--rebuild").returncode == 0
    assert "oak" in askdoc(tmp_path, "ask", QUESTIONS[0]).stdout
    assert askdoc(tmp_path, "remove", "docs/salt.txt").returncode == 0
    place.state()


def test_a_server_that_is_down_is_named_with_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askdoc.index.indexer._PATIENCE", 0.0)
    with chroma_serving() as server:
        place = Place(tmp_path, server.address)
        place.write(DOCUMENTS)
        place.index()
        before = place.answers()
        with app.answerer(place.workspace) as answerer:
            server.stop()
            with pytest.raises(ConnectionLost, match="no Chroma server answers") as caught:
                answerer.answer(QUESTIONS[0])
            assert f"chroma run --host 127.0.0.1 --port {server.port}" in str(caught.value.hint)
            with pytest.raises(ConnectionLost):
                place.index()
            server.start()
            assert answerer.answer(QUESTIONS[0]).text == before[0][0]
        assert place.answers() == before
        place.index()
        place.state()


def test_one_that_was_never_there_is_not_waited_for(tmp_path: Path) -> None:
    place = Place(tmp_path, f"chroma+http://127.0.0.1:{free_port()}")
    place.write(DOCUMENTS)
    with pytest.raises(StoreError, match="no Chroma server answers") as caught:
        place.index()
    assert "chroma run" in str(caught.value.hint)
    assert not isinstance(caught.value, ConnectionLost)


def test_a_run_goes_on_when_the_server_starts_again(tmp_path: Path) -> None:
    alone = Place(tmp_path / "alone")
    with chroma_serving() as server:
        place = Place(tmp_path / "served", server.address)
        for one in (alone, place):
            one.write(DOCUMENTS)
        alone.index()
        place.write({"docs/first.txt": "The mill turns when the tide goes out."})
        place.index()
        (place.folder / "docs/first.txt").unlink()
        server.stop()
        starting = threading.Timer(1.0, server.start)
        starting.start()
        place.index()
        starting.join()
        assert place.state()["texts"] == alone.state()["texts"]


def test_a_server_that_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_server, "_SECONDS", 0.3)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"chroma+http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(StoreError, match="said nothing for"):
            client(Server.of(address))


@contextmanager
def answering(status: int, seen: list[str | None]) -> Iterator[str]:
    """Answer each request with a status; note the tokens."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"chroma+http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "does not let you in"), (403, "does not let you in"), (404, "is no Chroma server")],
)
def test_the_token_goes_along_and_refusals_are_explained(
    status: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("ASKDOC_CHROMA_TOKEN", "hush")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nothing on this machine goes there
    seen: list[str | None] = []
    with answering(status, seen) as address:
        with pytest.raises(StoreError, match=message) as caught:
            client(Server.of(address))
        assert caught.value.hint
        assert "hush" not in str(caught.value)
    assert seen == ["Bearer hush"]
    assert "no_proxy" not in os.environ


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("chroma+http://chroma.example.org:8000", "without TLS"),
        ("chroma+http://192.168.1.7", "without TLS"),
        ("chroma+https://chroma.example.org", "there is no token"),
        ("chroma+https://me:hush@chroma.example.org", "has a user or a password"),
        ("chroma+http://127.0.0.1:8000/a", "not a name for a collection"),
        ("chroma+http://127.0.0.1:8000/a/b", "not a name for a collection"),
        ("chroma+http://127.0.0.1:port", "is not the address of a Chroma server"),
        ("chroma+http://", "is not the address of a Chroma server"),
        ("chroma+http://127.0.0.1?x=1", "is not the address of a Chroma server"),
    ],
)
def test_refuses_what_is_not_safe(
    tmp_path: Path, address: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.delenv("ASKDOC_CHROMA_TOKEN", raising=False)
    place = Place(tmp_path, address)
    place.write(DOCUMENTS)
    with pytest.raises(SettingsError, match=message) as caught:
        place.index()
    assert caught.value.hint
    assert "hush" not in str(caught.value)
    assert not (tmp_path / ".askdoc").exists()


def test_addresses_are_read() -> None:
    assert Server.of("chroma+http://localhost") == Server("http", "localhost", 8000)
    assert Server.of("chroma+http://[::1]:9/papers").url == "http://[::1]:9"
    assert Server.of("CHROMA+HTTPS://Host.example/papers") == Server(
        "https", "host.example", 443, "papers"
    )


def test_only_the_user_names_a_server(tmp_path: Path) -> None:
    (tmp_path / "askdoc.toml").write_text('index = "chroma+https://away.example/papers"')
    find = {"environment": {}, "user_config": tmp_path / "none.toml"}
    with pytest.raises(SettingsError, match="`index` is a Chroma server"):
        workspace.find(tmp_path, **find)  # type: ignore[arg-type]
    workspace.trust(tmp_path / "askdoc.toml")
    found = workspace.find(tmp_path, overrides={"offline": True}, **find)  # type: ignore[arg-type]
    assert found.index == tmp_path / ".askdoc/index"
    with pytest.raises(UsageError, match="`--offline` refuses to connect"):
        app.vector_places(found)
