from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.strings import escaped, line_of, line_starts, one_line, printable, rewritten


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("", [0]),
        ("one", [0]),
        ("one\ntwo", [0, 4]),
        ("one\r\ntwo\r\n", [0, 5, 10]),
        ("one\rtwo\rthree", [0, 4, 8]),
        ("\n\n", [0, 1, 2]),
        ("a\r", [0, 2]),
        ("a\r\rb\n", [0, 2, 3, 5]),
    ],
)
def test_lines_start_after_every_kind_of_line_end(text: str, starts: list[int]) -> None:
    assert line_starts(text) == starts


@given(st.text(alphabet="ab\r\n", max_size=60))
def test_lines_are_those_of_the_standard_library(text: str) -> None:
    lines = text.splitlines(keepends=True)
    expected = [sum(map(len, lines[:number])) for number in range(len(lines))]
    if not lines or lines[-1][-1] in "\r\n":
        expected.append(len(text))
    assert line_starts(text) == expected


def test_an_offset_is_on_the_line_that_holds_it() -> None:
    starts = line_starts("one\ntwo\nthree")
    assert [line_of(starts, offset) for offset in (0, 3, 4, 8, 12)] == [1, 1, 2, 3, 3]


def test_nothing_that_steers_a_terminal_is_printed() -> None:
    hostile = "a\x1b[31mred\x1b]8;;http://x\x07b\x9b1m\x7f\u202egnp.exe\u200b\ud800\r"
    assert printable(hostile) == "aredbgnp.exe"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\U000e0041\U000e007fb\U000e0fff", "ab"),
        ("a\u034f\u115f\u1160\u17b4\u180e\u2061\u206a\u3164\uffa0\ufff9b", "ab"),
        ("❤\ufe0f and 葛\U000e0100", "❤\ufe0f and 葛\U000e0100"),
        ("a\ufe01\ufe02\U000e0103b", "a\ufe01b"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\x1b[1;31;48:5:9mred\x1b[0m and \x9b?25lgone", "red and gone"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d0;title\x9cText, \x1b(Band\x1bPq\x1b\\ more", "Text, and more"),
        (
            "\x1b]0;nothing ends this\nText [31m] of its own",
            "]0;nothing ends this\nText [31m] of its own",
        ),
    ],
)
def test_what_is_not_seen_and_what_an_escape_leaves_are_not_printed(
    hostile: str, shown: str
) -> None:
    assert printable(hostile) == shown
    assert printable(rewritten(hostile, lambda _: "?")) == rewritten(hostile, lambda _: "?")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[2J.txt", r"a\x1b[2J.txt"),
        ("two\nlines\t.txt", r"two\nlines\t.txt"),
        ("gnp\u202etxt.exe\u200b", r"gnp\u202etxt.exe\u200b"),
        ("latin-\udce9.txt", r"latin-\xe9.txt"),
        ("\ud800", r"\ud800"),
        ("two  blanks é 文.txt", "two  blanks é 文.txt"),
    ],
)
def test_a_name_shows_what_it_hides(name: str, shown: str) -> None:
    assert escaped(name) == shown


@given(st.text())
def test_an_escaped_name_is_printable_on_one_line(text: str) -> None:
    assert printable(escaped(text)) == escaped(text)
    assert len(escaped(text).splitlines()) <= 1


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\u2028\u2029"])
def test_lines_that_an_unseen_mark_parts_are_not_glued(mark: str) -> None:
    assert printable(f"one{mark}two") == one_line(f"one{mark}two") == "one two"
    assert printable(f"one\n{mark}two {mark}") == "one\ntwo "


def test_letters_of_all_scripts_and_joined_emoji_stay() -> None:
    text = "Ünïcode 中文 हिन्दी עברית 👩\u200d💻"
    assert printable(text) == text
