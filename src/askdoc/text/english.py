# ruff: noqa: SIM905 - hundreds of quoted words would be harder to read
"""English word lists: forms of words, and words that join, limit or deny.

Stems are those of the Snowball stemmer. In another language the lists match nothing, and the check
rests on numbers, dates, names, the words themselves and what `other_languages` lists.
"""

from __future__ import annotations

from collections.abc import Mapping

IRREGULAR: Mapping[str, str] = {
    form: base
    for base, forms in (
        line.split(":")
        for line in """
        bear: bore borne | beat: beaten | bind: bound | bite: bit bitten | blow: blew blown
        deal: dealt | dig: dug | feel: felt | flee: fled | freeze: froze frozen | get: got
        give: gave given | hang: hung | hear: heard | hide: hid hidden | lay: laid | lie: lain
        light: lit | overcome: overcame | prove: proven | ride: rode ridden | ring: rang rung
        seek: sought | shake: shook shaken | shine: shone | shoot: shot | show: shown | sit: sat
        sleep: slept | slide: slid | stick: stuck | strike: struck | swear: swore sworn
        sweep: swept | swing: swung | tear: tore torn | understand: understood | wake: woke
        weave: wove woven | withdraw: withdrew withdrawn
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
    accord account also approxim back be circa come describ do document exampl explain fact find
    found get has have mention make note reason report rough said say show sourc state stat take
    tell text time use way
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
    hope believ think thought suppos assum rumour rumor if whether agre seem appear consid try
    attempt perhap perhaps probably likely maybe supposedly reportedly allegedly
    """.split()
)
"""Words and stems that tell a plan, a wish or an opinion from a fact."""

CANCELLING = frozenset(
    """
    about almost approxim around artifici assist barely co common deputi ex fail fake fals former
    frequent general half imaginari incomplet large least main most near normal occasion often part
    potenti propos quasi rare rough seldom semi so-cal sometim typic unsuccess up usual vice virtual
    would-be all both each every few fewer first last less many more much next second several some
    third
    """.split()
)
"""Words and stems without which what they stand before is something else."""

DETERMINERS = frozenset(
    """
    the a an this that these those his her its their our my your some any no all both each every
    most many few several two three four five six seven eight nine ten
    """.split()
)

TITLES = frozenset("mr mrs ms dr prof professor sir lady lord dame st".split())

PAST = frozenset(IRREGULAR) - frozenset("children death dead men people sale sales women".split())
PAST |= frozenset("born set put cut hit let shut spread cost".split())
"""Forms that are a verb wherever they stand."""

BE = frozenset("is are was were be been being isn't wasn't aren't weren't".split())

AUXILIARIES = frozenset(
    """
    can could will would shall should may might must cannot can't couldn't won't wouldn't do does
    did don't doesn't didn't has have had having
    """.split()
)

PRONOUNS = frozenset(
    """
    he she it they him her them his hers its their theirs this these those itself himself one ones
    none
    """.split()
)

RELATIVE = frozenset("who which whom whose that where when".split())
"""How a clause begins that speaks of what stands right before it."""

VERBS = frozenset(
    """
    accept account achiev act add adjust affect agre aim allow announc appear appli approach
    approv argu aris arriv ask assum attack attempt attract award bear beat becom begin believ
    belong block boil break bring build buy call cancel captur carri catch caus celebr chang
    charg choos claim climb close collect come compar compet complain complet compos comprise
    concern conclud confirm connect consid consist contain continu contribut control convert
    cook correspond cost cover creat cross cut damag date deal decid declar declin decreas defeat
    defend defin delay deliv demand deni depend describ design destroy detect determin develop
    die differ direct disappear discov discuss display divid draw drink drive drop earn eat
    elimin emerg employ encourag end enjoy ensur enter establish estim evolv examin exceed
    exist expand expect experi explain explor export express extend face fail fall favour
    feature feed feel fight fill find finish fit fix flow fly focus follow forc forget form
    found fund gain gather generat get give go govern grow guarante handl hang happen harm
    hate head heal hear help hide hire hold hope host hurt identifi ignor import impos improv
    includ increas indic infect influenc inform inherit inhibit inject injur insist inspir
    instal intend introduc invad invent invest invit involv join judg jump keep kick kill know
    lack last launch lay lead lean learn leav lend let lie lift like limit link list listen live
    locat look lose love lower maintain make manag mark marri mean measur meet mention merg
    move name need note notic number obtain occupi occur offer open oper oppos order organ own
    paint particip pass pay peak perform permit persuad place plan play point possess practic
    prais predict prefer prepar present preserv press prevent print produc promis promot
    protect prove provid publish pull purchas push put qualifi question quit race rais rang
    rank reach react read realiz receiv recogn recommend record recov reduc refer reflect
    refus regard reject relat releas reli remain remember remov replac repli report repres
    request requir rescu resembl resist respond rest restor result retain retir return reveal
    rise risk roll rule run save say score search see seek seem sell send separ serv set settl
    shape share shift shoot show shrink shut sign sing sink sit sleep slow smell speak specifi
    spend spread stand start state stay stop store strengthen stretch strike studi succeed
    suffer suggest suit supervis suppli support suppos surround survey surviv suspect sweep
    swim take talk target teach tell tend terrifi test thank think threaten throw touch trade
    train transfer transform transmit travel treat trigger tri turn understand unit urg use
    vari view visit volunt vote wait walk want warn wash watch weaken wear weigh win wish
    withdraw wonder work worri write yield doubl tripl halv
    """.split()
)
"""Stems of common verbs; after a determiner or a preposition the same word is a noun."""

JOINING = frozenset(
    """
    aboard about above across
    after against along among around at because before behind below beneath
    besides between beyond by despite due during for from hence however in into near of off on onto
    over per since than therefore though although through throughout thus to toward towards under
    until upon via when whereas while with within
    """.split()
)
"""Words that join others, which a stemmer's list of function words may lack."""

EMPTY = frozenset(
    """
    a an the is are was were be been being has have had of at in on by to per and that which also
    its their his her now currently
    """.split()
)
"""Words that do not limit what a sentence says; of all others both need the same."""

ROUGH = frozenset("about around roughly nearly almost approximately some circa".split())

ONCE = frozenset(
    """
    open build built found complet finish establish sign born bear die publish launch begin began
    start end close expir inaugur invent discov wed marri abolish ratifi appoint creat
    deadlin due birth death
    """.split()
)
"""What happens once, so that two dates of it contradict each other (stems)."""

TRANSFERS = frozenset("pay paid receiv give gave spend spent earn buy bought sell sold owe".split())
"""Verbs whose amount belongs to their object: without one they may be about different things."""

VERSIONS = frozenset(
    """
    amend amendment addendum agreement agreem contract revis version draft annex appendix supplement
    supplem updat new old final copi
    """.split()
)
"""Words of a title that tell a version of a document from another, not its matter (stems)."""
