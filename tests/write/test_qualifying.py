from __future__ import annotations

import pytest

from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Support
from askdoc.write.check.checker import Check, Source

_ANALYSER = SnowballAnalyser()
CHECK = Check(lambda text: _ANALYSER.terms(text, "en"))
ORDER = (Support.UNSUPPORTED, Support.PARTIAL, Support.SUPPORTED)


def judged(claim: str, source: str, most: str, context: str = "") -> bool:
    """Tell whether the verdict is `most`, or a lower one where that is not `supported`."""
    found = CHECK(claim, [Source("1", source, context)]).support
    if most == "supported":
        return found is Support.SUPPORTED
    return found in ORDER[: ORDER.index(Support(most)) + 1]


@pytest.mark.parametrize(
    ("most", "claim", "source", "context"),
    [
        (
            "unsupported",
            "The Brenn mill was sold to Zed.",
            "The Brenn mill was sold to Olga Rust.",
            "The mill Zed came to the valley.",
        ),
        (
            "unsupported",
            "The bridge was designed by Karl Holm.",
            "The bridge was designed by Ada Berg.",
            "Karl Holm was mayor.",
        ),
        (
            "unsupported",
            "The ferry sails from Riga to Oslo.",
            "The ferry sails from Riga to Kiel.",
            "Oslo",
        ),
        (
            "unsupported",
            "Vera Lind bought the farm from Zed.",
            "Vera Lind bought the farm in May.",
            "Zed left.",
        ),
        ("supported", "Elsa Rohde was born in Lübeck.", "She was born in Lübeck.", "Elsa Rohde"),
        (
            "supported",
            "The Brenn mill was sold to Olga Rust.",
            "The mill was sold to Olga Rust.",
            "The Brenn mill stood empty.",
        ),
        (
            "supported",
            "In 1861 Elsa Rohde moved to Riga.",
            "In 1861 she moved to Riga.",
            "Elsa Rohde",
        ),
        (
            "unsupported",
            "Zed was sold the Brenn mill.",
            "The Brenn mill was sold to Olga Rust.",
            "Zed came.",
        ),
        (
            "unsupported",
            "Zed bought the Brenn mill.",
            "Olga Rust bought the Brenn mill.",
            "Zed came.",
        ),
        (
            "unsupported",
            "The lighthouse was built by Peder Lund.",
            "The lighthouse was built by the navy.",
            "Peder Lund was its keeper.",
        ),
        ("unsupported", "The choir sang in Vienna.", "The choir sang in Graz.", "Vienna"),
        ("supported", "Graz has 300,000 inhabitants.", "The city has 300,000 inhabitants.", "Graz"),
        (
            "supported",
            "Ada Berg designed the hall.",
            "Berg designed the hall.",
            "Ada Berg studied in Kiel.",
        ),
        (
            "unsupported",
            "Zed designed the hall.",
            "Berg designed the hall.",
            "Zed studied in Kiel.",
        ),
        ("supported", "Peder Lund kept bees.", "He kept bees.", "Peder Lund retired in May."),
        (
            "unsupported",
            "Peder Lund kept bees in Kiel.",
            "He kept bees.",
            "Peder Lund retired in Kiel.",
        ),
        ("supported", "The population of Graz is 300,000.", "The population is 300,000.", "Graz"),
    ],
)
def test_what_a_claim_says_must_stand_in_the_cited_sentence(
    most: str, claim: str, source: str, context: str
) -> None:
    assert judged(claim, source, most, context)


