"""How many values a column has, and how often each: exact up to a cap, an estimate beyond it."""

from collections.abc import Iterable
from typing import Any


class Distinct:
    """Counts the values of a column in bounded memory.

    Beyond the cap no new value is taken up; those that are known are counted on.

    Args:
        most: How many values are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows = 0
        self._rows_when_full = 0
        self.counts: dict[Any, int] = {}

    @property
    def full(self) -> bool:
        """Whether there are more values than are kept."""
        return self._rows_when_full > 0

    @property
    def unique_share(self) -> float:
        """Distinct values by rows with a value; of a full count, of the rows before it was full."""
        return len(self.counts) / max(self._rows_when_full or self._rows, 1)

    def add(self, values: Iterable[Any], counts: Iterable[int]) -> None:
        """Counts the values of a block, each named once with the number of its rows."""
        known = self.counts
        for value, count in zip(values, counts, strict=True):
            if value in known:
                known[value] += count
            elif len(known) < self._most:
                known[value] = count
            elif not self._rows_when_full:
                self._rows_when_full = max(self._rows, 1)
            self._rows += count

    def rows_of_common(self, least: int) -> int:
        """Returns how many rows have a value that occurs `least` times or more."""
        return sum(count for count in self.counts.values() if count >= least)

    def common(self, number: int | None = 3) -> list[Any]:
        """Returns the most frequent values, the most frequent first; all of them for None."""
        return sorted(self.counts, key=lambda value: (-self.counts[value], str(value)))[:number]
