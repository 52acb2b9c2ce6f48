"""What of a message is cited, and to whom it is credited, on a real index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from askdoc import app, formats, workspace
from askdoc.ask.answer import Answerer
from askdoc.ask.mail import credited, is_quoted
from askdoc.types import Answer
from askdoc.types.places import Place, PlaceKind

FIRST = """From: Ruth Ames <ruth@mill.example>
To: Piet Maas <piet@barge.example>
Subject: Broken sluice gate
Date: Tue, 02 Apr 2024 09:00:00 +0200
Message-ID: <1@mill.example>

Dear Piet,

eleven barges had to wait below the lock on Monday. We closed the canal at noon.
The reason, says our smith, was a cracked hinge pin.

Kind regards
Ruth
"""
REPLY = """From: Piet Maas <piet@barge.example>
To: Ruth Ames <ruth@mill.example>
Subject: Re: Broken sluice gate
Date: Wed, 03 Apr 2024 10:00:00 +0200

Dear Ruth,

our crews will send a bill next week.

Best, Piet

> eleven barges had to wait below the lock on Monday.
> Forty sacks of barley were spoiled.
"""
FORWARD = """From: Ida Holm <ida@port.example>
To: Ruth Ames <ruth@mill.example>
Subject: Ferry timetable
Date: Fri, 05 Apr 2024 10:00:00 +0200

Please read what I was told.

On Thu, 4 Apr 2024 at 08:10, Leo Brandt <leo@ferry.example> wrote:

The winter ferry leaves at seven from the eastern quay.
"""
PLACE = Place(PlaceKind.MESSAGE, 1, "Ida Holm")


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    folder = tmp_path_factory.mktemp("messages")
    for name, text in (("first", FIRST), ("reply", REPLY), ("forward", FORWARD)):
        (folder / f"{name}.eml").write_text(text)
    place = workspace.find(folder, overrides={"index": str(folder / "index")})
    with app.indexer(place) as indexer:
        indexer.sync(sorted(folder.glob("*.eml")))
    with app.answerer(place) as opened:
        yield opened


def cited(answer: Answer) -> list[tuple[str, str]]:
    return [(item.document.path, " ".join(item.quote.split())) for item in answer.citations]


def test_a_subject_makes_room_for_what_its_message_says_of_the_question(
    answerer: Answerer,
) -> None:
    found = cited(answerer.answer("What was the reason for the broken sluice gate?"))
    assert found[0] == ("first.eml", "The reason, says our smith, was a cracked hinge pin.")
    assert not any("Subject:" in quote for _, quote in found)


def test_what_is_quoted_gives_way_to_the_original(answerer: Answerer) -> None:
    answer = answerer.answer("How many barges had to wait below the lock?")
    assert cited(answer) == [("first.eml", "eleven barges had to wait below the lock on Monday.")]
    place = answer.citations[0].place
    assert place is not None
    assert not place.quoted


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("How many sacks of barley were spoiled?", "reply.eml"),
        ("When does the winter ferry leave the eastern quay?", "forward.eml"),
    ],
)
def test_what_is_only_quoted_is_not_credited_to_the_sender(
    answerer: Answerer, question: str, path: str, tmp_path: Path
) -> None:
    answer = answerer.answer(question)
    first = answer.citations[0]
    assert first.document.path == path
    assert first.place is not None
    assert first.place.quoted
    data = formats.answer_to_json(answer, base=tmp_path)
    jsonschema.validate(data, formats.schema("answer"))
    assert data["citations"][0]["place"]["quoted"] is True
    assert formats.answer_from_json(data, base=tmp_path).citations[0].place == first.place


@pytest.mark.parametrize(
    ("text", "above", "quoted"),
    [
        ("> Rye is sown.", "", True),
        ("is sown.", "> Rye\n> ", True),
        ("Rye is sown.", "On Monday, Ann Bell wrote:\n\n", True),
        ("Rye is sown.", "Am 2. Mai schrieb Ann Bell <a@b.example>:\n", True),
        ("Rye is sown.", "-----Original Message-----\nFrom: Ann\n", True),
        ("No, oats.", "On Monday, Ann Bell wrote:\n> Rye is sown.\n\n", False),
        ("Rye is sown.", "On Monday we wrote a letter. ", False),
        ("Rye is sown.", "Dear Ann,\n\n", False),
    ],
)
def test_what_is_quoted(text: str, above: str, *, quoted: bool) -> None:
    assert is_quoted(text, above) is quoted
    place = credited(PLACE, text, above)
    assert place is not None
    assert place.quoted is quoted


def test_marks_outside_of_messages_quote_nobody() -> None:
    page = Place(PlaceKind.PAGE, 3)
    assert credited(page, "> Rye is sown.", "") is page
