"""Turn a trained ranker into what the package carries: ONNX with weights of 8 bits.

    python training/ranker/export.py WEIGHTS.pt [--layers 4] [--target src/askdoc/data/ranker]

Weights use 7 of the 8 bits, so that processors without VNNI compute the same.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from model import Ranker
from quantise import quantise, share_words

from askdoc.models.onnx import WORDS
from askdoc.models.ranker import ABOUT, IDS, MODEL, TYPES, digest, packaged_data

TARGET = Path(__file__).parents[2] / "src" / "askdoc" / "data" / "ranker"
OPSET = 20


def main() -> None:
    """Export, quantise, and write beside it what the model says of itself."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--plain", action="store_true", help="do not quantise; to compare")
    arguments = parser.parse_args()
    model = Ranker(arguments.layers)
    model.load_state_dict(torch.load(arguments.weights, weights_only=True))
    arguments.target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / MODEL
        export(model.eval(), plain)
        if arguments.plain:
            shutil.copytree(folder, arguments.target, dirs_exist_ok=True)
        else:
            quantise(plain, arguments.target / MODEL)
    # The digest is that of the complete model, since it names what the scores depend on.
    about = {"sha256": digest(arguments.target / MODEL), "layers": arguments.layers}
    if not arguments.plain:
        share_words(arguments.target / MODEL, packaged_data() / WORDS)
    (arguments.target / ABOUT).write_text(json.dumps(about, indent=2) + "\n")


def export(model: Ranker, path: Path) -> None:
    """Write the model for one pair, without padding: shape (1, tokens) to shape (1,)."""
    example = torch.ones((1, 7), dtype=torch.int64)
    tokens = torch.export.Dim("tokens", min=2, max=512)
    with torch.inference_mode():
        torch.onnx.export(
            model,
            (example, torch.zeros_like(example)),
            str(path),
            input_names=[IDS, TYPES],
            output_names=["score"],
            dynamic_shapes=({1: tokens}, {1: tokens}),
            opset_version=OPSET,
            dynamo=True,
            external_data=True,
            verbose=False,
        )


if __name__ == "__main__":
    main()
