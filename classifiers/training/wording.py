"""What words are like each other, learned from how the training texts use them: no outside model is needed.

Positive pointwise mutual information of neighbouring words, reduced to `DIMENSIONS` numbers a word by a
singular value decomposition, and grouped by k-means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from classifiers.ngrams import Lexicon

DIMENSIONS = 100
GROUPS = 200
OFTEN = 8
"""A word that occurs less often has no use to learn from."""
WINDOW = 4
SMOOTHING = 0.75


@dataclass(frozen=True, slots=True)
class Wording:
    words: tuple[str, ...]
    vectors: npt.NDArray[np.float64]
    """words x DIMENSIONS, each of length 1."""
    groups: npt.NDArray[np.int64]

    def lexicon(self) -> Lexicon:
        return Lexicon({word: index for index, word in enumerate(self.words)}, self.groups)


def learn(texts: Sequence[Sequence[str]], seed: int) -> Wording:
    """`texts` are lists of words as `ngrams.read` gives them; a text given twice counts twice."""
    counts = Counter(word for text in texts for word in text)
    words = tuple(sorted(word for word, count in counts.items() if count >= OFTEN))
    with threadpool_limits(1):
        vectors = _vectors(_association(_neighbours(texts, words)), seed)
        count = min(GROUPS, len(words))
        means = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=4096).fit(vectors)
    return Wording(words, vectors, means.labels_.astype(np.int64))


def _neighbours(texts: Sequence[Sequence[str]], words: Sequence[str]) -> csr_matrix:
    """How often two words stand near each other, nearer counting more."""
    index = {word: number for number, word in enumerate(words)}
    gap = [-1] * WINDOW
    line = np.array([number for text in texts for number in (*(index.get(word, -1) for word in text), *gap)])
    total = csr_matrix((len(words), len(words)))
    for distance in range(1, WINDOW + 1):
        left, right = line[:-distance], line[distance:]
        both = (left >= 0) & (right >= 0)
        ones = np.full(int(both.sum()), 1.0 / distance)
        total = total + coo_matrix((ones, (left[both], right[both])), shape=total.shape).tocsr()
    return total + total.T


def _association(neighbours: csr_matrix) -> csr_matrix:
    often = np.asarray(neighbours.sum(axis=1)).ravel()
    expected = often**SMOOTHING / (often**SMOOTHING).sum()
    pairs = neighbours.tocoo()
    mutual = np.log(np.maximum(pairs.data / (often[pairs.row] * expected[pairs.col]), 1e-12))
    positive = mutual > 0
    return coo_matrix(
        (mutual[positive], (pairs.row[positive], pairs.col[positive])), shape=pairs.shape
    ).tocsr()


def _vectors(association: csr_matrix, seed: int) -> npt.NDArray[np.float64]:
    size = min(DIMENSIONS, association.shape[0] - 1)
    left, strength, _ = randomized_svd(association, n_components=size, n_iter=4, random_state=seed)
    vectors: npt.NDArray[np.float64] = left * np.sqrt(strength)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    return vectors
