"""Tables for the tests, and what is inferred from them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from autoconfig.column_profile import ColumnProfile
from usecase.declaration import Declaration, declare
from usecase.loading import parse_use_case

ROWS = 300


def frame(rows=ROWS, **columns):
    """Rows of two numbers, a label of two words, and further columns."""
    random = np.random.default_rng(5)
    base = {
        "height": np.round(random.normal(1.7, 0.1, rows), 3),
        "weight": np.round(random.normal(70.0, 9.0, rows), 2),
        "label": np.where(random.random(rows) < 0.3, "ill", "well"),
    }
    return pd.DataFrame({**base, **columns})


def write(folder: Path, table: pd.DataFrame, name="rows.csv", **options) -> str:
    """Writes a table as CSV."""
    path = folder / name
    table.to_csv(path, index=False, **options)
    return str(path)


def profiled(values, kind=None, *, most=1000, name="x"):
    """The profile of a column, in two blocks."""
    column = ColumnProfile(name, most)
    half = len(values) // 2
    for block in (values[:half], values[half:]):
        column.add(pa.array(block, kind))
    return column


def texts(values, **options):
    """The profile of a column of CSV cells; None is missing."""
    return profiled([None if v is None else str(v) for v in values], pa.string(), **options)


def compiled(inferred) -> Declaration:
    """The declaration that configuration and schema make, which a plan would check as well."""
    use_case = parse_use_case(inferred.use_case_yaml)
    return declare(use_case, schema_of(inferred))


def schema_of(inferred) -> schema_pb2.Schema:
    """The schema."""
    return text_format.Parse(inferred.schema_text, schema_pb2.Schema())
