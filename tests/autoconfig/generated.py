"""Tables of all kinds, for hypothesis: names, types, missing values, labels."""

import csv
import string
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
from hypothesis import strategies as st

from ingestion.missing import PANDAS

ROWS = 60
STEADY = "steady number"  # stands beside all that may be left out

# CSV itself has no NUL. Names that only differ in what an identifier leaves out are among them.
NAMES = st.one_of(
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12),
    st.text(
        st.sampled_from(" \"'\n\r\t,;|:#{}[]&*!%@`\\-?<>=.~äß東🚗\x85\u2028\ufeff"), max_size=6
    ),
    st.sampled_from(
        [
            "id",
            "class",
            "self",
            "a b",
            "a_b",
            "no",
            "null",
            "~",
            "1",
            "1.5",
            "2024-01-31",
            "<<",
            "=",
        ]
    ),
)
WORDS = st.text(string.ascii_letters + 'äß東🚗 "\n,;\t', min_size=1, max_size=6)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1))
DAYS = st.dates(date(1971, 1, 1), date(2090, 1, 1))


def cells(values):
    return st.lists(values, min_size=ROWS, max_size=ROWS)


def drawn(choices, most=5):
    return st.lists(choices, min_size=1, max_size=most, unique=True).flatmap(
        lambda few: cells(st.sampled_from(few))
    )


def dates(date_format):
    return cells(MOMENTS.map(lambda moment: moment.strftime(date_format)))


