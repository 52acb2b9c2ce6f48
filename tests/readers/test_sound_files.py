"""Files that are sound though a library refuses them, or a part of them; and files that grow."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import docx
import openpyxl
import pptx
import pypdfium2  # type: ignore[import-untyped]
import pytest
from fpdf import FPDF
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches
from pypdfium2 import raw
from tests.corpus.conftest import compound

from askdoc.errors import ReadError
from askdoc.readers import reader_for
from askdoc.types import Reading

from .bodies import body


def read(data: bytes, suffix: str) -> Reading:
    return reader_for(f"x.{suffix}").read(data, name=f"x.{suffix}")


def saved(document: Any) -> bytes:
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def changed(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Return a packed file with every member changed."""
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name)))
    return stream.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Pier", 1)
    document.add_paragraph("It is of oak.")
    return saved(document)


@pytest.mark.parametrize(
    "kind",
    [
        "vnd.ms-word.document.macroEnabled.main",
        "vnd.ms-word.template.macroEnabledTemplate.main",
        "vnd.openxmlformats-officedocument.wordprocessingml.template.main",
    ],
)
def test_a_document_of_word_with_macros_or_a_template_is_read(kind: str) -> None:
    usual = b"vnd.openxmlformats-officedocument.wordprocessingml.document.main"
    data = changed(word(), lambda _, content: content.replace(usual, kind.encode()))
    reading = read(data, "docm")
    assert body(reading).text == "Pier\n\nIt is of oak."


def strict(_: str, content: bytes) -> bytes:
    usual = rb"http://schemas\.openxmlformats\.org/"
    kinds = rb"(officeDocument|wordprocessingml|spreadsheetml|presentationml|drawingml)/2006/"
    return re.sub(usual + kinds, rb"http://purl.oclc.org/ooxml/\1/", content)


def test_the_strict_variant_of_office_documents_is_read() -> None:
    assert body(read(changed(word(), strict), "docx")).text == "Pier\n\nIt is of oak."
    book = openpyxl.Workbook()
    book.active.append(["Ship", "Cargo"])
    book.active.append(["Tern", "salt"])
    text = body(read(changed(saved(book), strict), "xlsx")).text
    assert text == "Ship | Cargo\nShip: Tern | Cargo: salt"
    show = pptx.Presentation()
    show.slides.add_slide(show.slide_layouts[0]).shapes.title.text = "Pier"
    assert body(read(changed(saved(show), strict), "pptx")).text == "Pier"


def deck(kind: XL_CHART_TYPE) -> bytes:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Pier"
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["May", "June"]
    data.add_series("Oak", (1.5, 2))  # type: ignore[no-untyped-call]
    slide.shapes.add_chart(kind, 0, 0, Inches(4), Inches(4), data)
    return saved(show)


@pytest.mark.parametrize("kind", ["", "3D"])
def test_a_chart_is_read_and_a_deck_is_not_lost_for_it(kind: str) -> None:
    data = deck(XL_CHART_TYPE.COLUMN_CLUSTERED)
    data = changed(
        data, lambda _, content: content.replace(b"barChart", f"bar{kind}Chart".encode())
    )
    reading = body(read(data, "pptx"))
    assert reading.text == "Pier\n\nOak | May: 1.5 | June: 2"
    assert reading.warnings == ()


def test_what_cannot_be_read_of_a_slide_is_left_out_and_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: object) -> str:
        raise KeyError

    data = deck(XL_CHART_TYPE.PIE)
    monkeypatch.setattr("askdoc.readers.office.pptx._chart", broken)
    reading = body(read(data, "pptx"))
    assert reading.text == "Pier"
    assert reading.warnings == ("slides of which a part cannot be read: 1",)


def test_a_message_in_an_encoding_of_windows_is_read() -> None:
    words = "碼頭是橡木做的。"
    streams = {
        "__substg1.0_001A001E": b"IPM.Note",
        "__substg1.0_1000001E": words.encode("cp950"),
    }
    rows = [
        struct.pack("<HHIII", 0x001E, int(name[12:16], 16), 6, len(data) + 1, 0)
        for name, data in streams.items()
    ]
    rows += [struct.pack("<HHIII", 0x0003, key, 6, 950, 0) for key in (0x3FFD, 0x3FDE)]
    properties = b"\0" * 32 + b"".join(rows)
    reading = read(compound({**streams, "__properties_version1.0": properties}), "msg")
    assert reading.text == words


