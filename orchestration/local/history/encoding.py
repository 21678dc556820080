"""What Transform made of each feature of one example, in words."""

from collections.abc import Mapping
from typing import NamedTuple

from orchestration.local.history.row_values import Raw
from orchestration.local.text import number
from serving.cells import Value
from usecase.declaration import Declaration
from usecase.features import Feature
from usecase.roles import Boolean, Bucketized, Crossed, DateTime, Numeric

MISSING_ID, UNKNOWN_ID = 0, 1  # of models.categories, which needs TensorFlow
TRUTHS = ("missing, or no word for true or false", "false", "true")
SCALES = {
    "z_score": "{} standard deviations from the train split's mean",
    "log": "{} standard deviations from the train split's mean, both of the logarithm",
    "min_max": "{} of the train split's range, from its lowest",
}
STAND_INS = {
    "z_score": "missing: the train split's mean stands in",
    "log": "missing: the train split's mean, of the logarithm, stands in",
    "min_max": "missing: the middle of the train split's range stands in",
}


class Encoded(NamedTuple):
    """One feature.

    Attributes:
        feature: The feature.
        values: Its transformed values by name; of a cross, none.
        told: What they mean.
    """

    feature: Feature
    values: dict[str, float]
    told: str


def encoded(
    declaration: Declaration, row: list[Raw], features: Mapping[str, float]
) -> list[Encoded]:
    """Returns each feature with what the network sees of it.

    Args:
        declaration: The features.
        row: The raw values.
        features: What Transform made of them, by name.
    """
    raws = {raw.column.name: raw for raw in row}
    ids = {f.name: int(features[f.transformed_name]) for f in declaration.features if f.has_id}
    return [_encoded(feature, raws, features, ids) for feature in declaration.features]


def _encoded(
    feature: Feature,
    raws: Mapping[str, Raw],
    features: Mapping[str, float],
    ids: Mapping[str, int],
) -> Encoded:
    declared = feature.declared
    if isinstance(declared, Crossed):
        pair = " and ".join(f"{name} (id {ids[name]})" for name in declared.features)
        return Encoded(feature, {}, f"the pair of {pair}, combined inside the network")
    names = (feature.transformed_name,) if feature.has_id else feature.numbers
    values = {name: features[name] for name in names}
    if isinstance(declared, Numeric):
        return Encoded(feature, values, _of_number(feature, declared, raws, values))
    if isinstance(declared, DateTime):
        is_missing = _is_missing(feature, raws)
        told = "missing: off every circle, at 0" if is_missing else _of_date(declared)
        return Encoded(feature, values, told)
    return Encoded(feature, values, _of_id(feature, raws, ids[feature.name]))


def _of_number(
    feature: Feature, declared: Numeric, raws: Mapping[str, Raw], values: Mapping[str, float]
) -> str:
    indicated = feature.indicator_name is not None and values[feature.indicator_name] == 1.0
    if indicated or (feature.function is None and _is_missing(feature, raws)):
        return STAND_INS[declared.scaling]
    return SCALES[declared.scaling].format(number(values[feature.transformed_name], 3))


def _of_date(declared: DateTime) -> str:
    circles = [part for part in declared.parts if part != "year"]
    texts = [f"sine and cosine of {', '.join(circles)}"] if circles else []
    texts += ["z-score of the year"] if "year" in declared.parts else []
    return "; ".join(texts)


def _of_id(feature: Feature, raws: Mapping[str, Raw], found: int) -> str:
    declared = feature.declared
    if isinstance(declared, Boolean):
        return TRUTHS[found]
    if found == MISSING_ID:
        return "missing: id 0"
    if isinstance(declared, Bucketized):
        return f"bucket {found} of {declared.buckets}"
    value = "" if feature.function else _shown(raws[feature.columns[0].name].value) + " "
    source = "the schema's domain" if feature.direct_range else "the vocabulary"
    if found == UNKNOWN_ID:
        return f"{value}is unknown: not in {source}, id 1"
    return f"{value}has id {found} of {source}"


def _is_missing(feature: Feature, raws: Mapping[str, Raw]) -> bool:
    """Whether the column that a feature is made of has no value."""
    raw = raws[feature.columns[0].name]
    return raw.value is None or raw.is_sentinel


def _shown(value: Value | None) -> str:
    if isinstance(value, bytes):
        return f'"{value.decode(errors="replace")}"'
    return str(value)
