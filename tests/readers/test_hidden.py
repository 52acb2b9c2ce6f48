"""What is formatted as hidden is not indexed, and hidden sheets and slides are named as such."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import docx
import openpyxl
import pptx
import pytest
import xlwt
from docx.enum.style import WD_STYLE_TYPE
from tests.readers.test_packed import packed

from askdoc.readers import reader_for
from askdoc.readers.rtf import RtfReader, without_hidden
from askdoc.types import Reading
from askdoc.types.places import name_place

from .bodies import body


def text_of(document: Any) -> str:
    stream = BytesIO()
    document.save(stream)
    return body(reader_for("x.docx").read(stream.getvalue(), name="x.docx")).text


def test_hidden_runs_of_word_are_left_out() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The pier is open. ")
    paragraph.add_run("It is closed.").font.hidden = True
    paragraph.add_run(" Boats leave at noon.").font.hidden = False
    assert text_of(document) == "The pier is open.  Boats leave at noon."


def test_what_a_style_of_word_hides_is_left_out_unless_it_is_shown_again() -> None:
    document = docx.Document()
    styles = document.styles
    styles.add_style("Aside", WD_STYLE_TYPE.CHARACTER).font.hidden = True
    below = styles.add_style("Below", WD_STYLE_TYPE.CHARACTER)
    below.base_style = styles["Aside"]
    whole = styles.add_style("Draft", WD_STYLE_TYPE.PARAGRAPH)
    whole.font.hidden = True
    paragraph = document.add_paragraph("The pier is open.")
    paragraph.add_run(" One.", style="Aside")
    paragraph.add_run(" Two.", style="Below")
    draft = document.add_paragraph("Three.", style="Draft")
    draft.add_run("Four is shown.").font.hidden = False
    assert text_of(document).split("\n\n") == ["The pier is open.", "Four is shown."]


def test_hidden_words_of_a_table_are_left_out() -> None:
    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "Oak"
    table.cell(0, 1).paragraphs[0].add_run("secret").font.hidden = True
    assert text_of(document) == "Oak"


def test_a_circle_of_styles_ends() -> None:
    document = docx.Document()
    one = document.styles.add_style("One", WD_STYLE_TYPE.CHARACTER)
    other = document.styles.add_style("Other", WD_STYLE_TYPE.CHARACTER)
    document.styles.add_style("Hides", WD_STYLE_TYPE.CHARACTER).font.hidden = True
    one.base_style, other.base_style = other, one
    document.add_paragraph().add_run("It is shown.", style="One")
    assert text_of(document) == "It is shown."


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        (r"Open.{\v It is closed.} Boats leave.", "Open. Boats leave."),
        (r"Open.\v It is closed.\v0  Boats leave.", "Open. Boats leave."),
        (r"Open.\v1 Closed.\plain  Boats leave.", "Open. Boats leave."),
        (r"{\v{\b Closed.}\v0 Open.}", "Open."),
        (r"{\v Caf\'e9 \u8364?\emdash\{ no \}}Open.", "Open."),
        (r"Open\v\par Closed.\par\v0 Boats leave.", "Open\n\nBoats leave."),
        (r"A \viewkind4 view and a \vern0 word.", "A view and a word."),
        (r"Open.}}\v {", "Open."),
    ],
)
def test_hidden_words_of_rtf_are_left_out(source: str, seen: str) -> None:
    data = r"{\rtf1\ansi " + source + "}"
    assert RtfReader().read(data.encode(), name="x.rtf").text == seen


def test_what_is_no_text_stays_in_rtf() -> None:
    source = "{\\rtf1 {\\v\\bin5 }{}{}{\\pict ab}x}\\par\n Open.}"
    assert without_hidden(source) == "{\\rtf1 {\\v{\\pict }}\\par\n Open.}"


def test_hidden_words_of_opendocument_are_left_out() -> None:
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    hides = '<s:text-properties t:display="none"/>'
    content = (
        f'<o:document-content xmlns:o="{urn}office:1.0" xmlns:t="{urn}text:1.0" '
        f'xmlns:s="{urn}style:1.0"><o:automatic-styles><s:style s:name="T1">{hides}</s:style>'
        '<s:style s:name="T2" s:parent-style-name="Kept"/></o:automatic-styles><o:body><o:text>'
        '<t:p>Open.<t:span t:style-name="T1"> Closed.</t:span> Boats leave.</t:p>'
        '<t:p t:style-name="T2">Never said.</t:p>'
        '<t:p>Ends.<t:hidden-text t:is-hidden="true">Nothing.</t:hidden-text></t:p>'
        '<t:p><t:hidden-paragraph t:is-hidden="true"/>Gone.</t:p>'
        '<t:section t:display="none"><t:p>Away.</t:p></t:section>'
        "<t:section><t:p>Here.</t:p></t:section></o:text></o:body></o:document-content>"
    )
    styles = (
        f'<o:document-styles xmlns:o="{urn}office:1.0" xmlns:t="{urn}text:1.0" '
        f'xmlns:s="{urn}style:1.0"><o:styles><s:style s:name="Kept">{hides}</s:style></o:styles>'
        "</o:document-styles>"
    )
    data = packed({"content.xml": content, "styles.xml": styles})
    reading = reader_for("x.odt").read(data, name="x.odt")
    assert reading.text.split("\n\n") == ["Open. Boats leave.", "Ends.", "Here."]


# ── sheets and slides, which are read and said to be hidden ─────────────────────────────────────


def reading_of(document: Any, suffix: str) -> Reading:
    stream = BytesIO()
    document.save(stream)
    return body(reader_for(f"x.{suffix}").read(stream.getvalue(), name=f"x.{suffix}"))


def place_of(reading: Reading, words: str) -> str:
    start = reading.text.index(words)
    return name_place(reading.landmarks.between(start, start + len(words)), None, None)


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_marked_as_hidden(state: str) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Open"
    book.active.append(["Oak stands in the yard"])
    plan = book.create_sheet("Plan")
    plan.append(["Ash costs more"])
    plan.row_dimensions[1].hidden = True
    book.create_sheet("Empty").sheet_state = state
    plan.sheet_state = state
    reading = reading_of(book, "xlsx")
    assert place_of(reading, "Oak") == "sheet Open, row 1"
    assert place_of(reading, "Ash") == "sheet Plan (hidden), row 1"
    assert [one.title for one in reading.sections] == ["Open", "Plan"]
    assert reading.warnings == ("hidden sheet: Plan",)


def test_hidden_rows_and_columns_with_words_are_counted() -> None:
    book = openpyxl.Workbook()
    book.active.title = "Stock"
    for number in range(1, 6):
        book.active.append([f"Oak {number}", "brown", "long", None, "old"])
    for number in (2, 4, 9):
        book.active.row_dimensions[number].hidden = True
    for letter in ("B", "D", "E"):
        book.active.column_dimensions[letter].hidden = True
    book.active.column_dimensions.group("G", "XFD", hidden=True)  # what is not used
    other = book.create_sheet("Other")
    other.append(["Elm"])
    other.append(["Ash"])
    other.row_dimensions[2].hidden = True
    other.merge_cells("A3:B3")
    reading = reading_of(book, "xlsx")
    assert place_of(reading, "Oak 4") == "sheet Stock, row 4"
    assert reading.warnings == (
        "sheet Stock: 2 rows and 2 columns are hidden",
        "sheet Other: 1 row is hidden",
    )


def test_what_old_workbooks_hide_is_reported() -> None:
    book = xlwt.Workbook()
    for name, visibility in (("Open", 0), ("Plan", 1), ("Deep", 2)):
        sheet = book.add_sheet(name)
        sheet.write(0, 0, f"Oak of {name}")
        sheet.write(1, 0, f"Ash of {name}")
        sheet.write(1, 1, "grey")
        sheet.row(1).hidden = True
        sheet.col(0).hidden = True
        sheet.visibility = visibility
    reading = reading_of(book, "xls")
    assert place_of(reading, "Oak of Open") == "sheet Open, row 1"
    assert place_of(reading, "Oak of Deep") == "sheet Deep (hidden), row 1"
    assert reading.warnings == (
        "hidden sheets: Plan, Deep",
        "sheet Open: 1 row and 1 column are hidden",
    )


def test_a_workbook_that_hides_nothing_tells_nothing() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Oak"])
    book.active.row_dimensions[1].hidden = False
    assert reading_of(book, "xlsx").warnings == ()


def test_a_hidden_slide_is_marked_as_hidden() -> None:
    show = pptx.Presentation()
    for words in ("Oak", "Ash", "Elm"):
        show.slides.add_slide(show.slide_layouts[5]).shapes.title.text = f"{words} grows here"
    show.slides[1].element.set("show", "0")
    show.slides[2].element.set("show", "1")
    reading = reading_of(show, "pptx")
    assert [place_of(reading, words) for words in ("Oak", "Ash", "Elm")] == [
        "slide 1",
        "slide 2, hidden",
        "slide 3",
    ]
    assert reading.warnings == ("hidden slide: 2",)
