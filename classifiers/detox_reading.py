"""Detoxify's files, read by the library itself or, without it, by onnxruntime.

A published checkpoint is a pickle, and the library un-pickles whatever it holds. So the bytes are compared
with the manifest first, and then only weights and plain values are taken from them.
"""

from __future__ import annotations

import io
import json
import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from classifiers import manifest
from classifiers.base import ModelMissing, ModelTampered
from classifiers.carrying import Part

NAME = "detox"
CHECKPOINT, ONNX = "model.ckpt", "model.onnx"
CONFIG, TOKENIZER, LABELS = "config.json", "tokenizer.json", "labels.json"
LONGEST = 128
"""Tokens read at once; a longer text is read in parts. The library would cut it off at 512."""
KINDS = ("Bert", "Roberta", "XLMRoberta", "Albert")
"""The architectures that were published; a checkpoint may name no other class."""
PLAIN_NAMES = {"toxic": "toxicity", "severe_toxic": "severe_toxicity", "identity_hate": "identity_attack"}
"""As the library renames the labels of its first models."""

Numbers = npt.NDArray[np.float64]


def folder_of(district: Path) -> Path:
    """Where the weights lie, with a manifest of their own."""
    return district / "detoxify"


def library_is_there() -> bool:
    return find_spec("detoxify") is not None and find_spec("torch") is not None


def needed(file: str) -> tuple[str, ...]:
    """What the checkpoint or the ONNX file is read with."""
    return (file, TOKENIZER, CONFIG if file == CHECKPOINT else LABELS)


@dataclass(frozen=True, slots=True)
class Reader:
    tokenizer: Tokenizer
    labels: tuple[str, ...]
    logits: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]
    """1 x tokens to 1 x columns, of which the first are the labels."""

    def parts(self, text: str) -> list[Part]:
        """Pieces that can be read at once: none for a text without a word in it."""
        encoding = self.tokenizer.encode(text)
        pieces = (encoding, *encoding.overflowing)
        return [Part(one.ids, one.offsets) for one in pieces if len(one.ids) > 2]

    def probabilities(self, ids: Sequence[int]) -> Numbers:
        """One a label."""
        found = self.logits(np.array([ids], dtype=np.int64))[0, : len(self.labels)].astype(np.float64)
        rounded: Numbers = np.round(1 / (1 + np.exp(-np.clip(found, -30, 30))), 6)
        return rounded


def reader(folder: Path, file: str) -> Reader:
    """Raises ModelMissing or ModelTampered."""
    content, words, more = (manifest.verified(folder, NAME, each) for each in needed(file))
    try:
        tokenizer = Tokenizer.from_str(words.decode())
    except Exception as error:  # the library raises plain exceptions
        raise ModelTampered(f"{folder / TOKENIZER} holds no tokenizer: {AGAIN}") from error
    tokenizer.enable_truncation(max_length=LONGEST)
    tokenizer.no_padding()
    if file == ONNX:
        return Reader(tokenizer, tuple(json.loads(more)), _by_onnxruntime(content))
    model, labels = by_library(folder, content)
    return Reader(tokenizer, labels, _by_torch(model))


AGAIN = "get it anew with: modbot models add detoxify"


def _by_onnxruntime(content: bytes) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises plain exceptions
        raise ModelTampered(
            "Detoxify's ONNX file cannot be read: make it anew with: modbot models export detoxify"
        ) from error
    return lambda ids: session.run(["logits"], {"ids": ids})[0]


def _by_torch(model: Any) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]:
    import torch

    def logits(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            found: npt.NDArray[np.float32] = model(input_ids=torch.from_numpy(ids))[0].numpy()
        return found

    return logits


def by_library(folder: Path, checkpoint: bytes) -> tuple[Any, tuple[str, ...]]:
    """The library's model, ready to be asked, and its labels in the order of its columns.

    `folder` holds config.json and tokenizer.json; the hub is never asked. Raises ModelMissing, ModelTampered.
    """
    # Read when the library is imported: what is not in the folder must fail, not be downloaded.
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import torch
        from detoxify.detoxify import get_model_and_tokenizer
        from transformers.utils import logging
    except ImportError as error:
        raise ModelMissing(f"{error.name} is not installed: pip install 'modbot[detoxify]'") from error
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        loaded = torch.load(io.BytesIO(checkpoint), map_location="cpu", weights_only=True)
        made = _architecture(loaded["config"])
        model, _ = get_model_and_tokenizer(**made, model_type=str(folder), state_dict=loaded["state_dict"])
        labels = loaded["config"]["dataset"]["args"]["classes"]
    except (pickle.UnpicklingError, RuntimeError, KeyError, TypeError, ValueError, OSError) as error:
        raise ModelTampered(f"Detoxify's checkpoint holds more or less than weights: {AGAIN}") from error
    return model.eval(), tuple(PLAIN_NAMES.get(label, label) for label in labels)


def _architecture(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the checkpoint says of its model, but for the hub's name, which the folder stands in for."""
    given = config["arch"]["args"]
    if given["model_name"] not in [f"{kind}ForSequenceClassification" for kind in KINDS]:
        raise ValueError("an architecture that was not published")
    if given["tokenizer_name"] not in [f"{kind}Tokenizer{fast}" for kind in KINDS for fast in ("", "Fast")]:
        raise ValueError("a tokenizer that was not published")
    return {name: given[name] for name in ("model_name", "tokenizer_name", "num_classes")}
