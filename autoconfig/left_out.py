"""Why a column cannot help to predict, or would give the answer away."""

import re

from autoconfig.column_profile import ColumnProfile
from autoconfig.names import means_id, means_moment
from usecase.config import Source
from usecase.dates import is_number

LEAST_ROWS_OF_ID = 20
CLOCK = re.compile(r"\s*[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?\s*([AaPp][Mm]\s*)?")
NEARLY_UNIQUE = 0.95
LONG_TEXT = 40  # characters on average, beyond which nobody writes an id
COMMON_SHARE = 0.5
LEAST_DENSITY = 0.5  # of ids in their order, some of which are gone
EPOCH_SECONDS = (631_152_000, 4_102_444_800)  # 1990 to 2100


def why_left_out(column: ColumnProfile, source: Source) -> str:
    """Returns the reason why a column is left out; "" if there is none."""
    return _nothing_in_it(column) or _not_usable(column, source) or _id_or_text(column, source)


def counts_seconds(column: ColumnProfile) -> bool:
    """Returns whether integers are seconds since 1970, by their range and the column's name."""
    return _since_1970(column, per_second=1)


def counts_milliseconds(column: ColumnProfile) -> bool:
    """Returns whether integers are milliseconds since 1970, by their range and name."""
    return _since_1970(column, per_second=1000)


def common_count(rows: int) -> int:
    """Returns how often a category must occur, so that something is learned of it."""
    return 2 if rows < 2000 else 5


def _since_1970(column: ColumnProfile, per_second: int) -> bool:
    first, last = (per_second * second for second in EPOCH_SECONDS)
    return first <= column.lowest <= column.highest <= last and means_moment(column.name)


def _nothing_in_it(column: ColumnProfile) -> str:
    if column.unreadable:
        return column.unreadable
    if not column.present:
        return "no row has a value"
    if column.present < max(3, min(10, column.rows // 20)):
        return f"only {column.present:,} of {column.rows:,} rows have a value"
    if len(column.distinct.counts) == 1 and column.present == column.rows:
        return f"the same in every row: {_cut(next(iter(column.distinct.counts)))}"
    return ""


def _not_usable(column: ColumnProfile, source: Source) -> str:
    if column.infinite:
        return f"{column.infinite:,} rows hold infinity or a number beyond float32"
    if column.too_wide and column.kind == "float":
        return "whole numbers of more than 64 bits: an id"
    if column.kind == "date" and column.in_text and source == "tfrecord":
        return "dates in text, which nobody parses in a tf.Example: store seconds since 1970"
    return ""


def _id_or_text(column: ColumnProfile, source: Source) -> str:
    unique = column.distinct.unique_share
    many = column.present >= LEAST_ROWS_OF_ID
    if many and _is_id(column):
        return "an id: every row has an integer of its own" + (
            ", each above the last" if column.rising else ""
        )
    if column.kind not in ("text", "mixed"):
        return ""
    if many and unique > NEARLY_UNIQUE:
        what = "free text" if column.average_length > LONG_TEXT else "an id or free text"
        return f"{what}: nearly every row has a value of its own" + _hint(column, source)
    least = common_count(column.rows)
    share = column.distinct.rows_of_common(least) / column.present
    if share < COMMON_SHARE:
        return (
            f"too many values: only {share:.0%} of rows have one that occurs {least} times or more"
            + _hint(column, source)
        )
    return ""


def _is_id(column: ColumnProfile) -> bool:
    """Returns whether integers count the rows; by those with wide gaps, rows may be sorted."""
    if column.kind != "integer" or not column.all_distinct or counts_seconds(column):
        return False
    density = column.present / (column.highest - column.lowest + 1)
    least = LEAST_DENSITY if column.rising else 1.0
    return density >= least or means_id(column.name)


def _hint(column: ColumnProfile, source: Source) -> str:
    """Says what may be mended: marks in numbers, times of day, or a few words among numbers."""
    if marked := column.marked:
        return f" (numbers such as {marked.text}: write {marked.plain}, with no mark but a point)"
    commonest = column.distinct.common(50)
    if all(CLOCK.fullmatch(text) for text in commonest):
        return f" (times of day such as {_cut(commonest[0])}: write the hour as a number)"
    words = column.present - column.numbers
    if source != "csv" or not 0 < words <= column.present / 2:
        return ""
    texts = [value for value in column.distinct.common(None) if not is_number(value)]
    such = f", such as {', '.join(map(_cut, texts[:3]))}" if texts else ""
    return f" ({words:,} rows are no number{such}: name them in data.missing)"


def _cut(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= LONG_TEXT else text[: LONG_TEXT - 1] + "…"
