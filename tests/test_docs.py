"""The console blocks of the documentation run, and print what they say they print.

In a block fenced as ```console, a line that starts with `$ askdoc` is run in a copy of this
repository's workspace, and the lines below it must match its output. `…` matches anything within a
line; a line of `…` alone matches any lines. Lines for other programs are left alone, and so is a
block whose fence says ```console no-run.
"""

from __future__ import annotations

import contextlib
import re
import runpy
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from askdoc.cli import app as cli

ROOT = Path(__file__).parent.parent
DOCUMENTED = [path for path in (ROOT / "README.md", ROOT / "evals/README.md") if path.is_file()]

_BLOCK = re.compile(r"^```console[ \t]*$\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One command of the documentation and the output that it shows."""

    command: str
    output: str
    line: int


def steps(text: str) -> Iterator[Step]:
    for block in _BLOCK.finditer(text):
        first = text.count("\n", 0, block.start("body")) + 1
        step: list[str] = []
        for number, line in enumerate([*block["body"].splitlines(), "$ "], start=first):
            if line.startswith("$ "):
                if step:
                    yield Step(step[0], "\n".join(step[1:]).strip("\n"), number - len(step))
                step = [line[2:]]
            elif step:
                step.append(line)


def matches(shown: str, printed: str) -> bool:
    """Tell whether `printed` is what `shown` promises, its `…` standing for anything."""
    pattern = ""
    for line in shown.strip().splitlines():
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += re.escape(line.rstrip()).replace("…", r"[^\n]*?") + r"[ \t]*\n"
    return (
        re.fullmatch(pattern, "".join(f"{line}\n" for line in printed.strip().splitlines()))
        is not None
    )


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what the documentation assumes: the configuration, the documents and the suites."""
    folder = tmp_path_factory.mktemp("docs") / "askdoc"
    folder.mkdir()
    shutil.copy(ROOT / "askdoc.toml", folder)
    for name in ("seeds", "evals"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def test_documented_commands_print_what_they_say(workspace: Path) -> None:
    """Steps run in the order of the documentation and share the workspace, as a reader would."""
    documented = [
        (f"{path.relative_to(ROOT)}:{step.line}", step)
        for path in DOCUMENTED
        for step in steps(path.read_text(encoding="utf-8"))
        if step.command.startswith("askdoc ")
    ]
    found = [(where, _unlike(step, workspace)) for where, step in documented]
    wrong = [f"{where}: {unlike}" for where, unlike in found if unlike]
    assert documented
    assert not wrong, "\n\n".join(wrong)


def _unlike(step: Step, workspace: Path) -> str | None:
    """Run a command; say what it prints where that is not what the documentation shows."""
    _, *arguments = shlex.split(step.command)
    with contextlib.chdir(workspace):
        done = CliRunner().invoke(cli.make_app(), arguments, prog_name="askdoc")
    if done.exit_code in (0, 3) and matches(step.output, done.output):
        return None
    return f"{step.command}\nshown:\n{step.output}\n\nprinted:\n{done.output}"


@pytest.mark.parametrize("listing", ["docs/decisions/index.md", "mkdocs.yml"])
def test_every_decision_is_listed_in_order(listing: str) -> None:
    files = sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))
    assert re.findall(r"0\d{3}-[\w-]+\.md", (ROOT / listing).read_text(encoding="utf-8")) == files


@pytest.mark.parametrize("listing", ["README.md", "docs/index.md", "mkdocs.yml"])
def test_every_guide_is_linked(listing: str) -> None:
    files = {path.name for path in (ROOT / "docs/guide").glob("*.md")}
    linked = re.findall(r"guide/([\w-]+\.md)", (ROOT / listing).read_text(encoding="utf-8"))
    assert set(linked) == files


def test_steps_are_found_with_their_output() -> None:
    text = (
        "Text.\n\n```console\n$ askdoc index\nIndexed …\n\n$ askdoc 'what?'\nThat.\n…\n```\n\n"
        "```console no-run\n$ askdoc eval\n```\n\n```console\n$ make\nignored\n```\n"
    )
    assert list(steps(text)) == [
        Step("askdoc index", "Indexed …", 4),
        Step("askdoc 'what?'", "That.\n…", 7),
        Step("make", "ignored", 17),
    ]


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nc\n", False),
        ("a", "a\nb\n", False),
        ("a\n…", "a\nb\nc\n", True),
        ("…\nc", "a\nb\nc\n", True),
        ("a\n…\nc", "a\nc\n", True),
        ("Indexed … documents in … s", "Indexed 3 documents in 1.2 s\n", True),
        ("Indexed … documents", "Indexed 3\ndocuments\n", False),
        ("(.*)", "abc\n", False),
        ("", "", True),
        ("", "something\n", False),
    ],
)
def test_output_matches_by_the_line(shown: str, printed: str, fits: bool) -> None:  # noqa: FBT001
    assert matches(shown, printed) is fits


_SCRIPTS = [
    path
    for path in sorted((ROOT / "benchmarks").glob("*.py"))
    if path.name != "obvious_build.py"  # it needs packages of its own
]


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda path: path.name)
def test_a_benchmark_says_how_it_is_called(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [str(script), "--help"])
    monkeypatch.syspath_prepend(script.parent)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(script), run_name="__main__")
    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


@pytest.mark.skipif(
    not (ROOT / "Makefile").is_file() or shutil.which("make") is None, reason="needs make"
)
def test_make_says_that_it_installs_before_it_does(tmp_path: Path) -> None:
    command = ["make", "--dry-run", "demo", f"VENV={tmp_path / 'venv'}"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "some minutes" in printed[: printed.index("pip install")]
