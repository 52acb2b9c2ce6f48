"""Which documents are kept from training, and slips of the keys in questions."""

from __future__ import annotations

import hashlib
import random

_RIGHT_HAND_KEY = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioplsdfghjklkxcvbnmn", strict=True))


def held_out(set_name: str, document: str) -> bool:
    """Tell whether a document, with all questions on it, is kept from training: one in four."""
    return hashlib.sha256(f"{set_name}/{document}".encode()).digest()[0] % 4 == 0


def noisy(question: str) -> str:
    """Write a question as people do at times: in lower case, or with slips of the keys."""
    if random.random() < 0.12:
        question = question.lower().rstrip("?")
    return with_typos(question) if random.random() < 0.10 else question


def with_typos(question: str) -> str:
    """Put one or two slips into words of more than five letters."""
    words = question.split()
    long = [at for at, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    for at in random.sample(long, min(len(long), random.choice([1, 1, 2]))):
        words[at] = _slip(words[at])
    return " ".join(words)


def _slip(word: str) -> str:
    at, kind = random.randrange(1, len(word) - 1), random.random()
    if kind < 0.3:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.6:
        return word[:at] + word[at + 1 :]
    if kind < 0.8:
        return word[:at] + word[at] + word[at:]
    return word[:at] + _RIGHT_HAND_KEY.get(word[at].lower(), word[at]) + word[at + 1 :]
