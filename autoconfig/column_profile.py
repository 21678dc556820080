"""What a column holds, learned block by block in bounded memory."""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from autoconfig.date_formats import Dates, Parts
from autoconfig.distinct import Distinct
from autoconfig.marked_numbers import Marked, marked_number
from autoconfig.moments import Moments
from autoconfig.native import Native, native
from autoconfig.numbers_in_text import numbers_of
from usecase.words import FALSE_WORDS, TRUE_WORDS

Kind = Literal["empty", "integer", "float", "boolean", "date", "text", "mixed", "unreadable"]
COMMONEST = 100
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


class ColumnProfile:
    """One column.

    Args:
        name: Its name.
        most_values: How many distinct values are counted.

    Attributes:
        rows: Rows seen.
        present: Rows with a value.
        distinct: Its values, as Python has them: texts as they are written, else numbers.
        moments: Of its numbers.
        log_moments: Of log(1 + x) of its numbers, while none is negative.
        lowest: Its lowest number.
        highest: Its highest number.
        dates: Its dates in text.
        time_parts: The parts of its native timestamps.
        unreadable: Why it cannot be read, such as the type of a list; "" if it can.
    """

    def __init__(self, name: str, most_values: int) -> None:
        self.name = name
        self.rows = 0
        self.present = 0
        self.distinct = Distinct(most_values)
        self.moments = Moments()
        self.log_moments = Moments()
        self.lowest = np.inf
        self.highest = -np.inf
        self.dates = Dates()
        self.time_parts = Parts()
        self.unreadable = ""
        self._natives: set[Native] = set()
        self._numbers = self._integers = self._whole = 0
        self._leading_zeros = self._too_wide = self._infinite = 0
        self._characters = 0
        self._last: float | None = None
        self._rising = True

    @property
    def missing_share(self) -> float:
        """The share of rows without a value."""
        return 1.0 - self.present / self.rows if self.rows else 1.0

    @property
    def in_text(self) -> bool:
        """Whether the source has texts, such as the cells of CSV, and no types of its own."""
        return self._natives <= {"text"}

    @property
    def kind(self) -> Kind:
        """What its values are."""
        if self.unreadable:
            return "unreadable"
        if not self.present:
            return "empty"
        if "time" in self._natives:
            return "date"
        if self._numbers == self.present:
            return self._kind_of_numbers()
        if self._numbers:
            return "mixed"
        if not self.distinct.full and set(self.distinct.counts) <= {*TRUE_WORDS, *FALSE_WORDS}:
            return "boolean"
        return "date" if self.dates.formats else "text"

    @property
    def whole(self) -> bool:
        """Whether all its values are integers, if some are written like 3.0."""
        return self._whole == self.present > 0

    @property
    def numbers(self) -> int:
        """Rows whose value is a number."""
        return self._numbers

    @property
    def leading_zeros(self) -> int:
        """Rows with a text such as 01234, which is another one as a number."""
        return self._leading_zeros

    @property
    def too_wide(self) -> int:
        """Rows with an integer of more than 64 bits."""
        return self._too_wide

    @property
    def infinite(self) -> int:
        """Rows with infinity, or a number that float32 has not."""
        return self._infinite

    @property
    def rising(self) -> bool:
        """Whether each number is above the one before it."""
        return self._rising and self._numbers > 1

    @property
    def marked(self) -> Marked | None:
        """One of its texts, where these are numbers such as 1,234 or $5, which are read as text.

        The commonest tell for all.
        """
        if self.kind not in ("text", "mixed"):
            return None
        return marked_number(self.distinct.common(COMMONEST))

    @property
    def all_distinct(self) -> bool:
        """Whether no value occurs twice, as far as was counted."""
        return self.distinct.unique_share == 1.0

    @property
    def average_length(self) -> float:
        """Characters of a text on average."""
        return self._characters / max(self.present, 1)

    def add(self, array: pa.Array) -> None:
        """Takes in a block of the column."""
        self.rows += len(array)
        kind, values = native(array)
        values = values.drop_null()
        if not len(values):
            return
        self.present += len(values)
        self._natives.add(kind)
        if kind == "unreadable":
            beyond = ", and some are beyond 64 bits" if array.type == pa.uint64() else ""
            self.unreadable = f"its type is {array.type}{beyond}"
        elif len(self._natives) > 1:
            self.unreadable = self.unreadable or "its type differs from row to row"
        elif kind == "text":
            self._add_texts(values)
        else:
            self._add_natives(kind, values)

    def skip(self, rows: int) -> None:
        """Notes rows that have not got the column at all."""
        self.rows += rows

    def _kind_of_numbers(self) -> Kind:
        if self._leading_zeros:
            return "text"
        return "integer" if self._integers == self.present else "float"

    def _add_texts(self, values: pa.Array) -> None:
        counted = pc.value_counts(values)
        texts, counts = counted.field("values"), counted.field("counts").to_numpy()
        self._characters += int((pc.utf8_length(texts).to_numpy() * counts).sum())
        numbers = numbers_of(texts)
        known = ~np.isnan(numbers.values)
        self._integers += int(counts[numbers.integer].sum())
        self._whole += int(counts[numbers.whole].sum())
        self._leading_zeros += int(counts[numbers.leading_zero].sum())
        self._too_wide += int(counts[numbers.too_wide].sum())
        self._add_numbers(numbers.values[known], counts[known])
        self._rising = self._rising and self._integers == self.present
        if self._rising:
            self._follow(numbers_of(values).values)
        # Of many numbers that are no integers, nobody asks how often each occurs.
        if not (self.distinct.full and self._numbers == self.present > self._integers):
            self.distinct.add(texts.to_pylist(), counts.tolist())
        if self._numbers:
            self.dates.formats = ()
        self.dates.add(texts)

    def _add_natives(self, kind: Native, values: pa.Array) -> None:
        array = values.to_numpy(zero_copy_only=False)
        if kind == "time":
            self.time_parts.add(array)
        unique, counts = np.unique(array, return_counts=True)
        if not (self.distinct.full and kind == "float"):
            self.distinct.add(unique.tolist(), counts.tolist())
        floats = unique.astype(np.float64)
        whole = int(counts[np.isfinite(floats) & (floats == np.floor(floats))].sum())
        self._whole += whole
        self._integers += whole if kind != "float" else 0
        self._add_numbers(floats, counts)
        if self._rising:
            self._follow(array.astype(np.float64))

    def _add_numbers(self, values: np.ndarray, counts: np.ndarray) -> None:
        self._numbers += int(counts.sum())
        finite = np.abs(values) <= LARGEST_FLOAT32
        self._infinite += int(counts[~finite].sum())
        values, counts = values[finite], counts[finite]
        if not len(values):
            return
        self.lowest = min(self.lowest, float(values.min()))
        self.highest = max(self.highest, float(values.max()))
        self.moments.add(values, counts)
        if self.lowest >= 0:
            self.log_moments.add(np.log1p(values), counts)

    def _follow(self, values: np.ndarray) -> None:
        before = values if self._last is None else np.concatenate([[self._last], values])
        self._rising = bool((np.diff(before) > 0).all())
        self._last = float(values[-1])
