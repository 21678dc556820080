"""What today's data hold, column by column, as the statistics of every split say it."""

import collections
import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import statistics_pb2

# What TFDV counts in place of values that are no text, or too long for it.
NOT_COUNTED = ("__BYTES_VALUE__", "__LARGE_BYTES__")
DatasetStatistics = Mapping[str, "statistics_pb2.DatasetFeatureStatistics"]


@dataclasses.dataclass(frozen=True)
class SplitFacts:
    """A column in one split.

    Attributes:
        rows: Rows of the split.
        values: Values in all of them.
        present: Rows that have the column, if only as an empty list.
        fewest: Fewest values of such a row.
        most: Most values of a row.
        dtype: "INT", "FLOAT" or "BYTES"; None where there is no value.
        counts: How often each string is there, as far as TFDV lists them.
        unique: How many different strings there are.
        lowest: Lowest number; NaN does not count.
        highest: Highest number.
        nans: How many are NaN.
    """

    rows: int
    values: int = 0
    present: int = 0
    fewest: int = 0
    most: int = 0
    dtype: str | None = None
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    unique: int = 0
    lowest: float = math.nan
    highest: float = math.nan
    nans: int = 0

    @property
    def share(self) -> float:
        """The share of rows with a value, where none has several."""
        return self.values / self.rows if self.rows else 1.0


@dataclasses.dataclass(frozen=True)
class ColumnFacts:
    """A column in all splits.

    Attributes:
        name: Its name.
        splits: Its facts by split; of those splits alone that have rows.
    """

    name: str
    splits: Mapping[str, SplitFacts]

    @property
    def dtype(self) -> str | None:
        """The widest type of a split; None if there is no value at all."""
        found = {facts.dtype for facts in self.splits.values()}
        return next((dtype for dtype in ("BYTES", "FLOAT", "INT") if dtype in found), None)

    @property
    def rows(self) -> int:
        """Rows of all splits."""
        return sum(facts.rows for facts in self.splits.values())

    @property
    def values(self) -> int:
        """Values of all splits."""
        return sum(facts.values for facts in self.splits.values())

    @property
    def counts(self) -> dict[str, int]:
        """How often each string is there, the most frequent first."""
        total: collections.Counter[str] = collections.Counter()
        for facts in self.splits.values():
            total.update(facts.counts)
        return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def lists_all(self) -> bool:
        """Whether every string that is there is among `counts`."""
        return all(facts.unique <= len(facts.counts) for facts in self.splits.values())

    @property
    def lowest(self) -> float:
        """Lowest number of all splits; NaN without any."""
        return _least(facts.lowest for facts in self.splits.values())

    @property
    def highest(self) -> float:
        """Highest number of all splits; NaN without any."""
        return -_least(-facts.highest for facts in self.splits.values())

    @property
    def emptiest(self) -> tuple[str, SplitFacts]:
        """The split with the smallest share of rows that have a value."""
        return min(self.splits.items(), key=lambda pair: pair[1].share)

    @property
    def is_full(self) -> bool:
        """Whether every row has a value."""
        return self.emptiest[1].share >= 1.0

    @property
    def fewest(self) -> int:
        """Fewest values of a row that has the column."""
        held = [facts.fewest for facts in self.splits.values() if facts.present]
        return min(held, default=0)


def column_facts(statistics: DatasetStatistics) -> dict[str, ColumnFacts]:
    """Returns what the statistics of each split say, by column.

    A column that only some splits have is one without values in the others.
    """
    filled = {split: dataset for split, dataset in statistics.items() if dataset.num_examples}
    found: dict[str, dict[str, SplitFacts]] = {}
    for split, dataset in filled.items():
        for feature in dataset.features:
            name = feature.name or "/".join(feature.path.step)
            found.setdefault(name, {})[split] = _facts(feature, dataset.num_examples)
    absent = {split: SplitFacts(dataset.num_examples) for split, dataset in filled.items()}
    return {name: ColumnFacts(name, {**absent, **splits}) for name, splits in found.items()}


def _facts(feature: "statistics_pb2.FeatureNameStatistics", rows: int) -> SplitFacts:
    kind = feature.WhichOneof("stats")
    held = getattr(feature, kind)
    common = held.common_stats
    values = int(common.tot_num_values)
    found = SplitFacts(
        rows=int(rows),
        values=values,
        present=int(common.num_non_missing),
        fewest=int(common.min_num_values),
        most=int(common.max_num_values),
    )
    if not values:
        return found
    if kind == "string_stats":
        counts = {b.label: round(b.sample_count) for b in held.rank_histogram.buckets}
        unique = int(held.unique)
        return dataclasses.replace(found, dtype="BYTES", counts=counts, unique=unique)
    if kind != "num_stats":
        return dataclasses.replace(found, dtype="BYTES")
    dtype = "INT" if feature.type == feature.INT else "FLOAT"
    nans = max((int(histogram.num_nan) for histogram in held.histograms), default=0)
    found = dataclasses.replace(found, dtype=dtype, nans=nans)
    if nans >= values:
        return found
    return dataclasses.replace(found, lowest=float(held.min), highest=float(held.max))


def _least(numbers: Iterable[float]) -> float:
    return min((number for number in numbers if not math.isnan(number)), default=math.nan)
