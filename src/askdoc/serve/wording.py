"""An answer as one text with links, and where in it each link stands."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from askdoc.serve.links import passage_link
from askdoc.serve.steps import Ask, steps
from askdoc.strings import one_line, unlabelled
from askdoc.types import Answer, Citation, Claim, Document, Status, Support, Wrote
from askdoc.types.places import place_suffix

_LINK = re.compile(r"\s*\[\[\d{1,4}\]\]\([^()\s]*(?: \"[^\"\n]*\")?\)")
_SUPPORT = {
    Support.PARTIAL: " (only partly supported)",
    Support.UNSUPPORTED: " (not supported)",
}
_UNSURE = "Not sure; the closest passages say: "
_ABSTAINED = "The documents do not hold the answer: "
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a text: its first character and the one after its last, and what it leads to."""

    start: int
    end: int
    title: str
    url: str

    def plain(self) -> dict[str, Any]:
        """Return the fields of a citation as OpenAI names them."""
        return {
            "start_index": self.start,
            "end_index": self.end,
            "title": self.title,
            "url": self.url,
        }


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the text, with the links in it; these count characters of the whole text."""

    text: str
    links: tuple[Link, ...] = ()


@dataclass(slots=True)
class _Writing:
    """Counts what was written so far."""

    base: str
    length: int = 0
    claims: int = 0
    citations: dict[int, Citation] = field(default_factory=dict)

    def claim(self, claim: Claim) -> Piece:
        """Write a claim, with a link for each of its citations."""
        text = (" " if self.claims else "") + inert(claim.text)
        links = []
        for label in claim.citations:
            cited = self.citations[label]
            title = _title(cited)
            url = passage_link(self.base, cited.document, cited.span)
            marker = f'[[{label}]]({url} "{title}")'
            start = self.length + len(text) + 1
            links.append(Link(start, start + len(marker), title, url))
            text += f" {marker}"
        self.claims += 1
        return self._written(text + _SUPPORT.get(claim.support, ""), links)

    def plain(self, text: str) -> Piece:
        """Write a text without links."""
        return self._written(text, ())

    def _written(self, text: str, links: Sequence[Link]) -> Piece:
        self.length += len(text)
        return Piece(text, tuple(links))


async def pieces(ask: Ask, base: str) -> AsyncGenerator[Piece | Answer]:
    """Yield the text of an answer piece by piece, and at last the answer."""
    writing = _Writing(base)
    async with aclosing(steps(ask)) as found:
        async for step in found:
            if isinstance(step, Wrote):
                writing.citations |= {one.label: one for one in step.citations}
                yield writing.claim(step.claim)
            elif isinstance(step, Answer):
                writing.citations = {one.label: one for one in step.citations}
                if step.status is Status.UNSURE:
                    yield writing.plain(_UNSURE)
                for claim in step.claims[writing.claims :]:
                    yield writing.claim(claim)
                if step.status is Status.ABSTAINED:
                    yield writing.plain(_refusal(step, base))
                yield step


def without_links(text: str) -> str:
    """Take the links of an earlier answer out of its text."""
    return _LINK.sub("", text)


def inert(text: str) -> str:
    """Return the text of a document so that Markdown makes neither links nor HTML of it."""
    apart = re.sub(r"\](?=[(\[])", "] ", unlabelled(text))
    return re.sub(r"<(?=[A-Za-z/!?])", "< ", apart)


def _refusal(answer: Answer, base: str) -> str:
    """Say why there is no answer, and which passages come nearest."""
    lines = [_ABSTAINED + (answer.reason.message if answer.reason else "") + "."]
    for item in answer.evidence[:_NEAREST]:
        document = item.passage.document
        url = passage_link(base, document, item.span)
        lines.append(f"- {_cleaned(item.text)} [{_name(document)}]({url})")
    if len(lines) > 1:
        lines.insert(1, "\nNearest:\n")
    return "\n".join(lines)


def _title(cited: Citation) -> str:
    place = place_suffix(cited.place, cited.line_start, cited.line_end)
    return f"{_name(cited.document)}{_cleaned(place)}"


def _name(document: Document) -> str:
    return _cleaned(document.path)


def _cleaned(text: str) -> str:
    """Take out of a text what would end a link or its title."""
    return re.sub(r"[\[\]\"()\\<>]", "'", one_line(text))
