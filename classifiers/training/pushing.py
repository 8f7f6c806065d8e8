"""Adversarial training: each batch is looked at twice, the second time pushed to where its loss grows most.

Miyato, Dai and Goodfellow, "Adversarial Training Methods for Semi-Supervised Text Classification" (2017),
with what the settled layers say of a text in the place of its word embeddings: those layers learn nothing, so
the way back to them costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from classifiers.training.network import Network

SMALLEST = 1e-12
"""Keeps a text whose loss nothing changes from a division by zero."""


class Push:
    """On the last layer that does not learn. Raises ValueError where every layer learns."""

    def __init__(self, network: Network, length: float) -> None:
        """`length` of the push, over all tokens and dimensions of a text."""
        settled = [layer for layer in network.body.encoder.layer if not _learns(layer)]
        if not settled:
            raise ValueError("only what settled layers say can be pushed")
        self._length = length
        self._seen = torch.zeros(0)
        self._by: torch.Tensor | None = None
        settled[-1].register_forward_hook(self._passed)

    def _passed(self, _: nn.Module, __: object, said: torch.Tensor) -> torch.Tensor | None:
        if not torch.is_grad_enabled():
            return None
        if self._by is not None:
            return said.detach() + self._by
        self._seen = said.detach().requires_grad_(True)
        return self._seen

    @contextmanager
    def pushed(self) -> Iterator[None]:
        """After a first look and its way back: the network sees the same batch where it is harder."""
        if self._seen.grad is None:
            raise ValueError("nothing was looked at yet")
        gradient = self._seen.grad.float()
        length = gradient.flatten(1).norm(dim=1).clamp(min=SMALLEST)
        self._by = (self._length * gradient / length[:, None, None]).to(self._seen.dtype)
        try:
            yield
        finally:
            self._by = None


def _learns(layer: nn.Module) -> bool:
    return any(weights.requires_grad for weights in layer.parameters())
