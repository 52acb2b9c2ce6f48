"""Finds the files of Sentence Transformers models: in a folder, or on a hub.

Nothing here imports torch.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from askdoc.addresses import expanded
from askdoc.errors import MissingPart, ModelError

_ORGANISATION = "sentence-transformers"
"""The organisation of a model that is named without one."""

_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_DESCRIPTIONS = ("modules.json", "config.json")
_WEIGHT_SUFFIXES = (".safetensors", ".bin")
_SUFFIXES = {*_WEIGHT_SUFFIXES, ".json", ".txt", ".model"}
_NEEDED = ("*.json", "*.txt", "*.model", "*.safetensors")
_ASIDE = re.compile(r"\..*|onnx|openvino|checkpoint-.*|__pycache__")
"""Subfolders of a model with copies in other formats."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model under its full name; `folder` is None if it comes from a hub."""

    name: str
    folder: Path | None


def find(name: str, *, option: str = "--embedder", publisher: str = _ORGANISATION) -> Source:
    """Find the model called `name`: a folder, or a name on a hub.

    `option` is the command-line option, for messages. `publisher` is the organisation of a name
    without one.

    Raises:
        ModelError: the folder does not exist or holds no model.

    """
    folder = expanded(name)
    if folder.is_dir():
        if not any((folder / description).is_file() for description in _DESCRIPTIONS):
            message = f"the folder `{name}` has no Sentence Transformers model"
            hint = f"a model's folder has `{'` or `'.join(_DESCRIPTIONS)}`"
            raise ModelError(message, hint=hint)
        return Source(str(folder.resolve()), folder.resolve())
    if not _HUB_NAME.fullmatch(name):
        message = f"there is no model folder `{name}`"
        raise ModelError(message, hint=f"leave out `{option}` to use the default")
    return Source(name if "/" in name else f"{publisher}/{name}", None)


def need_sentence_transformers(name: str) -> None:
    """Check that Sentence Transformers is installed; models that are not packaged need it.

    Raises:
        MissingPart: it is not installed.

    """
    if util.find_spec("sentence_transformers") is None:
        message = f"the model `{name}` needs the package `sentence-transformers`"
        raise MissingPart(message, hint="pip install 'askdoc[models]'")


def digest(folder: Path) -> str:
    """Hash the names and contents of a model's files: weights, configurations and vocabulary."""
    total = hashlib.sha256()
    for path in _files(folder):
        total.update(f"{path.relative_to(folder).as_posix()}\0{_sha256(path)}\n".encode())
    return total.hexdigest()


def signature(source: Source) -> str:
    """Hash names, sizes and times of a model's files; empty for a model from a hub."""
    total = hashlib.blake2b(digest_size=16)
    if source.folder is None:
        return ""
    for path in _files(source.folder):
        stat = path.stat()
        name = path.relative_to(source.folder).as_posix()
        total.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return total.hexdigest()


def fetch(name: str, *, allow_download: bool, option: str = "--embedder") -> Path:
    """Return the folder of a hub's model: from the hub's cache on this machine, else downloaded.

    Code of a model is never downloaded. `HF_ENDPOINT` names another hub.

    Raises:
        ModelError: the model is not on this machine, and cannot or may not be fetched.

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
        message = f"the hub's `{name}` has no weights as `.safetensors` or `.bin`"
        raise ModelError(message)
    return fetched


def _snapshot(name: str, *, local_only: bool) -> Path | None:
    """Return the folder of a hub's model, or None without weights.

    Weights in the format safetensors are preferred.
    """
    for patterns in (_NEEDED, (*_NEEDED, "*.bin")):
        folder = _download(name, patterns, local_only=local_only)
        if folder and any(path.suffix in _WEIGHT_SUFFIXES for path in _files(folder)):
            return folder
    return None


def _download(name: str, patterns: Sequence[str], *, local_only: bool) -> Path | None:
    """Return the folder with the matching files, or None if they are not on this machine."""
    # Else the library sends the hub a description of this machine.
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


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that define a model, sorted by name."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts[:-1]
        if any(_ASIDE.fullmatch(part) for part in inner):
            continue
        if path.suffix in _SUFFIXES and path.is_file():
            yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
