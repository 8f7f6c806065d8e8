"""Fine-tuning in steps that a stopped run takes up again: same rows, same seed, same weights in the end.

Of a text that is too long to be read at once the part that says most counts, as when the encoder runs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from classifiers.base import Category
from classifiers.training.disguising import disguise
from classifiers.training.network import Network, Parts, in_parts, padded
from classifiers.training.pushing import Push
from classifiers.training.reading import Row

SORTED_AT_ONCE = 60
"""Batches whose rows are sorted by length at a time: little padding, still mixed well."""
WARM_UP = 0.06
BODY_RATE, HEAD_RATE = 1e-4, 1e-3
DECAY = 0.01
SAVE_SECONDS = 180.0
MOST_POSITIVE = 5.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """One stage of training: what is learned, how often, and how hard."""

    name: str
    rows: Sequence[Row]
    weights: Sequence[float]
    """How much each row counts."""
    together: int
    """Rows a batch."""
    epochs: int
    disguised: float
    """The share of rows that are disguised anew in each epoch."""
    seed: int
    rate: float = 1.0
    """Of the usual learning rates."""
    push: float = 0.0
    """How far each batch is pushed for a second look; 0: it is looked at once."""


def tune(
    network: Network, lesson: Lesson, tokenizer: Tokenizer, kept: Path, progress: Callable[[str], None]
) -> None:
    """Changes `network`. Every few minutes the state is written to `kept`, a file, and taken up there."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(lesson.seed)
    torch.set_num_threads(1)
    optimizer = _optimizer(network, lesson.rate)
    steps = lesson.epochs * (-(-len(lesson.rows) // lesson.together))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    done = _resume(kept, network, optimizer, schedule) if kept.exists() else 0
    truth, weight = _targets(lesson)
    push = Push(network, lesson.push) if lesson.push else None
    network.train()
    saved, total = time.monotonic(), 0.0
    for step, (texts, chosen) in enumerate(_batches(lesson, tokenizer, done), start=done + 1):
        total += _learn(network, push, texts, truth[chosen], weight[chosen])
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 50 == 0:
            progress(f"{lesson.name}: step {step} of {steps}, loss {total / 50:.4f}")
            total = 0.0
        if time.monotonic() - saved > SAVE_SECONDS:
            _save(kept, network, optimizer, schedule, step)
            saved = time.monotonic()
    kept.unlink(missing_ok=True)


def _optimizer(network: Network, rate: float) -> torch.optim.AdamW:
    body = [one for one in network.body.parameters() if one.requires_grad]
    groups = [
        {"params": body, "lr": BODY_RATE * rate},
        {"params": network.head.parameters(), "lr": HEAD_RATE * rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=DECAY, fused=True)


def _rate(step: int, steps: int) -> float:
    warm = max(1, int(WARM_UP * steps))
    return (step + 1) / warm if step < warm else max(0.02, (steps - step) / max(1, steps - warm))


def _targets(lesson: Lesson) -> tuple[torch.Tensor, torch.Tensor]:
    """What is true of each row and how much each label counts: 0 where nothing is known."""
    truth = np.zeros((len(lesson.rows), len(Category)), dtype=np.float32)
    weight = np.zeros_like(truth)
    for index, (row, own) in enumerate(zip(lesson.rows, lesson.weights, strict=True)):
        heaviest = max(row.weights.values(), default=1.0)
        for column, category in enumerate(Category):
            if category in row.labels:
                truth[index, column] = row.labels[category]
                weight[index, column] = own * row.weights[category] / heaviest
    positive, negative = (weight * truth).sum(axis=0), (weight * (1 - truth)).sum(axis=0)
    more = np.clip(np.sqrt(negative / np.maximum(positive, 1.0)), 1.0, MOST_POSITIVE)
    return torch.from_numpy(truth), torch.from_numpy(weight * np.where(truth > 0, more, 1.0))


def _batches(
    lesson: Lesson, tokenizer: Tokenizer, done: int
) -> Iterator[tuple[Sequence[Parts], Sequence[int]]]:
    """Texts and row numbers, without the first `done` batches; the same on every run."""
    number = 0
    for epoch in range(lesson.epochs):
        chance = random.Random(f"{lesson.seed} {epoch}")  # noqa: S311 - repeatable, not secret
        texts = [
            disguise(row.text, chance) if chance.random() < lesson.disguised else row.text
            for row in lesson.rows
        ]
        read = in_parts(texts, tokenizer)
        order = list(range(len(read)))
        chance.shuffle(order)
        for batch in _bucketed(order, [len(parts[0]) for parts in read], lesson.together, chance):
            number += 1
            if number > done:
                yield [read[index] for index in batch], batch


def _bucketed(
    order: Sequence[int], lengths: Sequence[int], together: int, chance: random.Random
) -> Iterator[Sequence[int]]:
    for start in range(0, len(order), SORTED_AT_ONCE * together):
        part = sorted(order[start : start + SORTED_AT_ONCE * together], key=lengths.__getitem__)
        batches = [part[place : place + together] for place in range(0, len(part), together)]
        chance.shuffle(batches)
        yield from batches


def _learn(
    network: Network, push: Push | None, texts: Sequence[Parts], truth: torch.Tensor, weight: torch.Tensor
) -> float:
    """Leaves the gradients at the weights; returns the loss of the first look."""
    loss = _loss(network, texts, truth, weight)
    loss.backward()
    if push is not None:
        with push.pushed():
            _loss(network, texts, truth, weight).backward()
    return float(loss.detach())


def _loss(
    network: Network, texts: Sequence[Parts], truth: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        said = network(*padded([part for parts in texts for part in parts]))
    lengths = torch.tensor([len(parts) for parts in texts])
    logits = torch.segment_reduce(said.float(), "max", lengths=lengths)
    each = nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (each * weight).sum() / (weight > 0).sum().clamp(min=1)


def _save(
    path: Path,
    network: Network,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    step: int,
) -> None:
    """Written beside and renamed, so that a stop in the middle leaves the last whole one."""
    state = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "random": torch.get_rng_state(),
        "step": step,
    }
    fresh = path.with_suffix(".new")
    torch.save(state, fresh)
    fresh.replace(path)


def _resume(
    path: Path,
    network: Network,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> int:
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["random"])
    return int(state["step"])
