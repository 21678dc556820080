"""The curated schema held against what the data hold: every difference in words."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from orchestration.local.schema_commands.changes import Change, feature_of
from orchestration.local.schema_commands.domains import domain_changes
from orchestration.local.schema_commands.facts import ColumnFacts
from orchestration.local.schema_commands.type_words import TYPE_WORDS
from usecase.drift import DEFAULTS
from usecase.labels import LabelSpec

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

MEASURE_OF_TEXT, MEASURE_OF_NUMBERS = DEFAULTS["string"].measure, DEFAULTS["float32"].measure
NEW_TYPE = "clients and the model must agree on another type"
NO_LABEL = "mend the data: the data gate takes no row without a label"
# TFDV holds only such columns against the data.
CHECKED_STAGES = ("UNKNOWN_STAGE", "PRODUCTION", "BETA")


def compare(
    schema: "schema_pb2.Schema", facts: Mapping[str, ColumnFacts], label: LabelSpec
) -> list[Change]:
    """Returns the differences in the order of the schema, new columns last.

    Args:
        schema: The curated schema.
        facts: What the data hold.
        label: The label of the use case.
    """
    found: list[Change] = []
    for feature in schema.feature:
        if not is_checked(feature):
            continue
        held = facts.get(feature.name)
        found += [_gone(feature.name)] if held is None else _of_column(schema, feature, held, label)
    known = {feature.name for feature in schema.feature}
    return [*found, *(_new(held) for name, held in facts.items() if name not in known)]


def is_checked(feature: "schema_pb2.Feature") -> bool:
    """Returns whether the schema wants the column to be checked at all."""
    stage = feature.lifecycle_stage
    names = type(feature).DESCRIPTOR.fields_by_name["lifecycle_stage"].enum_type.values_by_number
    return names[stage].name in CHECKED_STAGES


def is_label(name: str, label: LabelSpec) -> bool:
    """Returns whether a column is the label itself."""
    return label.function is None and name in [column.name for column in label.columns]


def _of_column(
    schema: "schema_pb2.Schema", feature: "schema_pb2.Feature", held: ColumnFacts, label: LabelSpec
) -> Iterator[Change]:
    yield from _presence(feature, held, is_the_label=is_label(feature.name, label))
    expected = _type_name(feature)
    if held.dtype and expected in TYPE_WORDS and held.dtype != expected:
        yield _type(feature.name, expected, held.dtype)
        return
    if any(facts.most > feature.value_count.max > 0 for facts in held.splits.values()):
        most = max(facts.most for facts in held.splits.values())
        yield Change(
            feature.name,
            "several",
            f"up to {most:,} values in a row, not {feature.value_count.max:,}",
        )
    if held.dtype:
        yield from domain_changes(
            schema, feature, held, label if is_label(feature.name, label) else None
        )


def _gone(name: str) -> Change:
    def mend(schema: "schema_pb2.Schema") -> None:
        schema.feature.remove(feature_of(schema, name))

    return Change(name, "gone", "gone: the data have no such column", mend)


def _new(held: ColumnFacts) -> Change:
    def mend(schema: "schema_pb2.Schema") -> None:
        """No domain: one would refuse tomorrow's values of a column that nobody uses yet."""
        feature = schema.feature.add(name=held.name)
        feature.type = (
            type(feature)
            .DESCRIPTOR.fields_by_name["type"]
            .enum_type.values_by_name[held.dtype or "BYTES"]
            .number
        )
        feature.value_count.min = int(held.is_full)
        feature.value_count.max = max(1, *(facts.most for facts in held.splits.values()))
        feature.presence.min_fraction = _floored(held.emptiest[1].share)

    kind = TYPE_WORDS[held.dtype] if held.dtype else "no value at all"
    share = "" if held.is_full else f", a value in {held.values / max(held.rows, 1):.1%} of rows"
    return Change(held.name, "new", f"new column: {kind}{share if held.dtype else ''}", mend)


def _type(name: str, expected: str, found: str) -> Change:
    def mend(schema: "schema_pb2.Schema") -> None:
        feature = feature_of(schema, name)
        values = type(feature).DESCRIPTOR.fields_by_name["type"].enum_type.values_by_name
        feature.type = values[found].number
        if domain := feature.WhichOneof("domain_info"):
            feature.ClearField(domain)
        feature.ClearField("distribution_constraints")
        fits = MEASURE_OF_TEXT if found == "BYTES" else MEASURE_OF_NUMBERS
        for comparator in ("skew_comparator", "drift_comparator"):
            if [f.name for f, _ in getattr(feature, comparator).ListFields()] not in ([], [fits]):
                feature.ClearField(comparator)

    text = f"type changed: {TYPE_WORDS[expected]} in the schema, {TYPE_WORDS[found]} in the data"
    return Change(name, "type", text, mend, NEW_TYPE)


def _presence(
    feature: "schema_pb2.Feature", held: ColumnFacts, *, is_the_label: bool
) -> Iterator[Change]:
    """Counts values, as the data gate does: TFDV takes an empty list for one."""
    split, emptiest = held.emptiest
    least = feature.presence.min_fraction
    must_have = held.fewest < 1 <= feature.value_count.min and not held.is_full
    if emptiest.share >= least and not must_have:
        return

    def mend(schema: "schema_pb2.Schema") -> None:
        mended = feature_of(schema, feature.name)
        if emptiest.share < least:
            mended.presence.min_fraction = _floored(emptiest.share)
        if mended.value_count.min:
            mended.value_count.min = 0

    empty = emptiest.rows - emptiest.values
    demand = "every row must" if must_have or least >= 1.0 else f"{least:.0%} of rows must"
    text = f"no value in {empty:,} of {emptiest.rows:,} rows of {split}; {demand} have one"
    if is_the_label:
        yield Change(feature.name, "presence", text, advice=NO_LABEL)
    else:
        yield Change(feature.name, "presence", text, mend)


def _floored(share: float) -> float:
    """Returns a share in whole percent, so that rows as empty as today's pass."""
    return max(0.0, min(1.0, math.floor(share * 100 + 1e-9) / 100))


def _type_name(feature: "schema_pb2.Feature") -> str:
    enum = type(feature).DESCRIPTOR.fields_by_name["type"].enum_type
    return str(enum.values_by_number[feature.type].name)
