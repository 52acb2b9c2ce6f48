"""Cells that reach over others: every row says what they say, and every column its whole name."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import docx
import openpyxl
import pptx
import pytest
import xlwt
from pptx.util import Inches
from tests.readers.test_packed import packed

from askdoc.readers import reader_for
from askdoc.readers.html import HtmlReader

from .bodies import body

HEAD: list[str | None] = ["Ship", "2023", None, "2024", None]
BELOW: list[str | None] = [None, "Spring", "Autumn", "Spring", "Autumn"]
OTTER: list[str | None] = ["Otter", "oak", "rope", "tar", "salt"]
HERON: list[str | None] = [None, "corn", "hemp", "coal", "wine"]
SEA: list[str | None] = ["At sea", None, None, None, None]
ROWS: list[list[str | None]] = [HEAD, BELOW, OTTER, HERON, SEA]

MERGED = [(1, 1, 2, 1), (1, 2, 1, 3), (1, 4, 1, 5), (3, 1, 4, 1), (5, 1, 5, 5)]
"""First row and column, last row and column."""

WRITTEN = [
    "Ship | 2023 | 2024",
    "Ship | Spring | Autumn | Spring | Autumn",
    "Ship: Otter | 2023 Spring: oak | 2023 Autumn: rope | 2024 Spring: tar | 2024 Autumn: salt",
    "Ship: Otter | 2023 Spring: corn | 2023 Autumn: hemp | 2024 Spring: coal | 2024 Autumn: wine",
    "At sea",
]


def saved(document: Any) -> bytes:
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in ROWS:
        sheet.append(row)
    for top, left, bottom, right in MERGED:
        sheet.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    return saved(book)


def xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Ships")
    covered = {
        (row, column)
        for top, left, bottom, right in MERGED
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    }
    for number, row in enumerate(ROWS, start=1):
        for column, cell in enumerate(row, start=1):
            if cell is not None and (number, column) not in covered:
                sheet.write(number - 1, column - 1, cell)
    for top, left, bottom, right in MERGED:
        sheet.write_merge(top - 1, bottom - 1, left - 1, right - 1, ROWS[top - 1][left - 1])
    return saved(book)


def word() -> bytes:
    document = docx.Document()
    table = document.add_table(rows=len(ROWS), cols=len(HEAD))
    for top, left, bottom, right in MERGED:
        table.cell(top - 1, left - 1).merge(table.cell(bottom - 1, right - 1))
    for number, row in enumerate(ROWS):
        for column, cell in enumerate(row):
            if cell is not None:
                table.cell(number, column).text = cell
    return saved(document)


def slides() -> bytes:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    size = (Inches(1), Inches(1), Inches(8), Inches(3))
    table = slide.shapes.add_table(len(ROWS), len(HEAD), *size).table
    for number, row in enumerate(ROWS):
        for column, cell in enumerate(row):
            if cell is not None:
                table.cell(number, column).text = cell
    for top, left, bottom, right in MERGED:
        table.cell(top - 1, left - 1).merge(table.cell(bottom - 1, right - 1))
    return saved(show)


def opendocument(kind: str, around: str = "{}") -> bytes:
    begins = {(top, left): (bottom, right) for top, left, bottom, right in MERGED}
    rows = ""
    for number, row in enumerate(ROWS, start=1):
        cells = ""
        for column, cell in enumerate(row, start=1):
            bottom, right = begins.get((number, column), (number, column))
            wide = (
                f't:number-columns-spanned="{right - column + 1}" '
                f't:number-rows-spanned="{bottom - number + 1}"'
            )
            if cell is None:
                cells += "<t:covered-table-cell/>"
            else:
                cells += f"<t:table-cell {wide}><x:p>{cell}</x:p></t:table-cell>"
        rows += f"<t:table-row>{cells}</t:table-row>"
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    table = f'<t:table t:name="Ships">{rows}</t:table>'
    content = (
        f'<o:document-content xmlns:o="{urn}office:1.0" xmlns:x="{urn}text:1.0" '
        f'xmlns:t="{urn}table:1.0"><o:body><o:{kind}>{table}</o:{kind}></o:body>'
        "</o:document-content>"
    )
    return packed({"content.xml": content})


MADE: dict[str, Callable[[], bytes]] = {
    "xlsx": xlsx,
    "xls": xls,
    "docx": word,
    "pptx": slides,
    "ods": lambda: opendocument("spreadsheet"),
    "odt": lambda: opendocument("text"),
}


@pytest.mark.parametrize("suffix", MADE)
def test_merged_cells_are_repeated_in_each_row_and_name_each_column(suffix: str) -> None:
    reading = body(reader_for(f"x.{suffix}").read(MADE[suffix](), name=f"x.{suffix}"))
    assert reading.text.splitlines() == WRITTEN


def test_a_head_of_a_page_that_spans_columns_names_each() -> None:
    page = (
        "<main><table><tr><th colspan=5>Cargo by ship</th></tr>"
        "<tr><th rowspan=2>Ship</th><th colspan=2>2023</th><th colspan='2'>2024</th></tr>"
        "<tr><th>Spring</th><th>Autumn</th><th>Spring</th><th>Autumn</th></tr>"
        "<tr><td rowspan=2>Otter</td><td>oak</td><td>rope</td><td>tar</td><td>salt</td></tr>"
        "<tr><td>corn</td><td>hemp</td><td>coal</td><td>wine</td></tr>"
        "<tr><td colspan=5>At sea</td></tr>"
        "<tr><td>Heron</td><td colspan=2>fish</td><td>tea</td><td>wool</td></tr></table></main>"
    )
    lines = HtmlReader().read(page.encode(), name="x.html").text.splitlines()
    assert lines[0] == "Cargo by ship"
    assert lines[3:6] == WRITTEN[2:]
    assert lines[6] == "Ship: Heron | 2023 Spring: fish | 2024 Spring: tea | 2024 Autumn: wool"


def test_columns_without_end_do_no_harm() -> None:
    cells = "<td colspan=99999999>oak</td>" * 300
    page = f"<main><table><tr><th>Ship</th></tr><tr>{cells}</tr></table></main>"
    assert HtmlReader().read(page.encode(), name="x.html").text.count("oak") == 300


def test_a_second_row_of_values_is_no_head() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Ship", "Cargo", None], ["Otter", "oak", "rope"]):
        sheet.append(row)
    sheet.merge_cells("B1:C1")
    text = body(reader_for("x.xlsx").read(saved(book), name="x.xlsx")).text
    assert text.splitlines() == ["Ship | Cargo", "Ship: Otter | Cargo: oak | Cargo: rope"]


def test_a_cell_of_word_that_is_wide_moves_no_other_to_a_wrong_column() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=3)
    for column, name in enumerate(("Ship", "Cargo", "Port")):
        table.cell(0, column).text = name
    table.cell(1, 0).merge(table.cell(1, 1)).text = "Otter"
    table.cell(1, 2).text = "Kelm"
    text = body(reader_for("x.docx").read(saved(document), name="x.docx")).text
    assert text.splitlines() == ["Ship | Cargo | Port", "Ship: Otter | Port: Kelm"]
