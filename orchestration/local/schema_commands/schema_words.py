"""An entry of a schema in words: its type, presence, domain and comparators."""

import json
from typing import TYPE_CHECKING

from orchestration.local.schema_commands.type_words import TYPE_WORDS
from usecase.drift import Comparator

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

MOST_VALUES = 3
LONGEST_DOMAIN = 48
MEASURES = {"infinity_norm": "max", "jensen_shannon_divergence": "JS"}
COMPARATORS = (
    "drift, skew: the largest distance allowed; max: change of any value's share, "
    "JS: Jensen-Shannon divergence, *: set in the schema"
)


def type_text(feature: "schema_pb2.Feature") -> str:
    """Returns its type, for example "float"."""
    name = type(feature).DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[feature.type]
    return TYPE_WORDS.get(name.name, name.name.lower())


def presence_text(feature: "schema_pb2.Feature") -> str:
    """Returns which share of rows must have a value."""
    share = feature.presence.min_fraction
    if share >= 1.0:
        return "every row"
    return f"≥ {share:.0%} of rows" if share > 0.0 else "optional"


def domain_text(feature: "schema_pb2.Feature", schema: "schema_pb2.Schema") -> str:
    """Returns the values that it may have; "any" if the schema does not say."""
    kind = feature.WhichOneof("domain_info")
    if kind in ("int_domain", "float_domain"):
        return _range(getattr(feature, kind))
    if kind == "bool_domain":
        words = feature.bool_domain
        named = bool(words.true_value)
        return f"{words.false_value} or {words.true_value}" if named else "false or true"
    if kind not in ("domain", "string_domain"):
        return kind.replace("_", " ") if kind else "any"
    shared = [d for d in schema.string_domain if d.name == feature.domain]
    values = shared[0].value if kind == "domain" and shared else feature.string_domain.value
    text = f"{len(values):,}: {', '.join(map(_word, values[:MOST_VALUES]))}"
    if len(text) > LONGEST_DOMAIN:
        text = text[:LONGEST_DOMAIN].rstrip(", ") + "…"
    elif len(values) > MOST_VALUES:
        text += ", …"
    if feature.HasField("distribution_constraints"):
        text += f" ({feature.distribution_constraints.min_domain_mass:.0%} of values)"
    return text


def comparator_text(comparator: Comparator, *, is_own: bool) -> str:
    """Returns how it is compared, for example "JS 0.05"; a star where the schema itself says so."""
    return f"{MEASURES[comparator.measure]} {comparator.threshold:g}" + ("*" if is_own else "")


def _word(value: str) -> str:
    """Returns a value of a list, in quotes where it would not be told from its neighbours."""
    is_plain = value.isprintable() and value == value.strip() != "" and not {",", '"'} & {*value}
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def _range(domain: "schema_pb2.IntDomain | schema_pb2.FloatDomain") -> str:
    low, high = domain.HasField("min"), domain.HasField("max")
    if low and high:
        return f"{_plain(domain.min)} to {_plain(domain.max)}"
    if low or high:
        return f"≥ {_plain(domain.min)}" if low else f"≤ {_plain(domain.max)}"
    return "any"


def _plain(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
