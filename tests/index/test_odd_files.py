"""Files, names and clocks that are not as one expects, through the real readers and processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import structs
from tests.processes import running

from askdoc import app, workspace
from askdoc.ask import lookup
from askdoc.index.reading.pool import ReadingPool
from askdoc.index.sources import PASSING
from askdoc.system import limits
from askdoc.testing import HashEmbedder
from askdoc.types import Found, IndexReport, Skip
from askdoc.workspace import Workspace

if TYPE_CHECKING:
    from tests.index.conftest import Bench

CAT = "The cat sleeps on the mat. It dreams of fish."


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Make a workspace whose embedder is quick; all else is as for a user."""
    monkeypatch.setattr("askdoc.app.opening.embedder", lambda *_, **__: HashEmbedder())
    (tmp_path / ".askdoc").mkdir()
    (tmp_path / "docs").mkdir()
    workers = {"ASKDOC_WORKERS": "1"}
    return workspace.find(tmp_path, environment=workers, user_config=tmp_path / "none")


def sync(here: Workspace) -> IndexReport:
    with app.indexer(here) as indexer:
        return indexer.sync([here.root / "docs"])


def indexed(here: Workspace) -> dict[str, str]:
    with app.open_catalog(here) as catalog:
        assert catalog.check() == []
        return {item.path: catalog.text(item.id) for item in catalog.documents()}


def test_pipes_links_and_loops_hold_nothing_up(here: Workspace) -> None:
    docs = here.root / "docs"
    (docs / "cat.txt").write_text(CAT)
    os.mkfifo(docs / "pipe.txt")
    (docs / "loop").symlink_to(docs)
    (docs / "a.txt").symlink_to(docs / "b.txt")
    (docs / "b.txt").symlink_to(docs / "a.txt")
    (docs / "device.txt").symlink_to("/dev/zero")
    report = sync(here)
    assert report.added == ("docs/cat.txt",)
    codes = {skip.location: skip.code for skip in report.skipped}
    assert codes == {
        "docs/pipe.txt": "special",
        "docs/loop": "link",
        "docs/a.txt": "broken_link",
        "docs/b.txt": "broken_link",
        "docs/device.txt": "link_out",
    }


def test_a_sparse_file_of_two_gigabytes_is_not_read(here: Workspace) -> None:
    docs = here.root / "docs"
    (docs / "cat.txt").write_text(CAT)
    with (docs / "sparse.txt").open("wb") as file:
        file.truncate(2 << 30)
    report = sync(here)
    assert {skip.location: skip.code for skip in report.skipped} == {"docs/sparse.txt": "too_large"}
    assert report.added == ("docs/cat.txt",)


def test_a_sparse_file_within_the_limit_is_no_text(here: Workspace) -> None:
    with (here.root / "docs" / "sparse.txt").open("wb") as file:
        file.truncate(20 << 20)
    [skip] = sync(here).skipped
    assert skip.code == "binary"
    assert sync(here).skipped == (skip,)


def test_a_limit_that_is_raised_has_files_read_again(here: Workspace) -> None:
    (here.root / "docs" / "long.txt").write_text(f"{CAT}\n\n" * 4_000)
    strict = replace(here, settings=structs.replace(here.settings, max_read_seconds=0.001))
    [skip] = sync(strict).skipped
    assert (skip.code, skip.reason) == ("out_of_time", "reading it takes more than 0.001 s")
    with app.indexer(strict) as indexer:
        assert indexer.preview().skipped == (skip,)  # it is remembered
    with app.indexer(here) as indexer:
        assert indexer.preview().added == ("docs/long.txt",)
    assert sync(here).added == ("docs/long.txt",)


@pytest.mark.parametrize(
    ("ended_with", "code"), [(None, "out_of_memory"), (-11, "crashed"), (-27, "out_of_time")]
)
def test_a_reason_holds_as_long_as_its_limit(ended_with: int | None, code: str) -> None:
    found = Found("a.txt", "a.txt", ".", "/a.txt", 1, 1)
    now = limits.Limits(size=1, seconds=60, memory=1_000_000_000)
    skip = (
        limits.out_of_memory(found, now)
        if ended_with is None
        else limits.ended(found, now, ended_with)
    )
    assert skip.code == code
    assert limits.still_holds(skip, now)
    assert not limits.still_holds(skip, limits.Limits(1, 120, 2_000_000_000))
    assert limits.still_holds(Skip("a.txt", "empty", "there is no text in it"), now)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_reader_that_the_system_kills_says_nothing_about_the_file() -> None:
    found = Found("a.txt", "a.txt", ".", "/a.txt", 1, 1)
    skip = limits.ended(found, limits.Limits(size=1, seconds=60, memory=1_000_000_000), -9)
    assert skip.code == "killed"
    assert skip.code in PASSING  # so the next run reads the file again


