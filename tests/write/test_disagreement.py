"""Pairs of sentences that share words and units: which of them contradict each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.write.conftest import Scripted, evidence, terms

from askdoc.types import Draft, Evidence
from askdoc.write.check.checker import Check, Source
from askdoc.write.check.disagreement import disagreements
from askdoc.write.writer import Writer

ON_DIFFERENT_THINGS = [
    (
        "The tenant pays EUR 4,250.",
        "Repairs below EUR 500 are paid by the tenant; the landlord pays the rest.",
    ),
    (
        "The tenant pays a monthly rent of EUR 4,250.",
        "The tenant pays a deposit of EUR 12,750.",
    ),
    (
        "The monthly rent of the shop is EUR 4,250.",
        "The monthly rent of the flat is EUR 1,100.",
    ),
    (
        "The monthly rent for parking is EUR 80.",
        "The monthly rent for storage is EUR 60.",
    ),
    (
        "The bridge at Alder opened in 1901.",
        "The bridge at Holm opened in 1911.",
    ),
    (
        "In 2021 the museum had 40,000 visitors.",
        "In 2022 the museum had 52,000 visitors.",
    ),
    (
        "The museum had 40,000 visitors in March.",
        "The museum had 52,000 visitors in April.",
    ),
    (
        "The pump weighs 40 kg when empty.",
        "The pump weighs 65 kg when full.",
    ),
    (
        "The north wall is 12 m long.",
        "The south wall is 9 m long.",
    ),
    (
        "Adults take 20 mg of the drug a day.",
        "Children take 5 mg of the drug a day.",
    ),
    (
        "The first delivery weighs 300 kg.",
        "The second delivery weighs 450 kg.",
    ),
    (
        "Work on the dam began in 1928.",
        "Work on the dam ended in 1931.",
    ),
    (
        "The minimum order is 50 pieces.",
        "The maximum order is 500 pieces.",
    ),
    (
        "The reservoir holds up to 90 million litres of water.",
        "In August the reservoir held 30 million litres of water.",
    ),
    (
        "Delivery within the city takes 2 days.",
        "Delivery abroad takes 9 days.",
    ),
    (
        "The notice period for tenants is three months.",
        "The notice period for the landlord is six months.",
    ),
    (
        "Each room costs 80 euros per night.",
        "Each room costs 480 euros per week.",
    ),
    (
        "The plan includes 10 GB of storage.",
        "The Team plan includes 100 GB of storage.",
    ),
    (
        "The train to Bergen leaves at 8:15 and takes 6 hours.",
        "The train to Oslo leaves at 8:15 and takes 7 hours.",
    ),
    (
        "The contract was signed on 3 May 2019.",
        "The contract was amended on 7 June 2020.",
    ),
    (
        "More than 200 people work in the plant.",
        "The plant needs at least 150 people to work.",
    ),
    (
        "The warranty of the motor lasts 5 years.",
        "The warranty of the battery lasts 2 years.",
    ),
    (
        "The mill was sold for 900 pounds to Ada Berg.",
        "The mill was sold for 1,400 pounds to Ole Dahl.",
    ),
    (
        "The rent was EUR 4,250 before the amendment.",
        "The rent is EUR 4,600 after the amendment.",
    ),
    (
        "The fee of 20 euros is not charged to members.",
        "The fee of 10 euros is charged to members.",
    ),
    (
        "The lift carries 6 people.",
        "The lift of the annex carries 9 people.",
    ),
    (
        "Room 12 is closed to visitors.",
        "Room 14 is closed to visitors.",
    ),
    (
        "Ada owes Ole 5 euros.",
        "Ole owes Ada 7 euros.",
    ),
    (
        "It weighs 40 kg in all.",
        "It weighs 45 kg in all.",
    ),
    (
        "The town has 4.2 million inhabitants.",
        "The town has 4,231,000 inhabitants.",
    ),
    (
        "The hall seats about 200 people.",
        "The hall seats 204 people.",
    ),
    (
        "The fair took place in 2019.",
        "The fair took place in 2022.",
    ),
    (
        "Smith scored 14 goals for Leeds.",
        "Smith scored 9 goals for Hull.",
    ),
    (
        "Salt and pepper cost 5 euros.",
        "Pepper costs 4 euros.",
    ),
    (
        "Interest is 4 percent before tax.",
        "Interest is 3 percent after tax.",
    ),
    (
        "The fee is 20 euros.",
        "The fee is 20 dollars.",
    ),
    (
        "The price rose by 5 percent.",
        "The price fell by 3 percent.",
    ),
]

ON_THE_SAME = [
    (
        "The monthly rent is EUR 4,250.",
        "The monthly rent is EUR 4,600.",
    ),
    (
        "The rent is EUR 4,250 per month.",
        "The monthly rent is EUR 4,600.",
    ),
    (
        "The dam at Oren holds 90 million litres of water.",
        "The dam at Oren holds 70 million litres of water.",
    ),
    (
        "The bridge opened in 1901 and cost 40 million francs.",
        "The bridge opened in 1911 and cost 40 million francs.",
    ),
    (
        "The notice period is three months.",
        "The notice period is 6 months.",
    ),
    (
        "The pump weighs 40 kg.",
        "The pump weighs 45 kg.",
    ),
    (
        "The warranty lasts two years.",
        "The warranty lasts 5 years.",
    ),
    (
        "The museum opens at 9 am.",
        "The museum opens at 10 am.",
    ),
    (
        "The deposit amounts to EUR 12,750.",
        "The deposit amounts to EUR 9,000.",
    ),
    (
        "The Oren dam was completed in 1931.",
        "The Oren dam was completed in 1933.",
    ),
    (
        "Ada Berg bought the mill in 1850 for 900 pounds.",
        "Ada Berg bought the mill in 1850 for 950 pounds.",
    ),
    (
        "In 2021 the museum had 40,000 visitors.",
        "The museum had 52,000 visitors in 2021.",
    ),
    (
        "VAT is charged at 19 percent.",
        "VAT is charged at 16 percent.",
    ),
    (
        "The lift carries six people.",
        "The lift carries 9 people; children count as half.",
    ),
    (
        "Interest is charged at 4 percent.",
        "Interest is charged at 5 percent.",
    ),
    (
        "The company was founded in 1987.",
        "The company was founded in 1978.",
    ),
]


def told(one: str, other: str) -> bool:
    sources = [(1, Source("1", one)), (2, Source("2", other))]
    found = disagreements(sources, terms)
    assert bool(found) == bool(disagreements(sources[:1], terms, beyond=sources[1:]))
    assert bool(found) == bool(disagreements(sources[::-1], terms))
    return bool(found)


@pytest.mark.parametrize(("one", "other"), ON_DIFFERENT_THINGS)
def test_sentences_on_different_things_do_not_disagree(one: str, other: str) -> None:
    assert not told(one, other)


@pytest.mark.parametrize(("one", "other"), ON_THE_SAME)
def test_sentences_with_another_value_for_the_same_disagree(one: str, other: str) -> None:
    assert told(one, other)


def write(question: str, said: str, found: list[Evidence]) -> Draft:
    writer = Writer(Scripted(said), Check(terms), terms)
    return writer.write(question, found, lambda _: None)


def test_nothing_is_added_to_an_answer_that_nothing_contradicts() -> None:
    repairs = "Repairs below EUR 500 are paid by the tenant; the landlord pays for the others."
    draft = write(
        "What does the tenant pay?",
        "- The tenant pays EUR 4,250. [1]\n",
        evidence("The tenant pays EUR 4,250.", repairs),
    )
    assert [claim.text for claim in draft.claims] == ["The tenant pays EUR 4,250."]
    assert not draft.generation.disagreements


RENT, OTHER_RENT = "The monthly rent is EUR 4,250.", "The monthly rent is EUR 4,600."


@pytest.mark.parametrize(
    ("title", "other_title", "disagree"),
    [
        ("Lease agreement", "Amendment to the lease", True),
        ("Lease", None, True),
        ("Lease of Alder House", "Lease of Holm House", False),
    ],
)
def test_titles_tell_versions_of_one_thing_from_things_of_one_sort(
    title: str, other_title: str | None, *, disagree: bool
) -> None:
    found = [
        replace(
            item,
            passage=replace(item.passage, document=replace(item.passage.document, title=name)),
        )
        for item, name in zip(evidence(RENT, OTHER_RENT), (title, other_title), strict=True)
    ]
    draft = write("What is the monthly rent?", f"- {RENT} [1]\n", found)
    assert [claim.text for claim in draft.claims] == [RENT, OTHER_RENT][: 1 + disagree]
    assert len(draft.generation.disagreements) == disagree
