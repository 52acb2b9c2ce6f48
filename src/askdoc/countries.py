"""The names of countries and regions in English, which have the form of a person's."""

from __future__ import annotations

COUNTRIES = frozenset(
    name.strip()
    for name in """
    afghanistan, africa, albania, algeria, america, angola, antarctica, arabia, argentina, armenia,
    asia, australia, austria, azerbaijan, bahamas, bahrain, bangladesh, barbados, belarus, belgium,
    belize, benin, bhutan, bolivia, botswana, brazil, britain, brunei, bulgaria, burkina faso,
    burundi, cambodia, cameroon, canada, cape verde, central america, chile, china, colombia, congo,
    costa rica, croatia, cuba, cyprus, denmark, djibouti, dominica, ecuador, egypt, el salvador,
    england, eritrea, estonia, eswatini, ethiopia, europe, fiji, finland, france, gabon, gambia,
    germany, ghana, great britain, greece, greenland, grenada, guatemala, guinea, guyana, haiti,
    honduras, hong kong, hungary, iceland, india, indonesia, iran, iraq, ireland, israel, italy,
    ivory coast, jamaica, japan, kazakhstan, kenya, kiribati, korea, kosovo, kuwait, kyrgyzstan,
    laos, latin america, latvia, lebanon, lesotho, liberia, libya, liechtenstein, lithuania,
    luxembourg, macao, macedonia, malawi, malaysia, maldives, mali, malta, marshall islands,
    mauritania, mauritius, mexico, middle east, moldova, monaco, mongolia, montenegro, morocco,
    mozambique, myanmar, namibia, nauru, nepal, netherlands, nicaragua, niger, nigeria, norway,
    oceania, oman, pakistan, palau, palestine, panama, papua, paraguay, peru, philippines, poland,
    portugal, puerto rico, qatar, romania, russia, rwanda, samoa, saudi arabia, scandinavia,
    scotland, senegal, serbia, seychelles, sierra leone, singapore, slovakia, slovenia, solomon
    islands, somalia, spain, sri lanka, sudan, suriname, sweden, switzerland, syria, taiwan,
    tajikistan, tanzania, thailand, togo, tonga, trinidad, tunisia, turkey, turkmenistan, tuvalu,
    uganda, ukraine, united arab emirates, united kingdom, united states, uruguay, uzbekistan,
    vanuatu, vatican, venezuela, vietnam, wales, yemen, zambia, zimbabwe
    """.replace("\n    ", " ").split(",")
)