@pytest.mark.parametrize(
    ("most", "claim", "source"),
    [
        (
            "unsupported",
            "The Orla is shorter than the Vesna but longer than the Tarn.",
            "The Orla is longer than the Vesna but shorter than the Tarn.",
        ),
        (
            "unsupported",
            "Zinc is cheaper than tin and heavier than lead.",
            "Zinc is heavier than tin and cheaper than lead.",
        ),
        (
            "unsupported",
            "The new hall is smaller than the old one but taller than the church.",
            "The new hall is taller than the old one but smaller than the church.",
        ),
        (
            "unsupported",
            "Riga has fewer schools than Kiel but more than Oslo.",
            "Riga has more schools than Kiel but fewer than Oslo.",
        ),
        (
            "supported",
            "The Orla is shorter than the Tarn but longer than the Vesna.",
            "The Orla is longer than the Vesna but shorter than the Tarn.",
        ),
        (
            "supported",
            "The Orla is longer than the Vesna.",
            "The Orla is longer than the Vesna but shorter than the Tarn.",
        ),
        (
            "unsupported",
            "Oak is softer than ebony but harder than pine.",
            "Oak is harder than ebony but softer than pine.",
        ),
        (
            "unsupported",
            "The night train is slower than the bus, but cheaper than the plane.",
            "The night train is cheaper than the bus, but slower than the plane.",
        ),
        (
            "supported",
            "Oak is softer than ebony.",
            "Oak is softer than ebony but harder than pine.",
        ),
    ],
)
def test_comparisons_keep_their_sides(most: str, claim: str, source: str) -> None:
    assert judged(claim, source, most)


@pytest.mark.parametrize(
    ("most", "claim", "source"),
    [
        (
            "unsupported",
            "The museum is closed in July.",
            "The museum is closed on Mondays except in July.",
        ),
        (
            "unsupported",
            "The museum is open on Mondays except in July.",
            "The museum is closed on Mondays except in July.",
        ),
        (
            "supported",
            "Except in July, the museum is closed on Mondays.",
            "The museum is closed on Mondays except in July.",
        ),
        (
            "unsupported",
            "Dogs are admitted to the garden.",
            "All animals other than dogs are admitted to the garden.",
        ),
        (
            "unsupported",
            "The library lends the atlases.",
            "The library lends everything but the atlases.",
        ),
        (
            "unsupported",
            "The pool stays open during storms.",
            "The pool stays open all day, except during storms.",
        ),
        (
            "unsupported",
            "The licence is renewed if a fine is unpaid.",
            "The licence is renewed each year unless a fine is unpaid.",
        ),
        (
            "unsupported",
            "Entry is free for groups.",
            "Entry is free for all visitors except groups.",
        ),
        ("unsupported", "Shops may sell fireworks.", "Shops may sell anything but fireworks."),
        (
            "unsupported",
            "The warranty covers scratches.",
            "The warranty covers all damage other than scratches.",
        ),
        (
            "unsupported",
            "The insurance covers floods.",
            "The insurance covers fires but not floods.",
        ),
        (
            "supported",
            "Entry is free for all visitors except groups.",
            "Entry is free for all visitors, except for groups.",
        ),
        (
            "supported",
            "Ferries run daily unless the wind is strong.",
            "Ferries run daily unless the wind is too strong.",
        ),
    ],
)
def test_exceptions_stay_exceptions(most: str, claim: str, source: str) -> None:
    assert judged(claim, source, most)


@pytest.mark.parametrize(
    ("most", "claim", "source"),
    [
        ("unsupported", "The motion passed by 5 votes to 8.", "The motion passed by 8 votes to 5."),
        (
            "unsupported",
            "The population fell to 30,000 in 2010.",
            "The population grew from 30,000 in 2010 to 85,000 in 2022.",
        ),
        (
            "unsupported",
            "The population grew to 30,000 in 2010.",
            "The population grew from 30,000 in 2010 to 85,000 in 2022.",
        ),
        ("unsupported", "Output rose by 40 tonnes.", "Output rose to 40 tonnes."),
        (
            "unsupported",
            "The fee rose from 12 euros to 9 euros.",
            "The fee rose from 9 euros to 12 euros.",
        ),
        ("unsupported", "The team won by 2 goals to 3.", "The team won by 3 goals to 2."),
        ("unsupported", "The shop opens from 6 pm to 9 am.", "The shop opens from 9 am to 6 pm."),
        (
            "supported",
            "The population was 30,000 in 2010.",
            "The population grew from 30,000 in 2010 to 85,000 in 2022.",
        ),
        (
            "supported",
            "The population rose to 85,000 by 2022.",
            "The population grew from 30,000 in 2010 to 85,000 in 2022.",
        ),
        (
            "supported",
            "By 8 votes to 5, the motion was passed.",
            "The motion passed by 8 votes to 5.",
        ),
        ("unsupported", "Rents rose by 900 euros in 2019.", "Rents rose to 900 euros in 2019."),
        (
            "unsupported",
            "The jury voted 2-7 for the red design.",
            "The jury voted 7-2 for the red design.",
        ),
        (
            "unsupported",
            "The herd shrank to 400 animals.",
            "The herd shrank from 400 to 90 animals.",
        ),
        ("supported", "The herd shrank to 90 animals.", "The herd shrank from 400 to 90 animals."),
        (
            "supported",
            "From 400 animals the herd shrank to 90.",
            "The herd shrank from 400 to 90 animals.",
        ),
        ("supported", "The office is open from 8 until 5.", "The office is open from 8 to 5."),
    ],
)
def test_numbers_keep_their_ends(most: str, claim: str, source: str) -> None:
    assert judged(claim, source, most)


