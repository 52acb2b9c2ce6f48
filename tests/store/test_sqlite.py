from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askdoc.errors import DiskFull, IndexCorrupt, IndexTooNew, NoIndex, StoreError
from askdoc.store import packing, schema
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.packing import pack_id, pack_spans, unpack_id, unpack_spans
from askdoc.strings import line_of, line_starts
from askdoc.types import (
    Chunk,
    Document,
    Span,
    Stamp,
)


def put(catalog: SqliteCatalog, name: str, text: str) -> None:
    spans = [Span(start, min(start + 500, len(text))) for start in range(0, len(text), 500)]
    catalog.put(
        Document(name, name, name, ".", "", None, len(text), Stamp(1, 1, name), (), "en"),
        text,
        [Chunk(f"{name}{span.start}", name, span, span.of(text), (span,)) for span in spans],
        [span.of(text) for span in spans],
    )


def words(count: int) -> str:
    return " ".join(f"word{number}" for number in range(count))


# ── what is written can be read ─────────────────────────────────────────────────────────────────

lined_text = st.text(st.sampled_from("ab\n\r "), min_size=1, max_size=60)


@given(text=lined_text, segment=st.integers(1, 7), data=st.data())
@settings(max_examples=60, deadline=None)
def test_text_and_lines_do_not_depend_on_where_the_text_is_cut(
    text: str, segment: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    folder = tmp_path_factory.mktemp("catalog")
    with pytest.MonkeyPatch.context() as patch, SqliteCatalog(folder, folder, write=True) as it:
        patch.setattr(packing, "_SEGMENT", segment)
        put(it, "a", text)
        starts = line_starts(text)
        assert it.text("a") == text
        assert it.text("a", Span(start, end)) == text[start:end]
        assert it.lines("a", Span(start, end)) == (line_of(starts, start), line_of(starts, end - 1))


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40_000)), max_size=8), st.integers(0))
def test_spans_survive_packing(pairs: list[tuple[int, int]], origin: int) -> None:
    spans: list[Span] = []
    position = origin
    for gap, length in pairs:
        spans.append(Span(position + gap, position + gap + length))
        position = spans[-1].end
    assert unpack_spans(pack_spans(spans, origin), origin) == tuple(spans)


@given(st.one_of(st.text(), st.binary(min_size=16, max_size=16).map(bytes.hex)))
@pytest.mark.parametrize("change", [str, str.upper])
def test_ids_survive_packing(change: type[str], chunk_id: str) -> None:
    assert unpack_id(pack_id(change(chunk_id))) == change(chunk_id)


def test_a_common_word_costs_no_more_than_it_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askdoc.store.reader._MOST_POSTINGS", 3)
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        put(catalog, "a", "the rare word".ljust(500) + "the".ljust(500) + "the".ljust(500))
        assert [hit.chunk_id for hit in catalog.search(["the", "rare"], 5)] == ["a0"]
        assert len(catalog.search(["the"], 5)) == 3


# ── what is wrong is said ───────────────────────────────────────────────────────────────────────


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match="there is no index in") as caught:
        SqliteCatalog(tmp_path / "none", tmp_path)
    assert caught.value.hint
    assert "askdoc index" in caught.value.hint
    assert not (tmp_path / "none").exists()


def test_an_empty_file_is_no_index_and_can_become_one(tmp_path: Path) -> None:
    (tmp_path / schema.FILE_NAME).touch()
    with pytest.raises(NoIndex):
        SqliteCatalog(tmp_path, tmp_path)
    SqliteCatalog(tmp_path, tmp_path, write=True).close()
    SqliteCatalog(tmp_path, tmp_path).close()


@pytest.mark.parametrize("write", [False, True])
def test_a_newer_schema(tmp_path: Path, *, write: bool) -> None:
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        put(catalog, "a", "text")
        catalog._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(IndexTooNew, match=r"newer askdoc .* \(schema 99\)"):
        SqliteCatalog(tmp_path, tmp_path, write=write)


@pytest.mark.parametrize("write", [False, True])
def test_an_older_schema(tmp_path: Path, *, write: bool) -> None:
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        catalog._connection.execute("PRAGMA user_version = 1")
    with pytest.raises(IndexCorrupt, match=r"older askdoc .* \(schema 1\)") as caught:
        SqliteCatalog(tmp_path, tmp_path, write=write)
    assert "--rebuild" in (caught.value.hint or "")


@pytest.mark.parametrize("write", [False, True])
def test_another_programs_database(tmp_path: Path, *, write: bool) -> None:
    with sqlite3.connect(tmp_path / schema.FILE_NAME) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    with pytest.raises(StoreError, match="not a catalog of askdoc") as caught:
        SqliteCatalog(tmp_path, tmp_path, write=write)
    assert not isinstance(caught.value, IndexCorrupt)
    assert caught.value.hint == "choose another folder with `--index`"


def test_a_catalog_that_lost_its_mark_is_damaged(tmp_path: Path) -> None:
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        catalog._connection.execute("PRAGMA application_id = 0")
    with pytest.raises(IndexCorrupt, match="its mark is gone"):
        SqliteCatalog(tmp_path, tmp_path, write=True)


