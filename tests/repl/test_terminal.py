"""The session as somebody at a keyboard meets it: real key presses in a pseudo-terminal."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from .conftest import Terminal

Start = Callable[..., Terminal]

PIER = "What did Anna Berg say about the pier?"
ENTER, ALT_ENTER, TAB = "\r", "\x1b\r", "\t"
CTRL_C, CTRL_D, CTRL_R = "\x03", "\x04", "\x12"


def test_a_question_a_follow_up_and_leaving(terminal: Start, snapshot: SnapshotAssertion) -> None:
    screen = terminal()
    screen.until("3 documents")
    screen.say(PIER)
    screen.until("winter.")
    screen.say("and what did she say about housing?")
    screen.until("→ What did Anna Berg say about housing?")
    assert screen.ready() == snapshot
    assert screen.leave() == 0


def test_ctrl_c_empties_the_line_or_ends_a_search_and_no_session(terminal: Start) -> None:
    screen = terminal()
    screen.until("3 documents")
    screen.press("half a question")
    screen.until("half a question")
    screen.press(CTRL_C)
    screen.until(lambda text: text.count("\n>") == 2)
    screen.press(CTRL_R)
    screen.until("I-search")
    screen.press(CTRL_C)
    screen.until(lambda text: "I-search" not in text)
    screen.press(CTRL_C)
    screen.say("Where do herons nest?")
    screen.until("tall trees near water.")
    screen.say("/quit")
    assert screen.end() == 0


def test_ctrl_c_ends_the_building_of_an_index_and_the_question(terminal: Start, root: Path) -> None:
    shutil.rmtree(root / ".askdoc")
    screen = terminal()
    screen.say("Where do herons nest?")
    screen.until("building it from `docs`")
    while "note: interrupted" not in screen.text:
        screen.press(CTRL_C)
        screen.read(0.2)
    screen.start_afresh()
    assert "error" not in screen.text
    assert "reading …" not in screen.text
    screen.say("Where do herons nest?")
    screen.until("tall trees near water.")
    assert screen.leave() == 0


def test_several_lines_are_one_question_and_what_is_typed_meanwhile_stands_at_the_next_prompt(
    terminal: Start,
) -> None:
    screen = terminal()
    screen.press(f"Where do herons{ALT_ENTER}nest?")
    screen.until("> Where do herons nest?")
    screen.press(f"{ENTER}and when do they return?")
    screen.until("tall trees near water.")
    screen.until("> and when do they return?")
    assert screen.text.count("and when do they return?") == 1


def test_what_is_pasted_waits_for_enter_and_its_commands_run_one_by_one(terminal: Start) -> None:
    screen = terminal()
    screen.press("\x1b[200~/k 3\nWhere do\nherons nest?\n/filter pier*\x1b[201~")
    screen.until("> /k 3 Where do herons nest? /filter pier*")
    time.sleep(0.2)
    screen.read()
    assert "[1]" not in screen.text
    screen.press(ENTER)
    screen.until("a question looks at 3 passages")
    screen.until("> Where do herons nest? in tall trees near water [1] [1] docs/herons.txt, line 1")
    screen.until("questions look into 1 document")
    assert screen.leave() == 0


def test_what_was_typed_comes_back_in_the_next_session(terminal: Start) -> None:
    screen = terminal()
    screen.until("3 documents")
    screen.say("Where do herons nest?")
    screen.until("[1] docs/herons.txt")
    assert screen.leave() == 0
    again = terminal()
    again.until("3 documents")
    again.press(f"{CTRL_R}herons")
    again.until("Where do herons nest?")
    again.press(ENTER + ENTER)
    again.until("tall trees near water.")


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_a_session_that_is_killed_keeps_its_turns(terminal: Start) -> None:
    screen = terminal()
    screen.say("Where do herons nest?")
    screen.until("tall trees near water.")
    screen.say("and when do they return?")
    screen.until("→ When do herons return?")
    screen.ready()
    screen.press("half a question")
    screen.until("> half a question")
    screen.process.kill()
    again = terminal()
    again.say("/resume 1")
    again.until("Where do herons nest?")
    again.say("and what does it eat?")
    again.until("→ What")
    again.say("/sessions")
    again.until("3 questions")


def test_nothing_is_kept_without_history(terminal: Start, home: Path) -> None:
    screen = terminal("repl", "--no-history")
    screen.until("3 documents")
    screen.say("Where do herons nest?")
    screen.until("[1] docs/herons.txt")
    screen.say("/sessions")
    screen.until("sessions are not saved here")
    assert screen.leave() == 0
    assert not list((home / "state").rglob("*"))


def test_tab_completes_commands_and_documents(terminal: Start) -> None:
    screen = terminal()
    screen.until("3 documents")
    screen.press("/sou")
    screen.until("List all the evidence")
    screen.press(CTRL_C)
    screen.press("/filter hou")
    screen.until("towns/housing.txt")
    screen.press(TAB)
    screen.until("> /filter towns/housing.txt")
    screen.press(ENTER + ENTER)
    screen.until("questions look into 1 document")
    screen.until("3 documents · only towns/housing.txt · harbour · extractive")


def test_a_resize_redraws_at_the_new_width(terminal: Start, snapshot: SnapshotAssertion) -> None:
    screen = terminal(columns=100)
    screen.until("3 documents")
    screen.say("/clear")
    screen.resize(40, 40)
    screen.until("3 documents")
    screen.say(PIER)
    screen.until("built in 1902")
    screen.ready()
    assert all(len(line) <= 40 for line in screen.text.splitlines())
    assert screen.text == snapshot


@pytest.mark.parametrize("term", ["dumb", "vt100"])
def test_a_plain_terminal_gets_lines_of_its_width_and_no_colour(term: str, terminal: Start) -> None:
    screen = terminal(term=term, columns=40)
    assert "WARNING" not in screen.text
    screen.say("Where do herons nest?")
    screen.until("[1] docs/herons.txt")
    shown = screen.ready()
    assert "\n  │ Herons nest in tall trees near\n  │ water." in shown
    assert "\n    They return to the same nests …" in shown
    colours = [byte for byte in screen.raw.split(b"\x1b[") if byte[:2] in (b"31", b"35", b"1;")]
    assert not colours


def test_the_environment_chooses_vi_keys_and_no_colour(
    terminal: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKDOC_KEYS", "vi")
    monkeypatch.setenv("NO_COLOR", "1")
    screen = terminal()
    screen.until("3 documents")
    screen.press("Where do geese nest?")
    screen.press("\x1b")
    time.sleep(0.7)
    screen.press("0wwceherons")
    screen.until("> Where do herons nest?")
    screen.press(ENTER)
    screen.until("tall trees near water.")
    assert b"\x1b[1;35m" not in screen.raw
    assert b"\x1b[35m" not in screen.raw


def test_the_number_of_the_right_source_is_asked_for_and_may_be_kept_back(
    terminal: Start, root: Path
) -> None:
    screen = terminal()
    screen.say("Where do herons nest?")
    screen.until("[1] docs/herons.txt")
    for key in (CTRL_C, CTRL_D):
        screen.say("/eval add")
        screen.until(lambda _: screen.line.endswith("A number, or none:"))
        screen.press(key)
        assert "note: interrupted" in screen.ready().rpartition("A number, or none:")[2]
    assert not (root / "evals").exists()
    screen.say("/eval add")
    screen.until(lambda _: screen.line.endswith("A number, or none:"))
    screen.press(f"1{ENTER}")
    screen.until("added `")
    assert "tall trees" in (root / "evals" / "questions.jsonl").read_text(encoding="utf-8")
    assert screen.leave() == 0


def test_an_index_is_built_when_there_is_none(terminal: Start, root: Path) -> None:
    shutil.rmtree(root / ".askdoc")
    screen = terminal()
    screen.until("no index · harbour")
    screen.say("Where do herons nest?")
    screen.until("there is no index yet; building it from `docs`")
    screen.until("tall trees near water.")
    screen.until("3 documents · harbour")


KEYS = (
    *("a", "é", "?", " ", "/", "/s", "/filter ", "why?", "herons", "1", "\xff"),
    *(ENTER, ENTER, ALT_ENTER, TAB, TAB, CTRL_C, CTRL_R, "\x7f", "\x1b"),
    *("\x01", "\x05", "\x0b", "\x0c", "\x14", "\x15", "\x17", "\x19"),
    *("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[3~", "\x1b[Z", "\x1bb", "\x1bd"),
    *("\x1b[200~two\nlines\x1b[201~", "\x1b[99;99R"),
)


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_200_random_key_presses_end_in_no_traceback(seed: int, terminal: Start) -> None:
    screen = terminal()
    draw = random.Random(seed)  # noqa: S311 - the same keys each time
    for step in range(200):
        screen.press(draw.choice(KEYS))
        if step % 25 == 0:
            screen.resize(draw.choice([20, 40, 80, 200]), draw.choice([5, 24, 50]))
        screen.read(0.01)
    screen.resize(80, 40)
    screen.start_afresh()
    told = screen.raw.decode(errors="replace").partition("Traceback")
    assert not told[1], told[2][:3000]
    assert screen.leave() == 0
