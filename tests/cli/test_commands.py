"""The commands for real: files on disk, the real index, the real embedder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.commands import askdoc
from typer.testing import CliRunner, Result

from askdoc import formats
from askdoc.cli import app as cli
from askdoc.cli.open import index_files
from askdoc.cli.search import _grep_lines, _matches
from askdoc.render.console import errors
from askdoc.store.catalog import SqliteCatalog
from askdoc.strings import printable
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Chunk, Document, Field, IndexReport, Passage, Span, Stamp
from askdoc.workspace import find

PIER = """Minutes of the harbour board

The harbour board met on Tuesday to settle the matter of the east pier.
Mara Lind, who chairs the board, said that the pier would be rebuilt in oak by the spring.
Steel was cheaper, but the divers refused to sign for it.
The next meeting is on the ninth of March.
"""
GUIDE = """# Keeping bees

## Winter

A colony needs about fifteen kilograms of honey to live through the winter.

## Summer

Swarms leave the hive on warm days in early summer.
"""
HOSTILE_NAME = "odd [bold]\x1b[31m.txt"
HOSTILE = "The lighthouse keeper [bold]paints\x1b[2J\x1b]0;owned\x1b\\ the \u202elamp[/] in June.\n"
QUESTION = "What will the pier be rebuilt in?"
ANSWER = (
    "Mara Lind, who chairs the board, said that the pier would be rebuilt in oak by the spring."
)
UNANSWERABLE = "Which football club won the cup in 1987?"


def run(*arguments: str, **options: Any) -> Result:
    done = CliRunner().invoke(cli.make_app(), arguments, prog_name="askdoc", **options)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def write_documents(folder: Path) -> None:
    (folder / "docs/minutes").mkdir(parents=True)
    (folder / "docs/minutes/pier.txt").write_text(PIER, encoding="utf-8")
    (folder / "docs/bees.md").write_text(GUIDE, encoding="utf-8")
    (folder / "docs" / HOSTILE_NAME).write_text(HOSTILE, encoding="utf-8")
    (folder / "docs/blob.txt").write_bytes(bytes(range(256)) * 40)
    (folder / "askdoc.toml").write_text('sources = ["docs"]\n', encoding="utf-8")


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with its index; copied for each test, since tests change it."""
    folder = tmp_path_factory.mktemp("indexed") / "work"
    write_documents(folder)
    done = askdoc(folder, "index")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def work(indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    shutil.copytree(indexed, folder)  # keeps times, so that nothing looks changed
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bare"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


# ── asking ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("name", [HOSTILE_NAME, f"docs/{HOSTILE_NAME}"])
def test_a_path_that_holds_brackets_is_a_path_before_it_is_a_pattern(name: str) -> None:
    done = run("search", "--json", "--source", name, QUESTION)
    assert done.exit_code == 0
    found = {passage["path"] for passage in json.loads(done.stdout)["passages"]}
    assert found == {f"docs/{HOSTILE_NAME}"}


@pytest.mark.usefixtures("work")
def test_a_question_on_standard_input_is_utf_8() -> None:
    done = run("ask", "-", input=b"Was ist der gr\xf6\xdfte Pier?")
    assert done.exit_code == 2
    assert "error: the question on standard input is not UTF-8" in done.stderr


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([QUESTION], {}),
        (["ask", QUESTION], {}),
        (QUESTION.split(), {}),
        (["ask", "-"], {"input": f"{QUESTION}\n"}),
        (["--max-sentences", "1", QUESTION], {}),
    ],
)
def test_a_question_is_answered_with_its_sentence(
    arguments: list[str], options: dict[str, Any]
) -> None:
    done = run(*arguments, **options)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("oak [1]\n\n[1] docs/minutes/pier.txt, line 4\n")
    assert f"\n  > {ANSWER}\n" in done.stdout
    assert done.stdout.count(ANSWER) == 1
    assert "\x1b" not in done.stdout


@pytest.mark.usefixtures("work")
def test_a_brief_answer_is_one_line_with_its_place() -> None:
    done = run("--brief", "--max-sentences", "1", QUESTION)
    assert done.stdout == f"{ANSWER} [docs/minutes/pier.txt, line 4]\n"
    quotes = run("--quotes", "--max-sentences", "1", QUESTION)
    assert quotes.stdout.startswith(
        f"oak [1]\n\n{ANSWER} [1]\n\n[1] docs/minutes/pier.txt, line 4\n"
    )
    both = run("--brief", "--quotes", QUESTION)
    assert (both.exit_code, "exclude each other" in both.stderr) == (2, True)