@pytest.mark.parametrize("write", [False, True])
def test_a_file_that_is_no_database(tmp_path: Path, *, write: bool) -> None:
    (tmp_path / schema.FILE_NAME).write_bytes(b"something else entirely" * 1000)
    with pytest.raises(IndexCorrupt, match="not a database") as caught:
        SqliteCatalog(tmp_path, tmp_path, write=write)
    assert caught.value.hint
    assert "askdoc index --rebuild PATH" in caught.value.hint


def test_an_index_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file")
    with pytest.raises(StoreError):
        SqliteCatalog(tmp_path / "index", tmp_path, write=True)


@pytest.mark.parametrize("where", [0.2, 0.4, 0.6, 0.8])
def test_overwritten_bytes_are_found(tmp_path: Path, where: float) -> None:
    """Whatever page is hit, each call gives an answer or says that the catalog is damaged."""
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        for number in range(30):
            put(catalog, f"d{number}", words(2000))
    file = tmp_path / schema.FILE_NAME
    with file.open("r+b") as stream:
        stream.seek(int(file.stat().st_size * where))
        stream.write(b"\xa5" * 50_000)
    damage = 0
    with SqliteCatalog(tmp_path, tmp_path) as catalog:
        for call in (
            catalog.documents,
            lambda: [catalog.text(f"d{number}") for number in range(30)],
            lambda: catalog.chunks([f"d{number}0" for number in range(30)]),
            lambda: catalog.search(["word7"], 50),
            lambda: catalog.frequencies(["word7"]),
        ):
            try:
                call()
            except IndexCorrupt:
                damage += 1
        assert damage or catalog.check()


FILL = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_sqlite import SqliteCatalog, put, words
from askdoc.errors import DiskFull

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path({folder!r})
with SqliteCatalog(folder, folder, write=True) as catalog:
    put(catalog, "first", words(500))
    used = max(file.stat().st_size for file in folder.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (used + 100_000, used + 100_000))
    try:
        for number in range(1000):
            put(catalog, f"d{{number}}", words(500))
    except Exception as error:
        print(type(error).__name__)
"""


def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        put(catalog, "first", words(500))
        [(pages,)] = catalog._all("PRAGMA page_count")
        catalog._connection.execute(f"PRAGMA max_page_count = {pages + 5}")
        with pytest.raises(DiskFull, match="no room left to write"):
            put(catalog, "second", words(50_000))
        assert catalog.text("first") == words(500)
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        assert [found.id for found in catalog.documents()] == ["first"]
        assert catalog.check() == []
        put(catalog, "second", words(50_000))


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes there")
def test_a_write_that_the_system_refuses_keeps_what_was_there(tmp_path: Path) -> None:
    code = FILL.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "DiskFull"
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        assert catalog.text("first") == words(500)
        assert catalog.check() == []
        put(catalog, "last", words(500))


_KILLED = """
import os, resource, signal, sys
from pathlib import Path
from askdoc.store.catalog import SqliteCatalog
from askdoc.errors import NoIndex

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
base = Path(sys.argv[1])
for limit in range(100, 1_000_000, 3_000):
    folder = base / str(limit)
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        SqliteCatalog(folder, base, write=True)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
    try:
        SqliteCatalog(folder, base).close()
        print("whole")
    except NoIndex:
        print("nothing")
    SqliteCatalog(folder, base, write=True).close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_catalog_that_was_being_made_is_whole_or_not_there(tmp_path: Path) -> None:
    """The process dies in the middle of a write, each time of a later one."""
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    seen = done.stdout.split()
    assert seen.count("nothing") > 10
    assert seen == sorted(seen)  # from some moment on it is there


def test_a_value_that_cannot_be_stored_is_not_a_damaged_catalog(tmp_path: Path) -> None:
    twice = (Span(0, 4), Span(0, 4))
    with SqliteCatalog(tmp_path, tmp_path, write=True) as catalog:
        catalog.stage(Document("a", "a", "a", ".", "", None, 4, Stamp(1, 1, "a"), (), "en"))
        with pytest.raises(ValueError, match="byte must be in range"):
            catalog.extend("a", [Chunk("c", "a", Span(0, 4), "text", twice)], ["text"])


def test_a_journal_stays_short_while_two_readers_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_LONG_JOURNAL", 100_000)
    SqliteCatalog(tmp_path, tmp_path, write=True).close()
    with SqliteCatalog(tmp_path, tmp_path) as one, SqliteCatalog(tmp_path, tmp_path) as other:
        for number in range(12):
            with SqliteCatalog(tmp_path, tmp_path, write=True) as writer:
                writer.keep("large", f"{number} " * 50_000)
            for _ in range(2):  # after the change, and after the copy of the journal
                for reader in (one, other):
                    reader.refresh()
                    assert (reader.setting("large") or "").startswith(f"{number} ")
        assert (tmp_path / "catalog.sqlite-wal").stat().st_size < 600_000
