"""What a reader says of the parts of a document, from a reading to the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from askdoc.text import chunking
from askdoc.types import Block, Field, Kind, Reading, Span, Structure

from .conftest import Bench

TEXT = "Status: Draft\n- One thing.\n- Another thing.\nSome prose follows here.\n"
EDITED = TEXT.replace("Draft", "Final version")


class Listing:
    """Reads lines: one with a colon is a field, one with a dash an item."""

    def read(self, data: bytes, *, name: str) -> Reading:
        text = data.decode()
        lines = [(Span(*found.span()), found[0]) for found in re.finditer(r"[^\n]+", text)]
        fields = [
            Field(line.split(": ")[0].lower(), line.split(": ")[1], span)
            for span, line in lines
            if re.fullmatch(r"\w+: .+", line)
        ]
        kinds = {field.span: Kind.FIELD for field in fields}
        kinds |= {span: Kind.ITEM for span, line in lines if line.startswith("-")}
        return Reading(
            text,
            tuple(span for span, _ in lines),
            structure=Structure(Block(span, kinds[span]) for span, _ in lines if span in kinds),
            fields=tuple(fields),
        )


@pytest.fixture
def listing(bench: Bench) -> Bench:
    bench.readers = lambda _: Listing()
    bench.write(a=TEXT)
    return bench


def kept(bench: Bench) -> tuple[list[tuple[str, Kind]], list[tuple[str, str]]]:
    """List the blocks as the text has them, and the fields by key and value."""
    with bench.catalog() as catalog:
        [document] = catalog.documents()
        assert catalog.documents([document.id]) == [document]
        text = catalog.text(document.id)
        blocks = [(one.span.of(text), one.kind) for one in document.structure.blocks]
        assert all(one.value in one.span.of(text) for one in document.fields)
        return blocks, [(one.key, one.value) for one in document.fields]


def test_the_structure_and_the_fields_of_a_document_are_kept(listing: Bench) -> None:
    listing.sync(".")
    assert kept(listing) == (
        [
            ("Status: Draft", Kind.FIELD),
            ("- One thing.", Kind.ITEM),
            ("- Another thing.", Kind.ITEM),
        ],
        [("status", "Draft")],
    )
    listing.write(a=EDITED)
    listing.sync(".")
    assert kept(listing)[1] == [("status", "Final version")]
    assert kept(listing)[0][1] == ("- One thing.", Kind.ITEM)
    listing.sync(rebuild=True)
    assert kept(listing)[1] == [("status", "Final version")]


def test_the_fields_of_a_document_go_with_it(listing: Bench) -> None:
    listing.write(b="Status: Open\n")
    listing.sync(".")
    listing.path("a").unlink()
    listing.sync()
    with listing.catalog() as catalog:
        assert catalog._all("SELECT value FROM fields") == [("Open",)]


class InParts(Listing):
    """Says of each part of a long document what stands in it."""

    def read(self, data: bytes, *, name: str) -> Reading:
        return replace(super().read(data, name=name), title="A list")


@pytest.mark.parametrize("apart", [False, True])
def test_a_document_that_is_read_in_parts_is_kept_as_one(
    listing: Bench, monkeypatch: pytest.MonkeyPatch, *, apart: bool
) -> None:
    listing.sync(".")
    before = kept(listing)
    monkeypatch.setattr(chunking, "LONGEST", 20)
    if apart:
        whole = chunking.windows

        def split(reading: Reading) -> Iterator[Reading]:
            for part in whole(replace(reading, structure=Structure(), fields=())):
                inside = range(part.origin, part.end)
                yield replace(
                    part,
                    structure=Structure(
                        one for one in reading.structure.blocks if one.span.start in inside
                    ),
                    fields=tuple(one for one in reading.fields if one.span.start in inside),
                )

        monkeypatch.setattr("askdoc.index.reading.reading.windows", split)
    listing.sync(rebuild=True)
    assert kept(listing) == before
