"""Suites of questions with known answers: one JSON object a line, as `askdoc schema suite` says.

Blank lines and lines that start with `#` are comments. Unknown fields are ignored, and kept
when a suite is rewritten. A field that looks like a misspelled known one is an error.
"""

from __future__ import annotations

import difflib
import hashlib
import random
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from askdoc.errors import SuiteError, UsageError
from askdoc.settings import explain, lowered
from askdoc.types import EvalCase, GoldEvidence, Turn

DRAFT = "draft"
"""The tag of a case that no person has looked at; runs leave such cases out."""

_Words = Annotated[str, Meta(pattern=r"\S")]
_Grade = Annotated[int, Meta(ge=0)]


class _Gold(msgspec.Struct, frozen=True):
    document: _Words
    quote: _Words


class _Turn(msgspec.Struct, frozen=True):
    question: str
    answer: str


class _Line(msgspec.Struct, frozen=True):
    """One line of a suite, checked."""

    id: _Words
    question: _Words
    answers: tuple[_Words, ...] = ()
    evidence: tuple[_Gold, ...] = ()
    all_evidence: bool = False
    relevant: dict[_Words, _Grade] = {}
    answerable: bool = True
    history: tuple[_Turn, ...] = ()
    tags: tuple[_Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """A named list of cases, in file order; `path` is None for a suite made in memory."""

    name: str
    cases: tuple[EvalCase, ...]
    path: Path | None = None

    @property
    def fingerprint(self) -> str:
        """A hash of what the cases say; their order does not count."""
        lines = sorted(msgspec.json.encode(fields(case), order="sorted") for case in self.cases)
        return hashlib.blake2b(b"\n".join(lines), digest_size=8).hexdigest()


def load(path: Path) -> Suite:
    """Read a suite; its name is the file's, or the folder's where the file is `suite.jsonl`.

    Raises:
        SuiteError: the file cannot be read, holds no case, repeats an id, or a line does not fit
            the format; the message names the line.

    """
    first_seen: dict[str, int] = {}
    numbered = read_some(path)
    for number, case in numbered:
        if case.id in first_seen:
            message = f"{path}:{number}: line {first_seen[case.id]} has the same id `{case.id}`"
            raise SuiteError(message, hint="ids are unique within a suite")
        first_seen[case.id] = number
    return Suite(suite_name(path), tuple(case for _, case in numbered), path)


def read(path: Path) -> list[tuple[int, EvalCase]]:
    """Read the cases of a suite with the numbers of their lines; ids may repeat.

    Raises:
        SuiteError: the file cannot be read, or a line does not fit the format.

    """
    return [(number, parse_line(line, where=f"{path}:{number}")) for number, line in _lines(path)]


def read_some(path: Path) -> list[tuple[int, EvalCase]]:
    """Read the cases of a suite as `read` does; a suite without any is an error, too."""
    numbered = read(path)
    if not numbered:
        message = f"no case in `{path}`"
        hint = f'write one: `askdoc eval add {shlex.quote(str(path))} "A question"`'
        raise SuiteError(message, hint=hint)
    return numbered


def suite_name(path: Path) -> str:
    """Name a suite by its file, or by its folder where the file is just called `suite`."""
    return path.resolve().parent.name if path.stem == "suite" else path.stem


def names_in(folder: Path) -> list[str]:
    """List the suites of a folder by their names."""
    return sorted(path.stem for path in folder.glob("*.jsonl"))


def parse_line(line: str, *, where: str) -> EvalCase:
    """Turn one line into a case.

    Raises:
        SuiteError: the line is not JSON or does not fit; the message starts with `where`.

    """
    try:
        parsed = msgspec.json.decode(line, type=_Line)
    except msgspec.ValidationError as error:
        message = f"{where}: {explain(error)}"
        raise SuiteError(message, hint="`askdoc schema suite` prints the format") from error
    except msgspec.DecodeError as error:
        message = f"{where}: not one JSON object a line: {lowered(str(error))}"
        raise SuiteError(message, hint="`askdoc schema suite` prints the format") from error
    _refuse_mistyped(line, where)
    return EvalCase(
        id=parsed.id,
        question=parsed.question,
        answers=parsed.answers,
        evidence=tuple(GoldEvidence(gold.document, gold.quote) for gold in parsed.evidence),
        all_evidence=parsed.all_evidence,
        relevant=parsed.relevant,
        answerable=parsed.answerable,
        history=tuple(Turn(turn.question, turn.answer) for turn in parsed.history),
        tags=parsed.tags,
    )


def _refuse_mistyped(line: str, where: str) -> None:
    """Refuse an unknown field that is spelled nearly like a known one that the line lacks.

    Other unknown fields are allowed. But `answerible` would silently change what a case means.
    """
    found = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    for name in found.keys() - _KNOWN:
        near = difflib.get_close_matches(name, _KNOWN - found.keys(), n=1, cutoff=_NEAR)
        if near:
            message = f"{where}: a case has no field `{name}`"
            raise SuiteError(message, hint=f"did you mean `{near[0]}`?")


def fields(case: EvalCase) -> dict[str, Any]:
    """Return a case as the suite format writes it: plain values, defaults left out.

    `answers`, `evidence`, `answerable` and `tags` are always written.
    """
    values: dict[str, Any] = {
        "id": case.id,
        "question": case.question,
        "answers": list(case.answers),
        "evidence": [{"document": gold.document, "quote": gold.quote} for gold in case.evidence],
        "answerable": case.answerable,
        "tags": list(case.tags),
    }
    if case.all_evidence:
        values["all_evidence"] = True
    if case.relevant:
        values["relevant"] = dict(case.relevant)
    if case.history:
        values["history"] = [msgspec.to_builtins(turn) for turn in case.history]
    return values


_KNOWN = frozenset(_Line.__struct_fields__)
_NEAR = 0.8
"""Likeness, as difflib's ratio, from which an unknown field is taken for a misspelled one."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def encode(case: EvalCase) -> bytes:
    """Return the line of a suite that holds `case`, as UTF-8 without a line end."""
    return msgspec.json.encode(fields(case))


def save(path: Path, cases: Iterable[EvalCase]) -> None:
    """Write a new suite, making its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(case) + b"\n" for case in cases))


