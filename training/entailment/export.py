"""Turn trained weights into what the package carries: ONNX with weights of 7 bits.

python training/entailment/export.py WEIGHTS.pt --temperature 1.2 [--target FOLDER]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import torch
from network import EntailmentNetwork
from quantise import quantise, share_words

from askdoc.models.entailment import ABOUT, IDS, MODEL, OUTPUT, TYPES
from askdoc.models.onnx import WORDS
from askdoc.models.packaged import digest, packaged_data

TARGET = Path(__file__).parents[2] / "src" / "askdoc" / "data" / "entailment"
OPSET = 20


def main() -> None:
    """Export, quantise, and write what the model says of itself."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--temperature", type=float, required=True)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    state = torch.load(arguments.weights, weights_only=True)
    model = EntailmentNetwork().eval()
    model.load_state_dict(state.get("model", state))
    arguments.target.mkdir(parents=True, exist_ok=True)
    target = arguments.target / MODEL
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / MODEL
        export(model, plain)
        quantise(plain, target)
    about = {"sha256": digest(target), "temperature": arguments.temperature}
    share_words(target, packaged_data() / WORDS)
    (arguments.target / ABOUT).write_text(json.dumps(about, indent=2) + "\n")


def export(model: EntailmentNetwork, path: Path) -> None:
    """Write the model for one pair, without padding: shape (1, tokens) to shape (1, 3)."""
    example = torch.ones((1, 7), dtype=torch.int64)
    types = torch.tensor([[0, 0, 0, 0, 1, 1, 1]])
    tokens = torch.export.Dim("tokens", min=2, max=512)
    with torch.inference_mode():
        torch.onnx.export(
            model,
            (example, types),
            str(path),
            input_names=[IDS, TYPES],
            output_names=[OUTPUT],
            dynamic_shapes=({1: tokens}, {1: tokens}),
            opset_version=OPSET,
            dynamo=True,
            external_data=True,
            verbose=False,
        )


if __name__ == "__main__":
    main()
