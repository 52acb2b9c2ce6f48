"""Reads source code with tree-sitter: the text stays as written, functions are places."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

from tree_sitter import Language, Node, Parser

from askdoc.readers.encoding import decode, empty
from askdoc.readers.layout.lines import blocks, line_blocks, text_runs
from askdoc.readers.layout.structure import arrange
from askdoc.types import Block, Kind, Reading, Section, Span
from askdoc.types.places import Landmark, Landmarks, Place, PlaceKind

_DEFINITIONS = frozenset(
    """
    abstract_class_declaration annotation_type_declaration class class_declaration class_definition
    class_specifier constructor_declaration enum_declaration enum_item enum_specifier
    extension_declaration file_scoped_namespace_declaration function_declaration function_definition
    function_item generator_function_declaration impl_item interface_declaration internal_module
    macro_definition method method_declaration method_definition mod_item module
    namespace_declaration namespace_definition object_declaration object_definition
    protocol_declaration record_declaration singleton_method struct_declaration struct_item
    struct_specifier trait_declaration trait_definition trait_item type_alias_declaration type_spec
    union_item variable_declarator
    """.split()  # noqa: SIM905 - forty quoted words would be harder to read
)
"""Node types of definitions with a body, of all grammars; no type means two things."""

_FUNCTIONS = frozenset(("arrow_function", "function", "function_expression", "generator_function"))
"""A variable of JavaScript with such a value counts as a function."""

_IDENTIFIERS = ("identifier", "field_identifier", "qualified_identifier", "destructor_name", "name")
_BODIES = ("body", "value", "type")
_LONGEST_NAME = 120

_PATIENCE = 2.0
"""Seconds of work that a grammar is given, and as many for each megabyte, which takes it half a
second. What is no code can take the square of its length."""

_NOT_PARSED = "its functions cannot be made out"


@dataclass(frozen=True, slots=True)
class _Definition:
    """A function or class: its qualified name, and its lines from 0.

    `line` has its name; `first` includes decorators and comments above.
    """

    path: tuple[str, ...]
    line: int
    first: int
    last: int


class _CodeReader:
    """Reads code of the language whose grammar is in `package`, made by its function `maker`."""

    def __init__(self, package: str, maker: str = "language") -> None:
        # Raises an error if the grammar's package is missing.
        self._language = _language(package, maker)

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty or no text.

        """
        decoded = decode(data, name=name)
        text = decoded.text
        encoded = text.encode()
        root = self._parsed(encoded)
        starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
        prose_nodes = list(_prose(root)) if root else []
        prose = [_lines_of(node) for node in prose_nodes]
        remarks = _remarks(prose_nodes, encoded.split(b"\n"))
        definitions = list(_definitions(root, encoded, remarks)) if root else []
        found = _blocks(text, starts, prose)
        if not found:
            raise empty(name)
        sections, landmarks = _places(definitions, starts, text, name)
        commented = {line for first, last in prose for line in range(first, last + 1)}
        return Reading(
            text=text,
            blocks=found,
            sections=tuple(sections),
            landmarks=Landmarks.of(landmarks),
            warnings=decoded.warnings if root else (*decoded.warnings, _NOT_PARSED),
            structure=arrange(_code(text, starts, commented)),
        )

    def _parsed(self, source: bytes) -> Node | None:
        """Parse a source; None where that takes too long, as of what is in another language."""
        end = time.process_time() + _PATIENCE * (1 + len(source) / 1e6)
        rest = memoryview(source)
        try:
            tree = Parser(self._language).parse(
                lambda at, _: rest[at:],
                progress_callback=lambda *_: time.process_time() > end,
            )
        except ValueError:
            return None
        return tree.root_node


@cache
def _language(package: str, maker: str) -> Language:
    return Language(getattr(importlib.import_module(package), maker)())


def _remarks(prose: Sequence[Node], lines: Sequence[bytes]) -> dict[int, int]:
    """Map the last line of each stand-alone comment to its first line.

    Such a comment belongs to the definition below it; a docstring belongs to its function, a
    trailing comment to its line.
    """
    begins: dict[int, int] = {}
    for node in prose:
        before, after = node.start_point[1], node.end_point[1]
        first, last = _lines_of(node)
        beside = lines[first][:before].strip() or (after and lines[last][after:].strip())
        if "comment" in node.type and not beside:
            begins[last] = begins.get(first - 1, first)
    return begins


def _lines_of(node: Node) -> tuple[int, int]:
    """Return the first and last line of a node, whose end may be a line break."""
    first, last = node.start_point[0], node.end_point[0]
    return first, max(first, last - 1) if not node.end_point[1] else last


def _definitions(root: Node, source: bytes, remarks: Mapping[int, int]) -> Iterator[_Definition]:
    """Yield definitions in the order of the file, outer ones before inner ones."""
    pending: list[tuple[Node, tuple[str, ...]]] = [(root, ())]
    while pending:
        node, path = pending.pop()
        if node.type in _DEFINITIONS and (name := _name(node, source)):
            path = (*path, name)
            line, last = node.start_point[0], node.end_point[0]
            parent = node.parent
            decorated = parent is not None and parent.type == "decorated_definition"
            first = parent.start_point[0] if parent is not None and decorated else line
            yield _Definition(path, line, remarks.get(first - 1, first), last)
        pending += [(child, path) for child in reversed(node.named_children)]


