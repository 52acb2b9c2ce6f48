"""Ten languages in one index and alone: what their words become, and that answers are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from askdoc import app, workspace
from askdoc.ask.answer import Answerer
from askdoc.strings import folded
from askdoc.text.languages import detect, function_words
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Answer, Status

TEXTS: Mapping[str, str] = {
    "de": "Der Leuchtturm von Velm wurde 1883 gebaut. Die Baumeisterin war Marta Olsen. "
    "Heute leben drei Familien auf der Insel. Die Fähren fahren jeden Morgen ab.",
    "fr": "Le phare de Velm fut construit en 1883. L’architecte s’appelait Marta Olsen. "
    "Trois familles habitent aujourd’hui sur l’île. Les bateaux partent chaque matin.",
    "ru": "Маяк в Вельме был построен в 1883 году. Его спроектировала Марта Ольсен. "
    "Сегодня на острове живут три семьи. Паромы отходят каждое утро.",
    "el": "Ο φάρος της Βελμ χτίστηκε το 1883. Τον σχεδίασε η Μάρτα Όλσεν. "
    "Σήμερα στο νησί ζουν τρεις οικογένειες. Τα πλοία φεύγουν κάθε πρωί.",
    "zh": "维尔姆灯塔建于1883年。设计师是玛尔塔·奥尔森。今天岛上住着三户人家。渡船每天早晨出发。",
    "ja": "ヴェルムの灯台は1883年に建てられました。設計者はマルタ・オルセンです。"
    "現在、島には三家族が住んでいます。船は毎朝出ます。",
    "th": "ประภาคารเวล์มสร้างขึ้นในปี 1883 ผู้ออกแบบคือมาร์ตา โอลเซน\n\n"
    "ปัจจุบันมีสามครอบครัวอาศัยอยู่บนเกาะ\n\nเรือข้ามฟากออกทุกเช้า",
    "ar": "بنيت منارة فيلم عام 1883. صممتها مارتا أولسن. "
    "تعيش اليوم ثلاث عائلات في الجزيرة. تغادر العبارات كل صباح.",
    "hi": "वेल्म का प्रकाशस्तंभ 1883 में बनाया गया था। इसकी रूपरेखा मार्ता ओल्सेन ने तैयार की। "
    "आज द्वीप पर तीन परिवार रहते हैं। नौकाएँ हर सुबह चलती हैं।",
    "ko": "벨름 등대는 1883년에 건설되었다. 설계자는 마르타 올센이다. "
    "오늘날 섬에는 세 가족이 살고 있다. 배는 매일 아침 떠난다.",
}
ASKED: Mapping[str, tuple[str, str]] = {
    "de": ("Wann wurde der Leuchtturm gebaut?", "1883"),
    "fr": ("Combien de familles habitent sur l'île ?", "Trois familles"),
    "ru": ("Сколько семей живёт на острове?", "три семьи"),
    "el": ("Πότε χτίστηκε ο φάρος;", "1883"),
    "zh": ("灯塔建于哪一年？", "1883"),
    "ja": ("灯台はいつ建てられましたか？", "1883"),
    "th": ("ประภาคารสร้างขึ้นเมื่อไร", "1883"),
    "ar": ("متى بنيت المنارة؟", "1883"),
    "hi": ("प्रकाशस्तंभ कब बनाया गया था?", "1883"),
    "ko": ("등대는 언제 건설되었나요?", "1883"),
}
UNANSWERED: Mapping[str, str] = {
    "de": "Welche Farbe hat der Wein aus Portugal?",
    "ru": "Какой телефон у врача в Москве?",
    "zh": "火星的直径是多少？",
    "ar": "كم سعر السيارة الحمراء؟",
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    """Open an index with a document in each language, and one in English."""
    folder = tmp_path_factory.mktemp("languages")
    english = "The harbour of Tarn was dug out in 1901. It is used by the ferries of the mainland."
    for name, text in {**TEXTS, "en": english}.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    place = workspace.find(folder, overrides={"index": str(folder / "index")})
    with app.indexer(place) as indexer:
        indexer.sync([folder / f"{name}.txt" for name in (*TEXTS, "en")])
    with app.answerer(place) as opened:
        yield opened


def quotes(answer: Answer) -> list[str]:
    return [citation.quote for citation in answer.citations]


@pytest.mark.parametrize("language", ASKED)
def test_a_question_in_any_language_is_answered_from_the_documents(
    mixed: Answerer, language: str
) -> None:
    question, expected = ASKED[language]
    answer = mixed.answer(question)
    assert answer.status is Status.ANSWERED, answer.signals
    assert expected in quotes(answer)[0]
    assert answer.citations[0].document.path == f"{language}.txt"
    assert answer.citations[0].document.language == language


@pytest.mark.parametrize("language", UNANSWERED)
def test_what_no_document_says_is_refused_in_any_language(mixed: Answerer, language: str) -> None:
    assert mixed.answer(UNANSWERED[language]).status is Status.ABSTAINED


@pytest.mark.parametrize("language", [*TEXTS])
def test_the_language_of_a_text_is_found(language: str) -> None:
    assert detect(TEXTS[language]) == language


@pytest.mark.parametrize(
    ("text", "among", "expected"),
    [
        ("", (), "en"),
        ("1883", (), "en"),
        ("Budget 2024", (), "en"),
        (
            "Hill, R. W., Moyes, C. D., Schulte, P. M.: Animal Physiology, volume III and IV",
            (),
            "en",
        ),
        ("Leuchtturm Velm", ("de", "en"), "de"),  # no function word: that of most documents
        ("Who built it?", ("de", "en"), "en"),
        ("Wer baute ihn?", ("en", "de"), "de"),
        ("Wer baute ihn?", ("en",), "en"),
        ("灯台", ("en", "ja"), "en"),  # Han alone is no Japanese for sure
        ("カメラ", ("en", "ja"), "ja"),
        ("这是什么？", ("en", "zh"), "zh"),
        ("Що це і як воно працює?", (), "uk"),
        ("این کتاب را چه کسی نوشته است؟", (), "fa"),
    ],
)
def test_a_short_text_is_judged_among_what_there_is(
    text: str, among: tuple[str, ...], expected: str
) -> None:
    assert detect(text, among) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ｃａｆé", "cafe"),
        ("Straße ΆΝΕΜΟΣ", "strasse ανεμοσ"),
        ("ёлка Йод замо́к", "елка йод замок"),
        ("Київ ѓ", "київ ѓ"),
        ("हिन्दी", "हिन्दी"),
        ("が か", "が か"),
        ("한국", "한국"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
    ],
)
def test_accents_are_folded_and_what_makes_another_letter_is_not(text: str, expected: str) -> None:
    assert folded(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("die Häuser und das Haus", "de", ["haus", "haus"]),
        ("l’architecte d'automne", "fr", ["architect", "automn"]),
        ("Anna's house", "en", ["anna", "hous"]),
        ("мосты моста", "ru", ["мост", "мост"]),
        ("東京大学", "ja", ["東京", "京大", "大学"]),
        ("灯塔建于1883年", "zh", ["灯塔", "塔建", "1883", "年"]),
        ("북한산은 등대에서", "ko", ["북한", "한산", "등대"]),
        ("สร้าง", "th", ["สร้", "ร้า", "าง"]),
        ("Python で書く", "en", ["python", "書"]),
    ],
)
def test_words_of_any_script_become_terms(text: str, language: str, expected: list[str]) -> None:
    assert SnowballAnalyser().terms(text, language) == expected


def test_a_hindi_word_keeps_its_vowels() -> None:
    analyser = SnowballAnalyser()
    assert analyser.terms("कल काल", "xx") == ["कल", "काल"]


def test_function_words_are_known_where_the_package_has_them() -> None:
    assert {"the", "who"} <= function_words("en")
    assert {"der", "fur"} <= function_words("de")
    assert function_words("xx") == frozenset()


def test_the_language_that_is_set_is_that_of_every_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXTS["de"], encoding="utf-8")
    place = workspace.find(tmp_path, overrides={"index": str(tmp_path / "index"), "language": "sv"})
    with app.indexer(place) as indexer:
        indexer.sync([tmp_path / "a.txt"])
    with app.open_catalog(place) as catalog:
        assert catalog.languages() == ["sv"]
