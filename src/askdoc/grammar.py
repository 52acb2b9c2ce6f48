"""The grammar (GBNF of llama.cpp) that holds a small model to claims with labels that exist."""

from __future__ import annotations

REFUSAL = "NO ANSWER"
"""What a model writes, and nothing else, where the sources do not hold the answer."""

LONGEST = 280
"""Characters of a claim at most."""


def claims_grammar(labels: int, *, most_claims: int, may_refuse: bool = True) -> str:
    """Allow up to `most_claims` lines `- text [n]`, with labels from 1 to `labels`, or a refusal.

    Without `may_refuse` there is always a claim.

    A claim starts with a letter, digit or quotation mark and holds no brackets, so that only labels
    look like labels.
    """
    names = " | ".join(f'"{number}"' for number in range(1, labels + 1))
    refusal = f'"{REFUSAL}\\n" | ' if may_refuse else ""
    more = f"( claim ){{0,{most_claims - 1}}}"
    return (
        f"root ::= {refusal}claim {more}\n"
        'claim ::= "- " text cited cited? "\\n"\n'
        f"text ::= [A-Za-z0-9\"'] [^\\x00-\\x1f\\x5b\\x5d]{{8,{LONGEST}}}\n"
        'cited ::= " "? "[" label "]"\n'
        f"label ::= {names}\n"
    )
