"""`config`, `init`, `libraries`, `history`, `man`, batches: what surrounds asking."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.processes import running
from typer.testing import CliRunner, Result

from askdoc import formats, paths, settings, workspace
from askdoc.chat.history import Exchange
from askdoc.chat.store import SqliteSessions
from askdoc.cli import app as cli
from askdoc.cli.init import example
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.files import alone_with, writing
from askdoc.types import Answer, Fingerprint, Reason, Status

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and a home of its own."""
    for name in ("STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("VISUAL", "EDITOR", "ASKDOC_LIBRARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(cli.make_app(), arguments, prog_name="askdoc", **options)


# ── config ──────────────────────────────────────────────────────────────────────────────────────


def test_config_sets_gets_and_unsets_and_keeps_comments() -> None:
    file = Path(run("config", "path").stdout.strip())
    file.parent.mkdir(parents=True)
    file.write_text("# mine\ntop_k = 3  # few\n")
    assert run("config", "set", "max_sentences", "5").exit_code == 0
    assert run("config", "get", "max_sentences").stdout == "5\n"
    assert file.read_text() == "# mine\ntop_k = 3  # few\nmax_sentences = 5\n"
    run("config", "unset", "top_k")
    assert run("config", "get", "top_k").stdout == f"{settings.Settings().top_k}\n"
    assert "was not set" in run("config", "unset", "top_k").stdout
    assert run("config", "get", "reranker").stdout == ""
    assert "reranker = not set  (default)\n" in run("config", "list").stdout


def test_config_shows_no_password_of_an_address() -> None:
    assert "hush" not in run("config", "set", "llm", "http://me:hush@127.0.0.1:9/v1#m").stdout
    assert run("config", "get", "llm").stdout == "http://***@127.0.0.1:9/v1#m\n"
    listed = run("config", "list").stdout
    assert "llm = http://***@127.0.0.1:9/v1#m" in listed
    assert "hush" not in listed
    run("config", "set", "llm", "http://127.0.0.1:9/v1?key=hush#m")
    assert run("config", "get", "llm").stdout == "http://127.0.0.1:9/v1?***#m\n"
    run("config", "set", "editor", "code --goto {file}:{line}")
    assert run("config", "get", "editor").stdout == "code --goto {file}:{line}\n"


def test_config_writes_lists_into_the_workspace(here: Path) -> None:
    assert run("config", "set", "--workspace", "sources", "docs", "my papers").exit_code == 0
    assert (here / "askdoc.toml").read_text() == 'sources = ["docs", "my papers"]\n'
    assert run("config", "get", "sources").stdout == "docs\nmy papers\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "max_sentence", "5"], "did you mean `max_sentences`?"),
        (["get", "xyzzy"], "hint: `askdoc config list --all` says what each setting is"),
        (["unset", "nope"], "hint: `askdoc config list --all` says what each setting is"),
        (["set", "top_k", "many"], "`top_k` must be a whole number, not `many`"),
        (["set", "top_k", "0"], "`top_k` must be a whole number of at least 1, not `0`"),
        (["set", "top_k", "-1"], "hint: a value that starts with `-` comes after `--`"),
        (["set", "--", "top_k", "-1"], "`top_k` must be a whole number of at least 1, not `-1`"),
        (["set", "min_confidence", "nan"], "`min_confidence` must be a number, not `nan`"),
        (["set", "keys", "ed"], "`keys` must be `emacs` or `vi`, not `ed`"),
        (["set", "top_k", "1", "2"], "takes one value, not 2"),
        (["set", "sources", "docs", "a b"], "askdoc config set --workspace sources docs 'a b'"),
        (
            ["set", "index", "/one/for/all"],
            "`index` in your own file would apply to every workspace",
        ),
        (["set", "--workspace", "editor", "rm"], "a workspace cannot set `editor`"),
        (["set", "--workspace", "index", "../x"], "is outside the workspace"),
    ],
)
def test_config_refuses_what_does_not_fit_and_writes_nothing(
    arguments: list[str], said: str, here: Path
) -> None:
    done = run("config", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (here / "askdoc.toml").exists()
    assert not Path(run("config", "path").stdout.strip()).exists()


def test_sources_written_into_the_own_file_by_hand_are_refused_and_taken_out(here: Path) -> None:
    (here / "docs").mkdir()
    (here / "docs/a.txt").write_text("Herons nest in trees.")
    own = Path(run("config", "path").stdout.strip())
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text('sources = ["docs"]\n')
    for command in (["index"], ["status"], ["Where do herons nest?"], ["config", "list"]):
        done = run(*command)
        assert done.exit_code == 2
        told = " ".join(done.stderr.split())
        assert "`sources` would apply to every workspace" in told
        assert "take it out: `askdoc config unset sources`" in told
    assert not (here / ".askdoc").exists()
    assert run("config", "unset", "sources").exit_code == 0
    assert run("config", "set", "--workspace", "sources", "docs").exit_code == 0
    assert run("index").exit_code == 0


def test_config_lists_every_key_with_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKDOC_TOP_K", "7")
    said = run("config", "list", "--all").stdout
    for key in settings.Settings.__struct_fields__:
        assert f"\n  {key} = " in said
        assert settings.HELP[key]
    assert "  top_k = 7  (environment)" in said


def test_config_hides_rare_settings_that_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    said = run("config", "list").stdout
    assert "chunk_tokens" not in said
    assert "`askdoc config list --all`" in said
    monkeypatch.setenv("ASKDOC_CHUNK_TOKENS", "200")
    assert "  chunk_tokens = 200  (environment)" in run("config", "list").stdout


@pytest.mark.parametrize("option", [[], ["--workspace"]])
def test_a_broken_file_of_settings_is_repaired_where_it_is(option: list[str]) -> None:
    file = Path(run("config", "path", *option).stdout.strip())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("top_k = = 3\n")
    done = run("config", "set", *option, "top_k", "5")
    assert done.exit_code == 2
    assert f"hint: fix it: `{' '.join(['askdoc config edit', *option])}`\n" in done.stderr


def test_config_edit_checks_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    write = "import sys; open(sys.argv[1], 'w').write('tpo_k = 1')"
    monkeypatch.setenv("VISUAL", f'{sys.executable} -c "{write}"')
    done = run("config", "edit")
    assert done.exit_code == 2
    assert "did you mean `top_k`?" in done.stderr


def test_all_faults_of_a_file_are_reported_at_once_and_the_settings_can_still_be_listed() -> None:
    Path("askdoc.toml").write_text('top_kk = 3\nxyzzy = 1\nmax_sentences = "many"\n')
    done = run("status")
    assert done.exit_code == 2
    for said in (
        "askdoc.toml: 3 faults\n",
        "there is no setting `top_kk`; did you mean `top_k`?",
        "there is no setting `xyzzy`\n",
        "`max_sentences` must be a whole number, not `many`",
        "hint: fix it: `askdoc config edit --workspace`; `askdoc config list --all`",
    ):
        assert said in done.stderr
    listed = run("config", "list", "--all")
    assert listed.exit_code == 2
    assert "max_sentences = 3" in listed.stdout
    assert "askdoc.toml: 3 faults" in listed.stderr


# ── init ────────────────────────────────────────────────────────────────────────────────────────


def test_init_makes_a_workspace(here: Path) -> None:
    (here / "docs").mkdir()
    assert run("init", "docs").stdout == "wrote askdoc.toml; now run `askdoc index`\n"
    assert workspace.find(here, environment={}).sources == (here / "docs",)
    assert (here / ".askdoc" / ".gitignore").read_text() == "*\n"
    assert "is here already" in run("init").stderr


@pytest.mark.parametrize(("source", "said"), [("docs", "there is no"), ("..", "outside")])
def test_init_refuses_what_it_cannot_index(source: str, said: str, here: Path) -> None:
    done = run("init", source)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not list(here.iterdir())


def test_init_where_nothing_can_be_written_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/proc")
    done = run("init", ".")
    assert done.exit_code == 1
    assert "error: cannot write `/proc/askdoc.toml`: " in done.stderr
    assert "hint: " in done.stderr


def test_the_commented_settings_are_valid_when_uncommented(here: Path) -> None:
    lines = [line.removeprefix("# ") for line in example(["."]).splitlines() if " = " in line]
    (here / "askdoc.toml").write_text("\n".join(line for line in lines if "…" not in line))
    assert workspace.find(here, environment={}).settings.sources == (".",)


# ── libraries and batches ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def libraries(here: Path) -> None:
    texts = {
        "birds": "Herons nest in tall trees. Swans nest on the ground by the lake.",
        "town": "The pier was built in 1902. Herons nest in old trees here.",
    }
    for name, text in texts.items():
        (here / name).mkdir()
        (here / name / "text.txt").write_text(text)
        assert run("index", "--library", name, name).exit_code == 0


@pytest.mark.usefixtures("libraries")
def test_libraries_are_asked_from_anywhere_alone_or_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("libraries").stdout == "birds  1 document\ntown   1 document\n"
    assert "[1]" in run("--library", "birds", "Where do swans nest?").stdout
    together = run("ask", "--library", "birds", "--library", "town", "Where do herons nest?")
    assert "birds: here/birds/text.txt" in together.stdout
    assert "town: here/town/text.txt" in together.stdout
    monkeypatch.setenv("ASKDOC_LIBRARY", "birds,town")
    data = json.loads(run("--json", "When was the pier built?").stdout)
    assert [item["library"] for item in data["citations"]] == ["town"]
    assert {item["library"] for item in data["evidence"]} == {"birds", "town"}
    assert set(data["fingerprint"]["models"]) == {
        f"{library}:{model}" for library in ("birds", "town") for model in ("embedder", "ranker")
    }
    nothing = run("--json", "Who chairs the ministry of finance?")
    assert nothing.exit_code == 3
    assert "one library at a time" in run("status").stderr


@pytest.mark.usefixtures("libraries")
def test_a_search_takes_several_libraries() -> None:
    both = ("--library", "birds", "--library", "town")
    lines = run("search", *both, "--vimgrep", "Where do herons nest?").stdout.splitlines()
    assert sorted(line.split(":", 1)[0] for line in lines) == ["birds/text.txt", "town/text.txt"]
    found = json.loads(run("search", *both, "--json", "Where do herons nest?").stdout)["passages"]
    assert {one["library"] for one in found} == {"birds", "town"}


@pytest.mark.usefixtures("libraries")
def test_a_library_that_is_not_there_is_reported() -> None:
    assert "did you mean `birds`?" in run("--library", "bird", "x y").stderr
    assert "not a name for a library" in run("--library", "../up", "x y").stderr
    assert "each name an index" in run("status", "--library", "town", "--index", "x").stderr


@pytest.mark.usefixtures("libraries")
def test_a_batch_continues_where_it_stopped(here: Path) -> None:
    (here / "q.txt").write_text("Where do swans nest?\n\n# no question\nWhere do herons nest?\n")
    batch = ["ask", "--library", "birds", "--batch", "q.txt", "--json"]
    done = run(*batch)
    assert done.exit_code == 0
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["question"][9:14] for answer in answers] == ["swans", "heron"]
    assert answers[0]["citations"][0]["quote"].startswith("Swans nest on the ground")

    whole = [*batch, "--output", "a.jsonl"]
    first, second = done.stdout.splitlines(keepends=True)
    (here / "a.jsonl").write_text(first + second[:20])  # cut short by a crash
    assert run(*whole).exit_code == 0
    lines = (here / "a.jsonl").read_text().splitlines(keepends=True)
    assert lines[0] == first
    assert json.loads(lines[1])["claims"] == answers[1]["claims"]
    before = (here / "a.jsonl").read_bytes()
    assert run(*whole).exit_code == 0
    assert (here / "a.jsonl").read_bytes() == before
    (here / "q.txt").write_text("Another question?\n")
    told = run(*whole).stderr
    assert "does not contain answers to these questions" in told
    told = " ".join(told.split())
    assert "line 1 answers `Where do swans nest?`, and the batch asks `Another question?`" in told
    assert "delete" not in told
    assert (here / "a.jsonl").read_bytes() == before


