"""The base of all commands: help in askdoc's own layout, and one place that handles errors.

typer's own help and errors draw boxes, even into a pipe, and cost a tenth of a second to import.
"""

from __future__ import annotations

import errno
import inspect
import io
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from askdoc.cli.input import keep_number, misread_option
from askdoc.errors import NO_ROOM, AskdocError, UsageError
from askdoc.render import console
from askdoc.render.errors import error_lines, note_line, problem_lines
from askdoc.render.help import Panel, help_lines

INTERRUPTED = 130
MISTYPED = "askdoc.meant"
"""The key of a context for the command that a question may be a mistyped form of."""
_SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
_COMPLETION = {"--install-completion": "install_callback", "--show-completion": "show_callback"}
COMPLETING = "_ASKDOC_COMPLETE"
_QUOTED_FOR_BASH = {
    "": (re.compile(r"[^\w@%+=:,./\n-]"), r"\\\g<0>"),
    '"': (re.compile(r"[\\\"$`]"), r"\\\g<0>"),
    "'": (re.compile(r"'"), r"'\\''"),
}
"""By open quotation mark: characters that are special to bash, and their quoted form."""
_FILE = re.compile(r"-[^-=\s][^=]*\.\w+|-[^-=]*/.*")
_PARSER = re.compile(r"Input should be (.*?)(?:, unable to parse .*)?$")
_CLOSED_PIPE = 141
"""A shell's exit code for a program that a closed pipe has ended: 128 + SIGPIPE."""
_IN_THE_WAY = frozenset(
    {
        errno.EEXIST,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENAMETOOLONG,
    }
)


class Command(TyperCommand):
    """A command whose help is laid out by `askdoc.render`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Print the help."""
        show_help(self, ctx)

    def make_parser(self, ctx: Any) -> Any:
        """Return typer's parser; it refuses a second value of an option that takes one."""
        parser: Any = super().make_parser(ctx)
        read = parser.parse_args

        def refusing(args: list[str]) -> Any:
            self._refuse_excluded_terms(ctx, args)
            try:
                values, rest, given = read(args)
            except typer.TyperException as error:
                complaint: Any = error
                complaint.ctx = complaint.ctx or ctx  # so that the hint names the help
                raise
            if not ctx.resilient_parsing:
                _refuse_second_values(given)
            return values, rest, given

        parser.parse_args = refusing
        return parser

    def _refuse_excluded_terms(self, ctx: Any, arguments: Sequence[str]) -> None:
        """Refuse `-term`, which a question excludes and typer reads as short options."""
        options = [item for item in self.params if isinstance(item, TyperOption)]
        names = [name for item in options for name in item.opts]
        valued = {name for item in options if not item.is_flag for name in item.opts}
        before = ""
        for argument in arguments:
            if argument == "--":
                return
            is_short = argument.startswith("-") and not argument.startswith("--")
            if is_short and before not in valued:
                misread = misread_option(argument, ctx.command_path, names)
                if misread is not None:
                    message, hint = misread
                    raise UsageError(message, hint=hint)
            before = argument


class Group(TyperGroup):
    """A group of commands whose help is laid out by `askdoc.render`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Print the help."""
        show_help(self, ctx)


