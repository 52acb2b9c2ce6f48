"""The table of commands, their help, and how a line becomes a command or a question."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rich.text import Text

from askdoc.errors import UsageError
from askdoc.render.help import Panel, help_lines
from askdoc.render.layout import hang
from askdoc.repl import lines, saving, steer
from askdoc.repl.command import Command, Completes

if TYPE_CHECKING:
    from askdoc.repl.session import Session

_ANYWHERE = {"exit": "quit", "quit": "quit", "help": "help", "?": "help"}
_OTHER_NAMES = {**_ANYWHERE, "q": "quit", "history": "sessions"}
_KEYS = (
    ("Tab", "complete commands, files, documents, models, suites"),
    ("Alt-Enter", "begin another line"),
    ("Ctrl-R", "search what you typed before"),
    ("Ctrl-C", "end the answer, or empty the line"),
    ("Ctrl-D", "leave"),
)

_OPERATORS = (
    ('"a phrase"', "only passages that have it, letter by letter"),
    ('-term, -"a phrase"', "no passage that has it"),
)


def steps(text: str) -> list[str]:
    """Split a text that was entered at once, such as a paste, into commands and questions.

    A line with the full name of a command is one step; the lines between commands are one question,
    and those after `/raw` belong to it.
    """
    found: list[str] = []
    joins = False
    lines = text.split("\n")
    for line in lines:
        called = line[1:].partition(" ")[0] if line.startswith("/") else ""
        is_command = called in BY_NAME or len(lines) == 1
        if joins and not is_command:
            found[-1] += f"\n{line}"
            continue
        # A line with `/` that names no command is part of a question, such as a path.
        found.append(f" {line}" if called and not is_command else line)
        joins = called == "raw" or not is_command
    return [step for step in found if step.strip()]


def run(session: Session, line: str) -> None:
    """Run `line`: a command if it starts with `/`, else a question.

    A blank before the `/` makes it a question. Words such as `exit` and `help` work as in other
    programs.

    Raises:
        UsageError: there is no such command, or its arguments are wrong. Quit: the user leaves.

    """
    if (bare := line.strip().lower()) in _ANYWHERE:
        line = f"/{_ANYWHERE[bare]}"
    if not line.startswith("/"):
        session.ask(line.strip())
        return
    name, _, arguments = line[1:].partition(" ")
    command = find(name.strip())
    if arguments.strip() and not command.arguments:
        message = f"`/{command.name}` takes no argument, not `{arguments.strip()}`"
        hint = f"`/help {command.name}` says what it does; a question may begin with a blank"
        raise UsageError(message, hint=hint)
    command.run(session, arguments)


def find(name: str) -> Command:
    """Return the command of this name, or the only one with this prefix.

    Raises:
        UsageError: there is none; the hint names the nearest.

    """
    name = _OTHER_NAMES.get(name.lower(), name.lower())
    if name in BY_NAME:
        return BY_NAME[name]
    begun = [command for command in COMMANDS if name and command.name.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    message = f"there is no command `/{name}`"
    near = [command.name for command in begun] or difflib.get_close_matches(name, BY_NAME, 2, 0.5)
    hint = "`/help` lists all; to ask it as a question, begin with a blank"
    if near:
        hint = f"did you mean {' or '.join(f'`/{other}`' for other in near)}?"
    raise UsageError(message, hint=hint)


def help_(session: Session, arguments: str) -> None:
    """Show all commands, or one in full."""
    page = session.pages.output()
    name = arguments.strip().removeprefix("/")
    if name:
        command = find(name)
        page.show([Text(command.usage, style="command")])
        for paragraph in (command.summary, command.detail):
            text = paragraph if paragraph.endswith(".") else f"{paragraph}."
            page.show([hang(Text(text), page, first="  ")])
        return
    intro = (
        "Type a question. A follow-up such as `and what did she say about costs?` is searched"
        " together with the questions before it."
    )
    panels = [
        Panel("The last answer", _rows(lines.COMMANDS)),
        Panel("Questions and documents", _rows(steer.COMMANDS)),
        Panel("Sessions", _rows((*saving.COMMANDS, HELP))),
    ]
    typing = [Panel("In a question", _OPERATORS), Panel("Keys", _KEYS)]
    page.show(list(help_lines("", intro, [panels, typing], page))[1:])


def _rows(commands: tuple[Command, ...]) -> list[tuple[str, str]]:
    return [(command.usage, command.summary) for command in commands]


HELP = Command(
    "help",
    "[COMMAND]",
    "Say what the session can do, or what COMMAND does",
    "The beginning of a command's name is enough where it is the only one.",
    help_,
    Completes.COMMANDS,
)
COMMANDS = (*lines.COMMANDS, *steer.COMMANDS, *saving.COMMANDS, HELP)
BY_NAME = {command.name: command for command in COMMANDS}