def test_long_paths_and_odd_names_are_indexed(here: Workspace) -> None:
    docs = here.root / "docs"
    deep = docs.joinpath(*["a folder with a rather long name"] * 12)
    deep.mkdir(parents=True)
    names = [
        str(deep.relative_to(docs) / ("n" * 200 + ".txt")),
        "line\nbreak.txt",
        "quote'\".txt",
        " spaces .txt",
        "日本語.txt",
        "\N{PILE OF POO}.txt",
    ]
    for number, name in enumerate(names):
        (docs / name).write_text(f"{CAT} Number {number}.")
    assert len(names[0].encode()) > 255
    sync(here)
    assert set(indexed(here)) == set(names)
    assert sync(here).unchanged == len(names)


def test_a_name_that_is_not_utf8_is_skipped(here: Workspace) -> None:
    (here.root / "docs" / "cat.txt").write_text(CAT)
    raw = os.path.join(os.fsencode(here.root / "docs"), b"caf\xe9.txt")  # noqa: PTH118 - bytes
    with open(raw, "w") as file:  # noqa: PTH123 - bytes
        file.write(CAT)
    report = sync(here)
    assert [(skip.location, skip.code) for skip in report.skipped] == [
        ("docs/caf\\xe9.txt", "name")
    ]
    assert set(indexed(here)) == {"cat.txt"}


def test_names_that_differ_in_case_or_form_alone_are_files_of_their_own(here: Workspace) -> None:
    docs = here.root / "docs"
    composed = unicodedata.normalize("NFC", "café.txt")
    decomposed = unicodedata.normalize("NFD", "café.txt")
    texts = {"Read.txt": "One.", "read.txt": "Two.", composed: "Three.", decomposed: "Four."}
    for name, text in texts.items():
        (docs / name).write_text(text)
    if len(list(docs.iterdir())) < len(texts):
        pytest.skip("this disk takes such names for one")
    sync(here)
    assert indexed(here) == texts
    with app.open_catalog(here) as catalog:
        documents = catalog.documents()
    for name in texts:
        assert [item.path for item in lookup.match(name, documents, here.root)] == [name]


def test_a_name_typed_in_another_case_or_form_is_found_where_it_is_the_only_one(
    here: Workspace,
) -> None:
    (here.root / "docs" / unicodedata.normalize("NFD", "Café.txt")).write_text(CAT)
    sync(here)
    with app.open_catalog(here) as catalog:
        documents = catalog.documents()
    for typed in (unicodedata.normalize("NFC", "Café.txt"), "café.txt", "docs/CAFÉ.txt"):
        assert len(lookup.match(typed, documents, here.root)) == 1


def test_a_clock_that_goes_backwards_hides_no_change(here: Workspace) -> None:
    file = here.root / "docs" / "cat.txt"
    file.write_text("The cat sleeps.")
    sync(here)
    before = file.stat()
    file.write_text("The dog sleeps.")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns - 10**12))
    assert sync(here).changed == ("docs/cat.txt",)
    os.utime(file, (0, 0))
    assert sync(here).unchanged == 1
    os.utime(file, (0, time.time() + 10**8))
    assert sync(here).unchanged == 1
    assert indexed(here) == {"cat.txt": "The dog sleeps."}


def test_names_that_are_swapped_and_a_time_set_back_hide_no_change(here: Workspace) -> None:
    cat, dog = here.root / "docs" / "cat.txt", here.root / "docs" / "dog.txt"
    cat.write_text("The cat sleeps.")
    dog.write_text("The dog sleeps.")
    for file in (cat, dog):
        os.utime(file, (10**9, 10**9))
    sync(here)
    cat.rename(here.root / "aside")
    dog.rename(cat)
    (here.root / "aside").rename(dog)
    sync(here)
    assert indexed(here) == {"cat.txt": "The dog sleeps.", "dog.txt": "The cat sleeps."}
    cat.write_text("The cow sleeps.")
    os.utime(cat, (10**9, 10**9))
    assert sync(here).changed == ("docs/cat.txt",)
    assert indexed(here)["cat.txt"] == "The cow sleeps."
    assert sync(here).unchanged == 2


SURROGATES = '''
from askdoc.types import Reading, Section, Span

class Odd:
    """Reads anything as text with lone surrogates, as JSON can hold."""
    def read(self, data, *, name):
        text = "A \\ud800 stands here alone. And \\udfff too."
        return Reading(text, (Span(0, len(text)),), title="T\\udc00", author="A\\ud801",
                       sections=(Section(0, 1, "S\\udc01"),), warnings=("w\\udc02",))
'''


