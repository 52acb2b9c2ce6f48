"""Reading PDF: real files, made here."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF

from askdoc import readers
from askdoc.errors import MissingPart, ReadError
from askdoc.readers.pdf.reader import PdfReader
from askdoc.text.chunking import open_sections
from askdoc.types import Document, Reading, ReadOptions, Stamp

from .bodies import body

SENTENCE = (
    "The committee met in the spring of 1911, and after a long debate it decided that the bridge "
    "over the river should be built of stone, as the old one had been. "
)


def page_maker(**settings: object) -> FPDF:
    pdf = FPDF(**settings)  # type: ignore[arg-type]
    pdf.set_font("Helvetica", size=11)
    return pdf


def read(pdf: FPDF, name: str = "file.pdf") -> Reading:
    return body(PdfReader().read(bytes(pdf.output()), name=name))


def cut(reading: Reading) -> list[str]:
    return [block.of(reading.text) for block in reading.blocks]


def refused(data: bytes) -> ReadError:
    with pytest.raises(ReadError) as caught:
        PdfReader().read(data, name="file.pdf")
    return caught.value


def test_pages_are_true_and_paragraphs_are_whole() -> None:
    pdf = page_maker()
    for number in ("first", "second", "third"):
        pdf.add_page()
        pdf.multi_cell(0, 6, f"This is the {number} page. {SENTENCE * 3}")
    reading = read(pdf)
    assert [" ".join(block.split())[:26] for block in cut(reading)] == [
        "This is the first page. Th",
        "This is the second page. T",
        "This is the third page. Th",
    ]
    document = Document(
        "id", "l", "p", "s", "f", None, 0, Stamp(0, 0, ""), pages=reading.pages, language="en"
    )
    assert document.page_of(reading.text.index("second page")) == 2
    assert document.page_of(len(reading.text) - 1) == 3
    assert reading.warnings == ()


def test_a_hyphen_at_a_line_end_stays_with_its_line_end() -> None:
    pdf = page_maker()
    pdf.add_page()
    pdf.multi_cell(0, 6, "Nothing came of the con-\nfirmation that was hoped for.")
    assert read(pdf).text == "Nothing came of the con\u00ad\nfirmation that was hoped for."


def test_headings_and_paragraphs_are_distinguished_by_the_space_between() -> None:
    pdf = page_maker()
    pdf.add_page()
    pdf.multi_cell(0, 6, "Results of the year")
    pdf.ln(10)
    pdf.multi_cell(0, 6, SENTENCE * 2)
    assert cut(read(pdf))[0] == "Results of the year"


def test_two_columns_are_read_one_after_the_other() -> None:
    pdf = page_maker()
    pdf.add_page()
    with pdf.text_columns(ncols=2, gutter=10) as columns:
        columns.write(f"Left begins. {SENTENCE * 14} Right ends.")
    (block,) = cut(read(pdf))
    assert block.startswith("Left begins.")
    assert " ".join(block.split()).count(SENTENCE.strip()) == 14


def test_cells_of_a_table_stay_apart_and_rows_are_blocks() -> None:
    pdf = page_maker()
    pdf.add_page()
    with pdf.table(borders_layout="NONE", col_widths=(40, 30, 30)) as table:
        for row in (("Part", "Hours", "Cost"), ("Body work", "2", "300"), ("Paint", "1.5", "225")):
            table.row(row)
    assert cut(read(pdf)) == [
        "Part   Hours   Cost",
        "Part: Body work   Hours: 2   Cost: 300",
        "Part: Paint   Hours: 1.5   Cost: 225",
    ]


def test_the_outline_gives_sections_and_its_headings_are_no_sentences() -> None:
    pdf = page_maker()
    pdf.add_page()
    for title, level in (("Bridges", 0), ("Stone", 1), ("Tunnels", 0)):
        pdf.start_section(title, level)
        pdf.multi_cell(0, 6, title)
        pdf.ln(4)
        pdf.multi_cell(0, 6, f"About {title.lower()}. {SENTENCE}")
        pdf.ln(4)
    reading = read(pdf)
    assert [(one.level, one.title) for one in reading.sections] == [
        (1, "Bridges"),
        (2, "Stone"),
        (1, "Tunnels"),
    ]
    assert [block[:11] for block in cut(reading)] == ["About bridg", "About stone", "About tunne"]
    place = reading.text.index("About stone")
    above = open_sections([one for one in reading.sections if one.start <= place])
    assert [one.title for one in above] == ["Bridges", "Stone"]


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("A History of Bridges", "A History of Bridges"),
        ("  spaced \n out ", "spaced out"),
        ("untitled", None),
        ("(anonymous)", None),
        ("Microsoft Word - draft.docx", None),
        ("report.tex", None),
        ("file", None),
        ("0000320193-23-000106", None),
        ("", None),
    ],
)
def test_the_title_comes_from_the_metadata_unless_it_says_nothing(
    title: str, kept: str | None
) -> None:
    pdf = page_maker()
    pdf.set_title(title)
    pdf.add_page()
    pdf.cell(text="words")
    assert read(pdf).title == kept


def test_pages_without_text_are_named() -> None:
    pdf = page_maker()
    pdf.add_page()
    pdf.cell(text="words")
    pdf.add_page()
    pdf.rect(10, 10, 50, 50)
    reading = read(pdf)
    assert reading.warnings == ("no text on 1 of 2 pages: 2",)
    assert reading.pages == (0, 5)


def test_a_pdf_without_any_text_says_what_would_help() -> None:
    pdf = page_maker()
    pdf.add_page()
    pdf.rect(10, 10, 50, 50)
    error = refused(bytes(pdf.output()))
    assert (error.code, "OCR" in (error.hint or "")) == ("no_text", True)


def test_text_that_lies_outside_the_page_is_not_read() -> None:
    pdf = page_maker(format=(100, 100))
    pdf.add_page()
    pdf.text(10, 10, "seen")
    pdf.text(10, 300, "unseen")
    assert read(pdf).text == "seen"


def test_a_password_is_asked_for_only_where_reading_needs_one() -> None:
    for user, code in (("secret", "encrypted"), ("", None)):
        pdf = page_maker()
        pdf.set_encryption(owner_password="owner", user_password=user)  # noqa: S106
        pdf.add_page()
        pdf.cell(text="words within")
        data = bytes(pdf.output())
        if code:
            error = refused(data)
            assert error.code == code
            assert "password" in (error.hint or "")
        else:
            assert body(PdfReader().read(data, name="file.pdf")).text == "words within"


def test_the_right_password_among_several_opens_a_file() -> None:
    pdf = page_maker()
    pdf.set_encryption(owner_password="owner", user_password="secret")  # noqa: S106
    pdf.add_page()
    pdf.cell(text="words within")
    data = bytes(pdf.output())
    reader = PdfReader().with_options(ReadOptions(passwords=("guess", "secret")))
    assert body(reader.read(data, name="file.pdf")).text == "words within"
    with pytest.raises(ReadError, match="needs a password, another one than was given") as caught:
        PdfReader(ReadOptions(passwords=("guess",))).read(data, name="file.pdf")
    assert caught.value.code == "encrypted"


def test_two_columns_are_read_one_after_the_other_however_they_are_written() -> None:
    left = ["The harbour board met to settle", "the matter of the east pier and the"]
    left += ["offer of steel that was made by", "a yard which had been closed for"]
    left += ["years before the war and never", "opened its gates again."]
    right = ["Mara Vale said that the pier will", "be rebuilt in oak since no diver"]
    right += ["would sign for steel, which was", "cheaper and did not last long in"]
    right += ["the salt of the sea as the board", "knew from the older ones."]
    pdf = page_maker()
    pdf.add_page()
    for number, words in enumerate(zip(left, right, strict=True)):
        for column, text in enumerate(words):
            pdf.set_xy(15 + 95 * column, 30 + 6 * number)
            pdf.cell(text=text)
    reading = read(pdf)
    assert reading.text.split("\n") == [*left, *right]


def scanned(*pages: str) -> bytes:
    """Make a PDF of which each page is an image of words, or blank."""
    from PIL import Image, ImageDraw, ImageFont

    pdf = FPDF(unit="pt", format=(240, 80))
    for words in pages:
        pdf.add_page()
        if words:
            image = Image.new("L", (720, 240), 255)
            font = ImageFont.load_default(size=30)
            ImageDraw.Draw(image).multiline_text((40, 40), words, font=font, spacing=30)
            pdf.image(image, 0, 0, 240, 80)
    return bytes(pdf.output())


def test_what_is_written_on_images_is_recognised_where_that_is_asked_for() -> None:
    pytest.importorskip("rapidocr", reason="needs the extra `ocr`")
    data = scanned("The keeper painted the\nnorthern door green.", "")
    with pytest.raises(ReadError, match="only images") as caught:
        PdfReader().read(data, name="file.pdf")
    assert (caught.value.code, "--ocr" in (caught.value.hint or "")) == ("no_text", True)
    reading = body(PdfReader(ReadOptions(ocr=True)).read(data, name="file.pdf"))
    assert " ".join(reading.text.split()) == "The keeper painted the northern door green."
    assert len(reading.pages) == 2
    assert reading.warnings == (
        "nothing can be recognised on 1 of 2 pages: 2",
        "the text is recognised (OCR) and may be wrong on pages: 1",
    )


def test_ocr_that_is_not_installed_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "find_spec", lambda _: None)
    readers.expect_parts(ReadOptions(passwords=("a",)))
    with pytest.raises(MissingPart, match="`rapidocr`") as caught:
        readers.expect_parts(ReadOptions(ocr=True))
    assert caught.value.hint == "pip install 'askdoc[ocr]'"


def test_the_author_comes_from_the_metadata_unless_nobody_is_named() -> None:
    for author, known in (("Mara Vale", "Mara Vale"), ("unknown", None), ("", None)):
        pdf = page_maker()
        pdf.set_author(author)
        pdf.add_page()
        pdf.cell(text="words")
        assert read(pdf).author == known


def test_broken_files_are_refused() -> None:
    pdf = page_maker()
    pdf.add_page()
    pdf.cell(text="words")
    whole = bytes(pdf.output())
    for data in (b"", b"%PDF-1.7\n", b"hello", whole[:40], b"\0" * 100):
        assert refused(data).code == "broken"


def test_text_holds_no_controls_and_no_half_characters() -> None:
    pdf = page_maker()
    pdf.set_title("A\x01 title")
    pdf.add_page()
    pdf.cell(text="one\x02two\x07 three")
    reading = read(pdf)
    reading.text.encode()
    assert not any(ord(character) < 32 and character != "\n" for character in reading.text)
    assert reading.title == "A\ufffd title"


def test_turned_pages_read_like_upright_ones(tmp_path: Path) -> None:
    pdf = page_maker()
    pdf.add_page(orientation="landscape")
    with pdf.rotation(90, x=50, y=100):
        pdf.set_xy(50, 100)
        pdf.multi_cell(90, 6, f"Turned. {SENTENCE}")
    (block,) = cut(read(pdf))
    assert " ".join(block.split()) == f"Turned. {SENTENCE}".strip()


def form(*fields: str) -> bytes:
    """Make a form of one page, without text of its own."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [FIELDS] >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Annots [FIELDS] >>",
        *(f"<< /Type /Annot /Subtype /Widget /Rect [50 50 90 80] {one} >>" for one in fields),
    ]
    named = " ".join(f"{number} 0 R" for number in range(4, 4 + len(fields)))
    body = "".join(
        f"{number} 0 obj\n{one}\nendobj\n" for number, one in enumerate(objects, start=1)
    )
    return f"%PDF-1.7\n{body}trailer << /Root 1 0 R >>\n".replace("FIELDS", named).encode("ascii")


