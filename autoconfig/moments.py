"""Mean, deviation, skewness and kurtosis of a stream of numbers."""

import math

import numpy as np


class Moments:
    """The first four central moments, updated block by block.

    Blocks are joined by the formulas of Pébay, "Formulas for Robust, One-Pass Parallel Computation
    of Covariances and Arbitrary-Order Statistical Moments" (2008), which do not lose digits where
    the mean is large and the deviation small.
    """

    def __init__(self) -> None:
        self.count = 0.0
        self.mean = 0.0
        self._m2 = self._m3 = self._m4 = 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(self._m2 / self.count) if self.count else 0.0

    @property
    def skewness(self) -> float:
        """0 of what is symmetric; 2 of an exponential distribution."""
        return self._m3 / self.count / self.deviation**3 if self.deviation else 0.0

    @property
    def kurtosis(self) -> float:
        """3 of a normal distribution; higher where there are outliers."""
        return self._m4 / self.count / self.deviation**4 if self.deviation else 3.0

    def add(self, values: np.ndarray, counts: np.ndarray) -> None:
        """Takes in a block.

        Args:
            values: Finite numbers, float64 [values].
            counts: How often each occurs, [values].
        """
        added = float(counts.sum())
        if not added:
            return
        mean = float((values * counts).sum() / added)
        away = values - mean
        m2, m3, m4 = (float((counts * away**power).sum()) for power in (2, 3, 4))
        before, total, step = self.count, self.count + added, mean - self.mean
        self._m4 += (
            m4
            + step**4 * before * added * (before**2 - before * added + added**2) / total**3
            + 6 * step**2 * (before**2 * m2 + added**2 * self._m2) / total**2
            + 4 * step * (before * m3 - added * self._m3) / total
        )
        self._m3 += (
            m3
            + step**3 * before * added * (before - added) / total**2
            + 3 * step * (before * m2 - added * self._m2) / total
        )
        self._m2 += m2 + step**2 * before * added / total
        self.mean += step * added / total
        self.count = total
