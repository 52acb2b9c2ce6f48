"""Footnotes and endnotes stand where their mark does, and are told from the text there."""

from __future__ import annotations

import zipfile
from io import BytesIO

import docx
from tests.readers.test_packed import packed

from askdoc.ask.show import spans
from askdoc.readers import reader_for
from askdoc.types import Document, Reading, Stamp
from askdoc.types.places import Place, PlaceKind, name_place

from .bodies import body

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
TYPED = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


def word(words: dict[str, str], body: str) -> bytes:
    """Make a document with footnotes by id; python-docx can make none."""
    stream = BytesIO()
    docx.Document().save(stream)
    notes = "".join(
        f'<w:footnote w:id="{key}"><w:p><w:r><w:t>{said}</w:t></w:r></w:p></w:footnote>'
        for key, said in words.items()
    )
    with zipfile.ZipFile(stream) as archive:
        files = {name: archive.read(name).decode("latin-1") for name in archive.namelist()}
    files["word/footnotes.xml"] = f'<w:footnotes xmlns:w="{W}">{notes}</w:footnotes>'
    files["word/document.xml"] = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    related = f'<Relationship Id="rId99" Type="{RELATED}" Target="footnotes.xml"/></Relationships>'
    name = "word/_rels/document.xml.rels"
    files[name] = files[name].replace("</Relationships>", related)
    typed = f'<Override PartName="/word/footnotes.xml" ContentType="{TYPED}"/></Types>'
    name = "[Content_Types].xml"
    files[name] = files[name].replace("</Types>", typed)
    return packed(files)


def paragraph(words: str, *notes: str) -> str:
    marks = "".join(f'<w:r><w:footnoteReference w:id="{key}"/></w:r>' for key in notes)
    return f"<w:p><w:r><w:t>{words}</w:t></w:r>{marks}</w:p>"


def place_of(reading: Reading, words: str) -> Place | None:
    start = reading.text.index(words)
    return reading.landmarks.between(start, start + len(words))


def test_a_footnote_of_word_has_its_number_and_the_place_of_its_mark() -> None:
    body = paragraph("Oak came by boat.", "7") + paragraph("Nobody minded.", "3", "5")
    words = {"0": "", "3": "See the ledger.", "5": "Or did they?", "7": "In May.", "9": "Lost."}
    reading = reader_for("x.docx").read(word(words, body), name="x.docx")
    at = PlaceKind.PARAGRAPH
    assert place_of(reading, "Nobody minded.") == Place(at, 2)
    assert place_of(reading, "In May.") == Place(at, 1, "footnote 1")
    assert place_of(reading, "See the ledger.") == Place(at, 2, "footnote 2")
    assert place_of(reading, "Or did they?") == Place(at, 2, "footnote 3")
    assert place_of(reading, "Lost.") == Place(at, 2)
    said = name_place(place_of(reading, "Or did they?"), 9, 9)
    assert said == "paragraph 2, footnote 3"
    assert shown(reading, said) == ["Or did they?"]
    assert shown(reading, "paragraph 1") == ["Oak came by boat.", "In May."]


def shown(reading: Reading, where: str) -> list[str]:
    document = Document(
        id="1",
        location="x",
        path="x",
        source="x",
        file="x",
        title=None,
        length=len(reading.text),
        stamp=Stamp(0, 0, ""),
        pages=(),
        language="en",
        landmarks=reading.landmarks,
    )
    return [span.of(reading.text).split("\n\n")[0].strip() for span in spans(document, where)]


def test_a_footnote_of_opendocument_counts_no_paragraph() -> None:
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    note = (
        '<t:note t:note-class="endnote"><t:note-citation>ii</t:note-citation><t:note-body>'
        "<t:p>See the ledger.</t:p></t:note-body></t:note>"
    )
    content = (
        f'<o:document-content xmlns:o="{urn}office:1.0" xmlns:t="{urn}text:1.0"><o:body><o:text>'
        f"<t:p>Oak came.{note}</t:p><t:p>Nobody minded.</t:p></o:text></o:body>"
        "</o:document-content>"
    )
    reading = reader_for("x.odt").read(packed({"content.xml": content}), name="x.odt")
    assert place_of(reading, "See the ledger.") == Place(PlaceKind.PARAGRAPH, 1, "endnote ii")
    assert place_of(reading, "Nobody minded.") == Place(PlaceKind.PARAGRAPH, 2)
    assert shown(reading, "paragraph 1, endnote ii") == ["See the ledger."]


