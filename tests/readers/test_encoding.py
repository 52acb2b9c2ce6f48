"""From bytes to text: nothing is guessed wrong without a word."""

from __future__ import annotations

import random
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.errors import ReadError
from askdoc.readers.encoding import decode, is_utf8

TEXTS = {
    "cp1252": "Die Straße über den Fluß wurde größer als früher, sagte Müller. Wir prüfen das.",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy. Praha je hlavní město České republiky.",
    "cp1251": "Привет, как дела? Москва столица России. Сегодня хорошая погода, мы идём гулять.",
    "koi8-r": "Привет, как дела? Москва столица России. Сегодня хорошая погода, мы идём гулять.",
    "cp1253": "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας. Ο καιρός είναι πολύ καλός σήμερα.",
    "cp1254": "İstanbul Türkiye'nin en büyük şehridir. Çocuklar güneşli günlerde oynuyor.",
    "cp932": "日本語のテキストです。東京は日本の首都です。今日は天気がとても良いです。",
    "euc-jp": "日本語のテキストです。東京は日本の首都です。今日は天気がとても良いです。",
    "iso2022_jp": "日本語のテキストです。東京は日本の首都です。",
    "gb18030": "中文文本在这里。北京是中国的首都。今天天气很好。",
    "big5": "中文文本在這裡。臺北是一個大城市。今天天氣很好。",
    "cp949": "서울은 대한민국의 수도이다. 오늘은 날씨가 매우 좋다.",
}


def noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(4000)  # noqa: S311 - the same at each run


FRENCH = "Le café à côté de l'hôtel était fermé, déjà à midi. Où êtes-vous allés cet été ?"


@pytest.mark.parametrize(("encoding", "text"), [*TEXTS.items(), ("latin-1", FRENCH)])
def test_encodings_are_recognised_by_evidence_and_named(encoding: str, text: str) -> None:
    decoded = decode(text.encode(encoding), name="x.txt")
    assert decoded.text == text
    (warning,) = decoded.warnings
    assert warning.startswith("read as ")


@pytest.mark.parametrize(
    "text",
    [
        "The price is £5 for it.",
        "“Hi” – he didn’t say…",
        "20° outside and ½ a cup",
        "© 2020 Foo • one",
    ],
)
def test_english_with_a_few_marks_is_western(text: str) -> None:
    long = f"{text} And then there are many more plain words in the same line, as usual.\n" * 3
    assert decode(long.encode("cp1252"), name="x.txt").text == long


def test_a_bell_is_text() -> None:
    assert decode(b"ring\a\n", name="x.txt").text == "ring\a\n"
    with pytest.raises(ReadError):
        decode(b"ring\x06\n", name="x.txt")


def test_utf8_needs_no_word() -> None:
    decoded = decode("naïve – “ok” 漢字 😀\r\n".encode(), name="x.txt")
    assert decoded == type(decoded)("naïve – “ok” 漢字 😀\r\n")


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"],
)
def test_a_byte_order_mark_decides_and_is_no_text(encoding: str) -> None:
    decoded = decode("\ufeffÜnïcode".encode(encoding), name="x.txt")
    assert (decoded.text, decoded.warnings) == ("Ünïcode", ())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["plain words", TEXTS["cp1251"], "Ελλάδα και Κρήτη"])
def test_two_bytes_a_character_are_seen_without_a_mark(encoding: str, text: str) -> None:
    decoded = decode(text.encode(encoding), name="x.txt")
    assert (decoded.text, decoded.warnings) == (text, (f"read as {encoding}",))


def test_a_few_broken_places_do_not_cost_the_file() -> None:
    data = ("täglich " * 100).encode() + b"\xff und mehr\xe4"
    decoded = decode(data, name="x.txt")
    assert decoded.text == "täglich " * 100 + "\ufffd und mehr\ufffd"
    assert decoded.warnings == ("2 places that are not UTF-8, shown as `\ufffd`",)


@pytest.mark.parametrize(
    "text", ["Café opened. 5 – 7 euros", "Мост построен в 1911 году.", "价格 5 – 7 欧元"]
)
def test_one_bad_byte_does_not_turn_utf8_into_something_else(text: str) -> None:
    decoded = decode(text.encode() + b" 5 \x96 7", name="x.txt")
    assert decoded.text == text + " 5 \ufffd 7"
    assert decoded.warnings == ("1 place that is not UTF-8, shown as `\ufffd`",)