def test_the_fields_of_a_form_are_lines_with_their_names() -> None:
    data = form(
        "/FT /Tx /T (name) /V (Gustav Helm\\rof Gannet)",
        "/FT /Tx /T (f1_01) /TU (Place of birth) /V <FEFF0044006F0308>",
        "/FT /Tx /T (form1[0].town[0]) /V (Hull)",
        "/FT /Tx /T (empty)",
        "/FT /Tx /Ff 8192 /T (password) /V (oak)",
        "/FT /Tx /F 2 /T (hidden) /V (larch)",
        "/FT /Btn /T (member) /V /Yes /AS /Yes /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>",
        "/FT /Btn /T (guest) /V /Off /AS /Off /AP << /N << /Yes 3 0 R /Off 3 0 R >> >>",
        "/FT /Ch /Ff 131072 /T (colour) /Opt [[(r) (Red)] [(g) (Green)]] /V (g)",
    )
    reading = PdfReader().read(data, name="form.pdf")
    assert cut(reading) == [
        "name: Gustav Helm of Gannet",
        "Place of birth: Do\u0308",
        "town: Hull",
        "member: Yes",
        "colour: Green",
    ]
    assert reading.warnings == ("no text on 1 of 1 pages: 1",)


def test_notes_stand_below_the_text_of_their_page() -> None:
    pdf = page_maker()
    for number in ("first", "second"):
        pdf.add_page()
        pdf.multi_cell(0, 6, f"This is the {number} page.")
        pdf.text_annotation(20, 20, f"Ask Mara of the {number}.", title="Jo")
        pdf.text_annotation(20, 20, "Approved.", title="Jo")
        pdf.set_xy(10, 60)
    pdf.free_text_annotation("Mind the tide.", x=10, y=90, w=60, h=20)
    reading = read(pdf)
    assert cut(reading) == [
        "This is the first page.",
        "Jo: Ask Mara of the first.",
        "Jo: Approved.",
        "This is the second page.",
        "Jo: Ask Mara of the second.",
        "Note: Mind the tide.",
    ]
    document = Document(
        "id", "l", "p", "s", "f", None, 0, Stamp(0, 0, ""), pages=reading.pages, language="en"
    )
    assert document.page_of(reading.text.index("Approved")) == 1
    assert document.page_of(reading.text.index("Mind")) == 2
