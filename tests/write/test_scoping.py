"""What stays in its place in a claim, and what has been moved, widened or invented."""

from __future__ import annotations

import pytest

from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Support
from askdoc.write.check.checker import Check, Source
from askdoc.write.writer import attribute

_ANALYSER = SnowballAnalyser()


def _terms(text: str) -> list[str]:
    return _ANALYSER.terms(text, "en")


CHECK = Check(_terms)


def against(claim: str, *sources: str, context: str = "") -> Support:
    return CHECK(claim, [Source(str(n), text, context) for n, text in enumerate(sources)]).support


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The cook hired the baker because he praised the flour.",
         "The cook praised the baker because he hired the flour."),
        ("The north wing belongs to the school; the south wing belongs to the parish.",
         "The north wing belongs to the parish; the south wing belongs to the school."),
        ("The resin had no effect on birch.",
         "The resin slowed the growth of birch, but had no effect on oak."),
        ("Output was 40 tonnes, down from 31 tonnes in 2011.",
         "Output was 31 tonnes, down from 40 tonnes in 2011."),
        ("Output was 31 tonnes in 2011.", "Output was 31 tonnes, down from 40 tonnes in 2011."),
        ("Attendance rose by 80 percent.", "Attendance was 80 percent, up from 62 percent."),
        ("Ida Vale lost to Omar Reyes in the final.", "Ida Vale beat Omar Reyes in the final."),
        ("The supplier may cancel orders below 200 kg.",
         "The supplier may cancel orders above 200 kg."),
        ("The tower was drawn by Ruth Amsel in 1907.",
         "The tower was drawn by Ruth Amsel and paid for by the guild in 1907."),
        ("Guests must leave a deposit.", "Guests may leave a deposit."),
        ("The minister said he would resign.", "The minister said he might resign."),
        ("The firm has paid the fine.", "The firm shall pay the fine within a year."),
        ("Nurses on trial are exempt; nurses may not work at night.",
         "Nurses without a licence may not work at night."),
        ("Drivers may not stop here.", ("Drivers of lorries over 7 tonnes, and drivers with "
         "trailers may not stop here.")),
        ("All fees are paid by the buyer.", ("Stamp duty is split; all other fees are paid by the "
         "buyer.")),
        ('The rule says: "no dogs in the garden".', "The rule says that dogs stay outside."),
        ("The tenant may paint the walls.", "The landlord may paint the walls."),
    ],
)  # fmt: skip
def test_what_has_been_moved_or_widened_is_not_supported(claim: str, source: str) -> None:
    assert against(claim, source) is Support.UNSUPPORTED


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The baker was praised by the cook.", "The cook praised the baker."),
        ("Output fell to 31 tonnes from 40 tonnes.", "Output fell from 40 tonnes to 31 tonnes."),
        ("Output was 40 tonnes in 2011.", "Output was 31 tonnes, down from 40 tonnes in 2011."),
        ("Omar Reyes lost to Ida Vale in the final.", "Ida Vale beat Omar Reyes in the final."),
        ("Iron and tin were found at the site.", "Tin and iron were found at the site."),
        ("In 1907 Ruth Amsel drew the tower.", "Ruth Amsel drew the tower in 1907."),
        ("The guild paid for the tower in 1907.", ("Ruth Amsel drew the tower, and the guild paid "
         "for it in 1907.")),
        ("She wrote the opera in 1950.", "She wrote and staged the opera in 1950."),
        ("The salt content was lower at gauge D.",
         "The salt content was lower at gauge D than at gauge C."),
        ("Nurses without a licence may not work at night.",
         "Nurses without a licence may not work at night, except in a crisis at night."),
        ('The rule says: "no dogs in the garden".',
         'The rule says: "No dogs in the garden" or the yard.'),
        ("The attendance rose by 18 points.", "The attendance was 18 points higher."),
    ],
)  # fmt: skip
def test_what_has_kept_its_place_is_not_withheld(claim: str, source: str) -> None:
    assert against(claim, source) is not Support.UNSUPPORTED


def test_no_name_is_lent_to_a_sentence_that_names_somebody_else() -> None:
    context = "Present: Lena Moor (chair), Piet Haan."
    source = "Piet Haan voted against the loan because he feared the debt."
    claim = "Lena Moor voted against the loan because she feared the debt."
    assert against(claim, source, context=context) is Support.UNSUPPORTED


def test_a_claim_that_its_source_contradicts_is_not_saved_by_another() -> None:
    offered = [
        (1, Source("1", "The police do not believe that the fire was laid.")),
        (2, Source("2", "According to the Herald, the fire was laid by night.")),
    ]
    claim = "The police believe that the fire was laid."
    found = attribute(claim, [1], offered, CHECK)
    assert found.numbers == (1,)
    assert found.verdict.support is Support.UNSUPPORTED
    assert not found.moved
    wholly = attribute("The fire was laid by night.", [1], [*offered, (
        3, Source("3", "The fire was laid by night."))], CHECK)  # fmt: skip
    assert wholly.numbers == (3,)
    assert wholly.moved
