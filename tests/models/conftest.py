"""A small Sentence Transformers model with random weights, in the layout that real ones have.

Its libraries take seconds to import, so only what runs imports them: every process of a test run
imports all modules of tests.
"""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest
from tests.published import published_model

from askdoc.models import manifest
from askdoc.models.embedder import load

SIZE = 32
LENGTH = 48


def _make(folder: Path, *, pooling: str, query: str, include_prompt: bool = True) -> None:
    """Save a model with this pooling, `query` before queries, and vectors of 24 numbers."""
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    torch.manual_seed(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Large weights, so that different texts get different vectors without any training.
        configuration = transformers.BertConfig(
            vocab_size=30522,
            hidden_size=SIZE,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            initializer_range=0.4,
        )
        transformers.BertModel(configuration).save_pretrained(folder / "plain")
        tokenizer = transformers.AutoTokenizer.from_pretrained(published_model())
        tokenizer.save_pretrained(folder / "plain")
        model = SentenceTransformer(
            modules=[
                Transformer(str(folder / "plain"), max_seq_length=LENGTH),
                Pooling(SIZE, pooling_mode=pooling, include_prompt=include_prompt),
                Dense(SIZE, 24),
            ],
            prompts={"query": query, "document": "passage: "},
            device="cpu",
        )
        model.save(str(folder / "model"), create_model_card=False)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that pools by the first token and has prompts; nobody writes to it."""
    folder = tmp_path_factory.mktemp("tiny")
    _make(folder, pooling="cls", query="find: ")
    return folder / "model"


@pytest.fixture(scope="session")
def prompt_free_pooling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model whose pooling leaves out the prompt."""
    folder = tmp_path_factory.mktemp("instructed")
    _make(folder, pooling="mean", query="find: ", include_prompt=False)
    return folder / "model"


@pytest.fixture(scope="session")
def filled(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the tiny model, compiled without any short cut; nobody writes to it."""
    cache = tmp_path_factory.mktemp("cache")
    load(str(tiny), cache=cache)
    return cache


@pytest.fixture(scope="session")
def tiny_compiled(filled: Path) -> Path:
    """The folder of the tiny model, exported; nobody writes to it."""
    (folder,) = (filled / "models" / "embedders").glob("*/")
    return folder


@pytest.fixture
def quick_export(tiny_compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export the tiny model by copying what was exported before, to save seconds."""

    def copy(_: object, target: Path, *, contextual: bool) -> None:
        assert not contextual
        for path in tiny_compiled.iterdir():
            if path.name != manifest.MANIFEST:
                shutil.copy(path, target)

    monkeypatch.setattr("askdoc.models.compiler.export_embedder", copy)
