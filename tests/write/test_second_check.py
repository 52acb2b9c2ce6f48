"""The stronger check: an entailment model from a folder, and the language model itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.write.conftest import Scripted, evidence, terms

from askdoc import workspace
from askdoc.errors import ModelError, SettingsError
from askdoc.types import Entailment, Form, Support
from askdoc.write.check.checker import Check, Source, Verdict
from askdoc.write.check.entailment import EntailmentCheck, ModelCheck
from askdoc.write.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytestmark = pytest.mark.torch

FACT = "The mill was built in 1850."
SOURCES = [Source("1", FACT)]
HOLDS = Verdict(Support.SUPPORTED, (), 1.0)
LABELS = ("contradiction", "entailment", "neutral")


@pytest.fixture(scope="session")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build a tiny cross-encoder of random weights that leans to one of its labels."""
    torch = pytest.importorskip("torch")
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    def build(leaning: str, labels: tuple[str, ...] = LABELS) -> Path:
        folder = tmp_path_factory.mktemp("nli")
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "mill", "was", "built", "in"]
        (folder / "vocab.txt").write_text("\n".join(words))
        BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
        torch.manual_seed(0)
        model = BertForSequenceClassification(
            BertConfig(
                vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
                intermediate_size=8, max_position_embeddings=64,
                id2label=dict(enumerate(labels)),
            )
        )  # fmt: skip
        with torch.no_grad():
            model.classifier.bias[labels.index(leaning)] = 9.0
        model.save_pretrained(folder)
        return folder

    return build


@pytest.mark.parametrize(
    ("leaning", "support"),
    [
        ("entailment", Support.SUPPORTED),
        ("neutral", Support.PARTIAL),
        ("contradiction", Support.UNSUPPORTED),
    ],
)
def test_an_entailment_model_in_a_folder_decides(
    nli: Callable[..., Path], leaning: str, support: Support
) -> None:
    from askdoc.models.entailment import load

    check = EntailmentCheck(*load(str(nli(leaning))))
    verdict = check("It was built in 1850.", SOURCES, HOLDS)
    assert verdict.support is support
    assert bool(verdict.reasons) is (support is not Support.SUPPORTED)


def test_a_model_with_other_labels_is_refused(nli: Callable[..., Path]) -> None:
    from askdoc.models.entailment import load

    with pytest.raises(ModelError, match="not an entailment model") as caught:
        load(str(nli("good", ("good", "bad"))))
    assert "entailment, neutral and contradiction" in (caught.value.hint or "")


def test_what_the_facts_refuse_is_not_even_asked_about() -> None:
    asked: list[str] = []

    def judge(pairs: Sequence[tuple[str, str]]) -> list[Entailment]:
        asked.extend(claim for _, claim in pairs)
        return [Entailment(1.0, 0.0, 0.0)] * len(pairs)

    lines = "- The mill was built in 1805. [1]\n- The mill was built in 1850. [1]\n"
    writer = Writer(
        Scripted(lines), Check(terms), terms, second_check=EntailmentCheck("judge", judge)
    )
    draft = writer.write("When was the mill built?", evidence(FACT), lambda _: None)
    assert asked == [FACT]
    assert [claim.text for claim in draft.claims] == [FACT]
    assert writer.fingerprint.endswith("/check-judge")


@pytest.mark.parametrize(
    ("said", "support"),
    [
        ("yes", Support.SUPPORTED),
        ("Yes.", Support.SUPPORTED),
        ('{"answer": "yes"}', Support.SUPPORTED),
        ("no", Support.UNSUPPORTED),
        ("No, it does not say so.", Support.UNSUPPORTED),
        ("", Support.UNSUPPORTED),
    ],
)
def test_the_language_model_is_asked_for_yes_or_no(said: str, support: Support) -> None:
    generator = Scripted(said, form=Form.GRAMMAR)
    assert ModelCheck(generator)(FACT, SOURCES, HOLDS).support is support
    assert generator.asked[0].grammar == 'root ::= "yes" | "no"'


def test_a_downloaded_folder_cannot_name_a_check_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "askdoc.toml").write_text('check = "someone/a-model"\n')
    with pytest.raises(SettingsError, match="check"):
        workspace.find(tmp_path, environment={}, user_config=tmp_path / "none")
    (tmp_path / "askdoc.toml").write_text('check = "llm"\n')
    found = workspace.find(tmp_path, environment={}, user_config=tmp_path / "none")
    assert found.settings.check == "llm"


def test_a_name_that_is_no_model_is_reported_with_what_the_option_takes() -> None:
    from askdoc.models.entailment import load

    with pytest.raises(ModelError, match="`cross-encoder/nli-none` is not on this machine") as told:
        load("nli-none")
    hint = told.value.hint or ""
    assert "--check takes `llm`, a model's folder, or its name on the hub" in hint
    assert "without --check there is no second check" in hint
