"""Detoxify `original` at the same texts, as the yardstick: its speed does not depend on what it learned.

So its weights are random here, and its words are those of the texts. Needs the extra `detoxify`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from classifiers.detox_reading import library_is_there
from tests.benchmarks.plan import percentile

TOGETHER = 32
MEASURED = 256
ALONE = 32


def speed(texts: Sequence[str]) -> dict[str, float]:
    """Its figures by their names; empty where it is not installed."""
    if not library_is_there():
        return {}
    detoxify = _made(texts)
    some = texts[:MEASURED]
    detoxify.predict(list(some[:2]))
    wall, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(some), TOGETHER):
        detoxify.predict(list(some[start : start + TOGETHER]))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    alone = [_milliseconds(detoxify, text) for text in some[:ALONE]]
    return {
        "texts_per_s": round(len(some) / wall, 1),
        "cpu_us_per_text": round(cpu / len(some) * 1e6, 1),
        "one_text_p50_ms": round(percentile(alone, 0.5), 1),
    }


def _made(texts: Sequence[str]) -> Any:
    """The library's own object around the architecture that its checkpoint names."""
    from detoxify import Detoxify
    from tokenizers.implementations import BertWordPieceTokenizer
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = BertWordPieceTokenizer()
    words.train_from_iterator(texts, vocab_size=30_522, show_progress=False)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    made = object.__new__(Detoxify)
    made.model = BertForSequenceClassification(BertConfig(num_labels=6))
    made.tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words._tokenizer,
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
        **special,
    )
    made.class_names = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]
    made.device = "cpu"
    return made


def _milliseconds(detoxify: Any, text: str) -> float:
    started = time.perf_counter()
    detoxify.predict(text)
    return (time.perf_counter() - started) * 1000