def test_an_encrypted_opendocument_is_called_encrypted() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("content.xml", b"\x93\x01 no xml")
        archive.writestr("META-INF/manifest.xml", "<m><encryption-data/></m>")
    with pytest.raises(ReadError) as caught:
        read(stream.getvalue(), "odt")
    assert caught.value.code == "encrypted"


def pages(count: int) -> bytes:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for number in range(count):
        pdf.add_page()
        pdf.cell(text=f"The pier number {number} is of oak.")
    return bytes(pdf.output())


def test_a_code_that_is_no_character_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    true = raw.FPDFText_GetUnicode
    monkeypatch.setattr(
        raw, "FPDFText_GetUnicode", lambda page, at: 0x7FFFFFFF if at == 4 else true(page, at)
    )
    assert body(read(pages(1), "pdf")).text == "The \ufffdier number 0 is of oak."


def test_pages_that_do_not_load_are_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    true = pypdfium2.PdfDocument.__getitem__

    def broken(document: Any, number: int) -> Any:
        if number in missing:
            raise pypdfium2.PdfiumError("no page")  # noqa: EM101
        return true(document, number)

    missing = {1}
    monkeypatch.setattr(pypdfium2.PdfDocument, "__getitem__", broken)
    reading = read(pages(3), "pdf")
    assert reading.warnings == ("1 of 3 pages cannot be read: 2",)
    assert "number 2" in reading.text
    missing = {0, 1, 2}
    with pytest.raises(ReadError) as caught:
        read(pages(3), "pdf")
    assert caught.value.code == "broken"


def test_words_of_a_table_outside_its_cells_are_kept() -> None:
    page = (
        b"<main><table>Loose first.<tr><th>A</th><th>B</th></tr>"
        b"<tr><td>1</td><td>2</td></tr>Loose last.</table>After.</main>"
    )
    text = read(page, "html").text
    assert all(words in text for words in ("Loose first.", "A: 1 | B: 2", "Loose last.", "After."))


def test_a_table_of_repeated_cells_stays_small() -> None:
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    table, text = office.replace("office", "table"), office.replace("office", "text")
    content = (
        f'<o:document-content xmlns:o="{office}" xmlns:t="{table}" xmlns:x="{text}"><o:body>'
        '<o:spreadsheet><t:table t:name="S"><t:table-row t:number-rows-repeated="1048576">'
        '<t:table-cell t:number-columns-repeated="16384"><x:p>oak beam</x:p></t:table-cell>'
        "</t:table-row><t:table-row><t:table-cell><x:p>The end.</x:p></t:table-cell>"
        "</t:table-row></t:table></o:spreadsheet></o:body></o:document-content>"
    )
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("content.xml", content)
    reading = read(stream.getvalue(), "ods")
    assert "oak beam" in reading.text
    assert "The end." in reading.text
    assert len(reading.text) < 500_000


def test_what_is_no_code_of_its_language_is_read_as_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grammar that looks for a way to read it can take the square of its length."""
    monkeypatch.setattr("askdoc.readers.code._PATIENCE", 0.02)
    reading = read(("a\u2028!+}`" * 2_000 + "\nint oak;\n").encode(), "c")
    assert reading.warnings == ("its functions cannot be made out",)
    assert "int oak;" in [block.of(reading.text) for block in reading.blocks]


@pytest.mark.parametrize(
    "table",
    [
        "<tr>" + "<td>oak</td>" * 1_500 + "</tr>",
        "<tr>" + '<td rowspan="1000" colspan="1000">oak</td>' * 20 + "</tr>" + "<tr></tr>" * 99,
    ],
)
def test_a_page_with_a_very_wide_table_is_read_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """The search for its main part would take the square of the width."""
    monkeypatch.setattr("askdoc.readers.html._extract", pytest.fail)
    page = f"<html><body><p>Before.</p><table>{table}</table><p>After.</p></body></html>"
    text = read(page.encode(), "html").text
    assert all(words in text for words in ("Before.", "oak", "After."))
    assert len(text) < 20_000
