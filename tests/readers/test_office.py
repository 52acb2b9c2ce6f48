from __future__ import annotations

import datetime as dt
import re
import zipfile
from io import BytesIO
from typing import Any

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from askdoc.readers import reader_for
from askdoc.readers.composer import table_rows
from askdoc.types import Reading
from askdoc.types.places import Place, PlaceKind

from .bodies import body


def read(document: Any, suffix: str) -> Reading:
    stream = BytesIO()
    document.save(stream)
    return body(reader_for(f"x.{suffix}").read(stream.getvalue(), name=f"x.{suffix}"))


def blocks(reading: Reading) -> list[str]:
    return [block.of(reading.text) for block in reading.blocks]


def place_of(reading: Reading, words: str) -> Place | None:
    start = reading.text.index(words)
    return reading.landmarks.between(start, start + len(words))


def w(markup: str) -> Any:
    return parse_xml(re.sub(r"(/?>)", rf" {nsdecls('w')}\1", markup, count=1))


# ── Word ────────────────────────────────────────────────────────────────────────────────────────


def test_styles_give_headings_title_and_author() -> None:
    document = docx.Document()
    document.core_properties.author = "Mara Vale"
    document.add_heading("On Piers", 0)
    document.add_heading("Oak", 1)
    document.add_heading("Its Age", 2)
    document.add_paragraph("It lasts for ninety years.")
    reading = read(document, "docx")
    assert (reading.title, reading.author) == ("On Piers", "Mara Vale")
    assert [(one.level, one.title) for one in reading.sections] == [
        (1, "On Piers"),
        (1, "Oak"),
        (2, "Its Age"),
    ]
    assert blocks(reading)[-1] == "It lasts for ninety years."


def test_nothing_that_a_reader_of_the_document_sees_is_lost() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("It was built of ")
    paragraph._p.append(w("<w:ins><w:r><w:t>oak</w:t></w:r></w:ins>"))
    paragraph._p.append(w("<w:del><w:r><w:delText>steel</w:delText></w:r></w:del>"))
    paragraph.add_run(" by hand.")
    body = document.element.body
    said = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>".format
    body.insert(0, w(f"<w:sdt><w:sdtContent>{said('A control.')}</w:sdtContent></w:sdt>"))
    box = f"<w:pict><w:txbxContent>{said('In a box.')}</w:txbxContent></w:pict>"
    body.insert(1, w(f"<w:p><w:r>{box}</w:r></w:p>"))
    assert blocks(read(document, "docx")) == [
        "A control.",
        "In a box.",
        "It was built of oak by hand.",
    ]


def test_a_row_of_a_table_names_its_columns() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip(
        [*table.rows[0].cells, *table.rows[1].cells], ["Name", "Age", "Mara", "40"], strict=True
    ):
        cell.text = words
    inner = table.rows[1].cells[0].add_table(rows=1, cols=1)
    inner.rows[0].cells[0].text = "within"
    assert blocks(read(document, "docx")) == ["Name | Age", "Name: Mara within | Age: 40"]


def test_pages_are_places_where_word_has_noted_them() -> None:
    document = docx.Document()
    document.add_paragraph("On the first.")
    document.add_paragraph("Ends the first ").add_run()._r.append(w("<w:lastRenderedPageBreak/>"))
    document.add_paragraph("On the second.")
    reading = read(document, "docx")
    assert place_of(reading, "Ends") == Place(PlaceKind.PAGE, 1)
    assert place_of(reading, "On the second.") == Place(PlaceKind.PAGE, 2)


def test_a_page_begins_where_the_break_stands() -> None:
    turn = "<w:r><w:lastRenderedPageBreak/></w:r>"
    said = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>".format
    document = docx.Document()
    document.add_paragraph("The society was founded in 1911.")
    body = document.element.body
    body.insert(1, w(f"<w:p>{turn}{said('The pier is on the next page.')}</w:p>"))
    middle = said("Oak was dear. ") + turn + said("Steel was not. It came ") + turn
    body.insert(2, w(f"<w:p>{middle}{said('by boat. Nobody minded.')}</w:p>"))
    row = f"<w:tr><w:tc><w:p>{turn}{said('Senior')}</w:p></w:tc></w:tr>"
    body.insert(3, w(f"<w:tbl>{row}</w:tbl>"))
    reading = read(document, "docx")
    on = {
        words: place_of(reading, words)
        for words in (
            "The society",
            "The pier is",
            "Oak was",
            "Steel was",
            "It came by boat.",
            "Nobody minded.",
            "Senior",
        )
    }
    pages = [place.number if place else None for place in on.values()]
    assert pages == [1, 2, 2, 3, 3, 4, 5]


def test_a_comment_stands_where_it_points_to() -> None:
    document = docx.Document()
    document.add_paragraph("One.")
    run = document.add_paragraph("Two.").runs[0]
    document.add_paragraph("Three.")
    document.add_comment(run, text="Is that so?", author="Mara")
    reading = read(document, "docx")
    assert blocks(reading)[-1] == "Mara: Is that so?"
    assert place_of(reading, "Mara: Is") == Place(PlaceKind.PARAGRAPH, 2)


