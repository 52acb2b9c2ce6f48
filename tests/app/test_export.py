"""An index from one folder to another, as one file: real files, the real index and embedder."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.commands import askdoc

from askdoc import app, workspace
from askdoc.app.export import export_index, import_index
from askdoc.errors import (
    AskdocError,
    BadExport,
    EmbedderMismatch,
    IndexLocked,
    IndexTooNew,
    NoIndex,
    UsageError,
)
from askdoc.store import archive as export_file
from askdoc.store import embedded, files
from askdoc.store.packing import pack_numbers, pack_text
from askdoc.types import Block, Field, IndexReport, Kind, Moving, Span, Structure

DOCUMENTS = {
    "docs/pier.txt": "Mara Lind said that the pier would be rebuilt in oak by the spring.",
    "docs/copy.txt": "Mara Lind said that the pier would be rebuilt in oak by the spring.",
    "docs/bees.md": "# Bees\n\nA colony needs fifteen kilograms of honey to live through winter.",
}
HERONS = "The herons came back in May to the same nests."


class Place:
    """A workspace on a machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    @property
    def workspace(self) -> workspace.Workspace:
        return workspace.find(self.folder, environment={}, user_config=self.folder / "none.toml")

    def write(self, documents: dict[str, str]) -> None:
        for name, text in documents.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")

    def index(self, *paths: Path) -> IndexReport:
        with app.indexer(self.workspace) as indexer:
            return indexer.sync(paths or None)

    def ask(self, question: str) -> str:
        with app.answerer(self.workspace) as answerer:
            return answerer.answer(question).text

    def state(self) -> dict[str, Any]:
        """Return what is indexed, having checked that vectors and passages agree."""
        with (
            app.open_catalog(self.workspace) as catalog,
            closing(app.open_vectors(self.workspace, catalog)) as vectors,
        ):
            ids = catalog.chunk_ids()
            assert set(vectors.ids()) == set(ids)
            assert catalog.check() == vectors.check() == []
            found = {one.location: catalog.text(one.id) for one in catalog.documents()}
            numbers = {one: vectors.vectors([one])[0].tolist() for one in sorted(ids)}
            sentences = catalog.sentence_vectors(ids)
            assert set(sentences) == set(ids)
            return {
                "texts": found,
                "vectors": numbers,
                "sentences": sentences,
                "corpus": catalog.corpus_fingerprint(),
            }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a workspace with sources inside and outside of it."""
    folder = tmp_path_factory.mktemp("first")
    place = Place(folder / "work")
    place.write(DOCUMENTS)
    (folder / "birds").mkdir()
    (folder / "birds" / "herons.txt").write_text(HERONS, encoding="utf-8")
    place.index(place.folder / "docs", folder / "birds")
    return place


@pytest.fixture(scope="module")
def packed(first: Place) -> Path:
    file = first.folder.parent / "library.askdoc"
    events: list[object] = []
    done = export_index(first.workspace, file, events.append)
    assert (done.documents, done.passages) == (3, 3)
    moving = [event for event in events if isinstance(event, Moving)]
    assert {event.what for event in moving} == {"Reading vectors", "Packing"}
    assert moving[-1].done == moving[-1].total
    return file


@pytest.fixture
def second(tmp_path: Path) -> Place:
    return Place(tmp_path / "other" / "work")


def test_questions_work_at_once_and_moved_documents_are_unchanged(
    first: Place, second: Place, packed: Path
) -> None:
    done = import_index(second.workspace, packed)
    assert done.absent == ("docs", "elsewhere/birds")
    assert "oak" in second.ask("What will the pier be rebuilt in?")
    assert "May" in second.ask("When did the herons come back?")
    before, after = first.state(), second.state()
    assert after["vectors"].keys() == before["vectors"].keys()
    for one, numbers in before["vectors"].items():  # Chroma scales to unit length once more
        assert after["vectors"][one] == pytest.approx(numbers, abs=1e-7)
    assert after["sentences"] == before["sentences"]
    assert after["corpus"] == before["corpus"]
    assert after["texts"].keys() == {"docs/copy.txt", "docs/bees.md", "elsewhere/birds/herons.txt"}

    second.write(DOCUMENTS)  # with other times than the first ones
    second.write({"elsewhere/birds/herons.txt": HERONS})
    report = second.index()
    assert (report.unchanged, report.chunks) == (4, 0)
    assert (report.added, report.changed, report.removed) == ((), (), ())
    second.write({"docs/bees.md": "# Bees\n\nSwarms leave the hive on warm days."})
    assert second.index().changed == ("docs/bees.md",)


def test_vectors_live_through_all_that_happens_to_an_index(tmp_path: Path) -> None:
    place, other = Place(tmp_path / "place"), Place(tmp_path / "other")
    place.write(DOCUMENTS)
    place.index(place.folder / "docs")
    place.write({"docs/bees.md": HERONS})
    place.index()
    changed = place.state()
    with app.indexer(place.workspace) as indexer:
        indexer.sync(rebuild=True)
    assert place.state() == changed
    embedded.discard(place.workspace.index)
    assert not app.has_vectors(place.workspace)
    with app.indexer(place.workspace) as indexer:
        indexer.repair()
    assert place.state() == changed
    file = tmp_path / "library.askdoc"
    export_index(place.workspace, file)
    import_index(other.workspace, file)
    assert other.state()["vectors"].keys() == changed["vectors"].keys()


def test_documents_that_are_brought_to_another_place_are_recognised(
    second: Place, packed: Path
) -> None:
    import_index(second.workspace, packed)
    second.write({"papers/pier.txt": DOCUMENTS["docs/pier.txt"], "papers/herons.txt": HERONS})
    report = second.index(second.folder / "papers")
    assert (len(report.added), report.chunks) == (2, 0)
    # Nothing is lost because a folder is not there yet.
    report = second.index()
    assert (report.removed, len(report.skipped)) == ((), 2)


def test_no_path_of_the_first_machine_is_in_the_file(first: Place, packed: Path) -> None:
    folder = str(first.folder.parent).encode()
    with zipfile.ZipFile(packed) as archive:
        for name in archive.namelist():
            assert folder not in archive.read(name), name


def test_an_index_is_replaced_only_on_demand(second: Place, packed: Path) -> None:
    second.write({"own.txt": "Boats leave before dawn."})
    second.index(second.folder / "own.txt")
    before = second.state()
    with pytest.raises(UsageError, match="there is an index of 1 document") as caught:
        import_index(second.workspace, packed)
    assert caught.value.hint
    assert "--force" in caught.value.hint
    assert second.state() == before
    import_index(second.workspace, packed, force=True)
    assert len(second.state()["texts"]) == 3
    assert "oak" in second.ask("What will the pier be rebuilt in?")


def test_a_file_is_replaced_only_on_demand(first: Place, tmp_path: Path) -> None:
    file = tmp_path / "a.askdoc"
    file.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        export_index(first.workspace, file)
    assert file.read_text() == "mine"
    export_index(first.workspace, file, force=True)
    assert zipfile.is_zipfile(file)
    assert [one.name for one in tmp_path.iterdir()] == ["a.askdoc"]
    with pytest.raises(UsageError, match="no folder"):
        export_index(first.workspace, tmp_path / "none" / "a.askdoc")


def test_there_is_nothing_to_export(second: Place, tmp_path: Path) -> None:
    with pytest.raises(NoIndex):
        export_index(second.workspace, tmp_path / "a.askdoc")
    assert not second.workspace.index.exists()


def test_members_that_pack_too_well_are_stored(tmp_path: Path) -> None:
    for name in export_file.MEMBERS:
        (tmp_path / name).write_bytes(bytes(20_000_000))
    file = tmp_path / "a.askdoc"
    export_file.write(file, tmp_path, {}, force=False, progress=lambda _done, _of: None)
    assert file.stat().st_size > 60_000_000
    with export_file.opened(file) as whole:
        whole.expect_whole()


def test_one_writer_at_a_time(first: Place, second: Place, packed: Path, tmp_path: Path) -> None:
    with files.writing(first.workspace.index, "another"), pytest.raises(IndexLocked):
        export_index(first.workspace, tmp_path / "a.askdoc")
    second.workspace.index.mkdir(parents=True)
    with files.writing(second.workspace.index, "another"), pytest.raises(IndexLocked):
        import_index(second.workspace, packed)


def test_an_import_that_breaks_off_leaves_an_index_that_the_next_run_repairs(
    second: Place, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second.write({"own.txt": "Boats leave before dawn. Nobody counts them."})
    second.index(second.folder / "own.txt")
    before = second.state()

    def killed(_folder: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # the last step is the one that counts
        patch.setattr("askdoc.app.export.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            import_index(second.workspace, packed, force=True)
    assert "dawn" in second.ask("When do boats leave?")
    assert second.index().unchanged == 1
    after = second.state()
    assert (after["texts"], after["corpus"]) == (before["texts"], before["corpus"])
    import_index(second.workspace, packed, force=True)
    assert len(second.state()["texts"]) == 3


# ── other settings, other embedders, other versions ─────────────────────────────────────────────


def test_other_settings_are_reported(second: Place, packed: Path) -> None:
    second.folder.joinpath("askdoc.toml").write_text("chunk_tokens = 99\n")
    with pytest.raises(EmbedderMismatch, match="`chunk_tokens = 160`") as caught:
        import_index(second.workspace, packed)
    assert caught.value.hint
    assert "askdoc config set chunk_tokens 160" in caught.value.hint


Change = Callable[[Path, dict[str, Any]], None]


def repacked(packed: Path, target: Path, change: Change, *, marked: bool = True) -> Path:
    """Write the file anew with its members changed in a folder, and sums that hold all the same."""
    folder = target.parent / "members"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with zipfile.ZipFile(packed) as archive:
        for name in archive.namelist():
            (folder / name).write_bytes(archive.read(name))
    about = json.loads((folder / "manifest.json").read_text())
    change(folder, about)
    for member in about["members"]:
        data = (folder / member["name"]).read_bytes()
        member |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest = json.dumps(about).encode()
    (folder / "manifest.json").write_bytes(manifest)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
        if marked:
            archive.comment = f"sha256:{hashlib.sha256(manifest).hexdigest()}".encode()
    return target


def said(**values: object) -> Change:
    def change(_folder: Path, about: dict[str, Any]) -> None:
        about.update(values)

    return change


def in_catalog(*statements: tuple[str, tuple[object, ...]]) -> Change:
    def change(folder: Path, _about: dict[str, Any]) -> None:
        with closing(sqlite3.connect(folder / "catalog.sqlite")) as database:
            for statement, values in statements:
                database.execute(statement, values)
            database.commit()

    return change


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (said(version=2), IndexTooNew, "a newer askdoc made"),
        (in_catalog(("PRAGMA user_version = 99", ())), IndexTooNew, "a newer askdoc made"),
        (in_catalog(("PRAGMA user_version = 1", ())), BadExport, "an older form"),
        (said(embedder_fingerprint="other"), EmbedderMismatch, "not with `all-MiniLM-L6-v2`"),
        (said(embedder="org/none-such"), EmbedderMismatch, "`org/none-such`, which is not here"),
        (said(settings_fingerprint="other"), EmbedderMismatch, "other settings"),
        (said(format="something"), BadExport, "not an exported index"),
    ],
)
def test_what_does_not_fit_is_reported_with_a_hint(
    second: Place, packed: Path, change: Change, error: type[AskdocError], words: str
) -> None:
    file = repacked(packed, second.folder.parent / "other.askdoc", change)
    with pytest.raises(error, match=words) as caught:
        import_index(second.workspace, file)
    assert caught.value.hint
    expect_nothing_in(second)


def expect_nothing_in(place: Place) -> None:
    """Check that an import that was refused has left nothing that counts."""
    with pytest.raises(NoIndex):
        app.expect_index(place.workspace)
    assert not (place.workspace.index / "chroma").exists()
    assert list(place.folder.iterdir()) == []


# ── damage and malice ───────────────────────────────────────────────────────────────────────────


def test_any_damage_is_seen(second: Place, packed: Path) -> None:
    sound = packed.read_bytes()
    file = second.folder.parent / "damaged.askdoc"
    with zipfile.ZipFile(packed) as archive:
        starts = [member.header_offset for member in archive.infolist()]
    places = [start + 200 for start in starts] + [len(sound) - 10]
    for place in places:
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 0x55]) + sound[place + 1 :])
        with pytest.raises(BadExport):
            import_index(second.workspace, file)
    for length in (0, 10, len(sound) // 2, len(sound) - 1):
        file.write_bytes(sound[:length])
        with pytest.raises(BadExport):
            import_index(second.workspace, file)
    expect_nothing_in(second)
    with pytest.raises(UsageError, match="no file"):
        import_index(second.workspace, file.with_name("none"))


def test_other_members_are_refused(second: Place, packed: Path) -> None:
    def with_member(name: str, *, link: bool = False) -> Path:
        file = repacked(packed, second.folder.parent / "more.askdoc", said())
        with zipfile.ZipFile(file, "a") as archive:
            info = zipfile.ZipInfo(name)
            if link:
                info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        return file

    outside = second.folder.parent / "escaped.txt"
    for name, link in (("../../escaped.txt", False), (str(outside), False), ("chroma", True)):
        with pytest.raises(BadExport, match="something else"):
            import_index(second.workspace, with_member(name, link=link))
    assert not outside.exists()

    file = second.folder.parent / "twice.askdoc"
    shutil.copy(packed, file)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("vectors.ids", "x")
    with pytest.raises(BadExport):
        import_index(second.workspace, file)
    expect_nothing_in(second)


def test_a_bomb_is_not_unpacked(second: Place, packed: Path) -> None:
    def bomb(folder: Path, _about: dict[str, Any]) -> None:
        (folder / "vectors.ids").write_bytes(b"0" * 100_000_000)

    file = repacked(packed, second.folder.parent / "bomb.askdoc", bomb)
    assert file.stat().st_size < 1_000_000
    with pytest.raises(BadExport, match="unpacks to far too much"):
        import_index(second.workspace, file)

    within = in_catalog(("UPDATE texts SET packed = ?", (zlib.compress(b"x" * 100_000_000),)))
    file = repacked(packed, second.folder.parent / "within.askdoc", within)
    with pytest.raises(BadExport, match="text is damaged"):
        import_index(second.workspace, file)

    bomb_of_terms = (zlib.compress(b"x" * 100_000_000),)
    for statements in (
        [("UPDATE terms SET packed = ?", bomb_of_terms)],
        [
            ("UPDATE terms SET packed = ?", bomb_of_terms),
            ("UPDATE documents SET length = 100000000", ()),  # which its text does not bear out
        ],
    ):
        file = repacked(packed, second.folder.parent / "terms.askdoc", in_catalog(*statements))
        with pytest.raises(BadExport, match="text is"):
            import_index(second.workspace, file)
    expect_nothing_in(second)


def test_vectors_of_sentences_that_unpack_to_too_much_or_to_less_than_they_say_are_refused(
    second: Place, packed: Path
) -> None:
    statement = "UPDATE sentence_vectors SET packed = ?, lengths = ?"
    for values in (
        (zlib.compress(bytes(100_000_000)), pack_numbers([64, 100_000_000])),
        (zlib.compress(bytes(64)), pack_numbers([64, 128])),
        (zlib.compress(bytes(64)), "64"),
    ):
        within = in_catalog((statement, values))
        file = repacked(packed, second.folder.parent / "sentences.askdoc", within)
        with pytest.raises(BadExport, match="damaged"):
            import_index(second.workspace, file)
    expect_nothing_in(second)


IN_ORDER = Structure([Block(Span(0, 4), Kind.ITEM), Block(Span(5, 9), Kind.CODE)])
FIELD = "INSERT INTO fields SELECT key, 0, 'status', 'draft', ?, ? FROM documents"


def test_structure_and_fields_are_moved(second: Place, packed: Path) -> None:
    within = in_catalog(("UPDATE documents SET structure = ?", (IN_ORDER.packed,)), (FIELD, (0, 6)))
    file = repacked(packed, second.folder.parent / "structure.askdoc", within)
    import_index(second.workspace, file)
    with app.open_catalog(second.workspace) as catalog:
        for document in catalog.documents():
            assert document.structure == IN_ORDER
            assert document.fields == (Field("status", "draft", Span(0, 6)),)


def test_structure_and_fields_outside_of_the_text_are_refused(second: Place, packed: Path) -> None:
    far = Structure([Block(Span(0, 1 << 20), Kind.CODE)])
    statement = "UPDATE documents SET structure = ?"
    for change in (
        (statement, (far.packed,)),
        (statement, (zlib.compress(b"[[1], [0], [-5]]"),)),
        (statement, (zlib.compress(b"[[99], [0], [5]]"),)),
        (statement, (zlib.compress(bytes(100_000_000)),)),
        (statement, (b"no blocks",)),
        (FIELD, (0, 1 << 20)),
        (FIELD, (6, 5)),
    ):
        file = repacked(packed, second.folder.parent / "structure.askdoc", in_catalog(change))
        with pytest.raises(BadExport, match="damaged"):
            import_index(second.workspace, file)
    expect_nothing_in(second)


@pytest.mark.parametrize(
    "place", ["/etc/passwd", "../../secret.txt", "docs/../../secret", "file:///etc/passwd", "C:/x"]
)
def test_places_outside_of_the_folder_are_refused(second: Place, packed: Path, place: str) -> None:
    for statement in (
        "UPDATE documents SET location = ? WHERE key = 1",
        "INSERT INTO sources VALUES (?)",
        "UPDATE documents SET source = ? WHERE key = 1",
        "INSERT INTO exclusions VALUES (?)",
    ):
        file = repacked(
            packed, second.folder.parent / "out.askdoc", in_catalog((statement, (place,)))
        )
        with pytest.raises(BadExport, match="outside of its folder"):
            import_index(second.workspace, file)
    expect_nothing_in(second)


def test_what_else_is_in_a_catalog_stays_behind(second: Place, packed: Path) -> None:
    file = repacked(
        packed,
        second.folder.parent / "trigger.askdoc",
        in_catalog(
            ("CREATE TABLE more (x)", ()),
            ("CREATE TRIGGER t AFTER INSERT ON sources BEGIN DELETE FROM documents; END", ()),
            ("CREATE VIEW seen AS SELECT * FROM documents", ()),
        ),
    )
    import_index(second.workspace, file)
    with closing(sqlite3.connect(second.workspace.index / "catalog.sqlite")) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert names.isdisjoint({"more", "t", "seen"})
    assert len(second.state()["texts"]) == 3


def test_a_catalog_that_is_none_is_refused(second: Place, packed: Path) -> None:
    def no_database(folder: Path, _about: dict[str, Any]) -> None:
        (folder / "catalog.sqlite").write_bytes(b"no database at all" * 1000)

    view = in_catalog(("DROP TABLE texts", ()), ("CREATE VIEW texts AS SELECT 1 AS document", ()))
    fewer = in_catalog(("DELETE FROM chunks WHERE key = 1", ()))
    garbled = in_catalog(("UPDATE terms SET packed = ?", (pack_text("x")[:-3],)))
    for change in (no_database, view, fewer, garbled):
        file = repacked(packed, second.folder.parent / "none.askdoc", change)
        with pytest.raises(BadExport):
            import_index(second.workspace, file)
    expect_nothing_in(second)


def test_vectors_that_are_none_are_refused(second: Place, packed: Path) -> None:
    def zeros(folder: Path, _about: dict[str, Any]) -> None:
        numbers = folder / "vectors.f32"
        numbers.write_bytes(bytes(numbers.stat().st_size))

    def fewer(folder: Path, _about: dict[str, Any]) -> None:
        numbers = folder / "vectors.f32"
        numbers.write_bytes(numbers.read_bytes()[:-4])

    for change in (zeros, fewer):
        file = repacked(packed, second.folder.parent / "vectors.askdoc", change)
        with pytest.raises(BadExport, match="vectors"):
            import_index(second.workspace, file)
    expect_nothing_in(second)


def test_a_file_without_its_own_sum_is_refused(second: Place, packed: Path) -> None:
    file = repacked(packed, second.folder.parent / "bare.askdoc", said(), marked=False)
    with pytest.raises(BadExport, match="checksum"):
        import_index(second.workspace, file)


# ── the commands ────────────────────────────────────────────────────────────────────────────────


def test_the_commands(first: Place, second: Place) -> None:
    def run(place: Place, *arguments: str, code: int = 0) -> str:
        done = askdoc(place.folder, *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    file = str(second.folder.parent / "library.askdoc")
    assert "exported 3 documents, 3 passages" in run(first, "export", file)
    assert "--force" in run(first, "export", file, code=2)
    told = run(second, "import", file)
    assert "imported 3 documents, 3 passages" in told
    assert "not here yet: docs, elsewhere/birds" in told
    assert "oak" in run(second, "What will the pier be rebuilt in?")
    assert "--force" in run(second, "import", file, code=2)
    Path(file).write_bytes(Path(file).read_bytes()[:-50])
    assert "hint: export it again" in run(second, "import", "--force", file, code=1)
    assert "oak" in run(second, "What will the pier be rebuilt in?")
