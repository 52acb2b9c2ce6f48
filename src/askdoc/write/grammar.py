"""What holds a model to claims with labels that exist: a grammar for llama.cpp, a JSON schema."""

from __future__ import annotations

from typing import Any

REFUSAL = "NO ANSWER"
"""What a model writes, and nothing else, where the sources do not hold the answer."""

_SHORTEST, LONGEST = 12, 280
"""Characters of a claim."""

_MOST_LABELS = 3

ANSWERED, CLAIMS, TEXT, SENTENCES = "answered", "claims", "text", "sentences"
"""The names in an answer as JSON."""

_CLAIM = r"""
claim ::= "- " text cited cited? "\n"
text ::= opening piece{8,%(longest)d} number? [.!?]
opening ::= [A-Za-z"'] | number " " [a-z]
piece ::= number? plain
plain ::= [^\x00-\x1f\x5b\x5d0-9.!?] | [.!?] [A-Za-z,;:"')] | abbreviated
abbreviated ::= " " [A-Z] ". " [A-Z] [a-z] [a-z] | title
title ::= " Dr. " | " Mr. " | " Mrs. " | " Ms. " | " St. " | " No. " | " vs. "
number ::= [0-9]{1,15} ( [.,:/] [0-9]{1,6} ){0,3}
cited ::= " "? "[" label "]"
"""
"""One claim is one sentence: where it ends, its label comes. A small model would go on for ever.

It starts with a letter, a quotation mark or a number that counts something, and holds no brackets,
so that only labels look like labels.
"""


def claims_grammar(labels: int, *, most_claims: int, may_refuse: bool = True) -> str:
    """Allow up to `most_claims` lines `- text [n]`, with labels from 1 to `labels`, or a refusal.

    Without `may_refuse` there is always a claim.
    """
    names = " | ".join(f'"{number}"' for number in range(1, labels + 1))
    refusal = f'"{REFUSAL}\\n" | ' if may_refuse else ""
    more = f" ( claim ){{0,{most_claims - 1}}}" if most_claims > 1 else ""
    return f"root ::= {refusal}claim{more}{_CLAIM % {'longest': LONGEST}}label ::= {names}\n"


def claims_schema(labels: int, *, most_claims: int, may_refuse: bool = True) -> dict[str, Any]:
    """Return the same as a JSON schema, for servers that know few of its keywords.

    Whether there is an answer comes first, so that a refusal is known at once.
    """
    claim = {
        TEXT: {"type": "string", "minLength": _SHORTEST, "maxLength": LONGEST},
        SENTENCES: {
            "type": "array",
            "items": {"type": "integer", "enum": list(range(1, labels + 1))},
            "maxItems": _MOST_LABELS,
        },
    }
    least = 0 if may_refuse else 1
    bounds = {"minItems": least, "maxItems": most_claims}
    claims = {"type": "array", "items": _object(claim), **bounds}
    return _object({**({ANSWERED: {"type": "boolean"}} if may_refuse else {}), CLAIMS: claims})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
