"""What the data gate measures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components import examples
from components.settings import DataGateSettings
from components.verdict import GateResult, Verdict, judge
from models.labels import label_of
from usecase.config import SPLITS
from usecase.labels import LabelSpec
from usecase.schema import read_schema

GATE = "data"
ANOMALIES_FILE = "SchemaDiff.pb"
STATISTICS_FILE = "FeatureStats.pb"
SCHEMA_FILE = "schema.pbtxt"
MOST_ANOMALIES_SHOWN = 5
SMALLEST = float(np.finfo(float).tiny)  # above 0, if only just


def judge_data(
    settings: DataGateSettings,
    *,
    examples_uri: str,
    statistics_uri: str,
    anomalies_uri: str,
    schema_uri: str,
) -> Verdict:
    """Judges one run's data.

    Args:
        settings: What to demand.
        examples_uri: Folder of the Examples artifact, one `Split-<name>` each.
        statistics_uri: Folder of the ExampleStatistics artifact.
        anomalies_uri: Folder of the ExampleAnomalies artifact.
        schema_uri: Folder of the Schema artifact.

    Returns:
        The verdict, with one result a condition.
    """
    results = [
        _schema_result(Path(anomalies_uri)),
        _presence_result(read_schema(Path(schema_uri) / SCHEMA_FILE), Path(statistics_uri)),
        *_row_results(settings, Path(statistics_uri)),
        *_label_results(settings, Path(examples_uri)),
    ]
    return Verdict(GATE, tuple(results))


def split_statistics(statistics_uri: Path, split: str) -> statistics_pb2.DatasetFeatureStatistics:
    """Reads the statistics of a split; empty ones where the split has none."""
    path = statistics_uri / f"Split-{split}" / STATISTICS_FILE
    if not path.exists():
        return statistics_pb2.DatasetFeatureStatistics()
    statistics = statistics_pb2.DatasetFeatureStatisticsList.FromString(path.read_bytes())
    return statistics.datasets[0]


def anomaly_texts(anomalies_uri: Path) -> list[str]:
    """Returns the schema anomalies that are errors, each with the splits in which it stands."""
    found: dict[str, tuple[str, list[str]]] = {}
    for split in SPLITS:
        for kind, text in _errors(anomalies_uri / f"Split-{split}" / ANOMALIES_FILE):
            found.setdefault(kind, (text, []))[1].append(split)
    return [f"{text} ({', '.join(splits)})" for text, splits in found.values()]


def _schema_result(anomalies_uri: Path) -> GateResult:
    found = anomaly_texts(anomalies_uri)
    detail = "; ".join(found[:MOST_ANOMALIES_SHOWN])
    if len(found) > MOST_ANOMALIES_SHOWN:
        detail += f"; and {len(found) - MOST_ANOMALIES_SHOWN} more"
    return judge(GATE, "anomalies", float(len(found)), "max", 0.0, detail=detail)


def _errors(path: Path) -> Iterator[tuple[str, str]]:
    """Yields the kind and the text of each anomaly of a split; warnings do not count.

    The text may name values, which differ between splits where the kind does not.
    """
    if not path.exists():
        return
    anomalies = anomalies_pb2.Anomalies.FromString(path.read_bytes())
    for name, info in sorted(anomalies.anomaly_info.items()):
        if info.severity == anomalies_pb2.AnomalyInfo.ERROR:
            kind = f"{name}: {info.short_description}"
            yield kind, f"{name}: {info.description}".rstrip(". ")
    if anomalies.dataset_anomaly_info.severity == anomalies_pb2.AnomalyInfo.ERROR:
        text = anomalies.dataset_anomaly_info.description.rstrip(". ")
        yield text, text


def _presence_result(schema: schema_pb2.Schema, statistics_uri: Path) -> GateResult:
    """Holds columns against presence.min_fraction by their values.

    TFDV's own check counts lists, and an empty CSV cell is an empty list, which is present.
    """
    least = {f.name: f.presence.min_fraction for f in schema.feature}
    too_empty = []
    statistics = split_statistics(statistics_uri, "train")
    for feature in statistics.features:
        name = "/".join(feature.path.step)
        share = _common(feature).tot_num_values / max(statistics.num_examples, 1)
        if share < least.get(name, 0.0):
            too_empty.append(f"{name}: a value in {share:.1%} of rows, not {least[name]:.0%}")
    detail = "; ".join(too_empty)
    return judge(GATE, "columns_too_empty", float(len(too_empty)), "max", 0.0, detail=detail)


def _common(feature: statistics_pb2.FeatureNameStatistics) -> statistics_pb2.CommonStatistics:
    kind = feature.WhichOneof("stats")
    return getattr(feature, kind).common_stats


def _row_results(settings: DataGateSettings, statistics_uri: Path) -> Iterator[GateResult]:
    least = {"train": settings.thresholds.min_rows}
    for split in SPLITS:
        yield judge(
            GATE,
            "rows",
            float(split_statistics(statistics_uri, split).num_examples),
            "min",
            float(least.get(split, 1)),
            slice_name=f"split={split}",
        )


def _label_results(settings: DataGateSettings, examples_uri: Path) -> Iterator[GateResult]:
    label = settings.declaration.label
    try:
        labels = _read_labels(label, examples_uri)
    except tf.errors.InvalidArgumentError:
        detail = (
            f'the label "{label.name}" cannot be read: its columns have not the type of the schema'
        )
        yield judge(GATE, "labels_unusable", None, "max", 0.0, detail=detail)
        return
    usable = labels[
        np.isin(labels, _class_ids(label)) if _class_ids(label) else np.isfinite(labels)
    ]
    outside = float(len(labels) - len(usable))
    yield judge(
        GATE,
        "labels_unusable",
        outside,
        "max",
        0.0,
        detail=f'rows whose label "{label.name}" is missing or {_not_usable(label)}'
        if outside
        else "",
    )
    same = len(usable) > 0 and bool((usable == usable[0]).all())
    constant = f'the label "{label.name}" is the same in every row' if same else ""
    if label.task == "regression":
        values = float(len(np.unique(usable)))
        yield judge(GATE, "label_values", values, "min", 2.0, detail=constant)
    else:
        yield _share_result(label, usable, settings.thresholds.min_label_share, constant)


def _share_result(label: LabelSpec, usable: np.ndarray, least: float, constant: str) -> GateResult:
    """The share of the rarest class; of 0 it never passes: there is nothing to learn."""
    ids = _class_ids(label)
    shares = np.bincount(usable.astype(np.int64), minlength=len(ids)) / max(len(usable), 1)
    rarest = int(shares.argmin())
    names = label.classes or ids
    detail = constant
    if not constant and len(usable) and shares[rarest] == 0:
        detail = f'no row has the label "{label.name}" {names[rarest]!r}'
    return judge(
        GATE, "label_share", float(shares[rarest]), "min", max(least, SMALLEST), detail=detail
    )


def _class_ids(label: LabelSpec) -> list[int]:
    """The ids that a label can take; none for regression."""
    return [] if label.task == "regression" else list(range(len(label.classes) or 2))


def _not_usable(label: LabelSpec) -> str:
    if label.task == "regression":
        return "no finite number"
    return f"none of its {len(label.classes)} classes" if label.classes else "neither 0 nor 1"


def _read_labels(label: LabelSpec, examples_uri: Path) -> np.ndarray:
    """Reads the labels of all splits, float32 [rows]."""
    spec = {c.name: tf.io.VarLenFeature(tf.as_dtype(c.dtype)) for c in label.columns}
    labels = [
        label_of(label, tf.io.parse_example(serialized, spec)).numpy()
        for serialized in examples.batches(examples_uri, *SPLITS)
    ]
    return np.concatenate(labels) if labels else np.zeros(0, np.float32)