def append(path: Path, cases: Sequence[EvalCase]) -> None:
    """Add cases at the end of a suite, which is made where there is none.

    Raises:
        SuiteError: an id is there already, or what is there is malformed.

    """
    taken = {case.id for case in there(path)}
    for case in cases:
        if case.id in taken:
            message = f"`{path}` already has a case `{case.id}`"
            raise SuiteError(message, hint="give another one with `--id`")
        taken.add(case.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else b""
    joint = b"\n" if before and not before.endswith(b"\n") else b""
    path.write_bytes(before + joint + b"".join(encode(case) + b"\n" for case in cases))


def there(path: Path) -> tuple[EvalCase, ...]:
    """Return the cases of the suite at `path`; none where there is no such file.

    Raises:
        SuiteError: what is there is malformed.

    """
    return tuple(load(path).cases) if _has_cases(path) else ()


def free_id(path: Path, wanted: str) -> str:
    """Return an id that no case of the suite at `path` has: `wanted`, or that with a number.

    Raises:
        SuiteError: what is there is malformed.

    """
    taken = {case.id for case in there(path)}
    numbered = (f"{wanted}-{number}" for number in count(2))
    return next(name for name in chain([wanted], numbered) if name not in taken)


def rewrite(path: Path, change: Callable[[EvalCase], EvalCase | None]) -> int:
    """Pass every case through `change`; None drops it. Return how many lines changed.

    Comments, order and unknown fields stay. A line whose case does not change stays as it is.
    """
    changed = 0
    kept: list[str] = []
    for number, line in enumerate(_LINE.findall(_text(path)), start=1):
        if _is_comment(line):
            kept.append(line)
            continue
        case = parse_line(line, where=f"{path}:{number}")
        new = change(case)
        if new == case:
            kept.append(line)
            continue
        changed += 1
        if new is not None:
            before = msgspec.json.decode(line)
            after = fields(new)
            same = {name: after.get(name, value) for name, value in before.items()}
            added = {k: v for k, v in after.items() if k not in before and v != fields(case).get(k)}
            dropped = before.keys() & _KNOWN - after.keys()
            merged = {k: v for k, v in {**same, **added}.items() if k not in dropped}
            kept.append(msgspec.json.encode(merged).decode() + "\n")
    path.write_text("".join(kept), encoding="utf-8", newline="")
    return changed


def put(path: Path, cases: Mapping[str, EvalCase | None]) -> int:
    """Replace cases by id, None to drop one; return how many changed."""
    return rewrite(path, lambda case: cases.get(case.id, case))


def choose(
    suite: Suite,
    *,
    tag: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    drafts: bool = False,
) -> Suite:
    """Narrow a suite to the cases of a tag, and to a random `limit` of these, in file order.

    The same seed draws the same cases whatever their order in the file. Drafts are left out unless
    asked for.

    Raises:
        UsageError: no case is left.

    """
    cases = [case for case in suite.cases if drafts or DRAFT not in case.tags]
    if tag is not None:
        cases = [case for case in cases if tag in case.tags]
    if not cases:
        raise _nothing_to_run(suite, tag)
    if limit is not None and limit < len(cases):
        ids = sorted(case.id for case in cases)
        drawn = set(random.Random(seed).sample(ids, limit))  # noqa: S311 - a sample, no secret
        cases = [case for case in cases if case.id in drawn]
    return Suite(suite.name, tuple(cases), suite.path)


def _nothing_to_run(suite: Suite, tag: str | None) -> UsageError:
    """Say why no case is left: none has the tag, or all are drafts."""
    tagged = [case for case in suite.cases if tag is None or tag in case.tags]
    if not tagged:
        tags = sorted({tag for case in suite.cases for tag in case.tags} - {DRAFT})
        message = f"suite `{suite.name}` has no case with the tag `{tag}`"
        return UsageError(message, hint=f"its tags are: {', '.join(tags) or 'none'}")
    which = f"the cases of `{suite.name}`" + (f" with the tag `{tag}`" if tag else "")
    review = f"`askdoc eval review {shlex.quote(str(suite.path or suite.name))}`"
    return UsageError(
        f"{which} are drafts that nobody has reviewed",
        hint=f"review them: {review}, or run them as they are: `--drafts`",
    )


def comment_lines(text: str) -> str:
    """Return `text` as comment lines of a suite."""
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def _has_cases(path: Path) -> bool:
    return path.exists() and any(True for _ in _lines(path))


def _lines(path: Path) -> list[tuple[int, str]]:
    numbered = enumerate(_LINE.findall(_text(path)), start=1)
    return [(number, line) for number, line in numbered if not _is_comment(line)]


def _is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = None if isinstance(error, UnicodeDecodeError) else error.strerror
        message = f"cannot read the suite `{path}`: {lowered(reason) if reason else 'not UTF-8'}"
        raise SuiteError(message, hint="`askdoc eval new` writes an example") from error
