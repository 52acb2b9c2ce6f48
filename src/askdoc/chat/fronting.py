"""Parts what is named first from the question that is asked about it: `And Oslo, is it large?`.

English; rules of form: a phrase without a verb, a comma or the like, then a question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from askdoc.chat.antecedents import HIS
from askdoc.chat.persons import roles
from askdoc.text.mentions import AUXILIARIES, ILLNESSES, PREPOSITIONS, WH, names, words

_FRONTED = re.compile(
    r"(?P<about>(?:what|how)\s+about\s+)?(?P<front>[^,:;?–—]+?)\s*(?:[,:;?]|\s[–—-])\s*"
    r"(?P<asked>\S.*)",
    re.IGNORECASE,
)
_THEY = frozenset(("they", "them", "their", "theirs"))


@dataclass(frozen=True, slots=True)
class Fronted:
    """What is named in front, and the question about it."""

    front: str
    asked: str

    def fits(self, pronoun: str) -> bool:
        """Tell whether `pronoun` may mean what is named in front, by its kind."""
        if pronoun in _THEY:
            return True
        if pronoun not in HIS:
            return not any(name.person for name in names(f"x {self.front}"))
        is_name = self.front[:1].isupper() and self.front.lower() not in ILLNESSES
        return is_name or any(roles(f"About {self.front}", pronoun))


def fronted(body: str, *, led: bool) -> Fronted | None:
    """Part `body`, which `and` or the like stood before if it is `led`; None where it has no parts.

    A lone word at the start without either may as well be an exclamation: `Strange, did she go?`.
    """
    match = _FRONTED.fullmatch(body)
    if match is None:
        return None
    front, asked = words(match["front"].lower()), words(match["asked"].lower())
    if not front or not asked or not (led or match["about"] or front[0] == "the"):
        return None
    if front[0] in WH | PREPOSITIONS or AUXILIARIES & set(front):
        return None
    if asked[0] not in AUXILIARIES | WH:
        return None
    front_as_within = re.sub(r"^The\b", "the", match["front"])
    return Fronted(front_as_within, match["asked"])
