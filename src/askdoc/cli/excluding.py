"""Tells a question that begins by what it leaves out, as `-"old bridge"`, from an option."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Sequence

from askdoc.ask import query

_QUESTION = re.compile(r'-(?:["“„«]|[^\s=-]+\s)')
"""A quotation mark behind the dash, or further words: no option is like that."""

_WORD = re.compile(r"-[^\W\d_]{3,}")
_CLOSE = 0.8
"""Likeness from which on an option is taken for a mistyped one."""

_ASKING = ("ask", "search")


def explained(
    option: str, given: Sequence[str], command: str, options: Iterable[str]
) -> tuple[str, str] | None:
    """Say what is wrong with what was read as `option`, and what helps; None where it is no more.

    `given` are the arguments of `command`, as in `askdoc ask`, and `options` those that it has.
    """
    if command.rsplit(maxsplit=1)[-1] not in _ASKING:
        return None
    meant = next((one for one in given if one.startswith(option) and not one.startswith("--")), "")
    if _QUESTION.match(meant):
        if why := query.read(meant).asks_nothing():
            return why
        message = f"what begins with `-` is read as options: `{meant}`"
        return message, f"put `--` before the question: `{command} -- {shlex.quote(meant)}`"
    if _WORD.fullmatch(meant):
        message = f"there is no option `{option}`"
        if near := difflib.get_close_matches(f"-{meant}", options, 1, _CLOSE):
            return message, f"did you mean `{near[0]}`?"
        return (
            message,
            f"to leave out what holds `{meant[1:]}`, say so in the question: `who … {meant}`",
        )
    return None
