# ruff: noqa: SIM905 - dozens of quoted words would be harder to read
"""Makes pairs in which two things changed places, and as many in which only the wording changed.

    python training/entailment/exchanges.py DATA/training PREPARED.pickle MIXED.pickle

Of a sentence and the same sentence with two things exchanged, either can be the source, and either,
in other words, the claim. So neither the words of a pair nor how likely its claim sounds tells
whether it is true: only who does what to whom. MIXED holds these pairs and more of those that
people judged, as many true as untrue of each kind.
"""

from __future__ import annotations

import argparse
import pickle
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prepare import PASSAGES, Item, human, is_held_out, read_rows
from sentencex import segment
from variations import (
    CONTRADICTED,
    NOT_SUPPORTED,
    SUPPORTED,
    names_of,
    numerals,
    opposite,
    restricted,
    turned_by_negation,
    usable,
    without_aside,
    without_brackets,
)

SEED = 29
MOST = {"halves": 3000, "names": 7000, "names of people's claims": 7000, "things": 3500}
"""Pairs of a kind at most; the others are rarer."""
MOST_OF_A_KIND = 3000
CONTEXT = 0.25
"""Share of sources with a sentence beside the one that is exchanged, and with a title."""
SHARE_OF_TEXTS = 0.45
"""Share of passages that are read; more would only give more than the most of each kind."""
SHARE_OF_WORDS = 0.15
"""Share of sentences in which a word is turned into its opposite or denied; most have one."""
JOINED = 0.12
"""Share of claims to which another sentence of the source is joined."""
LONGEST = 420
"""Characters of the longest source of people's pairs in which names are exchanged."""
HUMAN_FOR_ONE = 1.3
"""Pairs that people judged, for each exchange."""
MOST_OF_SENTENCE, MOST_OF_HALF = 190, 110
"""Characters of the longest sentence, so that a step reads many pairs, and of the longest half."""
UNCHANGED = 0.25
"""Share kept of the pairs whose wording nothing could change."""
LEFT_OUT = ("RTE",)
"""Parts of the human sets without a stated licence."""
SHARES = {
    "snli_dev_test": 0.4, "conjnli": 0.4, "counterfactual_nli": 0.5, "breaking_nli": 0.5,
    "clcd": 0.3,
}  # fmt: skip
"""Share of a human set that is read; of the others all is."""

_NAME = r"[A-Z][\w’'-]+(?: (?:(?:of|de|the|von|van) )?[A-Z][\w’'-]+){0,4}"
_THING = r"(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Ii]ts|[Tt]heir) (?:[a-z-]+ ){0,2}[a-z-]+"
_NOUN = rf"(?:(?:[Tt]he )?{_NAME}|{_THING})(?: of (?:the )?(?:{_NAME}|[a-z]+))?"
_LEAD = r"(?P<lead>(?:In|On|At|During|After|By|From) [^,]{3,40}, )?"
_REST = r"(?P<rest>(?: (?:in|on|at|for|from|with|after|before|during|to|near|as|into) [^;]*)?)"

