"""Files of every format, damaged in places: each is read soundly, or refused with a reason."""

from __future__ import annotations

import random
import zipfile
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from askdoc.errors import ReadError
from askdoc.readers import reader_for
from askdoc.types import Reading

if TYPE_CHECKING:
    from tests.corpus.conftest import Made

CODES = {"binary", "broken", "empty", "encrypted", "no_text", "too_large"}
TRIES = 12


def damaged(data: bytes, dice: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at, size = dice.randrange(len(made) + 1), dice.choice((1, 8, 80))
        match dice.randrange(3):
            case 0:
                made[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del made[at : at + size]
            case _:
                made[at:at] = made[at : at + size] * 2
    return bytes(made)


def damaged_within(data: bytes, dice: random.Random) -> bytes:
    """Damage one member of an archive, so that the archive itself is sound."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        chosen = dice.choice(old.namelist())
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, damaged(content, dice) if name == chosen else content)
    return out.getvalue()


def names() -> list[str]:
    source = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
    return [line.split('"')[1] for line in source.splitlines() if line.startswith("@makes(")]


@pytest.mark.parametrize("name", [*names(), "pier.py", "pier.cpp"])
def test_damage_is_read_soundly_or_refused(name: str, made: dict[str, Made]) -> None:
    dice = random.Random(name)  # noqa: S311 - not for secrets
    data = made[name].data
    for number in range(TRIES):
        inside = data.startswith(b"PK") and number % 2 == 0
        broken = damaged_within(data, dice) if inside else damaged(data, dice)
        try:
            reading = reader_for(name).read(broken, name=name)
        except ReadError as error:
            assert (error.code in CODES, str(error)[:1]) == (True, "`")  # noqa: PT017
        else:
            expect_sound(reading)


def expect_sound(reading: Reading) -> None:
    reading.text.encode()
    assert reading.blocks or reading.parts
    for block in reading.blocks:
        assert block.of(reading.text).strip() == block.of(reading.text) != ""
    assert all(a.end <= b.start for a, b in pairwise(reading.blocks))
    assert all(a.start <= b.start for a, b in pairwise(reading.sections))
    assert all(a.start <= b.start for a, b in pairwise(reading.landmarks))
    for part in reading.parts:
        if isinstance(part.outcome, Reading):
            expect_sound(part.outcome)


@pytest.mark.parametrize("name", ["letter.docx", "slides.pptx"])
def test_damaged_properties_leave_the_text_readable(name: str, made: dict[str, Made]) -> None:
    """Found by damaging files at random: properties of a type that the library does not know."""
    before, after = b"core-properties+xml", b"core-propertiex+xml"
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(made[name].data)) as old, zipfile.ZipFile(out, "w") as new:
        assert before in old.read("[Content_Types].xml")
        for one in old.namelist():
            new.writestr(one, old.read(one).replace(before, after))
    reading = reader_for(name).read(out.getvalue(), name=name)
    assert "lighthouse keeper" in reading.text
