"""What a question asks about and a text does not hold."""

from __future__ import annotations

import pytest

from askdoc.ask.confidence import named, unmet
from askdoc.text.terms import SnowballAnalyser


def terms(text: str) -> list[str]:
    return SnowballAnalyser().terms(text, "en")


def lacking(question: str, text: str) -> list[str]:
    return unmet(question, dict.fromkeys(terms(question)), text, terms)


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("What does the K70 weigh?", "The K50 weighs 3 kg. The K60 weighs 4 kg.", ["k70"]),
        ("how much rain fell in 1987", "In 1986 rain of 800 mm fell.", ["1987"]),
        ("Where did Ida Brekke study?", "Nils Brekke\nHe studied in Graz.", ["ida"]),
        ("Which port does the quay of Salm serve?", "The quay of Torn serves all.", ["salm"]),
        ("usual dose of codeine", "The usual dose of morphine is 10 mg.", ["codein"]),
    ],
)
def test_another_year_model_person_or_thing_is_missed(
    question: str, text: str, missing: list[str]
) -> None:
    assert lacking(question, text) == missing


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who purchased the yard?", "The yard was bought by Lund & Co."),
        ("Who is the teacher of the choir?", "Ola teaches the choir."),
        ("What does the K-70 weigh?", "The K70 weighs 3 kg."),
        ("When does support of v3 end?", "Version: 3.0.0 | End of support: 2023-06-30"),
        ("What does the K70 weigh?", "The K 70 weighs 3 kg."),
        ("What was built in the 1920s?", "The mill was built in 1920."),
        ("How many people live in the United Arab Emirates?", "9 million people live in the UAE."),
        ("Who leads the WHO?", "The World Health Organization is led by its director."),
        ("What do the Olsens grow?", "The Olsen family grows flax."),
    ],
)
def test_what_is_said_otherwise_is_there(question: str, text: str) -> None:
    assert lacking(question, text) == []


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How heavy is the bell?", "The bell weighs 2 t."),
        ("Which city has the bell?", "Graz has the bell."),
        ("how many guests came to the wedding", "Eighty came to the wedding."),
    ],
)
def test_an_answer_need_not_repeat_of_what_kind_it_is(question: str, text: str) -> None:
    assert lacking(question, text) == []


def test_a_kind_that_is_a_name_or_number_is_asked_about() -> None:
    assert lacking("What K70 parts are there?", "Parts of the K60 are listed.") == ["k70"]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Where did Ida Brekke study in 1950?", {"ida", "brekk", "1950"}),
        ("Ida Brekke studied where?", {"ida", "brekk"}),
        ("Describe the bell of Graz", {"graz"}),
        ("where did ida study with the k70", {"k70"}),
        ("WHERE DID IDA STUDY", set()),
        ("Where Did Ida Study", set()),
        ("Graz", set()),
        ("", set()),
    ],
)
def test_names_and_numbers_of_a_question(question: str, names: set[str]) -> None:
    assert named(question, terms) == names


def test_where_every_noun_has_a_capital_it_makes_no_name() -> None:
    question = "Wie viel wiegt die Glocke von Graz seit 1950?"
    assert named(question, str.split, "de") == {"1950"}
    assert named(question, str.split, "en") == {"Glocke", "Graz", "1950"}


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("how many took part in the phase iii trial", {"iii"}),
        ("WHAT DID PHASE III SHOW", {"iii"}),
        ("When did World War II end?", {"world", "war", "ii"}),
        ("what did henry viii do", {"viii"}),
        ("what does article iv say about phase 3", {"iv", "3"}),
        ("what is in the mix", set()),
        ("how large is the cd", set()),
        ("where is the x of the map", set()),
        ("how do i stop", set()),
    ],
)
def test_a_roman_numeral_behind_a_noun_is_a_name(question: str, names: set[str]) -> None:
    assert named(question, terms) == names


def test_a_roman_numeral_is_a_name_where_every_noun_has_a_capital() -> None:
    assert named("Wie viele waren in Phase III?", str.split, "de") == {"III"}


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("phase III trial", "The phase 3 trial"),
        ("phase 3 trial", "The phase III trial"),
        ("phase iii trial", "Trial of Phase-III"),
        ("Article IV of the law", "Article 4 of the law"),
        ("article 14 of the law", "Articles XIII and XIV of the law"),
        ("phase 1 trial", "The phase I trial"),
    ],
)
def test_a_number_is_held_in_other_figures(question: str, text: str) -> None:
    assert lacking(question, text) == []


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("phase III trial", "The phase II trial, of 3 patients", ["iii"]),
        ("phase 3 trial", "The phase II trial in part III", ["3"]),
        ("Henry VIII", "Henry VII, king", ["viii"]),
        ("World War II", "World War I", ["ii"]),
        ("Article IV", "Article 6", ["iv"]),
        ("the 1984 law", "the law", ["1984"]),
    ],
)
def test_another_number_is_missed_in_any_figures(
    question: str, text: str, missing: list[str]
) -> None:
    assert lacking(question, text) == missing
