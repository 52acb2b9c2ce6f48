"""Which files were seen and are not, or not wholly, indexed: why, and what would help. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec

from askdoc.types import Document, IndexReport, Skip

COVERAGE = "askdoc.coverage/1"

PARTLY, NOT_YET, OUTDATED = "partly", "not_yet", "outdated"
_FOLLOW = "run `askdoc index`"


@dataclass(frozen=True, slots=True)
class Gap:
    """Files, by location, that share a reason, and what would help; `code` is stable and short."""

    code: str
    reason: str
    help: str | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many files are indexed wholly, and what is missing, the largest gaps first."""

    indexed: int
    gaps: tuple[Gap, ...]


def coverage(
    documents: Iterable[Document], planned: IndexReport, passed_over: Iterable[Skip]
) -> Coverage:
    """Put together what is indexed, what a run would find now, and what no run looks at."""
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
    """Put files with the same reason together, the largest groups first."""
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
    """Say the reason of any file that shares it: the file's own name is left out."""
    names: Sequence[str] = (skip.location, PurePosixPath(skip.location).name)
    reason = skip.reason
    for name in names:
        reason = reason.replace(f"`{name}`", "it")
    return reason
