"""Which format writes every date of a column, and which parts of the dates vary."""

import numpy as np
import pyarrow as pa

from ingestion.dates import seconds
from usecase.dates import ISO_8601, DateText, parse_date
from usecase.errors import DataError

_DAYS = (
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
# Where two fit, the first is taken: months first between slashes and dashes, as pandas does.
FORMATS = (ISO_8601, *(day + time for day in _DAYS for time in _TIMES))
SECONDS_A_DAY = 86_400


class Dates:
    """Dates in text: the formats that fit all of them so far."""

    def __init__(self) -> None:
        self.formats: tuple[str, ...] = FORMATS
        self.parts = Parts()

    def add(self, texts: pa.Array) -> None:
        """Holds the values of a block against the formats that fit until now.

        What an earlier block was read as, before its format was given up, stays among the parts.

        Args:
            texts: The values, none of them null.
        """
        if not self.formats or not len(texts):
            return
        first = texts[0].as_py()
        read = {f: _seconds(texts, f) for f in self.formats if _fits(first, f)}
        self.formats = tuple(f for f, moments in read.items() if moments is not None)
        if self.formats:
            self.parts.add(read[self.formats[0]])


class Parts:
    """The values that each part of a column's dates takes."""

    def __init__(self) -> None:
        self._found: dict[str, set[int]] = {
            part: set() for part in ("hour", "day_of_week", "day_of_month", "month", "year")
        }

    def add(self, seconds: np.ndarray) -> None:
        """Takes in a block.

        Args:
            seconds: Since 1970-01-01T00:00:00 UTC, int64 [rows].
        """
        days = seconds // SECONDS_A_DAY
        months = days.astype("datetime64[D]").astype("datetime64[M]")
        count = months.astype(np.int64)
        block = {
            "hour": seconds % SECONDS_A_DAY // 3600,
            "day_of_week": (days + 3) % 7,  # 1970 began with a Thursday
            "day_of_month": days - months.astype("datetime64[D]").astype(np.int64),
            "month": count % 12,
            "year": count // 12,
        }
        for part, values in block.items():
            self._found[part].update(np.unique(values).tolist())

    @property
    def varying(self) -> tuple[str, ...]:
        """The parts that vary; the day of the month only where no longer part does."""
        vary = [part for part, values in self._found.items() if len(values) > 1]
        if {"month", "year"} & set(vary):
            vary = [part for part in vary if part != "day_of_month"]
        return tuple(vary)


def _seconds(texts: pa.Array, date_format: str) -> np.ndarray | None:
    """Returns dates as int64 seconds; None if one is none in this format."""
    try:
        moments = seconds(texts, DateText(date_format), "")
    except DataError:
        return None
    # What is blank is no date here: a row without one is null already.
    return None if moments.null_count else moments.to_numpy()


def _fits(text: str, date_format: str) -> bool:
    try:
        parse_date(text.strip(), date_format)
    except ValueError:
        return False
    return True
