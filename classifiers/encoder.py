"""A small sentence encoder, fine-tuned on this project's categories, in eight-bit integers.

It reads whole sentences where the linear model reads words: who is meant, what is denied, what is quoted.
Texts of one length are computed together, so that none is padded and each gets what it would get alone.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

from classifiers import manifest
from classifiers.base import (
    Answer,
    Category,
    Classifier,
    ClassifierFailed,
    ModelTampered,
    Question,
    Score,
    Scores,
    Span,
)
from classifiers.carrying import Asked, Part, spans
from classifiers.fingerprint import code_version
from classifiers.normalize import Normalized
from classifiers.pictures import named

FILE = "encoder/model.onnx"
WORDS = "encoder/tokenizer.json"
OUTPUTS = ("logits", "tokens")
LONGEST = 96
"""Tokens read at once; a longer text is read in parts and scored by its worst."""
EXPLAINED_FROM = 0.3
"""Asked by itself it marks words from this probability on, and benign comments stay cheap."""
TOKENS_AT_ONCE = 192
"""So few that what is computed in between stays in the processor's cache: twice as fast as thousands."""

Numbers = npt.NDArray[np.float64]
COLUMNS = list(Category)
NO_TOKENS: Numbers = np.zeros((0, len(COLUMNS)))
SILENT: Numbers = np.zeros((1, len(COLUMNS)))


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), "encoder")


@dataclass(frozen=True, slots=True)
class Model:
    tokenizer: Tokenizer
    session: onnxruntime.InferenceSession
    threads: ThreadPoolExecutor = field(default_factory=_threads)
    """One batch each: half as fast again as all of them at one batch."""

    def parts(self, texts: Sequence[str]) -> list[list[Part]]:
        """Each text in pieces that can be read at once: none for a text without a word or picture in it."""
        encodings = self.tokenizer.encode_batch(list(texts))
        return [
            [_part(one) for one in (encoding, *encoding.overflowing) if len(one.ids) > 2]
            for encoding in encodings
        ]

    def probabilities(self, ids: Sequence[Sequence[int]]) -> Numbers:
        """Per list of tokens one probability a category, the same whatever else is asked for with it."""
        return self.opinions(ids, tokens=False)[0]

    def opinions(self, ids: Sequence[Sequence[int]], tokens: bool = True) -> tuple[Numbers, list[Numbers]]:
        """The probabilities; and what each token says, as tokens x Category, none where not wanted."""
        place = {one: index for index, one in enumerate(dict.fromkeys(map(tuple, ids)))}
        found = np.zeros((len(place), len(Category)))
        said: list[Numbers] = [NO_TOKENS] * len(place)
        outputs = OUTPUTS if tokens else OUTPUTS[:1]
        batches = list(_batches(place))
        answers = self.threads.map(lambda batch: self.session.run(outputs, {"ids": np.array(batch)}), batches)
        for batch, (logits, *each) in zip(batches, answers, strict=True):
            rows = [place[one] for one in batch]
            found[rows] = np.round(1 / (1 + np.exp(-logits.astype(np.float64))), 6)
            for row, one in zip(rows, each[0] if each else (), strict=False):
                said[row] = one
        order = [place[tuple(one)] for one in ids]
        return found[order], [said[row] for row in order]


def _batches(texts: Iterable[tuple[int, ...]]) -> Iterator[list[tuple[int, ...]]]:
    """Texts of one length, so that none is padded."""
    by_length: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for one in texts:
        by_length[len(one)].append(one)
    for length, alike in sorted(by_length.items()):
        step = max(1, TOKENS_AT_ONCE // length)
        yield from (alike[start : start + step] for start in range(0, len(alike), step))


def _part(encoding: Encoding) -> Part:
    return Part(encoding.ids, encoding.offsets)


class Encoder(Classifier):
    name = "encoder"
    categories = frozenset(Category)

    @cached_property
    def version(self) -> str:
        """Raises ModelMissing where the model is not installed."""
        hashes = [manifest.expected(self.models, self.name, file) for file in (FILE, WORDS)]
        return code_version("encoder.py", "carrying.py", "pictures.py", "addresses.py", model="".join(hashes))

    @cached_property
    def _model(self) -> Model:
        content, words = (manifest.verified(self.models, self.name, file) for file in (FILE, WORDS))
        return parse(content, words)

    def load(self) -> None:
        self._model  # noqa: B018 - verifies and reads the files once

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return self.answer_under(texts).marked_from(EXPLAINED_FROM)

    def answer_under(self, texts: Sequence[str], topics: Sequence[str] = ()) -> Answer:  # noqa: ARG002
        model = self._model
        try:
            read = _reads(model, texts)
        except (ValueError, IndexError, MemoryError, RuntimeError) as error:
            raise ClassifierFailed(f"the encoder could not score {len(texts)} texts") from error
        return Answer([one.scores() for one in read], partial(_explained, model, read))


@dataclass(frozen=True, slots=True)
class _Read:
    """A text, its parts and what the model says of them."""

    text: Normalized
    parts: Sequence[Part]
    rows: Numbers
    """parts x Category; one row of zeros for a text without a part."""
    tokens: Sequence[Numbers]
    """For each part what its tokens say: tokens x Category."""

    def scores(self) -> Scores:
        return dict(zip(Category, map(Score, self.rows.max(axis=0).tolist()), strict=True))

    def asked(self, category: Category) -> Asked:
        column = COLUMNS.index(category)
        worst = int(self.rows[:, column].argmax())
        said = self.tokens[worst][:, column].astype(np.float64)
        return Asked(self.text, self.parts[worst], column, float(self.rows[worst, column]), said)


def _reads(model: Model, texts: Sequence[str]) -> list[_Read]:
    readable = [named(text) for text in texts]
    parts = model.parts([one.text for one in readable])
    rows, tokens = model.opinions([part.ids for some in parts for part in some])
    read, first = [], 0
    for text, some in zip(readable, parts, strict=True):
        last = first + len(some)
        read.append(_Read(text, some, rows[first:last] if some else SILENT, tokens[first:last]))
        first = last
    return read


def scored(model: Model, texts: Sequence[str]) -> Numbers:
    """texts x Category, as `classify` says it: every part of a text is read, and the worst counts."""
    return np.stack([one.rows.max(axis=0) for one in _reads(model, texts)])


def _explained(
    model: Model, read: Sequence[_Read], asked: Sequence[Question]
) -> Mapping[Question, tuple[Span, ...]]:
    known = [(text, category) for text, category in asked if read[text].parts]
    found = spans([read[text].asked(category) for text, category in known], model)
    return dict(zip(known, found, strict=True))


def parse(content: bytes, words: bytes) -> Model:
    """Raises ModelTampered for files that hold no model of this kind."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        tokenizer = Tokenizer.from_str(words.decode())
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # both libraries raise plain exceptions of their own
        raise ModelTampered("the encoder's files cannot be read: restore them from the release") from error
    tokenizer.enable_truncation(max_length=LONGEST)
    tokenizer.no_padding()
    return Model(tokenizer, session)
