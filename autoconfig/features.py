"""The role of each column."""

from typing import Any

from autoconfig.column_profile import ColumnProfile
from autoconfig.decision import Decision
from autoconfig.left_out import common_count, counts_milliseconds, counts_seconds, why_left_out
from autoconfig.names import means_code
from autoconfig.profile import Profile
from usecase.config import Source
from usecase.errors import DataError
from usecase.schema import DType, identifier
from usecase.words import FALSE_WORDS, TRUE_WORDS

FEW_VALUES = 10
ROWS_OF_A_VALUE = 30  # on average, so that each of few integers can be learned by itself
LARGEST_DOMAIN = 20  # values of a string that the schema lists
USUAL_VOCABULARY = 1000
LARGEST_VOCABULARY = 10_000
SKEWED = 2.0  # the skewness of an exponential distribution


def decide_features(table: Profile, label: str, source: Source) -> list[Decision]:
    """Decides what becomes of each column but the label.

    Args:
        table: The columns.
        label: The column to predict.
        source: Where rows come from.

    Raises:
        DataError: If no column is left to predict from.
    """
    taken = {identifier(label): label}
    decisions = []
    for name, column in table.columns.items():
        if name == label:
            continue
        decision = _decide(column, source)
        if name in table.leaks and table.leaks[name].same:
            decision = _left_out(column, f'it is the label "{label}", row by row')
        elif decision.role and (other := taken.setdefault(identifier(name), name)) != name:
            decision = _left_out(
                column, f'in the model it would have the name of "{other}": rename it'
            )
        decisions.append(decision)
    if not any(decision.role for decision in decisions):
        reasons = "; ".join(decision.line for decision in decisions[:5])
        raise DataError(
            f'there is nothing to predict "{label}" from' + (f": {reasons}" if reasons else ""),
            expected="at least one column whose values vary and come again",
        )
    return decisions


def _decide(column: ColumnProfile, source: Source) -> Decision:
    if reason := why_left_out(column, source):
        return _left_out(column, reason)
    if column.kind == "date":
        return _date(column)
    if column.kind in ("boolean", "text", "mixed"):
        decision = _words_of_truth(column) if column.kind == "boolean" else _text(column)
        # Elsewhere, a missing value may be an empty text, which is no value of a domain.
        return decision if source == "csv" or not column.missing_share else decision.open
    # An integer may be written 3.0: pandas does where values are missing.
    if column.kind == "integer" or (column.whole and source != "tfrecord"):
        return _integer(column)
    return _number(column, "float32")


def _left_out(column: ColumnProfile, why: str) -> Decision:
    number: DType = "int64" if column.kind == "integer" else "float32"
    is_number = column.kind in ("integer", "float")
    return Decision(column.name, None, number if is_number else "string", why)


def _date(column: ColumnProfile) -> Decision:
    parts = list(column.dates.parts.varying if column.in_text else column.time_parts.varying)
    if not parts:
        return _left_out(column, "dates whose day and hour are the same in every row")
    role: dict[str, Any] = {"role": "datetime", "parts": parts}
    why = "dates and times"
    if column.in_text:
        role["format"], *others = column.dates.formats
        why = f"dates written as {role['format']}"
        if others:
            why += f" (or as {others[0]}, which fits as well: correct `format` if so)"
    return Decision(column.name, role, "int64", why + _missing(column))


def _words_of_truth(column: ColumnProfile) -> Decision:
    words = set(column.distinct.counts)
    true, false = sorted(words & set(TRUE_WORDS)), sorted(words & set(FALSE_WORDS))
    values = (false[0], true[0]) if len(true) == len(false) == 1 else ()
    why = f"the words {', '.join(sorted(words)[:4])}"
    return Decision(column.name, {"role": "boolean"}, "string", why + _missing(column), values)


def _text(column: ColumnProfile) -> Decision:
    counts, least = column.distinct.counts, common_count(column.rows)
    role: dict[str, Any] = {"role": "categorical_string"}
    common = sum(count >= least for count in counts.values())
    if common > USUAL_VOCABULARY:
        role["max_vocabulary"] = min(common, LARGEST_VOCABULARY)
    if common < len(counts):
        role["min_count"] = least
    why = f"{_values(column)} of text"
    if column.leading_zeros:
        why = f"{_values(column)} such as {_with_zero(column)}, which a number would cut short"
    elif marked := column.marked:
        why = f"{_values(column)} such as {marked.text}, which is read as text"
    elif column.numbers:
        why = f"{_values(column)}, numbers in {column.numbers:,} rows and words in the others"
    few = not column.distinct.full and len(counts) <= LARGEST_DOMAIN
    values = tuple(sorted(counts)) if few else ()
    return Decision(column.name, role, "string", why + _missing(column), values)


def _with_zero(column: ColumnProfile) -> str:
    values = column.distinct.common(100)
    return next((v for v in values if v.strip().lstrip("+-").startswith("0")), values[0])


def _integer(column: ColumnProfile) -> Decision:
    written: DType = "int64" if column.kind == "integer" else "float32"
    values = {int(float(value)) for value in column.distinct.counts}
    if counts_seconds(column):
        why = "seconds since 1970" + _missing(column)
        return Decision(column.name, {"role": "datetime"}, "int64", why)
    if column.distinct.full:
        return _number(column, written)
    if values == {0, 1}:
        return Decision(column.name, {"role": "boolean"}, "int64", "0 or 1" + _missing(column))
    code = means_code(column.name) and _comes_again(column)
    few = len(values) <= FEW_VALUES and column.present >= ROWS_OF_A_VALUE * len(values)
    if len(values) == 2 or few or code:
        role: dict[str, Any] = {"role": "categorical_integer"}
        least = common_count(column.rows)
        if min(column.distinct.counts.values()) < least:
            role["min_count"] = least
        why = f"{_values(column)}, " + ("codes by its name" if code and not few else "few integers")
        return Decision(column.name, role, "int64", why + _missing(column), categorical=True)
    return _number(column, written)


def _comes_again(column: ColumnProfile) -> bool:
    least = common_count(column.rows)
    return column.distinct.rows_of_common(least) >= column.present / 2


def _number(column: ColumnProfile, dtype: DType) -> Decision:
    role = {"role": "numeric"}
    what = "integers" if dtype == "int64" else "numbers"
    why = f"{what} from {column.lowest:g} to {column.highest:g}"
    before, after = column.moments.skewness, abs(column.log_moments.skewness)
    if counts_milliseconds(column):
        why += " (milliseconds since 1970, as it seems: divided by 1000, they would be a date)"
    if column.lowest >= 0 and before > SKEWED and after < before / 2:
        role["scaling"] = "log"
        why += f", heavily skewed (skewness {before:.1f}, of the logarithm {after:.1f})"
    return Decision(column.name, role, dtype, why + _missing(column))


def _values(column: ColumnProfile) -> str:
    more = "more than " if column.distinct.full else ""
    return f"{more}{len(column.distinct.counts):,} values"


def _missing(column: ColumnProfile) -> str:
    share = column.missing_share
    return f", missing in {share:.1%} of rows" if share else ""
