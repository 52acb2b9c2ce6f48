"""Makes a Sentence Transformers model into one that runs without torch, if that changes nothing.

The model is exported to ONNX and its weights are quantised to 8 bits, per channel. Of the forms
that a model can take, the fastest whose vectors agree with the original's is kept; where none does,
the model stays on torch.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sentence_transformers import SentenceTransformer

from askdoc.errors import ModelError
from askdoc.models import manifest, sentence_transformers
from askdoc.models.manifest import Manifest, Precision
from askdoc.models.onnx import OnnxEmbedder
from askdoc.models.parity import Parity, parity
from askdoc.models.quantising import quantise
from askdoc.types import CompileStage, Compiling
from askdoc.types.ports import Embedder, Listener, deaf

FLOOR = 0.99
"""The mean cosine to the original's vectors from which on a compiled model may stand in for it."""

_FASTEST_FIRST = (Precision.INT8, Precision.INT7, Precision.FP32)


@dataclass(frozen=True, slots=True)
class _Job:
    model: SentenceTransformer
    original: Embedder
    draft: Manifest
    work: Path
    floor: float
    listen: Listener

    def tell(self, stage: CompileStage) -> None:
        self.listen(Compiling(self.draft.name, stage))

    def stays_on_torch(self, reason: str) -> Manifest:
        return msgspec.structs.replace(self.draft, precision=Precision.TORCH, reason=reason)


def compile_model(
    source: Path,
    target: Path,
    *,
    name: str,
    digest: str,
    floor: float = FLOOR,
    listen: Listener = deaf,
) -> Manifest:
    """Compile the model in the folder `source` into the folder `target`, which must not exist.

    Returns what the new folder says of itself. Where its precision is `TORCH`, that is all there is
    in it, and it says why. `target` appears whole or not at all. Only one process at a time may
    compile into it.

    Raises:
        ModelError: the model cannot be loaded.
        OSError: there is no room, or no right to write.

    """
    model = sentence_transformers.load_model(source, name)
    work = target.with_name(f"{target.name}.work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        job = _Job(
            model=model,
            original=sentence_transformers.TorchEmbedder(model, name=name, digest=digest),
            draft=_draft(model, source, name=name, digest=digest),
            work=work,
            floor=floor,
            listen=listen,
        )
        made = _make(job)
        chosen = work / made.precision
        chosen.mkdir(exist_ok=True)
        manifest.write_manifest(chosen, made)
        chosen.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made


def _draft(model: SentenceTransformer, source: Path, *, name: str, digest: str) -> Manifest:
    traits = sentence_transformers.traits(model)
    return Manifest(
        name=name,
        digest=digest,
        precision=Precision.FP32,
        dimensions=traits.dimensions,
        max_length=traits.max_length,
        pooling=traits.pooling,
        query_prompt=traits.query_prompt,
        passage_prompt=traits.passage_prompt,
        contextual=traits.contextual,
        folder=str(source),
    )


def _make(job: _Job) -> Manifest:
    """Try one form after another; the one that is returned is in a folder of its name."""
    if reason := sentence_transformers.obstacle(job.model):
        return job.stays_on_torch(reason)
    job.tell(CompileStage.EXPORT)
    plain = job.work / Precision.FP32
    plain.mkdir()
    try:
        sentence_transformers.export(
            job.model,
            plain / manifest.MODEL,
            input_name=manifest.INPUT,
            outputs=[manifest.OUTPUT, manifest.TOKENS][: 1 + job.draft.contextual],
        )
    except ModelError as error:
        return job.stays_on_torch(str(error))
    best = Parity(-1.0, -1.0)
    for precision in _FASTEST_FIRST:
        made = _candidate(job, precision)
        if made is None:
            continue
        if made.similarity >= job.floor:
            return made
        best = max(best, Parity(made.similarity, made.similarity_min))
    return job.stays_on_torch(f"compiled, it has a cosine of only {best.mean:.3f} to the original")


def _candidate(job: _Job, precision: Precision) -> Manifest | None:
    """Make one form of an exported model and compare it; None where onnxruntime cannot run it."""
    folder = job.work / precision
    try:
        if precision is not Precision.FP32:
            job.tell(CompileStage.QUANTISE)
            folder.mkdir()
            plain = job.work / Precision.FP32 / manifest.MODEL
            with sentence_transformers.quietly():
                quantise(plain, folder / manifest.MODEL, seven_bits=precision is Precision.INT7)
        sentence_transformers.save_tokenizer(job.model, folder / manifest.TOKENIZER)
        job.tell(CompileStage.CHECK)
        embedder = OnnxEmbedder(folder, msgspec.structs.replace(job.draft, precision=precision))
        agreement = parity(embedder, job.original)
        probe = embedder.probe()
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - onnxruntime raises bare exceptions for what it cannot do
        return None
    return msgspec.structs.replace(
        embedder.manifest,
        similarity=agreement.mean,
        similarity_min=agreement.minimum,
        probe=tuple(round(float(value), 6) for value in probe),
        files={path.name: path.stat().st_size for path in sorted(folder.iterdir())},
    )
