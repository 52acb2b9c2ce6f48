"""A server with answers as good models write them: half is shown, and what is wrong is not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler

import pytest
from tests.write.conftest import evidence, terms
from tests.write.servers import KEY, in_front_of, reply

from askdoc.models.llm.connection import connect
from askdoc.models.llm.providers import Provider
from askdoc.types import Draft
from askdoc.write import prompts
from askdoc.write.check.checker import Check
from askdoc.write.writer import Writer

SOURCES = {
    "Why did the Teverin canal close?": (
        (
            "The Teverin canal, which had carried coal since 1796, was closed to boats in 1954 "
            "after a burst near Aldmouth drained eleven miles of it."
        ),
        (
            "Volunteers began to restore the canal in the 1970s, and the last of its 29 locks was "
            "reopened by the Duke of Kent in May 2002."
        ),
    ),
    "How do wood frogs survive the winter?": (
        (
            "As ice begins to form in its skin, the wood frog's liver releases large amounts of "
            "glucose, which protects the cells from drying out."
        ),
        (
            "While frozen, the animal neither breathes nor has a heartbeat, yet it recovers within "
            "hours once temperatures rise above freezing."
        ),
    ),
    "What does the warranty cover?": (
        (
            "The warranty covers faults of material and workmanship for three years from the "
            "date of purchase."
        ),
        (
            "Damage caused by water, by a fall or by repairs that were not carried out by an "
            "authorised workshop is excluded from the warranty."
        ),
    ),
    "Who designed the Solberg theatre?": (
        "Designed by Astrid Nyhus and completed in 1938, the Solberg theatre seats 1,200 people.",
        "It was badly damaged by fire in 1961 and stood empty until the city bought it in 1974.",
    ),
}

GOOD = {
    "Why did the Teverin canal close?": (
        ("The Teverin canal closed in 1954 after a burst near Aldmouth emptied eleven miles.", 1),
        ("It had been used to transport coal since 1796.", 1),
        ("The Duke of Kent reopened its final lock in May 2002.", 2),
    ),
    "How do wood frogs survive the winter?": (
        ("Glucose from the frog's liver protects its cells from drying out as ice forms.", 1),
        ("A frozen wood frog does not breathe and its heart does not beat.", 2),
        ("It recovers within hours after it has become warmer than freezing.", 2),
    ),
    "What does the warranty cover?": (
        ("For three years after purchase, it covers defects in material and workmanship.", 1),
        ("It does not cover water damage, falls, or repairs by unauthorised workshops.", 2),
    ),
    "Who designed the Solberg theatre?": (
        ("The Solberg theatre, completed in 1938, was designed by Astrid Nyhus.", 1),
        ("It has room for 1,200 people.", 1),
    ),
}  # fmt: skip
"""What each question is answered with, and the number of the sentence."""

WRONG = {
    "Why did the Teverin canal close?": (("The Teverin canal was closed to boats in 1945.", 1),),
    "How do wood frogs survive the winter?": (
        ("The heart of a frozen wood frog beats slowly through the winter.", 2),
    ),
    "What does the warranty cover?": (("The warranty also covers damage caused by a fall.", 2),),
    "Who designed the Solberg theatre?": (
        ("The Solberg theatre was designed by Alvar Lund, who won a prize for it.", 1),
    ),
}

LEAST = 0.5
"""Share of a good answer's claims that are shown at least; 5 of the 10 are, most are wanted."""


def answers(said: Mapping[str, Sequence[tuple[str, int]]]) -> dict[str, Draft]:
    """Let a server say the claims of each question, and return what is left of them."""

    def speak(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        asked = json.dumps(json.loads(body)["messages"], ensure_ascii=False)
        [claims] = [claims for question, claims in said.items() if question in asked]
        if b"json_schema" in body:
            rows = [{prompts.TEXT: text, prompts.SENTENCES: [n]} for text, n in claims]
            text = json.dumps({prompts.ANSWERED: True, prompts.CLAIMS: rows})
        else:
            text = "".join(f"- {text} [{n}]\n" for text, n in claims)
        shape = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        parts = [({"content": text}, None), ({}, "stop")]
        events = [
            {**shape, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
            for delta, reason in parts
        ]
        stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        reply(handler, 200, f"{stream}data: [DONE]\n\n".encode(), "text/event-stream")
        return True

    served = json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}).encode()
    with in_front_of("http://127.0.0.1:9/v1", speak, served=served) as (url, _):
        generator = connect(Provider("compatible", "m", url), offline=True, timeout=20)
        writer = Writer(generator, Check(terms), terms)
        return {
            question: writer.write(question, evidence(*SOURCES[question]), lambda _: None)
            for question in said
        }


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKDOC_LLM_KEY", KEY)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def test_half_of_a_good_answer_is_shown() -> None:
    drafts = answers(GOOD)
    withheld = [claim.text for draft in drafts.values() for claim in draft.generation.withheld]
    shown = sum(len(draft.claims) for draft in drafts.values())
    assert shown >= LEAST * sum(map(len, GOOD.values())), withheld


def test_what_the_sentences_deny_or_do_not_say_is_not_shown() -> None:
    drafts = answers(WRONG)
    assert [claim.text for draft in drafts.values() for claim in draft.claims] == []