@pytest.mark.usefixtures("libraries")
def test_an_output_that_is_something_else_is_left_as_it_is(here: Path) -> None:
    questions = "Where do swans nest?\nWhere do herons nest?\n"
    (here / "q.txt").write_text(questions)
    batch = ["ask", "--library", "birds", "--batch", "q.txt", "--json", "--output"]
    assert run(*batch, "a.jsonl").exit_code == 0
    first, second = (here / "a.jsonl").read_text().splitlines(keepends=True)
    cases = {
        "notes.md": ("My notes\n", "line 1 is no answer"),
        "unended.md": ("My notes", "line 1 is no answer"),
        "json.jsonl": ('{"a": 1}\n', "line 1 is no answer"),
        "hurt.jsonl": (first + second[5:], "line 2 is no answer"),
        "appended.jsonl": (first + "my remark", "line 2 is no answer"),
        "more.jsonl": (first + second + second, "and the batch has no question more"),
    }
    for name, (text, why) in cases.items():
        (here / name).write_text(text)
        done = run(*batch, name)
        told = " ".join(done.stderr.split())
        assert (done.exit_code, "does not contain answers" in told, why in told) == (2, True, True)
        assert "it stays as it is" in told
        assert "delete" not in told
        assert (here / name).read_text() == text
        assert ("`head -n " in told) == text.startswith(first)
    same = run(*batch, "./q.txt")
    assert same.exit_code == 2
    assert "`q.txt` contains the questions" in same.stderr
    assert (here / "q.txt").read_text() == questions