class Root(Group):
    """The outermost group: every error, interrupt and closed pipe becomes an exit code here."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002, FBT001, FBT002 - typer's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - typer's signature
        **extra: Any,
    ) -> Any:
        """Run the command line `args`, by default that of the process, and exit."""
        console.prepare_streams()
        args = sys.argv[1:] if args is None else args
        try:
            _expect_output()
            keep_number()
            self._complete_for(args)
            if COMPLETING in os.environ:
                from askdoc.cli import completion as shells

                shells.prepare()
            with _endings(), _offers_quoted_for_bash():  # completion is outside of the others
                code = super().main(
                    args,
                    prog_name,
                    complete_var,
                    standalone_mode=False,
                    windows_expand_args=windows_expand_args,
                    **extra,
                )
        except AskdocError as error:
            page = console.errors()
            page.show(error_lines(error, page))
            code = error.exit_code
        except typer.TyperException as error:
            page = console.errors()
            page.show(problem_lines(*_explained(error, args), page))
            code = error.exit_code
        except typer.Abort:
            code = INTERRUPTED
        except typer.Exit as ended:
            code = ended.exit_code
        sys.exit(code if isinstance(code, int) else 0)

    def _complete_for(self, args: Sequence[str]) -> None:
        """Install or print completion for a shell that is named, or for the current one.

        Raises:
            UsageError: there is none for that shell.

        """
        if not 1 <= len(args) <= 2 or args[0] not in _COMPLETION:  # noqa: PLR2004 - and the shell
            return
        from askdoc.cli import completion as shells

        option = args[0]
        shell = args[1] if len(args) > 1 else shells.current()
        if shell not in _SHELLS:
            message = f"there is no completion for `{shell}`"
            raise UsageError(message, hint=f"there is one for {', '.join(_SHELLS)}")
        from typer import completion

        ours = shell in shells.SCRIPTS
        if ours and option == "--show-completion":
            sys.stdout.write(shells.SCRIPTS[shell])
            raise typer.Exit(0)
        with self.make_context("askdoc", [], resilient_parsing=True) as context:
            context.resilient_parsing = False
            try:
                if ours:
                    placed = shells.install(shell)
                    sys.stdout.write(f"{shell} completion installed in {placed}\n")
                    sys.stdout.write(f"It is there in a new terminal, or after `exec {shell}`\n")
                    raise typer.Exit(0)
                getattr(completion, _COMPLETION[option])(context, None, shell)
            except OSError as error:
                if error.filename is None:
                    raise
                file, why = os.fsdecode(error.filename), str(error.strerror).lower()
                message = f"cannot write `{file}`: {why}"
                hint = f"print it, and put it in place yourself: `askdoc --show-completion {shell}`"
                raise AskdocError(message, hint=hint) from error

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the command line; help and completion are printed here."""
        with _endings():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was read."""
        with _endings():
            return super().invoke(ctx)


_BRACES = re.compile(r"\{([^{}|]+)\}")
"""The marks that typer puts around an argument that is needed."""


def command(app: typer.Typer, name: str | None = None) -> Callable[[Any], Any]:
    """Register a function as a command of `app`, with askdoc's own help."""
    return app.command(name, cls=Command)


def show_help(described: Any, ctx: Any) -> None:
    """Print the help of a command or group to standard output."""
    page = console.output()
    pieces = [_BRACES.sub(r"\1", piece) for piece in described.collect_usage_pieces(ctx)]
    usage = " ".join([ctx.command_path, *pieces])
    text = inspect.cleandoc(described.help or "")
    groups = [_commands(described, ctx), _options(described, ctx)]
    page.show(help_lines(usage, text, groups, page))


@contextmanager
def _offers_quoted_for_bash() -> Iterator[None]:
    r"""Quote completions for bash, which inserts them as they are: `my\ report.txt`.

    Other shells quote names themselves. Inside an open quotation, only characters that are special
    there are quoted.
    """
    if os.environ.get(COMPLETING) != "complete_bash":
        yield
        return
    special, quoted = _QUOTED_FOR_BASH[_begun_quotation(os.environ.get("COMP_WORDS", ""))]
    offered = io.StringIO()
    try:
        with redirect_stdout(offered):
            yield
    finally:
        sys.stdout.write(special.sub(quoted, offered.getvalue()))


def _begun_quotation(typed: str) -> str:
    """Return the open quotation mark at the end of a command line; empty if there is none."""
    mark, skips = "", False
    for letter in typed:
        if skips:
            skips = False
        elif letter == "\\" and mark != "'":
            skips = True
        elif letter == mark:
            mark = ""
        elif letter in "'\"" and not mark:
            mark = letter
    return mark


@contextmanager
def _endings() -> Iterator[None]:
    """End quietly on Ctrl-C and on a closed pipe; report a full disk or an inaccessible path."""
    try:
        try:
            yield
        except typer.Exit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        page = console.errors()
        page.show([note_line("interrupted", page)])
        raise typer.Exit(INTERRUPTED) from interrupt
    except BrokenPipeError as closed:
        _drop_output()
        raise typer.Exit(_CLOSED_PIPE) from closed
    except OSError as error:
        if error.errno in _IN_THE_WAY and error.filename is not None:
            message = f"cannot use `{os.fsdecode(error.filename)}`: {str(error.strerror).lower()}"
            raise AskdocError(message, hint="name another place") from error
        if error.errno not in NO_ROOM or error.filename is not None:
            raise  # an error without a file name is one of the output
        _drop_output()
        message = f"cannot write the output: {(error.strerror or str(error)).lower()}"
        raise AskdocError(message) from error


