"""Reads the properties of office documents."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from askdoc.errors import ReadError
from askdoc.readers.package import Package

Pairs = list[tuple[str, str]]

_CORE = {
    "Title": "title",
    "Author": "creator",
    "Created": "created",
    "Modified": "modified",
    "Last modified by": "lastModifiedBy",
    "Subject": "subject",
    "Keywords": "keywords",
    "Category": "category",
    "Status": "contentStatus",
    "Version": "version",
}
_OPEN = {
    "Title": "title",
    "Author": "initial-creator",
    "Created": "creation-date",
    "Modified": "date",
    "Last modified by": "creator",
    "Subject": "subject",
    "Keywords": "keyword",
    "Description": "description",
}
_PLACEHOLDER = "PowerPoint Presentation"
"""The default title of presentations."""


def core_properties(package: Package) -> Pairs:
    """List the properties of a document of Microsoft Office by their names, without empty ones."""
    try:
        relations = package.xml("_rels/.rels")
        targets = (
            one.get("Target", "").lstrip("/")
            for one in (relations if relations is not None else ())
            if one.get("Type", "").endswith("/core-properties")
        )
        return _read_properties(package.xml(next(targets, "docProps/core.xml")), _CORE)
    except ReadError:  # damaged properties must not prevent reading the text
        return []


def open_properties(package: Package) -> Pairs:
    """List the properties of an OpenDocument by their names, without empty ones."""
    return _read_properties(package.xml("meta.xml"), _OPEN)


def _read_properties(root: etree._Element | None, names: Mapping[str, str]) -> Pairs:
    if root is None:
        return []
    found = {
        name: ", ".join(
            words
            for one in root.iter(f"{{*}}{tag}")
            if (words := " ".join("".join(map(str, one.itertext())).split()))
        )
        for name, tag in names.items()
    }
    if "Author" in found and not found["Author"] and names is _OPEN:
        found["Author"] = found["Last modified by"]
    return [(name, words) for name, words in found.items() if words and words != _PLACEHOLDER]
