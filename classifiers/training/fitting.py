"""From rows to the linear model: first what the public sources teach, then the project's own corpus over it.

The second stage sees the first one's logit as one more feature (`PRIOR` says how freely it may lean on it):
the vocabulary of abuse comes from many public rows, the judgement from comments of the real domain. The sum
of both is again one linear model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, diags, hstack, vstack
from sklearn.linear_model import LogisticRegression

from classifiers import ngrams
from classifiers.addresses import said
from classifiers.base import Category
from classifiers.linear import Model
from classifiers.training.reading import Row, sources
from classifiers.training.wording import Wording

AT_ONCE = 2000
PUBLIC_C, OWN_C = 1.0, 30.0
PRIOR = 0.6
SOFT = 0.7
"""How freely the fit may use the words' vectors beside the n-grams."""
MOST_PUBLIC = 40_000
"""Rows of the public sources for one category; more change nothing measurable and cost minutes."""
BACKGROUND, BACKGROUND_WEIGHT = 800, 0.2
"""Rows a public source that the second stage sees too, and what each counts beside one of the corpus."""
FOLDS = 5
DESCENT_SEED = 1
"""Only the order of coordinates; the optimum is the same."""
FEWEST = 20
"""With fewer examples of a label the public stage is left out."""

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """Over the hashed columns, then the dimensions of the words' vectors."""

    vector: Vector
    bias: float

    def logits(self, matrix: csr_matrix) -> Vector:
        product: Vector = matrix @ self.vector + self.bias
        return product


def readings(texts: Sequence[str]) -> list[ngrams.Reading]:
    return [ngrams.read(text, said(text).text) for text in texts]


def matrix(those: Sequence[ngrams.Reading], wording: Wording) -> csr_matrix:
    """One row a text: the scaled features that `ngrams.Batch.product` multiplies."""
    lexicon = wording.lexicon()
    blocks = [csr_matrix((0, ngrams.COLUMNS + wording.vectors.shape[1]), dtype=np.float64)]
    for start in range(0, len(those), AT_ONCE):
        batch = ngrams.batch(those[start : start + AT_ONCE], lexicon)
        blocks.append(_block(batch, wording))
    return vstack(blocks).tocsr()


def _block(batch: ngrams.Batch, wording: Wording) -> csr_matrix:
    known = diags(batch.scales()[3][:, 0].astype(np.float64))
    vectors = known @ (batch.known.rows(batch.text_words, len(wording.words)) @ wording.vectors)
    return hstack([hashed(batch), csr_matrix(SOFT * vectors)]).tocsr()


def hashed(batch: ngrams.Batch) -> csr_matrix:
    """One row a text: its n-grams, words and groups of words, without the words' vectors."""
    letters, words, groups, _ = (diags(scale[:, 0].astype(np.float64)) for scale in batch.scales())
    return (
        letters @ sum(family.rows(batch.texts_at) for family in batch.letters)
        + words @ sum(family.rows(batch.text_words) for family in batch.words)
        + groups @ sum(family.rows(batch.text_words) for family in batch.groups)
    )


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


def background(rows: Sequence[Row], category: Category, seed: int) -> npt.NDArray[np.int64]:
    """Public rows known not to break this clause, some of every fit source: how people talk elsewhere."""
    clean: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if row.labels.get(category) is False and sources()[row.source].free:
            clean.setdefault(row.source, []).append(index)
    chosen = [np.random.default_rng(seed).permutation(clean[source])[:BACKGROUND] for source in sorted(clean)]
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, dtype=np.int64)


def own_stage(
    features: csr_matrix, truth: Vector, weight: Vector, prior: Weights | None, background: csr_matrix
) -> Weights:
    """Leans on the public stage where there is one."""
    features = vstack([features, background]).tocsr()
    truth = np.append(truth, np.zeros(background.shape[0]))
    weight = np.append(weight, np.full(background.shape[0], BACKGROUND_WEIGHT))
    if prior is None:
        return _fit(features, truth, weight, OWN_C)
    logits = prior.logits(features)
    centre, spread = logits.mean(), max(float(logits.std()), 1e-6)
    lean = csr_matrix((PRIOR * (logits - centre) / spread)[:, None])
    both = _fit(hstack([features, lean]).tocsr(), truth, weight, OWN_C)
    share = both.vector[-1] * PRIOR / spread
    return Weights(both.vector[:-1] + share * prior.vector, both.bias + share * (prior.bias - centre))


def _fit(features: csr_matrix, truth: Vector, weight: Vector, strength: float) -> Weights:
    """Coordinate descent in the dual: exact for few rows of many columns, in a second or two, and seeded."""
    model = LogisticRegression(
        C=strength, solver="liblinear", dual=True, max_iter=500, tol=1e-2, random_state=DESCENT_SEED
    )
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


def assembled(parts: Sequence[tuple[Category, Weights]], wording: Wording) -> Model:
    """All categories side by side; the words' vectors become one weight a word and category."""
    columns = np.stack([weights.vector for _, weights in parts], axis=1)
    return Model(
        weights=_rounded(columns[: ngrams.COLUMNS]),
        vectors=_rounded(SOFT * wording.vectors @ columns[ngrams.COLUMNS :]),
        bias=np.array([weights.bias for _, weights in parts], dtype=np.float32),
        lexicon=wording.lexicon(),
        categories=tuple(category for category, _ in parts),
    )


def _rounded(weights: Vector, bits: int = 7) -> ngrams.Matrix:
    """A few significant bits: a third of the file's size, the same scores to three digits."""
    mantissa, exponent = np.frexp(weights)
    rounded = np.ldexp(np.round(mantissa * 2**bits) / 2**bits, exponent)
    rounded[np.abs(rounded) < 1e-3] = 0.0
    half: ngrams.Matrix = rounded.astype(np.float16).astype(np.float32)
    return half