def _expect_output() -> None:
    """Check that standard output is open.

    Otherwise the next opened file would get its number, and all printed text.

    Raises:
        AskdocError: it was closed before askdoc started.

    """
    if sys.stdout is None:
        message = "the standard output is closed"
        raise AskdocError(message, hint=f"to discard it: `> {os.devnull}`")


def _drop_output() -> None:
    """Discard buffered output, so that it does not fail again while Python shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse_second_values(given: Sequence[Any]) -> None:
    """Check that no single-value option was given twice, since one value would be dropped.

    Raises:
        UsageError: an option was given twice.

    """
    seen: set[str] = set()
    for item in given:
        if not isinstance(item, TyperOption) or item.is_flag or item.multiple:
            continue
        if item.name in seen:
            message = f"`{max(item.opts, key=len)}` takes one value here, and is given twice"
            raise UsageError(message, hint="leave out one of them")
        seen.add(item.name)


def _explained(error: typer.TyperException, args: Sequence[str]) -> tuple[str, str | None]:
    """Convert typer's usage error to askdoc's style."""
    message = _PARSER.sub(r"should be \1", error.format_message().replace("'", "`").rstrip("."))
    context = getattr(error, "ctx", None)
    known = getattr(error, "possibilities", None)
    hint = f"see `{context.command_path} --help`" if context else None
    if option := getattr(error, "option_name", None):
        if not hasattr(error, "possibilities"):  # the option is known; it is used wrongly
            takes_none = "does not take" in message
            message = f"`{option}` {'takes no value' if takes_none else 'needs a value'}"
            return message, hint
        message = f"there is no option `{option}`"
        if re.fullmatch(r"-[\d.].*", option):
            hint = "a value that starts with `-` comes after `--`"
        elif known:
            hint = f"did you mean {' or '.join(f'`{name}`' for name in known)}?"
        elif given := _starting_with(option, args):
            command = f"{context.command_path} -- {given}" if context else f"-- {given}"
            hint = f"if that is a name and no option, put `--` before it: `{command}`"
    elif context and isinstance(context.command, TyperGroup):
        commands = ", ".join(f"`{name}`" for name in context.command.list_commands(context))
        hint = f"choose one of {commands}; {hint}"
    return f"{message[:1].lower()}{message[1:]}", hint


def _starting_with(option: str, args: Sequence[str]) -> str | None:
    """Return the argument that was parsed as options but looks like a file name."""
    named = (one for one in args if one.startswith(option) and _FILE.fullmatch(one))
    return next(map(shlex.quote, named), None)


def _commands(described: Any, ctx: Any) -> list[Panel]:
    if not isinstance(described, TyperGroup):
        return []
    panels: dict[str, list[tuple[str, str]]] = {}
    for name, summary, panel in summaries(described, ctx):
        panels.setdefault(panel or "Commands", []).append((name, summary))
    return [Panel(title, rows) for title, rows in panels.items()]


def summaries(group: Any, ctx: Any) -> Iterator[tuple[str, str, str | None]]:
    """List the commands of a group with their first line of help and their panel."""
    if hasattr(group, "summaries"):
        yield from group.summaries()
        return
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        if found is not None and not found.hidden:
            yield name, first_line(found.help), found.rich_help_panel


def first_line(text: str | None) -> str:
    """Return the first line of a help text, without its full stop."""
    return inspect.cleandoc(text or "").partition("\n")[0].rstrip(".")


def _options(described: Any, ctx: Any) -> list[Panel]:
    panels: dict[str, list[tuple[str, str]]] = {"Arguments": []}
    for item in described.get_params(ctx):
        if item.hidden:
            continue
        fallback = "Arguments" if isinstance(item, TyperArgument) else "Options"
        rows = panels.setdefault(item.rich_help_panel or fallback, [])
        rows.append((_name(item, ctx), item.help or ""))
    return [Panel(title, rows) for title, rows in panels.items()]


def _name(item: Any, ctx: Any) -> str:
    if not isinstance(item, TyperOption):
        return str(item.display_name_raw)
    names = ", ".join(sorted((*item.opts, *item.secondary_opts), key=len))
    return names if item.is_flag else f"{names} {item.metavar or item.display_type(ctx)}"
