"""What every ranker keeps to: the packaged reader, and a cross-encoder that was compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.published import published_model

from askdoc.errors import ModelError
from askdoc.models import rankers
from askdoc.settings import RERANKER
from askdoc.types import Candidate, CompileStage, Compiling, Span
from askdoc.types.ports import Ranker

pytestmark = pytest.mark.torch

QUESTION = "When was the harbour dug out?"
PASSAGE = "The harbour is the largest of the island. It was dug out in 1883."


def sentence(text: str, context: str = "", *, after: str = "") -> Candidate:
    """Make a candidate that stands after some other text in its passage."""
    return Candidate(after + text, Span(len(after), len(after + text)), context)


ANSWER = Candidate(PASSAGE, Span(42, 66), "Harbour")
OTHERS = [
    Candidate(PASSAGE, Span(0, 41), "Harbour"),
    sentence("Salt", "Salt"),
    sentence(
        "Wolves hunt in packs; the young are fed by all of them.", "Wolves", after="Wolf. " * 999
    ),
    sentence("Wolves hunt in packs; the young are fed by all of them. " * 40, "Wolves"),
    sentence("Der Hafen wurde 1883 ausgehoben. \ud800", "Hafen"),
]


def tiny_cross_encoder(folder: Path, *, labels: int = 1) -> Path:
    """Save a cross-encoder of random weights, with the tokeniser of the default embedder."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(3)
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.3,
    )
    config.num_labels = labels
    BertForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(published_model()).save_pretrained(folder)
    return folder


@dataclass
class Compiled:
    """A cross-encoder that was compiled, from where to where, and what was heard of it."""

    ranker: Ranker
    model: Path
    cache: Path
    heard: list[object]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    folder = tmp_path_factory.mktemp("ranker")
    model, cache = tiny_cross_encoder(folder / "model"), folder / "cache"
    heard: list[object] = []
    return Compiled(rankers.load(str(model), cache=cache, listen=heard.append), model, cache, heard)


@pytest.fixture(scope="module", params=["packaged", "compiled"])
def ranker(request: pytest.FixtureRequest) -> Ranker:
    if request.param == "packaged":
        return rankers.load()
    made: Compiled = request.getfixturevalue("compiled")
    return made.ranker


def test_it_says_who_it_is(ranker: Ranker) -> None:
    assert ranker.name
    assert len(ranker.fingerprint) == 24


def scores(ranker: Ranker, candidates: Sequence[Candidate]) -> list[float]:
    """Return the scores of candidates, all of which are read."""
    return [judged.score for judged in ranker.judge(QUESTION, candidates) if judged is not None]


def test_it_judges_each_candidate(ranker: Ranker) -> None:
    found = scores(ranker, [ANSWER, *OTHERS])
    assert len(found) == 6
    assert np.isfinite(found).all()


def test_a_judgement_does_not_depend_on_other_passages(ranker: Ranker) -> None:
    together = ranker.judge(QUESTION, [ANSWER, *OTHERS])
    alone = [
        *ranker.judge(QUESTION, [ANSWER, OTHERS[0]]),
        *(ranker.judge(QUESTION, [item])[0] for item in OTHERS[1:]),
    ]
    assert together == alone


def test_without_candidates_there_is_nothing_to_judge(ranker: Ranker) -> None:
    assert ranker.judge(QUESTION, []) == []


def test_what_is_empty_or_beyond_what_it_reads_is_left_out(ranker: Ranker) -> None:
    many = [sentence(f"It was dug out in {year}.", str(year)) for year in range(1000, 1400)]
    found = ranker.judge(QUESTION, many)
    read = [judged is not None for judged in found]
    assert read[0]
    assert not read[-1]
    assert read == sorted(read, reverse=True)


def test_the_reader_knows_an_answer_and_its_words() -> None:
    reader = rankers.load(RERANKER)
    best, *others = reader.judge(QUESTION, [ANSWER, *OTHERS[:4]])
    assert best is not None
    assert best.score > 0
    assert all(other is not None and other.score < best.score for other in others)
    assert best.short is not None
    assert best.short.of(PASSAGE) in ("1883", "in 1883")


def test_the_reader_finds_a_sentence_anywhere_in_a_long_passage() -> None:
    reader = rankers.load(RERANKER)
    long = "Gulls nest on the roofs of the town. " * 60
    text = f"{long}{PASSAGE} {long}"
    place = Span(len(long) + 42, len(long) + 66)
    [judged] = reader.judge(QUESTION, [Candidate(text, place, "Harbour")])
    assert judged is not None
    assert judged.short is not None
    assert place.covers(judged.short)
    assert "1883" in judged.short.of(text)


def test_a_cross_encoder_is_compiled_once(compiled: Compiled) -> None:
    assert compiled.heard == [
        Compiling(str(compiled.model), CompileStage.LOAD),
        Compiling(str(compiled.model), CompileStage.EXPORT),
    ]
    heard: list[object] = []
    again = rankers.load(str(compiled.model), cache=compiled.cache, listen=heard.append)
    assert heard == []
    assert again.fingerprint == compiled.ranker.fingerprint
    assert again.judge(QUESTION, [ANSWER]) == compiled.ranker.judge(QUESTION, [ANSWER])


def test_no_library_draws_its_progress_while_a_model_is_loaded(
    compiled: Compiled, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    from askdoc.models import compiler

    logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # as in a fresh process
    capfd.readouterr()
    compiler._load(compiled.model)
    assert capfd.readouterr() == ("", "")


def test_a_model_with_several_outputs_is_refused(tmp_path: Path) -> None:
    model = tiny_cross_encoder(tmp_path / "model", labels=3)
    with pytest.raises(ModelError, match="gives 3 scores instead of one"):
        rankers.load(str(model), cache=tmp_path / "cache")


def test_a_model_that_is_not_here_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not on this machine") as caught:
        rankers.load("cross-encoder/some-model", cache=tmp_path)
    assert "--reranker cross-encoder/some-model" in (caught.value.hint or "")