@pytest.mark.parametrize("option", [[], ["--workspace"]])
@pytest.mark.parametrize("text", ["top_k = = 3\n", "top_k = 0\n", "nothing = 3\n"])
def test_every_command_says_how_broken_settings_are_repaired(option: list[str], text: str) -> None:
    file = Path(run("config", "path", *option).stdout.strip())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    for command in (["status"], ["config", "list"], ["Who nests?"]):
        told = " ".join(run(*command).stderr.split()).lower()
        assert f"fix it: `{' '.join(['askdoc config edit', *option])}`" in told


@pytest.mark.parametrize("command", [["ask", "Who nests?"], ["status"], ["export", "x.zip"]])
def test_a_hint_names_the_library(here: Path, command: list[str]) -> None:
    (here / "empty").mkdir()
    (here / "f.md").write_text("Herons nest.")
    (paths.data() / "libraries" / "bare" / ".askdoc").mkdir(parents=True)
    told = " ".join(run(*command, "--library", "bare").stderr.split())
    assert "`askdoc index --library bare " in told


def test_blanks_name_no_editor(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "true").symlink_to(shutil.which("true") or "/bin/true")
    monkeypatch.setenv("VISUAL", "   ")
    monkeypatch.setenv("EDITOR", str(here / "true"))
    assert run("config", "edit").exit_code == 0


