"""What a shell offers at the Tab key: documents, suites, libraries, settings.

A shell asks in a process of its own and shows what that prints, so nothing may fail here: where
there is no index, there is nothing to offer.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_MOST = 300


def document_names(incomplete: str) -> list[str]:
    """List indexed documents whose path begins with what was typed."""
    from askdoc import app
    from askdoc.cli.options import open_workspace
    from askdoc.errors import AskdocError

    try:
        with app.open_catalog(open_workspace()) as catalog:
            paths = [path for document in catalog.documents() for path in document.paths]
    except AskdocError:
        return []
    return _fitting(incomplete, paths)


def suite_names(incomplete: str) -> list[str]:
    """List the suites of the workspace."""
    from askdoc.cli.options import open_workspace
    from askdoc.errors import AskdocError
    from askdoc.evals.suite import names_in

    try:
        return _fitting(incomplete, names_in(open_workspace().evals))
    except AskdocError:
        return []


def library_names(incomplete: str) -> list[str]:
    """List the named libraries."""
    from askdoc.libraries import names

    return _fitting(incomplete, names())


def model_names(incomplete: str) -> list[str]:
    """List the language models: those here, those of the catalogue, those of a running Ollama."""
    from askdoc.models.llm.catalogue import catalogue
    from askdoc.models.llm.files import ModelFiles
    from askdoc.models.llm.ollama import local_models

    files = ModelFiles()
    known = sorted(catalogue().values(), key=lambda model: not files.present(model))
    served = [f"ollama:{model.name}" for model in local_models() or ()]
    return _fitting(incomplete, [*(model.name for model in known), *served])


def setting_names(incomplete: str) -> list[str]:
    """List the settings."""
    from askdoc.settings import HELP

    return _fitting(incomplete, HELP)


def session_numbers(incomplete: str) -> list[tuple[str, str]]:
    """List the kept sessions of the workspace, each by its number with its title."""
    from askdoc import user_folders
    from askdoc.chat.store import SqliteSessions
    from askdoc.cli.options import open_workspace
    from askdoc.errors import AskdocError

    try:
        store = SqliteSessions(user_folders.state())
        try:
            kept = store.sessions(str(open_workspace().root))
        finally:
            store.close()
    except AskdocError:
        return []
    from rich.markup import escape

    titles = {str(item.id): escape(item.title) for item in kept}
    return [(number, titles[number]) for number in _fitting(incomplete, titles)]


def _fitting(incomplete: str, names: Iterable[str]) -> list[str]:
    """List the names that begin with what was typed; none that a line can't hold."""
    fit = (name for name in names if name.startswith(incomplete) and name.isprintable())
    return list(islice(fit, _MOST))
