"""Commands about the last answer: show, explain, copy and save it."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from askdoc import app
from askdoc.addresses import expanded, is_address
from askdoc.ask.show import line_names
from askdoc.chat.history import answer_text, is_json, to_json, to_markdown
from askdoc.errors import UsageError, unwritable
from askdoc.formats import dumps
from askdoc.render.explain import explain_lines
from askdoc.render.layout import hang, named
from askdoc.render.places import NumberedPlace, numbered
from askdoc.render.sources import marked_lines, place_title, source_lines
from askdoc.repl import editor as opening
from askdoc.repl.command import Command, Completes, number, path_of
from askdoc.strings import one_line
from askdoc.types import Document, Span

if TYPE_CHECKING:
    from askdoc.repl.session import Session

_AROUND = 5
"""Lines around a sentence in a document without pages."""
_AROUND_CHARACTERS = 700
"""Most characters before and after it: a line may be a paragraph."""


def sources(session: Session, _: str) -> None:
    """List all places that the last answer cites or has considered."""
    found = session.places()
    if not found:
        message = "the last answer has no sources"
        raise UsageError(message, hint="try other words, or `/filter off`")
    page = session.pages.output()
    page.show(source_lines(found, page, lines=session.lines_of))


def show(session: Session, arguments: str) -> None:
    """Show a source in its page, or between the lines around it."""
    place = numbered(session.places(), number(arguments, default=1))
    document = session.document(place.document)
    with app.open_catalog(session.scope.holder(place.document)) as catalog:
        whole = catalog.text(document.id)
        there = _still(place, whole)
        if there is None:
            message = f"`{session.seen(document.file)}` no longer contains source {place.number}"
            raise UsageError(message, hint="its words then: `/sources`; to ask again: `/retry`")
        lines = catalog.lines(document.id, there)
        span = _page_of(document, there)
        text = catalog.text(document.id, span).removesuffix("\n")
    offset = span.start if span else 0
    shown = Span(there.start - offset, there.end - offset)
    page = session.pages.output()
    place = place if there == place.span else _moved(place, document, there)
    page.show([hang(place_title(place, page, lambda _: lines), page)])
    if span:
        page.show(marked_lines(text, shown, page))
    else:
        page.show(
            marked_lines(
                text,
                shown,
                page,
                context=_AROUND,
                most=_AROUND_CHARACTERS,
                called=line_names(document, whole),
            )
        )


def why(session: Session, _: str) -> None:
    """Explain the last answer."""
    page = session.pages.output()
    page.show(explain_lines(session.last().answer, page, lines=session.lines))


def open_(session: Session, arguments: str) -> None:
    """Open the file of a source at its place."""
    place = numbered(session.places(), number(arguments, default=1))
    if is_address(place.document.file):
        opening.browse(place.document.file)
        return
    first, _ = session.lines_of(place) or (1, 1)
    target = _target(place, first)
    if not Path(target.file).exists():
        message = f"`{session.seen(target.file)}` is gone"
        raise UsageError(message, hint=f"its stored text is there: `/show {place.number}`")
    settings = session.scope.settings
    command = opening.command_for(
        target, editor=settings.editor, viewer=settings.viewer, environment=os.environ
    )
    with session.keyboard.lent():
        opening.run(command, wait=target.page is None)


def copy(session: Session, arguments: str) -> None:
    """Copy the last answer, or the words of one source, to the clipboard."""
    base = session.pages.output().base
    if arguments.strip():
        place = numbered(session.places(), number(arguments))
        text, what = f"{one_line(place.text)}\n", f"source {place.number}"
    else:
        text, what = answer_text(session.last().answer, base=base), "the answer"
    page = session.pages.output()
    if not opening.copy(text):
        if page.width is None:
            message = "there is no clipboard here"
            raise UsageError(message, hint="`/save FILE` writes to a file")
        _copy_by_terminal(session, text)
        page.show([Text(f"asked the terminal to copy {what}", style="faint")])
        return
    page.show([Text(f"copied {what}", style="faint")])


def save(session: Session, arguments: str) -> None:
    """Write this session to a file."""
    session.last()
    page = session.pages.output()
    path = page.base / expanded(path_of(arguments))
    as_json = is_json(path)
    if path.exists() and (reason := _not_ours(session, path)):
        message = f"`{session.seen(str(path))}` {reason}"
        raise UsageError(message, hint="choose another name")
    if as_json:
        text = dumps(to_json(session.title, session.exchanges, base=page.base)) + "\n"
    else:
        text = to_markdown(session.title, session.exchanges, base=page.base)
    data = text.encode("utf-8", "replace")
    # Write a draft first: if the disk is full, the old file stays.
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise unwritable(session.seen(str(path)), error) from error
    session.saved[path] = _digest(data)
    page.show([hang(named(f"saved {session.seen(str(path))}", "faint"), page)])


def _not_ours(session: Session, path: Path) -> str | None:
    """Return why a file must not be overwritten; None if this session wrote it."""
    if path not in session.saved:
        return "is there already"
    changed = not path.is_file() or _digest(path.read_bytes()) != session.saved[path]
    return "was changed since it was saved" if changed else None


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _still(place: NumberedPlace, text: str) -> Span | None:
    """Find the words of a place in the current text of its document; None if they are gone."""
    if text[place.span.start : place.span.end] == place.text:
        return place.span
    found = [match.start() for match in re.finditer(re.escape(place.text), text)]
    if not found:
        return None
    start = min(found, key=lambda start: abs(start - place.span.start))
    return Span(start, start + len(place.text))


def _moved(place: NumberedPlace, document: Document, span: Span) -> NumberedPlace:
    return replace(
        place, span=span, page=document.page_of(span.start), place=document.place_of(span)
    )


def _page_of(document: Document, span: Span) -> Span | None:
    """Return the span of the page of `span`, or None without pages."""
    number_ = document.page_of(span.start)
    if number_ is None:
        return None
    ends = (*document.pages[1:], document.length)
    return Span(document.pages[number_ - 1], max(span.end, ends[number_ - 1]))


def _target(place: NumberedPlace, line: int) -> opening.Target:
    file = place.document.file
    if place.page is not None:
        return opening.Target(file, page=place.page)
    if place.place is not None and place.place.is_seen_in_viewer:
        return opening.Target(file, page=place.place.number)
    return opening.Target(file, line=opening.line_in_file(Path(file), place.text, line))


def _copy_by_terminal(session: Session, text: str) -> None:
    """Copy `text` by the terminal's escape sequence OSC 52, which also works over ssh."""
    import base64

    stream = session.pages.output().console.file
    stream.write(f"\033]52;c;{base64.b64encode(text.encode('utf-8', 'replace')).decode()}\a")
    stream.flush()


