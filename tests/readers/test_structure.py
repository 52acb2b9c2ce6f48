"""What the blocks of a document are, and the fields that it states of itself."""

from __future__ import annotations

from email.message import EmailMessage
from io import BytesIO
from itertools import pairwise
from textwrap import dedent

import docx
import openpyxl
import pptx
import pytest
from fpdf import FPDF

from askdoc.readers import reader_for
from askdoc.types import Document, Kind, Reading, Span, Stamp
from askdoc.types.places import PROPERTIES, name_place


def read(text: str | bytes, suffix: str) -> Reading:
    data = text if isinstance(text, bytes) else dedent(text).encode()
    return reader_for(f"x.{suffix}").read(data, name=f"x.{suffix}")


def kinds(reading: Reading) -> list[tuple[str, str]]:
    """List what the blocks are and say, and check that they are in order and in the text."""
    blocks = reading.structure.blocks
    assert all(one.span.end <= other.span.start for one, other in pairwise(blocks))
    assert not blocks or blocks[-1].span.end <= len(reading.text)
    return [(block.kind.name, " ".join(block.span.of(reading.text).split())) for block in blocks]


def fields(reading: Reading) -> dict[str, str]:
    """Map the keys of the fields to their values, and check that they are evidence."""
    for field in reading.fields:
        assert reading.structure.kind_at(field.span.start) in (Kind.FIELD, Kind.HEADING)
        if reading.structure.kind_at(field.span.start) is Kind.FIELD:
            assert field.span in reading.blocks
    return {field.key: field.value for field in reading.fields}


def test_blocks_of_markdown() -> None:
    reading = read(
        """\
        # Pier

        The pier is of oak.

        - One oar:

          ```sh
          row --fast
          ```

          More of it.
          - Within.
        - Two.

        > Said by Ann.
        >
        > Twice.

        ![The pier](pier.png)

        | Ship | Cargo |
        |------|-------|
        | Tern | salt  |
        """,
        "md",
    )
    assert kinds(reading) == [
        ("HEADING", "Pier"),
        ("ITEM", "One oar:"),
        ("CODE", "row --fast"),
        ("ITEM", "More of it."),
        ("ITEM", "Within."),
        ("ITEM", "Two."),
        ("QUOTE", "Said by Ann. > > Twice."),
        ("CAPTION", "![The pier](pier.png)"),
        ("ROW", "Ship | Cargo"),
        ("ROW", "Ship: Tern | Cargo: salt"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# Plan\n\n- Start Date: 2024-05-01\n- **PR**: [#7](https://x.org/7)\n\n## Why\n\nOak.\n",
        "# Plan\n\nStart Date: 2024-05-01\\\n**PR:** #7\n\n## Why\n\nFor oak.\n",
    ],
)
def test_fields_below_the_title_of_markdown(text: str) -> None:
    reading = read(text, "md")
    assert fields(reading) == {"start date": "2024-05-01", "pr": "#7"}
    assert reading.title == "Plan"


def test_a_list_with_colons_in_the_text_gives_no_fields() -> None:
    reading = read("# Plan\n\nWe need:\n\n- Oak: ten\n- Ash: two\n", "md")
    assert fields(reading) == {}
    assert [kind for kind, _ in kinds(reading)] == ["HEADING", "ITEM", "ITEM"]


RST = """\
    PEP: 7
    Title: On Oars
    Author: Ann Vale,
            Bo Lind
    Status: Active

    First part
    ==========
    A detail
    --------
    Row as follows::

        $ row --fast
        =====
        done

    Second detail
    -------------

    1. One
       oar.
    2. Two.

       .. code-block:: python
          :linenos:

          row(2)

    .. py:data:: OARS

       How many there are.

    +------+-------+
    | Ship | Cargo |
    +======+=======+
    | Tern | salt  |
    +------+-------+

    Second part
    ===========
    As Ann says:

        Row on.

    :depth: two
"""


def test_blocks_and_fields_of_restructured_text() -> None:
    reading = read(RST, "rst")
    assert fields(reading) == {
        "pep": "7",
        "title": "On Oars",
        "author": "Ann Vale, Bo Lind",
        "status": "Active",
    }
    assert (reading.title, reading.author) == ("On Oars", "Ann Vale, Bo Lind")
    assert kinds(reading)[4:] == [
        ("HEADING", "First part"),
        ("HEADING", "A detail"),
        ("CODE", "$ row --fast ===== done"),
        ("HEADING", "Second detail"),
        ("ITEM", "1. One oar."),
        ("ITEM", "2. Two."),
        ("CODE", "row(2)"),
        ("ITEM", "OARS How many there are."),
        ("ROW", "| Ship | Cargo |"),
        ("ROW", "| Tern | salt |"),
        ("HEADING", "Second part"),
        ("QUOTE", "Row on."),
        ("FIELD", ":depth: two"),
    ]