@pytest.mark.usefixtures("work")
def test_json_validates_and_quotes_what_is_stored() -> None:
    done = run("--json", QUESTION)
    data = json.loads(done.stdout)
    jsonschema.Draft202012Validator(formats.schema("answer")).validate(data)
    cited = data["citations"][0]
    assert (cited["document"], cited["path"]) == ("minutes/pier.txt", "docs/minutes/pier.txt")
    assert cited["quote"] == PIER[cited["start"] : cited["end"]] == ANSWER
    assert (cited["line_start"], cited["line_end"], cited["page"]) == (4, 4, None)
    again = formats.answer_from_json(data, base=Path.cwd())
    assert formats.answer_to_json(again, base=Path.cwd()) == data


@pytest.mark.usefixtures("work")
def test_what_the_documents_do_not_hold_is_not_answered() -> None:
    done = run(UNANSWERABLE)
    assert done.exit_code == 3
    assert "Nearest in the documents:" in done.stdout
    assert "[1]" not in done.stdout
    data = json.loads(run("--json", UNANSWERABLE).stdout)
    jsonschema.Draft202012Validator(formats.schema("answer")).validate(data)
    assert (data["status"], data["claims"]) == ("abstained", [])
    assert data["evidence"]


@pytest.mark.usefixtures("work")
def test_the_confidence_that_is_asked_for_decides() -> None:
    assert run("--min-confidence", "1", QUESTION).exit_code == 3
    assert run("--min-confidence", "0", UNANSWERABLE).exit_code == 0


@pytest.mark.usefixtures("work")
def test_an_explanation_follows_the_answer() -> None:
    done = run("--explain", QUESTION)
    answer, _, why = done.stdout.partition("\nWhy\n")
    assert answer.startswith("oak [1]\n\n[1] docs/minutes/pier.txt, line 4\n")
    assert answer.count(f"\n  > {ANSWER}\n") == 1
    assert "\n  sentence_dense " in why
    assert "dense #" in why
    assert "lexical #" in why
    assert "cited as [1]" in why


@pytest.mark.usefixtures("work")
def test_a_question_may_be_kept_to_some_documents() -> None:
    data = json.loads(run("--json", "--source", "*.md", QUESTION).stdout)
    assert {item["document"] for item in data["evidence"]} == {"bees.md"}
    refused = run("--source", "*.md", "How many moons does Jupiter have?")
    assert refused.exit_code == 3
    told = " ".join(refused.stdout.lower().split())
    assert "the documents that were asked (1 of 3) do not seem to answer" in told
    done = run("--source", "*.pdf", QUESTION)
    assert done.exit_code == 2
    assert "no indexed document matches `*.pdf`" in done.stderr


@pytest.mark.usefixtures("work")
def test_a_question_may_be_kept_to_documents_with_a_field() -> None:
    title = "title=keeping bees"
    data = json.loads(run("--json", "--where", title, QUESTION).stdout)
    assert {item["document"] for item in data["evidence"]} == {"bees.md"}
    found = json.loads(run("search", "--json", "--where", title, QUESTION).stdout)["passages"]
    assert {item["path"] for item in found} == {"docs/bees.md"}
    done = run("--where", title, "--source", "*.txt", QUESTION)
    assert done.exit_code == 2
    assert "no document fits both `source` and `where`" in done.stderr
    done = run("search", "--where", "color=red", QUESTION)
    assert done.exit_code == 2
    assert "no document has a field `color`" in done.stderr
    assert "the fields are `title`" in done.stderr


