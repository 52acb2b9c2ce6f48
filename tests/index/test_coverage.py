from __future__ import annotations

from askdoc.index.status import Gap, coverage, coverage_to_json, gaps
from askdoc.types import Copy, Document, IndexReport, Skip, Stamp


def document(location: str, *copies: str, warnings: tuple[str, ...] = ()) -> Document:
    return Document(
        id=location,
        location=location,
        path=location,
        source="docs",
        file=f"/{location}",
        title=None,
        length=1,
        stamp=Stamp(1, 1, ""),
        pages=(),
        language="en",
        warnings=warnings,
        copies=tuple(Copy(one, one, "docs", f"/{one}") for one in copies),
    )


def test_files_with_one_reason_stand_together_the_most_first() -> None:
    found = gaps(
        [
            Skip("docs/b.pdf", "encrypted", "`b.pdf` needs a password", "give it"),
            Skip("docs/x.png", "unsupported", "no reader for `.png` files"),
            Skip("docs/a.pdf", "encrypted", "`docs/a.pdf` needs a password", "give it"),
        ]
    )
    assert found == (
        Gap("encrypted", "it needs a password", "give it", ("docs/a.pdf", "docs/b.pdf")),
        Gap("unsupported", "no reader for `.png` files", None, ("docs/x.png",)),
    )


def test_each_file_is_either_wholly_indexed_or_in_a_gap() -> None:
    documents = [
        document("docs/whole.txt", "docs/copy.txt"),
        document("docs/scan.pdf", warnings=("no text on page 3",)),
        document("docs/old.txt"),
        document("docs/edited.txt"),
        document("docs/gone.txt"),
    ]
    planned = IndexReport(
        added=("docs/new.txt",),
        changed=("docs/edited.txt",),
        removed=("docs/gone.txt",),
        renamed=(("docs/old.txt", "docs/now.txt"),),
        skipped=(Skip("docs/x.png", "unsupported", "no reader"),),
    )
    found = coverage(documents, planned, [Skip("docs/.h", "hidden", "a dot", "name it")])
    assert found.indexed == 2
    assert {gap.code: gap.files for gap in found.gaps} == {
        "not_yet": ("docs/new.txt", "docs/now.txt"),
        "partly": ("docs/scan.pdf",),
        "outdated": ("docs/edited.txt",),
        "unsupported": ("docs/x.png",),
        "hidden": ("docs/.h",),
    }
    assert next(gap for gap in found.gaps if gap.code == "partly").reason == "no text on page 3"
    assert coverage_to_json(found)["schema"] == "askdoc.coverage/1"
