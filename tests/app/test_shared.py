"""A library in PostgreSQL answers, changes and moves as one in a folder does."""

from __future__ import annotations

import contextlib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from askdoc import app, workspace
from askdoc.addresses import without_secrets
from askdoc.app.export import export_index, import_index
from askdoc.errors import (
    AskdocError,
    IndexLocked,
    SettingsError,
    StoreError,
    UsageError,
)
from askdoc.types import IndexReport

if TYPE_CHECKING:
    from tests.postgres import Server

    from askdoc.store.sql_catalog import SqlCatalog

DOCUMENTS = {
    "docs/pier.txt": "Mara Lind said that the pier would be rebuilt in oak by the spring. "
    "The old pier was broken by a storm in March.",
    "docs/copy.txt": "Mara Lind said that the pier would be rebuilt in oak by the spring. "
    "The old pier was broken by a storm in March.",
    "docs/bees.md": "# Bees\n\nA colony needs fifteen kilograms of honey to live through winter."
    "\n\n# Herons\n\nThe herons came back in May to the same nests near the old pier.",
    "docs/salt.txt": "Salt is won in flat basins by the sea, which the sun dries in nine days.",
}
QUESTIONS = (
    "Who said that the pier would be rebuilt?",
    "How much honey does a colony need?",
    "When did the herons come back?",
    "Who invented the telephone?",
)


