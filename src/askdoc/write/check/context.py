"""What a source hangs on its statement, and a claim may not drop or turn round.

Exceptions, who says it, how many it is said of, which way a comparison goes, and which end of a
change a number is. Each function says in words what is wrong, or returns None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from askdoc.text.english import BE, DETERMINERS, PRONOUNS
from askdoc.text.mentions import PREPOSITIONS
from askdoc.text.units import SPELLED
from askdoc.text.words import Terms, Word, is_light, is_verb, read_words
from askdoc.write.check.clauses import read_clauses, verbs_among
from askdoc.write.check.polarity import is_negator, sides

_PART = re.compile(r"[,;:.()]")
_EXCEPTION = re.compile(
    r"\b(?:except(?:ing)?(?: for| that| when)?|unless|other than|apart from|aside from|excluding"
    r"|save for|with the exception of|(?<=everything )but|(?<=everyone )but|(?<=anything )but"
    r"|(?<=all )but|(?<=none )but|(?<=nothing )but|(?<=nobody )but|but not)\s+(?P<what>[^,;:.()]+)",
    re.IGNORECASE,
)
_WHEN_THERE = re.compile(r"\s*,\s*(?:when|where|which|who)\b")
"""What follows an exception in this way is said of the exception itself."""


_IF = frozenset({"if", "when", "whenever", "while"})
_HALF = 0.5

_REPORTING = (
    r"(?:say|says|said|saying|state[sd]?|claim(?:s|ed)?|argue[sd]?|believe[sd]?|think|thinks|thought"
    r"|insist(?:s|ed)?|allege[sd]?|maintain(?:s|ed)?|contend(?:s|ed)?|assert(?:s|ed)?"
    r"|complain(?:s|ed)?|suspect(?:s|ed)?|testif(?:y|ies|ied)|speculate[sd]?|assume[sd]?"
    r"|warn(?:s|ed)?|predict(?:s|ed)?|guess(?:es|ed)?|reckon(?:s|ed)?|suggest(?:s|ed)?"
    r"|expect(?:s|ed)?|anticipate[sd]?|hope[sd]?|fear(?:s|ed)?|forecasts?|doubt(?:s|ed)?)"
)
"""Verbs of speech and opinion; what somebody `found`, `showed` or `announced` counts as a fact."""

_BARE_REPORTING = r"(?:say|says|said|believe[sd]?|think|thinks|thought|claim(?:s|ed)?)"
_SAYS_THAT = re.compile(
    rf"\b(?:{_REPORTING}(?:\s+\w+){{0,2}}?\s+that|{_BARE_REPORTING}(?!\s+to\b))\s+"
    r"(?P<what>.+?)(?=;|,\s+(?:but|and|which|who|while|whereas|where)\b|$)",
    re.IGNORECASE | re.DOTALL,
)
_COUNTED = re.compile(r"(?:%|\bper\s?cent\b)[^,;]*$", re.IGNORECASE)
"""Who says it is a share of those asked: what a survey found."""

_SAID_OF = re.compile(r"\b(?:is|are|was|were)\s+(?:said|reputed|rumou?red)\s+to\b", re.IGNORECASE)
_ACCORDING = re.compile(r"\b(?:according to|in the (?:view|opinion|words) of)\b", re.IGNORECASE)
_SAID_AFTER = re.compile(
    rf"(?P<what>[^;:]+),[\"”’]?\s+(?:[\w'’-]+\s+){{1,4}}{_REPORTING}\s*(?:[.,;]|$)", re.IGNORECASE
)
_ATTRIBUTED = re.compile(
    rf"\b(?:{_REPORTING}|according to|den(?:y|ies|ied)|reported(?:ly)?|reports?|allegedly"
    r"|supposedly|in the (?:view|opinion|words) of)\b",
    re.IGNORECASE,
)

_AMOUNTS = {"few": 1, "some": 2, "several": 2, "certain": 2, "many": 3, "half": 3, "most": 4,
            "majority": 4, "all": 5, "every": 5, "each": 5}  # fmt: skip
_WHOLE = 5
_SUPERLATIVE = frozenset({"the", "at", "a", "its", "their", "his", "her", "second", "third"})
_TRANSPARENT = frozenset({"of", "the", "a", "an", "these", "those", "its", "their", "our", "his"})

_NUMBER = rf"\d[\d,]*(?:\.\d+)?|\b(?:{'|'.join(SPELLED)})\b"
_END = re.compile(
    rf"\b(?P<role>from|to|by|until|till)\s+(?:about |around |some |nearly |almost |only )?"
    rf"[$€£]?(?P<number>{_NUMBER})",
    re.IGNORECASE,
)
_SCORE = re.compile(r"(?<![\d-])(\d+)\s?[-–:]\s?(\d+)(?![\d-])")
_YEAR = re.compile(r"1\d{3}|20\d{2}")
_ROLES = {"until": "to", "till": "to"}

_NEAR = 4
"""Words before `than` among which what is compared is looked for."""

_IRREGULAR = frozenset({"more", "less", "fewer", "better", "worse", "further"})


def excepted(claim: str, source: str, terms: Terms) -> str | None:
    """Find what the claim says of that which its source leaves out of its statement."""
    words, given = read_words(claim, terms), read_words(source, terms)
    own = list(_EXCEPTION.finditer(claim))
    ours = _stems(_within(words, [m.span("what") for m in own]))
    denies = any(is_negator(word) for word in words)
    conditional = any(word.folded in _IF for word in words)
    for match in _EXCEPTION.finditer(source):
        apart = _stems(_within(given, [match.span("what")]))
        apart -= _stems(w for w in given if not match.start() <= w.start < match.end())
        what = " ".join(match["what"].split())
        if own:
            if apart and not apart & ours and apart & _stems(words):
                return f"“{what}” is an exception in"
            continue
        if _WHEN_THERE.match(source, match.end()) or (denies and match[0][:3].lower() == "but"):
            continue
        if match[0].lower().startswith("unless") and not conditional:
            continue
        if apart & _stems(words) and not denies and not _opposite(words, given):
            return f"“{what}” is an exception in"
    return None


def unattributed(claim: str, source: str, terms: Terms) -> str | None:
    """Say whose words the claim states as a fact."""
    if _ATTRIBUTED.search(claim):
        return None
    words, given = read_words(claim, terms), read_words(source, terms)
    here = _stems(words)
    if found := _SAID_OF.search(source):
        return f"“{found[0].lower()}” is left out of what is said in"
    for match in (*_SAYS_THAT.finditer(source), *_SAID_AFTER.finditer(source)):
        if _COUNTED.search(source, 0, match.start()):
            continue
        inside = _stems(_within(given, [match.span("what")]))
        outside = _stems(given) - inside
        if here & inside and not here <= outside:
            return "it is not stated as a fact but as somebody's words in"
    if found := _ACCORDING.search(source):
        whom = _PART.split(source[found.end() :])[0]
        if (
            said := _stems(_within(given, [(found.end(), found.end() + len(whom))]))
        ) and said <= here:
            return None  # "the census showed" for "according to the census"
        return f"“{found[0].lower()}” is left out of what is said in"
    return None


def widened(claim: str, source: str, terms: Terms) -> str | None:
    """Say which quantifier of its source the claim leaves out."""
    words = read_words(claim, terms)
    ours = dict(_quantified(words))
    for head, (amount, said) in _first_quantified(source, terms).items():
        places = [at for at, word in enumerate(words) if word.folded == head]
        left_out = places and head not in ours and amount < _WHOLE
        if left_out and all(_bare(words, at) for at in places):
            return f"“{said}” is left out of what is said in"
    return None


def swept(claim: str, source: str, terms: Terms) -> str | None:
    """Say which quantifier of its source the claim makes larger: `all` for `some`."""
    ours = dict(_quantified(read_words(claim, terms)))
    for head, (amount, said) in _first_quantified(source, terms).items():
        if head in ours and ours[head][0] > amount:
            return f"“{ours[head][1]}” goes further than “{said}” in"
    return None


def _first_quantified(text: str, terms: Terms) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for head, how_much in _quantified(read_words(text, terms)):
        found.setdefault(head, how_much)
    return found


def compared(claim: str, source: str, terms: Terms) -> str | None:
    """Find a comparison of the claim that its source makes with something else."""
    ours, theirs = (list(_comparisons(read_words(text, terms))) for text in (claim, source))
    known = {(one.folded, other) for one, other in theirs}
    for one, other in ours:
        if (one.folded, other) in known:
            continue
        rivals = [than for than, thing in theirs if thing == other]
        used_elsewhere = any(than.folded == one.folded for than, _ in theirs)
        for rival in rivals:
            if used_elsewhere or _against(one, rival):
                return f"“{one.text} than” stands against “{rival.text} than” in"
    return None


def misended(claim: str, source: str) -> str | None:
    """Find a number that the claim goes from, to or by, and its source does not."""
    theirs: dict[str, set[str]] = {}
    for number, role in _ends(source):
        theirs.setdefault(number, set()).add(role)
    for number, role in _ends(claim):
        if number in theirs and role not in theirs[number]:
            return f"“{role} {number}” is “{min(theirs[number])} {number}” in"
    scores, given = ({m.groups() for m in _SCORE.finditer(text)} for text in (claim, source))
    for one, other in scores:
        if (one, other) not in given and (other, one) in given:
            return f"“{one}-{other}” is the other way round in"
    return None


def _ends(text: str) -> Iterator[tuple[str, str]]:
    for match in _END.finditer(text):
        number = match["number"].lower().replace(",", "")
        role = _ROLES.get(match["role"].lower(), match["role"].lower())
        if role == "by" and _YEAR.fullmatch(match["number"]):
            continue  # "by 2020" is a date
        yield str(SPELLED.get(number, number)), role


def _comparisons(words: Sequence[Word]) -> Iterator[tuple[Word, str]]:
    """List what stands before each `than`, with the stem of what comes after it."""
    last = -1
    for at, word in enumerate(words):
        if word.folded != "than":
            continue
        before = words[max(last + 1, at - _NEAR) : at]
        last = at
        one = next(
            (w for w in reversed(before) if w.folded in _IRREGULAR or w.folded.endswith("er")), None
        )
        other = next((w for w in words[at + 1 : at + 1 + _NEAR] if w.stem), None)
        amount = at + 1 < len(words) and (
            words[at + 1].text[0].isdigit() or words[at + 1].folded in SPELLED
        )
        if one is not None and other is not None and not amount:
            yield one, other.stem or ""


def _against(one: Word, other: Word) -> bool:
    against = {(family, 1 - side) for family, side in sides(one)}
    return bool(against & sides(other))


def _opposite(words: Sequence[Word], given: Sequence[Word]) -> bool:
    """Tell whether a word of the claim is the opposite of one that the source has."""
    there = [word for word in given if sides(word)]
    here = {word.stem for word in given}
    return any(
        word.stem not in here and any(_against(word, other) for other in there) for word in words
    )


def _quantified(words: Sequence[Word]) -> Iterator[tuple[str, tuple[int, str]]]:
    """List the words for what is counted roughly, each with how much of it, and the word for it."""
    for at, word in enumerate(words):
        amount = _AMOUNTS.get(word.folded)
        before = words[at - 1].folded if at else ""
        if amount is None or (word.capital and at):
            continue
        if before in ("unlike", "like", "than"):
            continue
        if before in _SUPERLATIVE and word.folded not in ("majority", "few", "half"):
            continue
        head = _counted(words, at)
        if head is not None and head.stem and head.text.isalpha():
            yield head.folded, (amount, word.text.lower())


def _counted(words: Sequence[Word], at: int) -> Word | None:
    """Return the noun that the quantifier at `at` counts."""
    verbs = set(verbs_among(words))
    head: Word | None = None
    for index in range(at + 1, len(words)):
        after = words[index]
        if index == at + 1 and (after.text[0].isdigit() or after.folded in SPELLED):
            break  # "some 40 owls" is a number
        if after.folded in _TRANSPARENT and head is None:
            continue
        if index in verbs or after.stem is None or after.folded in PREPOSITIONS:
            break
        if head is not None and after.start - head.end > 1:
            break  # a comma stands between
        head = after
    return head


def _bare(words: Sequence[Word], at: int) -> bool:
    """Tell whether a noun stands with no number or quantifier before it."""
    before = words[max(0, at - 4) : at]
    return not any(
        word.folded in _AMOUNTS
        or word.folded in SPELLED
        or word.text[0].isdigit()
        or word.folded in ("no", "not", "any", "part", "share", "mostly", "mainly", "often")
        for word in before
    )


def _within(words: Sequence[Word], ranges: Sequence[tuple[int, int]]) -> list[Word]:
    return [word for word in words if any(start <= word.start < end for start, end in ranges)]


def _stems(words: Iterator[Word] | Sequence[Word]) -> set[str]:
    return {word.stem for word in words if word.stem and not is_light(word.stem)}


# Names that may come from around a sentence.

_POINTING = frozenset(
    {"the", "this", "that", "these", "those", "our", "its", "his", "her", "their"}
)


def lent(
    claim: str, source: str, called: Sequence[Word], context: Sequence[Word], terms: Terms
) -> frozenset[int]:
    """Return where the words of the claim start that may come from around its source.

    These are the claim's subject, where the source has a pronoun for it, or names it by less than
    the whole, such as `the mill`, or has no subject. Who acts on the mill in the context is not the
    mill. What the claim says of it must be in the
    source.
    """
    clause = next((c for c in read_clauses(claim, terms) if c.words), None)
    if clause is None:
        return frozenset()
    end = clause.verb_at if clause.verb_at is not None else 0
    subject = list(clause.words[:end])
    if subject and subject[0].folded in PREPOSITIONS:
        opening = [w for w, after in pairwise(subject) if claim[w.end : after.start].strip()]
        led = 2 if not opening else subject.index(opening[0]) + 1
        subject = subject[led:]  # "In Riga she": the place is part of what is said
    if not any(word.start in {name.start for name in called} for word in subject):
        return frozenset()
    given = read_words(source, terms)
    theirs = _their_subject(source, given, terms)
    pointed = any(word.folded in PRONOUNS and word.folded != "none" for word in theirs)
    has = {word.stem for word in given if word.stem}
    shares = any(word.stem in has for word in subject)
    named = any(word.capital and word.stem and word.start for word in theirs)
    described = not theirs or (theirs[0].folded in _POINTING and not named)
    if described and not (pointed or shares) and _acts_on(subject, theirs, context):
        return frozenset()
    if pointed or shares or described:
        return frozenset(word.start for word in subject)
    return frozenset()


def _acts_on(subject: Sequence[Word], theirs: Sequence[Word], context: Sequence[Word]) -> bool:
    """Tell whether the context has a verb between a name and what the source calls its subject."""
    if not theirs or theirs[-1].stem is None or not subject[-1].capital:
        return False
    things = [at for at, word in enumerate(context) if word.stem == theirs[-1].stem]
    called = [at for at, word in enumerate(context) if word.stem == subject[-1].stem]
    nearest = [min(things, key=lambda at: abs(at - one)) for one in called if things]
    pairs = zip(nearest, called, strict=False)
    between = [context[min(pair) + 1 : max(pair)] for pair in pairs]
    return bool(between) and all(
        any(is_verb(word) and word.folded not in BE for word in words) for words in between
    )


def _their_subject(source: str, given: Sequence[Word], terms: Terms) -> Sequence[Word]:
    for clause in read_clauses(source, terms):
        if clause.verb_at:
            words = clause.words[: clause.verb_at]
            at = next((i for i, w in enumerate(words) if w.folded in DETERMINERS), 0)
            return words[at:] if words[0].folded in PREPOSITIONS else words
        if clause.verb_at == 0:
            return ()
    return given