TEXT_COLUMNS = st.one_of(
    cells(st.integers(-(2**63), 2**63 - 1).map(str)),
    cells(st.integers(2**63, 2**70).map(str)),
    cells(st.integers(0, 3).map(str)),
    cells(st.integers(-2, 1).map("{:+d}".format)),
    cells(st.floats(allow_nan=False, width=32).map(repr)),
    cells(st.floats(allow_nan=False, allow_infinity=False).map(repr)),
    cells(st.floats(0, 100).map("{:.1f}".format)),
    cells(st.floats(-1e9, 1e9).map("{:.3e}".format)),
    cells(st.sampled_from(["1.0", "2.0"])),
    cells(st.sampled_from(["yes", "no"])),
    cells(st.sampled_from(["Y", "n", "yes"])),
    cells(st.sampled_from(["TRUE", "false", "t"])),
    cells(st.sampled_from(["01", "2", "003"])),
    cells(st.sampled_from(["1", "2", "many"])),
    cells(st.integers(0, 10**6).map("{:,}".format)),
    cells(st.integers(0, 9).map("${}".format)),
    cells(st.integers(1_500_000_000, 1_700_000_000).map(str)),
    cells(WORDS),
    cells(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"))),
    drawn(WORDS),
    drawn(WORDS, most=30),
    dates("%Y-%m-%d"),
    dates("%Y-%m-%d %H:%M:%S"),
    dates("%Y-%m-%dT%H:%M:%S+02:00"),
    dates("%d.%m.%Y"),
    dates("%m/%d/%Y %I:%M %p"),
    dates("%H:%M"),
    st.just([str(k) for k in range(ROWS)]),
    st.just([f"u{k}" for k in range(ROWS)]),
    st.just([""] * ROWS),
    st.just(["7"] * ROWS),
    st.just(["same"] * ROWS),
)
TEXT_LABELS = st.one_of(
    st.permutations(["0", "1"] * (ROWS // 2)),
    st.permutations(["yes"] * 12 + ["no"] * (ROWS - 12)),
    st.permutations(["True", "False"] * (ROWS // 2)),
    st.permutations(["1", "2"] * (ROWS // 2)),
    st.permutations(["1"] * (ROWS - 10) + ["2"] * 10),
    st.permutations(["-1", "1"] * (ROWS // 2)),
    st.permutations(["0.0", "1.0"] * (ROWS // 2)),
    st.permutations(["01", "02"] * (ROWS // 2)),
    st.permutations(["$5", "12%"] * (ROWS // 2)),
    st.permutations(["a", "b \n", 'ç"'] * (ROWS // 3)),
    st.permutations(["東京", "大阪", "no", "1", "1.5", "- x: {"] * (ROWS // 6)),
    st.permutations(["3", "4", "5"] * (ROWS // 3)),
    st.permutations(["-2", "-1", "0"] * (ROWS // 3)),
    st.permutations(["10", "20", "50"] * (ROWS // 3)),
    st.permutations(["rare"] + ["b", "c"] * (ROWS // 2 - 1) + ["b"]),
    cells(st.floats(-1e6, 1e6).map(repr)).filter(lambda c: len(set(c)) > 20),
    cells(st.floats(-1e37, 1e37).map(repr)).filter(lambda c: len(set(c)) > 20),
    st.permutations([str(k) for k in range(ROWS)]),
)

_SPELLINGS = st.sampled_from(PANDAS)
_GAPS = st.one_of(
    st.just(set()),
    st.sets(st.integers(0, ROWS - 1), max_size=ROWS),
    st.integers(0, ROWS).map(lambda first: set(range(first, ROWS))),
    st.integers(0, ROWS - 1).map(lambda row: {row}),
    st.integers(0, ROWS - 1).map(lambda row: set(range(ROWS)) - {row}),
)


@st.composite
def text_tables(draw):
    """A label's name and the columns of a CSV file."""
    names = _names(draw)
    columns = {name: draw(TEXT_COLUMNS) for name in names[1:]}
    for values in columns.values():
        spellings = draw(st.lists(_SPELLINGS, min_size=1, max_size=3))
        for row in draw(_GAPS):
            values[row] = spellings[row % len(spellings)]
    columns[names[0]] = list(draw(TEXT_LABELS))
    columns[STEADY] = [repr(k * 0.37 % 1.0) for k in range(ROWS)]
    return names[0], columns


_NATIVE = st.sampled_from(
    [
        (st.integers(-128, 127), pa.int8()),
        (st.integers(0, 2**32 - 1), pa.uint32()),
        (st.integers(-(2**63), 2**63 - 1), pa.int64()),
        (st.integers(0, 2**63 - 1), pa.uint64()),
        (st.integers(0, 2**64 - 1), pa.uint64()),
        (st.integers(0, 3), pa.int32()),
        (st.booleans(), pa.bool_()),
        (st.floats(width=32), pa.float32()),
        (st.floats(), pa.float64()),
        (st.sampled_from([1.0, 2.0, float("nan")]), pa.float64()),
        (st.decimals(-(10**6), 10**6, places=2), pa.decimal128(12, 2)),
        (MOMENTS, pa.timestamp("us")),
        (MOMENTS.map(lambda m: m.replace(microsecond=0)), pa.timestamp("s")),
        (MOMENTS, pa.timestamp("us", tz="Europe/Berlin")),
        (DAYS, pa.date32()),
        (st.times().map(lambda t: t.replace(microsecond=0)), pa.time32("s")),
        (st.times(), pa.time64("us")),
        (st.timedeltas(timedelta(-9), timedelta(9)), pa.duration("us")),
        (WORDS, pa.string()),
        (st.sampled_from(["red", "grün", "", "NA"]), pa.string()),
        (st.sampled_from(["red", "grün"]), pa.large_string()),
        (st.sampled_from(["red", "grün"]), pa.dictionary(pa.int32(), pa.string())),
        (st.sampled_from(["yes", "no"]), pa.string()),
        (DAYS.map(str), pa.string()),
        (st.binary(max_size=3), pa.binary()),
        (st.none(), pa.null()),
        (st.none(), pa.float64()),
    ]
)
_NATIVE_LABELS = st.sampled_from(
    [
        ([False, True], pa.bool_()),
        ([0, 1], pa.int8()),
        ([1, 2], pa.int64()),
        ([0.0, 1.0], pa.float64()),
        ([2.0, 3.0, 4.0], pa.float32()),
        ([10, 20, 50], pa.int64()),
        (["a", "b", 'ç"'], pa.string()),
        (["a", "b"], pa.dictionary(pa.int8(), pa.string())),
        ([k / 7 for k in range(ROWS)], pa.float64()),
        ([k * 1000 for k in range(ROWS)], pa.int32()),
        ([Decimal(k) / 4 for k in range(ROWS)], pa.decimal128(9, 2)),
    ]
)


@st.composite
def native_tables(draw):
    """A label's name and the columns of a Parquet file."""
    names = _names(draw)
    columns = {}
    for name in names[1:]:
        values, kind = draw(_NATIVE)
        found, gaps = draw(cells(values)), draw(_GAPS)
        columns[name] = pa.array([None if k in gaps else v for k, v in enumerate(found)], kind)
    classes, kind = draw(_NATIVE_LABELS)
    columns[names[0]] = pa.array(draw(st.permutations(classes * (ROWS // len(classes)))), kind)
    columns[STEADY] = pa.array([k * 0.37 % 1.0 for k in range(ROWS)])
    return names[0], columns


def _names(draw):
    names = draw(st.lists(NAMES, min_size=2, max_size=6, unique=True))
    return [name for name in names if name != STEADY] or ["y"]


def write_csv(path, columns, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n", delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(path)