def test_lone_surrogates_survive_all_the_way(
    here: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here.root / "odd.py").write_text(SURROGATES)
    monkeypatch.setenv("PYTHONPATH", str(here.root))
    (here.root / "docs" / "odd.txt").write_text("anything")
    plain = ReadingPool.__init__

    def odd(self: ReadingPool, workers: int, limits: object, _named: object, *rest: object) -> None:
        plain(self, workers, limits, lambda _: "txt = odd:Odd", *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ReadingPool, "__init__", odd)
    sync(here)
    [text] = indexed(here).values()
    assert text == "A \ud800 stands here alone. And \udfff too."
    with app.open_catalog(here) as catalog:
        [document] = catalog.documents()
        [chunk] = catalog.chunks(catalog.chunk_ids())
    assert (document.title, document.author) == ("T\udc00", "A\ud801")
    assert (document.warnings, chunk.headings) == (("w\udc02",), ("S\udc01",))
    assert sync(here).unchanged == 1


# ── another process at the same time ────────────────────────────────────────────────────────────

READ = """
import sys
from pathlib import Path
from askdoc.store.catalog import SqliteCatalog
root = Path(sys.argv[1])
looks = 0
seen = set()
print("ready", flush=True)
while not (root / "stop").exists():
    with SqliteCatalog(root / ".index", root) as catalog:
        documents = catalog.documents()
        if len(documents) != 6:
            print(f"{len(documents)} documents")
        for document in documents:
            text = catalog.text(document.id)
            edition = text.split()[1]
            seen.add(edition)
            lines = text.split("\\n")
            if len(lines) != 40 or any(line.split()[1] != edition for line in lines):
                print(f"{document.path} is half old")
            for chunk in catalog.chunks(catalog.chunk_ids([document.id])):
                if chunk.span.of(text) != chunk.text:
                    print(f"{document.path} has a chunk that is not its text")
    looks += 1
print(looks > 3 and len(seen) > 1)
"""


def test_a_reader_elsewhere_sees_the_old_version_or_the_new(bench: Bench) -> None:
    def write(edition: int) -> None:
        for n in range(6):
            lines = [f"Edition {edition} of text {n}, line {line}." for line in range(40)]
            bench.write(**{f"docs__f{n}": "\n".join(lines)})

    write(0)
    bench.sync("docs")
    command = [sys.executable, "-c", READ, str(bench.root)]
    with running(command, stdout=subprocess.PIPE) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
        for edition in range(1, 9):
            write(edition)
            bench.sync()
        (bench.root / "stop").touch()
        assert reader.stdout.read() == "True\n"


def test_an_archive_that_unpacks_to_too_much_is_read_once(here: Workspace) -> None:
    with zipfile.ZipFile(here.root / "docs" / "box.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.bin", bytes(101_000_000), compresslevel=1)
    [skip] = sync(here).skipped
    assert skip.code == "too_large"
    with app.indexer(here) as indexer:
        planned = indexer.preview()
    assert (planned.added, planned.skipped) == ((), (skip,))


def test_a_file_in_an_archive_is_under_the_limit_of_files(here: Workspace) -> None:
    with zipfile.ZipFile(here.root / "docs" / "box.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat.txt", CAT)
        archive.writestr("long.txt", f"{CAT}\n\n" * 4_000)
    strict = replace(here, settings=structs.replace(here.settings, max_file_mb=0.1))
    [skip] = sync(strict).skipped
    assert (skip.location, skip.code) == ("docs/box.zip/long.txt", "too_large")
    assert skip.reason == "`long.txt` has 0.2 MB, over the limit of 0.1 MB"
    assert set(indexed(here)) == {"box.zip", "box.zip/cat.txt"}
    assert sync(strict).unchanged == 2  # the archive is not read again
    with app.open_catalog(here) as catalog:
        assert catalog.skipped() == [skip]
    report = sync(here)  # with the limit raised, the archive is read again
    assert (report.skipped, report.added) == ((), ("docs/box.zip/long.txt",))
    assert sync(here).unchanged == 3


def test_what_is_read_at_the_same_time_is_one_document_all_the_same(here: Workspace) -> None:
    """A file and the archive that holds it too, each read by a process of its own."""
    docs = here.root / "docs"
    for number in range(4):
        with zipfile.ZipFile(docs / f"{number}.zip", "w") as archive:
            archive.writestr("cat.txt", f"{CAT} Number {number}.")
        (docs / f"{number}.txt").write_text(f"{CAT} Number {number}.")
    report = sync(here)
    assert len(report.copies) == 4
    texts = [text for name, text in indexed(here).items() if not name.endswith(".zip")]
    assert sorted(texts) == [f"{CAT} Number {number}." for number in range(4)]
    assert sync(here).unchanged == 12
