"""The root command: the table of commands, and `ask` as the command of a bare question."""

from __future__ import annotations

import difflib
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from askdoc import __version__
from askdoc.cli.base import COMPLETING, MISTYPED, Command, Root
from askdoc.cli.input import at_terminal, expect_open, is_piped
from askdoc.errors import UsageError
from askdoc.text.mentions import FUNCTION_WORDS

_HELP = """Ask your documents: answers that come with the exact sentences they rest on.

Examples:
    askdoc index docs
    askdoc "What did the committee decide?"
    askdoc --source "*.pdf" --json "Who signed the contract?"
"""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A command before it is imported; `summary` is the first line of its function's docstring.

    The module has a function called like the command, or a `typer.Typer` called `app`.
    `location` names module and function where they are called otherwise.
    """

    name: str
    summary: str
    panel: str
    location: tuple[str, str] | None = None

    def load(self) -> Any:
        file, function = self.location or (self.name, self.name)
        module = import_module(f"askdoc.cli.{file}")
        app = getattr(module, "app", None)
        if not isinstance(app, typer.Typer):
            app = typer.Typer(add_completion=False)
            app.command(self.name, cls=Command)(getattr(module, function))
        loaded = typer.main.get_command(app)
        loaded.name = self.name
        return loaded


_ASKING, _INDEXING, _EVALUATING, _MORE = "Ask", "Index", "Evaluate", "Set up and more"

ENTRIES = (
    _Entry("ask", "Answer a question from the documents, with its sources", _ASKING),
    _Entry("repl", "Open a session to ask, follow up, look at sources and steer", _ASKING),
    _Entry("search", "Find the passages that fit a question best", _ASKING),
    _Entry("check", "Check the sentences of a draft against the documents", _ASKING),
    _Entry("show", "Print the stored text of a document, or the lines around a place", _ASKING),
    _Entry("outline", "Print the headings of a document, each with a sentence", _ASKING),
    _Entry("serve", "Keep libraries open and answer over HTTP until it is stopped", _ASKING),
    _Entry("mcp", "Serve the documents to a program that speaks MCP", _ASKING),
    _Entry("history", "List, print, export and delete saved sessions", _ASKING),
    _Entry("index", "Bring the index up to date with files and folders", _INDEXING),
    _Entry("status", "Show what is indexed, what was skipped, and the model", _INDEXING),
    _Entry(
        "sources",
        "List, add and remove the files and folders of the index",
        _INDEXING,
    ),
    _Entry("remove", "Take documents out of the index", _INDEXING),
    _Entry(
        "export",
        "Pack the index into one file, to be imported on another machine",
        _INDEXING,
        ("export", "export"),
    ),
    _Entry(
        "import",
        "Install an exported index; questions work at once",
        _INDEXING,
        ("export", "import_"),
    ),
    _Entry("models", "Fetch, list and remove language models", _MORE),
    _Entry("trust", "Trust this workspace's settings as they are now", _MORE),
    _Entry("doctor", "Check the installation, the settings and the index", _INDEXING),
    _Entry(
        "eval",
        "Measure how good the answers are, on suites of questions with known answers",
        _EVALUATING,
    ),
    _Entry("init", "Make this folder a workspace", _MORE),
    _Entry("config", "Read and change settings", _MORE),
    _Entry("libraries", "List and remove the named libraries", _MORE),
    _Entry("man", "Print the manual page", _MORE),
    _Entry("schema", "Print the JSON Schema of an output or file format", _MORE),
)

_CLOSE = 0.8
"""Similarity from which a word counts as a mistyped command."""

_HELP_WORD = "help"
_LIST_WORD = "list"
"""Commands of other programs."""

_CLOSE_ALONE = 0.75
"""The same for a single word, so that two swapped letters count."""

_QUITE_CLOSE = 0.65
"""The same for a word before a question in quotation marks."""


class AskdocGroup(Root):
    """Loads a command when it runs; arguments without a command are a question for `ask`."""

    def summaries(self) -> Iterator[tuple[str, str, str]]:
        """List name, first line of help and panel of every command, importing none."""
        for entry in ENTRIES:
            yield entry.name, entry.summary, entry.panel

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """List the names of all commands, in the order of the help."""
        return [entry.name for entry in ENTRIES]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """Import the command of that name, or return None."""
        for entry in ENTRIES:
            if entry.name == cmd_name:
                return self.commands.setdefault(cmd_name, entry.load())
        return None

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse the arguments, with `ask` inserted if no command is named."""
        return super().parse_args(ctx, self._routed(ctx, args))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """Show the two ways in."""
        return ['[OPTIONS] "QUESTION"\naskdoc COMMAND [OPTIONS] [ARGUMENTS]']

    def _routed(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command first: the one that the first word names, else `ask`.

        Options may stand before the first word; they belong to the command.
        """
        own = {name for item in self.get_params(ctx) for name in item.opts}
        if not args:
            return _without_arguments()
        if args[0] in own:
            return args
        leading = self._options_before_word(ctx, args)
        word = args[leading] if leading < len(args) else ""
        if word in self.list_commands(ctx):
            return [word, *args[:leading], *args[leading + 1 :]]
        if args[0] == _HELP_WORD and (len(args) == 1 or args[1] in self.list_commands(ctx)):
            return [*args[1:], "--help"]
        if args[0] == _HELP_WORD and len(args) == 2 and not ctx.resilient_parsing:  # noqa: PLR2004
            self._refuse_mistyped_help(ctx, args[1])
        if not word and "--" not in args and self._opens_session(ctx, args):
            return ["repl", *args]
        if word.isalpha() and not ctx.resilient_parsing:
            rest = args[leading + 1 :]
            self._refuse_mistyped(ctx, word, rest)
            if rest and (near := self._nearest(ctx, word, _CLOSE)):
                ctx.meta[MISTYPED] = f"askdoc {shlex.join([near[0], *rest])}"
        return ["ask", *args]

    def _opens_session(self, ctx: Any, args: list[str]) -> bool:
        """Tell whether options without a question, such as `--library law`, open a session."""
        if ctx.resilient_parsing or not (at_terminal() and sys.stdout.isatty()):
            return False
        known = {name for item in self.get_command(ctx, "repl").params for name in item.opts}
        return all(arg in known for arg in args if arg.startswith("-"))

    def _options_before_word(self, ctx: Any, args: list[str]) -> int:
        """Count the arguments before the first word: options of `ask` and their values."""
        if not args[0].startswith("-"):
            return 0
        valued = {
            name
            for item in self.get_command(ctx, "ask").params
            if not getattr(item, "is_flag", True)
            for name in item.opts
        }
        position = 0
        while position < len(args) and args[position].startswith("-") and args[position] != "-":
            if args[position] == "--":
                return len(args)
            position += 2 if args[position] in valued else 1
        return position

    def _refuse_mistyped(self, ctx: Any, word: str, rest: list[str]) -> None:
        """Refuse a word that is nearly a command if the rest looks like its arguments.

        That means nothing, an option, a file, or one quoted question; the words of an unquoted
        question are separate arguments.
        """
        quoted = len(rest) == 1 and " " in rest[0].strip()
        if rest and (
            word.lower() in FUNCTION_WORDS
            or not (quoted or rest[0].startswith("-") or _is_file(rest[0]))
        ):
            return
        if word == _LIST_WORD and not rest:
            message = f"there is no command `{word}`"
            hint = "documents: `askdoc status --documents`; commands: `askdoc help`"
            raise UsageError(message, hint=hint)
        close = _QUITE_CLOSE if quoted else _CLOSE if rest else _CLOSE_ALONE
        if near := self._nearest(ctx, word, close):
            typed = shlex.join([word, *rest])
            message = f"there is no command `{word}`"
            commands = " or ".join(f"`askdoc {name}`" for name in near)
            hint = f"did you mean {commands}? As a question: `askdoc ask {typed}`"
            raise UsageError(message, hint=hint)

    def _refuse_mistyped_help(self, ctx: Any, word: str) -> None:
        """Refuse `help` for a word that is nearly a command."""
        if near := [name for name in self._nearest(ctx, word, _CLOSE_ALONE) if name != _HELP_WORD]:
            message = f"there is no command `{word}`"
            commands = " or ".join(f"`askdoc help {name}`" for name in near)
            raise UsageError(message, hint=f"did you mean {commands}?")

    def _nearest(self, ctx: Any, word: str, close: float) -> list[str]:
        """List the commands most similar to a word; two if they are equally similar."""
        known = [*self.list_commands(ctx), _HELP_WORD]
        near = difflib.get_close_matches(word.lower(), known, 2, close)
        likeness = [difflib.SequenceMatcher(None, word.lower(), name).ratio() for name in near]
        return [name for name, like in zip(near, likeness, strict=True) if like == likeness[0]]

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Offer commands; and options, those of `ask` too, which a question takes without it."""
        offered = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            known = {item.value for item in offered}
            more = self.get_command(ctx, "ask").shell_complete(ctx, incomplete)
            offered = [*offered, *(item for item in more if item.value not in known)]
        return offered


def _without_arguments() -> list[str]:
    """Return the arguments for a session if standard input can be read, else for the help."""
    if os.environ.get(COMPLETING):
        return []  # no argument precedes the completed word
    expect_open()
    talks = sys.stdout.isatty() if at_terminal() else is_piped()
    return ["repl"] if talks else ["--help"]


def _is_file(word: str) -> bool:
    """Tell whether something is called so; a question is, too, too long for a name."""
    try:
        return Path(word).exists()
    except OSError:
        return False


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"askdoc {__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options of askdoc itself."""
    del version  # acted on by its callback


def make_app() -> typer.Typer:
    """Describe the root command."""
    return typer.Typer(
        cls=AskdocGroup,
        help=_HELP,
        callback=_options,
        invoke_without_command=True,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def root() -> Any:
    """Build the root command."""
    return typer.main.get_command(make_app())