# ── PowerPoint ──────────────────────────────────────────────────────────────────────────────────


def test_slides_with_tables_charts_groups_captions_and_notes() -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Costs"
    inches = (Inches(1),) * 4
    table = slide.shapes.add_table(2, 2, *inches).table
    for at, words in enumerate(("Item", "Price", "Oak", "9")):
        table.cell(at // 2, at % 2).text = words
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["May", "June"]
    data.add_series("Boats", (3, 4.5))  # type: ignore[no-untyped-call]
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, *inches, data)
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(*inches).text_frame.text = "In a group."
    show.slides.add_slide(show.slide_layouts[6])
    last = show.slides.add_slide(show.slide_layouts[6])
    last.notes_slide.notes_text_frame.text = "Say it slowly."
    reading = read(show, "pptx")
    assert set(blocks(reading)) == {
        "Item | Price",
        "Item: Oak | Price: 9",
        "Boats | May: 3 | June: 4.5",
        "In a group.",
        "Say it slowly.",
    }
    assert [one.title for one in reading.sections] == ["Costs"]
    assert place_of(reading, "Say it slowly.") == Place(PlaceKind.SLIDE, 3)
    assert reading.warnings == ("slides without text: 2",)
    assert list(reading.breaks()) == [mark.start for mark in reading.landmarks]


# ── tables ──────────────────────────────────────────────────────────────────────────────────────


def test_values_are_written_as_people_write_them() -> None:
    book = openpyxl.Workbook()
    book.active.append(["What", "Whole", "Part", "Day", "Moment", "So"])
    day = dt.datetime(2025, 5, 9)  # noqa: DTZ001 - sheets know no zones
    book.active.append(["Oak", 3.0, 0.1 + 0.2, day, day.replace(hour=7), True])
    [_, row] = blocks(read(book, "xlsx"))
    assert row == (
        "What: Oak | Whole: 3 | Part: 0.3 | Day: 2025-05-09 | Moment: 2025-05-09 07:00:00 | "
        "So: TRUE"
    )


def test_a_share_is_written_in_percent() -> None:
    book = openpyxl.Workbook()
    for value, shown in ((0.25, "0%"), (0.07, "0.0%"), (3, '0"%"'), (0.5, "0.00")):
        book.active.append(["What", value])
        book.active.cell(book.active.max_row, 2).number_format = shown
    said = [row.rpartition(" ")[2] for row in blocks(read(book, "xlsx"))]
    assert said == ["25%", "7%", "3", "0.5"]


def test_comments_of_cells_stand_with_their_row() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Crate", "Count"])
    book.active.append(["Oak", 3])
    book.active["B2"].comment = openpyxl.comments.Comment("Counted\nby Greta.", "Bo")
    book.active["A2"].comment = openpyxl.comments.Comment("Bo: Is it here?", "Bo")
    book.active["D5"].comment = openpyxl.comments.Comment("Nothing yet.", "")
    book.create_sheet("Other").append(["Quiet"])
    reading = read(book, "xlsx")
    assert sorted(blocks(reading)[1].split(" | ")) == [
        "Bo: Counted by Greta.",
        "Bo: Is it here?",
        "Count: 3",
        "Crate: Oak",
    ]
    assert blocks(reading)[2:] == ["Nothing yet.", "Quiet"]
    assert place_of(reading, "Counted by") == Place(PlaceKind.ROW, 2, "Sheet")
    assert place_of(reading, "Nothing") == Place(PlaceKind.ROW, 5, "Sheet")


def test_formulas_without_a_result_are_reported() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Oak", 3, "=B1*2"])
    told = "no stored result: open and save it in a spreadsheet program"
    assert read(book, "xlsx").warnings == (f"1 formula has {told}",)
    book.create_sheet("Other").append(["Elm", '=IF(B1<4,"a","")', "=B1"])
    assert read(book, "xlsx").warnings == (f"3 formulas have {told}",)
    stream = BytesIO()
    book.save(stream)
    computed = BytesIO()
    with zipfile.ZipFile(stream) as before, zipfile.ZipFile(computed, "w") as after:
        for name in before.namelist():
            data = re.sub(rb'(<c r="B1")(><f>.*?</f>)', rb'\1 t="str"\2', before.read(name))
            data = re.sub(rb"(<f>B1(?:\*2)?</f>)<v ?/?>(?:</v>)?", rb"\1<v>7</v>", data)
            after.writestr(name, data)
    reading = body(reader_for("x.xlsx").read(computed.getvalue(), name="x.xlsx"))
    assert reading.warnings == ()
    assert blocks(reading) == ["Oak | 3 | 7", "Elm | 7"]


