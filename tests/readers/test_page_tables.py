"""Tables on pages of real PDF files: rows carry the names of their columns, nothing else does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fpdf import FPDF

from askdoc.readers import reader_for
from askdoc.types import Kind, Reading

from .bodies import body

HEAD = ("Boat", "Home port", "Length", "Price")
ROWS = (
    ("Herring Gull", "Old Quay", "12.5 m", "4,200.00"),
    ("Tern", "New Quay", "9 m", "1,950.00"),
    ("Cormorant", "Old Quay", "15.25 m", "7,800.00"),
)
WIDTHS = (50, 50, 40, 40)


def page(document: FPDF, rows: Sequence[Sequence[str]], align: str = "LLRR") -> None:
    """Write rows as the cells of a table without rules."""
    for row in rows:
        for words, width, side in zip(row, WIDTHS, align, strict=False):
            document.cell(width, 8, words, align=side)
        document.ln(8)


def read(*parts: Sequence[Sequence[str]] | str, align: str = "LLRR") -> Reading:
    document = FPDF()
    document.set_font("Helvetica", size=11)
    document.add_page()
    for part in parts:
        if isinstance(part, str):
            document.multi_cell(0, 6, part, new_x="LMARGIN", new_y="NEXT")
            document.ln(4)
        else:
            page(document, part, align)
            document.ln(8)
    return body(reader_for("x.pdf").read(bytes(document.output()), name="x.pdf"))


def lines(reading: Reading) -> list[str]:
    return [line.strip() for line in reading.text.splitlines() if line.strip()]


@pytest.mark.parametrize("align", ["LLRR", "LLLL", "CCCC"])
def test_a_row_can_be_read_alone(align: str) -> None:
    reading = read((HEAD, *ROWS), align=align)
    assert lines(reading) == [
        "Boat   Home port   Length   Price",
        "Boat: Herring Gull   Home port: Old Quay   Length: 12.5 m   Price: 4,200.00",
        "Boat: Tern   Home port: New Quay   Length: 9 m   Price: 1,950.00",
        "Boat: Cormorant   Home port: Old Quay   Length: 15.25 m   Price: 7,800.00",
    ]
    tern = reading.text.index("Boat: Tern")
    [block] = [block for block in reading.blocks if block.start <= tern < block.end]
    assert block.of(reading.text).startswith("Boat: Tern")
    assert "Cormorant" not in block.of(reading.text)


def test_empty_cells_leave_the_others_under_their_names() -> None:
    reading = read((HEAD, ROWS[0], ("Tern", "", "9 m", ""), ("", "Old Quay", "", "7,800.00")))
    assert "Boat: Tern   Length: 9 m" in lines(reading)
    assert "Home port: Old Quay   Price: 7,800.00" in lines(reading)


def test_what_stands_around_a_table_stays_as_it_is() -> None:
    before, after = "These boats are for sale this autumn.", "Ask at the harbour office."
    second = (("Crew", "Trips"), ("Mara", "12"), ("Anna", "7"))
    reading = read(before, (HEAD, *ROWS), after, second)
    found = lines(reading)
    assert found[0] == before
    assert after in found
    assert found[-2:] == ["Crew: Mara   Trips: 12", "Crew: Anna   Trips: 7"]


@pytest.mark.parametrize(
    "rows",
    [
        (("Name", "Mara Lind"), ("Street", "Old Quay 5"), ("Town", "Kiel")),
        (("Herons", "Terns"), ("nest in trees", "nest on sand"), ("eat fish", "eat fish too")),
        (("Invoice:", "2024-17"), ("Date:", "9 March"), ("Total:", "4,200.00")),
        (("1", "2"), ("3", "4"), ("5", "6")),
        (("Boat", "Price"), ("Tern", "1,950.00")),
    ],
    ids=["a form", "no figures", "names in rows", "no names", "one row"],
)
def test_what_is_no_plain_table_stays_as_it_is(rows: Sequence[Sequence[str]]) -> None:
    assert lines(read(rows)) == ["   ".join(row) for row in rows]


def placed(*lines: Sequence[tuple[float, str]], size: float = 10) -> Reading:
    """Read a page that has only glyphs at places, and no spaces between them, as TeX writes it."""
    document = FPDF(unit="pt", format=(600, 400))
    document.set_font("Helvetica", size=size)
    document.add_page()
    for number, line in enumerate(lines):
        for left, words in line:
            document.text(left, 50 + 12 * number, words)
    return body(reader_for("x.pdf").read(bytes(document.output()), name="x.pdf"))


def rows(reading: Reading) -> list[str]:
    return [one.span.of(reading.text) for one in reading.structure.blocks if one.kind is Kind.ROW]


def test_cells_without_a_space_between_them_are_cells() -> None:
    reading = placed(
        [(40, "web"), (140, "Apache"), (260, "www")],
        [(40, "printing"), (140, "CUPS"), (260, "ipp")],
        [(40, "proxy"), (140, "Squid"), (260, "webcache")],
    )
    assert rows(reading) == [
        "web   Apache   www",
        "printing   CUPS   ipp",
        "proxy   Squid   webcache",
    ]


def test_a_line_that_is_stretched_to_the_margin_has_no_cells() -> None:
    words = ["Each", "block", "is", "handled", "alone.", "The"]
    places = [40, 71, 103, 118, 161, 214]  # wide spaces, the widest after the sentence
    reading = placed([(left, word) for left, word in zip(places, words, strict=True)])
    assert "   " not in reading.text


def test_a_table_ends_where_another_begins() -> None:
    other = (("Keeper", "Light", "Since", "Wage"), ("Ole", "North", "1883", "90.00"))
    found = lines(read((HEAD, *ROWS, *other)))
    assert found[4] == "Keeper   Light   Since   Wage"
    assert found[5] == "Ole   North   1883   90.00"
