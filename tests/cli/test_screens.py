"""Every screen of the program: as wide as the terminal at most, and plain where that is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from askdoc.cli import app as cli

DEEP = "a-folder-with-a-rather-long-name/and-one-below-it-whose-name-is-no-shorter"
PIER = """Minutes of the harbour board

Mara Lind, who chairs the board, said that the pier would be rebuilt in oak by the spring, and that
the divers of the harbour had refused to sign for steel, which was cheaper.
The next meeting is on the ninth of March.
"""
QUESTION = "Who chairs the harbour board?"
SCREENS = [
    "--help",
    "help ask",
    "index --help",
    "eval --help",
    "eval sweep --help",
    "index",
    "index --dry-run",
    f"ask|{QUESTION}",
    f"ask|--brief|{QUESTION}",
    f"ask|--quotes|{QUESTION}",
    f"ask|--explain|{QUESTION}",
    "ask|Who won the football cup?",
    "search harbour board",
    f"show {DEEP}/pier.txt:4",
    "outline bees.md",
    "status",
    "status --documents",
    "status --skipped",
    "doctor",
    "config list --all",
    "check bees.md",
    "sources list",
    "models list",
    "libraries list",
    "history list",
    "serve --status",
    "trust",
    "eval",
    "eval --all",
    "eval floors",
    "eval lint",
    "eval calibrate pier",
    "eval explain case-0",
    "eval sweep pier --hold-out 0.4 --set max_sentences=1,2 --set top_k=5,10 --set chunk_tokens=96",
    "eval --against evals/baselines",
    "ask --no-such-option",
    "indx docs",
    "show nowhere.txt",
    "config set top_k many",
]
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)(?:;\d+)*m")
ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x1b]*\x1b\\)")
PALE = re.compile(r"\x1b\[(?:\d+;)*(?:30|33|37|90|93|97)(?:;\d+)*m")
"""Black, yellow and white, which vanish on a dark or on a light background."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("screens")
    folder = root / "docs" / DEEP
    folder.mkdir(parents=True)
    (folder / "pier.txt").write_text(PIER)
    (root / "docs" / "bees.md").write_text("# Keeping bees\n\nBees winter in the hive.\n")
    for number in range(12):
        (folder / f"a picture of the harbour, number {number}.png").write_bytes(bytes(200))
    (root / "docs" / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    (root / "evals").mkdir()
    pier = f"{DEEP}/pier.txt"
    asked = (
        (QUESTION, pier, "Mara Lind, who chairs the board"),
        ("When does the harbour board meet next?", pier, "is on the ninth of March"),
        ("Who refused to sign for steel?", pier, "had refused to sign for steel"),
        ("Which material was cheaper than oak?", pier, "steel, which was cheaper"),
        ("Where do bees stay in the winter of the year?", "bees.md", "Bees winter in the hive."),
        ("What is the pier rebuilt in?", "bees.md", "Bees winter in the hive."),
    )
    cases: list[dict[str, object]] = [
        {"id": f"case-{n}", "question": q, "evidence": [{"document": name, "quote": quote}]}
        for n, (q, name, quote) in enumerate(asked)
    ]
    cases += [
        {"id": f"no-{n}", "question": question, "answerable": False}
        for n, question in enumerate(("Who won the football cup?", "What does a train cost?"))
    ]
    lines = "".join(f"{json.dumps(case)}\n" for case in cases)
    (root / "evals" / "pier.jsonl").write_text(lines)
    (root / "askdoc.toml").write_text('sources = ["docs"]\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("ASKDOC_DATA_DIR", str(root / "data"))
        assert CliRunner().invoke(cli.make_app(), ["index"]).exit_code == 0
        patch.setenv("ASKDOC_MIN_CONFIDENCE", "0.99")
        CliRunner().invoke(cli.make_app(), ["eval", "--save-baseline"])
        assert (root / "evals" / "baselines" / "pier.json").is_file()
        patch.delenv("ASKDOC_MIN_CONFIDENCE")
        yield root


def run(typed: str) -> Result:
    arguments = typed.split("|") if "|" in typed else typed.split()
    done = CliRunner().invoke(cli.make_app(), arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.output
    return done


def screen(typed: str) -> str:
    return run(typed).output


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("typed", SCREENS)
def test_a_screen_fits_the_terminal_and_every_background(
    typed: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    done = run(typed)
    assert not PALE.search(done.output)
    assert all(cell_len(line) <= width for line in ESCAPE.sub("", done.output).splitlines())
    assert not re.search(r" $", ESCAPE.sub("", done.stdout), re.MULTILINE)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("typed", SCREENS)
def test_a_screen_is_plain_in_a_pipe_and_without_colour_where_that_is_asked(
    typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b" not in screen(typed)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(screen(typed))


@pytest.mark.usefixtures("place")
def test_a_pipe_never_breaks_a_path() -> None:
    for typed in ("status --skipped", "status --documents", "search harbour board"):
        assert f"docs/{DEEP}/" in screen(typed)
    assert f"[docs/{DEEP}/pier.txt, lines 3-4]" in screen(f"ask|--brief|{QUESTION}")
