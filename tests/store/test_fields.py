from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from askdoc.errors import UsageError
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.fields import parse
from askdoc.types import Document, Field, Span, Stamp

STATED: dict[str, dict[str, str]] = {
    "a": {"author": "Ann Lee", "date": "2024-03-05", "status": "Final", "version": "1.10"},
    "b": {"author": "Bob Ray <bob@example.org>", "date": "28-Oct-2023", "version": "1.9.2"},
    "c": {"date": "Mon, 01 Jan 2024 10:30:00 +0100", "status": "draft", "pages": "1,200"},
    "d": {"created": "March 5, 2021", "status": "draft"},
}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[SqliteCatalog]:
    with SqliteCatalog(tmp_path, tmp_path, write=True) as made:
        for name, stated in STATED.items():
            fields = tuple(
                Field(key, value, Span(0, 0)) for key, value in stated.items() if key != "author"
            )
            document = Document(name, name, name, ".", "", None, 0, Stamp(1, 1, name), (), "en")
            author = stated.get("author")
            made.put(replace(document, fields=fields, author=author), "", [], [])
        made.stage(replace(document, id="e", fields=(Field("secret", "1", Span(0, 0)),)))
        yield made


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["author=ann lee"], "a"),
        (["Author=*ray*"], "b"),
        (["date>=2024"], "ac"),
        (["date > 2023"], "ac"),
        (["date<2024"], "b"),
        (["date<=2024"], "abc"),
        (["date=2024"], "ac"),
        (["date=2024-01"], "c"),
        (["date>2024-01"], "a"),
        (["date!=2024"], "b"),
        (["date>=2024-03-05"], "a"),
        (["created<2022-01-01"], "d"),
        (["status=DRAFT", "date>=2020"], "c"),
        (["status!=draft"], "a"),
        (["pages>999"], "c"),
        (["version>1.9.1"], "ab"),
        (["version>=1.9.3"], "a"),
    ],
)
def test_conditions_choose_documents(
    catalog: SqliteCatalog, conditions: list[str], expected: str
) -> None:
    assert catalog.where(conditions) == list(expected)


@pytest.mark.parametrize(
    ("conditions", "message", "hint"),
    [
        (["date"], "not a condition on a field: `date`", "--where author=NAME"),
        (["=2"], "not a condition", "write the field, a sign and a value"),
        (["secret=1"], "no document has a field `secret`", "`date`, `status`, `author`, `version`"),
        (["status=open"], "no document has `status=open`", "for example, `Final`, `draft`"),
        (
            ["status=draft", "author=*"],
            "no document has `status=draft` and `author=*`",
            "leave out",
        ),
    ],
)
def test_what_fits_nothing_is_refused_with_what_would(
    catalog: SqliteCatalog, conditions: list[str], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        catalog.where(conditions)
    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


def test_a_condition_is_written_as_it_was_understood() -> None:
    assert str(parse(" Date >=  2024 ")) == "date>=2024"