@pytest.mark.parametrize(
    ("rows", "written"),
    [
        ([["Name", "Age"], ["Mara", "40"]], {1: "Name | Age", 2: "Name: Mara | Age: 40"}),
        ([["Mara", "40"], ["Tom", "50"]], {1: "Mara | 40", 2: "Tom | 50"}),
        (
            [["Report"], [], ["Name", "Age"], ["Mara", ""]],
            {1: "Report", 3: "Name | Age", 4: "Name: Mara"},
        ),
        ([["a", "a"], ["b", "c"]], {1: "a | a", 2: "b | c"}),
        (
            [["Land", "1983", "1984"], ["X", "8", "9"]],
            {1: "Land | 1983 | 1984", 2: "Land: X | 1983: 8 | 1984: 9"},
        ),
        ([["Otter", "1984"], ["Heron", "1990"]], {1: "Otter | 1984", 2: "Heron | 1990"}),
        ([["1984", "1971"], ["2", "3"]], {1: "1984 | 1971", 2: "2 | 3"}),
        ([["A", "B"], ["1", "2", "3"]], {1: "A | B", 2: "A: 1 | B: 2 | 3"}),
        ([["two\nlines", "b c"], ["", "x"]], {1: "two lines | b c", 2: "b c: x"}),
        (  # notes above the head
            [["For", "the board"], ["Name", "Job", "Age"], ["Mara", "mate", "40"]],
            {1: "For | the board", 2: "Name | Job | Age", 3: "Name: Mara | Job: mate | Age: 40"},
        ),
        (  # a row of words alone is no head, since it has no more cells than the first
            [["Name", "Job", "Age"], ["Mara", "mate", "old"], ["Tom", "cook", "40"]],
            {
                1: "Name | Job | Age",
                2: "Name: Mara | Job: mate | Age: old",
                3: "Name: Tom | Job: cook | Age: 40",
            },
        ),
    ],
)
def test_the_head_of_a_table_is_distinguished_from_its_rows(
    rows: list[list[str]], written: dict[int, str]
) -> None:
    assert dict(table_rows(rows)) == written


@pytest.mark.parametrize("mark", [",", ";", "|"])
def test_any_delimiter_parts_cells(mark: str) -> None:
    data = f'Name{mark}Note\nMara{mark}"one{mark} two\n three"\n'.encode()
    reading = reader_for("x.csv").read(data, name="x.csv")
    assert reading.text == f"Name | Note\nName: Mara | Note: one{mark} two three"


@pytest.mark.parametrize("mark", [";", "|", "\t"])
def test_the_line_that_names_the_delimiter_is_no_row(mark: str) -> None:
    data = f"sep={mark}\r\nid{mark}who\r\n1{mark}Mara, Tom, Ann\r\n".encode()
    reading = reader_for("x.csv").read(data, name="x.csv")
    assert blocks(reading) == ["id | who", "id: 1 | who: Mara, Tom, Ann"]
    assert place_of(reading, "Mara") == Place(PlaceKind.ROW, 3)
    assert "sep" in reader_for("x.csv").read(b"sep=long\n1;2\n", name="x.csv").text


def test_a_field_of_ten_megabytes_is_read_in_pieces() -> None:
    data = b"Name,Note\nMara," + b"oak and stone " * 750_000 + b"\nTom,short\n"
    reading = reader_for("x.csv").read(data, name="x.csv")
    assert max(len(block) for block in reading.blocks) <= 20_000
    assert place_of(reading, "Name: Tom") == Place(PlaceKind.ROW, 3)
    said = " ".join(blocks(reading)).split()
    assert said.count("oak") == said.count("stone") == 750_000


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,b\n1,2\n"3,4\n5,6\n', 3),
        ('a,b\r\n"1\r\nx",2\r\n3,"4\r\n5,6\r\n\r\n\r\n', 4),
        ('a,b\n1,"2', 2),
        ('a,b\n1,"2 ""x""\n', 2),
        ('a,b\n1,"2\n3"\n', None),
        ('a,b\n1,5" pipe\n"2",""', None),
    ],
)
def test_a_quotation_that_does_not_end_is_reported(text: str, line: int | None) -> None:
    reading = reader_for("x.csv").read(text.encode(), name="x.csv")
    told = (
        f"a quotation mark that opens in line {line} is not closed: all that follows it is one cell"
    )
    assert reading.warnings == ((told,) if line else ())
    assert "\ufdd2" not in reading.text


def test_a_field_without_white_space_is_cut_all_the_same() -> None:
    reading = reader_for("x.csv").read(b"Name,Note\nMara," + b"x" * 50_000, name="x.csv")
    assert sum(len(block) for block in reading.blocks[1:]) == len("Name: Mara | Note: ") + 50_000
    assert max(len(block) for block in reading.blocks) <= 20_000


def test_a_cell_that_is_merged_over_rows_is_repeated_in_each() -> None:
    import io

    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Ship", "Cargo"], ["Otter", "oak"], [None, "rope"], ["Heron", "tar"]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("A4:A900")
    file = io.BytesIO()
    book.save(file)
    text = reader_for("x.xlsx").read(file.getvalue(), name="x.xlsx").text
    assert "Ship: Otter | Cargo: rope" in text
    assert text.count("Heron") == 1
