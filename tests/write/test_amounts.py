"""Amounts and dates that a claim takes from its source, and gives to something else."""

from __future__ import annotations

import pytest
from tests.write.conftest import terms

from askdoc.types import Support
from askdoc.write.check.checker import Check, Source

CHECK = Check(terms)


def support(claim: str, source: str) -> Support:
    return CHECK(claim, [Source("1", source)]).support


COUNCIL = "The council voted by four votes to one to build the new fish market on the north quay."
RENT = "The rent rose from 410 euros to 450 euros in 2021, and the lease may not end before 2024."
HARP = "The museum bought the harp for 80 euros, half of which the guild paid."
BARN = "The barn was rebuilt with 12 windows instead of 9, in brick rather than oak, by 2 masons."


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The council voted to build four new markets on the north quay.", COUNCIL),
        ("The fine was 340 euros.", "The fine was 340 kroner, to be paid at once."),
        ("The barn was rebuilt with 9 windows.", BARN),
        ("The barn was rebuilt in oak.", BARN),
        ("It is free for who came before 2020.", "It is free for who came in 2020 or later."),
        ("The ferry leaves at 7:40 pm.", "The ferry leaves at 07:40 and at 16:15."),
        ("The rent rose by 45 euros in 2021.", RENT),
        ("The guild paid 80 euros.", HARP),
        ("It holds 18 000 litres.", "It holds 81,000 litres."),
    ],
)  # fmt: skip
def test_a_value_in_another_place_does_not_pass(claim: str, source: str) -> None:
    assert support(claim, source) is Support.UNSUPPORTED


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The council voted to build the market by four votes to one.", COUNCIL),
        ("The rent rose by 40 euros in 2021.", RENT),
        ("The museum bought the harp for 80 euros.", HARP),
        ("The barn was rebuilt in brick with 12 windows.", BARN),
        ("The barn was rebuilt with 12 windows instead of 9.", BARN),
        ("The ferry leaves at 7:40 am and 4:15 pm.", "The ferry leaves at 07:40 and at 16:15."),
        ("It holds 18 000 litres.", "It holds 18,000 litres."),
        ("Line 14 runs every 20 minutes.", "Bus line 14 runs every 20 minutes from 6 am."),
        ("Sixty thousand of the books date from before 1800.",
         "The library holds 60,000 books that date from before 1800."),
        ("It opens at 8 am.", "It opens at 8 o'clock am."),
        ("The fine was 340 kroner.", "The fine was NOK 340 kroner, to be paid at once."),
    ],
)  # fmt: skip
def test_a_value_in_its_place_passes(claim: str, source: str) -> None:
    assert support(claim, source) is Support.SUPPORTED
