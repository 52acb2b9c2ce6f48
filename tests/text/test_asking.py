"""What of a question only asks, in many languages: left out of its terms; content never is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from askdoc import app, workspace
from askdoc.ask.answer import Answerer
from askdoc.text.asking import asking
from askdoc.text.languages import detect
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Status

ANALYSER = SnowballAnalyser()


@pytest.mark.parametrize(
    ("language", "question", "about"),
    [
        ("en", "What does the amber lamp mean?", "the amber lamp"),
        ("en", "What happened to the barge in June?", "the barge in June"),
        ("en", "When did the flood take place?", "the flood"),
        ("en", "What did the notice mean by a fair wind?", "the notice a fair wind"),
        ("de", "Was ist der Köchin passiert?", "der Köchin"),
        ("de", "Was bedeutet das gelbe Schild?", "das gelbe Schild"),
        ("de", "Wann findet der Flohmarkt statt?", "der Flohmarkt"),
        ("de", "Wie heißt das Boot?", "das Boot"),
        ("fr", "Que s'est-il passé au marché ?", "au marché"),
        ("fr", "Que veut dire le panneau ?", "le panneau"),
        ("fr", "Comment s'appelle le bateau ?", "le bateau"),
        ("es", "¿Qué les pasó a los pescadores?", "a los pescadores"),
        ("es", "¿Dónde se encuentra la fuente?", "la fuente"),
        ("it", "Che cosa è successo al pescatore?", "al pescatore"),
        ("pt", "Como se chama o barco?", "o barco"),
        ("ca", "Què va passar al moll?", "al moll"),
        ("ro", "Unde se află fântâna?", "fântâna"),
        ("nl", "Wat is er gebeurd met de veerman?", "de veerman"),
        ("nl", "Hoe heet de boot?", "de boot"),
        ("sv", "Vad hände med färjan?", "färjan"),
        ("da", "Hvad betyder skiltet?", "skiltet"),
        ("nb", "Hva skjedde med fergen?", "fergen"),
        ("fi", "Mitä lautalle tapahtui?", "lautalle"),
        ("pl", "Co się stało z promem?", "promem"),
        ("cs", "Jak se jmenuje přívoz?", "přívoz"),
        ("sk", "Kde sa nachádza kompa?", "kompa"),
        ("hu", "Hol található a komp?", "komp"),
        ("ru", "Что случилось с паромом?", "паромом"),
        ("ru", "Как называется паром?", "паром"),
        ("uk", "Де знаходиться пором?", "пором"),
        ("bg", "Какво означава табелата?", "табелата"),
        ("el", "Τι συνέβη με το φέρι;", "φέρι"),
        ("tr", "Tabela ne anlama geliyor?", "tabela"),
        ("ar", "متى تكون المدرسة مفتوحة؟", "المدرسة مفتوحة"),
        ("ar", "أين تقع المدرسة؟", "المدرسة"),
        ("fa", "مدرسه کجا قرار دارد؟", "مدرسه"),
        ("he", "איפה נמצאת המעבורת?", "המעבורת"),
        ("hi", "इस बोर्ड का क्या मतलब है?", "बोर्ड"),
        ("id", "Apa arti papan itu?", "papan"),
        ("ms", "Di manakah jeti terletak?", "jeti"),
        ("zh", "电梯什么时候能维修？", "电梯 维修"),
        ("zh", "煮饺子要用多少升水？", "煮饺子 水"),
        ("zh", "蒸鱼需要多少分钟？", "蒸鱼"),
        ("zh", "红灯是什么意思？", "红灯"),
        ("ja", "牛は何頭いますか", "牛"),
        ("ja", "何曜日に清掃しますか", "清掃"),
        ("ja", "赤い札は何を意味しますか", "赤い札"),
        ("ko", "소는 몇 마리 있나요?", "소"),
        ("ko", "나루터에서 무슨 일이 있었나요?", "나루터에서"),
        ("th", "ป้ายแดงหมายความว่าอะไร", "ป้ายแดง"),
        ("vi", "Chuyện gì đã xảy ra ở bến phà?", "ở bến phà"),
    ],
)
def test_what_only_asks_is_no_term_of_a_question(language: str, question: str, about: str) -> None:
    assert ANALYSER.question_terms(question, language) == ANALYSER.terms(about, language)


@pytest.mark.parametrize(
    ("language", "question", "term"),
    [
        ("en", "What is the mean temperature in May?", "mean"),
        ("en", "Does the mean depth change?", "mean"),
        ("en", "Where is the pump located?", "located"),
        ("en", "Which place did the runner take?", "place"),
        ("de", "Was ist der Sinn der Regel?", "sinn"),
        ("de", "Wo steht der heiße Tee?", "heiss"),
        ("de", "Was ist das Los der Fischer?", "los"),
        ("fr", "À quelle heure arrive le train ?", "arriv"),
        ("fr", "Qui produit le cidre ?", "produit"),
        ("es", "¿Cuándo pasó el cometa?", "pas"),
        ("nl", "Is het water heet?", "heet"),
        ("sv", "Varför tvättar kocken sina händer?", "händer"),
        ("nb", "Hvorfor vasker kokken sine hender?", "hender"),
        ("pl", "Kto napisał dzieje miasta?", "dzieje"),
        ("ar", "من وقع العقد؟", "وقع"),
        ("zh", "这个镇有多少人口？", "人口"),
        ("zh", "什么时候会议开始？", "会议"),
        ("zh", "很多大学在哪里？", "大学"),
        ("ja", "幾何学は何年に生まれましたか", "幾何学は"),
    ],
)
def test_what_a_question_is_about_stays(language: str, question: str, term: str) -> None:
    expected = set(ANALYSER.terms(term, language))
    assert expected
    assert expected <= set(ANALYSER.question_terms(question, language))


def test_a_question_that_only_asks_keeps_its_words() -> None:
    assert ANALYSER.question_terms("What happened?", "en") == ["happen"]
    assert asking("xx").words == frozenset()


def test_words_that_ask_tell_the_language_of_a_question() -> None:
    assert detect("Hol lakik Marta?", ("de", "hu")) == "hu"


TEXTS: Mapping[str, tuple[str, str, str]] = {
    "de": ("Die Köchin stürzte im Keller.", "Was ist der Köchin passiert?", "Wie heißt der Wirt?"),
    "es": ("El molino está tras el cerro.", "¿Dónde se encuentra el molino?", "¿Qué pasó ayer?"),
    "ru": ("Мельница сгорела у реки.", "Что случилось с мельницей?", "Где находится баня?"),
    "el": ("Η αγορά είναι δίπλα στο λιμάνι.", "Πού βρίσκεται η αγορά;", "Τι σημαίνει η σημαία;"),
    "ar": ("المدرسة خلف السوق.", "أين توجد المدرسة؟", "أين يقع المسبح؟"),
    "zh": ("电梯将于五月维修。", "电梯什么时候能维修？", "泳池什么时候开放？"),
    "ja": ("牛が三頭、牧場で暮らす。", "牛は何頭いますか", "羊は何頭いますか"),
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    """Open an index with a sentence in each language."""
    folder = tmp_path_factory.mktemp("asking")
    files = {folder / f"{name}.txt": text for name, (text, _, _) in TEXTS.items()}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    place = workspace.find(folder, overrides={"index": str(folder / "index")})
    with app.indexer(place) as indexer:
        indexer.sync([*files])
    with app.answerer(place) as opened:
        yield opened


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_answers_that_holds_no_word_that_asks(mixed: Answerer, language: str) -> None:
    _, asked, unanswered = TEXTS[language]
    answer = mixed.answer(asked)
    assert answer.status is Status.ANSWERED, answer.signals
    assert answer.citations[0].document.path == f"{language}.txt"
    assert mixed.answer(unanswered).status is Status.ABSTAINED
