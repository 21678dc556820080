"""Moments to the spans that they fall into: years, quarters or months of UTC."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

By = Literal["year", "quarter", "month"]


def period_numbers(seconds: "np.ndarray", by: By) -> "np.ndarray":
    """Returns the number of the span that each moment falls into.

    Args:
        seconds: Since 1970-01-01T00:00:00 UTC, int64 [rows].
        by: How long a span is.

    Returns:
        int64 [rows], in the order of time: 2013, or 20131 for its first quarter, or 201301 for
        January.
    """
    months = seconds.astype("datetime64[s]").astype("datetime64[M]").astype("int64")
    years, month = months // 12 + 1970, months % 12
    if by == "year":
        return years
    return years * 10 + month // 3 + 1 if by == "quarter" else years * 100 + month + 1


def period_name(number: int, by: By | None) -> str:
    """Returns the name of a span; `by` is None where the user's own number is its name."""
    if by == "quarter":
        return f"{number // 10}-Q{number % 10}"
    if by == "month":
        return f"{number // 100}-{number % 100:02d}"
    return str(number) if by == "year" else f"span-{number}"
