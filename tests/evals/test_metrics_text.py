from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.evals.scores import answer_contains, exact_match, normalise, token_f1

REFERENCE = json.loads((Path(__file__).parents[1] / "data/squad_reference.json").read_text("utf-8"))


@pytest.mark.parametrize("row", REFERENCE["rows"])
def test_equal_to_the_stored_results_of_a_reference_implementation(row: dict[str, object]) -> None:
    text, answers = row["text"], row["answers"]
    assert isinstance(text, str)
    assert isinstance(answers, list)
    assert exact_match(text, answers) == row["exact_match"]
    # The reference computes in 32-bit floats.
    assert token_f1(text, answers) == pytest.approx(row["f1"], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "answers", "f1"),
    [
        ("a cat sat on a mat", ["the cat sat"], 2 * 1 * (2 / 4) / (1 + 2 / 4)),
        ("nothing alike", ["the cat sat", "other"], 0),
        ("the the", ["the"], 1),
        ("", ["cat"], 0),
        ("cat cat dog", ["cat dog dog"], 2 / 3),
    ],
)
def test_f1_by_hand(text: str, answers: list[str], f1: float) -> None:
    assert token_f1(text, answers) == pytest.approx(f1, abs=1e-9)


def test_normalising_as_squad_does() -> None:
    assert (
        normalise("  The U.S.   spent\n$454 billion, an honour! ") == "us spent 454 billion honour"
    )


def test_contains_looks_for_whole_words() -> None:
    assert answer_contains("It cost $454 billion.", ["454 Billion"]) == 1
    assert answer_contains("It cost $454 billion.", ["4"]) == 0
    assert answer_contains("It cost nothing", ["the"]) == 0


@given(st.text(max_size=60))
def test_a_text_agrees_with_itself(text: str) -> None:
    assert exact_match(text, [text]) == 1
    assert token_f1(text, ["x", text]) == 1
    assert normalise(normalise(text)).split() == normalise(text).split() or "'" in text