def test_sections_of_restructured_text_are_siblings_without_blank_lines_between() -> None:
    reading = read(RST, "rst")
    assert [(one.level, one.title) for one in reading.sections] == [
        (1, "First part"),
        (2, "A detail"),
        (2, "Second detail"),
        (1, "Second part"),
    ]


def test_an_overline_makes_a_level_of_its_own() -> None:
    reading = read(
        """\
        ======
         Pier
        ======

        Doors
        =====

        They are of oak.

        Windows
        =======

        They are blue.
        """,
        "rst",
    )
    assert [(one.level, one.title) for one in reading.sections] == [
        (1, "Pier"),
        (2, "Doors"),
        (2, "Windows"),
    ]


def test_blocks_and_fields_of_other_markup() -> None:
    adoc = (
        "= Pier\n:revdate: 2024-05-01\n\n* One\noar.\n\n.Its ships\n|===\n|Tern |salt\n|===\n\n"
        "[source,sh]\n----\nrow\n----\n"
    )
    reading = read(adoc, "adoc")
    assert fields(reading) == {"revdate": "2024-05-01"}
    assert kinds(reading) == [
        ("HEADING", "= Pier"),
        ("FIELD", ":revdate: 2024-05-01"),
        ("ITEM", "* One oar."),
        ("CAPTION", ".Its ships"),
        ("ROW", "|Tern |salt"),
        ("CODE", "row"),
    ]
    org = (
        "#+TITLE: Pier\n#+DATE: May\n- One\n| Tern | salt |\n#+BEGIN_SRC sh\nrow\n#+END_SRC\n"
        "#+begin_quote\nRow on.\n#+end_quote\n"
    )
    reading = read(org, "org")
    assert fields(reading) == {"title": "Pier", "date": "May"}
    assert [kind for kind, _ in kinds(reading)][2:] == ["ITEM", "ROW", "CODE", "QUOTE"]
    tex = (
        "\\title{Pier}\n\\begin{document}\n\\begin{verbatim}\n\\section{row}\n\\end{verbatim}\n"
        "\\item One\noar.\n\\caption{It.}\n\\end{document}\n"
    )
    reading = read(tex, "tex")
    assert fields(reading) == {"title": "Pier"}
    assert [kind for kind, _ in kinds(reading)][1:] == ["CODE", "ITEM", "CAPTION"]


def test_blocks_and_properties_of_a_page() -> None:
    reading = read(
        """\
        <html><head><title>Oak</title><meta name="author" content="Ann Vale">
        <meta property="article:published_time" content="2024-05-01">
        <meta name="generator" content="Hugo"></head>
        <body><h1>Oak</h1><p>It is hard.</p>
        <ul><li><p>One.</p><p>More of it.</p><ul><li>Within.</li></ul></li><li>Two.</li></ul>
        <pre>row --fast</pre><blockquote><p>Said.</p><p>Twice.</p></blockquote>
        <figure><figcaption>The pier.</figcaption></figure>
        <table><tr><th>Ship</th><th>Cargo</th></tr><tr><td>Tern</td><td>salt</td></tr></table>
        </body></html>
        """,
        "html",
    )
    assert kinds(reading) == [
        ("HEADING", "Oak"),
        ("ITEM", "One. More of it."),
        ("ITEM", "Within."),
        ("ITEM", "Two."),
        ("CODE", "row --fast"),
        ("QUOTE", "Said. Twice."),
        ("CAPTION", "The pier."),
        ("ROW", "Ship | Cargo"),
        ("ROW", "Ship: Tern | Cargo: salt"),
        ("FIELD", "Author: Ann Vale"),
        ("FIELD", "Date: 2024-05-01"),
    ]
    assert fields(reading) == {"title": "Oak", "author": "Ann Vale", "date": "2024-05-01"}
    assert place(reading, "Author: ") == "properties"
    assert place(reading, "It is hard") == "line 4"


def place(reading: Reading, words: str) -> str:
    start = reading.text.index(words)
    return name_place(reading.landmarks.between(start, start + len(words)), None, None)


