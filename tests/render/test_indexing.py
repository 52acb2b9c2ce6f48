from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text
from syrupy.assertion import SnapshotAssertion

from askdoc.errors import UsageError
from askdoc.index.status import (
    OUTDATED,
    Coverage,
    IndexStatus,
    gaps,
    report_to_json,
    status_to_json,
)
from askdoc.render import progress
from askdoc.render.console import Page, make_console, page
from askdoc.render.documents import line_lines, split_lines, text_lines
from askdoc.render.engines import engine_lines
from askdoc.render.indexing import coverage_lines, report_lines, size, status_lines
from askdoc.render.progress import Check, Health, check_lines
from askdoc.strings import line_of, line_starts, printable
from askdoc.types import (
    CompileStage,
    Compiling,
    Copy,
    Counts,
    Document,
    Indexed,
    IndexReport,
    NotCompiled,
    Skip,
    Stamp,
    Stopping,
)

BASE = Path("/home/ann/project")
HOSTILE = "bad [bold]\x1b[2J\u202e.txt"


def paper(width: int | None) -> tuple[Page, StringIO]:
    out = StringIO()
    terminal = width is not None
    console = make_console(file=out, width=width, force_terminal=terminal, color_system=None)
    return page(console, BASE), out


def draw(layout: Callable[..., Iterable[Text]], *args: Any, width: int | None, **more: Any) -> str:
    on, out = paper(width)
    on.show(layout(*args, on, **more))
    return out.getvalue()


SKIPPED = (
    Skip("docs/plan.pdf", "encrypted", "the PDF asks for a password", "save it without one"),
    Skip(f"docs/{HOSTILE}", "binary", "the file is not text"),
)
REPORT = IndexReport(
    added=("a.txt", "b.txt"),
    changed=("c.txt",),
    unchanged=1470,
    removed=("d.txt",),
    skipped=SKIPPED,
    chunks=1234,
    seconds=12.34,
)


def document(location: str, title: str | None = None) -> Document:
    return Document(
        id=location,
        location=location,
        path=location,
        source="docs",
        file=str(BASE / location),
        title=title,
        length=1000,
        stamp=Stamp(1, 1, ""),
        pages=(),
        language="en",
        warnings=("page 3 holds no text",) if title else (),
    )


STATUS = IndexStatus(
    index=BASE / ".askdoc/index",
    bytes=12_345_678,
    counts=Counts(documents=2, chunks=1234, sentences=5678, characters=901_234),
    embedder="all-MiniLM-L6-v2",
    sources=("docs",),
    documents=(document("docs/a.pdf", f"On {HOSTILE}"), document(f"docs/{HOSTILE}")),
    skipped=SKIPPED,
    changed=("docs/a.pdf",),
    missing=(),
)


@pytest.mark.parametrize("width", [None, 40, 80])
def test_a_report(snapshot: SnapshotAssertion, width: int | None) -> None:
    written = draw(report_lines, REPORT, width=width)
    assert written == snapshot
    assert printable(written) == written


def test_a_report_of_many_skips_points_to_the_rest() -> None:
    report = IndexReport(skipped=SKIPPED * 10)
    written = draw(report_lines, report, width=80)
    assert written.count("  docs/plan.pdf\n") == 3
    assert written.count("and 7 more; see `askdoc status --skipped`") == 2


def test_a_run_that_repaired_vectors_says_so() -> None:
    written = draw(report_lines, IndexReport(repaired=3), width=80)
    assert "repaired: 3 vectors made again from the stored text" in written


def test_an_interrupted_run_says_so() -> None:
    report = IndexReport(added=("a",), interrupted=True)
    written = draw(report_lines, report, width=80)
    assert written.startswith("Interrupted after 1 document,")
    assert "completed files are kept; `askdoc index` continues from here" in written
    rebuilt = draw(partial(report_lines, rebuilt=True), report, width=80)
    assert "the new index is incomplete and not in use yet" in rebuilt
    assert "are kept" not in rebuilt


def test_renamed_files_and_copies_are_reported_where_there_are_any() -> None:
    report = IndexReport(renamed=(("a", "b"),), added=("c", "d"), copies=("c", "d"))
    written = draw(report_lines, report, width=80)
    assert "\nnew 2 · renamed 1\n" in written
    assert "2 new files have the content of another; such files are one document" in written
    assert "renamed" not in draw(report_lines, IndexReport(), width=80)


def test_a_run_that_finds_no_change_says_so() -> None:
    same = IndexReport(unchanged=4, skipped=SKIPPED)
    written = draw(report_lines, same, width=80)
    assert written.startswith("Nothing changed since the last run, checked in 0.0 s\n")
    assert "\nunchanged 4 · skipped 2\n" in written
    assert "Nothing" not in draw(report_lines, replace(same, removed=("a",)), width=80)


def test_a_document_in_several_places_is_listed_with_all(tmp_path: Path) -> None:
    for name in "bd":
        (tmp_path / name).touch()
    copies = tuple(Copy(name, name, "docs", str(tmp_path / name)) for name in "bcdefg")
    one = replace(STATUS, documents=(replace(document("docs/a.pdf"), copies=copies),))
    told = " ".join(draw(status_lines, one, width=None, documents=True).split())
    b, c, d = (tmp_path / name for name in "bcd")
    assert f"also in {b}, {c} (the file is gone), {d} and 3 more" in told


