# ruff: noqa: SIM905 - hundreds of quoted words would be harder to read
"""The English word lists that the check of claims goes by.

Stems are those of the Snowball stemmer. In another language the lists match nothing, and the check
rests on numbers, dates, names and the words themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

IRREGULAR: Mapping[str, str] = {
    form: base
    for base, forms in (
        line.split(":")
        for line in """
        become: became | begin: began begun | break: broke broken | bring: brought | build: built
        buy: bought | catch: caught | choose: chose chosen | come: came | child: children
        die: died death dead | draw: drew drawn | drive: drove driven | eat: ate eaten
        fall: fell fallen | fight: fought | find: found | fly: flew flown | forget: forgot forgotten
        forbid: forbade forbidden | go: went gone | grow: grew grown | hold: held | keep: kept
        know: knew known | lead: led | leave: left | lend: lent | lose: lost | make: made
        man: men | mean: meant | meet: met | pay: paid | person: people | rise: rose risen
        run: ran | say: said | see: saw seen | sell: sold sale sales | send: sent
        shrink: shrank shrunk | sing: sang sung | sink: sank sunk | speak: spoke spoken
        spend: spent | stand: stood | steal: stole stolen | swim: swam swum | take: took taken
        teach: taught | tell: told | think: thought | throw: threw thrown | wear: wore worn
        win: won | woman: women | write: wrote written
        """.replace("\n", "|").split("|")
        if line.strip()
    )
    for form in forms.split()
    for base in [base.strip()]
}
"""Forms that the stemmer does not bring together with their base."""

LIGHT = frozenset(
    """
    accord account also be come describ do document exampl explain fact find found get has have
    mention make note report said say sourc state stat take tell text use
    """.split()
)
"""Stems that add nothing a source could fail to say."""

NEGATORS = frozenset(
    """
    not no never none neither nor nobody nothing cannot without hardly rarely unable impossible
    cant dont isnt wont
    """.split()
)

DENYING = frozenset("refus deni fail lack reject prevent avoid unlik forbid".split())
"""Stems of verbs that deny what follows them."""

HEDGES = frozenset(
    """
    may might could would should plan propos expect alleg claim suggest possibl report aim intend
    hope if whether agre seem appear consid try attempt perhap
    """.split()
)
"""Words and stems that tell a plan, a wish or an opinion from a fact."""

UNIVERSAL = frozenset("all every always entirely completely everyone everybody everything".split())

DETERMINERS = frozenset(
    """
    the a an this that these those his her its their our my your some any no all both each every
    most many few several two three four five six seven eight nine ten
    """.split()
)

TITLES = frozenset("mr mrs ms dr prof professor sir lady lord dame st".split())

PIVOTS = frozenset("than give gives gave given".split())
"""Function words to search, but here they tell who from whom."""

_OPPOSITES = """
change: increas rise rais grow grew growth higher gain climb jump soar surg expand up double boost
    acceler strengthen improv more
  / decreas fall drop declin reduc reduct cut shrink lower plung slump contract down halv slow
    weaken worsen less fewer eas
level: high higher highest large larger largest big bigger biggest great greater greatest most
    maximum long longer longest
  / low lower lowest small smaller smallest least minimum littl short shorter shortest fewest
time: befor earlier prior previous / after later follow
bound: over abov exceed / under below beneath
rank: first / last
quality: best better / worst wors
outcome: win victori succeed success / lose defeat loss failur
trade: export / import
flow: profit surplus / deficit
judgement: accept approv adopt welcom / reject refus dismiss declin veto
licence: allow permit legal let / forbid ban prohibit illeg
side: support favour favor agre / oppos against disagre
course: begin start open launch found / end finish clos conclud dissolv
north: north northern / south southern
east: east eastern / west western
door: includ / exclud
hand: left / right
sign: posit / negat
sphere: public / privat
home: domest / foreign
parent: father son husband brother male man / mother daughter wife sister femal woman
heat: hot warm hotter warmer / cold cool colder cooler
pace: fast faster quick / slow slower
truth: true / fals
age: old older oldest / young younger youngest new newer newest
weight: heavi heavier heaviest / light lighter lightest
wealth: rich richer richest / poor poorer poorest
safety: safe / danger unsaf
"""


def _sides() -> dict[str, frozenset[tuple[str, int]]]:
    found: dict[str, set[tuple[str, int]]] = {}
    for line in _OPPOSITES.replace("\n  ", " ").strip().splitlines():
        family, _, members = line.partition(":")
        for side, words in enumerate(members.split("/")):
            for word in words.split():
                found.setdefault(word, set()).add((family, side))
    return {word: frozenset(keys) for word, keys in found.items()}


SIDES: Mapping[str, frozenset[tuple[str, int]]] = _sides()
"""For each word or stem that has an opposite: the families it belongs to, and its side in each."""
