"""The schema that accepts the data it came from, and what may reasonably come later."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autoconfig.column_profile import ColumnProfile
from autoconfig.decision import Decision
from autoconfig.label import LabelDecision
from autoconfig.profile import Profile
from usecase.drift import written

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

HEADER = """\
# Inferred from the data: types, presence and domains as they were found. Yours to review and edit.
# presence.min_fraction is the share of rows that must have a value; below 1, it may be missing.
# min_domain_mass is the share of values that must be among those listed; new ones are "unknown".
# A column of lifecycle_stage DISABLED was left out: it is neither checked nor read.
"""
SLACK = 0.05
DEVIATIONS = 4.0  # of chance, which a split of the rows stays within
DOMAIN_MASS = 0.9


def schema_text(
    table: Profile, label: LabelDecision, decisions: Sequence[Decision], smallest_split: int
) -> str:
    """Returns the schema in text format.

    Args:
        table: The columns.
        label: The label.
        decisions: What became of the other columns.
        smallest_split: Rows of the smallest split to be expected.
    """
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    schema = schema_pb2.Schema()
    decided = {decision.name: decision for decision in decisions}
    for name, column in table.columns.items():
        feature = schema.feature.add(name=name)
        if name == label.name:
            _add_label(feature, label)
            _add_presence(feature, column, smallest_split)
        elif decided[name].role is None:
            feature.type = _type(decided[name].dtype)
            feature.lifecycle_stage = schema_pb2.DISABLED
        else:
            _add_feature(feature, decided[name])
            _add_presence(feature, column, smallest_split)
    used = [d for d in decisions if d.role]
    compared = [d.name for d in used if d.role and d.role["role"] != "datetime"]
    schema = written(schema, [*compared, label.name], skew=compared)
    return HEADER + text_format.MessageToString(schema, as_utf8=True)


def _add_label(feature: "schema_pb2.Feature", label: LabelDecision) -> None:
    feature.type = _type(label.dtype)
    if label.dtype == "string":
        feature.string_domain.value.extend(str(value) for value in label.classes)
    elif label.classes and label.dtype == "int64":
        feature.int_domain.min = int(label.classes[0])
        feature.int_domain.max = int(label.classes[-1])


def _add_feature(feature: "schema_pb2.Feature", decision: Decision) -> None:
    feature.type = _type(decision.dtype)
    role = decision.role["role"] if decision.role else ""
    if decision.categorical:
        feature.int_domain.is_categorical = True
    elif role == "boolean" and decision.dtype == "int64":
        feature.int_domain.min, feature.int_domain.max = 0, 1
    elif role == "boolean" and decision.values:
        feature.bool_domain.false_value, feature.bool_domain.true_value = decision.values
    elif decision.values:
        feature.string_domain.value.extend(decision.values)
        feature.distribution_constraints.min_domain_mass = DOMAIN_MASS


def _add_presence(
    feature: "schema_pb2.Feature", column: ColumnProfile, smallest_split: int
) -> None:
    feature.value_count.min = int(not column.missing_share)
    feature.value_count.max = 1
    feature.presence.min_fraction = _least_present(column, smallest_split)


def _least_present(column: ColumnProfile, rows: int) -> float:
    """The share that must be there: all where none is missing, else with slack for later data."""
    share = 1.0 - column.missing_share
    if share == 1.0:
        return 1.0
    chance = DEVIATIONS * math.sqrt(share * (1.0 - share) / rows)
    return math.floor(max(share - chance - SLACK, 0.0) * 100) / 100


def _type(dtype: str) -> int:
    from tensorflow_metadata.proto.v0 import schema_pb2

    return {"float32": schema_pb2.FLOAT, "int64": schema_pb2.INT, "string": schema_pb2.BYTES}[dtype]
