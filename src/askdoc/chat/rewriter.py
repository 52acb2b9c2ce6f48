"""Lets a language model complete a follow-up question.

The model's text is only used as a question to search with, and only if it keeps the typed words,
adds only words of the conversation, and has no open pronoun. Otherwise the caller uses the question
as typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from askdoc.chat.followups import is_open, rewrite
from askdoc.errors import GeneratorError
from askdoc.settings import ENGLISH
from askdoc.text.mentions import content_words, words
from askdoc.types import Form, Prompt, Turn
from askdoc.types.ports import Generator
from askdoc.write.suspicious import harmless

SYSTEM = """\
Rewrite the follow-up question so that it can be understood without the conversation. Replace \
pronouns by what they stand for and fill in what is left out. Change nothing else, keep its \
language, and do not answer it. Write the question alone."""

_GRAMMAR = 'root ::= [^\\x00-\\x1f?]{2,240} "?"'
_TOKENS = 80
_TURNS = 2
_ANSWER = 300
"""Characters of an earlier answer to put into the prompt."""
_LONGEST = 240
_SENTENCE_END = re.compile(r"[^\W\d_]{3,}[.!?:;…]+\s|\?")
_TELLING = 5
"""Outside English, a word with at least this many letters counts as a content word."""


def is_follow_up(question: str, turns: Sequence[Turn], language: str) -> bool:
    """Tell whether `question` may need `turns` to be understood; in English, rules decide that."""
    if not turns or language != ENGLISH:
        return bool(turns)
    return rewrite(question, turns) != question or is_open(question)


def completed(
    question: str, turns: Sequence[Turn], generator: Generator | None, *, language: str
) -> str:
    """Return what `question` means after `turns`, as a language model says, else as rules say.

    Other questions than follow-ups do not wait for the model. If it fails, the rules decide.
    """
    by_rules = rewrite(question, turns) if language == ENGLISH else question
    if generator is None or not is_follow_up(question, turns, language):
        return by_rules
    try:
        return rewrite_by_model(question, turns, generator, language=language) or by_rules
    except GeneratorError:  # the answer will report the error
        return by_rules


def rewrite_by_model(
    question: str,
    turns: Sequence[Turn],
    generator: Generator,
    *,
    language: str,
) -> str | None:
    """Let the model complete `question` after `turns`.

    None means that its text was not usable.

    Raises:
        GeneratorError: the model cannot be reached, refuses, or breaks off.

    """
    prompt = Prompt(
        system=SYSTEM,
        user=_conversation(question, turns[-_TURNS:]),
        labels=0,
        most_tokens=_TOKENS,
        grammar=_GRAMMAR if generator.form is Form.GRAMMAR else None,
    )
    written = "".join(piece for piece in generator.stream(prompt) if isinstance(piece, str))
    made = next(filter(None, map(str.strip, written.splitlines())), "").strip('"“” ')
    return made if is_that_question(made, question, turns, language=language) else None


def is_that_question(made: str, question: str, turns: Sequence[Turn], *, language: str) -> bool:
    """Tell by its words whether `made` asks the same as `question` after `turns`."""
    if not made.endswith("?") or len(made) > _LONGEST or _SENTENCE_END.search(made[:-1]):
        return False
    conversation = [part for turn in turns for part in (turn.question, turn.answer)]
    content, known = (
        _content_terms([made], language),
        _content_terms([question, *conversation], language),
    )
    if not (_content_terms([question], language) <= content <= known):
        return False
    return language != ENGLISH or (rewrite(made, turns) == made and not is_open(made))


def _conversation(question: str, turns: Sequence[Turn]) -> str:
    lines = []
    for turn in turns:
        lines.append(f"Question: {harmless(turn.question)}")
        lines.append(f"Answer: {harmless(turn.answer)[:_ANSWER]}")
    return "\n".join([*lines, f"Follow-up question: {harmless(question)}"])


def _content_terms(texts: Iterable[str], language: str) -> set[str]:
    """Return the content words, without a possessive ending."""
    found = (
        content_words(text)
        if language == ENGLISH
        else [word for word in words(text) if len(word) >= _TELLING]
        for text in texts
    )
    return {word.lower().removesuffix("’s").removesuffix("'s") for part in found for word in part}
