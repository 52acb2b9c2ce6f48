"""Files that cannot be read or stored: the others are indexed, and each is accounted for."""

from __future__ import annotations

import pytest

from askdoc.errors import ReadError
from askdoc.types import Reading, Span

from .conftest import Bench, Paragraphs


class Twice:
    """Gives the first block of what begins with `twice` two times."""

    def read(self, data: bytes, *, name: str) -> Reading:
        text = data.decode()
        first = Span(0, 9)
        return Reading(text, (first, first) if text.startswith("twice") else (first,))


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_file_that_cannot_be_stored_is_skipped_with_its_reason(
    bench: Bench, *, rebuild: bool
) -> None:
    bench.readers = lambda _: Twice()
    bench.write(a="twice the same.", b="It is fine here.")
    report = bench.sync(".", rebuild=rebuild)
    [skip] = report.skipped
    assert (skip.location, skip.code) == ("a.txt", "failed")
    assert "begins before the one before it ends" in skip.reason
    assert list(bench.texts()) == ["b.txt"]


class Killed(Paragraphs):
    """Is killed so many times by the system before it reads."""

    def __init__(self, times: int) -> None:
        self.times = times

    def read(self, data: bytes, *, name: str) -> Reading:
        if name == "a.txt" and self.times:
            self.times -= 1
            message = "the system killed what reads it"
            raise ReadError(message, code="killed")
        return super().read(data, name=name)


@pytest.mark.parametrize("times", [1, 2])
def test_a_file_whose_reader_was_killed_is_tried_again(bench: Bench, times: int) -> None:
    reader = Killed(times)
    bench.readers = lambda _: reader
    bench.write(a="One thing.", b="Another thing.")
    report = bench.sync(".")
    assert [skip.code for skip in report.skipped] == ["killed"] * (times - 1)
    assert reader.times == 0
    bench.sync()
    assert list(bench.texts()) == ["a.txt", "b.txt"]
    assert bench.skips() == {}


def test_what_is_indexed_of_a_file_stays_when_its_reader_is_killed(bench: Bench) -> None:
    bench.write(a="One thing.")
    bench.sync(".")
    reader = Killed(2)
    bench.readers = lambda _: reader
    bench.write(a="One thing more.")
    assert [skip.code for skip in bench.sync().skipped] == ["killed"]
    assert bench.texts() == {"a.txt": "One thing."}
    bench.sync()
    assert bench.texts() == {"a.txt": "One thing more."}


class Counting(Paragraphs):
    def __init__(self) -> None:
        self.names: list[str] = []

    def read(self, data: bytes, *, name: str) -> Reading:
        self.names.append(name)
        return super().read(data, name=name)


def test_copies_of_a_file_that_is_skipped_are_skipped_in_the_same_run(bench: Bench) -> None:
    reader = Counting()
    bench.readers = lambda _: reader
    bench.write(a="broken", b="broken", sub__c="broken", d="It is fine.")
    report = bench.sync(".")
    assert {skip.location: skip.reason for skip in report.skipped} == {
        "a.txt": "`a.txt` is broken",
        "b.txt": "`b.txt` is broken",
        "sub/c.txt": "`c.txt` is broken",
    }
    assert sorted(reader.names) == ["a.txt", "d.txt"]
    assert bench.skips() == dict.fromkeys(("a.txt", "b.txt", "sub/c.txt"), "broken")
    assert bench.sync().skipped == report.skipped
    assert sorted(reader.names) == ["a.txt", "d.txt"]
