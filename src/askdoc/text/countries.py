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


PEOPLES: dict[str, str] = {
    form: country
    for country, forms in (
        entry.split(":")
        for entry in """
        denmark: danish dane danes | netherlands: dutch | sweden: swedish swede swedes
        norway: norwegian norwegians | finland: finnish finn finns | iceland: icelandic icelander
        germany: german germans | france: french frenchman | spain: spanish spaniard spaniards
        portugal: portuguese | italy: italian italians | greece: greek greeks | poland: polish pole
        russia: russian russians | ukraine: ukrainian ukrainians | turkey: turkish turk turks
        austria: austrian austrians | switzerland: swiss | hungary: hungarian hungarians
        czechia: czech czechs | slovakia: slovak slovaks | serbia: serbian serb serbs
        croatia: croatian croat | romania: romanian romanians | bulgaria: bulgarian bulgarians
        ireland: irish | scotland: scottish scot scots | wales: welsh | england: english
        britain: british briton britons | belgium: belgian belgians | china: chinese
        japan: japanese | korea: korean koreans | vietnam: vietnamese | thailand: thai
        india: indian indians | pakistan: pakistani pakistanis | iran: iranian iranians
        iraq: iraqi iraqis | israel: israeli israelis | egypt: egyptian egyptians
        morocco: moroccan moroccans | nigeria: nigerian nigerians | kenya: kenyan kenyans
        ethiopia: ethiopian ethiopians | brazil: brazilian brazilians | chile: chilean chileans
        argentina: argentine argentinian | mexico: mexican mexicans | peru: peruvian peruvians
        canada: canadian canadians | america: american americans | cuba: cuban cubans
        australia: australian australians | europe: european europeans | africa: african africans
        asia: asian asians | polynesia: polynesian polynesians | estonia: estonian estonians
        latvia: latvian latvians | lithuania: lithuanian lithuanians | philippines: filipino
        """.replace("\n", "|").split("|")
        if entry.strip()
    )
    for form in forms.split()
    for country in [country.strip()]
}
"""What is said of a country or its people, and the country."""
