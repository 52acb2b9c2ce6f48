"""Evidence for a question, on a real index with the real models."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from askdoc import app, formats, workspace
from askdoc.ask.answer import Answerer
from askdoc.ask.retrieve import DENSE, SENTENCE
from askdoc.formats import unmatched
from askdoc.render.answers import notes
from askdoc.settings import Settings
from askdoc.store.vectors_codec import IN_CONTEXT
from askdoc.types import INCOMPLETE, Status
from askdoc.workspace import Workspace

if TYPE_CHECKING:
    from askdoc.store.sql_catalog import SqlCatalog
    from askdoc.types.ports import Matrix, VectorStore

DOCUMENTS = {
    "harbour.txt": (
        "The harbour of Velm was dug out in 1883. It is the largest of the island. "
        "Marta Olsen designed its lighthouse. Ferries leave for the mainland every morning."
    ),
    "salt.txt": (
        "Salt is won in flat basins, where the sun dries the sea water. "
        "The salt works of Tarn employ forty people. They were founded by Pieter Brandt."
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("finding")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    place = workspace.find(folder, overrides={"index": str(folder / "index")})
    with app.indexer(place) as indexer:
        indexer.sync([folder / name for name in DOCUMENTS])
    return place


@pytest.fixture(scope="module")
def answerer(place: Workspace) -> Iterator[Answerer]:
    with app.answerer(place) as opened:
        yield opened


def test_a_language_model_begins_to_load_before_the_vectors_are_opened(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    open_vectors = app.opening.open_vectors

    def load_model(_: Settings) -> None:
        done.append("model")

    def opened(workspace: Workspace, catalog: SqlCatalog) -> VectorStore:
        done.append("vectors")
        return open_vectors(workspace, catalog)

    monkeypatch.setattr("askdoc.app.opening.open_vectors", opened)
    with app.answerer(place, load_model=load_model):
        assert done == ["model", "vectors"]


def cited(answerer: Answerer, question: str) -> str:
    return " ".join(citation.quote for citation in answerer.answer(question).citations)


def test_slips_of_the_keys_are_repaired_and_reported(answerer: Answerer) -> None:
    answer = answerer.answer("When was the harbuor dug out?")
    assert "1883" in answer.text
    assert answer.question == "When was the harbuor dug out?"
    assert answer.searched == "When was the harbour dug out?"
    assert answerer.answer("When was the harbour dug out?").searched is None


def test_an_answer_on_another_version_is_not_sure(tmp_path: Path) -> None:
    (tmp_path / "pump.txt").write_text(
        "Release 2.1.0 of the pump came out on 3 May 2019. It needs less oil."
    )
    place = workspace.find(tmp_path, overrides={"index": str(tmp_path / "index")})
    with app.indexer(place) as indexer:
        indexer.sync([tmp_path / "pump.txt"])
    with app.answerer(place) as answerer:
        right = answerer.answer("When did release 2.1.0 of the pump come out?")
        other = answerer.answer("When did release 2.1.7 of the pump come out?")
    assert right.status is Status.ANSWERED
    assert other.status is Status.UNSURE
    assert other.reason
    assert other.reason.message == "what comes nearest to this question does not name 2.1.7"
    assert other.confidence > Settings().sure_confidence  # all else is alike


def test_a_vector_for_the_question_changes_nothing(answerer: Answerer) -> None:
    for question in ("When was the harbuor dug out?", "Who designed it, and who founded Tarn?"):
        vector = answerer.embed([question])[0]
        with_it = answerer.answer(question, vector=vector)
        assert with_it.evidence == answerer.answer(question).evidence


def test_a_passage_counts_by_its_nearest_sentence(answerer: Answerer) -> None:
    answer = answerer.answer("Who designed the lighthouse?")
    for passage in answer.passages:
        of_sentences = [
            item.scores[DENSE]
            for item in answer.evidence
            if item.passage.chunk.id == passage.chunk.id
        ]
        assert passage.scores[SENTENCE] == pytest.approx(max(of_sentences))


def test_a_question_embeds_itself_alone(
    place: Workspace, answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    embedder = answerer.parts.sources.embedder
    embed = embedder.embed_queries

    def watched(texts: Sequence[str]) -> Matrix:
        asked.extend(texts)
        return embed(texts)

    monkeypatch.setattr(embedder, "embed_queries", watched)
    question = "When was the harbour of Velm dug out?"
    answer = answerer.answer(question)
    assert asked == [question]
    assert "1883" in answer.claims[0].text
    assert all(DENSE in item.scores for item in answer.evidence)


def test_where_vectors_of_sentences_are_lost_they_are_embedded(
    place: Workspace, tmp_path: Path
) -> None:
    shutil.copytree(place.index, tmp_path / "index")
    with closing(sqlite3.connect(tmp_path / "index" / "catalog.sqlite")) as catalog:
        catalog.execute("DELETE FROM sentence_vectors WHERE chunk = 1")
        catalog.commit()
    other = workspace.find(place.root, overrides={"index": str(tmp_path / "index")})
    with app.answerer(other) as opened:
        answer = opened.answer("When was the harbour of Velm dug out?")
    assert "1883" in answer.claims[0].text
    assert all(DENSE in item.scores for item in answer.evidence)


def test_an_index_that_a_run_has_left_incomplete_says_so(place: Workspace, tmp_path: Path) -> None:
    shutil.copytree(place.index, tmp_path / "index")
    with closing(sqlite3.connect(tmp_path / "index" / "catalog.sqlite")) as catalog:
        catalog.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (INCOMPLETE, '["docs"]'))
        catalog.commit()
    other = workspace.find(place.root, overrides={"index": str(tmp_path / "index")})
    question = "When was the harbour of Velm dug out?"
    with app.answerer(other) as left, app.answerer(place) as complete:
        answer = left.answer(question)
        assert any("files may be missing" in note for note in notes(answer))
        assert not any("files may be missing" in note for note in notes(complete.answer(question)))
        refused = left.answer("How many vitamins does kale have?")
    assert refused.reason
    assert "files may be missing" in refused.reason.message


def test_answers_depend_on_how_sentences_have_their_vectors(
    place: Workspace, tmp_path: Path
) -> None:
    shutil.copytree(place.index, tmp_path / "index")
    with closing(sqlite3.connect(tmp_path / "index" / "catalog.sqlite")) as catalog:
        catalog.execute("DELETE FROM meta WHERE key = ?", (IN_CONTEXT,))
        catalog.commit()
    other = workspace.find(place.root, overrides={"index": str(tmp_path / "index")})
    with app.answerer(other) as alone, app.answerer(place) as within:
        assert alone.fingerprint != within.fingerprint
        assert "1883" in alone.answer("When was the harbour of Velm dug out?").claims[0].text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("When was the harbour of Velm dug out?", ()),
        ("Was the harbour of Velm dug out in 1883?", ()),
        ("Was the harbour of Velm dug out in 1983?", ("1983",)),
        ("Was the harbour of Velm dug out in 188?", ("188",)),
        ("Was harbour 9 of Velm, for COVID-19 and A-10, dug out in the 1,883th year?", ()),
        (
            "Did 1,500 people dig the harbour of Velm in 1.5 years from 1983?",
            ("1,500", "1.5", "1983"),
        ),
    ],
)
def test_numbers_that_nothing_cited_speaks_of_are_reported(
    answerer: Answerer, place: Workspace, question: str, expected: tuple[str, ...]
) -> None:
    answer = replace(answerer.answer("When was the harbour of Velm dug out?"), question=question)
    assert "1883" in answer.citations[0].quote
    assert unmatched(answer) == expected
    data = formats.answer_to_json(answer, base=place.root)
    assert tuple(data.get("unmatched", ())) == expected
    jsonschema.validate(data, formats.schema("answer"))
    told = [note for note in notes(answer) if "neither in the cited sentences" in note]
    assert len(told) == bool(expected)
    assert all(number in told[0] for number in expected)


def test_the_ranker_can_be_left_out(answerer: Answerer, tmp_path: Path) -> None:
    (tmp_path / "harbour.txt").write_text(DOCUMENTS["harbour.txt"])
    chosen = {"index": str(tmp_path / "index"), "reranker": "none"}
    place = workspace.find(tmp_path, overrides=chosen)
    with app.indexer(place) as indexer:
        indexer.sync([tmp_path / "harbour.txt"])
    with app.answerer(place) as without:
        answer = without.answer("When was the harbour dug out?")
    assert "1883" in answer.text
    assert all("ranker" not in item.scores for item in answer.evidence)
    assert "ranker" not in answer.fingerprint.models
    ranked = answerer.answer("When was the harbour dug out?")
    assert all("ranker" in item.scores for item in ranked.evidence)
    assert "ranker" in ranked.fingerprint.models


def test_a_follow_up_is_searched_with_what_was_asked_before(answerer: Answerer) -> None:
    """As typed it names nobody; the first question tells which of the two founders is meant."""
    follow_up = "Who founded them?"
    alone = answerer.answer(follow_up)
    later = answerer.answer(follow_up, earlier=["How many people work in the salt works of Tarn?"])
    assert later.question == follow_up
    assert later.searched is None  # what was typed is not rewritten
    assert later.passages[0].document.path.endswith("salt.txt")
    assert later.passages[0].score > alone.passages[0].score
    assert "Pieter Brandt" in later.text


def test_a_new_topic_is_found_whatever_was_asked_before(answerer: Answerer) -> None:
    earlier = ["Where is salt won?", "Who founded the salt works of Tarn?", "How is it dried?"]
    answer = answerer.answer("Who designed the lighthouse of Velm?", earlier=earlier)
    assert "Marta Olsen" in answer.text


def test_a_question_without_a_word_of_its_own_is_about_the_latest(answerer: Answerer) -> None:
    answer = answerer.answer("why?", earlier=["Where is salt won?"])
    assert answer.passages[0].document.path.endswith("salt.txt")
    assert any("flat basins" in item.text for item in answer.evidence[:1])


def test_a_question_that_is_repeated_gets_the_same_answer(answerer: Answerer) -> None:
    before = ["Where is salt won?"]
    first = answerer.answer("Who founded them?", earlier=before)
    again = answerer.answer("Who founded them?", earlier=[*before, "Who founded them?"])
    assert again.evidence == first.evidence
