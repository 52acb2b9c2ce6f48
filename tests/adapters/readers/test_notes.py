"""Footnotes and endnotes stand where their mark does, and are told from the text there."""

from __future__ import annotations

import zipfile
from io import BytesIO

import docx
from tests.adapters.readers.test_packed import packed

from askdoc.adapters.readers import reader_for
from askdoc.landmarks import Place, PlaceKind, name_place
from askdoc.showing import spans
from askdoc.types import Document, Reading, Stamp

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