def test_replacement_characters_of_the_file_itself_are_no_damage() -> None:
    assert decode("a \ufffd b é".encode(), name="x.txt").warnings == ()


def test_what_the_format_states_is_no_guess() -> None:
    data = "żółw".encode("iso8859-2")
    decoded = decode(data, name="x.html", declared="ISO-8859-2")
    assert (decoded.text, decoded.warnings) == ("żółw", ())
    for nonsense in ("no-such-thing", "utf-8", "hex", "idna", "x\0y"):
        assert decode(data, name="x.html", declared=nonsense).warnings


def test_a_statement_does_not_outweigh_the_bytes() -> None:
    assert decode("żółw".encode(), name="x.html", declared="latin-1").text == "żółw"


@pytest.mark.parametrize(
    "data", [b"", b" \r\n\t ", b"\xef\xbb\xbf", b"\xff\xfe \0", b"\xef\xbb\xbf\n"]
)
def test_nothing_but_white_space_is_empty(data: bytes) -> None:
    with pytest.raises(ReadError) as caught:
        decode(data, name="x.txt")
    assert caught.value.code == "empty"


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 4,
        b"\x89PNG\r\n\x1a\n" + noise(1),
        b"PK\x03\x04" + noise(2),
        b"text with one zero \0 in it",
        b"\x01\x02\x03\x04",
        b"\x81\x8d\x8f\x90",
        "half \ud800 a character".encode("utf-16-le", "surrogatepass"),
    ],
)
def test_what_is_no_text_is_called_binary(data: bytes) -> None:
    with pytest.raises(ReadError) as caught:
        decode(data, name="x.txt")
    assert caught.value.code == "binary"
    assert "`x.txt`" in str(caught.value)


def packed(*members: str) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member in members:
            archive.writestr(member, "words")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "what", "ending"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + noise(3), "a PDF", "`.pdf`"),
        (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n", "a PDF", "`.pdf`"),
        (packed("a/b.txt"), "a ZIP archive", "`.zip`"),
        (packed("_rels/.rels", "word/document.xml"), "a document packed as ZIP", "`.docx`"),
        (packed("xl/workbook.xml"), "a document packed as ZIP", "`.xlsx`"),
    ],
)
def test_what_a_file_is_by_its_content_is_reported(data: bytes, what: str, ending: str) -> None:
    with pytest.raises(ReadError) as caught:
        decode(data, name="x.txt")
    assert caught.value.code == "binary"
    assert what in str(caught.value)
    assert ending in str(caught.value.hint)
    assert not is_utf8(BytesIO(data))


def test_a_text_about_pdf_is_text() -> None:
    text = "%PDF-1.7 is how a file begins, and 1 object is in it.\n"
    assert decode(text.encode(), name="x.txt").text == text
    assert is_utf8(BytesIO(text.encode()))


def test_colours_of_a_terminal_are_text() -> None:
    log = "\x1b[31merror\x1b[0m: it failed\n" * 5
    assert decode(log.encode(), name="x.log").text == log


def test_the_detector_sees_lines_that_matter_in_a_large_file() -> None:
    text = "plain words " * 100_000 + "\n" + "Привет, как дела? Москва столица России.\n" * 3
    assert decode(text.encode("cp1251"), name="x.txt").text == text


@given(st.binary(max_size=400))
def test_any_bytes_are_text_that_can_be_stored_or_refused(data: bytes) -> None:
    try:
        text = decode(data, name="x.txt").text
    except ReadError:
        return
    text.encode()
    assert "\0" not in text
    assert text.strip()


@given(
    st.text(max_size=200).filter(
        lambda text: text.replace("\ufeff", "").strip() and "\0" not in text
    )
)
def test_utf8_comes_back_as_it_was(text: str) -> None:
    controls = [one for one in text if ord(one) < 32 or ord(one) == 127]
    if not controls:
        assert decode(text.encode(), name="x.txt").text in (text, text.removeprefix("\ufeff"))


def test_random_bytes_are_never_taken_for_text() -> None:
    refused = 0
    for seed in range(20):
        try:
            decode(noise(seed), name="x.txt")
        except ReadError:
            refused += 1
    assert refused == 20
