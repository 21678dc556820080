"""Whether a column gives the label away."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from autoconfig.native import native

MOST_PAIRS = 200


class Leak:
    """Follows whether each value of a column stands beside one value of the label alone.

    Attributes:
        same: Whether the column is the label, row by row.
        determines: Whether no value of the column has been seen beside two labels; None where it
            has too many values to tell.
    """

    def __init__(self) -> None:
        self.same = True
        self._label_of: dict[Any, Any] | None = {}
        self._broken = False

    @property
    def determines(self) -> bool | None:
        """See the class."""
        if self._broken:
            return False
        return None if self._label_of is None else len(self._label_of) > 1

    def add(self, column: pa.Array, label: pa.Array) -> None:
        """Takes in a block: both arrays, [rows]."""
        if self.same:
            self.same = column.type == label.type and column.equals(label)
        if self._broken or self._label_of is None:
            return
        codes, values = _encoded(column)
        label_codes, labels = _encoded(label)
        pairs = np.unique(codes * len(labels) + label_codes)
        if len(pairs) > MOST_PAIRS * 2:
            self._label_of = None
            return
        for pair in pairs.tolist():
            value, told = values[pair // len(labels)], labels[pair % len(labels)]
            if told is not None and self._label_of.setdefault(value, told) != told:
                self._broken = True
                return
        if len(self._label_of) > MOST_PAIRS:
            self._label_of = None


def _encoded(array: pa.Array) -> tuple[np.ndarray, list[Any]]:
    is_encoded = pa.types.is_dictionary(array.type)
    encoded = array if is_encoded else pc.dictionary_encode(native(array)[1])
    values = [*encoded.dictionary.to_pylist(), None]
    codes = encoded.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), values
