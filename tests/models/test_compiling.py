"""An exported model stands in for the original only where their vectors agree."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
from tests.published import published_model

from askdoc.errors import ModelError
from askdoc.models import sources
from askdoc.models.embedder import packaged
from askdoc.models.manifest import Precision, read_manifest
from askdoc.models.onnx import OnnxEmbedder
from askdoc.types import CompileStage, Compiling

pytestmark = pytest.mark.torch

TEXTS = (
    "Salt.",
    "What year did the bridge open?",
    "who repairs the north lighthouse",
    "The ferry leaves at 07:45, except on Sundays and public holidays.",
    "Dr. Amara Nwosu joined the institute in 1998 and retired as its director in 2021.",
    "Revenue rose by 12.4 % to $3.1 million, while costs fell to $2,760,500.",
    'She said: "We counted every nest twice, and the second count was lower."',
    "No, the warranty does not cover damage by water, frost, or use outside its purpose.",
    "- two cups of flour\n- a pinch of salt\n- 250 ml of warm milk, added slowly",
    "def area(radius: float) -> float:\n    return math.pi * radius**2  # in square metres",
    "Error 0x80070005: access denied while writing C:\\Temp\\log_2024-03-11.txt",
    "Der Vertrag verlängert sich um ein Jahr, wenn er nicht drei Monate vorher gekündigt wird.",
    "Le musée est fermé le mardi ; l'entrée est gratuite le premier dimanche du mois.",
    "¿Cuántos kilómetros hay entre la estación y el puerto?",
    "Вода закипает при более низкой температуре высоко в горах.",
    "会议改到星期四下午三点，地点不变。",
    "この機械は毎週点検しなければならない。",
    "المكتبة مفتوحة من الساعة التاسعة صباحا حتى السادسة مساء.",
    "बारिश के कारण मैच दो घंटे देर से शुरू हुआ।",
    (
        "Photosynthesis turns light into chemical energy. Chlorophyll absorbs mostly red and blue "
        "light, which is why leaves look green. The energy splits water, oxygen is released, and "
        "carbon dioxide is bound into sugars that feed the plant and all that eats it."
    ),
    (
        "The committee met three times before the vote. At the first meeting the treasurer set out "
        "the debts, which were larger than anyone had thought. At the second, two members proposed "
        "to sell the old mill; the others feared that the town would not forgive them. At the "
        "third they agreed on a loan, to be paid back over nine years, and on a yearly report to "
        "the public. The vote was five to two. Nobody was content, and the mill stands to this "
        "day, with a new roof, a bakery on the ground floor, and a small exhibition about the "
        "flood of 1953."
    ),
    (
        "Methods. Samples (n = 48) were stored at -80 °C, thawed on ice and diluted 1:10 in "
        "phosphate-buffered saline. Each plate held eight blanks, two positive controls and one "
        "reference serum. Absorbance was read at 450 nm after 15 minutes; values above the mean of "
        "the blanks plus three standard deviations counted as positive. Results. Antibodies were "
        "found in 31 of 48 samples (65 %; 95 % CI 49-78), more often in adults than in children "
        "(odds ratio 2.7, p = 0.03). Discussion. The share is higher than in the survey of the "
        "previous spring, which used another assay; the two should not be compared directly."
    ),
)


def test_vectors_are_those_of_the_original(tiny: Path, tiny_compiled: Path) -> None:
    from askdoc.models.sentence_transformers import TorchEmbedder, load_model

    original = TorchEmbedder(load_model(tiny), name="tiny", digest="of tiny")
    compiled = OnnxEmbedder.open(tiny_compiled)
    assert compiled.dimensions == original.dimensions == 24
    assert compiled.max_tokens == original.max_tokens
    assert compiled.count_tokens(TEXTS) == original.count_tokens(TEXTS)
    assert compiled.fingerprint != original.fingerprint
    vectors = original.embed_passages(TEXTS)
    np.testing.assert_allclose(compiled.embed_passages(TEXTS), vectors, atol=1e-4)
    assert (vectors @ vectors.T).mean() < 0.8  # texts differ


def test_the_manifest_tells_how_the_model_wants_to_be_used(tiny_compiled: Path) -> None:
    manifest = read_manifest(tiny_compiled)
    assert (manifest.query_prompt, manifest.passage_prompt) == ("find: ", "passage: ")
    assert "cls" in manifest.pooling
    assert manifest.max_length == 48
    assert manifest.precision is Precision.FP32
    assert manifest.similarity == pytest.approx(1, abs=1e-4)
    assert set(manifest.files) >= {"model.onnx", "tokenizer.json"}


@pytest.mark.usefixtures("quick_export")
def test_an_export_that_differs_from_the_original_is_not_used(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from askdoc.models.compiler import compile_embedder

    monkeypatch.setattr("askdoc.models.compiler.AGREEMENT", 1.1)
    compile_embedder(tiny, tmp_path, name="tiny")
    made = read_manifest(tmp_path)
    assert made.precision is Precision.TORCH
    assert "cosine" in made.reason
    assert [path.name for path in tmp_path.iterdir()] == ["askdoc.json"]


def test_a_pooling_that_leaves_out_the_prompt_stays_on_torch(
    prompt_free_pooling: Path, tmp_path: Path
) -> None:
    from askdoc.models.compiler import compile_embedder

    compile_embedder(prompt_free_pooling, tmp_path, name="it")
    made = read_manifest(tmp_path)
    assert made.precision is Precision.TORCH
    assert "prompt" in made.reason
    assert [path.name for path in tmp_path.iterdir()] == ["askdoc.json"]


def test_what_torch_cannot_export_stays_on_torch(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from askdoc.models.compiler import compile_embedder

    def fail(*_: object, **__: object) -> None:
        message = "torch cannot export it: no such operator"
        raise ModelError(message)

    monkeypatch.setattr("askdoc.models.sentence_transformers.export", fail)
    compile_embedder(tiny, tmp_path, name="tiny")
    made = read_manifest(tmp_path)
    assert (made.precision, made.reason) == (
        Precision.TORCH,
        "torch cannot export it: no such operator",
    )


def test_nothing_leaves_the_machine_and_nothing_is_printed(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from askdoc.models.compiler import compile_embedder

    def refuse(*_: object) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    stages: list[object] = []
    compile_embedder(tiny, tmp_path, name="tiny", listen=stages.append)
    assert stages == [
        Compiling("tiny", CompileStage.EXPORT),
        Compiling("tiny", CompileStage.CHECK),
    ]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("content", ["{", "{}", '{"model_type": "unheard of"}'])
def test_a_folder_that_is_no_model_is_an_error(tmp_path: Path, content: str) -> None:
    from askdoc.models.sentence_transformers import load_model

    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        load_model(tmp_path)
    assert caught.value.hint is not None


def test_code_that_comes_with_a_model_is_not_run(tiny: Path, tmp_path: Path) -> None:
    from askdoc.models.sentence_transformers import load_model

    (tmp_path / "config.json").write_text(
        '{"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}'
    )
    marker = tmp_path / "ran"
    (tmp_path / "own.py").write_text(f"open({str(marker)!r}, 'w')\n")
    with pytest.raises(ModelError):
        load_model(tmp_path)
    assert not marker.exists()


def test_the_packaged_model_computes_what_the_published_one_does() -> None:
    """The texts are of many kinds and languages; weights of 7 bits cost a little."""
    from askdoc.models.compiler import checked
    from askdoc.models.sentence_transformers import TorchEmbedder, load_model

    made = packaged()
    model = load_model(published_model())
    original = TorchEmbedder(model, name="original", digest="d")
    assert made.count_tokens(TEXTS) == original.count_tokens(TEXTS)
    assert made.max_tokens == original.max_tokens
    assert sources.digest(published_model()) == made.manifest.digest
    assert checked(made, original, TEXTS).similarity >= 0.993
    swapped = [text[::-1] for text in TEXTS]
    cosines = np.sum(made.embed_passages(TEXTS) * original.embed_passages(swapped), axis=1)
    assert cosines.mean() < 0.8  # of other texts


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("intfloat/e5-base-v2", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", "", ""),
        ("some/node5-small", "", ""),
    ],
)
def test_e5_models_get_the_prompts_that_they_want(
    tiny: Path, tmp_path: Path, name: str, query: str, passage: str
) -> None:
    from askdoc.models.sentence_transformers import load_model, traits

    bare = shutil.copytree(tiny, tmp_path / "bare")
    file = bare / "config_sentence_transformers.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"prompts": {}}))
    found = traits(load_model(bare, name))
    assert (found.query_prompt, found.passage_prompt) == (query, passage)
    own = traits(load_model(tiny, name))
    assert (own.query_prompt, own.passage_prompt) == ("find: ", "passage: ")
