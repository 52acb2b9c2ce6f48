"""Completes a fragment (`and in 2019?`, `why?`) by the question that was asked before it.

What is of the same kind gives its place up: a year to a year, a person to a person. What finds no
such place is added only where that makes a question (`…, and why?`, `… in 2019`), else not at all.
English; rules of form.
"""

from __future__ import annotations

import re

from askdoc.chat.antecedents import TRAIT, TRAITS, WHO_DID, topic_of
from askdoc.chat.companions import doer_or_person
from askdoc.chat.ellipses import done_to, elliptic, is_elliptic, of_others
from askdoc.chat.persons import is_role
from askdoc.text.mentions import AUXILIARIES, PREPOSITIONS, WH, is_many, names, tells_when, words

_ABOUT = re.compile(r"^(?:what|how)\s+about\s+(?P<rest>.+)$", re.IGNORECASE)
MORE = re.compile(
    r"^(?:(?:please )?(?:(?:tell|give|show) (?:me |us )?)?(?:some |a (?:bit|little) |any )?more"
    r"(?: details?| information| please)?|go on|continue|(?:please )?elaborate|details|"
    r"(?:any )?others|(?:any|some)thing (?:else|more))$",
    re.IGNORECASE,
)
_ELSE = re.compile(r"^(?P<wh>what|who|where)\s+else$", re.IGNORECASE)
_DEGREES = (
    "so|many|much|long|often|far|old|big|high|large|fast|quickly|severe|common|frequent|frequently|"
    "accurate|effective|reliable|strong|likely|soon|late|early|safe|well|rare|deep|exactly"
)
_BARE = re.compile(
    rf"^(?P<wh>why(?: not)?|when|where|how(?: (?:{_DEGREES}))?|who|"
    r"(?:by|to|for|with|from|of) whom|since when|until when|from where|for how long)$",
    re.IGNORECASE,
)
_ASKED_ON = re.compile(rf",\s+and\s+(?:{_BARE.pattern.strip('^$')})$", re.IGNORECASE)
"""What a question word has added before: of `When, and why?` another one takes the place."""

_YEAR = re.compile(r"\b(?:1[0-9]{3}|20[0-9]{2})\b")
_DATE_AT_END = re.compile(
    rf"\s+(?:in|since|by|during|until|before|after)\s+(?:[A-Z]\w+\s+)?(?:{_YEAR.pattern})$"
)
_HEAD = re.compile(r"the\s+[\w’'-]+(?:\s[\w’'-]+)?(?=\s(?:of|for|in|on|to|at)\s)", re.IGNORECASE)
"""The part of `the capital of France` that another noun may take the place of."""

_DATED = re.compile(rf"\b(?:{'|'.join(sorted(PREPOSITIONS))})\s+(?:{_YEAR.pattern})", re.IGNORECASE)
REQUESTS = frozenset(("tell", "show", "explain", "give", "list", "name", "describe", "compare"))
"""Verbs that begin an order, which asks as a question does."""

_OWNERS = ("his ", "its ", "their ", "theirs ", "hers ", "her ")
_PRONOUNS = frozenset(
    ("he", "him", "she", "her", "it", "they", "them", "this", "that", "these", "those")
)
_TRAIT_ALONE = re.compile(rf"the\s+(?:[\w’'-]+\s+){{0,2}}(?:{TRAITS})s?", re.IGNORECASE)
_PEOPLE = frozenset(
    (
        *("children", "adults", "adolescents", "teenagers", "infants", "babies", "newborns"),
        *("women", "men", "girls", "boys", "mothers", "people", "elderly", "patients", "smokers"),
        *("workers", "humans", "animals", "bats", "camels", "cats", "dogs", "mice"),
    )
)
"""Those of whom something is asked (`what about children?`) rather than what is asked about."""
_ARTICLE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_WHAT_IS = re.compile(r"(?:what|where)\s+(?:is|are|was|were)\s", re.IGNORECASE)
_WHO = re.compile(r"who\s+(?:is|was)\s+", re.IGNORECASE)
_WHICH_NOUN = re.compile(
    rf"(?:what|which|how\s+(?:many|much))\s+(?!(?:{'|'.join(sorted(AUXILIARIES))})\b)(?:[\w’'-]+\s+)"
    rf"{{1,3}}?(?:{'|'.join(sorted(AUXILIARIES))})\s",
    re.IGNORECASE,
)
"""Questions with two things to put another for: `What revenue did the bank have?`."""


