from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.write.conftest import Scripted, evidence, terms

from askdoc.types import Support
from askdoc.write.check.checker import Check
from askdoc.write.check.shortening import altered
from askdoc.write.writer import Limits, Writer

MILL = (
    "In 1850, the old mill at Oren, which had stood empty, was also sold to a baker, and it burned "
    "down soon after."
)


@pytest.mark.parametrize(
    "claim",
    [
        MILL,
        "The old mill at Oren, which had stood empty, was also sold to a baker.",
        "In 1850, the old mill at Oren was also sold to a baker.",
        "In 1850, the mill at Oren was sold to a baker.",
        "the old mill at Oren was sold to a baker",
        "The old mill at Oren, which had stood empty, was sold to a baker in 1850.",
    ],
)
def test_a_sentence_can_be_shortened(claim: str) -> None:
    assert altered(claim, MILL, terms) is None


@pytest.mark.parametrize(
    ("claim", "source", "reason"),
    [
        ("The mill was bought by a baker.", "The mill was sold to a baker.", "“bought by”"),
        ("The book by Ola Ness.", "The book, Ola Ness's favourite, is lost.", "“by”"),
        ("The dam holds 40 fish.", "The dam holds up to 40 fish.", "“up to”"),
        ("The mayor spoke.", "The former mayor spoke.", "“former”"),
        ("The mayor spoke.", "The mayor's brother spoke.", "“brother”"),
        ("Ole Dahl founded it.", "The son of Ole Dahl founded it.", "“The son of”"),
        ("The bridge fell.", "It is said that the bridge fell.", "“It is said that”"),
        ("The bridge fell.", "The bridge almost fell.", "“almost”"),
        ("Dogs are allowed.", "Dogs are not allowed.", "“not”"),
        ("Dogs are allowed.", "Dogs are allowed if they are small.", "“if they are small”"),
        ("It ran between Riga.", "It ran between Riga and Kiel.", "“and Kiel”"),
        ("She was the first woman.", "She was the first woman in Riga to fly.", "“in Riga to fly”"),
        ("Half voted.", "Half voted against the plan.", "“against the plan”"),
        ("Karl killed Ole.", "Karl was killed by Ole.", "“was”"),
        ("It was red.", "It was red or green.", "“or green”"),
        ("The mill was old.", "According to Dahl, the mill was old.", "“According to Dahl”"),
        ("It is open.", "It is open, but only on Sundays.", "“but only on Sundays”"),
        ("The council met.", "The city council of Oren met.", "“of Oren”"),
    ],
)
def test_what_a_sentence_hangs_on_cannot_be_left_out(claim: str, source: str, reason: str) -> None:
    found = altered(claim, source, terms)
    assert found is not None
    assert found.startswith(reason)


@given(st.text(), st.text())
def test_anything_can_be_compared(claim: str, source: str) -> None:
    assert altered(source, source, terms) is None
    altered(claim, source, terms)


def test_of_a_model_without_words_of_its_own_only_what_shortens_a_sentence_is_shown() -> None:
    said = (
        "- The old mill at Oren was sold to a baker in 1850. [1]\n"
        "- The old mill, which stood empty, was sold. [1]\n"
    )
    for own_words, shown in ((False, 1), (True, 2)):
        writer = Writer(Scripted(said), Check(terms), terms, limits=Limits(own_words=own_words))
        draft = writer.write("Who bought the mill?", evidence(MILL), lambda _: None)
        assert len(draft.claims) == shown
    writer = Writer(Scripted(said), Check(terms), terms, limits=Limits(own_words=False))
    (withheld,) = writer.write("Who?", evidence(MILL), lambda _: None).generation.withheld
    assert withheld.support is Support.PARTIAL
    assert withheld.reasons[0].endswith("[1]")
