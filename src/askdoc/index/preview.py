"""What a run of indexing would do, found out without changing anything or reading any text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from askdoc.errors import ReadError
from askdoc.index.plan import (
    Attempt,
    Contents,
    GroupPlaces,
    Plan,
    Recogniser,
    Survey,
    Surveyed,
    make_plan,
    pair,
    suffix,
    wholes,
)
from askdoc.index.sources import MISSING_PART, STAYS, Files, skip_of
from askdoc.types import Found, IndexReport, Known, Skip

_LASTING = frozenset({MISSING_PART})
"""Codes of skips that a run looks at again, and most often finds as they were."""


class IndexView(Contents, Surveyed, Protocol):
    """What a preview asks of the catalog."""

    def exclusions(self) -> list[str]:
        """List what is not to come back by itself."""

    def read_before(self) -> dict[str, tuple[Skip, int, int]]:
        """Map the location of each file that was skipped for its content to skip, size and time."""


class Nothing:
    """The catalog of an index that does not exist yet."""

    def known(self) -> list[Known]:
        """List nothing."""
        return []

    def sources(self) -> list[str]:
        """List nothing."""
        return []

    def skipped(self) -> list[Skip]:
        """List nothing."""
        return []

    def exclusions(self) -> list[str]:
        """List nothing."""
        return []

    def read_before(self) -> dict[str, tuple[Skip, int, int]]:
        """Know of nothing."""
        return {}

    def with_content(self, content_hash: str) -> list[Known]:  # noqa: ARG002 - the protocol's
        """List nothing."""
        return []

    def has_parts(self, location: str) -> bool:  # noqa: ARG002 - the protocol's
        """Tell that there are none."""
        return False

    def is_taken(self, document_id: str, location: str) -> bool:  # noqa: ARG002 - the protocol's
        """Tell that none is."""
        return False


def plan_of(index: IndexView, found: Survey, files: Files, again: Iterable[str] = ()) -> Plan:
    """Make the plan for what a survey found; `again` are to be examined whatever they look like."""
    return make_plan(
        found.known,
        found.seen,
        excluded=frozenset(index.exclusions()),
        attempts={
            name: Attempt(skip, *stamp)
            for name, (skip, *stamp) in index.read_before().items()
            if files.still_holds(skip) and not files.options.may_help(skip.code)
        },
        again=frozenset(again),
    )


def preview(index: IndexView, found: Survey, files: Files) -> IndexReport:
    """Say what a run would do; what cannot be read is found out only by that."""
    plan = plan_of(index, found, files)
    former = {item.location: item for item in found.known}
    skips = list(plan.skip)
    lost: list[Known] = []
    changed: list[str] = []
    unchanged = plan.unchanged + len(plan.move)
    for file in plan.examine:
        try:
            digest = files.digest(file)
        except ReadError as error:
            skips.append(skip_of(file, error))
            if skips[-1].code not in STAYS:
                lost.append(former[file.location])
            continue
        if digest == former[file.location].content_hash:
            unchanged += 1
        else:
            changed.append(file.location)
    gone = [*plan.remove, *lost]
    kept_wholes = former.keys() - {*changed, *(item.location for item in gone)}
    skipped = {skip.location for skip in skips}
    skips += [
        skip
        for skip in found.skipped
        if skip.location not in skipped and not kept_wholes.isdisjoint(wholes(skip.location))
    ]
    skipped = {skip.location for skip in skips}
    new = {file.location for file in plan.add} - skipped
    skips += [skip for skip in found.skipped if skip.code in _LASTING and skip.location in new]
    copies, unread = _copies(index, plan.add, files)
    skips += unread
    renamed = pair(gone, copies)
    before, now = {old for old, _ in renamed}, {new for _, new in renamed}
    skipped = {skip.location for skip in skips}
    added = {file.location for file in plan.add} - now - skipped
    return IndexReport(
        added=tuple(sorted(added)),
        changed=tuple(changed),
        unchanged=unchanged,
        removed=tuple(sorted({item.location for item in gone} - before)),
        renamed=tuple(sorted(renamed)),
        copies=tuple(sorted(copies.keys() - now)),
        skipped=tuple(sorted(skips, key=lambda skip: skip.location)),
        planned=True,
    )


def _copies(
    index: IndexView, new: Sequence[Found], files: Files
) -> tuple[dict[str, str], list[Skip]]:
    """Map new files with the content of another to that, and list those that cannot be opened.

    Only files of equal size can have the same content, so no other is looked at; but of what lies
    in a file, the size is not known.
    """
    known = index.known()
    sizes: dict[int, int] = {item.size: 1 for item in known if item.within is None}
    may_lie_in_files = any(item.within for item in known)
    for file in new:
        sizes[file.size] = sizes.get(file.size, 0) + 1
    recogniser = Recogniser(index, (), (), GroupPlaces({}, "."))
    first: dict[tuple[str, str], str] = {}
    copies: dict[str, str] = {}
    skips: list[Skip] = []
    for file in new:
        if sizes[file.size] == 1 and not may_lie_in_files:
            continue
        try:
            digest = files.digest(file)
        except ReadError as error:
            skips.append(skip_of(file, error))
            continue
        content = digest, suffix(file.location)
        twin = recogniser.twin(file.location, digest) or first.get(content)
        if twin is None:
            first[content] = file.location
        else:
            copies[file.location] = twin
    return copies, skips