def test_history_that_cannot_be_read_says_what_helps(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = paths.state()
    folder.mkdir(parents=True)
    (folder / "sessions.sqlite").write_text("no database, but long enough to be taken for one" * 99)
    done = run("history")
    told = done.stderr
    assert done.exit_code == 1
    assert f"`mv {folder}/sessions.sqlite {folder}/sessions.sqlite.old`" in told.replace("\n  ", "")
    (here / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "file"))
    told = " ".join((told + run("history").stderr).split())
    assert "let yourself write to `" in told
    assert "no-history" not in told
    assert "[Errno" not in told


@pytest.mark.parametrize(
    "arguments",
    [["index"], ["index", "--dry-run"], ["sources", "add"], ["sources", "remove"]],
)
def test_an_empty_path_is_not_the_whole_folder(here: Path, arguments: list[str]) -> None:
    (here / "f.md").write_text("Herons nest.")
    done = run(*arguments, "")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (2, "error: the path is empty")
    assert not (here / ".askdoc").exists()


@pytest.mark.parametrize(
    "arguments", [["index"], ["index", "typo"], ["index", "--index", "there/index", "typo"]]
)
def test_what_is_refused_leaves_no_index_behind(here: Path, arguments: list[str]) -> None:
    before = set(here.rglob("*"))
    assert run(*arguments).exit_code == 2
    assert set(here.rglob("*")) == before
    (here / "f.md").write_text("Herons nest in trees.")
    assert run("index", "f.md").exit_code == 0
    assert run(*arguments[:1], "typo").exit_code == 2
    assert "Documents   1\n" in run("status").stdout


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of other systems")
def test_a_device_does_not_become_a_source(here: Path) -> None:
    before = set(here.rglob("*"))
    done = run("index", "/dev/zero")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: `/dev/zero` can't be indexed: it is a device")
    assert set(here.rglob("*")) == before
    (here / "f.md").write_text("Herons nest in trees.")
    assert run("index", "f.md").exit_code == 0
    assert run("index", "/dev/zero").exit_code == 2
    assert "/dev/zero" not in run("sources", "list").stdout
    assert "skipped" not in run("index").stdout


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder where nothing can be made")
def test_a_library_that_cannot_be_made_is_reported(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "f.md").write_text("Herons nest.")
    monkeypatch.setenv("XDG_DATA_HOME", "/proc/none")
    done = run("index", "--library", "xx", "f.md")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: cannot make `/proc/none/askdoc/libraries/xx/.askdoc`")


@pytest.mark.usefixtures("libraries")
def test_a_batch_continues_only_with_the_same_index_and_settings(here: Path) -> None:
    (here / "q.txt").write_text("Where do herons nest?\n")
    batch = ["ask", "--batch", "q.txt", "--json", "--output", "a.jsonl", "--library"]
    assert run(*batch, "birds").exit_code == 0
    (here / "q.txt").write_text("Where do herons nest?\nWhere do swans nest?\n")
    before = (here / "a.jsonl").read_bytes()

    other = run(*batch, "town")
    assert other.exit_code == 2
    assert "come from another run: the index is another one" in " ".join(other.stderr.split())
    assert "name another file with `--output`" in other.stderr
    settings = " ".join(run(*batch, "birds", "--top-k", "3").stderr.split())
    assert "come from another run: with other settings" in settings
    models = " ".join(run(*batch, "birds", "--reranker", "none").stderr.split())
    assert "come from another run: with other models" in models
    both = " ".join(run(*batch, "birds", "--library", "town").stderr.split())
    assert "come from another run: from other libraries hint" in both
    assert (here / "a.jsonl").read_bytes() == before

    assert run(*batch, "birds").exit_code == 0
    assert (here / "a.jsonl").read_bytes().startswith(before)
    (here / "birds" / "more.txt").write_text("Owls nest in barns.")
    assert run("index", "--library", "birds").exit_code == 0
    assert "the index is another one or has changed" in " ".join(
        run(*batch, "birds").stderr.split()
    )


