"""The executor that reads by Arrow, held against TFX's own CsvExampleGen."""

import contextlib
import csv
import functools
from collections import Counter
from itertools import islice

import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tfx.components.example_gen.csv_example_gen import executor as csv_executor
from tfx.utils import io_utils
from tfx_bsl.coders import csv_decoder

from components.arrow_examples import read_examples
from tests.components.ingestion_world import CSV, by_split, run, total
from usecase.paths import resolve

TAXI = "pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"
FEW = 1000


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """The first taxi rows, read by ours and by TFX's."""
    folder = tmp_path_factory.mktemp("few") / "taxi"
    folder.mkdir()
    with resolve(TAXI, "data").open() as file:
        (folder / "data.csv").write_text("".join(islice(file, 1 + FEW)))
    return run(folder), run(folder, executor=csv_executor.Executor)


def test_every_row_is_in_the_split_that_tfx_puts_it_in(few):
    ours, theirs = map(by_split, few)
    assert ours == theirs
    assert total(ours) == FEW


def test_one_cell_is_enough_to_tell_them_apart(few, tmp_path):
    (tmp_path / "taxi").mkdir()
    with resolve(TAXI, "data").open() as file:
        header, first, *others = islice(file, 1 + FEW)
    names = header.rstrip("\n").split(",")
    cells = first.split(",")
    assert cells[names.index("trip_seconds")] == "0"
    cells[names.index("trip_seconds")] = "1"
    (tmp_path / "taxi" / "data.csv").write_text("".join([header, ",".join(cells), *others]))
    ours, theirs = by_split(run(tmp_path / "taxi")), by_split(few[1])
    gone = sum((theirs[split] - ours[split] for split in theirs), Counter())
    new = sum((ours[split] - theirs[split] for split in ours), Counter())
    assert (gone.total(), new.total()) == (1, 1)


def test_the_artifact_is_what_tfx_makes_of_it(few):
    ours, theirs = (artifact.mlmd_artifact for artifact in few)
    assert ours.uri != theirs.uri
    theirs.uri = ours.uri
    assert ours == theirs


@pytest.mark.slow
def test_so_are_all_taxi_rows(tmp_path):
    (tmp_path / "taxi").mkdir()
    (tmp_path / "taxi" / "data.csv").symlink_to(resolve(TAXI, "data"))
    ours = by_split(run(tmp_path / "taxi"))
    theirs = by_split(run(tmp_path / "taxi", executor=csv_executor.Executor))
    assert {split: rows.total() for split, rows in ours.items()} == {
        split: rows.total() for split, rows in theirs.items()
    }
    assert ours == theirs
    assert total(ours) == 15_002


# Any rows


def by_tfx(*files):
    """Returns the examples that TFX's reader makes of files, without Beam around its steps."""
    names = io_utils.load_csv_column_names(str(files[0]))
    parse = csv_decoder.ParseCSVLine(",")
    parse.setup()
    lines = [
        line
        for file in files
        for line in csv_executor._ReadCsvRecordsFromTextFile().process(str(file))
    ]
    rows = [cells for line in lines for cells, _ in parse.process(line)]
    inferrer = csv_decoder.ColumnTypeInferrer(names, skip_blank_lines=True)
    found = functools.reduce(inferrer.add_input, rows, inferrer.create_accumulator())
    infos = inferrer.extract_output(found)
    convert = csv_executor._ParsedCsvToTfExample()
    made = [example for cells in rows for example in convert.process(cells, infos)]
    return Counter(example.SerializeToString(deterministic=True) for example in made)


def by_us(*files):
    return Counter(read_examples([str(file) for file in files], CSV))


def names_and_values(record):
    features = tf.train.Example.FromString(record).features.feature
    return {name: getattr(f, f.WhichOneof("kind")).value[0] for name, f in features.items()}


