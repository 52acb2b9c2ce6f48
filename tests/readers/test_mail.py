from __future__ import annotations

import email.message
import warnings
from pathlib import Path

import pytest

from askdoc.errors import ReadError
from askdoc.readers import reader_for
from askdoc.types import Reading, Unread
from askdoc.types.places import Place, PlaceKind, name_place


def read(data: bytes, suffix: str = "eml") -> Reading:
    return reader_for(f"x.{suffix}").read(data, name=f"x.{suffix}")


def blocks(reading: Reading) -> list[str]:
    return [block.of(reading.text) for block in reading.blocks]


def letter(body: str = "It is of oak.") -> email.message.EmailMessage:
    made = email.message.EmailMessage()
    made["From"] = "Mära Vale <mara@example.org>"
    made["To"] = "a@example.org, b@example.org"
    made["Date"] = "Mon, 06 Oct 2025 10:00:00 +0000"
    made["Subject"] = "The piér"
    made.set_content(body)
    return made


def test_a_message_says_from_whom_to_whom_when_and_about_what() -> None:
    reading = read(letter().as_bytes())
    assert (reading.title, reading.author) == ("The piér", "Mära Vale <mara@example.org>")
    assert blocks(reading) == [
        "From: Mära Vale <mara@example.org>",
        "To: a@example.org, b@example.org",
        "Date: Mon, 06 Oct 2025 10:00:00 +0000",
        "Subject: The piér",
        "It is of oak.",
    ]


def test_lines_that_were_broken_to_fit_are_joined() -> None:
    lines = "The harbour board has decided that the eastern pier will be rebuilt\nin oak.\n"
    [*_, body] = blocks(read(letter(lines * 6).as_bytes()))
    assert body.endswith("rebuilt\nin oak.")


def test_a_page_is_read_where_there_is_no_plain_text() -> None:
    made = letter()
    made.set_content("<h1>News</h1><p>It is of <b>oak</b>.</p>", subtype="html")
    assert blocks(read(made.as_bytes()))[-1] == "It is of oak."
    both = letter("Plain words.")
    both.add_alternative("<p>Plain words.</p>", subtype="html")
    assert blocks(read(both.as_bytes()))[-1] == "Plain words."


def test_attachments_are_documents_of_their_own() -> None:
    inner = letter("An inner letter.")
    inner.add_attachment("deeper words", filename="deep.txt")
    made = letter()
    made.add_attachment("Name,Age\nMara,40\n", subtype="csv", filename="a.csv")
    made.add_attachment(b"\x89PNG", "image", "png", filename="a.png")
    made.add_attachment(b"%PDF", "application", "pdf", filename="bröken.pdf")
    made.add_attachment(inner)
    reading = read(made.as_bytes())
    outcomes = {part.name: part.outcome for part in reading.parts}
    assert list(outcomes) == ["a.csv", "a.png", "bröken.pdf", "message 5.eml"]
    assert isinstance(outcomes["a.csv"], Reading)
    assert outcomes["a.csv"].text.endswith("Name: Mara | Age: 40")
    assert {name: one.code for name, one in outcomes.items() if isinstance(one, Unread)} == {
        "a.png": "unsupported",
        "bröken.pdf": "broken",
    }
    forwarded = outcomes["message 5.eml"]
    assert isinstance(forwarded, Reading)
    assert "An inner letter." in forwarded.text
    assert [part.name for part in forwarded.parts] == ["deep.txt"]


def test_an_attachment_without_a_name_is_given_one() -> None:
    made = letter()
    made.add_attachment("The pier is of larch.", disposition="attachment")
    made.add_attachment("<p>The roof is of slate.</p>", subtype="html", disposition="attachment")
    made.add_attachment(b"\0\1", "application", "octet-stream", disposition="attachment")
    made.add_attachment(b"words", "x-odd", "odd", disposition="attachment")
    reading = read(made.as_bytes())
    outcomes = {part.name: part.outcome for part in reading.parts}
    text, page, *others = outcomes.values()
    assert list(outcomes) == [
        "attachment 2.txt",
        "attachment 3.html",
        "attachment 4.bin",
        "attachment 5.bin",
    ]
    assert isinstance(text, Reading)
    assert blocks(text) == ["The pier is of larch."]
    assert isinstance(page, Reading)
    assert blocks(page) == ["The roof is of slate."]
    assert [one.code for one in others if isinstance(one, Unread)] == ["unsupported"] * 2
    assert "larch" not in reading.text


def test_a_mailbox_has_a_place_for_each_message() -> None:
    start = b"From mara@example.org Mon Oct  6 10:00:00 2025\n"
    one, two = letter("First words.").as_bytes(), letter(">From afar, second words.").as_bytes()
    reading = read(start + one + b"\n" + start + two + b"\n", "mbox")
    assert [section.title for section in reading.sections] == ["The piér", "The piér"]
    place = reading.text.index("From afar, second words.")
    assert reading.landmarks.between(place, place + 4) == Place(PlaceKind.MESSAGE, 2)
    assert len(reading.breaks()) == 2


def test_odd_messages_are_read_as_far_as_they_go() -> None:
    for data in (
        b"Subject: =?utf-8?b?!!!?=\nFrom: <<<>>@,;\nDate: never\n\nwords",
        b"Content-Type: text/plain; charset=nonsense\n\nwords \xe9",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nwords",
        b"Content-Type: multipart/mixed\n\nwords",
        b"Content-Transfer-Encoding: base64\n\n!!!words",
        b"Content-Type: message/rfc822\n\nSubject: inner\n\nwords",
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert "a@example.org" in read(b"To: a@example.org\n" + data).text


@pytest.mark.parametrize("suffix", ["eml", "mbox", "msg"])
def test_what_is_no_message_is_reported(suffix: str, tmp_path: Path) -> None:
    for data, code in ((b"", "empty"), (b"no message at all", "broken"), (b"\0" * 900, "broken")):
        with pytest.raises(ReadError) as caught:
            read(data, suffix)
        assert caught.value.code == code


def test_a_message_that_nests_too_deeply_is_refused() -> None:
    nested = "".join(
        f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n'
        for level in range(1100)
    )
    message = f"From: a@b.example\n{nested}\nAt last.\n"
    with pytest.raises(ReadError, match="nests its parts too deeply") as caught:
        read(message.encode())
    assert caught.value.code == "broken"
    line = "From a@b.example Sat Jan  3 01:05:34 2020\n"
    box = read(f"{line}{message}\n{line}Subject: Oak\n\nThe pier is of oak.\n".encode(), "mbox")
    assert "The pier is of oak." in box.text
    assert box.warnings == ("messages that nest their parts too deeply: 1",)


def test_a_message_is_named_by_who_wrote_it_when_and_about_what() -> None:
    reading = read(letter("First words.").as_bytes())
    place = reading.landmarks.between(0, 1)
    assert place is not None
    told = name_place(place, 1, 1)
    assert told.startswith("message of Mära Vale")
    assert "2025" in told
    assert told.endswith("“The piér”")
