"""The area under the ROC curve of two models on the same rows, and how sure its difference is.

DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver
operating characteristic curves: a nonparametric approach", Biometrics 44, 837-845; computed by
ranks as in Sun and Xu (2014), "Fast implementation of DeLong's algorithm for comparing the areas
under correlated receiver operating characteristic curves", IEEE Signal Processing Letters 21,
1389-1393.
"""

from typing import NamedTuple

import numpy as np

from serving.compare.findings import scipy_stats


class Areas(NamedTuple):
    """Two areas, and the standard error of the second less the first."""

    first: float
    second: float
    error: float


def areas(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> Areas:
    """Returns the areas under the ROC curves of two models' scores.

    Args:
        truth: Bool [rows]; at least two rows of each kind.
        first: Scores [rows] of one model, all finite.
        second: Scores [rows] of the other.
    """
    scores = np.stack([first, second]).astype(np.float64)
    positive, negative = scores[:, truth], scores[:, ~truth]
    m, n = positive.shape[1], negative.shape[1]
    rank = scipy_stats().rankdata  # of equal scores the mean of their ranks: the "midranks"
    among_all = rank(np.concatenate([positive, negative], axis=1), axis=1)
    # Of each positive row the share of negative ones that it is ahead of, and the other way round.
    ahead = (among_all[:, :m] - rank(positive, axis=1)) / n
    behind = 1 - (among_all[:, m:] - rank(negative, axis=1)) / m
    # The difference's variance at once: it is 0, not nearly 0, for models that rank alike.
    of_positive = np.var(ahead[1] - ahead[0], ddof=1) / m
    of_negative = np.var(behind[1] - behind[0], ddof=1) / n
    one, other = ahead.mean(1).tolist()
    return Areas(one, other, float(np.sqrt(of_positive + of_negative)))
