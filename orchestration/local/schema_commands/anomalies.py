"""What TFDV finds beside the differences that are told in words of our own: nothing is left out."""

from collections.abc import Iterable, Mapping

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from orchestration.local.schema_commands.changes import Change, Topic

BY_HAND = "mend the data, or the schema by hand"
# Which topics tell of an anomaly, by its type; of every other type, none does.
TOLD: dict[str, tuple[Topic, ...]] = {
    "SCHEMA_NEW_COLUMN": ("new",),
    "SCHEMA_MISSING_COLUMN": ("presence",),
    "FEATURE_TYPE_NOT_PRESENT": ("presence",),
    "FEATURE_TYPE_LOW_FRACTION_PRESENT": ("presence",),
    "FEATURE_TYPE_LOW_NUMBER_VALUES": ("presence",),
    "FEATURE_TYPE_HIGH_NUMBER_VALUES": ("several",),
    "ENUM_TYPE_UNEXPECTED_STRING_VALUES": ("values",),
    "ENUM_TYPE_INVALID_UTF8": ("values",),
    "BOOL_TYPE_UNEXPECTED_STRING": ("values",),
    "BOOL_TYPE_SMALL_INT": ("values",),
    "BOOL_TYPE_BIG_INT": ("values",),
    "BOOL_TYPE_UNEXPECTED_FLOAT": ("values",),
    "INT_TYPE_SMALL_INT": ("range",),
    "INT_TYPE_BIG_INT": ("range",),
    "FLOAT_TYPE_SMALL_FLOAT": ("range",),
    "FLOAT_TYPE_BIG_FLOAT": ("range",),
    "FLOAT_TYPE_HAS_NAN": ("no number",),
}
MOOT: tuple[Topic, ...] = ("type", "gone", "new")  # nothing else is worth saying of such a column


def untold(
    schema: schema_pb2.Schema,
    statistics: Mapping[str, statistics_pb2.DatasetFeatureStatistics],
    told: Iterable[Change],
) -> list[Change]:
    """Returns the anomalies of every split that no difference tells of, in TFDV's own words.

    Args:
        schema: The curated schema.
        statistics: The statistics of each split.
        told: The differences found so far.
    """
    known: dict[str, set[Topic]] = {}
    for change in told:
        known.setdefault(change.column, set()).add(change.topic)
    found: dict[tuple[str, str], Change] = {}
    for split, dataset in statistics.items():
        if not dataset.num_examples:
            continue
        whole = statistics_pb2.DatasetFeatureStatisticsList(datasets=[dataset])
        anomalies = tfdv.validate_statistics(whole, schema)
        for column, reason in _reasons(anomalies):
            kind = anomalies_pb2.AnomalyInfo.Type.Name(reason.type)
            is_told = known.get(column, set()) & {*MOOT, *TOLD.get(kind, ())}
            if not is_told:
                text = f"{reason.description.rstrip('. ')} ({split})"
                found.setdefault((column, kind), Change(column, "other", text, advice=BY_HAND))
    return list(found.values())


def _reasons(
    anomalies: anomalies_pb2.Anomalies,
) -> Iterable[tuple[str, anomalies_pb2.AnomalyInfo.Reason]]:
    """Yields the reasons of each anomaly that is an error, by column; warnings do not count."""
    error = anomalies_pb2.AnomalyInfo.ERROR
    for _, info in sorted(anomalies.anomaly_info.items()):
        if info.severity == error:
            for reason in info.reason:
                yield "/".join(info.path.step), reason
    if anomalies.dataset_anomaly_info.severity == error:
        for reason in anomalies.dataset_anomaly_info.reason:
            yield "all rows", reason