@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize("asked", [["birds"], ["birds", "town"]])
def test_a_batch_continues_only_in_the_same_documents(here: Path, asked: list[str]) -> None:
    (here / "birds" / "owls.txt").write_text("Owls nest in barns.")
    assert run("index", "--library", "birds").exit_code == 0
    one, two = "Where do herons nest?\n", "Where do owls nest?\n"
    (here / "q.txt").write_text(one)
    libraries = [word for name in asked for word in ("--library", name)]
    batch = ["ask", "--batch", "q.txt", "--json", *libraries, "--output"]
    assert run(*batch, "a.jsonl", "--source", "text.txt").exit_code == 0
    assert run(*batch, "all.jsonl").exit_code == 0
    (here / "q.txt").write_text(one + two)
    before = (here / "a.jsonl").read_bytes()
    for other in ([], ["--source", "owls.txt"], ["--source", "text.txt", "--source", "owls.txt"]):
        done = run(*batch, "a.jsonl", *other)
        assert done.exit_code == 2
        told = " ".join(done.stderr.split())
        assert "come from another run: " in told
        assert "from other documents (`--source`, `--where`)" in told
    narrowed = run(*batch, "all.jsonl", "--source", "text.txt")
    assert "from other documents" in " ".join(narrowed.stderr.split())
    assert (here / "a.jsonl").read_bytes() == before

    assert run(*batch, "a.jsonl", "--source", "te*.txt").exit_code == 0
    answers = [json.loads(line) for line in (here / "a.jsonl").read_text().splitlines()]
    assert answers[0]["fingerprint"] == answers[1]["fingerprint"]
    assert answers[0]["fingerprint"]["scope"]


@pytest.mark.usefixtures("libraries")
def test_a_federated_batch_with_a_source_continues(here: Path) -> None:
    (here / "q.txt").write_text("Where do herons nest?\n")
    both = ["ask", "--library", "birds", "--library", "town", "--source", "*town*"]
    batch = [*both, "--batch", "q.txt", "--json", "--output", "a.jsonl"]
    assert run(*batch).exit_code == 0
    (here / "q.txt").write_text("Where do herons nest?\n-draft\nWhen was the pier built?\n")
    assert run(*batch).exit_code == 0
    assert len((here / "a.jsonl").read_text().splitlines()) == 3


@pytest.mark.usefixtures("libraries")
def test_a_line_of_exclusions_alone_stops_no_batch(here: Path) -> None:
    (here / "q.txt").write_text('# swans\nWhere do swans nest?\n\n-draft -"old plan"\nWho nests?\n')
    done = run("ask", "--library", "birds", "--batch", "q.txt", "--json")
    assert done.exit_code == 0
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 3
    nothing = answers[1]
    jsonschema.Draft202012Validator(formats.schema("answer")).validate(nothing)
    assert (nothing["question"], nothing["status"]) == ('-draft -"old plan"', "abstained")
    assert nothing["reason"]["code"] == "empty_question"
    assert nothing["fingerprint"] == answers[0]["fingerprint"]
    told = " ".join(done.stderr.split())
    assert "note: 1 line that begins with `#` is a comment and not asked" in told
    assert "note: line 4 of `q.txt` says what to leave out, and asks for nothing" in told


@pytest.mark.usefixtures("libraries")
def test_two_batches_do_not_write_one_file(here: Path) -> None:
    (here / "q.txt").write_text("Where do swans nest?\n")
    batch = ["ask", "--library", "birds", "--batch", "q.txt", "--json", "--output", "a.jsonl"]
    with alone_with(here / "a.jsonl"):
        done = run(*batch)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: another process is writing to `a.jsonl`")
    assert not (here / "a.jsonl").exists()
    assert run(*batch).exit_code == 0
    assert not list(here.glob(".askdoc-*"))
    missing = run(*batch[:-1], "none/a.jsonl")
    assert "cannot write `none/a.jsonl`: no such file" in " ".join(missing.stderr.split())
    assert not (here / "none").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.usefixtures("libraries")
def test_a_batch_is_written_to_a_device_or_a_pipe_unread(here: Path) -> None:
    (here / "q.txt").write_text("Where do swans nest?\nWhere do herons nest?\n")
    batch = ["ask", "--library", "birds", "--batch", "q.txt", "--json", "--output"]
    full = run(*batch, "/dev/full")
    assert full.exit_code == 1  # as on standard output: nothing was asked for wrongly
    assert "cannot write `/dev/full`: no space left on device" in " ".join(full.stderr.split())
    assert run(*batch, "/dev/null").exit_code == 0

    os.mkfifo(here / "pipe")
    command = [sys.executable, "-m", "askdoc", *batch]
    with running([*command, "pipe"], stderr=subprocess.PIPE) as process:
        lines = (here / "pipe").read_text().splitlines()
        assert process.wait() == 0
    assert [json.loads(line)["question"][9:14] for line in lines] == ["swans", "heron"]
    done = subprocess.run([*command, "/dev/fd/1"], capture_output=True, check=False)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), done.stderr
    shown = run(*batch, "-")
    assert (shown.exit_code, len(shown.stdout.splitlines())) == (0, 2), shown.stderr
    assert not (here / "-").exists()
    assert not list(here.glob(".askdoc-*"))
    folder = run(*batch, "birds")
    assert (folder.exit_code, folder.stderr.splitlines()[0]) == (2, "error: `birds` is a folder")


