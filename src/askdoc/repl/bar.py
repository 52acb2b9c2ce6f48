"""The bar at the bottom: workspace, documents, model, filter, as far as they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdoc.render.indexing import count
from askdoc.render.layout import ELLIPSIS
from askdoc.settings import EXTRACTIVE
from askdoc.strings import escaped

if TYPE_CHECKING:
    from askdoc.repl.session import Session

_GAP = " · "
_LEAST = 6


def bar_text(session: Session, columns: int) -> str:
    """Return the bar for a terminal of `width` columns; the least important part is cut first."""
    parts = [_documents(session), session.scope.name, _model(session)]
    if session.patterns:
        parts.insert(1, f"only {' '.join(session.patterns)}")
    text = ""
    for part in map(escaped, parts):
        room = columns - 1 - len(text) - (len(_GAP) if text else 0)
        if room < min(_LEAST, len(part)):
            break
        shown = part if len(part) <= room else part[: room - 1] + ELLIPSIS
        text = f"{text}{_GAP}{shown}" if text else shown
    return text


def _model(session: Session) -> str:
    return session.scope.settings.llm or EXTRACTIVE


def _documents(session: Session) -> str:
    engine = session.engine
    if engine.compiling:
        return f"making the model ready {ELLIPSIS}"
    if engine.loading:
        return f"opening {ELLIPSIS}"
    if engine.error is not None or engine.opened is None:
        return "no index"
    return count(len(engine.opened.documents), "document")
