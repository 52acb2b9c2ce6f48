"""One sentence in a file of each format, at a known place, between others that fill it up."""

from __future__ import annotations

import email.message
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
import xlwt
from fpdf import FPDF

from askdoc.types.places import Place, PlaceKind

SENTENCE = "The lighthouse keeper painted the northern door green in October."
FILLER = (
    "Oak stood in the harbour for ninety years.",
    "Nobody counts the boats that leave before dawn.",
    "The market moved to the square behind the church.",
    "Rain fell on the last day of the fair.",
)


@dataclass(frozen=True)
class Made:
    """A file, and the place at which it has the sentence; without one, lines are all there is."""

    data: bytes
    place: Place | None
    part: str | None = None


Maker = Callable[[], Made]
MAKERS: dict[str, Maker] = {}


def makes(name: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        MAKERS[name] = maker
        return maker

    return register


@pytest.fixture(scope="session")
def made() -> dict[str, Made]:
    return {name: maker() for name, maker in MAKERS.items()}


# ── pages, slides, sheets ───────────────────────────────────────────────────────────────────────


@makes("pages.pdf")
def pdf() -> Made:
    document = FPDF()
    document.set_font("Helvetica", size=12)
    for words in (FILLER[0], FILLER[1], SENTENCE, FILLER[2]):
        document.add_page()
        document.multi_cell(0, 6, words)
    return Made(bytes(document.output()), Place(PlaceKind.PAGE, 3))


@makes("letter.docx")
def word() -> Made:
    document = docx.Document()
    document.add_heading("Harbour", 1)
    document.add_paragraph(FILLER[0])
    document.add_paragraph(SENTENCE)
    document.add_paragraph(FILLER[1])
    return Made(saved(document), Place(PlaceKind.PARAGRAPH, 3))


@makes("table.docx")
def word_table() -> Made:
    document = docx.Document()
    document.add_paragraph(FILLER[0])
    table = document.add_table(rows=3, cols=2)
    rows = (("What", "When"), (FILLER[1], "May"), (SENTENCE, "June"))
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, words in zip(row.cells, cells, strict=True):
            cell.text = words
    return Made(saved(document), Place(PlaceKind.PARAGRAPH, 4))


@makes("slides.pptx")
def slides() -> Made:
    show = pptx.Presentation()
    for number, words in enumerate((FILLER[0], FILLER[1], FILLER[2], SENTENCE, FILLER[3]), 1):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = f"Part {number} of the harbour"
        slide.placeholders[1].text = words
    return Made(saved(show), Place(PlaceKind.SLIDE, 4))


@makes("notes.pptx")
def speaker_notes() -> Made:
    show = pptx.Presentation()
    for words in (FILLER[0], SENTENCE):
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = "Harbour"
        slide.notes_slide.notes_text_frame.text = words
    return Made(saved(show), Place(PlaceKind.SLIDE, 2))


ROWS = [("Number", "What", "When"), *((at, FILLER[at % 4], "May") for at in range(2, 12))]


@makes("book.xlsx")
def workbook() -> Made:
    book = openpyxl.Workbook()
    book.active.title = "Q1"
    for row in ROWS:
        book.active.append(row)
    sheet = book.create_sheet("Q2")
    for row in [*ROWS[:7], (99, SENTENCE, "June"), *ROWS[7:]]:
        sheet.append(row)
    return Made(saved(book), Place(PlaceKind.ROW, 8, "Q2"))


@makes("old.xls")
def old_workbook() -> Made:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Ledger")
    for number, row in enumerate([*ROWS[:4], (99, SENTENCE, "June"), *ROWS[4:]]):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    return Made(saved(book), Place(PlaceKind.ROW, 5, "Ledger"))


def table(separator: str) -> bytes:
    rows = [*ROWS[:5], (99, SENTENCE, "June"), *ROWS[5:]]
    return "".join(separator.join(map(str, row)) + "\r\n" for row in rows).encode()


@makes("table.csv")
def comma_separated() -> Made:
    return Made(table(","), Place(PlaceKind.ROW, 6))


@makes("table.tsv")
def tab_separated() -> Made:
    return Made(table("\t"), Place(PlaceKind.ROW, 6))


# ── OpenDocument, RTF, EPUB ─────────────────────────────────────────────────────────────────────

NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
    for name, full in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
    )
)


def opendocument(body: str) -> bytes:
    whole = "office:document-content"
    content = f"<{whole} {NAMESPACES}><office:body>{body}</office:body></{whole}>"
    return packed({"mimetype": "application/vnd.oasis.opendocument", "content.xml": content})


