"""Parts a question that asks several things: `Who founded it, and when?` asks two.

A part that leans on the one before it (`and when did he die?`) is made to stand alone, by the same
rules as a follow-up. English; rules of form. Where they do not see several questions, there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from askdoc.chat.followups import rewrite
from askdoc.text.mentions import AUXILIARIES, WH, words
from askdoc.types import Turn

MOST = 3
"""Parts that are answered; each costs as much as a question of its own."""

_SENTENCE_END = re.compile(r"(?<=\?)\s+(?=\w)")
_JOINT = re.compile(
    rf"\s*[,;]?\s+(?:and|or|as well as|plus)\s+(?:also\s+)?(?=(?:{'|'.join(sorted(WH))})\b)",
    re.IGNORECASE,
)
_ASKING = re.compile(
    rf"^(?:(?:{'|'.join(sorted(WH))})|by whom)\b(?:\s+[\w’'-]+){{0,3}}?\s+"
    rf"(?:{'|'.join(sorted(map(re.escape, AUXILIARIES)))})\b",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"^(?:why|when|where|how|how (?:much|many|long|often|far)|by whom)$", re.IGNORECASE
)
_RELATIVE = frozenset(("who", "whom", "whose", "which", "what", "where", "when", "why", "how"))

_HOW = 3
"""Words that at least follow `how`: `how are salt` is no question."""


def parts(question: str) -> list[str]:
    """Return the questions within a question, each standing alone; at most `MOST`, one at least."""
    found: list[str] = []
    for sentence in _SENTENCE_END.split(question.strip()):
        for clause in _clauses(sentence):
            # Nothing is answered yet, and a turn without an answer is taken for one asked in vain.
            turns = [Turn(found[-1], found[-1])] if found else []
            found.append(rewrite(clause, turns))
    return found if 1 < len(found) <= MOST else [question]


def _clauses(sentence: str) -> Iterator[str]:
    """Cut a sentence where another question begins in it."""
    start = 0
    for joint in _JOINT.finditer(sentence):
        left, right = sentence[start : joint.start()], sentence[joint.end() :]
        if _asks(left) and (_asks(right) or _BARE.match(right.strip(" ?!."))):
            yield left
            start = joint.end()
    yield sentence[start:]


def _asks(clause: str) -> bool:
    """Tell whether a clause is a question of its own, and no relative clause hangs open in it."""
    clause = clause.strip()
    first, *rest = words(clause.lower()) or [""]
    if not _ASKING.match(clause) and not _asks_for_who(clause):
        return False
    if first == "how" and len(rest) < _HOW:
        return False
    return not any(word in _RELATIVE for word in rest)


def _asks_for_who(clause: str) -> bool:
    """Tell whether it has the form `who wrote the report`."""
    found = words(clause)
    return len(found) > 2 and found[0].lower() in ("who", "what")  # noqa: PLR2004 - verb, object
