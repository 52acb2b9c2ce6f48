"""YAML as plain values, by PyYAML."""

from __future__ import annotations

from typing import Any

import yaml

from askdoc.errors import SuiteError


def parse_yaml(text: str) -> Any:
    """Read YAML; every scalar is text, so that `no`, `1.10` and dates stay what was written.

    Raises:
        SuiteError: it is not YAML.

    """
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes no objects
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f"line {place.line + 1}: " if place else ""
        told = getattr(error, "problem", None) or str(error).splitlines()[0]
        message = f"not YAML: {where}{told}"
        raise SuiteError(message) from error
