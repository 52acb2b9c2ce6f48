"""Title and author from the properties of an Office file."""

from __future__ import annotations

from typing import Any


def title_and_author(document: Any) -> tuple[str | None, str | None]:
    """Return what a document of python-docx or python-pptx says of itself.

    Properties that are damaged say nothing; the text does not suffer from that.
    """
    try:
        core = document.core_properties
        title, author = core.title, core.author
    except Exception:  # noqa: BLE001 - both libraries meet odd parts with errors of any kind
        return None, None
    return title or None, author or None
