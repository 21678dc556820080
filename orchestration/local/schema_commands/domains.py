"""The values of a column held against its domain in the schema."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from orchestration.local.schema_commands.changes import Change, feature_of
from orchestration.local.schema_commands.facts import NOT_COUNTED, ColumnFacts
from orchestration.local.text import number, number_pair
from usecase.labels import LabelSpec

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

MOST_SHOWN = 5
LONGEST_SHOWN = 40
NEW_CLASSES = "the label has other classes then, and so has the model"
NEW_LABELS = "it is the label that the model learns"
NOT_A_DOMAIN = "mend the data, or take the domain out of the schema by hand"
NOT_TEXT = "mend the data: write text in UTF-8, of 1 kB at most"
NOT_BOOLEAN = "mend the data, or change the bool_domain by hand"
NO_CLASS = "mend the data, or take the class out of the schema by hand"
ROUNDING = 1e-9


def domain_changes(
    schema: "schema_pb2.Schema",
    feature: "schema_pb2.Feature",
    held: ColumnFacts,
    label: LabelSpec | None,
) -> Iterator[Change]:
    """Yields how the values differ from the domain.

    Args:
        schema: The curated schema, which may hold the domain.
        feature: The column, whose type is the data's.
        held: What the data hold of it; there is a value.
        label: The label, where the column is the label itself.
    """
    kind = feature.WhichOneof("domain_info")
    if kind == "bool_domain":
        yield from _booleans(feature, held)
    elif held.dtype == "BYTES":
        values = _domain_values(schema, feature)
        if values is not None:
            yield from _strings(feature, held, values, label)
    elif kind in ("int_domain", "float_domain"):
        yield from _numbers(feature, held, getattr(feature, kind), label)
    if label is not None:
        yield from _classes(held, label)


def _domain_values(
    schema: "schema_pb2.Schema", feature: "schema_pb2.Feature"
) -> tuple[str, ...] | None:
    if feature.HasField("domain"):
        shared = [d for d in schema.string_domain if d.name == feature.domain]
        return tuple(shared[0].value) if shared else None
    return tuple(feature.string_domain.value) if feature.HasField("string_domain") else None


def _strings(
    feature: "schema_pb2.Feature",
    held: ColumnFacts,
    values: tuple[str, ...],
    label: LabelSpec | None,
) -> Iterator[Change]:
    mass = 1.0
    if feature.HasField("distribution_constraints"):
        mass = feature.distribution_constraints.min_domain_mass
    known = {*values}
    if not any(_outside(s.counts, known) > 1.0 - mass + ROUNDING for s in held.splits.values()):
        return
    new = {value: count for value, count in held.counts.items() if value not in known}
    name, domain = feature.name, feature.domain

    def mend(schema: "schema_pb2.Schema") -> None:
        shared = [d for d in schema.string_domain if d.name == domain] if domain else []
        target = shared[0] if shared else feature_of(schema, name).string_domain
        target.value.extend(value for value in new if value not in target.value)

    what = "1 new value" if len(new) == 1 else f"{len(new):,} new values"
    text = f"{what}: {_listed(new, held.values)}"
    if not held.lists_all:
        yield Change(name, "values", text, advice=NOT_A_DOMAIN)
    elif any(value in NOT_COUNTED for value in new):
        yield Change(name, "values", text, advice=NOT_TEXT)
    else:
        yield Change(name, "values", text, mend, NEW_CLASSES if label else "")


def _outside(counts: Mapping[str, int], known: set[str]) -> float:
    """Returns the share of values that are not known."""
    total = sum(counts.values())
    return sum(n for value, n in counts.items() if value not in known) / total if total else 0.0


def _listed(counts: Mapping[str, int], values: int) -> str:
    """Returns `"a" (3 of 100 values), "b" (1), and 5 more`."""
    shown: list[str] = []
    for value, count in list(counts.items())[:MOST_SHOWN]:
        of_all = "" if shown else f" of {values:,} values"
        shown.append(f"{quoted(value)} ({count:,}{of_all})")
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f", and {more:,} more" if more else "")


def quoted(value: str) -> str:
    """Returns a value as it is shown: in quotes, and not too long."""
    cut = value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 1] + "…"
    return json.dumps(cut, ensure_ascii=False)


def _numbers(
    feature: "schema_pb2.Feature", held: ColumnFacts, domain: object, label: LabelSpec | None
) -> Iterator[Change]:
    kind = str(feature.WhichOneof("domain_info"))
    if held.dtype == "FLOAT" and kind == "float_domain":
        nans = sum(split.nans for split in held.splits.values())
        if domain.disallow_nan and nans:  # type: ignore[attr-defined]
            yield Change(feature.name, "no number", f"NaN in {nans:,} of {held.values:,} values")
    bounds: dict[str, float] = {}
    words = []
    for end, value, side in (("min", held.lowest, "lowest"), ("max", held.highest, "highest")):
        if not domain.HasField(end) or math.isnan(value):  # type: ignore[attr-defined]
            continue
        limit = getattr(domain, end)
        if value < limit if end == "min" else value > limit:
            bounds[end] = value
            found, allowed = number_pair(value, limit)
            words.append(f"{side} {found}, the schema's {end}imum is {allowed}")
    if not bounds:
        return
    name, convert = feature.name, int if kind == "int_domain" else float

    def mend(schema: "schema_pb2.Schema") -> None:
        mended = getattr(feature_of(schema, name), kind)
        for end, value in bounds.items():
            setattr(mended, end, convert(value))

    text = f"out of range: {'; '.join(words)}"
    if not all(math.isfinite(value) for value in bounds.values()):
        yield Change(name, "range", text)
        return
    classes = label is not None and bool(label.classes)
    danger = (NEW_CLASSES if classes else NEW_LABELS) if label else ""
    yield Change(name, "range", text, mend, danger)


def _booleans(feature: "schema_pb2.Feature", held: ColumnFacts) -> Iterator[Change]:
    words = (feature.bool_domain.false_value, feature.bool_domain.true_value)
    if held.dtype == "BYTES":
        other = {value: count for value, count in held.counts.items() if value not in words}
        if other:
            pair = " nor ".join(quoted(word) for word in words)
            text = f"neither {pair}: {_listed(other, held.values)}"
            yield Change(feature.name, "values", text, advice=NOT_BOOLEAN)
    elif held.lowest < 0 or held.highest > 1:
        text = f"neither 0 nor 1: from {number(held.lowest)} to {number(held.highest)}"
        yield Change(feature.name, "values", text, advice=NOT_BOOLEAN)


def _classes(held: ColumnFacts, label: LabelSpec) -> Iterator[Change]:
    """Yields that a class of the label is in no row, as far as the statistics tell."""
    counts = held.counts
    unseen = [
        value
        for value in label.classes
        if (isinstance(value, str) and held.lists_all and value not in counts)
        or (isinstance(value, int) and not held.lowest <= value <= held.highest)
    ]
    if unseen and (counts or held.dtype != "BYTES"):
        shown = ", ".join(quoted(str(value)) for value in unseen[:MOST_SHOWN])
        more = f", and {len(unseen) - MOST_SHOWN:,} more" if len(unseen) > MOST_SHOWN else ""
        yield Change(held.name, "classes", f"no row of the class {shown}{more}", advice=NO_CLASS)
