"""The settings: a closed list of keys, each with type, default and help.

Values come, strongest first, from the command line, `ASKDOC_<KEY>` in the environment, the
workspace's `askdoc.toml`, the user's `config.toml`, and the defaults here. A key that does not
exist is an error that names the nearest one. Pure: files are found and read in `askdoc.workspace`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from askdoc.errors import SettingsError

_PLACE = re.compile(r"(?P<what>.*?)(?: - at (?:`key` in )?`\$\.?(?P<field>.*)`)?", re.DOTALL)
_TYPE = re.compile(r"Expected `(?P<type>[^`]*)`(?P<more>.*)", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`")
_TIME = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[smh])")
_MINUTES = {"s": 1 / 60, "m": 1, "h": 60}
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
    """Lower the first letter, unless the text begins with an abbreviation."""
    return text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"


def field_of(error: msgspec.ValidationError) -> str:
    """Return the invalid field, such as `evidence[0].quote`; empty for the value itself."""
    found = _PLACE.fullmatch(str(error))
    return (found and found["field"]) or ""


def need(error: msgspec.ValidationError) -> str:
    """Return what the field must be: `a whole number of at least 1`; empty if that is unclear."""
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
    """Return in one sentence which field is invalid, and what it must be."""
    place = field_of(error)
    what = str(error).partition(" - at ")[0]
    if missing := _MISSING.fullmatch(what):
        return f"`{f'{place}.' if place else ''}{missing['name']}` is missing"
    if unknown := _UNKNOWN.fullmatch(what):
        return f"unknown field `{f'{place}.' if place else ''}{unknown['name']}`"
    if wanted := need(error):
        got = what.partition(", got `")[2].rstrip("`")
        instead = f", not {_NAMES.get(got, got)}" if got else ""
        return f"`{place}` must be {wanted}{instead}" if place else f"must be {wanted}{instead}"
    return f"`{place}`: {what}" if place else what


COMMAND_LINE = "command line"
"""The origin of settings given as options; errors then name the option."""
DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"
MULTILINGUAL = "multilingual"
"""The embedder for many languages, from the extra of that name."""
EXTRACTIVE = "extractive"
"""The value of `llm` for no language model."""
RERANKER = "askdoc-reader"
"""The name of the packaged reader, which ranks sentences."""
RANKER_FINGERPRINT = 24
"""Digits of the SHA-256 in a ranker's fingerprint."""
AUTOMATIC = "auto"
"""The value of `language` for automatic detection."""
ENGLISH = "en"
ENGLISH_MODELS = frozenset((DEFAULT_EMBEDDER, RERANKER))
"""Packaged models, which know only English."""
BY_WORDS = "words"
"""The confidence model without features of embedder and ranker."""
CHECK_BY_LLM = "llm"
"""The value of `check` for a check by the writing language model."""
NO_RERANKER = "none"
"""The value of `reranker` for no cross-encoder."""

Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one run; every field is documented in `GROUPS`."""

    sources: tuple[str, ...] = ()
    index: str = ".askdoc/index"
    groups: tuple[str, ...] = ()
    evals: str = "evals"
    ignore: tuple[str, ...] = ()
    max_file_mb: Annotated[float, Meta(gt=0, le=100_000)] = 50
    max_read_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 60
    max_read_mb: Annotated[float, Meta(ge=100, le=1_000_000)] = 1000
    max_fetch_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 60
    max_pages: Annotated[int, Meta(ge=1, le=100_000)] = 500
    workers: Annotated[int, Meta(ge=0, le=64)] | None = None
    language: str = AUTOMATIC
    embedder: str | None = None
    reranker: str | None = None
    chunk_tokens: Annotated[int, Meta(ge=16, le=8192)] = 160
    chunk_overlap: Annotated[int, Meta(ge=0, le=10)] = 1
    top_k: Annotated[int, Meta(ge=1, le=200)] = 10
    dense_weight: Share = 0.5
    max_sentences: Annotated[int, Meta(ge=1, le=20)] = 3
    min_confidence: Share = 0.2
    sure_confidence: Share = 0.6
    llm: str | None = None
    llm_timeout: Annotated[float, Meta(gt=0, le=86_400)] = 120
    llm_threads: Count | None = None
    llm_price_in: Annotated[float, Meta(ge=0)] | None = None
    llm_price_out: Annotated[float, Meta(ge=0)] | None = None
    check: str | None = None
    show_unsupported: bool = False
    offline: bool = False
    editor: str | None = None
    viewer: str | None = None
    keys: Literal["emacs", "vi"] = "emacs"
    history: bool = True
    keep_warm: Annotated[float, Meta(ge=0, le=10_080)] = 0


GROUPS: Mapping[str, Mapping[str, str]] = {
    "Documents": {
        "sources": "files, folders (relative to the workspace) and web addresses to keep in the"
        " index; for one workspace only",
        "index": "folder of the index, relative to the workspace, or the address of a PostgreSQL"
        " database, `postgresql://HOST/NAME`, or of a Chroma server for its vectors,"
        " `chroma+http://HOST:PORT`",
        "groups": "groups in whose name a shared library is asked, besides what is open to all",
        "ignore": "patterns of files to leave out, as in `.gitignore`",
        "language": "language of the documents, as an ISO 639-1 code; `auto` finds out that"
        " of each",
        "max_file_mb": "largest file to read, in megabytes",
        "max_read_seconds": "processor time that reading one file may take, in seconds",
        "max_read_mb": "memory that reading one file may take, in megabytes, on Linux",
        "max_fetch_seconds": "seconds that fetching one page may take, redirects included",
        "max_pages": "pages that are fetched of one address with `--depth`, or of a sitemap",
        "workers": "processes that read files, by default one for each core; with 0 askdoc reads"
        " them itself, without those limits",
        "offline": "refuse all use of the network",
    },
    "Search and answers": {
        "top_k": "passages that a question looks at",
        "max_sentences": "most source sentences in an answer",
        "min_confidence": "least confidence, from 0 to 1, with which anything is cited",
        "sure_confidence": "confidence from which an answer is sure; below it, it is"
        " shown as unsure",
        "embedder": "name or folder of the Sentence Transformers model that makes the vectors, by"
        f" default {DEFAULT_EMBEDDER}; `{MULTILINGUAL}` for other languages than English",
        "reranker": "name or folder of a cross-encoder that ranks sentences, by default the"
        f" packaged {RERANKER}; `none` for no ranker",
        "chunk_tokens": "largest chunk, in tokens of the embedder",
        "chunk_overlap": "sentences that two neighbouring chunks share",
        "dense_weight": "how much vectors count against words in finding passages, from 0 to 1",
        "evals": "folder of the evaluation suites, relative to the workspace",
        "keep_warm": "minutes that an engine stays after a question, to answer the next"
        " ones at once; or a time such as `90s`, `15m` or `2h`",
    },
    "Language model": {
        "llm": "language model that writes answers: a name, a .gguf file, `ollama:NAME` or a URL",
        "check": "second check of claims: an entailment model's name or folder, or `llm`"
        " for the model",
        "show_unsupported": "show what a language model wrote without support, struck and flagged",
        "llm_timeout": "seconds to wait for a language model's server to say something",
        "llm_threads": "threads of a model in this process, by default as many as physical cores",
        "llm_price_in": "price of a million tokens that are read, in any currency",
        "llm_price_out": "price of a million tokens that are written",
    },
    "Terminal": {
        "editor": "command that opens text at a place, with `{file}` and `{line}` or without",
        "viewer": "command that opens files with pages, with `{file}` and `{page}` or without",
        "keys": "how the session's prompt is edited: `emacs` or `vi`",
        "history": "whether sessions and what is typed at their prompt are kept",
    },
}
"""Each setting with what it is for, in the groups of `askdoc config list`."""

HELP: Mapping[str, str] = {key: about for group in GROUPS.values() for key, about in group.items()}

RARE = frozenset(
    {
        "groups",
        "max_file_mb",
        "max_read_seconds",
        "max_read_mb",
        "max_fetch_seconds",
        "max_pages",
        "workers",
        "chunk_tokens",
        "chunk_overlap",
        "dense_weight",
        "evals",
        "keep_warm",
        "llm_timeout",
        "llm_threads",
        "llm_price_in",
        "llm_price_out",
    }
)
"""Settings that few people change; `askdoc config list` shows them only with `--all`."""

LISTED = "`askdoc config list --all` says what each setting is"

_NEAR = 0.65
"""Similarity from which an unknown key counts as a mistyped one."""

_INDEX_KEYS = ("chunk_overlap", "chunk_tokens", "language")
"""Settings that the content of an index depends on: a change indexes all documents again."""
_TERMS_VERSION = 2
"""Raise this when the same text gives other terms: indexes are then built again."""
_ANSWER_KEYS = ("dense_weight", "max_sentences", "min_confidence", "sure_confidence", "top_k")
"""Other settings that an answer depends on; they are part of its fingerprint."""


def parse(values: Mapping[str, Any], *, origin: str, base: Settings | None = None) -> Settings:
    """Override `base`, or the defaults, by `values`.

    Raises:
        SettingsError: keys do not exist or values are invalid; the message names `origin` and all
            of them.

    """
    values = {key: _in_minutes(key, value) for key, value in values.items()}
    merged = {**(msgspec.to_builtins(base) if base else {}), **values}
    faults = [fault for key, value in values.items() if (fault := _fault(key, value, origin))]
    if not faults:
        return msgspec.convert(merged, Settings)
    before = "" if origin == COMMAND_LINE else f"{origin}: "
    raise _all_faults(faults, before)


def _in_minutes(key: str, value: Any) -> Any:
    """Return a time with a unit, such as `15m`, in minutes; all else as it is."""
    if key != "keep_warm" or not isinstance(value, str):
        return value
    found = _TIME.fullmatch(value.strip())
    return float(found["number"]) * _MINUTES[found["unit"]] if found else value


def _fault(key: str, value: Any, origin: str) -> SettingsError | None:
    """Return what is wrong with one setting, without its origin; None if nothing is."""
    try:
        expect_known(key)
        msgspec.convert({key: value}, Settings)
    except SettingsError as error:
        return error
    except msgspec.ValidationError as error:
        inside = "[" in field_of(error)
        text = explain(error) if inside else _misfit(_named(key, origin), key, value, error)
        return SettingsError(text)
    return None


def _all_faults(faults: Sequence[SettingsError], before: str) -> SettingsError:
    """Return one error for all faults of one origin, each on a line where there are several."""
    if len(faults) == 1:
        return SettingsError(f"{before}{faults[0]}", hint=faults[0].hint or LISTED)
    lines = [str(one) if one.hint in (None, LISTED) else f"{one}; {one.hint}" for one in faults]
    return SettingsError("\n  ".join([f"{before}{len(faults)} faults", *lines]), hint=LISTED)


def _named(key: str, origin: str) -> str:
    return f"--{key.replace('_', '-')}" if origin == COMMAND_LINE else key


def _misfit(name: str, key: str, value: Any, error: msgspec.ValidationError) -> str:
    """Return what `name` (the setting `key`) must be, and what it is instead."""
    [field] = [item for item in msgspec.structs.fields(Settings) if item.name == key]
    wanted = need(error)
    if get_origin(field.type) is Literal:
        wanted = " or ".join(f"`{choice}`" for choice in get_args(field.type))
    elif str(value).strip().lower().lstrip("+-") == "nan":
        wanted = "a number"
    shown = str(value).lower() if isinstance(value, bool) else value
    return f"`{name}` must be {wanted}, not `{shown}`"


def expect_known(key: str) -> None:
    """Check that a key is a setting.

    Raises:
        SettingsError: it is not.

    """
    known = Settings.__struct_fields__
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=_NEAR)
        hint = f"did you mean `{near[0]}`?" if near else LISTED
        message = f"there is no setting `{key}`"
        raise SettingsError(message, hint=hint)


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of `ASKDOC_<KEY>` variables, converted to their types.

    Lists are separated by `,` on all platforms. Variables that name no setting are ignored, since
    other programs may use the prefix.
    """
    found: dict[str, Any] = {}
    faults: list[SettingsError] = []
    for field in msgspec.structs.fields(Settings):
        value = environment.get(f"ASKDOC_{field.name.upper()}")
        if value is None:
            continue
        if field.name in ("sources", "groups", "ignore"):
            found[field.name] = tuple(part.strip() for part in value.split(",") if part.strip())
            continue
        try:
            given = _in_minutes(field.name, value)
            found[field.name] = msgspec.convert(given, field.type, strict=False)
        except msgspec.ValidationError as error:
            message = _misfit(f"ASKDOC_{field.name.upper()}", field.name, value, error)
            faults.append(SettingsError(message))
    if faults:
        raise _all_faults(faults, "environment: " if len(faults) > 1 else "")
    return found


