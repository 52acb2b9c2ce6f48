"""Imports Chroma without what it imports for others: in half of the time.

Chroma's modules check at import that each method fits the one that it overrides, which is for its
authors to know, and load an exporter of traces and the command line of an HTTP client, neither of
which an embedded database uses. For as long as Chroma is being imported, these are replaced; nobody
who imports them afterwards, or has before, gets anything but the real ones.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

_EXPORTER = "opentelemetry.exporter.otlp.proto.grpc.trace_exporter"
_HTTP_COMMAND = "httpx._main"


@contextmanager
def importing() -> Iterator[None]:
    """Within this, import Chroma."""
    with (
        _nothing_collected(),
        _unchecked(),
        without_environment(),
        _without(_EXPORTER, _exporter()),
        _without(_HTTP_COMMAND, None),  # httpx does without it where it is missing
    ):
        yield


@contextmanager
def without_environment() -> Iterator[None]:
    """Within this, Chroma's settings are what they are given, else their defaults.

    The environment and a file `.env` are for other programs; an empty variable in them, or a word
    where Chroma wants a number, would keep it from being imported at all.
    """
    try:
        settings: Any = import_module("pydantic_settings").BaseSettings
        kept = settings.__dict__["settings_customise_sources"]
    except (ImportError, AttributeError, KeyError):  # a Chroma that has no use for it
        yield
        return
    settings.settings_customise_sources = classmethod(_given)
    try:
        yield
    finally:
        settings.settings_customise_sources = kept


def _given(_cls: Any, _settings_cls: Any, init_settings: Any, *_: Any, **__: Any) -> Any:
    return (init_settings,)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Look for no garbage: what is imported stays, and to look costs a twentieth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _unchecked() -> Iterator[None]:
    """Let `@override` mark a method and not look at it."""
    try:
        package: Any = import_module("overrides")
        kept = {name: getattr(package, name) for name in ("override", "overrides")}
    except (ImportError, AttributeError):  # a Chroma that has no use for it
        yield
        return
    for name in kept:
        setattr(package, name, _marked)
    try:
        yield
    finally:
        for name, real in kept.items():
            setattr(package, name, real)


def _marked(method: Any = None, **_: Any) -> Any:
    if method is None:
        return _marked
    method.__override__ = True
    return method


@contextmanager
def _without(name: str, instead: ModuleType | None) -> Iterator[None]:
    """Import `instead` for a module that nobody has imported yet; None for one that is missing."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = instead  # type: ignore[assignment]  # None is how Python marks one missing
    try:
        yield
    finally:
        del sys.modules[name]


def _exporter() -> ModuleType:
    """Return a module that loads the real exporter where somebody makes one after all."""

    def made(*arguments: Any, **options: Any) -> Any:
        return import_module(_EXPORTER).OTLPSpanExporter(*arguments, **options)

    module = ModuleType(_EXPORTER)
    module.OTLPSpanExporter = made  # type: ignore[attr-defined]
    return module
