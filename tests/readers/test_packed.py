"""Packed files that mean harm: bombs, lies about sizes, entities, damage, passwords."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest

from askdoc.errors import ReadError
from askdoc.index.reading.reading import flattened
from askdoc.readers import package, reader_for
from askdoc.readers.archive import ZipReader
from askdoc.types import Reading, Unread

OFFICE = ("docx", "pptx", "xlsx", "odt", "epub")


def office(suffix: str) -> bytes:
    stream = BytesIO()
    match suffix:
        case "docx":
            word = docx.Document()
            word.add_paragraph("Some words.")
            word.save(stream)
        case "pptx":
            show = pptx.Presentation()
            show.slides.add_slide(show.slide_layouts[0]).shapes.title.text = "Some words."
            show.save(stream)
        case "xlsx":
            book = openpyxl.Workbook()
            book.active.append(["Some words."])
            book.save(stream)
        case "odt":
            return packed({"content.xml": CONTENT.format("Some words.")})
        case "epub":
            return packed({"META-INF/container.xml": "<a/>", "big.xml": "<a/>"})
    return stream.getvalue()


CONTENT = (
    '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<o:body><o:text><text:p>{}</text:p></o:text></o:body></o:document-content>"
)


def packed(files: dict[str, str]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    stream = BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def refused(data: bytes, suffix: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        reader_for(f"x.{suffix}").read(data, name=f"x.{suffix}")
    return caught.value


@pytest.mark.parametrize("suffix", [*OFFICE, "zip"])
def test_a_bomb_is_refused_before_it_goes_off(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package.Package.__init__, "__kwdefaults__", {"most": 1_000_000})
    bomb = with_member(office(suffix) or packed({}), "big.bin", b"\0" * 3_000_000)
    assert len(bomb) < 200_000
    if suffix == "zip":
        monkeypatch.setattr("askdoc.readers.archive._MOST_UNPACKED", 1_000_000)
    error = refused(bomb, suffix)
    assert error.code == "too_large"
    assert "MB" in str(error)


@pytest.mark.parametrize("suffix", OFFICE)
def test_a_size_that_is_a_lie_is_found_out(suffix: str) -> None:
    """A member says that it holds 10 bytes, and unpacks to three millions."""
    honest = with_member(office(suffix), "big.bin", b"\0" * 3_000_000)
    lie = honest.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 10))
    assert lie != honest
    assert refused(lie, suffix).code == "broken"


BILLION = (
    '<!DOCTYPE l [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{"".join(f"&l{n - 1};" for _ in range(10))}">' for n in range(1, 10))
    + "]>"
)


@pytest.mark.parametrize(
    ("suffix", "member"),
    [
        ("docx", "word/document.xml"),
        ("pptx", "ppt/presentation.xml"),
        ("xlsx", "xl/workbook.xml"),
        ("odt", "content.xml"),
    ],
)
def test_entities_in_office_documents_are_refused(suffix: str, member: str) -> None:
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(office(suffix))) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name).decode("utf-8", "surrogateescape")
            if name == member:
                head, _, rest = content.rpartition("?>")
                content = f"{head}{'?>' if head else ''}{BILLION}{rest}"
            new.writestr(name, content.encode("utf-8", "surrogateescape"))
    error = refused(stream.getvalue(), suffix)
    assert (error.code, "entities" in str(error)) == ("broken", True)


def test_entities_in_xml_are_neither_resolved_nor_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the password is oak", encoding="utf-8")
    for declared in (
        BILLION,
        f'<!DOCTYPE l [<!ENTITY l9 SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE l [<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;]>',
        f'<!DOCTYPE l SYSTEM "{secret.as_uri()}">',
    ):
        data = f"{declared}<l><a>words before</a><a>&l9;</a></l>".encode()
        reading = reader_for("x.xml").read(data, name="x.xml")
        assert "words before" in reading.text
        assert "oak" not in reading.text
        assert len(reading.text) < 200


@pytest.mark.parametrize("suffix", [*OFFICE, "ods", "odp", "zip"])
def test_damage_is_reported(suffix: str) -> None:
    assert refused(b"", suffix).code == "empty"
    assert refused(b"not packed at all", suffix).code == "broken"
    assert refused(packed({"other.txt": "words"})[:-30], suffix).code == "broken"
    if suffix != "zip":
        assert refused(packed({"other.txt": "words"}), suffix).code == "broken"


@pytest.mark.parametrize("suffix", ["docx", "pptx", "xlsx"])
def test_an_office_document_with_a_password_is_reported(suffix: str) -> None:
    error = refused(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, suffix)
    assert (error.code, "password" in str(error)) == ("encrypted", True)


def test_a_book_that_is_protected_is_reported() -> None:
    files = {
        "META-INF/container.xml": '<container><rootfile full-path="a.opf"/></container>',
        "META-INF/encryption.xml": '<e><EncryptionMethod Algorithm="http://drm.example"/></e>',
        "a.opf": "<package/>",
    }
    assert refused(packed(files), "epub").code == "encrypted"


def test_a_sheet_with_two_cells_a_million_rows_apart_takes_no_room() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "first words"
    book.active["XFD1048576"] = "last words"
    stream = BytesIO()
    book.save(stream)
    reading = reader_for("x.xlsx").read(stream.getvalue(), name="x.xlsx")
    assert reading.text.startswith("first words")


# ── archives ────────────────────────────────────────────────────────────────────────────────────


def test_what_lies_in_an_archive_is_read_by_its_own_reader() -> None:
    files = {
        "notes/a.txt": "Some words.",
        "b.csv": "Name,Age\nMara,40\n",
        "image.png": "?",
        ".hidden.txt": "Hidden words.",
        "__MACOSX/a.txt": "Other words.",
        "broken.pdf": "%PDF",
    }
    reading = ZipReader().read(packed(files), name="x.zip")
    assert reading.text.split() == ["notes/a.txt", "b.csv", "image.png", "broken.pdf"]
    assert reading.blocks == ()  # a list of names is no text to cite
    outcomes = {part.name: part.outcome for part in reading.parts}
    assert list(outcomes) == list(files)
    assert {name: one.code for name, one in outcomes.items() if isinstance(one, Unread)} == {
        "image.png": "unsupported",
        ".hidden.txt": "hidden",
        "__MACOSX/a.txt": "hidden",
        "broken.pdf": "broken",
    }
    assert isinstance(outcomes["b.csv"], Reading)
    assert "Name: Mara | Age: 40" in outcomes["b.csv"].text


def test_a_name_that_leads_out_of_an_archive_leads_nowhere() -> None:
    inner = {"deep.txt": "Deep words."}
    stream = BytesIO(packed({"../evil.txt": "Some words."}))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("inner.zip", packed(inner))
    reading = ZipReader().read(stream.getvalue(), name="z.zip")
    names = [part.name for part in flattened(reading.parts)]
    assert names == ["evil.txt", "inner.zip", "inner.zip/deep.txt"]


def test_files_of_one_name_in_an_archive_are_all_read() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = with_member(packed({"a.txt": "First words."}), "a.txt", b"Other words.")
    reading = ZipReader().read(data, name="z.zip")
    read = {
        part.name: part.outcome.text
        for part in flattened(reading.parts)
        if isinstance(part.outcome, Reading)
    }
    assert read == {"a.txt": "First words.", "a (2).txt": "Other words."}


def test_archives_in_archives_end_somewhere() -> None:
    data = packed({"a.txt": "Some words."})
    for _ in range(6):
        stream = BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("inner.zip", data)
        data = stream.getvalue()
    outcome: Reading | Unread = ZipReader().read(data, name="x.zip")
    depth = 0
    while isinstance(outcome, Reading):
        depth += 1
        [part] = outcome.parts
        outcome = part.outcome
    assert (depth, outcome.code) == (5, "too_deep")
