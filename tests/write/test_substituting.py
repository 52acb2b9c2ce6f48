"""A sentence with one of its words exchanged, and claims that all of what was said of some."""

from __future__ import annotations

import pytest
from tests.write.conftest import terms

from askdoc.types import Support
from askdoc.write.check.checker import Check, Source

CHECK = Check(terms)
SILT = "Pavel Hruska reported that the dredging of the channel had removed a lot of silt."
RECORD = "name: Ruth Okafor | department: Finance | salary: 61000 | manager: Leo Brandt"
CHAMBERS = "Two chambers were found, the larger of which held the bones of a horse."
FIRE = "The police do not believe that the fire at the mill was arson."


@pytest.mark.parametrize(
    ("claim", "source", "why"),
    [
        (
            SILT.replace("silt", "sand"), SILT, "“sand” stands in the place of “silt” in [1]",
        ),
        (
            "It stops if the key is missing.",
            "It returns nothing if the key is missing, and stops if the file is broken.",
            "“if the key is missing” is the condition of something else in [1]",
        ),
        ("All members voted.", "Some members voted.", "“all” goes further than “some” in [1]"),
        (
            "All pupils got a prize.", "All pupils who had read every book got a prize.",
            "“pupils who had read every book” are fewer in [1]",
        ),
        (
            "Both chambers held the bones of a horse.", CHAMBERS,
            "it is said of “the larger of which” in [1]",
        ),
    ],
)  # fmt: skip
def test_what_the_source_says_of_another_thing_is_refused_with_the_reason(
    claim: str, source: str, why: str
) -> None:
    verdict = CHECK(claim, [Source("1", source)])
    assert verdict.support is Support.UNSUPPORTED
    assert why in verdict.reasons


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Members who had paid voted.", "Some of the members who had paid voted."),
        ("All pupils who had read every book got a prize.",
         "All pupils who had read every book got a prize."),
        ("The larger chamber held a horse's bones.", CHAMBERS),
        ("Pupils with every book read got a prize.",
         "Pupils who had read every book got a prize."),
        ("Leo Brandt is the manager of Ruth Okafor.", RECORD),
        ("The police do not think the mill fire was arson.", FIRE),
        ("It stops if the file is broken.",
         "It returns nothing if the key is missing, and stops if the file is broken."),
        ("A signal failure delayed the train.", "The train was delayed after a signal failed."),
        ("The Danish king signed it.", "The king of Denmark signed it."),
        ("The census showed that it shrank.", "It shrank, according to the census."),
        ("It pays up to 90 euros.",
         "It covers theft, unless a window was open, and pays up to 90 euros."),
        ("At mine A the water was colder than at mine B.",
         "The water was warmer at mine B than at mine A."),
        ("At the earliest on 3 May 2021 he may leave.", "He may leave, but not before 3 May 2021."),
        ("On Sunday Orr lost the final to Ito.", "Ito beat Orr in the final on Sunday."),
    ],
)  # fmt: skip
def test_the_same_in_other_words_is_not_refused(claim: str, source: str) -> None:
    assert CHECK(claim, [Source("1", source)]).support is not Support.UNSUPPORTED
