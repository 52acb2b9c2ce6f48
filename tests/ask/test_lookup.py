from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from askdoc.ask import lookup
from askdoc.errors import UsageError
from askdoc.types import Document, Stamp

BASE = Path("/work place/project")


def document(path: str, source: str = "docs") -> Document:
    return Document(
        id=path,
        location=f"{source}/{path}",
        path=path,
        source=source,
        file=str(BASE / source / path),
        title=None,
        length=1,
        stamp=Stamp(1, 1, ""),
        pages=(),
        language="en",
    )


DOCUMENTS = [
    document("a.txt"),
    document("sub/a.txt"),
    document("sub/b:7.txt"),
    document("sub/deep/[1].pdf"),
    document("subway.txt"),
]


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("a.txt", ["a.txt"]),
        ("docs/a.txt", ["a.txt"]),
        ("./docs/sub/../a.txt", ["a.txt"]),
        ("/work place/project/docs/a.txt", ["a.txt"]),
        ("sub", ["sub/a.txt", "sub/b:7.txt", "sub/deep/[1].pdf"]),
        ("sub/deep/", ["sub/deep/[1].pdf"]),
        ("docs/sub/deep", ["sub/deep/[1].pdf"]),
        ("./docs/sub/deep", ["sub/deep/[1].pdf"]),
        ("*.txt", ["a.txt", "sub/a.txt", "sub/b:7.txt", "subway.txt"]),
        ("sub/deep/[1].pdf", ["sub/deep/[1].pdf"]),
        ("[1].pdf", ["sub/deep/[1].pdf"]),
        ("b:7.txt", ["sub/b:7.txt"]),
        ("ub/a.txt", []),
        ("nothing", []),
        ("", []),
    ],
)
def test_a_name_means_what_one_expects(name: str, paths: list[str]) -> None:
    assert [item.path for item in lookup.match(name, DOCUMENTS, BASE)] == paths


def test_a_file_is_seen_from_where_one_stands() -> None:
    found = lookup.match("../docs/a.txt", DOCUMENTS, BASE / "other")
    assert [item.path for item in found] == ["a.txt"]


def test_several_names_give_each_document_once() -> None:
    found = lookup.match_all(["sub", "a.txt", "*.pdf"], DOCUMENTS, BASE)
    assert [item.path for item in found] == [
        "sub/a.txt",
        "sub/b:7.txt",
        "sub/deep/[1].pdf",
        "a.txt",
    ]
    with pytest.raises(UsageError, match="`nothing`"):
        lookup.match_all(["sub", "nothing"], DOCUMENTS, BASE)


def test_one_name_must_mean_one_document() -> None:
    assert lookup.one("subway.txt", DOCUMENTS, BASE).path == "subway.txt"
    with pytest.raises(UsageError, match="`sub` means 3 documents") as error:
        lookup.one("sub", DOCUMENTS, BASE)
    assert "`docs/sub/a.txt`" in str(error.value.hint)
    with pytest.raises(UsageError, match=r"no indexed document is called `subwy\.txt`") as error:
        lookup.one("subwy.txt", DOCUMENTS, BASE)
    assert error.value.hint == "did you mean `subway.txt`?"
    for far in ("nonsense.txt", "busy.txt", "sub/x.txt"):
        with pytest.raises(UsageError, match="no indexed document is called") as error:
            lookup.one(far, DOCUMENTS, BASE)
        assert error.value.hint == "see what is indexed: `askdoc status --documents`"


@pytest.mark.parametrize(
    ("target", "name", "lines"),
    [
        ("a.txt", "a.txt", None),
        ("a.txt:7", "a.txt", (7, 7)),
        ("a.txt:7-9", "a.txt", (7, 9)),
        ("a.txt:9-7", "a.txt", (7, 9)),
        ("b:7.txt", "b:7.txt", None),
        ("b:7.txt:3", "b:7.txt", (3, 3)),
        ("a.txt:0", "a.txt:0", None),
        ("a.txt:x", "a.txt:x", None),
        (":3", ":3", None),
    ],
)
def test_a_place_is_split_from_its_document(
    target: str, name: str, lines: tuple[int, int] | None
) -> None:
    assert lookup.split_place(target) == (name, lines)


MAIL = document("mail.eml")
PLAN = replace(
    MAIL,
    id="plan",
    location="docs/mail.eml/plan.txt",
    path="mail.eml/plan.txt",
    within=MAIL.location,
)


@pytest.mark.parametrize("name", ["mail.eml", "docs/mail.eml", "./docs/mail.eml"])
def test_a_file_is_meant_with_what_lies_in_it(name: str) -> None:
    assert lookup.match(name, [PLAN, MAIL, *DOCUMENTS], BASE) == [PLAN, MAIL]
    assert lookup.one(name, [PLAN, MAIL, *DOCUMENTS], BASE) == MAIL


@pytest.mark.parametrize("name", ["mail.eml/plan.txt", "docs/mail.eml/plan.txt", "plan.txt"])
def test_what_lies_in_a_file_has_a_name_of_its_own(name: str) -> None:
    assert lookup.match(name, [PLAN, MAIL, *DOCUMENTS], BASE) == [PLAN]
    assert lookup.one(name, [PLAN, MAIL], BASE) == PLAN
