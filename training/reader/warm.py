"""Take the lower layers of the packaged ranker, which already compare questions with sentences.

    python training/reader/warm.py START.pt

The ranker's weights of 7 bits are multiplied out. The upper two layers and the embeddings are those
of all-MiniLM-L6-v2. The result is what `train.py --start` begins with.
"""

from __future__ import annotations

import argparse
from itertools import permutations
from pathlib import Path

import numpy as np
import onnx
import torch
from network import Reader
from onnx import numpy_helper

RANKER = Path(__file__).parents[2] / "src" / "askdoc" / "data" / "ranker" / "model.onnx"
SELF = ["attention.self.query", "attention.self.key", "attention.self.value"]
REST = ["attention.output.dense", "intermediate.dense", "output.dense"]


def main() -> None:
    """Write the state of a reader with the ranker's layers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--ranker", type=Path, default=RANKER)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    state = Reader().state_dict()
    graph = onnx.load(arguments.ranker).graph
    stored = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for name, values in stored.items():
        if name in state and state[name].shape == values.shape:
            state[name] = torch.from_numpy(values.copy())
    matrices = [
        (values.astype(np.float32) * stored[name.replace("_quantized", "_scale")]).T
        for name, values in stored.items()
        if name.startswith("val_") and name.endswith("_quantized")
    ]
    for layer in range(len(matrices) // 6):
        own = matrices[6 * layer : 6 * layer + 6]
        names = [f"bert.encoder.layer.{layer}.{part}.weight" for part in (*SELF, *REST)]
        order = max(
            permutations(range(3)),
            key=lambda p: sum(like(own[at], state[names[n]]) for n, at in enumerate(p)),
        )
        for name, values in zip(names, [*(own[at] for at in order), *own[3:]], strict=True):
            print(f"{name}: cosine to the base {like(values, state[name]):.3f}")
            state[name] = torch.from_numpy(values.copy())
    torch.save(state, arguments.out)


def like(values: np.ndarray, other: torch.Tensor) -> float:
    """Return the cosine of two matrices."""
    a, b = values.ravel(), other.numpy().ravel()
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


if __name__ == "__main__":
    main()
