"""Disguises as people type them, laid over training texts: what the encoder must see through.

The normaliser undoes the tidy ones before the encoder reads; these teach it to bear with what is left. Names,
tags and links are no disguise, but hide a comment from who never learned with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable

DIGITS = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}
LOOK_ALIKES = {"a": "а", "e": "е", "o": "о", "c": "с", "p": "р", "x": "х"}
PICTURES = "😂🤣😡🙏🔥👏💀🙄😤❤️👀🤡"
SPANISH = {
    "school": "escuela", "kids": "niños", "and": "y", "the": "el", "please": "por favor", "you": "tú",
    "teacher": "maestra", "my": "mi", "with": "con", "for": "para", "is": "es", "very": "muy",
    "house": "casa", "bus": "autobús", "principal": "director", "everyone": "todos", "but": "pero",
}  # fmt: skip
LONG_ENOUGH = 4


def disguise(text: str, chance: random.Random) -> str:
    """One or two disguises, the same for the same state of `chance`."""
    for make in chance.sample(WAYS, chance.choice((1, 1, 2))):
        text = make(text, chance)
    return text


def _some_words(
    text: str, chance: random.Random, share: float, change: Callable[[str, random.Random], str]
) -> str:
    words = text.split(" ")
    return " ".join(
        change(word, chance) if len(word) >= LONG_ENOUGH and chance.random() < share else word
        for word in words
    )


def misspelt(text: str, chance: random.Random) -> str:
    def change(word: str, chance: random.Random) -> str:
        place = chance.randrange(1, len(word) - 1)
        kind = chance.randrange(3)
        if kind == 0:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        return word[:place] + (word[place] * 2 if kind == 1 else "") + word[place + 1 :]

    return _some_words(text, chance, 0.25, change)


def in_digits(text: str, chance: random.Random) -> str:
    def change(word: str, chance: random.Random) -> str:
        return "".join(
            chance.choice(DIGITS[letter]) if letter in DIGITS and chance.random() < 0.6 else letter
            for letter in word
        )

    words = _some_words(text, chance, 0.3, change).split(" ")
    return " ".join("1" if word == "I" else word for word in words)


def look_alike(text: str, chance: random.Random) -> str:
    return _some_words(
        text, chance, 0.4, lambda word, _: "".join(LOOK_ALIKES.get(letter, letter) for letter in word)
    )


def spaced(text: str, chance: random.Random) -> str:
    return _some_words(text, chance, 0.15, lambda word, chance: chance.choice(" .-*").join(word))


def drawn_out(text: str, chance: random.Random) -> str:
    def change(word: str, chance: random.Random) -> str:
        place = chance.randrange(len(word))
        return word[:place] + word[place] * chance.randrange(2, 5) + word[place + 1 :]

    return _some_words(text, chance, 0.2, change)


def with_pictures(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    for _ in range(chance.randrange(1, 4)):
        words.insert(chance.randrange(len(words) + 1), chance.choice(PICTURES) * chance.randrange(1, 4))
    return " ".join(words)


def with_addresses(text: str, chance: random.Random) -> str:
    """A name, a tag or a link beside the text, made of its own words: none of them says what it does."""
    words = text.split(" ")
    for _ in range(chance.randrange(1, 3)):
        word = chance.choice([word for word in words if word.isalpha()] or ["page"])
        address = chance.choice(("@{}{}", "#{}", "#{}{}", "https://{}.example/{}")).format(
            word, chance.randrange(100)
        )
        words.insert(chance.choice((0, chance.randrange(len(words) + 1), len(words), len(words))), address)
    return " ".join(words)


def shouted(text: str, _: random.Random) -> str:
    return text.upper()


def unpunctuated(text: str, _: random.Random) -> str:
    return "".join(letter for letter in text if letter.isalnum() or letter.isspace())


def half_spanish(text: str, chance: random.Random) -> str:
    return " ".join(
        SPANISH[word.lower()] if word.lower() in SPANISH and chance.random() < 0.7 else word
        for word in text.split(" ")
    )


WAYS = (
    misspelt,
    misspelt,
    in_digits,
    look_alike,
    spaced,
    drawn_out,
    with_pictures,
    with_addresses,
    with_addresses,
    shouted,
    unpunctuated,
    half_spanish,
)