@makes("text.odt")
def odt() -> Made:
    said = (FILLER[0], FILLER[1], SENTENCE, FILLER[2])
    words = "".join(f"<text:p>{one}</text:p>" for one in said)
    return Made(opendocument(f"<office:text>{words}</office:text>"), Place(PlaceKind.PARAGRAPH, 3))


@makes("paged.odt")
def paged_odt() -> Made:
    words = (
        f"<text:p>{FILLER[0]}</text:p><text:p><text:soft-page-break/>{FILLER[1]}</text:p>"
        f"<text:soft-page-break/><text:p>{SENTENCE}</text:p>"
    )
    return Made(opendocument(f"<office:text>{words}</office:text>"), Place(PlaceKind.PAGE, 3))


@makes("sheet.ods")
def ods() -> Made:
    rows = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in row)
        + "</table:table-row>"
        for row in ROWS[:3]
    )
    gap = '<table:table-row table:number-rows-repeated="4"><table:table-cell/></table:table-row>'
    last = (
        '<table:table-row><table:table-cell table:number-columns-repeated="2"/>'
        f"<table:table-cell><text:p>{SENTENCE}</text:p></table:table-cell></table:table-row>"
    )
    body = f'<table:table table:name="Q3">{rows}{gap}{last}</table:table>'
    made_of = f"<office:spreadsheet>{body}</office:spreadsheet>"
    return Made(opendocument(made_of), Place(PlaceKind.ROW, 8, "Q3"))


@makes("show.odp")
def odp() -> Made:
    pages = "".join(
        f'<draw:page draw:name="page"><draw:frame><draw:text-box><text:p>{words}</text:p>'
        "</draw:text-box></draw:frame></draw:page>"
        for words in (FILLER[0], FILLER[1], SENTENCE)
    )
    body = f"<office:presentation>{pages}</office:presentation>"
    return Made(opendocument(body), Place(PlaceKind.SLIDE, 3))


@makes("letter.rtf")
def rtf() -> Made:
    words = "".join(f"{one}\\par\n" for one in (FILLER[0], SENTENCE, FILLER[1]))
    data = "{\\rtf1\\ansi{\\info{\\title Harbour}}" + words + "}"
    return Made(data.encode(), Place(PlaceKind.PARAGRAPH, 2))


@makes("book.epub")
def epub() -> Made:
    chapters = {"one": FILLER[0], "two": FILLER[1], "three": SENTENCE, "four": FILLER[2]}
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>'
        for name in chapters
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    links = "".join(f'<li><a href="{name}.xhtml">Part {name}</a></li>' for name in chapters)
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": "<container>"
        '<rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Harbour</dc:title>'
        f"<dc:creator>Mara Vale</dc:creator></metadata><manifest>{items}"
        '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        f"</manifest><spine>{spine}</spine></package>",
        "OEBPS/nav.xhtml": f"<html><body><nav><ol>{links}</ol></nav></body></html>",
    }
    for name, words in chapters.items():
        files[f"OEBPS/{name}.xhtml"] = f"<html><body><p>{words}</p></body></html>"
    return Made(packed(files), Place(PlaceKind.CHAPTER, 3, "Part three"))


# ── messages ────────────────────────────────────────────────────────────────────────────────────


def message(words: str, subject: str = "Harbour") -> email.message.EmailMessage:
    made = email.message.EmailMessage()
    made["From"] = "Mara Vale <mara@example.org>"
    made["To"] = "council@example.org"
    made["Date"] = "Mon, 06 Oct 2025 10:00:00 +0000"
    made["Subject"] = subject
    made.set_content(f"{FILLER[0]}\n\n{words}\n")
    return made


@makes("letter.eml")
def eml() -> Made:
    name = "Mara Vale <mara@example.org>, Mon, 06 Oct 2025 10:00:00 +0000, “Harbour”"
    return Made(message(SENTENCE).as_bytes(), Place(PlaceKind.MESSAGE, 1, name))


@makes("attached.eml")
def attachment() -> Made:
    made = message(FILLER[1])
    inner = slides()
    made.add_attachment(unlike(inner.data), "application", "octet-stream", filename="plan.pptx")
    return Made(made.as_bytes(), inner.place, part="plan.pptx")


@makes("box.mbox")
def mbox() -> Made:
    letters = (FILLER[1], FILLER[2], SENTENCE, FILLER[3])
    data = b"".join(
        b"From mara@example.org Mon Oct  6 10:00:00 2025\n" + message(words).as_bytes() + b"\n"
        for words in letters
    )
    return Made(data, Place(PlaceKind.MESSAGE, 3))


