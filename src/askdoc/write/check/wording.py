"""The same said in other words: phrases of a claim and its source brought to one wording.

Each rewriting keeps the meaning, whichever text it is applied to, so that what holds of the two
texts rewritten holds of them as they stand: "turned down" is "rejected", "unless it is paid" is "if
it is not paid", "A is longer than B" is "B is shorter than A".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from askdoc.text.units import PERCENT
from askdoc.text.values import read_quantities

_PHRASAL = (
    ("turn", "down", "reject"), ("vote", "down", "reject"), ("call", "off", "cancel"),
    ("put", "off", "postpone"), ("push", "back", "postpone"), ("set", "up", "establish"),
    ("carry", "out", "conduct"), ("give", "up", "abandon"), ("bring", "in", "introduce"),
    ("find", "out", "discover"), ("rule", "out", "exclude"), ("shut", "down", "close"),
    ("close", "down", "close"), ("do", "away with", "abolish"), ("get", "rid of", "remove"),
    ("come", "to an end", "end"), ("take", "away", "withdraw"), ("bring", "about", "cause"),
    ("lead", "to", "cause"), ("result", "in", "cause"), ("go", "up", "rise"),
    ("go", "down", "fall"), ("pass", "away", "die"), ("speed", "up", "accelerate"),
    ("take", "part in", "join"), ("participate", "in", "join"), ("make", "use of", "use"),
    ("come", "into force", "take effect"),
    ("enter", "into force", "take effect"), ("come", "into effect", "take effect"),
    ("go", "into effect", "take effect"), ("hand", "in", "submit"), ("fill", "in", "complete"),
    ("pay", "back", "repay"), ("send", "back", "return"), ("give", "back", "return"),
    ("blow", "up", "explode"), ("burn", "down", "burn"), ("step", "down", "resign"),
    ("look", "into", "investigate"), ("put", "out", "extinguish"), ("throw", "away", "discard"),
    ("go", "back", "return"), ("come", "back", "return"), ("throw", "out", "dismiss"),
    ("hold", "up", "delay"), ("come", "from", "originate from"), ("stem", "from", "originate from"),
)  # fmt: skip
"""Verbs with what goes with them, and the verb that says the same."""

_FORMS = {
    "put": ("puts", "put", "put", "putting"), "set": ("sets", "set", "set", "setting"),
    "give": ("gives", "gave", "given", "giving"), "shut": ("shuts", "shut", "shut", "shutting"),
    "bring": ("brings", "brought", "brought", "bringing"), "get": ("gets", "got", "got", "getting"),
    "find": ("finds", "found", "found", "finding"), "do": ("does", "did", "done", "doing"),
    "come": ("comes", "came", "come", "coming"), "take": ("takes", "took", "taken", "taking"),
    "lead": ("leads", "led", "led", "leading"), "go": ("goes", "went", "gone", "going"),
    "hold": ("holds", "held", "held", "holding"),
    "rise": ("rises", "rose", "risen", "rising"), "fall": ("falls", "fell", "fallen", "falling"),
    "withdraw": ("withdraws", "withdrew", "withdrawn", "withdrawing"),
    "make": ("makes", "made", "made", "making"), "pay": ("pays", "paid", "paid", "paying"),
    "repay": ("repays", "repaid", "repaid", "repaying"), "die": ("dies", "died", "died", "dying"),
    "send": ("sends", "sent", "sent", "sending"), "blow": ("blows", "blew", "blown", "blowing"),
    "stem": ("stems", "stemmed", "stemmed", "stemming"),
    "step": ("steps", "stepped", "stepped", "stepping"),
    "throw": ("throws", "threw", "thrown", "throwing"),
    "cancel": ("cancels", "cancelled", "cancelled", "cancelling"),
    "submit": ("submits", "submitted", "submitted", "submitting"),
}  # fmt: skip
"""Third person, past, participle and progressive of verbs that are not regular."""

_AUXILIARY = r"(?:is|are|was|were|has|have|had|can|will|does|do|did)"
_UNLESS = re.compile(rf"\bunless ((?:[\w'’-]+ ){{1,4}}?){_AUXILIARY}\b(?! not)", re.IGNORECASE)
_PHRASES = (
    (r"\bno longer (works?|runs?|exists?|sells?|pays?|flows?|grows?|opens?)\b", r"stops \1"),
    (r"\bcease[sd]? (?:to )?(\w+?)(?:ing)?\b|\bstop(?:s|ped)? (\w+?)ing\b", r"stops \1\2"),
    (r"\bin most (winter|summer|year|case|month|week|place)s\b", r"usually in \1"),
    (r"\b(?:normally|generally|typically|mostly|as a rule|most of the time)\b", "usually"),
    (r"\bfirst (?:seen|observed|spotted|sighted|found)\b", "discovered"),
    (r"\b(?:has|have|had) (?:a workforce|a staff) of (?=\d)", "employs "),
    (r"\b(?:consists?|consisted|(?:is|are|was|were) made up) of (?=\d)", "has "),
    (r"\bcompris(?:es?|ed) (?=\d)", "has "),
    (r"\b(?:does|do) not open\b|\b(?:is|are) not open\b", "is closed"),
    (r"\b(?:due to|owing to|on account of|as a result of|thanks to)\b", "because of"),
    (r"\b(?:is|are) (?:required|obliged|obligated) to\b|\b(?:has|have) to\b", "must"),
    (r"\b(?:is|are) (?:allowed|permitted|free|entitled) to\b", "may"),
    (r"\b(?:is|are) able to\b", "can"),
    (r"\b(left|kept|held) (?:unchanged|steady|constant|the same)\b", "left"),
    (r"\b(?:stood|stands|amounted|amounts) (?:at|to)\b", "was"),
    (r"\b(?:is|was|were|are) ahead\b", "led"),
    (r"\b(?:takes?|took) place\b", "occurs"),
    (r"\b(?:is|are|was|were) held(?= (?:in|on|at|every|each|once|twice)\b)", "occurs"),
    (r"\b(?:(?:is|are|was|were) )?(?:located|situated) (?=in|on|at|near)", "is "),
    (r"\bor (?:more|over|above)\b", "at least"),
    (r"\bno (?:fewer|less) than\b|\ba minimum of\b", "at least"),
    (r"\bno more than\b|\ba maximum of\b|\bup to\b", "at most"),
    (r"\bper cent\b", "percent"),
    (r"(?<=%) full\b|(?<=percent) full\b", ""),
    (r"\bdaily\b", "every day"),
    (r"\bevery second (?=day|week|month|year|hour)", "every other "),
    (r"\b(?:is|are) going to\b", "will"),
    (r"(?:,? |^)(?:but )?(?:not before|not? earlier than|at the earliest(?: on)?)(?= \d)", " from"),
    (r"\bfrom (\d[\w ]*\d) on(?:wards?)?\b", r"from \1"),
    (r",? but not (?=on|in|for|at)", " except "),
    (r"\ba single\b", "one"),
    (r"\bdone by\b", "caused by"),
    (r"\b(?:is|was|are|were) (?:an? )?natives? of\b", "was born in"),
    (r"\b(?:is|was|has been|had been|have been) in charge of\b", "headed"),
    (r"\b(?:made|makes?) no difference(?: to)?\b", "had no effect on"),
    (r"\bcosts? (?:you |us |them )?nothing\b", "is free"),
    (r"\bbears? (?=[^,;.]*\bcosts?\b)", "pays "),
    (r"\b(?:can|could) (?:again |still )?be seen(?: again)?\b", "is visible"),
    (r"\bwill (?:next |again |soon )?be visible\b", "is visible"),
    (r"\bwithout a telescope\b|\bto the naked eye\b", "with the naked eye"),
    (r"\bin spite of\b", "despite"),
    (r"\b(?:even )?though\b", "although"),
    (r"\bfree of charge\b|\bat no (?:cost|charge)\b|\bfor nothing\b", "free"),
    (r"\bfor the first time\b", "first"),
    (r"\bprior to\b", "before"),
    (r"\bsubsequent to\b|\bfollowing (?=the|a|an|its|his|her)\b", "after "),
)  # fmt: skip

_COMPARATIVES = (
    ("longer", "shorter"), ("larger", "smaller"), ("bigger", "smaller"), ("taller", "shorter"),
    ("higher", "lower"), ("older", "younger"), ("older", "newer"), ("heavier", "lighter"),
    ("faster", "slower"), ("faster", "more slowly"), ("more quickly", "more slowly"),
    ("quicker", "slower"), ("earlier", "later"), ("better", "worse"),
    ("cheaper", "more expensive"), ("cheaper", "dearer"), ("warmer", "colder"),
    ("hotter", "cooler"), ("warmer", "cooler"), ("wider", "narrower"), ("deeper", "shallower"),
    ("stronger", "weaker"), ("richer", "poorer"), ("harder", "easier"), ("harder", "softer"),
    ("nearer", "farther"), ("closer", "farther"), ("thicker", "thinner"), ("brighter", "dimmer"),
    ("longer", "briefer"), ("louder", "quieter"), ("safer", "more dangerous"),
)  # fmt: skip
_THAN = re.compile(
    r"^(?P<one>[^,;]+?) (?P<be>\w+) (?P<how>(?:more |less )?\w+) than (?P<other>[^,;]+?)[.]?$"
)
_MAJORITY = re.compile(
    r"\b(?:(?:a|the) majority of|most(?: of)?|more than half(?: of)?|over half(?: of)?)"
    r"(?: the| all| its| their| those)*\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\s*of(?: the| all| its| their| those)*\b", re.IGNORECASE)
_HALF, _ALL = 50, 100
_AT_FIRST = re.compile(
    r"^(?P<at>At|In|On) (?P<one>[^,;]+?),? (?P<what>(?:the|its|their|a) [^,;]+?)"
    r" (?P<be>is|was|are|were) (?P<how>(?:more |less )?\w+) than (?P<in>at|in|on)"
    r" (?P<other>[^,;]+?)\.?$"
)
_AT_LAST = re.compile(
    r"^(?P<what>[^,;]+?) (?P<be>is|was|are|were) (?P<how>(?:more |less )?\w+)"
    r" (?P<at>at|in|on) (?P<one>[^,;]+?) than (?P<in>at|in|on) (?P<other>[^,;]+?)\.?$"
)
"""Comparisons of two places: "At A it was higher than at B", "It was higher at A than at B"."""

_ONE, _THING, _OTHER, _REST = (
    r"(?P<one>[^,;]+?)", r"(?P<thing>[^,;]+?)", r"(?P<other>[^,;]+?)",
    r"(?P<rest>(?:,| (?:for|in|on|at|by|last|this|after|before|with|\d)\b).*|[.]?)$",
)  # fmt: skip
_WHEN = r"(?P<when>On \w+day,? |In \d{4},? )?"
_WHAT = r"(?P<what>(?:the|a|their|his|her) [\w-]+ )?"
_SIDES = tuple(
    (re.compile(f"^{pattern}", re.IGNORECASE), wording)
    for pattern, wording in (
        (rf"{_ONE} (?:bought|purchased|acquired) {_THING} from {_OTHER}{_REST}",
         r"\g<other> sold \g<thing> to \g<one>\g<rest>"),
        (rf"{_ONE} sold {_THING} to {_OTHER}{_REST}",
         r"\g<other> bought \g<thing> from \g<one>\g<rest>"),
        (rf"{_ONE} (?:received|got) {_THING} from {_OTHER}{_REST}",
         r"\g<other> gave \g<thing> to \g<one>\g<rest>"),
        (rf"{_ONE} gave {_THING} to {_OTHER}{_REST}",
         r"\g<other> received \g<thing> from \g<one>\g<rest>"),
        (rf"{_ONE} (?:beat|defeated|won against) {_OTHER}{_REST}",
         r"\g<other> lost to \g<one>\g<rest>"),
        (rf"{_WHEN}{_ONE} lost {_WHAT}to {_OTHER}{_REST}",
         r"\g<when>\g<other> beat \g<one> \g<what>\g<rest>"),
    )
)  # fmt: skip
"""Deeds with two sides, told from either."""

_NOT_COVERED = re.compile(
    r"^[^,;]+? (?:does|do|did) not (?:cover|include|insure|pay for) (?P<what>[^,;.]+)\.?$",
    re.IGNORECASE,
)
_NOT = re.compile(r"\bnot\s+(\w+)", re.IGNORECASE)
_UN = re.compile(r"\b(?:un|in|im)(\w{3,})\b", re.IGNORECASE)
_LED = re.compile(r"^(?P<when>(?:In|On|During|After|Before) [^,]+), (?P<rest>.+?)\.?$")
_APPROVED = re.compile(
    r"^(?P<what>[^,;]+?) (?:require|need)s? (?:the )?approval (?:of|by|from) (?P<who>[^,;.]+?)\.?$",
    re.IGNORECASE,
)
_EXCLUDED = re.compile(
    r"\b(?:exclud(?:e[sd]?|ing)|(?:is|are) not (?:covered|included))\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"[;,.]|\b(?:but|and|while|whereas)\b")


def reworded(claim: str, source: str) -> Iterator[tuple[str, str]]:
    """Yield the claim and its source in other wordings of the same, if there are any."""
    one, other = _rewritten(claim), _rewritten(source)
    shared = _as_majority(one, other)
    if (one, other) != (claim, source):
        yield one, other
    if shared is not None:
        yield shared
    approved = [_APPROVED.sub(r"\g<who> must approve \g<what>.", text) for text in (one, other)]
    if approved != [one, other]:
        yield approved[0], approved[1]
    if (turned := _converse(claim, source)) is not None:
        yield turned, source
    for turned in _of_two_places(claim):
        yield turned, source
    if (denied := _without_prefix(claim, other)) is not None:
        yield denied, other
    if (denied := _without_prefix(other, claim)) is not None:
        yield claim, denied
    for seen in _from_the_other_side(claim):
        yield seen, other
    if (left_out := _as_excluded(claim, source)) is not None:
        yield left_out, source


def _rewritten(text: str) -> str:
    for pattern, wording in _rules():
        text = pattern.sub(wording, text)
    return text


@cache
def _rules() -> tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]:
    found: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = []
    for head, rest, same in _PHRASAL:
        target, _, after = same.partition(" ")
        forms = zip(_inflected(head), _inflected(target), strict=True)
        for form, wording in dict(reversed(list(forms))).items():
            found.append(
                (re.compile(rf"\b{form} {rest}\b", re.IGNORECASE), f"{wording} {after}".strip())
            )
    found.append((_UNLESS, _if_not))
    found += [(re.compile(phrase, re.IGNORECASE), same) for phrase, same in _PHRASES]
    return tuple(found)


def _inflected(verb: str) -> tuple[str, ...]:
    if verb in _FORMS:
        return (verb, *_FORMS[verb])
    if verb.endswith("e"):
        return verb, f"{verb}s", f"{verb}d", f"{verb}d", f"{verb[:-1]}ing"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb[:-1]}ied", f"{verb}ing"
    third = f"{verb}es" if verb.endswith(("s", "sh", "ch", "x")) else f"{verb}s"
    return verb, third, f"{verb}ed", f"{verb}ed", f"{verb}ing"


def _if_not(match: re.Match[str]) -> str:
    return f"if{match[0][len('unless') :]} not"


def _as_majority(claim: str, source: str) -> tuple[str, str] | None:
    """Put one word for "a majority of" and for the share of the source, where that is over half."""
    if not _MAJORITY.search(claim):
        return None
    shares = [q for q in read_quantities(source) if _SHARE.match(source, q.end)]
    if len(shares) != 1:
        return None
    (share,) = shares
    percent = any(unit == PERCENT for unit, _ in share.values)
    after = _SHARE.match(source, share.end)
    if after is None or not (
        share.number > _HALF if percent else share.bare and _HALF < 100 * share.number < _ALL
    ):
        return None
    whole = source[: share.start] + "majority of" + source[after.end() :]
    return _MAJORITY.sub("majority of", claim), whole


def _converse(claim: str, source: str) -> str | None:
    """Say a comparison from its other end, where the source says so: "B is shorter than A"."""
    match = _THAN.match(claim)
    if match is None:
        return None
    for pair in _COMPARATIVES:
        for how, back in (pair, pair[::-1]):
            one, other = _lowered(match["one"]), match["other"]
            if match["how"] == how and f"{back} than {one}".lower() in source.lower():
                return f"{other[:1].upper()}{other[1:]} {match['be']} {back} than {one}."
    return None


def _of_two_places(claim: str) -> Iterator[str]:
    """Say a comparison of two places with the places in the other order, and from its other end."""
    match = _AT_FIRST.match(claim) or _AT_LAST.match(claim)
    if match is None:
        return
    what, be, how = match["what"], match["be"], match["how"]
    what = f"{what[:1].upper()}{what[1:]}"
    one, other = f"{match['at'].lower()} {match['one']}", f"{match['in']} {match['other']}"
    yield f"{what} {be} {how} {one} than {other}."
    for pair in _COMPARATIVES:
        for this, back in (pair, pair[::-1]):
            if how == this:
                yield f"{what} {be} {back} {other} than {one}."


def _from_the_other_side(claim: str) -> Iterator[str]:
    """Say who sold where the claim says who bought, who gave where it says who got, who lost."""
    for text in (claim, _LED.sub(r"\g<rest> \g<when>.", claim)):
        for pattern, wording in _SIDES:
            said = pattern.sub(wording, text)
            if said != text:
                yield said


def _without_prefix(text: str, other: str) -> str | None:
    """Say "not affected" for "unaffected", where the other text has it so."""
    denied = {word.lower() for word in _NOT.findall(other)}
    said = _UN.sub(lambda m: f"not {m[1]}" if m[1].lower() in denied else m[0], text)
    return None if said == text else said


def _as_excluded(claim: str, source: str) -> str | None:
    """Say "X is excluded" for "it does not cover X", where one clause of the source says that."""
    match = _NOT_COVERED.match(claim)
    if match is None:
        return None
    wanted = set(_plain(match["what"]))
    for clause in _CLAUSE.split(source):
        if _EXCLUDED.search(clause) and wanted <= set(_plain(clause)):
            return f"{match['what']} is excluded."
    return None


def _plain(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if word not in ("the", "a", "an")]


def _lowered(text: str) -> str:
    """Write an article at the beginning small, as it stands within a sentence."""
    return re.sub(r"^(The|A|An)\b", lambda match: match[0].lower(), text)