@pytest.mark.usefixtures("libraries")
def test_a_batch_asks_several_libraries_as_one_question_does(here: Path) -> None:
    (here / "q.txt").write_text("Where do herons nest?\nWhen was the pier built?\n")
    both = ["ask", "--json", "--library", "birds", "--library", "town"]
    answers = [json.loads(line) for line in run(*both, "--batch", "q.txt").stdout.splitlines()]
    assert [
        [(item["library"], item["quote"]) for item in answer["citations"]] for answer in answers
    ] == [
        [("birds", "Herons nest in tall trees."), ("town", "Herons nest in old trees here.")],
        [("town", "The pier was built in 1902.")],
    ]
    alone = json.loads(run(*both, "When was the pier built?").stdout)
    assert alone["claims"] == answers[1]["claims"]
    assert alone["citations"] == answers[1]["citations"]
    only = run(*both, "--batch", "q.txt", "--source", "*town*").stdout.splitlines()
    assert {item["library"] for line in only for item in json.loads(line)["evidence"]} == {"town"}


def test_without_libraries_it_is_explained_how_one_is_made() -> None:
    done = run("libraries")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "make one: `askdoc index --library NAME FOLDER`" in " ".join(done.stderr.split())


@pytest.mark.usefixtures("libraries")
def test_a_library_is_removed_with_what_askdoc_made_for_it(here: Path) -> None:
    folder = paths.data() / "libraries"
    (folder / "birds" / "askdoc.toml").write_text("max_sentences = 2\n")
    refused = run("libraries", "remove", "birds")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "this deletes the library `birds`" in refused.stderr
    assert "`askdoc libraries remove birds --yes`" in " ".join(refused.stderr.split())
    assert run("libraries", "list").stdout == "birds  1 document\ntown   1 document\n"
    done = run("libraries", "remove", "birds", "--yes")
    assert done.stdout == "deleted the library `birds`; its documents stay where they are\n"
    assert done.stderr == ""
    assert not (folder / "birds").exists()
    assert (here / "birds" / "text.txt").is_file()
    assert run("libraries").stdout == run("libraries", "list").stdout == "town  1 document\n"
    assert "there is no library `birds`" in run("libraries", "remove", "birds", "--yes").stderr


@pytest.mark.usefixtures("libraries")
def test_only_a_library_is_removed_and_nothing_of_the_user_s() -> None:
    folder = paths.data() / "libraries"
    (folder / "plain").mkdir()
    for name, told in (("plain", "there is no library"), ("../here", "not a name"), ("", "not a")):
        done = run("libraries", "remove", "--yes", "--", name)
        assert (done.exit_code, told in done.stderr) == (2, True)
    assert (folder / "plain").is_dir()
    (folder / "linked").symlink_to(folder / "town")
    linked = run("libraries", "remove", "linked", "--yes")
    assert (linked.exit_code, "is a link" in linked.stderr) == (2, True)
    (folder / "linked").unlink()
    assert run("libraries").stdout == "birds  1 document\ntown   1 document\n"
    (folder / "town" / "evals").mkdir()
    (folder / "town" / "evals" / "mine.jsonl").touch()
    done = run("libraries", "remove", "town", "--yes")
    assert done.exit_code == 0
    assert "town` stays: it has files that are not askdoc's" in " ".join(done.stderr.split())
    assert (folder / "town" / "evals" / "mine.jsonl").is_file()
    assert run("libraries").stdout == "birds  1 document\n"


@pytest.mark.usefixtures("libraries")
def test_a_library_that_is_written_to_stays() -> None:
    from askdoc.store import files

    index = paths.data() / "libraries" / "town" / ".askdoc" / "index"
    with files.writing(index, "askdoc index"):
        done = run("libraries", "remove", "town", "--yes")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "another process is writing to the index" in done.stderr
    assert "[1]" in run("--library", "town", "When was the pier built?").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize(("reply", "left"), [("n", ["birds", "town"]), ("y", ["birds"])])
def test_a_terminal_is_asked_before_a_library_goes(reply: str, left: list[str]) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "askdoc", "libraries", "remove", "town"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, f"{reply}\n".encode())
        assert process.wait(60) == 0
    os.close(ours)
    assert [line.split()[0] for line in run("libraries").stdout.splitlines()] == left


