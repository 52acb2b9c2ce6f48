from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from askdoc.errors import (
    DiskFull,
    EmbedderMismatch,
    IndexCorrupt,
    MissingPart,
    ModelError,
    StoreError,
    UsageError,
)
from askdoc.index import embed
from askdoc.index.plan import absent_sources
from askdoc.index.writer import UNFINISHED
from askdoc.settings import Settings
from askdoc.types import INCOMPLETE, Found, Indexed, Skip

if TYPE_CHECKING:
    from tests.index.conftest import Bench

    from askdoc.store.catalog import SqliteCatalog
    from askdoc.types.ports import Reader, VectorStore

Touch = Callable[[Path], None]

CAT, DOG = "The cat sleeps. It dreams.", "The dog barks."


# ── the plain course ────────────────────────────────────────────────────────────────────────────


def test_indexes_a_folder(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__pets__dog=DOG)
    report = bench.sync("docs")
    assert report.added == ("docs/cat.txt", "docs/pets/dog.txt")
    assert report.chunks == 2
    assert bench.texts() == {"docs/cat.txt": CAT, "docs/pets/dog.txt": DOG}
    with bench.catalog() as catalog:
        assert catalog.sources() == ["docs"]
        [cat, dog] = catalog.documents()
        assert (cat.path, cat.source, cat.file) == ("cat.txt", "docs", str(bench.path("docs__cat")))
        assert dog.path == "pets/dog.txt"
        [chunk] = catalog.chunks(catalog.chunk_ids([cat.id]))
        assert [chunk.sentence(span) for span in chunk.sentences] == [
            "The cat sleeps.",
            "It dreams.",
        ]
        assert [hit.chunk_id for hit in catalog.search(["cat"], 5)] == [chunk.id]
        assert catalog.setting("embedder") == "hash"
        assert catalog.setting("embedder_fingerprint") == bench.embedder.fingerprint
    query = bench.embedder.embed_queries([CAT])[0]
    assert bench.vectors().search(query, 1)[0].chunk_id == chunk.id


def test_an_unchanged_folder_loads_nothing(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG)
    bench.sync("docs")
    report = bench.sync()
    assert (report.unchanged, report.added, report.changed, report.removed) == (2, (), (), ())
    assert bench.loaded == bench.opened == bench.events == []


def test_a_new_time_alone_changes_nothing(bench: Bench, touch: Touch) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    touch(bench.path("docs__cat"))
    report = bench.sync()
    assert (report.unchanged, report.changed) == (1, ())
    assert (bench.loaded, bench.opened) == (["docs/cat.txt"], [])
    bench.sync()
    assert bench.loaded == []


def test_vectors_are_opened_as_soon_as_an_edited_file_is_met(bench: Bench) -> None:
    """They take a second to open, in a process of their own, while the rest is looked through."""
    met: list[str] = []

    def opened(vectors: VectorStore) -> VectorStore:
        met.append("vectors")
        return vectors

    bench.write(docs__cat=CAT, docs__dog=DOG, docs__owl="The owl hoots.")
    bench.sync("docs")
    bench.in_vectors = opened
    bench.on_find = met.append
    bench.sync()
    assert met == ["docs/cat.txt", "docs/dog.txt", "docs/owl.txt"]
    met.clear()
    bench.write(docs__cat="The cat is awake and hungry.")
    bench.sync()
    assert met == ["docs/cat.txt", "vectors", "docs/dog.txt", "docs/owl.txt"]


def test_follows_changes_and_deletions(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG, docs__owl="The owl hoots.")
    bench.sync("docs")
    bench.write(docs__cat="The cat is awake.")
    bench.path("docs__dog").unlink()
    report = bench.sync()
    assert report.changed == ("docs/cat.txt",)
    assert report.removed == ("docs/dog.txt",)
    assert report.unchanged == 1
    assert bench.texts() == {
        "docs/cat.txt": "The cat is awake.",
        "docs/owl.txt": "The owl hoots.",
    }
    with bench.catalog() as catalog:
        assert catalog.search(["dog", "sleeps"], 5) == []