@pytest.mark.usefixtures("work")
def test_the_status_lists_the_fields_of_each_document() -> None:
    with SqliteCatalog(Path(".askdoc/index"), Path.cwd(), write=True) as catalog:
        [bees] = [one for one in catalog.documents() if one.path == "bees.md"]
        fields = (Field("status", "draft", Span(2, 9)),)
        catalog.put(replace(bees, fields=fields), catalog.text(bees.id), [], [])
    listed = json.loads(run("status", "--documents", "--json").stdout)["documents"]
    assert {one["document"]: one["fields"] for one in listed}["bees.md"] == [
        {"key": "status", "value": "draft", "span": {"start": 2, "end": 9}}
    ]


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("arguments", [[""], ["ask"], ["ask", "  \n"]])
def test_an_empty_question_is_wrong_usage(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the question is empty")


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    "question",
    [
        'pier" OR "oak NEAR(',
        "pier* AND -oak ^board: (((",
        "🙂 👩‍👩‍👧 pier?",
        "pier\n\noak\tboard",
        "pier\0oak",
        "\x1b[31m[bold]pier[/nonsense]",
        "pier " * 20_000,
        "' ; DROP TABLE documents; --",
        "?",
    ],
)
def test_any_question_has_a_clear_outcome(question: str) -> None:
    done = run("ask", "-", input=question)
    assert done.exit_code in (0, 3)
    assert printable(done.stdout) == done.stdout


@pytest.mark.usefixtures("work")
def test_a_hostile_document_is_only_text() -> None:
    question = "What does the lighthouse keeper do in June?"
    shown = "The lighthouse keeper [bold]paints the lamp[/] in June."
    outputs = [
        run("--min-confidence", "0", question),
        run("--min-confidence", "0", "--explain", question),
        run("--min-confidence", "0", "--json", question),
        run("search", question),
        run("status", "--documents"),
        run("show", f"docs/{HOSTILE_NAME}:1"),
        run("show", f"docs/{HOSTILE_NAME}"),
    ]
    for done in outputs:
        assert done.exit_code == 0
        assert printable(done.stdout) == done.stdout
    assert f"  > {shown}" in outputs[0].stdout
    assert r"docs/odd [bold]\x1b[31m.txt" in outputs[4].stdout
    cited = json.loads(outputs[2].stdout)["citations"][0]
    assert cited["quote"] == HOSTILE.strip()


@pytest.mark.usefixtures("work")
def test_passages_are_found() -> None:
    done = run("search", "honey in winter", "--top-k", "1")
    assert done.exit_code == 0
    assert done.stdout.startswith(" 1. docs/bees.md, line")
    assert "fifteen kilograms" in done.stdout
    data = json.loads(run("search", "--json", "honey in winter").stdout)
    jsonschema.Draft202012Validator(formats.schema("search")).validate(data)
    for item in data["passages"]:
        if item["document"] == "bees.md":
            assert item["text"] == GUIDE[item["start"] : item["end"]]


# ── files that change ───────────────────────────────────────────────────────────────────────────


def test_a_cited_file_that_changed_or_went_is_marked(work: Path) -> None:
    pier = work / "docs/minutes/pier.txt"
    pier.write_text(PIER.replace("oak", "teak and elm"), encoding="utf-8")
    done = run(QUESTION)
    assert "docs/minutes/pier.txt, line 4 (changed since it was indexed)" in done.stdout
    assert done.stderr.startswith("note: one cited file is no longer as indexed")
    pier.unlink()
    done = run(QUESTION)
    assert "docs/minutes/pier.txt, line 4 (the file is gone)" in done.stdout
    assert json.loads(run("--json", QUESTION).stdout)["citations"][0]["stale"] is True


def test_indexing_follows_the_files(work: Path) -> None:
    done = run("index")
    assert "unchanged 3 · skipped 1\n" in done.stdout
    assert "\n  docs/blob.txt\n" in done.stdout
    (work / "docs/minutes/pier.txt").write_text(PIER.replace("oak", "teak"), encoding="utf-8")
    (work / "docs/bees.md").unlink()
    (work / "docs/new.txt").write_text("Gulls nest on the west pier.\n", encoding="utf-8")
    done = run("index")
    assert "new 1 · changed 1 · unchanged 1 · removed 1 · skipped 1" in done.stdout
    assert "rebuilt in teak" in run(QUESTION).stdout
    report = json.loads(run("index", "--json").stdout)
    assert report["schema"] == "askdoc.index/1"
    assert (report["unchanged"], report["added"]) == (3, [])
    assert [skip["location"] for skip in report["skipped"]] == ["docs/blob.txt"]
    assert run("index", "--quiet").stdout == ""
    assert run("index", "--rebuild").exit_code == 0
    assert "rebuilt in teak" in run(QUESTION).stdout


