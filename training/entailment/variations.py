# ruff: noqa: SIM905 - hundreds of quoted words would be harder to read
"""Makes pairs of a source and a claim from sentences of real documents.

A true claim says less than its sentence, or says it in another order. An untrue one exchanges one
thing: a number, a unit, a month, a name, a direction, a negation, a restriction, or the half of
another sentence. What is exchanged is known, so the label is known. The words of a sentence come
from a document that somebody else wrote; only the exchange is made here.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

SUPPORTED, NOT_SUPPORTED, CONTRADICTED = "supported", "not_supported", "contradicted"

_OPPOSITES = """
increase/decrease increased/decreased increasing/decreasing increases/decreases rise/fall
rose/fell rises/falls higher/lower highest/lowest high/low larger/smaller largest/smallest
large/small greater/lesser more/less more/fewer most/least before/after earlier/later over/under
above/below first/last best/worst better/worse won/lost win/lose wins/loses victory/defeat
success/failure successful/unsuccessful import/export imports/exports imported/exported
profit/loss accepted/rejected accept/reject approved/rejected adopted/rejected allow/forbid
allows/forbids allowed/forbidden permitted/prohibited legal/illegal supported/opposed
support/oppose supports/opposes began/ended begin/end begins/ends start/end started/ended
opened/closed opens/closes open/closed northern/southern north/south east/west eastern/western
include/exclude included/excluded includes/excludes including/excluding left/right
positive/negative public/private domestic/foreign father/mother son/daughter husband/wife
brother/sister male/female hot/cold warm/cool fast/slow faster/slower true/false older/younger
oldest/youngest old/new heavy/light rich/poor safe/dangerous strong/weak stronger/weaker
thick/thin wide/narrow deep/shallow hard/soft full/empty wet/dry morning/evening day/night
bright/dark tall/short longer/shorter long/short upper/lower top/bottom inside/outside
internal/external major/minor senior/junior present/absent loud/quiet guilty/innocent peace/war
cheap/expensive clean/dirty healthy/sick alive/dead born/died love/hate ally/enemy
easy/difficult appeared/disappeared attacked/defended arrived/departed enter/leave
praised/criticised remember/forget front/rear early/late built/destroyed constructed/demolished
arrested/released added/removed add/remove hired/dismissed encouraged/discouraged urban/rural
natural/artificial temporary/permanent common/rare simple/complex survived/died married/divorced
united/divided confirmed/denied admitted/denied buyer/seller teacher/student doctor/patient
winner/loser minimum/maximum always/never everyone/nobody all/none frequently/rarely
often/seldom majority/minority ancient/modern ascending/descending strengthened/weakened
expanded/reduced gained/lost gain/lose
""".split()

_TURNED: dict[str, list[str]] = {}
for _pair in _OPPOSITES:
    _one, _other = _pair.split("/")
    _TURNED.setdefault(_one, []).append(_other)
    _TURNED.setdefault(_other, []).append(_one)

_UNITS = [
    "km kilometres kilometers miles metres meters feet yards inches centimetres".split(),
    ["kilograms", "kg", "grams", "tonnes", "tons", "pounds", "ounces"],
    ["seconds", "minutes", "hours", "days", "weeks", "months", "years", "decades", "centuries"],
    ["million", "billion", "thousand", "hundred"],
    ["second", "minute", "hour", "day", "week", "month", "year", "decade", "century"],
    ["dollars", "euros", "pounds", "yen"],
    ["Celsius", "Fahrenheit"],
    ["litres", "gallons", "barrels"],
    ["hectares", "acres"],
]
_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_SMALL = "two three four five six seven eight nine ten eleven twelve twenty thirty fifty".split()
_SMALL_VALUES = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20, 30, 50]
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()

_NAME = re.compile(
    r"(?<![.!?]\s)(?<!^)(?<![\w“\"'])[A-Z][a-z]{2,}(?:(?: of| de| the)? [A-Z][a-z]+){0,3}(?![\w'’])"
)
_PHRASE = re.compile(r"\b(?:[Tt]he|[Aa]n?|its|their|his|her) (?P<noun>[a-z]{3,})\b(?= (?!of\b))")
_NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?![\w-])(?!\.\d)")
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|will|would|should|must|may|might|has|have|had|does|did)\b"
    r"(?! not\b)(?!n't)"
)
_DENIAL = re.compile(r"\b(is|are|was|were|can|could|will|would|should|must|may|had|has|have) not\b")
_HEDGE = re.compile(
    r"\b(?:may|might|could) (?=[a-z])|\b(?:probably|possibly|perhaps|reportedly|allegedly|nearly|"
    r"almost|about|approximately|around|mainly|mostly|usually|often|sometimes|partly|some of|"
    r"up to|at least|at most|only) ",
)
_LEADING = re.compile(
    r"^((?:In|On|At|During|After|Before|Since|By|From|Under|With|For) [^,]{3,50}), "
)
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_ASIDE = re.compile(r", (?:an?|the|who|which|where|whose) [^,]{4,80},(?= )")
_TAIL = re.compile(
    r",? (?:which|who|where|whose|while|although|because|since|when|after|before|and|but|so that)"
    r" [^,]{8,}$"
)
_CONDITION = re.compile(
    r",? (?:if|unless|except|provided that|as long as|in the case of|when|until|without) [^,]{4,}$"
    r"|^(?:If|Unless|Except|When|Until|Without) [^,]{4,60}, "
)
_COORDINATED = re.compile(r"(?:, | )(?:and|but|while|whereas) ")
_SHORTEST, _LONGEST = 30, 320


@dataclass(frozen=True, slots=True)
class Variation:
    """A claim made from a sentence; `binary` where neutral and contradicted are not told apart."""

    claim: str
    label: str
    part: str
    binary: bool = False


Make = Callable[[str, Sequence[str], random.Random], Iterator[Variation]]


def true_claims(sentence: str, rng: random.Random) -> list[Variation]:
    """List claims that the sentence holds: it says less, or the same in another order."""
    found = []
    bare = without_brackets(sentence)
    if bare != sentence:
        found.append(bare)
    if "," in bare and (shorter := without_aside(bare)) != bare:
        found.append(shorter)
    for base in [bare, *found[-1:]]:
        if match := _LEADING.search(base):
            rest = base[match.end() :]
            rest = rest[0].upper() + rest[1:]
            found.append(rest if rng.random() < 0.5 else _moved(rest, match[1]))
        tail = _TAIL.search(base.rstrip("."))
        if tail and tail.start() > _SHORTEST and not _limits(tail[0]):
            found.append(base[: tail.start()] + ".")
    found.append(numerals(bare))
    return [
        Variation(claim, SUPPORTED, "shortened")
        for claim in dict.fromkeys(found)
        if claim != sentence and len(claim) >= _SHORTEST
    ]


def untrue_claims(
    claim: str, others: Sequence[str], names: Sequence[str], rng: random.Random
) -> list[Variation]:
    """List what a true claim becomes by one exchange; `others` and `names` stand near it."""
    found: list[Variation] = []
    found += _numbers(claim, rng)
    found += _words(claim, rng)
    found += _names(claim, names, rng)
    found += _phrases(claim, rng)
    found += _negations(claim)
    found += _restrictions(claim, rng)
    found += _halves(claim, others, rng)
    return [item for item in found if item.claim != claim]


def _limits(tail: str) -> bool:
    """Say whether a clause limits what stands before it, so that it cannot go."""
    return bool(re.match(r",? (?:when|while|before|after|because|so that|where)\b", tail))


def _moved(rest: str, place: str) -> str:
    lead = place[0].lower() + place[1:]
    return f"{rest.rstrip('.')} {lead}."


def numerals(text: str) -> str:
    """Write a number in figures instead of words, or a million in full."""
    for word, value in zip(_SMALL, _SMALL_VALUES, strict=True):
        if f" {word} " in text:
            return text.replace(f" {word} ", f" {value} ", 1)
    return re.sub(r"\b(\d+) million\b", lambda m: f"{int(m[1]) * 1_000_000:,}", text, count=1)


def _numbers(claim: str, rng: random.Random) -> Iterator[Variation]:
    places = list(_NUMBER.finditer(claim))
    if places:
        match = rng.choice(places)
        yield _swap(claim, match.span(), _other_number(match[0], rng), "number")
    if len(places) > 1:
        one, other = sorted(rng.sample(places, 2), key=lambda match: match.start())
        if one[0] != other[0]:
            text = (
                claim[: one.start()] + other[0] + claim[one.end() : other.start()] + one[0]
                + claim[other.end() :]
            )  # fmt: skip
            yield Variation(text, NOT_SUPPORTED, "numbers exchanged", binary=True)
    for group in (_SMALL, _ORDINALS, _MONTHS, _DAYS, *_UNITS):
        words = [word for word in group if re.search(rf"(?<![\w-]){word}(?![\w-])", claim)]
        if words and not (group is _MONTHS and words == ["May"] and "May " not in claim[1:]):
            word = rng.choice(words)
            match = re.search(rf"(?<![\w-]){word}(?![\w-])", claim)
            if match and not (group is _ORDINALS and rng.random() < 0.5):
                new = rng.choice([other for other in group if other != word])
                yield _swap(claim, match.span(), new, "value")


def _other_number(text: str, rng: random.Random) -> str:
    digits = [at for at, mark in enumerate(text) if mark.isdigit()]
    for _ in range(8):
        marks = list(text)
        if len(digits) > 1 and rng.random() < 0.5:
            one, other = rng.sample(digits, 2)
            marks[one], marks[other] = marks[other], marks[one]
        else:
            marks[rng.choice(digits)] = str(rng.randrange(1, 10))
        if "".join(marks) != text and marks[0] != "0":
            return "".join(marks)
    return f"1{text}"


def _words(claim: str, rng: random.Random) -> Iterator[Variation]:
    found = [
        (match.span(), new)
        for match in re.finditer(r"(?<![\w-])\w+(?![\w-])", claim)
        for new in _TURNED.get(match[0], ())
    ]
    for span, new in rng.sample(found, min(2, len(found))):
        yield _swap(claim, span, new, "direction")


def _names(claim: str, names: Sequence[str], rng: random.Random) -> Iterator[Variation]:
    places = list(_NAME.finditer(claim))
    if not places:
        return
    match = rng.choice(places)
    if new := [name for name in names if name not in claim and match[0] not in name]:
        yield Variation(
            claim[: match.start()] + rng.choice(new) + claim[match.end() :],
            NOT_SUPPORTED, "name", binary=True,
        )  # fmt: skip
    if len(places) > 1:
        one, other = sorted(rng.sample(places, 2), key=lambda found: found.start())
        between = claim[one.end() : other.start()]
        listed = re.fullmatch(r",? (?:and|or) |, ", between)
        if one[0] != other[0] and not listed:
            text = claim[: one.start()] + other[0] + between + one[0] + claim[other.end() :]
            yield Variation(text, NOT_SUPPORTED, "names exchanged", binary=True)


def _phrases(claim: str, rng: random.Random) -> Iterator[Variation]:
    """Let two things change places: "the union sued the airline"."""
    places = list(_PHRASE.finditer(claim))
    if len(places) > 1:
        one, other = sorted(rng.sample(places, 2), key=lambda found: found.start())
        between = claim[one.end() : other.start()]
        if one["noun"] != other["noun"] and not re.fullmatch(r",? (?:and|or) |, ", between):
            text = (
                claim[: one.start("noun")] + other["noun"] + claim[one.end() : other.start("noun")]
                + one["noun"] + claim[other.end() :]
            )  # fmt: skip
            yield Variation(text, NOT_SUPPORTED, "phrases exchanged", binary=True)


def _negations(claim: str) -> Iterator[Variation]:
    if match := _DENIAL.search(claim):
        yield _swap(claim, match.span(), match[1], "negation taken out")
    elif (match := _AUXILIARY.search(claim)) and " not " not in claim:
        word = match[0]
        yield _swap(claim, match.span(), f"{word} not", "negation put in")


def _restrictions(claim: str, rng: random.Random) -> Iterator[Variation]:
    if match := _HEDGE.search(claim):
        text = claim[: match.start()] + claim[match.end() :]
        yield Variation(text, NOT_SUPPORTED, "restriction taken out", binary=True)
    if match := _CONDITION.search(claim.rstrip(".")):
        rest = (claim[: match.start()] + claim.rstrip(".")[match.end() :]).strip()
        if len(rest) >= _SHORTEST:
            text = rest[0].upper() + rest[1:].rstrip(".") + "."
            yield Variation(text, NOT_SUPPORTED, "condition taken out", binary=True)
    if (match := re.search(r"\b(is|are|was|were) ", claim)) and rng.random() < 0.3:
        word = rng.choice(["only", "always", "entirely", "the only", "no longer", "formerly"])
        text = f"{claim[: match.end()]}{word} {claim[match.end() :]}"
        yield Variation(text, NOT_SUPPORTED, "restriction put in", binary=True)


def _halves(claim: str, others: Sequence[str], rng: random.Random) -> Iterator[Variation]:
    """Join the beginning of the claim with the end of another sentence."""
    mine = list(_COORDINATED.finditer(claim))
    for other in rng.sample(list(others), min(3, len(others))):
        theirs = list(_COORDINATED.finditer(other))
        if theirs and theirs[-1].start() > _SHORTEST:
            tail = other[theirs[-1].start() :]
            if len(tail) >= _SHORTEST and not re.search(r"\b(he|she|it|they|his|her)\b", tail):
                head = claim[: mine[-1].start()] if mine else claim.rstrip(".")
                yield Variation(head + tail, NOT_SUPPORTED, "halves")
                return


def _swap(claim: str, span: tuple[int, int], new: str, part: str) -> Variation:
    start, end = span
    return Variation(claim[:start] + new + claim[end:], CONTRADICTED, part)


def opposite(text: str, rng: random.Random) -> list[str]:
    """Turn one word of a text into its opposite, in up to two ways."""
    return [variation.claim for variation in _words(text, rng)]


def turned_by_negation(text: str) -> list[str]:
    """Deny what a text says, or say what it denies."""
    return [variation.claim for variation in _negations(text)]


def restricted(text: str, rng: random.Random) -> list[str]:
    """Take out what limits a text, or put a limit in."""
    return [variation.claim for variation in _restrictions(text, rng)]


def without_brackets(text: str) -> str:
    """Leave out what stands in brackets."""
    return _BRACKETS.sub("", text)


def without_aside(text: str) -> str:
    """Leave out an apposition or a relative clause between commas."""
    return _ASIDE.sub("", text)


def names_of(text: str) -> list[str]:
    """List the names in a text: words with a capital that do not begin a sentence."""
    return list(dict.fromkeys(match[0] for match in _NAME.finditer(text)))


def usable(sentence: str) -> bool:
    """Say whether a sentence states something and is neither a scrap nor a paragraph."""
    return (
        _SHORTEST < len(sentence) < _LONGEST
        and sentence[0].isupper()
        and sentence.rstrip("”\"')").endswith(".")
        and "\n" not in sentence
    )