def test_what_an_edit_left_alone_is_not_embedded_again(bench: Bench) -> None:
    bench.settings = Settings(chunk_tokens=16, chunk_overlap=0)
    lines = [f"Line {number} has {'many ' * 9}words." for number in range(20)]
    bench.write(docs__long="\n".join(lines))
    bench.sync("docs")
    bench.write(docs__long="\n".join(["A new first line.", *lines[:10], *lines[11:]]))
    bench.sync()
    assert len(bench.embedder.embedded) <= 2
    texts, chunks = bench.state()
    assert texts["docs/long.txt"].startswith("A new first line.")
    with bench.catalog() as catalog:
        stored = catalog.chunks(list(chunks))
    embedded = bench.embedder.embed_passages([chunk.text for chunk in stored])
    assert bench.vectors().vectors([chunk.id for chunk in stored]) == pytest.approx(embedded)


def test_a_renamed_file_keeps_its_vectors(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG)
    bench.sync("docs")
    before = bench.state()[1]
    bench.path("docs__cat").rename(bench.path("docs__zebra"))
    report = bench.sync()
    assert report.renamed == (("docs/cat.txt", "docs/zebra.txt"),)
    assert (report.added, report.removed, report.changed) == ((), (), ())
    assert bench.opened == bench.embedder.embedded == []
    assert bench.state() == ({"docs/zebra.txt": CAT, "docs/dog.txt": DOG}, before)
    assert bench.sync().unchanged == 2
    assert bench.loaded == []


def test_full_text_finds_a_renamed_file_by_its_new_name_alone(bench: Bench) -> None:
    bench.write(docs__siamese=CAT)
    bench.sync("docs")
    assert found_by(bench, "siames") == ["docs/siamese.txt"]
    bench.path("docs__siamese").rename(bench.path("docs__persian"))
    bench.sync()
    assert found_by(bench, "siames") == []
    assert found_by(bench, "persian") == found_by(bench, "dream") == ["docs/persian.txt"]


def found_by(bench: Bench, term: str) -> list[str]:
    with bench.catalog() as catalog:
        hits = catalog.search([term], 9)
        ids = [chunk.document_id for chunk in catalog.chunks([hit.chunk_id for hit in hits])]
        return [document.location for document in catalog.documents(ids)]


def test_a_folder_that_moved_keeps_its_vectors(bench: Bench) -> None:
    bench.write(docs__old__cat=CAT, docs__old__dog=DOG)
    bench.sync("docs")
    (bench.root / "docs" / "old").rename(bench.root / "docs" / "new")
    assert bench.sync().renamed == (
        ("docs/old/cat.txt", "docs/new/cat.txt"),
        ("docs/old/dog.txt", "docs/new/dog.txt"),
    )
    assert bench.opened == []
    assert bench.texts() == {"docs/new/cat.txt": CAT, "docs/new/dog.txt": DOG}


def test_a_file_that_is_renamed_to_another_format_is_read_anew(bench: Bench) -> None:
    """The same bytes may mean something else there; what means the same is not embedded again."""
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    bench.path("docs__cat").rename(bench.root / "docs" / "cat.TXT")
    assert len(bench.sync().renamed) == 1
    bench.discovered = (".txt", ".md")
    (bench.root / "docs" / "cat.TXT").rename(bench.root / "docs" / "cat.md")
    report = bench.sync()
    assert (report.added, report.removed) == (("docs/cat.md",), ("docs/cat.TXT",))
    assert bench.embedder.embedded == []
    assert bench.texts() == {"docs/cat.md": CAT}


def test_a_file_may_take_the_name_of_another(bench: Bench) -> None:
    """As when a log is rotated."""
    bench.write(docs__log=CAT)
    bench.sync("docs")
    bench.path("docs__log").rename(bench.path("docs__log1"))
    bench.write(docs__log=DOG)
    report = bench.sync()
    assert (report.added, report.changed) == (("docs/log1.txt",), ("docs/log.txt",))
    assert bench.texts() == {"docs/log.txt": DOG, "docs/log1.txt": CAT}
    assert len(bench.embedder.embedded) == 1
    bench.path("docs__log1").rename(bench.path("docs__log2"))
    bench.path("docs__log").rename(bench.path("docs__log1"))
    bench.write(docs__log="The owl hoots.")
    bench.sync()
    assert bench.embedder.embedded == ["The owl hoots."]
    assert bench.texts() == {
        "docs/log.txt": "The owl hoots.",
        "docs/log1.txt": DOG,
        "docs/log2.txt": CAT,
    }


