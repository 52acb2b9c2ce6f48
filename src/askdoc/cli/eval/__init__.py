"""`askdoc eval` and its commands; without the name of one, `run`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import typer

from askdoc.cli.base import Command, Group

_MODULES = {
    "run": ("run", "Run suites of questions and score the answers (the default)"),
    "explain": ("explain", "Show stage by stage where a case lost its evidence"),
    "floors": ("run", "Show or write the floors that a run meets"),
    "calibrate": ("tune", "Fit `min_confidence` to a suite"),
    "sweep": ("tune", "Try a grid of settings and show the best trade-offs"),
    "new": ("suites", "Write a commented example of a suite"),
    "add": ("suites", "Add a case to a suite"),
    "generate": ("generate", "Draft cases from the documents, for you to review"),
    "review": ("review", "Go through drafts one by one: keep, edit, drop"),
    "lint": ("suites", "Check suites against the documents"),
    "import": ("exchange", "Make a suite from SQuAD, BEIR, Ragas, promptfoo or a table"),
    "export": ("exchange", "Write a suite in another tool's format"),
}


class EvalGroup(Group):
    """Loads a command when it runs; a first word that names no command is an argument of `run`."""

    def summaries(self) -> Iterator[tuple[str, str, str | None]]:
        """List name, first line of help and panel of every command, importing none."""
        for name, (_, summary) in _MODULES.items():
            yield name, summary, None

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """List the names of all commands."""
        return list(_MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """Import the command of that name, or return None."""
        if cmd_name not in _MODULES:
            return None
        if cmd_name not in self.commands:
            module = import_module(f"askdoc.cli.eval.{_MODULES[cmd_name][0]}")
            single = typer.Typer(add_completion=False)
            function = getattr(module, f"{cmd_name}_" if cmd_name == "import" else cmd_name)
            single.command(cmd_name, cls=Command)(function)
            self.commands[cmd_name] = typer.main.get_command(single)
        return self.commands[cmd_name]

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Read the arguments, with `run` before them where they name no command."""
        if not args and ctx.resilient_parsing:
            return super().parse_args(ctx, args)  # completion offers commands and suites
        own = {name for item in self.get_params(ctx) for name in item.opts}
        if not args or (args[0] not in _MODULES and args[0] not in own):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Offer the commands, and what `run` takes without its name."""
        run = self.get_command(ctx, "run")
        return [*super().shell_complete(ctx, incomplete), *run.shell_complete(ctx, incomplete)]

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """Show both forms of the command."""
        return ["[OPTIONS] [SUITE]...\naskdoc eval COMMAND [OPTIONS] [ARGUMENTS]"]


app = typer.Typer(
    cls=EvalGroup,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@app.callback(invoke_without_command=True)
def _eval() -> None:
    """Measure how good the answers are, on suites of questions with known answers.

    Examples:
        askdoc eval
        askdoc eval seeds --against evals/baselines
        askdoc eval law/suite.jsonl --documents law/docs --html report.html

    The options of a run: `askdoc eval run --help`.
    """