def test_blocks_and_properties_of_office_documents() -> None:
    document = docx.Document()
    document.core_properties.author = "Ann Vale"
    document.core_properties.content_status = "Draft"
    document.core_properties.keywords = "oak, ash"
    document.add_heading("Pier", 1)
    document.add_paragraph("It is of oak.")
    document.add_paragraph("One.", style="List Bullet")
    document.add_paragraph("Row on.", style="Quote")
    document.add_paragraph("Table 1", style="Caption")
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip((c for r in table.rows for c in r.cells), "ABxy", strict=True):
        cell.text = words
    reading = read(saved(document), "docx")
    assert [one for one in kinds(reading) if one[0] != "FIELD"] == [
        ("HEADING", "Pier"),
        ("ITEM", "One."),
        ("QUOTE", "Row on."),
        ("CAPTION", "Table 1"),
        ("ROW", "A | B"),
        ("ROW", "A: x | B: y"),
    ]
    about = fields(reading)
    assert (about["author"], about["status"], about["keywords"]) == (
        "Ann Vale",
        "Draft",
        "oak, ash",
    )
    assert about["created"].startswith("2013-12-23")
    assert place(reading, "Status: Draft") == "properties"
    assert reading.landmarks.breaks()[-1] == reading.text.index("Author: Ann Vale")

    book = openpyxl.Workbook()
    book.active.append(["Ship", "Cargo"])
    book.active.append(["Tern", "salt"])
    book.properties.title = "Cargo list"
    reading = read(saved(book), "xlsx")
    assert kinds(reading)[:2] == [("ROW", "Ship | Cargo"), ("ROW", "Ship: Tern | Cargo: salt")]
    assert (reading.title, fields(reading)["title"]) == ("Cargo list", "Cargo list")

    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Pier"
    slide.placeholders[1].text = "One.\nTwo."
    show.core_properties.author = "Ann Vale"
    reading = read(saved(show), "pptx")
    assert kinds(reading)[:3] == [("HEADING", "Pier"), ("ITEM", "One."), ("ITEM", "Two.")]
    assert reading.author == fields(reading)["author"] == "Ann Vale"


def saved(document: object) -> bytes:
    stream = BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def test_properties_of_a_pdf_stand_behind_its_pages() -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    for words in ("The pier is of oak.", "It is old."):
        pdf.add_page()
        pdf.multi_cell(0, 6, words)
    pdf.set_author("Ann Vale")
    pdf.set_subject("Oak")
    reading = read(bytes(pdf.output()), "pdf")
    about = fields(reading)
    assert (about["author"], about["subject"]) == ("Ann Vale", "Oak")
    assert about["created"][:2] == "20"
    assert len(reading.pages) == 2
    start = reading.text.index("Author: Ann Vale")
    assert reading.landmarks.between(start, start + 3) == PROPERTIES
    assert reading.landmarks.between(0, 5) is None
    assert list(reading.breaks()) == [*reading.pages, start]
    made = Document(
        *("d", "x.pdf", "x.pdf", ".", "x.pdf", None, len(reading.text), Stamp(1, 1, "")),
        *(reading.pages, "en"),
        landmarks=reading.landmarks,
    )
    assert (made.page_of(start), made.page_of(reading.pages[1])) == (None, 2)
    places = (made.place_of(Span(at, at + 3)) for at in (reading.pages[1], start))
    assert [name_place(place, None, None) for place in places] == ["page 2", "properties"]


def test_headers_of_a_message_are_fields() -> None:
    letter = EmailMessage()
    letter["From"] = "Ann Vale <ann@example.org>"
    letter["To"] = "bo@example.org"
    letter["Subject"] = "Oak"
    letter.set_content("It is dear.\n\n- One\n- Two\n\n> It was cheap.\n")
    reading = read(letter.as_bytes(), "eml")
    assert fields(reading) == {
        "from": "Ann Vale <ann@example.org>",
        "to": "bo@example.org",
        "subject": "Oak",
    }
    assert kinds(reading)[3:] == [
        ("ITEM", "- One"),
        ("ITEM", "- Two"),
        ("QUOTE", "> It was cheap."),
    ]


def test_plain_text_gives_items_by_their_marks_and_fields_at_its_head() -> None:
    reading = read(
        """\
        Title: On Oars
        Author: Ann Vale
          and Bo Lind

        Two things are needed, as everybody knows by now:

        - oak
        - ash

        1. Row.
        2. Rest.

        A. Vale was there, and that was all that anybody knew of it.
        """,
        "txt",
    )
    assert fields(reading) == {"title": "On Oars", "author": "Ann Vale and Bo Lind"}
    assert kinds(reading)[2:] == [
        ("ITEM", "- oak"),
        ("ITEM", "- ash"),
        ("ITEM", "1. Row."),
        ("ITEM", "2. Rest."),
    ]
    assert fields(read("Ann: Hello.\nBo: Hello.\nAnn: It is late.\n", "txt")) == {}


def test_code_is_code_but_for_its_comments() -> None:
    reading = read('"""How to row."""\n\n\ndef row():\n    # gently\n    return 1\n', "py")
    assert kinds(reading) == [("CODE", "def row():"), ("CODE", "return 1")]
    cells = b'{"cells": [{"cell_type": "code", "source": ["row()"], "outputs": []}]}'
    assert kinds(read(cells, "ipynb")) == [("CODE", "row()")]


def test_rows_and_values_of_data() -> None:
    assert kinds(read("Ship,Cargo\nTern,salt\n", "csv")) == [
        ("ROW", "Ship | Cargo"),
        ("ROW", "Ship: Tern | Cargo: salt"),
    ]
    assert kinds(read('{"a": {"b": 1}, "c": {"d": 1, "e": 2}}', "json")) == [
        ("FIELD", "a.b: 1"),
        ("ROW", "c | d: 1 | e: 2"),
    ]