def test_without_an_index_the_sources_are_indexed_first(bare: Path) -> None:
    write_documents(bare)
    done = run(QUESTION)
    assert done.exit_code == 0
    assert f"  > {ANSWER}\n" in done.stdout
    assert "note: there is no index yet; building it from `docs`\n" in done.stderr


def test_without_index_and_sources_it_is_explained_what_to_do(bare: Path) -> None:
    for arguments in ([QUESTION], ["search", "x"], ["status"], ["show", "x"], ["remove", "x"]):
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith("error: ")
        assert "askdoc index" in done.stderr.partition("hint: ")[2]
    assert list(bare.iterdir()) == []
    done = run("index")
    assert done.exit_code == 2
    assert "no files or folders to index are named: not here, in `askdoc.toml`" in done.stderr
    assert "index this folder: `askdoc index .`" in done.stderr


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_what_was_named_and_could_not_be_indexed_is_a_failure(
    bare: Path, as_json: tuple[str, ...]
) -> None:
    (bare / "blob.txt").write_bytes(bytes(range(256)) * 40)
    assert run("index", "blob.txt", *as_json).exit_code == 1
    assert run("index", "blob.txt", *as_json).exit_code == 1
    assert run("index", *as_json).exit_code == 0
    (bare / "pier.txt").write_text(PIER)
    assert run("index", "blob.txt", "pier.txt", *as_json).exit_code == 0
    assert run("index", "blob.txt", "pier.txt", *as_json).exit_code == 0


def test_a_source_that_is_not_there_is_a_failure_where_it_was_named(bare: Path) -> None:
    (bare / "notes").mkdir()
    (bare / "notes" / "pier.txt").write_text(PIER)
    assert run("index", "notes").exit_code == 0
    (bare / "notes").rename(bare / "elsewhere")
    assert run("index").exit_code == 0
    assert run("index", "notes").exit_code == 1
    status = json.loads(run("status", "--json").stdout)
    assert (status["absent"], status["missing"]) == (["notes"], ["notes/pier.txt"])
    assert "run `askdoc index` to update" not in run("status").stdout


def test_an_empty_folder_and_a_missing_path(bare: Path) -> None:
    (bare / "empty").mkdir()
    done = run("index", "empty")
    assert done.exit_code == 0
    assert done.stdout.startswith("Indexed 0 documents")
    assert done.stderr.startswith("note: there are no documents in `empty`; looked for PDF, office")
    assert "index another folder: `askdoc index FOLDER`" in done.stderr
    assert "no documents in the sources of this index" in run("index").stderr
    done = run("index", "nowhere")
    assert done.exit_code == 2
    assert "nowhere" in done.stderr
    assert run(QUESTION).exit_code == 1


# ── looking after the index ─────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("work")
def test_the_status_says_what_is_indexed_and_what_was_skipped() -> None:
    done = run("status")
    assert done.exit_code == 0
    assert "Documents   3\n" in done.stdout
    assert "Embedder    all-MiniLM-L6-v2\n" in done.stdout
    assert "not text, whatever its name says\n  docs/blob.txt\n" in done.stdout
    assert "docs/minutes/pier.txt" not in done.stdout
    assert "docs/minutes/pier.txt" in run("status", "--documents").stdout
    data = json.loads(run("status", "--json").stdout)
    assert data["counts"]["documents"] == len(data["documents"]) == 3
    assert data["skipped"][0]["reason"]


@pytest.mark.usefixtures("work")
def test_a_place_of_a_document_is_shown() -> None:
    assert run("show", "minutes/pier.txt").stdout == PIER
    assert run("show", "docs/minutes/pier.txt:4", "-C", "0").stdout == f"4 > {ANSWER}\n"
    lines = run("show", "pier.txt:4-5", "-C", "1").stdout.splitlines()
    assert [line[:3] for line in lines] == ["3  ", "4 >", "5 >", "6  "]
    for arguments, complaint in (
        (["pier.txt:99"], "there is no line 99\n\nhint: the last line is 6\n"),
        (["pier.txt:abc"], "`abc` is not a line number"),
        (["peir.txt"], "no indexed document is called `peir.txt`"),
        (["pier.txt", "--page", "1"], "`docs/minutes/pier.txt` has no page 1"),
    ):
        done = run("show", *arguments)
        assert done.exit_code == 2
        assert complaint in done.stderr