@pytest.mark.parametrize(
    ("most", "claim", "source"),
    [
        (
            "partial",
            "The council will extend the tram line.",
            "The council may extend the tram line.",
        ),
        ("partial", "The council extends the tram line.", "The council may extend the tram line."),
        (
            "partial",
            "The city built a new pier.",
            "The city plans to build a new pier, but work has not begun.",
        ),
        ("partial", "The lake is bottomless.", "The lake was once thought to be bottomless."),
        ("partial", "Whales are fish.", "Whales were once thought to be fish."),
        ("partial", "The drug will cure the fever.", "The drug could cure the fever."),
        (
            "partial",
            "The firm opened a second plant.",
            "The firm hopes to open a second plant in May.",
        ),
        (
            "partial",
            "The school has hired two teachers.",
            "The school intends to hire two teachers.",
        ),
        (
            "supported",
            "The council may extend the tram line.",
            "The council may extend the tram line to the port.",
        ),
        (
            "supported",
            "The council might extend the tram line.",
            "The council may extend the tram line.",
        ),
        (
            "supported",
            "The city plans to build a new pier.",
            "The city plans to build a new pier, but work has not begun.",
        ),
        (
            "partial",
            "The bank will soon close two branches.",
            "The bank may soon close two branches.",
        ),
        (
            "partial",
            "The bank closed two branches.",
            "The bank is considering closing two branches.",
        ),
        ("partial", "The tower will be sold.", "The tower may later be sold."),
        ("partial", "The comet is a star.", "The comet was long believed to be a star."),
        ("partial", "The bridge will open in June.", "The bridge is expected to open in June."),
        ("partial", "Salt caused the rust.", "Salt probably caused the rust."),
        ("partial", "The ruin is haunted.", "The ruin is said to be haunted."),
        ("partial", "The firm will hire forty people.", "The firm could hire forty people."),
    ],
)
def test_a_plan_or_an_opinion_does_not_become_a_fact(most: str, claim: str, source: str) -> None:
    assert judged(claim, source, most)


