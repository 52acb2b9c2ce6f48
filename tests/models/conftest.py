"""A small Sentence Transformers model with random weights, in the layout that real ones have."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest

from askdoc.models import manifest, sentence_transformers
from askdoc.models import sentence_transformers as model_sources
from askdoc.models.compiler import compile_model
from askdoc.settings import DEFAULT_EMBEDDER

SIZE = 32
LENGTH = 48
OUTPUTS = [manifest.OUTPUT]


def _make(folder: Path, *, pooling: str, query: str, include_prompt: bool = True) -> None:
    """Save a model that pools as told, puts `query` before queries, and narrows to 24 numbers."""
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    torch.manual_seed(7)
    source = model_sources.find(DEFAULT_EMBEDDER).folder
    assert source is not None
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
        transformers.AutoTokenizer.from_pretrained(source).save_pretrained(folder / "plain")
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
def exported(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model as ONNX, unquantised; nobody writes to it."""
    folder = tmp_path_factory.mktemp("exported")
    model = sentence_transformers.load_model(tiny)
    sentence_transformers.export(
        model, folder / manifest.MODEL, input_name=manifest.INPUT, outputs=OUTPUTS
    )
    return folder


@pytest.fixture
def quick_export(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export the tiny model by copying what was exported before, to save seconds."""

    def copy(_: object, path: Path, *, input_name: str, outputs: Sequence[str]) -> None:
        assert input_name == manifest.INPUT
        assert list(outputs) == OUTPUTS
        shutil.copytree(exported, path.parent, dirs_exist_ok=True)

    monkeypatch.setattr(sentence_transformers, "export", copy)


@pytest.fixture(scope="session")
def tiny_compiled(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model, compiled; nobody writes to it."""
    target = tmp_path_factory.mktemp("compiled") / "tiny"
    compile_model(tiny, target, name="tiny", digest="of tiny")
    return target