@makes("letter.msg")
def outlook() -> Made:
    words = f"{FILLER[0]}\r\n\r\n{SENTENCE}\r\n"
    streams = {
        f"__substg1.0_{key}001F": text.encode("utf-16-le")
        for key, text in (("001A", "IPM.Note"), ("0037", "Harbour"), ("1000", words))
    }
    properties = b"\0" * 32 + b"".join(
        struct.pack("<HHIII", 0x001F, int(key, 16), 6, len(data) + 2, 0)
        for name, data in streams.items()
        for key in (name[12:16],)
    )
    return Made(
        compound({**streams, "__properties_version1.0": properties}),
        Place(PlaceKind.MESSAGE, 1, "“Harbour”"),
    )


# ── data, notebooks, markup, subtitles, code ────────────────────────────────────────────────────


@makes("notebook.ipynb")
def notebook() -> Made:
    cells = [
        {"cell_type": "markdown", "source": ["# Harbour\n", FILLER[0]]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"text": ["1\n"]}]},
        {"cell_type": "markdown", "source": SENTENCE},
        {"cell_type": "code", "source": "print(2)", "outputs": []},
    ]
    return Made(json.dumps({"cells": cells, "nbformat": 4}).encode(), Place(PlaceKind.CELL, 3))


@makes("data.json")
def json_data() -> Made:
    data = {"harbour": [{"what": FILLER[0], "when": 1}, {"what": SENTENCE, "when": 2}]}
    return Made(json.dumps(data, indent=1).encode(), Place(PlaceKind.LINE, 8))


@makes("lines.jsonl")
def json_lines() -> Made:
    data = "".join(json.dumps({"what": one}) + "\n" for one in (FILLER[0], FILLER[1], SENTENCE))
    return Made(data.encode(), Place(PlaceKind.LINE, 3))


@makes("data.yaml")
def yaml_data() -> Made:
    return Made(
        f"harbour:\n  oak: {FILLER[0]}\n  more:\n    door: {SENTENCE}\n".encode(),
        Place(PlaceKind.LINE, 4),
    )


@makes("data.xml")
def xml_data() -> Made:
    data = f"<harbour>\n<note><p>{FILLER[0]}</p></note>\n<note><p>{SENTENCE}</p></note></harbour>"
    return Made(data.encode(), Place(PlaceKind.LINE, 3))


@makes("text.rst")
def rst() -> Made:
    return Made(f"Harbour\n=======\n\n{FILLER[0]}\n\n{SENTENCE}\n".encode(), None)


@makes("text.adoc")
def adoc() -> Made:
    return Made(f"= Harbour\n\n== Doors\n\n{FILLER[0]}\n\n{SENTENCE}\n".encode(), None)


@makes("text.tex")
def tex() -> Made:
    body = f"\\section{{Doors}}\n{FILLER[0]}\n\n{SENTENCE}\n"
    whole = f"\\documentclass{{article}}\n\\begin{{document}}\n{body}\\end{{document}}\n"
    return Made(whole.encode(), None)


@makes("text.org")
def org() -> Made:
    return Made(f"#+TITLE: Harbour\n* Doors\n{FILLER[0]}\n\n{SENTENCE}\n".encode(), None)


@makes("text.txt")
def plain() -> Made:
    return Made(f"{FILLER[0]}\n\n{SENTENCE}\n".encode(), None)


@makes("text.md")
def markdown() -> Made:
    return Made(f"# Harbour\n\n{FILLER[0]}\n\n{SENTENCE}\n".encode(), None)


@makes("page.html")
def html() -> Made:
    return Made(
        f"<h1>Harbour</h1><p>{FILLER[0]}</p><p>{SENTENCE}</p>".encode(), Place(PlaceKind.LINE, 1)
    )


def cues(separator: str) -> str:
    said = (FILLER[0], FILLER[1], SENTENCE)
    return "".join(
        f"{number}\n{clock}:31{separator}500 --> {clock}:34{separator}000\n{words}\n\n"
        for number, words in enumerate(said, start=1)
        for clock in (f"00:{12 * number:02}",)
    )


@makes("film.srt")
def srt() -> Made:
    return Made(cues(",").encode(), Place(PlaceKind.TIME, 36 * 60 + 31))


@makes("film.vtt")
def vtt() -> Made:
    return Made(f"WEBVTT\n\n{cues('.')}".encode(), Place(PlaceKind.TIME, 36 * 60 + 31))


