"""Questions that ask for an overview of a document or a section, on a real index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from askdoc import app, workspace
from askdoc.ask.answer import Answerer
from askdoc.types import Status

HARBOUR = """# The harbour of Velm

This report describes how the harbour of Velm grew from a fishing village into a port for ferries.

## 1 History

The first pier was built of oak by the fishermen of the village in 1883.
A storm destroyed the pier in 1901, and the town council decided to build one of granite.
The lighthouse was designed by Marta Olsen and lit for the first time in 1910.

## 2 Traffic

Four ferries leave for the mainland each morning and return in the evening.
Cargo ships bring timber and grain, which are stored in the sheds behind the granite pier.
The traffic of cargo ships has doubled since the canal was opened to larger vessels.

## 3 Costs

The harbour is paid for by fees that each ferry and cargo ship owes for a day at the pier.
"""

SALT = """# Salt works

Salt is won in flat basins, where the sun dries the sea water within a few weeks.
The salt works of Tarn employ forty people, most of them in summer.
"""


CHANGES = """# Changes of Tarn Salt

## Version 2.10.0 - 2024-05-02

- The salt is dried by the wind alone, without ovens that burn wood.
- Bags of one kilogram are made of paper and no longer of plastic.

## Version 2.9.1 - 2023-11-07

- A leak in the third basin is closed with clay from the river.
"""


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    folder = tmp_path_factory.mktemp("overview")
    (folder / "harbour.md").write_text(HARBOUR)
    (folder / "salt.md").write_text(SALT)
    (folder / "tarn-changes.md").write_text(CHANGES)
    place = workspace.find(folder, overrides={"index": str(folder / "index")})
    with app.indexer(place) as indexer:
        indexer.sync([folder])
    with app.answerer(place) as opened:
        yield opened


@pytest.mark.parametrize(
    "question", ["What is the harbour of Velm about?", "summarise harbour.md", "overview of Velm"]
)
def test_an_overview_covers_the_named_document_in_order(answerer: Answerer, question: str) -> None:
    answer = answerer.answer(question)

    assert answer.status is Status.ANSWERED
    assert {one.document.path for one in answer.citations} == {"harbour.md"}
    starts = [one.span.start for one in answer.citations]
    assert starts == sorted(starts)
    assert "grew from a fishing village" in answer.citations[0].quote
    assert len({one.headings for one in answer.citations}) > 2


def test_an_overview_of_a_section_stays_in_it(answerer: Answerer) -> None:
    answer = answerer.answer("What are the main points of section 2 of the harbour report?")

    assert answer.status is Status.ANSWERED
    assert {one.headings[-1] for one in answer.citations} == {"2 Traffic"}


def test_an_overview_of_a_section_that_is_not_there_is_unsure(answerer: Answerer) -> None:
    answer = answerer.answer("Summarise section 9 of the harbour of Velm")

    assert answer.status is Status.UNSURE
    assert answer.reason is not None
    assert "no heading of `harbour.md` has the number 9" in answer.reason.message


def test_it_is_unsure_which_document_is_meant_where_none_is_named(answerer: Answerer) -> None:
    answer = answerer.answer("What is this document about?")

    assert answer.status is Status.UNSURE
    assert answer.reason is not None
    assert "any of 3 documents" in answer.reason.message


def test_the_one_document_that_is_asked_is_meant(answerer: Answerer) -> None:
    answer = answerer.answer(
        "What is this document about?", documents=answerer.resolve(["salt.md"])
    )

    assert answer.status is Status.ANSWERED
    assert {one.document.path for one in answer.citations} == {"salt.md"}


@pytest.mark.parametrize(
    "question",
    ["Who designed the lighthouse?", "When was the first pier built?", "who wrote the report?"],
)
def test_a_question_about_a_detail_is_no_overview(answerer: Answerer, question: str) -> None:
    assert "overview" not in answerer.answer(question).signals


def test_the_changes_of_a_version_are_those_below_its_heading(answerer: Answerer) -> None:
    answer = answerer.answer("What changed in Tarn 2.10?")

    assert answer.status is Status.ANSWERED
    assert {one.headings[-1] for one in answer.citations} == {"Version 2.10.0 - 2024-05-02"}
    quoted = " ".join(one.quote for one in answer.citations)
    assert "dried by the wind" in quoted
    assert "made of paper" in quoted
    assert "2.10.0" not in quoted  # the heading says nothing of what changed


@pytest.mark.parametrize("question", ["What changed in Tarn 2.11?", "When was Tarn 2.10 released?"])
def test_no_overview_of_changes_without_the_version_or_for_its_date(
    answerer: Answerer, question: str
) -> None:
    assert "overview" not in answerer.answer(question).signals
