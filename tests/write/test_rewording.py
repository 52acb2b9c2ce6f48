from __future__ import annotations

import pytest
from tests.write.test_checking import against

from askdoc.types import Support
from askdoc.write.check.wording import reworded

SAME = [
    ("The board turned down the plan.", "The board rejected the plan."),
    ("The law comes into force in May.", "The law takes effect in May."),
    ("The licence ends if it is not renewed.", "Unless it is renewed, the licence ends."),
    ("A majority of the members voted for it.", "Sixty-two percent of the members voted for it."),
    ("Most of the farms grow hops.", "Nearly three quarters of the farms grow hops."),
    (
        "The Ems is shorter than the Rur.",
        "The Rur is longer than the Ems but shorter than the Lippe.",
    ),
    ("Pine burns faster than oak.", "Oak burns more slowly than pine."),
    ("The policy does not cover damage by hail.", "Theft is covered; damage by hail is excluded."),
    ("Delmar bought the rights from Ida Voss.", "Ida Voss sold the rights to Delmar."),
    ("Molde beat Brann.", "Brann, who had led at the break, lost to Molde."),
    ("The pump no longer works.", "The pump stopped working."),
    ("The river usually freezes in winter.", "The river freezes in most winters."),
]

OTHER = [
    ("The board turned down the plan.", "The board approved the plan."),
    ("The licence ends if it is renewed.", "Unless it is renewed, the licence ends."),
    ("The licence ends on 3 May.", "Unless it is renewed by 3 May, the licence ends."),
    ("A majority of the members voted for it.", "Forty-two percent of the members voted for it."),
    ("A majority voted against it.", "Sixty-two percent voted for it and 38 percent against it."),
    ("The Lippe is shorter than the Rur.", "The Rur is shorter than the Lippe, not the Ems."),
    ("Oak burns faster than pine.", "Oak burns more slowly than pine."),
    ("The policy does not cover theft.", "Theft is covered; damage by hail is excluded."),
    ("Ida Voss bought the rights from Delmar.", "Ida Voss sold the rights to Delmar."),
    ("Brann beat Molde.", "Brann, who had led at the break, lost to Molde."),
    ("The choir was heard by the king before it sang.", "The choir sang before the king heard it."),
    ("The king sang for the choir.", "The choir, founded in 1903, sang for the king."),
    ("Lena Berg set the record in 2019.", "Lena Berg beat Ida Moe, who set the record in 2019."),
    ("Tenants must give a reason.", "Tenants may leave, whereas owners must give a reason."),
    ("Einar moved in 1987.", "The light was automated in 1987, and Einar moved two years later."),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "source"), SAME)
def test_the_same_in_other_words_is_supported(claim: str, source: str) -> None:
    assert against(claim, source).support is Support.SUPPORTED


@pytest.mark.parametrize(("claim", "source"), OTHER)
def test_other_words_do_not_let_something_else_pass(claim: str, source: str) -> None:
    assert against(claim, source).support is not Support.SUPPORTED


def test_a_verdict_names_the_words_of_the_claim_as_it_stands() -> None:
    reasons = against("The board turned down the plan in 1990.", "The board rejected it.").reasons
    assert any("1990" in reason for reason in reasons)
    assert not any("rejected” is not" in reason for reason in reasons)


def test_text_without_such_phrases_has_no_other_wording() -> None:
    assert not list(reworded("The mill is red.", "The mill by the river is red."))