class Place:
    """A workspace whose index is in a folder or in a database."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        self.folder = folder
        self.database = database
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def workspace(self) -> workspace.Workspace:
        return workspace.find(
            self.folder,
            overrides={"index": self.database, "workers": 0},
            environment={},
            user_config=self.folder / "none.toml",
        )

    def write(self, documents: dict[str, str]) -> None:
        for name, text in documents.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")

    def index(self, *, rebuild: bool = False) -> IndexReport:
        with app.indexer(self.workspace) as indexer:
            return indexer.sync([self.folder / "docs"], rebuild=rebuild)

    def answers(self) -> list[tuple[Any, ...]]:
        """Return what is answered, with its evidence and its confidence."""
        with app.answerer(self.workspace) as answerer:
            answers = [answerer.answer(question) for question in QUESTIONS]
        return [
            (
                answer.text,
                [(one.passage.chunk.id, one.span) for one in answer.evidence],
                round(answer.confidence, 4),
            )
            for answer in answers
        ]

    def state(self) -> dict[str, Any]:
        """Return what is indexed, having checked that vectors and passages agree."""
        with (
            app.open_catalog(self.workspace) as catalog,
            closing(app.open_vectors(self.workspace, catalog)) as vectors,
        ):
            ids = sorted(catalog.chunk_ids())
            assert sorted(vectors.ids()) == ids
            assert catalog.check() == vectors.check() == []
            assert catalog._all("SELECT count(*) FROM obsolete") == [(0,)]
            assert catalog._all("SELECT count(*) FROM documents WHERE version = 0") == [(0,)]
            asked = ["pier", "old", "herons", "honey"]
            return {
                "texts": {one.location: catalog.text(one.id) for one in catalog.documents()},
                "copies": [one.copies for one in catalog.documents()],
                "vectors": vectors.vectors(ids).round(5).tolist(),
                "sentences": catalog.sentence_vectors(ids),
                "corpus": catalog.corpus_fingerprint(),
                "words": catalog.vocabulary("h"),
                "found": catalog.search(asked, 9),
                "few": catalog.search(asked, 1),
                "phrase": catalog.search(asked, 9, together=[["old", "pier"], ["storm"]]),
                "apart": catalog.search([], 9, together=[["pier", "old"]]),
            }


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> tuple[Place, Place]:
    """Return two places with the same documents: one in a folder, one in a database."""
    folder = tmp_path_factory.mktemp("both") / "work"
    places = Place(folder), Place(folder, postgres.address())
    places[0].write(DOCUMENTS)
    for place in places:
        assert len(place.index().added) == 4
    return places


def test_answers_as_an_index_in_a_folder(both: tuple[Place, Place]) -> None:
    embedded, shared = both
    assert shared.state() == embedded.state()
    assert shared.state()["phrase"]
    assert not shared.state()["apart"]
    assert shared.answers() == embedded.answers()
    assert not (shared.folder / ".askdoc" / "shared").exists(), "nothing is kept here"


def test_llamaindex_finds_and_answers_the_same(both: tuple[Place, Place]) -> None:
    from askdoc.llamaindex import AskdocQueryEngine, AskdocRetriever

    found: list[list[Any]] = []
    for place in both:
        index = place.database or str(place.folder / ".askdoc" / "index")
        with AskdocRetriever.open(place.folder, index=index) as retriever:
            nodes = [
                [(n.node.id_, n.node.metadata) for n in retriever.retrieve(q)] for q in QUESTIONS
            ]
        with AskdocQueryEngine.open(place.folder, index=index) as engine:
            said = [engine.query(question) for question in QUESTIONS]
        found.append([nodes, [(str(one), [n.node.id_ for n in one.source_nodes]) for one in said]])
    assert found[0] == found[1]
    assert "fifteen kilograms" in found[0][1][1][0]


def test_moves_both_ways(both: tuple[Place, Place], tmp_path: Path, postgres: Server) -> None:
    embedded, shared = both
    before = {**embedded.state(), "copies": None, "texts": None}
    file = tmp_path / "library.askdoc"
    export_index(shared.workspace, file)
    back = Place(tmp_path / "back")
    assert import_index(back.workspace, file).documents == 3
    assert {**back.state(), "copies": None, "texts": None} == before
    export_index(back.workspace, file, force=True)
    forth = Place(tmp_path / "forth", postgres.address())
    import_index(forth.workspace, file)
    assert {**forth.state(), "copies": None, "texts": None} == before
    with pytest.raises(UsageError, match="there is an index of 3 documents"):
        import_index(forth.workspace, file)
    import_index(forth.workspace, file, force=True)
    forth.write(DOCUMENTS)
    assert forth.index().unchanged == 4
    assert [answer[0] for answer in forth.answers()] == [answer[0] for answer in shared.answers()]


def test_follows_changes_and_is_rebuilt(tmp_path: Path, postgres: Server) -> None:
    folder = tmp_path / "work"
    shared = Place(folder, postgres.address())
    shared.write({name: DOCUMENTS[name] for name in ("docs/pier.txt", "docs/bees.md")})
    shared.index()
    with app.open_catalog(shared.workspace) as reader:
        seen = app.index_state(shared.workspace)
        (folder / "docs" / "pier.txt").write_text("The pier was sold.", encoding="utf-8")
        (folder / "docs" / "bees.md").unlink()
        shared.write({"docs/new.txt": "A lamp burns in the old lighthouse."})
        report = shared.index()
        assert (report.changed, report.removed) == (("docs/pier.txt",), ("docs/bees.md",))
        changed = shared.state()
        assert changed["texts"]["docs/pier.txt"] == "The pier was sold."
        assert sorted(changed["texts"]) == ["docs/new.txt", "docs/pier.txt"]
        assert not changed["words"], "the words of what is gone are gone"
        assert app.index_state(shared.workspace) != seen
        shared.index(rebuild=True)
        assert shared.state() == changed
        assert len(reader.documents()) == 2, "the reader sees what was there when it began"
        assert reader.search(["honey"], 5)
        reader.refresh()
        assert not reader.search(["honey"], 5)


def test_one_run_at_a_time(both: tuple[Place, Place]) -> None:
    from askdoc.store.postgres import library

    _, shared = both
    database = app.database_of(shared.workspace)
    assert database is not None
    with (
        library.writing(database, "askdoc index"),
        pytest.raises(IndexLocked, match=r"another process .* `askdoc index`, since"),
    ):
        shared.index()
    assert shared.index().unchanged == 4


def test_a_graph_finds_what_a_comparison_with_all_finds(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from askdoc.store.postgres.session import Database, Session
    from askdoc.store.postgres.vectors import PostgresVectors

    random = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    database = Database.of(postgres.address())
    with (
        closing(Session(database, write=True)) as session,
        closing(Session(database, write=False)) as reader,
    ):
        vectors = PostgresVectors(session, write=True)
        vectors.add([f"{n:03}" for n in range(300)], ["d"] * 300, random)
        exact = vectors.search(random[7], 20)
        monkeypatch.setattr("askdoc.store.postgres.vectors.GRAPH_FROM", 1)
        vectors.close()
        reader.begin_snapshot()
        for asked in (session, reader):  # a reader looks through a view
            asked.all("SELECT set_config('enable_seqscan', 'off', ?)", asked is reader)
            assert PostgresVectors(asked).search(random[7], 20) == exact
            plan = asked.all(
                """EXPLAIN SELECT id FROM vectors
                   ORDER BY vector::halfvec(16) <=> ?::halfvec(16) LIMIT 9""",
                random[7],
            )
            assert "vectors_by_cosine" in str(plan)


def test_a_reader_survives_a_lost_connection(both: tuple[Place, Place]) -> None:
    _, shared = both
    with (
        app.open_catalog(shared.workspace) as reader,
        app.open_catalog(shared.workspace, write=True) as writer,
    ):

        def cut(catalog: SqlCatalog) -> None:
            [(process,)] = catalog._all("SELECT pg_backend_pid()")
            with app.open_catalog(shared.workspace) as other:
                other._all("SELECT pg_terminate_backend(?)", process)

        cut(reader)
        assert len(reader.documents()) == 3
        cut(reader)
        before = writer.corpus_fingerprint()
        writer.keep("corpus_fingerprint", "another")
        with pytest.raises(StoreError, match="was changed meanwhile"):
            reader.documents()
        writer.keep("corpus_fingerprint", before)
        cut(writer)
        writer.keep("anything", "else")

        def change() -> None:
            with writer.transaction():
                cut(writer)
                writer.keep("anything", "else")

        with pytest.raises(StoreError, match=r"the connection to .* is lost") as caught:
            change()
        assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ("schema=nothing_here", "there is no index in", "askdoc index"),
        ("schema=A-b", "not a name for a schema", "small letters"),
        ("host=/nowhere", "cannot connect to", "see whether the server runs"),
        ("dbname=absent", "cannot connect to", "createdb"),
        ("user=nobody_here", "cannot connect to", "postgresql://USER@HOST"),
        ("sslmode=odd", "cannot connect to", "the address is right"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(
    tmp_path: Path, postgres: Server, change: str, message: str, hint: str
) -> None:
    key = change.partition("=")[0]
    given = {"host": str(postgres.folder), "dbname": "postgres", "user": "postgres"}
    query = "&".join([f"{name}={value}" for name, value in given.items() if name != key])
    place = Place(tmp_path, f"postgresql:///?{query}&password=hush-hush&{change}")
    with pytest.raises(AskdocError, match=message) as caught:
        app.open_catalog(place.workspace).close()
    assert hint in str(caught.value.hint)
    assert "hush" not in f"{caught.value} {caught.value.hint} {place.workspace!r}"


def test_a_reader_cannot_write(both: tuple[Place, Place]) -> None:
    _, shared = both
    database = app.database_of(shared.workspace)
    assert database is not None
    with app.open_catalog(shared.workspace, write=True) as owner, contextlib.suppress(Exception):
        owner._all("SELECT 1")
        session = owner.session  # type: ignore[attr-defined]
        session.run("DROP ROLE IF EXISTS only_reads")
        session.run("CREATE ROLE only_reads LOGIN")
        schema = database.schema
        session.run(f"GRANT USAGE ON SCHEMA {schema}, {schema}_seen TO only_reads")
        session.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema}_seen TO only_reads")
        session.run(f"GRANT SELECT ON {schema}.alembic_version TO only_reads")
    assert shared.database is not None
    reader = Place(shared.folder, shared.database.replace("postgres@", "only_reads@"))
    assert reader.answers() == shared.answers()
    with pytest.raises(StoreError, match="refuses: permission denied") as caught:
        reader.index()
    assert "owner" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://host/name", "postgresql://host/name"),
        ("postgres://me:hush@host:5/name", "postgresql://me@host:5/name"),
        ("postgresql://me:hu@sh@host/name", "postgresql://me@host/name"),
        ("postgresql://me:hu/sh@host/name", "postgresql://…"),
        ("postgresql://me:hu#sh@host/name", "postgresql://…"),
        ("postgresql://me:hu?sh@host/name", "postgresql://…"),
        ("postgresql://host/name?password=hush&schema=a", "postgresql://host/name?schema=a"),
        ("postgresql:///name?host=/tmp&sslpassword=hush", "postgresql:///name?host=/tmp"),
        ("postgresql://[hush/name", "postgresql://…"),
        ("a/folder", "a/folder"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_secrets(address) == shown


def test_only_the_user_names_a_database(tmp_path: Path) -> None:
    (tmp_path / "askdoc.toml").write_text('index = "postgresql://me:hush@away/name"')
    find = {"environment": {}, "user_config": tmp_path / "none.toml"}
    with pytest.raises(SettingsError, match="`index` is a database") as caught:
        workspace.find(tmp_path, **find)  # type: ignore[arg-type]
    assert "hush" not in str(caught.value)
    workspace.trust(tmp_path / "askdoc.toml")
    found = workspace.find(tmp_path, overrides={"offline": True}, **find)  # type: ignore[arg-type]
    assert found.place == "postgresql://me@away/name"
    with pytest.raises(UsageError, match="`--offline` refuses to connect"):
        app.open_catalog(found)
    (tmp_path / "none.toml").write_text('index = "postgresql://me:hush@away/name"')
    with pytest.raises(SettingsError, match="every workspace") as caught:
        workspace.find(tmp_path, **find)  # type: ignore[arg-type]
    assert "hush" not in f"{caught.value} {caught.value.hint}"