def test_a_source_that_is_not_there_is_distinguished_from_files_that_are_gone() -> None:
    missing = ("docs/a.pdf", f"docs/{HOSTILE}", "notes/c.txt")
    status = replace(STATUS, changed=(), missing=missing, absent=("docs",))
    told = " ".join(draw(status_lines, status, width=None).split())
    assert (
        "`docs`, of which 2 documents stay in the index; bring it back, or run `askdoc remove docs`"
        in told
    )
    assert "Gone 1; run `askdoc index` to update the index" in told
    skip = Skip("docs", "missing", "there is no such file or folder")
    found = Coverage(2, gaps([skip]))
    told = draw(coverage_lines, found, width=None)
    assert "2 files are indexed completely\n\n1 source not indexed: there is" in told


def test_engines_are_laid_out_with_where_and_how_long() -> None:
    assert draw(engine_lines, [], width=None) == "no engine runs; start one: `askdoc serve`\n"
    told = {"pid": 7, "ready": False, "libraries": {"law": "/l"}}
    engines = [
        {**told, "address": None, "seconds": 1},
        {**told, "address": "http://h", "seconds": 7300},
    ]
    assert draw(engine_lines, engines, width=None) == (
        "answers commands on this machine alone\n"
        "  process 7 · not ready yet · running for 1 second\n"
        "  law  /l\n\nhttp://h\n  process 7 · not ready yet · running for 2 hours\n  law  /l\n"
    )


def test_sentences_agree_with_the_number_of_files() -> None:
    one, two = (
        Coverage(
            n,
            gaps(
                Skip(f"{code}{file}", code, reason)
                for code, reason in (
                    (OUTDATED, "it has changed since it was indexed"),
                    ("damaged", "it is damaged or not a PDF"),
                )
                for file in range(n)
            ),
        )
        for n in (1, 2)
    )
    told = draw(coverage_lines, one, width=None)
    assert "1 file is indexed completely, 2 are not\n" in told
    assert "1 file indexed as it was: it has changed since it was indexed\n" in told
    assert "1 file not indexed: it is damaged or not a PDF\n" in told
    told = draw(coverage_lines, two, width=None)
    assert "2 files are indexed completely, 4 are not\n" in told
    assert "2 files indexed as they were: each has changed since it was indexed\n" in told
    assert "2 files not indexed: each is damaged or not a PDF\n" in told


def test_a_status_says_how_many_files_are_copies() -> None:
    copies = tuple(Copy(name, name, "docs", name) for name in "bc")
    one = replace(STATUS, documents=(replace(document("docs/a.pdf"), copies=copies[:1]),))
    told = " ".join(draw(status_lines, one, width=None).split())
    assert "Documents 2 (1 more file is a copy of one)" in told
    two = replace(STATUS, documents=(replace(document("docs/a.pdf"), copies=copies),))
    told = " ".join(draw(status_lines, two, width=None).split())
    assert "Documents 2 (2 more files are copies)" in told


def test_an_author_is_named_with_the_title_or_alone() -> None:
    both = replace(document("a.pdf", "On Piers"), author=f"Mara {HOSTILE}")
    alone = replace(document("b.pdf"), author="Tom")
    written = draw(
        status_lines, replace(STATUS, documents=(both, alone)), width=None, documents=True
    )
    assert "a.pdf  On Piers, by Mara " in written
    assert "b.pdf  by Tom" in written
    assert printable(written) == written


@pytest.mark.parametrize("width", [None, 40, 80])
def test_a_status(snapshot: SnapshotAssertion, width: int | None) -> None:
    written = draw(status_lines, STATUS, width=width, documents=True)
    assert written == snapshot
    assert printable(written) == written


def test_a_status_and_a_report_as_json(snapshot: SnapshotAssertion) -> None:
    assert status_to_json(STATUS) == snapshot
    assert report_to_json(REPORT) == snapshot


@pytest.mark.parametrize("width", [None, 40, 80])
def test_checks(snapshot: SnapshotAssertion, width: int | None) -> None:
    checks = [
        Check("python", Health.GOOD, "3.11.7 at /usr/bin/python3"),
        Check("files", Health.WARNING, "3 changed since they were indexed", "run `askdoc index`"),
        Check("vectors", Health.BROKEN, f"4 of 9 have no vector {HOSTILE}", "run `askdoc index`"),
    ]
    written = "".join(draw(check_lines, check, width=width) for check in checks)
    assert written == snapshot
    assert printable(written) == written


@pytest.mark.parametrize(
    ("n", "written"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (12_345_678, "12.3 MB"),
     (5_000_000_000_000, "5000.0 GB")],
)  # fmt: skip
def test_sizes(n: int, written: str) -> None:
    assert size(n) == written


# ── stored text ─────────────────────────────────────────────────────────────────────────────────

