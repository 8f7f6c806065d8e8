"""Detoxify as an eight-bit ONNX file, for machines without torch. Needs the extra `detoxify`."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from classifiers import manifest
from classifiers.detox_reading import CHECKPOINT, LABELS, NAME, ONNX, by_library
from classifiers.training.exporting import OPSET, quantised


class _Alone(nn.Module):
    """One text without padding needs no mask."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=ids)[0]
        return logits


def export(folder: Path) -> int:
    """Write the ONNX file beside the checkpoint and into the manifest; its size in bytes.

    Raises ModelMissing or ModelTampered.
    """
    model, labels = by_library(folder, manifest.verified(folder, NAME, CHECKPOINT))
    made = {ONNX: quantised(_graph(model)), LABELS: (json.dumps(labels) + "\n").encode()}
    entry = dict(manifest.read(folder)[NAME])
    hashes = dict(entry.pop("files"))
    for file, content in made.items():
        (folder / file).write_bytes(content)
        hashes[file] = hashlib.sha256(content).hexdigest()
    manifest.enter(folder, NAME, hashes, **entry)
    return len(made[ONNX])


def _graph(model: Any) -> onnx.ModelProto:
    """`ids` (1 x tokens, int64) to `logits` (1 x columns)."""
    model.set_attn_implementation("eager")
    content = io.BytesIO()
    with warnings.catch_warnings():
        # Of the older exporter, which alone makes what can be quantised, and of what it takes as constant.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Alone(model),
            (torch.full((1, 12), 7),),
            content,
            input_names=["ids"],
            output_names=["logits"],
            dynamic_axes={"ids": {1: "tokens"}},
            opset_version=OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(content.getvalue())