@pytest.mark.parametrize("name", ["tides.json", "tides.html", "tides.rtf", "tides.csv"])
def test_each_cited_place_can_be_shown(work: Path, name: str) -> None:
    spring, neap = "The spring tide reaches four metres.", "The neap tide reaches one metre."
    texts = {
        "tides.json": f'{{\n\n"a": [\n"{spring}",\n"{neap}"\n]}}\n',
        "tides.html": f"<main>\n\n\n<p>{spring}</p>\n\n<p>{neap}</p></main>\n",
        "tides.rtf": f"{{\\rtf1 {spring}\\par\\par {neap}\\par}}",
        "tides.csv": f"no,text\n1,{spring}\n2,{neap}\n",
    }
    (work / "docs" / name).write_text(texts[name])
    run("index")
    (cited,) = json.loads(
        run(
            "--json", "--max-sentences", "1", "--min-confidence", "0", "How high is a neap tide?"
        ).stdout
    )["citations"]
    assert cited["document"] == name
    place = cited["place"]
    assert place["kind"] in {"line", "row", "paragraph"}
    by_name = run("show", name, f"{place['kind']} {place['number']}", "-C", "0")
    by_number = run("show", f"{name}:{place['number']}", "-C", "0")
    assert neap in by_name.stdout
    assert by_number.stdout == by_name.stdout
    assert run("show", name, "slide 7").exit_code == 2
    assert run("show", name, "row 1", "--page", "1").exit_code == 2


def test_removing_takes_a_document_out_and_leaves_the_file(work: Path) -> None:
    done = run("remove", "minutes/")
    assert (done.exit_code, done.stdout) == (0, "removed docs/minutes/pier.txt\n")
    assert (work / "docs/minutes/pier.txt").exists()
    assert (
        "docs/minutes/pier.txt" not in run("status", "--documents").stdout.partition("skipped")[0]
    )
    run("index")
    assert ANSWER not in run("--min-confidence", "0", QUESTION).stdout
    assert run("remove", "nothing").exit_code == 2


@pytest.mark.usefixtures("work")
def test_a_source_of_which_nothing_is_indexed_is_reported() -> None:
    run("remove", "docs/")
    assert "Sources     docs\n" in run("status").stdout
    assert json.loads(run("status", "--json").stdout)["sources"] == ["docs"]


def test_the_doctor_finds_what_is_broken(work: Path) -> None:
    done = run("doctor")
    assert done.exit_code == 0, done.stdout
    assert done.stdout.count("ok ") == 9
    (work / "docs/bees.md").unlink()
    done = run("doctor")
    assert done.exit_code == 0
    assert "note    files" in done.stdout
    shutil.rmtree(work / ".askdoc/index/chroma")
    done = run("doctor")
    assert done.exit_code == 1
    assert "broken  vectors" in done.stdout
    assert "askdoc index" in done.stdout


def test_the_doctor_without_an_index_only_notes_it(bare: Path) -> None:
    done = run("doctor")
    assert done.exit_code == 0, done.stdout
    assert "note    index" in done.stdout
    assert list(bare.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [[QUESTION, "--index", "typo"], ["search", "--index", "typo", "pier"]]
)
def test_an_index_that_is_named_is_not_built_by_a_question(
    bare: Path, arguments: list[str]
) -> None:
    write_documents(bare)
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "there is no index in" in done.stderr
    assert "hint: run `askdoc index --index typo PATH`" in done.stderr
    assert not (bare / "typo").exists()


@pytest.mark.parametrize("index", ["docs", ".", "docs/minutes/.."])
def test_an_index_around_a_source_is_refused(bare: Path, index: str) -> None:
    write_documents(bare)
    before = sorted(bare.rglob("*"))
    for arguments in (["index"], ["index", "docs"], ["index", "docs/bees.md"]):
        done = run(*arguments, "--index", index)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "is in the folder of the index" in done.stderr
    (bare / "askdoc.toml").write_text(f'sources = ["docs"]\nindex = "{index}"\n')
    assert run("index").exit_code == 2
    assert sorted(bare.rglob("*")) == before


def test_the_doctor_finds_an_empty_index_in_order(bare: Path) -> None:
    assert run("index", ".").exit_code == 0
    done = run("doctor")
    assert done.exit_code == 0, done.stdout
    assert "ok      vectors" in done.stdout