@pytest.mark.usefixtures("libraries")
def test_libraries_and_an_index_are_not_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "each name an index" in run("--library", "town", "--index", "x", "Who is?").stderr
    many = ["--library", "town", "--library", "birds", "--index", "x"]
    assert "each name an index" in run(*many, "Who is?").stderr
    monkeypatch.setenv("ASKDOC_LIBRARY", "birds,town")
    assert "no index" in run("--index", "x", "Who is?").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batch", "q.txt"], "written as JSON lines"),
        (["--batch", "q.txt", "--json", "and a question"], "do not go together"),
        (["--batch", "none.txt", "--json"], "cannot read `none.txt`"),
        (["--output", "x", "a question"], "`--output` is for `--batch`"),
        (["--batch", "latin.txt", "--json"], "`latin.txt` is not text in UTF-8"),
        (["--batch", "binary.txt", "--json"], "hint: write one question a line"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(arguments: list[str], said: str) -> None:
    Path("q.txt").write_text("\n")
    Path("latin.txt").write_bytes("Où est-il ?\n".encode("latin-1"))
    Path("binary.txt").write_bytes(b"\x7fELF\x01\x00\x00\n")
    done = run("ask", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


# ── history ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def kept(here: Path) -> int:
    store = SqliteSessions(paths.state())
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    answer = Answer(
        question="Who?",
        status=Status.ABSTAINED,
        claims=(),
        citations=(),
        evidence=(),
        passages=(),
        reason=Reason("weak_evidence", "the documents do not say"),
        confidence=0.1,
        generator="extractive",
        fingerprint=Fingerprint("c", "s", {}, "0"),
    )
    number = store.begin(str(here), "Who?", at)
    store.add(number, Exchange("who", "Who?", answer, at))
    store.begin("/elsewhere", "Other", at)
    store.close()
    return number


def test_history_lists_shows_exports_and_deletes(kept: int, here: Path) -> None:
    listed = run("history", "list").stdout
    assert run("history").stdout == listed
    assert "Who?" in listed
    assert "Other" not in listed
    assert "/elsewhere" in run("history", "list", "--all").stdout
    shown = run("history", "show", str(kept)).stdout
    assert "The documents do not say." in shown
    assert run("history", "show").stdout == shown
    web = run("history", "export", str(kept), "--output", "notes.html")
    assert "a session is not written as `.html`" in web.stderr
    assert run("history", "export", str(kept), "--output", "notes.md").exit_code == 0
    assert (here / "notes.md").read_text().startswith("# Who?\n\n## Who?\n\nAsked as: who\n")
    assert "is there already" in run("history", "export", "1", "--output", "notes.md").stderr
    data = json.loads(run("history", "export", str(kept), "--json").stdout)
    assert data["schema"] == "askdoc.session/1"
    assert "say which sessions" in run("history", "delete").stderr
    assert run("history", "delete", str(kept)).stdout == "deleted 1 session\n"
    assert "there is no session" in run("history", "show", str(kept)).stderr
    assert "this workspace has no saved session" in run("history", "show").stderr
    gone = run("history", "delete", "--all", str(kept + 1), "99")
    assert (gone.exit_code, gone.stdout) == (2, "")
    assert "there is no session 99" in gone.stderr
    assert run("history", "delete", "--all", "--yes").stdout == "deleted 1 session\n"
    assert run("history", "delete", "--all").stdout == "deleted 0 sessions\n"


@pytest.mark.usefixtures("kept")
def test_sessions_of_every_workspace_are_not_deleted_unasked() -> None:
    refused = run("history", "delete", "--all")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "this deletes 2 sessions of 2 workspaces" in refused.stderr
    assert "askdoc history delete --all --yes" in refused.stderr
    assert "Other" in run("history", "list", "--all").stdout
    assert run("history", "delete", "--all", "--yes").stdout == "deleted 2 sessions\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("reply", "left"), [("n", 2), ("y", 0)])
def test_a_terminal_is_asked_before_all_sessions_go(reply: str, left: int) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "askdoc", "history", "delete", "--all"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, f"{reply}\n".encode())
        assert process.wait(60) == 0
    assert b"delete 2 sessions of 2 workspaces?" in os.read(ours, 4096)
    os.close(ours)
    assert len(json.loads(run("history", "list", "--all", "--json").stdout)["sessions"]) == left


@pytest.mark.parametrize("verb", ["show", "export", "delete"])
def test_sessions_of_another_workspace_need_a_word(verb: str, kept: int) -> None:
    other = str(kept + 1)
    refused = run("history", verb, other)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"session {other} is of another workspace" in refused.stderr
    assert "hint: add `--all`" in refused.stderr
    assert run("history", verb, "99").exit_code == 2
    told = run("history", verb, other, "--all")
    assert "Other" not in run("history", "list", "--all").stdout or verb != "delete"
    assert (told.stdout == "deleted 1 session\n") is (verb == "delete")
    assert ("is empty" in told.stderr) is (verb != "delete")


def test_only_the_user_may_read_what_is_kept(kept: int) -> None:
    assert (paths.state() / "sessions.sqlite").stat().st_mode & 0o077 == 0


# ── the manual page and completion ──────────────────────────────────────────────────────────────


def test_the_manual_page_names_every_command() -> None:
    page = run("man").stdout
    for entry in cli.ENTRIES:
        assert f'.SS "askdoc {entry.name}"' in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_page_is_good_roff() -> None:
    page = run("man").stdout.encode()
    done = subprocess.run(
        [shutil.which("groff") or "", "-man", "-Tutf8", "-ww", "-z"],
        input=page,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_how_to_complete(shell: str) -> None:
    done = run("--show-completion", shell)
    assert done.exit_code == 0
    assert f"complete_{shell}" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="shells of other systems")
@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", ".bash_completions/askdoc.sh"),
        ("zsh", ".zfunc/_askdoc"),
        ("fish", ".config/fish/completions/askdoc.fish"),
    ],
)
def test_completion_is_installed_for_the_shell_that_is_named(
    shell: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    done = run("--install-completion", shell)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{shell} completion installed in")
    assert f"complete_{shell}" in (tmp_path / file).read_text(encoding="utf-8")


def test_a_shell_without_completion_is_reported() -> None:
    done = run("--install-completion", "tcsh")
    assert done.exit_code == 2
    assert "no completion for `tcsh`" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="shells of other systems")
