"""The command line itself: routing, help, errors, endings. Nothing here needs an index."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner, Result

from askdoc.cli import app as cli
from askdoc.cli.base import first_line

HEAVY = (
    "chromadb", "llama_index", "llama_index.core", "numpy", "onnxruntime", "psycopg",
    "sentence_transformers", "sentencex", "tokenizers", "torch", "transformers", "msgspec",
    "askdoc.types", "rich.markdown", "typer.rich_utils",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("COLUMNS", "80")


def run(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(cli.make_app(), arguments, prog_name="askdoc", **options)


def run_process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "askdoc", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, **options)


def routed(*arguments: str) -> list[str]:
    group = cli.root()
    with group.make_context("askdoc", ["--help"], resilient_parsing=True) as context:
        return list(group._routed(context, list(arguments)))


# ── routing ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "to"),
    [
        (["What is it?"], ["ask", "What is it?"]),
        (["what", "is", "it"], ["ask", "what", "is", "it"]),
        (["ask", "status"], ["ask", "status"]),
        (["help"], ["--help"]),
        (["help", "index"], ["index", "--help"]),
        (["help", "me", "find", "it"], ["ask", "help", "me", "find", "it"]),
        (["status"], ["status"]),
        (["status", "--json"], ["status", "--json"]),
        (["status of the pier"], ["ask", "status of the pier"]),
        (["--json", "What is it?"], ["ask", "--json", "What is it?"]),
        (["--json", "status"], ["status", "--json"]),
        (["--top-k", "3", "status"], ["status", "--top-k", "3"]),
        (["--top-k=3", "search", "x"], ["search", "--top-k=3", "x"]),
        (["--source", "search", "what?"], ["ask", "--source", "search", "what?"]),
        (["--", "status"], ["ask", "--", "status"]),
        (["-"], ["ask", "-"]),
        (["--version"], ["--version"]),
        (["--help"], ["--help"]),
        (["-h"], ["-h"]),
        ([], ["--help"]),
        (["--json"], ["ask", "--json"]),
        ([""], ["ask", ""]),
        (["isolation"], ["ask", "isolation"]),
        (["statsu?"], ["ask", "statsu?"]),
    ],
)
def test_a_question_needs_no_command(arguments: list[str], to: list[str]) -> None:
    assert routed(*arguments) == to


@pytest.mark.parametrize(("word", "near"), [("statsu", "status"), ("serach", "search")])
def test_a_lone_word_like_a_command_is_not_asked(word: str, near: str) -> None:
    done = run(word)
    assert done.exit_code == 2
    assert done.stderr == (
        f"error: there is no command `{word}`\n\n"
        f"hint: did you mean `askdoc {near}`? As a question: `askdoc ask {word}`\n"
    )


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["asc", "What is it?"], "ask"),
        (["serch", "--json", "it"], "search"),
        (["indx", "."], "index"),
    ],
)
def test_a_word_like_a_command_is_not_asked_with_what_fits_a_command(
    arguments: list[str], near: str
) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert f"did you mean `askdoc {near}`?" in done.stderr
    assert f"`askdoc ask {shlex.join(arguments)}`" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["who", "built the pier?"], ["Indx", "of", "prices"], ["herons", "where do they nest?"]],
)
def test_words_of_a_question_are_asked(arguments: list[str]) -> None:
    assert routed(*arguments) == ["ask", *arguments]


def test_a_question_may_be_longer_than_a_name() -> None:
    assert routed("why", "long " * 100) == ["ask", "why", "long " * 100]
    run("statu", "x" * 300, catch_exceptions=False)


@pytest.mark.skipif(sys.platform == "win32", reason="names of other systems")
@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "--batch", "q", "--json", "--output"],
        ["export"],
        ["import"],
        ["init"],
        ["eval"],
        ["eval", "new"],
        ["ask", "what?", "--embedder"],
        ["ask", "what?", "--reranker"],
    ],
)
def test_a_name_that_is_too_long_is_reported(arguments: list[str]) -> None:
    Path("q").write_text("What is it?\n")
    done = run(*arguments, "n" * 300)
    assert done.exit_code in {1, 2}
    assert "file name too long" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="names of other systems")
def test_what_has_too_long_a_name_is_no_source() -> None:
    done = run("index", "n" * 300)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no file or folder" in done.stderr
    assert "n" * 20 not in run("sources", "list").stdout


# ── help ────────────────────────────────────────────────────────────────────────────────────────


def test_the_help_of_askdoc(snapshot: SnapshotAssertion) -> None:
    done = run("--help")
    assert done.exit_code == 0
    assert done.stdout == snapshot
    assert run().stdout == done.stdout


LOADABLE = [
    entry.name
    for entry in cli.ENTRIES
    if importlib.util.find_spec(f"askdoc.cli.{(entry.location or (entry.name,))[0]}") is not None
]


@pytest.mark.parametrize("name", [name for name in LOADABLE if name != "eval"])
def test_the_help_of_a_command(name: str, snapshot: SnapshotAssertion) -> None:
    done = run(name, "--help")
    assert done.exit_code == 0
    assert done.stdout == snapshot
    assert f"askdoc {name}" in done.stdout.partition("Examples:")[2]


@pytest.mark.parametrize("name", LOADABLE)
def test_a_schema_that_help_refers_to_is_there(name: str) -> None:
    shown = run(name, "--help").stdout
    for schema in re.findall(r"askdoc schema ([a-z]+)", " ".join(shown.split())):
        assert run("schema", schema).exit_code == 0, schema


@pytest.mark.parametrize("letter", ["-j", "-e", "-f", "-s", "-w", "-k", "-n", "-o", "-m", "-l"])
def test_an_option_that_is_much_used_has_a_letter(letter: str) -> None:
    assert re.search(rf"^  {letter}, --", run("ask", "--help").stdout, re.MULTILINE)


@pytest.mark.parametrize("name", LOADABLE)
def test_the_summary_in_the_table_is_the_commands_own(name: str) -> None:
    group = cli.root()
    with group.make_context("askdoc", ["--help"], resilient_parsing=True) as context:
        command = group.get_command(context, name)
    [summary] = [entry.summary for entry in cli.ENTRIES if entry.name == name]
    assert first_line(command.help) == summary
    for item in command.params:
        assert item.help, f"{name} {item.name} has no help"


def test_every_command_is_there() -> None:
    assert {entry.name for entry in cli.ENTRIES} == set(LOADABLE)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['askdoc', '--help']\n"
        "from askdoc.cli import main\n"
        "try: main()\n"
        "except SystemExit: print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.startswith("Usage: askdoc")
    loaded = done.stderr.split()
    assert "askdoc.cli.app" in loaded
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize(("argument", "code"), [("--version", 0), ("--nope", 2)])
def test_the_process_ends_at_once_with_all_that_was_printed(argument: str, code: int) -> None:
    script = (
        "import atexit, sys; atexit.register(print, 'late')\n"
        f"sys.argv = ['askdoc', {argument!r}]\n"
        "from askdoc.cli import command_line; command_line()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == code
    assert done.stdout == ("" if code else "askdoc 0.1.0\n")
    assert done.stderr.startswith("error: there is no option `--nope`" if code else "")


def test_a_group_without_a_command_lists_its_commands() -> None:
    done = run("sources")
    assert done.exit_code == 2
    hint = "hint: choose one of `list`, `add`, `remove`; see `askdoc sources --help`"
    assert done.stderr == f"error: missing command\n\n{hint}\n"


def test_the_version() -> None:
    assert run("--version").stdout == "askdoc 0.1.0\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("help indx", "did you mean `askdoc help index`?"),
        ("list", "documents: `askdoc status --documents`; commands: `askdoc help`"),
        ("hepl", "did you mean `askdoc repl` or `askdoc help`? As a question: `askdoc ask hepl`"),
    ],
)
def test_a_word_that_is_nearly_a_command_is_no_question(words: str, hint: str) -> None:
    done = run(*words.split())
    assert done.exit_code == 2
    word = words.rpartition(" ")[2]
    assert done.stderr == f"error: there is no command `{word}`\n\nhint: {hint}\n"


@pytest.mark.parametrize(
    ("option", "command"), [("--library", "repl"), ("--llm", "repl"), ("--source", "ask")]
)
def test_options_without_a_question_open_a_session_at_a_terminal(
    option: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "at_terminal", lambda: True)
    monkeypatch.setattr(cli, "sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True)))
    group = cli.root()
    with group.make_context("askdoc", ["--help"], resilient_parsing=True) as context:
        context.resilient_parsing = False
        assert group._routed(context, [option, "law"]) == [command, option, "law"]


@pytest.mark.parametrize("typed", [["eval"], ["schema"], ["models", "pull"]])
def test_completion_offers_commands_suites_schemas_and_models(typed: list[str]) -> None:
    names = {"eval": "sweep", "schema": "answer", "models": "smollm2-135m"}
    words = f"askdoc {' '.join(typed)} "
    environment = {**os.environ, "_ASKDOC_COMPLETE": "complete_bash", "COMP_WORDS": words,
                   "COMP_CWORD": str(len(typed) + 1)}  # fmt: skip
    done = run_process(env=environment)
    assert names[typed[0]] in done.stdout.decode().split()


# ── errors and endings ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["schema"], "error: missing argument `NAME`\n\nhint: see `askdoc schema --help`\n"),
        (
            ["schema", "nix"],
            "error: there is no schema `nix`\n\nhint: there are: answer, eval, search, suite\n",
        ),
        (
            ["--jsn", "what?"],
            "error: there is no option `--jsn`\n\nhint: did you mean `--json`?\n",
        ),
        (
            ["-jsno", "what?"],
            "error: there is no option `-jsno`\n\nhint: did you mean `--json`?\n",
        ),
        (
            ['-"old mill"'],
            (
                'error: what begins with `-` is read as options: `-"old mill"`\n\n'
                "hint: put `--` before the question: `askdoc ask -- '-\"old mill\"'`\n"
            ),
        ),
        (
            ["search", "-Velm where do herons nest"],
            (
                "error: what begins with `-` is read as options: `-Velm where do herons nest`\n\n"
                "hint: put `--` before the question: `askdoc search -- '-Velm where do herons "
                "nest'`\n"
            ),
        ),
        (
            ["-Velm"],
            (
                "error: there is no option `-Velm`\n\n"
                "hint: to exclude `Velm`, write it in the question: `who … -Velm`\n"
            ),
        ),
        (
            ["ask", "what?", "--source"],
            "error: `--source` needs a value\n\nhint: see `askdoc ask --help`\n",
        ),
        (
            ["repl", "--top-k"],
            "error: `--top-k` needs a value\n\nhint: see `askdoc repl --help`\n",
        ),
        (
            ["ask", "--json=yes", "what?"],
            "error: `--json` takes no value\n\nhint: see `askdoc ask --help`\n",
        ),
        (
            ["index", "--library", "one", "--library", "two", "x"],
            (
                "error: `--library` takes one value here, and is given twice\n\n"
                "hint: leave out one of them\n"
            ),
        ),
        (
            ["--library", "one", "status", "--library=two"],
            (
                "error: `--library` takes one value here, and is given twice\n\n"
                "hint: leave out one of them\n"
            ),
        ),
        (
            ["ask", "--top-k", "many", "what?"],
            (
                "error: invalid value for `--top-k` / `-k`: should be a valid integer\n\n"
                "hint: see `askdoc ask --help`\n"
            ),
        ),
        (
            ["schema", "answer", "extra"],
            "error: got unexpected extra argument(s) (extra)\n\nhint: see `askdoc schema --help`\n",
        ),
    ],
)
def test_wrong_usage_is_reported_on_stderr_with_code_2(arguments: list[str], error: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == error


def test_a_setting_that_does_not_fit_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "askdoc.toml").write_text("top_kk = 3")
    done = run("what?")
    assert done.exit_code == 2
    assert "askdoc.toml: there is no setting `top_kk`" in done.stderr
    assert "hint: did you mean `top_k`?" in done.stderr


def test_markup_and_escapes_in_arguments_are_only_text() -> None:
    done = run("schema", "[bold]x[/] \x1b[31m\u202e")
    assert r"there is no schema `[bold]x[/] \x1b[31m\u202e`" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("askdoc.formats.schema", fail)
    assert isinstance(run("schema", "answer").exception, ZeroDivisionError)


def test_an_interrupt_ends_with_130_and_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("askdoc.formats.schema", interrupt)
    done = run("schema", "answer")
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", "note: interrupted\n")


@pytest.mark.parametrize("arguments", [["schema", "answer"], ["--help"]])
def test_a_reader_that_goes_away_is_no_error(arguments: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "askdoc", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Unbuffered, so that the pipe is written to while it is closed.
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    process.stdout.close()
    _, complaint = process.communicate(timeout=30)
    assert (process.returncode, complaint) == (141, b"")


def test_a_command_line_that_is_not_utf_8_is_no_bug() -> None:
    done = run_process(os.fsdecode(b"schema"), os.fsdecode(b"\xff\xfe"))
    assert done.returncode == 2
    assert b"there is no schema" in done.stderr
    assert b"Traceback" not in done.stderr


def test_output_without_unicode_is_ascii() -> None:
    done = run_process("schema", "suite", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["$id"]


def test_completion_offers_commands_and_options() -> None:
    environment = {
        **os.environ,
        "_ASKDOC_COMPLETE": "complete_bash",
        "COMP_WORDS": "askdoc s",
        "COMP_CWORD": "1",
    }
    script = "from askdoc.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert set(done.stdout.split()) >= {"search", "show", "status", "schema"}
    environment |= {"COMP_WORDS": "askdoc ask --so", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["--source"]


def test_a_current_folder_that_is_gone_is_reported(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = (
        f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\n"
        "import sys; sys.argv = ['askdoc', 'what is it?']\n"
        "from askdoc.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: the current folder no longer exists\n\nhint: change to another one: `cd ~`\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
@pytest.mark.parametrize("arguments", [["--help"], ["schema", "answer"], ["config", "list"]])
def test_a_full_disk_is_reported(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "askdoc", *arguments],
            stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    said = "error: cannot write the output: no space left on device\n"
    assert (done.returncode, done.stderr.decode()) == (1, said)


def test_a_closed_output_is_reported() -> None:
    command = f'"{sys.executable}" -m askdoc schema answer >&-'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: the standard output is closed\n")


def test_ctrl_c_while_a_shell_completes_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.AskdocGroup, "get_command", interrupted)
    monkeypatch.setenv("_ASKDOC_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "askdoc show a")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit) as ended:
        cli.root().main([], "askdoc")
    assert ended.value.code == 130
    assert capsys.readouterr().err == "note: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell of other systems")
@pytest.mark.parametrize(
    "arguments", ["", "repl", "ask -", "ask --batch - --json", "history delete --all", "--help"]
)
def test_a_closed_input_is_reported_where_it_is_to_be_read(arguments: str) -> None:
    command = f'"{sys.executable}" -m askdoc {arguments} <&-'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in done.stderr
    reads = arguments not in ("--help", "history delete --all")
    assert (done.returncode == 2) == reads
    assert done.stderr.startswith(b"error: the standard input is closed\n") == reads


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of other systems")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ask", "-"], "the question on standard input is longer than 1 MB"),
        (["repl"], "a line on standard input is longer than 1 MB"),
        (["ask", "--batch", "-", "--json"], "the batch on standard input is longer than 100 MB"),
        (["ask", "--batch", "/dev/zero", "--json"], "`/dev/zero` is longer than 100 MB"),
    ],
)
def test_an_input_without_end_is_refused(arguments: list[str], told: str) -> None:
    with Path("/dev/zero").open("rb") as endless:
        done = run_process(*arguments, stdin=endless)
    assert (done.returncode, done.stderr.decode().splitlines()[0]) == (2, f"error: {told}")
