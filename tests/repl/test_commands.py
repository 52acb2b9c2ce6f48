"""Every command, on a real index, without a terminal."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from unittest.mock import Mock

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document as Typed
from syrupy.assertion import SnapshotAssertion
from tests.processes import running

from askdoc import app, paths, workspace
from askdoc.chat.store import SqliteSessions
from askdoc.errors import AskdocError
from askdoc.evals import suite
from askdoc.formats import answer_to_json
from askdoc.index.writer import UNFINISHED
from askdoc.render.console import make_console, page
from askdoc.render.notices import STAGES
from askdoc.repl import commands, run
from askdoc.repl.bar import bar_text
from askdoc.repl.completion import SessionCompleter
from askdoc.repl.scope import Scope
from askdoc.repl.session import Pages, Session
from askdoc.types import CompileStage, Compiling

PIER = "What did Anna Berg say about the pier?"
HERONS = "Where do herons nest?"


@dataclass
class Talk:
    """A session to say lines to, as a script does; `said` is what it printed for each."""

    session: Session
    output: StringIO
    errors: StringIO

    def say(self, *lines: str) -> str:
        """Run lines and return what the last one printed."""
        for line in lines:
            self.output.seek(0)
            self.output.truncate()
            self.errors.seek(0)
            self.errors.truncate()
            run._step(self.session, line)
        return self.output.getvalue() + self.errors.getvalue()


@pytest.fixture
def talk(root: Path, home: Path) -> Iterator[Talk]:
    with Opened(root, home) as opened:
        yield opened


class Opened:
    def __init__(self, root: Path, home: Path, scope: Scope | None = None) -> None:
        output, errors = StringIO(), StringIO()
        pages = Pages(
            lambda: page(make_console(file=output, width=80), root),
            lambda: page(make_console(file=errors, width=80), root),
        )
        found = workspace.find(root, environment={}, user_config=home / "none.toml")
        self.talk = Talk(
            Session(scope or Scope.of(found), pages, SqliteSessions(home / "state")), output, errors
        )

    def __enter__(self) -> Talk:
        return self.talk

    def __exit__(self, *_: object) -> None:
        self.talk.session.close()


# ── questions ───────────────────────────────────────────────────────────────────────────────────


def test_a_follow_up_shows_what_it_was_taken_for_and_raw_asks_as_typed(talk: Talk) -> None:
    talk.say(PIER)
    said = talk.say("and what did she say about housing?")
    assert said.startswith("→ What did Anna Berg say about housing?\n")
    assert "housing is dear" in said
    assert not talk.say("/raw and what did she say about housing?").startswith("→")
    assert talk.session.last().question == "and what did she say about housing?"
    asked_again = talk.say("and the pier?", "/raw")
    assert not asked_again.startswith("→")
    assert talk.session.last().asked == "and the pier?"


def test_follow_ups_quote_their_sources_to_the_letter(talk: Talk, root: Path) -> None:
    talk.say(PIER, "and about housing?")
    for exchange in talk.session.exchanges:
        for citation in exchange.answer.citations:
            text = Path(citation.document.file).read_text(encoding="utf-8")
            assert text[citation.span.start : citation.span.end] == citation.quote


def test_a_follow_up_that_is_typed_again_is_taken_for_the_same(talk: Talk) -> None:
    first = talk.say(PIER, "and what did she say about housing?")
    assert talk.say("and what did she say about housing?") == first
    asked = [exchange.question for exchange in talk.session.exchanges]
    assert asked[1] == asked[2] == "What did Anna Berg say about housing?"


def test_a_pronoun_for_nobody_who_was_named_is_reported(talk: Talk) -> None:
    told = "note: nothing said so far says who `he` is; asked as typed"
    said = " ".join(talk.say("Where do herons nest?", "When did he die?").split())
    assert told in said
    said = " ".join(talk.say("Where do herons nest?", "and her successor?").split())
    assert "nothing said so far says who `her` is" in said
    assert "says who" not in talk.say("/raw When did he die?")
    assert "says who" not in talk.say("Did Karl Holm say when he built it?")
    assert "says who" not in talk.say(PIER, "and what did she say about housing?")


def test_what_asks_the_same_question_again_is_reported(talk: Talk) -> None:
    said = talk.say("Where do herons nest?", "Where do owls nest?")
    assert "the same question again" not in said
    assert "note: the same question again; `/sources`" in talk.say("and herons?")
    assert "the same question again" not in talk.say("and herons?")


def test_what_steers_a_terminal_is_no_part_of_a_question(talk: Talk) -> None:
    assert "tall trees" in talk.say("Where do \x1b[31m\x07herons nest\u202e?")
    assert talk.session.last().asked == "Where do herons nest?"


def test_a_document_s_own_numbers_are_no_labels(talk: Talk, root: Path) -> None:
    (root / "docs" / "eels.txt").write_text("Eels sleep in the mud of Oren Bay [1, 3] [12].\n")
    talk.say("/index")
    said = talk.say("Where do eels sleep?")
    assert "> Eels sleep in the mud of Oren Bay [1, 3] [12]." in said  # the quote is to the letter
    answer = talk.session.last().answer
    data = answer_to_json(answer, base=root)
    assert data["answer"] == "Eels sleep in the mud of Oren Bay (1, 3) (12). [1]"
    assert data["claims"][0]["text"] == answer.citations[0].quote


def test_retry_replaces_the_last_answer(talk: Talk) -> None:
    talk.say(HERONS)
    assert "tall trees" in talk.say("/retry")
    assert len(talk.session.exchanges) == 1


def test_retry_asks_as_typed_what_was_asked_so(talk: Talk) -> None:
    follow_up = "and what did she say about housing?"
    talk.say(PIER, f"/raw {follow_up}")
    assert not talk.say("/retry").startswith("→")
    assert talk.session.last().question == follow_up
    talk.say("/clear", PIER, follow_up)
    assert talk.say("/retry").startswith("→")


@pytest.mark.parametrize("end", [KeyboardInterrupt, AskdocError("the server said nothing")])
def test_retry_asks_what_was_not_answered(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, end: type[BaseException] | BaseException
) -> None:
    def hang(*_: object) -> None:
        raise end

    talk.say(HERONS)
    for again in ("/retry", "/raw"):
        with monkeypatch.context() as patch:
            patch.setattr(talk.session.engine, "call", hang)
            for line in ("Who built the pier?", "/retry"):
                with suppress(KeyboardInterrupt):
                    talk.say(line)
        assert "Karl Holm" in talk.say(again)
    assert [turn.asked for turn in talk.session.exchanges] == [HERONS, *["Who built the pier?"] * 2]
    talk.say("/retry")
    assert len(talk.session.exchanges) == 3  # what is answered is replaced, as before


def test_nothing_unanswered_is_left_in_a_new_session(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(talk.session.engine, "call", Mock(side_effect=AskdocError("it failed")))
        talk.say(HERONS)
    assert "nothing has been asked yet" in talk.say("/clear", "/retry")


def test_an_empty_path_is_not_the_whole_folder(talk: Talk) -> None:
    assert "error: the path is empty" in talk.say('/index ""')
    assert "error: no indexed document" in talk.say('/filter ""')


def test_a_blank_before_the_slash_makes_a_question(talk: Talk) -> None:
    talk.say(" /etc is what?")
    assert talk.session.last().asked == "/etc is what?"


# ── about the answer ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("line", ["/sources", "/show", "/show 2", "/help", "/help eval", "/h"])
def test_what_is_shown(line: str, talk: Talk, snapshot: SnapshotAssertion) -> None:
    talk.say(PIER)
    # Of the last two of the sources, processors disagree which one is nearer.
    assert talk.say(line).partition("[9] ")[0] == snapshot


def test_why_explains(talk: Talk) -> None:
    talk.say(PIER)
    said = talk.say("/why")
    assert "confidence" in said
    assert "lexical #" in said


LAKE = """<html>
<head><title>The lake</title></head>
<body><main>

