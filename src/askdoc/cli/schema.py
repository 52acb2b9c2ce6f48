"""`askdoc schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from askdoc import formats
from askdoc.cli.completion import schema_names
from askdoc.cli.output import print_json


def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="answer, search, suite or eval", autocompletion=schema_names
        ),
    ],
) -> None:
    """Print the JSON Schema of an output or file format.

    Examples:
        askdoc schema answer
        askdoc schema suite > suite.schema.json
    """
    print_json(formats.schema(name))
