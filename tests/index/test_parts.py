"""A file that holds documents of their own, such as a message with attachments."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from askdoc.errors import ReadError
from askdoc.types import (
    BARE_PAGES,
    Part,
    Reading,
    ReadOptions,
    Skip,
    Span,
    Unread,
)

if TYPE_CHECKING:
    from tests.index.conftest import Bench

    from askdoc.store.catalog import SqliteCatalog

Touch = Callable[[Path], None]

MAIL = "Dear all. | plan: The bridge is of oak. | cost: Oak costs nine pounds."


class Bundles:
    """Reads text with parts behind bars, `name: words`; a part of `?` needs a password."""

    def __init__(self, options: ReadOptions) -> None:
        self.options = options

    def read(self, data: bytes, *, name: str) -> Reading:
        text, *parts = re.split(r" \| ", data.decode())
        if text == "scan" and not self.options.ocr:
            message = f"`{name}` has no text"
            raise ReadError(message, code="no_text")
        return Reading(text, (Span(0, len(text)),), parts=tuple(map(self._part, parts)))

    def _part(self, told: str) -> Part:
        name, _, words = told.partition(": ")
        content = hashlib.sha256(words.encode()).hexdigest()
        if words == "?" and not self.options.passwords:
            return Part(name, content, Unread("encrypted", "it needs a password"))
        warnings = (
            (f"{BARE_PAGES}1 of 2 pages: 2",) if words == "half" and not self.options.ocr else ()
        )
        return Part(name, content, Reading(words, (Span(0, len(words)),), warnings=warnings))


@pytest.fixture
def bundles(bench: Bench) -> Bench:
    bench.readers = lambda _: Bundles(bench.options)
    return bench


def located(bench: Bench) -> list[str]:
    return sorted(bench.texts())


def test_each_part_is_a_document_of_its_own_in_its_file(bundles: Bench) -> None:
    bundles.write(docs__mail=MAIL)
    report = bundles.sync("docs")
    assert report.added == ("docs/mail.txt", "docs/mail.txt/cost", "docs/mail.txt/plan")
    assert bundles.texts() == {
        "docs/mail.txt": "Dear all.",
        "docs/mail.txt/plan": "The bridge is of oak.",
        "docs/mail.txt/cost": "Oak costs nine pounds.",
    }
    with bundles.catalog() as catalog:
        part = next(item for item in catalog.documents() if item.path == "mail.txt/plan")
        assert (part.within, part.file) == ("docs/mail.txt", str(bundles.path("docs__mail")))
        [whole] = [item for item in catalog.documents() if item.within is None]
        assert part.stamp.content_hash == hashlib.sha256(b"The bridge is of oak.").hexdigest()
        assert (part.stamp.size, part.stamp.modified_ns) == (
            whole.stamp.size,
            whole.stamp.modified_ns,
        )


def test_a_part_that_was_skipped_is_reported_again_by_a_preview(bundles: Bench) -> None:
    bundles.write(docs__mail="Dear all. | plan: ?")
    assert [skip.location for skip in bundles.sync("docs").skipped] == ["docs/mail.txt/plan"]
    planned = bundles.indexer().preview()
    assert [(skip.location, skip.code) for skip in planned.skipped] == [
        ("docs/mail.txt/plan", "encrypted")
    ]


def test_an_unchanged_file_is_not_opened_for_its_parts(bundles: Bench) -> None:
    bundles.write(docs__mail=MAIL)
    bundles.sync("docs")
    report = bundles.sync()
    assert (report.unchanged, report.removed, bundles.loaded) == (3, (), [])


def test_a_new_time_is_noted_of_all_parts(bundles: Bench, touch: Touch) -> None:
    bundles.write(docs__mail=MAIL)
    bundles.sync("docs")
    touch(bundles.path("docs__mail"))
    assert bundles.sync().unchanged == 3
    assert bundles.sync().unchanged == 3
    assert bundles.loaded == []
    with bundles.catalog() as catalog:
        times = {item.stamp.modified_ns for item in catalog.documents()}
    assert times == {bundles.path("docs__mail").stat().st_mtime_ns}


def test_parts_change_come_and_go_with_their_file(bundles: Bench) -> None:
    bundles.write(docs__mail=MAIL)
    bundles.sync("docs")
    bundles.write(docs__mail="Dear all. | plan: The bridge is of steel. | date: It opens in May.")
    report = bundles.sync()
    assert report.removed == ("docs/mail.txt/cost",)
    assert set(report.changed) == {"docs/mail.txt", "docs/mail.txt/plan"}
    assert report.added == ("docs/mail.txt/date",)
    bundles.path("docs__mail").unlink()
    assert len(bundles.sync().removed) == 3
    assert bundles.texts() == {}


def test_a_file_that_cannot_be_read_any_more_takes_its_parts_along(bundles: Bench) -> None:
    bundles.write(docs__mail=MAIL)
    bundles.sync("docs")
    bundles.write(docs__mail="scan")
    assert len(bundles.sync().removed) == 3
    assert bundles.skips() == {"docs/mail.txt": "no_text"}


def test_of_parts_with_one_name_each_is_kept(bundles: Bench) -> None:
    bundles.write(mail="Hello. | a.txt: One word. | a.txt: Two words. | ../a.txt: Three words.")
    bundles.sync("mail.txt")
    assert located(bundles) == [
        "mail.txt",
        "mail.txt/a (2).txt",
        "mail.txt/a (3).txt",
        "mail.txt/a.txt",
    ]


def test_a_part_that_cannot_be_read_is_skipped_and_stays_so(bundles: Bench) -> None:
    bundles.write(docs__mail="Dear all. | secret: ?")
    report = bundles.sync("docs")
    assert report.skipped == (Skip("docs/mail.txt/secret", "encrypted", "it needs a password"),)
    bundles.write(docs__other="Another one.")
    bundles.sync()
    assert bundles.skips() == {"docs/mail.txt/secret": "encrypted"}


def test_a_part_that_ends_early_ends_its_file(
    bundles: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that fails in the middle says so of the file, not of the part it was at."""

    def ends_early(reading: Reading) -> Iterator[Reading]:
        yield reading
        message = "too much memory"
        raise ReadError(message, code="out_of_memory")

    monkeypatch.setattr("askdoc.index.reading.reading.windows", ends_early)
    bundles.write(docs__mail=MAIL)
    bundles.sync("docs")
    assert bundles.skips()["docs/mail.txt"] == "out_of_memory"


