"""Makes files that are hard to take in: cut off, repetitive, deep, wide, or untrue about size.

Each maker takes dice and a size in bytes that it comes near to; the same dice give the same file.
What a file holds makes no sense; what matters is the work that it causes.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache

import docx
import openpyxl
import pptx

Make = Callable[[random.Random, int], str | bytes]

KINDS = ("truncation", "repetition", "depth", "width", "lies")

_ODD = [
    *"&.<>[](){}*_`~#|-=+\\/'\":;,!?@$%^ \t\n\raA1",
    *"\u00ad\u200b\u0301\u2028\ufeffé永ก가😀",
    *(
        "\n\n",
        "a ",
        "A. ",
        "1. ",
        "- ",
        "> ",
        "# ",
        "a\n",
        "\n---\n",
        "a | ",
        "Dr. ",
        "a: b\n",
        "<b>",
    ),
]
"""What punctuation, scripts and light markup are made of."""


def hostile(suffix: str, kind: str, dice: random.Random, size: int) -> bytes:
    """Make a file of one format that is hard in one way."""
    if kind == "truncation":
        whole = hostile(suffix, dice.choice(KINDS[1:]), dice, size)
        return whole[: dice.randrange(len(whole) + 1)]
    made = dice.choice(_MAKERS[suffix][kind])(dice, size)
    data = made.encode("utf-8", "surrogatepass") if isinstance(made, str) else made
    return _lying_archive(data, dice) if kind == "lies" and data.startswith(b"PK") else data


def suffixes() -> list[str]:
    """List the formats."""
    return list(_MAKERS)


# ── pieces ──────────────────────────────────────────────────────────────────────────────────────


def _repeated(dice: random.Random, size: int) -> str:
    unit = "".join(dice.choices(_ODD, k=dice.choice((1, 1, 2, 3, 6))))
    return unit * (size // len(unit.encode("utf-8", "surrogatepass")))


def _mixed(dice: random.Random, size: int) -> str:
    return "".join(dice.choices(_ODD, k=size // 2))


def _unit(unit: str, before: str = "", after: str = "") -> Make:
    return lambda _, size: before + unit * (size // len(unit.encode())) + after


def _nested(opening: str, inner: str = "x", closing: str = "", around: str = "{}") -> Make:
    def make(dice: random.Random, size: int) -> str:
        times = size // (len(opening) + len(closing))
        closed = times if dice.random() < 0.7 else dice.randrange(times + 1)
        return around.format(opening * times + inner + closing * closed)

    return make


def _numbered(line: str, before: str = "", after: str = "") -> Make:
    """Repeat a line with its number, so that no two are alike."""

    def make(_: random.Random, size: int) -> str:
        times = size // (len(line) + 4)
        return before + "".join(line.replace("%", str(number)) for number in range(times)) + after

    return make


def _indented(dice: random.Random, size: int) -> str:
    lines: list[str] = []
    mark, length = dice.choice(("- a", "1. a", "a:", "> a", "a")), 0
    while length < size:
        lines.append(" " * (2 * len(lines)) + mark)
        length += len(lines[-1])
    return "\n".join(lines)


def _false_mark(dice: random.Random, size: int) -> bytes:
    """Put the mark of one encoding before another."""
    mark = dice.choice((b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00", b"\xef\xbb\xbf"))
    coding = dice.choice(("utf-8", "utf-16-le", "utf-16-be", "latin-1", "cp1251", "shift_jis"))
    return mark + ("A harbour. " * (size // 11)).encode(coding)


def _noise(dice: random.Random, size: int) -> bytes:
    return b"Words of a text. " + dice.randbytes(size)


_LAUGHS = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 12))
_BOMB = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e0 "ha ">{_LAUGHS}]><d>&e11;</d>'


def _table(rows: int, cells: int, dice: random.Random, *, spans: bool = False) -> str:
    span = f' rowspan="{dice.choice((3, 1000, 10**9))}" colspan="1000"' if spans else ""
    row = f"<td{span}>oak beam</td>" * cells
    return "<html><body><table>" + f"<tr>{row}</tr>" * rows + "</table></body></html>"


def _mail(body: str, **headers: str) -> str:
    told = {"From": "a@b.example", "Subject": "Harbour", **headers}
    lines = (f"{name.replace('_', '-')}: {value}\n" for name, value in told.items())
    return "".join(lines) + "\n" + body


def _deep_mail(_: random.Random, size: int) -> str:
    """Put a message into a message into a message."""
    levels = size // 90
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n'
        for level in range(levels)
    )
    return "From: a@b.example\nSubject: Harbour\n" + opening + "\nText at last.\n"


def _many_parts(_: random.Random, size: int) -> str:
    part = (
        "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a{}.txt\n\n"
        "Part {}.\n"
    )
    parts = "".join(part.format(number, number) for number in range(size // 100))
    return _mail(parts + "--b--", Content_Type='multipart/mixed; boundary="b"')


# ── archives ────────────────────────────────────────────────────────────────────────────────────


@cache
def _sound(suffix: str) -> Mapping[str, bytes]:
    """Return the members of a small sound file."""
    out = io.BytesIO()
    if suffix == "docx":
        document = docx.Document()
        document.add_paragraph("A harbour.")
        document.save(out)
    elif suffix == "xlsx":
        book = openpyxl.Workbook()
        book.worksheets[0]["A1"] = "A harbour."
        book.save(out)
    else:
        deck = pptx.Presentation()
        deck.slides.add_slide(deck.slide_layouts[0])
        deck.save(out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _office(suffix: str, member: str, template: str, make: Make) -> Make:
    """Put what `make` gives into a sound file, in place of one of its members."""

    def fill(dice: random.Random, size: int) -> bytes:
        content = make(dice, size)
        assert isinstance(content, str)
        return _packed({**_sound(suffix), member: template.replace("@", content)})

    return fill


def _lying_archive(data: bytes, dice: random.Random) -> bytes:
    """Have the directory of an archive say other sizes than there are, sometimes."""
    at = data.find(b"PK\x01\x02")
    if at < 0 or dice.random() < 0.5:
        return data
    told = struct.pack("<I", dice.choice((0, 1, 1 << 20, (1 << 32) - 2)))
    return data[: at + 24] + told + data[at + 28 :]


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_WORD = f'<w:document xmlns:w="{_W}"><w:body>@</w:body></w:document>'
_P = "<w:p><w:r><w:t>oak %</w:t></w:r></w:p>"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHEET = f'<worksheet xmlns="{_S}"><sheetData>@</sheetData></worksheet>'
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SLIDE = (
    f'<p:sld xmlns:p="{_A.replace("drawing", "presentation")}" xmlns:a="{_A}"><p:cSld><p:spTree>'
    "<p:nvGrpSpPr/><p:grpSpPr/>@</p:spTree></p:cSld></p:sld>"
)
_SHAPE = (
    '<p:sp><p:nvSpPr><p:cNvPr id="2" name="n"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody>'
    "<a:bodyPr/><a:p><a:r><a:t>oak %</a:t></a:r></a:p></p:txBody></p:sp>"
)
_CELL = '<c t="inlineStr"><is><t>oak</t></is></c>'


def _word(make: Make) -> Make:
    return _office("docx", "word/document.xml", _WORD, make)


def _sheet(make: Make) -> Make:
    return _office("xlsx", "xl/worksheets/sheet1.xml", _SHEET, make)


def _slide(make: Make) -> Make:
    return _office("pptx", "ppt/slides/slide1.xml", _SLIDE, make)


def _merged(dice: random.Random, size: int) -> str:
    """Merge cells far down, with a word in each row."""
    columns = size // 60
    refs = (f"R{n}" for n in range(columns))
    cells = "".join(f'<c t="inlineStr"><is><t>{"oak beam " * 20}</t></is></c>' for _ in refs)
    rows = "".join(f'<row r="{n}"><c t="n"><v>1</v></c></row>' for n in range(2, 500))
    names = [openpyxl.utils.get_column_letter(n + 1) for n in range(min(columns, 16_000))]
    last = dice.choice((400, 1_048_576))
    merged = "".join(f'<mergeCell ref="{name}1:{name}{last}"/>' for name in names)
    return f'<row r="1">{cells}</row>{rows}</sheetData><mergeCells>{merged}</mergeCells><sheetData>'


_O = "urn:oasis:names:tc:opendocument:xmlns:"


def _open(kind: str, make: Make) -> Make:
    """Put what `make` gives into an OpenDocument file."""
    spaces = "".join(f' xmlns:{n}="{_O}{n}:1.0"' for n in ("office", "table", "text", "draw"))

    def fill(dice: random.Random, size: int) -> bytes:
        inner = make(dice, size)
        assert isinstance(inner, str)
        content = (
            f"<office:document-content{spaces}><office:body><office:{kind}>{inner}</office:{kind}>"
            "</office:body></office:document-content>"
        )
        return _packed({"content.xml": content})

    return fill


_ODS_ROW = (
    '<table:table table:name="S%"><table:table-row table:number-rows-repeated="1048576">'
    '<table:table-cell table:number-columns-repeated="16384"><text:p>oak beam %</text:p>'
    "</table:table-cell></table:table-row></table:table>"
)


def _book(chapters: Callable[[random.Random, int], list[str]], contents: Make) -> Make:
    def fill(dice: random.Random, size: int) -> bytes:
        pages = chapters(dice, size)
        items = "".join(f'<item id="c{n}" href="c{n}.xhtml"/>' for n in range(len(pages)))
        spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(pages)))
        package = (
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>'
            f'{items}<item id="ncx" href="t.ncx"/></manifest><spine toc="ncx">{spine}</spine>'
            "</package>"
        )
        where = '<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>'
        files: dict[str, str | bytes] = {f"c{n}.xhtml": page for n, page in enumerate(pages)}
        toc = f"<ncx><navMap>{contents(dice, size)!s}</navMap></ncx>"
        return _packed({"META-INF/container.xml": where, "p.opf": package, "t.ncx": toc, **files})

    return fill


def _pages(make: Make, number: int = 1) -> Callable[[random.Random, int], list[str]]:
    return lambda dice, size: [f"<html><body>{make(dice, size)!s}</body></html>"] * number


# ── PDF ─────────────────────────────────────────────────────────────────────────────────────────


def _pdf(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    return out + head + table + end


_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_TREE = b"<</Type/Catalog/Pages 2 0 R>>"
_SHEET_OF_PAPER = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<<%s>>>>"
)


def _stream(content: bytes, about: bytes = b"", length: int | None = None) -> bytes:
    packed = zlib.compress(content)
    told = len(packed) if length is None else length
    return b"<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream" % (told, about, packed)


def _page(content: bytes, *, count: int = 1, length: int | None = None) -> bytes:
    page = _SHEET_OF_PAPER % b"/Font<</F 4 0 R>>"
    pages = b"<</Type/Pages/Kids[3 0 R]/Count %d>>" % count
    return _pdf([_TREE, pages, page, _FONT, _stream(content, length=length)])


def _pdf_words(_: random.Random, size: int) -> bytes:
    return _page(b"BT /F 9 Tf (oak) Tj 3 0 Td " * (size // 20) + b"ET")


def _pdf_deep(dice: random.Random, size: int) -> bytes:
    opening = dice.choice((b"q ", b"BT ", b"[", b"<<", b"("))
    return _page(opening * (size // 2) + b"BT /F 9 Tf (oak) Tj ET")


def _pdf_many_pages(_: random.Random, size: int) -> bytes:
    count = size // 60
    kids = b" ".join(b"%d 0 R" % (number + 5) for number in range(count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    return _pdf([_TREE, tree, _FONT, _FONT, *[page] * count])


def _pdf_lies(dice: random.Random, size: int) -> bytes:
    words = b"BT /F 9 Tf (oak) Tj ET " * (size // 24)
    count, length = dice.choice((1, 10**9)), dice.choice((0, 5, 10**9))
    return _page(words, count=count, length=length)


def _pdf_bomb(_: random.Random, size: int) -> bytes:
    return _page(b" " * (size * 300) + b"BT /F 9 Tf (oak) Tj ET")


def pdf_forms(depth: int, *, in_a_circle: bool = False, between: bool = False) -> bytes:
    """Each form draws the next one twice: 2 to the power of their number in all.

    In a circle, the last form draws the first one. The page that draws them may stand between two
    others.
    """
    page = _SHEET_OF_PAPER % b"/XObject<</X 6 0 R>>"
    forms = [
        _stream(
            b"/X Do /X Do",
            b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>"
            % (6 if in_a_circle and n == depth - 1 else n + 7),
        )
        for n in range(depth)
    ]
    last = _stream(
        b"BT /F 9 Tf (oak) Tj ET",
        b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F 4 0 R>>>>",
    )
    objects = [_TREE, b"", page, _FONT, _stream(b"/X Do"), *forms, last]
    kids = [3]
    for where in (0, 2) if between else ():
        at = len(objects) + 1
        kids.insert(where, at)
        plain = _SHEET_OF_PAPER % b"/Font<</F 4 0 R>>"
        objects.append(plain.replace(b"5 0 R", b"%d 0 R" % (at + 1)))
        objects.append(_stream(b"BT /F 9 Tf (The beam of page %d is sound.) Tj ET" % (where + 1)))
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (listed, len(kids))
    return _pdf(objects)


# ── formats ─────────────────────────────────────────────────────────────────────────────────────


def _light(*deep: Make, wide: tuple[Make, ...] = ()) -> dict[str, tuple[Make, ...]]:
    """List the makers of a format that is text: all of them meet the same odd characters."""
    return {
        "repetition": (_repeated, _repeated, _mixed),
        "depth": (_indented, _nested("("), _nested("["), *deep),
        "width": (_unit("a"), _unit("a "), _unit("a\n"), _unit("He came. "), *wide),
        "lies": (_false_mark, _noise),
    }


def _rows(dice: random.Random, size: int) -> str:
    return _table(size // 300, 10, dice)


_MAKERS: Mapping[str, Mapping[str, tuple[Make, ...]]] = {
    "txt": _light(wide=(_numbered("HEADING %\n\n"), _numbered("Key%: value\n"))),
    "md": _light(
        *(_nested(one) for one in ("> ", "*", "_", "`", "![", "[](", "<div>", "~~~\n", "- ")),
        wide=(
            _numbered("# H%\n\nText %.\n\n"),
            _numbered("[r%]: x\n"),
            _numbered("[^%]\n\n[^%]: note\n\n"),
            _unit("|a", after="\n" + "|-" * 500 + "\n" + "|b" * 500),
            _unit("|a|b|\n", before="|a|b|\n|-|-|\n"),
        ),
    ),
    "rst": _light(_nested("*"), _nested("| "), wide=(_numbered("H%\n====\n\nText.\n\n"),)),
    "adoc": _light(_nested("="), _nested("*"), wide=(_unit("|a\n", "|===\n", "|==="),)),
    "org": _light(_nested("*"), wide=(_numbered("* H%\nText.\n"), _unit("| a | b |\n"))),
    "tex": _light(
        _nested("{", closing="}"),
        _nested("\\begin{a}", closing="\\end{a}"),
        wide=(_numbered("\\section{H%} Text.\n"), _unit("\\a"), _unit("a & b \\\\\n")),
    ),
    "rtf": {
        "repetition": (_unit("\\'41", "{\\rtf1 ", "}"), _unit("\\par oak ", "{\\rtf1 ", "}")),
        "depth": (_nested("{", closing="}", around="{{\\rtf1 {}}}"), _nested("{\\*\\a ")),
        "width": (_unit("\\trowd\\cell oak\\row ", "{\\rtf1 ", "}"), _unit("a", "{\\rtf1 ", "}")),
        "lies": (
            _unit("oak ", "{\\rtf1 \\bin999999999 ", "}"),
            _unit("\\u-999999999 ", "{\\rtf1 "),
        ),
    },
    "csv": _light(wide=(_unit(","), _unit("a,"), _unit('a,"'), _numbered("a%,b,c\n", "x,y,z\n"))),
    "json": {
        "repetition": (_unit("[1],", "[", "1]"), _unit('"oak",', "[", "1]")),
        "depth": (_nested("[", "1", "]"), _nested('{"a":', "1", "}")),
        "width": (_numbered('"k%":%,', "{", '"k":1}'), _unit("1"), _unit("a", '"', '"')),
        "lies": (_unit("\\u0041", '"', '"'), _unit("9", '{"a":1e', "}"), _noise),
    },
    "yaml": {
        "repetition": (_repeated, _unit("- a\n")),
        "depth": (_indented, _nested("[", "1", "]"), _unit("- ")),
        "width": (_numbered("k%: v\n"), _unit("a "), _numbered("- &a% [*a]\n", "- &a x\n")),
        "lies": (
            lambda *_: (
                "a0: &a0 [oak, oak]\n"
                + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 12))
            ),
            _false_mark,
        ),
    },
    "xml": {
        "repetition": (_unit("<a>oak</a>", "<d>", "</d>"), _unit("&amp;", "<d>", "</d>")),
        "depth": (_nested("<a>", "oak", "</a>"),),
        "width": (_numbered(' a%="b"', "<d", ">oak</d>"), _unit("oak ", "<d>", "</d>")),
        "lies": (lambda *_: _BOMB, _noise),
    },
    "html": {
        "repetition": (_repeated, _unit("<p>oak"), _unit("&nbsp;oak"), _unit("<br>")),
        "depth": tuple(
            _nested(f"<{one}>", "oak", f"</{one}>")
            for one in ("div", "b", "ul><li", "table><tr><td", "blockquote", "section", "a")
        ),
        "width": (
            _rows,
            lambda dice, size: _table(2, size // 40, dice),
            _numbered("<h2>H%</h2><p>Text %."),
            _numbered(' a%="b"', "<p", ">oak</p>"),
        ),
        "lies": (
            lambda dice, size: _table(size // 4000, 40, dice, spans=True),
            lambda dice, size: _table(1, size // 60, dice, spans=True).replace(
                "</tr>", "</tr>" + "<tr></tr>" * 999
            ),
            _false_mark,
        ),
    },
    "eml": {
        "repetition": (lambda dice, size: _mail(_repeated(dice, size)),),
        "depth": (
            _deep_mail,
            lambda _, size: _mail("\n".join(">" * n for n in range(size // 300))),
        ),
        "width": (
            _many_parts,
            lambda _, size: _mail("Text.", To="a@b.example, " * (size // 13)),
            lambda _, size: _mail("Text.", Subject="=?utf-8?q?a?= " * (size // 14)),
            _numbered("X-H%: a\n", "From: a@b.example\n", "\nText.\n"),
        ),
        "lies": (
            lambda dice, size: _mail("=" * size, Content_Transfer_Encoding="quoted-printable"),
            lambda dice, size: _mail("QUJD" * (size // 4), Content_Transfer_Encoding="base64"),
            lambda dice, size: _mail("--b\n" * (size // 4), Content_Type="multipart/mixed"),
            lambda dice, size: _mail("a" * size, Content_Type="text/plain; charset=utf-7"),
        ),
    },
    "mbox": _light(wide=(_numbered("From a\nSubject: s%\n\nText %.\n\n"),)),
    "srt": _light(wide=(_numbered("%\n00:00:01,000 --> 00:00:02,000\nOak %.\n\n"),)),
    "py": _light(
        _nested("("),
        _nested("if a:\n"),
        wide=(_numbered("def f%():\n    return %\n"), _numbered("x% = '''\n")),
    ),
    "c": _light(_nested("{"), wide=(_numbered("int f%(void) { return %; }\n"), _unit("#if a\n"))),
    "docx": {
        "repetition": (_word(_unit("<w:p><w:r><w:t>oak</w:t></w:r></w:p>")), _word(_numbered(_P))),
        "depth": (
            _word(_nested("<w:tbl><w:tr><w:tc>", _P, "<w:p/></w:tc></w:tr></w:tbl>")),
            _word(_nested("<w:sdt><w:sdtContent>", _P, "</w:sdtContent></w:sdt>")),
        ),
        "width": (
            _word(_unit("oak ", "<w:p><w:r><w:t>", "</w:t></w:r></w:p>")),
            _word(_unit(f"<w:tc>{_P}</w:tc>", "<w:tbl><w:tr>", "</w:tr></w:tbl>")),
            _word(_unit(f"<w:tr><w:tc>{_P}</w:tc></w:tr>", "<w:tbl>", "</w:tbl>")),
        ),
        "lies": (
            _word(
                _unit(
                    '<w:tr><w:tc><w:tcPr><w:gridSpan w:val="999999999"/><w:vMerge/></w:tcPr>'
                    f"{_P}</w:tc></w:tr>",
                    "<w:tbl>",
                    "</w:tbl>",
                )
            ),
            _office("docx", "word/document.xml", "@", lambda *_: _BOMB),
        ),
    },
    "xlsx": {
        "repetition": (_sheet(_unit(f"<row>{_CELL}</row>")),),
        "depth": (_sheet(_nested("<row>", _CELL, "</row>")),),
        "width": (
            _sheet(_unit(_CELL, "<row>", "</row>")),
            _sheet(_unit("oak ", '<row><c t="inlineStr"><is><t>', "</t></is></c></row>")),
        ),
        "lies": (
            _sheet(_merged),
            _sheet(_unit(f'<row r="1048576">{_CELL}</row>')),
            _sheet(_unit('<c r="XFD1048576" t="s"><v>999999</v></c>', "<row>", "</row>")),
        ),
    },
    "pptx": {
        "repetition": (_slide(_unit(_SHAPE)),),
        "depth": (_slide(_nested("<p:grpSp><p:nvGrpSpPr/><p:grpSpPr/>", _SHAPE, "</p:grpSp>")),),
        "width": (_slide(_numbered(_SHAPE)), _slide(_unit("oak ", *_SHAPE.split("oak %")))),
        "lies": (
            _slide(_unit("<p:sp/>")),
            _office("pptx", "ppt/slides/slide1.xml", "@", lambda *_: _BOMB),
        ),
    },
    "ods": {
        "repetition": (_open("spreadsheet", _numbered(_ODS_ROW)),),
        "depth": (_open("spreadsheet", _nested("<table:table><table:table-row>", "x")),),
        "width": (
            _open(
                "spreadsheet",
                _unit(
                    "<table:table-cell><text:p>oak</text:p></table:table-cell>",
                    "<table:table><table:table-row>",
                    "</table:table-row></table:table>",
                ),
            ),
        ),
        "lies": (
            _open("spreadsheet", lambda _, size: _ODS_ROW.replace("%", "oak " * (size // 8))),
            _open("spreadsheet", _numbered(_ODS_ROW)),
        ),
    },
    "odt": {
        "repetition": (_open("text", _unit("<text:p>oak</text:p>")),),
        "depth": tuple(
            _open("text", _nested(f"<text:{one}>", "<text:p>oak</text:p>", f"</text:{last}>"))
            for one, last in (
                ("section", "section"),
                ("list><text:list-item", "list-item></text:list"),
            )
        ),
        "width": (_open("text", _unit("oak ", "<text:p>", "</text:p>")),),
        "lies": (_open("text", _unit('<text:p><text:s text:c="999999999"/>oak</text:p>')),),
    },
    "epub": {
        "repetition": (_book(_pages(_unit("<p>oak</p>")), lambda *_: ""),),
        "depth": (
            _book(_pages(_nested("<div>", "oak", "</div>")), lambda *_: ""),
            _book(
                _pages(_unit("<p>oak</p>")),
                _nested("<navPoint><navLabel><text>a</text></navLabel>", "", "</navPoint>"),
            ),
        ),
        "width": (
            _book(
                lambda _, size: ["<p>Oak beam.</p>"] * (size // 300),
                _numbered(
                    "<navPoint><navLabel><text>a</text></navLabel>"
                    '<content src="c%.xhtml"/></navPoint>'
                ),
            ),
        ),
        "lies": (_book(_pages(lambda *_: _BOMB, 3), lambda *_: ""),),
    },
    "pdf": {
        "repetition": (_pdf_words,),
        "depth": (_pdf_deep,),
        "width": (_pdf_many_pages, _pdf_words),
        "lies": (_pdf_lies, _pdf_bomb),
    },
}
