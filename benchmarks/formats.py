"""Index a folder of real files and look for the texts that its manifest demands.

    python benchmarks/formats.py FOLDER [--skip-times]

FOLDER has a `manifest.jsonl`, a line a file: `path`, and in `must_include` the texts to find. They
are written as Markdown there, so marks and links are left out on both sides. Everything goes by the
command line: `askdoc index`, `askdoc status`, `askdoc search`. Ends with 1 where a file is neither
indexed nor skipped, a text is not found, or a file takes over 20 s.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MOST_SECONDS = 20
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)?)?|\]\([^)]*\)?")
_MARKS = re.compile(r"[*_`#>|]|---+|\bpython$")
_WORD = re.compile(r"\w+")
_IMAGE = "data:image/"


def askdoc(folder: Path, *arguments: str) -> Any:
    """Run a command in a folder, and return what it prints as JSON."""
    command = [sys.executable, "-m", "askdoc", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{arguments}: {done.stderr}"
        raise SystemExit(message)
    return json.loads(done.stdout)


def words(text: str) -> list[str]:
    """List the words of a text, without the marks of Markdown and the targets of links."""
    return _WORD.findall(_MARKS.sub(" ", _LINK.sub(r" \1 ", text)).casefold())


def holds(passage: dict[str, Any], wanted: list[str]) -> bool:
    """Tell whether a passage, or the title and headings it stands under, has all words in order."""
    said = words(" ".join([passage["title"] or "", *passage["headings"], passage["text"]]))
    rest = iter(said)
    return all(word in rest for word in wanted)


def found(folder: Path, name: str, text: str, copies: Mapping[str, Sequence[str]]) -> str:
    """Search for a text; return the place, or nothing where it is not found in that file.

    `copies` lists where else each document is found.
    """
    query = " ".join(words(text))
    data = askdoc(folder, "search", "--top-k", "50", query)
    for passage in data["passages"]:
        places = (passage["document"], *copies.get(passage["document"], ()))
        here = any(f"/{name}/" in f"/{place}/" for place in places)
        if here and holds(passage, words(text)):
            place = passage["place"]
            named = " ".join(str(value) for value in place.values()) if place else ""
            inner = passage["document"].removeprefix(name)
            return f"{inner} {named or 'line ' + str(passage['line_start'])}".strip()
    return ""


def by_name(documents: Sequence[dict[str, Any]], source: Path) -> dict[str, dict[str, Any]]:
    """Map each place below `source` to the document that is found there."""
    return {
        place.removeprefix(f"{source}/"): item
        for item in documents
        for place in (item["document"], *item["copies"])
    }


def seconds(folder: Path, file: Path, index: Path) -> float:
    """Time the indexing of one file into an index of its own."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "askdoc", "index", str(file), "--index", str(index), "--quiet"],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    return time.perf_counter() - started


def main() -> None:
    """Print a line for each file, then what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--skip-times", action="store_true", help="index all at once, untimed")
    options = parser.parse_args()
    source = options.folder.resolve()
    listed = [json.loads(line) for line in (source / "manifest.jsonl").read_text().splitlines()]
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        report = askdoc(folder, "index", str(source))
        status = askdoc(folder, "status")
        copies = {item["document"]: item["copies"] for item in status["documents"]}
        documents = by_name(status["documents"], source)
        skips = {skip["location"]: skip for skip in report["skipped"]}
        for entry in listed:
            name = entry["path"]
            took = 0.0
            if not options.skip_times:
                took = seconds(folder, source / name, folder / "one" / str(len(failures)) / name)
            if name in documents:
                item = documents[name]
                parts = sum(path.startswith(f"{name}/") for path in documents)
                about = f"indexed, {item['characters']:,} characters"
                about += f", {parts} inside" if parts else ""
                about += f" ({'; '.join(item['warnings'])})" if item["warnings"] else ""
            elif skip := skips.get(str(source / name)):
                about = f"skipped: {skip['reason']} [{skip['code']}]"
            else:
                about = "NEITHER INDEXED NOR SKIPPED"
                failures.append(name)
            print(f"{took:5.1f} s  {name}\n         {about}")
            if took > MOST_SECONDS:
                failures.append(f"{name}: {took:.1f} s")
            for text in entry.get("must_include") or ():
                if _IMAGE in text:
                    print(f"         no text: {text[:40]} (the bytes of a picture)")
                    continue
                if not words(text):
                    continue
                place = found(folder, name, text, copies)
                print(f"         {'found at ' + place if place else 'NOT FOUND'}: {text[:70]!r}")
                if not place:
                    failures.append(f"{name}: {text[:70]!r}")
    print(f"\n{len(listed)} files; {len(failures)} failures", *failures, sep="\n  ")
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