def test_what_cannot_be_stored_is_read_to_its_end(
    bundles: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a file's last part is taken, what reads it cannot begin the next file."""
    taken: list[int] = []

    def long(reading: Reading) -> Iterator[Reading]:
        for number in range(9):
            taken.append(number)
            yield replace(reading, origin=number * 100)

    def fails(*_: object) -> NoReturn:
        raise KeyError

    monkeypatch.setattr("askdoc.index.reading.reading.windows", long)
    monkeypatch.setattr("askdoc.index.embed.chunking.sentence_spans", fails)
    bundles.write(docs__mail="Dear all.")
    bundles.sync("docs")
    assert taken == list(range(9))
    assert bundles.skips() == {"docs/mail.txt": "failed"}


def test_a_password_opens_what_was_skipped(bundles: Bench) -> None:
    bundles.write(docs__mail="Dear all. | secret: ?")
    bundles.sync("docs")
    bundles.options = ReadOptions(passwords=("sesame",))
    assert bundles.sync().added == ("docs/mail.txt/secret",)
    assert bundles.skips() == {}
    bundles.sync()
    assert bundles.loaded == []


def test_optical_recognition_reads_what_had_no_text(bundles: Bench) -> None:
    bundles.write(docs__scan="scan", docs__mail="Dear all. | report: half", docs__note="A note.")
    bundles.sync("docs")
    assert bundles.skips() == {"docs/scan.txt": "no_text"}
    bundles.options = ReadOptions(ocr=True)
    report = bundles.sync()
    assert report.added == ("docs/scan.txt",)
    assert set(report.changed) == {"docs/mail.txt", "docs/mail.txt/report"}
    assert sorted(bundles.loaded) == ["docs/mail.txt", "docs/scan.txt"]
    bundles.options = ReadOptions()
    bundles.sync()
    assert bundles.loaded == []


def test_a_removed_part_does_not_come_back_with_its_file(bundles: Bench) -> None:
    bundles.write(docs__mail=MAIL)
    bundles.sync("docs")
    bundles.indexer().remove(["docs/mail.txt/cost"])
    bundles.write(docs__mail=MAIL + " And more.")
    bundles.sync()
    assert located(bundles) == ["docs/mail.txt", "docs/mail.txt/plan"]
    assert bundles.skips() == {"docs/mail.txt/cost": "excluded"}


def test_parts_of_a_broken_off_run_are_put_right_by_the_next(bundles: Bench) -> None:
    bundles.write(docs__mail=MAIL)
    bundles.sync("docs")
    bundles.write(docs__mail="Dear all, again. | plan: The bridge is of steel.")

    def stop(catalog: SqliteCatalog) -> SqliteCatalog:
        def refuse(*_: object) -> None:
            raise KeyboardInterrupt

        catalog.release = refuse  # type: ignore[assignment,method-assign]
        return catalog

    bundles.in_catalog = stop
    assert bundles.sync().interrupted
    bundles.in_catalog = lambda catalog: catalog
    assert "docs/mail.txt/cost" in bundles.texts()
    assert bundles.sync().removed == ("docs/mail.txt/cost",)
    assert located(bundles) == ["docs/mail.txt", "docs/mail.txt/plan"]


def test_a_renamed_file_keeps_the_vectors_of_its_parts(bundles: Bench) -> None:
    bundles.write(docs__mail=MAIL)
    bundles.sync("docs")
    bundles.path("docs__mail").rename(bundles.path("docs__letter"))
    bundles.sync()
    assert bundles.embedder.embedded == []
    assert located(bundles) == ["docs/letter.txt", "docs/letter.txt/cost", "docs/letter.txt/plan"]
