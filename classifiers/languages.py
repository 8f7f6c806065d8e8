"""Whether a text is in a language that the classifiers learned: English, Spanish, or both mixed.

What is in another language they do not see through, so nobody may take their silence for an answer. Another
script decides by itself. In Latin letters few of the words must be known and a language detector must be
sure; of one or two words nothing is said, because names and shouts look like every language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from classifiers.normalize import normalize
from classifiers.wordlists import known

LEARNED = ("en", "es")
AIMED = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")
"""Addresses, names and tags are in no language."""
WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)?")
FEWEST_WORDS = 3
KNOWN_SHARE = 0.5
"""With so many known words a text is taken as covered, whatever the detector says."""
UNLIKELY = 0.02
"""The most that the detector may leave to the learned languages; measured on the corpus."""
FOREIGN_SHARE = 1 / 3
"""Of the letters; below that another script is a name, a face or a disguise."""


def covered(text: str) -> bool:
    """False where the text is in another language. True where that cannot be told."""
    plain = AIMED.sub(" ", normalize(text).text)
    if not plain.isascii() and _is_foreign(plain):
        return False
    words = WORD.findall(plain)
    if len(words) < FEWEST_WORDS or _are_known(words):
        return True
    likely = dict(_detector().rank(" ".join(words)))
    return bool(sum(likely.get(name, 0.0) for name in LEARNED) >= UNLIKELY)


def _is_foreign(plain: str) -> bool:
    letters = [letter for letter in plain if letter.isalpha()]
    foreign = sum(not _is_latin(letter) for letter in letters)
    return foreign >= 2 and foreign >= FOREIGN_SHARE * len(letters)


def _are_known(words: Sequence[str]) -> bool:
    """Whether enough of them are; mostly the first ones tell."""
    needed = KNOWN_SHARE * len(words)
    known_words = accumulate(map(_is_known, words))
    return any(count >= needed for count in known_words)


def _is_known(word: str) -> bool:
    return known(word) or known(word.replace("'", "").replace("’", ""))


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
