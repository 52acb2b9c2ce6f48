"""Commands that change how questions are answered: filter, depth, model, index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from askdoc import app
from askdoc import settings as known
from askdoc.addresses import addresses_of, targets
from askdoc.errors import UsageError
from askdoc.index.status import read_status
from askdoc.index.writer import EMBEDDER_NAME, UNFINISHED
from askdoc.models.llm.known import known_models
from askdoc.render.console import Page
from askdoc.render.indexing import count, coverage_lines, report_lines, status_lines
from askdoc.render.layout import hang, named
from askdoc.repl.command import Command, Completes, number, path_of, split
from askdoc.settings import EXTRACTIVE
from askdoc.store.files import file_state
from askdoc.types import INCOMPLETE

if TYPE_CHECKING:
    from askdoc.repl.session import Session

_OFF = "off"
_NO_MODEL = (_OFF, "none")
_DOCUMENTS, _SKIPPED = "documents", "skipped"


def filter_(session: Session, arguments: str) -> None:
    """Narrow questions to some documents, undo that, or show the current filter."""
    patterns = tuple(split(arguments))
    if patterns == (_OFF,):
        session.patterns = ()
    elif patterns:
        found = session.engine.call(lambda answerer, _: answerer.resolve(patterns))
        session.patterns = patterns
        _say(session, f"questions look into {count(len(found), 'document')}")
        return
    if session.patterns:
        _say(session, f"questions look into {' '.join(session.patterns)}")
    else:
        _say(session, "questions look into all documents")


def k(session: Session, arguments: str) -> None:
    """Set or show how many passages are retrieved for a question."""
    if arguments.strip():
        top_k = number(arguments)
        known.parse({"top_k": top_k}, origin="/k")
        session.change(top_k=top_k)
    _say(session, f"a question looks at {count(session.scope.settings.top_k, 'passage')}")


def llm(session: Session, arguments: str) -> None:
    """Show or change the language model."""
    name = path_of(arguments) if arguments.strip() else None
    if name in _NO_MODEL:
        name = EXTRACTIVE
    before = session.scope.settings.llm
    if name is not None and name != before:
        session.change(llm=name)
        try:
            session.engine.call(lambda _, __: None)
        except BaseException:
            session.change(llm=before)
            raise
    _say(session, _writer(session.scope.settings.llm))
    if name is None:
        _say(session, f"there are: {', '.join(model_names())}; or a file, or a provider's model")


def _writer(name: str | None) -> str:
    if name in (None, EXTRACTIVE):
        return "answers are extractive: the documents' own sentences, no language model"
    return f"answers are written by {name}, and checked against the sentences they cite"


def model_names() -> list[str]:
    """List the names for `/llm`."""
    return [EXTRACTIVE, *known_models()]


def raw(session: Session, arguments: str) -> None:
    """Ask a question, or the last one again, without completing it from the conversation."""
    if arguments.strip():
        session.ask(arguments.strip(), raw=True)
        return
    asked, _ = session.take_back()
    session.ask(asked, raw=True)


def retry(session: Session, _: str) -> None:
    """Ask the last question again, answered or not; a `/raw` one stays raw."""
    asked, as_typed = session.take_back()
    session.ask(asked, raw=as_typed)


def index(session: Session, arguments: str) -> None:
    """Bring the index up to date."""
    base = session.pages.output().base
    paths = targets(split(arguments), base)
    members = session.scope.members
    if paths:
        members = {None: session.scope.only("files are added to")}
    page = session.pages.output()
    for name, workspace in members.items():
        _head(name, page)
        for address in addresses_of(paths):
            app.permit(workspace, address)
        report = session.index(workspace, paths or None)
        page.show(report_lines(report, page))
        if report.interrupted:
            return


def status(session: Session, arguments: str) -> None:
    """Show the state of the index."""
    wanted = arguments.strip().removeprefix("--")
    if wanted not in ("", _DOCUMENTS, _SKIPPED):
        message = f"`/status` does not take `{wanted}`"
        hint = "`/status documents` lists all documents, `/status skipped` what is not indexed"
        raise UsageError(message, hint=hint)
    page = session.pages.output()
    for name, workspace in session.scope.members.items():
        _head(name, page)
        if wanted == _SKIPPED:
            with session.keyboard.interrupts():
                missing = app.coverage_of(workspace)
            page.show(coverage_lines(missing, page))
            continue
        with app.open_made(workspace) as catalog, session.keyboard.interrupts():
            found = read_status(
                catalog,
                workspace.place,
                embedder_key=EMBEDDER_NAME,
                file_state=file_state,
                root=workspace.root,
                unfinished_key=UNFINISHED,
                incomplete_key=INCOMPLETE,
            )
        page.show(status_lines(found, page, documents=bool(wanted)))


def _head(name: str | None, page: Page) -> None:
    """Print the name of a library, if there are several."""
    if name is not None:
        page.show([Text(name, style="label")])


def _say(session: Session, text: str) -> None:
    page = session.pages.output()
    page.show([hang(named(text, "faint"), page)])


COMMANDS = (
    Command(
        "filter",
        "[GLOB …|off]",
        "Look only into some documents or folders; `off` lifts it",
        "Takes one or more patterns or folders, such as `/filter *.pdf minutes`. Alone, it says "
        "what is set.",
        filter_,
        Completes.DOCUMENTS,
    ),
    Command(
        "k",
        "[N]",
        "Look at N passages for each question",
        "More passages find more and take longer. Alone, it says what is set.",
        k,
    ),
    Command(
        "llm",
        "[NAME]",
        "Say which model writes the answers, or choose one",
        "Takes a name from `askdoc models list`, a .gguf file, or a provider's model such as "
        "`ollama:NAME`. `/llm extractive` or `/llm off` answers with the documents' own sentences.",
        llm,
        Completes.MODELS,
    ),
    Command(
        "raw",
        "[QUESTION]",
        "Ask as typed, without completing a follow-up",
        "Alone, it asks the last question again as you typed it.",
        raw,
    ),
    Command(
        "retry",
        "",
        "Ask the last question again, as after `/filter` or `/k`",
        "The former answer no longer counts for follow-ups.",
        retry,
    ),
    Command(
        "index",
        "[PATH …]",
        "Bring the index up to date with PATH, or with all it knows",
        "Unchanged files are not read again. Ctrl-C stops it; completed files stay.",
        index,
        Completes.FILES,
    ),
    Command(
        "status",
        "[WHAT]",
        "Show what is indexed and what was skipped",
        "Also counts the files that changed since. `/status documents` lists all documents, "
        "`/status skipped` every file that is missing or incomplete, and why.",
        status,
    ),
)