_WHEN_THAT = re.compile(
    r"(?P<wh>when|where)\s+(?:was|did|(?<=when )is)\s+(?:that|this)(?:\s+happen)?", re.IGNORECASE
)
_DOES = re.compile(
    r"(?:what|which|who|whom)\b.*\b(?:did|does|do)\s|(?:how|why|when|where)\s", re.IGNORECASE
)


def asked_when(body: str, before: str) -> str | None:
    """Ask when, or where, what the question before is about was done: `When was that?`.

    None where `body` does not ask that, or where the question before has no verb to ask it of.
    """
    asking = _WHEN_THAT.fullmatch(body)
    if asking is None:
        return None
    if turned := done_to(before):
        return f"{asking['wh']} {' '.join(turned)}"
    if not _DOES.match(before):
        return None
    exchanged_word = _with_question_word(asking["wh"], before)
    if exchanged_word is None and before.lower().startswith("w"):
        return f"{_ASKED_ON.sub('', before)}, and {asking['wh'].lower()}"
    return exchanged_word


def asks_when(body: str) -> bool:
    """Tell a question for when or where something was that is only pointed at."""
    return _WHEN_THAT.fullmatch(body) is not None


def is_fragment(body: str, *, led: bool) -> bool:
    """Tell what needs a question before it; `led` says that an `and` or the like stood before."""
    if MORE.match(body) or _ELSE.match(body) or _BARE.match(body) or is_elliptic(body):
        return True
    if about := _ABOUT.match(body):
        return about["rest"].lower() not in _PRONOUNS
    first, *rest = body.lower().split()
    if first in PREPOSITIONS:
        return not any(word in AUXILIARIES for word in rest)
    return led and first not in WH | AUXILIARIES | REQUESTS and body.lower() not in _PRONOUNS


def asks_on(body: str) -> bool:
    """Tell what is no more than a question word: `why?`."""
    return _BARE.match(body) is not None


def exchanged(body: str, before: str) -> str | None:
    """Put a fragment in the place of what is of its kind in the question before; None without."""
    if MORE.match(body) or _ELSE.match(body):
        return None
    once = _ASKED_ON.sub("", before)
    if made := elliptic(body, once):
        return made
    if asking := _BARE.match(body):
        is_why_not = asking["wh"].lower() == "why not"
        return None if is_why_not else _with_question_word(asking["wh"], once)
    return _put(_bare(body), before)


def _put(fragment: str, before: str) -> str | None:
    """Put what is no question word in the place of what is of its kind."""
    if fragment.lower().startswith(_OWNERS) and _WHO.match(before):
        asked = "who" if is_role(fragment) else "what"
        return f"{asked} {'are' if is_many(fragment) else 'is'} {fragment}"
    if _is_with_preposition(fragment):
        return _with_preposition(fragment, before)
    if _of_people(fragment, before) or _of_trait(fragment, before):
        return None
    counterpart = _counterpart(fragment, before)
    if counterpart is None:
        return of_others(fragment, before)
    at_start = before.rindex(counterpart)
    if before[:at_start].lower().endswith("between ") and " and " not in fragment:
        counterpart = counterpart.partition(" and ")[0]
    head, rest = before[:at_start], before[at_start + len(counterpart) :]
    if counterpart[:1].isupper() and names(f"x {fragment}"):  # names bring their own articles
        head = _ARTICLE.sub("", head)
    return f"{head}{fragment}{rest}"


def added(body: str, before: str) -> str | None:
    """Add a fragment to the question before where that makes a question, else return None."""
    if MORE.match(body):
        return before
    if match := _ELSE.match(body):
        same = before.lower().startswith(match["wh"].lower() + " ")
        return f"{match['wh']} else{before[len(match['wh']) :]}" if same else before
    if match := _BARE.match(body):
        return f"{_ASKED_ON.sub('', before)}, and {match['wh']}"
    fragment = _bare(body)
    if _is_with_preposition(fragment):
        rest = fragment.split(" ", 1)[1]
        is_other = _DATE_AT_END.search(before) and not tells_when(rest) and names(f"x {rest}")
        return None if is_other else f"{before} {fragment}"
    if done := WHO_DID.fullmatch(before):
        return _of_another_thing(fragment, before, done)
    return _of_people(fragment, before) or _of_trait(fragment, before)