CODE = {
    "pier.py": "import os\n\n\nclass Pier:\n  def paint(self):\n    # {}\n    return 1\n",
    "pier.js": "class Pier {{\n  paint() {{\n    // {}\n    return 1;\n  }}\n}}\n",
    "pier.ts": "class Pier {{\n  paint(): number {{\n    // {}\n    return 1;\n  }}\n}}\n",
    "pier.go": "package pier\n\nfunc (p *Pier) paint() int {{\n\t// {}\n\treturn 1\n}}\n",
    "pier.rs": "impl Pier {{\n  fn paint(&self) -> i32 {{\n    // {}\n    1\n  }}\n}}\n",
    "pier.java": "class Pier {{\n  int paint() {{\n    // {}\n    return 1;\n  }}\n}}\n",
    "pier.c": "int other(void);\n\nint paint(void) {{\n  /* {} */\n  return 1;\n}}\n",
    "pier.cpp": "class Pier {{\n  int paint() {{\n    // {}\n    return 1;\n  }}\n}};\n",
}
FUNCTIONS = {"pier.py": (5, "Pier.paint"), "pier.go": (3, "Pier.paint"), "pier.c": (3, "paint")}

for _name, _code in CODE.items():
    _line, _function = FUNCTIONS.get(_name, (2, "Pier.paint"))
    MAKERS[_name] = lambda code=_code, line=_line, function=_function: Made(  # type: ignore[misc]
        code.format(SENTENCE).encode(), Place(PlaceKind.FUNCTION, line, function)
    )


@makes("pack.zip")
def archive() -> Made:
    inner = odt()
    files = {"read me.txt": FILLER[0].encode(), "inner/text.odt": unlike(inner.data)}
    return Made(packed(files), inner.place, "inner/text.odt")


# ── containers ──────────────────────────────────────────────────────────────────────────────────


def saved(document: object) -> bytes:
    stream = BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def unlike(data: bytes) -> bytes:
    """Return a packed document with other bytes; else it and the first were one with two places."""
    stream = BytesIO(data)
    with zipfile.ZipFile(stream, "a") as archive_:
        archive_.comment = b"another copy"
    return stream.getvalue()


def packed(files: Mapping[str, str | bytes]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive_:
        for name, content in files.items():
            archive_.writestr(name, content)
    return stream.getvalue()


def compound(streams: dict[str, bytes]) -> bytes:
    """Write a compound file (MS-CFB) of small streams: a FAT, a mini FAT, one level of names."""
    free, end, fat_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    mini = b""
    mini_fat: list[int] = []
    starts: dict[str, int] = {}
    for name, data in streams.items():
        starts[name] = len(mini_fat)
        count = max(1, -(-len(data) // 64))
        mini_fat += [len(mini_fat) + at + 1 for at in range(count - 1)] + [end]
        mini += data.ljust(64 * count, b"\0")
    mini_sectors, entries = -(-len(mini) // 512), len(streams) + 1
    directory_sectors, mini_fat_sectors = -(-entries // 4), -(-len(mini_fat) // 128)
    chains = (1, directory_sectors, mini_fat_sectors, mini_sectors)
    fat: list[int] = []
    for number, length in enumerate(chains):
        first = len(fat)
        fat += [fat_mark] if number == 0 else [*range(first + 1, first + length), end]
    begins = (0, 1, 1 + directory_sectors, 1 + directory_sectors + mini_fat_sectors)

    def entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le")
        tree = struct.pack("<HBBIII", len(raw), kind, 1, free, right, child)
        return raw.ljust(64, b"\0") + tree + b"\0" * 36 + struct.pack("<IQ", start, size)

    names = sorted(streams, key=lambda name: (len(name), name.upper()))
    directory = entry("Root Entry", 5, free, 1, begins[3], 64 * len(mini_fat))
    for at, name in enumerate(names, start=1):
        right = at + 1 if at < len(names) else free
        directory += entry(name, 2, right, free, starts[name], len(streams[name]))
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII",
        bytes.fromhex("d0cf11e0a1b11ae1"), b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, 1, begins[1], 0,
        4096, begins[2], mini_fat_sectors, end, 0, 0,
    )  # fmt: skip
    header += struct.pack("<108I", *([free] * 108))
    return (
        header[:512]
        + struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
        + directory.ljust(512 * directory_sectors, b"\0")
        + struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(512 * mini_fat_sectors, b"\xff")
        + mini.ljust(512 * mini_sectors, b"\0")
    )


@pytest.fixture(scope="session")
def corpus(made: dict[str, Made], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for name, file in made.items():
        (folder / name).write_bytes(file.data)
    return folder
