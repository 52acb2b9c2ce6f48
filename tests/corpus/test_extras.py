"""Formats of an extra of askdoc: where it is missing, the skip names the line to type."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from askdoc import readers
from askdoc.errors import MissingPart
from askdoc.types import ReadOptions

HEAVY = sorted(
    name for name in readers.suffixes() if readers.reader_named(f"x.{name}").endswith(" [code]")
)


def without_packages(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process in which none of the packages of extras can be imported."""
    project = tomllib.loads(
        (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    )
    optional = project["project"]["optional-dependencies"]
    packages = [line.split(">=")[0] for extra in ("code", "ocr") for line in optional[extra]]
    modules = [name.replace("-", "_") for name in packages]
    hidden = f"import sys\nfor name in {modules!r}: sys.modules[name] = None\n"
    return subprocess.run(
        [sys.executable, "-c", hidden + script], capture_output=True, text=True, check=True
    )


def test_every_format_of_an_extra_names_it() -> None:
    assert {"rb", "cs", "php", "sh", "kt", "swift", "scala", "lua"} <= set(HEAVY)
    done = without_packages(
        "from askdoc.readers import reader_for\n"
        "from askdoc.errors import MissingPart\n"
        f"for name in {HEAVY!r}:\n"
        "    try: reader_for(f'x.{name}').read(b'x = 1', name=f'x.{name}')\n"
        "    except MissingPart as error: print(name, '|', error, '|', error.hint)\n"
    )
    told = dict(line.split(" | ", 1) for line in done.stdout.splitlines())
    assert sorted(told) == HEAVY
    for name, words in told.items():
        assert f"reading `.{name}` files needs the package `tree-sitter-" in words
        assert words.endswith("pip install 'askdoc[code]'")


def test_formats_of_the_base_need_no_extra() -> None:
    done = without_packages(
        "from askdoc.readers import reader_for, suffixes\n"
        f"for name in set(suffixes()) - set({HEAVY!r}): reader_for(f'x.{{name}}')\n"
        "print('all')\n"
    )
    assert done.stdout == "all\n"


def test_ocr_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "find_spec", lambda _: None)
    with pytest.raises(MissingPart) as caught:
        readers.expect_parts(ReadOptions(ocr=True))
    assert caught.value.hint == "pip install 'askdoc[ocr]'"