def run_as_nobody(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run askdoc as a user who is not the owner of `folder`."""
    if os.name != "posix" or os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv")
    command = ["setpriv", "--reuid", "65534", "--clear-groups", sys.executable, "-m", "askdoc"]
    own = folder.parent / "own"
    own.mkdir(exist_ok=True)
    own.chmod(0o777)
    home = {"HOME": str(own), "XDG_CONFIG_HOME": str(own), "ASKDOC_DATA_DIR": str(own)}

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *words],
            cwd=folder,
            env=os.environ | home,
            capture_output=True,
            check=False,
            text=True,
        )

    reached = call("--version")
    if reached.returncode:
        pytest.skip("another user cannot run this Python")
    return call(*arguments)


@pytest.fixture
def shared(indexed: Path) -> Iterator[Path]:
    """A copy of the workspace that every user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(indexed, Path(folder, "work"))
        yield Path(folder, "work")


def test_an_index_of_another_user_is_asked_once_it_is_trusted(shared: Path) -> None:
    for path in (shared / ".askdoc").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    refused = run_as_nobody(shared, QUESTION)
    assert refused.returncode == 2
    assert "belongs to another user, `root`" in refused.stderr
    assert "askdoc trust" in refused.stderr
    assert run_as_nobody(shared, "trust").returncode == 0
    before = sorted(shared.rglob("*"))
    done = run_as_nobody(shared, QUESTION)
    assert done.returncode == 0, done.stderr
    assert ANSWER in " ".join(done.stdout.split())
    assert sorted(shared.rglob("*")) == before


def test_an_index_that_cannot_be_read(shared: Path) -> None:
    for mark in (shared / ".askdoc", shared / "askdoc.toml"):
        os.chown(mark, 65534, -1)
    (shared / ".askdoc").chmod(0)
    for arguments in ([QUESTION], ["status"], ["doctor"]):
        done = run_as_nobody(shared, *arguments)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "permission denied" in done.stderr + done.stdout


# ── fresh processes ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("work")
def test_ascii_output_holds_no_question_of_encoding() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "askdoc", "--explain", QUESTION],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert f"\n  > {ANSWER}\n".encode() in done.stdout


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "pier.txt").write_text(PIER)
        done = run("index", "--dry-run", "docs")
        assert done.stdout.startswith(
            "Would index 1 document; nothing was done\nnew docs/pier.txt\n"
        )
        assert sorted(path.name for path in tmp_path.iterdir()) == ["docs"]
        told = json.loads(run("index", "--dry-run", "--json", "docs").stdout)
        assert (told["planned"], len(told["added"])) == (True, 1)
        assert run("index", "--dry-run", "--rebuild", "docs").exit_code == 2


def test_sources_are_added_listed_and_removed(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "pier.txt").write_text(PIER)
        assert run("sources", "add", "docs").stdout == "added docs; `askdoc index` reads it\n"
        again = run("sources", "add", "docs")
        assert again.stdout == (
            "nothing added: it is a source already; `askdoc index` brings it up to date\n"
        )
        assert run("sources", "list").stdout == "docs  0 indexed files\n"
        listed = json.loads(run("sources", "list", "--json").stdout)["sources"]
        assert listed == [{"location": "docs", "files": 0, "configured": False, "is_there": True}]
        assert run("sources", "remove", "docs").stdout == "removed docs with 0 indexed files\n"
        assert run("sources", "remove", "docs").exit_code == 2


def test_a_folder_is_no_exported_index(bare: Path) -> None:
    (bare / "docs").mkdir()
    done = run("import", "docs")
    assert done.exit_code == 2
    assert "docs` is a folder\n" in done.stderr
    assert "hint: name a file that `askdoc export` made" in done.stderr
    assert [path.name for path in bare.iterdir()] == ["docs"]


def test_a_name_that_looks_like_options_is_explained(work: Path) -> None:
    (work / "docs/-b.txt").write_text("The mill grinds oats.", encoding="utf-8")
    assert run("index", "-q").exit_code == 0
    done = run("show", "-b.txt")
    assert done.exit_code == 2
    assert "`askdoc show -- -b.txt`" in done.stderr
    assert run("show", "--", "-b.txt").stdout == "The mill grinds oats.\n"


