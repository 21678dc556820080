"""Types of columns, block by block; tests/components hold them against TFX's own reader."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.kinds import WIDTH, TextKind, kind_of_text, wider
from ingestion.native import NativeKind, native_kind, native_values

CELLS = st.sampled_from(
    ["1", " 1", "+1", "0x1", "1.5", "nan", "nan(1)", "1e5", "x", "é", str(2**63), "9.3e18", ""]
)


def kind_of(*blocks, declared=None):
    column = TextKind(declared)
    for block in blocks:
        column.look(pa.array(block, pa.string()))
    return column.kind


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("1", "int64"),
        (" 01\t", "int64"),
        ("+1", "int64"),
        ("+1.5", "float32"),
        ("1_0", "int64"),
        (str(-(2**63)), "int64"),
        (str(2**63), "bytes"),
        ("1.", "float32"),
        ("-Infinity", "float32"),
        ("1e999", "float32"),
        ("0x10", "bytes"),
        ("nan(1)", "bytes"),
        ("٣", "bytes"),  # a digit to Python's int, but not as bytes
        ("True", "bytes"),
    ],
)
def test_one_cell(cell, kind):
    assert kind_of_text(cell) == kind_of([cell]) == kind_of([None, cell], [None]) == kind


@given(st.lists(st.lists(CELLS, max_size=4), max_size=4))
def test_a_column_is_of_the_widest_type_of_its_cells(blocks):
    cells = [cell for block in blocks for cell in block if cell]
    widest = max(map(kind_of_text, cells), key=WIDTH.__getitem__, default=None)
    made = [[cell or None for cell in block] for block in blocks]
    assert kind_of(*made) == widest
    merged = TextKind()
    for block in made:
        part = TextKind()
        part.look(pa.array(block, pa.string()))
        merged.merge(part)
    assert merged.kind == widest


@pytest.mark.parametrize(
    ("cells", "declared", "kind"),
    [
        (["1", "2"], "float32", "float32"),
        (["1", "2"], "bytes", "bytes"),
        (["1.5"], "int64", "float32"),
        (["1.0", "2e3", "4"], "int64", "int64"),
        (["1.0", "nan"], "int64", "float32"),
        (["1.0", "1e30"], "int64", "float32"),
        (["1.0", " 2.5"], "int64", "float32"),
        (["x"], "int64", "bytes"),
        (["9" * 30, "1.5"], "float32", "float32"),
        ([None], "int64", "int64"),
        ([None], None, None),
    ],
)
def test_what_is_declared_widens_what_is_seen(cells, declared, kind):
    assert kind_of(cells, declared=declared) == kind
    assert kind_of(*([cell] for cell in cells), declared=declared) == kind


def test_the_wider_of_two():
    assert wider(None, "int64") == wider("int64", None) == "int64"
    assert wider("float32", "int64") == "float32"
    assert wider("bytes", "float32") == "bytes"
    assert wider(None, None) is None


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        (pa.uint8(), "int64"),
        (pa.uint64(), "int64"),
        (pa.bool_(), "int64"),
        (pa.timestamp("ns"), "int64"),
        (pa.date64(), "int64"),
        (pa.float16(), "float32"),
        (pa.decimal128(5, 2), "float32"),
        (pa.large_string(), "bytes"),
        (pa.binary(4), "bytes"),
        (pa.null(), None),
    ],
)
def test_types_of_parquet(stored, kind):
    assert native_kind(stored) == NativeKind(stored).kind == kind


def test_floats_of_parquet_that_are_integers():
    column = NativeKind(pa.float64(), "int64")
    assert column.needs_values
    column.look(pa.array([1.0, None, -3.0]))
    assert column.kind == "int64"
    column.look(pa.array([1.5]))
    assert column.kind == "float32"
    assert not NativeKind(pa.float64()).needs_values


@pytest.mark.parametrize(
    ("declared", "within", "beyond"),
    [
        (None, "int64", "bytes"),
        ("int64", "int64", "bytes"),
        ("float32", "float32", "float32"),
        ("bytes", "bytes", "bytes"),
    ],
)
def test_unsigned_integers_of_parquet(declared, within, beyond):
    small, large = NativeKind(pa.uint64(), declared), NativeKind(pa.uint64(), declared)
    assert small.needs_values == (within != beyond)
    for value in (2**63 - 1, None):
        small.look(pa.array([value], pa.uint64()))
    assert small.kind == within
    large.look(pa.array([2**63], pa.uint64()))
    assert large.kind == beyond
    small.merge(large)
    assert small.kind == beyond
    assert not NativeKind(pa.uint32(), declared).needs_values


@pytest.mark.parametrize("stored", [pa.float32(), pa.float64()])
def test_nan_of_parquet_is_a_missing_value(stored):
    values = pa.array([0.0, float("nan"), 1.0, None], stored)
    column = NativeKind(stored, "int64")
    column.look(values)
    assert column.kind == "int64"
    assert native_values(values, "int64").to_pylist() == [0, None, 1, None]
    assert native_values(values, "float32").to_pylist() == [0.0, None, 1.0, None]
    assert native_values(values, "bytes").to_pylist() == [b"0", None, b"1", None]
