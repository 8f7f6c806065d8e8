"""Whether a text is in a language that the classifiers learned: English, Spanish, or both mixed.

What is in another language they do not see through, so nobody may take their silence for an answer. Another
script decides by itself. In Latin letters few of the words must be known and a language detector must be
sure; of one or two words nothing is said, because names and shouts look like every language. Each sentence is
looked at as the whole is: a threat in French does not hide behind thanks in English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from classifiers.normalize import normalize
from classifiers.wordlists import disguised, vocabulary

LEARNED = ("en", "es")
AIMED = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")
"""Addresses, names and tags are in no language."""
WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)?")
FEWEST_WORDS = 3
FEWEST_IN_SENTENCE = 4
"""Of a sentence among others, which is often a name or a shout."""
STRETCH = 8
"""Words of a long sentence that are looked at together."""
SENTENCE_ENDS = re.compile(r"[^\w\s,'’\"-]+")
"""Emoji, brackets and colons end a sentence, too."""
OTHER_SCRIPT = re.compile(
    "[\u0370-\u1cff\u2c00-\ud7ff\uf900-\ufdff\ufe70-\ufeff\U00010000-\U0001cfff\U00020000-\U0003ffff]"
)
"""Where letters of other scripts stand, and no emoji or Latin ones."""
KNOWN_SHARE = 0.5
"""With so many known words a text is taken as covered, whatever the detector says."""
UNLIKELY = 0.02
"""The most that the detector may leave to the learned languages; measured on the corpus."""
FOREIGN_SHARE = 1 / 3
"""Of the letters; below that another script is a name, a face or a disguise."""


def covered(text: str) -> bool:
    """False where the text, or a sentence of it, is in another language. True where that cannot be told."""
    plain = _plain(text)
    if _is_foreign(plain):
        return False
    words = WORD.findall(plain)
    unknown = _unknown(words)
    if not _are_covered(words, unknown, FEWEST_WORDS):
        return False
    # Most comments end here: no sentence of so few unknown words is mostly unknown.
    if unknown <= (1 - KNOWN_SHARE) * FEWEST_IN_SENTENCE and not OTHER_SCRIPT.search(plain):
        return True
    return all(map(_is_sentence_covered, _sentences(text)))


def _plain(text: str) -> str:
    plain = AIMED.sub(" ", normalize(text).text)
    if OTHER_SCRIPT.search(plain):
        return "".join(each for each in plain if not unicodedata.category(each).startswith("M"))
    return plain


def _sentences(text: str) -> Iterator[Sequence[str]]:
    """The words of each."""
    for line in text.splitlines():
        yield from map(WORD.findall, SENTENCE_ENDS.split(_plain(line)))


def _is_sentence_covered(words: Sequence[str]) -> bool:
    # Single letters of another script, which are no words here, are mostly faces.
    if _is_foreign("".join(words)) or sum(not _is_latin(word[0]) for word in words) >= FEWEST_WORDS:
        return False
    # A long one may be two that nobody put a sign between.
    stretches = [words[start : start + STRETCH] for start in range(0, len(words), STRETCH // 2)]
    return all(_are_covered(each, _unknown(each), FEWEST_IN_SENTENCE) for each in stretches)


def _are_covered(words: Sequence[str], unknown: int, fewest: int) -> bool:
    if len(words) < fewest or unknown <= (1 - KNOWN_SHARE) * len(words):
        return True
    likely = dict(_detector().rank(" ".join(words)))
    return bool(sum(likely.get(name, 0.0) for name in LEARNED) >= UNLIKELY)


def _unknown(words: Sequence[str]) -> int:
    listed = _listed()
    strange = [word for word in words if word not in listed]
    return sum(word.replace("'", "").replace("’", "") not in listed for word in strange)


@cache
def _listed() -> frozenset[str]:
    return vocabulary() | disguised()


def _is_foreign(plain: str) -> bool:
    if not OTHER_SCRIPT.search(plain):
        return False
    letters = [letter for letter in plain if letter.isalpha()]
    foreign = sum(not _is_latin(letter) for letter in letters)
    return foreign >= 2 and foreign >= FOREIGN_SHARE * len(letters)


@cache
def _is_latin(letter: str) -> bool:
    """Letters without a script of their own (ª, ℓ, styled alphabets) count as Latin."""
    return letter.isascii() or not re.match(
        "CYRILLIC|GREEK|ARABIC|HEBREW|CJK|HANGUL|HIRAGANA|KATAKANA|THAI|DEVANAGARI|BENGALI|GURMUKHI|GUJARATI"
        "|TAMIL|TELUGU|KANNADA|MALAYALAM|SINHALA|LAO|KHMER|MYANMAR|GEORGIAN|ARMENIAN|ETHIOPIC|TIBETAN"
        "|MONGOLIAN|BOPOMOFO|CHEROKEE|ORIYA|SYRIAC|THAANA|TIFINAGH|NKO",
        unicodedata.name(letter, ""),
    )


def load() -> None:
    """Read the detector's model, which the first text that needs it would do: 0.7 seconds."""
    _detector()


@cache
def _detector() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
