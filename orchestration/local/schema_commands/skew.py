"""What clients send against what the model was trained on: the distances that TFDV measures."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.comparable import MISSING, Pair, as_statistics, by_name, pairs
from pipeline.stages import QUANTILES
from usecase.declaration import Declaration
from usecase.drift import LARGEST, Comparator, comparators, widened

TEXTS = "infinity_norm"


@dataclasses.dataclass(frozen=True)
class Skew:
    """One column of requests against the same of the training data.

    Attributes:
        column: Its name.
        distance: Between the two, 0 to 1.
        comparator: How it was measured, and the largest distance allowed.
        pair: The rows by value or bucket: of requests, and of the data.
        medians: Of numbers, the median in requests and in the data; None for strings.
    """

    column: str
    distance: float
    comparator: Comparator
    pair: Pair
    medians: tuple[float, float] | None

    @property
    def is_above(self) -> bool:
        """Whether that is too much."""
        return self.distance > self.comparator.threshold

    @property
    def is_known(self) -> bool:
        """Whether there are rows enough to tell skew from chance."""
        return self.comparator.threshold < LARGEST

    def shares(self) -> dict[str, tuple[float, float]]:
        """Returns the share of each value in requests and in the data, what moved most first."""
        now, before = (
            {key: count / max(sum(side.values()), 1) for key, count in side.items()}
            for side in self.pair
        )
        keys = {**now, **before}
        found = {key: (now.get(key, 0.0), before.get(key, 0.0)) for key in keys}
        return dict(
            sorted(found.items(), key=lambda item: (-abs(item[1][0] - item[1][1]), item[0]))
        )

    @property
    def lost(self) -> tuple[float, float]:
        """The share of rows without a value, in requests and in the data."""
        return self.shares().get(MISSING, (0.0, 0.0))


def statistics_of(examples: Path) -> statistics_pb2.DatasetFeatureStatistics:
    """Returns the statistics of a TFRecord file of tf.Examples, as fine as the pipeline's own."""
    options = tfdv.StatsOptions(num_quantiles_histogram_buckets=QUANTILES)
    found = tfdv.generate_statistics_from_tfrecord(str(examples), stats_options=options)
    return found.datasets[0]


def compare_requests(
    requests: statistics_pb2.DatasetFeatureStatistics,
    training: statistics_pb2.DatasetFeatureStatistics,
    schema: schema_pb2.Schema,
    declaration: Declaration,
) -> list[Skew]:
    """Returns the columns that can be compared, in the order of the features.

    Args:
        requests: statistics_pb2.DatasetFeatureStatistics of what clients sent.
        training: Those of the train split.
        schema: The curated schema, whose skew comparators win.
        declaration: Features and label.

    Raises:
        ConfigError: If a comparator of the schema does not fit its column's type.
    """
    wanted = comparators(schema, declaration, "skew_comparator")
    found = pairs(requests, training, wanted)
    used = {
        name: widened(wanted[name], pair.rows, pair.cells, len(found))
        for name, pair in found.items()
    }
    sides = by_name(requests), by_name(training)
    distances = _distances(found, used)
    return [
        Skew(
            name,
            distances[name],
            used[name],
            pair,
            None if used[name].measure == TEXTS else _medians(sides, name),
        )
        for name, pair in found.items()
        if name in distances
    ]


def never_sent(
    requests: statistics_pb2.DatasetFeatureStatistics,
    training: statistics_pb2.DatasetFeatureStatistics,
    declaration: Declaration,
) -> list[str]:
    """Returns the columns that the model reads, the data have values of, and no request has."""
    sent, known = by_name(requests), by_name(training)
    return [
        column.name
        for column in declaration.inputs
        if _values(known, column.name) and not _values(sent, column.name)
    ]


def _medians(
    sides: Sequence[Mapping[str, statistics_pb2.FeatureNameStatistics]], name: str
) -> tuple[float, float]:
    first, second = (side[name].num_stats.median for side in sides)
    return first, second


def _values(features: Mapping[str, statistics_pb2.FeatureNameStatistics], name: str) -> int:
    kind = features[name].WhichOneof("stats") if name in features else None
    return int(getattr(features[name], kind).common_stats.tot_num_values) if kind else 0


def _distances(found: Mapping[str, Pair], used: Mapping[str, Comparator]) -> dict[str, float]:
    if not found:
        return {}
    texts = {name for name, comparator in used.items() if comparator.measure == TEXTS}
    schema = schema_pb2.Schema()
    for name, comparator in used.items():
        feature = schema.feature.add(name=name)
        feature.type = schema_pb2.BYTES if name in texts else schema_pb2.FLOAT
        getattr(feature.skew_comparator, comparator.measure).threshold = comparator.threshold
    requests, training = (
        statistics_pb2.DatasetFeatureStatisticsList(
            datasets=[as_statistics({name: pair[side] for name, pair in found.items()}, texts)]
        )
        for side in (0, 1)
    )
    anomalies = tfdv.validate_statistics(training, schema, serving_statistics=requests)
    return {
        ".".join(info.path.step): info.skew_measurements[0].value
        for info in anomalies.drift_skew_info
        if info.skew_measurements
    }
