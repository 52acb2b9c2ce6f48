"""What indexing did, and what an index holds, as lines of text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from askdoc.index.indexer import IndexSource
from askdoc.index.status import OUTDATED, PARTLY, Coverage, Gap, IndexStatus, gaps
from askdoc.paths import seen_from
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, flat, hang, named, table
from askdoc.render.notices import STOPPED
from askdoc.render.places import also_in
from askdoc.types import Document, IndexReport
from askdoc.types.indexing import MISSING

_SHOWN = 10
_SHOWN_OF_A_KIND = 3
"""Files that a run lists of each reason why files are skipped."""
_KILO = 1000
KEPT = "completed files are kept; `askdoc index` continues from here"
_REBUILT = "the new index is incomplete and not in use yet; `askdoc index` continues from here"


def report_lines(report: IndexReport, page: Page, *, rebuilt: bool = False) -> Iterator[Text]:
    """Lay out what a run of indexing did, with every file that was skipped and why.

    `rebuilt` says that it began with an empty index.
    """
    new = len(report.added) + len(report.changed)
    if report.planned:
        yield hang(Text(f"Would index {count(new, 'document')}; nothing was done"), page)
        yield from _plan_lines(report, page)
        yield from gap_lines(gaps(report.skipped), page, most=_SHOWN_OF_A_KIND)
        return
    passages = f", {count(report.chunks, 'passage')}" if new else ""
    verb = "Interrupted after" if report.interrupted else "Indexed"
    did = f"{verb} {count(new, 'document')}{passages}"
    if report.unchanged and not (new or report.renamed or report.removed or report.interrupted):
        did = "Nothing changed since the last run, checked"
    yield hang(Text(f"{did} in {report.seconds:.1f} s"), page)
    counts = (
        ("new", len(report.added)),
        ("changed", len(report.changed)),
        ("renamed", len(report.renamed)),
        ("unchanged", report.unchanged),
        ("removed", len(report.removed)),
        ("skipped", len(report.skipped)),
    )
    if parts := [f"{name} {number(n)}" for name, n in counts if n]:
        yield hang(Text(" · ".join(parts), "faint"), page)
    if report.repaired:
        made = count(report.repaired, "vector")
        yield hang(Text(f"repaired: {made} made again from the stored text", "faint"), page)
    if report.copies:
        copies = count(len(report.copies), "new file")
        verb = "has" if len(report.copies) == 1 else "have"
        line = f"{copies} {verb} the content of another; such files are one document"
        yield hang(Text(line, "faint"), page)
    if report.interrupted:
        yield hang(Text(page.advice(_REBUILT if rebuilt else KEPT), "faint"), page)
    yield from gap_lines(gaps(report.skipped), page, most=_SHOWN_OF_A_KIND)


def _plan_lines(report: IndexReport, page: Page) -> Iterator[Text]:
    parts = [
        *(("new", location) for location in report.added),
        *(("changed", location) for location in report.changed),
        *(("renamed", f"{before} → {now}") for before, now in report.renamed),
        *(("removed", location) for location in report.removed),
    ]
    for verb, what in parts:
        copy = " (a copy of another)" if verb == "new" and what in report.copies else ""
        line = Text.assemble(f"{verb} ", named(what, "file"), (copy, "faint"))
        yield hang(line, page, rest="  ")
    yield hang(Text(f"unchanged {number(report.unchanged)}", "faint"), page)
    if report.unseen:
        pages = count(report.unseen, "page")
        yield hang(Text(f"{pages} of the web not looked at: nothing is fetched", "faint"), page)


def source_kept_lines(sources: Sequence[IndexSource], page: Page) -> Iterator[Text]:
    """Lay out the sources of an index, each with how many files of it are indexed."""
    if not sources:
        yield hang(Text("no sources yet; add some: `askdoc sources add PATH`"), page)
    for source in sources:
        parts = [count(source.files, "indexed file")]
        if source.configured:
            parts.append("by askdoc.toml")
        if not source.is_there:
            parts.append("not found")
        where = named(source.location, "file")
        yield hang(where.append(f"  {', '.join(parts)}", "faint"), page, rest="  ")


def coverage_lines(found: Coverage, page: Page) -> Iterator[Text]:
    """Lay out every file that is not indexed, or not completely: why, and what would help."""
    missing = sum(len(gap.files) for gap in found.gaps if gap.code != MISSING)
    text = f"{count(found.indexed, 'file')} {_be(found.indexed)} indexed completely"
    text += f", {number(missing)} {_be(missing)} not" if missing else ""
    yield hang(Text(text), page)
    yield from gap_lines(found.gaps, page)


def gap_lines(gaps: Iterable[Gap], page: Page, *, most: int | None = None) -> Iterator[Text]:
    """Lay out files by the reason that they share, `most` of each reason at most."""
    for gap in gaps:
        yield BLANK
        several = len(gap.files) > 1
        what = "indexed in part" if gap.code == PARTLY else "not indexed"
        if gap.code == OUTDATED:
            what = f"indexed as {'they were' if several else 'it was'}"
        noun = "source" if gap.code == MISSING else "file"
        reason = re.sub(r"^it ", "each ", gap.reason) if several else gap.reason
        yield hang(Text(f"{count(len(gap.files), noun)} {what}: ").append(flat(reason)), page)
        if gap.help:
            yield hang(flat(gap.help, "faint"), page, first="  ")
        for file in gap.files[:most]:
            yield hang(named(file, "file"), page, first="  ", rest="    ")
        if most is not None and len(gap.files) > most:
            left = number(len(gap.files) - most)
            rest = page.advice(f"and {left} more; see `askdoc status --skipped`")
            yield hang(Text(rest, "faint"), page, first="  ")


def _be(n: int) -> str:
    return "is" if n == 1 else "are"


def status_lines(status: IndexStatus, page: Page, *, documents: bool = False) -> Iterator[Text]:
    """Lay out what an index holds; with `documents`, each of them."""
    counts = status.counts
    rows: list[tuple[str, Text | str]] = [
        ("Index", f"{seen_from(page.base, str(status.index))} ({size(status.bytes)})"),
        ("Sources", ", ".join(status.sources) or "none"),
        ("Documents", number(counts.documents) + _copies(status.documents)),
        ("Passages", number(counts.chunks)),
        ("Sentences", number(counts.sentences)),
        ("Characters", number(counts.characters)),
        ("Embedder", status.embedder or "none"),
        ("Skipped", number(len(status.skipped))),
    ]
    if status.unfinished:
        rows.append(("State", page.advice("being rebuilt; run `askdoc index` to continue")))
    elif status.incomplete:
        rows.append(("State", page.advice(STOPPED)))
    kept = {one.location: one.source for one in status.documents if one.source in status.absent}
    gone = [location for location in status.missing if location not in kept]
    for label, names in (("Changed", status.changed), ("Gone", gone)):
        if names:
            rows.append(
                (
                    label,
                    page.advice(f"{number(len(names))}; run `askdoc index` to update the index"),
                )
            )
    for source in status.absent:
        stay = count(list(kept.values()).count(source), "document")
        text = f"`{source}`, of which {stay} stay in the index"
        text += f"; bring it back, or run `askdoc remove {shlex.quote(source)}`"
        rows.append(("Not found", flat(page.advice(text))))
    yield from table(rows, page)
    if documents:
        yield BLANK
        for document in status.documents:
            yield hang(_document(document, page), page, rest="  ")
            if also := also_in(document, page):
                yield hang(Text(also, "faint"), page, first="  ")
            for warning in document.warnings:
                yield hang(flat(warning, "warning"), page, first="  ")
    yield from gap_lines(gaps(status.skipped), page, most=_SHOWN)


def _copies(documents: Iterable[Document]) -> str:
    """Say how many files are copies of others."""
    copies = sum(len(document.copies) for document in documents)
    if not copies:
        return ""
    parts = (
        "1 more file is a copy of one" if copies == 1 else f"{number(copies)} more files are copies"
    )
    return f" ({parts})"


def _document(document: Document, page: Page) -> Text:
    shown = named(document.location, "file" if page.width else "")
    about = document.title or ""
    if document.author:
        about = f"{about}, by {document.author}" if about else f"by {document.author}"
    return shown.append("  ").append_text(flat(about, "faint")) if about else shown


def count(n: int, noun: str) -> str:
    """Write a number with its noun: `1 document`, `3 documents`."""
    return f"{number(n)} {noun}" if n == 1 else f"{number(n)} {noun}s"


def number(n: int) -> str:
    """Write a whole number with thousands separators."""
    return f"{n:,}"


def size(n: float) -> str:
    """Write a number of bytes in the unit that suits it: `12.3 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n < _KILO or unit == "GB":
            break
        n /= _KILO
    return f"{n:.0f} {unit}" if unit == "bytes" else f"{n:.1f} {unit}"
