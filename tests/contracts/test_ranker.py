"""What every ranker keeps to: the packaged one, and a cross-encoder that was compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.published import published_model

from askdoc.errors import ModelError
from askdoc.models import rankers
from askdoc.settings import RERANKER
from askdoc.types import Candidate, CompileStage, Compiling
from askdoc.types.ports import Ranker

QUESTION = "When was the harbour dug out?"
ANSWER = Candidate(
    "It was dug out in 1883.", "The harbour is the largest of the island.", "Harbour"
)
OTHERS = [
    Candidate("The harbour is the largest of the island.", "", "Harbour"),
    Candidate("Salt", "", "Salt"),
    Candidate("", "", ""),
    Candidate("Wolves hunt in packs; the young are fed by all of them. " * 40, "", "Wolves"),
    Candidate("Der Hafen wurde 1883 ausgehoben. \ud800", "", "Hafen"),
]


def _packaged(_: Path) -> Ranker:
    return rankers.load()


def _compiled(folder: Path) -> Ranker:
    return rankers.load(str(tiny_cross_encoder(folder / "model")), cache=folder / "cache")


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


MAKERS: Mapping[str, Callable[[Path], Ranker]] = {"packaged": _packaged, "compiled": _compiled}


@pytest.fixture(scope="module", params=MAKERS)
def ranker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ranker:
    return MAKERS[request.param](tmp_path_factory.mktemp("ranker"))


def test_it_says_who_it_is(ranker: Ranker) -> None:
    assert ranker.name
    assert len(ranker.fingerprint) == 24


def test_it_gives_each_candidate_a_number(ranker: Ranker) -> None:
    scores = ranker.score(QUESTION, [ANSWER, *OTHERS])
    assert scores.shape == (6,)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


def test_a_score_does_not_depend_on_the_others(ranker: Ranker) -> None:
    together = ranker.score(QUESTION, [ANSWER, *OTHERS])
    alone = [ranker.score(QUESTION, [item])[0] for item in [ANSWER, *OTHERS]]
    assert together.tolist() == alone


def test_none_is_none(ranker: Ranker) -> None:
    assert ranker.score(QUESTION, []).shape == (0,)


def test_the_packaged_ranker_knows_an_answer() -> None:
    ranker = rankers.load(RERANKER)
    scores = ranker.score(QUESTION, [ANSWER, *OTHERS[:4]])
    assert scores.argmax() == 0
    assert scores[0] > 0 > scores[1:].max()


def test_a_cross_encoder_is_compiled_once(tmp_path: Path) -> None:
    model = tiny_cross_encoder(tmp_path / "model")
    heard: list[object] = []
    first = rankers.load(str(model), cache=tmp_path / "cache", listen=heard.append)
    assert heard == [
        Compiling(str(model), CompileStage.LOAD),
        Compiling(str(model), CompileStage.EXPORT),
    ]
    again = rankers.load(str(model), cache=tmp_path / "cache", listen=heard.append)
    assert len(heard) == 2
    assert again.fingerprint == first.fingerprint
    assert again.score(QUESTION, [ANSWER]) == first.score(QUESTION, [ANSWER])


def test_no_library_draws_its_progress_while_a_model_is_loaded(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    from askdoc.models import compiler

    model = tiny_cross_encoder(tmp_path / "model")
    logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # as in a fresh process
    capfd.readouterr()
    compiler._load(model)
    assert capfd.readouterr() == ("", "")


def test_a_model_with_several_outputs_is_refused(tmp_path: Path) -> None:
    model = tiny_cross_encoder(tmp_path / "model", labels=3)
    with pytest.raises(ModelError, match="gives 3 scores instead of one"):
        rankers.load(str(model), cache=tmp_path / "cache")


def test_a_model_that_is_not_here_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not on this machine") as caught:
        rankers.load("cross-encoder/some-model", cache=tmp_path)
    assert "--reranker cross-encoder/some-model" in (caught.value.hint or "")