@pytest.mark.parametrize(
    ("most", "claim", "source"),
    [
        ("partial", "The mine is safe.", "The owner said that the mine is safe."),
        (
            "partial",
            "The wall dates from 1200.",
            "According to Ada Berg, the wall dates from 1200.",
        ),
        (
            "partial",
            "The fire began in the kitchen.",
            "The fire began in the kitchen, a neighbour claimed.",
        ),
        ("partial", "Eels sleep in winter.", "Fishermen believe that eels sleep in winter."),
        ("unsupported", "The mayor took money.", "The mayor denied taking money."),
        (
            "supported",
            "The owner said that the mine is safe.",
            "The owner said that the mine is safe.",
        ),
        (
            "supported",
            "The mine is safe, according to the owner.",
            "The owner said that the mine is safe.",
        ),
        (
            "supported",
            "The owner stated that the mine was safe.",
            "The owner said that the mine was safe for visitors.",
        ),
        ("partial", "The river is clean.", "The factory claims the river is clean."),
        ("partial", "Prices will not rise.", "The grocer insisted that prices will not rise."),
        (
            "partial",
            "The painting is a forgery.",
            "In the opinion of Ada Berg, the painting is a forgery.",
        ),
        ("partial", "The dog bit first.", "The dog bit first, the boy said."),
        (
            "unsupported",
            "The company dumped waste in the lake.",
            "The company denied dumping waste in the lake.",
        ),
        (
            "unsupported",
            "The coach admitted that he had lied.",
            "The coach denied that he had lied.",
        ),
        (
            "supported",
            "The coach denied that he had lied.",
            "The coach denied that he had lied to the team.",
        ),
        (
            "supported",
            "The factory says the river is clean.",
            "The factory claims the river is clean.",
        ),
    ],
)
def test_what_somebody_says_does_not_become_a_fact(most: str, claim: str, source: str) -> None:
    assert judged(claim, source, most)


@pytest.mark.parametrize(
    ("most", "claim", "source"),
    [
        ("partial", "Fishermen opposed the dam.", "Most fishermen opposed the dam."),
        ("partial", "All fishermen opposed the dam.", "Most fishermen opposed the dam."),
        ("partial", "Adults pay half.", "Only adults over 65 pay half."),
        ("partial", "Farmers use the well.", "Some farmers use the well."),
        ("partial", "The houses have cellars.", "Few of the houses have cellars."),
        ("partial", "The rooms face the sea.", "Half of the rooms face the sea."),
        ("partial", "Most pupils walk to school.", "Some pupils walk to school."),
        ("supported", "Most fishermen opposed the dam.", "Most fishermen opposed the dam in 1970."),
        ("supported", "Many farmers use the well.", "Many farmers still use the well."),
        ("supported", "Only adults over 65 pay half.", "Only adults over 65 pay half on weekdays."),
        ("partial", "Students own a bicycle.", "Many students own a bicycle."),
        ("partial", "Every student owns a bicycle.", "Many students own a bicycle."),
        ("partial", "Bees survived the frost.", "A few bees survived the frost."),
        ("partial", "Members may vote.", "Only members of five years may vote."),
        ("partial", "Trees were felled.", "About half of the trees were felled."),
        ("supported", "Half of the trees were felled.", "About half of the trees were felled."),
        ("supported", "Several windows broke.", "Several windows broke in the storm."),
    ],
)
def test_quantifiers_are_neither_dropped_nor_widened(most: str, claim: str, source: str) -> None:
    assert judged(claim, source, most)


@pytest.mark.parametrize(
    ("most", "claim", "source"),
    [
        ("unsupported", "The flood saved the harvest.", "The flood ruined the harvest."),
        ("unsupported", "The minister confirmed the report.", "The minister denied the report."),
        (
            "unsupported",
            "The minister said the report was true.",
            "The minister denied the report was true.",
        ),
        ("unsupported", "The gate is open at night.", "The gate is closed at night."),
        ("unsupported", "Jan Moe painted the altar.", "Ole Dahl painted the altar."),
        ("unsupported", "The judge acquitted the baker.", "The judge convicted the baker."),
        ("unsupported", "The army built the fort.", "The army destroyed the fort."),
        ("unsupported", "The club lost the cup.", "The club won the cup."),
        ("unsupported", "The road is safe in winter.", "The road is dangerous in winter."),
        ("unsupported", "The council rejected the plan.", "The council approved the plan."),
        ("unsupported", "The king freed the poet.", "The king imprisoned the poet."),
        ("unsupported", "The farm hired ten workers.", "The farm dismissed ten workers."),
        ("unsupported", "The ointment is harmless.", "The ointment is harmful."),
        ("unsupported", "The ship floated.", "The ship sank."),
        ("unsupported", "The bakery opened in May.", "The bakery closed in May."),
    ],
)
def test_the_opposite_of_the_source_is_unsupported(most: str, claim: str, source: str) -> None:
    assert judged(claim, source, most)
