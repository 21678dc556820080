"""How far the distribution of a column may move before it counts as drift, or as skew.

Text is compared by the L-infinity distance: by how much the share of any one value changed. Numbers
are compared by the Jensen-Shannon divergence, base 2, of their shares in ten buckets of equal size.
Both lie between 0 and 1.
"""

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, NamedTuple

from usecase.declaration import Declaration
from usecase.errors import ConfigError
from usecase.roles import DateTime

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

Measure = Literal["infinity_norm", "jensen_shannon_divergence"]
Kind = Literal["drift_comparator", "skew_comparator"]
# Ten points of a hundred: half of the taxi rows against the other half move by one, 2013 against
# 2016 by eighteen.
MOST_OF_A_VALUE = 0.1
# A population stability index of 0.25, by convention a significant shift, is a divergence of 0.045:
# for small changes the index is 8 ln 2 times it.
MOST_OF_NUMBERS = 0.05
LARGEST = 1.0  # of either measure
FALSE_ALARM = 0.001  # the chance of one in a whole comparison of rows of one origin


class Comparator(NamedTuple):
    """How a column is compared.

    Attributes:
        measure: The field of a schema's FeatureComparator.
        threshold: Largest distance allowed, 0 to 1.
    """

    measure: Measure
    threshold: float


DEFAULTS: dict[str, Comparator] = {
    "string": Comparator("infinity_norm", MOST_OF_A_VALUE),
    "float32": Comparator("jensen_shannon_divergence", MOST_OF_NUMBERS),
    "int64": Comparator("jensen_shannon_divergence", MOST_OF_NUMBERS),
}


def comparators(
    schema: "schema_pb2.Schema", declaration: Declaration, kind: Kind = "drift_comparator"
) -> dict[str, Comparator]:
    """Returns how each column is compared.

    A comparator of the schema wins, and an empty one (`drift_comparator {}`) leaves its column out.
    Other columns of the model get the default of their type; dates get none, since time goes on.

    Args:
        schema: The curated schema.
        declaration: Features and label. Requests hold no label, so that skew does without.
        kind: Of which two data sets: two trainings (drift), or a training and requests (skew).

    Raises:
        ConfigError: If a comparator of the schema does not fit its column's type, or that has none.
    """
    found = defaults(declaration, kind)
    for feature in schema.feature:
        if feature.HasField(kind):
            found.pop(feature.name, None)
            if own := _own(feature, kind):
                found[feature.name] = own
    return found


def defaults(declaration: Declaration, kind: Kind = "drift_comparator") -> dict[str, Comparator]:
    """Returns how each column is compared where the schema says nothing; see `comparators`."""
    label = declaration.label.columns if kind == "drift_comparator" else ()
    dates = {
        column.name
        for feature in declaration.features
        if isinstance(feature.declared, DateTime)
        for column in feature.columns
    }
    return {
        column.name: DEFAULTS[column.dtype]
        for column in (*declaration.inputs, *label)
        if column.name not in dates
    }


def written(
    schema: "schema_pb2.Schema", columns: Iterable[str], *, skew: Iterable[str] = ()
) -> "schema_pb2.Schema":
    """Returns a copy of a schema with the defaults written out, for people to change.

    Args:
        schema: The schema; what it says of a column already stays.
        columns: The columns that get a drift comparator.
        skew: Those that get a skew comparator.

    Raises:
        ConfigError: If one of them has no type in the schema.
    """
    from tensorflow_metadata.proto.v0 import schema_pb2

    names: dict[Kind, set[str]] = {"drift_comparator": {*columns}, "skew_comparator": {*skew}}
    copy = schema_pb2.Schema()
    copy.CopyFrom(schema)
    for feature in copy.feature:
        for kind, wanted in names.items():
            if feature.name in wanted and not feature.HasField(kind):
                default = DEFAULTS[_dtype(feature)]
                getattr(getattr(feature, kind), default.measure).threshold = default.threshold
    return copy


def widened(
    comparator: Comparator, rows: tuple[int, int], cells: int, comparisons: int
) -> Comparator:
    """Returns a comparator whose threshold is above what chance alone does to samples this small.

    By chance, the L-infinity distance of samples of n and m rows with k values stays below
    sqrt(ln(2 k / a) / 2 (1/n + 1/m)) with a probability of 1 - a (Hoeffding's inequality for each
    value). The divergence is (1/n + 1/m) / (8 ln 2) times a chi-squared variable of k - 1 degrees
    of freedom (Grosse et al. 2002, Physical Review E 65, 041905).

    Args:
        comparator: The comparator.
        rows: Rows of either sample that have a value.
        cells: Values, or buckets, over which they spread.
        comparisons: Columns that are compared, which share the chance of a false alarm.

    Returns:
        A threshold of 1, which nothing exceeds, where there are too few rows to tell.
    """
    if min(rows) < 1:
        return comparator._replace(threshold=LARGEST)
    spread, chance = 1 / rows[0] + 1 / rows[1], FALSE_ALARM / comparisons
    if comparator.measure == "infinity_norm":
        noise = math.sqrt(math.log(2 * max(cells, 1) / chance) / 2 * spread)
    else:
        noise = spread / (8 * math.log(2)) * _chi_squared(max(cells - 1, 1), chance)
    return comparator._replace(threshold=min(LARGEST, max(comparator.threshold, noise)))


def _chi_squared(freedom: int, tail: float) -> float:
    """Returns the quantile of 1 - tail, by Wilson and Hilferty's cube (1931); within 2 % here."""
    ninth = 2 / (9 * freedom)
    return float(freedom * (1 - ninth + NormalDist().inv_cdf(1 - tail) * math.sqrt(ninth)) ** 3)


def _own(feature: "schema_pb2.Feature", kind: Kind) -> Comparator | None:
    set_fields = [field.name for field, _ in getattr(feature, kind).ListFields()]
    if not set_fields:
        return None
    fits = DEFAULTS[_dtype(feature)].measure
    if set_fields != [fits]:
        raise ConfigError(
            f'column "{feature.name}": {kind} {{ {" ".join(set_fields)} }} does not fit its type',
            expected=f"{fits}, or an empty {kind} to compare it with nothing",
            fix=f"{kind} {{ {fits} {{ threshold: {DEFAULTS[_dtype(feature)].threshold} }} }}",
        )
    return Comparator(fits, getattr(getattr(feature, kind), fits).threshold)


def _dtype(feature: "schema_pb2.Feature") -> str:
    from tensorflow_metadata.proto.v0 import schema_pb2

    names = {schema_pb2.FLOAT: "float32", schema_pb2.INT: "int64", schema_pb2.BYTES: "string"}
    if feature.type not in names:
        raise ConfigError(
            f'column "{feature.name}" is to be compared, but has no type in the schema',
            expected="type: INT, FLOAT or BYTES",
            fix="add the type, or take its comparator out",
        )
    return names[feature.type]
