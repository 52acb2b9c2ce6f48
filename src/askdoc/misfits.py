"""What does not fit a schema, in plain words instead of the library's types and paths."""

from __future__ import annotations

import re

import msgspec

_PLACE = re.compile(r"(?P<what>.*?)(?: - at (?:`key` in )?`\$\.?(?P<field>.*)`)?", re.DOTALL)
_TYPE = re.compile(r"Expected `(?P<type>[^`]*)`(?P<more>.*)", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_LIMITS = {">=": "of at least", "<=": "of at most", ">": "above", "<": "below"}


def lowered(text: str) -> str:
    """Begin with a small letter, unless it begins with an abbreviation."""
    return text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"


def field_of(error: msgspec.ValidationError) -> str:
    """Name the field that does not fit, such as `evidence[0].quote`; empty for the whole."""
    found = _PLACE.fullmatch(str(error))
    return (found and found["field"]) or ""


def need(error: msgspec.ValidationError) -> str:
    """Say what the field must be: `a whole number of at least 1`; empty where that is unclear."""
    found = _PLACE.fullmatch(str(error))
    wanted = _TYPE.fullmatch(found["what"]) if found else None
    if wanted is None:
        return ""
    types = [name for name in wanted["type"].split(" | ") if name != "null"] or ["null"]
    words = " or ".join(_NAMES.get(name, name) for name in types)
    limit, _, bound = wanted["more"].strip().partition(" ")
    if limit in _LIMITS:
        return f"{words} {_LIMITS[limit]} {bound.removesuffix('.0')}"
    return f"{words} with a word in it" if limit == "matching" else words


def explain(error: msgspec.ValidationError) -> str:
    """Say in one sentence which field does not fit, and what it must be."""
    place = field_of(error)
    what = str(error).partition(" - at ")[0]
    if missing := _MISSING.fullmatch(what):
        return f"`{f'{place}.' if place else ''}{missing['name']}` is missing"
    if wanted := need(error):
        got = what.partition(", got `")[2].rstrip("`")
        instead = f", not {_NAMES.get(got, got)}" if got else ""
        return f"`{place}` must be {wanted}{instead}" if place else f"must be {wanted}{instead}"
    return f"`{place}`: {what}" if place else what