def test_completion_that_cannot_be_installed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".bash_completions").touch()  # where a folder is to be made
    done = run("--install-completion", "bash")
    assert done.exit_code == 1
    assert "error: cannot write `" in done.stderr
    assert "askdoc --show-completion bash" in done.stderr


def _completed(*words: str) -> list[str]:
    environment = {
        "_ASKDOC_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    return run(env=environment).stdout.split()


@pytest.mark.usefixtures("libraries")
def test_completion_knows_commands_documents_suites_and_libraries(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _completed("askdoc", "in") == ["index", "init"]
    assert _completed("askdoc", "config", "get", "max_s") == ["max_sentences"]
    assert _completed("askdoc", "ask", "--library", "b") == ["birds"]
    assert _completed("askdoc", "libraries", "remove", "t") == ["town"]
    assert _completed("askdoc", "show", "t") == []
    (here / "my birds").mkdir()
    (here / "my birds" / "the (old) list.txt").write_text("Owls eat mice.")
    assert run("index", "my birds").exit_code == 0
    assert _completed("askdoc", "show", "the") == ["the\\", "\\(old\\)\\", "list.txt"]
    assert _completed("askdoc", "show", '"the') == ["the", "(old)", "list.txt"]
    (here / "evals").mkdir()
    (here / "evals" / "mine.jsonl").touch()
    assert _completed("askdoc", "eval", "add", "m") == ["mine"]
    monkeypatch.setenv("ASKDOC_LIBRARY", "birds")
    assert _completed("askdoc", "show", "t") == ["text.txt"]


def test_completion_offers_the_options_of_a_question_without_a_command() -> None:
    assert _completed("askdoc", "--li") == ["--library"]
    assert _completed("askdoc", "--he") == ["--help"]
    assert _completed("askdoc", "--inst") == ["--install-completion"]
    assert "--source" not in _completed("askdoc", "config", "--")


def test_completion_offers_sessions_of_this_workspace(kept: int) -> None:
    for verb in ("show", "export", "delete"):
        assert _completed("askdoc", "history", verb, "") == [str(kept)]
    assert _completed("askdoc", "history", "show", "x") == []


@pytest.mark.usefixtures("libraries")
def test_a_question_that_is_nearly_a_command_gets_a_hint_where_it_is_refused() -> None:
    refused = run("--library", "birds", "histroy", "list")
    assert refused.exit_code == 3
    assert "did you mean the command `askdoc history list`?" in " ".join(refused.stderr.split())
    nothing = run("confg", "list")
    assert nothing.exit_code == 1
    assert "hint: did you mean `askdoc config list`?" in " ".join(nothing.stderr.split())
    assert "did you mean" not in run("--library", "birds", "who", "won", "it?").stderr


def test_a_question_while_the_first_index_is_made_learns_so(here: Path) -> None:
    index = here / ".askdoc" / "index"
    with writing(index, "askdoc index docs"):
        for _ in range(2):
            done = run("Who?")
            told = " ".join(done.stderr.split())
            assert done.exit_code == 1
            assert "is just being made: process" in told
            assert "`askdoc index docs`, since" in told
            SqliteCatalog(index, here, write=True).close()
    assert "nothing is indexed here yet" in run("Who?").stderr


@pytest.mark.parametrize("empty", [False, True])
def test_what_looks_at_an_index_while_the_first_is_made_says_who_makes_it(*, empty: bool) -> None:
    root = paths.data() / "libraries" / "town"
    index = root / ".askdoc" / "index"
    by_library = ["--library", "town"]
    (root / ".askdoc").mkdir(parents=True)
    with writing(index, "askdoc index docs"):
        if empty:
            SqliteCatalog(index, root, write=True).close()
        for command in (
            ["status"],
            ["status", "--json"],
            ["status", "--skipped"],
            ["show", "a.txt"],
            ["remove", "a.txt"],
        ):
            done = run(*command, *by_library)
            told = " ".join(done.stderr.split())
            assert done.exit_code == 1
            assert "is just being made: process" in told
            assert "`askdoc index docs`, since" in told
            assert "hint: wait for it to end" in told
            assert not done.stdout
        repair = " ".join(run("doctor", "--repair", *by_library).stderr.split())
        assert "`askdoc index docs`, since" in repair
        examined = " ".join(run("doctor", *by_library).stdout.split())
        assert examined.count("is just being made: process") == 1
        assert "broken" not in examined
        assert run("libraries").stdout == "town  being made\n"
    expected = "0 documents" if empty else "no index"
    assert expected in run("libraries").stdout
    assert (run("status", *by_library).exit_code == 0) is empty
