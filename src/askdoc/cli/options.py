"""Options and arguments that several commands share, and the workspace they lead to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from askdoc.addresses import Target, addresses_of
from askdoc.cli.completion import document_names, library_names, model_names
from askdoc.errors import UsageError

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="QUESTION", help="The question; words are joined, `-` reads it from stdin."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", "-j", help="Print JSON.")]
AsAnswerJson = Annotated[
    bool, typer.Option("--json", "-j", help="Print JSON; its format: `askdoc schema answer`.")
]
AsSearchJson = Annotated[
    bool, typer.Option("--json", "-j", help="Print JSON; its format: `askdoc schema search`.")
]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        "-s",
        metavar="GLOB",
        help="Look only into these documents: a folder, a path or a pattern; repeatable.",
        autocompletion=document_names,
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        "-w",
        metavar="CONDITION",
        help="Look only into documents with this field, such as `author=NAME` or `date>=2024`;"
        " repeatable, and all must hold.",
    ),
]
TopK = Annotated[
    int | None, typer.Option("--top-k", "-k", metavar="N", help="Look at this many passages.")
]
MinConfidence = Annotated[
    float | None,
    typer.Option("--min-confidence", metavar="P", help="Answer only from this confidence, 0 to 1."),
]
MaxSentences = Annotated[
    int | None,
    typer.Option("--max-sentences", "-n", metavar="N", help="Cite at most N sentences."),
]
Index = Annotated[
    str | None,
    typer.Option(
        "--index",
        metavar="DIR",
        help="Use the index in this folder or on this server.",
    ),
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="NAME",
        help="Ask a shared library in the name of this group; repeatable.",
    ),
]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="NAME",
        help="Use this Sentence Transformers model: a folder, or a name on the model hub.",
    ),
]
Reranker = Annotated[
    str | None,
    typer.Option(
        "--reranker",
        metavar="NAME",
        help="Rank with this cross-encoder: a folder, a name on the model hub, or `none`.",
    ),
]
Llm = Annotated[
    str | None,
    typer.Option(
        "--llm",
        "-m",
        metavar="NAME",
        help="Let this language model write: a name, a .gguf file, `ollama:NAME` or a URL."
        " Keys come from the system's keyring (service `askdoc`), else from OPENAI_API_KEY,"
        " ANTHROPIC_API_KEY, GOOGLE_API_KEY or, for a URL, ASKDOC_LLM_KEY.",
        autocompletion=model_names,
    ),
]
SecondCheck = Annotated[
    str | None,
    typer.Option(
        "--check",
        metavar="NAME",
        help="Check claims a second time: by an entailment model, or `llm` for the model itself.",
    ),
]
Offline = Annotated[
    bool | None,
    typer.Option(
        "--offline", help="Refuse all use of the network; servers on this machine are excepted."
    ),
]
Brief = Annotated[bool, typer.Option("--brief", help="One line for each claim, with its place.")]
Quotes = Annotated[
    bool, typer.Option("--quotes", help="The answer as a whole, then every quote in its context.")
]
Unsupported = Annotated[
    bool | None,
    typer.Option(
        "--show-unsupported/--strict",
        help="Show what a model wrote without support, struck and flagged, or withhold it.",
    ),
]
Library = Annotated[
    str | None,
    typer.Option(
        "--library",
        "-l",
        metavar="NAME",
        help="Use this named library, from anywhere; see `libraries`.",
        autocompletion=library_names,
    ),
]
Watch = Annotated[
    bool, typer.Option("--watch", help="Keep following changes of the files until Ctrl-C.")
]
Libraries = Annotated[
    list[str] | None,
    typer.Option(
        "--library",
        "-l",
        metavar="NAME",
        help="Ask this named library, from anywhere; repeatable.",
        autocompletion=library_names,
    ),
]


Depth = Annotated[
    int | None,
    typer.Option(
        "--depth",
        metavar="N",
        min=0,
        max=100,
        help="Follow links so far from a web address, within its part of its site.",
    ),
]
AllowPrivate = Annotated[
    bool,
    typer.Option(
        "--allow-private", help="Let web addresses lead to hosts on this machine or network."
    ),
]


def expect_addresses(given: Iterable[Target], *, depth: int | None, allow_private: bool) -> None:
    """Check that options for web addresses have an address to apply to.

    Raises:
        UsageError: there is none.

    """
    option = "--depth" if depth is not None else "--allow-private" if allow_private else None
    if option and not addresses_of(given):
        message = f"`{option}` is for web addresses, and none is named"
        named = f"`askdoc index {option}{' 2' * (depth is not None)} https://…`"
        raise UsageError(
            message,
            hint=f"name one: {named}; addresses in the index keep theirs: `askdoc index`",
        )
