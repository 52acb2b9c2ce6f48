from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.claims import Refused, Written, read_claims


def read(text: str) -> list[Written | Refused]:
    return list(read_claims([text]))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("- The mill was built in 1850. [2]", ("2",)),
        ("1. The mill was built in 1850 [2].", ("2",)),
        ("* The mill was built in 1850. [S2, S3]", ("2", "3")),
        ("- The answer is: The mill was built in 1850. [2]", ("2",)),
        ("The mill was built in 1850. [1][3]", ("1", "3")),
        ("The mill was built in 1850. (2)", ("2",)),
        ("The mill was built in 1850. [1-3]", ("1", "2", "3")),
        ("The mill was built in 1850. [source]", ("source",)),
        ("The mill was built in 1850.", ()),
    ],
)
def test_labels_in_many_forms(text: str, labels: tuple[str, ...]) -> None:
    assert read(text) == [Written("The mill was built in 1850.", labels)]


def test_a_number_in_parentheses_is_text_where_brackets_hold_the_label() -> None:
    assert read("- It names page (7). [2]") == [Written("It names page (7).", ("2",))]


def test_prose_is_cut_into_claims() -> None:
    text = "The mill was built in 1850. [1] The bridge opened in 1901. [2] It cost 4 francs."
    assert [claim.text for claim in read(text)] == [
        "The mill was built in 1850.", "The bridge opened in 1901.", "It cost 4 francs.",
    ]  # fmt: skip


def test_one_line_of_several_sentences_gives_each_its_labels() -> None:
    text = "- Dr. Holm built the mill. The bridge cost 4.5 million. [3]"
    assert read(text) == [
        Written("Dr. Holm built the mill.", ("3",)),
        Written("The bridge cost 4.5 million.", ("3",)),
    ]


def test_a_claim_comes_as_soon_as_its_line_is_whole() -> None:
    seen: list[str] = []

    def pieces() -> Iterator[str]:
        for piece in ("- The mill was", " built. [1]\n- The", " bridge. [2]"):
            seen.append(piece)
            yield piece

    claims = read_claims(pieces())
    assert next(claims) == Written("The mill was built.", ("1",))
    assert len(seen) == 2


@pytest.mark.parametrize(
    "text", ["NO ANSWER", "- NO ANSWER.", "I cannot answer this.", "The sources do not say."]
)
def test_a_refusal_is_told_from_a_claim(text: str) -> None:
    assert isinstance(read(text)[0], Refused)


def test_thoughts_are_left_out() -> None:
    text = "<think>\nI should say [9].\n</think>\n- The mill was built. [1]\n"
    assert read(text) == [Written("The mill was built.", ("1",))]


@given(st.lists(st.text()))
def test_anything_can_be_read(pieces: list[str]) -> None:
    for claim in read_claims(pieces):
        assert claim.text.strip()


@given(st.text(), st.data())
def test_how_the_text_is_cut_into_pieces_changes_nothing(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    assert list(read_claims([text[:cut], text[cut:]])) == read(text)
