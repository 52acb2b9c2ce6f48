from __future__ import annotations

import pytest

from askdoc.ask.names import Names, figures, missing, name_terms, without_names
from askdoc.text.terms import SnowballAnalyser


def terms(text: str) -> list[str]:
    return SnowballAnalyser().terms(text, "en")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In which release was PEP 8 changed?", ["8"]),
        ("pep-0008.rst", ["8"]),
        ("release v1.4.2 of 2023-10-31", ["1.4.2", "2023-10-31"]),
        ("2024-05 and 10-2024-0", ["2024-05", "10", "2024", "0"]),
        ("1,250,000 people", ["1250000"]),
        ("AA21-008A and CO2", ["aa21", "8a", "co2"]),
        ("no figure at all", []),
    ],
)
def test_figures(text: str, found: list[str]) -> None:
    assert figures(text) == found


def test_a_longer_form_of_a_version_holds_the_shorter_and_not_the_reverse() -> None:
    assert missing(["1.24"], ["1.24.3"]) == []
    assert missing(["1.24.3"], ["1.24"]) == ["1.24.3"]
    assert missing(["1.2"], ["1.24"]) == ["1.2"]


def test_a_date_holds_its_year_and_is_no_version() -> None:
    given = figures("1.0.0 | 2018-03-06")
    assert missing(["2018", "2018-03", "1"], given) == []
    assert missing(["3"], given) == ["3"]


def test_the_words_of_a_file_name_are_its_terms() -> None:
    assert name_terms("limitRate_pep-0020", terms) == {"limit", "rate", "pep", "0020", "20"}


def test_a_document_is_named_by_what_few_names_hold() -> None:
    names = Names.of({"a": ["pep", "8"], "b": ["pep", "20"], "c": ["pep", "zen"]})
    assert names.matches({"pep": 1.0, "20": 1.0, "author": 1.0}) == {"b": 1.0}
    assert names.matches({"author": 1.0}) == {}
    assert names.matches({"zen": 1.0, "20": 3.0}) == {"b": 0.75, "c": 0.25}


def test_names_are_taken_out_of_a_question() -> None:
    def plain(text: str) -> list[str]:
        return text.lower().split()

    names = {"eip", "1559", "eip-1559"}
    assert without_names("Who wrote EIP-1559 ?", names, plain) == "Who wrote ?"
    assert without_names("Sum up EIP 1559 now", names, plain, "it") == "Sum up it now"
