"""The state of an index, compared with the files on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from askdoc.index.plan import absent_sources
from askdoc.store.reader import SqlReader
from askdoc.types import Counts, Document, FileState, IndexReport, Skip

STATUS = "askdoc.status/1"
REPORT = "askdoc.index/1"


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The state of one index; `changed` and `missing` are locations of documents.

    `unfinished`: a rebuild is running or was interrupted. `incomplete`: a run has not read all its
    files. `absent` are missing sources, whose documents stay until they are removed.
    """

    index: Path | str
    bytes: int
    counts: Counts
    embedder: str | None
    sources: tuple[str, ...]
    documents: tuple[Document, ...]
    skipped: tuple[Skip, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    unfinished: bool = False
    incomplete: bool = False
    absent: tuple[str, ...] = ()


def read_status(  # noqa: PLR0913 - what it looks at
    catalog: SqlReader,
    index: Path | str,
    *,
    embedder_key: str,
    file_state: Callable[[Document], FileState],
    root: Path,
    sources: Iterable[str] = (),
    unfinished_key: str | None = None,
    incomplete_key: str | None = None,
) -> IndexStatus:
    """Read the state of an index; this examines every indexed file.

    `index` is its folder, or the address of its database.

    `sources` are listed even without indexed files. Locations are relative to `root`.
    """
    documents = tuple(catalog.documents())
    states = {document.location: file_state(document) for document in documents}
    sources = sorted({*sources, *(one.source for one in documents)})
    return IndexStatus(
        index=index,
        bytes=catalog.size(),
        counts=catalog.counts(),
        embedder=catalog.setting(embedder_key),
        sources=tuple(sources),
        documents=documents,
        skipped=tuple(catalog.skipped()),
        changed=tuple(name for name, state in states.items() if state is FileState.CHANGED),
        missing=tuple(name for name, state in states.items() if state is FileState.MISSING),
        unfinished=unfinished_key is not None and catalog.setting(unfinished_key) == "yes",
        incomplete=incomplete_key is not None and bool(catalog.setting(incomplete_key)),
        absent=tuple(absent_sources(sources, documents, root)),
    )


def status_to_json(status: IndexStatus) -> dict[str, Any]:
    """Return `status` as plain values."""
    return {
        "schema": STATUS,
        "index": str(status.index),
        "bytes": status.bytes,
        "counts": msgspec.to_builtins(status.counts),
        "embedder": status.embedder,
        "sources": list(status.sources),
        "documents": [_document(document) for document in status.documents],
        "skipped": [msgspec.to_builtins(skip) for skip in status.skipped],
        "changed": list(status.changed),
        "missing": list(status.missing),
        "unfinished": status.unfinished,
        "incomplete": status.incomplete,
        "absent": list(status.absent),
    }


def report_to_json(report: IndexReport) -> dict[str, Any]:
    """Return the report of a run as plain values."""
    values = msgspec.to_builtins(report)
    del values["repaired"]  # shown on the terminal only
    values["renamed"] = [{"from": before, "to": now} for before, now in report.renamed]
    return {"schema": REPORT} | {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def _document(document: Document) -> Mapping[str, Any]:
    return {
        "document": document.path,
        "location": document.location,
        "copies": [copy.location for copy in document.copies],
        "title": document.title,
        "author": document.author,
        "fields": [msgspec.to_builtins(field) for field in document.fields],
        "within": document.within,
        "characters": document.length,
        "pages": len(document.pages) or None,
        "language": document.language,
        "warnings": list(document.warnings),
    }


COVERAGE = "askdoc.coverage/1"

PARTLY, NOT_YET, OUTDATED = "partly", "not_yet", "outdated"
_FOLLOW = "run `askdoc index`"


@dataclass(frozen=True, slots=True)
class Gap:
    """Files, by location, that share a reason, with a hint; `code` is short and stable."""

    code: str
    reason: str
    help: str | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many files are completely indexed, and what is missing, largest gaps first."""

    indexed: int
    gaps: tuple[Gap, ...]


def coverage(
    documents: Iterable[Document], planned: IndexReport, passed_over: Iterable[Skip]
) -> Coverage:
    """Combine what is indexed, what a run would find now, and what every run leaves out."""
    partly: list[Skip] = []
    whole = 0
    outdated = {*planned.changed, *planned.removed, *(old for old, _ in planned.renamed)}
    for document in documents:
        places = (document.location, *(copy.location for copy in document.copies))
        current = [location for location in places if location not in outdated]
        if document.warnings:
            reason = "; ".join(document.warnings)
            partly += [Skip(location, PARTLY, reason) for location in current]
        else:
            whole += len(current)
    new = (*planned.added, *(now for _, now in planned.renamed))
    found = [
        *planned.skipped,
        *partly,
        *(Skip(one, NOT_YET, "it is new", _FOLLOW) for one in new),
        *(
            Skip(one, OUTDATED, "it has changed since it was indexed", _FOLLOW)
            for one in planned.changed
        ),
        *passed_over,
    ]
    return Coverage(whole, gaps(found))


def gaps(skipped: Iterable[Skip]) -> tuple[Gap, ...]:
    """Group files by their reason, largest groups first."""
    groups: dict[tuple[str, str, str | None], list[str]] = {}
    for skip in skipped:
        key = skip.code, _without_name(skip), skip.hint
        groups.setdefault(key, []).append(skip.location)
    made = [Gap(*key, tuple(sorted(files))) for key, files in groups.items()]
    return tuple(sorted(made, key=lambda gap: (-len(gap.files), gap.code, gap.reason)))


def coverage_to_json(found: Coverage) -> dict[str, Any]:
    """Return a coverage report as plain values."""
    return {"schema": COVERAGE, **msgspec.to_builtins(found)}


def _without_name(skip: Skip) -> str:
    """Return the reason without the file's own name, so that equal reasons can be grouped."""
    names: Sequence[str] = (skip.location, PurePosixPath(skip.location).name)
    reason = skip.reason
    for name in names:
        reason = reason.replace(f"`{name}`", "it")
    return reason
