"""Sources as such, and what a run would do."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from askdoc.errors import UsageError
from askdoc.index.indexer import IndexSource
from askdoc.store.catalog import SqliteCatalog
from askdoc.types import IndexReport

if TYPE_CHECKING:
    from tests.index.conftest import Bench

CAT, DOG = "The cat sleeps. It dreams.", "The dog barks."


def preview(bench: Bench, *sources: str) -> IndexReport:
    return bench.indexer().preview([bench.root / source for source in sources] or None)


def test_a_preview_of_nothing_yet_makes_nothing(bench: Bench) -> None:
    bench.write(docs__a=CAT, docs__b=CAT, docs__dog=DOG)
    report = preview(bench, "docs")
    assert report.planned
    assert report.added == ("docs/a.txt", "docs/b.txt", "docs/dog.txt")
    assert report.copies == ("docs/b.txt",)
    assert not bench.index.exists()
    assert bench.opened == []


def test_a_preview_says_what_the_run_then_does(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG, docs__owl="The owl hoots.", docs__bee="Bees hum.")
    bench.sync("docs")
    before = bench.state()
    bench.path("docs__cat").rename(bench.path("docs__zebra"))
    bench.write(docs__dog="The dog sleeps.", docs__copy="The owl hoots.", docs__new="New.")
    bench.path("docs__bee").unlink()
    (bench.root / "docs" / "image.png").write_bytes(b"png")
    planned = preview(bench)
    assert bench.state() == before
    done = bench.sync()
    for name in ("added", "changed", "renamed", "removed", "copies", "unchanged", "skipped"):
        assert getattr(planned, name) == getattr(done, name), name
    assert planned.renamed == (("docs/cat.txt", "docs/zebra.txt"),)


def test_a_preview_of_an_unchanged_folder_reads_nothing(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG)
    bench.sync("docs")
    report = preview(bench)
    assert (report.unchanged, report.added) == (2, ())
    assert bench.loaded == []


def test_a_preview_of_nothing_at_all(bench: Bench) -> None:
    with pytest.raises(UsageError, match="no files or folders to index"):
        preview(bench)
    with pytest.raises(UsageError, match="no file or folder `nowhere`"):
        preview(bench, "nowhere")


def test_sources_are_listed_with_what_they_hold(bench: Bench) -> None:
    assert bench.indexer().sources() == []
    bench.write(docs__a=CAT, docs__b=CAT, notes__dog=DOG)
    bench.configured = (bench.root / "notes",)
    bench.sync("docs", "notes")
    shutil.rmtree(bench.root / "docs")
    assert bench.indexer().sources() == [
        IndexSource("docs", files=2, configured=False, is_there=False),
        IndexSource("notes", files=1, configured=True, is_there=True),
    ]


def test_a_source_that_is_added_is_read_by_the_next_run(bench: Bench) -> None:
    bench.write(docs__cat=CAT, notes__dog=DOG)
    indexer = bench.indexer()
    assert indexer.add_sources([bench.root / "docs", bench.root / "notes"]) == ["docs", "notes"]
    assert indexer.add_sources([bench.root / "docs"]) == []
    assert bench.opened == []
    assert bench.sync().added == ("docs/cat.txt", "notes/dog.txt")
    with pytest.raises(UsageError, match="no file or folder `nowhere`"):
        indexer.add_sources([bench.root / "nowhere"])


def test_a_source_that_is_removed_takes_along_what_is_indexed_of_it(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__bad="broken", docs__out=DOG, notes__cat=CAT)
    bench.sync("docs", "notes")
    bench.remove("docs__out")
    assert bench.indexer().remove_sources([bench.root / "docs"]) == {"docs": 1}
    assert bench.texts() == {"notes/cat.txt": CAT}
    assert bench.skips() == {}
    assert bench.sync().unchanged == 1
    assert bench.sync("docs").added == ("docs/cat.txt", "docs/out.txt")


def test_what_is_no_source_cannot_be_removed_as_one(bench: Bench) -> None:
    bench.write(docs__cat=CAT, notes__dog=DOG)
    bench.configured = (bench.root / "notes",)
    bench.sync("docs", "notes")
    with pytest.raises(UsageError, match="is not a source") as caught:
        bench.indexer().remove_sources([bench.root / "docs" / "cat.txt"])
    assert "`docs`" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="a source by the setting `sources`"):
        bench.indexer().remove_sources([bench.root / "notes"])
    assert set(bench.texts()) == {"docs/cat.txt", "notes/dog.txt"}


def test_a_repair_makes_full_text_anew(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG)
    bench.sync("docs")
    with SqliteCatalog(bench.index, bench.root, write=True) as catalog:
        catalog._run("INSERT INTO lexicon (lexicon) VALUES ('delete-all')")
        assert catalog.search(["bark"], 5) == []
    bench.indexer().repair()
    assert bench.loaded == bench.embedder.embedded == []
    with bench.catalog() as catalog:
        assert len(catalog.search(["bark"], 5)) == 1
    bench.write(docs__dog="The dog sleeps.")
    bench.sync()
    assert bench.texts() == {"docs/cat.txt": CAT, "docs/dog.txt": "The dog sleeps."}