_IRREGULAR = dict(
    pair.split("/")
    for pair in """
beat/beaten won/won wrote/written built/built took/taken made/made held/held led/led
found/found sold/sold bought/bought sent/sent saw/seen drew/drawn chose/chosen knew/known
fought/fought caught/caught broke/broken drove/driven threw/thrown brought/brought
left/left lost/lost sang/sung struck/struck hit/hit overthrew/overthrown oversaw/overseen
kept/kept shot/shot heard/heard bore/borne forbade/forbidden withdrew/withdrawn
""".split()
)
_PAST = {participle: past for past, participle in _IRREGULAR.items()}
_REGULAR = r"[a-z]{2,}ed"
_NO_OBJECT = frozenset(
    "remained seemed appeared lasted stayed lived died happened arrived turned need belonged "
    "consisted differed existed proved wed married joined resembled met faced called named elected "
    "considered declared appointed dubbed granted awarded offered paid owed cost".split()
)
_ACTIVE = re.compile(
    rf"^{_LEAD}(?P<one>{_NOUN}) (?P<verb>{_REGULAR}|{'|'.join(_IRREGULAR)}) "
    rf"(?P<other>{_NOUN}){_REST}\.$"
)
_PASSIVE = re.compile(
    rf"^{_LEAD}(?P<one>{_NOUN}) (?:was|were) (?P<verb>{_REGULAR}|{'|'.join(_PAST)}) by "
    rf"(?P<other>{_NOUN}){_REST}\.$"
)
_PLACE = re.compile(
    r"\b(?:end|time|river|sea|lake|road|side|age|way|middle|mid|late|early|use|means|hand|fact|"
    r"century|year|decade|\d+s?)\b"
)
"""What follows `by` and does nothing: by the river, by the end."""

_VERB = re.compile(
    rf"\b(?:is|are|was|were|has|have|had|will|would|can|could|may|must|does|did|became|began|"
    rf"{_REGULAR}|{'|'.join(_IRREGULAR)})\b"
)
_JOINT = re.compile(r"(?:, | )(?:while|but|whereas|and) |; ")
_SUBJECT = re.compile(rf"^(?P<subject>{_NOUN}) (?P<rest>(?:{_VERB.pattern}) .+)$")
_SYMMETRIC = re.compile(
    r"\b(?:with|versus|vs|between|against|marri\w+|wed\w*|wife|husband|met|meets?|divorced|friends?"
    r"|cousins?|siblings?|brothers?|sisters?|twins?|couple|both|together|respectively|border\w*"
    r"|adjacent|near|beside|next|equal\w*|same|similar\w*|resembl\w+|rivals?|opposite|join\w*|tied"
    r"|drew|merge\w*|link\w*|connect\w*|relat\w+|associat\w+|alongside|dat(?:ed|ing)|also|known"
    r"|called|named|or|either|neither|compared|like|unlike|different|differ\w*|co-\w+|costar\w*"
    r"|partner\w*|km|kilomet\w+|miles?|away|distance|bridge|road|railway|line|is (?:an?|the)"
    r"|was (?:an?|the)|are|were the)\b",
)
"""Words about which either can come first, or that make one thing of two."""
_LISTED = re.compile(r"(?:[A-Z][\w’'-]*|,|and|or|&|of|the|\s|\(|\)|/|[-–])*")
_JOINS = re.compile(r",|\b(?:and|or|as well as)\b")
_PARTS = re.compile(
    rf"{_VERB.pattern}|\b(?:in|on|at|by|from|for|to|of|during|after|before|than)\b|;"
)
"""A list holds none of these, so that its items can change places."""
_MONTH = (
    "January February March April May June July August September October November December".split()
)
_TIMES = {*_MONTH, *"Monday Tuesday Wednesday Thursday Friday Saturday Sunday Day".split()}
_DATE = re.compile(
    rf"\b(?:\d{{1,2}} (?:{'|'.join(_MONTH)})(?: \d{{4}})?|(?:{'|'.join(_MONTH)}) \d{{1,2}}, \d{{4}}"
    rf"|(?:{'|'.join(_MONTH)}) \d{{4}})\b"
)
_NUMBER = re.compile(r"(?<![\w.,–-])\d[\d,]*(?:\.\d+)?(?![\w–-])(?!\.\d)(?!,\d)")
_YEAR = re.compile(r"(?:1\d|20)\d\d")
_RANGE = re.compile(r",? (?:and|or|to|by|until|through|&) |[-–/,: ]+(?:and )?|\W*")
_FALL = re.compile(r"\b(?:rose|fell|increas|decreas|grew|drop|chang|reduc|expand|declin|went)")
_NOUN_ALONE = re.compile(
    r"\b(?:[Tt]he|[Aa]n?|[Ii]ts|[Tt]heir|[Hh]is|[Hh]er) (?P<noun>[a-z]{3,})\b"
    r"(?= (?:in|on|at|by|to|for|from|with|that|who|which|and|after|before|"
    rf"{_VERB.pattern})\b|[,.;])"
)
_OF_TWO = re.compile(r"\b(?P<det>[Tt]he) (?P<noun>[a-z]+) of "
                     rf"(?P<name>(?!{'|'.join(_MONTH)})[A-Z][a-z]+)\b(?! [A-Z])")  # fmt: skip
