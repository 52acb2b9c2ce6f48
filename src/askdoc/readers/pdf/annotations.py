"""Reads form fields and annotations of a PDF page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ctypes import POINTER, cast, create_string_buffer
from typing import Any

from pypdfium2 import raw  # type: ignore[import-untyped]

from askdoc.readers.composer import clean

_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_SECRET = 1 << 13
"""The flag of a password field."""

_INDEX = re.compile(r"\[\d+\]")
_WORD = re.compile(r"\w")


def annotation_lines(page: Any) -> Iterator[str]:
    """Yield a line for each filled field (`Name: value`) and each note, in order.

    Hidden ones are left out. Fields need the document's forms to be initialised.
    """
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        found = raw.FPDFPage_GetAnnot(page, number)
        if not found:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(found) & _UNSEEN:
                line = " ".join(clean(_line(page, found)).split())
                if _WORD.search(line):
                    yield line
        finally:
            raw.FPDFPage_CloseAnnot(found)


def _line(page: Any, found: Any) -> str:
    kind = raw.FPDFAnnot_GetSubtype(found)
    if kind in (raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_FREETEXT):
        if raw.FPDFAnnot_HasKey(found, b"StateModel"):  # a reply that only marks a note as read
            return ""
        return _named(_entry(found, b"T") or "Note", _entry(found, b"Contents"))
    if kind == raw.FPDF_ANNOT_WIDGET and page.formenv:
        return _field(page.formenv, found)
    return ""


def _field(forms: Any, found: Any) -> str:
    def read_string(function: Callable[..., int]) -> str:
        return _string(lambda buffer, size: function(forms, found, buffer, size))

    kind = raw.FPDFAnnot_GetFormFieldType(forms, found)
    value = ""
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        if raw.FPDFAnnot_IsChecked(forms, found):
            value = read_string(raw.FPDFAnnot_GetFormFieldExportValue)
    elif kind in (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        value = ", ".join(_chosen(forms, found)) or read_string(raw.FPDFAnnot_GetFormFieldValue)
    elif kind == raw.FPDF_FORMFIELD_TEXTFIELD and not (
        raw.FPDFAnnot_GetFormFieldFlags(forms, found) & _SECRET
    ):
        value = read_string(raw.FPDFAnnot_GetFormFieldValue)
    name = read_string(raw.FPDFAnnot_GetFormFieldAlternateName)
    if not name.strip():
        name = read_string(raw.FPDFAnnot_GetFormFieldName)
        if _INDEX.search(name):  # names of programs, such as form1[0].page1[0].city[0]
            name = _INDEX.sub("", name).rpartition(".")[2]
    return _named(name, value)


def _chosen(forms: Any, found: Any) -> Iterator[str]:
    for option in range(raw.FPDFAnnot_GetOptionCount(forms, found)):
        if raw.FPDFAnnot_IsOptionSelected(forms, found, option):
            yield _string(
                lambda buffer, size, option=option: raw.FPDFAnnot_GetOptionLabel(  # type: ignore[misc]
                    forms, found, option, buffer, size
                )
            )


def _named(name: str, value: str) -> str:
    value = value.strip()
    return f"{name.strip()}: {value}" if value and name.strip() else value


def _entry(found: Any, key: bytes) -> str:
    return _string(lambda buffer, size: raw.FPDFAnnot_GetStringValue(found, key, buffer, size))


def _string(fill: Callable[[Any, int], int]) -> str:
    """Return the string that a pdfium function writes into a buffer.

    The first call returns its size.
    """
    size = fill(None, 0)
    if size <= len("\0".encode("utf-16-le")):
        return ""
    buffer = create_string_buffer(size)
    fill(cast(buffer, POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0")
