"""From rows to the linear model: first what the public sources teach, then the project's own corpus over it.

The second stage sees the first one's logit as one more feature (`PRIOR` says how freely it may lean on it):
the vocabulary of abuse comes from many public rows, the judgement from comments of the real domain. The sum
of both is again one linear model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, diags, hstack, vstack
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from classifiers import ngrams
from classifiers.base import Category
from classifiers.linear import Model
from classifiers.normalize import normalize
from classifiers.training.reading import Row

AT_ONCE = 2000
PUBLIC_C, OWN_C = 1.0, 10.0
PRIOR = 0.6
MOST_PUBLIC = 40_000
"""Rows of the public sources for one category; more change nothing measurable and cost minutes."""
FOLDS = 5
FEWEST = 20
"""With fewer examples of a label the public stage is left out."""

Vector = npt.NDArray[np.float64]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Weights:
    vector: Vector
    bias: float

    def logits(self, matrix: csr_matrix) -> Vector:
        product: Vector = matrix @ self.vector + self.bias
        return product


def matrix(texts: Sequence[str]) -> csr_matrix:
    """One row a text: exactly the scaled features that `ngrams.Features.product` multiplies."""
    blocks = [csr_matrix((0, ngrams.COLUMNS), dtype=np.float64)]
    for start in range(0, len(texts), AT_ONCE):
        features = ngrams.of_texts([normalize(text).text for text in texts[start : start + AT_ONCE]])
        blocks.append(sum(_scaled(families) for families in (features.chars, features.words)))
    return vstack(blocks).tocsr().astype(np.float64)


def _scaled(families: Sequence[ngrams.Family]) -> csr_matrix:
    counts = np.maximum(1.0, sum(family.counts() for family in families))
    return diags(1 / np.sqrt(counts)) @ sum(family.rows() for family in families)


def labelled(rows: Sequence[Row], category: Category) -> tuple[npt.NDArray[np.int64], Vector, Vector]:
    """Which rows say something about the category, what they say, and how much each counts."""
    known = np.array([index for index, row in enumerate(rows) if category in row.labels], dtype=np.int64)
    truth = np.array([float(rows[index].labels[category]) for index in known])
    weight = np.array([rows[index].weights[category] for index in known])
    return known, truth, weight


def public_stage(rows: Sequence[Row], features: csr_matrix, category: Category, seed: int) -> Weights | None:
    known, truth, weight = labelled(rows, category)
    if min(truth.sum(), len(truth) - truth.sum()) < FEWEST:
        return None
    if len(known) > MOST_PUBLIC:
        chosen = np.sort(np.random.default_rng(seed).choice(len(known), MOST_PUBLIC, replace=False))
        known, truth, weight = known[chosen], truth[chosen], weight[chosen]
    return _fit(features[known], truth, weight / weight.max(), PUBLIC_C)


def own_stage(features: csr_matrix, truth: Vector, weight: Vector, prior: Weights | None) -> Weights:
    """Leans on the public stage where there is one."""
    if prior is None:
        return _fit(features, truth, weight, OWN_C)
    logits = prior.logits(features)
    centre, spread = logits.mean(), max(float(logits.std()), 1e-6)
    lean = csr_matrix((PRIOR * (logits - centre) / spread)[:, None])
    both = _fit(hstack([features, lean]).tocsr(), truth, weight, OWN_C)
    share = both.vector[-1] * PRIOR / spread
    return Weights(both.vector[:-1] + share * prior.vector, both.bias + share * (prior.bias - centre))


def _fit(features: csr_matrix, truth: Vector, weight: Vector, strength: float) -> Weights:
    model = LogisticRegression(C=strength, max_iter=100, tol=1e-3)
    with threadpool_limits(1):
        model.fit(features, truth, sample_weight=weight)
    return Weights(model.coef_[0].astype(np.float64), float(model.intercept_[0]))


def folds(rows: Sequence[Row], seed: int, count: int = FOLDS) -> npt.NDArray[np.int64]:
    """A fold for every row; comments about one issue, and both sides of a pair, are held out together."""
    families = sorted({row.family for row in rows})
    order = np.random.default_rng(seed).permutation(len(families))
    fold = {family: int(position) % count for family, position in zip(families, order, strict=True)}
    return np.array([fold[row.family] for row in rows], dtype=np.int64)


def splits(fold: npt.NDArray[np.int64]) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    for number in sorted(set(fold.tolist())):
        yield fold != number, fold == number


def calibrated(weights: Weights, scale: float, shift: float) -> Weights:
    """Platt's sigmoid as part of the linear model."""
    return Weights(weights.vector * scale, weights.bias * scale + shift)


def platt(logits: Vector, truth: Vector) -> tuple[float, float]:
    """Scale and shift that make held-out logits probabilities; the scale is never negative."""
    if truth.sum() in (0, len(truth)):
        return 1.0, 0.0
    model = LogisticRegression(C=1e3).fit(logits[:, None], truth)
    scale = float(model.coef_[0][0])
    return (scale, float(model.intercept_[0])) if scale > 0 else (1.0, 0.0)


def assembled(parts: Sequence[tuple[Category, Weights]], bits: int = 7) -> Model:
    """All categories side by side, rounded to a few significant bits: a third of the size, same scores."""
    vectors = np.stack([weights.vector for _, weights in parts], axis=1)
    mantissa, exponent = np.frexp(vectors)
    rounded = np.ldexp(np.round(mantissa * 2**bits) / 2**bits, exponent)
    rounded[np.abs(rounded) < 1e-3] = 0.0
    return Model(
        weights=rounded.astype(np.float16).astype(np.float32),
        bias=np.array([weights.bias for _, weights in parts], dtype=np.float32),
        categories=tuple(category for category, _ in parts),
    )