COMMANDS = (
    Command(
        "sources",
        "",
        "List all the evidence of the last answer",
        "Lists what the answer cites under its numbers, then what else came near, numbered on.",
        sources,
    ),
    Command(
        "show",
        "[N]",
        "Show source N in its page",
        "Prints the page that holds the source, or the lines around it where the document has no "
        "pages; a bar marks the source. Without a number, it is source 1.",
        show,
        Completes.SOURCES,
    ),
    Command(
        "open",
        "[N]",
        "Open the file of source N at its page or line",
        "Opens text in your editor (the setting `editor`, else $VISUAL or $EDITOR) and files with "
        "pages in your viewer (the setting `viewer`). Without a number, it is source 1.",
        open_,
        Completes.SOURCES,
    ),
    Command(
        "why",
        "",
        "Explain the last answer: ranks, scores, and the signals of the confidence",
        "Shows confidence, time, the passages with their ranks, and the sentences with the parts "
        "of their scores.",
        why,
    ),
    Command(
        "copy",
        "[N]",
        "Copy the last answer with its sources, or the words of source N",
        "Uses the clipboard of the desktop; where there is none, it asks the terminal.",
        copy,
        Completes.SOURCES,
    ),
    Command(
        "save",
        "FILE",
        "Write this session to FILE, with all citations",
        "Writes Markdown (`.md`), or JSON where the name ends in `.json`. It overwrites only a "
        "file that it wrote in this session and that has not changed since.",
        save,
        Completes.FILES,
    ),
)