def from_words(key: str, words: Sequence[str]) -> Any:
    """Parse a typed value of `key`; a list takes several words.

    Raises:
        SettingsError: there is no such key, or the value is invalid.

    """
    expect_known(key)
    [field] = [item for item in msgspec.structs.fields(Settings) if item.name == key]
    if isinstance(field.default, tuple):
        return tuple(words)
    if len(words) != 1:
        message = f"`{key}` takes one value, not {len(words)}"
        raise SettingsError(message, hint="put quotation marks around one with blanks")
    try:
        return msgspec.convert(_in_minutes(key, words[0]), field.type, strict=False)
    except msgspec.ValidationError as error:
        message = _misfit(key, key, words[0], error)
        raise SettingsError(message, hint=f"`{key}` is for: {HELP[key]}") from error


def index_fingerprint(settings: Settings) -> str:
    """Hash the settings that an index depends on; if they change, documents are indexed again."""
    chosen = {key: getattr(settings, key) for key in _INDEX_KEYS}
    return _hash({**chosen, "terms": _TERMS_VERSION})


def answer_fingerprint(settings: Settings) -> str:
    """Hash the settings that an answer depends on."""
    return _hash({key: getattr(settings, key) for key in (*_INDEX_KEYS, *_ANSWER_KEYS)})


def _hash(values: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=8).hexdigest()
