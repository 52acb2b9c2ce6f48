from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.errors import GeneratorError
from askdoc.write.parse import Refused, Written, read_claims


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


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Röntgen entdeckte sie am 8. November 1895 in Würzburg.", "en"),
        ("Im 19. Jahrhundert lebte Holm, ca. Ende Mai, in Haus Nr. Eins.", "de"),
        ("Kong Harald døde den 8. Maj i Ribe.", "da"),
        ("He moved to St. Louis with Mrs. Holm.", "en"),
        ("Elle suit Mme. Curie à Ste. Anne.", "fr"),
    ],
)
def test_a_claim_is_not_cut_at_an_ordinal_or_an_abbreviation(text: str, language: str) -> None:
    assert list(read_claims([f"- {text} [1]"], lambda _: language)) == [Written(text, ("1",))]


def test_a_number_ends_a_sentence_where_it_is_no_ordinal() -> None:
    claims = read_claims(["- The bridge cost 8. The mill cost 9. [1]"], lambda _: "en")
    assert [claim.text for claim in claims] == ["The bridge cost 8.", "The mill cost 9."]


def test_what_breaks_after_an_ordinal_is_no_claim() -> None:
    def pieces() -> Iterator[str]:
        yield "Er starb 1923. Er wurde am 8. November"
        message = "gone"
        raise GeneratorError(message)

    claims = read_claims(pieces(), lambda _: "de")
    assert next(claims) == Written("Er starb 1923.", ())
    with pytest.raises(GeneratorError):
        next(claims)


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
def test_a_refusal_is_distinguished_from_a_claim(text: str) -> None:
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


AS_JSON = (
    '{"answered": true, "claims": [{"text": "The mill was built in 1850.", "sentences": [2]}, '
    '{"text": "It cost {4} francs.", "sentences": [1, 3]}]}'
)
FROM_JSON = [
    Written("The mill was built in 1850.", ("2",)), Written("It cost {4} francs.", ("1", "3")),
]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        AS_JSON,
        f"```json\n{AS_JSON}\n```",
        f"<think>\nhm\n</think>\n\n{AS_JSON}",
        AS_JSON.removeprefix('{"answered": true, "claims": ').removesuffix("}"),
        AS_JSON.replace('"text"', '"claim"').replace('"sentences"', '"sources"'),
        AS_JSON.replace("[2]", '["S2"]'),
        AS_JSON.replace('"answered": true, ', ""),
    ],
)
def test_an_answer_as_json_in_many_forms(text: str) -> None:
    assert read(text) == FROM_JSON


def test_a_claim_as_json_comes_as_soon_as_it_is_whole() -> None:
    cut = AS_JSON.index(', {"text"')
    seen: list[int] = []

    def pieces() -> Iterator[str]:
        for number, piece in enumerate((AS_JSON[:20], AS_JSON[20:cut], AS_JSON[cut:])):
            seen.append(number)
            yield piece

    claims = read_claims(pieces())
    assert next(claims) == FROM_JSON[0]
    assert seen == [0, 1]
    assert next(claims) == FROM_JSON[1]


@pytest.mark.parametrize("text", ['{"answered": false, "claims": []}', '{"answered": false'])
def test_a_refusal_as_json(text: str) -> None:
    assert read(text) == ([Refused("NO ANSWER")] if text.endswith("}") else [])


def test_what_is_cut_off_is_no_claim() -> None:
    assert read(AS_JSON[:-20]) == FROM_JSON[:1]


@given(st.integers(0, len(AS_JSON)), st.integers(0, len(AS_JSON)))
def test_how_json_is_cut_into_pieces_changes_nothing(one: int, other: int) -> None:
    first, second = sorted((one, other))
    pieces = [AS_JSON[:first], AS_JSON[first:second], AS_JSON[second:]]
    assert list(read_claims(pieces)) == FROM_JSON


@given(
    st.lists(
        st.sampled_from(["{", "}", "[", "]", '"claims"', ":", '"text"', ",", '"a"', "1", "\\"])
    )
)
def test_near_json_can_be_read(parts: list[str]) -> None:
    text = "{" + "".join(parts)
    assert list(read_claims(list(text))) == read(text)


def _collect(items: Iterator[Written | Refused], into: list[Written | Refused]) -> None:
    for item in items:
        into.append(item)  # noqa: PERF402 - what came before an error is to be kept


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ("The dam was built. [1] It is 4.5", ["The dam was built."]),
        ("- The dam was built in 1931. It was opened by Dr", ["The dam was built in 1931."]),
        ("The dam was built [1]. ", ["The dam was built."]),
        ("One is old. [1]\n- The dam cost 4.", ["One is old."]),
        ("The dam cost 4.", []),
        ("The dam [1] cost", []),
    ],
)
def test_of_a_line_that_breaks_off_the_finished_sentences_are_kept(
    before: str, kept: list[str]
) -> None:
    def breaking() -> Iterator[str]:
        yield from before
        message = "it broke off"
        raise GeneratorError(message)

    found: list[Written | Refused] = []
    with pytest.raises(GeneratorError):
        _collect(read_claims(breaking()), found)
    assert [item.text for item in found] == kept
