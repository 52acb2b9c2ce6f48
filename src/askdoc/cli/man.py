"""`askdoc man`: the manual page, made from the same help that the commands print."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup

from askdoc import __version__

_ENVIRONMENT = (
    ("ASKDOC_KEY", "A setting, as `ASKDOC_TOP_K`; see `askdoc config list`."),
    ("ASKDOC_LIBRARY", "The named library to use; several to ask, with commas between."),
    ("ASKDOC_CACHE_DIR", "The folder of compiled models."),
    ("VISUAL, EDITOR", "What opens text, where the setting `editor` names nothing."),
    ("NO_COLOR", "Set to anything, output has no colours."),
)
_EXIT_CODES = (
    ("0", "Success; a question was answered."),
    ("1", "An error that the message explains."),
    ("2", "The command line or a setting is wrong."),
    ("3", "The documents do not hold the answer, or an evaluation got worse."),
    ("4", "The language model failed: the answer is extracted or incomplete."),
    ("130", "Interrupted by Ctrl-C."),
)


def man() -> None:
    """Print the manual page.

    Examples:
        askdoc man > askdoc.1
        askdoc man | man -l -
    """
    from askdoc.cli.app import root

    sys.stdout.write(manual(root()))


def manual(described: Any) -> str:
    """Return the manual page of the root command, in the man macros of roff."""
    with described.make_context("askdoc", ["--help"], resilient_parsing=True) as context:
        about, *rest = inspect.cleandoc(described.help or "").split("\n\n")
        lines = [
            f'.TH ASKDOC 1 "" "askdoc {__version__}" "User Commands"',
            ".SH NAME",
            f"askdoc \\- {_text(about[:1].lower() + about[1:]).rstrip('.')}",
            ".SH SYNOPSIS",
            '.B askdoc\n[OPTIONS] "QUESTION"\n.br\n.B askdoc\nCOMMAND [OPTIONS] [ARGUMENTS]',
            ".SH DESCRIPTION",
            *_paragraphs("\n\n".join([about, *rest])),
            ".SH COMMANDS",
        ]
        for name in described.list_commands(context):
            lines += _command(described.get_command(context, name), f"askdoc {name}")
    lines += [".SH ENVIRONMENT", *_table(_ENVIRONMENT)]
    lines += [".SH EXIT STATUS", *_table(_EXIT_CODES)]
    return "\n".join(lines) + "\n"


def _command(described: Any, path: str) -> Iterator[str]:
    if described is None:
        return
    yield f'.SS "{_text(path)}"'
    yield from _paragraphs(inspect.cleandoc(described.help or ""))
    with described.make_context(path, [], resilient_parsing=True) as context:
        rows = []
        for item in described.get_params(context):
            if getattr(item, "hidden", False) or item.name == "help":
                continue
            if item.param_type_name == "argument":
                names = str(item.display_name_raw)
            else:
                names = ", ".join(sorted((*item.opts, *item.secondary_opts), key=len))
                names += "" if item.is_flag else f" {item.metavar or item.display_type(context)}"
            rows.append((names, item.help or ""))
        yield from _table(tuple(rows))
        if isinstance(described, TyperGroup):
            for name in described.list_commands(context):
                yield from _command(described.get_command(context, name), f"{path} {name}")


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        lines = paragraph.splitlines()
        if number:
            yield ".PP"
        if any(line.startswith("    ") for line in lines):
            yield ".nf"
            yield from (_text(line) for line in lines)
            yield ".fi"
        else:
            yield _text(" ".join(lines))


def _table(rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, meaning in rows:
        yield f'.TP\n.B "{_text(name)}"\n{_text(meaning)}'


def _text(text: str) -> str:
    """Write text so that roff prints it as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    escaped = escaped.replace("`", "\\(ga").replace("'", "\\(aq")
    escaped = escaped.replace("…", "...").replace("→", "\\(->")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
