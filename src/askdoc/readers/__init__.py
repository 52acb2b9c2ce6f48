"""Readers, one module per format, and the table that says which reads which files.

A reader is imported only when a file needs it. Another package adds a format by an entry point
of the group `askdoc.readers`, which maps a suffix to a class with the methods of
`askdoc.types.ports.Reader`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import cast

from askdoc.errors import MissingPart, ReadError
from askdoc.types import ReadOptions
from askdoc.types.ports import AdaptableReader, Reader

_GROUP = "askdoc.readers"
_NONE = ReadOptions()
_SUFFIXES: Mapping[str, str] = {
    ".archive:ZipReader": "zip",
    ".code:BashReader [code]": "bash sh",
    ".code:CReader": "c h",
    ".code:CSharpReader [code]": "cs",
    ".code:CppReader": "cc cpp cxx hh hpp hxx",
    ".code:GoReader": "go",
    ".code:JavaReader": "java",
    ".code:JavaScriptReader": "cjs js jsx mjs",
    ".code:KotlinReader [code]": "kt kts",
    ".code:LuaReader [code]": "lua",
    ".code:PhpReader [code]": "php",
    ".code:PythonReader": "py pyi",
    ".code:RubyReader [code]": "rb",
    ".code:RustReader": "rs",
    ".code:ScalaReader [code]": "scala",
    ".code:SwiftReader [code]": "swift",
    ".code:TsxReader": "tsx",
    ".code:TypeScriptReader": "cts mts ts",
    ".csv_table:CsvReader": "csv tab tsv",
    ".data.json_yaml:JsonReader": "geojson json jsonl ndjson",
    ".data.json_yaml:YamlReader": "yaml yml",
    ".data.notebook:NotebookReader": "ipynb",
    ".data.xml:XmlReader": "atom rss xml",
    ".epub:EpubReader": "epub",
    ".html:HtmlReader": "htm html xhtml",
    ".mail:EmlReader": "eml",
    ".mail:MboxReader": "mbox",
    ".mail:MsgReader": "msg",
    ".markdown:MarkdownReader": "markdown md",
    ".markup:AdocReader": "adoc asciidoc",
    ".markup:OrgReader": "org",
    ".markup:RstReader": "rst",
    ".markup:TexReader": "tex",
    ".office.docx:DocxReader": "docm docx",
    ".office.opendocument:OpenDocumentReader": "odp ods odt",
    ".office.pptx:PptxReader": "pptm pptx",
    ".office.sheets:XlsReader": "xls",
    ".office.sheets:XlsxReader": "xlsm xlsx",
    ".pdf.reader:PdfReader": "pdf",
    ".rtf:RtfReader": "rtf",
    ".subtitles:SubtitleReader": "srt vtt",
    ".text:TextReader": "cfg conf ini log properties sql text toml txt",
}
"""Each reader of this package by its module and class, with the suffixes that it reads. One that is
followed by the name of an extra needs the packages of that extra."""

_REMEDIES: Mapping[tuple[str, ...], str] = {
    ("doc", "dot", "wpd", "wps"): "save it as .docx, then index that",
    ("ppt", "pps"): "save it as .pptx, then index that",
    ("xlsb", "xlt", "wk1"): "save it as .xlsx, then index that",
    ("pages", "numbers", "key"): "export it as PDF, then index that",
    ("mobi", "azw", "azw3", "fb2", "lit", "djvu"): "convert it to EPUB or PDF, then index that",
    ("png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "heic"): (
        "put it into a PDF, then `askdoc index --ocr` reads what is written on it"
    ),
    ("7z", "rar", "tar", "gz", "tgz", "bz2", "xz", "zst"): "unpack it, then index the files",
    ("mp3", "mp4", "wav", "m4a", "mov", "mkv", "avi"): "index its subtitles (.srt or .vtt) instead",
}
_WITHOUT_SUFFIX = "txt"
"""Files without a suffix, such as `README`, count as text; reading reveals a binary one."""


def suffix_of(name: str) -> str:
    """Return the last suffix of a name in lower case without the dot; it selects the reader.

    Digits are the end of a version, as in `Apache-2.0`, and no suffix.
    """
    suffix = os.path.splitext(name)[1]  # noqa: PTH122 - asked of every file of a folder
    suffix = suffix.lower().removeprefix(".")
    return _WITHOUT_SUFFIX if not suffix or suffix.isdecimal() else suffix


def suffixes() -> list[str]:
    """List every suffix that an installed reader reads, sorted."""
    return sorted(_offered())


def is_readable(name: str) -> bool:
    """Tell whether an installed reader reads files of this name."""
    return suffix_of(name) in _offered()


def expect_parts(options: ReadOptions) -> None:
    """Check that the packages for the options are installed.

    Raises:
        MissingPart: one is missing.

    """
    if options.ocr and find_spec("rapidocr") is None:
        message = "recognising text needs the package `rapidocr`"
        raise MissingPart(message, hint="pip install 'askdoc[ocr]'")


def remedy_for(name: str) -> str:
    """Return a hint for a file of this name, which no reader reads."""
    suffix = suffix_of(name)
    if suffix != suffix.strip() and suffix.strip() in _offered():
        return "rename it: its name ends with a space"
    for suffixes_, remedy in _REMEDIES.items():
        if suffix in suffixes_:
            return remedy
    return "convert it to a format that askdoc reads, such as PDF, .docx or text"


def reader_for(name: str, options: ReadOptions = _NONE) -> Reader:
    """Return the reader of a file with `options`; no other reader is imported.

    Raises:
        ReadError: no installed reader reads such files.
        MissingPart: a package that reading them needs is not installed.

    """
    return load(reader_named(name), options)


def reader_named(name: str) -> str:
    """Return the entry point of the reader of a file; nothing is imported.

    Raises:
        ReadError: no installed reader reads such files.

    """
    entry = _offered().get(suffix_of(name))
    if entry is None:
        message = f"no reader for `.{suffix_of(name)}` files"
        raise ReadError(message, code="unsupported", hint=remedy_for(name))
    return f"{entry.name} = {entry.value}"


def load(named: str, options: ReadOptions = _NONE) -> Reader:
    """Return the reader of an entry point from `reader_named`, with `options`.

    Raises:
        MissingPart: a package that it needs is not installed.

    """
    name, _, value = named.partition(" = ")
    reader = _load(EntryPoint(name, value, _GROUP))
    return reader.with_options(options) if isinstance(reader, AdaptableReader) else reader


@cache
def _offered() -> dict[str, EntryPoint]:
    own = {
        suffix: EntryPoint(suffix, f"{__name__}{reader}", _GROUP)
        for reader, suffixes_ in _SUFFIXES.items()
        for suffix in suffixes_.split()
    }
    return {entry.name: entry for entry in entry_points(group=_GROUP)} | own


@cache
def _load(entry: EntryPoint) -> Reader:
    try:
        return cast("Reader", entry.load()())
    except ModuleNotFoundError as error:
        if not entry.extras:
            raise
        message = f"reading `.{entry.name}` files needs the package `{_package(error)}`"
        hint = f"pip install 'askdoc[{','.join(entry.extras)}]'"
        raise MissingPart(message, hint=hint) from error


def _package(error: ModuleNotFoundError) -> str:
    return (error.name or "").partition(".")[0].replace("_", "-")
