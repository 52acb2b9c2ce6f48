"""Turn a trained reader into what the package carries: ONNX with weights of 7 bits.

    python training/reader/export.py WEIGHTS.pt [WEIGHTS.pt ...] [--target FOLDER]

Weights may be a checkpoint; of several their mean is taken, as is usual for those of one run. The
three numbers of each token and the two of the passage are computed in 32 bits. With --check,
passages of a prepared file are read by torch and by both ONNX models, in 32 bits and quantised, and
the differences are printed.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from encode import unit_scores
from network import Reader, base_folder
from quantise import quantise, share_words
from tokenizers import Tokenizer

from askdoc.models.onnx import WORDS, open_session
from askdoc.models.packaged import ABOUT, IDS, MODEL, TOKENIZER, TYPES, digest, packaged_data
from askdoc.models.reader import OUTPUTS, Encoder

TARGET = Path(__file__).parents[2] / "src" / "askdoc" / "data" / "reader"
OPSET = 20


class Outputs(torch.nn.Module):
    """The reader with its outputs apart, and without products that would be quantised."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.bert = reader.bert
        self.tokens = reader.tokens
        self.passage = reader.passage

    def forward(self, ids: torch.Tensor, types: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Read one passage, shape (1, tokens); give three vectors and two numbers."""
        states = self.bert(input_ids=ids, token_type_ids=types).last_hidden_state[0]
        tokens = [(states * self.tokens.weight[n]).sum(-1) + self.tokens.bias[n] for n in range(3)]
        passage = [
            (states[:1] * self.passage.weight[n]).sum(-1) + self.passage.bias[n] for n in range(2)
        ]
        return (*tokens, *passage)


def main() -> None:
    """Export, quantise, and write beside it what the model says of itself."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, nargs="+")
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--check", type=Path, help="a prepared file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    reader = Reader().eval()
    reader.load_state_dict(mean(arguments.weights))
    arguments.target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / MODEL
        export(Outputs(reader).eval(), plain)
        quantise(plain, arguments.target / MODEL)
        if arguments.check:
            check(arguments.check, reader, plain, arguments.target / MODEL)
    # The digest is that of the complete model, since it names what the scores depend on.
    about = {"sha256": digest(arguments.target / MODEL), "layers": 6}
    share_words(arguments.target / MODEL, packaged_data() / WORDS)
    (arguments.target / ABOUT).write_text(json.dumps(about, indent=2) + "\n")
    print(f"{(arguments.target / MODEL).stat().st_size / 1e6:.1f} MB in {arguments.target}")


def mean(files: Sequence[Path]) -> dict[str, torch.Tensor]:
    """Load weights, or the mean of some."""
    loaded = [torch.load(file, weights_only=True) for file in files]
    states = [state.get("model", state) for state in loaded]
    return {
        name: sum(state[name] for state in states) / len(states)
        if first.is_floating_point()
        else first
        for name, first in states[0].items()
    }


def export(model: Outputs, path: Path) -> None:
    """Write the model for one sequence, without padding."""
    example = torch.ones((1, 7), dtype=torch.int64)
    tokens = torch.export.Dim("tokens", min=2, max=512)
    with torch.inference_mode():
        torch.onnx.export(
            model,
            (example, torch.zeros_like(example)),
            str(path),
            input_names=[IDS, TYPES],
            output_names=[*OUTPUTS, "not_here", "yes"],
            dynamic_shapes=({1: tokens}, {1: tokens}),
            opset_version=OPSET,
            dynamo=True,
            external_data=True,
            verbose=False,
        )


def check(prepared: Path, reader: Reader, plain: Path, quantised: Path) -> None:
    """Print how far both ONNX models are from torch on questions kept out of training."""
    with prepared.open("rb") as file:
        passages, _, development = pickle.load(file)  # noqa: S301 - our own file
    random.seed(1)
    encoder = Encoder(Tokenizer.from_file(str(base_folder() / TOKENIZER)))
    sessions = {"32 bits": open_session(plain), "7 bits": open_session(quantised)}
    far: dict[str, list[float]] = {name: [] for name in sessions}
    same: dict[str, list[bool]] = {name: [] for name in sessions}
    for item in random.sample(development, 100):
        passage = passages[item.passage]
        asked, context, text = encoder.tokens([item.text, passage.context, passage.text])
        sequence = encoder.encode(asked.ids, context.ids, text, passage.units)
        ids, types = (np.array([row], np.int64) for row in (sequence.ids, sequence.types))
        with torch.inference_mode():
            tokens, _ = reader(torch.from_numpy(ids), torch.from_numpy(types))
        right = unit_scores(sequence, tokens[0, :, 0].numpy())
        for name, session in sessions.items():
            own = unit_scores(sequence, session.run(["units"], {IDS: ids, TYPES: types})[0])
            far[name].append(float(np.nanmax(np.abs(own - right))))
            same[name].append(bool(np.nanargmax(own) == np.nanargmax(right)))
    for name in sessions:
        print(
            f"{name}: largest difference of a unit's score, mean {np.mean(far[name]):.4f}, "
            f"most {max(far[name]):.4f}; same best unit {np.mean(same[name]):.2f}"
        )


if __name__ == "__main__":
    main()