CELLS = st.one_of(
    st.sampled_from(
        [
            *("", " ", " 1", "1 ", "+1", "-1", "01", "-0", "1_0", "0x10", "1e5", "1.", ".5"),
            *("nan", "-nan", "inf", "-Infinity", "+1.5", "NaN", "nan(1)", "1e400", "1e-400", "1f"),
            *(str(2**63 - 1), str(2**63), str(-(2**63)), str(-(2**63) - 1), "9" * 30, "1\t"),
            *("\x0b1", "NA", "é"),
        ]
    ),
    st.integers().map(str),
    st.floats().map(repr),
    st.text('ab ,"\n;é', max_size=4),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=4),
)
KINDS_OF_CELLS = st.sampled_from(
    [
        st.just(""),
        st.integers(-(2**63), 2**63 - 1).map(str) | st.just(""),
        st.sampled_from(["1", " 2", "+3", "4_0", ""]),
        st.floats().map(repr) | st.integers(-9, 9).map(str),
        st.sampled_from(["1", "2.5", str(2**63), "1e19"]),
        CELLS,
    ]
)


@st.composite
def tables(draw):
    names = draw(
        st.lists(st.text("abé_", min_size=1, max_size=3), min_size=1, max_size=4, unique=True)
    )
    size = draw(st.integers(1, 8))
    columns = [draw(st.lists(draw(KINDS_OF_CELLS), min_size=size, max_size=size)) for _ in names]
    return names, [list(row) for row in zip(*columns, strict=True)]


@settings(max_examples=200, deadline=None)
@given(
    made=tables(),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    blank=st.booleans(),
)
@example((["a"], [["1"], [" 1"], ["+1"]]), "\n", csv.QUOTE_MINIMAL, True)
@example((["a", "b"], [["nan", "-nan"], ["inf", "-inf"], ["1e39", "-1e39"]]), "\n", 0, False)
@example((["a", "b"], [["x", str(2**63)], ["", "1.5"]]), "\r\n", csv.QUOTE_ALL, False)
def test_any_table_is_read_as_tfx_reads_it(tmp_path_factory, made, line_end, quoting, blank):
    names, rows = made
    path = tmp_path_factory.mktemp("written") / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(",".join(names) + line_end)  # TFX takes quotes for a part of a name
        writer = csv.writer(file, lineterminator=line_end, quoting=quoting)
        for row in rows:
            writer.writerow(row)
            file.write(line_end if blank else "")
    found = by_us(path)
    assert found == by_tfx(path)
    assert found.total() == len(rows)


def test_types_are_found_over_all_files(tmp_path):
    texts = ("a,b,c\n1,1,\n", "a,b,c\n2,x,\n", "a,b,c\n3.5,2,\n\n")
    files = [tmp_path / f"{place}.csv" for place in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    found = by_us(*files)
    assert found == by_tfx(*files)
    features = tf.train.Example.FromString(next(iter(found))).features.feature
    kinds = {name: feature.WhichOneof("kind") for name, feature in features.items()}
    assert kinds == {"a": "float_list", "b": "bytes_list", "c": None}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # TFX takes the mark for a part of the first name.
        ("\ufeffa,b\n1,2\n", [{"a": 1, "b": 2}]),
        # TFX counts quotes to find the end of a row, in the middle of a cell as well.
        ('a,b\n5" disk,1\n6,2\n', [{"a": b'5" disk', "b": 1}, {"a": b"6", "b": 2}]),
        # TFX takes the first line for the header, and cannot read lines that end like this.
        ("\na,b\n1,2\n", [{"a": 1, "b": 2}]),
        ("a,b\r1,2\r3,4\r", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
        # TFX takes quotes for a part of a name, and reads a header to the end of its line.
        ('"a",b\n1,2\n', [{"a": 1, "b": 2}]),
        ('"a\nz",b\n1,2\n', [{"a\nz": 1, "b": 2}]),
    ],
)
def test_where_tfx_errs_we_read_what_is_meant(tmp_path, text, rows):
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode())
    with contextlib.suppress(ValueError, csv.Error):  # where TFX's reader gives up
        assert by_us(path) != by_tfx(path)
    shown = [names_and_values(record) for record in by_us(path).elements()]
    assert sorted(shown, key=in_order) == sorted(rows, key=in_order)


def in_order(row):
    return str(sorted(row.items()))  # the map of an Example has no order
