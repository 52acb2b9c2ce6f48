"""Questions that the structure of openly licensed documentation asks by itself.

A heading asks for its section, a description for its command, a key for its value, a row's label
and a column's name for a cell. Sources on the machine: the examples of the AWS command line
(Apache-2.0), the service descriptions of botocore (Apache-2.0), the help of CMake (BSD-3-Clause),
the documentation of npm (Artistic-2.0), lists of releases and time zones, and metadata and
descriptions of installed Python packages (by their licences). Where a source is not there, its
part is left out.
"""

from __future__ import annotations

import calendar
import email
import gzip
import json
import random
import re
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from encode import context_of
from examples import Passage, Question, joined

SITES = [
    *Path.home().joinpath(".pyenv/versions").glob("*/lib/python3.*/site-packages"),
    Path(sysconfig.get_paths()["purelib"]),
]
CMAKE = Path("/usr/share/cmake-3.31/Help")
NPM = Path("/usr/lib/node_modules/npm/docs/content")
ZONES = Path("/usr/share/zoneinfo")
RELEASES = Path("/usr/share/distro-info")

NOT_THESE = ("flask", "black", "gunicorn", "werkzeug", "docker")
"""Packages whose documentation is in a development set."""

Found = tuple[list[Passage], list[Question]]


class Maker:
    """Collects passages and questions of one set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.passages: list[Passage] = []
        self.questions: list[Question] = []

    def passage(self, document: str, context: str, units: list[str]) -> int:
        """Add a passage and return its place."""
        text, places = joined(units)
        self.passages.append(Passage(document, context, text, places))
        return len(self.passages) - 1

    def ask(
        self,
        text: str,
        passage: int,
        gold: list[int],
        answer: str = "",
        unsure: list[int] | None = None,
    ) -> None:
        """Add a question; `answer` is a part of the first gold unit."""
        item = Question(self.name, text, passage, answerable=True, gold=gold, unsure=unsure or [])
        if answer:
            start, end = self.passages[passage].units[gold[0]]
            found = self.passages[passage].text.rfind(answer, start, end)
            if found >= 0:
                item.answers = [(found, found + len(answer))]
        self.questions.append(item)

    def found(self) -> Found:
        """Return what was collected."""
        return self.passages, self.questions


def pick(*forms: str) -> str:
    """Choose one way to say it."""
    return random.choice(forms)


def lowered(text: str) -> str:
    """Write the first letter small."""
    return text[:1].lower() + text[1:]


def asked_how(task: str) -> str:
    """Ask how a task is done: `create a window`."""
    task = task.rstrip(".: ")
    return pick(
        f"How do I {task}?",
        f"how to {task}",
        f"How can I {task}?",
        task,
        f"command to {task}",
        f"How would one {task}?",
        f"{task}: which command?",
        f"What do I type to {task}?",
    )


_FENCE = re.compile(r"\s*(```|~~~)")
_RULE = re.compile(r"([=~^*\-\"'#+.])\1{2,}")
_ITEM = re.compile(r"\s*([-*+•]|\d+[.)]) ")
_BOLD = re.compile(r"\*\*[^*]+\*\*")
_DIRECTIVES = (".. ", "[!", "<", "|", ":", "![")


class Blocks:
    """Cuts reStructuredText or Markdown into headings, paragraphs, list items and code."""

    def __init__(self, text: str) -> None:
        self._lines = text.expandtabs(4).splitlines()
        self._at = 0
        self._code_follows = False

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield kind (`heading`, `text`, `item`, `code`) and words of each block."""
        while self._at < len(self._lines):
            found = self._heading() or self._code() or self._skipped() or self._words()
            if found[1]:
                yield found

    def _heading(self) -> tuple[str, str] | None:
        line, start = self._lines[self._at], self._at
        words = line.strip()
        under = self._lines[start + 1].strip() if start + 1 < len(self._lines) else ""
        if words.startswith("#") and words.lstrip("#").startswith(" "):
            self._at += 1
            return "heading", plain(words.strip("# "))
        rule = _RULE.fullmatch(words) or line.startswith(" ")
        if words and not rule and _RULE.fullmatch(under):
            self._at += 2
            return "heading", plain(words)
        if _BOLD.fullmatch(words):
            self._at += 1
            return "heading", plain(words.strip("* "))
        return None

    def _code(self) -> tuple[str, str] | None:
        line = self._lines[self._at]
        if _FENCE.match(line):
            end = self._while(self._at + 1, lambda inner: not _FENCE.match(inner))
            lines, self._at = self._lines[self._at + 1 : end], end + 1
        elif self._code_follows and line.startswith("    "):
            end = self._while(self._at, lambda inner: inner.startswith("   ") or not inner.strip())
            lines, self._at = self._lines[self._at : end], end
        else:
            return None
        self._code_follows = False
        return "code", "\n".join(part.strip() for part in lines if part.strip())

    def _skipped(self) -> tuple[str, str] | None:
        words = self._lines[self._at].strip()
        if not words or _RULE.fullmatch(words):
            self._at += 1
            return "text", ""
        if words.startswith((".. code-block", ".. code::")):
            self._code_follows = True
        elif not words.startswith(_DIRECTIVES):
            return None
        self._at += 1
        return "text", words if words.startswith(".. version") else ""

    def _words(self) -> tuple[str, str]:
        start = self._at
        self._at = self._while(
            start + 1,
            lambda line: (
                bool(line.strip())
                and not _FENCE.match(line)
                and not _ITEM.match(line)
                and not _RULE.fullmatch(line.strip())
            ),
        )
        words = " ".join(part.strip() for part in self._lines[start : self._at])
        self._code_follows = words.endswith("::")
        kind = "item" if _ITEM.match(self._lines[start]) else "text"
        return kind, re.sub(r"\s*::$", ":", plain(words))

    def _while(self, start: int, holds: Callable[[str], bool]) -> int:
        """Return the place of the first line from `start` on of which something does not hold."""
        for at in range(start, len(self._lines)):
            if not holds(self._lines[at]):
                return at
        return len(self._lines)


