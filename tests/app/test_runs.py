"""Several runs index a shared library at once, and each becomes visible in one transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.app.test_shared import Place

from askdoc import app
from askdoc.errors import ConnectionLost, StoreError
from askdoc.index import run as runs
from askdoc.types import Indexed, IndexReport

if TYPE_CHECKING:
    from tests.postgres import Server

THINGS = ("pier", "heron", "lamp", "salt", "bee", "oak")


def texts(folder: str, count: int) -> dict[str, str]:
    return {
        f"docs/{folder}/{number:02}.txt": f"The {THINGS[number % 6]} of {folder} has the number "
        f"{number}. It was counted in the year {1900 + number}."
        for number in range(count)
    }


def summary(place: Place) -> dict[str, Any]:
    """Return what is indexed, whichever file gave a document its id."""
    state = place.state()
    with app.open_catalog(place.workspace) as catalog:
        places = sorted(known.location for known in catalog.known())
        counts = catalog.counts()
        found = sorted(
            (chunk.text, round(hit.score, 6))
            for hit in catalog.search(["heron", "number"], 99)
            for chunk in catalog.chunks([hit.chunk_id])
        )
    kept = {name: state[name] for name in ("corpus", "words")}
    return {**kept, "places": places, "counts": counts, "found": found}


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Store every document by itself, and claim files one by one."""
    monkeypatch.setattr("askdoc.index.embed.GROUP", 1)
    monkeypatch.setattr(runs, "_CLAIMED", 1)


def index(place: Place, *, listen: Callable[[object], None]) -> IndexReport:
    with app.indexer(place.workspace) as indexer:
        return indexer.sync([place.folder / "docs"], listen)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Place:
    """Return the index that one run makes of twelve files, two of which are copies."""
    place = Place(tmp_path_factory.mktemp("alone") / "work", postgres.address())
    place.write(texts("north", 10))
    place.write({f"docs/south/{one}.txt": texts("north", 1)["docs/north/00.txt"] for one in "ab"})
    assert len(place.index().added) == 12
    return place


def test_a_run_becomes_visible_at_once(alone: Place, postgres: Server, small_groups: None) -> None:
    place = Place(alone.folder, postgres.address())
    seen: list[int] = []

    def listen(event: object) -> None:
        if isinstance(event, Indexed) and event.chunks:
            with app.open_catalog(place.workspace) as reader:
                seen.append(reader.counts().documents)

    index(place, listen=listen)
    assert len(seen) > 5
    assert not any(seen), "readers see nothing before the end"
    assert summary(place) == summary(alone)


def test_two_runs_over_one_folder_share_the_work(
    alone: Place, postgres: Server, small_groups: None
) -> None:
    place = Place(alone.folder, postgres.address())
    stored: list[list[str]] = [[], []]
    errors: list[BaseException] = []
    both = threading.Barrier(2)

    def work(number: int) -> None:
        begun = False

        def listen(event: object) -> None:
            nonlocal begun
            if isinstance(event, Indexed) and event.chunks and not begun:
                begun = True
                both.wait(60)  # each has one file and has not published it

        try:
            stored[number] += index(place, listen=listen).added
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    place_is_made = app.open_catalog(place.workspace, write=True)
    place_is_made.close()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not errors, errors
    assert all(stored), "each has read something"
    assert not set(stored[0]) & set(stored[1]), "no file was read twice"
    assert summary(place) == summary(alone)
    assert place.index().unchanged == 12


def test_the_next_run_completes_a_killed_one(
    alone: Place, postgres: Server, small_groups: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(alone.folder, postgres.address())
    read: list[int] = []

    class Killed(BaseException):
        pass

    def kill(event: object) -> None:
        if isinstance(event, Indexed) and event.documents >= 4:
            raise Killed

    with pytest.raises(Killed):
        index(place, listen=kill)
    with app.open_catalog(place.workspace, write=True) as catalog:
        catalog._all("SELECT 1")
        [(waiting,)] = catalog._all("SELECT count(*) FROM documents WHERE version = 0 AND ready")
        assert waiting >= 4
        # What a kill leaves: a run without an end, which holds its files until its lease ends.
        catalog._run("UPDATE runs SET ended = NULL, until = now() + interval '1 second'")
        catalog._run("INSERT INTO claims SELECT location, 1 FROM documents ON CONFLICT DO NOTHING")
    monkeypatch.setattr("askdoc.index.run.take_in_file", _counting(read))
    started = time.monotonic()
    place.index()
    assert time.monotonic() - started > 0.5, "it has waited for the lease"
    assert summary(place) == summary(alone)
    # The two copies are of a file that the killed run holds, so one of them is read.
    assert len(read) <= 11 - waiting, "what was read before is not read again"


def _counting(read: list[int]) -> Callable[..., None]:
    take_in = runs.take_in_file

    def counted(*given: Any) -> None:
        read.append(1)
        take_in(*given)

    return counted


def test_a_run_survives_lost_connections(
    alone: Place, postgres: Server, small_groups: None
) -> None:
    place = Place(alone.folder, postgres.address())
    cut: list[int] = []

    def listen(event: object) -> None:
        if isinstance(event, Indexed) and event.documents in (3, 7) and event.documents not in cut:
            cut.append(event.documents)
            postgres.stop()
            threading.Timer(0.5, postgres.start).start()

    index(place, listen=listen)
    assert cut == [3, 7]
    assert summary(place) == summary(alone)


def test_a_reader_holds_nothing_between_questions(alone: Place) -> None:
    with app.answerer(alone.workspace) as answerer:
        before = answerer.answer("What number has the heron of north?")
        app.rest(answerer)
        with app.open_catalog(alone.workspace, write=True) as writer:
            busy = writer._all(
                """SELECT state FROM pg_stat_activity WHERE application_name = 'askdoc'
                   AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"""
            )
            assert not busy
            others = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'askdoc' AND pid <> pg_backend_pid()"""
            writer._all(others)
        assert answerer.answer("What number has the heron of north?").text == before.text


def test_a_server_that_stays_away_is_an_error_with_a_hint(
    alone: Place, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askdoc.store.postgres.session._SECONDS", 0.5)
    with app.open_catalog(alone.workspace) as reader:
        postgres.stop()
        try:
            with pytest.raises(ConnectionLost, match="cannot connect to") as caught:
                reader.documents()
            assert caught.value.hint
        finally:
            postgres.start()
        reader.rest()
        assert reader.documents()


def test_a_run_that_was_silent_too_long_gives_up(alone: Place) -> None:
    from askdoc.store.postgres.catalog import PostgresCatalog

    database = app.database_of(alone.workspace)
    assert database is not None
    with (
        PostgresCatalog(database, alone.folder, write=True, run=901) as first,
        PostgresCatalog(database, alone.folder, write=True, run=902) as second,
    ):
        [known, *_] = first.known()
        document = first.documents([known.id])[0]
        first.stage(document)
        second.stage(document)
        with pytest.raises(StoreError, match="has taken over a file"):
            first.append(known.id, "text")
        second.drop_staged([known.id])
