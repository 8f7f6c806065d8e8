"""Which languages the classifiers cover: what they do not must reach a person, and slang must not."""

from __future__ import annotations

import pytest

from classifiers.languages import covered
from classifiers.training import reading

OTHERS = [
    "Quand est-ce que l'école ouvre ses portes demain matin, s'il vous plaît ?",
    "Wann beginnt morgen der Unterricht für die zweite Klasse?",
    "Obrigado a todos os professores que ficaram até tarde com as crianças",
    "Grazie mille agli insegnanti, i bambini erano felicissimi",
    "Xin cảm ơn cô giáo đã gọi điện cho gia đình tôi.",
    "Waad ku mahadsan tihiin shirka waalidka",
    "Salamat po sa lahat ng tulong ninyo sa mga bagong dating",
    "Дети в порядке? Почему нет информации?",
    "ура!! 🎉",
    "أين يمكنني تسجيل ابنتي في المدرسة؟",
    "请问新生注册需要带疫苗记录吗?",
    "화이팅!!",
    "ਕੀ ਕੱਲ੍ਹ ਸਕੂਲ ਖੁੱਲ੍ਹਾ ਹੈ?",
    "Dziękuję nauczycielom za wspaniałą wycieczkę do muzeum",
    "Коли починаються канікули?",
]
COVERED = [
    "",
    "🔥🔥🔥 💛",
    "Go Otters!!!",
    "Nguyen Tran, Xiomara Ochoa, Oluwaseun Adeyemi",
    "no cap that game was bussin fr fr 😭😭 ong",
    "k1ll y0u t0m0rr0w",
    "W E  A R E  T H E  H A W K S",
    "¡Felicidades mijo, échale ganas! 💪",
    "pinche vieja chismosa, ya cállese",
    "tell the directora que ya voy, she better have café",
    "lol ikr smh tbh idk",
    "I w​іll bе thеrе",
    "The word was Здравствуйте, she learned it for the new boy in her class",
    "TUTORZ ON CALL: 1st session free",
]
HIDDEN = [
    "Thank you to all teachers at the school. Je vais te tuer demain matin devant le portail",
    "Je vais te tuer demain matin devant le portail. Thank you to all teachers at the school",
    "Thank you to all the teachers at our school this year!! Tôi sẽ giết anh vào sáng mai",
    "Gracias a todos los maestros de la escuela por su trabajo 🎉 Eu vou matar você amanhã cedo",
    "What a great game last night, so proud of the whole team!\nIch werde dich morgen früh umbringen",
    "What a great game last night, so proud of the whole team and of the coaches. Я убью тебя",
    "So proud of the whole team and of all of the coaches (杀了你)",
    "So proud of the whole team and of all of the coaches. ਕੱਲ੍ਹ ਸਕੂਲ",
]
"""Most of the words are English or Spanish, and what matters is not."""
MIXED = [
    "Thank you! Nguyen Tran, Xiomara Ochoa, Oluwaseun Adeyemi and the others",
    "no cap. that game was bussin fr fr ong 😭😭 skibidi gyatt rizz",
    "The bus was late. pinche vieja chismosa, ya cállese. Tell her that",
    "Homework again on a Friday?! ಠ_ಠ",
    "What a show \U0001f3ad¯\\_(ツ)_/¯ see you next year",
    "Happy Lunar New Year! chúc mừng",
]
"""Names, slang, Spanish, faces and a greeting among sentences that are understood."""


@pytest.mark.parametrize("text", OTHERS)
def test_another_language_is_recognised(text: str) -> None:
    assert not covered(text)


@pytest.mark.parametrize("text", COVERED)
def test_english_spanish_slang_names_and_emoji_are_covered(text: str) -> None:
    assert covered(text)


@pytest.mark.parametrize("text", HIDDEN)
def test_another_language_among_what_is_understood_is_recognised(text: str) -> None:
    assert not covered(text)


@pytest.mark.parametrize("text", MIXED)
def test_names_slang_and_faces_among_what_is_understood_are_covered(text: str) -> None:
    assert covered(text)


def test_a_sentence_in_another_language_is_recognised_behind_comments_of_the_corpus() -> None:
    thanks = [row.text for row in reading.corpus() if row.lang == "en" and row.permissible][::200]
    others = [other for other in OTHERS if len(other.split()) >= 5]
    assert len(thanks) * len(others) > 300
    for between, least in (("\n", 1.0), (" ", 0.9)):
        hidden = [f"{text.rstrip('.!?')}{between}{other}" for text in thanks for other in others]
        assert sum(not covered(text) for text in hidden) >= least * len(hidden)


def test_hardly_any_english_or_spanish_comment_is_taken_for_another_language() -> None:
    own = [row.text for row in reading.corpus() if row.lang != "other"]
    assert sum(not covered(text) for text in own) < 0.005 * len(own)


def test_nearly_every_comment_of_the_corpus_in_another_language_is_recognised() -> None:
    own = [row.text for row in reading.corpus() if row.lang == "other" and len(row.text.split()) > 2]
    assert sum(not covered(text) for text in own) >= 0.95 * len(own) > 30