def test_files_may_swap_their_names(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG)
    bench.sync("docs")
    bench.write(docs__cat=DOG, docs__dog=CAT)
    report = bench.sync()
    assert report.changed == ("docs/cat.txt", "docs/dog.txt")
    assert bench.loaded == ["docs/cat.txt", "docs/dog.txt"]
    assert bench.embedder.embedded == []
    assert bench.texts() == {"docs/cat.txt": DOG, "docs/dog.txt": CAT}
    assert found_by(bench, "bark") == ["docs/cat.txt"]


# ── copies ──────────────────────────────────────────────────────────────────────────────────────


def places(bench: Bench) -> list[list[str]]:
    """List the locations of each document, its own first."""
    with bench.catalog() as catalog:
        return [
            [document.location, *(copy.location for copy in document.copies)]
            for document in catalog.documents()
        ]


def test_exact_duplicates_are_one_document(bench: Bench) -> None:
    bench.write(docs__a=CAT, docs__b=CAT, docs__c__d=CAT, docs__dog=DOG)
    report = bench.sync("docs")
    assert report.added == ("docs/a.txt", "docs/b.txt", "docs/c/d.txt", "docs/dog.txt")
    assert report.copies == ("docs/b.txt", "docs/c/d.txt")
    assert places(bench) == [["docs/a.txt", "docs/b.txt", "docs/c/d.txt"], ["docs/dog.txt"]]
    assert bench.embedder.embedded == [CAT, DOG]
    assert len(bench.state()[1]) == 2
    assert bench.sync().unchanged == 4
    assert bench.loaded == []


def test_a_duplicate_that_comes_later(bench: Bench) -> None:
    bench.write(docs__m=CAT)
    bench.sync("docs")
    bench.write(docs__a=CAT, notes__x=CAT)
    report = bench.sync("docs", "notes")
    assert (report.added, report.copies) == (("docs/a.txt", "notes/x.txt"),) * 2
    assert bench.opened == []
    assert places(bench) == [["docs/m.txt", "docs/a.txt", "notes/x.txt"]]


def test_full_text_finds_a_document_by_the_names_of_all_its_places(bench: Bench) -> None:
    bench.write(docs__siamese=CAT, docs__persian=CAT)
    bench.sync("docs")
    assert found_by(bench, "siames") == found_by(bench, "persian") == ["docs/persian.txt"]
    bench.path("docs__persian").unlink()
    bench.sync()
    assert found_by(bench, "persian") == []
    assert found_by(bench, "siames") == found_by(bench, "sleep") == ["docs/siamese.txt"]
    assert bench.state()[0] == {"docs/siamese.txt": CAT}


@pytest.mark.parametrize("gone", ["a", "b"])
def test_a_document_stays_while_any_of_its_files_does(bench: Bench, gone: str) -> None:
    bench.write(docs__a=CAT, docs__b=CAT)
    bench.sync("docs")
    before = bench.state()[1]
    bench.path(f"docs__{gone}").unlink()
    report = bench.sync()
    assert (report.removed, report.unchanged) == ((f"docs/{gone}.txt",), 1)
    assert bench.opened == []
    left = {"a": "b", "b": "a"}[gone]
    assert bench.state() == ({f"docs/{left}.txt": CAT}, before)
    bench.path(f"docs__{left}").unlink()
    bench.sync()
    assert bench.state() == ({}, set())


@pytest.mark.parametrize("changed", ["a", "b"])
def test_a_copy_that_changes_is_a_document_of_its_own(bench: Bench, changed: str) -> None:
    bench.write(docs__a=CAT, docs__b=CAT)
    bench.sync("docs")
    bench.write(**{f"docs__{changed}": DOG})
    report = bench.sync()
    assert (report.changed, report.added, report.removed) == ((f"docs/{changed}.txt",), (), ())
    left = {"a": "b", "b": "a"}[changed]
    assert bench.texts() == {f"docs/{changed}.txt": DOG, f"docs/{left}.txt": CAT}
    assert bench.embedder.embedded == [DOG]
    bench.write(**{f"docs__{changed}": CAT})
    bench.sync()
    assert [sorted(group) for group in places(bench)] == [["docs/a.txt", "docs/b.txt"]]
    assert bench.embedder.embedded == []


