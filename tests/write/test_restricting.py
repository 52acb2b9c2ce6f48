"""What a claim may not leave out, put into another time, or join to something else."""

from __future__ import annotations

import pytest

from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Support
from askdoc.write.check.checker import Check, Source, Verdict

_ANALYSER = SnowballAnalyser()


def _terms(text: str) -> list[str]:
    return _ANALYSER.terms(text, "en")


CHECK = Check(_terms)


def against(claim: str, *sources: str, context: str = "") -> Verdict:
    return CHECK(claim, [Source(str(n), text, context) for n, text in enumerate(sources, start=1)])


@pytest.mark.parametrize(
    ("claim", "source", "left_out"),
    [
        ("The lift must not be used.", "Until the cable is replaced, the lift must not be used.",
         "Until the cable is replaced"),
        ("Eels may be smoked, and are sold at the quay.",
         "In October, eels may be smoked, and are sold at the quay.", "In October"),
        ("The choir consisted of 30 boys.", "In 1871, the choir consisted of 30 boys.", "In 1871"),
        ("The syrup was no better than honey.",
         "In infants under two, the syrup was no better than honey.", "In infants under two"),
        ("Orders require a signature.", "Orders above 400 crowns require a signature.",
         "above 400 crowns"),
        ("The insurer is not liable for losses.",
         "The insurer is not liable for losses caused by moths.", "caused by moths"),
        ("Raw eggs should not be served.", "Raw eggs should not be served to sick guests.",
         "to sick guests"),
        ("The powder should not be sold to farmers.",
         "The powder should not be sold to organic farmers.", "organic farmers"),
        ("The gate is locked.", "The gate is locked during the harvest.", "during the harvest"),
        ("The lamps are lit by hand.", "Before the war, the lamps were lit by hand.",
         "Before the war"),
        ("A fee accrues of 5 percent.", "In the event of a delay, a fee accrues of 5 percent.",
         "In the event of a delay"),
    ],
)  # fmt: skip
def test_what_restricts_a_statement_is_not_left_out(claim: str, source: str, left_out: str) -> None:
    verdict = against(claim, source)
    assert verdict.support is Support.PARTIAL
    assert f"“{left_out}” is left out of what is said in [1]" in verdict.reasons


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The bank closed two branches.", "After the crisis, the bank closed two branches."),
        ("Half of the rats slept.", "In the trial, half of the rats slept."),
        ("The brook flows east.", "The brook flows east before joining the Odra."),
        ("Glass melts at 1,400 degrees.", "In addition, glass melts at 1,400 degrees."),
        ("The glue sets best at 20 °C.", "The glue sets best at 20 °C and is ruined above 50."),
        ("Hazel bears fruit.", "Hazel bears fruit, because it is hardy."),
        ("Dogs are not admitted.", "Guests must not smoke in the yard, and dogs are not admitted."),
    ],
)
def test_what_places_an_event_or_leads_in_may_be_left_out(claim: str, source: str) -> None:
    assert against(claim, source).support is Support.SUPPORTED


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Rosa Thal leads the harbour office.", "Rosa Thal had formerly led the harbour office."),
        ("The kiln is run by monks.", "The kiln was formerly run by monks."),
        ("The firm is a cooperative.", "The firm was a cooperative."),
    ],
)
def test_what_was_so_is_not_told_as_being_so(claim: str, source: str) -> None:
    verdict = against(claim, source)
    assert verdict.support is Support.PARTIAL
    assert "it is said of the past" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The tenant painted the fence.", "The tenant shall clean the yard and paint the fence."),
        ("The dam collapsed.", "Engineers expect the dam to collapse."),
        # before, after, until
        ("The fire began before the siren sounded.", "The fire began when the siren sounded."),
        ("After the roof is sealed, nobody may enter.",
         "Until the roof is sealed, nobody may enter."),
        ("Riga approved the plan after Turku rejected it.",
         "Riga approved the plan in May 2011, whereas Turku rejected it in June 2012."),
        # another place in the sentence
        ("Ada Holm signed for the city and Ole Berg for the bank.",
         "The lease was signed by Ole Berg for the city and by Ada Holm for the bank."),
        ("According to the police, 400 people marched.",
         "According to the organisers, 400 people marched; the police speak of 90."),
        ("Salt doubles the absorption of iron.", "Iron doubles the absorption of salt."),
        ("The guild shall protect strangers against theft by members.",
         "The guild shall protect members against theft by strangers."),
        ("All rooms built before 1900 were painted.", "Only rooms built before 1900 were painted."),
        ("Farms outside Turku were flooded.", "Farms in Turku were flooded."),
        ("The wax halves the speed of the sledge.", "The wax doubles the speed of the sledge."),
        # how often, how many
        ("The nurse comes weekly.", "The nurse comes daily."),
        ("The pass costs 30 crowns per year.", "The pass costs 30 crowns per month."),
        ("One missed payment ends the contract.", "Two missed payments end the contract."),
        ("Ole Berg opened the shop at 8:30.",
         "Ole Berg was called at 8:30 and opened the shop at 9:15."),
    ],
)  # fmt: skip
def test_words_of_another_time_place_or_number_are_no_support(claim: str, source: str) -> None:
    assert against(claim, source).support is Support.UNSUPPORTED


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("All guests receive soup.", "Guests receive soup daily."),
    ],
)
def test_more_than_the_source_says_is_partial(claim: str, source: str) -> None:
    assert against(claim, source).support is Support.PARTIAL


def test_a_word_of_one_source_in_the_place_of_a_word_of_another_is_no_support() -> None:
    one = "The new loom cut the waste from 31 to 12 kilos."
    other = "The old loom cut the waste from 30 to 27 kilos."
    verdict = against("The new loom cut the waste from 31 to 27 kilos.", one, other)
    assert verdict.support is Support.UNSUPPORTED
    assert verdict.reasons == ("“27” stands in the place of “12” in [1]",)


def test_what_one_of_several_sources_denies_is_no_support() -> None:
    verdict = against(
        "Three sailors drowned in the storm.",
        "No sailor drowned in the storm.",
        "Three sailors broke an arm, which healed.",
    )
    assert verdict.support is Support.UNSUPPORTED


def test_who_acts_on_a_thing_in_the_context_is_not_that_thing() -> None:
    sentence = "The survey was paid by Ostrum."
    context = "Ada Holm led the survey."
    claim = "Ada Holm was paid by Ostrum."
    assert against(claim, sentence, context=context).support is Support.UNSUPPORTED


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Among lambs, the salve cut losses by 9 percent.",
         "The salve did not help calves, but it cut losses among lambs by 9 percent."),
        ("The cellar was unharmed.", "The cellar was not harmed."),
        ("Output grew from 20 to 35 million tonnes.",
         "Output grew from 20 million tonnes to 35 million tonnes."),
        ("A clerk must approve loans above 90 crowns.",
         "Loans above 90 crowns require the approval of a clerk."),
        ("In 1999, Ostrum bought the quay from the city.",
         "The city sold the quay to Ostrum in 1999."),
        ("Since the strike, the mail is sorted by machines.",
         "Before the strike, the mail was sorted by hand; since then, it is sorted by machines."),
    ],
)  # fmt: skip
def test_the_same_from_another_side_is_supported(claim: str, source: str) -> None:
    assert against(claim, source).support is Support.SUPPORTED


def test_a_time_of_day_is_one_value() -> None:
    one, other = "Ole Berg was called at 8:31.", "Ada Holm opened the shop at 9:15."
    claim = "Ole Berg was called at 8:31, but Ada Holm opened the shop at 9:15."
    assert against(claim, one, other).support is Support.SUPPORTED
