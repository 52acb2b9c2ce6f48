"""Addresses of documents and of places in them, as answers name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from askdoc.types import Answer, Document, Span

if TYPE_CHECKING:
    from starlette.requests import Request


def base_of(request: Request) -> str:
    """Return the address of the server, as the caller knows it."""
    return str(request.base_url).rstrip("/")


def document_link(base: str, document: Document) -> str:
    """Return the address of a document whose id names its library."""
    return f"{base}/v1/documents/{quote(document.id, safe=':')}"


def passage_link(base: str, document: Document, span: Span) -> str:
    """Return the address at which a person sees a place in a document."""
    return f"{document_link(base, document)}/passage?highlight={span.start}-{span.end}#mark"


def with_links(data: dict[str, Any], answer: Answer, base: str) -> dict[str, Any]:
    """Add to the JSON of an answer the id of each cited document and the address of the place."""
    for record, citation in zip(data["citations"], answer.citations, strict=True):
        linked(record, citation.document, citation.span, base)
    for record, item in zip(data["evidence"], answer.evidence, strict=True):
        linked(record, item.passage.document, item.span, base)
    return data


def linked(record: dict[str, Any], document: Document, span: Span, base: str) -> dict[str, Any]:
    """Add to the JSON of a place the id of its document and its address."""
    record["document_id"] = document.id
    record["url"] = passage_link(base, document, span)
    return record
