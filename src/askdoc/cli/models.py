"""`askdoc models`: the language models on this machine, and those that can be fetched."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from askdoc.cli.base import Group, command
from askdoc.cli.completion import catalogue_names
from askdoc.cli.options import AsJson
from askdoc.cli.output import print_json
from askdoc.errors import ModelError
from askdoc.models.llm.files import ModelFiles, find_model, require
from askdoc.models.llm.known import known_models
from askdoc.render.console import errors, output
from askdoc.render.errors import note_line
from askdoc.render.models import FetchProgress, fact_lines, model_lines, served_line

_HELP = """Fetch, list and remove language models.

Examples:
    askdoc models list
    askdoc models pull smollm2-135m
    askdoc --llm smollm2-135m "What did the committee decide?"
"""

app = typer.Typer(cls=Group, add_completion=False, help=_HELP)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A name from `askdoc models list`.",
        autocompletion=catalogue_names,
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Refuse all use of the network.")]


@command(app, "list")
def show_models(*, as_json: AsJson = False) -> None:
    """List the models of the catalogue, smallest first, then Ollama's.

    Ollama is found on its usual local port, or where `OLLAMA_HOST` says.

    Examples:
        askdoc models list
    """
    from askdoc.models.llm.connection import local_models

    files = ModelFiles()
    models = [(model, files.present(model)) for model in known_models().values()]
    served = local_models() or []
    if as_json:
        listed = [_data(model, here=here) for model, here in models]
        theirs = [{"name": f"ollama:{model.name}", "size": model.size} for model in served]
        print_json({"models": listed, "ollama": theirs})
        return

    page = output()
    for model, here in models:
        page.show(model_lines(model, page, here=here))
    page.show(served_line(f"ollama:{model.name}", model.size, page) for model in served)


@command(app, "info")
def info(name: Name, *, as_json: AsJson = False) -> None:
    """Show a model's size, licence, source, digest and memory.

    Examples:
        askdoc models info smollm2-135m
    """
    model = find_model(name)
    files = ModelFiles()
    here = files.present(model)
    if as_json:
        print_json(_data(model, here=here))
        return

    page = output()
    page.show(fact_lines(model, page, path=str(files.path(model)) if here else None))


@command(app, "pull")
def pull(name: Name, *, offline: Offline = False) -> None:
    """Fetch a model and verify it; a local one is only verified.

    Examples:
        askdoc models pull smollm2-135m
    """
    model = find_model(name)
    stderr = errors()
    with FetchProgress(stderr) as progress:
        path = ModelFiles().pull(model, offline=offline, listen=progress)
    stderr.show([note_line(f"{name} is here and verified: {path}", stderr)])


@command(app, "path")
def path(name: Name) -> None:
    """Print where a model's file is.

    Examples:
        askdoc models path smollm2-135m
    """
    typer.echo(require(find_model(name), ModelFiles()))


@command(app, "remove")
def remove(name: Name) -> None:
    """Remove a model's file from this machine.

    Examples:
        askdoc models remove smollm2-135m
    """
    model = find_model(name)
    if not ModelFiles().remove(model):
        message = f"the model `{name}` is not on this machine"
        raise ModelError(message, hint="see which are: `askdoc models list`")


def _data(model: Any, *, here: bool) -> dict[str, Any]:
    return {**asdict(model), "here": here}