_TWO_OF = re.compile(
    r"\b(?P<name>[A-Z][a-z]+)['’]s (?P<noun>[a-z]{4,})\b(?= (?:was|is|in|had|has))"
)
_AT_END = re.compile(
    rf"^(?P<rest>.{{20,}}?) (?P<when>(?:in|on|since|during) (?:(?:{'|'.join(_MONTH)}|the|early|late"
    rf"|\d{{1,2}}) ){{0,3}}\d{{4}}s?)\.$"
)
_AT_START = re.compile(
    r"^(?P<when>(?:In|On|Since|During|At|By) [^,]{3,40}), (?P<rest>[^;]{20,})\.$"
)
_SECOND_VERB = re.compile(r"\b(?:that|who|which|whose|where|when|while|after|before|because|and|but"
                          r"|until|if|to)\b|,")  # fmt: skip
_SHARED = re.compile(
    rf"^(?P<subject>{_NOUN}) (?P<first>(?P<be>was|were|is|are)? ?(?:{_REGULAR}) [^,;]{{6,}}),? and "
    rf"(?P<second>(?:{_REGULAR}) [^;]{{8,}})\.$"
)
_FUNCTION = frozenset(
    "The A An In On At By It He She They This That These Those His Her Its Their There When While "
    "After Before During Since From For With As If But And Although However Some Many Most All No "
    "Not One Two Three Both Each Other Another Such Like According Because Under Over "
    "We You I Who What Which Where Our My Your".split()
)


_ROUGH = frozenset("about approximately around nearly almost mainly mostly usually often".split())


@dataclass(frozen=True, slots=True)
class Exchange:
    """A text, and what it becomes by one exchange; `label` is that of either beside the other."""

    part: str
    text: str
    changed: str
    label: str = NOT_SUPPORTED
    one_way: bool = False
    """The original may follow from the changed text, so that this is never the source."""