def plain(words: str) -> str:
    """Leave out the marks of roles, literals and links."""
    words = re.sub(r":[\w:]+:`~?([^`<]*?)\s*(<[^`]*>)?`", r"`\1`", words)
    words = re.sub(r"`([^`<]+) <[^>]+>`__?", r"\1", words)
    words = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", words)
    return words.replace("``", "`").replace("**", "")


_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z`])")
_TASK = re.compile(
    r"^(?:(?:If you (?:want|wish|need) to|In order to|You can|To|For (?=\w+ing)) )(?P<task>.+?)"
    r"(?:, (?:use|run|do|type|call|you can|simply|just|execute|add|set|you)\b.*"
    r"|(?: (?:by|with|like this|as follows)\b.*)?:|, .*:)$"
)
_LIST_FOLLOWS = re.compile(r"(?: are| is)?(?: the following| as follows)?:$")
_TASK_HEADING = re.compile(r"(?:Example \d+: )?To (?P<task>[a-z].*)")
_MOST_BLOCKS, _MOST_UNITS, _MOST_WORDS = 14, 24, 9


class Guide:
    """Asks what a text in headings, paragraphs, lists and code asks by itself."""

    def __init__(self, maker: Maker, document: str, title: str) -> None:
        self._maker = maker
        self._document = document
        self._title = title

    def ask(self, text: str) -> None:
        """Ask all of a text, section by section."""
        section: list[tuple[str, str]] = []
        heading = ""
        for kind, words in Blocks(text):
            if kind == "heading":
                self._section(heading, section)
                heading, section = words, []
            else:
                section.append((kind, words))
        self._section(heading, section)

    def _section(self, heading: str, section: Sequence[tuple[str, str]]) -> None:
        if len(section) < 2 or not (heading or self._title):
            return
        for start in range(0, len(section), _MOST_BLOCKS):
            units, kinds = [], []
            for kind, words in section[start : start + _MOST_BLOCKS]:
                own = [words[:700]]
                if kind == "text":
                    own = _SENTENCE.split(words)
                elif kind == "code" and random.random() < 0.5:
                    own = words.splitlines()[:12]
                units += own
                kinds += [kind] * len(own)
            units, kinds = units[:_MOST_UNITS], kinds[:_MOST_UNITS]
            known = [heading] if random.random() < 0.5 else []
            place = self._maker.passage(self._document, context_of(self._title, known), units)
            self._lead_ins(units, kinds, place)
            if start == 0 and 0 < len(heading.split()) <= _MOST_WORDS:
                self._heading(heading, kinds, place)

    def _lead_ins(self, units: list[str], kinds: list[str], place: int) -> None:
        """Ask for the code or the list that a sentence leads in."""
        for at in range(1, len(units)):
            before = units[at - 1]
            if kinds[at] == "code" != kinds[at - 1] and (task := _TASK.match(before)):
                where = pick("", "", f" with {self._title}", f" in {self._title}")
                asks = asked_how(lowered(task["task"]) + where if self._title else task["task"])
                self._maker.ask(asks, place, [at], unsure=[at - 1])
            elif kinds[at] == "item" and kinds[at - 1] == "text" and before.endswith(":"):
                lead = _LIST_FOLLOWS.sub("", before)
                if 2 < len(lead.split()) < 14:
                    asks = pick(f"{lead}?", lowered(lead), f"list: {lowered(lead)}")
                    self._maker.ask(asks, place, run_of(kinds, at), unsure=[at - 1])

    def _heading(self, heading: str, kinds: list[str], place: int) -> None:
        """Ask for the section by its heading: for its command, or else for how it begins."""
        code = [at for at, kind in enumerate(kinds) if kind == "code"]
        if code and (task := _TASK_HEADING.match(heading)):
            gold, before = run_of(kinds, code[0]), list(range(code[0]))
            self._maker.ask(asked_how(task["task"]), place, gold, unsure=before)
        elif " " in heading:
            asks = heading
            if not heading.endswith("?"):
                about = f"What about {lowered(heading)}?"
                asks = pick(heading.lower(), about, f"{self._title} {heading}")
            next_too = [1] if kinds[1:2] == kinds[:1] else []
            self._maker.ask(asks, place, [0], unsure=next_too + code)


def run_of(kinds: Sequence[str], start: int) -> list[int]:
    """Return the places from `start` on that are of one kind."""
    end = start
    while end < len(kinds) and kinds[end] == kinds[start]:
        end += 1
    return list(range(start, end))


def awscli() -> Found:
    """Commands with their descriptions, and the output's keys with their values."""
    maker = Maker("structure_awscli")
    paths = [path for site in SITES for path in site.glob("awscli/examples/*/*.rst")]
    for path in random.sample(paths, min(len(paths), 2600)):
        command = f"{path.parent.name} {path.stem}"
        text = path.read_text(errors="replace")
        Guide(maker, str(path), pick(command, f"aws {command}")).ask(text)
        for block in re.findall(r"(?<=Output::\n\n)(?: {4}.*\n|\n)+", text)[:1]:
            lines = [line.strip() for line in block.splitlines() if re.search(r'": ["\d]', line)]
            units = [line.rstrip(",").replace('"', "").strip() for line in lines][:18]
            keys = [unit.split(":", 1)[0] for unit in units]
            if len(units) < 5 or len(set(keys)) < len(keys) or random.random() < 0.4:
                continue
            place = maker.passage(str(path), f"aws {command} › output", units)
            for at in random.sample(range(len(units)), 2):
                key, value = units[at].split(":", 1)
                words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key).lower()
                maker.ask(
                    pick(
                        f"What is the {words}?",
                        f"{words} of {command}",
                        f"which {words} is given",
                        f"{words}?",
                    ),
                    place,
                    [at],
                    value.strip(),
                )
    return maker.found()


def guides() -> Found:
    """CMake's help, npm's documentation, and descriptions of Python packages."""
    maker = Maker("structure_guides")
    paths = [*CMAKE.rglob("*.rst"), *NPM.rglob("*.md")]
    for path in random.sample(paths, min(len(paths), 1500)):
        text = path.read_text(errors="replace")
        text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
        name = path.stem.replace("-", " ") if path.suffix == ".md" else path.stem
        Guide(maker, str(path), name).ask(text)
        units = [
            u
            for kind, words in Blocks(text)
            if kind in ("text", "item")
            for u in _SENTENCE.split(words)
        ]
        units = [unit for unit in units if len(unit) < 500][:10]
        if path.suffix == ".rst" and len(units) > 2:
            place = maker.passage(str(path), path.stem, units)
            first = 1 if units[0].startswith(".. version") else 0
            maker.ask(
                pick(
                    f"What does {path.stem} do?",
                    f"what is {path.stem}",
                    f"{path.stem} meaning",
                    f"purpose of {path.stem}",
                ),
                place,
                [first],
            )
            if first and (version := re.search(r"\d+\.\d+(\.\d+)?", units[0])):
                maker.ask(
                    pick(
                        f"Since which version is there {path.stem}?",
                        f"When was {path.stem} added?",
                        f"{path.stem} minimum version",
                    ),
                    place,
                    [0],
                    version.group(),
                )
        if path.suffix == ".md":
            options(maker, str(path), name, text)
    for package in packages():
        if body := package.get_payload():
            Guide(maker, package["Name"], package["Name"]).ask(str(body)[:12000])
    return maker.found()


def options(maker: Maker, document: str, title: str, text: str) -> None:
    """Ask for default, type and meaning of npm's settings."""
    found = re.findall(
        r"^#### `([\w-]+)`\n\n((?:\* .*\n(?:  .*\n)*)+)\n((?:(?!#).*\n)+)", text, re.MULTILINE
    )
    for option, fields, meaning in found:
        facts = [
            plain(" ".join(f.split()))
            for f in re.split(r"^\* ", fields, flags=re.MULTILINE)
            if f.strip()
        ]
        said = [plain(part) for part in _SENTENCE.split(" ".join(meaning.split())) if part]
        if not said:
            continue
        units = [*(f for f in facts), *said][:12]
        if random.random() < 0.5:
            units.insert(0, f"--{option}")
        place = maker.passage(document, context_of(title, [option]), units)
        for at, unit in enumerate(units):
            key, _, value = unit.partition(": ")
            if unit in facts and value:
                words = option.replace("-", " ")
                maker.ask(
                    pick(
                        f"What is the {key.lower()} of {option}?",
                        f"{title} {option} {key.lower()}",
                        f"{key.lower()} {words}",
                    ),
                    place,
                    [at],
                    value,
                )
        at = units.index(said[0])
        maker.ask(
            pick(
                f"What does --{option} do?",
                f"what is {option} for",
                f"{title} {option}",
                f"meaning of the option {option}",
            ),
            place,
            [at],
        )


def botocore() -> Found:
    """Parameters of services with their descriptions."""
    maker = Maker("structure_parameters")
    for path, service in services(110):
        shapes = [s for s in service["shapes"].items() if 3 <= len(s[1].get("members", {})) <= 25]
        for name, shape in random.sample(shapes, min(len(shapes), 14)):
            units, names = [], []
            for member, about in shape["members"].items():
                text = " ".join(re.sub(r"<[^>]+>", " ", about.get("documentation", "")).split())
                own = _SENTENCE.split(re.sub(r" ([.,;:])", r"\1", text))[:3]
                if len(own[0]) > 15:
                    units.append(
                        pick(f"{member}: {own[0]}", f"--{dashed(member)}: {own[0]}")
                        if len(own) < 2 or random.random() < 0.7
                        else f"{member}: {' '.join(own)}"[:400]
                    )
                    names.append((member, own[0]))
            units, names = units[:9], names[:9]
            if len(units) < 3:
                continue
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
            place = maker.passage(
                path, context_of(service["metadata"].get("serviceAbbreviation", ""), [words]), units
            )
            for at in random.sample(range(len(units)), 2):
                member, about = names[at]
                described = re.sub(
                    r"^(The|A|An|Specifies|Indicates|Information about) (the |a |whether )?",
                    "",
                    about,
                ).split(". ")[0]
                described = " ".join(described.rstrip(".").split()[:12])
                if random.random() < 0.5:
                    maker.ask(
                        pick(
                            f"What is {member}?",
                            f"what does {dashed(member)} mean",
                            f"{words.lower()} {spaced(member)}",
                            spaced(member),
                        ),
                        place,
                        [at],
                    )
                else:
                    maker.ask(
                        pick(
                            f"Which option gives the {lowered(described)}?",
                            f"set the {lowered(described)}",
                            f"parameter for {lowered(described)}",
                        ),
                        place,
                        [at],
                    )
    return maker.found()


def services(most: int) -> Iterator[tuple[str, dict]]:
    """Read some service descriptions of botocore, with their paths."""
    paths = [path for site in SITES for path in site.glob("botocore/data/*/*/service-2.json*")]
    for path in random.sample(paths, min(len(paths), most)):
        text = path.read_bytes()
        yield str(path), json.loads(gzip.decompress(text) if path.suffix == ".gz" else text)


def dashed(name: str) -> str:
    """Write CamelCase with hyphens."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def spaced(name: str) -> str:
    """Write CamelCase with spaces."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def packages() -> list[email.message.Message]:
    """Read the metadata of installed Python packages, each once."""
    found = {}
    for site in SITES:
        for path in site.glob("*.dist-info/METADATA"):
            about = email.message_from_string(path.read_text(errors="replace"))
            if str(about["Name"]).lower() not in NOT_THESE:
                found[about["Name"]] = about
    return list(found.values())


PEOPLE_FIRST = ["Author", "Author-email", "Maintainer"]
KEYS = {
    "Author": ["author", "authors", "written by", "who wrote it", "who is the author"],
    "From": ["sender", "who sent it", "who wrote", "from whom"],
    "To": ["recipient", "to whom was it sent", "who got it"],
    "Cc": ["cc", "who was copied", "copied to"],
    "Date": ["date", "when", "when was it sent", "on what day"],
    "Subject": ["subject", "what is it about"],
    "Status": ["status", "what state is it in", "is it final"],
    "Created": ["created", "when was it created", "creation date"],
    "Updated": ["last updated", "when was it last changed", "updated"],
    "Version": ["version", "which version", "current version", "latest version"],
    "License": ["license", "licence", "under which license", "what license"],
    "Summary": ["summary", "what is it", "what does it do", "description"],
    "Requires-Python": ["required python version", "minimum python", "which python is needed"],
    "Home-page": ["homepage", "website", "url"],
    "Type": ["type", "kind", "what kind of document"],
    "Category": ["category", "which category"],
    "Requires": ["requires", "depends on", "prerequisites"],
    "Reviewers": ["reviewers", "who reviewed", "reviewed by"],
    "Attendees": ["attendees", "who attended", "who was there", "participants"],
    "Owner": ["owner", "who owns", "who is responsible"],
}
"""How people ask for the value of a key."""


def fields() -> Found:
    """Header fields: of packages, and of made-up proposals, mails and minutes with real names."""
    maker = Maker("structure_fields")
    known = packages()
    people = sorted(
        {
            re.sub(r"\s*<.*?>|\"", "", part).strip()
            for package in known
            for key in PEOPLE_FIRST
            for part in str(package[key] or "").split(",")
            if re.fullmatch(r"[\w .'-]{5,28}", re.sub(r"\s*<.*?>|\"", "", part).strip())
            and "@" not in re.sub(r"<.*?>", "", part)
            and " " in part.strip()
        }
    )
    subjects = [
        p["Summary"].rstrip(".")
        for p in known
        if p["Summary"] and 3 < len(p["Summary"].split()) < 10
    ]
    for package in known:
        facts = [
            (k, " ".join(str(v).split())[:120])
            for k, v in package.items()
            if k in KEYS and v != "UNKNOWN"
        ]
        facts += [
            (k.split(",")[0], v.strip())
            for k, _, v in (str(u).partition(", ") for u in package.get_all("Project-URL", []))
        ]
        if len(facts) > 3:
            body = [
                s
                for kind, w in Blocks(str(package.get_payload() or "")[:1500])
                if kind == "text"
                for s in _SENTENCE.split(w)
            ][:5]
            field_questions(maker, package["Name"], package["Name"], facts, body)
    for number in range(1500):
        subject = random.choice(subjects)
        facts = made_up(people)
        random.shuffle(facts)
        title = (
            subject
            if random.random() < 0.6
            else f"{pick('proposal', 'RFC', 'minutes', 'report', 'note')} {number}: {subject}"
        )
        body = random.sample(subjects, 3)
        field_questions(
            maker, subject, title, facts[: random.randint(3, 8)], [f"{b}." for b in body]
        )
    return maker.found()


def made_up(people: list[str]) -> list[tuple[str, str]]:
    """Make up the fields of a header."""

    def date() -> str:
        year, month, day = random.randint(1996, 2026), random.randint(1, 12), random.randint(1, 28)
        name = calendar.month_abbr[month]
        clock = f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:08 +0000"
        return pick(
            f"{year}-{month:02}-{day:02}",
            f"{day} {name} {year}",
            f"{day:02}-{name}-{year}",
            f"Tue, {day} {name} {year} {clock}",
        )

    def someone() -> str:
        name = random.choice(people)
        return pick(
            name,
            f"{name} <{name.split()[0].lower()}@example.org>",
            f"{name} (@{name.split()[-1].lower()})",
        )

    def several() -> str:
        return ", ".join(someone() for _ in range(random.randint(1, 4)))

    return [
        ("Author", several()),
        ("From", someone()),
        ("To", someone()),
        ("Cc", several()),
        ("Date", date()),
        (
            "Status",
            pick(
                "Draft",
                "Final",
                "Accepted",
                "Withdrawn",
                "Stagnant",
                "Review",
                "Living",
                "Open",
                "Closed",
            ),
        ),
        ("Created", date()),
        ("Updated", date()),
        ("Version", f"{random.randint(0, 9)}.{random.randint(0, 30)}.{random.randint(0, 9)}"),
        ("Type", pick("Standards Track", "Informational", "Process", "Report", "Policy", "Guide")),
        ("Category", pick("Core", "Interface", "Networking", "Meta", "Security", "Finance")),
        ("Requires", str(random.randint(1, 2000))),
        ("Reviewers", several()),
        ("Attendees", several()),
        ("Owner", someone()),
        ("License", pick("MIT", "CC0-1.0", "Apache-2.0", "BSD-3-Clause", "CC-BY-4.0")),
    ]


def field_questions(
    maker: Maker, document: str, title: str, facts: list[tuple[str, str]], body: list[str]
) -> None:
    """Ask for two of the fields of a header."""
    small = random.random() < 0.5
    units = [f"{key.lower() if small else key}: {value}" for key, value in facts]
    if random.random() < 0.3:
        units = [f":{unit.partition(': ')[0]}: {unit.partition(': ')[2]}" for unit in units]
    shown = random.random()
    context = title if shown < 0.6 else ""
    if shown >= 0.6:
        units.insert(0, pick(f"title: {title}", f"Subject: {title}", title))
    first = len(units) - len(facts)
    place = maker.passage(document, context, [*units, *body])
    for at in random.sample(range(len(facts)), min(2, len(facts))):
        key, value = facts[at]
        asks = random.choice(KEYS.get(key, [key.lower()]))
        text = pick(
            f"{asks} {title}",
            f"{asks}: {title}",
            f"What is the {key.lower()} of {title}?",
            f"{title} {asks}",
            f"{title}: {asks}?",
        )
        if asks.startswith(("who ", "when ", "what ")):
            text = re.sub(r"\bit\b", title, asks) + "?" if " it" in asks else f"{asks} {title}?"
        maker.ask(text, place, [first + at], value)


def tables() -> Found:
    """Rows with column names: real small tables, and made-up ones of numbers by year or name."""
    maker = Maker("structure_tables")
    known = [package for package in packages() if package["Summary"]]
    columns = ["Name", "Version", "Summary", "License", "Requires-Python"]
    made = [("Python packages", columns, [cells(package, columns) for package in known])]
    for path in sorted(RELEASES.glob("*.csv")):
        first, *rest = (line.split(",") for line in path.read_text().splitlines())
        made.append((f"{path.stem} releases", first, rest))
    for path in ZONES.glob("zone.tab"):
        rows = [line.split("\t") for line in path.read_text().splitlines() if line[0] != "#"]
        made.append(("time zones", ["Country code", "Coordinates", "Zone", "Comments"], rows))
    for _ in range(60):
        for title, columns, rows in made:
            ask_table(maker, title, columns, [row for row in rows if len(row) > 1])
    labels = measures()
    names = [p["Name"] for p in known]
    for _ in range(1200):
        ask_table(maker, *invented(labels, names))
    return maker.found()


def cells(package: email.message.Message, columns: Sequence[str]) -> list[str]:
    """Write what a package says of itself as a row; of a long value, the beginning."""
    return [str(package[name] or "").partition("\n")[0][:120] for name in columns]


def measures() -> list[str]:
    """Take names of measures from the keys of service descriptions, in words."""
    found = {
        spaced(member).capitalize()
        for _, service in services(60)
        for shape in service["shapes"].values()
        for member, about in shape.get("members", {}).items()
        if re.search("Integer|Long|Double|Float|Count|Size|Number", about["shape"])
    }
    money = [
        "Revenue",
        "Net income",
        "Total assets",
        "Cost of sales",
        "Gross profit",
        "Operating expenses",
        "Population",
        "Price",
        "Rate",
        "Index",
        "Area",
        "Share capital",
        "Headcount",
        "Rainfall",
        "Temperature",
        "Exports",
        "Imports",
        "Debt",
        "Inventory",
        "Dividends",
        "Interest expense",
        "Capital expenditure",
        "Cash and cash equivalents",
        "Receivables",
        "Tax",
    ]
    return sorted(name for name in found if len(name) < 40) + money * 12


def invented(labels: list[str], names: list[str]) -> tuple[str, list[str], list[list[str]]]:
    """Make up a table of numbers."""

    def number(size: int = random.choice([2, 10, 1000, 10**6])) -> str:
        value = random.random() * size
        return (
            pick(f"{value:,.1f}", f"{value:.3f}", f"{int(value * 10):,}", f"{value:.0f}")
            if size > 2
            else f"{value:.3f}"
        )

    start, count = random.randint(1950, 2018), random.randint(6, 24)
    years = [str(start + at) for at in range(count)]
    measures_ = (
        random.sample(sorted(set(labels)), 4)
        if random.random() < 0.3
        else list(dict.fromkeys(random.choices(labels, k=5)))
    )
    form = random.random()
    if form < 0.35:
        rows = [[year, *(number() for _ in measures_)] for year in years]
        return random.choice(labels), [pick("Year", "Date"), *measures_], rows
    if form < 0.7:
        own = years[: random.randint(2, 5)]
        rows = [
            [label, *(number() for _ in own)]
            for label in dict.fromkeys(random.choices(labels, k=14))
        ]
        return (
            pick("Consolidated statement", "Annual report", "Summary", "Key figures"),
            [pick("", "Item", "Measure"), *own],
            rows,
        )
    rows = [
        [name, *(number() for _ in measures_)]
        for name in random.sample(names, min(len(names), count))
    ]
    return random.choice(labels), [pick("Name", "Company", "Country", "Site"), *measures_], rows


def ask_table(maker: Maker, title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Ask for a cell of one row, or for the row of a value."""
    size = random.randint(5, 10)
    start = random.randrange(max(1, len(rows) - size))
    part = rows[start : start + size]
    units = [
        " | ".join(
            f"{name}: {cell}" if name else cell
            for name, cell in zip(columns, row, strict=False)
            if cell
        )
        for row in part
    ]
    place = maker.passage(f"{title}-{start}", title, units)
    at = random.randrange(len(part))
    key = (
        max(range(min(2, len(columns))), key=lambda c: len({row[c] for row in rows}))
        if columns[0] == "Country code"
        else 0
    )
    if columns[0] == "Country code":
        key = 2
    cells = [c for c in range(len(part[at])) if c != key and c < len(columns) and part[at][c]]
    if not cells:
        return
    column = random.choice(cells)
    label, value = part[at][key], part[at][column]
    name = columns[column]
    low = name if name.isdigit() else name.lower()
    if name.isdigit():
        maker.ask(
            pick(
                f"What was the {label.lower()} in {name}?",
                f"{label} {name}",
                f"{name} {label}",
                f"How high was the {label.lower()} in {name}?",
                f"What {label.lower()} was reported for {name}?",
            ),
            place,
            [at],
            value,
        )
    elif random.random() < 0.8:
        maker.ask(
            pick(
                f"What was the {low} in {label}?",
                f"{low} {label}",
                f"{label} {low}",
                f"What is the {low} of {label}?",
                f"How high was {low} for {label}?",
                f"{low} of {label} in {title}",
                f"{title} {label} {low}",
            ),
            place,
            [at],
            value,
        )
    elif sum(row[column] == value for row in part if column < len(row)) == 1:
        maker.ask(
            pick(
                f"Which {columns[key].lower() or 'item'} had a {low} of {value}?", f"{low} {value}"
            ),
            place,
            [at],
            label,
        )


SETS: dict[str, Callable[[], Found]] = {
    "structure_awscli": awscli,
    "structure_guides": guides,
    "structure_parameters": botocore,
    "structure_fields": fields,
    "structure_tables": tables,
}
