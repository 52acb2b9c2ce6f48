"""Imports Chroma without modules that an embedded database never uses, in half of the time.

At import, Chroma's modules check every `@override`, and load a trace exporter and the command line
of an HTTP client. While Chroma is imported, these are replaced; imports before and after get the
real ones.
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
    """Import Chroma inside this block."""
    with (
        _nothing_collected(),
        _unchecked(),
        without_environment(),
        _without(_EXPORTER, _exporter()),
        _without(_HTTP_COMMAND, None),  # httpx works without it
    ):
        yield


@contextmanager
def without_environment() -> Iterator[None]:
    """Inside this block, Chroma's settings ignore the environment and a file `.env`.

    These belong to other programs, and an invalid value in them would make the import fail.
    """
    try:
        settings: Any = import_module("pydantic_settings").BaseSettings
        kept = settings.__dict__["settings_customise_sources"]
    except (ImportError, AttributeError, KeyError):  # this version of Chroma does not use it
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
    """Pause the garbage collector: imported modules stay, and collecting takes 5 % of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _unchecked() -> Iterator[None]:
    """Let `@override` mark a method without checking it."""
    try:
        package: Any = import_module("overrides")
        kept = {name: getattr(package, name) for name in ("override", "overrides")}
    except (ImportError, AttributeError):  # this version of Chroma does not use it
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
    """Put `instead` in place of a module that is not imported yet; None makes it missing."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = instead  # type: ignore[assignment]  # None is how Python marks one missing
    try:
        yield
    finally:
        del sys.modules[name]


def _exporter() -> ModuleType:
    """Return a module that loads the real exporter if it is used after all."""

    def made(*arguments: Any, **options: Any) -> Any:
        return import_module(_EXPORTER).OTLPSpanExporter(*arguments, **options)

    module = ModuleType(_EXPORTER)
    module.OTLPSpanExporter = made  # type: ignore[attr-defined]
    return module
