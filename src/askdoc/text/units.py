# ruff: noqa: SIM905 - words in rows are easier to read than quoted ones
"""Units of measure, currencies and words for numbers, with what they amount to."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

PERCENT = "percent"

_TABLE = """
percent     1        %, percent, per cent, pc
points      1        percentage point, percentage points
usd         1        dollar, dollars, us dollars, usd
eur         1        euro, euros, eur
gbp         1        pound, pounds, pounds sterling, gbp
lb          1        pound, pounds, lb, lbs
cny         1        yuan, renminbi, rmb, cny
jpy         1        yen, jpy
inr         1        rupee, rupees, inr
rub         1        ruble, rubles, rouble, roubles
chf         1        franc, francs, chf
krone       1        krone, kroner, krona, kronor, nok, sek, dkk
peso        1        peso, pesos
zloty       1        zloty, zlotys, pln
lira        1        lira, liras, lire
rand        1        rand, zar
koruna      1        koruna, korunas, czk
forint      1        forint, forints, huf
shilling    1        shilling, shillings
shekel      1        shekel, shekels
dirham      1        dirham, dirhams
dinar       1        dinar, dinars
baht        1        baht
naira       1        naira
metre       1        metre, metres, meter, meters, m
metre       1000     kilometre, kilometres, kilometer, kilometers, km
metre       1/100    centimetre, centimetres, centimeter, centimeters, cm
metre       1/1000   millimetre, millimetres, millimeter, millimeters, mm
metre2      1        square metres, square meters, sq m, m², m2
metre2      1000000  square kilometres, square kilometers, sq km, km², km2
metre2      10000    hectare, hectares, ha
metre3      1        cubic metres, cubic meters, m³, m3
mile        1        mile, miles, mi
mile2       1        square mile, square miles, sq mi
foot        1        foot, feet, ft
foot2       1        square foot, square feet, sq ft
inch        1        inch, inches
yard        1        yard, yards
acre        1        acre, acres
gram        1        gram, grams, gramme, grammes, g
gram        1000     kilogram, kilograms, kilo, kilos, kg
gram        1/1000   milligram, milligrams, mg
gram        1/1000000  microgram, micrograms, µg
gram        1000000  tonne, tonnes, metric tons, t
ton         1        ton, tons
ounce       1        ounce, ounces, oz
litre       1        litre, litres, liter, liters, l
litre       1/1000   millilitre, millilitres, milliliter, milliliters, ml
gallon      1        gallon, gallons
barrel      1        barrel, barrels
celsius     1        degrees celsius, degree celsius, degrees centigrade, °c
fahrenheit  1        degrees fahrenheit, degree fahrenheit, °f
degree      1        degree, degrees, °
watt        1        watt, watts
watt        1000     kilowatt, kilowatts, kw
watt        1000000  megawatt, megawatts, mw
watt        1000000000  gigawatt, gigawatts, gw
byte        1        byte, bytes
byte        1000     kilobyte, kilobytes, kb
byte        1000000  megabyte, megabytes, mb
byte        1000000000  gigabyte, gigabytes, gb
byte        1000000000000  terabyte, terabytes, tb
hertz       1        hertz, hz
second      1        second, seconds
second      60       minute, minutes
second      3600     hour, hours
second      86400    day, days
second      604800   week, weeks
month       1        month, months
year        1        year, years
decade      1        decade, decades
century     1        century, centuries
times       1        times, time
mph         1        mph, miles per hour
km/h        1        km/h, kph, kilometres per hour, kilometers per hour
"""


def _units() -> dict[str, tuple[tuple[str, Fraction], ...]]:
    found: dict[str, tuple[tuple[str, Fraction], ...]] = {}
    for line in _TABLE.strip().splitlines():
        base, factor, names = line.split(maxsplit=2)
        for name in names.casefold().split(", "):  # µ has two code points, s in `hours` as well
            found[name] = (*found.get(name, ()), (base, Fraction(factor)))
    return found


UNITS: Mapping[str, tuple[tuple[str, Fraction], ...]] = _units()
"""For each spelling of a unit, what it may be: a base unit, and how much of it."""

SIGNS: Mapping[str, tuple[str, ...]] = {
    "$": ("usd",),
    "us$": ("usd",),
    "€": ("eur",),
    "£": ("gbp",),
    "¥": ("cny", "jpy"),
    "₹": ("inr",),
    "₽": ("rub",),
    "rmb": ("cny",),
    "usd": ("usd",),
    "eur": ("eur",),
    "gbp": ("gbp",),
    "cny": ("cny",),
    "chf": ("chf",),
}
"""What stands before an amount, and the currencies it may mean."""

SCALES: Mapping[str, int] = {
    "hundred": 10**2,
    "thousand": 10**3,
    "k": 10**3,
    "million": 10**6,
    "mn": 10**6,
    "m": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "b": 10**9,
    "trillion": 10**12,
    "tn": 10**12,
    "lakh": 10**5,
    "crore": 10**7,
    "dozen": 12,
}

_ONES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
""".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()

SPELLED: Mapping[str, int] = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: 10 * place for place, word in enumerate(_TENS, start=2)},
}

ORDINALS: Mapping[str, int] = {
    word: value
    for value, word in enumerate(
        """
        first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
        fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
        """.split(),
        start=1,
    )
}

FRACTIONS: Mapping[str, Fraction] = {
    "half": Fraction(1, 2),
    "quarter": Fraction(1, 4),
    "third": Fraction(1, 3),
}

MULTIPLES: Mapping[str, int] = {
    "once": 1,
    "twice": 2,
    "thrice": 3,
    "double": 2,
    "doubled": 2,
    "triple": 3,
    "tripled": 3,
}
