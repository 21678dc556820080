"""TensorFlow's types: their number and name in protos, their names in numpy, their fields."""

from typing import NamedTuple

import numpy as np


class TensorType(NamedTuple):
    """One type.

    Attributes:
        number: In `tensorflow.DataType`.
        proto: Its name there.
        name: As numpy has it, or "string".
        field: Of a TensorProto that holds its values.
    """

    number: int
    proto: str
    name: str
    field: str

    @property
    def array(self) -> np.dtype:
        """Returns the dtype of arrays: of strings, objects that are bytes."""
        return np.dtype(object if self.name == "string" else self.name)


TYPES = (
    TensorType(1, "DT_FLOAT", "float32", "float_val"),
    TensorType(2, "DT_DOUBLE", "float64", "double_val"),
    TensorType(3, "DT_INT32", "int32", "int_val"),
    TensorType(4, "DT_UINT8", "uint8", "int_val"),
    TensorType(5, "DT_INT16", "int16", "int_val"),
    TensorType(6, "DT_INT8", "int8", "int_val"),
    TensorType(7, "DT_STRING", "string", "string_val"),
    TensorType(9, "DT_INT64", "int64", "int64_val"),
    TensorType(10, "DT_BOOL", "bool", "bool_val"),
    TensorType(17, "DT_UINT16", "uint16", "int_val"),
    TensorType(19, "DT_HALF", "float16", "half_val"),
    TensorType(22, "DT_UINT32", "uint32", "uint32_val"),
    TensorType(23, "DT_UINT64", "uint64", "uint64_val"),
)
BY_NAME = {kind.name: kind for kind in TYPES}
BY_NUMBER = {kind.number: kind for kind in TYPES}
BY_PROTO = {kind.proto: kind for kind in TYPES}