def main() -> None:
    """Write exchanges and human pairs, those for training and the held-out ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("mixed", type=Path)
    arguments = parser.parse_args()
    rng = random.Random(SEED)
    made = {name: capped(items, rng) for name, items in exchanged(arguments.data, rng).items()}
    with arguments.prepared.open("rb") as file:
        people = pickle.load(file)  # noqa: S301 - our own file
    kept = [
        item
        for item in people["train"]
        if item.source != "made" and item.part not in LEFT_OUT
        if rng.random() < SHARES.get(item.source, 1)
    ]
    kept = balanced(kept, rng, lambda item: item.source)
    kept = rng.sample(kept, min(len(kept), int(HUMAN_FOR_ONE * len(made["train"]))))
    held = [item for item in people["held_out"] if item.part not in LEFT_OUT]
    train = [*kept, *made["train"]]
    with arguments.mixed.open("wb") as file:
        pickle.dump({"train": train, "held_out": [*held, *made["held_out"]], "shares": {}}, file)
    for name, items in (("human", kept), *made.items()):
        print(name, len(items))
        for key, count in sorted(Counter((i.source, i.part, i.label) for i in items).items()):
            if name != "human":
                print("  ", *key, count)


def exchanged(data: Path, rng: random.Random) -> dict[str, list[Item]]:
    """Make pairs of all sentences, apart those of texts that are held out."""
    found: dict[str, list[Item]] = {"train": [], "held_out": []}
    alike: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for title, text in texts(data, rng):
        where = "held_out" if is_held_out(text) else "train"
        sentences = [one.strip() for one in segment("en", text)]
        good = [one for one in sentences if usable(one) and len(one) < MOST_OF_SENTENCE]
        known = set(names_of(text)) | {title}
        for sentence in rng.sample(good, min(4, len(good))):
            others = [one for one in good if one != sentence]
            found[where] += of_sentence(title, sentence, others, known, rng)
            parts = _SUBJECT.match(sentence[:-1])
            if parts and parts["subject"].split()[0] not in _FUNCTION - {"The", "A", "An"}:
                start = " ".join(parts["rest"].split()[:2])
                alike[where, start].append((title, parts["subject"], parts["rest"]))
    for (where, _), rows in alike.items():
        found[where] += halves(rows, rng)
    for item in human(data / "entailment"):
        if item.label == SUPPORTED and item.source in ("fever_dev", "tenp", "fool_me_twice",
                                                       "begin_wow", "fever_symmetric"):  # fmt: skip
            where = "held_out" if is_held_out(item.premise) else "train"
            found[where] += of_people(item, rng)
    return found


def texts(data: Path, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Read titles and texts: the passages that made pairs come from, and premises of `tenp`."""
    for name in [*PASSAGES, "qamr"]:
        for row in read_rows(data / "reading" / f"{name}.passages.jsonl.gz"):
            if rng.random() < SHARE_OF_TEXTS:
                yield row["title"], row["text"]
    seen = {
        row["premise"]
        for name in ("tenp", "fever_dev")
        for row in read_rows(data / "entailment" / f"{name}.jsonl.gz")
        if not row.get("title")
    }
    for premise in rng.sample(sorted(seen), len(seen) // 2):
        yield "", premise


def of_sentence(
    title: str, sentence: str, others: Sequence[str], known: set[str], rng: random.Random
) -> Iterator[Item]:
    """Make two pairs of each exchange, a true and an untrue one, of one source."""
    for exchange in exchanges(sentence, known, rng):
        both = (exchange.text, exchange.changed)
        given = 0 if exchange.one_way else rng.randrange(2)
        beside = rng.choice(others) if others and rng.random() < CONTEXT else ""
        source = [both[given], beside] if rng.random() < 0.5 else [beside, both[given]]
        if title and rng.random() < CONTEXT:
            source.insert(0, title)
        premise = " ".join(part for part in source if part)
        claims = reworded(both, rng)
        if claims == both and rng.random() > UNCHANGED:
            continue
        for said, claim in enumerate(claims):
            if beside and rng.random() < JOINED:
                claim = f"{claim} {beside}"  # noqa: PLW2901
            label = SUPPORTED if said == given else exchange.label
            yield Item(
                premise, claim, label, "exchange", exchange.part,
                binary=label == NOT_SUPPORTED,
            )  # fmt: skip


def exchanges(sentence: str, known: set[str], rng: random.Random) -> Iterator[Exchange]:
    """List what can be exchanged in a sentence, one of each kind."""
    if turned := roles(sentence):
        yield Exchange("roles", sentence, turned)
    for part, spans in (
        ("names", name_spans(sentence, known)),
        ("numbers", number_spans(sentence)),
        ("dates", [match.span() for match in _DATE.finditer(sentence)]),
        ("things", [match.span("noun") for match in _NOUN_ALONE.finditer(sentence)]),
    ):
        pairs = [
            (one, other)
            for at, one in enumerate(spans)
            for other in spans[at + 1 :]
            if can_change(sentence, one, other, part)
        ]
        if pairs:
            yield Exchange(part, sentence, swapped(sentence, *rng.choice(pairs)))
    if rng.random() > SHARE_OF_WORDS:
        return
    for text in opposite(sentence, rng):
        yield Exchange("direction", sentence, text, CONTRADICTED)
    for text in turned_by_negation(sentence):
        yield Exchange("negation", sentence, text, CONTRADICTED)
    for text in restricted(sentence, rng):
        if _ROUGH & (set(sentence.split()) - set(text.split())):
            continue  # people leave these words out where they say the same
        yield Exchange("restriction", sentence, text, one_way=True)


def can_change(text: str, one: tuple[int, int], other: tuple[int, int], part: str) -> bool:
    """Say whether a text says something else once two of its parts change places."""
    mine, theirs = text[slice(*one)], text[slice(*other)]
    between = text[one[1] : other[0]]
    if mine == theirs or set(mine.split()) & set(theirs.split()):
        return False
    if part in ("numbers", "dates"):
        if _RANGE.fullmatch(between):
            from_to = text[: one[0]].endswith("from ") and between == " to "
            return from_to and bool(_FALL.search(text))
        return not re.search(r"respectively|=", text) and bool(_YEAR.fullmatch(mine)) == bool(
            _YEAR.fullmatch(theirs)
        )
    if _JOINS.search(between) and not _PARTS.search(between):
        return False
    around = text[max(0, one[0] - 60) : other[1] + 25]
    bracketed = "(" in between and ")" not in between
    return not (
        bracketed or between == " to " or _LISTED.fullmatch(between) or _SYMMETRIC.search(around)
    )


def name_spans(text: str, known: set[str]) -> list[tuple[int, int]]:
    """List where names stand; the first words of a sentence count if they are known elsewhere."""
    found = []
    for match in re.finditer(rf"(?<![\w“\"'])(?:{_NAME})(?![\w’'])", text):
        start, name = match.start(), match[0].removesuffix("'s").removesuffix("’s")
        words = name.split()
        starts = start == 0 or text[start - 2 : start] in (". ", ": ", "? ")
        if starts and words[0] in _FUNCTION:
            start += len(words[0]) + 1
            words = words[1:]
            starts = False
        name = " ".join(words)
        if not words or words[0] in _FUNCTION or set(words) & _TIMES:
            continue
        if starts and len(words) == 1 and not any(name in other.split() for other in known):
            continue
        after = text[start + len(name) : start + len(name) + 2]
        if re.match(r" \d|\.\w", after):
            continue
        describes = re.search(r"(?:ish|ese|[aeiou]n|ch|ic)$", words[-1])
        if not (describes and re.match(r" [a-z]", after)):
            found.append((start, start + len(name)))
    return found


def number_spans(text: str) -> list[tuple[int, int]]:
    """List where numbers stand that are no part of a date."""
    dates = [match.span() for match in _DATE.finditer(text)]
    return [
        match.span()
        for match in _NUMBER.finditer(text)
        if not any(start <= match.start() < end for start, end in dates)
    ]


def swapped(text: str, one: tuple[int, int], other: tuple[int, int]) -> str:
    """Let two parts of a text change places."""
    return (
        text[: one[0]] + text[slice(*other)] + text[one[1] : other[0]] + text[slice(*one)]
        + text[other[1] :]
    )  # fmt: skip


def roles(sentence: str) -> str:
    """Let the doer and the object of a simple sentence change places."""
    match = _simple(_ACTIVE, sentence) or _simple(_PASSIVE, sentence)
    if not match or _SYMMETRIC.search(match[0]):
        return ""
    one, other = match["one"], match["other"]
    first = not match["lead"]
    text = swapped(sentence, match.span("one"), match.span("other"))
    text = text.replace(other, _upper(other) if first else _lower(other), 1)
    at = text.rindex(one)
    return text[:at] + _lower(one) + text[at + len(one) :]


def _simple(pattern: re.Pattern[str], sentence: str) -> re.Match[str] | None:
    match = pattern.match(sentence)
    if not match or match["verb"] in _NO_OBJECT or _PLACE.search(match["other"]):
        return None
    one, other = match["one"].split(), match["other"].split()
    if one[0] in _FUNCTION - {"The", "A", "An", "His", "Her", "Its", "Their"}:
        return None
    if re.search(r" (?:and|but|who|which) ", match["rest"]):
        return None
    return None if set(map(str.lower, one[1:])) & set(map(str.lower, other)) else match


def halves(rows: list[tuple[str, str, str]], rng: random.Random) -> Iterator[Item]:
    """Join the subject of one sentence with what another says, both from texts of their own."""
    rng.shuffle(rows)
    for (title, one, rest), (beside, other, said) in zip(rows[::2], rows[1::2], strict=False):
        shared = set(one.split()) & set(other.split()) - {"The", "A", "An"}
        if (title and title == beside) or shared or rest == said:
            continue
        if max(len(rest), len(said)) > MOST_OF_HALF:
            continue
        texts = [f"{one} {rest}.", f"{other} {said}."]
        for subject, right, wrong in ((one, rest, said), (other, said, rest)):
            order = rng.sample(texts, 2)
            if re.search(r"\b(?:his|her|its|their|he|she|it|they)\b", f"{right} {wrong}"):
                break
            for claim, label in ((right, SUPPORTED), (wrong, NOT_SUPPORTED)):
                yield Item(
                    " ".join(order), f"{subject} {claim}.", label, "exchange", "halves",
                    binary=label == NOT_SUPPORTED,
                )  # fmt: skip


def of_people(item: Item, rng: random.Random) -> Iterator[Item]:
    """Let two names of a true claim change places, in the claim, in its source, or in both."""
    if len(item.premise) > LONGEST:
        return
    spans = name_spans(item.claim, {item.premise})
    pairs = [
        (one, other)
        for at, one in enumerate(spans)
        for other in spans[at + 1 :]
        if can_change(item.claim, one, other, "names")
        if apart(item.premise, item.claim[slice(*one)], item.claim[slice(*other)])
    ]
    if not pairs:
        return
    one, other = rng.choice(pairs)
    claims = (item.claim, swapped(item.claim, one, other))
    first, second = item.claim[slice(*one)], item.claim[slice(*other)]
    names = {first: second, second: first}
    given = rng.randrange(2)
    premise = item.premise
    if given:
        pattern = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        premise = re.sub(rf"\b(?:{pattern})\b", lambda found: names[found[0]], premise)
    for said, claim in enumerate(claims):
        label = SUPPORTED if said == given else NOT_SUPPORTED
        yield Item(
            premise, claim, label, "exchange", "names of people's claims",
            binary=label == NOT_SUPPORTED,
        )  # fmt: skip


def apart(premise: str, one: str, other: str) -> bool:
    """Say whether a source names both, and not as two items of a list."""
    first, second = sorted((premise.find(one), premise.find(other)))
    if first < 0:
        return False
    start = first + len(one if premise.find(one) == first else other)
    between = premise[start:second]
    joined = _JOINS.search(between) and not _PARTS.search(between)
    return not joined and not _LISTED.fullmatch(between)


def reworded(texts: tuple[str, str], rng: random.Random) -> tuple[str, str]:
    """Say both texts in other words, in the same way, so that they still differ."""
    for _ in range(2):
        for way in rng.sample(WAYS, len(WAYS)):
            if way is half and rng.random() < 0.5:
                continue
            found = (way(texts[0]), way(texts[1]))
            both = found[0] != texts[0] and found[1] != texts[1]
            if both and found[0] != found[1] and min(map(len, found)) > 25:
                texts = found
                break
        if rng.random() < 0.6:
            break
    return texts


def voice(text: str) -> str:
    """Turn active into passive, or passive into active."""
    if match := _simple(_ACTIVE, text):
        verb = _IRREGULAR.get(match["verb"], match["verb"])
        head = match["other"].split(" of ")[0]
        several = re.search(r"[^sui]s$", head) and not re.match(r"[A-Z]", head.split()[-1])
        said = f"{'were' if several else 'was'} {verb} by {_lower(match['one'])}"
        one = match["other"]
    elif match := _simple(_PASSIVE, text):
        said = f"{_PAST.get(match['verb'], match['verb'])} {_lower(match['one'])}"
        one = match["other"]
    else:
        return text
    lead = match["lead"] or ""
    return f"{lead}{_lower(one) if lead else _upper(one)} {said}{match['rest']}."


def front(text: str) -> str:
    """Move a time from the end to the beginning."""
    match = _AT_END.match(text)
    if not match or _SECOND_VERB.search(match["rest"]):
        return text
    return f"{_upper(match['when'])}, {_lower(match['rest'])}."


def back(text: str) -> str:
    """Move a time or place from the beginning to the end."""
    match = _AT_START.match(text)
    if not match or _SECOND_VERB.search(match["rest"]):
        return text
    return f"{_upper(match['rest'])} {_lower(match['when'], always=True)}."


def half(text: str) -> str:
    """Keep one of two statements that a word joins."""
    for joint in _JOINT.finditer(text):
        one, two = text[: joint.start()], text[joint.end() : -1]
        starts = re.match(rf"(?:{_NOUN}) (?:{_VERB.pattern}) ", two)
        if starts and _VERB.search(one) and not re.search(r"\b(?:if|that|both)\b", one):
            return f"{one}." if len(one) % 2 else f"{_upper(two)}."
    return text


def shared(text: str) -> str:
    """Keep the second of two statements on one subject."""
    match = _SHARED.match(text)
    if not match:
        return text
    be = f"{match['be']} " if match["be"] else ""
    return f"{match['subject']} {be}{match['second']}."


def owner(text: str) -> str:
    """Write "the capital of France" for "France's capital", and the other way round."""
    if match := _OF_TWO.search(text):
        new = f"{match['name']}'s {match['noun']}"
    elif match := _TWO_OF.search(text):
        new = f"the {match['noun']} of {match['name']}"
    else:
        return text
    new = _upper(new) if match.start() == 0 else new
    return text[: match.start()] + new + text[match.end() :]


def aside(text: str) -> str:
    """Leave out what stands between the only two commas."""
    return without_aside(text) if text.count(",") == 2 and '"' not in text else text


WAYS: list[Callable[[str], str]] = [
    voice, front, back, half, shared, owner, aside, without_brackets, numerals
]  # fmt: skip
"""What changes the wording of a sentence, or shortens it, and leaves it true."""


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _lower(text: str, *, always: bool = False) -> str:
    first = text.split(maxsplit=1)[0]
    return text[0].lower() + text[1:] if always or first in _FUNCTION else text


def capped(items: Sequence[Item], rng: random.Random) -> list[Item]:
    """Keep no more than a number of each kind, as many true as untrue."""
    kinds = defaultdict(list)
    for item in balanced(items, rng, lambda item: item.part):
        kinds[item.part, item.label == SUPPORTED].append(item)
    return [
        item
        for (part, _), group in kinds.items()
        for item in rng.sample(group, min(len(group), MOST.get(part, MOST_OF_A_KIND) // 2))
    ]


def balanced(items: Sequence[Item], rng: random.Random, kind: Callable[[Item], str]) -> list[Item]:
    """Leave out true or untrue pairs until each kind has as many of both."""
    kinds: dict[str, tuple[list[Item], list[Item]]] = defaultdict(lambda: ([], []))
    for item in dict.fromkeys(items):
        kinds[kind(item)][item.label == SUPPORTED].append(item)
    return [
        item
        for untrue, true in kinds.values()
        for group in (untrue, true)
        for item in rng.sample(group, min(len(group), len(untrue), len(true)))
    ]


if __name__ == "__main__":
    main()
