"""The engines that run on this machine, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from askdoc.render.console import Page
from askdoc.render.indexing import count
from askdoc.render.layout import BLANK, hang, named

_MINUTE, _HOUR = 60, 3600


def engine_lines(engines: Sequence[Mapping[str, Any]], page: Page) -> Iterator[Text]:
    """Lay out each engine by what it says of itself: where it is, since when, its libraries."""
    if not engines:
        yield hang(Text("no engine runs; start one: `askdoc serve`"), page)
    for number, engine in enumerate(engines):
        if number:
            yield BLANK
        where = engine["address"] or "answers commands on this machine alone"
        state = "ready" if engine["ready"] else "not ready yet"
        yield hang(named(where, "file"), page)
        parts = [f"process {engine['pid']}", state, f"running for {_time(engine['seconds'])}"]
        yield hang(Text(" · ".join(parts), "faint"), page, first="  ")
        for name, folder in engine["libraries"].items():
            yield hang(named(f"{name}  {folder}"), page, first="  ", rest="    ")


def _time(seconds: int) -> str:
    """Write how long something takes in the unit that suits it."""
    if seconds < _MINUTE:
        return count(seconds, "second")
    if seconds < _HOUR:
        return count(seconds // _MINUTE, "minute")
    return count(seconds // _HOUR, "hour")
