from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from chromadb.api.models.Collection import Collection
from tests.processes import running

from askdoc.errors import DiskFull, IndexCorrupt, StoreError
from askdoc.store import chroma, chroma_files, chroma_shards, chroma_writer
from askdoc.store.chroma import ChromaStore
from askdoc.store.chroma_files import discard, is_intact
from askdoc.store.chroma_writer import ChromaWriter

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


def clustered(count: int, dimensions: int = 96, seed: int = 0) -> Matrix:
    """Make unit vectors that lie near a subspace, as those of texts do."""
    random = np.random.default_rng(seed)
    basis = random.normal(size=(24, dimensions))
    vectors = random.normal(size=(count, 24)) @ basis
    vectors += random.normal(size=(count, dimensions))
    made: Matrix = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return made


def names(count: int, start: int = 0) -> list[str]:
    return [f"{number:032x}" for number in range(start, start + count)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "chroma"
    store = ChromaStore(folder, write=True)
    store.add(names(1200), ["d"] * 1200, clustered(1200))
    store.close()
    return folder


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "chroma"
    shutil.copytree(built, folder)
    return folder


def test_recall(tmp_path: Path) -> None:
    vectors = clustered(3000)
    queries = clustered(50, seed=1)
    store = ChromaStore(tmp_path / "chroma", write=True)
    store.add(names(3000), ["d"] * 3000, vectors)
    found = 0
    for query in queries:
        exact = {names(1, int(n))[0] for n in np.argsort(-(vectors @ query))[:50]}
        found += len(exact & {hit.chunk_id for hit in store.search(query, 50)})
    store.close()
    assert found / (50 * 50) > 0.99


def test_closing_leaves_no_log_to_replay(built: Path) -> None:
    """Chroma replays its log at each opening, and folds it only when a threshold is passed."""
    assert waiting(built) <= 2


def test_closing_leaves_little_unused_space(built: Path, tmp_path: Path) -> None:
    """1,200 vectors pass through the log, 3 MB of it, and leave free pages in the database."""
    folder = tmp_path / "chroma"
    shutil.copytree(built, folder)
    for path in (built, folder):
        with contextlib.closing(sqlite3.connect(path / "chroma.sqlite3")) as database:
            [[pages]] = database.execute("PRAGMA page_count").fetchall()
            [[free]] = database.execute("PRAGMA freelist_count").fetchall()
        assert free <= pages / 2
    store = ChromaStore(folder)
    vectors = clustered(1200)
    for number in range(0, 1200, 100):
        assert store.search(vectors[number], 1)[0].chunk_id == names(1, number)[0]
    store.close()


def test_a_fold_loads_only_what_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chroma leaves the last change in the log of each; loading all would take memory for all."""
    monkeypatch.setattr(chroma_shards, "_SHARD", 500)
    folder = tmp_path / "chroma"
    with ChromaStore(folder, write=True) as store:
        store.add(names(1400), ["d"] * 1400, clustered(1400))
    assert waiting(folder) >= 2
    with ChromaStore(folder, write=True) as store:
        store.add(names(50, 1400), ["d"] * 50, clustered(50, seed=1))
        loaded: list[str] = []
        kind = type(store._shards["chunks"].collection)
        count = kind.count

        def noting(collection: Collection) -> int:
            loaded.append(collection.name)
            return count(collection)

        monkeypatch.setattr(kind, "count", noting)
    assert loaded == ["chunks-2"]


def test_a_fold_reads_again_only_what_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_shards, "_SHARD", 500)
    folder = tmp_path / "chroma"
    store = ChromaStore(folder, write=True)
    store.add(names(900), ["d"] * 900, clustered(900))
    store.close()
    read: list[Path] = []
    original = chroma_files._checksums

    def noted(file: Path, most: int | None = None) -> list[int]:
        read.append(file)
        return original(file, most)

    monkeypatch.setattr(chroma_files, "_checksums", noted)
    store = ChromaStore(folder, write=True)
    store.add(names(50, 900), ["d"] * 50, clustered(50, seed=1))
    store.close()
    assert read
    assert len({file.parent for file in read}) == 1
    assert len({file.parent for file in folder.glob("*/data_level0.bin")}) == 2
    assert chroma_files.seal_holds(folder, thoroughly=True)


@pytest.mark.parametrize(("added", "left"), [(20, range(20, 23)), (40, range(3))])
def test_a_few_changes_stay_in_the_log_and_are_found(copy: Path, added: int, left: range) -> None:
    """To fold them, the whole graph would be read and written for a file of one sentence."""
    before = {file: file.read_bytes() for file in copy.glob("*/*.bin")}
    vectors = clustered(added, seed=3)
    with ChromaStore(copy, write=True) as store:
        store.add(names(added, 2000), ["new"] * added, vectors)
    assert waiting(copy) in left
    assert (before == {file: file.read_bytes() for file in copy.glob("*/*.bin")}) is (added == 20)
    assert is_intact(copy)
    with ChromaStore(copy) as store:
        assert store.count() == 1200 + added
        assert [store.search(vector, 1)[0].chunk_id for vector in vectors] == names(added, 2000)


def test_changes_that_stay_in_the_log_are_folded_once_they_are_many(copy: Path) -> None:
    for start in range(2000, 2040, 20):
        with ChromaStore(copy, write=True) as store:
            store.add(names(20, start), ["new"] * 20, clustered(20, seed=start))
    assert waiting(copy) <= 2
    with ChromaStore(copy) as store:
        assert store.count() == 1240


def waiting(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "chroma.sqlite3")) as database:
        [(left,)] = database.execute("SELECT count(*) FROM embeddings_queue").fetchall()
        return int(left)


def test_reading_makes_nothing(tmp_path: Path) -> None:
    assert not is_intact(tmp_path / "none")
    with pytest.raises(IndexCorrupt, match="missing") as caught:
        ChromaStore(tmp_path / "none")
    assert caught.value.hint
    assert "askdoc doctor --repair" in caught.value.hint
    assert not (tmp_path / "none").exists()


def test_discarding_leaves_nothing_and_the_place_can_be_used_again(copy: Path) -> None:
    discard(copy)
    discard(copy)
    assert not copy.exists()
    store = ChromaStore(copy, write=True)
    assert store.count() == 0
    store.close()


def test_discarding_leaves_what_others_put_there(copy: Path) -> None:
    (copy / "notes").mkdir()
    (copy / "notes/mine.txt").write_text("mine")
    (copy / "mine.txt").write_text("mine")
    discard(copy)
    assert sorted(path.name for path in copy.iterdir()) == ["mine.txt", "notes"]
    assert (copy / "notes/mine.txt").exists()


def test_another_programs_database_is_left_alone(copy: Path) -> None:
    for name in ("fold.lock", "seal.json"):
        (copy / name).unlink()
    before = sorted(copy.rglob("*"))
    for touch in (discard, lambda folder: ChromaStore(folder, write=True)):
        with pytest.raises(StoreError, match="another program"):
            touch(copy)
        assert sorted(copy.rglob("*")) == before


def test_vectors_that_cannot_be_written_to_are_read(copy: Path) -> None:
    if not shutil.which("setpriv") or os.getuid() != 0:
        pytest.skip("needs root and setpriv")
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        folder = shutil.copytree(copy, Path(top, "chroma"))
        script = "import sys, pathlib\nfrom askdoc.store.chroma import ChromaStore\n"
        script += "with ChromaStore(pathlib.Path(sys.argv[1])) as store:\n"
        script += "    print(store.check(), store.count(), len(store.vectors(list(store.ids()))))"
        command = ["setpriv", "--reuid", "65534", "--clear-groups", sys.executable, "-c"]
        if subprocess.run(
            [*command, "import askdoc"], check=False, cwd=top, capture_output=True
        ).returncode:
            pytest.skip("another user cannot read this checkout")
        done = subprocess.run(
            [*command, script, str(folder)], capture_output=True, check=False, cwd=top, text=True
        )
        kept = sorted(folder.rglob("*"))
    with ChromaStore(copy) as store:
        count = store.count()
    assert done.stdout == f"[] {count} {count}\n", done.stderr
    assert [one.relative_to(folder) for one in kept] == [
        one.relative_to(copy) for one in sorted(copy.rglob("*"))
    ]


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwrite(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 3)
        stream.write(b"\xa5" * 64)


@pytest.mark.parametrize(
    "name",
    ["data_level0.bin", "header.bin", "link_lists.bin", "length.bin", "index_metadata.pickle"],
)
@pytest.mark.parametrize("damage", [truncate, overwrite, Path.unlink])
@pytest.mark.parametrize("write", [False, True])
def test_damaged_files_are_found(
    copy: Path, name: str, damage: Callable[[Path], None], *, write: bool
) -> None:
    """Chroma itself answers from what is left, or crashes the process."""
    [file] = copy.glob(f"*/{name}")
    damage(file)
    assert not is_intact(copy)
    with pytest.raises(IndexCorrupt, match="damaged") as caught:
        ChromaStore(copy, write=write)
    assert caught.value.hint


def test_a_deleted_folder_of_vectors_is_found(copy: Path) -> None:
    [file] = copy.glob("*/data_level0.bin")
    shutil.rmtree(file.parent)
    with pytest.raises(IndexCorrupt, match="damaged"):
        ChromaStore(copy)


def test_a_database_that_is_none_is_found_and_can_be_replaced(copy: Path) -> None:
    assert is_intact(copy)
    with (copy / "chroma.sqlite3").open("r+b") as stream:
        stream.write(b"something else entirely")
    for write in (False, True):
        with pytest.raises(IndexCorrupt, match="not a database"):
            ChromaStore(copy, write=write)
        assert not is_intact(copy)
    discard(copy)
    store = ChromaStore(copy, write=True)
    store.add(names(3), ["d"] * 3, clustered(3))
    assert store.count() == 3
    store.close()


def test_files_that_were_copied_are_as_good(copy: Path) -> None:
    """A copy has other times than the seal says, so the checksums decide."""
    for file in copy.glob("*/*"):
        os.utime(file, (time.time(), time.time() - 1000))
    assert is_intact(copy)
    store = ChromaStore(copy)
    assert store.check() == []
    store.close()


def test_a_fold_that_was_killed_is_found(copy: Path) -> None:
    """Then there is no seal on the files."""
    (copy / "seal.json").unlink()
    assert not is_intact(copy)
    with pytest.raises(IndexCorrupt, match="damaged"):
        ChromaStore(copy)


def flip(file: Path) -> None:
    """Change bytes as a failing disk does: size and time stay."""
    before = file.stat()
    overwrite(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_bytes_that_changed_by_themselves_are_found_at_the_next_opening(copy: Path) -> None:
    [file] = copy.glob("*/data_level0.bin")
    flip(file)
    assert not is_intact(copy)
    with pytest.raises(IndexCorrupt, match="damaged"):
        ChromaStore(copy)


def test_an_opening_samples_a_large_index_and_the_check_reads_all_of_it(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_files, "_BLOCK", 4096)
    monkeypatch.setattr(chroma_files, "_SAMPLE", 40)  # of 130 or so
    with chroma_files.unsealed(copy):
        os.utime(next(copy.glob("*/data_level0.bin")))  # so that its checksums are taken anew
    assert is_intact(copy)
    [file] = copy.glob("*/data_level0.bin")
    flip(file)
    monkeypatch.setattr(random, "sample", lambda blocks, count: blocks[:0] if count else blocks)
    with ChromaStore(copy) as store:
        assert store.check() == ["files of vectors are damaged"]
    monkeypatch.undo()
    monkeypatch.setattr(chroma_files, "_BLOCK", 4096)
    monkeypatch.setattr(chroma_files, "_SAMPLE", 40)
    assert not all(is_intact(copy) for _ in range(50))


def test_a_seal_of_an_older_version_holds(copy: Path) -> None:
    """It has one checksum for each file."""
    seal = copy / "seal.json"
    sealed = json.loads(seal.read_text())
    for file, entry in sealed.items():
        entry[2] = zlib.crc32((copy / file).read_bytes())
    seal.write_text(json.dumps(sealed))
    assert is_intact(copy)
    assert chroma_files.seal_holds(copy, thoroughly=True)
    [file] = copy.glob("*/data_level0.bin")
    flip(file)
    assert not chroma_files.seal_holds(copy, thoroughly=True)


def test_a_long_log_is_folded_meanwhile(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma, "_LONGEST_LOG", 100)
    store = ChromaStore(copy, write=True)
    for start in range(5000, 5300, 50):
        store.add(names(50, start), ["d"] * 50, clustered(50, seed=start))
        assert waiting(copy) <= 100
    assert store.count() == 1500
    store.close()
    assert is_intact(copy)


READ = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_chroma import clustered, names
from askdoc.store.chroma import ChromaStore
vectors = clustered(1200)
rounds = wrong = 0
print("ready", flush=True)
while not (Path(sys.argv[1]).parent / "stop").exists():
    store = ChromaStore(Path(sys.argv[1]))
    for number in range(rounds % 7, 1200, 200):
        wrong += store.search(vectors[number], 1)[0].chunk_id != names(1, number)[0]
    store.close()
    rounds += 1
print(rounds, wrong)
"""


def test_readers_find_the_same_while_a_writer_adds_removes_and_folds(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "_LONGEST_LOG", 150)
    command = [sys.executable, "-c", READ, str(copy), str(Path(__file__).parent)]
    with running(command, stdout=subprocess.PIPE) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
        for _ in range(3):
            store = ChromaStore(copy, write=True)
            store.add(names(400, 5000), ["d"] * 400, clustered(400, seed=7))
            store.remove(names(400, 5000))
            store.close()
        (copy.parent / "stop").touch()
        rounds, wrong = reader.stdout.read().split()
    assert int(rounds) > 3
    assert wrong == "0"
    store = ChromaStore(copy)
    assert sorted(store.ids()) == names(1200)
    assert store.check() == []
    store.close()


WRITE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_chroma import clustered, names
from askdoc.store import chroma
chroma._LONGEST_LOG = 150
for round in range(3):
    store = chroma.ChromaStore(Path(sys.argv[1]), write=True)
    for number in range(4):
        store.add(names(20, 5000 + 20 * number), ["e"] * 20, clustered(20, seed=number))
    store.remove(names(80, 5000))
    store.close()
print("done", flush=True)
"""


def test_readers_that_stay_open_find_the_same_while_another_process_writes(copy: Path) -> None:
    vectors = clustered(1200)
    ended = threading.Event()

    def read(first: int) -> int:
        rounds = 0
        with ChromaStore(copy) as store:
            while not ended.is_set():
                number = (first + 7 * rounds) % 1200
                hits = store.search(vectors[number], 5, ["d", "e"])
                assert hits[0].chunk_id == names(1, number)[0]
                assert np.allclose(store.vectors(names(2, number)), vectors[number : number + 2])
                rounds += 1
        return rounds

    command = [sys.executable, "-c", WRITE, str(copy), str(Path(__file__).parent)]
    with ThreadPoolExecutor(2) as pool, running(command, stdout=subprocess.PIPE) as writer:
        readers = [pool.submit(read, first) for first in (0, 600)]
        assert writer.stdout
        try:
            assert writer.stdout.readline() == "done\n"
        finally:
            ended.set()
        assert all(reader.result() > 10 for reader in readers)
    assert is_intact(copy)


def test_a_reader_leaves_the_file_of_the_database_to_chroma(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To close the file would release the locks that Chroma has on it for another thread."""
    monkeypatch.setattr(chroma_shards, "_SHARD", 500)
    folder = tmp_path / "chroma"
    vectors = clustered(1200)
    with ChromaStore(folder, write=True) as store:
        store.add(names(1200), ["d"] * 1200, vectors)
    opened: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("open", "sqlite3.connect") and "chroma.sqlite3" in str(arguments[0]):
            opened.append(event)

    sys.addaudithook(watch)
    with ChromaStore(folder) as store:
        assert len(store._shards) == 3
        assert store.search(vectors[900], 1, ["d"])[0].chunk_id == names(1, 900)[0]
        assert np.allclose(store.vectors(names(1200)), vectors, atol=1e-6)
        assert opened == []
    shards = chroma_shards.counted_shards(folder)
    assert (opened, len(shards)) == (["sqlite3.connect"], 3)


def test_a_failure_is_damage_where_nothing_has_changed(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def fail(*_: object, **__: object) -> None:
        tried.append(None)
        message = "Error finding id"
        raise RuntimeError(message)

    [vector] = clustered(1)
    with ChromaStore(copy) as store:
        with monkeypatch.context() as patch:
            patch.setattr(Collection, "query", fail)
            with pytest.raises(IndexCorrupt, match="Error finding id"):
                store.search(vector, 1)
            assert len(tried) == 1
            with ChromaStore(copy, write=True) as writer:
                writer.add(names(1, 5000), ["e"], vector[None, :])
            with pytest.raises(IndexCorrupt, match="Error finding id"):
                store.search(vector, 1)
            assert len(tried) == 3
        assert store.search(vector, 2, ["e"])[0].chunk_id == names(1, 5000)[0]


def test_nothing_of_the_environment_is_taken(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("CHROMA_API_IMPL=chromadb.api.fastapi.FastAPI\n")
    monkeypatch.setenv("CHROMA_API_IMPL", "chromadb.api.fastapi.FastAPI")
    monkeypatch.setenv("ANONYMIZED_TELEMETRY", "true")
    monkeypatch.setenv("PERSIST_DIRECTORY", "/elsewhere")
    store = ChromaStore(copy)
    assert store.count() == 1200
    store.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANONYMIZED_TELEMETRY", ""),
        ("IS_PERSISTENT", "perhaps"),
        ("MIGRATIONS", ""),
        ("CHROMA_SERVER_HTTP_PORT", "tcp://10.0.0.1:8000"),
        ("CHROMA_SERVER_CORS_ALLOW_ORIGINS", "no JSON"),
    ],
)
def test_an_odd_variable_of_the_environment_is_no_obstacle(
    copy: Path, tmp_path: Path, name: str, value: str
) -> None:
    code = (
        "import sys; from pathlib import Path; from askdoc.store.chroma import ChromaStore\n"
        "print(ChromaStore(Path(sys.argv[1])).count())"
    )
    for place in ("environment", "file"):
        (tmp_path / ".env").write_text(f"{name}={value}\n" if place == "file" else "")
        env = {**os.environ, name: value} if place == "environment" else None
        command = [sys.executable, "-c", code, str(copy)]
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "1200"


def test_an_env_file_that_chroma_chokes_on_is_named(copy: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"MIGRATIONS=\xe9\n")
    code = (
        "import sys; from pathlib import Path; from askdoc.store.chroma import ChromaStore\n"
        "from askdoc.errors import IndexCorrupt, StoreError\n"
        "try: ChromaStore(Path(sys.argv[1]))\n"
        "except StoreError as error: print(isinstance(error, IndexCorrupt), error.hint)"
    )
    command = [sys.executable, "-c", code, str(copy)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False it reads a file `.env`")
    assert is_intact(copy)


def test_no_write_is_begun_without_room(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma, "_ROOM", 1 << 62)
    store = ChromaStore(copy, write=True)
    with pytest.raises(DiskFull):
        store.add(names(1, 5000), ["d"], clustered(1))
    store.close()
    assert (copy / "seal.json").exists()


def test_a_disk_that_fills_is_said(
    tmp_path: Path,
    small_disk: Callable[[Path, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_disk(tmp_path / "small", 6)
    monkeypatch.setattr(chroma, "_ROOM", 0)
    store = ChromaStore(tmp_path / "small" / "chroma", write=True)
    vectors = clustered(100, 384)

    def fill() -> None:
        for start in range(0, 6000, 100):
            store.add(names(100, start), ["d"] * 100, vectors)

    with pytest.raises(DiskFull, match="no room left"):
        fill()
    with pytest.raises(DiskFull):
        store.close()


def test_a_process_folds_a_long_log_meanwhile(copy: Path) -> None:
    """Without reading anything again: the same process goes on."""
    store = ChromaWriter(copy)
    used: set[int] = set()
    for start in range(10_000, 14_400, 400):
        store.add(names(400, start), ["d"] * 400, clustered(400, seed=start))
        assert is_intact(copy)
        assert waiting(copy) < 2400
        assert store._process
        used.add(store._process.pid)
    assert len(used) == 1
    assert store.count() == 5600
    store.close()
    assert waiting(copy) <= 2
    assert is_intact(copy)


LOOKS: dict[str, Callable[[ChromaStore], object]] = {
    "nothing": lambda _: None,
    "search": lambda store: store.search(clustered(1)[0], 3),
    "ids": lambda store: list(store.ids()),
    "vectors": lambda store: store.vectors(names(3)),
    "count": lambda store: store.count(),
}


@pytest.mark.parametrize("when", ["before and between", "between"])
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_no_change_folds_where_it_was_not_foretold(
    copy: Path, monkeypatch: pytest.MonkeyPatch, look: Callable[[ChromaStore], object], when: str
) -> None:
    """A fold that comes as a surprise leaves the seal broken, and others may load meanwhile."""
    monkeypatch.setattr(chroma, "_LONGEST_LOG", 100)
    surprises: list[bool] = []
    unsealed = chroma_files.unsealed

    def noting(folder: Path) -> AbstractContextManager[None]:
        surprises.append(not chroma_files.seal_holds(folder))
        return unsealed(folder)

    monkeypatch.setattr(chroma_files, "unsealed", noting)
    with ChromaStore(copy, write=True) as store:
        if when != "between":
            look(store)
        for start in range(5000, 5600, 30):
            store.add(names(30, start), ["d"] * 30, clustered(30, seed=start))
            look(store)
            store.remove(names(10, start))
            assert is_intact(copy)
            assert waiting(copy) <= 230
        assert store.count() == 1600
    assert len(surprises) > 3
    assert not any(surprises)
    assert waiting(copy) <= 33  # a few changes may stay in the log


def test_a_fold_is_out_of_reach_of_others_while_a_writer_adds(copy: Path) -> None:
    with ChromaWriter(copy) as store:
        for start in range(5000, 7600, 200):
            store.add(names(200, start), ["d"] * 200, clustered(200, seed=start))
            with contextlib.closing(sqlite3.connect(copy / "chroma.sqlite3")) as database:
                rows = database.execute("SELECT config_json_str, schema_str FROM collections")
                kept = str(rows.fetchall())
            thresholds = set(re.findall(r'"sync_threshold": ?(\d+)', kept))
            assert thresholds == {str(chroma_shards.FOLD_NEVER)}


def test_a_process_is_due_when_it_holds_several_graphs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_shards, "_SHARD", 500)
    monkeypatch.setattr(chroma, "_LONGEST_LOG", 300)
    with ChromaStore(tmp_path / "chroma", write=True, folds=False) as store:
        store.add(names(490), ["d"] * 490, clustered(490))
        assert not store.is_due
        store.add(names(50, 490), ["d"] * 50, clustered(50, seed=1))
        assert store.is_due


def test_a_new_database_moves_to_a_process_once_there_is_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_shards, "_SHARD", 100)
    monkeypatch.setattr(chroma, "_LONGEST_LOG", 100)
    folder = tmp_path / "chroma"
    with ChromaWriter(folder, starts_here=True) as store:
        store.add(names(90), ["d"] * 90, clustered(90))
        store.add(names(60, 90), ["d"] * 60, clustered(60, seed=1))  # now there are two graphs
        processes = [store._process]
        store.add(names(10, 150), ["d"] * 10, clustered(10, seed=2))
        processes.append(store._process)
        assert [process is None for process in processes] == [True, False]
        assert waiting(folder) <= 12  # the log was written before
        assert sorted(store.ids()) == sorted(names(160))
    assert is_intact(folder)
    with ChromaStore(folder, write=True) as again:
        assert again.count() == 160


def test_a_process_that_crashes_is_an_error_like_any_other(copy: Path) -> None:
    store = ChromaWriter(copy)
    store.count()
    assert store._process
    store._process.kill()
    with pytest.raises(IndexCorrupt, match="system killed") as caught:
        store.count()
    assert "run `askdoc index` again" in (caught.value.hint or "")
    assert not is_intact(copy)
    store.close()
    crashed = chroma_writer._crashed(copy, -11)  # by itself, not for want of memory
    assert "run `askdoc index` again" in (crashed.hint or "")


def test_a_process_tells_what_is_wrong_and_can_be_asked_again(copy: Path) -> None:
    (copy / "seal.json").unlink()
    with ChromaWriter(copy) as store, pytest.raises(IndexCorrupt, match="damaged"):
        store.count()
    discard(copy)
    with ChromaWriter(copy) as store:
        for _ in range(2):
            with pytest.raises(StoreError, match="unknown"):
                store.vectors(["unknown"])
        store.add(names(1), ["d"], clustered(1))
        assert store.count() == 1
