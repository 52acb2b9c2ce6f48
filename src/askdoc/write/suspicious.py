"""Finds sentences that address a language model (prompt injection).

Such a sentence can be found and quoted, but is not shown to the model. All other text for the model
is made harmless: nothing in it can look like a label or a chat marker.
"""

from __future__ import annotations

import re
import unicodedata

from askdoc.strings import UNSEEN_LETTERS

_JOINERS = "\u200c\u200d"
"""Invisible but ordinary characters, which shape scripts and emoji."""

_BREAKS = (
    "\u00ad\u180e\u200b\u200e\u200f\u061c\u2060\u2061\u2062\u2063\u2064\ufeff" + UNSEEN_LETTERS
)
"""Invisible characters that are common in copied text: soft hyphens and marks of direction."""

_MARKERS = re.compile(
    r"<\|[^|>]{0,40}\|?>?|</?s>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|<\/?(?:system|assistant"
    r"|user|think|tool_call|instructions?|sources?|evidence|documents?|sentences?)\b[^>]*>"
    r"|^\s*#{2,}\s*(?:instruction|response|system|assistant|user|input)s?\b",
    re.IGNORECASE | re.MULTILINE,
)

_FORGED = re.compile(r"\[(\d{1,2})\](?:\s*\[\1\])+")
"""The same label repeated, as no real reference is."""

_MODEL = r"(?:ai|llms?|assistants?|language\s+models?|chat\s?bots?|gpt)"
_SOURCE = r"(?:sources?|documents?|labels?|sentences?|passages?)"

