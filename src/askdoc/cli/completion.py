"""Shell completion: documents, suites, libraries, settings.

The shell shows whatever this process prints, so nothing may fail here: without an index, there are
no completions.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import shellingham
import typer
from rich.markup import escape

from askdoc import app, formats
from askdoc import paths as user_folders
from askdoc.chat.store import SqliteSessions
from askdoc.cli.base import COMPLETING
from askdoc.cli.open import open_workspace
from askdoc.errors import AskdocError, UsageError
from askdoc.evals.suite import names_in
from askdoc.models.llm.files import ModelFiles
from askdoc.models.llm.known import known_models
from askdoc.settings import HELP
from askdoc.workspace import names

_MOST = 300


def document_names(incomplete: str) -> list[str]:
    """List indexed documents whose path begins with what was typed."""
    try:
        with app.open_catalog(open_workspace()) as catalog:
            paths = [path for document in catalog.documents() for path in document.paths]
    except AskdocError:
        return []
    return _fitting(incomplete, paths)


def suite_names(incomplete: str) -> list[str]:
    """List the suites of the workspace."""
    try:
        return _fitting(incomplete, names_in(open_workspace().evals))
    except AskdocError:
        return []


def library_names(incomplete: str) -> list[str]:
    """List the named libraries."""
    return _fitting(incomplete, names())


def model_names(incomplete: str) -> list[str]:
    """List the language models: those here, those of the catalogue, those of a running Ollama."""
    from askdoc.models.llm.connection import local_models

    files = ModelFiles()
    known = sorted(known_models().values(), key=lambda model: not files.present(model))
    served = [f"ollama:{model.name}" for model in local_models() or ()]
    return _fitting(incomplete, [*(model.name for model in known), *served])


def catalogue_names(incomplete: str) -> list[str]:
    """List the language models of the catalogue, which `askdoc models` works on."""
    return _fitting(incomplete, sorted(known_models()))


def schema_names(incomplete: str) -> list[str]:
    """List the JSON Schemas."""
    return _fitting(incomplete, formats.schema_names())


def setting_names(incomplete: str) -> list[str]:
    """List the settings."""
    return _fitting(incomplete, HELP)


def session_numbers(incomplete: str) -> list[tuple[str, str]]:
    """List the saved sessions of the workspace, each by its number with its title."""
    try:
        store = SqliteSessions(user_folders.state())
        try:
            sessions = store.sessions(str(open_workspace().root))
        finally:
            store.close()
    except AskdocError:
        return []

    titles = {str(item.id): escape(item.title) for item in sessions}
    return [(number, titles[number]) for number in _fitting(incomplete, titles)]


def _fitting(incomplete: str, names: Iterable[str]) -> list[str]:
    """List the names with the typed prefix, except those with line ends."""
    fit = (name for name in names if name.startswith(incomplete) and name.isprintable())
    return list(islice(fit, _MOST))


_AS_LINES = "_ASKDOC_LINES"
_WIDEST = "10000"

_ZSH = """\
#compdef askdoc

_askdoc() {
  local line tab=$'\\t' explained=
  local -i place widest=0
  local -a lines values shown
  while IFS= read -r line; do
    [[ -n $line ]] && lines+=("$line")
  done < <(env _ASKDOC_COMPLETE=complete_zsh _ASKDOC_LINES=1 \\
    _TYPER_COMPLETE_ARGS="${(j: :)words[1,CURRENT]}" askdoc 2>/dev/null)
  values=("${(@)lines%%$tab*}")
  for (( place = 1; place <= $#values; place++ )); do
    (( $#values[place] > widest )) && widest=$#values[place]
    [[ $lines[place] == *$tab* ]] && explained=1
  done
  if (( ! $#lines )); then
    _files
  elif [[ -n $explained ]]; then
    for line in "${(@)lines}"; do
      line="${(r:widest:)line%%$tab*}  ${${line#*$tab}:#$line}"
      shown+=("$line[1,COLUMNS-1]")
    done
    compadd -l -d shown -a values
  else
    compadd -d values -a values
  fi
}

if [[ $funcstack[1] == _askdoc ]]; then
  _askdoc "$@"
else
  compdef _askdoc askdoc
fi
"""

_FISH = """\
function __askdoc_offers
    set --local typed (commandline --cut-at-cursor --current-process | string collect)
    set --local offers (env _ASKDOC_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \\
        _TYPER_COMPLETE_ARGS="$typed" askdoc 2>/dev/null | string match --invert '')
    if set --query offers[1]
        printf '%s\\n' $offers
    else
        __fish_complete_path (commandline --cut-at-cursor --current-token)
    end
end

complete --command askdoc --no-files --arguments '(__askdoc_offers)'
"""

SCRIPTS = {"zsh": _ZSH, "fish": _FISH}
"""Completion scripts by shell; other shells use typer's."""

_SETTING_UP_ZSH = "fpath+=~/.zfunc; autoload -Uz compinit; compinit"


def current() -> str:
    """Return the shell that called askdoc.

    Raises:
        UsageError: it cannot be detected.

    """
    try:
        return str(shellingham.detect_shell()[0])
    except shellingham.ShellDetectionFailure as error:
        message = "askdoc does not know your shell"
        hint = "name it: `askdoc --install-completion bash`"
        raise UsageError(message, hint=hint) from error


def install(shell: str) -> Path:
    """Install the script of a shell; return its file.

    Raises:
        OSError: it cannot be written.

    """
    if shell == "zsh":
        file = Path.home() / ".zfunc" / "_askdoc"
        _write(file, _ZSH)
        settings = Path.home() / ".zshrc"
        before = settings.read_text(encoding="utf-8") if settings.is_file() else ""
        if _SETTING_UP_ZSH not in before:
            gap = "\n" if before and not before.endswith("\n") else ""
            _write(settings, f"{before}{gap}{_SETTING_UP_ZSH}\n")
        return file
    name = Path("fish") / "completions" / "askdoc.fish"
    file = Path.home() / ".config" / name
    _write(file, _FISH)
    if elsewhere := os.environ.get("XDG_CONFIG_HOME"):  # the only folder that fish reads
        file = Path(elsewhere) / name
        _write(file, _FISH)
    return file


def prepare() -> None:
    """Answer a shell's request for completions, if this is one.

    One line each. typer itself would wrap the explanations to the width of the terminal.

    Raises:
        typer.Exit: the request was answered.
    """
    asked = os.environ.get(COMPLETING, "")
    if not asked.startswith("complete_"):
        return
    os.environ["COLUMNS"] = _WIDEST
    if asked == "complete_zsh":
        if _AS_LINES in os.environ:
            os.environ[COMPLETING] = "complete_fish"
            os.environ["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
        else:  # typer's script would evaluate the names
            sys.stdout.write("_files\n")
            raise typer.Exit(0)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