def test_copies_that_change_alike_are_one_document_again(bench: Bench) -> None:
    bench.write(docs__a=CAT, docs__b=CAT)
    bench.sync("docs")
    bench.write(docs__a=DOG, docs__b=DOG)
    bench.sync()
    assert places(bench) == [["docs/a.txt", "docs/b.txt"]]
    assert bench.state()[0] == {"docs/a.txt": DOG}
    assert bench.embedder.embedded == [DOG]


def test_copies_of_what_cannot_be_read_cannot_be_read(bench: Bench) -> None:
    bench.write(docs__a="broken", docs__b="broken")
    bench.sync("docs")
    assert bench.skips() == {"docs/a.txt": "broken", "docs/b.txt": "broken"}


def test_a_copy_is_removed_alone(bench: Bench) -> None:
    bench.write(docs__a=CAT, docs__b=CAT)
    bench.sync("docs")
    assert bench.remove("docs__a") == ("docs/a.txt",)
    assert places(bench) == [["docs/b.txt"]]
    bench.sync()
    assert bench.skips() == {"docs/a.txt": "excluded"}
    assert places(bench) == [["docs/b.txt"]]


def test_the_fingerprint_says_what_is_indexed_and_not_how_it_came(bench: Bench) -> None:
    def fingerprint() -> str:
        with bench.catalog() as catalog:
            return catalog.corpus_fingerprint()

    bench.write(docs__a=CAT, docs__b=CAT)
    bench.sync("docs")
    both = fingerprint()
    bench.path("docs__a").unlink()
    bench.sync()
    assert fingerprint() != both
    bench.write(docs__a=CAT)
    bench.sync()
    assert places(bench) == [["docs/b.txt", "docs/a.txt"]]
    assert fingerprint() == both
    shutil.rmtree(bench.index)
    bench.memory = type(bench.memory)() if bench.memory else None
    bench.sync("docs")
    assert fingerprint() == both