@pytest.mark.usefixtures("work")
def test_questions_on_standard_input_are_answered_without_a_command(tmp_path: Path) -> None:
    (tmp_path / "questions.txt").write_text(f"{QUESTION}\n")
    with (tmp_path / "questions.txt").open() as given:
        done = subprocess.run(
            [sys.executable, "-m", "askdoc"], stdin=given, capture_output=True, check=False
        )
    assert ANSWER in " ".join(done.stdout.decode().split())
    done = subprocess.run(
        [sys.executable, "-m", "askdoc"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.stdout.startswith(b"Usage: askdoc")


@pytest.mark.usefixtures("work")
def test_what_an_archive_lists_is_no_sentence(work: Path) -> None:
    with zipfile.ZipFile(work / "docs/pack.zip", "w") as archive:
        archive.writestr("zebra-crossing-plan.txt", "Oats are sown in April.")
    assert run("index").exit_code == 0
    found = json.loads(run("search", "--json", "zebra crossing plan pack zip").stdout)["passages"]
    assert found
    assert not any("zebra" in one["text"] for one in found)
    assert run("show", "docs/pack.zip").stdout == "zebra-crossing-plan.txt\n"
    assert json.loads(run("index", "--json").stdout)["unchanged"] == 5


@pytest.mark.usefixtures("work")
def test_lines_of_a_page_are_those_of_the_file(work: Path) -> None:
    html = (
        "<html>\n<body>\n\n<p>Salt\nis dried in basins by the sea in Ardmoor.</p>\n</body></html>"
    )
    (work / "docs/salt.html").write_text(html, encoding="utf-8")
    assert run("index").exit_code == 0
    answer = json.loads(run("--json", "Where is salt dried in Ardmoor?").stdout)
    [citation, *_] = answer["citations"]
    assert citation["path"] == "docs/salt.html"
    assert (citation["line_start"], citation["line_end"]) == (4, 5)


def test_a_copy_that_is_gone_is_reported_as_such(work: Path) -> None:
    shutil.copy(work / "docs/minutes/pier.txt", work / "docs/twin.txt")
    assert run("index").exit_code == 0
    assert "also in docs/twin.txt\n" in run(QUESTION).stdout
    (work / "docs/twin.txt").unlink()
    assert "also in docs/twin.txt (the file is gone)\n" in run(QUESTION).stdout


def test_a_repair_without_an_index_makes_none(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        done = run("doctor", "--repair")
        assert done.exit_code == 1
        assert "there is no index" in done.stderr
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["inf", "-1", "nan"])
def test_no_limit_is_infinite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKDOC_MAX_FILE_MB", value)
    done = run("index", ".")
    assert done.exit_code == 2
    assert "`ASKDOC_MAX_FILE_MB` must be a number" in done.stderr


def test_what_is_not_indexed_is_listed_with_reason_and_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for name, text in {
        "pier.txt": PIER,
        "a.png": "",
        "b.png": "",
        ".hidden": "",
        "out.txt": "",
        ".gitignore": "out.txt",
    }.items():
        (tmp_path / "docs" / name).write_text(text)
    run("index", "docs")
    (tmp_path / "docs" / "new.txt").write_text("New.")
    told = run("status", "--skipped").stdout
    assert told.startswith(
        "1 file is indexed completely, 5 are not\n\n2 files not indexed: no reader for"
    )
    assert "  docs/a.png\n  docs/b.png\n" in told
    for line in ("its name begins with a dot", "leaves it out", "it is new\n  run `askdoc index`"):
        assert line in told
    groups = json.loads(run("status", "--skipped", "--json").stdout)["gaps"]
    assert {gap["code"] for gap in groups} == {"unsupported", "hidden", "ignored", "not_yet"}
    assert run("status").stdout.count("no reader for") == 1


# ── asking files, and outlines ──────────────────────────────────────────────────────────────────


def test_a_file_is_asked_without_an_index(bare: Path) -> None:
    (bare / "pier.txt").write_text(PIER, encoding="utf-8")
    done = run("-f", "pier.txt", QUESTION)
    assert done.exit_code == 0, done.stderr
    assert ANSWER in done.stdout
    assert "pier.txt" in done.stdout
    assert [path.name for path in bare.iterdir()] == ["pier.txt"]


def test_text_piped_in_beside_a_question_is_asked(bare: Path) -> None:
    command = [sys.executable, "-m", "askdoc", QUESTION]
    done = subprocess.run(
        command, cwd=bare, input=PIER, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert ANSWER in done.stdout
    assert "[1] stdin, line " in done.stdout
    assert tempfile.gettempdir() not in done.stdout
    command.append("--json")
    done = subprocess.run(
        command, cwd=bare, input=PIER, capture_output=True, encoding="utf-8", check=False
    )
    assert {one["path"] for one in json.loads(done.stdout)["citations"]} == {"stdin"}
    assert tempfile.gettempdir() not in done.stdout


def test_an_empty_pipe_beside_a_question_leaves_the_index_to_be_asked(work: Path) -> None:
    command = [sys.executable, "-m", "askdoc", QUESTION]
    done = subprocess.run(
        command, cwd=work, input="", capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert "docs/minutes/pier.txt" in done.stdout


def test_ctrl_c_while_a_file_is_indexed_ends_the_question(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = IndexReport(interrupted=True)
    monkeypatch.setattr("askdoc.cli.open.build", lambda *_: stopped)
    with pytest.raises(KeyboardInterrupt):
        index_files(find(bare), ["pier.txt"], errors())


def test_a_file_and_a_library_do_not_go_together(bare: Path) -> None:
    (bare / "pier.txt").write_text(PIER, encoding="utf-8")
    done = run("-f", "pier.txt", "--library", "law", QUESTION)
    assert done.exit_code == 2
    assert "error: `--library` and `--file` do not go together" in done.stderr


@pytest.mark.usefixtures("work")
def test_an_outline_is_the_headings_each_with_a_sentence() -> None:
    assert run("outline", "bees.md").stdout.splitlines() == [
        "Keeping bees  line 1",
        "  Winter  line 3",
        "    A colony needs about fifteen kilograms of honey to live through the winter.",
        "  Summer  line 7",
        "    Swarms leave the hive on warm days in early summer.",
    ]
    none = run("outline", "minutes/pier.txt")
    assert none.exit_code == 2
    assert "has no headings" in none.stderr


def test_the_properties_of_a_file_are_no_part_of_its_outline(bare: Path) -> None:
    page = '<meta name="author" content="Ada Holm"><p>The pier is of oak.</p>'
    (bare / "pier.html").write_text(page, encoding="utf-8")
    assert run("index", ".").exit_code == 0
    done = run("outline", "pier.html")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "has no headings" in done.stderr


def test_a_search_marks_the_words_of_the_question_in_any_form() -> None:
    text = "The piers were rebuilt, in Oak and in steel."
    marked = _matches('What is the pier "built in" oak -steel?', SnowballAnalyser(), "en")
    assert [text[start:end] for start, end in marked(text)] == ["piers", "Oak"]


@pytest.mark.usefixtures("work")
def test_a_search_without_words_or_passages_says_so() -> None:
    done = run("search")
    assert done.exit_code == 2
    assert done.stderr.endswith('hint: name it: `askdoc search "WORDS"`\n')
    done = run("search", "--source", "bees.md", "--", "pier -summer -winter")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "note: no passage has what you search for\n"


@pytest.mark.usefixtures("work")
def test_a_search_for_editors_names_file_and_line() -> None:
    first = run("search", "--vimgrep", "the pier in oak").stdout.splitlines()[0]
    file, line, column, text = first.split(":", 3)
    assert (file, line, column) == ("docs/minutes/pier.txt", "3", "1")
    assert "rebuilt in oak" in text


def test_a_line_for_editors_has_no_line_end_in_its_name() -> None:
    document = Document("a", "a", "a", ".", "a\nb.txt", None, 4, Stamp(1, 1, "a"), (), "en")
    passage = Passage(Chunk("c", "a", Span(0, 4), "text", ()), document, 1.0, {}, {})
    assert list(_grep_lines([passage], lambda *_: (1, 1))) == ["a\\nb.txt:1:1:text"]


@pytest.mark.usefixtures("work")
def test_a_line_behind_the_end_is_refused_with_the_last_line() -> None:
    done = run("show", "minutes/pier.txt:9999")
    assert done.stderr == "error: there is no line 9999\n\nhint: the last line is 6\n"


def test_a_broken_config_is_a_finding_of_the_doctor(bare: Path) -> None:
    (bare / "askdoc.toml").write_text("nonsense = 1\n")
    done = run("doctor")
    assert done.exit_code == 1
    assert "broken  settings" in done.stdout
    assert "there is no setting `nonsense`" in done.stdout
