"""An index is made anew beside the one that is there, which answers until the new one is whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from askdoc import app, workspace
from askdoc.errors import DiskFull, EmbedderMismatch
from askdoc.index import rebuild as anew
from askdoc.index.embed import WRITING
from askdoc.index.status import read_status, status_to_json
from askdoc.index.writer import EMBEDDER_NAME, UNFINISHED
from askdoc.settings import Settings
from askdoc.store import files
from askdoc.testing import HashEmbedder
from askdoc.types import FileState, Found

if TYPE_CHECKING:
    from tests.index.conftest import Bench

CAT = "The cat sleeps on the mat. It dreams of fish."
DOG = "The dog guards the gate. It never sleeps."
BOTH = {"docs/cat.txt": CAT, "docs/dog.txt": DOG}


@pytest.fixture(params=[True, False], ids=["memory", "chroma"])
def filled(bench: Bench, request: pytest.FixtureRequest) -> Bench:
    if not request.param:
        bench.memory = None
    bench.write(docs__cat=CAT, docs__dog=DOG)
    bench.sync("docs")
    return bench


def interrupt(_: Found) -> NoReturn:
    raise KeyboardInterrupt


def break_off(bench: Bench) -> None:
    bench.on_load = interrupt
    assert bench.sync(rebuild=True).interrupted
    bench.on_load = lambda _: None


def is_unfinished(bench: Bench) -> bool:
    with bench.catalog() as catalog:
        found = read_status(
            catalog,
            bench.index,
            embedder_key=EMBEDDER_NAME,
            file_state=lambda _: FileState.CURRENT,
            root=bench.root,
            unfinished_key=UNFINISHED,
        )
    assert status_to_json(found)["unfinished"] == found.unfinished
    return found.unfinished


def test_the_former_index_answers_until_the_new_one_is_whole(filled: Bench) -> None:
    seen: list[dict[str, str]] = []
    filled.on_load = lambda _: seen.append(filled.texts())
    filled.write(docs__cat="The cat is awake.")
    assert filled.sync(rebuild=True).added == ("docs/cat.txt", "docs/dog.txt")
    assert seen == [BOTH, BOTH]
    assert filled.texts() == {"docs/cat.txt": "The cat is awake.", "docs/dog.txt": DOG}
    assert not files.rebuild_folder(filled.index).exists()
    assert not is_unfinished(filled)


def test_a_run_of_all_continues_with_what_was_broken_off(filled: Bench) -> None:
    filled.on_load = lambda found: interrupt(found) if "dog" in found.location else None
    filled.write(docs__cat="The cat is awake.")
    report = filled.sync(rebuild=True)
    assert report.interrupted
    assert filled.texts() == BOTH
    assert is_unfinished(filled)
    filled.on_load = lambda _: None
    filled.sync()
    assert filled.texts() == {"docs/cat.txt": "The cat is awake.", "docs/dog.txt": DOG}
    assert not is_unfinished(filled)
    assert filled.sync().unchanged == 2


def test_a_run_of_a_part_brings_the_former_index_up_to_date(filled: Bench) -> None:
    break_off(filled)
    filled.write(docs__cat="The cat is awake.")
    assert filled.sync("docs/cat.txt").changed == ("docs/cat.txt",)
    assert is_unfinished(filled)
    assert files.has_rebuild(filled.index)


def test_sources_and_exclusions_that_came_since_are_heeded(filled: Bench) -> None:
    break_off(filled)
    filled.write(notes__owl="The owl hoots.")
    filled.remove("docs__cat")
    filled.indexer().add_sources([filled.root / "notes"])
    assert filled.sync().added == ("docs/dog.txt", "notes/owl.txt")
    assert set(filled.texts()) == {"docs/dog.txt", "notes/owl.txt"}
    assert not is_unfinished(filled)


def test_a_new_source_is_one_though_the_run_is_broken_off(filled: Bench) -> None:
    filled.write(notes__owl="The owl hoots.")
    filled.on_load = interrupt
    assert filled.sync("docs", "notes", rebuild=True).interrupted
    filled.on_load = lambda _: None
    filled.sync()
    assert set(filled.texts()) == {"docs/cat.txt", "docs/dog.txt", "notes/owl.txt"}


def test_one_begun_with_other_settings_is_given_up(filled: Bench) -> None:
    filled.settings = Settings(chunk_tokens=32)
    filled.on_load = lambda found: interrupt(found) if "dog" in found.location else None
    assert filled.sync(rebuild=True).interrupted
    filled.on_load = lambda _: None
    filled.settings = Settings()
    assert filled.sync().unchanged == 2
    assert not is_unfinished(filled)
    assert not files.has_rebuild(filled.index)


def test_one_that_is_damaged_is_given_up(filled: Bench) -> None:
    break_off(filled)
    (files.rebuild_folder(filled.index) / "catalog.sqlite").write_bytes(b"nothing of use" * 1000)
    assert filled.sync().unchanged == 2
    assert not is_unfinished(filled)


def test_a_failure_leaves_the_former_index(filled: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise DiskFull("no room")  # noqa: EM101 - as good as any

    with monkeypatch.context() as patched:
        patched.setattr("askdoc.index.embed.Intake.take", full)
        with pytest.raises(DiskFull):
            filled.sync(rebuild=True)
    assert filled.texts() == BOTH
    filled.sync()
    assert filled.texts() == BOTH
    assert not is_unfinished(filled)


@pytest.mark.parametrize("step", ["before", "vectors"])
def test_an_exchange_that_was_broken_off_is_brought_to_its_end(
    filled: Bench, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Killed before anything was exchanged, or between vectors and catalog."""

    class Killed(BaseException):
        pass

    def killed(*_: object) -> NoReturn:
        raise Killed

    filled.write(docs__cat="The cat is awake.")
    with monkeypatch.context() as patched:
        if step == "before":
            patched.setattr(filled, "_take_over", killed)
        else:
            patched.setattr("askdoc.store.schema.replace", killed)
        with pytest.raises(Killed):
            filled.sync(rebuild=True)
    with filled.catalog() as catalog:
        assert catalog.setting(WRITING) == "yes"
    filled.remove("nothing")  # any run that writes
    assert filled.embedder.embedded == []
    assert filled.texts() == {"docs/cat.txt": "The cat is awake.", "docs/dog.txt": DOG}
    assert not files.has_rebuild(filled.index)