def test_what_heads_and_foots_the_pages_of_word_is_read_once() -> None:
    made = docx.Document()
    made.add_paragraph("Salt is delivered in May.")
    section = made.sections[0]
    section.header.paragraphs[0].text = "The board of Gannet Quay"
    section.footer.paragraphs[0].text = "Page 1 of 3"
    section.footer.add_paragraph("Agreed in Hull.")
    section.first_page_header.paragraphs[0].text = "Nobody sees this."
    later = made.add_section()
    later.header.is_linked_to_previous = False
    later.header.paragraphs[0].text = "The board of Gannet Quay"
    later.footer.is_linked_to_previous = False
    later.footer.paragraphs[0].text = "Agreed in Goole."
    made.add_paragraph("Oak is delivered in June.")
    stream = BytesIO()
    made.save(stream)
    reading = body(reader_for("x.docx").read(stream.getvalue(), name="x.docx"))
    assert [block.of(reading.text) for block in reading.blocks] == [
        "Salt is delivered in May.",
        "Oak is delivered in June.",
        "The board of Gannet Quay",
        "Agreed in Hull.",
        "Agreed in Goole.",
    ]
    assert [section.title for section in reading.sections] == ["Headers", "Footers"]
    at = PlaceKind.PARAGRAPH
    assert place_of(reading, "The board") == Place(at, 1, "header")
    assert place_of(reading, "Agreed in Hull.") == Place(at, 1, "footer")
    assert place_of(reading, "Agreed in Goole.") == Place(at, 2, "footer")
    assert name_place(place_of(reading, "The board"), 9, 9) == "paragraph 1, header"


def test_notes_headers_and_footers_of_rtf_have_a_place() -> None:
    source = (
        r"{\rtf1\ansi\ansicpg1252 "
        r"{\header\pard Gannet Quay, {\field{\*\fldinst PAGE}{\fldrslt 4}}\par}"
        r"{\footerr\pard Page 4\par Agreed in D\'fcnkirchen.\par}"
        r"\pard First par.{\super\chftn{\footnote\pard\plain  Repaired by {\b Gustav} Helm.}}"
        r" It goes on.\par Second.{\*\annotation{\*\atnref 1}Ask Mara.}\par"
        r" Third.{\footnote In May.}{\v {\footnote Hidden.}}"
        r" {\footer Page 5\par}{\header Gannet Quay, 4}}"
    )
    reading = reader_for("x.rtf").read(source.encode("ascii"), name="x.rtf")
    assert [" ".join(block.of(reading.text).split()) for block in reading.blocks] == [
        "First par. It goes on.",
        "Second.",
        "Third.",
        "Repaired by Gustav Helm.",
        "In May.",
        "Ask Mara.",
        "Gannet Quay, 4",
        "Agreed in Dünkirchen.",
    ]
    at = PlaceKind.PARAGRAPH
    assert place_of(reading, "Repaired") == Place(at, 1, "footnote 1")
    assert place_of(reading, "In May.") == Place(at, 3, "footnote 2")
    assert place_of(reading, "Ask Mara.") == Place(at, 2)
    assert place_of(reading, "Gannet Quay") == Place(at, 1, "header")
    assert place_of(reading, "Agreed") == Place(at, 1, "footer")


def test_an_aside_of_rtf_that_does_not_end_is_read_to_the_end() -> None:
    reading = reader_for("x.rtf").read(rb"{\rtf1 Words.{\footnote In May. {\b Or", name="x.rtf")
    assert reading.text.split("\n\n") == ["Words.", "Footnotes", "In May. Or"]


def test_comments_of_an_opendocument_sheet_stand_with_their_row() -> None:
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    note = (
        '<o:annotation><d:creator xmlns:d="http://purl.org/dc/elements/1.1/">Bo</d:creator>'
        "<x:p>Counted by Greta.</x:p></o:annotation>"
    )
    cell = "<t:table-cell>{}</t:table-cell>".format
    content = (
        f'<o:document-content xmlns:o="{urn}office:1.0" xmlns:x="{urn}text:1.0" '
        f'xmlns:t="{urn}table:1.0"><o:body><o:spreadsheet><t:table t:name="Ships">'
        f"<t:table-row>{cell('<x:p>Crate</x:p>')}{cell('<x:p>Count</x:p>')}</t:table-row>"
        '<t:table-row t:number-rows-repeated="2"><t:table-cell/></t:table-row>'
        f"<t:table-row>{cell('<x:p>Oak</x:p>')}{cell(note + '<x:p>3</x:p>')}"
        '<t:table-cell t:formula="of:=[.B2]*2"/></t:table-row>'
        "</t:table></o:spreadsheet></o:body></o:document-content>"
    )
    reading = reader_for("x.ods").read(packed({"content.xml": content}), name="x.ods")
    last = "Crate: Oak | Count: 3 | Bo: Counted by Greta."
    assert [block.of(reading.text) for block in reading.blocks] == ["Crate | Count", last]
    assert place_of(reading, "Counted") == Place(PlaceKind.ROW, 4, "Ships")
    [told] = reading.warnings
    assert told.startswith("1 formula has no stored result")