def _name(node: Node, source: bytes) -> str | None:
    """Return the name that a node defines; None for, say, a variable without a function."""
    if node.type == "variable_declarator":
        value = node.child_by_field_name("value")
        if value is None or value.type not in _FUNCTIONS:
            return None
    elif not any(node.child_by_field_name(body) for body in _BODIES) and not node.named_children:
        return None
    if node.type.endswith("_specifier") and node.child_by_field_name("body") is None:
        return None  # a mere declaration
    named = node.child_by_field_name("name") or _declared(node)
    if named is None and node.type == "impl_item":
        named = node.child_by_field_name("type")
    if named is None:
        return None
    words = " ".join(_text(named, source).split())
    receiver = node.child_by_field_name("receiver")
    if receiver is not None:  # a method of Go
        kind = _text(receiver, source).strip("()").split()
        words = f"{kind[-1].lstrip('*')}.{words}" if kind else words
    return words[:_LONGEST_NAME] or None


def _text(node: Node, source: bytes) -> str:
    """Cut a node out of its source; what it says itself is not safe once the parser is done."""
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _declared(node: Node) -> Node | None:
    """Follow the declarators of C and C++ to the name that they declare."""
    inner = node.child_by_field_name("declarator")
    while inner is not None and inner.type not in _IDENTIFIERS:
        inner = inner.child_by_field_name("declarator") or next(
            (child for child in inner.named_children if child.type in _IDENTIFIERS), None
        )
    return inner


def _prose(root: Node) -> Iterator[Node]:
    """Yield the nodes of comments and docstrings in the order of the file."""
    pending = [root]
    while pending:
        node = pending.pop()
        is_docstring = node.type == "expression_statement" and [
            child.type for child in node.named_children
        ] == ["string"]
        if is_docstring or "comment" in node.type:
            yield node
            continue
        pending += reversed(node.named_children)


def _blocks(text: str, starts: Sequence[int], prose: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """Make each run of code a block; join the lines of comments and docstrings to sentences."""
    joined: list[tuple[int, int]] = []
    for first, last in prose:
        if joined and first == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], last)
        elif not joined or first > joined[-1][1]:
            joined.append((first, last))
    ends = [*starts[1:], len(text)]
    found: list[Span] = []
    position = 0
    for first, last in joined:
        start, end = starts[first], ends[last]
        found += _shifted(line_blocks(text[position:start], join=False), position)
        words = text[start:end]
        found += _shifted(blocks(words, text_runs(words)), start)
        position = end
    found += _shifted(line_blocks(text[position:], join=False), position)
    return tuple(found)


def _code(text: str, starts: Sequence[int], commented: AbstractSet[int]) -> Iterator[Block]:
    """Yield blocks of code: neighbouring lines without comments and blank lines."""
    span: Span | None = None
    for line, (start, end) in enumerate(pairwise([*starts, len(text)])):
        words = "" if line in commented else text[start:end].strip()
        if words:
            begin = start + text[start:end].index(words)
            span = Span(span.start if span else begin, begin + len(words))
        elif span:
            yield Block(span, Kind.CODE)
            span = None
    if span:
        yield Block(span, Kind.CODE)


def _shifted(spans: Sequence[Span], by: int) -> list[Span]:
    return [Span(span.start + by, span.end + by) for span in spans]


def _places(
    definitions: Sequence[_Definition], starts: Sequence[int], text: str, name: str
) -> tuple[list[Section], list[Landmark]]:
    """Return the places: one per run of lines of the same function, or of none."""
    sections: list[Section] = []
    landmarks: list[Landmark] = []
    around: _Definition | None = None
    ends = [*starts[1:], len(text)]
    owners = _owners(definitions, len(starts))
    for line, owner in enumerate(owners):
        start = starts[line]
        if not text[start : ends[line]].strip():
            continue
        if owner is not around and definitions:
            path = owner.path if owner else (name,)
            sections.append(Section(start, len(path), path[-1]))
        if owner is None:
            landmarks.append(Landmark(start, Place(PlaceKind.LINE, line + 1)))
        elif owner is not around:
            place = Place(PlaceKind.FUNCTION, owner.line + 1, ".".join(owner.path))
            landmarks.append(Landmark(start, place))
        around = owner
    return sections, landmarks


def _owners(definitions: Sequence[_Definition], count: int) -> list[_Definition | None]:
    """Return the innermost definition of each line."""
    owners: list[_Definition | None] = [None] * count
    for definition in definitions:
        lines = range(definition.first, min(definition.last + 1, count))
        owners[definition.first : definition.first + len(lines)] = [definition] * len(lines)
    return owners


PythonReader = partial(_CodeReader, "tree_sitter_python")
JavaScriptReader = partial(_CodeReader, "tree_sitter_javascript")
TypeScriptReader = partial(_CodeReader, "tree_sitter_typescript", "language_typescript")
TsxReader = partial(_CodeReader, "tree_sitter_typescript", "language_tsx")
GoReader = partial(_CodeReader, "tree_sitter_go")
RustReader = partial(_CodeReader, "tree_sitter_rust")
JavaReader = partial(_CodeReader, "tree_sitter_java")
CReader = partial(_CodeReader, "tree_sitter_c")
CppReader = partial(_CodeReader, "tree_sitter_cpp")
CSharpReader = partial(_CodeReader, "tree_sitter_c_sharp")
RubyReader = partial(_CodeReader, "tree_sitter_ruby")
PhpReader = partial(_CodeReader, "tree_sitter_php", "language_php")
BashReader = partial(_CodeReader, "tree_sitter_bash")
KotlinReader = partial(_CodeReader, "tree_sitter_kotlin")
SwiftReader = partial(_CodeReader, "tree_sitter_swift")
ScalaReader = partial(_CodeReader, "tree_sitter_scala")
LuaReader = partial(_CodeReader, "tree_sitter_lua")