def _of_another_thing(fragment: str, before: str, done: re.Match[str]) -> str | None:
    """Ask who did it to something else: `and insulin?` after `Who discovered penicillin`."""
    articles = [text.lower().startswith(("the ", "a ", "an ")) for text in (fragment, done["what"])]
    if articles[0] != articles[1] or any(names(f"x {text}") for text in (fragment, done["what"])):
        return None
    return f"{before[: done.start('what')]}{fragment}{done['rest'] or ''}"


def _bare(body: str) -> str:
    """Take `what about` off a fragment."""
    about = _ABOUT.match(body)
    return about["rest"] if about else body


def _with_question_word(wh: str, before: str) -> str | None:
    """Exchange the question word of the question before: `why?` after `When was it built`."""
    rest = before.split()
    if rest[0].lower() in AUXILIARIES:  # how common is it? takes the place of: is it common?
        asked = wh.lower().split()[1:]
        kept = [word for word in rest[1:] if word.lower() not in asked]
        return f"{wh} {rest[0].lower()} {' '.join(kept)}"
    if rest[0].lower() in WH and len(rest) > 1 and rest[1].lower() in AUXILIARIES:
        lost = rest[0].lower() in ("what", "which", "who", "whom")
        if not lost and len(wh.split()) == 1:
            return f"{wh} {' '.join(rest[1:])}"
    return None


def _is_with_preposition(fragment: str) -> bool:
    first, _, rest = fragment.partition(" ")
    return first.lower() in PREPOSITIONS and bool(rest)


def _of_people(fragment: str, before: str) -> str | None:
    """Ask the question before of those whom a fragment names: `what about children?`."""
    last = words(fragment)[-1:]
    if last and _PEOPLE.issuperset(last) and not _PEOPLE.intersection(words(before.lower())):
        return f"{before} in {fragment}"
    return None


def _of_trait(fragment: str, before: str) -> str | None:
    """Ask for what the topic of the question before has: `and the risks?`."""
    about = topic_of(before)
    if about and not about.lower().startswith("the ") and _TRAIT_ALONE.fullmatch(fragment):
        return f"what about {fragment} of {about}"
    return None


def _with_preposition(fragment: str, before: str) -> str | None:
    """Put `in 2019` in the place of another date, or of what follows the same preposition.

    A date that the question before ends with stays where it is not what was typed.
    """
    first, rest = fragment.split(" ", 1)
    if _YEAR.fullmatch(rest) and len(dated := list(_DATED.finditer(before))) == 1:
        return f"{before[: dated[0].start()]}{fragment}{before[dated[0].end() :]}"
    ending = _DATE_AT_END.search(before)
    for at in reversed(list(re.finditer(rf"\b{re.escape(first)}\b", before, re.IGNORECASE))):
        dated_end = ending if ending and ending.start() >= at.end() else None
        place = before[at.end() : dated_end.start() if dated_end else len(before)]
        if tells_when(place) == tells_when(rest):
            kept = dated_end[0] if dated_end and not tells_when(rest) else ""
            return f"{before[: at.start()]}{fragment}{kept}"
    return None


def _ends_with(about: str, before: str) -> bool:
    """Tell whether a question ends with `about`, but for a date."""
    after = before[before.rindex(about) + len(about) :]
    return not after.strip() or (after.split()[0].lower() in PREPOSITIONS and tells_when(after))


def _counterpart(fragment: str, before: str) -> str | None:
    """Find in the question before what is of the fragment's kind: year, name or topic."""
    if _YEAR.fullmatch(fragment):
        years = _YEAR.findall(before)
        return years[-1] if years else None
    if any(word[:1].isupper() for word in fragment.split()):
        return _named_like(fragment, before)
    about = topic_of(before)
    if about and _WHICH_NOUN.match(before) and not _ends_with(about, before):
        return None
    if about is None or fragment.lower().startswith(_OWNERS):
        return about
    if fragment.lower().startswith("the "):
        return head[0] if (head := _HEAD.match(about)) else about
    return trait["owner"] if (trait := TRAIT.match(about)) else about


def _named_like(fragment: str, before: str) -> str | None:
    """Find what gives its place to a name: for a person's a person or who acts, else a name.

    What something is (`What is smoking?`) can be asked of whatever has a name.
    """
    given = names(f"x {fragment}")
    if given and given[0].person:
        place = doer_or_person(before)
        about = topic_of(before) if _WHAT_IS.match(before) else None
        return before[place[0] : place[1]] if place else about
    known = names(before)
    if known and (not given or given[0].may_be_person):
        return known[-1].text
    things = [name.text for name in known if not name.person]
    return things[-1] if things else topic_of(before) or (known[-1].text if known else None)
