"""Opens ZIP files safely: the unpacked size is limited and checked.

Office documents, EPUB and OpenDocument are ZIP archives of XML; their readers open them here first.
"""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from lxml import etree

from askdoc.readers.encoding import empty
from askdoc.readers.refusal import damaged, locked, too_large

MOST_UNPACKED = 256_000_000
"""Most bytes that a file may unpack to."""

_MOST_MEMBER = 100_000_000
"""Most bytes of a member that is read into memory."""

_MOST_MEMBERS = 20_000
_STEP = 1 << 20
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
)
"""Errors of `zipfile` for damaged archives."""

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")


class Package:
    """A checked ZIP archive: not damaged, and not too large."""

    def __init__(self, data: bytes, name: str, *, most: int = MOST_UNPACKED) -> None:
        self._name = name
        self._archive = _open(data, name)
        self._members = {member.filename: member for member in self._archive.infolist()}
        _check(self._archive, name, most)

    def names(self) -> list[str]:
        """List the names of the members."""
        return list(self._members)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield each file with its name, which several may have."""
        for member in self._archive.infolist():
            if not member.is_dir():
                yield member.filename, self._content(member)

    def read(self, member: str) -> bytes | None:
        """Return the bytes of a member, or None if it does not exist."""
        found = self._members.get(member)
        return None if found is None else self._content(found)

    def xml(self, member: str) -> etree._Element | None:
        """Parse a member, or return None if it does not exist."""
        data = self.read(member)
        return None if data is None else parse_xml(data, self._name)

    def _content(self, member: zipfile.ZipInfo) -> bytes:
        if member.file_size > _MOST_MEMBER:
            raise too_large(self._name, MOST_UNPACKED)
        try:
            return self._archive.read(member)
        except _BROKEN as error:
            raise damaged(self._name) from error


_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
"""Namespaces of the strict variant of Office documents, and the usual ones."""

_USUAL = rb"http://schemas.openxmlformats.org/\1/2006/"
_WITH_MACROS = re.compile(
    rb"application/(?:vnd\.ms-word\.(?:document|template)\.macroEnabled(?:Template)?"
    rb"|vnd\.openxmlformats-officedocument\.wordprocessingml\.template)\.main\+xml"
)
_DOCUMENT = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def as_usual(package: Package, data: bytes) -> bytes:
    """Rename namespaces and content types to those that the libraries accept.

    They refuse the strict variant of the format and Word documents with macros or templates,
    although only names differ.
    """
    types = package.read("[Content_Types].xml") or b""
    relations = package.read("_rels/.rels") or b""
    if not _STRICT.search(relations) and not _WITH_MACROS.search(types):
        return data
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        for member, content in dict(package.files()).items():
            is_xml = member.endswith((".xml", ".rels"))
            named = _STRICT.sub(_USUAL, content) if is_xml else content
            is_list = member == "[Content_Types].xml"
            written.writestr(member, _WITH_MACROS.sub(_DOCUMENT, named) if is_list else named)
    return stream.getvalue()


def parse_xml(data: bytes, name: str, complaints: list[str] | None = None) -> etree._Element:
    """Parse XML without entities, document type and network, and repair what is not well-formed.

    `complaints` receives a sentence if there was something to repair.

    Raises:
        ReadError: there is no element in it.

    """
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root: etree._Element | None = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise damaged(name) from error
    if any("Excessive depth" in entry.message for entry in parser.error_log):
        raise damaged(name, "nests its elements too deeply")
    if root is None:
        raise damaged(name)
    if complaints is not None and parser.error_log:
        line = parser.error_log[0].line
        complaints.append(f"not well-formed from line {line} on: some of it may be missing")
    return root


def _open(data: bytes, name: str) -> zipfile.ZipFile:
    if data.startswith(_OLE):
        raise locked(name, "needs a password, or is of an older format than its name says")
    if not data.strip(b"\0 \t\r\n"):
        raise empty(name)
    try:
        return zipfile.ZipFile(BytesIO(data))
    except _BROKEN as error:
        raise damaged(name) from error


def _check(archive: zipfile.ZipFile, name: str, most: int) -> None:
    """Unpack everything once, piece by piece, since a header may state a wrong size."""
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS or sum(one.file_size for one in members) > most:
        raise too_large(name, most)
    for member in members:
        if member.flag_bits & 1:
            raise locked(name)
        is_xml = member.filename.endswith((".xml", ".rels"))
        try:
            with archive.open(member) as stream:
                end = b""
                while piece := stream.read(_STEP):
                    if is_xml and _ENTITY.search(end + piece):
                        raise damaged(name, "declares entities, as no document of its kind does")
                    end = piece[-len("<!ENTITY") :]
        except _BROKEN as error:
            raise damaged(name) from error