def test_with_nothing_to_answer_from_the_new_index_is_the_index_at_once(filled: Bench) -> None:
    filled.write(docs__cat="The cat is awake.")
    (filled.index / "catalog.sqlite").write_bytes(b"nothing of use" * 1000)
    filled.on_load = lambda found: interrupt(found) if "dog" in found.location else None
    assert filled.sync("docs", rebuild=True).interrupted
    assert is_unfinished(filled)
    assert not files.has_rebuild(filled.index)
    filled.on_load = lambda _: None
    assert filled.sync().added
    assert not is_unfinished(filled)


def test_all_files_gone_leave_an_empty_index(filled: Bench) -> None:
    filled.path("docs__cat").unlink()
    filled.path("docs__dog").unlink()
    filled.sync(rebuild=True)
    with filled.catalog() as catalog:
        assert catalog.documents() == []
    filled.write(docs__cat=CAT)
    assert filled.sync().added == ("docs/cat.txt",)
    assert filled.texts() == {"docs/cat.txt": CAT}


def test_another_embedder_can_be_tried_and_left_again(filled: Bench) -> None:
    before = filled.embedder
    filled.embedder = type(before)(dimensions=32)
    break_off(filled)
    filled.embedder = before
    filled.write(docs__cat="The cat is awake.")
    assert filled.sync("docs/cat.txt").changed == ("docs/cat.txt",)
    filled.embedder = type(before)(dimensions=32)
    filled.write(docs__cat="The cat is asleep.")
    with pytest.raises(EmbedderMismatch):
        filled.sync("docs/cat.txt")
    filled.sync()
    assert filled.texts()["docs/cat.txt"] == "The cat is asleep."
    assert filled.vectors().vectors(sorted(filled.state()[1])).shape == (2, 32)


def test_killed_while_it_makes_the_index_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a real process, killed at several moments, with the former index read after each."""
    program = (
        "import sys; from pathlib import Path\n"
        "from askdoc import app, workspace\nfrom askdoc.app import opening\n"
        "from askdoc.testing import HashEmbedder\n"
        "opening.embedder = lambda *_, **__: HashEmbedder()\n"
        "here = workspace.find(Path(sys.argv[1]), environment={})\n"
        "with app.indexer(here) as indexer:\n"
        "    indexer.sync([Path('docs').absolute()], rebuild=True)\n"
    )
    monkeypatch.setattr("askdoc.app.opening.embedder", lambda *_, **__: HashEmbedder())
    (tmp_path / ".askdoc").mkdir()
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(60):
        (docs / f"{number:02}.txt").write_text(f"Boat {number} carries oak.")
    command = [sys.executable, "-c", program, str(tmp_path)]
    here = workspace.find(tmp_path, environment={}, user_config=tmp_path / "none")
    with app.indexer(here) as indexer:
        indexer.sync([docs])
    (docs / "00.txt").write_text("Boat 0 carries tar.")
    draft = files.rebuild_folder(here.index)
    for sign in (draft / "catalog.sqlite", draft / "chroma" / "chroma.sqlite3"):
        process = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
        while not sign.exists() and process.poll() is None:
            time.sleep(0.005)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with app.open_catalog(here) as catalog, closing(app.open_vectors(here, catalog)) as vectors:
            assert catalog.counts().documents == 60
            assert catalog.setting(UNFINISHED) == "yes"
            assert set(vectors.ids()) == set(catalog.chunk_ids())
    with app.indexer(here) as indexer:
        indexer.sync()
    with app.open_catalog(here) as catalog, closing(app.open_vectors(here, catalog)) as vectors:
        assert catalog.setting(UNFINISHED) == "no"
        assert set(vectors.ids()) == set(catalog.chunk_ids())
        texts = {item.path: catalog.text(item.id) for item in catalog.documents()}
    assert texts["00.txt"] == "Boat 0 carries tar."
    assert len(texts) == 60
    assert not draft.exists()


def test_an_import_ends_what_was_to_replace_the_former_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from askdoc.app.export import export_index, import_index

    monkeypatch.setattr("askdoc.app.opening.embedder", lambda *_, **__: HashEmbedder())
    monkeypatch.setattr("askdoc.app.opening.embedder", lambda *_, **__: HashEmbedder())
    (tmp_path / ".askdoc").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cat.txt").write_text(CAT)
    here = workspace.find(tmp_path, environment={}, user_config=tmp_path / "none")
    with app.indexer(here) as indexer:
        indexer.sync([tmp_path / "docs"])
    export_index(here, tmp_path / "out.askdoc")
    shutil.copytree(here.index, files.rebuild_folder(here.index), ignore=lambda *_: {"rebuilding"})
    assert files.has_rebuild(here.index)
    import_index(here, tmp_path / "out.askdoc", force=True)
    assert not files.has_rebuild(here.index)


def test_a_store_without_room_beside_says_so(bench: Bench) -> None:
    alone = anew.Rebuild(
        bench._store_in(bench.index), Settings(), bench.root, lambda _: HashEmbedder()
    )
    with pytest.raises(LookupError):
        _ = alone.store