TEXT = "one\r\ntwo\rthree \x1b[31m[bold]\nfour is a line that is long enough to be wrapped\n\nsix"


@pytest.mark.parametrize("width", [None, 40])
def test_lines_around_a_place(snapshot: SnapshotAssertion, width: int | None) -> None:
    written = draw(lambda on: line_lines(TEXT, (3, 4), 1, on), width=width)
    assert written == snapshot
    assert printable(written) == written


def test_a_line_beyond_the_end_is_reported() -> None:
    with pytest.raises(UsageError, match="there is no line 7") as error:
        draw(lambda on: line_lines(TEXT, (7, 7), 1, on), width=80)
    assert error.value.hint == "the last line is 6"


def test_lines_are_counted_as_citations_count_them() -> None:
    lines = split_lines(TEXT)
    assert len(lines) == len(line_starts(TEXT))
    for number, line in enumerate(lines, start=1):
        if line:
            assert line_of(line_starts(TEXT), TEXT.index(line)) == number


def test_the_whole_text_is_printed_as_it_is() -> None:
    written = draw(lambda _on: text_lines(TEXT), width=20)
    assert written == printable(TEXT.replace("\r\n", "\n").replace("\r", "\n")) + "\n"
    assert draw(lambda _on: text_lines("a\n"), width=20) == "a\n"


# ── progress ────────────────────────────────────────────────────────────────────────────────────


def test_a_pipe_sees_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_MOMENT", 0.0)
    on, out = paper(None)
    with progress.IndexProgress(on) as listen:
        listen(Indexed(3, 9, 10, "a.txt"))
        time.sleep(0.05)
    assert out.getvalue() == ""


def test_what_ends_within_a_moment_shows_no_progress() -> None:
    on, out = paper(80)
    with progress.IndexProgress(on) as listen:
        listen(Indexed(3, 9, 10, "a.txt"))
    assert out.getvalue() == ""


@pytest.mark.parametrize("width", [40, 120])
def test_progress_shows_counts_and_rate_and_goes_away(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(progress, "_MOMENT", 0.0)
    on, out = paper(width)
    with progress.IndexProgress(on) as listen:
        for n in range(1, 8):
            listen(Indexed(n, 9, 10, f"docs/{HOSTILE}"))
            time.sleep(0.05)
        listen("some other event")
    written = out.getvalue()
    assert " 7/10" in written
    assert re.search(r"\d+/s", written)
    assert (r"docs/bad [bold]\x1b[2J\u202e.txt" in written) == (width >= 80)
    assert "\u202e" not in written
    assert written.endswith(("\x1b[1A\x1b[2K", "\x1b[2K", "\x1b[?25h", "\r"))


@pytest.mark.parametrize("moment", [0.0, 60.0])
def test_a_run_that_is_interrupted_says_at_once_that_it_stops(
    monkeypatch: pytest.MonkeyPatch, moment: float
) -> None:
    monkeypatch.setattr(progress, "_MOMENT", moment)
    on, out = paper(120)
    with progress.IndexProgress(on) as listen:
        listen(Indexed(3, 9, 10, "a.txt"))
        listen(Stopping())
        assert "Stopping … completed files are kept" in out.getvalue()
        before = len(out.getvalue())
        listen(Indexed(4, 9, 10, "b.txt"))  # what was published just then
        time.sleep(0.2)
    assert "Indexing" not in out.getvalue()[before:]


def test_a_pipe_does_not_hear_that_a_run_stops() -> None:
    on, out = paper(None)
    with progress.IndexProgress(on) as listen:
        listen(Stopping())
    assert out.getvalue() == ""


def test_a_model_made_ready_is_reported_once_even_into_a_pipe() -> None:
    on, out = paper(None)
    with progress.IndexProgress(on) as listen:
        for stage in CompileStage:
            listen(Compiling("mini", stage))
        listen(NotCompiled("mini", "the results differ"))
    assert out.getvalue() == (
        "note: preparing `mini`; this happens once and takes about half a minute\n"
        "note: `mini` is slow, because it cannot be compiled: the results differ\n"
    )


def test_progress_without_a_total_shows_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_MOMENT", 0.0)
    on, out = paper(80)
    with progress.IndexProgress(on):
        time.sleep(0.2)
    assert "Indexing" in out.getvalue()
    assert "?" not in out.getvalue().replace("\x1b[?25", "")


def test_bars_have_no_colour_that_vanishes_on_white_or_black(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "_MOMENT", 0.0)
    out = StringIO()
    on = page(make_console(file=out, width=120, force_terminal=True, color_system="truecolor"))
    with progress.IndexProgress(on) as listen:
        time.sleep(0.05)
        listen(Indexed(1, 9, 10, "a.txt"))
        time.sleep(0.05)
        listen(Indexed(3, 9, 10, "b.txt"))
    with progress.CountProgress("Questions", 9, on) as count:
        count.step()
        count.step()
    codes = ";".join(re.findall(r"\x1b\[([\d;]+)m", out.getvalue()))
    parts = set(codes.split(";"))
    assert parts <= {"0", "1", "2", "35"}  # bold, dim, magenta
    assert "35" in parts
