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


@pytest.mark.parametrize("text", OTHERS)
def test_another_language_is_recognised(text: str) -> None:
    assert not covered(text)


@pytest.mark.parametrize("text", COVERED)
def test_english_spanish_slang_names_and_emoji_are_covered(text: str) -> None:
    assert covered(text)


def test_hardly_any_english_or_spanish_comment_is_taken_for_another_language() -> None:
    own = [row.text for row in reading.corpus() if row.lang != "other"]
    assert sum(not covered(text) for text in own) < 0.005 * len(own)


def test_nearly_every_comment_of_the_corpus_in_another_language_is_recognised() -> None:
    own = [row.text for row in reading.corpus() if row.lang == "other" and len(row.text.split()) > 2]
    assert sum(not covered(text) for text in own) >= 0.95 * len(own) > 30