_SPEECH = re.compile(
    rf"""
      \b(?:ignore|disregard|forget|override|bypass|discard)\b[^.!?]{{0,40}}
        \b(?:instructions?|prompts?|rules|commands?|guidelines?|context|constraints|labels|grammar
          |format|(?:above|previous|prior|preceding|other)\s+(?:text|{_SOURCE}|evidence|questions?))\b
    | \byou(?:\s+are|'re)\s+(?:now\b|no\s+longer\b|an?\s+(?:helpful\s+)?{_MODEL}\b)
    | \b(?:act|behave|respond|reply|speak)\s+(?:only\s+)?(?:as|like)\s+(?:an?|if\s+you)\b
        [^.!?]{{0,30}}(?:{_MODEL}|pirate|you\s+(?:were|are))\b
    | \bpretend\s+(?:to\s+be|that\s+you|you)\b
    | \b(?:dear|attention|hey|hello|note\s+to|notice\s+to|message\s+(?:for|to)
        |instructions?\s+(?:for|to)|addressed\s+to)\s*,?:?\s*(?:the\s+|any\s+|all\s+)?
        (?:{_MODEL}|models?|agents?|summari[sz]ers?)\b
    | \bif\s+you(?:\s+are|'re)\s+(?:an?\s+|the\s+)?(?:{_MODEL}|model|bot)\b
    | \b{_MODEL}\s+(?:must|shall|reading)\b
    | \b(?:new|updated|revised|real|actual|secret|hidden)\s+(?:system\s+)?
        (?:instructions?|prompts?|task|directives?)\s*[:.-]
    | \b(?:system|developer)\s+(?:prompt|message|override|mode)\b
    | ^\W*(?:system|assistant|user|human|ai)\s*:
    | \b(?:answer|reply|respond|output|print|say|write|repeat|return)\b[^.!?]{{0,25}}
        \b(?:nothing\s+(?:but|else)|verbatim|(?:with\s+)?the\s+(?:word|phrase|following)
          |every\s+(?:answer|question|reply|claim)|(?:all|any|every)\s+questions?)\b
    | \b(?:answer|reply|respond|output)\s+(?:only|exactly|instead|with)\b
    | \b(?:only|always|never|do\s+not|don't|must|instead)\s+(?:cite|quote|use|trust|output|label)\b
        [^.!?]{{0,30}}\b(?:{_SOURCE}|\d+)\b
    | \bcite\s+(?:this|only|label|number|{_SOURCE})\b
    | \banswer\s+(?:to|for|of)\s+(?:any|every|all|each|whatever|the\s+user)\b
    | \b(?:every|any|all|each|whatever)\s+(?:user(?:'s)?\s+)?(?:questions?|quer(?:y|ies)|prompts?)\b
        [^.!?]{{0,60}}\b(?:answer|reply|respond)\b
    | \b(?:reveal|leak|print|repeat|expose)\b[^.!?]{{0,30}}
        \b(?:prompt|instructions|api\s+key|password|credentials)\b
    | \b(?:jailbreak|prompt\s+injection|do\s+anything\s+now)\b
    | \b(?:rank|rate|score|treat|consider|mark)\s+this\s+(?:text|page|{_SOURCE})\b[^.!?]{{0,40}}
        \b(?:first|highest|best|authoritative|reliable|trusted|above|relevant|only)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

_ORDINARY = re.compile(
    rf"""
      (?!.*\b(?:and|or|but|then|instead|with|by\s+\w+ing|only|always|now|say|print|write|output|cite
        |reply|respond|{_MODEL}|models?)\b)
      (?:please\s+)?
      (?: (?:ignore|disregard|forget)\s+(?:(?:all|any|the|our|my|these|those)\s+)*
          (?:(?:previous|earlier|prior|former|old)\s+)?(?:instructions?|rules|guidelines?)\s+
          (?:(?:on|about|for|of|regarding|concerning)\s+(?:[\w'-]+\s+){{1,6}})?
          (?:issued|dated|published|circulated)\s+(?:[\w'-]+\s*){{1,6}}
        | answer\s+(?:all|every|each|any)\s+(?:of\s+the\s+)?questions?\s+(?:on|in|of)\s+
          (?:the|this|your)\s+(?:[\w'-]+\s+)?
          (?:form|questionnaire|application|survey|sheet|paper|exam|test|booklet)(?:\s+\w+ly)?
      )\.?
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Sentences for people that look like orders: instructions on paper that name their source, and
questions of a form."""


def suspicion(text: str) -> str | None:
    """Return what in `text` addresses a language model or is hidden from a reader, else None."""
    if _hidden(text):
        return "it has hidden characters"
    plain = _plain(text)
    if _FORGED.search(plain):
        return "it forges labels"
    if _MARKERS.search(plain):
        return "it has the markers of a chat"
    if _ORDINARY.fullmatch(plain.strip()):
        return None
    if _SPEECH.search(plain) or _SPEECH.search(_unspaced(plain)):
        return "it speaks to a language model"
    return None


def visible(text: str) -> str:
    """Return `text` without invisible characters, except those that shape scripts."""
    return "".join(c for c in text if c in _SPACES or not _is_unseen(c))


def harmless(text: str) -> str:
    """Return `text` on one line, without anything that looks like a label or a chat marker."""
    marked = _MARKERS.sub(" ", visible(text)).replace("[", "(").replace("]", ")")
    return " ".join(marked.translate(_PLAIN_MARKS).split())


def _plain(text: str) -> str:
    """Replace look-alike letters, and remove hidden characters."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_LOOKALIKES)
    return "".join(c for c in visible(folded) if c not in _JOINERS).replace("’", "'")


def _unspaced(text: str) -> str:
    """Join spaced letters: `i g n o r e` is `ignore`."""
    return re.sub(
        r"\b(?:\w[ .\-_*]){3,}\w\b", lambda found: re.sub(r"[ .\-_*]", "", found[0]), text
    )


def _is_unseen(character: str) -> bool:
    """Tell whether a character controls, reorders or hides text (Unicode's Cc, Cf), or is blank."""
    if character in UNSEEN_LETTERS:
        return True
    return unicodedata.category(character) in ("Cc", "Cf") and character not in _JOINERS


def _hidden(text: str) -> bool:
    """Tell whether characters reorder or hide text: controls, overrides of direction, tags."""
    return any(_is_unseen(c) and c not in _SPACES and c not in _BREAKS for c in text)


_SPACES = "\n\r\t\f\v"

_PLAIN_MARKS = str.maketrans("<>“”„‘’–—", '()"""\'\'--')
"""Characters that confuse small models, or that chat markers consist of."""

_LOOKALIKES = str.maketrans("аеорсухіјѕԁһ", "aeopcyxijsdh")
"""Cyrillic letters that look like Latin ones."""
