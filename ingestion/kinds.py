"""Of what type a column of text is: CsvExampleGen's own rules, over all files.

A cell is an integer or a number where Python's `int` and `float` take its bytes. A column is of the
widest type of its cells: int64, float32, bytes. An integer beyond 64 bits is text.
"""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.numbers import INT64, all_whole, fast_floats, fast_integers

Kind = Literal["int64", "float32", "bytes"]
WIDTH: dict[Kind | None, int] = {None: 0, "int64": 1, "float32": 2, "bytes": 3}
SURELY_WITHIN = 9.2e18  # numbers below this are integers within 64 bits, if they are any


class TextKind:
    """The type of one column, found by looking at all of its cells, block by block.

    Args:
        declared: The type that it shall have, where its cells allow it.

    Attributes:
        seen: The widest type of its cells so far.
        whole: Whether every number so far is a whole one within 64 bits.
    """

    def __init__(self, declared: Kind | None = None) -> None:
        self._declared = declared
        self.seen: Kind | None = None
        self.whole = True

    @property
    def kind(self) -> Kind | None:
        """The wider of what was seen and what is declared; None where neither is known.

        Numbers that are whole without exception are integers where these are declared.
        """
        if self._declared == "int64" and self.seen == "float32" and self.whole:
            return "int64"
        return wider(self.seen, self._declared)

    def look(self, cells: pa.Array) -> None:
        """Takes cells into account; nulls say nothing."""
        if "bytes" in (self._declared, self.seen):
            return
        present = cells.drop_null()
        if len(present):
            self.seen = wider(self.seen, self._kind_of(present))

    def merge(self, other: "TextKind") -> None:
        """Takes into account what another one has seen."""
        self.seen = wider(self.seen, other.seen)
        self.whole = self.whole and other.whole

    def _kind_of(self, present: pa.Array) -> Kind | None:
        if self.seen != "float32" and fast_integers(present) is not None:
            return "int64"
        numbers = fast_floats(present)
        if numbers is None:
            return self._widest(present)
        self._note(numbers)
        large = pa.array(~(np.abs(numbers) < SURELY_WITHIN))
        if self._declared != "float32" and self._widest(present.filter(large)) == "bytes":
            return "bytes"
        return "float32"

    def _widest(self, texts: pa.Array) -> Kind | None:
        widest: Kind | None = None
        for text in pc.unique(texts).to_pylist():
            kind = kind_of_text(text)
            if kind == "bytes":
                return kind
            if kind == "float32":
                self._note(np.array([float(text)]))
            widest = wider(widest, kind)
        return widest

    def _note(self, numbers: np.ndarray) -> None:
        if self._declared == "int64" and self.whole:
            self.whole = all_whole(numbers)


def kind_of_text(text: str) -> Kind:
    """Returns the type of one cell, which is not missing."""
    cell = text.encode()
    try:
        return "int64" if int(cell) in INT64 else "bytes"
    except ValueError:
        try:
            float(cell)
        except ValueError:
            return "bytes"
        return "float32"


def wider(first: Kind | None, second: Kind | None) -> Kind | None:
    """Returns the wider of two types."""
    return max(first, second, key=WIDTH.__getitem__)
