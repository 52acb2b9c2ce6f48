# ruff: noqa: SIM905, E501 - words in rows, one for each language
"""Words of other languages than English by which the check of claims goes.

How they deny, and numbers in words. Words are compared in lower case and without accents. By the codes that `Analyser.language` gives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

ENGLISH = "en"


def plain(text: str) -> str:
    """Fold case and leave accents out."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _words(table: str) -> Mapping[str, frozenset[str]]:
    lines = (line.partition(":") for line in table.strip().splitlines())
    return {name.strip(): frozenset(plain(words).split()) for name, _, words in lines}


NEGATORS = _words("""
    de: nicht kein keine keinen keinem keiner keines keinerlei nie niemals niemand nichts nirgends weder
    fr: ne n pas jamais aucun aucune rien ni nul nulle
    es: no nunca jamás nadie nada ningún ninguna ninguno ni tampoco
    it: non mai nessun nessuna nessuno niente nulla neppure nemmeno neanche
    pt: não nunca jamais ninguém nada nenhum nenhuma nem
    nl: niet geen nooit niemand niets nergens noch
    ca: no mai ningú cap tampoc
    sv: inte ej icke aldrig ingen inget inga
    da: ikke aldrig ingen intet
    nb: ikke aldri ingen intet
    fi: ei eivät emme ette koskaan
    pl: nie nigdy nikt nic żaden żadna żadne
    cs: ne není nikdy nikdo nic žádný žádná žádné
    sk: nie nikdy nikto nič žiadny žiadna žiadne
    hu: nem soha senki semmi nincs sincs sem
    ro: nu niciodată nimeni nimic nici
    tr: değil yok asla hiçbir
    id: tidak bukan tak belum jangan
    vi: không chưa chẳng
    ru: не нет никогда никто ничего ни нельзя
    uk: не ні ніколи ніхто нічого немає
    bg: не няма никога никой нищо
    el: δεν μην ποτέ κανείς ούτε όχι
    ar: لا لم لن ليس ليست
    fa: نه نیست نبود نشد نکرد هیچ
    he: לא אין אינו אינה
""")
"""Words that deny the clause they stand in."""

PREFIXED: Mapping[str, str] = {"cs": "ne", "sk": "ne"}
"""Where verbs are denied by what is put before them."""

UNSPACED = {
    "zh": re.compile(
        "没|沒|不(?![仅僅但过過同断斷久少])|(?<!并)非(?![洲常])|未(?![来來])|无(?!锡)|無(?!錫)"
    ),
    "ja": re.compile("(?<![少危])ない|なかった|ません|ずに|ず(?=[、。])|(?<![少危])なく(?!な)"),
    "ko": re.compile("않|없|아니|못(?=하|했|한)|(?<!\\w)안(?!\\w)"),
    "th": re.compile("ไม่"),
    "hi": re.compile("(?<!\\S)(?:नहीं|न|मत)(?!\\S)"),
    "bn": re.compile("(?<!\\S)(?:না|নয়|নেই)(?![^\\s।])"),
}
"""How languages deny whose words are not told apart by letters between spaces."""

NO_DENIAL = re.compile(
    r"\bnicht (?:nur|allein)\b|\bnon seulement\b|\bno s[oó]lo\b|\bnon solo\b|\bnão só\b"
    r"|\bniet alleen\b|\bnão apenas\b|\binte bara\b|\bne (?=\w+(?: \w+)? que\b)|\bn[’'](?=\w+ que\b)"
    r"|なければならない|なくてはならない|ならない|かもしれない|不得不",
    re.IGNORECASE,
)
"""What looks like a denial and is none: "not only", "ne … que", and two denials."""

_SMALL = {
    "de": "null _ zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn"
    " sechzehn siebzehn achtzehn neunzehn zwanzig",
    "fr": "zéro _ deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "es": "cero _ dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince"
    " dieciséis diecisiete dieciocho diecinueve veinte",
    "it": "zero _ due tre quattro cinque _ sette otto nove dieci undici dodici tredici quattordici"
    " quindici sedici diciassette diciotto diciannove venti",
    "pt": "zero _ dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze"
    " dezesseis dezessete dezoito dezenove vinte",
    "nl": "nul _ twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien"
    " zestien zeventien achttien negentien twintig",
}
_LARGE = {
    "de": "dreißig:30 vierzig:40 fünfzig:50 sechzig:60 siebzig:70 achtzig:80 neunzig:90 hundert:100",
    "fr": "trente:30 quarante:40 cinquante:50 soixante:60 cent:100",
    "es": "treinta:30 cuarenta:40 cincuenta:50 sesenta:60 setenta:70 ochenta:80 noventa:90 cien:100",
    "it": "trenta:30 quaranta:40 cinquanta:50 sessanta:60 settanta:70 ottanta:80 novanta:90 cento:100",
    "pt": "duas:2 trinta:30 quarenta:40 cinquenta:50 sessenta:60 setenta:70 oitenta:80 noventa:90",
    "nl": "dertig:30 veertig:40 vijftig:50 zestig:60 zeventig:70 tachtig:80 negentig:90 honderd:100",
}


def _numbers(language: str) -> Mapping[str, int]:
    small = {word: value for value, word in enumerate(plain(_SMALL[language]).split())}
    large = (pair.split(":") for pair in plain(_LARGE[language]).split())
    return {w: v for w, v in small.items() if w != "_"} | {word: int(v) for word, v in large}


NUMBERS: Mapping[str, Mapping[str, int]] = {language: _numbers(language) for language in _SMALL}
"""Numbers in words; those that are articles or other words as well are left out."""

MONTHS = frozenset(
    plain(
        """
        januar jänner februar märz april mai juni juli august september oktober november dezember
        janvier février mars avril juin juillet août septembre octobre novembre décembre
        enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
        gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
        janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
        januari februari maart mei augustus december january february march may june july october
        marts maj mars oktober desember syyskuuta tammikuuta helmikuuta maaliskuuta huhtikuuta
        toukokuuta kesäkuuta heinäkuuta elokuuta lokakuuta marraskuuta joulukuuta
        ledna února března dubna května června července srpna září října listopadu prosince
        stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada
        grudnia január február március április május június július augusztus szeptember október
        ocak şubat mayıs haziran temmuz ağustos eylül ekim kasım aralık
        """
    ).split()
)
"""Names of months, in the form that follows a day."""

ORDINAL_DOT = frozenset("de da nb sv fi cs sk hu et sl hr sr lv is".split())
"""Languages that write an ordinal with a full stop: `am 8. November`."""

_ABBREVIATIONS = _words("""
    *: dr prof st mr mrs ms
    en: gen col capt lt sgt sen rep gov rev hon mt ft jr vs fig vol
    de: nr bzw ca hr fr bd abs abb kap sog geb gest vgl inkl evtl ggf dipl ing str tel mio mrd hll
    fr: mme mlle mm me ste av apr chap vol env art fig
    es: sr sra srta dra ud uds núm pág art cap lic ing av
    it: sig dott avv ing pag art cap
    pt: sr sra dra pág art av
    nl: dhr mevr mr ir nr blz bijv ca
    sv: nr ca kl
    da: nr ca kl hr fr
    nb: nr ca kl
    fi: nro esim
    pl: nr ul tzw np ks inż mgr
    cs: č tzv např ing mgr
    hu: ifj id
""")


def abbreviations(language: str) -> frozenset[str]:
    """List what ends with a full stop in the middle of a sentence."""
    return _ABBREVIATIONS["*"] | _ABBREVIATIONS.get(language, frozenset())
