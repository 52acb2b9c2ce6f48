"""What lies in a file and also elsewhere is one document with several places."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from askdoc.readers import reader_for
from askdoc.types import Document
from askdoc.types.ports import Reader

if TYPE_CHECKING:
    from tests.index.conftest import Bench

CAT = "The cat sleeps on the mat. It dreams of fish."
DOG = "The dog guards the gate. It never sleeps."


@pytest.fixture
def archives(bench: Bench) -> Bench:
    def reader(name: str) -> Reader:
        return reader_for(name)

    bench.readers = reader
    bench.discovered = (".txt", ".zip")
    (bench.root / "docs").mkdir()
    return bench


def pack(bench: Bench, name: str, files: Mapping[str, str | bytes]) -> Path:
    path = bench.root / "docs" / name
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in files.items():
            archive.writestr(zipfile.ZipInfo(member), content)
    return path


def places(bench: Bench) -> dict[str, list[str]]:
    """Map each text to all the places it has; that of an archive is left out."""
    bench.state()
    with bench.catalog() as catalog:
        return {
            catalog.text(item.id): sorted([item.location, *(copy.location for copy in item.copies)])
            for item in catalog.documents()
            if not item.location.endswith(".zip")
        }


def of(bench: Bench, location: str) -> Document:
    with bench.catalog() as catalog:
        return next(one for one in catalog.documents() if location in one.names)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_file_inside_and_outside_an_archive_is_one_document(
    archives: Bench, *, at_once: bool
) -> None:
    archives.write(docs__cat=CAT)
    if not at_once:
        archives.sync("docs")
    pack(archives, "box.zip", {"cat.txt": CAT, "dog.txt": DOG})
    report = archives.sync("docs")
    both = ["docs/box.zip/cat.txt", "docs/cat.txt"]
    assert places(archives) == {CAT: both, DOG: ["docs/box.zip/dog.txt"]}
    assert len(report.copies) == 1
    assert archives.sync().unchanged == 4
    assert places(archives) == {CAT: both, DOG: ["docs/box.zip/dog.txt"]}


def test_a_file_that_comes_after_the_archive_is_a_copy_of_what_lies_there(
    archives: Bench,
) -> None:
    pack(archives, "box.zip", {"cat.txt": CAT})
    archives.sync("docs")
    archives.write(docs__cat=CAT)
    assert archives.indexer().preview().copies == ("docs/cat.txt",)
    assert archives.sync().copies == ("docs/cat.txt",)
    assert archives.embedder.embedded == []
    assert places(archives) == {CAT: ["docs/box.zip/cat.txt", "docs/cat.txt"]}


@pytest.mark.parametrize("at_once", [True, False])
def test_a_file_leads_before_what_lies_in_an_archive(archives: Bench, *, at_once: bool) -> None:
    pack(archives, "box.zip", {"cat.txt": CAT})
    if not at_once:
        archives.sync("docs")
    archives.write(docs__cat=CAT)
    archives.sync("docs")
    document = of(archives, "docs/cat.txt")
    assert (document.location, document.within) == ("docs/cat.txt", None)
    assert Path(document.file).name == "cat.txt"
    assert [copy.location for copy in document.copies] == ["docs/box.zip/cat.txt"]
    assert document.copies[0].within == "docs/box.zip"
    assert archives.sync().unchanged == 3
    archives.path("docs__cat").unlink()
    archives.write(docs__dog=CAT)
    pack(archives, "a.zip", {"cat.txt": CAT})
    archives.sync()
    assert of(archives, "docs/dog.txt").location == "docs/dog.txt"


@pytest.mark.parametrize("first", ["box.zip", "cat.txt"])
def test_each_place_outlives_the_other(archives: Bench, first: str) -> None:
    archives.write(docs__cat=CAT)
    box = pack(archives, "box.zip", {"cat.txt": CAT})
    archives.sync(f"docs/{first}")
    archives.sync("docs")
    (box if first == "box.zip" else archives.path("docs__cat")).unlink()
    archives.sync()
    left = "docs/cat.txt" if first == "box.zip" else "docs/box.zip/cat.txt"
    assert places(archives) == {CAT: [left]}
    assert archives.embedder.embedded == []
    document = of(archives, left)
    assert document.within == (None if first == "box.zip" else "docs/box.zip")
    assert Path(document.file).exists()
    assert archives.sync().removed == ()


def test_a_copy_in_an_archive_says_where_it_lies(archives: Bench) -> None:
    archives.write(docs__cat=CAT)
    archives.sync("docs")
    box = pack(archives, "box.zip", {"in/cat.txt": CAT})
    archives.sync()
    [copy] = of(archives, "docs/cat.txt").copies
    assert (copy.file, copy.inside, copy.within) == (str(box), "/in/cat.txt", "docs/box.zip")


def test_one_archive_holds_the_same_twice(archives: Bench) -> None:
    pack(archives, "box.zip", {"a.txt": CAT, "b.txt": CAT})
    archives.sync("docs")
    assert places(archives) == {CAT: ["docs/box.zip/a.txt", "docs/box.zip/b.txt"]}


def test_an_archive_that_changes_keeps_what_is_the_same(archives: Bench) -> None:
    archives.write(docs__cat=CAT)
    archives.sync("docs")
    pack(archives, "box.zip", {"cat.txt": CAT, "dog.txt": DOG})
    archives.sync()
    pack(archives, "box.zip", {"cat.txt": CAT, "dog.txt": "The dog sleeps at last."})
    report = archives.sync()
    assert "docs/box.zip/cat.txt" not in report.changed
    assert places(archives) == {
        CAT: ["docs/box.zip/cat.txt", "docs/cat.txt"],
        "The dog sleeps at last.": ["docs/box.zip/dog.txt"],
    }
    pack(archives, "box.zip", {"cat.txt": DOG})
    archives.sync()
    assert places(archives) == {CAT: ["docs/cat.txt"], DOG: ["docs/box.zip/cat.txt"]}
    assert archives.sync().unchanged == 3


def test_an_archive_that_lies_in_another_is_read_outside_too(archives: Bench) -> None:
    inner = pack(archives, "inner.zip", {"cat.txt": CAT})
    data = inner.read_bytes()
    inner.unlink()
    pack(archives, "outer.zip", {"inner.zip": data})
    archives.sync("docs")
    pack(archives, "inner.zip", {"cat.txt": CAT})
    archives.sync()
    assert places(archives)[CAT] == ["docs/inner.zip/cat.txt", "docs/outer.zip/inner.zip/cat.txt"]


def test_an_archive_that_is_moved_keeps_its_documents(archives: Bench) -> None:
    box = pack(archives, "box.zip", {"cat.txt": CAT, "dog.txt": DOG})
    archives.sync("docs")
    box.rename(box.with_name("moved.zip"))
    archives.sync()
    assert places(archives) == {CAT: ["docs/moved.zip/cat.txt"], DOG: ["docs/moved.zip/dog.txt"]}
    assert of(archives, "docs/moved.zip/cat.txt").within == "docs/moved.zip"


def shake(bench: Bench, chance: random.Random) -> None:
    """Let files and archives come, change and go."""
    texts = [f"Boat {number} carries oak to the harbour." for number in range(4)]
    for name in ("a", "b", "c"):
        draw = chance.random()
        if draw < 0.4:
            bench.write(**{f"docs__{name}": chance.choice(texts)})
        elif draw < 0.6:
            bench.path(f"docs__{name}").unlink(missing_ok=True)
    for name in ("x.zip", "y.zip"):
        draw = chance.random()
        if draw < 0.5:
            members = chance.sample(["m.txt", "n.txt", "o.txt"], chance.randint(1, 3))
            pack(bench, name, {member: chance.choice(texts) for member in members})
        elif draw < 0.65:
            (bench.root / "docs" / name).unlink(missing_ok=True)


def on_disk(bench: Bench) -> dict[str, list[str]]:
    """Map each text to all the places that have it."""
    found: dict[str, list[str]] = {}
    for path in sorted((bench.root / "docs").iterdir()):
        if path.suffix == ".txt":
            found.setdefault(path.read_text(), []).append(f"docs/{path.name}")
            continue
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                text = archive.read(member).decode()
                found.setdefault(text, []).append(f"docs/{path.name}/{member}")
    return {text: sorted(where) for text, where in found.items()}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_each_file_and_member_has_its_place(archives: Bench, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(12):
        shake(archives, chance)
        archives.sync("docs")
        assert places(archives) == on_disk(archives)
