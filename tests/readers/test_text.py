"""Reading plain text."""

from __future__ import annotations

import pytest

from askdoc.errors import ReadError
from askdoc.readers.text import TextReader
from askdoc.types import Reading

PROSE = (
    "This is a text of some length that ends like a sentence, after which there is no more of it."
)


def read(text: str, name: str = "notes.txt") -> Reading:
    return TextReader().read(text.encode(), name=name)


def cut(reading: Reading) -> list[str]:
    return [block.of(reading.text) for block in reading.blocks]


def test_the_text_is_stored_as_it_is() -> None:
    text = f"\r\n  {PROSE}\r\n\tand more\t\r\n\r\n"
    assert read(text).text == text


def test_headings_are_sections_and_no_blocks() -> None:
    reading = read(f"1 Early years\n\n{PROSE}\n\n2 Later years\n\n{PROSE}\n")
    assert [(one.level, one.title) for one in reading.sections] == [
        (1, "1 Early years"),
        (1, "2 Later years"),
    ]
    assert cut(reading) == [PROSE, PROSE]
    assert reading.title is None


def test_the_title_is_no_block_and_no_section() -> None:
    reading = read(f"The History of the Bridge\n\n{PROSE}\n\n{PROSE}")
    assert (reading.title, reading.sections) == ("The History of the Bridge", ())
    assert cut(reading) == [PROSE, PROSE]


def test_a_text_of_headings_alone_keeps_them_as_blocks() -> None:
    assert cut(read("Bread\n\nMilk\n\nEggs\n")) == ["Bread", "Milk", "Eggs"]
    assert cut(read("Only this")) == ["Only this"]


def test_the_encoding_is_reported() -> None:
    reading = TextReader().read("Wir prüfen größere Straßen in München.".encode("cp1252"), name="x")
    assert reading.warnings == ("read as cp1252",)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty"), (b"\n \n", "empty"), (b"\0\1", "binary")]
)
def test_what_is_no_text_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ReadError) as caught:
        TextReader().read(data, name="x.txt")
    assert caught.value.code == code