<h1>The lake</h1>

<p>Many people swim in it.</p>

<p>The lake was dug
by Ole Brandt in 1871,
and is nine metres deep.</p>

<p>Boats can be hired.</p>
</main></body></html>
"""


def test_lines_of_a_page_are_called_as_in_its_file(talk: Talk, root: Path) -> None:
    (root / "docs" / "lake.html").write_text(LAKE, encoding="utf-8")
    talk.say("/index", "Who dug the lake?")
    said = talk.say("/show")
    title, *shown = said.splitlines()
    file = LAKE.splitlines()
    first = file.index("<p>The lake was dug") + 1
    assert title == f"docs/lake.html, lines {first}-{first + 2}"
    [marked] = [line for line in shown if " > " in line]
    assert marked.startswith(f"{first}-{first + 2} > The lake was dug by Ole Brandt")
    [boats] = [line for line in shown if "Boats can be hired" in line]
    assert boats.split()[0] == str(file.index("<p>Boats can be hired.</p>") + 1)


def test_rows_of_a_table_are_shown_without_numbers_of_lines(talk: Talk, root: Path) -> None:
    rows = "".join(f"boat {n},{n * 10}\n" for n in range(1, 9))
    (root / "docs" / "boats.csv").write_text(f"name,length\n{rows}", encoding="utf-8")
    talk.say("/index", "What is the length of boat 5?")
    title, *shown = talk.say("/show").splitlines()
    assert "docs/boats.csv, row 6" in title
    [marked] = [line for line in shown if ">" in line]
    assert "boat 5" in marked
    assert not any(line.split()[0].isdigit() for line in shown if line.split())


def test_what_comes_nearest_is_shown_by_its_number(talk: Talk) -> None:
    said = talk.say("Who won the football cup of Peru in 1999?")
    nearest = [line for line in said.splitlines() if line.startswith(" 2. ")]
    assert len(nearest) == 1
    assert talk.say("/show 2").startswith(nearest[0].removeprefix(" 2. "))


@pytest.mark.parametrize("line", ["/sources", "/show", "/why", "/retry", "/raw", "/copy", "/open",
                                  "/save x.md", "/eval add 1"])  # fmt: skip
def test_before_the_first_question_there_is_nothing_to_show(line: str, talk: Talk) -> None:
    assert talk.say(line).startswith("error: nothing has been asked yet\n\nhint: ")


def test_open_runs_the_editor_at_the_line(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    editor = tmp_path / "editor"
    editor.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(told)!r}, 'w').write('\\n'.join(sys.argv[1:]))"
    )
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"{editor} --at {{line}} {{file}} '; touch pwned'")
    talk.say(PIER)
    assert talk.say("/open") == "\n"
    file = talk.session.places()[0].document.file
    assert told.read_text().splitlines() == ["--at", "2", file, "; touch pwned"]


def test_open_says_what_is_missing(talk: Talk, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk.say(PIER)
    monkeypatch.setenv("VISUAL", "no-such-editor")
    said = talk.say("/open 1")
    assert "`no-such-editor` is not installed, which $VISUAL names" in said
    assert "hint: set another: `askdoc config set editor PROGRAM`" in said
    assert "there is no source 99" in talk.say("/open 99")
    vim = root / "vim"
    vim.touch(mode=0o755)
    monkeypatch.setenv("VISUAL", str(vim))
    assert f"`{vim}` needs a terminal" in " ".join(talk.say("/open 1").split())
    Path(talk.session.places()[0].document.file).unlink()
    assert "is gone" in talk.say("/open 1")


def test_save_writes_markdown_and_json_and_nothing_over(talk: Talk, root: Path) -> None:
    talk.say(PIER, "and about housing?")
    assert "saved notes.md" in talk.say("/save notes.md")
    text = (root / "notes.md").read_text(encoding="utf-8")
    assert "## What did Anna Berg say about housing?" in text
    assert "docs/pier.txt, line 2" in text
    assert "saved" in talk.say("/save notes.md")  # its own file
    (root / "notes.md").write_text(text + "mine, too")
    assert "`notes.md` was changed since it was saved" in talk.say("/save notes.md")
    assert (root / "notes.md").read_text() == text + "mine, too"
    (root / "notes.md").unlink()
    assert "saved" in talk.say("/save notes.md", "/save notes.md")
    (root / "other.md").write_text("mine")
    assert "is there already" in talk.say("/save other.md")
    talk.say('/save "my notes.json"')
    data = json.loads((root / "my notes.json").read_text(encoding="utf-8"))
    assert [turn["asked"] for turn in data["turns"]] == [PIER, "and about housing?"]
    assert data["turns"][0]["answer"]["citations"][0]["path"] == "docs/pier.txt"
    assert "cannot write" in talk.say("/save none/such/folder.md")
    assert "error: a session is not written as `.html`" in (said := talk.say("/save x.html"))
    assert "hint: name a file `.md` for Markdown, or `.json` for JSON" in said
    assert not (root / "x.html").exists()
    talk.say("/save loud.JSON")
    assert json.loads((root / "loud.JSON").read_text(encoding="utf-8"))["turns"]


def test_copy_uses_the_program_for_the_clipboard(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "xclip"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/clip\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setitem(os.environ, "DISPLAY", ":9")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    talk.say(PIER)
    assert "copied the answer" in talk.say("/copy")
    assert "[1] docs/pier.txt, line 2: “Anna Berg," in (tmp_path / "clip").read_text()
    assert "copied source 1" in talk.say("/copy 1")
    assert (tmp_path / "clip").read_text().startswith("Anna Berg, head")


# ── what questions look into ────────────────────────────────────────────────────────────────────


def test_filter_narrows_and_widens(talk: Talk) -> None:
    assert "all documents" in talk.say("/filter")
    assert "1 document" in talk.say("/filter herons*")
    talk.say(PIER)
    assert {place.document.path for place in talk.session.places()} == {"herons.txt"}
    assert "herons*" in bar_text(talk.session, 80)
    assert "no indexed document matches" in (said := talk.say("/filter nothing*"))
    assert "hint: see what is indexed: `/status --documents`" in said
    assert "towns/housing.txt" in talk.say("/status --documents")
    assert "does not take `all`" in talk.say("/status all")
    said = talk.say("/filter *ron* nosuch other*")
    assert "error: no indexed document matches `nosuch`, `other*`\n" in said
    assert talk.session.patterns == ("herons*",)
    assert "1 document" in talk.say("/filter docs/towns")
    assert "1 document" in talk.say("/filter towns/")
    assert "2 documents" in talk.say("/filter towns ./docs/pier.txt *pier*")
    assert "3 documents" in talk.say("/filter docs")
    assert "all documents" in talk.say("/filter off")
    assert "must close" in talk.say(PIER)


def test_a_name_that_steers_a_terminal_is_shown_escaped(talk: Talk, root: Path) -> None:
    (root / "docs" / "eel\x1b[2J.txt").write_text("Eels sleep under the bridge of Oren.\n")
    (root / "docs" / "latin-\udce9.txt").write_text("Eels.\n")
    assert r"docs/latin-\xe9.txt" in talk.say("/index")
    said = talk.say("Where do eels sleep?")
    assert r"docs/eel\x1b[2J.txt, line 1" in said
    assert r"eel\x1b[2J" in talk.say("/status documents")
    assert "\x1b" not in talk.say("/save a\x1b.md")


def test_k_sets_how_many_passages_are_looked_at(talk: Talk) -> None:
    assert "10 passages" in talk.say("/k")
    assert "1 passage" in talk.say("/k 1")
    talk.say(PIER)
    assert len(talk.session.last().answer.passages) == 1
    assert "error: /k: `top_k` must be a whole number of at most 200" in talk.say("/k 999")
    assert "error: not a number from 1: `x`" in talk.say("/k x")
    assert "error: not a number from 1: `000`" in talk.say("/k 000")
    assert "error: the number is too large: `999999999999`" in talk.say("/k 999999999999")
    assert "looks at 1 passage" in talk.say("/k 0000000001")
    assert talk.session.scope.settings.top_k == 1


def test_index_and_status(talk: Talk, root: Path) -> None:
    (root / "docs" / "bees.txt").write_text("Bees sleep in the hive of Mr Olsen.\n")
    assert "new 1" in talk.say("/index")
    assert "hive of Mr Olsen." in talk.say("Where do bees sleep?")
    assert "Documents   4" in talk.say("/status")
    (root / "docs" / "empty.pdf").write_bytes(b"")
    talk.say("/index")
    assert "docs/empty.pdf" in talk.say("/status skipped")
    assert "error:" in talk.say("/index none/such")
    assert "is in the folder of the index" in talk.say("/index .askdoc/index/chroma")
    (root / "docs" / "bees.txt").write_text("Bees sleep in the hive of Mr Olsen, in winter.\n")
    assert "Changed     1; run `/index` to update the index" in talk.say("/status")
    assert "hive of Mr Olsen." in talk.say("Where do bees sleep?")


def test_status_tells_of_an_index_that_is_being_made_anew(talk: Talk, root: Path) -> None:
    assert "State" not in talk.say("/status")
    with app.open_catalog(workspace.find(root, environment={}), write=True) as catalog:
        catalog.keep(UNFINISHED, "yes")
    assert "being rebuilt; run `/index` to continue" in talk.say("/status")


def test_what_another_process_indexes_is_seen_at_once(talk: Talk, root: Path) -> None:
    talk.say(HERONS)
    (root / "docs" / "bees.txt").write_text("Bees sleep in the hive of Mr Olsen.\n")
    with app.indexer(workspace.find(root, environment={})) as indexer:
        indexer.sync(None)
    assert "hive of Mr Olsen." in talk.say("Where do bees sleep?")


def test_without_an_index_it_is_built_from_what_the_workspace_names(talk: Talk, root: Path) -> None:
    shutil.rmtree(root / ".askdoc")
    assert "building it from `docs`" in talk.say(HERONS)
    assert len(talk.session.exchanges) == 1


# ── several libraries ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def libraries(root: Path, home: Path) -> Iterator[Talk]:
    """A session on the workspace `root` and on another that has a file of the same name."""
    other = home / "zoo"
    (other / "docs").mkdir(parents=True)
    (other / "docs" / "herons.txt").write_text("The two herons of the zoo nest behind the mill.\n")
    (other / "askdoc.toml").write_text('sources = ["docs"]\n')
    nothing = home / "none.toml"
    found: dict[str | None, workspace.Workspace] = {
        name: workspace.find(folder, environment={}, user_config=nothing)
        for name, folder in (("harbour", root), ("zoo", other))
    }
    with app.indexer(found["zoo"]) as indexer:
        indexer.sync(None)
    with Opened(root, home, Scope(found)) as opened:
        yield opened


def test_several_libraries_are_asked_at_once(libraries: Talk, home: Path) -> None:
    said = libraries.say("Where do herons nest?")
    assert "harbour: docs/herons.txt" in said
    assert "zoo: ../zoo/docs/herons.txt" in said
    assert "4 documents · harbour + zoo" in bar_text(libraries.session, 80)
    cited = libraries.session.last().answer.citations
    numbers = {item.document.library: item.label for item in cited}
    assert "behind the mill" in libraries.say(f"/show {numbers['zoo']}")
    assert "tall trees" in libraries.say(f"/show {numbers['harbour']}")
    assert "1 document" in libraries.say("/filter pier.txt")
    libraries.say("Where do herons nest?")
    assert {place.document.library for place in libraries.session.places()} == {"harbour"}


def test_what_is_done_to_one_library_says_to_which(libraries: Talk, root: Path, home: Path) -> None:
    (home / "zoo" / "docs" / "bees.txt").write_text("Bees sleep in the hive of Mr Olsen.\n")
    said = libraries.say("/index")
    assert said.startswith("harbour\n")
    assert "new 1" in said.partition("\nzoo\n")[2]
    assert "hive of Mr Olsen." in libraries.say("Where do bees sleep?")
    assert "zoo\nIndex" in libraries.say("/status")
    assert "added" in libraries.say("/eval add 1")
    assert (home / "zoo" / "evals" / "questions.jsonl").exists()
    assert not (root / "evals").exists()
    assert "one library at a time, and this session asks harbour + zoo" in libraries.say(
        "/eval add none"
    )
    assert "one library at a time" in libraries.say("/index docs")


def test_a_session_on_several_libraries_is_resumed(root: Path, home: Path, libraries: Talk) -> None:
    libraries.say("Where do herons nest?")
    with Opened(root, home, libraries.session.scope) as again:
        said = again.say("/resume")
        assert "zoo: ../zoo/docs/herons.txt" in said
        assert "harbour: docs/herons.txt, line 1" in said
        assert "behind the mill" in again.say("/show 2") + again.say("/show 1")
    with Opened(root, home) as alone:
        assert "no session is kept" in alone.say("/sessions")


# ── what is kept ────────────────────────────────────────────────────────────────────────────────


def test_a_session_is_resumed_with_its_turns(root: Path, home: Path) -> None:
    with Opened(root, home) as first:
        first.say(PIER, HERONS)
    with Opened(root, home) as second:
        assert "What did Anna Berg say about the pier?" in second.say("/sessions")
        said = second.say("/resume")
        assert said.startswith(f"1 > {PIER}\n")
        assert "\n2 > Where do herons nest?\n" in said
        assert "tall trees near water." in said
        assert "herons.txt, line 1" in second.say("/sources")
        assert "tall trees" in second.say("/show 1")
        assert second.say("When do they return?").startswith("→ When do herons return?")
        assert "3 questions · this one" in second.say("/sessions")
        assert "deleted 1; that was this session" in second.say("/sessions delete 1")
        assert "no session is kept" in second.say("/sessions")
        assert "there is no session 1" in second.say("/resume 1")


def test_resuming_without_a_number_goes_to_another_session(root: Path, home: Path) -> None:
    with Opened(root, home) as first:
        assert "this workspace has no saved session" in first.say("/resume")
        first.say(PIER)
        assert first.say("/resume").startswith(f"1 > {PIER}\n")
        assert first.say("/clear", HERONS, "/resume").startswith(f"1 > {PIER}\n")
        assert first.say("/resume").startswith(f"1 > {HERONS}\n")


FOOTBALL = "Who won the football cup of Peru in 1999?"


def test_a_resumed_session_keeps_the_places_of_documents_that_left_the_index(
    root: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Opened(root, home) as first:
        first.say(PIER)
        listed = first.say("/sources")
        assert "docs/pier.txt, line 2" in listed
        assert "lines 4-5" in listed or "line 5" in listed  # a place that is not cited
        refused = first.say(FOOTBALL)
        (root / "docs" / "pier.txt").unlink()
        first.say("/index")
    monkeypatch.setenv("VISUAL", "true {file}:{line}")
    with Opened(root, home) as second:
        assert "\n".join(refused.splitlines()[-8:]) in second.say("/resume")
        second.session.exchanges.pop()
        assert second.say("/sources") == listed
        assert "docs/pier.txt, line 2" in second.say("/save notes.md", "/sources")
        assert "docs/pier.txt, line 2" in (root / "notes.md").read_text(encoding="utf-8")
        assert "is gone" in second.say("/open 1")
        assert "is no longer indexed" in second.say("/show 1")


def test_a_place_is_shown_where_its_words_stand_now(root: Path, home: Path) -> None:
    file = root / "docs" / "pier.txt"
    with Opened(root, home) as first:
        first.say(PIER)
        file.write_text("Minutes.\n\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
        first.say("/index")
    with Opened(root, home) as second:
        said = second.say("/resume", "/show 1")
        assert "docs/pier.txt, line 4\n" in said
        assert "4 > Anna Berg, head of the harbour office" in said
        file.write_text("The pier is gone.\n", encoding="utf-8")
        said = second.say("/index", "/show 1")
        assert said.startswith("error: `docs/pier.txt` no longer contains source 1\n\nhint: ")


def test_places_that_were_kept_without_lines_are_said_to_be_gone(root: Path, home: Path) -> None:
    with Opened(root, home) as talk:
        talk.say(FOOTBALL)
        last = talk.session.exchanges.pop()
        evidence = tuple(replace(item, lines=None) for item in last.answer.evidence)
        talk.session.exchanges.append(replace(last, answer=replace(last.answer, evidence=evidence)))
        assert "docs/herons.txt, line 1" in talk.say("/sources")
        for name in ("pier.txt", "herons.txt", "towns/housing.txt"):
            (root / "docs" / name).unlink()
        talk.say("/index")
        said = talk.say("/sources")
        assert "line" not in said.replace("no longer", "")
        assert "docs/herons.txt (no longer indexed)" in said


def test_what_is_asked_after_a_session_was_deleted_is_kept_anew(root: Path, home: Path) -> None:
    with Opened(root, home) as talk:
        talk.say(PIER, "/sessions delete 1")
        assert "note:" not in talk.say(HERONS)
        elsewhere = SqliteSessions(home / "state")
        elsewhere.delete([2])
        assert "session 2 was deleted; what is asked now is kept as another, 3" in (
            " ".join(talk.say("When do they return?").split())
        )
        assert "note:" not in talk.say("and when do they leave?")
        [kept] = elsewhere.sessions()
        elsewhere.close()
        assert (kept.id, kept.exchanges) == (3, 2)
        talk.say("/resume")
        asked = [exchange.asked for exchange in talk.session.exchanges]
        assert asked == ["When do they return?", "and when do they leave?"]


def test_a_full_disk_is_reported_as_such(root: Path, home: Path) -> None:
    with Opened(root, home) as talk:
        talk.say(PIER)
        assert isinstance(talk.session.store, SqliteSessions)
        connection = talk.session.store._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        told = ""
        while "note:" not in told:  # until the pages there are hold no more
            told = " ".join(talk.say(HERONS).split())
        assert "database or disk is full" in told
        assert "move the file away" not in told


def test_why_a_session_is_not_kept_is_said(
    root: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Opened(root, home) as talk:
        store, talk.session.store = talk.session.store, None
        kept = SqliteSessions(paths.state())
        kept.begin(talk.session.scope.key, "An older one", datetime.now(UTC))
        kept.close()
        assert "An older one" in talk.say("/sessions")  # from a pipe, as it has no prompt
        for line in ("/resume", "/resume 1", "/sessions delete 1"):
            assert "error: a session from a pipe is not saved" in (said := talk.say(line))
            assert "--no-history" not in said
        talk.session.prompt = str
        assert "start askdoc without `--no-history`" in talk.say("/resume")
        (home / "blocked").write_text("no folder")
        monkeypatch.setenv("XDG_STATE_HOME", str(home / "blocked"))
        for line in ("/resume", "/sessions"):
            assert "error: cannot keep sessions in" in talk.say(line)
        talk.session.change(history=False)
        assert "askdoc config set history true" in talk.say("/resume")
        assert store is not None
        store.close()


def test_sessions_of_another_workspace_are_out_of_reach(root: Path, home: Path) -> None:
    with Opened(root, home) as talk:
        talk.say(HERONS)
        store = talk.session.store
        assert store is not None
        other = store.begin("/elsewhere", "Other", talk.session.last().at)
        for line in (f"/resume {other}", f"/sessions delete {other}", f"/sessions delete 1 {other}",
                     "/sessions delete 99"):  # fmt: skip
            assert "error: there is no session" in talk.say(line)
        assert "error: say which sessions to delete" in talk.say("/sessions delete")
        assert len(store.sessions()) == 2


def test_clear_begins_a_new_session(talk: Talk) -> None:
    talk.say(PIER, "/clear", HERONS)
    assert [item.exchanges for item in talk.session.store.sessions()] == [1, 1]  # type: ignore[union-attr]


def test_a_store_that_fails_does_not_end_the_session(talk: Talk) -> None:
    assert talk.session.store is not None
    talk.session.store._connection.execute("DROP TABLE exchanges")  # type: ignore[attr-defined]
    said = talk.say(HERONS)
    assert "tall trees near water." in said
    assert "this session is not saved" in said
    assert "tall trees near water." in talk.say("/retry")
    for line in ("/sessions", "/resume 1"):
        assert "error: cannot keep sessions in" in talk.say(line)


def test_eval_add_keeps_a_case_that_holds(talk: Talk, root: Path) -> None:
    talk.say(PIER, "and about housing?")
    assert "to evals/questions.jsonl" in talk.say("/eval add 1")
    talk.say("Who runs the zoo?")
    assert "to evals/zoo.jsonl" in talk.say("/eval add none zoo")
    [case] = suite.load(root / "evals" / "questions.jsonl").cases
    assert case.question == "What did Anna Berg say about housing?"
    [gold] = case.evidence
    assert gold.document == "towns/housing.txt"
    assert gold.quote in (root / "docs" / gold.document).read_text(encoding="utf-8")
    assert suite.load(root / "evals" / "zoo.jsonl").cases[0].answerable is False
    assert "has this case already: `" in talk.say("/eval add none zoo")
    [refused] = suite.load(root / "evals" / "zoo.jsonl").cases
    said = talk.say("/eval add 1 zoo")
    assert "error: evals/zoo.jsonl already says that the documents do not hold the answer" in said
    assert f"change `{refused.id}` there" in said
    assert "added `" in talk.say("/eval add 1,1,[1] other")
    assert "already says that the documents hold the answer" in talk.say("/eval add none other")
    assert "added `" in talk.say("/eval add 2 other")
    first, second = suite.load(root / "evals" / "other.jsonl").cases
    assert len(first.evidence) == 1
    assert second.id == f"{first.id}-2"
    assert second.question == first.question == refused.question
    assert "say which source" in talk.say("/eval add")
    assert "`/eval` takes `add`" in talk.say("/eval")
    assert "not a name for a suite" in talk.say("/eval add 1 ../../x")


# ── commands themselves ─────────────────────────────────────────────────────────────────────────


def test_an_unknown_command_names_the_nearest(talk: Talk) -> None:
    assert "did you mean `/sources`?" in talk.say("/soruces")
    assert "did you mean `/sources` or `/show`" in talk.say("/so show".replace("/so show", "/s"))
    assert "begin with a blank" in talk.say("/xyzzy")
    assert talk.say("/history") == talk.say("/sessions")


def test_a_command_that_takes_nothing_refuses_what_follows(talk: Talk) -> None:
    talk.say(PIER)
    for command in commands.COMMANDS:
        if not command.arguments:
            said = talk.say(f"/{command.name} 2")
            assert said.startswith(f"error: `/{command.name}` takes no argument, not `2`\n\nhint: ")
    assert len(talk.session.exchanges) == 1


@pytest.mark.parametrize("word", ["none", "off", "extractive"])
def test_no_model_is_chosen_by_any_of_its_names(word: str, talk: Talk) -> None:
    assert "answers are extractive" in talk.say(f"/llm {word}")
    assert "answers are extractive" in talk.say("/llm nosuch", "/llm")
    assert "`extractive` is no model" in " ".join(talk.say("/llm nosuch").split())


@pytest.mark.parametrize("word", ["quit", "exit", "/exit"])
def test_what_leaves_elsewhere_leaves_here(word: str, talk: Talk) -> None:
    assert run.script(talk.session, [word, "/xyzzy"]) is True
    assert "Ctrl-D" in talk.say("help")


@pytest.mark.parametrize(
    ("sent", "parted"),
    [
        ("/k 3", ["/k 3"]),
        ("/soruces", ["/soruces"]),
        ("Where do\nherons nest?", ["Where do\nherons nest?"]),
        ("/k 3\nWhere do\nherons nest?\n/show 1", ["/k 3", "Where do\nherons nest?", "/show 1"]),
        ("/raw and where\nis it?\n/why", ["/raw and where\nis it?", "/why"]),
        ("/usr/share/herons\nwhat is it?", [" /usr/share/herons\nwhat is it?"]),
        ("/usr/share\n/usr/lib\n\n/k", [" /usr/share\n/usr/lib\n", "/k"]),
        ("/k\n\n", ["/k"]),
    ],
)
def test_what_is_sent_at_once_is_parted_at_its_commands(sent: str, parted: list[str]) -> None:
    assert commands.steps(sent) == parted


def test_every_command_is_explained(talk: Talk) -> None:
    listed = talk.say("/help")
    for command in commands.COMMANDS:
        assert f"/{command.name}" in listed
        assert command.usage in talk.say(f"/help {command.name}")


def test_quit_ends_a_script(talk: Talk) -> None:
    assert run.script(talk.session, ["/quit", "/xyzzy"]) is True
    assert run.script(talk.session, ["# a comment", "", "/xyzzy"]) is False


@pytest.mark.skipif(os.name == "nt", reason="pipes of other systems")
def test_a_reader_that_goes_away_ends_a_session_from_a_pipe(root: Path, home: Path) -> None:
    del home  # only set up
    command = [sys.executable, "-m", "askdoc", "repl"]
    pipe = subprocess.PIPE
    with running(command, cwd=root, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{HERONS}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "in tall trees near water [1]\n"
        assert process.stdout.readline() == "\n"
        assert process.stdout.readline() == "[1] docs/herons.txt, line 1\n"
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.write(f"{HERONS}\n" * 200)
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (141, "")


def test_an_error_in_a_script_names_its_line(talk: Talk) -> None:
    lines = ["# comment\n", f"{HERONS}\n", "\n", "/show 99\n", "/nosuch\n"]
    assert run.script(talk.session, lines) is False
    said = talk.errors.getvalue()
    assert said.startswith("error: line 4: there is no source 99\n\nhint: ")
    assert "error: line 5: there is no command `/nosuch`\n" in said


def test_control_characters_in_a_line_are_left_out(talk: Talk) -> None:
    assert run.script(talk.session, [b"Where do \x00\x07herons\x1b nest?\n"]) is True
    assert talk.session.last().question == "Where do herons nest?"


@pytest.mark.parametrize(
    "line",
    [f"/save {'n' * 300}", f"/eval add 1 {'n' * 300}", "/save a/b.md", "/save ~no-one-here/b.md"],
)
def test_what_the_system_refuses_of_a_file_is_an_error_and_no_end(
    line: str, talk: Talk, root: Path
) -> None:
    (root / "a").write_text("no folder")
    talk.say(PIER)
    assert "error: cannot " in talk.say(line)
    assert "tall trees" in talk.say(HERONS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_an_output_that_takes_nothing_more_ends_the_session(talk: Talk, root: Path) -> None:
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - closing it fails, too
    talk.session.pages = Pages(
        lambda: page(make_console(file=full), root), talk.session.pages.errors
    )
    with pytest.raises(OSError, match="No space left"):
        run.script(talk.session, [HERONS, HERONS])
    with suppress(OSError):
        full.close()


def test_a_line_that_is_no_text_is_not_asked(talk: Talk) -> None:
    lines = [b"\xef\xbb\xbf/k 3\n", "où?\n".encode("latin-1"), b"\x00\x01\n", b"/k 4\r\n"]
    assert run.script(talk.session, lines) is False
    assert "error: line 2 is not text in UTF-8" in (said := talk.errors.getvalue())
    assert "error: line 3 is not text in UTF-8" in said
    assert talk.session.scope.settings.top_k == 4
    assert not talk.session.exchanges


def _offered(session: Session, typed: str) -> list[str]:
    found = SessionCompleter(session).get_completions(Typed(typed), CompleteEvent())
    return [item.text for item in found]


def test_completion_offers_what_fits(talk: Talk, root: Path) -> None:
    talk.say(PIER)
    assert _offered(talk.session, "/s") == ["sources", "show", "save", "status", "sessions"]
    assert _offered(talk.session, "/filter HER") == ["herons.txt"]
    assert _offered(talk.session, "/help qu") == ["quit"]
    assert _offered(talk.session, "/llm ext") == ["extractive"]
    assert "1" in _offered(talk.session, "/show ")
    assert _offered(talk.session, "/eval a") == ["add"]
    talk.say("/eval add 1 harbour")
    assert "harbour" in _offered(talk.session, "/eval add 1 h")
    assert _offered(talk.session, "/resume ") == ["1"]
    assert _offered(talk.session, "/resume 1 ") == []
    assert _offered(talk.session, "/sessions ") == ["delete"]
    assert _offered(talk.session, "/sessions delete ") == ["1"]
    assert _offered(talk.session, "/sessions delete 1 ") == []
    assert _offered(talk.session, "What about") == []
    assert _offered(talk.session, "/nosuch x") == []


@pytest.mark.parametrize("columns", [1, 8, 20, 40, 120])
def test_the_bar_fits(columns: int, talk: Talk) -> None:
    talk.say("/filter *.txt", HERONS)
    assert len(bar_text(talk.session, columns)) < max(columns, 2)


def test_a_model_that_is_being_made_ready_is_reported(talk: Talk) -> None:
    engine = talk.session.engine
    redrawn: list[str] = []
    engine.on_opened = lambda: redrawn.append(bar_text(talk.session, 80))
    talk.say(HERONS)
    redrawn.clear()
    for stage in CompileStage:
        engine._on_event(Compiling("any", stage))
        assert STAGES[stage].lower() in talk.session._waiting_for().lower()
    assert redrawn == ["making the model ready … · harbour · extractive"] * len(CompileStage)
    talk.say("/k 3", HERONS)
    assert bar_text(talk.session, 80).startswith("3 documents")


WORDS = ("", "1", "2", "99", "0", "-1", "x", "off", "none", "add", "add 1", "add none", "add 1,2 s",
         "*", "*.txt", "herons.txt", "'", '"open', "\x1b[31m", "\udcff", "a" * 300, "delete 1",
         "out.md", "docs", "no/such", "…", "\n\n", "extractive", "help", "eval")  # fmt: skip
ASKED = (
    PIER,
    HERONS,
    "and she?",
    "what about her?",
    "what are the symptoms?",
    "why?",
    "and in 1902?",
    "it",
    "\udcff",
    "?",
    "\x00\x07",
    "é" * 50,
)


def test_no_command_ends_in_a_bug(root: Path, home: Path) -> None:
    """150 steps at random: an `AskdocError` is fine, anything else fails the test."""
    draw = random.Random(0)  # noqa: S311 - the same steps each time
    names = [command.name for command in commands.COMMANDS if command.name not in ("quit", "open")]
    with Opened(root, home) as talk:
        for _ in range(150):
            if draw.random() < 0.35:
                line = draw.choice(ASKED)
            else:
                line = f"/{draw.choice([*names, 'nosuch'])} {draw.choice(WORDS)}"
            talk.say(line)
