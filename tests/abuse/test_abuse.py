"""Hostile files of every format are indexed or skipped, within limits of time and memory.

`make soak` makes larger ones, for an hour.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from askdoc import app

from .hostile import KINDS, hostile, pdf_forms, suffixes
from .taking import BEYOND, Taken, take_in

SIZE = 20_000
LONGEST_TEXT = 1_000_000
LONGEST_PASSAGE = 2_000


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    root = tmp_path_factory.mktemp("abuse")
    (root / ".askdoc").mkdir()
    (root / "docs").mkdir()
    for suffix in suffixes():
        for kind in KINDS:
            dice = random.Random(f"{suffix} {kind}")  # noqa: S311 - not for secrets
            (root / "docs" / f"{kind}.{suffix}").write_bytes(hostile(suffix, kind, dice, SIZE))
    return take_in(root, seconds=3, megabytes=500)


def test_each_file_is_indexed_or_refused_for_what_it_is(taken: Taken) -> None:
    assert {
        skip.location: skip.reason for skip in taken.report.skipped if skip.code in BEYOND
    } == {}
    files = len(suffixes()) * len(KINDS)
    locations = {one.partition("!")[0] for one in taken.report.added}
    assert len(locations | {skip.location for skip in taken.report.skipped}) >= files


def test_what_is_stored_is_bounded(taken: Taken) -> None:
    with app.open_catalog(taken.here) as catalog:
        assert catalog.check() == []
        lengths = {document.path: document.length for document in catalog.documents()}
        assert {path: length for path, length in lengths.items() if length > LONGEST_TEXT} == {}
        passages = catalog.chunks(catalog.chunk_ids())
        assert max(len(passage.text) for passage in passages) <= LONGEST_PASSAGE


def test_time_and_memory_of_the_process_in_charge_are_bounded(taken: Taken) -> None:
    assert taken.seconds < 30
    assert taken.megabytes < 300


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory so")
def test_drawings_that_multiply_end_at_a_limit_and_leave_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / ".askdoc").mkdir()
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "circle.pdf").write_bytes(pdf_forms(3, in_a_circle=True))
    (docs / "few.pdf").write_bytes(pdf_forms(5))
    (docs / "many.pdf").write_bytes(pdf_forms(40))
    (docs / "one page.pdf").write_bytes(pdf_forms(40, between=True))
    (docs / "oak.txt").write_text("The beam is of oak.")
    taken = take_in(tmp_path, seconds=2, megabytes=300)
    assert set(taken.report.added) == {"docs/few.pdf", "docs/oak.txt", "docs/one page.pdf"}
    with app.open_catalog(taken.here) as catalog:
        [pages] = [one for one in catalog.documents() if one.path == "one page.pdf"]
        assert pages.warnings == ("1 of 3 pages cannot be read: 2",)
        words = catalog.text(pages.id)
    assert all(f"The beam of page {number} is sound." in words for number in (1, 3))
    skipped = {skip.location: skip.code for skip in taken.report.skipped}
    assert set(skipped) == {"docs/circle.pdf", "docs/many.pdf"}
    assert set(skipped.values()) <= {"out_of_time", "out_of_memory", "crashed"}
    assert taken.megabytes < 100
