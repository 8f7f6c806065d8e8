"""A small sentence encoder, fine-tuned on this project's categories, in eight-bit integers.

It reads whole sentences where the linear model reads words: who is meant, what is denied, what is quoted.
Texts of one length are computed together, so that none is padded and each gets what it would get alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

from classifiers import manifest
from classifiers.base import Category, Classifier, ClassifierFailed, ModelTampered, Score, Scores
from classifiers.fingerprint import code_version
from classifiers.normalize import Normalized
from classifiers.occlusion import Part, spans
from classifiers.pictures import named

FILE = "encoder/model.onnx"
WORDS = "encoder/tokenizer.json"
LONGEST = 96
"""Tokens read at once; a longer text is read in parts and scored by its worst."""
EXPLAINED_FROM = 0.3
"""Below this probability nobody asks which words carried it, and benign comments stay cheap."""
TOKENS_AT_ONCE = 12_288

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    tokenizer: Tokenizer
    session: onnxruntime.InferenceSession

    def parts(self, texts: Sequence[str]) -> list[list[Part]]:
        """Each text in pieces that can be read at once: none for a text without a word or picture in it."""
        encodings = self.tokenizer.encode_batch(list(texts))
        return [
            [_part(one) for one in (encoding, *encoding.overflowing) if len(one.ids) > 2]
            for encoding in encodings
        ]

    def probabilities(self, ids: Sequence[Sequence[int]]) -> Numbers:
        """Per list of tokens one probability a category, the same whatever else is asked for with it."""
        place = {one: index for index, one in enumerate(dict.fromkeys(map(tuple, ids)))}
        found = np.zeros((len(place), len(Category)))
        by_length: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for one in place:
            by_length[len(one)].append(one)
        for length, alike in sorted(by_length.items()):
            step = max(1, TOKENS_AT_ONCE // length)
            for start in range(0, len(alike), step):
                batch = alike[start : start + step]
                logits = self.session.run(None, {"ids": np.array(batch, dtype=np.int64)})[0]
                found[[place[one] for one in batch]] = logits
        probabilities: Numbers = np.round(1 / (1 + np.exp(-found)), 6)
        return probabilities[[place[tuple(one)] for one in ids]]


def _part(encoding: Encoding) -> Part:
    """The first and last token are the model's own and stand for no letters."""
    return Part(encoding.ids, encoding.offsets[1][0], encoding.offsets[-2][1])


class Encoder(Classifier):
    name = "encoder"
    categories = frozenset(Category)

    @cached_property
    def version(self) -> str:
        """Raises ModelMissing where the model is not installed."""
        hashes = [manifest.expected(self.models, self.name, file) for file in (FILE, WORDS)]
        return code_version("encoder.py", "occlusion.py", "pictures.py", model="".join(hashes))

    @cached_property
    def _model(self) -> Model:
        content, words = (manifest.verified(self.models, self.name, file) for file in (FILE, WORDS))
        return parse(content, words)

    def load(self) -> None:
        self._model  # noqa: B018 - verifies and reads the files once

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        model = self._model
        try:
            read = [named(text) for text in texts]
            parts = model.parts([one.text for one in read])
            flat = model.probabilities([part.ids for some in parts for part in some])
            rows = np.split(flat, np.cumsum([len(some) for some in parts], dtype=np.int64))[: len(parts)]
            return [self._scores(one, some, row) for one, some, row in zip(read, parts, rows, strict=True)]
        except (ValueError, IndexError, MemoryError, RuntimeError) as error:
            raise ClassifierFailed(f"the encoder could not score {len(texts)} texts") from error

    def _scores(self, read: Normalized, parts: Sequence[Part], row: Numbers) -> Scores:
        if not parts:
            return dict.fromkeys(Category, Score(0.0))
        worst = row.argmax(axis=0)
        highest = row.max(axis=0)
        asked = np.flatnonzero(highest >= EXPLAINED_FROM).tolist()
        marks = spans(read, parts, [(column, int(worst[column])) for column in asked], row, self._model)
        return {
            category: Score(float(highest[column]), marks.get(column, ()))
            for column, category in enumerate(Category)
        }


def parse(content: bytes, words: bytes) -> Model:
    """Raises ModelTampered for files that hold no model of this kind."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        tokenizer = Tokenizer.from_str(words.decode())
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # both libraries raise plain exceptions of their own
        raise ModelTampered("the encoder's files cannot be read: restore them from the release") from error
    tokenizer.enable_truncation(max_length=LONGEST)
    tokenizer.no_padding()
    return Model(tokenizer, session)
