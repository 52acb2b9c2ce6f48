"""Numbers of a question that nothing cited speaks of: the year that was asked for may be another.

Retrieval ranks by all words together, so what holds all but the year may stand first. Pure.
"""

from __future__ import annotations

import re

from askdoc.types import Answer

_NUMBER = re.compile(r"(?<![\w.,/'’-])(?:\d{2,}(?:[.,]\d+)*|\d(?:[.,]\d+)+)(?![\w/-])")
_GROUPED = re.compile(r"(?<=\d)[, \u00a0\u202f](?=\d{3}(?!\d))")


def unmatched(answer: Answer) -> tuple[str, ...]:
    """List the numbers of the question that no cited place holds.

    Looked through are the quotes, the sentences beside them, headings, titles and names of files;
    single digits and parts of names such as `A-10` are not looked for.
    """
    if not answer.citations:
        return ()
    given = " ".join(
        " ".join((c.before, c.quote, c.after, *c.headings, c.document.title or "", c.document.path))
        for c in answer.citations
    )
    plain = _GROUPED.sub("", given)
    asked = dict.fromkeys(_NUMBER.findall(answer.searched or answer.question))
    return tuple(number for number in asked if not _holds(plain, _GROUPED.sub("", number)))


def _holds(text: str, number: str) -> bool:
    return re.search(rf"(?<!\d){re.escape(number)}(?!\d)", text) is not None