def test_a_long_document_is_published_whole(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askdoc.text.chunking.LONGEST", 500)
    monkeypatch.setattr("askdoc.index.embed.GROUP", 8)
    bench.settings = Settings(chunk_tokens=16)
    text = "\n".join(f"Sentence {number} of a long text. And another." for number in range(300))
    bench.write(docs__long=text, docs__cat=CAT)
    largest = 0
    inner = bench.embedder.embed_passages

    def watched(texts: list[str]) -> object:
        nonlocal largest
        largest = max(largest, len(texts))
        with bench.catalog() as catalog:
            assert "docs/long.txt" not in {found.location for found in catalog.documents()}
        return inner(texts)

    monkeypatch.setattr(bench.embedder, "embed_passages", watched)
    bench.sync("docs")
    assert largest == 8
    assert bench.texts() == {"docs/cat.txt": CAT, "docs/long.txt": text}
    with bench.catalog() as catalog:
        [long] = [found for found in catalog.documents() if found.length > 100]
        chunks = catalog.chunks(catalog.chunk_ids([long.id]))
        assert {span for chunk in chunks for span in chunk.sentences} == {
            span for chunk in chunks for span in chunk.sentences if span.of(text).strip()
        }
        assert catalog.counts().sentences == 600 + 2
        assert catalog.lines(long.id, chunks[-1].span)[1] == 300


def test_tells_how_far_it_is(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askdoc.index.embed.GROUP", 2)
    bench.write(**{f"docs__f{number}": f"{CAT} {number}" for number in range(6)})
    bench.sync("docs")
    told = [event for event in bench.events if isinstance(event, Indexed)]
    assert [event.chunks for event in told] == [0, 2, 4, 6]
    assert [event.documents for event in told] == sorted({event.documents for event in told})
    assert all(event.total == 6 for event in told)
    assert told[-1] == Indexed(6, 6, 6, "docs/f5.txt")


# ── sources ─────────────────────────────────────────────────────────────────────────────────────


def test_a_part_of_a_source_can_be_brought_up_to_date_alone(bench: Bench) -> None:
    bench.write(docs__a__cat=CAT, docs__b__dog=DOG)
    bench.sync("docs")
    bench.write(docs__a__cat="Changed.", docs__b__dog="Changed too.")
    report = bench.sync("docs/a")
    assert report.changed == ("docs/a/cat.txt",)
    assert bench.texts()["docs/b/dog.txt"] == DOG
    bench.path("docs__a__cat").unlink()
    assert bench.sync("docs/a/cat.txt").removed == ("docs/a/cat.txt",)


def test_a_source_absorbs_those_inside(bench: Bench) -> None:
    bench.write(docs__a__cat=CAT, docs__dog=DOG, other__owl="The owl hoots.")
    bench.sync("docs/a", "other/owl.txt")
    report = bench.sync("docs")
    assert (report.added, report.unchanged, report.chunks) == (("docs/dog.txt",), 1, 1)
    with bench.catalog() as catalog:
        assert catalog.sources() == ["docs", "other/owl.txt"]
        places = {found.location: (found.source, found.path) for found in catalog.documents()}
    assert places["docs/a/cat.txt"] == ("docs", "a/cat.txt")
    assert bench.sync().unchanged == 3


def test_a_hidden_file_that_is_named_is_indexed_and_stays(bench: Bench) -> None:
    bench.write(docs__cat=CAT)
    (bench.root / "docs" / ".notes.txt").write_text(DOG)
    bench.sync("docs")
    assert bench.sync("docs/.notes.txt").added == ("docs/.notes.txt",)
    assert bench.sync("docs").unchanged == 1
    assert bench.sync().unchanged == 2
    assert set(bench.texts()) == {"docs/cat.txt", "docs/.notes.txt"}


def test_a_source_outside_the_workspace_keeps_its_full_path(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "far.txt").write_text(CAT)
    assert bench.sync(str(outside)).added == (str(outside / "far.txt"),)
    with bench.catalog() as catalog:
        [far] = catalog.documents()
    assert (far.path, far.file) == ("far.txt", str(outside / "far.txt"))


def test_the_sources_of_the_settings_are_indexed_too(bench: Bench) -> None:
    bench.write(docs__cat=CAT, notes__dog=DOG)
    bench.sync("docs")
    bench.configured = (bench.root / "notes",)
    assert bench.sync().added == ("notes/dog.txt",)


def test_nothing_to_index(bench: Bench) -> None:
    with pytest.raises(UsageError, match="no files or folders to index") as caught:
        bench.sync()
    assert caught.value.hint


def test_a_path_with_nothing_at_it(bench: Bench) -> None:
    with pytest.raises(UsageError, match="no file or folder `nowhere`"):
        bench.sync("nowhere")
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    with pytest.raises(UsageError):
        bench.sync("docs", "docs/nowhere.txt")
    assert bench.texts() == {"docs/cat.txt": CAT}


def test_a_source_folder_that_is_gone_keeps_its_documents(bench: Bench) -> None:
    """It may lie on a drive that is not there."""
    bench.write(docs__cat=CAT, notes__dog=DOG)
    bench.sync("docs", "notes")
    shutil.rmtree(bench.root / "docs")
    report = bench.sync()
    assert (report.removed, report.unchanged) == ((), 2)
    [skip] = report.skipped
    assert (skip.location, skip.code) == ("docs", "missing")
    assert skip.hint
    assert "askdoc remove docs" in skip.hint
    assert "docs/cat.txt" in bench.texts()


def test_sources_whose_documents_stay_are_reported(bench: Bench) -> None:
    bench.write(docs__cat=CAT, dog=DOG)
    bench.sync("docs", "dog.txt")
    shutil.rmtree(bench.root / "docs")
    bench.path("dog").unlink()
    with bench.catalog() as catalog:
        documents = list(catalog.documents())
        assert absent_sources(catalog.sources(), documents, bench.root) == ["docs"]


def test_a_source_file_that_is_gone_leaves(bench: Bench) -> None:
    bench.write(cat=CAT, dog=DOG)
    bench.sync("cat.txt", "dog.txt")
    bench.path("cat").unlink()
    assert bench.sync().removed == ("cat.txt",)
    assert bench.sync().removed == ()


# ── what cannot be indexed ──────────────────────────────────────────────────────────────────────


def test_an_empty_folder_is_no_error(bench: Bench) -> None:
    (bench.root / "docs").mkdir()
    report = bench.sync("docs")
    assert (report.added, report.skipped) == ((), ())
    bench.write(docs__cat=CAT)
    assert bench.sync().added == ("docs/cat.txt",)


def test_skips_are_reported_and_kept_until_they_change(bench: Bench) -> None:
    bench.write(docs__bad="broken", docs__blank=" \n \n", docs__cat=CAT)
    (bench.root / "docs" / "image.png").write_bytes(b"png")
    report = bench.sync("docs")
    codes = {
        "docs/bad.txt": "broken",
        "docs/blank.txt": "empty",
        "docs/image.png": "unsupported",
    }
    assert {skip.location: skip.code for skip in report.skipped} == codes == bench.skips()
    assert {event.location for event in bench.events if isinstance(event, Skip)} == set(codes)
    again = bench.sync()
    assert bench.loaded == []
    assert again.skipped == report.skipped
    bench.write(docs__bad="mended.")
    assert bench.sync().added == ("docs/bad.txt",)
    assert set(bench.skips()) == {"docs/blank.txt", "docs/image.png"}
    (bench.root / "docs" / "image.png").unlink()
    bench.sync()
    assert set(bench.skips()) == {"docs/blank.txt"}


def test_skips_elsewhere_are_kept(bench: Bench) -> None:
    bench.write(docs__bad="broken", notes__bad="broken")
    bench.sync("docs", "notes")
    bench.path("notes__bad").unlink()
    bench.sync("notes")
    assert bench.skips() == {"docs/bad.txt": "broken"}


def test_a_document_that_broke_leaves(bench: Bench) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    bench.write(docs__cat="broken now")
    report = bench.sync()
    assert report.removed == ("docs/cat.txt",)
    assert bench.texts() == {}
    assert bench.skips() == {"docs/cat.txt": "broken"}


def test_a_document_that_is_out_of_reach_stays(bench: Bench, touch: Touch) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    touch(bench.path("docs__cat"))
    bench.on_load = lambda found: Path(found.file).rename(bench.root / "away")
    report = bench.sync()
    assert (report.removed, bench.skips()) == ((), {"docs/cat.txt": "unreadable"})
    assert bench.texts() == {"docs/cat.txt": CAT}
    bench.on_load = lambda _: None
    (bench.root / "away").rename(bench.path("docs__cat"))
    assert bench.sync().unchanged == 1
    assert bench.skips() == {}


def test_a_file_that_vanishes_meanwhile_is_skipped(bench: Bench) -> None:
    bench.write(docs__a=CAT, docs__b=DOG)
    bench.on_load = lambda found: Path(found.file).unlink() if "a.txt" in found.file else None
    report = bench.sync("docs")
    assert report.added == ("docs/b.txt",)
    assert [skip.location for skip in report.skipped] == ["docs/a.txt"]


# ── removing ────────────────────────────────────────────────────────────────────────────────────


def test_what_is_removed_does_not_come_back_by_itself(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG)
    bench.sync("docs")
    assert bench.remove("docs__cat") == ("docs/cat.txt",)
    assert bench.texts() == {"docs/dog.txt": DOG}
    report = bench.sync("docs")
    assert report.added == ()
    [skip] = report.skipped
    assert (skip.location, skip.code) == ("docs/cat.txt", "excluded")
    assert bench.sync("docs/cat.txt").added == ("docs/cat.txt",)
    assert bench.sync("docs").skipped == ()


def test_a_folder_of_which_all_is_removed_stays_a_source(bench: Bench) -> None:
    bench.write(**{"my docs__cat": CAT})
    bench.sync("my docs")
    bench.remove("my docs__cat")
    [source] = bench.indexer().sources()
    assert source.location == "my docs"
    bench.write(**{"my docs__dog": DOG})
    report = bench.sync()
    assert report.added == ("my docs/dog.txt",)
    [skip] = report.skipped
    assert skip.hint == "`askdoc index 'my docs/cat.txt'` brings it back"
    assert bench.sync("my docs/cat.txt").added == ("my docs/cat.txt",)


def test_a_file_that_is_removed_is_no_source_any_more(bench: Bench) -> None:
    bench.write(docs__cat=CAT, notes__owl="The owl hoots.")
    bench.sync("docs/cat.txt", "notes")
    bench.remove("docs__cat")
    assert [one.location for one in bench.indexer().sources()] == ["notes"]


def test_removing_nothing(bench: Bench) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    assert bench.indexer().remove(["unknown"]) == ()
    assert bench.opened == []


# ── another embedder, other settings, made anew ─────────────────────────────────────────────────


def test_another_embedder_is_refused_until_the_index_is_made_anew(bench: Bench) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    bench.embedder = type(bench.embedder)(dimensions=32)
    assert bench.sync().unchanged == 1
    bench.write(docs__cat="Changed.")
    with pytest.raises(EmbedderMismatch) as caught:
        bench.sync()
    assert caught.value.hint
    assert "askdoc index --rebuild" in caught.value.hint
    report = bench.sync(rebuild=True)
    assert report.added == ("docs/cat.txt",)
    assert bench.vectors().vectors(list(bench.state()[1])).shape == (1, 32)


def test_an_embedder_that_is_asked_for_is_compared_at_once(bench: Bench) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    bench.settings = Settings(embedder="other")
    bench.embedder = type(bench.embedder)(dimensions=32)
    with pytest.raises(EmbedderMismatch):
        bench.sync()


def test_an_empty_index_takes_any_embedder(bench: Bench) -> None:
    bench.memory = None
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    bench.path("docs__cat").unlink()
    bench.sync()
    bench.embedder = type(bench.embedder)(dimensions=32)
    bench.settings = Settings(chunk_tokens=32)
    bench.write(docs__dog=DOG)
    assert bench.sync().added == ("docs/dog.txt",)
    assert bench.texts() == {"docs/dog.txt": DOG}


def test_other_settings_are_refused_until_the_index_is_made_anew(bench: Bench) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    bench.settings = Settings(chunk_tokens=32)
    with pytest.raises(EmbedderMismatch, match="other settings"):
        bench.sync()
    assert bench.sync(rebuild=True).added == ("docs/cat.txt",)
    assert bench.sync().unchanged == 1


def test_making_anew_keeps_sources_and_exclusions(bench: Bench) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG, notes__owl="The owl hoots.")
    bench.sync("docs", "notes")
    bench.remove("docs__cat")
    report = bench.sync(rebuild=True)
    assert report.added == ("docs/dog.txt", "notes/owl.txt")
    assert len(bench.embedder.embedded) == 2


def test_making_anew_loses_no_source(bench: Bench) -> None:
    bench.write(docs__cat=CAT, notes__dog=DOG)
    bench.sync("docs", "notes")
    shutil.rmtree(bench.root / "docs")
    with pytest.raises(UsageError, match="`docs` is not there"):
        bench.sync(rebuild=True)
    assert set(bench.texts()) == {"docs/cat.txt", "notes/dog.txt"}


def test_a_corrupt_catalog_can_be_made_anew(bench: Bench) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")
    (bench.index / "catalog.sqlite").write_bytes(b"nothing of use" * 1000)
    with pytest.raises(IndexCorrupt):
        bench.sync("docs")
    with pytest.raises(IndexCorrupt) as caught:
        bench.sync(rebuild=True)
    assert caught.value.hint
    assert "askdoc index --rebuild PATH" in caught.value.hint
    assert bench.sync("docs", rebuild=True).added == ("docs/cat.txt",)
    assert bench.texts() == {"docs/cat.txt": CAT}


def test_another_programs_files_survive_a_rebuild(bench: Bench) -> None:
    bench.memory = None
    bench.write(docs__cat=CAT)
    (bench.index / "chroma").mkdir(parents=True)
    (bench.index / "chroma/notes.txt").write_text("mine")
    with contextlib.closing(sqlite3.connect(bench.index / "catalog.sqlite")) as other:
        other.execute("CREATE TABLE notes (text)")
    before = (bench.index / "catalog.sqlite").read_bytes()
    with pytest.raises(StoreError, match="another program"):
        bench.sync("docs", rebuild=True)
    assert (bench.index / "catalog.sqlite").read_bytes() == before
    assert (bench.index / "chroma/notes.txt").read_text() == "mine"


def test_no_embedder_no_rebuild(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write(docs__cat=CAT)
    bench.sync("docs")

    def fail(_made_by: str | None) -> NoReturn:
        message = "there is no model `nope`"
        raise ModelError(message)

    monkeypatch.setattr(bench, "_load_embedder", fail)
    with pytest.raises(ModelError):
        bench.sync(rebuild=True)
    assert bench.texts() == {"docs/cat.txt": CAT}


@pytest.mark.parametrize("method", ["keep_sources", "exclude", "stage", "publish"])
def test_a_rebuild_that_ends_early_forgets_no_source(bench: Bench, method: str) -> None:
    bench.write(docs__cat=CAT, docs__dog=DOG, notes__owl="The owl hoots.")
    bench.sync("docs", "notes")
    bench.remove("docs__cat")

    def wrap(catalog: SqliteCatalog) -> SqliteCatalog:
        def fail(*_: object) -> NoReturn:
            raise DiskFull("no room")  # noqa: EM101 - as good as any

        setattr(catalog, method, fail)
        return catalog

    bench.in_catalog = wrap
    with pytest.raises(DiskFull):
        bench.sync(rebuild=True)
    bench.in_catalog = lambda catalog: catalog
    bench.sync()
    assert set(bench.texts()) == {"docs/dog.txt", "notes/owl.txt"}


def test_a_file_whose_reader_is_missing_is_reported_with_its_reason_ahead_of_a_run(
    bench: Bench,
) -> None:
    def lacking(_: str) -> Reader:
        message = "reading `.txt` files needs the package `letters`"
        raise MissingPart(message, hint="pip install letters")

    bench.write(a="Boats.")
    bench.readers = lacking
    (skip,) = bench.sync(".").skipped
    planned = bench.indexer().preview()
    assert planned.skipped == (skip,)
    assert planned.added == ()
    bench.write(b="Oats.")
    assert bench.indexer().preview().added == ("b.txt",)


def test_what_was_published_just_before_ctrl_c_is_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    bench.write(docs__cat=CAT, docs__dog=DOG)
    with monkeypatch.context() as patched:
        patched.setattr(
            embed, "remove_obsolete", interrupted
        )  # comes between publishing and telling
        report = bench.sync("docs")
    assert report.interrupted
    assert report.added == ("docs/cat.txt", "docs/dog.txt")
    with bench.catalog() as catalog:
        assert report.chunks == len(catalog.chunk_ids()) > 0
    assert bench.sync().unchanged == 2


def test_an_index_is_incomplete_until_what_was_to_be_read_is_read(bench: Bench) -> None:
    def missing() -> str | None:
        with bench.catalog() as catalog:
            return catalog.setting(INCOMPLETE)

    def interrupt(_: Found) -> None:
        raise KeyboardInterrupt

    bench.write(docs__cat=CAT, docs__dog=DOG, more__hen="A hen lays eggs.")
    bench.sync("more")
    assert not missing()
    bench.on_load = interrupt
    assert bench.sync("docs").interrupted
    assert missing() == '["docs"]'
    bench.write(more__ant="An ant carries leaves.")
    assert bench.sync("more").interrupted
    assert missing() == '["docs", "more"]'
    bench.on_load = lambda _: None
    bench.sync("docs/cat.txt")
    bench.sync("docs")
    assert missing() == '["more"]'
    bench.sync("more")
    assert not missing()
    bench.on_load = interrupt
    bench.write(docs__dog=DOG + " It barks.")
    assert bench.sync().interrupted
    bench.on_load = lambda _: None
    bench.sync("docs")
    assert missing() == '[""]'
    bench.sync()
    assert not missing()


def test_an_index_made_anew_is_unfinished_until_a_whole_run_ends(bench: Bench) -> None:
    def is_unfinished() -> bool:
        with bench.catalog() as catalog:
            return catalog.setting(UNFINISHED) == "yes"

    def interrupt(_: Found) -> None:
        raise KeyboardInterrupt

    bench.write(docs__cat=CAT, docs__dog=DOG)
    bench.sync("docs")
    assert not is_unfinished()
    bench.on_load = interrupt
    assert bench.sync(rebuild=True).interrupted
    assert is_unfinished()
    bench.on_load = lambda _: None
    bench.sync("docs/cat.txt")
    assert is_unfinished()
    bench.sync()
    assert not is_unfinished()
    bench.sync(rebuild=True)
    assert not is_unfinished()
